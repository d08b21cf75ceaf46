//! The link's device at the tester's end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use super::configure::{configure, validate};
use super::netlink;
use super::stamps::Stamps;
use super::tun::{NODE, Tun};
use super::veth::{Peer, Peers, Veth};
use crate::target::linux::namespace::{Home, Namespace};
use crate::target::linux::system::Tried;
use crate::target::{Link, TargetError};

/// What the runs' devices are made from.
#[derive(Clone, Debug)]
pub(in crate::target::linux) enum DeviceKind {
    /// A TUN device for each run.
    Tun,
    /// A veth pair for each run; the tester's ends are in a namespace of their own.
    Veth(Arc<Peers>),
}

/// The link's device at the tester's end.
#[derive(Debug)]
pub(in crate::target::linux) enum Device {
    /// A TUN device, and what stamps its packets where the tester may read them late.
    Tun(Tun, Option<Stamps>),
    /// One end of a veth pair.
    Veth(Veth),
}

impl Device {
    /// Moves the calling thread into a fresh network namespace with such a device, addresses and routes. A `prompt`
    /// thread is scheduled so that it reads packets as they come.
    pub(in crate::target::linux) fn make(
        kind: &DeviceKind,
        home: &Arc<Home>,
        link: &Link,
        prompt: bool,
    ) -> Result<(Device, Namespace), TargetError> {
        validate(link)?;
        let fresh = || Namespace::make(home).tried("cannot make a network namespace");
        let open = || netlink::open(libc::NETLINK_ROUTE).tried("cannot open a route netlink socket");
        match kind {
            DeviceKind::Tun => {
                let namespace = fresh()?;
                let (tun, index) = Tun::make(link).tried(format!("cannot make a TUN device from {NODE}"))?;
                configure(&open()?, index, link)?;
                let stamps = (!prompt).then(|| Stamps::open(index)).transpose();
                let stamps = stamps.tried("cannot open a packet socket on the TUN device")?;
                Ok((Device::Tun(tun, stamps), namespace))
            }
            DeviceKind::Veth(peers) => {
                let peer = Peer::prepare(peers).tried("cannot open a packet socket");
                let namespace = fresh()?;
                let netlink = open()?;
                let (veth, index) = Veth::make(link, peer?, peers, &netlink).tried("cannot make a veth pair")?;
                configure(&netlink, index, link)?;
                Ok((Device::Veth(veth), namespace))
            }
        }
    }

    /// Hands a datagram to the target.
    pub(in crate::target::linux) fn send(&self, packet: &[u8]) -> io::Result<()> {
        match self {
            Device::Tun(tun, _) => tun.send(packet),
            Device::Veth(veth) => veth.send(packet),
        }
    }

    /// Takes the target's next datagram, if there is one.
    pub(in crate::target::linux) fn receive(&mut self, packet: &mut Vec<u8>) -> io::Result<bool> {
        match self {
            Device::Tun(tun, _) => tun.receive(packet),
            Device::Veth(veth) => veth.receive(packet),
        }
    }

    /// When `packet`, taken just now, was sent, in nanoseconds of CLOCK_MONOTONIC, if the kernel tells.
    pub(in crate::target::linux) fn stamp(&mut self, packet: &[u8]) -> io::Result<Option<u64>> {
        match self {
            Device::Tun(_, Some(stamps)) => stamps.of(packet),
            Device::Tun(_, None) => Ok(None),
            Device::Veth(veth) => Ok(Some(veth.stamp())),
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Device::Tun(tun, _) => tun.as_fd(),
            Device::Veth(veth) => veth.as_fd(),
        }
    }
}
