//! The link's device at the tester's end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::configure::{configure, validate};
use super::netlink;
use super::system::Tried;
use super::tun::{NODE, Tun};
use crate::target::{Link, TargetError};

/// The link's device at the tester's end.
#[derive(Debug)]
pub(super) enum Device {
    /// A TUN device.
    Tun(Tun),
}

impl Device {
    /// Makes the device in the calling thread's namespace and gives the target its addresses and routes.
    pub(super) fn make(link: &Link) -> Result<Device, TargetError> {
        validate(link)?;
        let socket = netlink::open(libc::NETLINK_ROUTE).tried("cannot open a route netlink socket")?;
        let (tun, index) = Tun::make(link).tried(format!("cannot make a TUN device from {NODE}"))?;
        configure(&socket, index, link, |_| {})?;
        Ok(Device::Tun(tun))
    }

    /// Hands a datagram to the target.
    pub(super) fn send(&self, packet: &[u8]) -> io::Result<()> {
        match self {
            Device::Tun(tun) => tun.send(packet),
        }
    }

    /// Takes the target's next datagram, if there is one.
    pub(super) fn receive(&mut self, packet: &mut Vec<u8>) -> io::Result<bool> {
        match self {
            Device::Tun(tun) => tun.receive(packet),
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Device::Tun(tun) => tun.as_fd(),
        }
    }
}
