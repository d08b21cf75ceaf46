//! Route netlink, as much as a link needs: several requests in one system call, one acknowledgment each.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};

use crate::target::linux::system::{check_size, owned};

/// A request and what it is for.
#[derive(Debug, Default)]
pub(in crate::target::linux) struct Batch {
    octets: Vec<u8>,
    /// What each message is for, for the error that may come back.
    purposes: Vec<&'static str>,
    /// Where the message under construction starts.
    start: usize,
}

/// A request that the kernel refused.
#[derive(Debug)]
pub(in crate::target::linux) struct Refused {
    /// What the request was for.
    pub(in crate::target::linux) purpose: &'static str,
    /// What the kernel said.
    pub(in crate::target::linux) source: io::Error,
}

const HEADER: usize = 16;

impl Batch {
    /// Begins a message with its fixed header.
    pub(in crate::target::linux) fn message(
        &mut self,
        purpose: &'static str,
        kind: u16,
        flags: i32,
        fixed: &[u8],
    ) -> &mut Self {
        self.start = self.octets.len();
        let sequence = self.purposes.len() as u32;
        self.purposes.push(purpose);
        let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        self.octets.extend_from_slice(&[0; 4]);
        self.octets.extend_from_slice(&kind.to_ne_bytes());
        self.octets.extend_from_slice(&flags.to_ne_bytes());
        self.octets.extend_from_slice(&sequence.to_ne_bytes());
        self.octets.extend_from_slice(&[0; 4]);
        self.octets.extend_from_slice(fixed);
        self.close()
    }

    /// Adds an attribute to the message.
    pub(in crate::target::linux) fn attribute(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        let length = (value.len() + 4) as u16;
        self.octets.extend_from_slice(&length.to_ne_bytes());
        self.octets.extend_from_slice(&kind.to_ne_bytes());
        self.octets.extend_from_slice(value);
        self.close()
    }

    /// Adds an attribute that holds attributes (or, for a veth peer, a fixed header first).
    pub(in crate::target::linux) fn nested(
        &mut self,
        kind: u16,
        fixed: &[u8],
        inside: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let at = self.octets.len();
        self.octets.extend_from_slice(&[0; 2]);
        self.octets.extend_from_slice(&kind.to_ne_bytes());
        self.octets.extend_from_slice(fixed);
        inside(self);
        let length = (self.octets.len() - at) as u16;
        self.octets[at..at + 2].copy_from_slice(&length.to_ne_bytes());
        self.close()
    }

    /// Pads to four octets and writes the message's length.
    fn close(&mut self) -> &mut Self {
        self.octets.resize(self.octets.len().next_multiple_of(4), 0);
        let length = (self.octets.len() - self.start) as u32;
        self.octets[self.start..self.start + 4].copy_from_slice(&length.to_ne_bytes());
        self
    }

    /// Sends all messages.
    pub(in crate::target::linux) fn send(&self, socket: &OwnedFd) -> io::Result<()> {
        let octets = self.octets.as_ptr().cast();
        // SAFETY: the buffer is valid for its length.
        check_size(unsafe { libc::send(socket.as_raw_fd(), octets, self.octets.len(), 0) }).map(drop)
    }

    /// Sends all messages and reads their acknowledgments; the first refusal is the result.
    pub(in crate::target::linux) fn run(&self, socket: &OwnedFd) -> Result<(), Refused> {
        self.ask(socket, |_| {})
    }

    /// As [`Batch::run`], and shows what else the kernel answers.
    pub(in crate::target::linux) fn ask(
        &self,
        socket: &OwnedFd,
        mut answered: impl FnMut(Message<'_>),
    ) -> Result<(), Refused> {
        let refused = |purpose| move |source| Refused { purpose, source };
        self.send(socket).map_err(refused(self.purposes.first().copied().unwrap_or_default()))?;
        let mut answer = [0u8; 4096];
        let mut acknowledged = 0;
        let mut failure = None;
        while acknowledged < self.purposes.len() {
            let purpose = self.purposes[acknowledged];
            // SAFETY: the buffer is valid for its length.
            let got = unsafe { libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0) };
            let got = check_size(got).map_err(refused(purpose))?;
            let mut rest = &answer[..got];
            while let Some((message, more)) = split_message(rest) {
                rest = more;
                if message.kind != libc::NLMSG_ERROR as u16 {
                    answered(message);
                    continue;
                }
                acknowledged += 1;
                let errno = message.errno();
                if errno != 0 && failure.is_none() {
                    let purpose = self.purposes.get(message.sequence as usize).copied().unwrap_or(purpose);
                    failure = Some(Refused { purpose, source: io::Error::from_raw_os_error(errno) });
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

/// One netlink message.
#[derive(Clone, Copy, Debug)]
pub(in crate::target::linux) struct Message<'a> {
    pub(in crate::target::linux) kind: u16,
    pub(in crate::target::linux) sequence: u32,
    pub(in crate::target::linux) body: &'a [u8],
}

impl Message<'_> {
    /// Of an error message, the errno; 0 for an acknowledgment.
    pub(in crate::target::linux) fn errno(&self) -> i32 {
        i32::from_ne_bytes(self.body.first_chunk().copied().unwrap_or_default()).saturating_neg()
    }
}

/// The first message of a datagram, and the rest.
pub(in crate::target::linux) fn split_message(octets: &[u8]) -> Option<(Message<'_>, &[u8])> {
    let length = u32::from_ne_bytes(*octets.first_chunk()?) as usize;
    let kind = u16::from_ne_bytes(*octets.get(4..)?.first_chunk()?);
    let sequence = u32::from_ne_bytes(*octets.get(8..)?.first_chunk()?);
    let body = octets.get(HEADER..length)?;
    let rest = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((Message { kind, sequence, body }, rest))
}

/// A netlink socket in the calling thread's network namespace.
pub(in crate::target::linux) fn open(protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: no pointers are passed.
    owned(unsafe { libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) })
}

/// `struct ifinfomsg`.
pub(in crate::target::linux) fn link_header(index: u32, flags: u32, change: u32) -> [u8; 16] {
    let mut header = [0; 16];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..16].copy_from_slice(&change.to_ne_bytes());
    header
}

/// `struct ifaddrmsg`.
pub(in crate::target::linux) fn address_header(address: IpAddr, prefix: u8, flags: u8, index: u32) -> [u8; 8] {
    let mut header = [family(address), prefix, flags, libc::RT_SCOPE_UNIVERSE, 0, 0, 0, 0];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header
}

/// `struct rtmsg` of a unicast route in the main table.
pub(in crate::target::linux) fn route_header(destination: IpAddr, prefix: u8, scope: u8, flags: u32) -> [u8; 12] {
    let mut header = [0; 12];
    header[0] = family(destination);
    header[1] = prefix;
    header[4] = libc::RT_TABLE_MAIN;
    header[5] = libc::RTPROT_BOOT;
    header[6] = scope;
    header[7] = libc::RTN_UNICAST;
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header
}

/// The octets of an address, in network order.
pub(in crate::target::linux) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// `address` with all bits behind the prefix cleared.
pub(in crate::target::linux) fn network(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32u32.saturating_sub(prefix.into())).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128u32.saturating_sub(prefix.into())).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv6() { libc::AF_INET6 as u8 } else { libc::AF_INET as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_clears_the_host_bits() {
        assert_eq!(network("192.0.2.77".parse().unwrap(), 24), "192.0.2.0".parse::<IpAddr>().unwrap());
        assert_eq!(network("192.0.2.77".parse().unwrap(), 0), "0.0.0.0".parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8:1::1".parse().unwrap(), 32), "2001:db8::".parse::<IpAddr>().unwrap());
        assert_eq!(network("2001:db8::1".parse().unwrap(), 128), "2001:db8::1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn messages_are_padded_and_carry_their_length() {
        let mut batch = Batch::default();
        batch.message("a test", 16, 0, &link_header(1, 1, 1)).attribute(3, b"tun0\0");
        assert_eq!(batch.octets.len(), 16 + 16 + 12);
        let (message, rest) = split_message(&batch.octets).unwrap();
        assert_eq!((message.kind, message.sequence, message.body.len()), (16, 0, 28));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_cut_message_is_none() {
        assert!(split_message(&[20, 0, 0, 0, 2, 0]).is_none());
        assert!(split_message(&[200, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).is_none());
    }
}
