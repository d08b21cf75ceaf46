//! What tester or application did, and the clause by which a target treats it.

use std::net::IpAddr;

use crate::fuzzing::run::Cut;
use crate::fuzzing::states::State;
use crate::target::SocketCall;
use crate::wire::{DefectKind, Header, Packet, Tcp, TcpFlags};

/// A clause, by the requirement of the catalogues that says it, if one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clause {
    /// Such as `9293-U-4`.
    pub requirement: Option<&'static str>,
    /// Such as `RFC 9293 section 3.10.7.4, first`.
    pub clause: &'static str,
    /// What it is about.
    pub about: &'static str,
}

const fn clause(requirement: &'static str, clause: &'static str, about: &'static str) -> Clause {
    Clause { requirement: Some(requirement), clause, about }
}

/// A clause, by what says it, without a requirement of its own.
const fn section(clause: &'static str, about: &'static str) -> Clause {
    Clause { requirement: None, clause, about }
}

/// What a target knows of the connection that a segment is of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) state: State,
    /// RCV.NXT and RCV.WND, as far as the target told them.
    pub(super) next: Option<u32>,
    pub(super) window: u32,
    /// ISS and SND.NXT, as far as the target used them.
    pub(super) initial: Option<u32>,
    pub(super) sent: u32,
}

/// The clause about a datagram of the tester to `local`, from `remote`.
pub(super) fn of_datagram(octets: &[u8], cut: Option<&Cut>, ends: (IpAddr, IpAddr), known: &Known) -> Clause {
    let is_ipv4 = ends.0.is_ipv4();
    let (remote, local) = ends;
    if cut.is_some() {
        return if is_ipv4 {
            clause("791-26", "RFC 791 section 3.2", "fragments")
        } else {
            clause("IP6-11", "RFC 8200 section 4.5", "fragments")
        };
    }
    let parsed = Packet::parse(octets, None);
    let packet = &parsed.packet;
    if packet.source() != Some(remote) {
        return clause("1122-IP-05", "RFC 1122 section 3.2.1.3", "a source address that no single host has");
    }
    if packet.destination() != Some(local) {
        return clause("1122-IP-06", "RFC 1122 section 3.2.1.3", "a destination that is not the target's");
    }
    if let Some(clause) = of_header(packet, is_ipv4) {
        return clause;
    }
    for defect in &parsed.defects {
        return match (&defect.kind, packet.headers.last()) {
            (DefectKind::Checksum { .. }, Some(Header::Tcp(_))) => {
                clause("9293-MUST-3", "RFC 9293 section 3.1", "a segment whose checksum is wrong")
            }
            (DefectKind::Checksum { protocol: "IPv4 header", .. }, _) => {
                clause("791-12", "RFC 791 section 3.1", "a datagram whose header checksum is wrong")
            }
            (DefectKind::Checksum { .. }, Some(Header::Udp(_))) => {
                clause("768-08", "RFC 768 Fields", "a datagram whose checksum is wrong")
            }
            (DefectKind::Option { .. }, Some(Header::Tcp(_))) => {
                clause("9293-MUST-7", "RFC 9293 section 3.1", "options that are malformed")
            }
            (DefectKind::Reserved(_), _) => continue,
            (_, Some(Header::Tcp(_))) => section("RFC 9293 section 3.1", "a header whose lengths are wrong"),
            _ => section("RFC 1122 section 3.2.1", "a datagram whose lengths are wrong"),
        };
    }
    match packet.headers.last() {
        Some(Header::Tcp(tcp)) => of_segment(tcp, packet.payload.len(), known),
        Some(Header::Udp(_)) => section("RFC 1122 section 4.1.3.1", "a UDP datagram"),
        Some(Header::Icmpv4(icmp)) if icmp.kind == 8 => clause("792-14", "RFC 792 Echo", "an echo request"),
        Some(Header::Icmpv6(icmp)) if icmp.kind == 128 => clause("IP6-25", "RFC 4443 section 4.2", "an echo request"),
        _ => section("RFC 1122 section 4.2.3.9", "an ICMP error about a connection"),
    }
}

fn of_header(packet: &Packet<'_>, is_ipv4: bool) -> Option<Clause> {
    match packet.headers.first()? {
        Header::Ipv4(ip) if ip.ttl == 0 => {
            Some(clause("1122-IP-15", "RFC 1122 section 3.2.1.7", "a time to live of zero"))
        }
        Header::Ipv4(ip) if !ip.options.is_empty() => Some(section("RFC 1122 section 3.2.1.8", "IP options")),
        Header::Ipv6(_) if matches!(packet.headers.get(1), Some(Header::Ipv6Extension(_))) => {
            Some(clause("IP6-06", "RFC 8200 section 4.2", "an option of a hop-by-hop header"))
        }
        Header::Ipv4(ip) if ip.reserved_flag && is_ipv4 => {
            Some(clause("791-07", "RFC 791 section 3.1", "the reserved flag"))
        }
        _ => None,
    }
}

/// The check of RFC 9293 section 3.10.7 that a segment comes to.
fn of_segment(tcp: &Tcp, length: usize, known: &Known) -> Clause {
    let has = |flag| tcp.flags.contains(flag);
    match known.state {
        State::Closed => clause("9293-U-1", "RFC 9293 section 3.10.7.1", "a segment for no connection"),
        State::Listen => clause("9293-U-10", "RFC 9293 section 3.10.7.2", "a segment in LISTEN"),
        State::SynSent => {
            let is_acceptable = known.initial.is_some_and(|initial| {
                tcp.acknowledgment.wrapping_sub(initial) as i32 > 0 && !is_after(tcp.acknowledgment, known.sent)
            });
            if has(TcpFlags::ACK) && !is_acceptable {
                clause("9293-U-11", "RFC 9293 section 3.10.7.3, first", "an unacceptable ACK in SYN-SENT")
            } else if has(TcpFlags::RST) {
                clause("9293-U-5", "RFC 9293 section 3.10.7.3, second", "a RST in SYN-SENT")
            } else {
                clause("9293-U-17", "RFC 9293 section 3.10.7.3, fourth", "a segment in SYN-SENT")
            }
        }
        state => of_synchronized(tcp, length, known, state),
    }
}

fn of_synchronized(tcp: &Tcp, length: usize, known: &Known, state: State) -> Clause {
    let has = |flag| tcp.flags.contains(flag);
    let end = tcp.sequence.wrapping_add(tcp.sequence_length(length));
    let is_acceptable = known.next.is_none_or(|next| {
        let edge = next.wrapping_add(known.window);
        let is_in = |number: u32| !is_after(next, number) && is_after(edge, number);
        is_in(tcp.sequence) || end != tcp.sequence && is_in(end.wrapping_sub(1)) || tcp.sequence == next
    });
    if !is_acceptable {
        return clause("9293-U-4", "RFC 9293 section 3.10.7.4, first", "an unacceptable sequence number");
    }
    if has(TcpFlags::RST) {
        return clause("9293-U-7", "RFC 9293 section 3.10.7.4, second", "a RST in the window");
    }
    if has(TcpFlags::SYN) {
        return clause("9293-U-8", "RFC 9293 section 3.10.7.4, fourth", "a SYN in the window");
    }
    if !has(TcpFlags::ACK) {
        return clause("9293-U-12", "RFC 9293 section 3.10.7.4, fifth", "a segment without ACK");
    }
    let is_unsent = is_after(tcp.acknowledgment, known.sent);
    if state == State::SynReceived && (is_unsent || known.initial == Some(tcp.acknowledgment)) {
        return clause("9293-U-3", "RFC 9293 section 3.10.7.4, fifth", "an unacceptable ACK in SYN-RECEIVED");
    }
    if is_unsent {
        return clause("9293-U-9", "RFC 9293 section 3.10.7.4, fifth", "an ACK of what was not sent");
    }
    if known.sent.wrapping_sub(tcp.acknowledgment) > u32::from(u16::MAX) {
        return clause("9293-U-9", "RFC 9293 section 3.10.7.4, fifth", "an ACK from long ago");
    }
    if has(TcpFlags::URG) {
        return clause("9293-U-23", "RFC 9293 section 3.10.7.4, sixth", "urgent data");
    }
    let is_next = known.next == Some(tcp.sequence);
    match state {
        State::CloseWait | State::Closing | State::LastAck if length > 0 || has(TcpFlags::FIN) => {
            clause("9293-U-14", "RFC 9293 section 3.10.7.4, seventh", "octets behind a FIN")
        }
        State::TimeWait => section("RFC 9293 section 3.10.7.4", "a segment in TIME-WAIT"),
        _ if has(TcpFlags::FIN) => clause("9293-U-14", "RFC 9293 section 3.10.7.4, eighth", "a FIN"),
        _ if length > 0 && !is_next => {
            clause("9293-U-13", "RFC 9293 section 3.10.7.4, seventh", "octets that overlap, or leave a gap")
        }
        _ if length > 0 => section("RFC 9293 section 3.10.7.4, seventh", "octets in order"),
        State::SynReceived => section("RFC 9293 section 3.10.7.4, fifth", "an ACK in SYN-RECEIVED"),
        _ => clause("9293-U-29", "RFC 9293 section 3.10.7.4, fifth", "an acknowledgment"),
    }
}

/// The clause about a call; `None` for those that say nothing of a protocol.
pub(super) fn of_call(call: &SocketCall) -> Option<Clause> {
    Some(match call {
        SocketCall::Accept { .. } => section("RFC 9293 section 3.10.1", "a passive OPEN (accept)"),
        SocketCall::Connect { .. } => section("RFC 9293 section 3.10.1", "an active OPEN (connect)"),
        SocketCall::Send { .. } => section("RFC 9293 section 3.10.2", "a SEND (send)"),
        SocketCall::Recv { .. } => section("RFC 9293 section 3.10.3", "a RECEIVE (recv)"),
        SocketCall::Shutdown { .. } | SocketCall::Close { .. } => {
            section("RFC 9293 section 3.10.4", "a CLOSE (close, shutdown)")
        }
        SocketCall::RecvFrom { .. } | SocketCall::SendTo { .. } => {
            section("RFC 1122 section 4.1.4", "the interface of UDP")
        }
        _ => return None,
    })
}

fn is_after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}
