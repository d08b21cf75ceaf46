//! Packet sockets (packet(7)): what goes over a device, with the kernel's time stamps.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use super::closer;
use crate::target::linux::system::{check, check_size, owned};
use crate::target::linux::timing::clock::{monotonic, realtime};

/// Receive buffer, in octets; enough for a few thousand packets.
const RECEIVE_BUFFER: libc::c_int = 8 << 20;

/// A packet socket whose reads return at once.
#[derive(Debug)]
pub(in crate::target::linux) struct PacketSocket {
    /// `None` only while this is dropped.
    socket: Option<OwnedFd>,
}

impl PacketSocket {
    /// A socket (SOCK_RAW or SOCK_DGRAM) in the calling thread's namespace that receives nothing before it is bound.
    pub(in crate::target::linux) fn open(kind: libc::c_int) -> io::Result<PacketSocket> {
        let kind = kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: no pointers are passed.
        let socket = owned(unsafe { libc::socket(libc::AF_PACKET, kind, 0) })?;
        let socket = PacketSocket { socket: Some(socket) };
        // Beyond the system's limit only a privileged user may go.
        if socket.set(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, RECEIVE_BUFFER).is_err() {
            socket.set(libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER)?;
        }
        Ok(socket)
    }

    /// Sets an option whose value is an int.
    pub(in crate::target::linux) fn set(
        &self,
        level: libc::c_int,
        option: libc::c_int,
        value: libc::c_int,
    ) -> io::Result<()> {
        self.set_to(level, option, &value)
    }

    /// Sets an option to a structure.
    pub(in crate::target::linux) fn set_to<T>(
        &self,
        level: libc::c_int,
        option: libc::c_int,
        value: &T,
    ) -> io::Result<()> {
        let length = size_of::<T>() as libc::socklen_t;
        // SAFETY: the value is valid for its length.
        check(unsafe { libc::setsockopt(self.number(), level, option, (&raw const *value).cast(), length) })?;
        Ok(())
    }

    /// Receives what goes over the device from now on.
    pub(in crate::target::linux) fn bind(&self, index: u32) -> io::Result<()> {
        let address = address(index, libc::ETH_P_ALL as u16);
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: the address is valid for its length.
        check(unsafe { libc::bind(self.number(), (&raw const address).cast(), length) })?;
        Ok(())
    }

    /// Reads what the device carried next, at most `most` octets, into `octets`; `None` if there is nothing. The result
    /// is when the kernel saw it, in nanoseconds of CLOCK_MONOTONIC: now, unless SO_TIMESTAMPNS is set.
    pub(in crate::target::linux) fn receive(&self, octets: &mut Vec<u8>, most: usize) -> io::Result<Option<u64>> {
        octets.clear();
        octets.reserve(most);
        let mut control = [0u64; 8];
        let mut vector = libc::iovec { iov_base: octets.as_mut_ptr().cast(), iov_len: most };
        // SAFETY: all-zero octets are a valid `struct msghdr`; both rooms are as large as is said.
        let (length, stamp) = unsafe {
            let mut message: libc::msghdr = std::mem::zeroed();
            message.msg_iov = &raw mut vector;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&control) as _;
            let length = libc::recvmsg(self.number(), &raw mut message, 0);
            let header = if length < 0 { std::ptr::null_mut() } else { libc::CMSG_FIRSTHDR(&raw const message) };
            let stamped = !header.is_null() && (*header).cmsg_type == libc::SCM_TIMESTAMPNS;
            (length, stamped.then(|| libc::CMSG_DATA(header).cast::<libc::timespec>().read_unaligned()))
        };
        match check_size(length) {
            Ok(length) => {
                // SAFETY: the kernel has written so many octets.
                unsafe { octets.set_len(length) };
                let stamp = stamp.map(|stamp| stamp.tv_sec as u64 * 1_000_000_000 + stamp.tv_nsec as u64);
                let age = stamp.map_or(0, |stamp| realtime().saturating_sub(stamp));
                Ok(Some(monotonic().saturating_sub(age)))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn number(&self) -> libc::c_int {
        self.as_fd().as_raw_fd()
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_ref().expect("the socket is there until this is dropped").as_fd()
    }
}

impl Drop for PacketSocket {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.take() {
            closer::close(socket);
        }
    }
}

/// The address of a device, for packets of one protocol.
pub(in crate::target::linux) fn address(index: u32, protocol: u16) -> libc::sockaddr_ll {
    // SAFETY: all-zero octets are a valid `struct sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as libc::c_ushort;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = index as libc::c_int;
    address
}
