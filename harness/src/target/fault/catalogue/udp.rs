//! UDP (RFC 768, RFC 1122 section 4.1, RFC 8200 section 8.1).

use std::cell::Cell;
use std::rc::Rc;

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, both, lose_injected, on_call, on_injected, on_return, on_sent};
use crate::target::fault::packets::{checksum_on_wire, mend, spoil_checksum, udp_length};
use crate::target::{CallOutput, SocketCall};
use crate::wire::{Field, Header, Packet, Udp};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "udp-header-little-endian",
        does: "writes the length in the wrong order of octets",
        breaks: "RFC 768, Format",
        requirements: &["768-01", "791-30"],
        make: || {
            on_sent(|packet, _| {
                let length = packet.udp().map(|udp| udp_length(packet, udp) as u16);
                if let (Some(udp), Some(length)) = (packet.udp_mut(), length) {
                    udp.length = Field::Forced(length.swap_bytes());
                }
            })
        },
    },
    Fault {
        name: "udp-any-port",
        does: "gives every datagram to the socket that was bound first, whatever its port",
        breaks: "RFC 768, Fields, Destination Port",
        requirements: &["768-02"],
        make: || {
            let bound = Rc::new(Cell::new(None));
            let first = Rc::clone(&bound);
            both(
                on_call(move |call, _| {
                    if let (SocketCall::Bind { address, .. }, None) = (call, first.get()) {
                        first.set(Some(address.port()));
                    }
                    None
                }),
                on_injected(move |packet, _| {
                    if let (Some(udp), Some(port)) = (packet.udp_mut(), bound.get())
                        && udp.destination_port != port
                    {
                        udp.destination_port = port;
                        mend(packet);
                    }
                }),
            )
        },
    },
    Fault {
        name: "udp-source-port-zero-refused",
        does: "drops datagrams that give no source port",
        breaks: "RFC 768, Fields, Source Port",
        requirements: &["768-03"],
        make: || lose_injected(|packet, _| packet.udp().is_some_and(|udp| udp.source_port == 0)),
    },
    Fault {
        name: "udp-length-without-header",
        does: "writes a length that counts the data alone",
        breaks: "RFC 768, Fields, Length",
        requirements: &["768-04", "768-01"],
        make: || {
            on_sent(|packet, _| {
                let length = packet.payload.len() as u16;
                if let Some(udp) = packet.udp_mut() {
                    udp.length = Field::Forced(length);
                }
            })
        },
    },
    Fault {
        name: "udp-empty-refused",
        does: "drops datagrams without data",
        breaks: "RFC 768, Fields, Length",
        requirements: &["768-04", "MYTH-19"],
        make: || lose_injected(|packet, _| packet.udp().is_some() && packet.payload.is_empty()),
    },
    Fault {
        name: "udp-length-too-small-taken",
        does: "takes a datagram whose length is below 8 for one that has its header alone",
        breaks: "RFC 768, Fields, Length",
        requirements: &["768-05", "MYTH-19"],
        make: || {
            on_injected(|packet, _| {
                if packet.udp().is_some_and(|udp| udp_length(packet, udp) < Udp::LENGTH) {
                    set_length(packet);
                }
            })
        },
    },
    Fault {
        name: "udp-length-too-large-taken",
        does: "takes a datagram whose length is beyond the IP payload with the octets that are there",
        breaks: "RFC 768, Fields, Length",
        requirements: &["768-06"],
        make: || {
            on_injected(|packet, _| {
                let whole = Udp::LENGTH + packet.payload.len();
                if packet.udp().is_some_and(|udp| udp_length(packet, udp) > whole) {
                    set_length(packet);
                }
            })
        },
    },
    Fault {
        name: "udp-length-ignored",
        does: "gives the application what is behind the datagram's length too",
        breaks: "RFC 768, Fields, Length",
        requirements: &["768-07"],
        make: || {
            on_injected(|packet, _| {
                let whole = Udp::LENGTH + packet.payload.len();
                if packet.udp().is_some_and(|udp| (Udp::LENGTH..whole).contains(&udp_length(packet, udp))) {
                    set_length(packet);
                }
            })
        },
    },
    Fault {
        name: "udp-checksum-wrong",
        does: "sends datagrams with a wrong checksum",
        breaks: "RFC 768, Fields, Checksum",
        requirements: &["768-08", "1122-UDP-06", "IP6-16"],
        make: || {
            on_sent(|packet, _| {
                if packet.udp().is_some() {
                    spoil_checksum(packet);
                }
            })
        },
    },
    Fault {
        name: "udp-checksum-none",
        does: "sends datagrams without a checksum",
        breaks: "RFC 1122 section 4.1.3.4",
        requirements: &["1122-UDP-08", "1122-UDP-06", "MYTH-18"],
        make: || {
            on_sent(|packet, _| {
                if let Some(udp) = packet.udp_mut() {
                    udp.checksum = Field::Forced(0);
                }
            })
        },
    },
    Fault {
        name: "udp-checksum-zero-sent",
        does: "sends a computed checksum of zero as zero",
        breaks: "RFC 768, Fields, Checksum",
        requirements: &["768-10", "IP6-16"],
        make: || {
            on_sent(|packet, _| {
                let is_zero = checksum_on_wire(packet) == Some(0xffff);
                if let Some(udp) = packet.udp_mut().filter(|_| is_zero) {
                    udp.checksum = Field::Forced(0);
                }
            })
        },
    },
    Fault {
        name: "udp-checksum-unchecked",
        does: "takes datagrams whose checksum is wrong",
        breaks: "RFC 1122 section 4.1.3.4",
        requirements: &["1122-UDP-07", "768-08", "MYTH-02"],
        make: || {
            on_injected(|packet, _| {
                if packet.udp().is_some_and(|udp| !matches!(udp.checksum, Field::Computed | Field::Forced(0))) {
                    mend(packet);
                }
            })
        },
    },
    Fault {
        name: "udp-checksum-pseudo-header-ignored",
        does: "takes a checksum for right that is right for other addresses",
        breaks: "RFC 768, Fields, Checksum",
        requirements: &["768-09"],
        make: || {
            // Ones' complement sums are right for other addresses if they differ from the right one by what the
            // addresses do; what data and ports come to stays.
            on_injected(|packet, _| {
                let is_wrong = matches!(packet.udp(), Some(Udp { checksum: Field::Forced(1..), .. }));
                let is_whole = packet.udp().is_some_and(|udp| udp.length == Field::Computed);
                if is_wrong && is_whole {
                    mend(packet);
                }
            })
        },
    },
    Fault {
        name: "udp-checksum-odd-length-refused",
        does: "drops datagrams of an odd length, whose checksum it pads wrongly",
        breaks: "RFC 768, Fields, Checksum",
        requirements: &["768-08"],
        make: || lose_injected(|packet, _| packet.udp().is_some() && packet.payload.len() % 2 == 1),
    },
    Fault {
        name: "udp-checksum-zero-refused",
        does: "drops IPv4 datagrams without a checksum",
        breaks: "RFC 768, Fields, Checksum",
        requirements: &["768-11"],
        make: || {
            lose_injected(|packet, _| {
                packet.ipv4().is_some() && packet.udp().is_some_and(|udp| udp.checksum == Field::Forced(0))
            })
        },
    },
    Fault {
        name: "udp-checksum-zero-taken-ipv6",
        does: "takes IPv6 datagrams without a checksum",
        breaks: "RFC 8200 section 8.1",
        requirements: &["IP6-16"],
        make: || {
            on_injected(|packet, _| {
                if packet.ipv6().is_some() && packet.udp().is_some_and(|udp| udp.checksum == Field::Forced(0)) {
                    mend(packet);
                }
            })
        },
    },
    Fault {
        name: "udp-checksum-all-ones-refused",
        does: "drops datagrams whose checksum is all ones",
        breaks: "RFC 768, Fields, Checksum",
        requirements: &["768-12"],
        make: || lose_injected(|packet, _| packet.udp().is_some() && checksum_on_wire(packet) == Some(0xffff)),
    },
    Fault {
        name: "udp-sender-port-wrong",
        does: "tells the application a sender's port that is one too high",
        breaks: "RFC 768, User Interface",
        requirements: &["768-13", "768-16"],
        make: || {
            on_return(|_, returned, _| {
                if let CallOutput::Message { address: Some(address), .. } = &mut returned.output {
                    address.set_port(address.port().wrapping_add(1));
                }
            })
        },
    },
    Fault {
        name: "udp-other-protocol",
        does: "sends datagrams with the protocol number of UDP-Lite",
        breaks: "RFC 768, Protocol Application",
        requirements: &["768-14"],
        make: || {
            on_sent(|packet, _| {
                if packet.udp().is_some() {
                    match packet.headers.first_mut() {
                        Some(Header::Ipv4(ip)) => ip.protocol = Field::Forced(136),
                        Some(Header::Ipv6(ip)) => ip.next_header = Field::Forced(136),
                        _ => {}
                    }
                }
            })
        },
    },
    Fault {
        name: "udp-duplicates-dropped",
        does: "drops a datagram that is the same as one before it",
        breaks: "RFC 768, Introduction",
        requirements: &["768-15"],
        make: || {
            let mut seen = Vec::new();
            lose_injected(move |packet, _| {
                let datagram = (packet.ports(), packet.payload.to_vec());
                let again = packet.udp().is_some() && seen.contains(&datagram);
                seen.push(datagram);
                again
            })
        },
    },
    Fault {
        name: "udp-boundaries-lost",
        does: "gives the application the data of a datagram without its last octet",
        breaks: "RFC 768, User Interface",
        requirements: &["768-16"],
        make: || {
            on_injected(|packet, _| {
                if let (Some(_), [front @ .., _]) = (packet.udp(), packet.payload) {
                    packet.payload = front;
                    set_length(packet);
                }
            })
        },
    },
    Fault {
        name: "udp-source-address-foreign",
        does: "sends datagrams from an address that is not its own",
        breaks: "RFC 1122 section 4.1.3.6",
        requirements: &["1122-UDP-15", "1122-IP-06"],
        make: || {
            on_sent(|packet, _| {
                if packet.udp().is_none() {
                    return Fate::Passes;
                }
                match packet.headers.first_mut() {
                    Some(Header::Ipv4(ip)) => ip.source = (u32::from(ip.source) + 1).into(),
                    Some(Header::Ipv6(ip)) => ip.source = (u128::from(ip.source) + 1).into(),
                    _ => {}
                }
                Fate::Passes
            })
        },
    },
];

/// Makes the length that of the octets that are there, and the checksum right for it.
fn set_length(packet: &mut Packet<'_>) {
    if let Some(udp) = packet.udp_mut() {
        udp.length = Field::Computed;
    }
    mend(packet);
}
