//! The IPv4 header and its addresses (RFC 791 section 3.1, RFC 1122 section 3.2.1).

use std::net::IpAddr;

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Behaviour, Fate, both, lose_injected, lose_sent, on_injected, on_sent};
use crate::target::fault::between::Between;
use crate::target::fault::packets::{
    back, compute_lengths, forward, is_echo_reply, is_echo_request, is_icmp, send_echo_reply, send_error, source_as,
};
use crate::wire::{Field, Header, Icmpv4, Ipv4, Packet, internet_checksum};

/// Port unreachable, of ICMP and of ICMPv6.
const PORT: ((u8, u8), (u8, u8)) = ((3, 3), (1, 4));

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "ip-version-unchecked",
        does: "takes datagrams of any version",
        breaks: "RFC 1122 section 3.2.1.1",
        requirements: &["1122-IP-01", "791-01", "IP6-01"],
        make: || {
            on_injected(|packet, between| {
                let version = if between.local().is_ipv4() { 4 } else { 6 };
                let mut octets = packet.to_octets();
                if octets.is_empty() || octets[0] >> 4 == version {
                    return Fate::Passes;
                }
                octets[0] = version << 4 | octets[0] & 0xf;
                between.deliver_mended(&octets);
                Fate::Lost
            })
        },
    },
    Fault {
        name: "ip-version-wrong",
        does: "sends version 5",
        breaks: "RFC 791 section 3.1, Version",
        requirements: &["791-01"],
        make: || edit_sent(|ip| ip.version = Field::Forced(5)),
    },
    Fault {
        name: "ip-header-length-too-small-taken",
        does: "takes an IHL below 5 for 5",
        breaks: "RFC 791 section 3.1, IHL",
        requirements: &["791-02"],
        make: || {
            edit_injected(|ip, _| {
                if matches!(ip.header_length, Field::Forced(..5)) {
                    ip.header_length = Field::Computed;
                    ip.checksum = Field::Computed;
                }
            })
        },
    },
    Fault {
        name: "ip-header-length-beyond-taken",
        does: "takes an IHL that is beyond the datagram for 5",
        breaks: "RFC 791 section 3.1, IHL",
        requirements: &["791-03"],
        make: || {
            edit_injected(|ip, _| {
                if matches!(ip.header_length, Field::Forced(6..)) {
                    ip.header_length = Field::Computed;
                    ip.checksum = Field::Computed;
                }
            })
        },
    },
    Fault {
        name: "ip-padding-taken",
        does: "takes octets of the link behind the datagram for data",
        breaks: "RFC 791 section 3.1, Total Length",
        requirements: &["791-04", "IP6-01", "SEC-01"],
        make: || {
            on_injected(|packet, between| {
                if between.trailer().is_empty() {
                    return Fate::Passes;
                }
                let payload = [packet.payload, between.trailer()].concat();
                let mut whole = Packet::new(packet.headers.iter().cloned(), &payload);
                compute_lengths(&mut whole);
                between.deliver(&whole);
                Fate::Lost
            })
        },
    },
    Fault {
        name: "ip-total-length-unchecked",
        does: "takes datagrams whose length is not possible with the octets that are there",
        breaks: "RFC 791 section 3.1, Total Length",
        requirements: &["791-05", "IP6-01", "SEC-01"],
        make: || {
            on_injected(|packet, _| match packet.headers.first() {
                Some(Header::Ipv4(Ipv4 { total_length: Field::Forced(_), .. })) => compute_lengths(packet),
                Some(Header::Ipv6(ip)) if ip.payload_length != Field::Computed => compute_lengths(packet),
                _ => {}
            })
        },
    },
    Fault {
        name: "ip-longer-than-512-refused",
        does: "drops datagrams of more than 512 octets",
        breaks: "RFC 791 section 3.1, Total Length",
        requirements: &["791-06", "1122-IP-30"],
        make: || lose_injected(|packet, _| packet.emitted_length() > 512),
    },
    Fault {
        name: "ip-reserved-flag-set",
        does: "sets the reserved flag",
        breaks: "RFC 791 section 3.1, Flags",
        requirements: &["791-07"],
        make: || edit_sent(|ip| ip.reserved_flag = true),
    },
    Fault {
        name: "ip-dont-fragment-refused",
        does: "drops datagrams that must not be fragmented",
        breaks: "RFC 791 section 3.1, Flags",
        requirements: &["791-08"],
        make: || lose_injected(|packet, _| packet.ipv4().is_some_and(|ip| ip.dont_fragment)),
    },
    Fault {
        name: "ip-checksum-over-data",
        does: "sends a header checksum that covers the data too",
        breaks: "RFC 791 section 3.1, Header Checksum",
        requirements: &["791-11"],
        make: || {
            on_sent(|packet, _| {
                if let Some(ip) = packet.ipv4_mut() {
                    ip.checksum = Field::Forced(0);
                    let sum = internet_checksum(&packet.to_octets());
                    if let Some(ip) = packet.ipv4_mut() {
                        ip.checksum = Field::Forced(sum);
                    }
                }
            })
        },
    },
    Fault {
        name: "ip-checksum-zero",
        does: "sends a header checksum of zero",
        breaks: "RFC 791 section 3.1, Header Checksum",
        requirements: &["791-12"],
        make: || edit_sent(|ip| ip.checksum = Field::Forced(0)),
    },
    Fault {
        name: "ip-checksum-unchecked",
        does: "takes datagrams whose header checksum is wrong",
        breaks: "RFC 1122 section 3.2.1.2",
        requirements: &["1122-IP-02", "791-11"],
        make: || edit_injected(|ip, _| ip.checksum = Field::Computed),
    },
    Fault {
        name: "ip-length-little-endian",
        does: "writes the total length in the wrong order of octets",
        breaks: "RFC 791 appendix B",
        requirements: &["791-30"],
        make: || {
            on_sent(|packet, _| {
                let length = packet.emitted_length() as u16;
                if let Some(ip) = packet.ipv4_mut() {
                    ip.total_length = Field::Forced(length.swap_bytes());
                }
            })
        },
    },
    Fault {
        name: "ip-identification-constant",
        does: "gives every datagram the same identification",
        breaks: "RFC 791 section 3.2, Identification",
        requirements: &["791-26"],
        make: || edit_sent(|ip| ip.identification = 7),
    },
    Fault {
        name: "ip-foreign-destination-taken",
        does: "takes datagrams for other hosts",
        breaks: "RFC 1122 section 3.2.1.3",
        requirements: &["1122-IP-07"],
        make: || {
            edit_injected(|ip, between| {
                if let (IpAddr::V4(local), true) = (between.local(), is_foreign(ip, between)) {
                    ip.destination = local;
                    ip.checksum = Field::Computed;
                }
            })
        },
    },
    Fault {
        name: "ip-forwards",
        does: "forwards datagrams for other hosts",
        breaks: "RFC 1122 section 3.3.1.1",
        requirements: &["1122-IP-53"],
        make: || {
            on_injected(|packet, between| {
                if packet.ipv4().is_some_and(|ip| is_foreign(ip, between)) {
                    forward(packet, between);
                }
            })
        },
    },
    Fault {
        name: "icmp-redirects",
        does: "sends a Redirect for datagrams for other hosts",
        breaks: "RFC 1122 section 3.2.2.2",
        requirements: &["1122-ICMP-16"],
        make: || {
            on_injected(|packet, between| {
                if packet.ipv4().is_some_and(|ip| is_foreign(ip, between)) {
                    send_error(packet, between, (Icmpv4::REDIRECT, 1), (137, 0));
                }
            })
        },
    },
    Fault {
        name: "ip-source-zero-answered",
        does: "answers echo requests from 0.0.0.0",
        breaks: "RFC 1122 section 3.2.1.3 (a)",
        requirements: &["1122-IP-03", "1122-IP-08"],
        make: || answer_echo_from(|source, _| source.is_unspecified()),
    },
    Fault {
        name: "ip-source-loopback-answered",
        does: "answers echo requests from 127/8",
        breaks: "RFC 1122 section 3.2.1.3 (g)",
        requirements: &["1122-IP-05", "1122-IP-08"],
        make: || answer_echo_from(|source, _| source.is_loopback()),
    },
    Fault {
        name: "ip-source-broadcast-answered",
        does: "answers echo requests from broadcast addresses",
        breaks: "RFC 1122 section 3.2.1.3 (c), (d)",
        requirements: &["1122-IP-08"],
        make: || answer_echo_from(is_broadcast),
    },
    Fault {
        name: "ip-source-multicast-answered",
        does: "answers echo requests from multicast addresses",
        breaks: "RFC 1122 section 3.2.1.3",
        requirements: &["1122-IP-08"],
        make: || answer_echo_from(|source, _| source.is_multicast()),
    },
    Fault {
        name: "ip-loopback-destination-taken",
        does: "answers echo requests for 127/8 that come over the link",
        breaks: "RFC 1122 section 3.2.1.3 (g)",
        requirements: &["1122-IP-05", "IP6-22"],
        make: || {
            on_injected(|packet, between| {
                if is_echo_request(packet) && packet.destination().is_some_and(|to| to.is_loopback()) {
                    send_echo_reply(packet, between);
                }
            })
        },
    },
    Fault {
        name: "udp-source-invalid-taken",
        does: "takes datagrams from broadcast, multicast, loopback and zero addresses",
        breaks: "RFC 1122 section 4.1.3.6",
        requirements: &["1122-UDP-14", "1122-IP-08"],
        make: || {
            on_injected(|packet, between| {
                if packet.udp().is_some() && packet.source().is_some_and(|source| is_no_host(source, between)) {
                    source_as(packet, 77);
                }
            })
        },
    },
    Fault {
        name: "icmp-error-to-no-host",
        does: "sends ICMP errors to addresses that are no single host's",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["1122-ICMP-10", "IP6-20"],
        make: || {
            on_injected(|packet, between| {
                if packet.udp().is_some() && packet.source().is_some_and(|source| is_no_host(source, between)) {
                    send_error(packet, between, PORT.0, PORT.1);
                }
            })
        },
    },
    Fault {
        name: "icmp-error-for-broadcast",
        does: "sends ICMP errors about datagrams to broadcast and multicast addresses",
        breaks: "RFC 1122 section 3.2.2",
        requirements: &["1122-ICMP-07", "1122-IP-47", "IP6-20"],
        make: || {
            on_injected(|packet, between| {
                let to_many = |to: IpAddr| to.is_multicast() || to.is_unspecified() || is_broadcast(to, between);
                if packet.udp().is_some() && packet.destination().is_some_and(to_many) {
                    send_error(packet, between, PORT.0, PORT.1);
                }
            })
        },
    },
    Fault {
        name: "ip-broadcast-as-source",
        does: "answers an echo request to a broadcast address from that address",
        breaks: "RFC 1122 section 3.2.1.3",
        requirements: &["1122-IP-04", "1122-ICMP-26", "1122-ICMP-25"],
        make: || answer_echo_from_destination(is_broadcast),
    },
    Fault {
        name: "ip-multicast-as-source",
        does: "answers an echo request to a multicast group from the group's address",
        breaks: "RFC 1122 section 3.2.2.6",
        requirements: &["1122-IP-50", "1122-ICMP-26", "IP6-22", "IP6-26"],
        make: || answer_echo_from_destination(|to, _| to.is_multicast()),
    },
    Fault {
        name: "ip-source-foreign",
        does: "sends from an address that is not its own",
        breaks: "RFC 1122 section 3.2.1.3",
        requirements: &["1122-IP-06", "792-14"],
        make: || on_sent(|packet, _| source_as(packet, 1)),
    },
    Fault {
        name: "ip-ttl-below-two-refused",
        does: "drops datagrams with TTL below 2",
        breaks: "RFC 1122 section 3.2.1.7",
        requirements: &["1122-IP-15", "IP6-01", "MYTH-20"],
        make: || {
            lose_injected(|packet, _| {
                packet.ipv4().is_some_and(|ip| ip.ttl < 2) || packet.ipv6().is_some_and(|ip| ip.hop_limit < 2)
            })
        },
    },
    Fault {
        name: "ip-ttl-zero-sent",
        does: "sends TTL 0",
        breaks: "RFC 1122 section 3.2.1.7",
        requirements: &["1122-IP-14"],
        make: || edit_sent(|ip| ip.ttl = 0),
    },
    Fault {
        name: "ip-ttl-ignored",
        does: "sends TTL 64 whatever the application asks for",
        breaks: "RFC 1122 section 3.2.1.7",
        requirements: &["1122-IP-16", "1122-UDP-17", "9293-MUST-49"],
        make: || {
            on_sent(|packet, _| match packet.headers.first_mut() {
                Some(Header::Ipv4(ip)) => ip.ttl = 64,
                Some(Header::Ipv6(ip)) => ip.hop_limit = 64,
                _ => {}
            })
        },
    },
    Fault {
        name: "ip-tos-ignored",
        does: "sends TOS 0 whatever the application asks for",
        breaks: "RFC 1122 section 3.2.1.6",
        requirements: &["1122-IP-11", "1122-UDP-17", "9293-MUST-48", "9293-SHLD-21", "9293-SHLD-22"],
        make: || edit_sent(|ip| ip.tos = 0),
    },
    Fault {
        name: "ip-tos-not-zero",
        does: "sends TOS 0x10 unasked",
        breaks: "RFC 1122 section 3.2.1.6",
        requirements: &["1122-IP-11"],
        make: || edit_sent(|ip| ip.tos |= 0x10),
    },
    Fault {
        name: "ip-mute-to-off-link",
        does: "loses what it sends after an ICMP Redirect to a gateway that is not on its link",
        breaks: "RFC 1122 section 3.2.2.2",
        requirements: &["1122-ICMP-18"],
        make: || {
            use std::cell::Cell;
            use std::rc::Rc;
            let redirected = Rc::new(Cell::new(false));
            let seen = Rc::clone(&redirected);
            both(
                on_injected(move |packet, _| {
                    let is_redirect = packet.icmpv4().is_some_and(|icmp| icmp.kind == Icmpv4::REDIRECT);
                    seen.set(seen.get() || is_redirect);
                }),
                lose_sent(move |_, _| redirected.get()),
            )
        },
    },
    Fault {
        name: "icmp-other-protocol",
        does: "sends ICMP with the protocol number of IGMP",
        breaks: "RFC 792, Message Formats",
        requirements: &["792-01"],
        make: || {
            on_sent(|packet, _| {
                if is_icmp(packet)
                    && let Some(ip) = packet.ipv4_mut()
                {
                    ip.protocol = Field::Forced(2);
                }
            })
        },
    },
    Fault {
        name: "icmp-echo-from-elsewhere",
        does: "answers an echo request from an address of its network that it was not sent to",
        breaks: "RFC 1122 section 3.2.2.6",
        requirements: &["1122-ICMP-26", "IP6-22"],
        make: || {
            on_sent(|packet, _| {
                if is_echo_reply(packet) {
                    source_as(packet, 2);
                }
            })
        },
    },
];

/// Changes the innermost IPv4 header of what the target sends.
fn edit_sent(mut edit: impl FnMut(&mut Ipv4) + 'static) -> Box<dyn Behaviour> {
    on_sent(move |packet, _| {
        if let Some(ip) = packet.ipv4_mut() {
            edit(ip);
        }
    })
}

/// Changes the innermost IPv4 header of what the tester sends.
fn edit_injected(mut edit: impl FnMut(&mut Ipv4, &Between) + 'static) -> Box<dyn Behaviour> {
    on_injected(move |packet, between| {
        if let Some(ip) = packet.ipv4_mut() {
            edit(ip, between);
        }
    })
}

/// Answers echo requests from these sources.
fn answer_echo_from(mut meant: impl FnMut(IpAddr, &Between) -> bool + 'static) -> Box<dyn Behaviour> {
    on_injected(move |packet, between| {
        if is_echo_request(packet) && packet.source().is_some_and(|source| meant(source, between)) {
            send_echo_reply(packet, between);
        }
    })
}

/// Answers echo requests to these addresses from the address itself.
fn answer_echo_from_destination(mut meant: impl FnMut(IpAddr, &Between) -> bool + 'static) -> Box<dyn Behaviour> {
    on_injected(move |packet, between| {
        if !is_echo_request(packet) || !packet.destination().is_some_and(|to| meant(to, between)) {
            return Fate::Passes;
        }
        let mut octets = Vec::new();
        if let (Some(source), Some(Header::Icmpv4(icmp))) = (back(packet), packet.headers.last()) {
            let reply = Icmpv4 { rest: icmp.rest, ..Icmpv4::new(Icmpv4::ECHO_REPLY, 0) };
            octets = Packet::new([source, reply.into()], packet.payload).to_octets();
        } else if let (Some(source), Some(Header::Icmpv6(icmp))) = (back(packet), packet.headers.last()) {
            use crate::wire::Icmpv6;
            let reply = Icmpv6 { rest: icmp.rest, ..Icmpv6::new(Icmpv6::ECHO_REPLY, 0) };
            octets = Packet::new([source, reply.into()], packet.payload).to_octets();
        }
        between.send(&Packet::parse(&octets, None).packet);
        Fate::Lost
    })
}

/// Whether a datagram is for another host's unicast address.
fn is_foreign(ip: &Ipv4, between: &Between) -> bool {
    let to = IpAddr::V4(ip.destination);
    to != between.local() && !to.is_multicast() && !to.is_loopback() && !is_broadcast(to, between)
}

/// Whether an address is one of the broadcast forms.
pub(super) fn is_broadcast(address: IpAddr, between: &Between) -> bool {
    matches!(address, IpAddr::V4(ip) if ip.is_broadcast()) || between.is_directed_broadcast(address)
}

/// Whether an address is that of no single host (RFC 1122 section 3.2.2).
pub(super) fn is_no_host(address: IpAddr, between: &Between) -> bool {
    let is_class_e = matches!(address, IpAddr::V4(ip) if ip.octets()[0] >= 240);
    let odd = address.is_unspecified() || address.is_loopback() || address.is_multicast() || is_class_e;
    odd || is_broadcast(address, between)
}
