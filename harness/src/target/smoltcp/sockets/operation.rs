//! Calls that may have to wait: tried at once, and again after each poll of the stack.

use std::net::SocketAddr;

use ::smoltcp::iface::SocketHandle;
use ::smoltcp::socket::tcp::State;

use super::super::abi::*;
use super::connection::Wanted;
use super::datagram::Received;
use super::stream::{Stream, StreamState};
use super::{Descriptor, Reply, Socket, SocketLayer};
use crate::target::{CallOutput, Errno, PollEntry};

/// A call that is over when the stack has come to a certain point.
pub(in super::super) enum Operation {
    Accept {
        fd: i32,
    },
    Connect {
        fd: i32,
    },
    Receive {
        fd: i32,
        wanted: Wanted,
        /// recvfrom(2) and recvmsg(2), which also tell the sender.
        message: bool,
    },
    Send {
        fd: i32,
        data: Vec<u8>,
        /// Octets of `data` that are queued already.
        sent: usize,
        null: bool,
        address: Option<SocketAddr>,
    },
    Poll {
        entries: Vec<PollEntry>,
    },
    /// close(2) with SO_LINGER on.
    Close {
        handle: SocketHandle,
    },
}

impl Operation {
    /// Tries the operation. `None`: not yet.
    pub(in super::super) fn attempt(&mut self, layer: &mut SocketLayer) -> Option<Reply> {
        match self {
            Operation::Accept { fd } => layer.accept(*fd),
            Operation::Connect { fd } => {
                let result = match layer.descriptor(*fd) {
                    Ok((Descriptor { socket: Socket::Stream(stream), .. }, sockets)) => stream.connected(sockets)?,
                    Ok(_) => Err(EINVAL),
                    Err(error) => Err(error),
                };
                Some((result.map(|()| 0), CallOutput::None))
            }
            Operation::Receive { fd, wanted, message } => layer.receive(*fd, *wanted, *message),
            Operation::Send { fd, data, sent, null, address } => {
                let result = layer.send(*fd, data, sent, *null, *address)?;
                Some((result, CallOutput::None))
            }
            Operation::Poll { entries } => match layer.poll(entries) {
                0 => None,
                ready => Some((Ok(ready), CallOutput::Poll(std::mem::take(entries)))),
            },
            Operation::Close { handle } => layer.is_through(*handle).then_some((Ok(0), CallOutput::None)),
        }
    }

    /// What the call gives when its time is up, or when it must not wait.
    pub(in super::super) fn give_up(self) -> Reply {
        match self {
            Operation::Connect { .. } => (Err(EINPROGRESS), CallOutput::None),
            Operation::Send { sent, .. } if sent > 0 => (Ok(sent as i64), CallOutput::None),
            Operation::Accept { .. } | Operation::Receive { .. } | Operation::Send { .. } => {
                (Err(EAGAIN), CallOutput::None)
            }
            Operation::Poll { entries } => (Ok(0), CallOutput::Poll(entries)),
            Operation::Close { .. } => (Ok(0), CallOutput::None),
        }
    }
}

impl SocketLayer {
    fn accept(&mut self, fd: i32) -> Option<Reply> {
        let failed = |error| Some((Err(error), CallOutput::None));
        let (descriptor, sockets) = match self.descriptor(fd) {
            Ok(found) => found,
            Err(error) => return failed(error),
        };
        let Socket::Stream(stream) = &mut descriptor.socket else { return failed(EOPNOTSUPP) };
        let bound = stream.bound();
        let StreamState::Listening(listener) = &mut stream.state else { return failed(EINVAL) };
        let connection = listener.accept(sockets, &descriptor.options)?;
        let peer = connection.peer;
        let accepted = Descriptor {
            family: descriptor.family,
            nonblocking: false,
            options: descriptor.options,
            socket: Socket::Stream(Stream::of(connection, bound)),
        };
        let result = self.install(accepted);
        Some((result, CallOutput::Address(peer)))
    }

    fn receive(&mut self, fd: i32, wanted: Wanted, message: bool) -> Option<Reply> {
        let received = match self.descriptor(fd) {
            Err(error) => Err(error),
            Ok((descriptor, sockets)) => match &mut descriptor.socket {
                Socket::Stream(stream) => match &mut stream.state {
                    StreamState::Unconnected | StreamState::Listening(_) => Err(ENOTCONN),
                    StreamState::Connection(connection) => {
                        return connection.receive(sockets, wanted).map(|result| match result {
                            Err(error) => (Err(error), CallOutput::None),
                            Ok(data) => {
                                let count = Ok(data.len() as i64);
                                // MSG_TRUNC on a stream throws the octets away.
                                let data = if wanted.flags & MSG_TRUNC != 0 { Vec::new() } else { data };
                                (count, output(data, None, 0, message))
                            }
                        });
                    }
                },
                Socket::Datagram(datagram) => datagram.receive(sockets, wanted)?,
                Socket::Echo(echo) => echo.receive(sockets, wanted)?,
            },
        };
        Some(match received {
            Err(error) => (Err(error), CallOutput::None),
            Ok(Received { data, length, sender }) => {
                let (taken, cut) = (data.len(), length > data.len());
                let count = if wanted.flags & MSG_TRUNC != 0 { length } else { taken };
                (Ok(count as i64), output(data, Some(sender), if cut { MSG_TRUNC } else { 0 }, message))
            }
        })
    }

    fn send(
        &mut self,
        fd: i32,
        data: &[u8],
        sent: &mut usize,
        null: bool,
        address: Option<SocketAddr>,
    ) -> Option<Result<i64, Errno>> {
        let (descriptor, sockets) = match self.descriptor(fd) {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        let result = match &mut descriptor.socket {
            Socket::Stream(stream) => match &mut stream.state {
                StreamState::Unconnected | StreamState::Listening(_) => Err(EPIPE),
                StreamState::Connection(connection) => match connection.send(sockets, &data[*sent..], null)? {
                    Err(_) if *sent > 0 => Ok(*sent),
                    Err(error) => Err(error),
                    Ok(count) => {
                        *sent += count;
                        if *sent < data.len() {
                            return None;
                        }
                        Ok(*sent)
                    }
                },
            },
            Socket::Datagram(_) | Socket::Echo(_) if null && !data.is_empty() => Err(EFAULT),
            Socket::Datagram(datagram) => datagram.send(sockets, data, address)?,
            Socket::Echo(echo) => echo.send(sockets, data, address)?,
        };
        Some(result.map(|count| count as i64))
    }

    /// Whether a closed connection's data and FIN are acknowledged, or the connection is gone.
    fn is_through(&self, handle: SocketHandle) -> bool {
        if !self.orphans.contains(&handle) {
            return true;
        }
        let socket = self.sockets.tcp(handle);
        socket.send_queue() == 0 && matches!(socket.state(), State::Closed | State::FinWait2 | State::TimeWait)
    }
}

fn output(data: Vec<u8>, address: Option<SocketAddr>, flags: i32, message: bool) -> CallOutput {
    if message { CallOutput::Message { data, address, control: Vec::new(), flags } } else { CallOutput::Data(data) }
}
