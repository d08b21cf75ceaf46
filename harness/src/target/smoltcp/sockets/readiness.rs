//! poll(2).

use super::super::abi::*;
use super::stream::StreamState;
use super::{Socket, SocketLayer};
use crate::target::PollEntry;

/// What is returned whether it was asked for or not.
const ALWAYS: i16 = POLLERR | POLLHUP | POLLNVAL;

impl SocketLayer {
    /// Fills in the returned events; how many entries have any.
    pub(super) fn poll(&mut self, entries: &mut [PollEntry]) -> i64 {
        let mut ready = 0;
        for entry in entries {
            entry.revents = if entry.fd < 0 { 0 } else { self.readiness(entry.fd) & (entry.events | ALWAYS) };
            ready += i64::from(entry.revents != 0);
        }
        ready
    }

    fn readiness(&mut self, fd: i32) -> i16 {
        let Ok((descriptor, sockets)) = self.descriptor(fd) else { return POLLNVAL };
        match &descriptor.socket {
            Socket::Stream(stream) => match &stream.state {
                StreamState::Unconnected => POLLOUT | POLLWRNORM | POLLHUP,
                StreamState::Listening(listener) if listener.has_ready() => POLLIN | POLLRDNORM,
                StreamState::Listening(_) => 0,
                StreamState::Connection(connection) => connection.readiness(sockets),
            },
            Socket::Datagram(datagram) => datagram.readiness(sockets),
            Socket::Echo(echo) => echo.readiness(sockets),
        }
    }
}
