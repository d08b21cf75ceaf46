//! A UDP descriptor.
//!
//! smoltcp's UDP socket has no peer: datagrams of others are left out here when they are read. ICMP errors reach a
//! user of smoltcp through an ICMP socket bound to the UDP port; a connected descriptor has one and reports what
//! Linux reports (RFC 1122 section 4.1.3.3).

use std::net::{IpAddr, SocketAddr};

use ::smoltcp::iface::SocketHandle;
use ::smoltcp::socket::{icmp, udp};
use ::smoltcp::wire::{IpEndpoint, IpListenEndpoint};

use super::super::abi::*;
use super::super::memory::Sockets;
use super::connection::Wanted;
use super::{Bound, Options};
use crate::target::Errno;

/// Largest UDP payload in an IPv4 datagram.
const GREATEST_PAYLOAD: usize = 65_507;
/// Octets of ICMP errors that may wait.
const ERROR_BUFFER: usize = 4_096;

/// A UDP descriptor's socket.
#[derive(Default)]
pub(super) struct Datagram {
    opened: Option<Opened>,
    peer: Option<SocketAddr>,
    error: Option<Errno>,
    read_shut: bool,
    write_shut: bool,
}

/// What a bound descriptor has.
struct Opened {
    bound: Bound,
    handle: SocketHandle,
    /// Receives the ICMP errors; only while connected.
    errors: Option<SocketHandle>,
}

/// A received datagram.
pub(super) struct Received {
    /// As much as was asked for.
    pub(super) data: Vec<u8>,
    /// Its length.
    pub(super) length: usize,
    pub(super) sender: SocketAddr,
}

impl Datagram {
    pub(super) fn bound(&self) -> Option<Bound> {
        self.opened.as_ref().map(|opened| opened.bound)
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    pub(super) fn take_error(&mut self) -> Option<Errno> {
        self.error.take()
    }

    pub(super) fn bind(&mut self, bound: Bound, sockets: &mut Sockets, options: &Options) -> Result<(), Errno> {
        if self.opened.is_some() {
            return Err(EINVAL);
        }
        let handle = sockets.add_udp(options.receive_buffer, options.send_buffer);
        let socket = sockets.udp_mut(handle);
        socket.set_hop_limit(options.hop_limit);
        socket.bind(bound.endpoint()).expect("a new socket can be bound, and a bound port is not 0");
        self.opened = Some(Opened { bound, handle, errors: None });
        Ok(())
    }

    pub(super) fn connect(&mut self, peer: SocketAddr, sockets: &mut Sockets) -> Result<(), Errno> {
        let opened = self.opened.as_mut().ok_or(EINVAL)?;
        if peer.ip().is_unspecified() {
            return Err(ENETUNREACH);
        }
        self.peer = Some(peer);
        if opened.errors.is_none() {
            let handle = sockets.add_icmp(ERROR_BUFFER, 1);
            let endpoint = IpListenEndpoint { addr: None, port: opened.bound.port };
            sockets.icmp_mut(handle).bind(icmp::Endpoint::Udp(endpoint)).expect("a new socket can be bound");
            opened.errors = Some(handle);
        }
        Ok(())
    }

    pub(super) fn disconnect(&mut self, sockets: &mut Sockets) {
        self.peer = None;
        if let Some(errors) = self.opened.as_mut().and_then(|opened| opened.errors.take()) {
            sockets.remove(errors);
        }
    }

    /// Takes in ICMP errors.
    pub(super) fn observe(&mut self, sockets: &mut Sockets) {
        let Some(Opened { errors: Some(handle), .. }) = self.opened else { return };
        while let Ok((message, _)) = sockets.icmp_mut(handle).recv() {
            if let (Some(error), Some(peer)) = (reported(message, self.peer.is_some_and(|p| p.is_ipv6())), self.peer)
                && quotes(message, peer)
            {
                self.error = Some(error);
            }
        }
    }

    /// Takes the oldest datagram. `None`: there is none.
    pub(super) fn receive(&mut self, sockets: &mut Sockets, wanted: Wanted) -> Option<Result<Received, Errno>> {
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        if wanted.flags & MSG_OOB != 0 {
            return Some(Err(EOPNOTSUPP));
        }
        if let Some(opened) = &self.opened {
            let socket = sockets.udp_mut(opened.handle);
            drop_foreign(socket, self.peer);
            if wanted.null && wanted.length > 0 && socket.can_recv() {
                return Some(Err(EFAULT));
            }
            let peek = wanted.flags & MSG_PEEK != 0;
            let next = if peek { socket.peek().map(|(data, meta)| (data, *meta)) } else { socket.recv() };
            if let Ok((data, meta)) = next {
                let length = data.len();
                let data = data[..length.min(wanted.length)].to_vec();
                return Some(Ok(Received { data, length, sender: SocketAddr::from(meta.endpoint) }));
            }
        }
        let sender = SocketAddr::from(([0, 0, 0, 0], 0));
        self.read_shut.then(|| Ok(Received { data: Vec::new(), length: 0, sender }))
    }

    /// Queues one datagram. `None`: there is no room now.
    pub(super) fn send(
        &mut self,
        sockets: &mut Sockets,
        data: &[u8],
        to: Option<SocketAddr>,
    ) -> Option<Result<usize, Errno>> {
        if self.write_shut {
            return Some(Err(EPIPE));
        }
        if data.len() > GREATEST_PAYLOAD {
            return Some(Err(EMSGSIZE));
        }
        let Some(to) = to.or(self.peer) else { return Some(Err(EDESTADDRREQ)) };
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        if to.port() == 0 {
            return Some(Err(EINVAL));
        }
        if to.ip().is_unspecified() {
            return Some(Err(ENETUNREACH));
        }
        let Some(opened) = &self.opened else { return Some(Err(EINVAL)) };
        let socket = sockets.udp_mut(opened.handle);
        if data.len() > socket.payload_send_capacity() {
            return Some(Err(EMSGSIZE));
        }
        match socket.send_slice(data, IpEndpoint::from(to)) {
            Ok(()) => Some(Ok(data.len())),
            Err(udp::SendError::BufferFull) => None,
            Err(udp::SendError::Unaddressable) => Some(Err(EINVAL)),
        }
    }

    pub(super) fn shutdown(&mut self, read: bool, write: bool) -> Result<(), Errno> {
        if self.peer.is_none() {
            return Err(ENOTCONN);
        }
        self.read_shut |= read;
        self.write_shut |= write;
        Ok(())
    }

    pub(super) fn readiness(&self, sockets: &mut Sockets) -> i16 {
        let mut events = 0;
        let (mut can_receive, mut can_send) = (false, true);
        if let Some(opened) = &self.opened {
            let socket = sockets.udp_mut(opened.handle);
            drop_foreign(socket, self.peer);
            (can_receive, can_send) = (socket.can_recv(), socket.can_send());
        }
        if can_receive || self.read_shut || self.error.is_some() {
            events |= POLLIN | POLLRDNORM;
        }
        if self.read_shut {
            events |= POLLRDHUP;
        }
        if self.read_shut && self.write_shut {
            events |= POLLHUP;
        }
        if can_send {
            events |= POLLOUT | POLLWRNORM;
        }
        if self.error.is_some() {
            events |= POLLERR;
        }
        events
    }

    /// Length of the next datagram (FIONREAD).
    pub(super) fn next_length(&self, sockets: &mut Sockets) -> usize {
        let Some(opened) = &self.opened else { return 0 };
        let socket = sockets.udp_mut(opened.handle);
        drop_foreign(socket, self.peer);
        socket.peek().map_or(0, |(data, _)| data.len())
    }

    /// Octets that are queued to be sent (SIOCOUTQ).
    pub(super) fn unsent(&self, sockets: &mut Sockets) -> usize {
        self.opened.as_ref().map_or(0, |opened| sockets.udp_mut(opened.handle).send_queue())
    }

    pub(super) fn set_hop_limit(&self, sockets: &mut Sockets, hop_limit: Option<u8>) {
        if let Some(opened) = &self.opened {
            sockets.udp_mut(opened.handle).set_hop_limit(hop_limit);
        }
    }

    pub(super) fn close(self, sockets: &mut Sockets) {
        if let Some(opened) = self.opened {
            sockets.remove(opened.handle);
            if let Some(errors) = opened.errors {
                sockets.remove(errors);
            }
        }
    }
}

/// Drops datagrams at the head of the queue that a connected socket must not see.
fn drop_foreign(socket: &mut udp::Socket<'_>, peer: Option<SocketAddr>) {
    let Some(peer) = peer.map(IpEndpoint::from) else { return };
    while socket.peek().is_ok_and(|(_, meta)| meta.endpoint != peer) {
        let _ = socket.recv();
    }
}

/// The error that a message stands for: those that Linux reports to a connected UDP socket without IP_RECVERR.
fn reported(message: &[u8], is_ipv6: bool) -> Option<Errno> {
    match (is_ipv6, message.first()?, message.get(1)?) {
        (false, 3, 2) => Some(ENOPROTOOPT),  // protocol unreachable
        (false, 3, 3) => Some(ECONNREFUSED), // port unreachable
        (true, 1, 4) => Some(ECONNREFUSED),  // port unreachable
        _ => None,
    }
}

/// Whether the datagram that an ICMP message quotes went to `peer`.
fn quotes(message: &[u8], peer: SocketAddr) -> bool {
    let Some(quoted) = message.get(8..) else { return false };
    let (destination, transport) = match peer.ip() {
        IpAddr::V4(_) => {
            let header = usize::from(quoted.first().copied().unwrap_or(0) & 0x0f) * 4;
            (quoted.get(16..20).and_then(|o| o.first_chunk::<4>()).map(|o| IpAddr::from(*o)), quoted.get(header..))
        }
        IpAddr::V6(_) => {
            (quoted.get(24..40).and_then(|o| o.first_chunk::<16>()).map(|o| IpAddr::from(*o)), quoted.get(40..))
        }
    };
    let port = transport.and_then(|octets| octets.get(2..4)).map(|o| u16::from_be_bytes([o[0], o[1]]));
    destination == Some(peer.ip()) && port == Some(peer.port())
}
