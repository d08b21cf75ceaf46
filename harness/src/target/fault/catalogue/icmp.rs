//! ICMP and ICMPv6 messages (RFC 792, RFC 1122 section 3.2.2, RFC 4443).

use std::cell::Cell;
use std::rc::Rc;

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{
    Behaviour, Fate, both, lose_injected, lose_sent, on_injected, on_return, on_sent,
};
use crate::target::fault::packets::{
    from_target, is_echo_reply, is_echo_request, is_error, is_icmp, is_icmp_error, mend, send_echo_reply,
    send_echo_reply_for, send_error, source_as, spoil_checksum,
};
use crate::target::{Errno, SocketCall};
use crate::wire::{Header, Icmpv4, Icmpv6, Packet};

const PORT: ((u8, u8), (u8, u8)) = ((3, 3), (1, 4));
const PROTOCOL: ((u8, u8), (u8, u8)) = ((3, 2), (4, 1));
const ECONNREFUSED: i32 = 111;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "icmp-error-for-error",
        does: "answers ICMP errors by ICMP errors",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["792-02", "1122-ICMP-06", "IP6-20"],
        make: || {
            on_injected(|packet, between| {
                if is_icmp_error(packet) {
                    send_error(packet, between, PORT.0, PORT.1);
                }
            })
        },
    },
    Fault {
        name: "icmp-error-for-later-fragment",
        does: "answers fragments other than the first by ICMP errors",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["792-03", "1122-ICMP-09"],
        make: || {
            on_injected(|packet, between| {
                if packet.ipv4().is_some_and(|ip| ip.fragment_offset > 0) {
                    send_error(packet, between, PROTOCOL.0, PROTOCOL.1);
                }
            })
        },
    },
    Fault {
        name: "icmp-unused-set",
        does: "sends errors whose unused octets are not zero",
        breaks: "RFC 792, Destination Unreachable Message",
        requirements: &["792-04"],
        make: || errors_sent(|_, rest| *rest = [0xff; 4]),
    },
    Fault {
        name: "icmp-unused-checked",
        does: "drops errors whose unused octets are not zero",
        breaks: "RFC 792, Message Formats",
        requirements: &["792-04"],
        make: || {
            lose_injected(|packet, _| is_icmp_error(packet) && packet.icmpv4().is_some_and(|i| i.rest == [255; 4]))
        },
    },
    Fault {
        name: "icmp-checksum-wrong",
        does: "sends messages with a wrong checksum",
        breaks: "RFC 792, Message Formats",
        requirements: &["792-05", "IP6-23"],
        make: || {
            on_sent(|packet, _| {
                if is_icmp(packet) {
                    spoil_checksum(packet);
                }
            })
        },
    },
    Fault {
        name: "icmp-checksum-unchecked",
        does: "takes messages whose checksum is wrong",
        breaks: "RFC 792, Message Formats",
        requirements: &["792-05", "IP6-23"],
        make: || {
            on_injected(|packet, _| {
                if is_icmp(packet) {
                    mend(packet);
                }
            })
        },
    },
    Fault {
        name: "icmp-port-unreachable-other-code",
        does: "says Host Unreachable where it means the port",
        breaks: "RFC 1122 section 3.2.2.1",
        requirements: &["792-06", "1122-ICMP-12", "1122-UDP-01", "IP6-24"],
        make: || {
            on_sent(|packet, _| {
                if is_error(packet, PORT.0, PORT.1) {
                    set_code(packet, 1);
                }
            })
        },
    },
    Fault {
        name: "icmp-protocol-unreachable-other-code",
        does: "says Host Unreachable where it means the protocol",
        breaks: "RFC 1122 section 3.2.2.1",
        requirements: &["792-06", "1122-ICMP-11"],
        make: || {
            on_sent(|packet, _| {
                if is_error(packet, PROTOCOL.0, (0, 0)) {
                    set_code(packet, 1);
                }
            })
        },
    },
    Fault {
        name: "icmp-unreachable-never",
        does: "says nothing of a port that is not open",
        breaks: "RFC 1122 section 4.1.3.1",
        requirements: &["1122-UDP-01", "1122-ICMP-12", "IP6-24"],
        make: || lose_sent(|packet, _| is_error(packet, PORT.0, PORT.1)),
    },
    Fault {
        name: "icmp-error-without-header",
        does: "quotes in errors the data of the datagram without its header",
        breaks: "RFC 792, Destination Unreachable Message",
        requirements: &["792-07", "1122-ICMP-02", "IP6-19"],
        make: || {
            on_sent(|packet, _| {
                if is_icmp_error(packet) {
                    let header = if packet.ipv4().is_some() { 20 } else { 40 };
                    packet.payload = packet.payload.get(header..).unwrap_or_default();
                }
            })
        },
    },
    Fault {
        name: "icmp-error-quotes-changed",
        does: "quotes the datagram in errors with another identification",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["1122-ICMP-02", "792-07"],
        make: || quote(|quoted| quoted.iter_mut().skip(4).take(2).for_each(|octet| *octet ^= 0x55)),
    },
    Fault {
        name: "icmpv6-error-short",
        does: "quotes no more than 8 octets behind the header",
        breaks: "RFC 4443 section 2.4 (c)",
        requirements: &["IP6-19"],
        make: || quote(|quoted| quoted.truncate(48)),
    },
    Fault {
        name: "icmp-error-tos",
        does: "sends errors with TOS 0x10",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["1122-ICMP-05"],
        make: || {
            on_sent(|packet, _| {
                if is_icmp_error(packet)
                    && let Some(ip) = packet.ipv4_mut()
                {
                    ip.tos = 0x10;
                }
            })
        },
    },
    Fault {
        name: "icmp-echo-ignored",
        does: "answers no echo request",
        breaks: "RFC 1122 section 3.2.2.6",
        requirements: &["792-13", "1122-ICMP-24", "IP6-25"],
        make: || lose_sent(|packet, _| is_echo_reply(packet)),
    },
    Fault {
        name: "icmp-echo-reply-answered",
        does: "answers echo replies",
        breaks: "RFC 792, Echo or Echo Reply Message",
        requirements: &["792-13"],
        make: || {
            on_injected(|packet, between| {
                if is_echo_reply(packet) {
                    send_echo_reply(packet, between);
                }
            })
        },
    },
    Fault {
        name: "icmp-echo-code-wrong",
        does: "sends echo replies with code 3",
        breaks: "RFC 792, Echo or Echo Reply Message",
        requirements: &["792-13"],
        make: || {
            on_sent(|packet, _| {
                if is_echo_reply(packet) {
                    set_code(packet, 3);
                }
            })
        },
    },
    Fault {
        name: "icmp-echo-identifier-swapped",
        does: "sends echo replies whose identifier and sequence number are swapped",
        breaks: "RFC 792, Echo or Echo Reply Message",
        requirements: &["792-14", "IP6-25"],
        make: || replies(|rest| rest.rotate_left(2)),
    },
    Fault {
        name: "icmp-echo-data-cut",
        does: "returns echo data without the last octet",
        breaks: "RFC 1122 section 3.2.2.6",
        requirements: &["792-15", "1122-ICMP-27", "IP6-25"],
        make: || {
            on_sent(|packet, _| {
                if let ([front @ .., _], true) = (packet.payload, is_echo_reply(packet)) {
                    packet.payload = front;
                }
            })
        },
    },
    Fault {
        name: "icmp-echo-long-ignored",
        does: "answers no echo request with more than 1,000 octets of data",
        breaks: "RFC 1122 section 3.2.2.6",
        requirements: &["1122-ICMP-27", "792-15"],
        make: || lose_sent(|packet, _| is_echo_reply(packet) && packet.payload.len() > 1000),
    },
    Fault {
        name: "icmp-echo-code-hangs",
        does: "hears nothing any more once an echo request had a code other than 0",
        breaks: "RFC 792, Echo or Echo Reply Message",
        requirements: &["792-13"],
        make: || {
            let mut hangs = false;
            lose_injected(move |packet, _| {
                hangs |= is_echo_request(packet) && packet.icmpv4().is_some_and(|icmp| icmp.code != 0);
                hangs
            })
        },
    },
    Fault {
        name: "icmp-timestamp-identifier-lost",
        does: "answers a Timestamp with another identifier",
        breaks: "RFC 1122 section 3.2.2.8",
        requirements: &["792-16", "1122-ICMP-32"],
        make: || {
            answer_query(Icmpv4::TIMESTAMP, Icmpv4::TIMESTAMP_REPLY, |reply| {
                if let Some(icmp) = reply.icmpv4_mut() {
                    icmp.rest[1] ^= 1;
                }
            })
        },
    },
    Fault {
        name: "icmp-timestamp-from-elsewhere",
        does: "answers a Timestamp from an address that it was not sent to",
        breaks: "RFC 1122 section 3.2.2.8",
        requirements: &["1122-ICMP-33"],
        make: || answer_query(Icmpv4::TIMESTAMP, Icmpv4::TIMESTAMP_REPLY, |reply| source_as(reply, 1)),
    },
    Fault {
        name: "icmp-information-answered",
        does: "answers Information Requests",
        breaks: "RFC 1122 section 3.2.2.7",
        requirements: &["792-17", "1122-ICMP-31"],
        make: || answer_query(15, 16, |_| {}),
    },
    Fault {
        name: "icmp-mask-answered",
        does: "answers Address Mask Requests without having been told to",
        breaks: "RFC 1122 section 3.2.2.9",
        requirements: &["1122-ICMP-35"],
        make: || answer_query(17, 18, |_| {}),
    },
    Fault {
        name: "icmp-mask-believed",
        does: "takes its mask from Address Mask Replies that it did not ask for",
        breaks: "RFC 1122 section 3.2.2.9",
        requirements: &["1122-ICMP-36"],
        make: || {
            let mut believes = false;
            on_injected(move |packet, between| {
                believes |= packet.icmpv4().is_some_and(|icmp| icmp.kind == 18);
                // With all ones for a mask, the network's broadcast address is a host like any other.
                let is_broadcast = packet.destination().is_some_and(|to| between.is_directed_broadcast(to));
                if believes && packet.udp().is_some() && is_broadcast {
                    send_error(packet, between, PORT.0, PORT.1);
                }
            })
        },
    },
    Fault {
        name: "icmp-truncated-answered",
        does: "answers echo requests of fewer than 8 octets",
        breaks: "RFC 792, Message Formats",
        requirements: &["792-18"],
        make: || {
            on_injected(|packet, between| {
                if let ([Header::Ipv4(_)], [8, 0, ..]) = (&packet.headers[..], packet.payload) {
                    send_echo_reply_for(packet, between, (7, 1), &[]);
                }
            })
        },
    },
    Fault {
        name: "icmp-unknown-type-answered",
        does: "answers messages of unknown type by an error",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["1122-ICMP-01", "IP6-18"],
        make: || {
            on_injected(|packet, between| {
                let kind = packet.icmpv4().map(|icmp| icmp.kind);
                let unknown = kind.is_some_and(|kind| matches!(kind, 1 | 2 | 7 | 19..))
                    || packet.icmpv6().is_some_and(|icmp| icmp.kind >= 200);
                if unknown {
                    send_error(packet, between, PROTOCOL.0, PROTOCOL.1);
                }
            })
        },
    },
    Fault {
        name: "icmp-error-to-any-socket",
        does: "reports an error to whatever socket reads next, without a look at what it quotes",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["1122-ICMP-04", "1122-ICMP-20"],
        make: || {
            let pending = Rc::new(Cell::new(false));
            let seen = Rc::clone(&pending);
            both(
                on_injected(move |packet, _| seen.set(seen.get() || is_icmp_error(packet))),
                on_return(move |call, returned, _| {
                    if matches!(call, SocketCall::Read { .. }) && pending.take() {
                        returned.result = Err(Errno(ECONNREFUSED));
                    }
                }),
            )
        },
    },
    Fault {
        name: "icmp-errors-unreported",
        does: "tells no socket of ICMP errors",
        breaks: "RFC 1122 section 4.1.3.3",
        requirements: &["1122-ICMP-13", "1122-UDP-05"],
        make: || lose_injected(|packet, _| is_icmp_error(packet) && packet.tcp().is_none()),
    },
    Fault {
        name: "icmp-source-quench-obeyed",
        does: "sends nothing any more after a Source Quench",
        breaks: "RFC 6633 section 3",
        requirements: &["1122-ICMP-20", "9293-MUST-55"],
        make: || {
            let quenched = Rc::new(Cell::new(false));
            let seen = Rc::clone(&quenched);
            both(
                on_injected(move |packet, _| {
                    let quench = packet.icmpv4().is_some_and(|icmp| icmp.kind == Icmpv4::SOURCE_QUENCH);
                    seen.set(seen.get() || quench);
                }),
                lose_sent(move |_, _| quenched.get()),
            )
        },
    },
];

/// Changes type-specific octets of the errors that the target sends.
fn errors_sent(mut edit: impl FnMut(u8, &mut [u8; 4]) + 'static) -> Box<dyn Behaviour> {
    on_sent(move |packet, _| {
        if !is_icmp_error(packet) {
            return;
        }
        match packet.headers.last_mut() {
            Some(Header::Icmpv4(icmp)) => edit(icmp.kind, &mut icmp.rest),
            Some(Header::Icmpv6(icmp)) => edit(icmp.kind, &mut icmp.rest),
            _ => {}
        }
    })
}

/// Changes identifier and sequence number of echo replies.
fn replies(mut edit: impl FnMut(&mut [u8; 4]) + 'static) -> Box<dyn Behaviour> {
    on_sent(move |packet, _| {
        if !is_echo_reply(packet) {
            return;
        }
        let header = packet.headers.last_mut();
        if let Some(Header::Icmpv4(Icmpv4 { rest, .. }) | Header::Icmpv6(Icmpv6 { rest, .. })) = header {
            edit(rest);
        }
    })
}

/// Changes what errors quote.
fn quote(mut edit: impl FnMut(&mut Vec<u8>) + 'static) -> Box<dyn Behaviour> {
    on_sent(move |packet, between| {
        if !is_icmp_error(packet) {
            return Fate::Passes;
        }
        let mut quoted = packet.payload.to_vec();
        edit(&mut quoted);
        between.send(&Packet::new(packet.headers.iter().cloned(), &quoted));
        Fate::Lost
    })
}

/// Answers an ICMP query, wrong as `edit` makes it.
fn answer_query(query: u8, kind: u8, edit: fn(&mut Packet<'_>)) -> Box<dyn Behaviour> {
    on_injected(move |packet, between| {
        let (Some(icmp), Some(header)) = (packet.icmpv4(), from_target(packet, between)) else { return Fate::Passes };
        if icmp.kind != query {
            return Fate::Passes;
        }
        let reply = Icmpv4 { rest: icmp.rest, ..Icmpv4::new(kind, 0) };
        let mut reply = Packet::new([header, reply.into()], packet.payload);
        edit(&mut reply);
        between.send(&reply);
        Fate::Lost
    })
}

fn set_code(packet: &mut Packet<'_>, to: u8) {
    let header = packet.headers.last_mut();
    if let Some(Header::Icmpv4(Icmpv4 { code, .. }) | Header::Icmpv6(Icmpv6 { code, .. })) = header {
        *code = to;
    }
}
