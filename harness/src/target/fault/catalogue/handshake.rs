//! Opening connections (RFC 9293 sections 3.4, 3.5, 3.10.7.2 and 3.10.7.3).

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use super::ip::{is_broadcast, is_no_host};
use crate::target::fault::Fault;
use crate::target::fault::behaviour::{both, lose_injected, on_call, on_injected};
use crate::target::fault::flow::State;
use crate::target::fault::packets::{compute_lengths, send_reset, source_as};
use crate::target::fault::segments::{
    answer_segments, lose_segments_injected, lose_segments_sent, segments_injected, segments_sent,
};
use crate::target::{CallOutput, Errno, SocketCall};
use crate::wire::{Header, Ipv4, Ipv6, Packet, Tcp, TcpFlags};

const EINPROGRESS: i32 = 115;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "open-silent",
        does: "sends no SYN when the application opens",
        breaks: "RFC 9293 section 3.10.1",
        requirements: &["9293-T-002"],
        make: || lose_segments_sent(|segment, _| segment.tcp.flags == TcpFlags::SYN),
    },
    Fault {
        name: "open-refused",
        does: "answers every SYN by RST",
        breaks: "RFC 9293 section 3.10.7.2",
        requirements: &["9293-U-10", "9293-T-078"],
        make: || answer_segments(|segment, _| segment.tcp.flags.without(TcpFlags(0xc0)) == TcpFlags::SYN, send_reset),
    },
    Fault {
        name: "open-syn-ack-number-wrong",
        does: "acknowledges the SYN itself, not the number behind it, in a SYN-ACK",
        breaks: "RFC 9293 section 3.10.7.2",
        requirements: &["9293-U-10", "9293-T-078", "9293-T-081"],
        make: || {
            segments_sent(|segment, _| {
                if segment.has(TcpFlags::SYN | TcpFlags::ACK) {
                    segment.tcp.acknowledgment = segment.tcp.acknowledgment.wrapping_sub(1);
                }
            })
        },
    },
    Fault {
        name: "open-third-ack-missing",
        does: "does not answer a SYN-ACK",
        breaks: "RFC 9293 section 3.10.7.3",
        requirements: &["9293-U-17", "9293-T-086"],
        make: || lose_segments_sent(|segment, _| segment.is_pure_ack() && segment.flow.expects == 0),
    },
    Fault {
        name: "open-bad-ack-unanswered",
        does: "says nothing to an acknowledgment of what it never sent, while it opens",
        breaks: "RFC 9293 section 3.5.2",
        requirements: &["9293-U-3", "9293-U-11", "9293-T-082", "9293-T-176"],
        make: || {
            lose_segments_sent(|segment, _| {
                let opens = matches!(segment.flow.state(), Some(State::SynSent | State::SynReceived));
                opens && (segment.has(TcpFlags::RST) || segment.is_pure_ack())
            })
        },
    },
    Fault {
        name: "open-bad-ack-aborts",
        does: "gives the open up for an acknowledgment of what it never sent",
        breaks: "RFC 9293 section 3.5.2",
        requirements: &["9293-U-11"],
        make: || {
            let mut dead = false;
            lose_segments_injected(move |segment, _| {
                let bad = segment.has(TcpFlags::ACK) && segment.tcp.acknowledgment != segment.flow.sent_to;
                dead |= bad && segment.flow.state() == Some(State::SynSent) && !segment.has(TcpFlags::RST);
                dead && !bad
            })
        },
    },
    Fault {
        name: "open-fin-aborts",
        does: "answers a FIN by RST while it opens",
        breaks: "RFC 9293 section 3.10.7.3",
        requirements: &["9293-U-11", "9293-T-220"],
        make: || {
            answer_segments(
                |segment, _| segment.has(TcpFlags::FIN) && segment.flow.state() == Some(State::SynSent),
                send_reset,
            )
        },
    },
    Fault {
        name: "open-ack-establishes",
        does: "answers an acknowledgment without SYN by RST while it opens",
        breaks: "RFC 9293 section 3.10.7.3, fourth",
        requirements: &["9293-U-17", "9293-T-089"],
        make: || {
            answer_segments(
                |segment, _| segment.is_pure_ack() && segment.flow.state() == Some(State::SynSent),
                send_reset,
            )
        },
    },
    Fault {
        name: "open-reset-unchecked",
        does: "takes any RST for an answer to its SYN",
        breaks: "RFC 9293 section 3.10.7.3, second",
        requirements: &["9293-U-5", "TCPX-04", "9293-T-083", "9293-T-085"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::RST) && segment.flow.state() == Some(State::SynSent) {
                    segment.tcp.flags = TcpFlags::RST | TcpFlags::ACK;
                    segment.tcp.acknowledgment = segment.flow.sent_to;
                }
            })
        },
    },
    Fault {
        name: "open-reset-ignored",
        does: "goes on opening after a RST that acknowledges its SYN",
        breaks: "RFC 9293 section 3.10.7.3, second",
        requirements: &["9293-U-5", "9293-MUST-22", "9293-T-084"],
        make: || {
            lose_segments_injected(|segment, _| {
                segment.has(TcpFlags::RST) && segment.flow.state() == Some(State::SynSent)
            })
        },
    },
    Fault {
        name: "open-simultaneous-ignored",
        does: "drops a SYN that crosses its own",
        breaks: "RFC 9293 section 3.5 (MUST-10)",
        requirements: &["9293-MUST-10", "9293-T-087", "MYTH-09"],
        make: || {
            lose_segments_injected(|segment, _| {
                segment.has(TcpFlags::SYN)
                    && !segment.has(TcpFlags::ACK)
                    && segment.flow.state() == Some(State::SynSent)
            })
        },
    },
    Fault {
        name: "open-simultaneous-reset-ignored",
        does: "drops a RST after SYNs that crossed",
        breaks: "RFC 9293 section 3.10.7.4, second (MUST-11)",
        requirements: &["9293-MUST-11", "9293-U-32", "9293-T-116..117"],
        make: || {
            lose_segments_injected(|segment, _| {
                segment.has(TcpFlags::RST) && segment.flow.state() == Some(State::SynReceived)
            })
        },
    },
    Fault {
        name: "open-reset-ends-listening",
        does: "listens no more after a RST for a connection that it was answering",
        breaks: "RFC 9293 section 3.10.7.4, second (MUST-11)",
        requirements: &["9293-MUST-11"],
        make: || {
            let mut ended = false;
            lose_segments_injected(move |segment, _| {
                ended |= segment.has(TcpFlags::RST) && segment.flow.state() == Some(State::SynReceived);
                ended && segment.has(TcpFlags::SYN)
            })
        },
    },
    Fault {
        name: "open-unacceptable-unanswered",
        does: "says nothing to segments outside its window while it waits for the handshake's end",
        breaks: "RFC 9293 section 3.10.7.4, first",
        requirements: &["9293-T-090", "9293-T-151"],
        make: || {
            lose_segments_injected(|segment, _| {
                let outside = segment.tcp.sequence != segment.flow.expects && !segment.has(TcpFlags::RST);
                segment.flow.state() == Some(State::SynReceived) && outside
            })
        },
    },
    Fault {
        name: "open-reset-anywhere",
        does: "takes any RST while it waits for the handshake's end",
        breaks: "RFC 9293 section 3.10.7.4, second",
        requirements: &["9293-T-098", "9293-T-133", "9293-U-5"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::RST) && segment.flow.state() == Some(State::SynReceived) {
                    segment.tcp.sequence = segment.flow.expects;
                }
            })
        },
    },
    Fault {
        name: "open-old-ack-completes",
        does: "takes an acknowledgment of something else for that of its SYN-ACK",
        breaks: "RFC 9293 section 3.10.7.4, fifth",
        requirements: &["9293-T-168", "9293-T-176", "9293-U-3"],
        make: || {
            segments_injected(|segment, _| {
                if segment.has(TcpFlags::ACK) && segment.flow.state() == Some(State::SynReceived) {
                    segment.tcp.acknowledgment = segment.flow.sent_to;
                }
            })
        },
    },
    Fault {
        name: "open-duplicate-syn-resets",
        does: "answers the SYN that comes again by RST",
        breaks: "RFC 9293 section 3.10.7.4",
        requirements: &["9293-U-10", "9293-T-149..151"],
        make: || {
            answer_segments(
                |segment, _| segment.has(TcpFlags::SYN) && segment.flow.state() == Some(State::SynReceived),
                send_reset,
            )
        },
    },
    Fault {
        name: "open-same-isn",
        does: "opens the next incarnation of a connection with the same initial sequence number",
        breaks: "RFC 9293 section 3.4.1 (MUST-8)",
        requirements: &["9293-MUST-8"],
        make: || {
            let mut first = BTreeMap::new();
            segments_sent(move |segment, _| {
                if segment.has(TcpFlags::SYN) {
                    segment.tcp.sequence = *first.entry(segment.tcp.destination_port).or_insert(segment.tcp.sequence);
                }
            })
        },
    },
    Fault {
        name: "open-isn-counted",
        does: "counts its initial sequence numbers up, connection by connection",
        breaks: "RFC 6528 section 3",
        requirements: &["9293-MUST-9", "9293-SHLD-1", "TCPX-51"],
        make: || {
            let mut last = 0u32;
            segments_sent(move |segment, _| {
                if segment.has(TcpFlags::SYN) {
                    last = last.wrapping_add(64_000);
                    segment.tcp.sequence = last;
                }
            })
        },
    },
    Fault {
        name: "open-port-counted",
        does: "counts its ephemeral ports up, connection by connection",
        breaks: "RFC 6056 section 3.3",
        requirements: &["SEC-15"],
        make: || {
            let mut last = 40_000;
            segments_sent(move |segment, _| {
                if segment.tcp.flags == TcpFlags::SYN {
                    last += 1;
                    segment.tcp.source_port = last;
                }
            })
        },
    },
    Fault {
        name: "open-listen-resets-others",
        does: "forgets its connections when something listens again",
        breaks: "RFC 9293 section 3.9.1.1 (MUST-41)",
        requirements: &["9293-MUST-41"],
        make: || {
            let listens = Rc::new(Cell::new(0));
            let counted = Rc::clone(&listens);
            both(
                on_call(move |call, _| {
                    if matches!(call, SocketCall::Listen { .. }) {
                        counted.set(counted.get() + 1);
                    }
                    None
                }),
                lose_segments_injected(move |segment, _| listens.get() > 1 && !segment.has(TcpFlags::SYN)),
            )
        },
    },
    Fault {
        name: "open-one-at-a-time",
        does: "drops SYNs while another connection to the port is half-open",
        breaks: "RFC 9293 section 3.9.1.1 (MUST-42)",
        requirements: &["9293-MUST-42"],
        make: || {
            let mut half_open = BTreeSet::new();
            lose_segments_injected(move |segment, _| {
                let port = segment.tcp.source_port;
                if !segment.has(TcpFlags::SYN) {
                    half_open.remove(&port);
                    return false;
                }
                half_open.insert(port);
                half_open.len() > 1
            })
        },
    },
    Fault {
        name: "open-bind-ignored",
        does: "opens from a port and address of its own choice, whatever the application has bound",
        breaks: "RFC 9293 section 3.9.1.1 (MUST-43)",
        requirements: &["9293-MUST-43"],
        make: || {
            segments_sent(|segment, _| {
                if segment.tcp.flags == TcpFlags::SYN {
                    segment.tcp.source_port ^= 0x4000;
                }
            })
        },
    },
    Fault {
        name: "open-connect-to-many",
        does: "opens connections to broadcast and multicast addresses",
        breaks: "RFC 9293 section 3.9.2.3 (MUST-46)",
        requirements: &["9293-MUST-46"],
        make: || {
            on_call(|call, between| {
                let SocketCall::Connect { address, .. } = call else { return None };
                let to_many = address.ip().is_multicast() || is_broadcast(address.ip(), between);
                let ip: Header = match (between.local(), address.ip()) {
                    (IpAddr::V4(local), IpAddr::V4(remote)) if to_many => Ipv4::new(local, remote).into(),
                    (IpAddr::V6(local), IpAddr::V6(remote)) if to_many => Ipv6::new(local, remote).into(),
                    _ => return None,
                };
                let syn = Tcp { flags: TcpFlags::SYN, ..Tcp::new(49152, address.port()) };
                between.send(&Packet::new([ip, syn.into()], &[]));
                Some((Err(Errno(EINPROGRESS)), CallOutput::None))
            })
        },
    },
    Fault {
        name: "open-syn-to-many-taken",
        does: "answers SYNs to broadcast and multicast addresses",
        breaks: "RFC 9293 section 3.9.2.3 (MUST-57)",
        requirements: &["9293-MUST-57"],
        make: || {
            on_injected(|packet, between| {
                let to_many = packet.destination().is_some_and(|to| to.is_multicast() || is_broadcast(to, between));
                if packet.tcp().is_none() || !to_many {
                    return;
                }
                match (packet.headers.first_mut(), between.local()) {
                    (Some(Header::Ipv4(ip)), IpAddr::V4(local)) => ip.destination = local,
                    (Some(Header::Ipv6(ip)), IpAddr::V6(local)) => ip.destination = local,
                    _ => {}
                }
                compute_lengths(packet);
            })
        },
    },
    Fault {
        name: "open-syn-from-no-host-taken",
        does: "answers SYNs from addresses that are no single host's",
        breaks: "RFC 9293 section 3.9.2.3 (MUST-63)",
        requirements: &["9293-MUST-63"],
        make: || {
            on_injected(|packet, between| {
                if packet.tcp().is_some() && packet.source().is_some_and(|source| is_no_host(source, between)) {
                    source_as(packet, 77);
                }
            })
        },
    },
    Fault {
        name: "open-second-connection-confused",
        does: "takes segments from another port for those of its first connection",
        breaks: "RFC 9293 section 3.3.1",
        requirements: &["9293-U-28"],
        make: || {
            let mut first = None;
            segments_injected(move |segment, _| {
                let first = *first.get_or_insert(segment.tcp.source_port);
                if !segment.has(TcpFlags::SYN) && segment.is_known {
                    segment.tcp.source_port = first;
                }
            })
        },
    },
    Fault {
        name: "open-sequence-not-modulo",
        does: "takes numbers behind 2^32 for old ones",
        breaks: "RFC 9293 section 3.4",
        requirements: &["9293-U-21"],
        make: || {
            lose_segments_injected(|segment, _| {
                segment.data > 0 && segment.flow.irs.is_some_and(|irs| segment.tcp.sequence < irs)
            })
        },
    },
    Fault {
        name: "open-port-deaf",
        does: "drops what is said to a port without a socket",
        breaks: "RFC 9293 section 3.5.2",
        requirements: &["9293-U-1"],
        make: || lose_injected(|packet, between| packet.tcp().is_some() && between.flow(packet).is_none()),
    },
];
