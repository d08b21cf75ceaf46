//! TCP options and the maximum segment size (RFC 9293 sections 3.1, 3.2 and 3.7).

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, both};
use crate::target::fault::segments::{Segment, lose_segments_injected, segments_injected, segments_sent};
use crate::wire::{TcpFlags, TcpOption, TcpOptions};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "option-end-ignored",
        does: "reads options behind the end of the list",
        breaks: "RFC 9293 section 3.2 (MUST-4)",
        requirements: &["9293-MUST-4"],
        make: || {
            segments_injected(|segment, _| {
                let mss = TcpOption::MAXIMUM_SEGMENT_SIZE;
                if segment.has(TcpFlags::SYN) && segment.tcp.options.find(mss).is_none() {
                    for octet in segment.tcp.options.as_bytes_mut() {
                        if *octet == 0 {
                            *octet = 1;
                        }
                    }
                }
            })
        },
    },
    Fault {
        name: "option-no-operation-refused",
        does: "drops segments with a NOP in front of another option",
        breaks: "RFC 9293 section 3.2 (MUST-4)",
        requirements: &["9293-MUST-4", "9293-MUST-64"],
        make: || lose_segments_injected(|segment, _| segment.tcp.options.as_bytes().first() == Some(&1)),
    },
    Fault {
        name: "option-outside-syn-refused",
        does: "drops segments without SYN that have options",
        breaks: "RFC 9293 section 3.1 (MUST-5)",
        requirements: &["9293-MUST-5"],
        make: || lose_segments_injected(|segment, _| !segment.has(TcpFlags::SYN) && !segment.tcp.options.is_empty()),
    },
    Fault {
        name: "option-unknown-refused",
        does: "drops segments with an option that it does not know",
        breaks: "RFC 9293 section 3.1 (MUST-6)",
        requirements: &["9293-MUST-6"],
        make: || lose_segments_injected(|segment, _| has_unknown(segment)),
    },
    Fault {
        name: "option-unknown-ends-list",
        does: "reads no further than an option that it does not know",
        breaks: "RFC 9293 section 3.1 (MUST-6)",
        requirements: &["9293-MUST-6"],
        make: || {
            segments_injected(|segment, _| {
                if has_unknown(segment) {
                    segment.tcp.options = TcpOptions::from_raw(&[0; 4]);
                }
            })
        },
    },
    Fault {
        name: "option-length-hangs",
        does: "hears nothing any more once an option has had a length that is not possible",
        breaks: "RFC 9293 section 3.1 (MUST-7)",
        requirements: &["9293-MUST-7"],
        make: || {
            let mut hangs = false;
            lose_segments_injected(move |segment, _| {
                let wrong = |option: TcpOption<'_>| matches!(option, TcpOption::Other { kind: 2..=8, .. });
                hangs |= segment.tcp.options.iter().any(|option| option.map_or(true, wrong));
                hangs
            })
        },
    },
    Fault {
        name: "option-unaligned-ignored",
        does: "does not see options that do not start at a word",
        breaks: "RFC 9293 section 3.1 (MUST-64)",
        requirements: &["9293-MUST-64"],
        make: || {
            segments_injected(|segment, _| {
                let at = segment.tcp.options.position(TcpOption::MAXIMUM_SEGMENT_SIZE);
                if at.is_some_and(|at| !at.is_multiple_of(4)) {
                    segment.retain_options(|option| !matches!(option, TcpOption::MaximumSegmentSize(_)));
                }
            })
        },
    },
    Fault {
        name: "option-length-zero-sent",
        does: "sends options with length 0",
        breaks: "RFC 9293 section 3.1 (MUST-68)",
        requirements: &["9293-MUST-68"],
        make: || {
            segments_sent(|segment, _| {
                if let Some(at) = segment.tcp.options.position(TcpOption::MAXIMUM_SEGMENT_SIZE)
                    && let Some(length) = segment.tcp.options.as_bytes_mut().get_mut(at + 1)
                {
                    *length = 0;
                }
            })
        },
    },
    Fault {
        name: "mss-everywhere",
        does: "sends the MSS option in every segment",
        breaks: "RFC 9293 section 3.7.1 (MUST-65)",
        requirements: &["9293-MUST-65"],
        make: || {
            segments_sent(|segment, _| {
                if !segment.has(TcpFlags::SYN) && !segment.has(TcpFlags::RST) {
                    segment.tcp.options.push(TcpOption::MaximumSegmentSize(1460));
                }
            })
        },
    },
    Fault {
        name: "mss-never",
        does: "sends no MSS option",
        breaks: "RFC 9293 section 3.7.1 (MUST-14, SHLD-5)",
        requirements: &["9293-MUST-14", "9293-SHLD-5", "IP6-17"],
        make: || {
            segments_sent(|segment, _| {
                segment.retain_options(|option| {
                    !matches!(option, TcpOption::MaximumSegmentSize(_) | TcpOption::NoOperation)
                });
            })
        },
    },
    Fault {
        name: "mss-less-options",
        does: "allows for options in the MSS that it sends",
        breaks: "RFC 9293 section 3.7.1 (MUST-67), RFC 6691 section 2",
        requirements: &["9293-MUST-67", "TCPX-48", "IP6-17", "9293-SHLD-5"],
        make: || sent_mss(|mss| mss - 12),
    },
    Fault {
        name: "mss-of-mtu",
        does: "sends the MTU for its MSS",
        breaks: "RFC 9293 section 3.7.1 (MUST-67)",
        requirements: &["9293-MUST-67", "TCPX-48", "IP6-17"],
        make: || sent_mss(|mss| mss + 40),
    },
    Fault {
        name: "mss-ignored",
        does: "sends segments of 1,460 octets whatever MSS the other side has",
        breaks: "RFC 9293 section 3.7.1 (MUST-14, MUST-16)",
        requirements: &["9293-MUST-14", "9293-MUST-16", "MYTH-07"],
        make: || {
            segments_injected(|segment, _| {
                if segment.tcp.options.find(TcpOption::MAXIMUM_SEGMENT_SIZE).is_some() {
                    segment.tcp.options = [TcpOption::MaximumSegmentSize(1460)].into_iter().collect();
                }
            })
        },
    },
    Fault {
        name: "mss-above-536-ignored",
        does: "never sends segments of more than 536 octets",
        breaks: "RFC 9293 section 3.7.1 (MUST-16)",
        requirements: &["9293-MUST-16"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::SYN) {
                    segment.tcp.options = [TcpOption::MaximumSegmentSize(536)].into_iter().collect();
                }
            })
        },
    },
    Fault {
        name: "mss-default-1460",
        does: "takes 1,460 for the MSS of a side that gives none",
        breaks: "RFC 9293 section 3.7.1 (MUST-15)",
        requirements: &["9293-MUST-15"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::SYN) && segment.tcp.options.find(TcpOption::MAXIMUM_SEGMENT_SIZE).is_none() {
                    segment.tcp.options = [TcpOption::MaximumSegmentSize(1460)].into_iter().collect();
                }
            })
        },
    },
    Fault {
        name: "sack-permitted-everywhere",
        does: "sends SACK-permitted without SYN too",
        breaks: "RFC 2018 section 2",
        requirements: &["TCPX-42"],
        make: || {
            segments_sent(|segment, _| {
                if !segment.has(TcpFlags::SYN) {
                    segment.tcp.options.push(TcpOption::SackPermitted).pad();
                }
            })
        },
    },
    Fault {
        name: "sack-unasked",
        does: "sends SACK-permitted and SACK blocks to a side that does not permit them",
        breaks: "RFC 2018 section 3",
        requirements: &["TCPX-43"],
        make: || {
            segments_sent(|segment, _| {
                if segment.tcp.options.find(TcpOption::SACK_PERMITTED).is_some() {
                } else if segment.has(TcpFlags::SYN) {
                    segment.tcp.options.push(TcpOption::SackPermitted).pad();
                } else if segment.is_pure_ack() {
                    let right = segment.flow.received_to;
                    segment.tcp.options.push_sack(&[(right.wrapping_sub(1), right)]).pad();
                }
            })
        },
    },
    Fault {
        name: "sack-first-block-old",
        does: "reports the block first that it got first",
        breaks: "RFC 2018 section 4 (a)",
        requirements: &["TCPX-44"],
        make: || {
            let mut oldest = None;
            segments_sent(move |segment, _| {
                let blocks: Vec<_> = segment
                    .tcp
                    .options
                    .find(TcpOption::SACK)
                    .map(|sack| sack.sack_blocks().collect())
                    .unwrap_or_default();
                let Some(first) = blocks.first() else { return };
                let oldest = *oldest.get_or_insert(*first);
                segment.tcp.options = TcpOptions::new();
                segment.tcp.options.push_sack(&[oldest]).pad();
            })
        },
    },
    Fault {
        name: "sack-one-block",
        does: "reports no more than one block",
        breaks: "RFC 2018 section 4",
        requirements: &["TCPX-45"],
        make: || {
            segments_sent(|segment, _| {
                let first = segment.tcp.options.find(TcpOption::SACK).and_then(|sack| sack.sack_blocks().next());
                if let Some(first) = first {
                    segment.tcp.options = TcpOptions::new();
                    segment.tcp.options.push_sack(&[first]).pad();
                }
            })
        },
    },
    Fault {
        name: "window-scale-unanswered",
        does: "does not answer the window scale of a SYN",
        breaks: "RFC 7323 section 2.2",
        requirements: &["TCPX-12"],
        make: || {
            segments_sent(|segment, _| segment.retain_options(|option| !matches!(option, TcpOption::WindowScale(_))))
        },
    },
    Fault {
        name: "window-scale-unasked",
        does: "sends a window scale in a SYN-ACK to a side that sent none",
        breaks: "RFC 7323 section 2.2",
        requirements: &["TCPX-09"],
        make: || {
            segments_sent(|segment, _| {
                let none = segment.tcp.options.find(TcpOption::WINDOW_SCALE).is_none();
                if segment.has(TcpFlags::SYN | TcpFlags::ACK) && none {
                    segment.tcp.options.push(TcpOption::WindowScale(0)).pad();
                }
            })
        },
    },
    Fault {
        name: "window-scale-not-applied",
        does: "takes the other side's scaled windows as they stand",
        breaks: "RFC 7323 section 2.2",
        requirements: &["TCPX-09"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::SYN) {
                    segment.retain_options(|option| !matches!(option, TcpOption::WindowScale(_)));
                }
            })
        },
    },
    Fault {
        name: "window-scale-anywhere",
        does: "takes a window scale without SYN for meant",
        breaks: "RFC 7323 section 2.2",
        requirements: &["TCPX-09"],
        make: || {
            segments_injected(|segment, _| {
                if !segment.has(TcpFlags::SYN) && segment.tcp.options.find(TcpOption::WINDOW_SCALE).is_some() {
                    segment.tcp.window = u16::MAX;
                }
            })
        },
    },
    Fault {
        name: "window-scale-of-its-own-applied",
        does: "scales the windows of a side that sent no window scale",
        breaks: "RFC 7323 section 2.2",
        requirements: &["TCPX-09"],
        make: || {
            segments_injected(|segment, _| {
                let mss = TcpOption::MAXIMUM_SEGMENT_SIZE;
                let unscaled = segment.tcp.options.find(mss).is_some()
                    && segment.tcp.options.find(TcpOption::WINDOW_SCALE).is_none();
                if segment.has(TcpFlags::SYN) && unscaled {
                    segment.tcp.window = segment.tcp.window.saturating_mul(2);
                }
            })
        },
    },
    Fault {
        name: "window-scale-of-syn-applied",
        does: "scales the window of a SYN-ACK",
        breaks: "RFC 7323 section 2.2",
        requirements: &["TCPX-10"],
        make: || {
            segments_injected(|segment, _| {
                let scaled = segment.tcp.options.find(TcpOption::WINDOW_SCALE).is_some();
                if segment.has(TcpFlags::SYN) && scaled {
                    segment.tcp.window = u16::MAX;
                }
            })
        },
    },
    Fault {
        name: "options-not-counted",
        does: "puts options into segments that are full of data without them",
        breaks: "RFC 6691 section 2",
        requirements: &["TCPX-49"],
        make: || {
            segments_sent(|segment, _| {
                if segment.data > 0 {
                    let right = segment.flow.received_to;
                    segment.tcp.options.push_sack(&[(right.wrapping_sub(1), right)]).pad();
                }
            })
        },
    },
    Fault {
        name: "options-misread",
        does: "reads no option of a SYN, and sends none",
        breaks: "RFC 9293 section 3.2 (MUST-4)",
        requirements: &["9293-MUST-4", "9293-MUST-14"],
        make: || {
            both(
                segments_injected(|segment, _| segment.tcp.options = TcpOptions::new()),
                segments_sent(|segment, _| {
                    segment.tcp.options = TcpOptions::new();
                    Fate::Passes
                }),
            )
        },
    },
];

/// Whether a segment has an option of a kind that no RFC of the catalogues defines.
fn has_unknown(segment: &Segment<'_>) -> bool {
    segment.tcp.options.iter().flatten().any(|option| option.kind() >= 200)
}

/// Changes the MSS that the target sends.
fn sent_mss(mut edit: impl FnMut(u16) -> u16 + 'static) -> Box<dyn crate::target::fault::Behaviour> {
    segments_sent(move |segment, _| {
        if let Some(TcpOption::MaximumSegmentSize(mss)) = segment.tcp.options.find(TcpOption::MAXIMUM_SEGMENT_SIZE)
            && let Some(at) = segment.tcp.options.position(TcpOption::MAXIMUM_SEGMENT_SIZE)
        {
            let octets = edit(mss).to_be_bytes();
            segment.tcp.options.as_bytes_mut()[at + 2..at + 4].copy_from_slice(&octets);
        }
    })
}
