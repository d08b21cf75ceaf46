//! One TCP connection behind a descriptor.

use std::net::SocketAddr;

use ::smoltcp::iface::SocketHandle;
use ::smoltcp::socket::tcp::State;

use super::super::abi::*;
use super::super::memory::Sockets;
use crate::target::Errno;

/// A connection, from the active open or from accept(2) until its descriptor is closed.
pub(super) struct Connection {
    pub(super) handle: SocketHandle,
    pub(super) peer: SocketAddr,
    /// The state at the last look, from which the reason of a sudden CLOSED follows.
    last: State,
    /// What the next call reports, once (SO_ERROR).
    pub(super) error: Option<Errno>,
    /// It was synchronized once (RFC 9293 section 3.3.2).
    was_synchronized: bool,
    /// connect(2) has not yet reported how it ended.
    pub(super) connecting: bool,
    /// The peer has sent FIN.
    finished: bool,
    /// SHUT_RD.
    read_shut: bool,
    /// SHUT_WR.
    write_shut: bool,
}

/// How much a receive call asks for.
#[derive(Clone, Copy)]
pub(in super::super) struct Wanted {
    /// Octets.
    pub(super) length: usize,
    /// MSG_ flags.
    pub(super) flags: i32,
    /// The buffer is a null pointer.
    pub(super) null: bool,
    /// The call may wait until `length` octets are there (MSG_WAITALL).
    pub(super) all: bool,
}

impl Connection {
    /// A connection that is being opened.
    pub(super) fn opening(handle: SocketHandle, peer: SocketAddr) -> Self {
        Connection {
            handle,
            peer,
            last: State::SynSent,
            error: None,
            was_synchronized: false,
            connecting: true,
            finished: false,
            read_shut: false,
            write_shut: false,
        }
    }

    /// A connection that a listener has completed.
    pub(super) fn accepted(handle: SocketHandle, peer: SocketAddr, sockets: &Sockets) -> Self {
        let mut connection = Connection {
            connecting: false,
            was_synchronized: true,
            last: State::Established,
            ..Connection::opening(handle, peer)
        };
        connection.observe(sockets, true);
        connection
    }

    /// Notes a change of state: see [`super::SocketLayer::observe`].
    pub(super) fn observe(&mut self, sockets: &Sockets, ingress: bool) {
        let state = sockets.tcp(self.handle).state();
        let before = std::mem::replace(&mut self.last, state);
        if state == before {
            return;
        }
        match state {
            State::Closed => self.error = self.error.or(reason(before, ingress)),
            State::CloseWait | State::Closing | State::LastAck | State::TimeWait => self.finished = true,
            _ => {}
        }
        self.was_synchronized |= !matches!(state, State::SynSent | State::SynReceived | State::Closed);
    }

    /// Whether the three-way handshake is still under way.
    pub(super) fn is_opening(&self) -> bool {
        matches!(self.last, State::SynSent | State::SynReceived)
    }

    /// Whether the connection is over, for whatever reason.
    pub(super) fn is_closed(&self) -> bool {
        self.last == State::Closed
    }

    /// Takes what has arrived. `None`: nothing has, and something may.
    pub(super) fn receive(&mut self, sockets: &mut Sockets, wanted: Wanted) -> Option<Result<Vec<u8>, Errno>> {
        let socket = sockets.tcp_mut(self.handle);
        let queued = socket.recv_queue();
        if wanted.flags & MSG_OOB != 0 {
            return Some(Err(EINVAL)); // smoltcp keeps no urgent data apart
        }
        if wanted.length == 0 {
            return Some(Ok(Vec::new()));
        }
        if queued > 0 && !self.is_opening() {
            let more = !self.finished && !self.is_closed() && queued < socket.recv_capacity();
            if wanted.all && more && queued < wanted.length {
                return None;
            }
            if wanted.null && wanted.flags & MSG_TRUNC == 0 {
                return Some(Err(EFAULT));
            }
            let mut octets = vec![0; queued.min(wanted.length)];
            let taken = if wanted.flags & MSG_PEEK != 0 {
                socket.peek_slice(&mut octets)
            } else {
                socket.recv_slice(&mut octets)
            };
            octets.truncate(taken.unwrap_or(0));
            return Some(Ok(octets));
        }
        if self.finished {
            return Some(Ok(Vec::new()));
        }
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        if self.read_shut || (self.is_closed() && self.was_synchronized) {
            return Some(Ok(Vec::new()));
        }
        if self.is_closed() { Some(Err(ENOTCONN)) } else { None }
    }

    /// Queues as much of `data` as fits. `None`: nothing fits now.
    pub(super) fn send(&mut self, sockets: &mut Sockets, data: &[u8], null: bool) -> Option<Result<usize, Errno>> {
        let socket = sockets.tcp_mut(self.handle);
        if self.write_shut || !(self.is_opening() || socket.may_send()) {
            return Some(Err(self.error.take().unwrap_or(EPIPE)));
        }
        if self.is_opening() {
            return None;
        }
        if data.is_empty() {
            return Some(Ok(0));
        }
        if null {
            return Some(Err(EFAULT));
        }
        match socket.send_slice(data) {
            Ok(0) => None,
            Ok(sent) => Some(Ok(sent)),
            Err(_) => Some(Err(EPIPE)),
        }
    }

    /// shutdown(2).
    pub(super) fn shutdown(&mut self, sockets: &mut Sockets, read: bool, write: bool) -> Result<(), Errno> {
        if self.is_closed() || self.last == State::SynSent {
            return Err(ENOTCONN);
        }
        self.read_shut |= read;
        if write && !self.write_shut {
            self.write_shut = true;
            sockets.tcp_mut(self.handle).close();
            // A local close: what follows is no surprise.
            self.observe(sockets, true);
        }
        Ok(())
    }

    /// Returned events of poll(2), as Linux computes them.
    pub(super) fn readiness(&self, sockets: &Sockets) -> i16 {
        let socket = sockets.tcp(self.handle);
        let mut events = 0;
        let no_more_in = self.finished || self.read_shut || self.is_closed();
        if self.is_closed() || (no_more_in && self.write_shut) {
            events |= POLLHUP;
        }
        if no_more_in {
            events |= POLLIN | POLLRDNORM | POLLRDHUP;
        }
        if !self.is_opening() {
            if socket.can_recv() {
                events |= POLLIN | POLLRDNORM;
            }
            if socket.can_send() || self.write_shut || self.is_closed() {
                events |= POLLOUT | POLLWRNORM;
            }
        }
        if self.error.is_some() {
            events |= POLLERR;
        }
        events
    }
}

/// Why a connection that was in state `before` is closed now.
fn reason(before: State, ingress: bool) -> Option<Errno> {
    match before {
        State::LastAck | State::TimeWait | State::Closed => None,
        _ if !ingress => Some(ETIMEDOUT),
        // Both only after connect(2): what accept(2) gives is past them (RFC 9293 section 3.10.7.4, second).
        State::SynSent | State::SynReceived => Some(ECONNREFUSED),
        State::CloseWait => Some(EPIPE),
        _ => Some(ECONNRESET),
    }
}
