//! A TCP descriptor: unconnected, listening, or a connection.

use std::mem;
use std::net::SocketAddr;

use ::smoltcp::iface::{Context, SocketHandle};
use ::smoltcp::socket::tcp;
use ::smoltcp::wire::IpEndpoint;

use super::super::abi::*;
use super::super::memory::Sockets;
use super::connection::Connection;
use super::listener::Listener;
use super::{Bound, Options};
use crate::target::Errno;

/// A TCP descriptor's socket.
pub(super) struct Stream {
    bound: Option<Bound>,
    pub(super) state: StreamState,
}

pub(super) enum StreamState {
    Unconnected,
    Listening(Listener),
    Connection(Connection),
}

impl Stream {
    pub(super) fn new() -> Self {
        Stream { bound: None, state: StreamState::Unconnected }
    }

    /// What accept(2) gives.
    pub(super) fn of(connection: Connection, bound: Option<Bound>) -> Self {
        Stream { bound, state: StreamState::Connection(connection) }
    }

    pub(super) fn bound(&self) -> Option<Bound> {
        self.bound
    }

    pub(super) fn set_bound(&mut self, bound: Bound) {
        self.bound = Some(bound);
    }

    pub(super) fn is_listening(&self) -> bool {
        matches!(self.state, StreamState::Listening(_))
    }

    pub(super) fn observe(&mut self, sockets: &mut Sockets, options: &Options, ingress: bool) {
        match &mut self.state {
            StreamState::Unconnected => {}
            StreamState::Listening(listener) => listener.observe(sockets, options, ingress),
            StreamState::Connection(connection) => connection.observe(sockets, ingress),
        }
    }

    /// listen(2) on a bound socket.
    pub(super) fn listen(&mut self, backlog: i32, sockets: &mut Sockets, options: &Options) -> Result<(), Errno> {
        match (&mut self.state, self.bound) {
            (StreamState::Listening(listener), _) => listener.set_backlog(backlog),
            (StreamState::Unconnected, Some(bound)) => {
                self.state = StreamState::Listening(Listener::new(bound, backlog, sockets, options));
            }
            _ => return Err(EINVAL),
        }
        Ok(())
    }

    /// Sends a SYN from the bound port.
    pub(super) fn connect(
        &mut self,
        address: SocketAddr,
        sockets: &mut Sockets,
        options: &Options,
        context: &mut Context,
    ) -> Result<(), Errno> {
        let bound = self.bound.ok_or(EINVAL)?;
        let handle = sockets.add_tcp(options.receive_buffer, options.send_buffer);
        let socket = sockets.tcp_mut(handle);
        options.apply_tcp(socket);
        if socket.connect(context, IpEndpoint::from(address), bound.endpoint()).is_err() {
            sockets.remove(handle);
            return Err(if address.ip().is_unspecified() { ENETUNREACH } else { EADDRNOTAVAIL });
        }
        self.state = StreamState::Connection(Connection::opening(handle, address));
        Ok(())
    }

    /// connect(2) with AF_UNSPEC.
    pub(super) fn disconnect(&mut self, sockets: &mut Sockets, orphans: &mut Vec<SocketHandle>) {
        let before = Stream { bound: self.bound, state: mem::replace(&mut self.state, StreamState::Unconnected) };
        before.close(sockets, orphans, true);
    }

    /// How connect(2) ended; `None` while it is under way.
    pub(super) fn connected(&mut self, sockets: &mut Sockets) -> Option<Result<(), Errno>> {
        let StreamState::Connection(connection) = &mut self.state else { return Some(Err(ENOTCONN)) };
        if connection.is_opening() {
            return None;
        }
        connection.connecting = false;
        if !connection.is_closed() {
            return Some(Ok(()));
        }
        // A failed connect leaves the socket as it was, so that it may try again.
        // Where SO_ERROR has already told why, this is what Linux says.
        let error = connection.error.take().unwrap_or(ECONNABORTED);
        sockets.remove(connection.handle);
        self.state = StreamState::Unconnected;
        Some(Err(error))
    }

    /// Applies a changed option to the smoltcp sockets that are there already.
    pub(super) fn apply(&self, sockets: &mut Sockets, change: impl Fn(&mut tcp::Socket<'_>)) {
        match &self.state {
            StreamState::Unconnected => {}
            StreamState::Listening(listener) => listener.apply(sockets, change),
            StreamState::Connection(connection) => change(sockets.tcp_mut(connection.handle)),
        }
    }

    /// shutdown(2).
    pub(super) fn shutdown(
        &mut self,
        sockets: &mut Sockets,
        orphans: &mut Vec<SocketHandle>,
        read: bool,
        write: bool,
    ) -> Result<(), Errno> {
        match &mut self.state {
            StreamState::Unconnected => Err(ENOTCONN),
            StreamState::Connection(connection) => connection.shutdown(sockets, read, write),
            StreamState::Listening(_) if !read => Ok(()),
            StreamState::Listening(_) => {
                if let StreamState::Listening(listener) = mem::replace(&mut self.state, StreamState::Unconnected) {
                    listener.close(sockets, orphans);
                }
                Ok(())
            }
        }
    }

    /// close(2): the connection closes on without a descriptor; with `reset` it is aborted (SO_LINGER with time 0).
    /// Returns the socket that is closing.
    pub(super) fn close(
        self,
        sockets: &mut Sockets,
        orphans: &mut Vec<SocketHandle>,
        reset: bool,
    ) -> Option<SocketHandle> {
        match self.state {
            StreamState::Unconnected => None,
            StreamState::Listening(listener) => {
                listener.close(sockets, orphans);
                None
            }
            StreamState::Connection(connection) => {
                let socket = sockets.tcp_mut(connection.handle);
                if reset {
                    socket.abort()
                } else {
                    socket.close()
                }
                orphans.push(connection.handle);
                Some(connection.handle)
            }
        }
    }
}
