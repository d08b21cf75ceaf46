//! Fields and checksums as etherparse and smoltcp read them in the same octets.

mod wire_packets;

use std::net::IpAddr;

use etherparse::{Icmpv4Slice, Icmpv6Slice, NetHeaders, PacketHeaders, TransportHeader};
use proptest::prelude::*;
use rfcheck::wire::{
    Header, Icmpv4, Icmpv6, Ipv4, Ipv6, Packet, PseudoHeader, Tcp, TcpFlags, TcpOption, Udp, fragment,
    internet_checksum,
};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    Icmpv4Packet, Icmpv6Packet, IpAddress, IpProtocol, Ipv4Packet, Ipv6FragmentHeader, Ipv6Packet, TcpPacket, UdpPacket,
};
use wire_packets::plain_packet;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn etherparse_reads_the_same((headers, payload) in plain_packet()) {
        let packet = Packet { headers, payload: &payload };
        let octets = packet.to_octets();
        let theirs = PacketHeaders::from_ip_slice(&octets).map_err(|e| TestCaseError::fail(e.to_string()))?;
        match (&packet.headers[0], &theirs.net) {
            (Header::Ipv4(ours), Some(NetHeaders::Ipv4(theirs, _))) => {
                etherparse_ipv4(ours, theirs)?;
                prop_assert_eq!(usize::from(theirs.total_len), octets.len());
                prop_assert_eq!(theirs.header_checksum, theirs.calc_header_checksum());
            }
            (Header::Ipv6(ours), Some(NetHeaders::Ipv6(theirs, _))) => {
                etherparse_ipv6(ours, theirs)?;
                prop_assert_eq!(usize::from(theirs.payload_length), octets.len() - 40);
            }
            _ => prop_assert!(false, "{:?}", theirs.net),
        }
        match (&packet.headers[1], &theirs.transport) {
            (Header::Tcp(ours), Some(TransportHeader::Tcp(tcp))) => {
                etherparse_tcp(ours, tcp)?;
                let checksum = match &theirs.net {
                    Some(NetHeaders::Ipv4(ip, _)) => tcp.calc_checksum_ipv4(ip, &payload),
                    Some(NetHeaders::Ipv6(ip, _)) => tcp.calc_checksum_ipv6(ip, &payload),
                    _ => unreachable!("checked above"),
                };
                prop_assert_eq!(Ok(tcp.checksum), checksum);
            }
            (Header::Udp(ours), Some(TransportHeader::Udp(udp))) => {
                prop_assert_eq!((ours.source_port, ours.destination_port), (udp.source_port, udp.destination_port));
                prop_assert_eq!(usize::from(udp.length), payload.len() + Udp::LENGTH);
                let checksum = match &theirs.net {
                    Some(NetHeaders::Ipv4(ip, _)) => udp.calc_checksum_ipv4(ip, &payload),
                    Some(NetHeaders::Ipv6(ip, _)) => udp.calc_checksum_ipv6(ip, &payload),
                    _ => unreachable!("checked above"),
                };
                prop_assert_eq!(Ok(udp.checksum), checksum);
            }
            (Header::Icmpv4(ours), _) => {
                let start = packet.headers[0].emitted_length();
                let theirs = Icmpv4Slice::from_slice(&octets[start..]).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert_eq!((ours.kind, ours.code, ours.rest), (theirs.type_u8(), theirs.code_u8(), theirs.bytes5to8()));
                prop_assert_eq!(etherparse::checksum::Sum16BitWords::new().add_slice(&octets[start..]).ones_complement(), 0);
            }
            (Header::Icmpv6(ours), _) => {
                let theirs = Icmpv6Slice::from_slice(&octets[40..]).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert_eq!((ours.kind, ours.code, ours.rest), (theirs.type_u8(), theirs.code_u8(), theirs.bytes5to8()));
                let Some((IpAddr::V6(source), IpAddr::V6(destination))) = packet.source().zip(packet.destination()) else {
                    return Err(TestCaseError::fail("ICMPv6 is over IPv6"));
                };
                prop_assert!(theirs.is_checksum_valid(source.octets(), destination.octets()));
            }
            (ours, theirs) => prop_assert!(false, "{ours:?} is not {theirs:?}"),
        }
    }

    #[test]
    fn smoltcp_reads_the_same((headers, payload) in plain_packet()) {
        let packet = Packet { headers, payload: &payload };
        let octets = packet.to_octets();
        let (source, destination, protocol, rest) = match &packet.headers[0] {
            Header::Ipv4(ours) => {
                let theirs = Ipv4Packet::new_checked(&octets[..]).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert!(theirs.verify_checksum());
                prop_assert_eq!(usize::from(theirs.header_len()), ours.emitted_length());
                prop_assert_eq!(usize::from(theirs.total_len()), octets.len());
                prop_assert_eq!(ours.tos, theirs.dscp() << 2 | theirs.ecn());
                prop_assert_eq!(ours.identification, theirs.ident());
                prop_assert_eq!(ours.dont_fragment, theirs.dont_frag());
                prop_assert_eq!(ours.ttl, theirs.hop_limit());
                prop_assert_eq!((ours.source, ours.destination), (theirs.src_addr(), theirs.dst_addr()));
                (IpAddress::from(ours.source), IpAddress::from(ours.destination), theirs.next_header(), theirs.payload())
            }
            Header::Ipv6(ours) => {
                let theirs = Ipv6Packet::new_checked(&octets[..]).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert_eq!(ours.traffic_class, theirs.traffic_class());
                prop_assert_eq!(ours.flow_label, theirs.flow_label());
                prop_assert_eq!(theirs.total_len(), octets.len());
                prop_assert_eq!(ours.hop_limit, theirs.hop_limit());
                prop_assert_eq!((ours.source, ours.destination), (theirs.src_addr(), theirs.dst_addr()));
                (IpAddress::from(ours.source), IpAddress::from(ours.destination), theirs.next_header(), theirs.payload())
            }
            other => return Err(TestCaseError::fail(format!("{other:?} is no IP header"))),
        };
        match (&packet.headers[1], protocol) {
            (Header::Tcp(ours), IpProtocol::Tcp) => {
                let theirs = TcpPacket::new_checked(rest).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert!(theirs.verify_checksum(&source, &destination));
                smoltcp_tcp(ours, &theirs)?;
                prop_assert_eq!(theirs.payload(), &payload);
            }
            (Header::Udp(ours), IpProtocol::Udp) => {
                let theirs = UdpPacket::new_checked(rest).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert!(theirs.verify_checksum(&source, &destination));
                prop_assert_eq!((ours.source_port, ours.destination_port), (theirs.src_port(), theirs.dst_port()));
                prop_assert_eq!(theirs.payload(), &payload);
            }
            (Header::Icmpv4(ours), IpProtocol::Icmp) => {
                let theirs = Icmpv4Packet::new_checked(rest).map_err(|e| TestCaseError::fail(e.to_string()))?;
                prop_assert!(theirs.verify_checksum());
                prop_assert_eq!((ours.kind, ours.code), (theirs.msg_type().into(), theirs.msg_code()));
            }
            (Header::Icmpv6(ours), IpProtocol::Icmpv6) => {
                let (IpAddress::Ipv6(source), IpAddress::Ipv6(destination)) = (source, destination) else {
                    return Err(TestCaseError::fail("ICMPv6 is over IPv6"));
                };
                let theirs = Icmpv6Packet::new_unchecked(rest);
                prop_assert!(theirs.verify_checksum(&source, &destination));
                prop_assert_eq!((ours.kind, ours.code), (theirs.msg_type().into(), theirs.msg_code()));
            }
            (ours, theirs) => prop_assert!(false, "{ours:?} is not {theirs:?}"),
        }
    }

    #[test]
    fn checksums_are_those_of_etherparse(octets in prop::collection::vec(any::<u8>(), 0..300), addresses in any::<[u128; 2]>()) {
        let mut theirs = etherparse::checksum::Sum16BitWords::new().add_slice(&octets);
        prop_assert_eq!(internet_checksum(&octets), theirs.ones_complement().to_be());
        let [source, destination] = addresses.map(std::net::Ipv6Addr::from);
        let ours = PseudoHeader::v6(source, destination, 6, octets.len()).checksum(&octets);
        let theirs = theirs
            .add_16bytes(source.octets())
            .add_16bytes(destination.octets())
            .add_4bytes((octets.len() as u32).to_be_bytes())
            .add_2bytes([0, 6]);
        prop_assert_eq!(ours, theirs.ones_complement().to_be());
    }

    #[test]
    fn fragments_are_those_that_etherparse_reads((headers, payload) in plain_packet(), start in 0usize..8, length in 1usize..40) {
        let packet = Packet { headers, payload: &payload };
        let octets = packet.to_octets();
        let before = packet.headers[0].emitted_length();
        let (start, carried) = (start * 8, octets.len() - before);
        let end = (start + length).min(carried);
        prop_assume!(start < end);
        let fragment = fragment(&octets, start..end, 77).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let theirs = PacketHeaders::from_ip_slice(&fragment).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let (offset, more, identification) = match &theirs.net {
            Some(NetHeaders::Ipv4(ip, _)) => {
                prop_assert_eq!(ip.header_checksum, ip.calc_header_checksum());
                (ip.fragment_offset, ip.more_fragments, u32::from(ip.identification))
            }
            Some(NetHeaders::Ipv6(_, extensions)) => {
                let theirs = Ipv6FragmentHeader::new_checked(&fragment[42..]);
                prop_assert_eq!(theirs.map(|f| usize::from(f.frag_offset()) * 8), Ok(start));
                let f = extensions.fragment.as_ref().ok_or_else(|| TestCaseError::fail("no fragment header"))?;
                (f.fragment_offset, f.more_fragments, f.identification)
            }
            None | Some(NetHeaders::Arp(_)) => return Err(TestCaseError::fail("no IP header")),
        };
        prop_assert_eq!(usize::from(offset.byte_offset()), start);
        prop_assert_eq!(more, end != carried);
        prop_assert_eq!(identification, 77);
        prop_assert_eq!(&fragment[fragment.len() - (end - start)..], &octets[before + start..before + end]);
    }
}

fn etherparse_ipv4(ours: &Ipv4, theirs: &etherparse::Ipv4Header) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.tos, theirs.dscp.value() << 2 | theirs.ecn.value());
    prop_assert_eq!(ours.identification, theirs.identification);
    prop_assert_eq!(ours.dont_fragment, theirs.dont_fragment);
    prop_assert_eq!(ours.ttl, theirs.time_to_live);
    prop_assert_eq!((ours.source.octets(), ours.destination.octets()), (theirs.source, theirs.destination));
    prop_assert_eq!(ours.options.as_bytes(), theirs.options.as_slice());
    Ok(())
}

fn etherparse_ipv6(ours: &Ipv6, theirs: &etherparse::Ipv6Header) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.traffic_class, theirs.traffic_class);
    prop_assert_eq!(ours.flow_label, theirs.flow_label.value());
    prop_assert_eq!(ours.hop_limit, theirs.hop_limit);
    prop_assert_eq!((ours.source.octets(), ours.destination.octets()), (theirs.source, theirs.destination));
    Ok(())
}

fn etherparse_tcp(ours: &Tcp, theirs: &etherparse::TcpHeader) -> Result<(), TestCaseError> {
    prop_assert_eq!((ours.source_port, ours.destination_port), (theirs.source_port, theirs.destination_port));
    prop_assert_eq!((ours.sequence, ours.acknowledgment), (theirs.sequence_number, theirs.acknowledgment_number));
    prop_assert_eq!((ours.window, ours.urgent_pointer), (theirs.window_size, theirs.urgent_pointer));
    prop_assert_eq!(ours.options.as_bytes(), theirs.options.as_slice());
    let bits = [
        (TcpFlags::FIN, theirs.fin),
        (TcpFlags::SYN, theirs.syn),
        (TcpFlags::RST, theirs.rst),
        (TcpFlags::PSH, theirs.psh),
        (TcpFlags::ACK, theirs.ack),
        (TcpFlags::URG, theirs.urg),
        (TcpFlags::ECE, theirs.ece),
        (TcpFlags::CWR, theirs.cwr),
        (TcpFlags::AE, theirs.ns),
    ];
    for (bit, theirs) in bits {
        prop_assert_eq!(ours.flags.contains(bit), theirs, "{}", bit);
    }
    for (ours, theirs) in ours.options.iter().flatten().zip(theirs.options_iterator().flatten()) {
        let same = match (ours, theirs) {
            (TcpOption::NoOperation, etherparse::TcpOptionElement::Noop) => true,
            (TcpOption::MaximumSegmentSize(a), etherparse::TcpOptionElement::MaximumSegmentSize(b)) => a == b,
            (TcpOption::WindowScale(a), etherparse::TcpOptionElement::WindowScale(b)) => a == b,
            (TcpOption::SackPermitted, etherparse::TcpOptionElement::SelectiveAcknowledgementPermitted) => true,
            (TcpOption::Sack(_), etherparse::TcpOptionElement::SelectiveAcknowledgement(first, _)) => {
                ours.sack_blocks().next() == Some(first)
            }
            (TcpOption::Timestamps { value, echo_reply }, etherparse::TcpOptionElement::Timestamp(a, b)) => {
                (value, echo_reply) == (a, b)
            }
            _ => false,
        };
        prop_assert!(same, "{:?}", ours);
    }
    Ok(())
}

fn smoltcp_tcp(ours: &Tcp, theirs: &TcpPacket<&[u8]>) -> Result<(), TestCaseError> {
    prop_assert_eq!((ours.source_port, ours.destination_port), (theirs.src_port(), theirs.dst_port()));
    prop_assert_eq!(ours.sequence, theirs.seq_number().0 as u32);
    prop_assert_eq!(ours.acknowledgment, theirs.ack_number().0 as u32);
    prop_assert_eq!(usize::from(theirs.header_len()), ours.emitted_length());
    prop_assert_eq!((ours.window, ours.urgent_pointer), (theirs.window_len(), theirs.urgent_at()));
    prop_assert_eq!(ours.options.as_bytes(), theirs.options());
    let bits = [
        theirs.ns(),
        theirs.cwr(),
        theirs.ece(),
        theirs.urg(),
        theirs.ack(),
        theirs.psh(),
        theirs.rst(),
        theirs.syn(),
        theirs.fin(),
    ];
    prop_assert_eq!(ours.flags.0, bits.into_iter().fold(0, |bits, bit| bits << 1 | u16::from(bit)));
    Ok(())
}

/// What smoltcp writes is read without defects, and written again in the same octets.
#[test]
fn what_smoltcp_writes_is_read() {
    use smoltcp::wire::{Icmpv4Repr, Icmpv6Repr};
    let checksums = ChecksumCapabilities::default();
    let echo = Icmpv4Repr::EchoRequest { ident: 0x1234, seq_no: 7, data: b"data" };
    let mut message = vec![0; echo.buffer_len()];
    echo.emit(&mut Icmpv4Packet::new_unchecked(&mut message[..]), &checksums);
    let (head, data) = message.split_at(8);
    let ip = Ipv4::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let ours = Packet::new([ip.into(), Icmpv4::echo(0x1234, 7).into()], data).to_octets();
    assert_eq!(&ours[20..28], head);

    let [source, destination] = ["fe80::1", "fe80::2"].map(|text| text.parse().expect("an address"));
    let echo = Icmpv6Repr::EchoRequest { ident: 0x1234, seq_no: 7, data: b"data" };
    let mut message = vec![0; echo.buffer_len()];
    echo.emit(&source, &destination, &mut Icmpv6Packet::new_unchecked(&mut message[..]), &checksums);
    let (head, data) = message.split_at(8);
    let ours =
        Packet::new([Ipv6::new(source, destination).into(), Icmpv6::echo_request(0x1234, 7).into()], data).to_octets();
    assert_eq!(&ours[40..48], head);
}
