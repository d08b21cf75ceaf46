//! A link for a stack that runs on a TUN device itself: the stack has the TUN's descriptor, as its users give it one,
//! and the tester sits where the wire is, on a packet socket of the same device.
//!
//! What the stack writes reaches the kernel as received on the device, and the packet socket sees it; what the tester
//! sends out of the device, the stack reads. The kernel between them has no address, no route and does not forward,
//! so it drops all of it and says nothing.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use super::closer;
use super::configure::{quiet, up};
use super::netlink::{self, Batch};
use super::packet_socket::{PacketSocket, address};
use super::tun::{NODE, Tun};
use crate::target::linux::namespace::{Home, Namespace};
use crate::target::linux::system::{Tried, check_size};
use crate::target::linux::timing::clock::Clock;
use crate::target::linux::timing::processor_times::steal_time;
use crate::target::linux::timing::scheduling::{Lateness, RealTime};
use crate::target::linux::timing::sleep::sleep;
use crate::target::{IpVersion, Link, TargetError};
use crate::time::Instant;

/// The greatest MTU a TUN device has: the stack keeps to the link's, the tester need not.
const DEVICE_MTU: u32 = 65_535;

/// Makes such links, each in a network namespace of its own.
#[derive(Debug)]
pub(in crate::target) struct StackLinks {
    home: Arc<Home>,
}

impl StackLinks {
    /// Finds out whether such links are possible here, by making one.
    pub(in crate::target) fn new() -> Result<Self, TargetError> {
        closer::start().tried("cannot start a thread")?;
        let links = StackLinks { home: Home::find().tried("cannot make a network namespace")? };
        links.make(&Link::default_for(IpVersion::Ipv4))?;
        Ok(links)
    }

    /// A fresh link. Its namespace lasts as long as its ends do; the calling thread does not stay in it.
    pub(in crate::target) fn make(&self, link: &Link) -> Result<(StackEnd, TesterEnd), TargetError> {
        let _namespace = Namespace::make(&self.home).tried("cannot make a network namespace")?;
        let plain = Link { segmentation_offload: false, receive_segment: None, ..link.clone() };
        let (tun, index) = Tun::make(&plain).tried(format!("cannot make a TUN device from {NODE}"))?;
        let socket = netlink::open(libc::NETLINK_ROUTE).tried("cannot open a route netlink socket")?;
        let mut batch = Batch::default();
        quiet(&mut batch, index);
        batch
            .message("set the MTU", libc::RTM_NEWLINK, 0, &netlink::link_header(index, 0, 0))
            .attribute(libc::IFLA_MTU, &DEVICE_MTU.to_ne_bytes());
        up(&mut batch, "bring up tun0", index);
        batch.run(&socket).map_err(|refused| TargetError::Environment {
            what: format!("cannot {} in the run's network namespace", refused.purpose),
            source: refused.source,
        })?;
        let tester = TesterEnd::open(index).tried("cannot open a packet socket on the TUN device")?;
        Ok((StackEnd(tun), tester))
    }
}

/// The TUN device, for the stack.
#[derive(Debug)]
pub(in crate::target) struct StackEnd(Tun);

impl StackEnd {
    /// Sends one datagram.
    pub(in crate::target) fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.0.send(packet)
    }

    /// Takes the next datagram, if there is one, into `packet`.
    pub(in crate::target) fn receive(&mut self, packet: &mut Vec<u8>) -> io::Result<bool> {
        self.0.receive(packet)
    }

    /// A second descriptor of the device, to wait for.
    pub(in crate::target) fn second_descriptor(&self) -> io::Result<OwnedFd> {
        self.0.as_fd().try_clone_to_owned()
    }
}

/// The packet socket, for the tester.
#[derive(Debug)]
pub(in crate::target) struct TesterEnd {
    socket: PacketSocket,
    index: u32,
}

impl TesterEnd {
    fn open(index: u32) -> io::Result<TesterEnd> {
        let socket = PacketSocket::open(libc::SOCK_DGRAM)?;
        socket.set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)?;
        socket.set(libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, 1)?;
        socket.bind(index)?;
        Ok(TesterEnd { socket, index })
    }

    /// Sends one datagram to the stack. What is no IP datagram is sent all the same.
    pub(in crate::target) fn send(&self, packet: &[u8]) -> io::Result<()> {
        let is_ipv6 = packet.first().is_some_and(|octet| octet >> 4 == 6);
        let address = address(self.index, if is_ipv6 { libc::ETH_P_IPV6 } else { libc::ETH_P_IP } as u16);
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: packet and address are valid for their lengths.
        let sent = unsafe {
            let address = (&raw const address).cast();
            libc::sendto(self.as_fd().as_raw_fd(), packet.as_ptr().cast(), packet.len(), 0, address, length)
        };
        match check_size(sent) {
            Ok(_) => Ok(()),
            // A full queue of the device drops, as a wire does; nothing at all cannot be sent.
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::EINVAL)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes the stack's next datagram, if there is one, into `packet`.
    pub(in crate::target) fn receive(&mut self, packet: &mut Vec<u8>) -> io::Result<bool> {
        Ok(self.socket.receive(packet, DEVICE_MTU as usize)?.is_some())
    }
}

impl AsFd for TesterEnd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The clock of a run, for all its threads.
#[derive(Clone, Copy, Debug)]
pub(in crate::target) struct RunClock(Clock);

impl RunClock {
    /// Starts now.
    pub(in crate::target) fn start() -> RunClock {
        RunClock(Clock::start())
    }

    /// Now.
    pub(in crate::target) fn now(self) -> Instant {
        self.0.now()
    }
}

/// How a thread of the run sleeps, and how late it was. Belongs to the thread that made it.
#[derive(Debug)]
pub(in crate::target) struct Pacer {
    clock: RunClock,
    lateness: Lateness,
    _real_time: RealTime,
}

impl Pacer {
    /// Begins to count for the calling thread.
    pub(in crate::target) fn start(clock: RunClock) -> Pacer {
        Pacer { clock, lateness: Lateness::start(), _real_time: RealTime::try_enter() }
    }

    /// How long the thread was ready to run but did not.
    pub(in crate::target) fn lateness(&self) -> Duration {
        self.lateness.total()
    }

    /// As [`crate::target::Target::steal_time`].
    pub(in crate::target) fn steal_time(&self) -> Duration {
        steal_time()
    }

    /// Sleeps until one of the descriptors can be read, or shortly before `until`; returns at once if that is near.
    pub(in crate::target) fn sleep(&mut self, descriptors: [BorrowedFd<'_>; 2], until: Instant) -> io::Result<()> {
        sleep(descriptors, self.clock.0.monotonic_of(until), &mut self.lateness).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;
    use crate::target::IpVersion;

    /// What a kernel with an address would answer.
    fn provocations() -> Vec<Vec<u8>> {
        let (us, them, all) = ([192, 168, 0, 1], [192, 0, 2, 1], [255; 4]);
        let mut us6 = [0; 16];
        us6[..2].copy_from_slice(&[0xfd, 0x3d]);
        let mut them6 = us6;
        them6[15] = 1;
        let mut nodes = [0; 16];
        (nodes[0], nodes[1], nodes[15]) = (0xff, 0x02, 1);
        let mut packets = vec![Vec::new(); 7];
        PacketBuilder::ipv4(us, them, 64).icmpv4_echo_request(1, 1).write(&mut packets[0], &[1]).unwrap();
        PacketBuilder::ipv4(us, them, 64).udp(1, 2).write(&mut packets[1], &[1]).unwrap();
        PacketBuilder::ipv4(us, them, 64).tcp(1, 2, 3, 4).syn().write(&mut packets[2], &[]).unwrap();
        PacketBuilder::ipv4(us, all, 1).udp(1, 2).write(&mut packets[3], &[1]).unwrap();
        PacketBuilder::ipv6(us6, them6, 64).icmpv6_echo_request(1, 1).write(&mut packets[4], &[1]).unwrap();
        PacketBuilder::ipv6(us6, them6, 1).udp(1, 2).write(&mut packets[5], &[1]).unwrap();
        PacketBuilder::ipv6(us6, nodes, 64).icmpv6_echo_request(1, 1).write(&mut packets[6], &[1]).unwrap();
        packets
    }

    #[test]
    fn both_ends_see_each_other_and_the_kernel_is_silent() {
        let made = StackLinks::new().and_then(|links| links.make(&Link::default_for(IpVersion::Ipv4)));
        let (mut stack, mut tester) = match made {
            Ok(ends) => ends,
            Err(error) => {
                eprintln!("not possible here: {error}");
                return;
            }
        };
        let mut packet = Vec::new();
        let provocations = provocations();
        for sent in &provocations {
            stack.send(sent).unwrap();
            assert!(tester.receive(&mut packet).unwrap());
            assert_eq!(&packet, sent);
        }
        std::thread::sleep(Duration::from_millis(50));
        assert!(!stack.receive(&mut packet).unwrap(), "the kernel sent {packet:02x?}");
        for sent in provocations.iter().chain([&vec![0xff; 65_535]]) {
            tester.send(sent).unwrap();
            assert!(stack.receive(&mut packet).unwrap());
            assert_eq!(&packet, sent);
        }
        assert!(!tester.receive(&mut packet).unwrap(), "the tester hears only the stack");
    }
}
