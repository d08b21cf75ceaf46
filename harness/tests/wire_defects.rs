//! What is wrong with a packet, and at which octet; and how the wrong packet is made.

use rfcheck::wire::{
    DefectKind, Field, FragmentError, Gre, Header, Icmpv4, Icmpv6, Ipv4, Ipv4Option, Ipv4Options, Ipv6, Ipv6Extension,
    Ipv6Fragment, MplsEntry, Packet, Quoted, Tcp, TcpFlags, TcpOption, TcpOptions, Udp, fragment, protocol,
};

fn ipv4() -> Ipv4 {
    Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into())
}

fn ipv6() -> Ipv6 {
    Ipv6::new([1; 16].into(), [2; 16].into())
}

/// The defects of a packet as text, after a check that its octets come out again.
fn defects(octets: &[u8]) -> Vec<String> {
    let parsed = Packet::parse(octets, None);
    let mut again = parsed.packet.to_octets();
    again.extend_from_slice(parsed.trailer);
    assert_eq!(again, octets);
    parsed.defects.iter().map(ToString::to_string).collect()
}

fn defects_of<const N: usize>(headers: [Header; N], payload: &[u8]) -> Vec<String> {
    defects(&Packet::new(headers, payload).to_octets())
}

#[test]
fn truncated() {
    let whole = Packet::new([ipv4().into(), Tcp::new(1, 2).into()], &[]).to_octets();
    assert_eq!(defects(&[]), ["octet 0: IP header needs 1 octets, 0 are left"]);
    assert_eq!(defects(&whole[..19]), ["octet 0: IPv4 header needs 20 octets, 19 are left"]);
    assert_eq!(
        defects(&whole[..30]),
        ["octet 2: total length is 40, 30 octets are there", "octet 20: TCP header needs 20 octets, 10 are left"]
    );
    let six = Packet::new([ipv6().into(), Udp::new(1, 2).into()], &[]).to_octets();
    assert_eq!(defects(&six[..39]), ["octet 0: IPv6 header needs 40 octets, 39 are left"]);
    assert_eq!(
        defects(&six[..41]),
        ["octet 4: payload length is 8, 1 octets are there", "octet 40: UDP header needs 8 octets, 1 are left"]
    );
    let short = |protocol| Ipv4 { protocol: Field::Forced(protocol), ..ipv4() };
    assert_eq!(defects_of([short(1).into()], &[8, 0, 0]), ["octet 20: ICMP header needs 8 octets, 3 are left"]);
    assert_eq!(
        defects_of([short(47).into()], &[0x20, 0, 8, 0, 1]),
        ["octet 20: GRE header needs 8 octets, 5 are left"]
    );
    assert_eq!(
        defects_of([short(137).into()], &[1, 2]),
        ["octet 20: MPLS label stack entry needs 4 octets, 2 are left"]
    );
    assert_eq!(defects_of([short(4).into()], &[]), ["octet 20: IP header needs 1 octets, 0 are left"]);
    let short = |next_header| Ipv6 { next_header: Field::Forced(next_header), ..ipv6() };
    assert_eq!(defects_of([short(58).into()], &[128]), ["octet 40: ICMPv6 header needs 8 octets, 1 are left"]);
    assert_eq!(defects_of([short(0).into()], &[59, 0]), ["octet 40: IPv6 extension header needs 8 octets, 2 are left"]);
    assert_eq!(defects_of([short(44).into()], &[59, 0]), ["octet 40: IPv6 fragment header needs 8 octets, 2 are left"]);
}

#[test]
fn versions() {
    let wrong = Ipv4 { version: Field::Forced(5), ..ipv4() };
    assert_eq!(defects_of([wrong.into(), Tcp::new(1, 2).into()], &[]), ["octet 0: IP version 5 is neither 4 nor 6"]);
    let wrong = Ipv6 { version: Field::Forced(4), ..ipv6() };
    let tunnel = defects_of([ipv4().into(), wrong.into()], &[]);
    assert_eq!(tunnel, ["octet 20: IP version is 4, 6 was announced"]);
}

#[test]
fn ipv4_lengths() {
    let short = Ipv4 { header_length: Field::Forced(4), ..ipv4() };
    let octets = Packet::new([short.clone().into(), Udp::new(1, 2).into()], &[]).to_octets();
    assert_eq!(defects(&octets), ["octet 0: IHL in octets is 16, 20 octets are there"]);
    assert_eq!(Packet::parse(&octets, None).packet, Packet::new([short.into(), Udp::new(1, 2).into()], &[]));
    let long = Ipv4 { header_length: Field::Forced(15), ..ipv4() };
    assert_eq!(defects_of([long.into()], &[0; 8]), ["octet 0: IHL in octets is 60, 28 octets are there"]);
    // An IHL that takes payload for options is possible: only what is behind it is shifted.
    let shifted = Ipv4 { header_length: Field::Forced(6), ..ipv4() };
    let octets = Packet::new([shifted.into()], &[1, 1, 1, 1, 9]).to_octets();
    assert_eq!(defects(&octets), [] as [&str; 0]);
    assert_eq!(Packet::parse(&octets, None).packet.ipv4().map(|ip| ip.options.as_bytes().to_vec()), Some(vec![1; 4]));

    let long = Ipv4 { total_length: Field::Forced(29), ..ipv4() };
    assert_eq!(
        defects_of([long.into(), Udp::new(1, 2).into()], &[]),
        ["octet 2: total length is 29, 28 octets are there"]
    );
    let short = Ipv4 { total_length: Field::Forced(19), ..ipv4() };
    assert_eq!(
        defects_of([short.into(), Udp::new(1, 2).into()], &[]),
        ["octet 2: total length is 19, 28 octets are there"]
    );
}

#[test]
fn a_shorter_total_length_leaves_a_trailer() {
    let shorter = Ipv4 { total_length: Field::Forced(42), ..ipv4() };
    let octets = Packet::new([shorter.into(), Tcp::new(1, 2).into()], b"data").to_octets();
    let parsed = Packet::parse(&octets, None);
    assert_eq!(parsed.defects.as_slice(), &[], "checksums are those of what a receiver keeps");
    assert_eq!(parsed.packet.payload, b"da");
    assert_eq!(parsed.trailer, b"ta");
    // Within a tunnel, nothing is beyond the datagram, so it is a defect.
    let shorter = Ipv4 { total_length: Field::Forced(42), ..ipv4() };
    let inner = defects_of([ipv4().into(), shorter.into(), Tcp::new(1, 2).into()], b"data");
    assert_eq!(inner, ["octet 22: total length is 42, 44 octets are there"]);
}

#[test]
fn ipv6_lengths() {
    let long = Ipv6 { payload_length: Field::Forced(9), ..ipv6() };
    let octets = Packet::new([long.into(), Udp::new(1, 2).into()], &[]).to_octets();
    assert_eq!(defects(&octets), ["octet 4: payload length is 9, 8 octets are there"]);
    let shorter = Ipv6 { payload_length: Field::Forced(8), ..ipv6() };
    let octets =
        Packet::new([shorter.into(), Udp { length: Field::Forced(8), ..Udp::new(1, 2) }.into()], b"more").to_octets();
    assert_eq!(defects(&octets), [] as [&str; 0]);
    assert_eq!(Packet::parse(&octets, None).trailer, b"more");
    let mut extension = Ipv6Extension::new(protocol::DESTINATION_OPTIONS, vec![1, 4, 0, 0, 0, 0]);
    extension.length = Field::Forced(2);
    let octets = Packet::new([ipv6().into(), extension.into(), Udp::new(1, 2).into()], &[]).to_octets();
    assert_eq!(defects(&octets), ["octet 41: Hdr Ext Len in octets is 24, 16 octets are there"]);
}

#[test]
fn udp_lengths() {
    let with = |length| Udp { length: Field::Forced(length), ..Udp::new(1, 2) };
    assert_eq!(
        defects_of([ipv4().into(), with(13).into()], b"data"),
        ["octet 24: UDP length is 13, 12 octets are there"]
    );
    assert_eq!(
        defects_of([ipv4().into(), with(7).into()], b"data"),
        ["octet 24: UDP length is 7, 12 octets are there"]
    );
    assert_eq!(
        defects_of([ipv4().into(), with(10).into()], b"data"),
        ["octet 24: UDP length is 10, 12 octets are there"]
    );
}

#[test]
fn data_offsets() {
    let with = |offset| Tcp { data_offset: Field::Forced(offset), ..Tcp::new(1, 2) };
    assert_eq!(
        defects_of([ipv4().into(), with(4).into()], &[]),
        ["octet 32: data offset in octets is 16, 20 octets are there"]
    );
    let beyond = Packet::new([ipv4().into(), with(7).into()], b"data");
    let octets = beyond.to_octets();
    assert_eq!(defects(&octets), ["octet 32: data offset in octets is 28, 24 octets are there"]);
    assert_eq!(Packet::parse(&octets, None).packet, beyond);
}

#[test]
fn checksums() {
    let wrong = Field::Forced(0x1234);
    let ip = Ipv4 { checksum: wrong, ..ipv4() };
    assert_eq!(defects_of([ip.into()], &[]), ["octet 10: IPv4 header checksum is 0x1234, should be 0x36e9"]);
    let tcp = Tcp { checksum: wrong, ..Tcp::new(1, 2) };
    assert_eq!(
        defects_of([ipv4().into(), tcp.clone().into()], &[]),
        ["octet 36: TCP checksum is 0x1234, should be 0x2bde"]
    );
    let six = defects_of([ipv6().into(), tcp.into()], &[]);
    assert_eq!(six, ["octet 56: TCP checksum is 0x1234, should be 0x97ca"]);
    let udp = Udp { checksum: wrong, ..Udp::new(1, 2) };
    assert_eq!(defects_of([ipv4().into(), udp.into()], b"x"), ["octet 26: UDP checksum is 0x1234, should be 0x03d5"]);
    let icmp = Icmpv4 { checksum: wrong, ..Icmpv4::echo(1, 2) };
    assert_eq!(defects_of([ipv4().into(), icmp.into()], b"x"), ["octet 22: ICMP checksum is 0x1234, should be 0x7ffc"]);
    let icmp = Icmpv6 { checksum: wrong, ..Icmpv6::echo_request(1, 2) };
    assert_eq!(
        defects_of([ipv6().into(), icmp.into()], b"x"),
        ["octet 42: ICMPv6 checksum is 0x1234, should be 0xefa0"]
    );
    let gre = Gre { flags: Gre::CHECKSUM_PRESENT, protocol: Field::Forced(0x1234), checksum: 0x5678, ..Gre::new() };
    assert_eq!(defects_of([ipv4().into(), gre.into()], &[]), ["octet 24: GRE checksum is 0x5678, should be 0x6dcb"]);
}

/// Zero means no checksum over IPv4 (RFC 768), is not allowed over IPv6 (RFC 8200 section 8.1), and is never computed.
#[test]
fn udp_checksum_zero() {
    let none = Udp { checksum: Field::Forced(0), ..Udp::new(1, 2) };
    assert_eq!(defects_of([ipv4().into(), none.clone().into()], b"data"), [] as [&str; 0]);
    let six = defects_of([ipv6().into(), none.into()], b"data");
    assert_eq!(six, ["octet 46: UDP checksum is 0x0000, should be 0x0ef9"]);

    // A payload that makes the sum 0xffff.
    let sum = Packet::new([ipv4().into(), Udp::new(1, 2).into()], &[0, 0]).to_octets();
    let payload = [sum[26], sum[27]];
    let packet = Packet::new([ipv4().into(), Udp::new(1, 2).into()], &payload);
    let octets = packet.to_octets();
    assert_eq!(octets[26..28], [0xff, 0xff]);
    assert_eq!(Packet::parse(&octets, None).packet, packet);
}

/// 0xffff in place of a computed 0 satisfies every receiver (RFC 1624 section 3), and is kept.
#[test]
fn the_other_zero_is_no_defect() {
    let sum = Packet::new([ipv4().into(), Tcp::new(1, 2).into()], &[0, 0]).to_octets();
    let payload = [sum[36], sum[37]];
    let computed = Packet::new([ipv4().into(), Tcp::new(1, 2).into()], &payload).to_octets();
    assert_eq!(computed[36..38], [0, 0]);
    let other = Tcp { checksum: Field::Forced(0xffff), ..Tcp::new(1, 2) };
    let packet = Packet::new([ipv4().into(), other.into()], &payload);
    assert_eq!(defects(&packet.to_octets()), [] as [&str; 0]);
    assert_eq!(Packet::parse(&packet.to_octets(), None).packet, packet);
}

#[test]
fn options() {
    let with = |octets: &[u8]| Tcp { options: TcpOptions::from_raw(octets), ..Tcp::new(1, 2) };
    let of = |octets: &[u8]| defects_of([ipv4().into(), with(octets).into()], &[]);
    assert_eq!(of(&[1, 2, 0, 0]), ["octet 41: TCP option of kind 2 has length 0"]);
    assert_eq!(of(&[1, 1, 1, 99]), ["octet 43: TCP option of kind 99 has length 0"]);
    assert_eq!(of(&[1, 99, 1, 1]), ["octet 41: TCP option of kind 99 has length 1"]);
    assert_eq!(of(&[1, 8, 10, 1]), ["octet 41: TCP option of kind 8 has length 10"]);
    assert_eq!(of(&[2, 3, 5, 1]), ["octet 40: TCP option of kind 2 has length 3"], "whole, but not its own length");
    assert_eq!(of(&[5, 2, 1, 1]), ["octet 40: TCP option of kind 5 has length 2"]);
    assert_eq!(of(&[1, 0, 0, 7]), ["octet 43: reserved bits of TCP header padding are set"]);
    assert_eq!(of(&[254, 4, 0xf9, 0x89]), [] as [&str; 0]);
    let ip = Ipv4 { options: Ipv4Options::from_raw(&[1, 7, 9, 4]), ..ipv4() };
    assert_eq!(defects_of([ip.into()], &[]), ["octet 21: IPv4 option of kind 7 has length 9"]);
    let hop_by_hop = Ipv6Extension::new(protocol::HOP_BY_HOP, vec![0, 5, 9, 0, 0, 0]);
    assert_eq!(defects_of([ipv6().into(), hop_by_hop.into()], &[]), ["octet 43: IPv6 option of kind 5 has length 9"]);
}

#[test]
fn reserved_bits() {
    let ip = Ipv4 { reserved_flag: true, ..ipv4() };
    let tcp = Tcp { reserved: 0b100, flags: TcpFlags::AE, ..Tcp::new(1, 2) };
    assert_eq!(
        defects_of([ip.into(), tcp.into()], &[]),
        ["octet 6: reserved bits of IPv4 flags are set", "octet 32: reserved bits of TCP header are set"]
    );
    let fragment = Ipv6Fragment { reserved_bits: 1, ..Ipv6Fragment::new(1, 1, true) };
    assert_eq!(
        defects_of([ipv6().into(), fragment.into()], &[]),
        ["octet 43: reserved bits of IPv6 fragment header are set"]
    );
    let gre = Gre { flags: 0x0001, protocol: Field::Forced(0x880b), ..Gre::new() };
    assert_eq!(defects_of([ipv4().into(), gre.into()], &[]), ["octet 20: reserved bits of GRE header are set"]);
}

#[test]
fn several_defects_are_in_octet_order() {
    let ip = Ipv4 { reserved_flag: true, checksum: Field::Forced(1), total_length: Field::Forced(99), ..ipv4() };
    let tcp = Tcp { data_offset: Field::Forced(1), checksum: Field::Forced(1), ..Tcp::new(1, 2) };
    let octets = Packet::new([ip.into(), tcp.into()], &[]).to_octets();
    let parsed = Packet::parse(&octets, None);
    let at: Vec<usize> = parsed.defects.iter().map(|defect| defect.octet).collect();
    assert_eq!(at, [2, 6, 10, 32, 36]);
    assert!(matches!(parsed.defects[4].kind, DefectKind::Checksum { protocol: "TCP", actual: 1, .. }));
}

#[test]
fn options_of_more_than_40_octets_spill_into_the_payload() {
    let mut tcp = Tcp::new(1, 2);
    tcp.options.push_raw(&[1; 44]);
    let octets = Packet::new([ipv4().into(), tcp.into()], &[]).to_octets();
    assert_eq!(octets[32] >> 4, 15);
    let parsed = Packet::parse(&octets, None);
    assert_eq!(parsed.packet.payload, [1; 4]);
    assert_eq!(parsed.defects.as_slice(), &[]);
}

/// ICMP belongs to IPv4 and ICMPv6 to IPv6; the other way round, what is carried is not looked into.
#[test]
fn the_other_versions_icmp_is_payload() {
    let octets = Packet::new([ipv4().into(), Icmpv6::echo_request(1, 2).into()], &[]).to_octets();
    let parsed = Packet::parse(&octets, None);
    assert_eq!(parsed.packet.ipv4().map(|ip| ip.protocol), Some(Field::Forced(protocol::ICMPV6)));
    assert_eq!(parsed.packet.payload.len(), 8);
    assert_eq!(parsed.defects.as_slice(), &[]);
}

#[test]
fn accessors_give_the_innermost() {
    let inner = Ipv4::new([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
    let headers = [ipv6().into(), ipv4().into(), MplsEntry::new(5).into(), inner.into(), Udp::new(7, 8).into()];
    let mut packet = Packet::new(headers, &[]);
    assert_eq!(packet.source(), Some([10, 0, 0, 1].into()));
    assert_eq!(packet.destination(), Some([10, 0, 0, 2].into()));
    assert_eq!(packet.ports(), Some((7, 8)));
    assert_eq!(packet.ipv6().map(|ip| ip.hop_limit), Some(255));
    assert!(!packet.is_fragment());
    if let Some(ip) = packet.ipv4_mut() {
        ip.more_fragments = true;
    }
    assert!(packet.is_fragment());
    assert!(matches!(&packet.headers[1], Header::Ipv4(ip) if !ip.more_fragments));
}

/// 8 octets of what the datagram carries are all that RFC 792 asks for.
#[test]
fn short_quotations() {
    let mut tcp = Tcp { sequence: 0x0102_0304, ..Tcp::new(40000, 8080) };
    tcp.options.push(TcpOption::MaximumSegmentSize(1460));
    let octets = Packet::new([ipv4().into(), tcp.into()], b"data").to_octets();
    let quoted = Quoted::parse(&octets[..28]);
    assert_eq!(quoted.ports(), Some((40000, 8080)));
    assert_eq!(quoted.tcp_sequence(), Some(0x0102_0304));
    assert_eq!(quoted.protocol(), Some(protocol::TCP));
    assert_eq!(quoted.destination(), Some([192, 0, 2, 2].into()));
    assert_eq!(Quoted::parse(&octets[..27]).tcp_sequence(), None);
    assert_eq!(Quoted::parse(&octets[..23]).ports(), None);
    assert_eq!(Quoted::parse(&octets).packet.tcp().map(|tcp| tcp.sequence), Some(0x0102_0304));

    let later = Ipv4 { fragment_offset: 3, protocol: Field::Forced(protocol::TCP), ..ipv4() };
    let octets = Packet::new([later.into()], &[0; 8]).to_octets();
    assert_eq!(Quoted::parse(&octets).ports(), None, "a later fragment has no ports");
}

#[test]
fn fragments_that_cannot_be() {
    let datagram = Packet::new([ipv4().into(), Udp::new(1, 2).into()], &[0; 16]).to_octets();
    assert_eq!(fragment(&datagram, 4..8, 1), Err(FragmentError::Start(4)));
    assert_eq!(fragment(&datagram, 8..25, 1), Err(FragmentError::Range { start: 8, end: 25, present: 24 }));
    assert_eq!(fragment(&datagram, 8..16, 0x10000), Err(FragmentError::Identification(0x10000)));
    assert_eq!(fragment(&[0; 40], 0..8, 1), Err(FragmentError::NotIp));
    let last = Ipv4 { fragment_offset: 0x1fff, ..ipv4() };
    let datagram = Packet::new([last.into()], &[0; 16]).to_octets();
    assert_eq!(fragment(&datagram, 8..16, 1), Err(FragmentError::Offset(0x10000)));
    let atomic =
        Packet::new([ipv6().into(), Ipv6Fragment::new(1, 0, false).into(), Udp::new(1, 2).into()], &[]).to_octets();
    assert_eq!(fragment(&atomic, 0..8, 1), Err(FragmentError::FragmentHeader));
}

#[test]
fn fragments_repeat_copied_options_only() {
    let mut ip = ipv4();
    ip.options
        .push(Ipv4Option::Other { kind: Ipv4Option::RECORD_ROUTE, data: &[4, 0, 0, 0, 0] })
        .push(Ipv4Option::Other { kind: Ipv4Option::ROUTER_ALERT, data: &[0, 0] });
    let datagram = Packet::new([ip.clone().into(), Udp::new(1, 2).into()], &[0; 16]).to_octets();
    let first = fragment(&datagram, 0..16, 1).expect("starts at 0");
    assert_eq!(first[20..32], datagram[20..32]);
    let second = fragment(&datagram, 8..24, 1).expect("overlaps the first");
    assert_eq!(second[..2], [0x46, 0]);
    assert_eq!(second[20..24], [148, 4, 0, 0]);
    assert_eq!(second[24..], datagram[40..]);
    assert_eq!(second[6..8], [0, 1], "last: offset 1 without MF");
}
