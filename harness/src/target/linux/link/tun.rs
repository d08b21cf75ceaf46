//! A TUN device: the target's link, held at the tester's end.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::configure::DEVICE;
use super::offload;
use crate::target::Link;
use crate::target::linux::system::{check, check_size};

/// Where the kernel hands out TUN devices.
pub(in crate::target::linux) const NODE: &str = "/dev/net/tun";

/// Longest datagram either IP version can carry without jumbograms, and the header in front of it.
const LARGEST: usize = offload::HEADER + 40 + 65_535;

/// A TUN device in the namespace of the thread that made it.
#[derive(Debug)]
pub(in crate::target::linux) struct Tun {
    device: OwnedFd,
    /// Whether each packet has a `struct virtio_net_hdr` in front.
    with_header: bool,
    /// Segment size that injected TCP packets are said to be merged from.
    receive_segment: Option<u16>,
    /// Space for a packet with its header.
    buffer: Vec<u8>,
}

impl Tun {
    /// Makes the device and returns it with its interface index.
    pub(in crate::target::linux) fn make(link: &Link) -> io::Result<(Tun, u32)> {
        let device = OpenOptions::new().read(true).write(true).open(NODE)?;
        let device = OwnedFd::from(device);
        let with_header = link.segmentation_offload || link.receive_segment.is_some();
        let mut request = named_request();
        let kind = libc::IFF_TUN | libc::IFF_NO_PI | if with_header { libc::IFF_VNET_HDR } else { 0 };
        request.ifr_ifru.ifru_flags = kind as libc::c_short;
        // SAFETY: TUNSETIFF reads and writes a `struct ifreq`.
        check(unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETIFF, &mut request) })?;
        // A persistent device is closed in microseconds and dies with its namespace; closing one that is not waits
        // 30 to 40 ms for the kernel's grace periods.
        // SAFETY: TUNSETPERSIST and TUNSETOFFLOAD take an integer.
        check(unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETPERSIST, 1) })?;
        if link.segmentation_offload {
            // SAFETY: as above.
            check(unsafe { libc::ioctl(device.as_raw_fd(), libc::TUNSETOFFLOAD, offload::LIKE_ETHERNET) })?;
        }
        set_non_blocking(device.as_raw_fd())?;
        let tun = Tun { device, with_header, receive_segment: link.receive_segment, buffer: Vec::new() };
        Ok((tun, index_of(&mut request)?))
    }

    /// Hands a datagram to the kernel as if it had come over the link.
    pub(in crate::target::linux) fn send(&self, packet: &[u8]) -> io::Result<()> {
        let sent = if self.with_header {
            let merged = self.receive_segment.and_then(|segment| offload::merged(packet, segment, 0));
            let vector = offload::vector(merged.as_ref(), &[], packet);
            // SAFETY: the parts are valid for their lengths.
            unsafe { libc::writev(self.device.as_raw_fd(), vector.as_ptr(), vector.len() as libc::c_int) }
        } else {
            // SAFETY: the packet is valid for its length.
            unsafe { libc::write(self.device.as_raw_fd(), packet.as_ptr().cast(), packet.len()) }
        };
        match check_size(sent) {
            Ok(_) => Ok(()),
            // The driver looks at the version field only: what is not IP was delivered and thrown away.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes the next datagram the kernel sent, if there is one, into `packet`.
    pub(in crate::target::linux) fn receive(&mut self, packet: &mut Vec<u8>) -> io::Result<bool> {
        packet.clear();
        if !self.with_header {
            return read_into(self.device.as_raw_fd(), packet);
        }
        if !read_into(self.device.as_raw_fd(), &mut self.buffer)? {
            return Ok(false);
        }
        if let Some((header, datagram)) = self.buffer.split_first_chunk() {
            offload::complete(header, 0, datagram, packet);
        }
        Ok(true)
    }
}

impl AsFd for Tun {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.device.as_fd()
    }
}

/// Reads one packet into the vector's spare space; false if there is none.
fn read_into(fd: RawFd, packet: &mut Vec<u8>) -> io::Result<bool> {
    packet.clear();
    packet.reserve(LARGEST);
    // SAFETY: LARGEST octets have just been reserved behind the pointer.
    match check_size(unsafe { libc::read(fd, packet.as_mut_ptr().cast(), LARGEST) }) {
        Ok(length) => {
            // SAFETY: the kernel has written `length` octets.
            unsafe { packet.set_len(length) };
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(error) => Err(error),
    }
}

/// A `struct ifreq` that names the device.
pub(in crate::target::linux) fn named_request() -> libc::ifreq {
    // SAFETY: all-zero octets are a valid `struct ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(DEVICE.bytes()) {
        *to = from as libc::c_char;
    }
    request
}

/// The index of the interface that the request names, in the calling thread's namespace.
pub(in crate::target::linux) fn index_of(request: &mut libc::ifreq) -> io::Result<u32> {
    let socket = super::netlink::open(libc::NETLINK_ROUTE)?;
    // SAFETY: SIOCGIFINDEX reads and writes a `struct ifreq`.
    check(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFINDEX, &raw mut *request) })?;
    // SAFETY: SIOCGIFINDEX has just written this member.
    Ok(unsafe { request.ifr_ifru.ifru_ifindex } as u32)
}

/// Makes reads return at once.
pub(in crate::target::linux) fn set_non_blocking(fd: RawFd) -> io::Result<()> {
    // SAFETY: no pointers are passed.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) })?;
    Ok(())
}
