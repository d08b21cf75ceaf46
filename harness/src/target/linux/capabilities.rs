//! What the running kernel declares to support.

use crate::target::{Capabilities, Clock, IpVersion, Services};

/// Every call there is.
const CALLS: [&str; 30] = [
    "socket",
    "bind",
    "listen",
    "accept",
    "connect",
    "read",
    "readv",
    "recv",
    "recvfrom",
    "recvmsg",
    "write",
    "writev",
    "send",
    "sendto",
    "sendmsg",
    "fcntl",
    "ioctl",
    "close",
    "shutdown",
    "getsockopt",
    "setsockopt",
    "poll",
    "cap_set",
    "open",
    "sendfile",
    "epoll_create",
    "epoll_ctl",
    "epoll_wait",
    "pipe",
    "splice",
];

/// What scripts may ask for by name; the names are the same on every target.
const FEATURES: [&str; 25] = [
    "accecn",
    "congestion-control",
    "delayed-ack",
    "ecn",
    "ephemeral-ports",
    "fast-open",
    "fast-retransmit",
    "half-duplex-close",
    "icmp-echo-socket",
    "icmp-errors",
    "ipv4-fragmentation",
    "ipv4-reassembly",
    "ipv6-fragmentation",
    "ipv6-reassembly",
    "keep-alive",
    "nagle",
    "path-mtu-discovery",
    "receive-window-1152",
    "sack",
    "sack-recovery",
    "timestamps",
    "urgent",
    "user-timeout",
    "window-scaling",
    "zero-window-probe",
];

/// What the running kernel declares to support.
pub(super) fn all() -> Capabilities {
    let stream = [0, libc::IPPROTO_TCP].map(|protocol| (libc::SOCK_STREAM, protocol));
    let datagram = [0, libc::IPPROTO_UDP, libc::IPPROTO_UDPLITE, libc::IPPROTO_ICMP, libc::IPPROTO_ICMPV6];
    let datagram = datagram.map(|protocol| (libc::SOCK_DGRAM, protocol));
    let raw = (1..=255).map(|protocol| (libc::SOCK_RAW, protocol));
    Capabilities {
        clock: Clock::Real,
        ip_versions: [IpVersion::Ipv4, IpVersion::Ipv4MappedIpv6, IpVersion::Ipv6].into(),
        calls: CALLS.into(),
        socket_options: None,
        sockets: stream.into_iter().chain(datagram).chain(raw).collect(),
        commands: true,
        blocking_calls: true,
        features: FEATURES.into(),
        services: Services::default(),
    }
}
