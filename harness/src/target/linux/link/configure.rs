//! Addresses and routes of a run's namespace, as packetdrill gives them with `ip` and `in_netns.sh`.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use super::ethtool;
use super::netlink::{self, Batch};
use crate::target::linux::system::Tried;
use crate::target::linux::timing::clock::monotonic;
use crate::target::{Link, TargetError};

/// The device under test. Scripts name it, for instance in `tc qdisc add dev tun0 root pfifo`.
pub(in crate::target::linux) const DEVICE: &str = "tun0";

/// How many packets the device holds for a tester that does not read. A long write of one octet a segment is acknowledged
/// octet by octet, and the kernel's own 500 were full before the tester read on: what did not fit was lost.
const QUEUE: u32 = 16_384;

const LOOPBACK_INDEX: u32 = 1;
const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IN6_ADDR_GEN_MODE_NONE: u8 = 1;
const RTNH_F_ONLINK: u32 = 4;

/// Whether this kernel has IPv6 at all.
static HAS_IPV6: LazyLock<bool> = LazyLock::new(|| Path::new("/proc/net/if_inet6").exists());

/// Brings loopback and the device up and gives it the link's address and route.
///
/// The device gets no link-local address of its own, so no router solicitation, no duplicate address
/// detection and no other packet that no script asked for.
pub(in crate::target::linux) fn configure(socket: &OwnedFd, index: u32, link: &Link) -> Result<(), TargetError> {
    // Before the device comes up, which is when the kernel looks.
    if let Some(speed) = link.speed {
        ethtool::set_speed(socket, speed).tried(format!("cannot set the speed of {DEVICE} to {speed} Mbit/s"))?;
    }
    let mut batch = Batch::default();
    up(&mut batch, "bring up lo", LOOPBACK_INDEX);
    if *HAS_IPV6 {
        quiet(&mut batch, index);
    }
    batch
        .message("set the MTU and the queue", libc::RTM_NEWLINK, 0, &netlink::link_header(index, 0, 0))
        .attribute(libc::IFLA_MTU, &link.mtu.to_ne_bytes())
        .attribute(libc::IFLA_TXQLEN, &QUEUE.to_ne_bytes());
    up(&mut batch, "bring up tun0", index);
    address(&mut batch, index, link);
    route(&mut batch, index, link);
    batch.run(socket).map_err(|refused| TargetError::Environment {
        what: format!("cannot {} in the run's network namespace", refused.purpose),
        source: refused.source,
    })?;
    if link.local.is_ipv6() { await_local_route(socket, link.local) } else { Ok(()) }
}

/// Waits until the kernel delivers what is sent to an IPv6 address it has just got: it adds the route for that in a
/// work queue of its own, some time after the address. On a busy machine that takes seconds, and asking all the time would
/// keep it from its work.
fn await_local_route(socket: &OwnedFd, local: IpAddr) -> Result<(), TargetError> {
    let patience = monotonic() + 10_000_000_000;
    let mut pause = Duration::from_micros(20);
    let mut query = Batch::default();
    query
        .message(
            "look up the route to the own address",
            libc::RTM_GETROUTE,
            0,
            &netlink::route_header(local, 128, 0, 0),
        )
        .attribute(libc::RTA_DST, &netlink::octets(local));
    loop {
        let mut delivered = false;
        let asked = query.ask(socket, |answer| {
            let kind = answer.body.get(7);
            delivered |= answer.kind == libc::RTM_NEWROUTE && kind == Some(&libc::RTN_LOCAL);
        });
        // As long as there is no route the answer is an error.
        if asked.is_ok() && delivered {
            return Ok(());
        }
        if monotonic() > patience {
            let what = format!("the kernel does not make {local} its own");
            let source = asked.err().map_or_else(|| io::Error::from(io::ErrorKind::TimedOut), |refused| refused.source);
            return Err(TargetError::Environment { what, source });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(2));
    }
}

/// Brings a device up.
pub(in crate::target::linux) fn up(batch: &mut Batch, purpose: &'static str, index: u32) {
    let up = libc::IFF_UP as u32;
    batch.message(purpose, libc::RTM_NEWLINK, 0, &netlink::link_header(index, up, up));
}

/// Keeps IPv6 from giving the device a link-local address.
pub(in crate::target::linux) fn quiet(batch: &mut Batch, index: u32) {
    batch.message("silence IPv6 autoconfiguration", libc::RTM_NEWLINK, 0, &netlink::link_header(index, 0, 0)).nested(
        libc::IFLA_AF_SPEC,
        &[],
        |families| {
            families.nested(libc::AF_INET6 as u16, &[], |inet6| {
                inet6.attribute(IFLA_INET6_ADDR_GEN_MODE, &[IN6_ADDR_GEN_MODE_NONE]);
            });
        },
    );
}

fn address(batch: &mut Batch, index: u32, link: &Link) {
    let create = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
    let flags = if link.local.is_ipv6() { libc::IFA_F_NODAD as u8 } else { 0 };
    let octets = netlink::octets(link.local);
    batch
        .message(
            "set the address",
            libc::RTM_NEWADDR,
            create,
            &netlink::address_header(link.local, link.prefix, flags, index),
        )
        .attribute(libc::IFA_LOCAL, &octets)
        .attribute(libc::IFA_ADDRESS, &octets);
}

/// Routes the tester's network onto the device. An IPv4 gateway equal to the local address is what packetdrill's
/// callers pass: the kernel takes it for a route straight onto the link.
fn route(batch: &mut Batch, index: u32, link: &Link) {
    let create = libc::NLM_F_CREATE | libc::NLM_F_REPLACE;
    let on_link = link.gateway == link.local && link.local.is_ipv6();
    let near = netlink::network(link.gateway, link.prefix) == netlink::network(link.local, link.prefix);
    let flags = if on_link || near { 0 } else { RTNH_F_ONLINK };
    let header = netlink::route_header(link.remote, link.remote_prefix, libc::RT_SCOPE_UNIVERSE, flags);
    batch
        .message("route the tester's network", libc::RTM_NEWROUTE, create, &header)
        .attribute(libc::RTA_DST, &netlink::octets(netlink::network(link.remote, link.remote_prefix)))
        .attribute(libc::RTA_OIF, &index.to_ne_bytes());
    if !on_link {
        batch.attribute(libc::RTA_GATEWAY, &netlink::octets(link.gateway));
    }
}

/// Refuses a link that no device could have, before anything is made.
pub(in crate::target::linux) fn validate(link: &Link) -> Result<(), TargetError> {
    let wire_is_ipv6 = link.ip_version.is_ipv6_on_wire();
    for address in [link.local, link.gateway, link.remote] {
        if address.is_ipv6() != wire_is_ipv6 {
            let what = format!("address {address} does not fit IP version {}", link.ip_version);
            return Err(TargetError::Environment { what, source: io::Error::from(io::ErrorKind::InvalidInput) });
        }
    }
    let longest = if wire_is_ipv6 { 128 } else { 32 };
    if link.prefix > longest || link.remote_prefix > longest {
        let what = format!("a prefix of {} has at most {longest} bits", link.ip_version);
        return Err(TargetError::Environment { what, source: io::Error::from(io::ErrorKind::InvalidInput) });
    }
    Ok(())
}
