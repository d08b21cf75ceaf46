//! Resets, and what comes for a connection that is not there (RFC 9293 sections 3.5.1 to 3.5.3, RFC 5961).

use std::cell::Cell;
use std::rc::Rc;

use super::acknowledgment::is_synchronized;
use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, both, on_injected, on_return};
use crate::target::fault::flow::{State, before};
use crate::target::fault::packets::{send_acknowledgment, send_reset};
use crate::target::fault::segments::{
    Segment, answer_segments, believe_reset, lose_segments_injected, lose_segments_sent, segments_injected,
    segments_sent,
};
use crate::target::{Errno, SocketCall};
use crate::wire::TcpFlags;

const ECONNRESET: i32 = 104;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "reset-closed-port-silent",
        does: "answers nothing for which there is no connection",
        breaks: "RFC 9293 section 3.5.2",
        requirements: &["9293-U-1", "9293-U-10", "9293-U-26", "9293-T-040", "9293-T-052", "9293-T-074..075"],
        make: || lose_segments_sent(|segment, _| segment.has(TcpFlags::RST) && segment.flow.iss.is_none()),
    },
    Fault {
        name: "reset-number-zero",
        does: "sends RST with SEQ 0 where the number must be that of the acknowledgment",
        breaks: "RFC 9293 section 3.5.2",
        requirements: &["9293-U-1", "9293-U-10", "9293-U-3", "9293-T-075", "9293-T-077"],
        make: || {
            segments_sent(|segment, _| {
                if segment.tcp.flags == TcpFlags::RST {
                    segment.tcp.sequence = 0x1234_5678;
                }
            })
        },
    },
    Fault {
        name: "reset-acknowledges-too-little",
        does: "acknowledges in a RST the SYN alone, not the data and FIN with it",
        breaks: "RFC 9293 section 3.5.2",
        requirements: &["9293-U-1", "9293-T-074"],
        make: || {
            segments_sent(|segment, _| {
                if segment.has(TcpFlags::RST | TcpFlags::ACK) && segment.flow.iss.is_none() {
                    segment.tcp.acknowledgment = segment.tcp.acknowledgment.wrapping_sub(1);
                }
            })
        },
    },
    Fault {
        name: "reset-for-reset",
        does: "answers RST by RST where there is no connection",
        breaks: "RFC 9293 section 3.5.2",
        requirements: &["9293-U-2", "9293-U-10", "9293-T-073", "9293-T-076", "MYTH-12"],
        make: || answer_segments(|segment, _| segment.has(TcpFlags::RST) && segment.flow.iss.is_none(), send_reset),
    },
    Fault {
        name: "reset-ignored",
        does: "ignores a RST that is exactly right",
        breaks: "RFC 9293 section 3.10.7.4, second",
        requirements: &[
            "9293-U-7",
            "TCPX-01",
            "9293-U-26",
            "TCPX-06",
            "9293-MUST-12",
            "9293-MUST-66",
            "9293-T-118..124",
        ],
        make: || lose_segments_injected(|segment, _| segment.has(TcpFlags::RST) && is_synchronized(segment)),
    },
    Fault {
        name: "reset-for-nothing",
        does: "answers segments without SYN, ACK and RST by RST where something listens or opens",
        breaks: "RFC 9293 sections 3.10.7.2 and 3.10.7.3",
        requirements: &["9293-T-080", "9293-T-089", "9293-T-219..220", "9293-U-10"],
        make: || {
            answer_segments(
                |segment, _| {
                    let odd = TcpFlags::SYN.with(TcpFlags::ACK).with(TcpFlags::RST);
                    segment.flow.irs.is_none() && segment.tcp.flags.0 & odd.0 == 0
                },
                send_reset,
            )
        },
    },
    Fault {
        name: "reset-in-window-answered",
        does: "answers a RST in its window by RST",
        breaks: "RFC 5961 section 3.2",
        requirements: &["9293-T-125..132"],
        make: || {
            answer_segments(
                |segment, _| {
                    let waits = segment.flow.state().is_some_and(|state| state >= State::SynReceived);
                    segment.has(TcpFlags::RST) && waits && segment.tcp.sequence != segment.flow.expects
                },
                send_reset,
            )
        },
    },
    Fault {
        name: "reset-with-data-ignored",
        does: "ignores a RST that carries data",
        breaks: "RFC 9293 section 3.5.3 (SHLD-2)",
        requirements: &["9293-SHLD-2"],
        make: || lose_segments_injected(|segment, _| segment.has(TcpFlags::RST) && segment.data > 0),
    },
    Fault {
        name: "reset-in-window-taken",
        does: "takes a RST anywhere in its window",
        breaks: "RFC 5961 section 3.2",
        requirements: &["9293-U-7", "TCPX-02"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::RST) && is_synchronized(segment) && is_in_window(segment) {
                    segment.tcp.sequence = segment.flow.expects;
                }
            })
        },
    },
    Fault {
        name: "reset-outside-window-taken",
        does: "takes a RST anywhere",
        breaks: "RFC 9293 section 3.5.3",
        requirements: &["9293-U-5", "TCPX-03", "9293-T-099..105", "9293-T-134..140", "MYTH-13"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::RST) && is_synchronized(segment) {
                    segment.tcp.sequence = segment.flow.expects;
                }
            })
        },
    },
    Fault {
        name: "reset-outside-window-answered",
        does: "acknowledges a RST outside its window",
        breaks: "RFC 5961 section 3.2",
        requirements: &["TCPX-03", "9293-U-5"],
        make: || {
            answer_segments(
                |segment, _| segment.has(TcpFlags::RST) && is_synchronized(segment) && !is_in_window(segment),
                send_acknowledgment,
            )
        },
    },
    Fault {
        name: "reset-told-as-close",
        does: "tells the application of a RST as of a FIN, and of a FIN as of a RST",
        breaks: "RFC 9293 section 3.6 (MUST-12)",
        requirements: &["9293-MUST-12", "9293-U-14"],
        make: || {
            on_return(|call, returned, _| {
                if matches!(call, SocketCall::Read { length: 1.., .. }) {
                    match returned.result {
                        Ok(0) => returned.result = Err(Errno(ECONNRESET)),
                        Err(Errno(ECONNRESET)) => returned.result = Ok(0),
                        _ => {}
                    }
                }
            })
        },
    },
    Fault {
        name: "reset-by-syn",
        does: "resets a connection for a SYN in it, without an answer",
        breaks: "RFC 5961 section 4.2",
        requirements: &["9293-U-8", "TCPX-05", "TCPX-06", "9293-U-26", "9293-T-152..157", "MYTH-14"],
        make: || {
            on_injected(|packet, between| {
                let is_syn = packet.tcp().is_some_and(|tcp| tcp.flags.contains(TcpFlags::SYN));
                if !is_syn || between.synchronized(packet).is_none() {
                    return Fate::Passes;
                }
                believe_reset(packet, between);
                Fate::Lost
            })
        },
    },
    Fault {
        name: "reset-half-open-kept",
        does: "opens again over a connection that the other side has forgotten, and keeps the old one",
        breaks: "RFC 9293 section 3.5.1",
        requirements: &["9293-U-26"],
        make: || {
            let forgotten = Rc::new(Cell::new(false));
            let seen = Rc::clone(&forgotten);
            both(
                lose_segments_injected(move |segment, _| {
                    let reset = segment.has(TcpFlags::RST) && is_synchronized(segment);
                    seen.set(seen.get() || reset);
                    reset
                }),
                lose_segments_sent(move |_, _| forgotten.get()),
            )
        },
    },
];

/// Whether a segment of the tester begins in the window that the target offers.
fn is_in_window(segment: &Segment<'_>) -> bool {
    let right = segment.flow.expects.wrapping_add(u32::from(segment.flow.window).max(1));
    !before(segment.tcp.sequence, segment.flow.expects) && before(segment.tcp.sequence, right)
}
