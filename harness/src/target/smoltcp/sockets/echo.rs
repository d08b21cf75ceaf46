//! An ICMP echo descriptor: socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), as Linux has it.
//!
//! The port is the echo identifier; what is sent must be an echo request, and echo replies to it are received.

use std::net::SocketAddr;

use ::smoltcp::iface::SocketHandle;
use ::smoltcp::socket::icmp;
use ::smoltcp::wire::IpAddress;

use super::super::abi::*;
use super::super::memory::Sockets;
use super::connection::Wanted;
use super::datagram::Received;
use super::{Bound, Options};
use crate::target::Errno;

/// Octets of an echo header (RFC 792, RFC 4443 section 4.1).
const HEADER: usize = 8;

/// An ICMP echo descriptor's socket.
pub(super) struct Echo {
    is_ipv6: bool,
    opened: Option<(Bound, SocketHandle)>,
    peer: Option<SocketAddr>,
}

impl Echo {
    pub(super) fn new(is_ipv6: bool) -> Self {
        Echo { is_ipv6, opened: None, peer: None }
    }

    pub(super) fn bound(&self) -> Option<Bound> {
        self.opened.map(|(bound, _)| bound)
    }

    pub(super) fn bind(&mut self, bound: Bound, sockets: &mut Sockets, options: &Options) -> Result<(), Errno> {
        if self.opened.is_some() {
            return Err(EINVAL);
        }
        let handle = sockets.add_icmp(options.receive_buffer, options.send_buffer);
        let socket = sockets.icmp_mut(handle);
        socket.set_hop_limit(options.hop_limit);
        socket.bind(icmp::Endpoint::Ident(bound.port)).expect("a new socket can be bound");
        self.opened = Some((bound, handle));
        Ok(())
    }

    pub(super) fn connect(&mut self, peer: SocketAddr) {
        self.peer = Some(peer);
    }

    pub(super) fn disconnect(&mut self) {
        self.peer = None;
    }

    pub(super) fn receive(&mut self, sockets: &mut Sockets, wanted: Wanted) -> Option<Result<Received, Errno>> {
        if wanted.flags & MSG_PEEK != 0 {
            return Some(Err(EOPNOTSUPP)); // smoltcp's ICMP sockets cannot
        }
        let (_, handle) = self.opened?;
        let reply = self.reply_type();
        let socket = sockets.icmp_mut(handle);
        loop {
            let (message, sender) = socket.recv().ok()?;
            let sender = SocketAddr::new(sender.into(), 0);
            let foreign = self.peer.is_some_and(|peer| peer.ip() != sender.ip());
            if message.first() != Some(&reply) || foreign {
                continue;
            }
            let data = message[..message.len().min(wanted.length)].to_vec();
            return Some(Ok(Received { data, length: message.len(), sender }));
        }
    }

    pub(super) fn send(
        &mut self,
        sockets: &mut Sockets,
        data: &[u8],
        to: Option<SocketAddr>,
    ) -> Option<Result<usize, Errno>> {
        let Some(to) = to.or(self.peer) else { return Some(Err(EDESTADDRREQ)) };
        let Some((bound, handle)) = self.opened else { return Some(Err(EINVAL)) };
        if data.len() < HEADER || data[0] != self.request_type() || data[1] != 0 {
            return Some(Err(EINVAL));
        }
        let socket = sockets.icmp_mut(handle);
        if data.len() > socket.payload_send_capacity() {
            return Some(Err(EMSGSIZE));
        }
        match socket.send(data.len(), IpAddress::from(to.ip())) {
            Ok(message) => {
                message.copy_from_slice(data);
                message[4..6].copy_from_slice(&bound.port.to_be_bytes());
                Some(Ok(data.len()))
            }
            Err(icmp::SendError::BufferFull) => None,
            Err(icmp::SendError::Unaddressable) => Some(Err(ENETUNREACH)),
        }
    }

    pub(super) fn readiness(&self, sockets: &mut Sockets) -> i16 {
        let Some((_, handle)) = self.opened else { return POLLOUT | POLLWRNORM };
        let socket = sockets.icmp_mut(handle);
        let input = if socket.can_recv() { POLLIN | POLLRDNORM } else { 0 };
        let output = if socket.can_send() { POLLOUT | POLLWRNORM } else { 0 };
        input | output
    }

    pub(super) fn set_hop_limit(&self, sockets: &mut Sockets, hop_limit: Option<u8>) {
        if let Some((_, handle)) = self.opened {
            sockets.icmp_mut(handle).set_hop_limit(hop_limit);
        }
    }

    pub(super) fn close(self, sockets: &mut Sockets) {
        if let Some((_, handle)) = self.opened {
            sockets.remove(handle);
        }
    }

    fn request_type(&self) -> u8 {
        if self.is_ipv6 { 128 } else { 8 }
    }

    fn reply_type(&self) -> u8 {
        if self.is_ipv6 { 129 } else { 0 }
    }
}
