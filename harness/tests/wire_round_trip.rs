//! Values to octets and back, and octets to values and back, over any octets and any packets.

mod wire_packets;

use proptest::prelude::*;
use proptest::sample::Index;
use rfcheck::wire::{Header, Packet, Parsed, Quoted, fragment};
use wire_packets::{any_packet, well_formed_packet};

/// What parsing and emitting again gives, trailer and all.
fn again(octets: &[u8], udp_encapsulation: Option<u16>) -> Vec<u8> {
    let Parsed { packet, trailer, .. } = Packet::parse(octets, udp_encapsulation);
    let mut out = Vec::new();
    packet.emit(&mut out);
    out.extend_from_slice(trailer);
    out
}

/// Octets that look like a datagram for a while: random ones with a version and a protocol that exists.
fn almost_datagram() -> impl Strategy<Value = Vec<u8>> {
    let protocols = prop::sample::select(vec![0u8, 1, 4, 6, 17, 41, 43, 44, 47, 58, 59, 60, 137]);
    (prop::collection::vec(any::<u8>(), 0..200), any::<bool>(), protocols, any::<bool>()).prop_map(
        |(mut octets, is_ipv6, protocol, is_fragment)| {
            if let Some(first) = octets.first_mut() {
                *first = if is_ipv6 { 0x60 } else { 0x40 | *first & 0x0f };
            }
            if let Some(number) = octets.get_mut(if is_ipv6 { 6 } else { 9 }) {
                *number = protocol;
            }
            if let Some(flags) = octets.get_mut(6..8).filter(|_| !is_ipv6 && !is_fragment) {
                flags.fill(0);
            }
            octets
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_octets(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(again(&octets, None), octets);
    }

    #[test]
    fn octets_that_look_like_a_datagram(octets in almost_datagram(), port in prop::option::of(0u16..4)) {
        prop_assert_eq!(again(&octets, port), octets);
    }

    #[test]
    fn packets_with_octets_changed(
        (packet, payload) in any_packet(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<Index>()),
        more in prop::collection::vec(any::<u8>(), 0..4),
        port in prop::option::of(0u16..4),
    ) {
        let mut octets = Packet { headers: packet, payload: &payload }.to_octets();
        if !octets.is_empty() {
            for (at, value) in changes {
                let at = at.index(octets.len());
                octets[at] = value;
            }
        }
        if let Some(cut) = cut {
            octets.truncate(cut.index(octets.len() + 1));
        }
        octets.extend(more);
        prop_assert_eq!(again(&octets, port), octets);
    }

    #[test]
    fn packets_whatever_is_forced((headers, payload) in any_packet(), port in prop::option::of(0u16..4)) {
        let packet = Packet { headers, payload: &payload };
        let octets = packet.to_octets();
        prop_assert_eq!(octets.len(), packet.emitted_length());
        prop_assert_eq!(again(&octets, port), octets);
    }

    #[test]
    fn well_formed_values((headers, payload) in well_formed_packet()) {
        let packet = Packet { headers, payload: &payload };
        let octets = packet.to_octets();
        let parsed = Packet::parse(&octets, Some(wire_packets::ENCAPSULATION));
        prop_assert_eq!(&parsed.packet, &packet);
        prop_assert_eq!(parsed.defects.as_slice(), &[]);
        prop_assert!(parsed.trailer.is_empty());
    }

    #[test]
    fn a_trailer_changes_nothing((headers, payload) in well_formed_packet(), trailer in prop::collection::vec(any::<u8>(), 1..9)) {
        let packet = Packet { headers, payload: &payload };
        let mut octets = packet.to_octets();
        octets.extend_from_slice(&trailer);
        let parsed = Packet::parse(&octets, Some(wire_packets::ENCAPSULATION));
        prop_assert_eq!(&parsed.packet, &packet);
        prop_assert_eq!(parsed.defects.as_slice(), &[]);
        prop_assert_eq!(parsed.trailer, &trailer);
    }

    #[test]
    fn a_single_changed_octet_is_a_defect_or_a_different_value(
        (headers, payload) in well_formed_packet(),
        at in any::<Index>(),
        change in 1u8..,
    ) {
        let packet = Packet { headers, payload: &payload };
        let mut octets = packet.to_octets();
        let at = at.index(octets.len());
        octets[at] ^= change;
        let parsed = Packet::parse(&octets, Some(wire_packets::ENCAPSULATION));
        prop_assert!(parsed.packet != packet || !parsed.defects.is_empty() || !parsed.trailer.is_empty());
    }

    #[test]
    fn quotations_of_any_length((headers, payload) in well_formed_packet(), length in any::<Index>()) {
        let packet = Packet { headers, payload: &payload };
        let octets = packet.to_octets();
        let length = length.index(octets.len() + 1);
        let quoted = Quoted::parse(&octets[..length]);
        let mut out = quoted.packet.to_octets();
        out.extend_from_slice(quoted.trailer);
        prop_assert_eq!(&out, &octets[..length]);
        let transport = packet.headers.last().filter(|h| matches!(h, Header::Tcp(_) | Header::Udp(_)));
        let is_tunnel = packet.udp().is_some() && packet.tcp().is_some();
        if let Some(transport) = transport.filter(|_| !is_tunnel) {
            let start = octets.len() - payload.len() - transport.emitted_length();
            if length >= start + 8 {
                prop_assert_eq!(quoted.ports(), packet.ports());
                prop_assert_eq!(quoted.tcp_sequence(), packet.tcp().map(|tcp| tcp.sequence));
                prop_assert_eq!((quoted.source(), quoted.destination()), (packet.source(), packet.destination()));
            }
        }
    }

    #[test]
    fn fragments_put_together_are_the_datagram((headers, payload) in well_formed_packet(), size in 1usize..8) {
        let packet = Packet { headers, payload: &payload };
        let octets = packet.to_octets();
        let Ok(first) = fragment(&octets, 0..0, 7) else { return Ok(()) };
        let kept = Packet::parse(&first, None).packet.headers.len();
        let is_ipv4 = matches!(packet.headers[0], Header::Ipv4(_));
        let repeated = if is_ipv4 { kept } else { kept - 1 };
        let before: usize = packet.headers[..repeated].iter().map(Header::emitted_length).sum();
        let mut whole = Vec::new();
        for start in (0..octets.len() - before).step_by(size * 8) {
            let end = (start + size * 8).min(octets.len() - before);
            let fragment = fragment(&octets, start..end, 7).map_err(|e| TestCaseError::fail(e.to_string()))?;
            let parsed = Packet::parse(&fragment, None);
            prop_assert_eq!(parsed.defects.as_slice(), &[]);
            if start == 0 && end == octets.len() - before {
                return Ok(());
            }
            prop_assert!(parsed.packet.is_fragment());
            whole.extend_from_slice(parsed.packet.payload);
        }
        prop_assert_eq!(&whole, &octets[before..]);
    }
}
