//! Datagrams that the target sends in fragments, put together where the script writes the whole datagram.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::pending::{Pending, octets};
use crate::engine::build::carries;
use crate::script::tree::PacketSpec;
use crate::trace::Trace;
use crate::wire::{FragmentPlace, Packet, protocol, whole};

/// What the fragments of one datagram make up.
pub(super) enum Reassembled {
    /// The first packet is no fragment of a datagram that `spec` may be about.
    No,
    /// Some are missing; the first that came is at this place.
    Partly { place: usize },
    /// All of it, from the fragments at these places.
    Whole { places: SmallVec<[usize; 2]>, datagram: Vec<u8> },
    /// The fragment at this place can be no part of a datagram.
    Wrong { place: usize, reason: String },
}

/// Which datagram a fragment is a part of, where, and what it carries.
struct Fragment<'a> {
    place: usize,
    packet: Packet<'a>,
    protocol: u8,
    identification: u32,
    offset: usize,
    more: bool,
}

/// Puts together the datagram that begins with the first fragment pending (RFC 791 section 3.2, RFC 8200 section 4.5).
pub(super) fn reassemble(spec: &PacketSpec, pending: &[Pending], trace: &Trace) -> Reassembled {
    let mut fragments: Vec<Fragment<'_>> = pending
        .iter()
        .enumerate()
        .map(|(place, pending)| (place, octets(trace, pending)))
        .filter(|(_, octets)| may_be_fragment(octets))
        .filter_map(|(place, octets)| Fragment::read(place, Packet::parse(octets, None).packet))
        .filter(|fragment| carries(&spec.body, fragment.protocol))
        .collect();
    let Some(first) = fragments.first() else { return Reassembled::No };
    let (key, place) = (first.key(), first.place);
    fragments.retain(|fragment| fragment.key() == key);
    if let Some(wrong) = fragments.iter().find(|f| f.more && !f.packet.payload.len().is_multiple_of(8)) {
        let reason =
            format!("a fragment before the last carries {} octets, no multiple of 8", wrong.packet.payload.len());
        return Reassembled::Wrong { place: wrong.place, reason };
    }
    let places = fragments.iter().map(|fragment| fragment.place).collect();
    fragments.sort_by_key(|fragment| fragment.offset);
    let mut payload = Vec::new();
    for fragment in &fragments {
        if fragment.offset < payload.len() {
            let reason = format!("fragments overlap at octet {} of the payload", fragment.offset);
            return Reassembled::Wrong { place: fragment.place, reason };
        }
        if fragment.offset > payload.len() {
            return Reassembled::Partly { place };
        }
        payload.extend_from_slice(fragment.packet.payload);
    }
    if fragments.last().is_some_and(|fragment| fragment.more) {
        return Reassembled::Partly { place };
    }
    Reassembled::Whole { places, datagram: whole(&fragments[0].packet, &payload) }
}

impl<'a> Fragment<'a> {
    fn read(place: usize, packet: Packet<'a>) -> Option<Self> {
        let FragmentPlace { protocol, identification, start, more } = FragmentPlace::of(&packet)?;
        Some(Fragment { place, packet, protocol, identification, offset: start, more })
    }

    fn key(&self) -> (Option<IpAddr>, Option<IpAddr>, u8, u32) {
        (self.packet.source(), self.packet.destination(), self.protocol, self.identification)
    }
}

/// A look at the fixed header that spares parsing most packets.
fn may_be_fragment(octets: &[u8]) -> bool {
    match octets {
        [version, _, _, _, _, _, flags, offset, ..] if version >> 4 == 4 => flags & 0x3f != 0 || *offset != 0,
        [_, _, _, _, _, _, next_header, ..] => {
            matches!(
                *next_header,
                protocol::FRAGMENT | protocol::HOP_BY_HOP | protocol::ROUTING | protocol::DESTINATION_OPTIONS
            )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::tree::{Action, Answer};
    use crate::script::{Definitions, parse};
    use crate::time::Instant;
    use crate::trace::Judgement;
    use crate::wire::{Header, Ipv4, Ipv6, Udp, fragment};

    /// What the fragments of a datagram with 40 octets of IP payload make up.
    fn put_together(version: u8, ranges: &[std::ops::Range<usize>]) -> String {
        let script = parse("0 > udp (32)\n", &Definitions::default()).expect("the test's script parses");
        let Action::Expect(expectation) = &script.events[0].action else { unreachable!("it is an expectation") };
        let Answer::Packet(spec) = &expectation.answers[0] else { unreachable!("it is a packet") };
        let ip = match version {
            4 => Header::Ipv4(Ipv4::new([192, 168, 0, 1].into(), [192, 0, 2, 1].into())),
            _ => Header::Ipv6(Ipv6::new(1.into(), 2.into())),
        };
        let payload: Vec<u8> = (0..32).collect();
        let datagram = Packet::new([ip, Header::Udp(Udp::new(7, 9))], &payload).to_octets();
        let (mut trace, mut pending) = (Trace::default(), Vec::new());
        for range in ranges {
            let octets = fragment(&datagram, range.clone(), 77).expect("the test cuts within the datagram");
            trace.received(Instant::ZERO, 0, &octets, Judgement::Remaining);
            pending.push(Pending { at: Instant::ZERO, trace: trace.events.len() - 1 });
        }
        match reassemble(spec, &pending, &trace) {
            Reassembled::No => "no".into(),
            Reassembled::Partly { .. } => "partly".into(),
            Reassembled::Wrong { place, reason } => format!("{place}: {reason}"),
            Reassembled::Whole { places, datagram } => {
                let parsed = Packet::parse(&datagram, None);
                assert!(parsed.defects.is_empty(), "{:?}", parsed.defects);
                assert_eq!(parsed.packet.payload, payload);
                format!("whole from {places:?}")
            }
        }
    }

    #[test]
    fn fragments_make_up_a_datagram_in_any_order_without_gap_or_overlap() {
        for version in [4, 6] {
            assert_eq!(put_together(version, &[16..40, 0..8, 8..16]), "whole from [0, 1, 2]");
            assert_eq!(put_together(version, &[0..8, 16..40]), "partly");
            assert_eq!(put_together(version, &[0..8, 8..16]), "partly");
            assert_eq!(put_together(version, &[0..16, 8..40]), "1: fragments overlap at octet 8 of the payload");
            let odd = "0: a fragment before the last carries 12 octets, no multiple of 8";
            assert_eq!(put_together(version, &[0..12, 16..40]), odd);
            assert_eq!(put_together(version, std::slice::from_ref(&(0..40))), "no");
        }
    }
}
