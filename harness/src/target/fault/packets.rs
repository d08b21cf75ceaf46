//! What many faults do to packets: mend them, spoil them, answer them.

use super::between::Between;
use crate::wire::{Field, Header, Icmpv4, Icmpv6, Ipv4, Ipv6, Packet, Tcp, TcpFlags, Udp};

/// TTL and hop limit of what a fault sends itself.
const HOPS: u8 = 64;

/// Makes every checksum right: what a target sees that verifies none.
pub(super) fn mend(packet: &mut Packet<'_>) {
    for header in &mut packet.headers {
        match header {
            Header::Ipv4(ipv4) => ipv4.checksum = Field::Computed,
            Header::Tcp(tcp) => tcp.checksum = Field::Computed,
            Header::Udp(udp) => udp.checksum = Field::Computed,
            Header::Icmpv4(icmp) => icmp.checksum = Field::Computed,
            Header::Icmpv6(icmp) => icmp.checksum = Field::Computed,
            _ => {}
        }
    }
}

/// The checksum field of the innermost header, if that is a transport's or ICMP's.
pub(super) fn checksum_field<'p>(packet: &'p mut Packet<'_>) -> Option<&'p mut Field<u16>> {
    match packet.headers.last_mut()? {
        Header::Tcp(tcp) => Some(&mut tcp.checksum),
        Header::Udp(udp) => Some(&mut udp.checksum),
        Header::Icmpv4(icmp) => Some(&mut icmp.checksum),
        Header::Icmpv6(icmp) => Some(&mut icmp.checksum),
        _ => None,
    }
}

/// The checksum of the innermost header as it goes on the wire.
pub(super) fn checksum_on_wire(packet: &Packet<'_>) -> Option<u16> {
    let (last, before) = packet.headers.split_last()?;
    let start: usize = before.iter().map(Header::emitted_length).sum();
    let at = start
        + match last {
            Header::Tcp(_) => 16,
            Header::Udp(_) => 6,
            Header::Icmpv4(_) | Header::Icmpv6(_) => 2,
            _ => return None,
        };
    let octets = packet.to_octets();
    Some(u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?]))
}

/// Makes the checksum of the innermost header wrong, and not by a number that means something else.
pub(super) fn spoil_checksum(packet: &mut Packet<'_>) {
    if let Some(right) = checksum_on_wire(packet)
        && let Some(field) = checksum_field(packet)
    {
        *field = Field::Forced(if right == 0x5a5a { 0xa5a5 } else { right ^ 0x5a5a });
    }
}

/// Whether the packet is ICMP of either version.
pub(super) fn is_icmp(packet: &Packet<'_>) -> bool {
    packet.icmpv4().is_some() || packet.icmpv6().is_some()
}

/// Whether the packet is an ICMP error of either version.
pub(super) fn is_icmp_error(packet: &Packet<'_>) -> bool {
    packet.icmpv4().is_some_and(Icmpv4::is_error) || packet.icmpv6().is_some_and(Icmpv6::is_error)
}

/// Whether the packet is an ICMP error of this type and code: of ICMP, or of ICMPv6.
pub(super) fn is_error(packet: &Packet<'_>, v4: (u8, u8), v6: (u8, u8)) -> bool {
    packet.icmpv4().is_some_and(|icmp| (icmp.kind, icmp.code) == v4)
        || packet.icmpv6().is_some_and(|icmp| (icmp.kind, icmp.code) == v6)
}

/// Whether the packet asks for an echo.
pub(super) fn is_echo_request(packet: &Packet<'_>) -> bool {
    packet.icmpv4().is_some_and(|icmp| icmp.kind == Icmpv4::ECHO)
        || packet.icmpv6().is_some_and(|icmp| icmp.kind == Icmpv6::ECHO_REQUEST)
}

/// Whether the packet answers an echo request.
pub(super) fn is_echo_reply(packet: &Packet<'_>) -> bool {
    packet.icmpv4().is_some_and(|icmp| icmp.kind == Icmpv4::ECHO_REPLY)
        || packet.icmpv6().is_some_and(|icmp| icmp.kind == Icmpv6::ECHO_REPLY)
}

/// An IP header from where `packet` went to where it came from.
pub(super) fn back(packet: &Packet<'_>) -> Option<Header> {
    Some(match packet.ip()? {
        Header::Ipv4(ip) => Ipv4 { ttl: HOPS, ..Ipv4::new(ip.destination, ip.source) }.into(),
        Header::Ipv6(ip) => Ipv6 { hop_limit: HOPS, ..Ipv6::new(ip.destination, ip.source) }.into(),
        _ => return None,
    })
}

/// An IP header from the target itself to where `packet` came from.
pub(super) fn from_target(packet: &Packet<'_>, between: &Between) -> Option<Header> {
    let mut header = back(packet)?;
    match (&mut header, between.local()) {
        (Header::Ipv4(ip), std::net::IpAddr::V4(local)) => ip.source = local,
        (Header::Ipv6(ip), std::net::IpAddr::V6(local)) => ip.source = local,
        _ => return None,
    }
    Some(header)
}

/// A segment without data that answers one of the tester.
pub(super) fn answer(
    packet: &Packet<'_>,
    flags: TcpFlags,
    sequence: u32,
    acknowledgment: u32,
) -> Option<Packet<'static>> {
    let tcp = packet.tcp()?;
    let answer = Tcp { flags, sequence, acknowledgment, ..Tcp::new(tcp.destination_port, tcp.source_port) };
    Some(Packet::new([back(packet)?, answer.into()], &[]))
}

/// The RST that answers a segment for which there is no connection (RFC 9293 section 3.5.2).
pub(super) fn reset_for(packet: &Packet<'_>) -> Option<Packet<'static>> {
    let tcp = packet.tcp()?;
    if tcp.flags.contains(TcpFlags::ACK) {
        return answer(packet, TcpFlags::RST, tcp.acknowledgment, 0);
    }
    let end = tcp.sequence.wrapping_add(tcp.sequence_length(packet.payload.len()));
    answer(packet, TcpFlags::RST | TcpFlags::ACK, 0, end)
}

/// Sends the reset that answers a segment without connection.
pub(super) fn send_reset(packet: &Packet<'_>, between: &mut Between) {
    if let Some(reset) = reset_for(packet) {
        between.send(&reset);
    }
}

/// Sends an acknowledgment that is right for the connection: SND.NXT and RCV.NXT.
pub(super) fn send_acknowledgment(packet: &Packet<'_>, between: &mut Between) {
    let Some(flow) = between.flow(packet) else { return };
    if let Some(mut ack) = answer(packet, TcpFlags::ACK, flow.sent_to, flow.expects) {
        if let Some(tcp) = ack.tcp_mut() {
            tcp.window = flow.window;
        }
        between.send(&ack);
    }
}

/// An ICMP error that quotes the packet, as much as goes into 576 or 1,280 octets: type and code of ICMP, or of ICMPv6.
pub(super) fn error(packet: &Packet<'_>, between: &Between, v4: (u8, u8), v6: (u8, u8)) -> Option<Vec<u8>> {
    let header = from_target(packet, between)?;
    let (icmp, most): (Header, _) = match header {
        Header::Ipv4(_) => (Icmpv4::new(v4.0, v4.1).into(), 576 - 28),
        _ => (Icmpv6::new(v6.0, v6.1).into(), 1280 - 48),
    };
    let mut quoted = packet.to_octets();
    quoted.truncate(most);
    Some(Packet::new([header, icmp], &quoted).to_octets())
}

/// Sends an [`error`].
pub(super) fn send_error(packet: &Packet<'_>, between: &mut Between, v4: (u8, u8), v6: (u8, u8)) {
    if let Some(octets) = error(packet, between, v4, v6) {
        between.send(&Packet::parse(&octets, None).packet);
    }
}

/// Answers an echo request, whatever is wrong with it.
pub(super) fn send_echo_reply(packet: &Packet<'_>, between: &mut Between) {
    let Some(header) = from_target(packet, between) else { return };
    let reply: Header = if let Some(icmp) = packet.icmpv4() {
        Icmpv4 { rest: icmp.rest, ..Icmpv4::new(Icmpv4::ECHO_REPLY, 0) }.into()
    } else if let Some(icmp) = packet.icmpv6() {
        Icmpv6 { rest: icmp.rest, ..Icmpv6::new(Icmpv6::ECHO_REPLY, 0) }.into()
    } else {
        return;
    };
    between.send(&Packet::new([header, reply], packet.payload));
}

/// Sends an echo reply with this identifier, sequence number and data to where a packet came from.
pub(super) fn send_echo_reply_for(packet: &Packet<'_>, between: &mut Between, echo: (u16, u16), data: &[u8]) {
    let Some(header) = from_target(packet, between) else { return };
    let reply: Header = match header {
        Header::Ipv4(_) => Icmpv4 { kind: Icmpv4::ECHO_REPLY, ..Icmpv4::echo(echo.0, echo.1) }.into(),
        _ => Icmpv6 { kind: Icmpv6::ECHO_REPLY, ..Icmpv6::echo_request(echo.0, echo.1) }.into(),
    };
    between.send(&Packet::new([header, reply], data));
}

/// The octets that a UDP length field claims, forced or not.
pub(super) fn udp_length(packet: &Packet<'_>, udp: &Udp) -> usize {
    udp.length.or((Udp::LENGTH + packet.payload.len()).min(0xffff) as u16).into()
}

/// Sends a datagram of the tester on, as a gateway would.
pub(super) fn forward(packet: &Packet<'_>, between: &mut Between) {
    let mut onward = packet.clone();
    if let Some(ip) = onward.ipv4_mut() {
        ip.ttl = ip.ttl.saturating_sub(1);
    }
    mend(&mut onward);
    between.send(&onward);
}

/// Moves the source address up by some, checksums with it.
pub(super) fn source_as(packet: &mut Packet<'_>, up: u8) {
    for header in &mut packet.headers {
        match header {
            Header::Ipv4(ip) => {
                let [.., last] = ip.source.octets();
                let moved = u32::from(ip.source) & !0xff | u32::from(last.wrapping_add(up));
                let is_host = ip.source.is_private() || moved >> 24 == 192;
                // What is no host's address becomes one of the tester's network.
                ip.source = if is_host && !ip.source.is_broadcast() && last != 255 {
                    moved.into()
                } else {
                    [192, 0, 2, up].into()
                };
            }
            Header::Ipv6(ip) => {
                let is_host = !ip.source.is_multicast() && !ip.source.is_unspecified() && !ip.source.is_loopback();
                let moved = u128::from(ip.source).wrapping_add(up.into()).into();
                ip.source = if is_host { moved } else { [0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, up.into()].into() };
            }
            _ => {}
        }
    }
    mend(packet);
}

/// Has lengths and checksums computed anew.
pub(super) fn compute_lengths(packet: &mut Packet<'_>) {
    for header in &mut packet.headers {
        match header {
            Header::Ipv4(ip) => ip.total_length = Field::Computed,
            Header::Ipv6(ip) => ip.payload_length = Field::Computed,
            Header::Udp(udp) => udp.length = Field::Computed,
            _ => {}
        }
    }
    mend(packet);
}
