//! A veth pair: the target's link where there is no TUN node for the user.
//!
//! One end is the target's, in the run's namespace and with a TUN device's name, because scripts use it. The other end
//! is in a namespace that all runs share and whose kernel says nothing; the tester holds it by a packet socket. The
//! target's end does without ARP and neighbour discovery, as a TUN device does. It differs from a TUN device in what it
//! does with injected packets larger than the MTU: TCP goes as if an Ethernet card had merged it from segments, and what
//! is no TCP is dropped.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use super::configure::{DEVICE, up};
use super::ethtool;
use super::netlink::{self, Batch};
use super::offload;
use super::packet_socket::PacketSocket;
use crate::target::Link;
use crate::target::linux::namespace;
use crate::target::linux::system::check_size;

const VETH_INFO_PEER: u16 = 1;
const PACKET_VNET_HDR: libc::c_int = 15;
/// Length of an Ethernet header.
const ETHERNET: usize = 14;
/// A locally administered address for both ends.
const ADDRESS: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// The largest MTU a veth device has.
const LARGEST_MTU: u32 = 65_535;
const LARGEST: usize = offload::HEADER + ETHERNET + 40 + LARGEST_MTU as usize;

/// The namespace of the tester's ends.
#[derive(Debug)]
pub(in crate::target::linux) struct Peers {
    namespace: OwnedFd,
    next_index: AtomicU32,
}

impl Peers {
    /// A fresh one, in which the kernel does not take part in IPv6 and has no IPv4 address.
    pub(in crate::target::linux) fn make() -> io::Result<Peers> {
        let made = std::thread::scope(|scope| {
            let thread = scope.spawn(|| -> io::Result<OwnedFd> {
                namespace::unshare()?;
                for which in ["all", "default"] {
                    // Without IPv6 in the kernel there is nothing to switch off.
                    let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "1");
                }
                namespace::current()
            });
            thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that makes a namespace panicked")))
        })?;
        Ok(Peers { namespace: made, next_index: AtomicU32::new(1_000) })
    }
}

/// The tester's end of a pair.
#[derive(Debug)]
pub(in crate::target::linux) struct Veth {
    socket: PacketSocket,
    receive_segment: Option<u16>,
    /// Of the target's end.
    mtu: u32,
    buffer: Vec<u8>,
    /// When the packet that was read last came, in nanoseconds of CLOCK_MONOTONIC.
    stamp: u64,
}

/// Of a pair under construction, what lies in the namespace of the peers.
#[derive(Debug)]
pub(in crate::target::linux) struct Peer {
    socket: PacketSocket,
    netlink: OwnedFd,
    index: u32,
}

impl Peer {
    /// Prepares the tester's end. Leaves the calling thread in the namespace of the peers: the run's own comes next.
    pub(in crate::target::linux) fn prepare(peers: &Peers) -> io::Result<Peer> {
        namespace::enter(&peers.namespace)?;
        let socket = PacketSocket::open(libc::SOCK_RAW)?;
        let netlink = netlink::open(libc::NETLINK_ROUTE)?;
        let index = peers.next_index.fetch_add(1, Ordering::Relaxed);
        socket.set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)?;
        socket.set(libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, 1)?;
        socket.set(libc::SOL_PACKET, PACKET_VNET_HDR, 1)?;
        socket.set(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        Ok(Peer { socket, netlink, index })
    }
}

impl Veth {
    /// Makes the pair, with the target's end in the calling thread's namespace, and returns it with that end's index.
    pub(in crate::target::linux) fn make(
        link: &Link,
        peer: Peer,
        peers: &Peers,
        netlink: &OwnedFd,
    ) -> io::Result<(Veth, u32)> {
        let refused = |refused: netlink::Refused| refused.source;
        let no_arp = libc::IFF_NOARP as u32;
        let namespace = peers.namespace.as_raw_fd().to_ne_bytes();
        let create = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
        let name = [DEVICE.as_bytes(), b"\0"].concat();
        let peer_name = format!("run{}\0", peer.index);
        // The kernel gives the far end the number it is asked to only if the near end asks for one as well.
        let mut batch = Batch::default();
        batch
            .message("make a veth pair", libc::RTM_NEWLINK, create, &netlink::link_header(peer.index, no_arp, no_arp))
            .attribute(libc::IFLA_IFNAME, &name)
            .attribute(libc::IFLA_ADDRESS, &ADDRESS)
            .nested(libc::IFLA_LINKINFO, &[], |info| {
                info.attribute(libc::IFLA_INFO_KIND, b"veth");
                info.nested(libc::IFLA_INFO_DATA, &[], |data| {
                    data.nested(VETH_INFO_PEER, &netlink::link_header(peer.index, 0, 0), |far| {
                        far.attribute(libc::IFLA_IFNAME, peer_name.as_bytes())
                            .attribute(libc::IFLA_ADDRESS, &ADDRESS)
                            .attribute(libc::IFLA_MTU, &LARGEST_MTU.to_ne_bytes())
                            .attribute(libc::IFLA_NET_NS_FD, &namespace);
                    });
                });
            });
        batch.run(netlink).map_err(refused)?;
        if !link.segmentation_offload {
            ethtool::switch_off_offloads(netlink)?;
        }
        // First the tester's end, so that the target's has a carrier as soon as it is up.
        let mut batch = Batch::default();
        up(&mut batch, "bring up the tester's end", peer.index);
        batch.run(&peer.netlink).map_err(refused)?;
        peer.socket.bind(peer.index)?;
        let veth = Veth {
            socket: peer.socket,
            receive_segment: link.receive_segment,
            mtu: link.mtu,
            buffer: Vec::new(),
            stamp: 0,
        };
        Ok((veth, peer.index))
    }

    /// Hands a datagram to the target.
    pub(in crate::target::linux) fn send(&self, packet: &[u8]) -> io::Result<()> {
        let protocol = match packet.first().map(|octet| octet >> 4) {
            Some(6) => libc::ETH_P_IPV6,
            _ => libc::ETH_P_IP,
        };
        let mut ethernet = [0; ETHERNET];
        ethernet[..6].copy_from_slice(&ADDRESS);
        ethernet[6..12].copy_from_slice(&ADDRESS);
        ethernet[12..].copy_from_slice(&(protocol as u16).to_be_bytes());
        let merged = self.merged_from(packet).and_then(|segment| offload::merged(packet, segment, ETHERNET));
        let vector = offload::vector(merged.as_ref(), &ethernet, packet);
        // SAFETY: the parts are valid for their lengths.
        match check_size(unsafe {
            libc::writev(self.as_fd().as_raw_fd(), vector.as_ptr(), vector.len() as libc::c_int)
        }) {
            Ok(_) => Ok(()),
            // Too large, too short, or dropped: delivered as far as a link delivers.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EMSGSIZE | libc::ENOBUFS)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The size of the segments from which this packet is to be merged: what the link says, and where the packet would
    /// not pass whole, what would.
    fn merged_from(&self, packet: &[u8]) -> Option<u16> {
        let headers = if packet.first().is_some_and(|octet| octet >> 4 == 6) { 60 } else { 40 };
        let fitting = || u16::try_from(self.mtu.saturating_sub(headers)).ok().filter(|&size| size > 0);
        self.receive_segment.or_else(|| if packet.len() > self.mtu as usize { fitting() } else { None })
    }

    /// Takes the target's next datagram, if there is one, into `packet`.
    pub(in crate::target::linux) fn receive(&mut self, packet: &mut Vec<u8>) -> io::Result<bool> {
        packet.clear();
        loop {
            match self.socket.receive(&mut self.buffer, LARGEST)? {
                None => return Ok(false),
                Some(stamp) => self.stamp = stamp,
            }
            let Some((header, frame)) = self.buffer.split_first_chunk::<{ offload::HEADER }>() else { continue };
            let Some((ethernet, datagram)) = frame.split_first_chunk::<ETHERNET>() else { continue };
            // Only IP: whatever else a script makes its device say belongs to the link.
            let kind = i32::from(u16::from_be_bytes([ethernet[12], ethernet[13]]));
            if kind == libc::ETH_P_IP || kind == libc::ETH_P_IPV6 {
                offload::complete(header, ETHERNET, datagram, packet);
                return Ok(true);
            }
        }
    }

    /// When the datagram that was taken last was sent, in nanoseconds of CLOCK_MONOTONIC.
    pub(in crate::target::linux) fn stamp(&self) -> u64 {
        self.stamp
    }
}

impl AsFd for Veth {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
