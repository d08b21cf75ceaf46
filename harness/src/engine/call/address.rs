//! Addresses of bind, connect and the sending calls.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::arguments::{int, what};
use super::findings::Findings;
use super::{AF_INET, AF_INET6, CallProblem, Descriptor, DescriptorKind};
use crate::engine::Settings;
use crate::script::tree::{Expression, ExpressionKind};
use crate::target::IpVersion;

/// Where a connect or a datagram goes.
pub(super) enum Destination {
    /// This address.
    Address(SocketAddr),
    /// An address of this family and zeros: AF_UNSPEC dissolves an association.
    Family(i32),
}

/// The family of sockets whose domain the script writes as `...`.
pub(super) fn default_domain(ip_version: IpVersion) -> i32 {
    match ip_version {
        IpVersion::Ipv4 => AF_INET,
        IpVersion::Ipv4MappedIpv6 | IpVersion::Ipv6 => AF_INET6,
    }
}

/// What bind gets: the target's own address and `bind_port` for `...`.
pub(super) fn bind_address(
    expression: &Expression,
    settings: &Settings,
    socket: &Descriptor,
) -> Result<SocketAddr, CallProblem> {
    match &expression.kind {
        ExpressionKind::Ellipsis => {
            Ok(SocketAddr::new(for_socket(settings.link.local, settings, socket), settings.bind_port))
        }
        ExpressionKind::SocketAddress(written) => Ok(explicit(*written, settings.link.local, settings, socket)),
        _ => Err(not_an_address(expression)),
    }
}

/// Where connect, sendto and sendmsg go: the tester's address and `connect_port` for `...`.
pub(super) fn destination(
    expression: &Expression,
    settings: &Settings,
    socket: &Descriptor,
) -> Result<Destination, CallProblem> {
    match &expression.kind {
        ExpressionKind::Ellipsis => Ok(Destination::Address(default_destination(settings, socket))),
        ExpressionKind::SocketAddress(written) => {
            Ok(Destination::Address(explicit(*written, settings.link.remote, settings, socket)))
        }
        ExpressionKind::Integer { .. } | ExpressionKind::Word(_) | ExpressionKind::Or(..) => {
            Ok(Destination::Family(int(expression)?))
        }
        _ => Err(not_an_address(expression)),
    }
}

/// The tester's address and `connect_port`, in the family of the socket.
pub(super) fn default_destination(settings: &Settings, socket: &Descriptor) -> SocketAddr {
    SocketAddr::new(for_socket(settings.link.remote, settings, socket), settings.connect_port)
}

/// An address that the script writes. Its port counts. Its host counts if it means something on this link: one of
/// the link's networks, a wildcard, loopback, multicast or broadcast; any other host of a script written for another
/// link becomes `otherwise`.
fn explicit(written: SocketAddr, otherwise: IpAddr, settings: &Settings, socket: &Descriptor) -> SocketAddr {
    let host = written.ip().to_canonical();
    let host = if host.is_unspecified() {
        wildcard(settings, socket)
    } else {
        for_socket(if means_something(host, settings) { host } else { otherwise }, settings, socket)
    };
    SocketAddr::new(host, written.port())
}

/// Compares the address that accept or recvfrom filled in with one that the script writes in its place. A wildcard
/// and port 0 are not compared.
pub(super) fn check_peer(
    expression: &Expression,
    actual: Option<SocketAddr>,
    settings: &Settings,
    findings: &mut Findings,
) {
    let ExpressionKind::SocketAddress(written) = &expression.kind else { return };
    let Some(actual) = actual else {
        findings.add("address", written, "missing");
        return;
    };
    let expected = written.ip().to_canonical();
    let came = actual.ip().to_canonical();
    if !expected.is_unspecified() {
        let expected = if means_something(expected, settings) { expected } else { settings.link.remote };
        findings.compare("address", expected, came);
    }
    if written.port() != 0 {
        findings.compare("port", written.port(), actual.port());
    }
}

/// Whether a host is one that can be meant on this link.
fn means_something(host: IpAddr, settings: &Settings) -> bool {
    let link = &settings.link;
    host.is_ipv4() == link.local.is_ipv4()
        && (host == link.gateway
            || within(host, link.local, link.prefix)
            || within(host, link.remote, link.remote_prefix)
            || host.is_loopback()
            || host.is_multicast()
            || host == IpAddr::V4(Ipv4Addr::BROADCAST))
}

/// A host in the family of the socket: IPv4 hosts are mapped for IPv6 sockets (RFC 4291 section 2.5.5.2).
fn for_socket(host: IpAddr, settings: &Settings, socket: &Descriptor) -> IpAddr {
    match host {
        IpAddr::V4(host) if domain(settings, socket) == AF_INET6 => IpAddr::V6(host.to_ipv6_mapped()),
        host => host,
    }
}

fn wildcard(settings: &Settings, socket: &Descriptor) -> IpAddr {
    if domain(settings, socket) == AF_INET6 {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }
}

fn domain(settings: &Settings, socket: &Descriptor) -> i32 {
    match socket.kind {
        DescriptorKind::Socket { domain, .. } => domain,
        _ => default_domain(settings.link.ip_version),
    }
}

/// Whether `host` lies in the network of `prefix` bits around `network`.
fn within(host: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            let shift = 32_u32.saturating_sub(u32::from(prefix));
            u32::from(host).checked_shr(shift) == u32::from(network).checked_shr(shift)
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => {
            let shift = 128_u32.saturating_sub(u32::from(prefix));
            u128::from(host).checked_shr(shift) == u128::from(network).checked_shr(shift)
        }
        _ => false,
    }
}

fn not_an_address(expression: &Expression) -> CallProblem {
    CallProblem::new(expression.span, format!("an address is `...` or a socket address, not {}", what(expression)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(domain: i32) -> Descriptor {
        Descriptor { script: 3, live: 30, kind: DescriptorKind::Socket { domain, kind: 1, protocol: 6 } }
    }

    fn address(text: &str) -> Expression {
        let kind = ExpressionKind::SocketAddress(text.parse().expect("the test writes an address"));
        Expression { span: Default::default(), kind }
    }

    fn dots() -> Expression {
        Expression { span: Default::default(), kind: ExpressionKind::Ellipsis }
    }

    fn bound(expression: &Expression, ip_version: IpVersion, domain: i32) -> String {
        let settings = Settings::new(ip_version);
        bind_address(expression, &settings, &socket(domain)).expect("it is an address").to_string()
    }

    #[test]
    fn dots_are_the_links_address_in_the_sockets_family() {
        assert_eq!(bound(&dots(), IpVersion::Ipv4, AF_INET), "192.168.0.1:8080");
        assert_eq!(bound(&dots(), IpVersion::Ipv4MappedIpv6, AF_INET6), "[::ffff:192.168.0.1]:8080");
        assert_eq!(bound(&dots(), IpVersion::Ipv4MappedIpv6, AF_INET), "192.168.0.1:8080");
        assert_eq!(bound(&dots(), IpVersion::Ipv6, AF_INET6), "[fd3d:a0b:17d6::1]:8080");
    }

    #[test]
    fn a_written_address_keeps_its_port_and_a_host_that_means_something_here() {
        assert_eq!(bound(&address("192.168.7.9:53"), IpVersion::Ipv4, AF_INET), "192.168.7.9:53");
        assert_eq!(bound(&address("10.1.2.3:53"), IpVersion::Ipv4, AF_INET), "192.168.0.1:53");
        assert_eq!(bound(&address("0.0.0.0:53"), IpVersion::Ipv4MappedIpv6, AF_INET6), "[::]:53");
        assert_eq!(bound(&address("127.0.0.1:53"), IpVersion::Ipv4MappedIpv6, AF_INET6), "[::ffff:127.0.0.1]:53");
        assert_eq!(bound(&address("192.168.7.9:53"), IpVersion::Ipv6, AF_INET6), "[fd3d:a0b:17d6::1]:53");
    }

    #[test]
    fn a_whole_prefix_and_an_empty_one_do_not_overflow() {
        let host = IpAddr::V4(Ipv4Addr::new(1, 2, 3, 4));
        assert!(within(host, host, 32));
        assert!(within(host, IpAddr::V4(Ipv4Addr::BROADCAST), 0));
        assert!(!within(host, IpAddr::V4(Ipv4Addr::new(1, 2, 3, 5)), 32));
    }
}
