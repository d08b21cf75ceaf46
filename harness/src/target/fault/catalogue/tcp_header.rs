//! The TCP header: checksum, ports, reserved bits, data offset (RFC 9293 section 3.1).

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{lose_injected, on_injected, on_sent};
use crate::target::fault::packets::{checksum_on_wire, mend, spoil_checksum};

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "tcp-checksum-wrong",
        does: "sends segments with a wrong checksum",
        breaks: "RFC 9293 section 3.1 (MUST-2)",
        requirements: &["9293-MUST-2"],
        make: || {
            on_sent(|packet, _| {
                if packet.tcp().is_some() {
                    spoil_checksum(packet);
                }
            })
        },
    },
    Fault {
        name: "tcp-checksum-unchecked",
        does: "takes segments whose checksum is wrong",
        breaks: "RFC 9293 section 3.1 (MUST-3)",
        requirements: &["9293-MUST-3"],
        make: || {
            on_injected(|packet, _| {
                if packet.tcp().is_some() {
                    mend(packet);
                }
            })
        },
    },
    Fault {
        name: "tcp-checksum-of-order",
        does: "drops a segment whose words have only changed places, as if its checksum were a CRC",
        breaks: "RFC 9293 section 3.1, Checksum",
        requirements: &["MYTH-01"],
        make: || {
            let mut seen: Vec<(u16, Vec<u8>)> = Vec::new();
            lose_injected(move |packet, _| {
                let Some(checksum) = checksum_on_wire(packet).filter(|_| packet.tcp().is_some()) else { return false };
                let octets = packet.to_octets();
                let moved = seen.iter().any(|(sum, other)| *sum == checksum && *other != octets);
                seen.push((checksum, octets));
                moved
            })
        },
    },
    Fault {
        name: "tcp-reserved-set",
        does: "sets a reserved bit",
        breaks: "RFC 9293 section 3.1",
        requirements: &["9293-U-6"],
        make: || {
            on_sent(|packet, _| {
                if let Some(tcp) = packet.tcp_mut() {
                    tcp.reserved = 0b100;
                }
            })
        },
    },
    Fault {
        name: "tcp-reserved-refused",
        does: "drops segments with a reserved bit set",
        breaks: "RFC 9293 section 3.1",
        requirements: &["9293-U-6"],
        make: || lose_injected(|packet, _| packet.tcp().is_some_and(|tcp| tcp.reserved != 0)),
    },
    Fault {
        name: "tcp-window-signed",
        does: "takes windows above 32767 for none at all",
        breaks: "RFC 9293 section 3.1 (MUST-1)",
        requirements: &["9293-MUST-1"],
        make: || {
            on_injected(|packet, _| {
                if let Some(tcp) = packet.tcp_mut()
                    && tcp.window > 32767
                {
                    tcp.window = 0;
                }
            })
        },
    },
];
