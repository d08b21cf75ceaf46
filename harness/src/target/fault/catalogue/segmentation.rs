//! How data is cut into segments (RFC 9293 section 3.7), and how often they are sent and marked.

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, on_call, on_sent};
use crate::target::fault::segments::{believe_acknowledged, lose_segments_sent, segments_sent};
use crate::target::{CallOutput, SocketCall};
use crate::wire::{Packet, TcpFlags};

const IPPROTO_TCP: i32 = 6;
const TCP_NODELAY: i32 = 1;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "segmentation-nagle-missing",
        does: "sends small segments while others are not acknowledged",
        breaks: "RFC 9293 section 3.7.4 (SHLD-7)",
        requirements: &["9293-SHLD-7"],
        make: || believe_acknowledged(|segment, _| (1..100).contains(&segment.data)),
    },
    Fault {
        name: "segmentation-nagle-holds-all",
        does: "keeps full-sized segments too while others are not acknowledged",
        breaks: "RFC 9293 section 3.7.4 (SHLD-7)",
        requirements: &["9293-SHLD-7", "9293-SHLD-28"],
        make: || {
            lose_segments_sent(|segment, _| {
                segment.data >= 1000 && segment.flow.sent_to != segment.flow.acknowledged && !segment.is_again()
            })
        },
    },
    Fault {
        name: "segmentation-nagle-always",
        does: "ignores TCP_NODELAY",
        breaks: "RFC 9293 section 3.7.4 (MUST-17)",
        requirements: &["9293-MUST-17"],
        make: || {
            on_call(|call, _| match call {
                SocketCall::SetSockOpt { level: IPPROTO_TCP, option: TCP_NODELAY, .. } => {
                    Some((Ok(0), CallOutput::None))
                }
                _ => None,
            })
        },
    },
    Fault {
        name: "segmentation-push-never",
        does: "sets PSH in no segment",
        breaks: "RFC 9293 section 3.9.1.2 (MUST-61)",
        requirements: &["9293-MUST-61"],
        make: || segments_sent(|segment, _| segment.tcp.flags = segment.tcp.flags.without(TcpFlags::PSH)),
    },
    Fault {
        name: "segmentation-waits-for-more",
        does: "keeps data that does not fill a segment",
        breaks: "RFC 9293 section 3.9.1.2 (MUST-60)",
        requirements: &["9293-MUST-60"],
        make: || lose_segments_sent(|segment, _| (1..536).contains(&segment.data)),
    },
    Fault {
        name: "segmentation-in-halves",
        does: "sends every segment in two halves",
        breaks: "RFC 9293 section 3.7.5 (SHLD-28)",
        requirements: &["9293-SHLD-28", "9293-SHLD-27"],
        make: || {
            on_sent(|packet, between| {
                let half = packet.payload.len() / 2;
                if packet.tcp().is_none() || half == 0 {
                    return Fate::Passes;
                }
                let (front, back) = packet.payload.split_at(half);
                let mut first = Packet::new(packet.headers.iter().cloned(), front);
                if let Some(tcp) = first.tcp_mut() {
                    tcp.flags = tcp.flags.without(TcpFlags::FIN | TcpFlags::PSH);
                }
                between.send(&first);
                packet.payload = back;
                if let Some(tcp) = packet.tcp_mut() {
                    tcp.sequence = tcp.sequence.wrapping_add(half as u32);
                }
                Fate::Passes
            })
        },
    },
    Fault {
        name: "segmentation-data-altered",
        does: "sends data other than the application's",
        breaks: "RFC 9293 section 2.2",
        requirements: &["9293-U-18", "9293-U-17", "9293-U-22", "9293-T-018..021"],
        make: || {
            on_sent(|packet, between| {
                if packet.tcp().is_none() || packet.payload.is_empty() {
                    return Fate::Passes;
                }
                let altered: Vec<u8> = packet.payload.iter().map(|octet| octet ^ 0x20).collect();
                between.send(&Packet::new(packet.headers.iter().cloned(), &altered));
                Fate::Lost
            })
        },
    },
    Fault {
        name: "segmentation-source-port-changed",
        does: "sends what follows the SYN from the port beside its own",
        breaks: "RFC 9293 section 3.3.1",
        requirements: &["9293-U-28", "9293-U-17", "MYTH-03"],
        make: || {
            segments_sent(|segment, _| {
                if !segment.has(TcpFlags::SYN) && segment.flow.iss.is_some() {
                    segment.tcp.source_port ^= 1;
                }
            })
        },
    },
];
