//! Explicit congestion notification (RFC 3168 section 6.1).

use crate::target::fault::Behaviour;
use crate::target::fault::Fault;
use crate::target::fault::behaviour::on_sent;
use crate::target::fault::flow::before;
use crate::target::fault::segments::segments_sent;
use crate::wire::{Header, Packet, TcpFlags};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "ecn-unasked",
        does: "sends an ECN-setup SYN-ACK to a side that did not ask for it",
        breaks: "RFC 3168 section 6.1.1",
        requirements: &["TCPX-56"],
        make: || {
            segments_sent(|segment, _| {
                if segment.has(TcpFlags::SYN | TcpFlags::ACK) {
                    segment.tcp.flags = segment.tcp.flags.without(TcpFlags::CWR) | TcpFlags::ECE;
                }
            })
        },
    },
    Fault {
        name: "ecn-refused",
        does: "does not agree to ECN",
        breaks: "RFC 3168 section 6.1.1",
        requirements: &["9293-SHLD-8", "TCPX-56"],
        make: || without(TcpFlags::ECE, |flags| flags.contains(TcpFlags::SYN)),
    },
    Fault {
        name: "ecn-capable-syn-ack",
        does: "marks a SYN-ACK as ECN-capable",
        breaks: "RFC 3168 section 6.1.1",
        requirements: &["TCPX-57"],
        make: || capable(|packet, _| packet.tcp().is_some_and(|tcp| tcp.flags.contains(TcpFlags::SYN))),
    },
    Fault {
        name: "ecn-congestion-not-echoed",
        does: "does not tell the other side of congestion that it met",
        breaks: "RFC 3168 section 6.1.3",
        requirements: &["TCPX-58"],
        make: || without(TcpFlags::ECE, |flags| !flags.contains(TcpFlags::SYN)),
    },
    Fault {
        name: "ecn-echo-unasked",
        does: "sets ECE although ECN was not agreed on",
        breaks: "RFC 3168 section 6.1.3",
        requirements: &["TCPX-58"],
        make: || {
            segments_sent(|segment, _| {
                if !segment.has(TcpFlags::SYN) && !segment.has(TcpFlags::RST) {
                    segment.tcp.flags = segment.tcp.flags | TcpFlags::ECE;
                }
            })
        },
    },
    Fault {
        name: "ecn-reduction-untold",
        does: "does not say that it has reduced its congestion window",
        breaks: "RFC 3168 section 6.1.2",
        requirements: &["TCPX-59"],
        make: || without(TcpFlags::CWR, |flags| !flags.contains(TcpFlags::SYN)),
    },
    Fault {
        name: "ecn-capable-ack",
        does: "marks acknowledgments without data as ECN-capable",
        breaks: "RFC 3168 section 6.1.4",
        requirements: &["TCPX-60"],
        make: || {
            capable(|packet, _| {
                packet.payload.is_empty() && packet.tcp().is_some_and(|tcp| !tcp.flags.contains(TcpFlags::SYN))
            })
        },
    },
    Fault {
        name: "ecn-capable-retransmission",
        does: "marks retransmissions as ECN-capable",
        breaks: "RFC 3168 section 6.1.5",
        requirements: &["TCPX-61"],
        make: || {
            capable(|packet, sent_to| {
                let end = packet.tcp().map(|tcp| tcp.sequence.wrapping_add(packet.payload.len() as u32));
                !packet.payload.is_empty() && end.is_some_and(|end| !before(sent_to, end))
            })
        },
    },
];

/// Clears a flag in the segments whose flags are meant.
fn without(flag: TcpFlags, meant: fn(TcpFlags) -> bool) -> Box<dyn Behaviour> {
    segments_sent(move |segment, _| {
        if meant(segment.tcp.flags) {
            segment.tcp.flags = segment.tcp.flags.without(flag);
        }
    })
}

/// Sets ECT(0) in the packets that are meant; `meant` has the packet and SND.NXT.
fn capable(meant: fn(&Packet<'_>, u32) -> bool) -> Box<dyn Behaviour> {
    on_sent(move |packet, between| {
        let sent_to = between.flow(packet).map_or(0, |flow| flow.sent_to);
        if !meant(packet, sent_to) {
            return;
        }
        match packet.headers.first_mut() {
            Some(Header::Ipv4(ip)) => ip.tos = ip.tos & !0b11 | 0b10,
            Some(Header::Ipv6(ip)) => ip.traffic_class = ip.traffic_class & !0b11 | 0b10,
            _ => {}
        }
    })
}
