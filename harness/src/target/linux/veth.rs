//! A veth pair: the target's link where there is no TUN node for the user.
//!
//! One end is the target's, in the run's namespace and with a TUN device's name, because scripts use it. The other end
//! is in a namespace that all runs share and whose kernel says nothing; the tester holds it by a packet socket. The
//! target's end does without ARP and neighbour discovery, as a TUN device does. It differs from a TUN device in that
//! injected packets must not be larger than the MTU.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::clock::{monotonic, realtime};
use super::configure::{DEVICE, up};
use super::ethtool;
use super::namespace;
use super::netlink::{self, Batch};
use super::offload;
use super::system::{check, check_size, owned};
use crate::target::Link;

const VETH_INFO_PEER: u16 = 1;
/// Length of an Ethernet header.
const ETHERNET: usize = 14;
/// A locally administered address for both ends.
const ADDRESS: [u8; 6] = [2, 0, 0, 0, 0, 1];
/// The largest MTU a veth device has.
const LARGEST_MTU: u32 = 65_535;
const LARGEST: usize = offload::HEADER + ETHERNET + 40 + LARGEST_MTU as usize;
/// Receive buffer of the packet socket, in octets.
const RECEIVE_BUFFER: libc::c_int = 8 << 20;

/// The namespace of the tester's ends.
#[derive(Debug)]
pub(super) struct Peers {
    namespace: OwnedFd,
    next_index: AtomicU32,
}

impl Peers {
    /// A fresh one, in which the kernel does not take part in IPv6 and has no IPv4 address.
    pub(super) fn make() -> io::Result<Peers> {
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
pub(super) struct Veth {
    /// `None` only while this is dropped.
    socket: Option<OwnedFd>,
    receive_segment: Option<u16>,
    buffer: Vec<u8>,
    /// When the packet that was read last came, in nanoseconds of CLOCK_MONOTONIC.
    stamp: u64,
}

/// Of a pair under construction, what lies in the namespace of the peers.
#[derive(Debug)]
pub(super) struct Peer {
    socket: OwnedFd,
    netlink: OwnedFd,
    index: u32,
}

impl Peer {
    /// Prepares the tester's end. Leaves the calling thread in the namespace of the peers: the run's own comes next.
    pub(super) fn prepare(peers: &Peers) -> io::Result<Peer> {
        namespace::enter(&peers.namespace)?;
        let kind = libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // Protocol 0: nothing is received before the socket is bound to its device.
        // SAFETY: no pointers are passed.
        let socket = owned(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
        let netlink = netlink::open(libc::NETLINK_ROUTE)?;
        let index = peers.next_index.fetch_add(1, Ordering::Relaxed);
        set(&socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)?;
        set(&socket, libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS, 1)?;
        set(&socket, libc::SOL_PACKET, PACKET_VNET_HDR, 1)?;
        set(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
        // Beyond the system's limit only a privileged user may go.
        if set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER).is_err() {
            set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER)?;
        }
        Ok(Peer { socket, netlink, index })
    }
}

const PACKET_VNET_HDR: libc::c_int = 15;

impl Veth {
    /// Makes the pair, with the target's end in the calling thread's namespace, and returns it with that end's index.
    pub(super) fn make(link: &Link, peer: Peer, peers: &Peers, netlink: &OwnedFd) -> io::Result<(Veth, u32)> {
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
        bind(&peer.socket, peer.index)?;
        let index = peer.index;
        let veth =
            Veth { socket: Some(peer.socket), receive_segment: link.receive_segment, buffer: Vec::new(), stamp: 0 };
        Ok((veth, index))
    }

    /// Hands a datagram to the target.
    pub(super) fn send(&self, packet: &[u8]) -> io::Result<()> {
        let header = offload::inbound_header(packet, self.receive_segment);
        let protocol = match packet.first().map(|octet| octet >> 4) {
            Some(6) => libc::ETH_P_IPV6,
            _ => libc::ETH_P_IP,
        };
        let mut ethernet = [0; ETHERNET];
        ethernet[..6].copy_from_slice(&ADDRESS);
        ethernet[6..12].copy_from_slice(&ADDRESS);
        ethernet[12..].copy_from_slice(&(protocol as u16).to_be_bytes());
        let part = |octets: &[u8]| libc::iovec { iov_base: octets.as_ptr().cast_mut().cast(), iov_len: octets.len() };
        let vector = [part(&header), part(&ethernet), part(packet)];
        // SAFETY: the parts are valid for their lengths.
        match check_size(unsafe { libc::writev(self.as_fd().as_raw_fd(), vector.as_ptr(), 3) }) {
            Ok(_) => Ok(()),
            // Too large, too short, or dropped: delivered as far as a link delivers.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EMSGSIZE | libc::ENOBUFS)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes the target's next datagram, if there is one, into `packet`.
    pub(super) fn receive(&mut self, packet: &mut Vec<u8>) -> io::Result<bool> {
        packet.clear();
        loop {
            if !self.read()? {
                return Ok(false);
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
    pub(super) fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Reads one frame with its header, and its time stamp; false if there is none.
    fn read(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        self.buffer.reserve(LARGEST);
        let mut control = [0u64; 8];
        let mut vector = libc::iovec { iov_base: self.buffer.as_mut_ptr().cast(), iov_len: LARGEST };
        // SAFETY: all-zero octets are a valid `struct msghdr`; both rooms are as large as is said.
        let (length, stamp) = unsafe {
            let mut message: libc::msghdr = std::mem::zeroed();
            message.msg_iov = &raw mut vector;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&control) as _;
            let length = libc::recvmsg(self.as_fd().as_raw_fd(), &raw mut message, 0);
            let header = if length < 0 { std::ptr::null_mut() } else { libc::CMSG_FIRSTHDR(&raw const message) };
            let stamped = !header.is_null() && (*header).cmsg_type == libc::SCM_TIMESTAMPNS;
            (length, stamped.then(|| libc::CMSG_DATA(header).cast::<libc::timespec>().read_unaligned()))
        };
        match check_size(length) {
            Ok(length) => {
                // SAFETY: the kernel has written so many octets.
                unsafe { self.buffer.set_len(length) };
                let age = stamp.map_or(0, |stamp| {
                    realtime().saturating_sub(stamp.tv_sec as u64 * 1_000_000_000 + stamp.tv_nsec as u64)
                });
                self.stamp = monotonic().saturating_sub(age);
                Ok(true)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Veth {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_ref().expect("the socket is there until this is dropped").as_fd()
    }
}

impl Drop for Veth {
    /// Leaves the closing to another thread: the kernel waits for a grace period, some 10 ms, before it is done.
    fn drop(&mut self) {
        static CLOSER: LazyLock<Option<Mutex<Sender<OwnedFd>>>> = LazyLock::new(|| {
            let (sender, receiver) = channel::<OwnedFd>();
            let closer = std::thread::Builder::new().name("rfcheck-closer".into());
            closer.spawn(move || receiver.iter().for_each(drop)).ok()?;
            Some(Mutex::new(sender))
        });
        let Some(socket) = self.socket.take() else { return };
        if let Some(closer) = &*CLOSER {
            // Without the thread it is closed here.
            let _ = closer.lock().unwrap_or_else(PoisonError::into_inner).send(socket);
        }
    }
}

fn set(socket: &OwnedFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    let (value, length) = ((&raw const value).cast(), size_of::<libc::c_int>() as libc::socklen_t);
    // SAFETY: the value is valid for its length.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value, length) })?;
    Ok(())
}

fn bind(socket: &OwnedFd, index: u32) -> io::Result<()> {
    // SAFETY: all-zero octets are a valid `struct sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as libc::c_ushort;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = index as libc::c_int;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the address is valid for its length.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) })?;
    Ok(())
}
