//! Fragmentation and reassembly (RFC 791 section 3.2, RFC 815, RFC 1122 section 3.3.2, RFC 8200 section 4.5).

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{both, lose_injected, lose_sent, on_injected, on_sent};
use crate::target::fault::packets::{is_error, send_echo_reply_for, send_error};
use crate::time::Instant;
use crate::wire::{Field, Header, Icmpv4, Packet};

/// Fragment reassembly time exceeded, of ICMP and of ICMPv6.
const TIME: ((u8, u8), (u8, u8)) = ((Icmpv4::TIME_EXCEEDED, 1), (3, 1));

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "fragments-refused",
        does: "drops all fragments",
        breaks: "RFC 1122 section 3.3.2",
        requirements: &["1122-IP-29", "IP6-08", "791-09"],
        make: || lose_injected(|packet, _| is_fragment(packet)),
    },
    Fault {
        name: "fragments-out-of-order-refused",
        does: "drops fragments that come before the first one",
        breaks: "RFC 791 section 3.2",
        requirements: &["791-10", "IP6-08"],
        make: || {
            let mut begun = BTreeSet::new();
            lose_injected(move |packet, _| match part(packet) {
                Some(part) if part.start == 0 => {
                    begun.insert(part.identification);
                    false
                }
                Some(part) => !begun.contains(&part.identification),
                None => false,
            })
        },
    },
    Fault {
        name: "fragments-offset-in-octets",
        does: "reads and writes fragment offsets in units of 4 octets",
        breaks: "RFC 791 section 3.1, Fragment Offset",
        requirements: &["791-09", "1122-IP-37"],
        make: || {
            on_sent(|packet, _| {
                if let Some(ip) = packet.ipv4_mut() {
                    ip.fragment_offset *= 2;
                }
            })
        },
    },
    Fault {
        name: "fragments-any-identification",
        does: "puts fragments together without a look at the identification",
        breaks: "RFC 791 section 3.2",
        requirements: &["791-21"],
        make: || {
            on_injected(|packet, _| {
                if let Some(ip) = packet.ipv4_mut().filter(|ip| ip.is_fragment()) {
                    ip.identification = 7;
                    ip.checksum = Field::Computed;
                }
            })
        },
    },
    Fault {
        name: "fragments-any-source",
        does: "puts fragments together without a look at the source",
        breaks: "RFC 791 section 3.2",
        requirements: &["791-21"],
        make: || {
            on_injected(|packet, _| {
                if let Some(ip) = packet.ipv4_mut().filter(|ip| ip.is_fragment()) {
                    ip.source = [192, 0, 2, 1].into();
                    ip.checksum = Field::Computed;
                }
            })
        },
    },
    Fault {
        name: "fragments-any-protocol",
        does: "puts fragments together without a look at the protocol",
        breaks: "RFC 791 section 3.2",
        requirements: &["791-21"],
        make: || {
            on_injected(|packet, _| {
                if let Some(ip) = packet.ipv4_mut().filter(|ip| ip.is_fragment()) {
                    ip.protocol = Field::Forced(17);
                    ip.checksum = Field::Computed;
                }
            })
        },
    },
    Fault {
        name: "fragments-odd-length-taken",
        does: "takes a fragment whose length is no multiple of 8 although others follow",
        breaks: "RFC 791 section 3.1, Fragment Offset",
        requirements: &["791-09"],
        make: || {
            on_injected(|packet, between| {
                let odd = packet.ipv4().is_some_and(|ip| ip.more_fragments) && packet.payload.len() % 8 != 0;
                if odd {
                    send_echo_reply_for(packet, between, (7, 1), b"abcdefghijklmnopqrstuvwxyz012345");
                }
            })
        },
    },
    Fault {
        name: "fragments-hole-ignored",
        does: "takes a datagram for whole when its last fragment has come",
        breaks: "RFC 791 section 3.2",
        requirements: &["1122-IP-29"],
        make: || {
            let mut ends = BTreeMap::new();
            on_injected(move |packet, between| {
                let Some(part) = part(packet) else { return };
                let end = ends.insert(part.identification, part.start + packet.payload.len());
                let last = packet.ipv4().is_some_and(|ip| !ip.more_fragments);
                if last && end.is_some_and(|end| end < part.start) {
                    send_echo_reply_for(packet, between, (7, 1), b"abcdefgh\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0yz012345");
                }
            })
        },
    },
    Fault {
        name: "fragments-overlapping-mixed",
        does: "answers an echo request whose fragments overlap with data that is in none of them",
        breaks: "RFC 791 section 3.2",
        requirements: &["791-22", "IP6-11"],
        make: || {
            let mut ends = BTreeMap::new();
            on_injected(move |packet, between| {
                let Some(part) = part(packet) else { return };
                let end = ends.insert(part.identification, part.start + packet.payload.len());
                if end.is_some_and(|end| part.start < end && part.start > 0) {
                    send_echo_reply_for(packet, between, (7, 1), b"neither-one-nor-the-othe");
                }
            })
        },
    },
    Fault {
        name: "fragments-too-long-hang",
        does: "hears nothing any more once a fragment reaches beyond the longest datagram",
        breaks: "RFC 791 section 3.2",
        requirements: &["791-23"],
        make: || {
            let mut hangs = false;
            lose_injected(move |packet, _| {
                hangs |= part(packet).is_some_and(|part| part.start + packet.payload.len() > 65515);
                hangs
            })
        },
    },
    Fault {
        name: "fragments-duplicate-spoils",
        does: "gives a datagram up when a fragment of it comes twice",
        breaks: "RFC 791 section 3.2",
        requirements: &["791-24"],
        make: || {
            let (mut seen, mut spoiled) = (BTreeSet::new(), BTreeSet::new());
            lose_injected(move |packet, _| {
                let Some(part) = part(packet) else { return false };
                if !seen.insert((part.identification, part.start)) {
                    spoiled.insert(part.identification);
                }
                spoiled.contains(&part.identification)
            })
        },
    },
    Fault {
        name: "fragments-short-of-1000",
        does: "puts no datagram together that is longer than 1,000 octets",
        breaks: "RFC 1122 section 3.3.2",
        requirements: &["1122-IP-31", "IP6-15"],
        make: || lose_injected(|packet, _| part(packet).is_some_and(|part| part.start + packet.payload.len() > 1000)),
    },
    Fault {
        name: "fragments-kept-forever",
        does: "keeps fragments until the others come, however long that takes",
        breaks: "RFC 1122 section 3.3.2",
        requirements: &["1122-IP-33"],
        make: || {
            let mut kept: BTreeMap<u32, Vec<Vec<u8>>> = BTreeMap::new();
            on_injected(move |packet, between| {
                let Some(part) = part(packet) else { return };
                let others = kept.entry(part.identification).or_default();
                for octets in &*others {
                    between.deliver(&Packet::parse(octets, None).packet);
                }
                others.push(packet.to_octets());
            })
        },
    },
    Fault {
        name: "fragments-kept-for-ten-seconds",
        does: "gives a datagram up whose fragments do not come within 10 s",
        breaks: "RFC 1122 section 3.3.2",
        requirements: &["1122-IP-34"],
        make: || {
            let mut begun: BTreeMap<u32, Instant> = BTreeMap::new();
            lose_injected(move |packet, between| {
                let Some(part) = part(packet) else { return false };
                let since = *begun.entry(part.identification).or_insert(between.now());
                between.now() - since > Duration::from_secs(10)
            })
        },
    },
    Fault {
        name: "fragments-time-exceeded-always",
        does: "sends Time Exceeded after a minute although the first fragment never came",
        breaks: "RFC 1122 section 3.3.2",
        requirements: &["1122-IP-36", "792-09"],
        make: || {
            on_injected(|packet, between| {
                if part(packet).is_some_and(|part| part.start > 0) {
                    let own = crate::target::fault::packets::error(packet, between, TIME.0, TIME.1);
                    if let Some(octets) = own {
                        between.send_after(Duration::from_secs(60), &Packet::parse(&octets, None).packet);
                    }
                }
            })
        },
    },
    Fault {
        name: "fragments-time-exceeded-other-code",
        does: "says that the TTL was exceeded when fragments do not come, and at once",
        breaks: "RFC 792, Time Exceeded Message",
        requirements: &["1122-IP-35", "792-09", "IP6-08"],
        make: || {
            both(
                on_injected(|packet, between| {
                    if part(packet).is_some_and(|part| part.start == 0) {
                        send_error(packet, between, (Icmpv4::TIME_EXCEEDED, 0), (3, 0));
                    }
                }),
                lose_sent(|packet, _| is_error(packet, TIME.0, TIME.1)),
            )
        },
    },
    Fault {
        name: "fragments-sent-in-part",
        does: "sends only the first fragment of what it fragments",
        breaks: "RFC 791 section 3.2",
        requirements: &["1122-IP-37", "791-09"],
        make: || lose_sent(|packet, _| part(packet).is_some_and(|part| part.start > 0)),
    },
    Fault {
        name: "fragments-ipv6-length-unreported",
        does: "says nothing of a fragment whose length is no multiple of 8 and that is not the last",
        breaks: "RFC 8200 section 4.5",
        requirements: &["IP6-09", "IP6-10"],
        make: || lose_sent(|packet, _| packet.icmpv6().is_some_and(|icmp| (icmp.kind, icmp.code) == (4, 0))),
    },
    Fault {
        name: "fragments-ipv6-headerless-unreported",
        does: "says nothing of a first fragment without all headers",
        breaks: "RFC 8200 section 4.5",
        requirements: &["IP6-12"],
        make: || lose_sent(|packet, _| packet.icmpv6().is_some_and(|icmp| (icmp.kind, icmp.code) == (4, 3))),
    },
    Fault {
        name: "fragments-ipv6-atomic-held",
        does: "waits for more when a fragment is a whole packet",
        breaks: "RFC 8200 section 4.5, RFC 6946 section 4",
        requirements: &["IP6-13"],
        make: || {
            let held = Rc::new(Cell::new(false));
            lose_injected(move |packet, _| {
                let is_atomic = packet
                    .ipv6_fragment()
                    .is_some_and(|fragment| fragment.fragment_offset == 0 && !fragment.more_fragments);
                held.set(held.get() || is_atomic);
                is_atomic
            })
        },
    },
    Fault {
        name: "fragments-ipv6-overlapping-taken",
        does: "answers an echo request whose fragments overlap",
        breaks: "RFC 8200 section 4.5",
        requirements: &["IP6-11"],
        make: || {
            let mut ends = BTreeMap::new();
            on_injected(move |packet, between| {
                let Some(part) = part(packet).filter(|_| packet.ipv6().is_some()) else { return };
                let end = ends.insert(part.identification, part.start + packet.payload.len());
                if end.is_some_and(|end| part.start < end) {
                    send_echo_reply_for(packet, between, (7, 1), b"aabbccddffeehhggiijjkkll");
                }
            })
        },
    },
];

/// What a fragment is of its datagram.
struct Part {
    identification: u32,
    /// In octets.
    start: usize,
}

fn part(packet: &Packet<'_>) -> Option<Part> {
    packet.headers.iter().rev().find_map(|header| match header {
        Header::Ipv4(ip) if ip.is_fragment() => {
            Some(Part { identification: ip.identification.into(), start: usize::from(ip.fragment_offset) * 8 })
        }
        Header::Ipv6Fragment(fragment) if fragment.is_fragment() => {
            Some(Part { identification: fragment.identification, start: usize::from(fragment.fragment_offset) * 8 })
        }
        _ => None,
    })
}

fn is_fragment(packet: &Packet<'_>) -> bool {
    part(packet).is_some()
}
