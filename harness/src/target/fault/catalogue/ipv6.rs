//! IPv6 and its extension headers (RFC 8200, RFC 4443).

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{lose_injected, lose_sent, on_injected, on_sent};
use crate::target::fault::packets::{is_icmp_error, send_echo_reply, send_error};
use crate::wire::{Header, Packet, protocol};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "ipv6-payload-length-with-header",
        does: "counts the header in the payload length",
        breaks: "RFC 8200 section 3",
        requirements: &["IP6-01"],
        make: || {
            on_sent(|packet, _| {
                let length = packet.emitted_length() as u16;
                if let Some(ip) = packet.ipv6_mut() {
                    ip.payload_length = crate::wire::Field::Forced(length);
                }
            })
        },
    },
    Fault {
        name: "ipv6-next-header-unreported",
        does: "drops packets with an unknown next header in silence",
        breaks: "RFC 8200 section 4",
        requirements: &["IP6-02", "IP6-03"],
        make: || lose_sent(|packet, _| packet.icmpv6().is_some_and(|icmp| (icmp.kind, icmp.code) == (4, 1))),
    },
    Fault {
        name: "ipv6-pointer-wrong",
        does: "points a Parameter Problem at octet 0",
        breaks: "RFC 4443 section 3.4",
        requirements: &["IP6-02", "IP6-03", "IP6-27", "IP6-07", "IP6-09", "IP6-10"],
        make: || {
            on_sent(|packet, _| {
                if let Some(icmp) = packet.icmpv6_mut().filter(|icmp| icmp.kind == 4) {
                    icmp.rest = [0, 0, 0, 1];
                }
            })
        },
    },
    Fault {
        name: "ipv6-hop-by-hop-anywhere",
        does: "takes a hop-by-hop header anywhere",
        breaks: "RFC 8200 section 4.3",
        requirements: &["IP6-03"],
        make: || {
            on_injected(|packet, between| {
                let elsewhere = packet.headers.iter().skip(2).any(|header| {
                    matches!(header, Header::Ipv6Extension(extension) if extension.kind == protocol::HOP_BY_HOP)
                });
                if elsewhere {
                    send_echo_reply(packet, between);
                }
            })
        },
    },
    Fault {
        name: "ipv6-extensions-refused",
        does: "drops packets with extension headers",
        breaks: "RFC 8200 section 4",
        requirements: &["IP6-04", "IP6-06", "IP6-07"],
        make: || lose_injected(|packet, _| packet.ipv6_extension().is_some()),
    },
    Fault {
        name: "ipv6-second-extension-refused",
        does: "drops packets with more than one extension header",
        breaks: "RFC 8200 section 4.1",
        requirements: &["IP6-04"],
        make: || {
            lose_injected(|packet, _| {
                packet.headers.iter().filter(|header| matches!(header, Header::Ipv6Extension(_))).count() > 1
            })
        },
    },
    Fault {
        name: "ipv6-padding-refused",
        does: "drops packets with Pad1 or PadN",
        breaks: "RFC 8200 section 4.2",
        requirements: &["IP6-06"],
        make: || lose_injected(|packet, _| option_kinds(packet).any(|kind| kind <= 1)),
    },
    Fault {
        name: "ipv6-option-skip-drops",
        does: "drops packets with an unknown option that says skip",
        breaks: "RFC 8200 section 4.2",
        requirements: &["IP6-05"],
        make: || lose_injected(|packet, _| option_kinds(packet).any(|kind| kind > 1 && kind >> 6 == 0)),
    },
    Fault {
        name: "ipv6-option-discard-taken",
        does: "takes packets with an unknown option that says discard",
        breaks: "RFC 8200 section 4.2",
        requirements: &["IP6-05"],
        make: || {
            on_injected(|packet, between| {
                if option_kinds(packet).any(|kind| kind >> 6 == 1) {
                    send_echo_reply(packet, between);
                }
            })
        },
    },
    Fault {
        name: "ipv6-option-unreported",
        does: "drops packets with an unknown option that says report in silence",
        breaks: "RFC 8200 section 4.2",
        requirements: &["IP6-05", "IP6-27"],
        make: || lose_sent(|packet, _| packet.icmpv6().is_some_and(|icmp| (icmp.kind, icmp.code) == (4, 2))),
    },
    Fault {
        name: "ipv6-routing-unknown-refused",
        does: "drops packets with an unknown routing header, also where no segments are left",
        breaks: "RFC 8200 section 4.4",
        requirements: &["IP6-07"],
        make: || {
            lose_injected(|packet, _| {
                packet.ipv6_extension().is_some_and(|extension| extension.kind == protocol::ROUTING)
            })
        },
    },
    Fault {
        name: "ipv6-no-next-header-reported",
        does: "reports packets that say that nothing follows",
        breaks: "RFC 8200 section 4.7",
        requirements: &["IP6-14"],
        make: || {
            on_injected(|packet, between| {
                let nothing = packet.headers.last().is_some_and(|header| match header {
                    Header::Ipv6(ip) => ip.next_header.or(protocol::NO_NEXT_HEADER) == protocol::NO_NEXT_HEADER,
                    Header::Ipv6Extension(extension) => {
                        extension.next_header.or(protocol::NO_NEXT_HEADER) == protocol::NO_NEXT_HEADER
                    }
                    _ => false,
                });
                if nothing {
                    send_error(packet, between, (3, 2), (4, 1));
                }
            })
        },
    },
    Fault {
        name: "ipv6-multicast-unanswered",
        does: "answers no echo request to a multicast address",
        breaks: "RFC 4443 section 4.2",
        requirements: &["IP6-26"],
        make: || lose_injected(|packet, _| packet.ipv6().is_some_and(|ip| ip.destination.is_multicast())),
    },
    Fault {
        name: "icmpv6-error-code-zero",
        does: "sends errors with code 0",
        breaks: "RFC 4443 section 3",
        requirements: &["IP6-24", "IP6-02"],
        make: || {
            on_sent(|packet, _| {
                if is_icmp_error(packet)
                    && let Some(icmp) = packet.icmpv6_mut()
                {
                    icmp.code = 0;
                }
            })
        },
    },
];

/// The types of the options in hop-by-hop and destination options headers.
fn option_kinds(packet: &Packet<'_>) -> impl Iterator<Item = u8> {
    packet
        .headers
        .iter()
        .filter_map(|header| if let Header::Ipv6Extension(extension) = header { Some(extension) } else { None })
        .filter(|extension| extension.kind != protocol::ROUTING)
        .flat_map(|extension| extension.options().flatten())
        .map(|option| option.kind)
}
