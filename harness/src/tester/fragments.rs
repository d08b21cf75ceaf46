//! Datagrams that come in fragments, put together (RFC 791 section 3.2, RFC 8200 section 4.5).

use std::net::IpAddr;
use std::time::Duration;

use crate::time::Instant;
use crate::wire::{FragmentPlace, Packet, whole};

/// Datagrams that are put together at a time; the oldest gives way.
const MOST: usize = 16;
/// Octets that a datagram may carry.
const LONGEST: usize = 65_535;
/// How long fragments are waited for (RFC 8200 section 4.5, RFC 1122 section 3.3.2).
const PATIENCE: Duration = Duration::from_secs(60);

/// Datagrams of which some fragments came.
#[derive(Debug, Default)]
pub(super) struct Fragments(Vec<Partial>);

/// What tells the fragments of one datagram from those of others.
type Key = (Option<IpAddr>, Option<IpAddr>, u8, u32);

#[derive(Debug)]
struct Partial {
    key: Key,
    since: Instant,
    /// The first fragment as it came.
    first: Option<Vec<u8>>,
    /// Where each fragment begins, and what it carries, in the order of the datagram.
    pieces: Vec<(usize, Vec<u8>)>,
    /// What all of them carry, once the last one came.
    total: Option<usize>,
    /// No datagram can be made of these fragments: they overlap, or end in several places.
    is_spoilt: bool,
}

impl Fragments {
    /// Takes a fragment, `octets` as they came; the datagram that it completes.
    pub(super) fn add(&mut self, at: Instant, packet: &Packet<'_>, octets: &[u8]) -> Option<Vec<u8>> {
        self.0.retain(|partial| at.saturating_since(partial.since) < PATIENCE);
        let place = FragmentPlace::of(packet)?;
        let end = place.start + packet.payload.len();
        if end > LONGEST || (place.more && !packet.payload.len().is_multiple_of(8)) {
            return None;
        }
        let source = packet.source();
        // IPv6 tells datagrams apart by addresses and identification alone.
        let protocol = if source.is_some_and(|source| source.is_ipv4()) { place.protocol } else { 0 };
        let key = (source, packet.destination(), protocol, place.identification);
        let known = self.0.iter().position(|partial| partial.key == key);
        let index = known.unwrap_or_else(|| {
            if self.0.len() == MOST {
                self.0.remove(0);
            }
            let (first, pieces, total) = (None, Vec::new(), None);
            self.0.push(Partial { key, since: at, first, pieces, total, is_spoilt: false });
            self.0.len() - 1
        });
        let datagram = self.0[index].add(&place, packet.payload, octets)?;
        self.0.remove(index);
        Some(datagram)
    }
}

impl Partial {
    fn add(&mut self, place: &FragmentPlace, payload: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
        let (start, end) = (place.start, place.start + payload.len());
        if self.pieces.iter().any(|(known, piece)| *known == start && piece == payload) {
            // The network may deliver one twice.
            return None;
        }
        self.is_spoilt |= self.pieces.iter().any(|(known, piece)| *known < end && start < known + piece.len());
        if !place.more {
            self.is_spoilt |= self.total.is_some_and(|total| total != end);
            self.total = Some(end);
        }
        if self.is_spoilt {
            // None of them is kept, but that they came is.
            self.pieces.clear();
            return None;
        }
        if start == 0 {
            self.first = Some(octets.to_vec());
        }
        let index = self.pieces.partition_point(|(known, _)| *known < start);
        self.pieces.insert(index, (start, payload.to_vec()));
        let (first, total) = (self.first.as_ref()?, self.total?);
        let carried: usize = self.pieces.iter().map(|(_, piece)| piece.len()).sum();
        // They do not overlap: they are all of it if they carry as much.
        if carried != total {
            return None;
        }
        let payload: Vec<u8> = self.pieces.iter().flat_map(|(_, piece)| piece.iter().copied()).collect();
        Some(whole(&Packet::parse(first, None).packet, &payload))
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::wire::{Header, Ipv4, Ipv6, Udp, fragment};

    const AT: Instant = Instant::ZERO;

    fn datagram(version: u8) -> Vec<u8> {
        let ip = match version {
            4 => Header::Ipv4(Ipv4::new([192, 168, 0, 1].into(), [192, 0, 2, 1].into())),
            _ => Header::Ipv6(Ipv6::new(1.into(), 2.into())),
        };
        let payload: Vec<u8> = (0..32).collect();
        Packet::new([ip, Header::Udp(Udp::new(53, 9))], &payload).to_octets()
    }

    fn add(fragments: &mut Fragments, at: Instant, version: u8, range: Range<usize>, identification: u32) -> bool {
        let octets = fragment(&datagram(version), range, identification).expect("the test cuts within the datagram");
        let made = fragments.add(at, &Packet::parse(&octets, None).packet, &octets);
        if let Some(made) = &made {
            let parsed = Packet::parse(made, None);
            assert!(parsed.defects.is_empty(), "{:?}", parsed.defects);
            assert_eq!(parsed.packet.payload, (0..32).collect::<Vec<u8>>());
            assert_eq!(parsed.packet.udp().map(|udp| udp.source_port), Some(53));
        }
        made.is_some()
    }

    fn all(ranges: &[Range<usize>]) -> Vec<bool> {
        let of = |version| {
            let mut fragments = Fragments::default();
            ranges.iter().map(|range| add(&mut fragments, AT, version, range.clone(), 7)).collect::<Vec<bool>>()
        };
        assert_eq!(of(4), of(6));
        of(4)
    }

    #[test]
    fn a_datagram_is_whole_once_all_of_it_came_in_any_order() {
        assert_eq!(all(&[0..16, 16..32, 32..40]), [false, false, true]);
        assert_eq!(all(&[32..40, 0..16, 16..32]), [false, false, true]);
        assert_eq!(all(&[0..16, 32..40]), [false, false]);
        assert_eq!(all(&[0..16, 0..16, 16..40]), [false, false, true], "one came twice");
    }

    #[test]
    fn fragments_that_overlap_make_up_nothing() {
        assert_eq!(all(&[0..16, 8..24, 16..40]), [false, false, false]);
        assert_eq!(all(&[16..40, 0..24, 0..16]), [false, false, false]);
    }

    #[test]
    fn fragments_are_of_one_datagram_and_not_too_old() {
        let mut fragments = Fragments::default();
        assert!(!add(&mut fragments, AT, 4, 0..16, 1));
        assert!(!add(&mut fragments, AT, 4, 16..40, 2));
        assert!(!add(&mut fragments, AT, 6, 16..40, 1));
        assert!(!add(&mut fragments, AT + PATIENCE, 4, 16..40, 1));
        assert!(add(&mut fragments, AT + PATIENCE, 4, 0..16, 1));
        for identification in 10..10 + MOST as u32 + 1 {
            assert!(!add(&mut fragments, AT, 4, 0..16, identification));
        }
        assert!(!add(&mut fragments, AT, 4, 16..40, 10), "the oldest gave way");
    }
}
