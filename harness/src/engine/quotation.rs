//! What an ICMP error of the target quotes, held against the script.

use super::build::QUOTED_OCTETS;
use super::comparison::{Actual, Context, Differences};
use crate::script::tree::Quoted;
use crate::trace::{Trace, TraceEventKind};
use crate::wire::{Header, Ipv4, Ipv6, Quoted as Quotation};

/// Octets shown of a quotation.
const SHOWN: usize = 48;

/// The datagram that an error quotes is the tester's own: its numbers are the tester's (RFC 792, RFC 1122 section 3.2.2).
pub(super) fn compare_quoted(
    quoted: &Quoted,
    actual: &Actual<'_>,
    context: &Context<'_>,
    differences: &mut Differences,
) {
    let octets = actual.packet.payload;
    let inner = Quotation::parse(octets);
    match quoted {
        Quoted::Tcp { sequence, .. } => match inner.tcp_sequence() {
            Some(live) => {
                let number = live.wrapping_sub(context.connection.remote_offset(live == context.connection.remote_isn));
                differences.number("quoted sequence number", sequence.start, number);
            }
            None => differences.header("quoted TCP", &inner.packet),
        },
        Quoted::Udp { length } => match inner.packet.udp() {
            Some(udp) => {
                let expected = length.saturating_add(8);
                differences.number("quoted UDP length", expected, udp.length.or(expected));
            }
            None => differences.header("quoted UDP", &inner.packet),
        },
        Quoted::Sent => {
            let least = least_quotation(&inner, octets.len());
            if octets.len() < least {
                differences.push("length of the quotation", format!("at least {least}"), octets.len().to_string());
            } else if !was_sent(octets, context.trace) {
                let sent = "a datagram of the tester, unchanged".to_owned();
                differences.push("quotation", sent, hexadecimal(octets));
            }
        }
        Quoted::Raw { length } => {
            differences.number("length in octets", usize::from(*length).saturating_sub(8), octets.len());
        }
    }
}

/// The octets that an error must quote at least: the IP header and 8 octets, or all there are (RFC 792, RFC 1122
/// section 3.2.2).
fn least_quotation(quotation: &Quotation<'_>, present: usize) -> usize {
    let (header, carried) = match quotation.packet.headers.first() {
        Some(Header::Ipv4(ip)) => {
            let length = usize::from(ip.header_length.or(5)) * 4;
            (length, usize::from(ip.total_length.or(saturate(present))).saturating_sub(length))
        }
        Some(Header::Ipv6(ip)) => {
            (Ipv6::LENGTH, ip.payload_length.or(saturate(present.saturating_sub(Ipv6::LENGTH))).into())
        }
        _ => (Ipv4::MINIMUM_LENGTH, QUOTED_OCTETS),
    };
    header + carried.min(QUOTED_OCTETS)
}

/// A length as its field holds it; what is right reads as computed, from what is present.
fn saturate(length: usize) -> u16 {
    length.min(0xffff) as u16
}

/// Whether the octets are the beginning of something that the tester sent.
fn was_sent(octets: &[u8], trace: &Trace) -> bool {
    trace.events.iter().any(|event| match &event.kind {
        TraceEventKind::Injected { octets: sent, .. } => trace.octets(sent).starts_with(octets),
        _ => false,
    })
}

fn hexadecimal(octets: &[u8]) -> String {
    let mut text = octets.iter().take(SHOWN).fold(String::from("0x"), |text, octet| text + &format!("{octet:02x}"));
    if octets.len() > SHOWN {
        text.push_str(&format!("... ({} octets)", octets.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;
    use crate::wire::{Packet, Udp};

    #[test]
    fn a_quotation_is_a_beginning_of_what_was_sent_and_no_shorter_than_8_octets_of_it() {
        let ipv4 = Ipv4::new([192, 0, 2, 1].into(), [192, 168, 0, 1].into());
        let datagram = Packet::new([Header::Ipv4(ipv4), Header::Udp(Udp::new(7, 9))], b"data").to_octets();
        let mut trace = Trace::default();
        trace.injected(Instant::ZERO, 1, &datagram, 0);
        assert_eq!(least_quotation(&Quotation::parse(&datagram), datagram.len()), 28);
        assert!(was_sent(&datagram, &trace) && was_sent(&datagram[..28], &trace));
        let mut changed = datagram.clone();
        changed[8] -= 1;
        assert!(!was_sent(&changed, &trace));
        let ipv6 = Ipv6::new(1.into(), 2.into());
        let short = Packet::new([Header::Ipv6(ipv6)], b"abc").to_octets();
        assert_eq!(least_quotation(&Quotation::parse(&short), short.len()), 43);
        let cut = &datagram[..24];
        assert_eq!(least_quotation(&Quotation::parse(cut), cut.len()), 28);
    }
}
