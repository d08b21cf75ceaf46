//! Keep-alives (RFC 9293 section 3.8.4).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::target::fault::Behaviour;
use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, both, on_call, on_injected, on_sent};
use crate::target::fault::flow::{Flow, before};
use crate::target::fault::packets::answer;
use crate::target::fault::segments::{lose_segments_sent, segments_injected};
use crate::target::{CallOutput, SocketCall};
use crate::wire::{Packet, Tcp, TcpFlags};

const SOL_SOCKET: i32 = 1;
const SO_KEEPALIVE: i32 = 9;
const IPPROTO_TCP: i32 = 6;
const TCP_KEEPIDLE: i32 = 4;
const TCP_KEEPINTVL: i32 = 5;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "keep-alive-never",
        does: "sends no keep-alives though the application asks for them",
        breaks: "RFC 9293 section 3.8.4 (MUST-24)",
        requirements: &["9293-MUST-24", "9293-MUST-27", "9293-T-249..250"],
        make: || lose_segments_sent(|segment, _| is_probe(segment.tcp, segment.data, &segment.flow)),
    },
    Fault {
        name: "keep-alive-unasked",
        does: "sends keep-alives each minute though nobody asked for them",
        breaks: "RFC 9293 section 3.8.4 (MUST-25)",
        requirements: &["9293-MUST-25", "9293-MUST-28"],
        make: || probe_after(&[60_000, 120_000, 3_600_000]),
    },
    Fault {
        name: "keep-alive-unasked-soon",
        does: "sends a keep-alive 2 s after the connection is made though nobody asked for it",
        breaks: "RFC 9293 section 3.8.4 (MUST-25)",
        requirements: &["9293-MUST-25"],
        make: || probe_after(&[2_000]),
    },
    Fault {
        name: "keep-alive-while-busy",
        does: "sends a keep-alive while segments come",
        breaks: "RFC 9293 section 3.8.4 (MUST-26)",
        requirements: &["9293-MUST-26"],
        make: || {
            on_injected(|packet, between| {
                let Some(flow) = between.synchronized(packet).filter(|_| !packet.payload.is_empty()) else { return };
                let expects = flow.received_to.wrapping_add(packet.payload.len() as u32);
                if let Some(probe) = answer(packet, TcpFlags::ACK, flow.sent_to.wrapping_sub(1), expects) {
                    between.send_after(Duration::from_millis(900), &probe);
                }
            })
        },
    },
    Fault {
        name: "keep-alive-with-data-outstanding",
        does: "sends keep-alives while data is not acknowledged",
        breaks: "RFC 9293 section 3.8.4 (MUST-26)",
        requirements: &["9293-MUST-26"],
        make: || {
            on_sent(|packet, between| {
                if packet.tcp().is_some() && !packet.payload.is_empty() {
                    let mut probe = Packet::new(packet.headers.iter().cloned(), &[]);
                    if let Some(tcp) = probe.tcp_mut() {
                        tcp.flags = TcpFlags::ACK;
                        tcp.sequence = tcp.sequence.wrapping_sub(1);
                    }
                    between.send_after(Duration::from_millis(90), &probe);
                }
            })
        },
    },
    Fault {
        name: "keep-alive-interval-ignored",
        does: "ignores the interval that the application asks for",
        breaks: "RFC 9293 section 3.8.4 (MUST-27)",
        requirements: &["9293-MUST-27"],
        make: || {
            on_call(|call, _| match call {
                SocketCall::SetSockOpt { level: IPPROTO_TCP, option: TCP_KEEPIDLE | TCP_KEEPINTVL, .. } => {
                    Some((Ok(0), CallOutput::None))
                }
                _ => None,
            })
        },
    },
    Fault {
        name: "keep-alive-default-an-hour",
        does: "sends keep-alives after an hour where the application names no interval",
        breaks: "RFC 9293 section 3.8.4 (MUST-28)",
        requirements: &["9293-MUST-28"],
        make: || probe_after(&[3_600_000]),
    },
    Fault {
        name: "keep-alive-cannot-be-switched-off",
        does: "goes on with keep-alives that the application switches off",
        breaks: "RFC 9293 section 3.8.4 (MUST-24)",
        requirements: &["9293-MUST-24"],
        make: || {
            on_call(|call, _| match call {
                SocketCall::SetSockOpt { level: SOL_SOCKET, option: SO_KEEPALIVE, value, .. }
                    if value.iter().all(|octet| *octet == 0) =>
                {
                    Some((Ok(0), CallOutput::None))
                }
                _ => None,
            })
        },
    },
    Fault {
        name: "keep-alive-at-once",
        does: "sends a keep-alive as soon as the application asks for them",
        breaks: "RFC 9293 section 3.8.4 (MUST-26)",
        requirements: &["9293-MUST-26"],
        make: || {
            let last: Rc<RefCell<Option<Vec<u8>>>> = Rc::default();
            let sent = Rc::clone(&last);
            both(
                on_sent(move |packet, _| {
                    let mut probe = Packet::new(packet.headers.iter().cloned(), &[]);
                    if let Some(tcp) = probe.tcp_mut() {
                        tcp.flags = TcpFlags::ACK;
                        tcp.options = Default::default();
                        *sent.borrow_mut() = Some(probe.to_octets());
                    }
                }),
                on_call(move |call, between| {
                    let asked = matches!(call, SocketCall::SetSockOpt { level: SOL_SOCKET, option: SO_KEEPALIVE, .. });
                    if let (true, Some(octets)) = (asked, last.borrow().as_deref()) {
                        between.send(&Packet::parse(octets, None).packet);
                    }
                    None
                }),
            )
        },
    },
    Fault {
        name: "keep-alive-one-is-enough",
        does: "takes a connection for dead when one keep-alive is not answered",
        breaks: "RFC 9293 section 3.8.4 (MUST-29)",
        requirements: &["9293-MUST-29"],
        make: || {
            let mut probes = 0;
            on_sent(move |packet, between| {
                let probe = packet.tcp().zip(between.flow(packet));
                if probe.is_some_and(|(tcp, flow)| is_probe(tcp, packet.payload.len(), flow)) {
                    probes += 1;
                }
                if probes < 2 {
                    return;
                }
                if let Some(tcp) = packet.tcp_mut() {
                    tcp.flags = TcpFlags::RST | TcpFlags::ACK;
                }
            })
        },
    },
    Fault {
        name: "keep-alive-with-data",
        does: "sends keep-alives that carry an octet",
        breaks: "RFC 9293 section 3.8.4 (SHLD-12)",
        requirements: &["9293-SHLD-12"],
        make: || {
            on_sent(|packet, between| {
                let probe = packet.tcp().zip(between.flow(packet));
                if !probe.is_some_and(|(tcp, flow)| is_probe(tcp, packet.payload.len(), flow)) {
                    return Fate::Passes;
                }
                between.send(&Packet::new(packet.headers.iter().cloned(), &[0]));
                Fate::Lost
            })
        },
    },
    Fault {
        name: "keep-alive-unanswered",
        does: "does not answer the other side's keep-alives",
        breaks: "RFC 9293 section 3.10.7.4, first",
        requirements: &["9293-U-4"],
        make: || {
            segments_injected(|segment, _| {
                let old = segment.tcp.sequence == segment.flow.expects.wrapping_sub(1);
                let probes = old && segment.data <= 1 && segment.flow.is_synchronized();
                if probes && !segment.has(TcpFlags::FIN) { Fate::Lost } else { Fate::Passes }
            })
        },
    },
];

/// Whether a segment of the target is a keep-alive: old, and with at most an octet.
fn is_probe(tcp: &Tcp, data: usize, flow: &Flow) -> bool {
    let odd = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST;
    data <= 1
        && tcp.flags.0 & odd.0 == 0
        && flow.is_synchronized()
        && before(tcp.sequence, flow.sent_to)
        && flow.acknowledged == flow.sent_to
}

/// Sends keep-alives so many milliseconds after the SYN-ACK.
fn probe_after(delays: &'static [u64]) -> Box<dyn Behaviour> {
    on_sent(move |packet, between| {
        if packet.tcp().is_some_and(|tcp| tcp.flags.contains(TcpFlags::SYN | TcpFlags::ACK)) {
            let mut probe = packet.clone();
            if let Some(tcp) = probe.tcp_mut() {
                tcp.flags = TcpFlags::ACK;
                tcp.options = Default::default();
            }
            for delay in delays {
                between.send_after(Duration::from_millis(*delay), &probe);
            }
        }
    })
}
