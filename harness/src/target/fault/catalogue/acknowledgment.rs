//! Receiving and acknowledging (RFC 9293 sections 3.8.6.3 and 3.10.7.4, RFC 5681 section 4.2).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{both, on_return, on_sent};
use crate::target::fault::flow::{State, before};
use crate::target::fault::packets::{send_acknowledgment, send_reset};
use crate::target::fault::segments::{
    Segment, answer_segments, delay_segments_sent, lose_segments_injected, lose_segments_sent, segments_injected,
    segments_sent,
};
use crate::target::{CallOutput, SocketCall};
use crate::wire::TcpFlags;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "ack-off-by-one",
        does: "acknowledges one octet more than it got",
        breaks: "RFC 9293 section 3.4",
        requirements: &["9293-U-30", "9293-U-33", "MYTH-05"],
        make: || {
            segments_sent(|segment, _| {
                if segment.has(TcpFlags::ACK) && !segment.has(TcpFlags::SYN) && got_data(segment) {
                    segment.tcp.acknowledgment = segment.tcp.acknowledgment.wrapping_add(1);
                }
            })
        },
    },
    Fault {
        name: "ack-never",
        does: "acknowledges nothing but with data",
        breaks: "RFC 9293 section 3.8.6.3",
        requirements: &["9293-MUST-40", "TCPX-38", "9293-SHLD-19", "9293-T-204..206"],
        make: || lose_segments_sent(|segment, _| segment.is_pure_ack()),
    },
    Fault {
        name: "ack-late",
        does: "acknowledges after 0.6 s",
        breaks: "RFC 9293 section 3.8.6.3 (MUST-40)",
        requirements: &["9293-MUST-40", "TCPX-38"],
        make: || delay_segments_sent(Duration::from_millis(600), |segment, _| segment.is_pure_ack()),
    },
    Fault {
        name: "ack-always-delayed",
        does: "delays every acknowledgment by 0.2 s, also of a second segment and of one out of order",
        breaks: "RFC 9293 section 3.8.6.3 (SHLD-19)",
        requirements: &["9293-SHLD-19", "TCPX-39"],
        make: || delay_segments_sent(Duration::from_millis(200), |segment, _| segment.is_pure_ack()),
    },
    Fault {
        name: "receive-data-altered",
        does: "gives the application other octets than came",
        breaks: "RFC 9293 section 3.10.3",
        requirements: &["9293-T-204..206", "9293-U-16"],
        make: || {
            on_return(|call, returned, _| {
                if let (SocketCall::Read { .. }, CallOutput::Data(data)) = (call, &mut returned.output)
                    && let Some(first) = data.first_mut()
                {
                    *first ^= 0x55;
                }
            })
        },
    },
    Fault {
        name: "receive-stops-at-push",
        does: "gives the application no more at a time than up to a PSH",
        breaks: "RFC 9293 section 3.9.1.2",
        requirements: &["MYTH-15"],
        make: || {
            let first = Rc::new(RefCell::new(None));
            let seen = Rc::clone(&first);
            both(
                segments_injected(move |segment, _| {
                    if segment.data > 0 && segment.has(TcpFlags::PSH) {
                        seen.borrow_mut().get_or_insert(segment.data);
                    }
                }),
                on_return(move |call, returned, _| {
                    let stop = first.borrow().unwrap_or(usize::MAX);
                    if let (SocketCall::Read { .. }, CallOutput::Data(data)) = (call, &mut returned.output)
                        && data.len() > stop
                    {
                        data.truncate(stop);
                        returned.result = Ok(stop as i64);
                    }
                }),
            )
        },
    },
    Fault {
        name: "ack-stale-with-data",
        does: "acknowledges with data what it had acknowledged first",
        breaks: "RFC 9293 section 3.10.8",
        requirements: &["9293-U-30"],
        make: || {
            segments_sent(|segment, _| {
                if let (Some(irs), true) = (segment.flow.irs, segment.data > 0) {
                    segment.tcp.acknowledgment = irs.wrapping_add(1);
                }
            })
        },
    },
    Fault {
        name: "ack-each-queued",
        does: "acknowledges the segment that fills a hole before it looks at those behind the hole",
        breaks: "RFC 9293 section 3.8.6.3 (MUST-59)",
        requirements: &["9293-MUST-59", "MYTH-05"],
        make: || {
            let last = Rc::new(RefCell::new(0));
            let seen = Rc::clone(&last);
            both(
                segments_injected(move |segment, _| {
                    if segment.data > 0 {
                        *seen.borrow_mut() = segment.end();
                    }
                }),
                on_sent(move |packet, between| {
                    let end = *last.borrow();
                    let Some(expects) = between.synchronized(packet).map(|flow| flow.expects) else { return };
                    let is_between = |ack| before(end, ack) && before(expects, end);
                    if packet.tcp().is_some_and(|tcp| tcp.flags == TcpFlags::ACK && is_between(tcp.acknowledgment)) {
                        let mut early = packet.clone();
                        if let Some(tcp) = early.tcp_mut() {
                            tcp.acknowledgment = end;
                        }
                        between.send(&early);
                    }
                }),
            )
        },
    },
    Fault {
        name: "receive-out-of-order-dropped",
        does: "drops segments that leave a hole before them",
        breaks: "RFC 9293 section 3.10.7.4 (SHLD-31)",
        requirements: &["9293-SHLD-31", "TCPX-39", "9293-T-207..209"],
        make: || lose_segments_injected(|segment, _| is_beyond(segment)),
    },
    Fault {
        name: "receive-out-of-order-delivered",
        does: "gives the application data that leaves a hole before it",
        breaks: "RFC 9293 section 3.10.7.4, seventh",
        requirements: &["9293-SHLD-31", "9293-MUST-59"],
        make: || {
            segments_injected(|segment, _| {
                if is_beyond(segment) {
                    segment.tcp.sequence = segment.flow.expects;
                }
            })
        },
    },
    Fault {
        name: "receive-duplicate-delivered",
        does: "gives the application data again that comes again",
        breaks: "RFC 9293 section 3.10.7.4, first",
        requirements: &["9293-U-4", "9293-U-13", "9293-U-21"],
        make: || {
            segments_injected(|segment, _| {
                if segment.data > 0 && is_synchronized(segment) && before(segment.tcp.sequence, segment.flow.expects) {
                    segment.tcp.sequence = segment.flow.expects;
                }
            })
        },
    },
    Fault {
        name: "receive-overlap-dropped",
        does: "drops segments that begin with old data, with the new data behind it",
        breaks: "RFC 9293 section 3.10.7.4, first",
        requirements: &["9293-U-13", "9293-T-210..212"],
        make: || {
            lose_segments_injected(|segment, _| {
                let expects = segment.flow.expects;
                is_synchronized(segment) && before(segment.tcp.sequence, expects) && before(expects, segment.end())
            })
        },
    },
    Fault {
        name: "receive-overlap-kept-twice",
        does: "takes all of a segment whose end it has already",
        breaks: "RFC 9293 section 3.10.7.4, first",
        requirements: &["9293-U-13"],
        make: || {
            let mut held = 0;
            segments_injected(move |segment, _| {
                if is_beyond(segment) {
                    held = segment.data as u32;
                } else if held > 0 && segment.data > 0 {
                    segment.tcp.sequence = segment.tcp.sequence.wrapping_sub(held);
                    held = 0;
                }
            })
        },
    },
    Fault {
        name: "receive-unacceptable-unanswered",
        does: "drops segments outside its window without an acknowledgment",
        breaks: "RFC 9293 section 3.10.7.4, first",
        requirements: &["9293-U-4", "9293-U-14", "9293-T-091..097", "9293-T-226..229"],
        make: || lose_segments_injected(|segment, _| is_outside(segment)),
    },
    Fault {
        name: "receive-unacceptable-reset",
        does: "answers segments outside its window by RST",
        breaks: "RFC 9293 section 3.5.2",
        requirements: &["9293-U-4", "9293-T-091..097", "MYTH-12"],
        make: || answer_segments(|segment, _| is_outside(segment), send_reset),
    },
    Fault {
        name: "receive-ack-of-unsent-taken",
        does: "takes data with an acknowledgment of what it never sent",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-U-4", "TCPX-07", "9293-T-187..191"],
        make: || {
            segments_injected(|segment, _| {
                let ahead = before(segment.flow.sent_to, segment.tcp.acknowledgment);
                if segment.has(TcpFlags::ACK) && is_synchronized(segment) && ahead {
                    segment.tcp.acknowledgment = segment.flow.sent_to;
                }
            })
        },
    },
    Fault {
        name: "receive-old-ack-taken",
        does: "takes data with an acknowledgment far below what was acknowledged",
        breaks: "RFC 5961 section 5.2",
        requirements: &["9293-U-9", "9293-MAY-12", "TCPX-07", "9293-T-169..174"],
        make: || {
            segments_injected(|segment, _| {
                let limit = segment.flow.acknowledged.wrapping_sub(70_000);
                if is_synchronized(segment) && before(segment.tcp.acknowledgment, limit) {
                    segment.tcp.acknowledgment = segment.flow.acknowledged;
                }
            })
        },
    },
    Fault {
        name: "receive-far-old-ack-resets",
        does: "answers an acknowledgment far below what was acknowledged by RST",
        breaks: "RFC 5961 section 5.2",
        requirements: &["9293-T-169..174", "9293-U-9"],
        make: || {
            answer_segments(
                |segment, _| {
                    let limit = segment.flow.acknowledged.wrapping_sub(70_000);
                    is_synchronized(segment) && before(segment.tcp.acknowledgment, limit)
                },
                send_reset,
            )
        },
    },
    Fault {
        name: "receive-duplicate-ack-answered",
        does: "answers an acknowledgment that says nothing new",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-T-185..186", "9293-T-194"],
        make: || {
            answer_segments(
                |segment, _| {
                    let old = !before(segment.flow.acknowledged, segment.tcp.acknowledgment);
                    is_synchronized(segment) && segment.is_pure_ack() && old
                },
                send_acknowledgment,
            )
        },
    },
    Fault {
        name: "receive-duplicate-ack-drops-data",
        does: "drops data whose acknowledgment says nothing new",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-U-29", "9293-T-182..184"],
        make: || {
            lose_segments_injected(|segment, _| {
                is_synchronized(segment)
                    && segment.data > 0
                    && !before(segment.flow.acknowledged, segment.tcp.acknowledgment)
            })
        },
    },
    Fault {
        name: "receive-without-ack-taken",
        does: "takes segments without ACK",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-U-12", "9293-T-160..166"],
        make: || {
            segments_injected(|segment, _| {
                let odd = segment.has(TcpFlags::ACK) || segment.has(TcpFlags::RST) || segment.has(TcpFlags::SYN);
                if waits(segment) && !odd {
                    segment.tcp.flags = segment.tcp.flags | TcpFlags::ACK;
                    segment.tcp.acknowledgment = segment.flow.sent_to;
                }
            })
        },
    },
    Fault {
        name: "receive-without-ack-answered",
        does: "acknowledges segments without ACK",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-U-12", "9293-T-160..167"],
        make: || {
            answer_segments(
                |segment, _| {
                    let odd = TcpFlags::ACK.with(TcpFlags::RST).with(TcpFlags::SYN);
                    waits(segment) && segment.tcp.flags.0 & odd.0 == 0
                },
                send_acknowledgment,
            )
        },
    },
    Fault {
        name: "receive-data-in-syn-received-lost",
        does: "loses data that comes with the acknowledgment of its SYN-ACK",
        breaks: "RFC 9293 section 3.10.7.4",
        requirements: &["9293-U-10", "9293-T-175", "MYTH-08"],
        make: || {
            lose_segments_injected(|segment, _| segment.flow.state() == Some(State::SynReceived) && segment.data > 0)
        },
    },
];

/// Whether both sides have agreed on sequence numbers.
pub(super) fn is_synchronized(segment: &Segment<'_>) -> bool {
    segment.is_known && segment.flow.is_synchronized()
}

/// Whether the target has answered a SYN, or has gone on from there.
fn waits(segment: &Segment<'_>) -> bool {
    segment.flow.state().is_some_and(|state| state >= State::SynReceived)
}

/// Whether the target has got anything behind the SYN.
fn got_data(segment: &Segment<'_>) -> bool {
    segment.flow.irs.is_some_and(|irs| segment.tcp.acknowledgment != irs.wrapping_add(1))
}

/// Whether data of the tester leaves a hole before it.
fn is_beyond(segment: &Segment<'_>) -> bool {
    is_synchronized(segment) && segment.data > 0 && before(segment.flow.expects, segment.tcp.sequence)
}

/// Whether a segment of the tester lies outside the window that the target offers, or is old.
pub(super) fn is_outside(segment: &Segment<'_>) -> bool {
    if !is_synchronized(segment) || segment.has(TcpFlags::RST) {
        return false;
    }
    let right = segment.flow.expects.wrapping_add(segment.flow.window.into());
    let old = segment.length() > 0 && !before(segment.flow.expects, segment.end());
    old || before(right, segment.tcp.sequence) || before(segment.tcp.sequence.wrapping_add(1), segment.flow.expects)
}
