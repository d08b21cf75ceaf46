//! Urgent data (RFC 9293 section 3.8.5).

use crate::target::fault::Fault;
use crate::target::fault::behaviour::{Fate, on_injected, on_return};
use crate::target::fault::segments::{lose_segments_injected, segments_sent};
use crate::target::{CallOutput, SocketCall};
use crate::wire::{Packet, TcpFlags};

const POLLPRI: i16 = 2;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "urgent-refused",
        does: "drops segments with URG",
        breaks: "RFC 9293 section 3.8.5 (MUST-30)",
        requirements: &["9293-MUST-30", "9293-MUST-31"],
        make: || lose_segments_injected(|segment, _| segment.has(TcpFlags::URG)),
    },
    Fault {
        name: "urgent-long-refused",
        does: "drops segments whose urgent pointer is beyond them",
        breaks: "RFC 9293 section 3.8.5 (MUST-31)",
        requirements: &["9293-MUST-31", "9293-MUST-30"],
        make: || {
            lose_segments_injected(|segment, _| {
                segment.has(TcpFlags::URG) && usize::from(segment.tcp.urgent_pointer) > segment.data
            })
        },
    },
    Fault {
        name: "urgent-without-flag",
        does: "takes the octet that the urgent pointer names out of the data, also without URG",
        breaks: "RFC 9293 section 3.1, Urgent Pointer",
        requirements: &["9293-U-23"],
        make: || {
            on_injected(|packet, between| {
                let Some(tcp) = packet.tcp() else { return Fate::Passes };
                let at = usize::from(tcp.urgent_pointer);
                if at == 0 || tcp.flags.contains(TcpFlags::URG) || at > packet.payload.len() {
                    return Fate::Passes;
                }
                let mut data = packet.payload.to_vec();
                data[at - 1] = b'!';
                between.deliver(&Packet::new(packet.headers.iter().cloned(), &data));
                Fate::Lost
            })
        },
    },
    Fault {
        name: "urgent-taken-out",
        does: "takes the octet before the urgent pointer out of the stream",
        breaks: "RFC 6093 section 4",
        requirements: &["MYTH-16", "9293-MUST-62"],
        make: || {
            on_injected(|packet, between| {
                let Some(tcp) = packet.tcp().filter(|tcp| tcp.flags.contains(TcpFlags::URG)) else {
                    return Fate::Passes;
                };
                let at = usize::from(tcp.urgent_pointer);
                if at == 0 || at > packet.payload.len() {
                    return Fate::Passes;
                }
                let mut data = packet.payload.to_vec();
                data[at - 1] = 0;
                between.deliver(&Packet::new(packet.headers.iter().cloned(), &data));
                Fate::Lost
            })
        },
    },
    Fault {
        name: "urgent-pointer-at-last-octet",
        does: "points at the last octet of urgent data, not behind it",
        breaks: "RFC 9293 section 3.8.5 (MUST-62), RFC 6093 section 4",
        requirements: &["9293-MUST-62", "9293-MUST-30"],
        make: || {
            segments_sent(|segment, _| {
                if segment.has(TcpFlags::URG) {
                    segment.tcp.urgent_pointer = segment.tcp.urgent_pointer.saturating_sub(1);
                }
            })
        },
    },
    Fault {
        name: "urgent-untold",
        does: "does not tell the application of urgent data",
        breaks: "RFC 9293 section 3.8.5 (MUST-32)",
        requirements: &["9293-MUST-32"],
        make: || {
            on_return(|call, returned, _| {
                if let (SocketCall::Poll { .. }, CallOutput::Poll(entries)) = (call, &mut returned.output) {
                    for entry in &mut *entries {
                        entry.revents &= !POLLPRI;
                    }
                    let ready = entries.iter().filter(|entry| entry.revents != 0).count();
                    returned.result = returned.result.map(|_| ready as i64);
                }
            })
        },
    },
];
