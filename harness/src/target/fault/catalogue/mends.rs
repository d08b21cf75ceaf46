//! The opposite of faults: what the reference targets lack is done in their stead, so that scripts which pass on none of
//! them are seen to pass, and then to fail with a fault. The target without the mend is a fault that nobody had to make.

use std::time::Duration;

use crate::target::fault::Fault;
use crate::target::fault::behaviour::on_injected;
use crate::target::fault::catalogue::icmp_to_tcp::{abort_for, is_hard};
use crate::target::fault::flow::State;
use crate::target::fault::packets::error;
use crate::target::fault::segments::{lose_segments_injected, lose_segments_sent};
use crate::wire::{Packet, TcpFlags, TcpOption};

/// How long a datagram that is never complete is waited for: the 60 s at least of RFC 1122 section 3.3.2.
const REASSEMBLY: Duration = Duration::from_secs(60);

pub(super) static MENDS: &[Fault] = &[
    Fault {
        name: "mend-reassembly-time-exceeded",
        does: "tells the source of a first fragment after 60 s that the others did not come",
        breaks: "",
        requirements: &["1122-IP-35", "792-09"],
        make: || {
            on_injected(|packet, between| {
                if packet.ipv4().is_some_and(|ip| ip.more_fragments && ip.fragment_offset == 0)
                    && let Some(octets) = error(packet, between, (11, 1), (3, 1))
                {
                    between.send_after(REASSEMBLY, &Packet::parse(&octets, None).packet);
                }
            })
        },
    },
    Fault {
        name: "mend-timestamps-missing",
        does: "drops segments without a Timestamps option that was agreed on",
        breaks: "",
        requirements: &["TCPX-16"],
        make: || {
            lose_segments_injected(|segment, _| {
                segment.flow.is_synchronized()
                    && !segment.has(TcpFlags::RST)
                    && segment.tcp.options.find(TcpOption::TIMESTAMPS).is_none()
            })
        },
    },
    Fault {
        name: "mend-abort-after-fins",
        does: "sends no RST of its own accord once both FINs are acknowledged",
        breaks: "",
        requirements: &["9293-T-061"],
        make: || {
            lose_segments_sent(|segment, _| {
                segment.has(TcpFlags::RST | TcpFlags::ACK) && segment.flow.state() == Some(State::TimeWait)
            })
        },
    },
    Fault {
        name: "mend-hard-error",
        does: "aborts the connection that a hard ICMP error quotes",
        breaks: "",
        requirements: &["9293-T-253..258"],
        make: || abort_for(is_hard),
    },
];
