//! Retransmission and congestion (RFC 9293 sections 3.8.1 to 3.8.3, RFC 6298, RFC 5681, RFC 2018).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{both, on_call, on_sent};
use crate::target::fault::flow::before;
use crate::target::fault::segments::{
    believe_acknowledged, believe_reset, lose_segments_sent, repeat_segments_sent, segments_injected,
};
use crate::target::{CallOutput, SocketCall};
use crate::time::Instant;
use crate::wire::{TcpFlags, TcpOption};

const TCP_USER_TIMEOUT: i32 = 18;
const IPPROTO_TCP: i32 = 6;

/// Each second, in milliseconds.
const SECONDS: &[u64] = &[1_000, 2_000, 3_000, 4_000];

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "retransmission-never",
        does: "sends nothing again",
        breaks: "RFC 9293 section 3.8.1",
        requirements: &["9293-U-22", "TCPX-46", "TCPX-47", "9293-SHLD-16", "9293-MUST-22", "9293-T-239..245"],
        make: || lose_segments_sent(|segment, _| segment.is_again()),
    },
    Fault {
        name: "retransmission-syn-never",
        does: "does not send its SYN again",
        breaks: "RFC 9293 section 3.8.3 (MUST-22)",
        requirements: &["9293-MUST-22", "TCPX-25", "9293-U-22"],
        make: || lose_segments_sent(|segment, _| segment.has(TcpFlags::SYN) && segment.is_again()),
    },
    Fault {
        name: "retransmission-without-backoff",
        does: "sends again each second",
        breaks: "RFC 9293 section 3.8.2 (MUST-19), RFC 6298 section 5 (5.5)",
        requirements: &["9293-MUST-19", "TCPX-30", "9293-MUST-22"],
        make: || {
            both(
                lose_segments_sent(|segment, _| segment.is_again()),
                repeat_segments_sent(SECONDS, |segment, _| segment.length() > 0),
            )
        },
    },
    Fault {
        name: "retransmission-too-early",
        does: "sends again after 0.2 s whatever it has measured",
        breaks: "RFC 6298 section 2",
        requirements: &["TCPX-26", "TCPX-27", "TCPX-31", "TCPX-25", "TCPX-32"],
        make: || repeat_segments_sent(&[200], |segment, _| !segment.is_again() && segment.length() > 0),
    },
    Fault {
        name: "retransmission-first-after-three-seconds",
        does: "sends again after 3 s, as before RFC 6298",
        breaks: "RFC 6298 section 2 (2.1)",
        requirements: &["TCPX-25"],
        make: || {
            let mut begun: Option<Instant> = None;
            lose_segments_sent(move |segment, between| {
                let since = *begun.get_or_insert(between.now());
                segment.is_again() && between.now() - since < Duration::from_millis(2_900)
            })
        },
    },
    Fault {
        name: "retransmission-of-acknowledged",
        does: "sends again what is acknowledged",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-U-22", "9293-T-177..181"],
        make: || repeat_segments_sent(&[1_400, 3_000], |segment, _| segment.data > 0),
    },
    Fault {
        name: "retransmission-measures-repeated",
        does: "measures the round trip on what it sent twice, and waits 1 s again",
        breaks: "RFC 6298 section 3",
        requirements: &["9293-MUST-18", "TCPX-29"],
        make: || {
            let mut repeated = false;
            repeat_segments_sent(&[1_000], move |segment, _| {
                let again = segment.is_again();
                let next = repeated && !again && segment.data > 0;
                repeated |= again;
                next
            })
        },
    },
    Fault {
        name: "retransmission-gives-up-early",
        does: "gives a connection up after 5 s without an acknowledgment",
        breaks: "RFC 9293 section 3.8.3 (MUST-23, SHLD-11)",
        requirements: &["9293-MUST-20", "9293-SHLD-11", "9293-MUST-23", "9293-MUST-37"],
        make: || {
            let mut begun: Option<Instant> = None;
            on_sent(move |packet, between| {
                let Some(tcp) = packet.tcp() else { return };
                let end = tcp.sequence.wrapping_add(tcp.sequence_length(packet.payload.len()));
                let again = between.flow(packet).is_some_and(|flow| flow.iss.is_some() && !before(flow.sent_to, end));
                let now = between.now();
                if !again {
                    begun = Some(now);
                } else if begun.is_some_and(|begun| now - begun > Duration::from_secs(5)) {
                    believe_reset(packet, between);
                }
            })
        },
    },
    Fault {
        name: "retransmission-user-timeout-ignored",
        does: "ignores the application's user timeout",
        breaks: "RFC 9293 section 3.8.3 (MUST-21)",
        requirements: &["9293-MUST-21", "9293-MUST-20", "9293-T-230..237"],
        make: || {
            on_call(|call, _| match call {
                SocketCall::SetSockOpt { level: IPPROTO_TCP, option: TCP_USER_TIMEOUT, .. } => {
                    Some((Ok(0), CallOutput::None))
                }
                _ => None,
            })
        },
    },
    Fault {
        name: "retransmission-of-last",
        does: "sends the last segment again instead of the first",
        breaks: "RFC 9293 section 3.10.8",
        requirements: &["TCPX-47"],
        make: || {
            lose_segments_sent(|segment, _| {
                segment.is_again() && segment.data > 0 && segment.end() != segment.flow.sent_to
            })
        },
    },
    Fault {
        name: "retransmission-fast-never",
        does: "waits for the timer also after three duplicate acknowledgments",
        breaks: "RFC 5681 section 3.2",
        requirements: &["TCPX-36"],
        make: || {
            let mut last: Option<Instant> = None;
            lose_segments_sent(move |segment, between| {
                if segment.data > 0 && !segment.is_again() {
                    last = Some(between.now());
                }
                segment.is_again() && last.is_some_and(|last| between.now() - last < Duration::from_millis(700))
            })
        },
    },
    Fault {
        name: "congestion-window-ignored",
        does: "sends as if everything that it sends was acknowledged at once",
        breaks: "RFC 5681 section 3.1",
        requirements: &["TCPX-33", "TCPX-35", "TCPX-62", "SEC-10", "TCPX-37"],
        make: || believe_acknowledged(|segment, _| segment.data > 0),
    },
    Fault {
        name: "congestion-timeout-ignored",
        does: "sends on at full speed after a retransmission timeout",
        breaks: "RFC 5681 section 3.1",
        requirements: &["TCPX-34"],
        make: || believe_acknowledged(|segment, _| segment.data > 0 && segment.is_again()),
    },
    Fault {
        name: "congestion-idle-ignored",
        does: "begins at full speed after a silence of seconds",
        breaks: "RFC 5681 section 4.1",
        requirements: &["TCPX-40"],
        make: || {
            let (mut last, mut was_idle): (Option<Instant>, bool) = (None, false);
            believe_acknowledged(move |segment, between| {
                if segment.data == 0 {
                    return false;
                }
                let before = last.replace(between.now());
                was_idle |= before.is_some_and(|before| between.now() - before > Duration::from_secs(2));
                was_idle
            })
        },
    },
    Fault {
        name: "congestion-lost-syn-ignored",
        does: "begins at full speed although its SYN-ACK was lost",
        breaks: "RFC 5681 section 3.1",
        requirements: &["TCPX-35"],
        make: || {
            let mut lost = 0;
            believe_acknowledged(move |segment, _| {
                if segment.has(TcpFlags::SYN) {
                    lost += 1;
                }
                lost > 1 && segment.data > 0
            })
        },
    },
    Fault {
        name: "congestion-limited-transmit-never",
        does: "sends no new data for the first duplicate acknowledgments",
        breaks: "RFC 3042 section 2",
        requirements: &["TCPX-63"],
        make: || {
            let duplicate = Rc::new(RefCell::new(false));
            let seen = Rc::clone(&duplicate);
            both(
                segments_injected(move |segment, _| {
                    let open = segment.flow.sent_to != segment.flow.acknowledged;
                    *seen.borrow_mut() = open && segment.tcp.acknowledgment == segment.flow.acknowledged;
                }),
                lose_segments_sent(move |segment, _| segment.data > 0 && *duplicate.borrow()),
            )
        },
    },
    Fault {
        name: "sack-blocks-ignored",
        does: "sends again what was selectively acknowledged",
        breaks: "RFC 2018 section 5",
        requirements: &["TCPX-64"],
        make: || {
            segments_injected(|segment, _| {
                if !segment.has(TcpFlags::SYN) {
                    segment.retain_options(|option| !matches!(option, TcpOption::Sack(_)));
                }
            })
        },
    },
    Fault {
        name: "sack-taken-for-acknowledgment",
        does: "does not send again what was selectively acknowledged",
        breaks: "RFC 2018 section 8",
        requirements: &["TCPX-46", "TCPX-47"],
        make: || {
            let blocks = Rc::new(RefCell::new(Vec::new()));
            let seen = Rc::clone(&blocks);
            both(
                segments_injected(move |segment, _| {
                    if let Some(sack) = segment.tcp.options.find(TcpOption::SACK) {
                        seen.borrow_mut().extend(sack.sack_blocks());
                    }
                }),
                lose_segments_sent(move |segment, _| {
                    let covers = |(left, right): &(u32, u32)| {
                        !before(segment.tcp.sequence, *left) && !before(*right, segment.end())
                    };
                    segment.is_again() && blocks.borrow().iter().any(covers)
                }),
            )
        },
    },
    Fault {
        name: "path-mtu-deaf",
        does: "drops ICMP errors that tell a smaller path MTU",
        breaks: "RFC 1191 section 6.4, RFC 8201 section 4",
        requirements: &["TCPX-52"],
        make: || {
            use crate::target::fault::behaviour::lose_injected;
            use crate::target::fault::packets::is_error;
            lose_injected(|packet, _| is_error(packet, (3, 4), (2, 0)))
        },
    },
    Fault {
        name: "path-mtu-any-error-retransmits",
        does: "sends again at once whatever path MTU an ICMP error tells",
        breaks: "RFC 1191 section 3",
        requirements: &["TCPX-55"],
        make: || {
            let last = Rc::new(RefCell::new(Vec::new()));
            let sent = Rc::clone(&last);
            both(
                on_sent(move |packet, _| {
                    if packet.tcp().is_some() && !packet.payload.is_empty() {
                        *sent.borrow_mut() = packet.to_octets();
                    }
                }),
                crate::target::fault::behaviour::on_injected(move |packet, between| {
                    if packet.icmpv4().is_some_and(|icmp| (icmp.kind, icmp.code) == (3, 4)) && !last.borrow().is_empty()
                    {
                        between.send(&crate::wire::Packet::parse(&last.borrow(), None).packet);
                    }
                }),
            )
        },
    },
];
