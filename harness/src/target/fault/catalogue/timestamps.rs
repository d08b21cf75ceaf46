//! The Timestamps option (RFC 7323 sections 3 to 5).

use crate::target::fault::Fault;
use crate::target::fault::behaviour::Behaviour;
use crate::target::fault::segments::{Segment, lose_segments_injected, segments_injected, segments_sent};
use crate::wire::{TcpFlags, TcpOption};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "timestamps-unasked",
        does: "sends a Timestamps option in a SYN-ACK to a side that sent none",
        breaks: "RFC 7323 section 3.2",
        requirements: &["TCPX-14"],
        make: || {
            segments_sent(|segment, _| {
                let none = segment.tcp.options.find(TcpOption::TIMESTAMPS).is_none();
                if segment.has(TcpFlags::SYN | TcpFlags::ACK) && none {
                    segment.tcp.options.push(TcpOption::Timestamps { value: 1, echo_reply: 0 }).pad();
                }
            })
        },
    },
    Fault {
        name: "timestamps-unnegotiated-refused",
        does: "drops segments with a Timestamps option that was not negotiated",
        breaks: "RFC 7323 section 3.2",
        requirements: &["TCPX-17"],
        make: || {
            lose_segments_injected(|segment, _| {
                !segment.has(TcpFlags::SYN) && segment.tcp.options.find(TcpOption::TIMESTAMPS).is_some()
            })
        },
    },
    Fault {
        name: "timestamps-left-out",
        does: "sends no Timestamps option but with SYN",
        breaks: "RFC 7323 section 3.2",
        requirements: &["TCPX-15"],
        make: || {
            segments_sent(|segment, _| {
                if !segment.has(TcpFlags::SYN) {
                    segment.retain_options(|option| !matches!(option, TcpOption::Timestamps { .. }));
                }
            })
        },
    },
    Fault {
        name: "timestamps-left-out-after-data",
        does: "sends no Timestamps option, and fills the segment with data instead",
        breaks: "RFC 9293 section 3.7.1 (MUST-16), RFC 6691 section 2",
        requirements: &["TCPX-49", "9293-MUST-16"],
        make: || {
            segments_injected(|segment, _| {
                segment.retain_options(|option| !matches!(option, TcpOption::Timestamps { .. }));
            })
        },
    },
    Fault {
        name: "timestamps-everywhere",
        does: "sends a Timestamps option in every segment, agreed on or not",
        breaks: "RFC 7323 section 3.2",
        requirements: &["TCPX-15"],
        make: || {
            segments_sent(|segment, _| {
                if segment.tcp.options.is_empty() && !segment.has(TcpFlags::RST) {
                    segment.tcp.options.push(TcpOption::Timestamps { value: 1, echo_reply: 0 }).pad();
                }
            })
        },
    },
    Fault {
        name: "timestamps-one-clock",
        does: "begins the timestamps of all connections with the same number",
        breaks: "RFC 7323 section 7.1",
        requirements: &["TCPX-23"],
        make: || edit_values_sent(|segment, value| if segment.has(TcpFlags::SYN) { 4711 } else { value }),
    },
    Fault {
        name: "timestamps-clock-fast",
        does: "has a timestamp clock with a tick of 1/8 ms",
        breaks: "RFC 7323 section 5.4",
        requirements: &["TCPX-22"],
        make: || {
            let mut first = None;
            edit_values_sent(move |_, value| {
                let first = *first.get_or_insert(value);
                value.wrapping_add(value.wrapping_sub(first).wrapping_mul(7))
            })
        },
    },
    Fault {
        name: "timestamps-echo-in-syn",
        does: "echoes something in a SYN",
        breaks: "RFC 7323 section 3.2",
        requirements: &["TCPX-18"],
        make: || edit_timestamps_sent(|segment, _, echo| if segment.has(TcpFlags::ACK) { echo } else { 4711 }),
    },
    Fault {
        name: "timestamps-echo-of-syn",
        does: "echoes the timestamp of the SYN for ever",
        breaks: "RFC 7323 section 4.3",
        requirements: &["TCPX-19", "9293-SHLD-4"],
        make: || {
            let mut first = None;
            edit_timestamps_sent(
                move |segment, _, echo| {
                    if segment.has(TcpFlags::ACK) { *first.get_or_insert(echo) } else { echo }
                },
            )
        },
    },
    Fault {
        name: "timestamps-missing-taken",
        does: "takes segments without the Timestamps option that was negotiated",
        breaks: "RFC 7323 section 3.2",
        requirements: &["TCPX-16"],
        make: || {
            let mut recent = None;
            segments_injected(move |segment, _| match segment.tcp.options.find(TcpOption::TIMESTAMPS) {
                Some(TcpOption::Timestamps { value, echo_reply }) => recent = Some((value, echo_reply)),
                _ => {
                    if let (Some((value, echo_reply)), false) = (recent, segment.has(TcpFlags::RST)) {
                        segment.tcp.options = [
                            TcpOption::NoOperation,
                            TcpOption::NoOperation,
                            TcpOption::Timestamps { value, echo_reply },
                        ]
                        .into_iter()
                        .collect();
                    }
                }
            })
        },
    },
    Fault {
        name: "timestamps-old-taken",
        does: "takes segments whose timestamp is older than one before",
        breaks: "RFC 7323 section 5.3",
        requirements: &["TCPX-20", "9293-T-111..115"],
        make: || {
            let mut highest = 0;
            segments_injected(move |segment, _| {
                let found = segment.tcp.options.find(TcpOption::TIMESTAMPS);
                let Some(TcpOption::Timestamps { value, echo_reply }) = found else { return };
                highest = highest.max(value);
                if !segment.has(TcpFlags::SYN) {
                    segment.tcp.options = [
                        TcpOption::NoOperation,
                        TcpOption::NoOperation,
                        TcpOption::Timestamps { value: highest, echo_reply },
                    ]
                    .into_iter()
                    .collect();
                }
            })
        },
    },
    Fault {
        name: "timestamps-old-reset-refused",
        does: "drops a RST whose timestamp is older than one before",
        breaks: "RFC 7323 section 5.2",
        requirements: &["TCPX-21"],
        make: || {
            lose_segments_injected(|segment, _| {
                segment.has(TcpFlags::RST) && segment.tcp.options.find(TcpOption::TIMESTAMPS).is_some()
            })
        },
    },
];

/// Changes the timestamps that the target echoes: `edit` has the segment, the value and the echo reply.
fn edit_timestamps_sent(mut edit: impl FnMut(&Segment<'_>, u32, u32) -> u32 + 'static) -> Box<dyn Behaviour> {
    rewrite_sent(move |segment, value, echo_reply| (value, edit(segment, value, echo_reply)))
}

/// Changes the values of the target's timestamps: `edit` has the segment and the value.
fn edit_values_sent(mut edit: impl FnMut(&Segment<'_>, u32) -> u32 + 'static) -> Box<dyn Behaviour> {
    rewrite_sent(move |segment, value, echo_reply| (edit(segment, value), echo_reply))
}

fn rewrite_sent(mut edit: impl FnMut(&Segment<'_>, u32, u32) -> (u32, u32) + 'static) -> Box<dyn Behaviour> {
    segments_sent(move |segment, _| {
        let found = segment.tcp.options.find(TcpOption::TIMESTAMPS);
        let Some(TcpOption::Timestamps { value, echo_reply }) = found else { return };
        let Some(at) = segment.tcp.options.position(TcpOption::TIMESTAMPS) else { return };
        let (value, echo_reply) = edit(segment, value, echo_reply);
        let octets = segment.tcp.options.as_bytes_mut();
        octets[at + 2..at + 6].copy_from_slice(&value.to_be_bytes());
        octets[at + 6..at + 10].copy_from_slice(&echo_reply.to_be_bytes());
    })
}
