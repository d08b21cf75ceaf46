//! What smoltcp supports, as its source shows, and what the socket layer over it adds.

use std::collections::BTreeSet;

use super::SmoltcpOptions;
use super::abi::*;
use super::sockets::SUPPORTED_OPTIONS;
use crate::target::{Capabilities, Clock, IpVersion, Services};

/// The calls of the socket layer.
const CALLS: &[&str] = &[
    "accept",
    "bind",
    "close",
    "connect",
    "fcntl",
    "getsockopt",
    "ioctl",
    "listen",
    "poll",
    "read",
    "readv",
    "recv",
    "recvfrom",
    "recvmsg",
    "send",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socket",
    "write",
    "writev",
];

/// What no RFC demands and smoltcp has. Not here, as smoltcp lacks it: `urgent` data for the user, `ecn`, `fast-open`,
/// `path-mtu-discovery`, retransmission by SACK (`sack-recovery`: it reports blocks but does not use them),
/// `ipv6-fragmentation`. Not `icmp-errors`, which come back from calls on the socket they are about: smoltcp gives them
/// to sockets of their own kind. Nor `ephemeral-ports`, which smoltcp leaves to whoever uses it.
const FEATURES: &[&str] = &[
    "congestion-control",
    "delayed-ack",
    "fast-retransmit",
    "icmp-echo-socket",
    "ipv4-fragmentation",
    "ipv4-reassembly",
    "keep-alive",
    "nagle",
    // SO_RCVBUF of 1152 octets makes a window of as many, as on Linux.
    "receive-window-1152",
    "sack",
    "user-timeout",
    "window-scaling",
    "zero-window-probe",
];

/// The capabilities of the stack on this clock.
pub(super) fn capabilities(clock: Clock, options: SmoltcpOptions) -> Capabilities {
    let timestamps = options.timestamps.then_some("timestamps");
    Capabilities {
        clock,
        ip_versions: BTreeSet::from([IpVersion::Ipv4, IpVersion::Ipv6]),
        calls: CALLS.iter().copied().collect(),
        socket_options: Some(SUPPORTED_OPTIONS.iter().copied().collect()),
        sockets: BTreeSet::from([
            (SOCK_STREAM, 0),
            (SOCK_STREAM, IPPROTO_TCP),
            (SOCK_DGRAM, 0),
            (SOCK_DGRAM, IPPROTO_UDP),
            (SOCK_DGRAM, IPPROTO_ICMP),
            (SOCK_DGRAM, IPPROTO_ICMPV6),
        ]),
        commands: false,
        blocking_calls: true,
        features: FEATURES.iter().copied().chain(timestamps).collect(),
        services: Services::default(),
    }
}
