//! Closing connections (RFC 9293 sections 3.6, 3.10.4 and 3.10.7.4).

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::acknowledgment::is_synchronized;
use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, both, on_call, on_return, on_sent};
use crate::target::fault::flow::{State, before};
use crate::target::fault::packets::send_reset;
use crate::target::fault::segments::{
    answer_segments, lose_segments_injected, lose_segments_sent, repeat_segments_sent, segments_injected, segments_sent,
};
use crate::target::{Errno, SocketCall};
use crate::wire::{Packet, Tcp, TcpFlags};

const EPIPE: i32 = 32;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "close-fin-unacknowledged",
        does: "does not count the FIN in its acknowledgments",
        breaks: "RFC 9293 section 3.10.7.4, eighth",
        requirements: &["9293-U-14", "9293-T-221..225", "MYTH-06"],
        make: || {
            segments_sent(|segment, _| {
                let fin = segment.flow.fin_received;
                if segment.has(TcpFlags::ACK) && fin.is_some_and(|fin| before(fin, segment.tcp.acknowledgment)) {
                    segment.tcp.acknowledgment = segment.tcp.acknowledgment.wrapping_sub(1);
                }
            })
        },
    },
    Fault {
        name: "close-fin-early",
        does: "takes a FIN that leaves a hole before it for the end",
        breaks: "RFC 9293 section 3.10.7.4, eighth",
        requirements: &["9293-U-14"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::FIN)
                    && is_synchronized(segment)
                    && before(segment.flow.expects, segment.tcp.sequence)
                {
                    segment.tcp.sequence = segment.flow.expects;
                }
            })
        },
    },
    Fault {
        name: "close-urgent-after-fin-resets",
        does: "answers URG behind the FIN by RST",
        breaks: "RFC 9293 section 3.10.7.4, sixth",
        requirements: &["9293-U-14", "9293-T-200..203"],
        make: || {
            answer_segments(
                |segment, _| {
                    segment.has(TcpFlags::URG) && segment.flow.fin_received.is_some() && is_synchronized(segment)
                },
                send_reset,
            )
        },
    },
    Fault {
        name: "close-text-behind-fin-resets",
        does: "answers data behind the other side's FIN by RST",
        breaks: "RFC 9293 section 3.10.7.4, seventh",
        requirements: &["9293-U-14", "9293-T-215..218"],
        make: || {
            answer_segments(
                |segment, _| {
                    let behind = segment.flow.fin_received.is_some_and(|fin| before(fin, segment.tcp.sequence));
                    is_synchronized(segment) && segment.data > 0 && behind
                },
                send_reset,
            )
        },
    },
    Fault {
        name: "close-speaks-after-fins",
        does: "sends RST when the application ends a connection whose FINs are both sent",
        breaks: "RFC 9293 section 3.10.5",
        requirements: &["9293-T-059..061", "9293-T-041", "9293-T-053"],
        make: || {
            let last: Rc<RefCell<Option<Vec<u8>>>> = Rc::default();
            let sent = Rc::clone(&last);
            both(
                on_sent(move |packet, _| {
                    if let Some(tcp) = packet.tcp() {
                        let tcp = Tcp { flags: TcpFlags::RST, options: Default::default(), ..tcp.clone() };
                        let reset = packet.ip().map(|ip| Packet::new([ip.clone(), tcp.into()], &[]).to_octets());
                        *sent.borrow_mut() = reset;
                    }
                }),
                on_call(move |call, between| {
                    if let (SocketCall::Close { .. }, Some(octets)) = (call, last.borrow().as_deref()) {
                        between.send(&Packet::parse(octets, None).packet);
                    }
                    None
                }),
            )
        },
    },
    Fault {
        name: "close-fin-never-sent",
        does: "sends no FIN",
        breaks: "RFC 9293 section 3.10.4",
        requirements: &["9293-U-18", "9293-T-042", "9293-T-044", "9293-T-047"],
        make: || {
            segments_sent(|segment, _| {
                let fin = segment.has(TcpFlags::FIN);
                segment.tcp.flags = segment.tcp.flags.without(TcpFlags::FIN);
                if fin && segment.data == 0 { Fate::Lost } else { Fate::Passes }
            })
        },
    },
    Fault {
        name: "close-fin-sent-once",
        does: "does not retransmit its FIN",
        breaks: "RFC 9293 section 3.8.1",
        requirements: &["9293-U-18"],
        make: || lose_segments_sent(|segment, _| segment.has(TcpFlags::FIN) && segment.flow.fin_sent.is_some()),
    },
    Fault {
        name: "close-loses-queue",
        does: "forgets half of what the application writes, and sends its FIN behind the other half",
        breaks: "RFC 9293 section 3.10.4",
        requirements: &["9293-U-18"],
        make: || {
            let meant = Rc::new(Cell::new(0));
            let asked = Rc::clone(&meant);
            both(
                on_call(move |call, _| {
                    if let SocketCall::Write { data, .. } = call {
                        asked.set(data.len());
                        data.truncate(data.len().div_ceil(2));
                    }
                    None
                }),
                on_return(move |call, returned, _| {
                    if matches!(call, SocketCall::Write { .. }) && returned.result.is_ok() {
                        returned.result = Ok(meant.get() as i64);
                    }
                }),
            )
        },
    },
    Fault {
        name: "close-send-after",
        does: "takes data from the application after it has closed",
        breaks: "RFC 9293 section 3.10.2",
        requirements: &["9293-U-18"],
        make: || {
            on_return(|call, returned, _| {
                if let (SocketCall::Send { data, .. }, Err(Errno(EPIPE))) = (call, returned.result) {
                    returned.result = Ok(data.len() as i64);
                }
            })
        },
    },
    Fault {
        name: "close-half-closed-deaf",
        does: "drops data after its own FIN",
        breaks: "RFC 9293 section 3.6",
        requirements: &["9293-U-16", "MYTH-10"],
        make: || {
            lose_segments_injected(|segment, _| {
                let half = matches!(segment.flow.state(), Some(State::FinWait1 | State::FinWait2));
                half && segment.data > 0
            })
        },
    },
    Fault {
        name: "close-half-duplex-silent",
        does: "says nothing of data that nobody will read",
        breaks: "RFC 9293 section 3.6.1 (SHLD-3)",
        requirements: &["9293-SHLD-3", "9293-T-213..214"],
        make: || lose_segments_sent(|segment, _| segment.has(TcpFlags::RST) && is_synchronized(segment)),
    },
    Fault {
        name: "close-simultaneous-unacknowledged",
        does: "does not acknowledge a FIN that crosses its own",
        breaks: "RFC 9293 section 3.6 (Figure 13)",
        requirements: &["9293-U-19"],
        make: || {
            lose_segments_injected(|segment, _| {
                segment.has(TcpFlags::FIN) && segment.flow.state() == Some(State::FinWait1)
            })
        },
    },
    Fault {
        name: "close-simultaneous-forgets",
        does: "forgets the connection once FINs have crossed",
        breaks: "RFC 9293 section 3.6 (Figure 13)",
        requirements: &["9293-U-19"],
        make: || {
            answer_segments(
                |segment, _| {
                    let fins = segment.flow.fin_sent.is_some() && segment.flow.fin_received.is_some();
                    fins && segment.has(TcpFlags::FIN)
                },
                send_reset,
            )
        },
    },
    Fault {
        name: "close-time-wait-skipped",
        does: "forgets the connection without TIME-WAIT",
        breaks: "RFC 9293 section 3.6 (MUST-13)",
        requirements: &["9293-MUST-13", "MYTH-11"],
        make: || answer_segments(|segment, _| segment.flow.state() == Some(State::TimeWait), send_reset),
    },
    Fault {
        name: "close-time-wait-silent",
        does: "answers nothing in TIME-WAIT",
        breaks: "RFC 9293 section 3.10.7.4, eighth",
        requirements: &[
            "9293-MUST-13",
            "9293-MAY-2",
            "9293-SHLD-4",
            "9293-U-8",
            "9293-T-158..159",
            "9293-T-196",
            "9293-T-229",
        ],
        make: || lose_segments_injected(|segment, _| segment.flow.state() == Some(State::TimeWait)),
    },
    Fault {
        name: "close-time-wait-forever",
        does: "stays in TIME-WAIT for ever",
        breaks: "RFC 9293 section 3.10.8",
        requirements: &["9293-U-27", "9293-T-246"],
        make: || {
            lose_segments_sent(|segment, _| segment.has(TcpFlags::RST) && segment.flow.state() == Some(State::TimeWait))
        },
    },
    Fault {
        name: "close-last-ack-forever",
        does: "stays in LAST-ACK although its FIN is acknowledged",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-T-195", "9293-U-14"],
        make: || {
            lose_segments_sent(|segment, _| segment.has(TcpFlags::RST) && segment.flow.state() == Some(State::LastAck))
        },
    },
    Fault {
        name: "close-abort-by-fin",
        does: "ends a connection that the application aborts with FIN",
        breaks: "RFC 9293 section 3.10.5",
        requirements: &["9293-U-20", "9293-T-055..058"],
        make: || {
            segments_sent(|segment, _| {
                if segment.has(TcpFlags::RST) && is_synchronized(segment) {
                    segment.tcp.flags = TcpFlags::FIN | TcpFlags::ACK;
                    segment.tcp.acknowledgment = segment.flow.expects;
                }
            })
        },
    },
    Fault {
        name: "close-abort-silent",
        does: "says nothing of a connection that the application aborts",
        breaks: "RFC 9293 section 3.10.5",
        requirements: &["9293-U-20", "9293-T-054..058"],
        make: || {
            lose_segments_sent(|segment, _| {
                segment.has(TcpFlags::RST) && segment.flow.state().is_some_and(|state| state >= State::SynReceived)
            })
        },
    },
    Fault {
        name: "close-fin-again",
        does: "sends a second FIN behind the first",
        breaks: "RFC 9293 section 3.10.4",
        requirements: &["9293-U-25", "9293-T-045..046"],
        make: || {
            on_sent(|packet, between| {
                if let Some(tcp) = packet.tcp().filter(|tcp| tcp.flags.contains(TcpFlags::FIN)) {
                    let mut second = tcp.clone();
                    second.sequence = second.sequence.wrapping_add(packet.payload.len() as u32 + 1);
                    if let Some(ip) = packet.ip() {
                        let again = Packet::new([ip.clone(), second.into()], &[]);
                        between.send_after(Duration::from_millis(100), &again);
                    }
                }
            })
        },
    },
    Fault {
        name: "close-syn-sent-speaks",
        does: "sends RST when the application closes a connection that is opening",
        breaks: "RFC 9293 section 3.10.4",
        requirements: &["9293-T-041", "9293-T-053"],
        make: || {
            // The SYN once more, as RST: what a target says that does not just forget.
            on_sent(|packet, between| {
                if packet.tcp().is_some_and(|tcp| tcp.flags == TcpFlags::SYN) {
                    let mut reset = packet.clone();
                    if let Some(tcp) = reset.tcp_mut() {
                        tcp.flags = TcpFlags::RST;
                        tcp.sequence = tcp.sequence.wrapping_add(1);
                    }
                    between.send_after(Duration::from_millis(50), &reset);
                }
            })
        },
    },
    Fault {
        name: "close-fin-repeated-for-ever",
        does: "sends its FIN again although it is acknowledged",
        breaks: "RFC 9293 section 3.8.1",
        requirements: &["9293-U-18", "9293-T-192..193"],
        make: || repeat_segments_sent(&[1_300, 2_600], |segment, _| segment.has(TcpFlags::FIN)),
    },
    Fault {
        name: "close-wait-deaf-to-application",
        does: "sends no data once the other side has closed",
        breaks: "RFC 9293 section 3.6",
        requirements: &["9293-U-18", "9293-U-14"],
        make: || lose_segments_sent(|segment, _| segment.data > 0 && segment.flow.state() == Some(State::CloseWait)),
    },
];
