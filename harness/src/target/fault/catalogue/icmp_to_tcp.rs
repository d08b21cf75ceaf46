//! What TCP makes of ICMP errors (RFC 9293 section 3.9.2.2, RFC 1122 section 4.2.3.9, RFC 5461, RFC 5927).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::target::fault::Behaviour;
use crate::target::fault::Fault;
use crate::target::fault::behaviour::{both, lose_injected, on_injected, on_return};
use crate::target::fault::packets::{is_error, is_icmp_error};
use crate::target::fault::segments::believe_reset;
use crate::target::{CallOutput, Errno, SocketCall};
use crate::wire::{Header, Icmpv4, Icmpv6, Packet, Quoted, Tcp, protocol};

const EHOSTUNREACH: i32 = 113;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "tcp-soft-error-aborts",
        does: "aborts a connection for a soft ICMP error",
        breaks: "RFC 9293 section 3.9.2.2 (MUST-56)",
        requirements: &["9293-MUST-56", "1122-ICMP-15", "9293-T-259..266"],
        make: || abort_for(|packet| is_icmp_error(packet) && !is_hard(packet)),
    },
    Fault {
        name: "tcp-hard-error-ignored",
        does: "goes on opening after a hard ICMP error",
        breaks: "RFC 9293 section 3.9.2.2 (SHLD-26)",
        requirements: &["9293-SHLD-26", "1122-ICMP-14", "9293-T-251..258"],
        make: || lose_injected(|packet, _| is_hard(packet)),
    },
    Fault {
        name: "tcp-error-to-any-connection",
        does: "aborts every connection for a hard ICMP error, whichever it quotes",
        breaks: "RFC 9293 section 3.9.2.2 (MUST-54)",
        requirements: &["9293-MUST-54"],
        make: || {
            let seen: Rc<RefCell<BTreeSet<Vec<u8>>>> = Rc::default();
            on_injected(move |packet, between| {
                if packet.tcp().is_some() {
                    let mut headers = packet.headers.clone();
                    // One for each connection: what tells them apart, and nothing that changes.
                    if let Some(Header::Tcp(tcp)) = headers.last_mut() {
                        *tcp = Tcp::new(tcp.source_port, tcp.destination_port);
                    }
                    seen.borrow_mut().insert(Packet::new(headers, &[]).to_octets());
                } else if is_hard(packet) {
                    for octets in seen.borrow().iter() {
                        believe_reset(&Packet::parse(octets, None).packet, between);
                    }
                }
            })
        },
    },
    Fault {
        name: "tcp-error-answered",
        does: "answers an ICMP error about an unknown connection by RST",
        breaks: "RFC 9293 section 3.9.2.2 (MUST-54)",
        requirements: &["9293-MUST-54"],
        make: || {
            on_injected(|packet, between| {
                if !is_icmp_error(packet) {
                    return;
                }
                let quoted = Quoted::parse(packet.payload);
                let (Some(protocol::TCP), Some((source, destination))) = (quoted.protocol(), quoted.ports()) else {
                    return;
                };
                let tcp = Tcp { flags: crate::wire::TcpFlags::RST, ..Tcp::new(source, destination) };
                if let Some(ip) = crate::target::fault::packets::back(packet) {
                    between.send(&Packet::new([ip, tcp.into()], &[]));
                }
            })
        },
    },
    Fault {
        name: "tcp-source-quench-answered",
        does: "retransmits at once after a Source Quench",
        breaks: "RFC 9293 section 3.9.2.2 (MUST-55)",
        requirements: &["9293-MUST-55", "9293-T-267..274"],
        make: || {
            on_injected(|packet, between| {
                if packet.icmpv4().is_some_and(|icmp| icmp.kind == Icmpv4::SOURCE_QUENCH) {
                    let quoted = Quoted::parse(packet.payload);
                    let mut again = quoted.packet.clone();
                    crate::target::fault::packets::compute_lengths(&mut again);
                    between.send(&again);
                }
            })
        },
    },
    Fault {
        name: "tcp-soft-error-unreported",
        does: "tells the application nothing of soft ICMP errors",
        breaks: "RFC 9293 section 3.9.2.2 (MUST-47, SHLD-25)",
        requirements: &["9293-MUST-47", "9293-SHLD-25"],
        make: || lose_injected(|packet, _| is_icmp_error(packet) && !is_hard(packet)),
    },
    Fault {
        name: "tcp-soft-error-reported-unasked",
        does: "fails reads with soft ICMP errors that the application did not ask for",
        breaks: "RFC 9293 section 3.9.1.8 (SHLD-20)",
        requirements: &["9293-SHLD-20"],
        make: || {
            let pending = Rc::new(RefCell::new(false));
            let seen = Rc::clone(&pending);
            both(
                on_injected(move |packet, _| *seen.borrow_mut() |= is_icmp_error(packet)),
                on_return(move |call, returned, _| {
                    if matches!(call, SocketCall::Read { .. }) && pending.replace(false) {
                        (returned.result, returned.output) = (Err(Errno(EHOSTUNREACH)), CallOutput::None);
                    }
                }),
            )
        },
    },
];

/// Port or protocol unreachable: what RFC 9293 section 3.9.2.2 calls hard, but for the path MTU.
pub(super) fn is_hard(packet: &Packet<'_>) -> bool {
    is_error(packet, (Icmpv4::DESTINATION_UNREACHABLE, 3), (Icmpv6::DESTINATION_UNREACHABLE, 4))
        || is_error(packet, (Icmpv4::DESTINATION_UNREACHABLE, 2), (4, 1))
}

/// Aborts the connection that an error quotes.
pub(super) fn abort_for(meant: fn(&Packet<'_>) -> bool) -> Box<dyn Behaviour> {
    on_injected(move |packet, between| {
        if !meant(packet) {
            return;
        }
        let quoted = Quoted::parse(packet.payload);
        let Some((source, destination)) = quoted.ports() else { return };
        let Some(ip) = quoted.packet.ip() else { return };
        // As if it came from the target: that is whose datagram is quoted.
        let own = Packet::new([ip.clone(), Tcp::new(source, destination).into()], &[]);
        believe_reset(&own, between);
    })
}
