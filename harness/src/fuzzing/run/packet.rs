//! The tester's packets of a session, as octets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::connection::Connection;
use super::pattern;
use crate::fuzzing::session::{Datagram, Fault, FaultKind, IcmpError, Options, Segment};
use crate::target::Link;
use crate::time::Instant;
use crate::wire::{
    Field, Header, Icmpv4, Icmpv6, Ipv4, Ipv4Options, Ipv6, Ipv6Extension, Packet, Tcp, TcpFlags, TcpOption,
    TcpOptions, Udp, protocol,
};

/// Octets of headers that a packet of the tester may have beside its payload.
const HEADERS: u32 = 120;
/// Octets of an echo message before its data, and of a UDP header.
pub(super) const ECHO_HEADER: usize = 8;
pub(super) const UDP_HEADER: usize = 8;
/// The target's UDP socket.
pub(super) const UDP_PORT: u16 = 5353;
/// A port of the target that has no socket.
const UDP_CLOSED: u16 = 5354;
/// The tester's first UDP port.
pub(super) const UDP_TESTER_PORT: u16 = 41_000;
/// The tester's first timestamp.
const FIRST_TIMESTAMP: u32 = 1_000_000;

/// What emitting gave.
pub(super) struct Emitted {
    /// The TCP header, if it has one.
    pub(super) tcp: Option<Tcp>,
    /// Octets of payload, as the data offset of a segment has it.
    pub(super) payload: usize,
    /// Nothing in it makes a correct target drop it unseen.
    pub(super) acceptable: bool,
    /// It is of other ends than the connection's.
    pub(super) elsewhere: bool,
}

/// Payload octets that fit a datagram of the link.
pub(super) fn fitting(length: u16, link: &Link, fault: Fault) -> usize {
    let most = if fault.kind == FaultKind::Fragments { pattern::LONGEST as u32 } else { link.mtu - HEADERS };
    u32::from(length).min(most) as usize
}

/// Appends the octets of a segment.
pub(super) fn segment(
    segment: &Segment,
    connection: &Connection,
    now: Instant,
    link: &Link,
    out: &mut Vec<u8>,
) -> Emitted {
    let fault = segment.fault;
    let mut tcp = Tcp {
        sequence: connection.sequence(segment.sequence),
        acknowledgment: connection.acknowledgment(segment.acknowledgment),
        flags: segment.flags,
        window: segment.window,
        options: options(segment.options, connection, now),
        ..Tcp::new(connection.port, connection.target_port)
    };
    let length = fitting(segment.length, link, fault);
    match fault.kind {
        FaultKind::DataOffset => tcp.data_offset = Field::Forced(fault.choice & 0xf),
        FaultKind::Reserved => tcp.reserved = fault.choice & 0b111,
        FaultKind::Urgent => {
            tcp.flags = tcp.flags | TcpFlags::URG;
            tcp.urgent_pointer = u16::from(fault.choice);
        }
        FaultKind::MalformedOptions => {
            tcp.options = TcpOptions::from_raw(MALFORMED[usize::from(fault.choice) % MALFORMED.len()]);
        }
        FaultKind::SourcePort => tcp.source_port = u16::from(fault.choice),
        _ => {}
    }
    let first = tcp.sequence.wrapping_add(u32::from(tcp.flags.contains(TcpFlags::SYN)));
    let payload = payload(first, length, fault);
    let (acceptable, at_ends) = emit(Header::Tcp(tcp.clone()), payload, fault, link, out);
    let elsewhere = !at_ends || tcp.source_port != connection.port;
    Emitted { payload: behind_offset(&tcp, length), tcp: Some(tcp), acceptable, elsewhere }
}

/// Octets of payload for who believes the data offset: options are text where it is too small, and text is options where it
/// is too large. One that cannot be has the segment dropped.
fn behind_offset(tcp: &Tcp, length: usize) -> usize {
    let segment = tcp.emitted_length() + length;
    match tcp.data_offset {
        Field::Forced(words @ 5..) if usize::from(words) * 4 <= segment => segment - usize::from(words) * 4,
        Field::Forced(_) | Field::Computed => length,
    }
}

/// Appends the octets of a segment without payload, with nothing wrong.
pub(super) fn plain(tcp: Tcp, link: &Link, out: &mut Vec<u8>) {
    emit(Header::Tcp(tcp), &[], Fault::NONE, link, out);
}

/// Appends the octets of a UDP datagram.
pub(super) fn udp(datagram: &Datagram, number: u32, link: &Link, out: &mut Vec<u8>) -> Emitted {
    let length = fitting(datagram.length, link, datagram.fault);
    let port = if is_to_nobody(datagram) { UDP_CLOSED } else { UDP_PORT };
    let mut udp = Udp::new(udp_port(datagram), port);
    match datagram.fault.kind {
        FaultKind::DataOffset => udp.length = Field::Forced(datagram.fault.choice.into()),
        FaultKind::Urgent if link.local.is_ipv4() => udp.checksum = Field::Forced(0),
        _ => {}
    }
    let declared = match udp.length {
        // All that the IP header counts (RFC 2675 section 4).
        Field::Forced(0) if link.local.is_ipv6() => UDP_HEADER + length,
        Field::Forced(declared) => usize::from(declared),
        Field::Computed => UDP_HEADER + length,
    };
    let payload = payload(number, length, datagram.fault);
    let (acceptable, _) = emit(Header::Udp(udp), payload, datagram.fault, link, out);
    // What is behind a length that is too small is no part of the datagram, and other lengths cannot be (RFC 768, Length).
    let is_possible = (UDP_HEADER..=UDP_HEADER + length).contains(&declared);
    let payload = declared.saturating_sub(UDP_HEADER);
    Emitted { tcp: None, payload, acceptable: acceptable && is_possible, elsewhere: false }
}

/// Whether the only extension header that a fault adds is one of hop-by-hop options.
pub(super) fn is_hop_by_hop(fault: Fault) -> bool {
    fault.kind == FaultKind::IpOptions && fault.choice & 7 < 3
}

/// Whether a UDP datagram is for a port that nobody has.
pub(super) fn is_to_nobody(datagram: &Datagram) -> bool {
    datagram.choice >= 0xc0
}

/// The tester's port of a UDP datagram.
pub(super) fn udp_port(datagram: &Datagram) -> u16 {
    match datagram.fault.kind {
        FaultKind::SourcePort => datagram.fault.choice.into(),
        _ => UDP_TESTER_PORT + u16::from(datagram.choice & 3),
    }
}

/// Appends the octets of an echo request.
pub(super) fn echo(datagram: &Datagram, number: u32, link: &Link, out: &mut Vec<u8>) -> Emitted {
    let length = fitting(datagram.length, link, datagram.fault);
    let header = match link.local {
        IpAddr::V4(_) => Header::Icmpv4(Icmpv4::echo(datagram.choice.into(), number as u16)),
        IpAddr::V6(_) => Header::Icmpv6(Icmpv6 {
            rest: [0, datagram.choice, (number >> 8) as u8, number as u8],
            ..Icmpv6::new(Icmpv6::ECHO_REQUEST, 0)
        }),
    };
    let (acceptable, _) = emit(header, payload(number, length, datagram.fault), datagram.fault, link, out);
    Emitted { tcp: None, payload: length, acceptable, elsewhere: false }
}

/// Type and code of an ICMP error.
fn icmp_kind(error: &IcmpError, is_ipv4: bool) -> (u8, u8) {
    const KINDS: [[u8; 8]; 2] = [[3, 3, 3, 11, 12, 4, 5, 3], [1, 2, 3, 4, 2, 1, 100, 127]];
    let kind = KINDS[usize::from(!is_ipv4)][usize::from(error.kind) % 8];
    (kind, error.code % if is_ipv4 { 16 } else { 8 })
}

/// Whether an ICMP error ends no connection that is established, whatever it quotes: Destination Unreachable of a network or
/// host, Time Exceeded, Parameter Problem, Source Quench and Redirect (RFC 9293 section 3.9.2.2, MUST-56; RFC 6633).
pub(super) fn is_soft(error: &IcmpError, link: &Link) -> bool {
    match (link.local, icmp_kind(error, link.local.is_ipv4())) {
        (IpAddr::V4(_), (3, code)) => matches!(code, 0 | 1 | 5),
        (IpAddr::V4(_), (kind, _)) => matches!(kind, 4 | 5 | 11 | 12),
        (IpAddr::V6(_), (1, code)) => matches!(code, 0 | 3),
        (IpAddr::V6(_), (kind, _)) => matches!(kind, 3 | 4),
    }
}

/// Appends the octets of an ICMP error about this packet of the target; nothing if there was none.
pub(super) fn icmp_error(error: &IcmpError, last: &[u8], link: &Link, out: &mut Vec<u8>) {
    let (header, ip_length) = match link.local {
        IpAddr::V4(_) => {
            let (kind, code) = icmp_kind(error, true);
            let mut icmp = Icmpv4::new(kind, code);
            let [high, low] = error.parameter.to_be_bytes();
            icmp.rest = if icmp.kind == Icmpv4::PARAMETER_PROBLEM { [low, 0, 0, 0] } else { [0, 0, high, low] };
            (Header::Icmpv4(icmp), 20)
        }
        IpAddr::V6(_) => {
            let (kind, code) = icmp_kind(error, false);
            let mut icmp = Icmpv6::new(kind, code);
            let [high, low] = error.parameter.to_be_bytes();
            icmp.rest = [0, 0, high, low];
            (Header::Icmpv6(icmp), 40)
        }
    };
    let mut quoted = [0; 68];
    let length = last.len().min(ip_length + 8);
    if length < ip_length + 8 {
        return;
    }
    quoted[..length].copy_from_slice(&last[..length]);
    let sequence = &mut quoted[ip_length + 4..ip_length + 8];
    let shifted = u32::from_be_bytes([sequence[0], sequence[1], sequence[2], sequence[3]])
        .wrapping_add_signed(error.shift.into());
    sequence.copy_from_slice(&shifted.to_be_bytes());
    emit(header, &quoted[..length], error.fault, link, out);
}

/// Option areas that are malformed: lengths of 0, 1 and beyond the area, known kinds with lengths that are not theirs.
const MALFORMED: [&[u8]; 10] = [
    &[2, 0, 5, 180],
    &[2, 1, 5, 180],
    &[2, 40, 5, 180],
    &[2, 3, 5, 0],
    &[3, 2, 1, 1],
    &[8, 10, 0, 0],
    &[5, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    &[5, 2, 1, 1],
    &[1, 1, 1, 8],
    &[253, 0, 0, 0],
];

fn options(wanted: Options, connection: &Connection, now: Instant) -> TcpOptions {
    const SEGMENTS: [u16; 8] = [1460, 536, 64, 1, 0, 100, 9_000, 65_535];
    const SHIFTS: [u8; 8] = [0, 1, 7, 14, 15, 255, 2, 4];
    let mut options = TcpOptions::default();
    if wanted.set == 0 {
        return options;
    }
    let choice = wanted.choice;
    if wanted.set & Options::MAXIMUM_SEGMENT_SIZE != 0 {
        options.push(TcpOption::MaximumSegmentSize(SEGMENTS[usize::from(choice & 7)]));
    }
    if wanted.set & Options::WINDOW_SCALE != 0 {
        options.push(TcpOption::NoOperation).push(TcpOption::WindowScale(SHIFTS[usize::from(choice >> 3 & 7)]));
    }
    if wanted.set & Options::SACK_PERMITTED != 0 {
        options.push(TcpOption::SackPermitted);
    }
    if wanted.set & Options::TIMESTAMPS != 0 {
        let old = if wanted.set & Options::OLD_TIMESTAMP != 0 { 100_000 } else { 0 };
        let value = FIRST_TIMESTAMP.wrapping_add((now.micros() / 1_000) as u32).wrapping_sub(old);
        options.push(TcpOption::Timestamps { value, echo_reply: connection.timestamp });
    }
    let mut sack = |from: u32, length: u32| {
        if options.len() + 10 <= 40 {
            options.push_sack(&[(connection.sack_edge(from), connection.sack_edge(from.wrapping_add(length)))]);
        }
    };
    if wanted.set & Options::SACK != 0 {
        sack(u32::from(choice & 0xf) * 100, u32::from(choice >> 4) * 100);
    }
    if wanted.set & Options::MORE_SACK != 0 {
        sack(u32::from(choice) * 8, 1_460);
        sack(u32::from(choice).wrapping_sub(128), 1);
    }
    if wanted.set & Options::UNKNOWN != 0 && options.len() + 4 <= 40 {
        options.push_raw(&[254, 4, choice, choice]);
    }
    options
}

/// The payload from this place on, or what must not be accepted.
fn payload(place: u32, length: usize, fault: Fault) -> &'static [u8] {
    match fault.kind {
        FaultKind::Checksum | FaultKind::HeaderChecksum => &[pattern::REJECTED; pattern::LONGEST][..length],
        _ => pattern::of_tester(place, length),
    }
}

/// Appends a datagram to the target. Whether nothing makes a correct target drop it unseen, and whether its addresses
/// are those of the link.
fn emit(transport: Header, payload: &[u8], fault: Fault, link: &Link, out: &mut Vec<u8>) -> (bool, bool) {
    let choice = fault.choice;
    let start = out.len();
    let mut packet = Packet { headers: smallvec::SmallVec::new(), payload };
    match (link.remote, link.local) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut ip = Ipv4::new(source, destination);
            match fault.kind {
                FaultKind::HopLimit => ip.ttl = choice,
                FaultKind::TrafficClass => ip.tos = choice,
                FaultKind::Length => {
                    let whole = 20 + transport.emitted_length() + payload.len();
                    ip.total_length = Field::Forced((whole as u16).wrapping_add_signed(i16::from(choice as i8)));
                }
                FaultKind::Source => ip.source = strange_v4(choice, source, destination),
                FaultKind::Destination => ip.destination = strange_v4(choice, source, destination),
                FaultKind::IpOptions => {
                    const OPTIONS: [&[u8]; 4] =
                        [&[7, 7, 4, 0, 0, 0, 0, 0], &[1, 1, 1, 0], &[148, 4, 0, 0], &[7, 1, 4, 0]];
                    ip.options = Ipv4Options::from_raw(OPTIONS[usize::from(choice & 3)]);
                }
                FaultKind::IpFlags => {
                    ip.reserved_flag = choice & 1 != 0;
                    ip.dont_fragment = choice & 2 != 0;
                    ip.identification = u16::from(choice) * 257;
                }
                _ => {}
            }
            packet.headers.push(Header::Ipv4(ip));
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let mut ip = Ipv6::new(source, destination);
            match fault.kind {
                FaultKind::HopLimit => ip.hop_limit = choice,
                FaultKind::TrafficClass => ip.traffic_class = choice,
                FaultKind::Length => {
                    let whole = transport.emitted_length() + payload.len();
                    ip.payload_length = Field::Forced((whole as u16).wrapping_add_signed(i16::from(choice as i8)));
                }
                FaultKind::Source => ip.source = strange_v6(choice, source, destination),
                FaultKind::Destination => ip.destination = strange_v6(choice, source, destination),
                FaultKind::IpFlags => ip.flow_label = u32::from(choice) * 257,
                _ => {}
            }
            packet.headers.push(Header::Ipv6(ip));
            if fault.kind == FaultKind::IpOptions {
                // PadN, then an option that is to be skipped, discarded or reported (RFC 8200 section 4.2).
                let options = || vec![1, 0, choice & 0xc0 | 0x1e, 0, 1, 0];
                // Of an unknown type, with segments left or not (RFC 8200 section 4.4).
                let routing = || vec![200, choice >> 4 & 1, 0, 0, 0, 0];
                let headers: &[u8] = match choice & 7 {
                    _ if is_hop_by_hop(fault) => &[protocol::HOP_BY_HOP],
                    3 | 4 => &[protocol::DESTINATION_OPTIONS],
                    5 => &[protocol::ROUTING],
                    6 => &[protocol::HOP_BY_HOP, protocol::DESTINATION_OPTIONS],
                    _ => &[protocol::DESTINATION_OPTIONS, protocol::HOP_BY_HOP],
                };
                for &header in headers {
                    let body = if header == protocol::ROUTING { routing() } else { options() };
                    packet.headers.push(Header::Ipv6Extension(Ipv6Extension::new(header, body)));
                }
            }
        }
        _ => return (false, false), // A link has one IP version.
    }
    let at_ends = (packet.source(), packet.destination()) == (Some(link.remote), Some(link.local));
    let checksum_at = match &transport {
        Header::Tcp(_) => 16,
        Header::Udp(_) => 6,
        _ => 2,
    };
    packet.headers.push(transport);
    let ip_length = packet.headers[..packet.headers.len() - 1].iter().map(Header::emitted_length).sum::<usize>();
    packet.emit(out);
    // No difference of 0xffff, which ones' complement sums do not see.
    let flip = u16::from_be_bytes([choice, 0x55]);
    let at = match fault.kind {
        FaultKind::Checksum => start + ip_length + checksum_at,
        FaultKind::HeaderChecksum if link.local.is_ipv4() => start + 10,
        FaultKind::HeaderChecksum => start + ip_length + checksum_at,
        _ => return (true, at_ends),
    };
    let wrong = u16::from_be_bytes([out[at], out[at + 1]]) ^ flip;
    // A UDP checksum of 0 would say that there is none.
    let wrong = if wrong == 0 { 0x5500 } else { wrong };
    out[at..at + 2].copy_from_slice(&wrong.to_be_bytes());
    (false, at_ends)
}

fn strange_v4(choice: u8, source: Ipv4Addr, own: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, d] = source.octets();
    match choice % 8 {
        0 => own,
        1 => Ipv4Addr::UNSPECIFIED,
        2 => Ipv4Addr::BROADCAST,
        3 => Ipv4Addr::new(224, 0, 0, 1),
        4 => Ipv4Addr::LOCALHOST,
        5 => Ipv4Addr::new(own.octets()[0], own.octets()[1], 255, 255),
        6 => Ipv4Addr::new(240, 0, 0, 1),
        _ => Ipv4Addr::new(a, b, c, d.wrapping_add(1 + choice / 8)),
    }
}

fn strange_v6(choice: u8, source: Ipv6Addr, own: Ipv6Addr) -> Ipv6Addr {
    let mut other = source.octets();
    match choice % 6 {
        0 => own,
        1 => Ipv6Addr::UNSPECIFIED,
        2 => Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1),
        3 => Ipv6Addr::LOCALHOST,
        4 => Ipv6Addr::new(0xff0e, 0, 0, 0, 0, 0, 0, 0x101),
        _ => {
            other[15] = other[15].wrapping_add(1 + choice / 8);
            Ipv6Addr::from(other)
        }
    }
}
