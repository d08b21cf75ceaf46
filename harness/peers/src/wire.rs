//! Datagrams: the outermost IP header and what follows it, beside etherparse and smoltcp.

use std::net::{Ipv4Addr, Ipv6Addr};

use etherparse::checksum::Sum16BitWords;
use etherparse::{Icmpv4Slice, Icmpv6Slice, IpSlice, TcpOptionElement, TcpOptionReadError, TcpSlice, UdpSlice};
use rfcheck::wire::{DefectKind, Header, Icmpv4, Icmpv6, Ipv4, Ipv6, Packet, Parsed, Tcp, TcpOption, Udp, protocol};
use smoltcp::wire::{
    Icmpv4Packet, Icmpv6Packet, IpAddress, Ipv4Packet, Ipv6Packet, TcpOption as SmoltcpOption, TcpPacket, UdpPacket,
};

use crate::Quirks;
use crate::quirk::quirks;

quirks! {
    UDP_LENGTH_ZERO = "etherparse-udp-length-zero", "etherparse 0.21", "takes a UDP length of 0 for the rest of the datagram",
        "RFC 768, Fields: the minimum value of the length is eight";
    PAYLOAD_LENGTH_ZERO = "etherparse-ipv6-payload-length-zero", "etherparse 0.21",
        "takes octets behind a datagram of IPv6 with a payload length of 0 for its payload, without a Jumbo Payload option",
        "RFC 8200 section 3, Payload Length; RFC 2675 section 2";
}

/// The addresses of an IP header, as each needs them.
#[derive(Clone, Copy)]
enum Addresses {
    V4(Ipv4Addr, Ipv4Addr),
    V6(Ipv6Addr, Ipv6Addr),
}

/// The outermost IP header and the header behind it: the same verdict and the same fields as etherparse and smoltcp.
///
/// # Panics
///
/// Where they disagree otherwise than in a known quirk.
pub fn wire_peers(octets: &[u8]) -> Quirks {
    let ours = Packet::parse(octets, None);
    let mut quirks = Quirks::new();
    match octets.first().map(|first| first >> 4) {
        Some(4) => ipv4(octets, &ours, &mut quirks),
        Some(6) => ipv6(octets, &ours, &mut quirks),
        _ => assert!(IpSlice::from_slice(octets).is_err(), "etherparse reads what has no version"),
    }
    quirks
}

fn ipv4(octets: &[u8], ours: &Parsed<'_>, quirks: &mut Quirks) {
    let header = match ours.packet.headers.first() {
        Some(Header::Ipv4(header)) => Some(header),
        _ => None,
    };
    let length = header.map_or(Ipv4::MINIMUM_LENGTH, Ipv4::emitted_length);
    let is_sound = header.is_some() && is_sound(ours, 0, length);
    let smoltcp = Ipv4Packet::new_checked(octets);
    assert_eq!(smoltcp.is_ok(), is_sound, "smoltcp says {:?}, we say {:?}", smoltcp.err(), ours.defects);
    let etherparse = IpSlice::from_slice(octets);
    // It reads the authentication header too, whose faults are none of the IP header.
    let is_authenticated = octets.get(9) == Some(&51);
    assert!(
        etherparse.is_ok() == is_sound || is_authenticated,
        "etherparse says {:?}, we say {:?}",
        etherparse.err(),
        ours.defects
    );
    let (Some(header), Ok(smoltcp), true) = (header, smoltcp, is_sound) else { return };
    assert_eq!(header.tos, smoltcp.dscp() << 2 | smoltcp.ecn());
    assert_eq!(header.identification, smoltcp.ident());
    assert_eq!((header.dont_fragment, header.more_fragments), (smoltcp.dont_frag(), smoltcp.more_frags()));
    assert_eq!(header.fragment_offset, smoltcp.frag_offset() / 8);
    assert_eq!(header.ttl, smoltcp.hop_limit());
    assert_eq!((header.source, header.destination), (smoltcp.src_addr(), smoltcp.dst_addr()));
    assert_eq!(length, usize::from(smoltcp.header_len()));
    same_checksum(ours, 0, length, || smoltcp.verify_checksum(), "IPv4 header");
    let payload = smoltcp.payload();
    assert_eq!(payload.len() + length + ours.trailer.len(), octets.len(), "octets behind the datagram");
    if let Ok(IpSlice::Ipv4(theirs)) = &etherparse {
        let theirs = theirs.header();
        assert_eq!(header.tos, theirs.dcp().value() << 2 | theirs.ecn().value());
        assert_eq!(header.identification, theirs.identification());
        assert_eq!((header.dont_fragment, header.more_fragments), (theirs.dont_fragment(), theirs.more_fragments()));
        assert_eq!(header.fragment_offset, theirs.fragments_offset().value());
        assert_eq!(header.ttl, theirs.ttl());
        assert_eq!((header.source, header.destination), (theirs.source_addr(), theirs.destination_addr()));
        assert_eq!(header.options.as_bytes(), theirs.options());
        let sum = Sum16BitWords::new().add_slice(&octets[..length]).ones_complement();
        assert_eq!(has_checksum_defect(ours, 0, length), sum != 0, "IPv4 header checksum");
    }
    if !header.is_fragment() {
        transport(octets[9], Addresses::V4(header.source, header.destination), payload, ours, length, quirks);
    }
}

fn ipv6(octets: &[u8], ours: &Parsed<'_>, quirks: &mut Quirks) {
    let header = match ours.packet.headers.first() {
        Some(Header::Ipv6(header)) => Some(header),
        _ => None,
    };
    let is_sound = header.is_some() && is_sound(ours, 0, Ipv6::LENGTH);
    let smoltcp = Ipv6Packet::new_checked(octets);
    assert_eq!(smoltcp.is_ok(), is_sound, "smoltcp says {:?}, we say {:?}", smoltcp.err(), ours.defects);
    let (Some(header), Ok(smoltcp), true) = (header, smoltcp, is_sound) else { return };
    assert_eq!(header.traffic_class, smoltcp.traffic_class());
    assert_eq!(header.flow_label, smoltcp.flow_label());
    assert_eq!(header.hop_limit, smoltcp.hop_limit());
    assert_eq!((header.source, header.destination), (smoltcp.src_addr(), smoltcp.dst_addr()));
    let (payload, next) = (smoltcp.payload(), octets[6]);
    assert_eq!(payload.len() + Ipv6::LENGTH + ours.trailer.len(), octets.len(), "octets behind the datagram");
    if is_extension(next) {
        return;
    }
    match IpSlice::from_slice(octets) {
        Ok(IpSlice::Ipv6(theirs)) => {
            let head = theirs.header();
            assert_eq!(header.traffic_class, head.traffic_class());
            assert_eq!(header.flow_label, head.flow_label().value());
            assert_eq!(header.hop_limit, head.hop_limit());
            assert_eq!((header.source, header.destination), (head.source_addr(), head.destination_addr()));
            if payload.is_empty() && !ours.trailer.is_empty() && theirs.payload().payload == ours.trailer {
                quirks.push(&PAYLOAD_LENGTH_ZERO);
            } else {
                assert_eq!(theirs.payload().payload, payload, "etherparse's payload of IPv6");
            }
        }
        theirs => panic!("etherparse reads {theirs:?}, we say {:?}", ours.defects),
    }
    transport(next, Addresses::V6(header.source, header.destination), payload, ours, Ipv6::LENGTH, quirks);
}

/// The header at octet `start`, right behind the IP header, whose payload it begins.
fn transport(number: u8, addresses: Addresses, payload: &[u8], ours: &Parsed<'_>, start: usize, quirks: &mut Quirks) {
    let header = ours.packet.headers.get(1);
    match (number, addresses) {
        (protocol::TCP, _) => {
            let header = header.and_then(|header| if let Header::Tcp(tcp) = header { Some(tcp) } else { None });
            tcp(header, addresses, payload, ours, start);
        }
        (protocol::UDP, _) => {
            let header = header.and_then(|header| if let Header::Udp(udp) = header { Some(udp) } else { None });
            udp(header, addresses, payload, ours, start, quirks);
        }
        (protocol::ICMP, Addresses::V4(..)) => {
            let header = header.and_then(|header| if let Header::Icmpv4(icmp) = header { Some(icmp) } else { None });
            icmpv4(header, payload, ours, start);
        }
        (protocol::ICMPV6, Addresses::V6(source, destination)) => {
            let header = header.and_then(|header| if let Header::Icmpv6(icmp) = header { Some(icmp) } else { None });
            icmpv6(header, (source, destination), payload, ours, start);
        }
        _ => {}
    }
}

fn tcp(header: Option<&Tcp>, addresses: Addresses, payload: &[u8], ours: &Parsed<'_>, start: usize) {
    let length = header.map_or(Tcp::MINIMUM_LENGTH, Tcp::emitted_length);
    let is_sound = header.is_some() && is_sound(ours, start, length);
    let smoltcp = TcpPacket::new_checked(payload);
    assert_eq!(smoltcp.is_ok(), is_sound, "smoltcp says {:?}, we say {:?}", smoltcp.err(), ours.defects);
    let etherparse = TcpSlice::from_slice(payload);
    assert_eq!(etherparse.is_ok(), is_sound, "etherparse says {:?}, we say {:?}", etherparse.err(), ours.defects);
    let (Some(header), Ok(smoltcp), Ok(etherparse), true) = (header, smoltcp, etherparse, is_sound) else { return };
    let ports = (header.source_port, header.destination_port);
    assert_eq!(ports, (smoltcp.src_port(), smoltcp.dst_port()));
    assert_eq!(ports, (etherparse.source_port(), etherparse.destination_port()));
    let numbers = (header.sequence, header.acknowledgment);
    assert_eq!(numbers, (smoltcp.seq_number().0 as u32, smoltcp.ack_number().0 as u32));
    assert_eq!(numbers, (etherparse.sequence_number(), etherparse.acknowledgment_number()));
    assert_eq!((header.window, header.urgent_pointer), (smoltcp.window_len(), smoltcp.urgent_at()));
    assert_eq!((header.window, header.urgent_pointer), (etherparse.window_size(), etherparse.urgent_pointer()));
    let theirs = [
        smoltcp.ns(),
        smoltcp.cwr(),
        smoltcp.ece(),
        smoltcp.urg(),
        smoltcp.ack(),
        smoltcp.psh(),
        smoltcp.rst(),
        smoltcp.syn(),
        smoltcp.fin(),
    ];
    assert_eq!(header.flags.0, bits(theirs));
    let theirs = [
        etherparse.ns(),
        etherparse.cwr(),
        etherparse.ece(),
        etherparse.urg(),
        etherparse.ack(),
        etherparse.psh(),
        etherparse.rst(),
        etherparse.syn(),
        etherparse.fin(),
    ];
    assert_eq!(header.flags.0, bits(theirs));
    assert_eq!(header.options.as_bytes(), smoltcp.options());
    assert_eq!(header.options.as_bytes(), etherparse.options());
    options(header, &etherparse);
    let is_wrong = has_checksum_defect(ours, start, length);
    let (source, destination) = addresses.of_smoltcp();
    same_checksum(ours, start, length, || smoltcp.verify_checksum(&source, &destination), "TCP");
    assert_eq!(is_wrong, addresses.sum(protocol::TCP, payload.len()).add_slice(payload).ones_complement() != 0);
}

/// The options up to the first that somebody cannot read.
fn options(header: &Tcp, etherparse: &TcpSlice<'_>) {
    let mut rest = header.options.as_bytes();
    let mut theirs = etherparse.options_iterator();
    for ours in header.options.iter() {
        let Ok(ours) = ours else {
            assert!(SmoltcpOption::parse(rest).is_err(), "smoltcp reads an option that is cut short");
            assert!(!matches!(theirs.next(), Some(Ok(_))), "etherparse reads an option that is cut short");
            return;
        };
        let smoltcp = SmoltcpOption::parse(rest);
        match (ours, &smoltcp) {
            (TcpOption::End, Ok((_, SmoltcpOption::EndOfList))) => {
                assert!(theirs.next().is_none(), "etherparse reads on behind the end of the options");
                return;
            }
            (TcpOption::NoOperation, Ok((_, SmoltcpOption::NoOperation)))
            | (TcpOption::SackPermitted, Ok((_, SmoltcpOption::SackPermitted))) => {}
            (TcpOption::MaximumSegmentSize(a), Ok((_, SmoltcpOption::MaxSegmentSize(b)))) => assert_eq!(a, *b),
            (TcpOption::WindowScale(a), Ok((_, SmoltcpOption::WindowScale(b)))) => assert_eq!(a, *b),
            (TcpOption::Timestamps { value, echo_reply }, Ok((_, SmoltcpOption::TimeStamp { tsval, tsecr }))) => {
                assert_eq!((value, echo_reply), (*tsval, *tsecr));
            }
            (TcpOption::Sack(_), Ok((_, SmoltcpOption::SackRange(theirs)))) => {
                let theirs = theirs.iter().flatten().copied();
                // smoltcp keeps three blocks.
                assert!(ours.sack_blocks().take(3).eq(theirs), "smoltcp's blocks");
            }
            (TcpOption::Other { kind, data }, Ok((_, SmoltcpOption::Unknown { kind: theirs, data: octets }))) => {
                assert_eq!((kind, data), (*theirs, *octets));
            }
            // A known kind with a length that is not its own.
            (TcpOption::Other { kind: 2..=5 | 8, .. }, Err(_)) => {
                assert!(!matches!(theirs.next(), Some(Ok(_))), "etherparse reads an option with a wrong length");
                return;
            }
            (ours, theirs) => panic!("we read {ours:?}, smoltcp {theirs:?}"),
        }
        rest = smoltcp.map_or(&[], |(rest, _)| rest);
        let is_same = match (ours, theirs.next()) {
            (TcpOption::NoOperation, Some(Ok(TcpOptionElement::Noop)))
            | (TcpOption::SackPermitted, Some(Ok(TcpOptionElement::SelectiveAcknowledgementPermitted))) => true,
            (TcpOption::MaximumSegmentSize(a), Some(Ok(TcpOptionElement::MaximumSegmentSize(b)))) => a == b,
            (TcpOption::WindowScale(a), Some(Ok(TcpOptionElement::WindowScale(b)))) => a == b,
            (TcpOption::Timestamps { value, echo_reply }, Some(Ok(TcpOptionElement::Timestamp(a, b)))) => {
                (value, echo_reply) == (a, b)
            }
            (TcpOption::Sack(_), Some(Ok(TcpOptionElement::SelectiveAcknowledgement(first, others)))) => {
                ours.sack_blocks().eq([first].into_iter().chain(others.into_iter().flatten()))
            }
            (TcpOption::Other { kind: 2..=5 | 8, .. }, Some(Err(_))) => return,
            // It ends where it meets a kind that it does not know.
            (TcpOption::Other { kind, .. }, Some(Err(TcpOptionReadError::UnknownId(theirs)))) => {
                assert_eq!(kind, theirs);
                return;
            }
            (ours, theirs) => panic!("we read {ours:?}, etherparse {theirs:?}"),
        };
        assert!(is_same, "etherparse reads another value for {ours:?}");
    }
}

fn udp(
    header: Option<&Udp>,
    addresses: Addresses,
    payload: &[u8],
    ours: &Parsed<'_>,
    start: usize,
    quirks: &mut Quirks,
) {
    let claimed = payload.get(4..6).map_or(0, |length| usize::from(u16::from_be_bytes([length[0], length[1]])));
    // We also tell where octets are left behind the datagram; that is no reason to discard it (RFC 1122 section 4.1.3).
    let is_sound = header.is_some() && (Udp::LENGTH..=payload.len()).contains(&claimed);
    let smoltcp = UdpPacket::new_checked(payload);
    assert_eq!(smoltcp.is_ok(), is_sound, "smoltcp says {:?}, we say {:?}", smoltcp.err(), ours.defects);
    let etherparse = UdpSlice::from_slice(payload);
    if claimed == 0 && etherparse.is_ok() {
        quirks.push(&UDP_LENGTH_ZERO);
    } else {
        assert_eq!(etherparse.is_ok(), is_sound, "etherparse says {:?}, we say {:?}", etherparse.err(), ours.defects);
    }
    let (Some(header), Ok(smoltcp), Ok(etherparse), true) = (header, smoltcp, etherparse, is_sound) else { return };
    let ports = (header.source_port, header.destination_port);
    assert_eq!(ports, (smoltcp.src_port(), smoltcp.dst_port()));
    assert_eq!(ports, (etherparse.source_port(), etherparse.destination_port()));
    assert_eq!(smoltcp.payload(), &payload[Udp::LENGTH..claimed]);
    assert_eq!(etherparse.payload(), &payload[Udp::LENGTH..claimed]);
    let is_wrong = has_checksum_defect(ours, start, Udp::LENGTH);
    let (source, destination) = addresses.of_smoltcp();
    same_checksum(ours, start, Udp::LENGTH, || smoltcp.verify_checksum(&source, &destination), "UDP");
    let sum = addresses.sum(protocol::UDP, claimed).add_slice(&payload[..claimed]).ones_complement();
    let has_none = payload[6..8] == [0, 0];
    assert!(has_none || is_wrong == (sum != 0), "UDP checksum");
}

fn icmpv4(header: Option<&Icmpv4>, payload: &[u8], ours: &Parsed<'_>, start: usize) {
    let smoltcp = Icmpv4Packet::new_checked(payload);
    assert_eq!(smoltcp.is_ok(), header.is_some(), "smoltcp says {:?}, we say {:?}", smoltcp.err(), ours.defects);
    let (Some(header), Ok(smoltcp)) = (header, smoltcp) else { return };
    assert_eq!((header.kind, header.code), (smoltcp.msg_type().into(), smoltcp.msg_code()));
    let is_wrong = has_checksum_defect(ours, start, 8);
    same_checksum(ours, start, 8, || smoltcp.verify_checksum(), "ICMP");
    match Icmpv4Slice::from_slice(payload) {
        Ok(theirs) => {
            assert_eq!(
                (header.kind, header.code, header.rest),
                (theirs.type_u8(), theirs.code_u8(), theirs.bytes5to8())
            );
            assert_eq!(is_wrong, Sum16BitWords::new().add_slice(payload).ones_complement() != 0, "ICMP checksum");
        }
        // It knows that timestamp messages have twenty octets.
        Err(_) if matches!((header.kind, header.code), (13 | 14, 0)) && payload.len() != 20 => {}
        Err(error) => panic!("etherparse says {error}, we say {:?}", ours.defects),
    }
}

fn icmpv6(
    header: Option<&Icmpv6>,
    (source, destination): (Ipv6Addr, Ipv6Addr),
    payload: &[u8],
    ours: &Parsed<'_>,
    start: usize,
) {
    let etherparse = Icmpv6Slice::from_slice(payload);
    assert_eq!(
        etherparse.is_ok(),
        header.is_some(),
        "etherparse says {:?}, we say {:?}",
        etherparse.err(),
        ours.defects
    );
    let (Some(header), Ok(etherparse)) = (header, etherparse) else { return };
    let theirs = (etherparse.type_u8(), etherparse.code_u8(), etherparse.bytes5to8());
    assert_eq!((header.kind, header.code, header.rest), theirs);
    let is_wrong = has_checksum_defect(ours, start, 8);
    assert_eq!(is_wrong, !etherparse.is_checksum_valid(source.octets(), destination.octets()), "ICMPv6 checksum");
    // It demands what each type has behind the eight octets.
    if let Ok(smoltcp) = Icmpv6Packet::new_checked(payload) {
        assert_eq!((header.kind, header.code), (smoltcp.msg_type().into(), smoltcp.msg_code()));
        same_checksum(ours, start, 8, || smoltcp.verify_checksum(&source, &destination), "ICMPv6");
    }
}

impl Addresses {
    fn of_smoltcp(self) -> (IpAddress, IpAddress) {
        match self {
            Addresses::V4(source, destination) => (source.into(), destination.into()),
            Addresses::V6(source, destination) => (source.into(), destination.into()),
        }
    }

    /// etherparse's sum over the pseudo header.
    fn sum(self, number: u8, length: usize) -> Sum16BitWords {
        let sum = match self {
            Addresses::V4(source, destination) => {
                Sum16BitWords::new().add_4bytes(source.octets()).add_4bytes(destination.octets())
            }
            Addresses::V6(source, destination) => {
                Sum16BitWords::new().add_16bytes(source.octets()).add_16bytes(destination.octets())
            }
        };
        sum.add_2bytes([0, number]).add_4bytes((length as u32).to_be_bytes())
    }
}

/// Whether the header at these octets is there and its lengths agree.
fn is_sound(ours: &Parsed<'_>, start: usize, length: usize) -> bool {
    !ours.defects.iter().any(|defect| {
        let is_about_form =
            matches!(defect.kind, DefectKind::Truncated { .. } | DefectKind::Version(_) | DefectKind::Length { .. });
        is_about_form && (start..start + length).contains(&defect.octet)
    })
}

/// smoltcp's judgement of a checksum. Built by cargo-fuzz it takes every checksum for right.
fn same_checksum(ours: &Parsed<'_>, start: usize, length: usize, is_right: impl FnOnce() -> bool, of: &str) {
    if !cfg!(fuzzing) {
        assert_eq!(has_checksum_defect(ours, start, length), !is_right(), "{of} checksum");
    }
}

fn has_checksum_defect(ours: &Parsed<'_>, start: usize, length: usize) -> bool {
    ours.defects.iter().any(|defect| {
        matches!(defect.kind, DefectKind::Checksum { .. }) && (start..start + length).contains(&defect.octet)
    })
}

/// Whether a next-header number is that of an extension header for anybody (IANA's registry).
fn is_extension(number: u8) -> bool {
    matches!(number, 0 | 43 | 44 | 50 | 51 | 60 | 135 | 139 | 140 | 253 | 254)
}

fn bits<const N: usize>(flags: [bool; N]) -> u16 {
    flags.into_iter().fold(0, |bits, flag| bits << 1 | u16::from(flag))
}
