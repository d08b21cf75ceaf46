//! What published attacks do to stacks that fall for them: they hang, forget others, or believe what is forged.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::acknowledgment::{is_outside, is_synchronized};
use super::ip::is_broadcast;
use crate::target::fault::Behaviour;
use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, both, lose_injected, on_injected, on_return, on_sent};
use crate::target::fault::flow::State;
use crate::target::fault::packets::{compute_lengths, is_icmp_error, mend, send_acknowledgment, send_reset};
use crate::target::fault::segments::{
    Segment, answer_segments, believe_reset, lose_segments_injected, segments_injected,
};
use crate::target::{Errno, SocketCall};
use crate::wire::{Field, Header, Icmpv4, Icmpv6, Ipv6Fragment, Packet, Quoted, Tcp, TcpFlags, TcpOption};

const EAGAIN: i32 = 11;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "hostile-fragment-hangs",
        does: "hears nothing any more once a fragment has come",
        breaks: "RFC 791 section 3.2",
        requirements: &["SEC-02"],
        make: || {
            hangs(|packet, _| {
                packet.is_fragment() || packet.headers.iter().any(|header| matches!(header, Header::Ipv6Fragment(_)))
            })
        },
    },
    Fault {
        name: "hostile-header-hangs",
        does: "hears nothing any more once a packet has had extension headers, options or a protocol that it does not know",
        breaks: "RFC 1122 section 1.2.2",
        requirements: &["SEC-02"],
        make: || {
            hangs(|packet, _| {
                let options = packet.ipv4().is_some_and(|ip| !ip.options.is_empty());
                let extended = packet.ipv6_extension().is_some();
                let bare = packet.headers.len() == 1;
                options || extended || bare
            })
        },
    },
    Fault {
        name: "hostile-segment-hangs",
        does: "hears nothing any more once a segment has had control bits that contradict each other, or port 0",
        breaks: "RFC 1122 section 1.2.2",
        requirements: &["SEC-02"],
        make: || {
            hangs(|packet, _| {
                packet.tcp().is_some_and(|tcp| {
                    let odd = TcpFlags::SYN.with(TcpFlags::FIN).with(TcpFlags::RST).with(TcpFlags::URG);
                    let several = (tcp.flags.0 & odd.0).count_ones() > 1;
                    let nothing = tcp.flags == TcpFlags::NONE;
                    several || nothing || tcp.destination_port == 0 || tcp.reserved != 0
                })
            })
        },
    },
    Fault {
        name: "hostile-option-hangs",
        does: "hears nothing any more once a segment has had an option that it cannot read, or SACK blocks",
        breaks: "RFC 9293 section 3.1 (MUST-7)",
        requirements: &["SEC-02", "9293-MUST-7"],
        make: || {
            hangs(|packet, _| {
                let wrong = |option: TcpOption<'_>| matches!(option, TcpOption::Other { .. } | TcpOption::Sack(_));
                packet.tcp().is_some_and(|tcp| tcp.options.iter().any(|option| option.map_or(true, wrong)))
            })
        },
    },
    Fault {
        name: "hostile-error-hangs",
        does: "hears nothing any more once an ICMP error has quoted less than a header",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["SEC-02"],
        make: || hangs(|packet, _| is_icmp_error(packet) && Quoted::parse(packet.payload).ports().is_none()),
    },
    Fault {
        name: "hostile-urgent-hangs",
        does: "hears nothing any more once URG was set",
        breaks: "RFC 9293 section 3.8.5",
        requirements: &["SEC-02", "9293-MUST-30"],
        make: || hangs(|packet, _| packet.tcp().is_some_and(|tcp| tcp.flags.contains(TcpFlags::URG))),
    },
    Fault {
        name: "hostile-connections-exhaust",
        does: "takes no more than three connections, whatever becomes of them",
        breaks: "RFC 9293 section 3.9.1.1",
        requirements: &["SEC-02", "SEC-13", "SEC-14", "SEC-12"],
        make: || {
            let mut peers = BTreeSet::new();
            let mut newest = 0;
            lose_segments_injected(move |segment, _| {
                let port = segment.tcp.source_port;
                if segment.has(TcpFlags::SYN) {
                    peers.insert(port);
                    newest = port;
                }
                peers.len() > 3 && (segment.has(TcpFlags::SYN) || newest != port)
            })
        },
    },
    Fault {
        name: "hostile-land-hangs",
        does: "hears nothing any more once a packet has come from its own address",
        breaks: "RFC 1122 section 3.2.1.3",
        requirements: &["SEC-06"],
        make: || hangs(|packet, between| packet.source() == Some(between.local())),
    },
    Fault {
        name: "hostile-land-answered",
        does: "sends on the link what answers a packet from its own address",
        breaks: "RFC 1122 section 3.2.1.3",
        requirements: &["SEC-06"],
        make: || {
            on_injected(|packet, between| {
                if packet.source() == Some(between.local()) {
                    between.send(packet);
                }
            })
        },
    },
    Fault {
        name: "tcp-data-offset-unchecked",
        does: "takes a data offset that is not possible for that of the header",
        breaks: "RFC 9293 section 3.1, Data Offset",
        requirements: &["SEC-01"],
        make: || {
            on_injected(|packet, _| {
                if let Some(tcp) = packet.tcp_mut().filter(|tcp| tcp.data_offset != Field::Computed) {
                    tcp.data_offset = Field::Computed;
                    mend(packet);
                }
            })
        },
    },
    Fault {
        name: "tcp-cut-short-taken",
        does: "takes a segment that ends inside its header for a RST",
        breaks: "RFC 9293 section 3.1",
        requirements: &["SEC-01"],
        make: || {
            let mut last = None;
            on_injected(move |packet, between| {
                if packet.tcp().is_some() {
                    last = Some(packet.to_octets());
                } else if let (Some(octets), 1, None) = (&last, packet.headers.len(), packet.udp()) {
                    believe_reset(&Packet::parse(octets, None).packet, between);
                }
            })
        },
    },
    Fault {
        name: "tcp-error-sequence-unchecked",
        does: "aborts a connection for a hard ICMP error whatever sequence number it quotes",
        breaks: "RFC 5927 section 4.1",
        requirements: &["SEC-03"],
        make: || {
            on_injected(|packet, between| {
                if !is_icmp_error(packet) {
                    return;
                }
                let quoted = Quoted::parse(packet.payload);
                let Some(((source, destination), ip)) = quoted.ports().zip(quoted.packet.ip()) else { return };
                let own = Packet::new([ip.clone(), Tcp::new(source, destination).into()], &[]);
                believe_reset(&own, between);
            })
        },
    },
    Fault {
        name: "path-mtu-below-minimum-believed",
        does: "puts fragment headers into packets once an ICMPv6 error told an MTU below 1280",
        breaks: "RFC 8201 section 4",
        requirements: &["SEC-04"],
        make: || {
            let believed = Rc::new(Cell::new(false));
            let seen = Rc::clone(&believed);
            both(
                on_injected(move |packet, _| {
                    let told = packet.icmpv6().is_some_and(|icmp| {
                        icmp.kind == Icmpv6::PACKET_TOO_BIG && u32::from_be_bytes(icmp.rest) < 1280
                    });
                    seen.set(seen.get() || told);
                }),
                on_sent(move |packet, _| {
                    if believed.get() && packet.headers.len() == 2 {
                        packet.headers.insert(1, Ipv6Fragment::new(1, 0, false).into());
                    }
                }),
            )
        },
    },
    Fault {
        name: "path-mtu-tiny-hangs",
        does: "sends nothing any more once an ICMP error told an MTU below 68",
        breaks: "RFC 1191 section 3",
        requirements: &["TCPX-53", "TCPX-54"],
        make: || {
            hangs(|packet, _| {
                packet.icmpv4().is_some_and(|icmp| (icmp.kind, icmp.code) == (3, 4) && icmp.next_hop_mtu() < 68)
            })
        },
    },
    Fault {
        name: "mss-tiny-hangs",
        does: "hears nothing any more once a side has had an MSS below 64",
        breaks: "RFC 9293 section 3.7.1",
        requirements: &["SEC-05"],
        make: || {
            hangs(|packet, _| {
                let mss = packet.tcp().and_then(|tcp| tcp.options.find(TcpOption::MAXIMUM_SEGMENT_SIZE));
                matches!(mss, Some(TcpOption::MaximumSegmentSize(..64)))
            })
        },
    },
    Fault {
        name: "reset-from-broadcast-address",
        does: "answers a segment to a broadcast or multicast address from that address",
        breaks: "RFC 1122 section 3.2.1.3",
        requirements: &["SEC-07", "1122-IP-04"],
        make: || {
            on_injected(|packet, between| {
                let to_many = packet.destination().is_some_and(|to| to.is_multicast() || is_broadcast(to, between));
                if packet.tcp().is_some() && to_many {
                    send_reset(packet, between);
                }
            })
        },
    },
    Fault {
        name: "open-accepted-early",
        does: "gives the application a connection as soon as its SYN has come",
        breaks: "RFC 9293 section 3.10.7.4",
        requirements: &["SEC-08"],
        make: || {
            let opening = Rc::new(Cell::new(false));
            let seen = Rc::clone(&opening);
            both(
                on_injected(move |packet, _| {
                    let syn = packet.tcp().is_some_and(|tcp| tcp.flags.contains(TcpFlags::SYN));
                    seen.set(seen.get() || syn);
                }),
                on_return(move |call, returned, _| {
                    let none = returned.result == Err(Errno(EAGAIN));
                    if matches!(call, SocketCall::Accept { .. }) && none && opening.get() {
                        returned.result = Ok(99);
                    }
                }),
            )
        },
    },
    Fault {
        name: "timestamps-recent-from-anywhere",
        does: "takes TS.Recent also from segments that are not acceptable",
        breaks: "RFC 7323 section 5.3",
        requirements: &["SEC-09"],
        make: || {
            let mut highest = 0;
            lose_segments_injected(move |segment, _| {
                let Some(TcpOption::Timestamps { value, .. }) = segment.tcp.options.find(TcpOption::TIMESTAMPS) else {
                    return false;
                };
                let old = value < highest;
                highest = highest.max(value);
                old && !segment.has(TcpFlags::RST)
            })
        },
    },
    Fault {
        name: "challenge-unlimited",
        does: "answers every segment that is not acceptable, however many come",
        breaks: "RFC 5961 section 7",
        requirements: &["TCPX-08"],
        make: || {
            answer_segments(
                |segment, _| {
                    let ahead = crate::target::fault::flow::before(segment.flow.sent_to, segment.tcp.acknowledgment);
                    is_outside(segment) || is_synchronized(segment) && segment.has(TcpFlags::ACK) && ahead
                },
                send_acknowledgment,
            )
        },
    },
    Fault {
        name: "challenge-limit-shared",
        does: "stops answering on every connection once one has got 50 acknowledgments that say nothing new",
        breaks: "RFC 5961 section 7",
        requirements: &["SEC-11"],
        make: || {
            let mut challenges = 0;
            lose_segments_injected(move |segment, _| {
                let odd = segment.has(TcpFlags::RST) || segment.has(TcpFlags::SYN);
                challenges += u32::from(odd && is_synchronized(segment));
                odd && challenges > 50
            })
        },
    },
    Fault {
        name: "window-scale-above-fourteen-refused",
        does: "takes a window scale above 14 for none",
        breaks: "RFC 7323 section 2.3",
        requirements: &["TCPX-11"],
        make: || {
            segments_injected(|segment, _| {
                segment.retain_options(|option| !matches!(option, TcpOption::WindowScale(15..)));
            })
        },
    },
    Fault {
        name: "acknowledgment-duplicate-retransmits",
        does: "sends data again for every duplicate acknowledgment",
        breaks: "RFC 5681 section 3.2",
        requirements: &["9293-U-29", "TCPX-36"],
        make: || {
            let last: Rc<std::cell::RefCell<Option<Vec<u8>>>> = Rc::default();
            let sent = Rc::clone(&last);
            both(
                on_sent(move |packet, _| {
                    if packet.tcp().is_some() && !packet.payload.is_empty() {
                        *sent.borrow_mut() = Some(packet.to_octets());
                    }
                }),
                on_injected(move |packet, between| {
                    let duplicate = packet.tcp().zip(between.synchronized(packet)).is_some_and(|(tcp, flow)| {
                        flow.sent_to != flow.acknowledged && tcp.acknowledgment == flow.acknowledged
                    });
                    if let (true, Some(octets)) = (duplicate, &*last.borrow()) {
                        between.send(&Packet::parse(octets, None).packet);
                    }
                }),
            )
        },
    },
    Fault {
        name: "ipv6-no-next-header-read",
        does: "reads on where a header says that nothing follows",
        breaks: "RFC 8200 section 4.7",
        requirements: &["IP6-14"],
        make: || {
            let mut last = None;
            on_injected(move |packet, between| {
                if packet.tcp().is_some() {
                    last = Some(packet.to_octets());
                } else if let (Some(octets), false) = (&last, packet.payload.is_empty())
                    && packet.ipv6().is_some()
                    && packet.icmpv6().is_none()
                {
                    believe_reset(&Packet::parse(octets, None).packet, between);
                }
            })
        },
    },
    Fault {
        name: "ipv6-routing-followed",
        does: "sends a packet on to the next address of its routing header",
        breaks: "RFC 5095 section 3",
        requirements: &["IP6-07"],
        make: || {
            on_injected(|packet, between| {
                let routed = packet.headers.iter().any(|header| {
                    matches!(header, Header::Ipv6Extension(extension)
                        if extension.kind == crate::wire::protocol::ROUTING && extension.body.get(1) != Some(&0))
                });
                if !routed {
                    return Fate::Passes;
                }
                let mut onward = packet.clone();
                compute_lengths(&mut onward);
                between.send(&onward);
                Fate::Lost
            })
        },
    },
    Fault {
        name: "flood-touches-others",
        does: "forgets what it has while SYNs wait that nobody completes",
        breaks: "RFC 4987 section 3",
        requirements: &["SEC-12"],
        make: || {
            let mut waiting = 0;
            lose_segments_injected(move |segment: &Segment<'_>, _| {
                waiting += u32::from(segment.has(TcpFlags::SYN));
                waiting > 8 && segment.flow.state() == Some(State::Established)
            })
        },
    },
    Fault {
        name: "source-quench-aborts",
        does: "aborts a connection for a Source Quench",
        breaks: "RFC 6633 section 3",
        requirements: &["9293-MUST-55", "9293-T-269..274", "MYTH-17"],
        make: || {
            on_injected(|packet, between| {
                if packet.icmpv4().is_none_or(|icmp| icmp.kind != Icmpv4::SOURCE_QUENCH) {
                    return;
                }
                let quoted = Quoted::parse(packet.payload);
                let Some(((source, destination), ip)) = quoted.ports().zip(quoted.packet.ip()) else { return };
                let own = Packet::new([ip.clone(), Tcp::new(source, destination).into()], &[]);
                believe_reset(&own, between);
            })
        },
    },
];

/// Hears nothing any more once a packet has come that is meant.
fn hangs(
    mut meant: impl FnMut(&Packet<'_>, &crate::target::fault::between::Between) -> bool + 'static,
) -> Box<dyn Behaviour> {
    let mut dead = false;
    lose_injected(move |packet, between| {
        dead |= meant(packet, between);
        dead
    })
}
