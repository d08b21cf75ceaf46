//! Packets that are published, field by field and octet by octet.

use rfcheck::wire::{
    Field, Gre, Header, Icmpv4, Icmpv6, Ipv4, Ipv4Option, Ipv6, Ipv6Extension, Ipv6Fragment, MplsEntry, Packet, Quoted,
    Tcp, TcpFlags, TcpOption, TcpOptions, Udp, fragment, internet_checksum, protocol,
};

/// Octets from hexadecimal digits, spaces ignored.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Asserts that `octets` are read without defects as these headers and payload, and that those are written as `octets`.
#[track_caller]
fn assert_same(octets: &[u8], headers: impl IntoIterator<Item = Header>, payload: &[u8]) {
    let packet = Packet::new(headers, payload);
    let parsed = Packet::parse(octets, None);
    assert_eq!(parsed.defects.as_slice(), &[]);
    assert_eq!(parsed.packet, packet);
    assert!(parsed.trailer.is_empty());
    assert_eq!(packet.to_octets(), octets);
}

/// The first packet of the capture http.cap of Wireshark's sample captures.
#[test]
fn syn_of_wiresharks_http_capture() {
    let octets = hex("4500 0030 0f41 4000 8006 91eb 91fe a0ed 41d0 e4df
         0d2c 0050 38af fe13 0000 0000 7002 2238 c30c 0000 0204 05b4 0101 0402");
    let mut ipv4 = Ipv4::new([145, 254, 160, 237].into(), [65, 208, 228, 223].into());
    ipv4.identification = 0x0f41;
    ipv4.dont_fragment = true;
    ipv4.ttl = 128;
    let mut tcp = Tcp::new(3372, 80);
    tcp.sequence = 0x38af_fe13;
    tcp.flags = TcpFlags::SYN;
    tcp.window = 8760;
    tcp.options
        .push(TcpOption::MaximumSegmentSize(1460))
        .push(TcpOption::NoOperation)
        .push(TcpOption::NoOperation)
        .push(TcpOption::SackPermitted);
    assert_same(&octets, [ipv4.into(), tcp.into()], &[]);
}

/// The IPv4 header whose checksum b861 the Wikipedia article on the IPv4 header checksum works out; the datagram's 95
/// octets are not given, so they are cut off.
#[test]
fn header_checksum_of_the_wikipedia_example() {
    let octets = hex("4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7");
    assert_eq!(internet_checksum(&octets), 0xb861);
    let mut ipv4 = Ipv4::new([192, 168, 0, 1].into(), [192, 168, 0, 199].into());
    ipv4.dont_fragment = true;
    ipv4.ttl = 64;
    let payload = [Header::from(ipv4), Udp::new(0, 0).into()];
    let packet = Packet::new(payload, &[0; 87]).to_octets();
    assert_eq!(&packet[..20], hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"));
}

/// The ICMPv6 packet too big that smoltcp's tests use. The UDP checksum in its quotation is not right over IPv6.
#[test]
fn packet_too_big_with_quotation() {
    let quotation =
        hex("6000 0000 000c 1140 fe80 0000 0000 0000 0000 0000 0000 0001 fe80 0000 0000 0000 0000 0000 0000 0002
         bf00 0035 000c 124d aa00 00ff");
    let [one, two] = ["fe80::1", "fe80::2"].map(|text| text.parse().expect("an address"));
    let mut octets =
        hex("6000 0000 003c 3aff fe80 0000 0000 0000 0000 0000 0000 0001 fe80 0000 0000 0000 0000 0000 0000 0002");
    octets.extend(hex("0200 0fc9 0000 05dc"));
    octets.extend(&quotation);
    assert_same(&octets, [Ipv6::new(one, two).into(), Icmpv6::packet_too_big(1500).into()], &quotation);

    let quoted = Quoted::parse(&quotation[..48]);
    assert_eq!(quoted.ports(), Some((0xbf00, 53)));
    assert_eq!(quoted.protocol(), Some(protocol::UDP));
}

/// RFC 791 appendix A, figure 5: the minimal datagram that carries data. Addresses are not given there.
#[test]
fn rfc791_figure_5() {
    let parsed = hex("45 00 0015 006f 0000 7b 01 0000 00000000 00000000 5a");
    let packet = Packet::parse(&parsed, None).packet;
    let ipv4 = packet.ipv4().expect("an IPv4 header");
    assert_eq!((ipv4.total_length, ipv4.header_length), (Field::Computed, Field::Computed));
    assert_eq!((ipv4.identification, ipv4.fragment_offset, ipv4.ttl), (111, 0, 123));
    assert_eq!(ipv4.protocol, Field::Forced(protocol::ICMP), "one octet is no ICMP header");
    assert_eq!(packet.payload, [0x5a]);
}

/// RFC 791 appendix A, figures 6 to 8: a datagram of 472 octets in two fragments, cut after 256 octets of data.
#[test]
fn rfc791_figures_6_to_8() {
    let data: Vec<u8> = (0..452u32).map(|i| i as u8).collect();
    let mut ipv4 = Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    ipv4.ttl = 123;
    ipv4.protocol = Field::Forced(protocol::TCP);
    let datagram = Packet::new([ipv4.into()], &data).to_octets();
    assert_eq!(datagram[2..4], 472u16.to_be_bytes());

    let first = fragment(&datagram, 0..256, 111).expect("starts at 0");
    assert_eq!(first[..10], hex("45 00 0114 006f 2000 7b 06"), "total length 276, MF, offset 0");
    assert_eq!(first[20..], data[..256]);
    let second = fragment(&datagram, 256..452, 111).expect("starts at a multiple of 8");
    assert_eq!(second[..10], hex("45 00 00d8 006f 0020 7b 06"), "total length 216, offset 32");
    assert_eq!(second[20..], data[256..]);
    for fragment in [first, second] {
        let parsed = Packet::parse(&fragment, None);
        assert_eq!(parsed.defects.as_slice(), &[]);
        assert!(parsed.packet.is_fragment());
        assert_eq!(parsed.packet.tcp(), None);
    }
}

/// RFC 791 appendix A, figure 9: options of lengths 3, 4, 1, 3 and the end of the list make IHL 8.
#[test]
fn rfc791_figure_9() {
    let mut ipv4 = Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    ipv4.identification = 111;
    ipv4.ttl = 123;
    ipv4.protocol = Field::Forced(protocol::TCP);
    ipv4.fragment_offset = 1; // so that nothing is sought behind the header
    ipv4.options
        .push(Ipv4Option::Other { kind: 7, data: &[1] })
        .push(Ipv4Option::Other { kind: 7, data: &[1, 2] })
        .push(Ipv4Option::NoOperation)
        .push(Ipv4Option::Other { kind: 68, data: &[1] })
        .push(Ipv4Option::End);
    assert_eq!(ipv4.options.len(), 12);
    let octets = Packet::new([ipv4.clone().into()], &[0; 544]).to_octets();
    assert_eq!(octets[..4], hex("48 00 0240"));
    assert_eq!(octets[20..32], hex("07 03 01 07 04 01 02 01 44 03 01 00"));
    assert_same(&octets, [ipv4.into()], &[0; 544]);
}

/// RFC 792, echo, over the figure of section 3.1 of RFC 791.
#[test]
fn rfc792_echo() {
    let octets = hex("45 00 0020 0000 0000 ff 01 37d9 c0000201 c0000202 08 00 0d02 1234 0007 6461 7461");
    let ipv4 = Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    assert_same(&octets, [ipv4.into(), Icmpv4::echo(0x1234, 7).into()], b"data");
}

/// RFC 2018 section 4, last line of case 3: three blocks and a timestamp in 40 octets of options.
#[test]
fn rfc2018_blocks() {
    let mut options = TcpOptions::new();
    options.push(TcpOption::NoOperation).push(TcpOption::NoOperation);
    options.push(TcpOption::Timestamps { value: 1, echo_reply: 2 });
    options.push(TcpOption::NoOperation).push(TcpOption::NoOperation);
    options.push_sack(&[(8000, 8500), (7000, 7500), (6000, 6500)]);
    let octets = hex("0101 080a 00000001 00000002 0101 051a 00001f40 00002134 00001b58 00001d4c 00001770 00001964");
    assert_eq!(options.as_bytes(), octets);
    assert_eq!(options.len(), 40);
    let sack = options.find(TcpOption::SACK).expect("it was pushed");
    assert_eq!(sack.sack_blocks().collect::<Vec<_>>(), [(8000, 8500), (7000, 7500), (6000, 6500)]);
}

/// RFC 2890 section 2: key and sequence number; RFC 2784 section 2.1: checksum and reserved1 before them.
#[test]
fn rfc2890_gre() {
    let inner = Packet::new([Ipv4::new([10, 0, 0, 1].into(), [10, 0, 0, 2].into()).into()], &[]).to_octets();
    let gre = Gre { flags: 0x3000, key: 0x0102_0304, sequence: 5, ..Gre::new() };
    let outer = Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let inner_header = Ipv4::new([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
    let packet = Packet::new([outer.clone().into(), gre.into(), inner_header.clone().into()], &[]);
    let octets = packet.to_octets();
    assert_eq!(octets[9], protocol::GRE);
    assert_eq!(octets[20..32], hex("3000 0800 01020304 00000005"));
    assert_eq!(octets[32..], inner);
    assert_eq!(Packet::parse(&octets, None).packet, packet);

    // All but the checksum sums to what it has to complement.
    let gre = Gre { flags: 0x8000, ..Gre::new() };
    let mut octets = Packet::new([outer.into(), gre.into(), inner_header.into()], &[]).to_octets();
    let checksum = internet_checksum(&octets[20..]);
    octets[24..26].copy_from_slice(&checksum.to_be_bytes());
    let parsed = Packet::parse(&octets, None);
    assert_eq!(parsed.defects.as_slice(), &[]);
    assert_eq!(parsed.packet.gre().map(|gre| gre.checksum), Some(checksum));
}

/// RFC 3032 section 2.1: label, traffic class, bottom of stack, TTL; over GRE as RFC 4023 section 3.2 has it.
#[test]
fn rfc3032_stack() {
    let outer = Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let inner = Ipv6::new([1; 16].into(), [2; 16].into());
    let top = MplsEntry { label: 0xabcde, traffic_class: 0b101, bottom_of_stack: false, ttl: 64 };
    let headers = [outer.into(), Gre::new().into(), top.into(), MplsEntry::new(16).into(), inner.into()];
    let packet = Packet::new(headers, b"x");
    let octets = packet.to_octets();
    assert_eq!(octets[20..32], hex("0000 8847 abcdea40 000101ff"));
    let parsed = Packet::parse(&octets, None);
    assert_eq!(parsed.packet, packet);
    assert_eq!(parsed.defects.as_slice(), &[]);
}

/// RFC 8200 section 4: hop-by-hop, routing, fragment and destination options headers before TCP; section 8.1: the
/// pseudo-header has the final destination.
#[test]
fn rfc8200_extension_headers() {
    let [source, router, target] =
        ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(|a| a.parse().expect("an address"));
    let mut routing = vec![0, 1, 0, 0, 0, 0];
    routing.extend_from_slice(&std::net::Ipv6Addr::octets(&target));
    let headers = [
        Ipv6::new(source, router).into(),
        Ipv6Extension::new(protocol::HOP_BY_HOP, vec![5, 2, 0, 0, 1, 0]).into(),
        Ipv6Extension::new(protocol::ROUTING, routing).into(),
        Ipv6Fragment::new(9, 0, false).into(),
        Ipv6Extension::new(protocol::DESTINATION_OPTIONS, vec![1, 4, 0, 0, 0, 0]).into(),
        Tcp::new(1, 2).into(),
    ];
    let packet = Packet::new(headers, b"data");
    let octets = packet.to_octets();
    assert_eq!(octets[40..48], hex("2b 00 0502 0000 0100"));
    assert_eq!(octets[48..56], hex("2c 02 00 01 0000 0000"));
    assert_eq!(octets[72..80], hex("3c 00 0000 0000 0009"));
    assert_eq!(octets[80..88], hex("06 00 0104 0000 0000"));
    let parsed = Packet::parse(&octets, None);
    assert_eq!(parsed.packet, packet);
    assert_eq!(parsed.defects.as_slice(), &[]);
    // The same segment straight to its target has the same checksum.
    let direct = Packet::new([Ipv6::new(source, target).into(), Tcp::new(1, 2).into()], b"data").to_octets();
    assert_eq!(octets[88..], direct[40..]);
}

/// Fragments of an IPv6 packet repeat what stands up to the routing header (RFC 8200 section 4.5).
#[test]
fn rfc8200_fragments() {
    let [source, target] = ["2001:db8::1", "2001:db8::2"].map(|a| a.parse().expect("an address"));
    let hop_by_hop = Ipv6Extension::new(protocol::HOP_BY_HOP, vec![1, 4, 0, 0, 0, 0]);
    let destination = Ipv6Extension::new(protocol::DESTINATION_OPTIONS, vec![1, 4, 0, 0, 0, 0]);
    let headers = [Ipv6::new(source, target).into(), hop_by_hop.into(), destination.into(), Udp::new(1, 2).into()];
    let datagram = Packet::new(headers, &[7; 20]).to_octets();
    let cut = fragment(&datagram, 8..24, 0xabcd).expect("starts at a multiple of 8");
    assert_eq!(cut[4..7], hex("0020 00"), "two headers of 8 octets and 16 octets of payload follow");
    assert_eq!(cut[40..42], hex("2c 00"));
    assert_eq!(cut[48..56], hex("3c 00 0009 0000abcd"), "offset 1, M, of what starts with destination options");
    assert_eq!(cut[56..], datagram[56..72]);
    let parsed = Packet::parse(&cut, None);
    assert_eq!(parsed.defects.as_slice(), &[]);
    assert_eq!(parsed.packet.payload, &datagram[56..72]);
}

/// A segment in UDP, as packetdrill's FreeBSD dialect sends it: both checksums cover what follows them.
#[test]
fn tcp_over_udp() {
    let ipv4 = Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let packet = Packet::new([ipv4.clone().into(), Udp::new(9899, 9899).into(), Tcp::new(1, 2).into()], b"data");
    let octets = packet.to_octets();
    assert_eq!(Packet::parse(&octets, Some(9899)).packet, packet);
    assert_eq!(Packet::parse(&octets, None).packet.tcp(), None);
    let without_udp = Packet::new([ipv4.into(), Tcp::new(1, 2).into()], b"data").to_octets();
    assert_eq!(octets[28..], without_udp[20..], "TCP's pseudo-header says TCP, and counts TCP's octets");
}
