//! `with name=value`: header fields forced when injected, compared when expected.
//!
//! The names are those of [`crate::script::fields`]; each stands for a field of the innermost header of its kind.

use std::net::IpAddr;

use crate::script;
use crate::script::tree::{FieldSpec, FieldValue, PacketSpec};
use crate::wire::{Field, Header, Ipv4Options, Ipv6Extension, Packet, protocol};

/// Identification of fragments whose script writes none: the fragments of one datagram must agree.
const DEFAULT_IDENTIFICATION: u32 = 0x5243;

/// Forces a field of an injected packet. The error says why it cannot be.
pub(super) fn force(packet: &mut Packet<'_>, field: &FieldSpec) -> Result<(), String> {
    let name = field.name.node.as_str();
    let forced = match &field.value.node {
        FieldValue::Number(number) => {
            packet.headers.iter_mut().rev().find_map(|header| force_number(header, name, *number))
        }
        FieldValue::Address(address) => {
            packet.headers.iter_mut().rev().find_map(|header| force_address(header, name, *address))
        }
        FieldValue::Formula(_) => return Err(format!("the value of {name} was not worked out")),
        FieldValue::Octets(octets) if name == "ipv6.extensions" => force_extensions(packet, octets),
        FieldValue::Octets(octets) => packet.ipv4_mut().filter(|_| name == "ip.options").map(|ip| {
            ip.options = Ipv4Options::from_raw(octets);
            true
        }),
    };
    match forced {
        Some(true) => Ok(()),
        Some(false) => Err(format!("{} does not fit {name}", text(&field.value.node))),
        None => Err(format!("this packet has no header with {name}")),
    }
}

/// The value of a field in a packet from the target, or `None` if the packet has no such header.
pub(super) fn observe(packet: &Packet<'_>, name: &str) -> Option<FieldValue> {
    if name == "ip.options" {
        return packet.ipv4().map(|ip| FieldValue::Octets(ip.options.as_bytes().to_vec()));
    }
    // A computed field is right; what is right is what emitting writes.
    let octets = packet.to_octets();
    if name == "ipv6.extensions" {
        return observe_extensions(packet, &octets);
    }
    let mut start = 0;
    let mut found = None;
    for header in &packet.headers {
        let place = octets.get(start..).unwrap_or_default();
        found = observe_in(header, place, name).or(found);
        start += header.emitted_length();
    }
    found
}

/// Puts extension headers behind the innermost IPv6 header, octet by octet; false unless they are a multiple of 8
/// octets, as each header is (RFC 8200 section 4).
fn force_extensions(packet: &mut Packet<'_>, octets: &[u8]) -> Option<bool> {
    let at = packet.headers.iter().rposition(|header| matches!(header, Header::Ipv6(_)))?;
    let [next_header, length, body @ ..] = octets else { return Some(false) };
    if !octets.len().is_multiple_of(8) {
        return Some(false);
    }
    // One value carries them all, as it is written without a look at what its body says.
    let mut extensions = Ipv6Extension::new(protocol::DESTINATION_OPTIONS, body.to_vec());
    extensions.next_header = Field::Forced(*next_header);
    extensions.length = Field::Forced(*length);
    packet.headers.insert(at + 1, Header::Ipv6Extension(extensions));
    Some(true)
}

/// A value as a script writes it.
pub(super) fn text(value: &FieldValue) -> String {
    match value {
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Address(address) => address.to_string(),
        FieldValue::Formula(formula) => script::print_formula(formula),
        FieldValue::Octets(octets) => {
            octets.iter().fold(String::from("0x"), |text, octet| text + &format!("{octet:02x}"))
        }
    }
}

/// The identification of a packet's fragments.
pub(super) fn identification(spec: &PacketSpec) -> u32 {
    spec.fields
        .iter()
        .find(|field| field.name.node.ends_with(".identification"))
        .and_then(|field| match field.value.node {
            FieldValue::Number(number) => u32::try_from(number).ok(),
            _ => None,
        })
        .unwrap_or(DEFAULT_IDENTIFICATION)
}

/// Writes a numeric field if `header` has it; false if the number does not fit.
fn force_number(header: &mut Header, name: &str, number: u64) -> Option<bool> {
    /// A number into a field of any width, computed or plain; a flag takes 0 and 1.
    trait Place {
        fn put(&mut self, number: u64) -> bool;
    }
    macro_rules! places {
        ($($int:ty),*) => {$(
            impl Place for $int {
                fn put(&mut self, number: u64) -> bool {
                    <$int>::try_from(number).map(|value| *self = value).is_ok()
                }
            }
            impl Place for Field<$int> {
                fn put(&mut self, number: u64) -> bool {
                    <$int>::try_from(number).map(|value| *self = Field::Forced(value)).is_ok()
                }
            }
        )*};
    }
    places!(u8, u16, u32);
    impl Place for bool {
        fn put(&mut self, number: u64) -> bool {
            *self = number == 1;
            number <= 1
        }
    }
    impl Place for [u8; 4] {
        fn put(&mut self, number: u64) -> bool {
            u32::try_from(number).map(|value| *self = value.to_be_bytes()).is_ok()
        }
    }
    let place: &mut dyn Place = match (header, name) {
        (Header::Ipv4(ip), "ip.checksum") => &mut ip.checksum,
        (Header::Ipv4(ip), "ip.dont_fragment") => &mut ip.dont_fragment,
        (Header::Ipv4(ip), "ip.fragment_offset") => &mut ip.fragment_offset,
        (Header::Ipv4(ip), "ip.header_length") => &mut ip.header_length,
        (Header::Ipv4(ip), "ip.identification") => &mut ip.identification,
        (Header::Ipv4(ip), "ip.more_fragments") => &mut ip.more_fragments,
        (Header::Ipv4(ip), "ip.protocol") => &mut ip.protocol,
        (Header::Ipv4(ip), "ip.reserved_flag") => &mut ip.reserved_flag,
        (Header::Ipv4(ip), "ip.tos") => &mut ip.tos,
        (Header::Ipv4(ip), "ip.total_length") => &mut ip.total_length,
        (Header::Ipv4(ip), "ip.ttl") => &mut ip.ttl,
        (Header::Ipv4(ip), "ip.version") => &mut ip.version,
        (Header::Ipv6(ip), "ipv6.flow_label") => &mut ip.flow_label,
        (Header::Ipv6(ip), "ipv6.hop_limit") => &mut ip.hop_limit,
        (Header::Ipv6(ip), "ipv6.next_header") => &mut ip.next_header,
        (Header::Ipv6(ip), "ipv6.payload_length") => &mut ip.payload_length,
        (Header::Ipv6(ip), "ipv6.traffic_class") => &mut ip.traffic_class,
        (Header::Ipv6(ip), "ipv6.version") => &mut ip.version,
        (Header::Ipv6Fragment(fragment), "ipv6.fragment_offset") => &mut fragment.fragment_offset,
        (Header::Ipv6Fragment(fragment), "ipv6.identification") => &mut fragment.identification,
        (Header::Ipv6Fragment(fragment), "ipv6.more_fragments") => &mut fragment.more_fragments,
        (Header::Tcp(tcp), "tcp.acknowledgment") => &mut tcp.acknowledgment,
        (Header::Tcp(tcp), "tcp.checksum") => &mut tcp.checksum,
        (Header::Tcp(tcp), "tcp.data_offset") => &mut tcp.data_offset,
        (Header::Tcp(tcp), "tcp.destination_port") => &mut tcp.destination_port,
        (Header::Tcp(tcp), "tcp.reserved") => &mut tcp.reserved,
        (Header::Tcp(tcp), "tcp.sequence") => &mut tcp.sequence,
        (Header::Tcp(tcp), "tcp.source_port") => &mut tcp.source_port,
        (Header::Tcp(tcp), "tcp.urgent_pointer") => &mut tcp.urgent_pointer,
        (Header::Tcp(tcp), "tcp.window") => &mut tcp.window,
        (Header::Udp(udp), "udp.checksum") => &mut udp.checksum,
        (Header::Udp(udp), "udp.destination_port") => &mut udp.destination_port,
        (Header::Udp(udp), "udp.length") => &mut udp.length,
        (Header::Udp(udp), "udp.source_port") => &mut udp.source_port,
        (Header::Icmpv4(icmp), "icmp.checksum") => &mut icmp.checksum,
        (Header::Icmpv4(icmp), "icmp.code") => &mut icmp.code,
        (Header::Icmpv4(icmp), "icmp.kind") => &mut icmp.kind,
        (Header::Icmpv4(icmp), "icmp.rest") => &mut icmp.rest,
        (Header::Icmpv6(icmp), "icmp.checksum") => &mut icmp.checksum,
        (Header::Icmpv6(icmp), "icmp.code") => &mut icmp.code,
        (Header::Icmpv6(icmp), "icmp.kind") => &mut icmp.kind,
        (Header::Icmpv6(icmp), "icmp.rest") => &mut icmp.rest,
        _ => return None,
    };
    Some(place.put(number))
}

fn force_address(header: &mut Header, name: &str, address: IpAddr) -> Option<bool> {
    match (header, name, address) {
        (Header::Ipv4(ip), "ip.source", IpAddr::V4(address)) => ip.source = address,
        (Header::Ipv4(ip), "ip.destination", IpAddr::V4(address)) => ip.destination = address,
        (Header::Ipv6(ip), "ipv6.source", IpAddr::V6(address)) => ip.source = address,
        (Header::Ipv6(ip), "ipv6.destination", IpAddr::V6(address)) => ip.destination = address,
        (Header::Ipv4(_) | Header::Ipv6(_), _, _) => return None,
        _ => return None,
    }
    Some(true)
}

/// The octets of the extension headers behind the innermost IPv6 header, if it has any.
fn observe_extensions(packet: &Packet<'_>, octets: &[u8]) -> Option<FieldValue> {
    let at = packet.headers.iter().rposition(|header| matches!(header, Header::Ipv6(_)))?;
    let is_extension = |header: &&Header| matches!(header, Header::Ipv6Extension(_) | Header::Ipv6Fragment(_));
    let start: usize = packet.headers[..=at].iter().map(Header::emitted_length).sum();
    let length: usize = packet.headers[at + 1..].iter().take_while(is_extension).map(Header::emitted_length).sum();
    octets.get(start..start + length).filter(|octets| !octets.is_empty()).map(|o| FieldValue::Octets(o.to_vec()))
}

/// Reads a field of `header`, whose octets begin at the start of `octets`.
fn observe_in(header: &Header, octets: &[u8], name: &str) -> Option<FieldValue> {
    let octet = |at: usize| octets.get(at).copied().map(u64::from);
    let word = |at: usize| octets.get(at..at + 2).map(|o| u64::from(u16::from_be_bytes([o[0], o[1]])));
    let double = |at: usize| Some(word(at)? << 16 | word(at + 2)?);
    let number = match (header, name) {
        (Header::Ipv4(ip), "ip.source") => return Some(FieldValue::Address(ip.source.into())),
        (Header::Ipv4(ip), "ip.destination") => return Some(FieldValue::Address(ip.destination.into())),
        (Header::Ipv6(ip), "ipv6.source") => return Some(FieldValue::Address(ip.source.into())),
        (Header::Ipv6(ip), "ipv6.destination") => return Some(FieldValue::Address(ip.destination.into())),
        (Header::Ipv4(_), "ip.version") | (Header::Ipv6(_), "ipv6.version") => octet(0).map(|o| o >> 4),
        (Header::Ipv4(_), "ip.header_length") => octet(0).map(|o| o & 0xf),
        (Header::Ipv4(_), "ip.tos") => octet(1),
        (Header::Ipv4(_), "ip.total_length") => word(2),
        (Header::Ipv4(_), "ip.identification") => word(4),
        (Header::Ipv4(_), "ip.reserved_flag") => octet(6).map(|o| o >> 7),
        (Header::Ipv4(_), "ip.dont_fragment") => octet(6).map(|o| o >> 6 & 1),
        (Header::Ipv4(_), "ip.more_fragments") => octet(6).map(|o| o >> 5 & 1),
        (Header::Ipv4(_), "ip.fragment_offset") => word(6).map(|w| w & 0x1fff),
        (Header::Ipv4(_), "ip.ttl") => octet(8),
        (Header::Ipv4(_), "ip.protocol") => octet(9),
        (Header::Ipv4(_), "ip.checksum") => word(10),
        (Header::Ipv6(_), "ipv6.traffic_class") => word(0).map(|w| w >> 4 & 0xff),
        (Header::Ipv6(_), "ipv6.flow_label") => double(0).map(|w| w & 0xf_ffff),
        (Header::Ipv6(_), "ipv6.payload_length") => word(4),
        (Header::Ipv6(_), "ipv6.next_header") => octet(6),
        (Header::Ipv6(_), "ipv6.hop_limit") => octet(7),
        (Header::Ipv6Fragment(_), "ipv6.fragment_offset") => word(2).map(|w| w >> 3),
        (Header::Ipv6Fragment(_), "ipv6.more_fragments") => word(2).map(|w| w & 1),
        (Header::Ipv6Fragment(_), "ipv6.identification") => double(4),
        (Header::Tcp(_), "tcp.source_port") | (Header::Udp(_), "udp.source_port") => word(0),
        (Header::Tcp(_), "tcp.destination_port") | (Header::Udp(_), "udp.destination_port") => word(2),
        (Header::Tcp(_), "tcp.sequence") => double(4),
        (Header::Tcp(_), "tcp.acknowledgment") => double(8),
        (Header::Tcp(_), "tcp.data_offset") => octet(12).map(|o| o >> 4),
        (Header::Tcp(_), "tcp.reserved") => octet(12).map(|o| o >> 1 & 0b111),
        (Header::Tcp(_), "tcp.window") => word(14),
        (Header::Tcp(_), "tcp.checksum") => word(16),
        (Header::Tcp(_), "tcp.urgent_pointer") => word(18),
        (Header::Udp(_), "udp.length") => word(4),
        (Header::Udp(_), "udp.checksum") => word(6),
        (Header::Icmpv4(_) | Header::Icmpv6(_), "icmp.kind") => octet(0),
        (Header::Icmpv4(_) | Header::Icmpv6(_), "icmp.code") => octet(1),
        (Header::Icmpv4(_) | Header::Icmpv6(_), "icmp.checksum") => word(2),
        (Header::Icmpv4(_) | Header::Icmpv6(_), "icmp.rest") => double(4),
        _ => None,
    };
    number.map(FieldValue::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::fields::{FIELDS, FieldKind};
    use crate::script::{Span, Spanned};
    use crate::wire::{Icmpv4, Ipv4, Ipv6, Ipv6Fragment, Tcp, Udp};

    /// Packets that together have every field of the language.
    fn packets() -> Vec<Vec<Header>> {
        let v4 = || Header::from(Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into()));
        let v6 = || Header::from(Ipv6::new(1.into(), 2.into()));
        vec![
            vec![v4(), Tcp::new(1, 2).into()],
            vec![v4(), Udp::new(1, 2).into()],
            vec![v4(), Icmpv4::new(8, 0).into()],
            vec![v6(), Udp::new(1, 2).into()],
            vec![v6(), Ipv6Fragment::new(0, 0, false).into()],
        ]
    }

    #[test]
    fn every_field_of_the_language_reads_back_as_forced() {
        for known in FIELDS {
            let value = match known.kind {
                FieldKind::Bits(1) => FieldValue::Number(1),
                FieldKind::Bits(_) => FieldValue::Number(5),
                FieldKind::Ipv4Address => FieldValue::Address([203, 0, 113, 9].into()),
                FieldKind::Ipv6Address => FieldValue::Address(IpAddr::V6(9.into())),
                FieldKind::Octets(_) => FieldValue::Octets(vec![1, 0, 1, 0, 1, 0, 1, 0]),
            };
            let name = Spanned { node: known.name.to_owned(), span: Span::default() };
            let field = FieldSpec { name, value: Spanned { node: value.clone(), span: Span::default() } };
            let read = packets().into_iter().find_map(|headers| {
                let mut packet = Packet::new(headers, &[]);
                force(&mut packet, &field).ok()?;
                observe(&packet, known.name)
            });
            assert_eq!(read, Some(value), "{}", known.name);
        }
    }
}
