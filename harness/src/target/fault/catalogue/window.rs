//! The window, on both sides (RFC 9293 section 3.8.6).

use std::time::Duration;

use super::acknowledgment::is_synchronized;
use crate::target::SocketCall;
use crate::target::fault::Fault;
use crate::target::fault::behaviour::{both, on_call, on_injected, on_sent};
use crate::target::fault::flow::before;
use crate::target::fault::packets::{answer, compute_lengths, send_reset};
use crate::target::fault::segments::{
    Segment, believe_reset, lose_segments_injected, lose_segments_sent, repeat_segments_sent, segments_injected,
    segments_sent,
};
use crate::wire::{Packet, TcpFlags};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "window-ignored",
        does: "sends without a look at the other side's window",
        breaks: "RFC 9293 section 3.8.6",
        requirements: &["9293-U-31", "TCPX-41", "9293-SHLD-15", "9293-MUST-34"],
        make: || segments_injected(|segment, _| segment.tcp.window = u16::MAX),
    },
    Fault {
        name: "window-shrinking-ignored",
        does: "sends on in a window that the other side has made smaller",
        breaks: "RFC 9293 section 3.8.6 (SHLD-15)",
        requirements: &["9293-SHLD-15", "9293-MUST-34"],
        make: || {
            segments_injected(|segment, _| {
                if shrinks(segment) {
                    segment.tcp.window = segment.flow.peer_window;
                }
            })
        },
    },
    Fault {
        name: "window-shrinking-resets",
        does: "resets a connection whose window the other side makes smaller",
        breaks: "RFC 9293 section 3.8.6 (MUST-34)",
        requirements: &["9293-MUST-34", "9293-MUST-35", "9293-SHLD-16"],
        make: || {
            on_injected(|packet, between| {
                let shrinks = packet.tcp().zip(between.synchronized(packet)).is_some_and(|(tcp, flow)| {
                    flow.sent_to != flow.acknowledged && tcp.window < flow.peer_window && tcp.window < 200
                });
                if shrinks {
                    send_reset(packet, between);
                    believe_reset(packet, between);
                }
            })
        },
    },
    Fault {
        name: "window-old-update-taken",
        does: "takes the window of a segment that is older than the last",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-U-15"],
        make: || {
            segments_injected(|segment, _| {
                let old = before(segment.tcp.acknowledgment, segment.flow.acknowledged);
                if is_synchronized(segment) && segment.has(TcpFlags::ACK) && old {
                    segment.tcp.acknowledgment = segment.flow.acknowledged;
                }
            })
        },
    },
    Fault {
        name: "window-probe-never",
        does: "does not probe a window that is closed",
        breaks: "RFC 9293 section 3.8.6.1 (MUST-36)",
        requirements: &["9293-MUST-36", "9293-U-24", "9293-MUST-35", "9293-T-247..248"],
        make: || lose_segments_sent(|segment, _| is_synchronized(segment) && segment.flow.peer_window == 0),
    },
    Fault {
        name: "window-probe-early",
        does: "probes a window that is closed after 0.1 s",
        breaks: "RFC 9293 section 3.8.6.1 (SHLD-29)",
        requirements: &["9293-SHLD-29"],
        make: || probes(&[100]),
    },
    Fault {
        name: "window-probe-without-backoff",
        does: "probes a window that is closed each second",
        breaks: "RFC 9293 section 3.8.6.1 (SHLD-30)",
        requirements: &["9293-SHLD-30"],
        make: || {
            let mut probes = 0;
            repeat_segments_sent(&[1_000, 2_000, 3_000], move |segment, _| {
                let first = is_synchronized(segment) && segment.flow.peer_window == 0 && probes == 0;
                probes += u32::from(first);
                first
            })
        },
    },
    Fault {
        name: "window-probe-empty",
        does: "probes a window that is closed with an empty segment",
        breaks: "RFC 9293 section 3.8.6.1",
        requirements: &["9293-U-24"],
        make: || {
            on_sent(|packet, between| {
                let closed = between.synchronized(packet).is_some_and(|flow| flow.peer_window == 0);
                if closed && packet.payload.len() == 1 {
                    packet.payload = &[];
                    if let Some(tcp) = packet.tcp_mut() {
                        tcp.sequence = tcp.sequence.wrapping_sub(1);
                    }
                }
            })
        },
    },
    Fault {
        name: "window-probe-gives-up",
        does: "gives a connection up after five probes, although they are acknowledged",
        breaks: "RFC 9293 section 3.8.6.1 (MUST-37)",
        requirements: &["9293-MUST-37"],
        make: || {
            let mut probes = 0;
            on_sent(move |packet, between| {
                if between.synchronized(packet).is_some_and(|flow| flow.peer_window == 0) {
                    probes += 1;
                    if probes > 5 {
                        believe_reset(packet, between);
                    }
                }
            })
        },
    },
    Fault {
        name: "window-shrinks-its-own",
        does: "moves the right edge of the window that it offers to the left",
        breaks: "RFC 9293 section 3.8.6 (SHLD-14)",
        requirements: &["9293-SHLD-14"],
        make: || {
            segments_sent(|segment, _| {
                if is_synchronized(segment) {
                    segment.tcp.window /= 2;
                }
            })
        },
    },
    Fault {
        name: "window-closed-silent",
        does: "says nothing to segments while the window that it offers is closed",
        breaks: "RFC 9293 section 3.10.7.4, first",
        requirements: &["9293-U-33", "9293-MAY-8", "9293-MUST-66", "9293-T-107..110"],
        make: || lose_segments_injected(|segment, _| is_synchronized(segment) && segment.flow.window == 0),
    },
    Fault {
        name: "window-reopened-unasked",
        does: "opens the window again although nobody has read",
        breaks: "RFC 9293 section 3.8.6",
        requirements: &["9293-MAY-8", "9293-U-33", "9293-MUST-39"],
        make: || {
            segments_sent(|segment, _| {
                if is_synchronized(segment) && segment.tcp.window < 100 {
                    segment.tcp.window = 100;
                }
            })
        },
    },
    Fault {
        name: "window-update-never-sent",
        does: "does not say when the window that it offers opens again",
        breaks: "RFC 9293 section 3.10.3",
        requirements: &["9293-T-031..033"],
        make: || {
            lose_segments_sent(|segment, _| {
                let same = segment.tcp.acknowledgment == segment.flow.expects;
                segment.is_pure_ack() && same && segment.tcp.window > segment.flow.window
            })
        },
    },
    Fault {
        name: "window-update-without-news-ignored",
        does: "takes no window from a segment that acknowledges nothing new",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-T-182", "9293-T-185"],
        make: || {
            segments_injected(|segment, _| {
                if is_synchronized(segment) && segment.tcp.acknowledgment == segment.flow.acknowledged {
                    segment.tcp.window = segment.flow.peer_window;
                }
            })
        },
    },
    Fault {
        name: "window-filled-by-octets",
        does: "sends what little fits as soon as the window opens by a little",
        breaks: "RFC 9293 section 3.8.6.2.1 (MUST-38)",
        requirements: &["9293-MUST-38"],
        make: || {
            on_injected(|packet, between| {
                let Some(tcp) = packet.tcp() else { return };
                let Some(flow) = between.synchronized(packet) else { return };
                if (1..=100).contains(&tcp.window) && flow.peer_window == 0 {
                    let flags = TcpFlags::PSH | TcpFlags::ACK;
                    let Some(segment) = answer(packet, flags, flow.sent_to, flow.expects) else { return };
                    let mut small = Packet::new(segment.headers, &[0; 10]);
                    compute_lengths(&mut small);
                    between.send(&small);
                }
            })
        },
    },
];

/// Whether the tester takes room back that it had offered.
fn shrinks(segment: &Segment<'_>) -> bool {
    let old = segment.flow.acknowledged.wrapping_add(segment.flow.peer_window.into());
    let new = segment.tcp.acknowledgment.wrapping_add(segment.tcp.window.into());
    is_synchronized(segment) && segment.has(TcpFlags::ACK) && before(new, old)
}

/// Probes a closed window so many milliseconds after the application wrote.
fn probes(delays: &'static [u64]) -> Box<dyn crate::target::fault::Behaviour> {
    use std::cell::RefCell;
    use std::rc::Rc;
    let probe: Rc<RefCell<Option<Vec<u8>>>> = Rc::default();
    let seen = Rc::clone(&probe);
    both(
        on_injected(move |packet, between| {
            let Some((tcp, flow)) = packet.tcp().zip(between.synchronized(packet)) else { return };
            let sequence = flow.sent_to.wrapping_sub(1);
            let segment = answer(packet, TcpFlags::ACK, sequence, flow.expects).filter(|_| tcp.window == 0);
            *seen.borrow_mut() = segment.map(|segment| segment.to_octets());
        }),
        on_call(move |call, between| {
            if let (SocketCall::Write { .. }, Some(octets)) = (call, probe.borrow().as_deref()) {
                for delay in delays {
                    between.send_after(Duration::from_millis(*delay), &Packet::parse(octets, None).packet);
                }
            }
            None
        }),
    )
}
