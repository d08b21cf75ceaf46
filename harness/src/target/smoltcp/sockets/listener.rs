//! A listening TCP port.
//!
//! A smoltcp socket that listens becomes the connection; there is no backlog. So a listener keeps one socket in
//! LISTEN, and puts another in its place as soon as a SYN has taken it, until backlog + 1 connections (as many as
//! Linux holds, at most [`GREATEST_BACKLOG`] + 1) wait to be accepted; a further SYN meets no listener, and smoltcp
//! answers it with RST.

use std::collections::VecDeque;
use std::net::SocketAddr;

use ::smoltcp::iface::SocketHandle;
use ::smoltcp::socket::tcp::{self, State};

use super::super::memory::Sockets;
use super::connection::Connection;
use super::{Bound, Options};

/// Larger backlogs count as this; SOMAXCONN of older systems.
const GREATEST_BACKLOG: usize = 128;

/// The sockets of one listening port.
pub(super) struct Listener {
    bound: Bound,
    backlog: usize,
    waiting: Vec<Waiting>,
    /// The handshake is done; the oldest first.
    ready: VecDeque<Connection>,
}

/// A socket in LISTEN or SYN-RECEIVED.
struct Waiting {
    handle: SocketHandle,
    /// It has left LISTEN. A reset may take it back there.
    has_syn: bool,
}

impl Listener {
    pub(super) fn new(bound: Bound, backlog: i32, sockets: &mut Sockets, options: &Options) -> Self {
        let mut listener = Listener { bound, backlog: 0, waiting: Vec::with_capacity(2), ready: VecDeque::new() };
        listener.set_backlog(backlog);
        listener.replenish(sockets, options);
        listener
    }

    /// A further listen(2) on the same socket.
    pub(super) fn set_backlog(&mut self, backlog: i32) {
        self.backlog = usize::try_from(backlog).unwrap_or(GREATEST_BACKLOG).min(GREATEST_BACKLOG);
    }

    /// Moves what is synchronized to the queue for accept(2).
    pub(super) fn observe(&mut self, sockets: &mut Sockets, options: &Options, ingress: bool) {
        let ready = &mut self.ready;
        for connection in ready.iter_mut() {
            connection.observe(sockets, ingress);
        }
        self.waiting.retain_mut(|waiting| {
            let handle = waiting.handle;
            let socket = sockets.tcp(handle);
            match (socket.state(), socket.remote_endpoint()) {
                (State::Listen, _) => {
                    if std::mem::take(&mut waiting.has_syn) {
                        waiting.handle = sockets.move_listener(handle);
                    }
                    true
                }
                (State::SynReceived, _) => {
                    waiting.has_syn = true;
                    true
                }
                (State::Closed, _) | (_, None) => {
                    sockets.remove(handle);
                    false
                }
                (_, Some(peer)) => {
                    ready.push_back(Connection::accepted(handle, SocketAddr::from(peer), sockets));
                    false
                }
            }
        });
        self.replenish(sockets, options);
    }

    /// The oldest connection that is ready.
    pub(super) fn accept(&mut self, sockets: &mut Sockets, options: &Options) -> Option<Connection> {
        let connection = self.ready.pop_front();
        if connection.is_some() {
            self.replenish(sockets, options);
        }
        connection
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Applies a changed option to the sockets that have no connection yet.
    pub(super) fn apply(&self, sockets: &mut Sockets, change: impl Fn(&mut tcp::Socket<'_>)) {
        for waiting in &self.waiting {
            change(sockets.tcp_mut(waiting.handle));
        }
    }

    /// Closes the port: connections that nobody accepted are reset.
    pub(super) fn close(self, sockets: &mut Sockets, orphans: &mut Vec<SocketHandle>) {
        let waiting = self.waiting.into_iter().map(|waiting| waiting.handle);
        for handle in waiting.chain(self.ready.into_iter().map(|connection| connection.handle)) {
            sockets.tcp_mut(handle).abort();
            orphans.push(handle);
        }
    }

    fn replenish(&mut self, sockets: &mut Sockets, options: &Options) {
        if self.waiting.iter().any(|waiting| sockets.tcp(waiting.handle).state() == State::Listen)
            || self.waiting.len() + self.ready.len() > self.backlog
        {
            return;
        }
        let handle = sockets.add_listener(options.receive_buffer, options.send_buffer);
        let socket = sockets.tcp_mut(handle);
        options.apply_tcp(socket);
        socket.listen(self.bound.endpoint()).expect("a new socket can listen, and a bound port is not 0");
        self.waiting.push(Waiting { handle, has_syn: false });
    }
}
