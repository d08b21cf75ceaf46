//! IPv4 options (RFC 791 section 3.1, RFC 1122 section 3.2.1.8).

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Behaviour, Fate, lose_injected, on_injected, on_sent};
use crate::target::fault::between::Between;
use crate::target::fault::packets::{forward, from_target, is_echo_reply, is_echo_request, send_error};
use crate::wire::{Header, Icmpv4, Ipv4Option, Ipv4Options, Packet};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "ip-options-refused",
        does: "drops datagrams with options",
        breaks: "RFC 791 section 3.1, Options",
        requirements: &["791-13", "9293-MUST-50"],
        make: || lose_injected(|packet, _| !options(packet).is_empty()),
    },
    Fault {
        name: "ip-options-read-on",
        does: "reads options behind the end of the list, and drops the datagram for what it finds",
        breaks: "RFC 791 section 3.1, End of Option List",
        requirements: &["791-14"],
        make: || {
            lose_injected(|packet, _| {
                let area = options(packet);
                let end = area.iter().position(|octet| *octet == 0).unwrap_or(area.len());
                area[..end].iter().all(|octet| *octet == 1) && area[end..].iter().any(|octet| *octet != 0)
            })
        },
    },
    Fault {
        name: "ip-option-unknown-refused",
        does: "drops datagrams with an option that it does not know",
        breaks: "RFC 1122 section 3.2.1.8",
        requirements: &["1122-IP-19", "9293-MUST-50"],
        make: || {
            lose_injected(|packet, _| options(packet).starts_with(&[0x5e, 4]) || options(packet).starts_with(&[0xde]))
        },
    },
    Fault {
        name: "ip-option-stream-refused",
        does: "drops datagrams with a Stream Identifier",
        breaks: "RFC 1122 section 3.2.1.8 (b)",
        requirements: &["1122-IP-22"],
        make: || lose_injected(|packet, _| options(packet).starts_with(&[Ipv4Option::STREAM_IDENTIFIER])),
    },
    Fault {
        name: "ip-option-stream-sent",
        does: "sends Stream Identifiers",
        breaks: "RFC 1122 section 3.2.1.8 (b)",
        requirements: &["1122-IP-21"],
        make: || {
            reply_with(|request| (request.first() == Some(&Ipv4Option::STREAM_IDENTIFIER)).then(|| request.to_vec()))
        },
    },
    Fault {
        name: "ip-option-length-hangs",
        does: "hears nothing any more once an option has had a length that is not possible",
        breaks: "RFC 1122 section 3.2.1.8",
        requirements: &["1122-IP-20"],
        make: || {
            let mut hangs = false;
            lose_injected(move |packet, _| {
                hangs |= matches!(options(packet), [0x5e, 0 | 1 | 255, ..] | [.., 0x5e]);
                hangs
            })
        },
    },
    Fault {
        name: "ip-option-fault-unreachable",
        does: "answers a fault in the options by Network Unreachable",
        breaks: "RFC 1122 section 3.2.2.5",
        requirements: &["1122-ICMP-22"],
        make: || {
            on_injected(|packet, between| {
                let faulty = matches!(options(packet), [0x5e, 0 | 1 | 255, ..] | [.., 0x5e]);
                if faulty {
                    send_error(packet, between, (Icmpv4::DESTINATION_UNREACHABLE, 0), (1, 0));
                }
                if faulty { Fate::Lost } else { Fate::Passes }
            })
        },
    },
    Fault {
        name: "ip-option-pointer-wrong",
        does: "points a Parameter Problem about options at the first octet of the header",
        breaks: "RFC 792, Parameter Problem Message",
        requirements: &["792-10", "791-16", "791-19", "791-20"],
        make: || {
            on_injected(|packet, between| {
                let faulty = matches!(
                    options(packet),
                    [Ipv4Option::RECORD_ROUTE, 6, ..]
                        | [Ipv4Option::LOOSE_SOURCE_ROUTE | Ipv4Option::STRICT_SOURCE_ROUTE, 7, 1 | 6, ..]
                        | [Ipv4Option::TIMESTAMP, _, 9, 0xf0, ..]
                );
                if faulty {
                    send_error(packet, between, (Icmpv4::PARAMETER_PROBLEM, 0), (4, 0));
                }
                if faulty { Fate::Lost } else { Fate::Passes }
            })
        },
    },
    Fault {
        name: "ip-record-route-full-overwritten",
        does: "records its address in a route that is full, over another",
        breaks: "RFC 791 section 3.1, Record Route",
        requirements: &["791-18"],
        make: || {
            reply_with(|request| match request {
                [Ipv4Option::RECORD_ROUTE, 7, 8, ..] => Some(vec![7, 7, 8, 192, 168, 0, 1, 0]),
                _ => None,
            })
        },
    },
    Fault {
        name: "ip-record-route-stale",
        does: "returns a Record Route as it came, without its own address",
        breaks: "RFC 1122 section 3.2.2.6",
        requirements: &["1122-ICMP-29", "1122-IP-27"],
        make: || {
            reply_with(|request| (request.starts_with(&[Ipv4Option::RECORD_ROUTE, 7, 4])).then(|| request.to_vec()))
        },
    },
    Fault {
        name: "ip-timestamp-cut",
        does: "returns a Timestamp option without the room for its timestamps",
        breaks: "RFC 1122 section 3.2.2.6",
        requirements: &["1122-ICMP-29", "1122-IP-28"],
        make: || {
            reply_with(|request| match request {
                [Ipv4Option::TIMESTAMP, 12, ..] => Some(vec![Ipv4Option::TIMESTAMP, 4, 5, 0]),
                _ => None,
            })
        },
    },
    Fault {
        name: "ip-source-route-forwarded",
        does: "sends datagrams on to the next address of their source route",
        breaks: "RFC 1122 section 3.3.5",
        requirements: &["1122-IP-46"],
        make: || {
            on_injected(|packet, between| {
                let routed = is_routed_on(packet);
                if routed {
                    forward(packet, between);
                }
                if routed { Fate::Lost } else { Fate::Passes }
            })
        },
    },
    Fault {
        name: "ip-source-route-refused-wrongly",
        does: "refuses to follow a source route with code 0 instead of 5",
        breaks: "RFC 1122 section 3.3.5",
        requirements: &["1122-IP-45"],
        make: || {
            on_injected(|packet, between| {
                let routed = is_routed_on(packet);
                if routed {
                    send_error(packet, between, (Icmpv4::DESTINATION_UNREACHABLE, 0), (1, 0));
                }
                if routed { Fate::Lost } else { Fate::Passes }
            })
        },
    },
    Fault {
        name: "ip-return-route-missing",
        does: "answers an echo request that came over a source route straight, without the route",
        breaks: "RFC 1122 section 3.2.2.6",
        requirements: &["1122-ICMP-30", "1122-IP-25"],
        make: || answer_routed(&[]),
    },
    Fault {
        name: "ip-return-route-twice",
        does: "answers an echo request that came over a source route with two source routes",
        breaks: "RFC 1122 section 3.2.1.8 (c)",
        requirements: &["1122-IP-26"],
        make: || {
            answer_routed(&[131, 11, 4, 198, 51, 100, 1, 192, 0, 2, 1, 131, 11, 4, 198, 51, 100, 1, 192, 0, 2, 1, 0, 0])
        },
    },
];

/// The options of an IPv4 datagram.
fn options<'p>(packet: &'p Packet<'_>) -> &'p [u8] {
    packet.ipv4().map_or(&[], |ip| ip.options.as_bytes())
}

/// Whether a source route has addresses left.
fn is_routed_on(packet: &Packet<'_>) -> bool {
    matches!(options(packet), [Ipv4Option::LOOSE_SOURCE_ROUTE, length, pointer, ..] if *pointer >= 4 && pointer < length)
}

/// Puts options into the replies to echo requests that had some.
fn reply_with(mut options_for: impl FnMut(&[u8]) -> Option<Vec<u8>> + 'static) -> Box<dyn Behaviour> {
    use std::cell::RefCell;
    use std::rc::Rc;
    let chosen = Rc::new(RefCell::new(None));
    let seen = Rc::clone(&chosen);
    crate::target::fault::behaviour::both(
        on_injected(move |packet, _| {
            if is_echo_request(packet) {
                *seen.borrow_mut() = options_for(options(packet));
            }
        }),
        on_sent(move |packet, _| {
            if let (true, Some(options)) = (is_echo_reply(packet), chosen.borrow().as_deref())
                && let Some(ip) = packet.ipv4_mut()
            {
                ip.options = Ipv4Options::from_raw(options);
            }
        }),
    )
}

/// Answers echo requests that came over a source route, with these options.
fn answer_routed(with: &'static [u8]) -> Box<dyn Behaviour> {
    on_injected(move |packet: &mut Packet<'_>, between: &mut Between| {
        let completed = matches!(options(packet), [131, length, pointer, ..] if pointer > length);
        let (Some(icmp), true) = (packet.icmpv4(), completed && is_echo_request(packet)) else { return Fate::Passes };
        let reply = Icmpv4 { rest: icmp.rest, ..Icmpv4::new(Icmpv4::ECHO_REPLY, 0) };
        if let Some(Header::Ipv4(mut ip)) = from_target(packet, between) {
            ip.options = Ipv4Options::from_raw(with);
            between.send(&Packet::new([ip.into(), reply.into()], packet.payload));
        }
        Fate::Lost
    })
}
