//! Issuing a call: what is over at once, and what may wait.

use std::net::SocketAddr;

use ::smoltcp::iface::Context;

use super::super::abi::*;
use super::connection::Wanted;
use super::datagram::Datagram;
use super::echo::Echo;
use super::options::Options;
use super::stream::{Stream, StreamState};
use super::{Descriptor, Operation, Reply, Socket, SocketLayer};
use crate::target::{CallOutput, Errno, SocketCall};

/// What a call came to when it was issued.
pub(in super::super) enum Start {
    /// It is over.
    Over(Reply),
    /// It waits; with a limit in microseconds, or without one.
    Waits(Operation, Option<u64>),
}

impl From<Result<i64, Errno>> for Start {
    fn from(result: Result<i64, Errno>) -> Self {
        Start::Over((result, CallOutput::None))
    }
}

impl SocketLayer {
    /// Issues a call.
    pub(in super::super) fn start(&mut self, call: SocketCall, context: &mut Context) -> Start {
        match call {
            SocketCall::Socket { domain, kind, protocol } => self.socket(domain, kind, protocol).into(),
            SocketCall::Bind { fd, address } => self.bind(fd, address).into(),
            SocketCall::Listen { fd, backlog } => self.listen(fd, backlog).into(),
            SocketCall::Accept { fd } => self.wait_or_not(fd, 0, Operation::Accept { fd }),
            SocketCall::Connect { fd, address } => self.connect(fd, address, context),
            SocketCall::ConnectFamily { fd, family: AF_UNSPEC } => self.disconnect(fd).into(),
            SocketCall::ConnectFamily { fd, family } => match any_address(family) {
                Some(address) => self.connect(fd, address, context),
                None => Err(EAFNOSUPPORT).into(),
            },
            SocketCall::Read { fd, length, null } => self.start_receive(fd, length, 0, null, false),
            SocketCall::Readv { fd, lengths } => self.start_receive(fd, lengths.iter().sum(), 0, false, false),
            SocketCall::Recv { fd, length, flags, null } => self.start_receive(fd, length, flags, null, false),
            SocketCall::RecvFrom { fd, length, flags, null } => self.start_receive(fd, length, flags, null, true),
            SocketCall::RecvMsg { fd, lengths, flags, control_length: _ } => {
                self.start_receive(fd, lengths.iter().sum(), flags, false, true)
            }
            SocketCall::Write { fd, data, null } => self.start_send(fd, data, 0, None, null),
            SocketCall::Writev { fd, data } => self.start_send(fd, data.concat(), 0, None, false),
            SocketCall::Send { fd, data, flags, null } => self.start_send(fd, data, flags, None, null),
            SocketCall::SendTo { fd, data, flags, address, null } => self.start_send(fd, data, flags, address, null),
            SocketCall::SendToFamily { fd, data, flags, family, null } => {
                match (self.descriptor(fd), any_address(family)) {
                    (Err(error), _) => Err(error).into(),
                    // A stream does not look at the address.
                    (Ok((Descriptor { socket: Socket::Stream(_), .. }, _)), _) => {
                        self.start_send(fd, data, flags, None, null)
                    }
                    (Ok(_), Some(address)) => self.start_send(fd, data, flags, Some(address), null),
                    (Ok(_), None) => Err(EAFNOSUPPORT).into(),
                }
            }
            SocketCall::SendMsg { fd, address, data, control, flags, message_flags: _ } => {
                if control.is_empty() {
                    self.start_send(fd, data.concat(), flags, address, false)
                } else {
                    Err(EINVAL).into() // smoltcp takes no control messages
                }
            }
            SocketCall::Fcntl { fd, command, argument } => self.fcntl(fd, command, argument).into(),
            SocketCall::Ioctl { fd, request, argument } => self.ioctl(fd, request, argument),
            SocketCall::Close { fd } => self.close(fd),
            SocketCall::Shutdown { fd, how } => self.shutdown(fd, how).into(),
            SocketCall::GetSockOpt { fd, level, option, value } => match self.descriptor(fd) {
                Ok((descriptor, _)) => Start::Over(descriptor.get_option(level, option, value.len())),
                Err(error) => Err(error).into(),
            },
            SocketCall::SetSockOpt { fd, level, option, value } => self
                .descriptor(fd)
                .and_then(|(descriptor, sockets)| descriptor.set_option(sockets, level, option, &value))
                .into(),
            SocketCall::Poll { entries, timeout } => {
                let mut operation = Operation::Poll { entries };
                match operation.attempt(self) {
                    Some(reply) => Start::Over(reply),
                    None if timeout == 0 => Start::Over(operation.give_up()),
                    None => {
                        Start::Waits(operation, u64::try_from(timeout).ok().map(|milliseconds| milliseconds * 1_000))
                    }
                }
            }
            SocketCall::CapSet { .. }
            | SocketCall::Open { .. }
            | SocketCall::SendFile { .. }
            | SocketCall::EpollCreate { .. }
            | SocketCall::EpollCtl { .. }
            | SocketCall::EpollWait { .. }
            | SocketCall::Pipe
            | SocketCall::Splice { .. } => Err(ENOSYS).into(),
        }
    }

    fn socket(&mut self, family: i32, kind: i32, protocol: i32) -> Result<i64, Errno> {
        let flags = kind & (SOCK_NONBLOCK | SOCK_CLOEXEC);
        if family != AF_INET && family != AF_INET6 {
            return Err(EAFNOSUPPORT);
        }
        let echo = if family == AF_INET6 { IPPROTO_ICMPV6 } else { IPPROTO_ICMP };
        let socket = match (kind & !flags, protocol) {
            (SOCK_STREAM, 0 | IPPROTO_TCP) => Socket::Stream(Stream::new()),
            (SOCK_DGRAM, 0 | IPPROTO_UDP) => Socket::Datagram(Datagram::default()),
            (SOCK_DGRAM, _) if protocol == echo => Socket::Echo(Echo::new(family == AF_INET6)),
            (SOCK_STREAM | SOCK_DGRAM, _) => return Err(EPROTONOSUPPORT),
            _ => return Err(ESOCKTNOSUPPORT),
        };
        let nonblocking = flags & SOCK_NONBLOCK != 0;
        let options = Options::new(self.settings);
        self.install(Descriptor { family, nonblocking, options, socket })
    }

    fn bind(&mut self, fd: i32, address: SocketAddr) -> Result<i64, Errno> {
        let (descriptor, _) = self.descriptor(fd)?;
        if matches!(&descriptor.socket, Socket::Stream(stream) if stream.bound().is_some()) {
            return Err(EINVAL);
        }
        let bound = self.bindable(fd, address)?;
        let (descriptor, sockets) = self.descriptor(fd)?;
        match &mut descriptor.socket {
            Socket::Stream(stream) => stream.set_bound(bound),
            Socket::Datagram(datagram) => datagram.bind(bound, sockets, &descriptor.options)?,
            Socket::Echo(echo) => echo.bind(bound, sockets, &descriptor.options)?,
        }
        Ok(0)
    }

    /// Binds to a dynamic port what is not bound yet.
    fn bind_if_unbound(&mut self, fd: i32) -> Result<(), Errno> {
        let (descriptor, _) = self.descriptor(fd)?;
        let bound = match &descriptor.socket {
            Socket::Stream(stream) => stream.bound(),
            Socket::Datagram(datagram) => datagram.bound(),
            Socket::Echo(echo) => echo.bound(),
        };
        if bound.is_none() {
            let any = any_address(descriptor.family).ok_or(EAFNOSUPPORT)?;
            self.bind(fd, any)?;
        }
        Ok(())
    }

    fn listen(&mut self, fd: i32, backlog: i32) -> Result<i64, Errno> {
        let (descriptor, _) = self.descriptor(fd)?;
        if !matches!(descriptor.socket, Socket::Stream(_)) {
            return Err(EOPNOTSUPP);
        }
        self.bind_if_unbound(fd)?;
        let (descriptor, sockets) = self.descriptor(fd)?;
        match &mut descriptor.socket {
            Socket::Stream(stream) => stream.listen(backlog, sockets, &descriptor.options).map(|()| 0),
            Socket::Datagram(_) | Socket::Echo(_) => Err(EOPNOTSUPP),
        }
    }

    fn connect(&mut self, fd: i32, address: SocketAddr, context: &mut Context) -> Start {
        match self.open(fd, address, context) {
            Ok(true) => Ok(0).into(),
            Ok(false) => self.wait_or_not(fd, 0, Operation::Connect { fd }),
            Err(error) => Err(error).into(),
        }
    }

    /// Begins to connect; whether that is all there is to do.
    fn open(&mut self, fd: i32, address: SocketAddr, context: &mut Context) -> Result<bool, Errno> {
        let (descriptor, sockets) = self.descriptor(fd)?;
        descriptor.check_family(address)?;
        if let Socket::Stream(stream) = &mut descriptor.socket {
            match &stream.state {
                StreamState::Unconnected => {}
                StreamState::Listening(_) => return Err(EISCONN),
                StreamState::Connection(connection) if !connection.connecting => return Err(EISCONN),
                StreamState::Connection(_) => {
                    return match stream.connected(sockets) {
                        Some(result) => result.map(|()| true),
                        None if descriptor.nonblocking => Err(EALREADY),
                        None => Ok(false),
                    };
                }
            }
        }
        self.bind_if_unbound(fd)?;
        let (descriptor, sockets) = self.descriptor(fd)?;
        match &mut descriptor.socket {
            Socket::Stream(stream) => stream.connect(address, sockets, &descriptor.options, context).map(|()| false),
            Socket::Datagram(datagram) => datagram.connect(address, sockets).map(|()| true),
            Socket::Echo(echo) => {
                echo.connect(address);
                Ok(true)
            }
        }
    }

    /// connect(2) with AF_UNSPEC: no peer any more; a TCP connection is reset.
    fn disconnect(&mut self, fd: i32) -> Result<i64, Errno> {
        let descriptor = self.descriptors.get_mut(super::place(fd)?).and_then(Option::as_mut).ok_or(EBADF)?;
        match &mut descriptor.socket {
            Socket::Stream(stream) => stream.disconnect(&mut self.sockets, &mut self.orphans),
            Socket::Datagram(datagram) => datagram.disconnect(&mut self.sockets),
            Socket::Echo(echo) => echo.disconnect(),
        }
        Ok(0)
    }

    fn start_receive(&mut self, fd: i32, length: usize, flags: i32, null: bool, message: bool) -> Start {
        let nonblocking = flags & MSG_DONTWAIT != 0 || self.descriptor(fd).is_ok_and(|(d, _)| d.nonblocking);
        let wanted = Wanted { length, flags, null, all: flags & MSG_WAITALL != 0 && !nonblocking };
        self.wait_or_not(fd, flags, Operation::Receive { fd, wanted, message })
    }

    fn start_send(&mut self, fd: i32, data: Vec<u8>, flags: i32, address: Option<SocketAddr>, null: bool) -> Start {
        if flags & MSG_OOB != 0 {
            return Err(EOPNOTSUPP).into(); // smoltcp never sends urgent data
        }
        if let Ok((descriptor, _)) = self.descriptor(fd) {
            if let Some(address) = address
                && !matches!(descriptor.socket, Socket::Stream(_))
                && let Err(error) = descriptor.check_family(address)
            {
                return Err(error).into();
            }
            let has_peer = match &descriptor.socket {
                Socket::Stream(_) => false,
                Socket::Datagram(datagram) => address.or(datagram.peer()).is_some(),
                Socket::Echo(_) => true,
            };
            if has_peer && let Err(error) = self.bind_if_unbound(fd) {
                return Err(error).into();
            }
        }
        self.wait_or_not(fd, flags, Operation::Send { fd, data, sent: 0, null, address })
    }

    /// Tries an operation; if it is not over, it waits, or not if the descriptor or the flags say so.
    fn wait_or_not(&mut self, fd: i32, flags: i32, mut operation: Operation) -> Start {
        if let Some(reply) = operation.attempt(self) {
            return Start::Over(reply);
        }
        let Ok((descriptor, _)) = self.descriptor(fd) else { return Err(EBADF).into() };
        if descriptor.nonblocking || flags & MSG_DONTWAIT != 0 {
            return Start::Over(operation.give_up());
        }
        let limit = match operation {
            Operation::Accept { .. } | Operation::Receive { .. } => descriptor.options.receive_timeout,
            _ => descriptor.options.send_timeout,
        };
        Start::Waits(operation, (limit != 0).then_some(limit))
    }

    fn fcntl(&mut self, fd: i32, command: i32, argument: Option<i64>) -> Result<i64, Errno> {
        let (descriptor, _) = self.descriptor(fd)?;
        match command {
            F_GETFD | F_SETFD => Ok(0),
            F_GETFL => Ok(i64::from(O_RDWR | if descriptor.nonblocking { O_NONBLOCK } else { 0 })),
            F_SETFL => {
                descriptor.nonblocking = argument.unwrap_or(0) & i64::from(O_NONBLOCK) != 0;
                Ok(0)
            }
            _ => Err(EINVAL),
        }
    }

    fn ioctl(&mut self, fd: i32, request: u64, argument: Option<i32>) -> Start {
        let (descriptor, sockets) = match self.descriptor(fd) {
            Ok(found) => found,
            Err(error) => return Err(error).into(),
        };
        let count = match (request, &descriptor.socket) {
            (FIONBIO, _) => {
                descriptor.nonblocking = argument.unwrap_or(0) != 0;
                return Ok(0).into();
            }
            (FIONREAD | SIOCOUTQ, Socket::Stream(stream)) => match &stream.state {
                StreamState::Unconnected => 0,
                StreamState::Listening(_) => return Err(EINVAL).into(),
                StreamState::Connection(connection) => {
                    let socket = sockets.tcp(connection.handle);
                    if request == FIONREAD { socket.recv_queue() } else { socket.send_queue() }
                }
            },
            (FIONREAD, Socket::Datagram(datagram)) => datagram.next_length(sockets),
            (SIOCOUTQ, Socket::Datagram(datagram)) => datagram.unsent(sockets),
            _ => return Err(ENOTTY).into(),
        };
        Start::Over((Ok(0), CallOutput::Integer(count as i64)))
    }

    fn close(&mut self, fd: i32) -> Start {
        let descriptor = match self.uninstall(fd) {
            Ok(descriptor) => descriptor,
            Err(error) => return Err(error).into(),
        };
        let linger = descriptor.options.linger;
        match descriptor.socket {
            Socket::Datagram(datagram) => datagram.close(&mut self.sockets),
            Socket::Echo(echo) => echo.close(&mut self.sockets),
            Socket::Stream(stream) => {
                let closing = stream.close(&mut self.sockets, &mut self.orphans, linger == Some(0));
                if let (Some(handle), Some(seconds @ 1..), false) = (closing, linger, descriptor.nonblocking) {
                    return Start::Waits(Operation::Close { handle }, Some(u64::from(seconds) * 1_000_000));
                }
            }
        }
        Ok(0).into()
    }

    fn shutdown(&mut self, fd: i32, how: i32) -> Result<i64, Errno> {
        let (read, write) = match how {
            SHUT_RD => (true, false),
            SHUT_WR => (false, true),
            SHUT_RDWR => (true, true),
            _ => return Err(EINVAL),
        };
        let descriptor = self.descriptors.get_mut(super::place(fd)?).and_then(Option::as_mut).ok_or(EBADF)?;
        match &mut descriptor.socket {
            Socket::Stream(stream) => stream.shutdown(&mut self.sockets, &mut self.orphans, read, write)?,
            Socket::Datagram(datagram) => datagram.shutdown(read, write)?,
            Socket::Echo(_) => return Err(ENOTCONN),
        }
        Ok(0)
    }
}

/// An address that is all zeros but for its family.
fn any_address(family: i32) -> Option<SocketAddr> {
    match family {
        AF_INET => Some(([0; 4], 0).into()),
        AF_INET6 => Some(([0; 16], 0).into()),
        _ => None,
    }
}
