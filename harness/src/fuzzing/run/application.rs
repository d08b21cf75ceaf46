//! The target's application in a session: its sockets and calls.

use std::net::{IpAddr, SocketAddr};

use smallvec::SmallVec;

use super::connection::Delivery;
use super::packet::{self, UDP_HEADER, UDP_PORT};
use super::{Run, SERVER, Step, Stimulus, Stop, pattern};
use crate::fuzzing::finding::{Cause, Demand};
use crate::fuzzing::session::{CONNECTIONS, Call, CallKind, Datagram, FaultKind};
use crate::target::{CallOutput, PollEntry, SocketCall};
use crate::wire::Udp;

// Numbers of the Linux ABI, as calls have them on every target.
pub(super) const AF_INET: i32 = 2;
pub(super) const AF_INET6: i32 = 10;
const SOCK_STREAM: i32 = 1;
const SOCK_DGRAM: i32 = 2;
const SOCK_NONBLOCK: i32 = 0o4000;
const MSG_DONTWAIT: i32 = 0x40;
const SOL_SOCKET: i32 = 1;
const SO_LINGER: i32 = 13;
const SO_REUSEADDR: i32 = 2;
const SO_RCVBUF: i32 = 8;
const IPPROTO_TCP: i32 = 6;
const TCP_USER_TIMEOUT: i32 = 18;
const EINPROGRESS: i32 = 115;

/// Datagrams that are read at a time.
const MOST_DATAGRAMS: u32 = 4;

/// Options that are set, with level, number and the value of which an amount chooses a bit.
const OPTIONS: [(i32, i32, [i32; 2]); 8] = [
    (IPPROTO_TCP, 1, [0, 1]),                 // TCP_NODELAY
    (SOL_SOCKET, 9, [0, 1]),                  // SO_KEEPALIVE
    (IPPROTO_TCP, 4, [1, 600]),               // TCP_KEEPIDLE
    (SOL_SOCKET, SO_RCVBUF, [1_152, 65_536]), // SO_RCVBUF
    (SOL_SOCKET, 7, [1_152, 65_536]),         // SO_SNDBUF
    (IPPROTO_TCP, TCP_USER_TIMEOUT, [1_000, 60_000]),
    (IPPROTO_TCP, 12, [0, 1]), // TCP_QUICKACK
    (SOL_SOCKET, 2, [0, 1]),   // SO_REUSEADDR
];

/// Options that make a target give up a peer that is silent.
const MAY_GIVE_UP: [(i32, i32); 3] = [(IPPROTO_TCP, TCP_USER_TIMEOUT), (SOL_SOCKET, 9), (IPPROTO_TCP, 4)];

/// Descriptors that belong to no connection.
#[derive(Debug, Default)]
pub(super) struct Application {
    listener: Option<i32>,
    udp: Option<i32>,
    /// It was tried and the target cannot.
    cannot: (bool, bool),
    /// Those of the check that the target still works, not closed by it.
    pub(super) fresh: SmallVec<[i32; 2]>,
}

impl Run<'_, '_> {
    /// Opens the listening socket, if it is not open.
    pub(super) fn listen(&mut self) -> Result<(), Stop> {
        if self.application.listener.is_some() || self.application.cannot.0 {
            return Ok(());
        }
        self.application.cannot.0 = true;
        self.application.listener = self.listening(SERVER, self.setup.backlog.into())?;
        Ok(())
    }

    /// A socket that listens on this port; `None` if a call did not succeed.
    pub(super) fn listening(&mut self, port: u16, backlog: i32) -> Result<Option<i32>, Stop> {
        let Some(fd) = self.socket(SOCK_STREAM)? else { return Ok(None) };
        let address = SocketAddr::new(self.link.local, port);
        if self.is_shared {
            // What an earlier session left behind on this port must not keep it from listening.
            let value = 1i32.to_ne_bytes().to_vec();
            self.ignore(SocketCall::SetSockOpt { fd, level: SOL_SOCKET, option: SO_REUSEADDR, value })?;
        }
        let bound = self.succeeds(SocketCall::Bind { fd, address })?;
        if bound && self.succeeds(SocketCall::Listen { fd, backlog })? { Ok(Some(fd)) } else { Ok(None) }
    }

    /// A call of a session's application.
    pub(super) fn application_call(&mut self, call: &Call) -> Result<(), Stop> {
        let number = usize::from(call.connection) % CONNECTIONS;
        let Some(fd) = self.runner.connections[number].fd else { return self.open(number) };
        match call.kind {
            CallKind::Open if self.setup.is_active(call.connection) => {}
            CallKind::Open => self.accept()?,
            CallKind::Write => self.write(number, fd, usize::from(call.amount) % pattern::LONGEST)?,
            CallKind::Read => self.read(number, fd, usize::from(call.amount).max(1)).map(|_| ())?,
            CallKind::ShutdownWrite => {
                if self.runner.connections[number].has_crossed {
                    self.note(Stimulus::ShutCrossed);
                }
                let is_shut = self.succeeds(SocketCall::Shutdown { fd, how: 1 })?;
                self.runner.connections[number].is_shut |= is_shut;
            }
            CallKind::ShutdownBoth => {
                self.disturb(number);
                self.ignore(SocketCall::Shutdown { fd, how: 2 })?;
            }
            CallKind::Close => self.close(number, fd)?,
            CallKind::Abort => {
                self.note(Stimulus::Abort);
                let value = [1, 0i32].iter().flat_map(|word| word.to_ne_bytes()).collect();
                self.ignore(SocketCall::SetSockOpt { fd, level: SOL_SOCKET, option: SO_LINGER, value })?;
                self.close(number, fd)?;
            }
            CallKind::SetOption => {
                let (level, option, values) = OPTIONS[usize::from(call.amount >> 1) % OPTIONS.len()];
                let value = values[usize::from(call.amount & 1)].to_ne_bytes().to_vec();
                if self
                    .target
                    .capabilities()
                    .socket_options
                    .as_ref()
                    .is_none_or(|known| known.contains(&(level, option)))
                {
                    if (level, option) == (IPPROTO_TCP, TCP_USER_TIMEOUT) {
                        self.note(Stimulus::Timeout);
                    }
                    if (level, option) == (SOL_SOCKET, SO_RCVBUF) {
                        self.note(Stimulus::ReceiveBuffer);
                    }
                    if MAY_GIVE_UP.contains(&(level, option)) {
                        self.disturb(number);
                    }
                    self.ignore(SocketCall::SetSockOpt { fd, level, option, value })?;
                }
            }
            CallKind::Poll => {
                let entries = vec![PollEntry { fd, events: 0x2f, revents: 0 }];
                self.ignore(SocketCall::Poll { entries, timeout: 0 })?;
            }
        }
        Ok(())
    }

    fn open(&mut self, number: usize) -> Result<(), Stop> {
        if !self.setup.is_active(number as u8) {
            self.listen()?;
            return self.accept();
        }
        let Some(fd) = self.socket(SOCK_STREAM | SOCK_NONBLOCK)? else { return Ok(()) };
        let connection = &mut self.runner.connections[number];
        let (port, initial) = (connection.port, connection.initial);
        connection.reset(port, 0, initial);
        connection.opened(fd);
        let address = SocketAddr::new(self.link.remote, port);
        if let Some((Err(error), _)) = self.call(SocketCall::Connect { fd, address })?
            && error.0 != EINPROGRESS
        {
            self.close(number, fd)?;
        }
        Ok(())
    }

    /// Takes a connection from the listening socket; it is that of the session's connections whose port it has.
    fn accept(&mut self) -> Result<(), Stop> {
        let Some(fd) = self.application.listener else { return Ok(()) };
        let Some((port, fd)) = self.accepted(fd)? else { return Ok(()) };
        match self.runner.connections.iter().position(|connection| connection.port == port) {
            Some(number) => {
                if let Some(before) = self.runner.connections[number].fd {
                    self.ignore(SocketCall::Close { fd: before })?;
                }
                self.runner.connections[number].opened(fd);
            }
            None => self.ignore(SocketCall::Close { fd })?,
        }
        Ok(())
    }

    /// Port of the peer and descriptor of a connection that is ready.
    pub(super) fn accepted(&mut self, fd: i32) -> Result<Option<(u16, i32)>, Stop> {
        match self.call(SocketCall::Accept { fd })? {
            Some((Ok(fd), CallOutput::Address(peer))) => Ok(i32::try_from(fd).ok().map(|fd| (peer.port(), fd))),
            _ => Ok(None),
        }
    }

    /// Writes the next octets of the stream; as many as fit.
    pub(super) fn write(&mut self, number: usize, fd: i32, length: usize) -> Result<(), Stop> {
        let connection = self.connection(number);
        let before = connection.written;
        // They may be on their way before the call has returned.
        connection.written = before.wrapping_add(length as u32);
        connection.writing = length as u32;
        let data = pattern::of_target(before, length).to_vec();
        let returned = self.call(SocketCall::Send { fd, data, flags: MSG_DONTWAIT, null: false })?;
        let taken = match &returned {
            Some((Ok(taken), _)) => u32::try_from(*taken).unwrap_or(0),
            Some((Err(_), _)) => 0,
            None => length as u32,
        };
        let is_over = returned.is_some();
        let connection = self.connection(number);
        connection.written = before.wrapping_add(taken.min(length as u32));
        connection.writing = if is_over { 0 } else { length as u32 };
        Ok(())
    }

    /// Reads, and holds what came against what the tester sent. Whether anything came.
    pub(super) fn read(&mut self, number: usize, fd: i32, length: usize) -> Result<bool, Stop> {
        let returned = self.call(SocketCall::Recv { fd, length, flags: MSG_DONTWAIT, null: false })?;
        let Some((Ok(_), CallOutput::Data(data))) = returned else { return Ok(false) };
        if data.is_empty() {
            return Ok(false);
        }
        let cause = match self.connection(number).delivered(&data) {
            Delivery::Right => return Ok(true),
            Delivery::AfterFin => Cause::DeliveredAfterFin,
            Delivery::Wrong => Cause::Delivered,
        };
        if self.runner.steps.is_some() {
            let right = self.connection(number).right(data.len());
            self.must_read(right);
        }
        let start = String::from_utf8_lossy(&data[..data.len().min(32)]).into_owned();
        self.found(cause, format!("{} octets that begin with {start:?}", data.len()))?;
        Ok(true)
    }

    /// The last call must have read something else.
    fn must_read(&mut self, data: Vec<u8>) {
        let steps = self.runner.steps.iter_mut().flatten().rev();
        if let Some(Step::Called { right, .. }) = steps.into_iter().find(|step| matches!(step, Step::Called { .. })) {
            *right = Some(data);
        }
    }

    fn close(&mut self, number: usize, fd: i32) -> Result<(), Stop> {
        self.note(Stimulus::Closed);
        self.runner.connections[number].fd = None;
        self.ignore(SocketCall::Close { fd })
    }

    /// A UDP datagram of the tester, and what the application does with it.
    pub(super) fn udp(&mut self, datagram: &Datagram) -> Result<(), Stop> {
        if self.application.udp.is_none() && !self.application.cannot.1 {
            self.application.cannot.1 = true;
            if let Some(fd) = self.socket(SOCK_DGRAM)? {
                let address = SocketAddr::new(self.link.local, UDP_PORT);
                self.application.udp = self.succeeds(SocketCall::Bind { fd, address })?.then_some(fd);
            }
        }
        if packet::is_to_nobody(datagram) {
            return self.udp_to_nobody(datagram);
        }
        let (number, emitted) = self.datagram(datagram, packet::udp)?;
        if emitted.acceptable {
            self.runner.datagrams.push((number, emitted.payload));
        }
        let Some(fd) = self.application.udp else { return Ok(()) };
        let must = if self.must_deliver(datagram, emitted.payload) {
            1 + u32::from(datagram.fault.kind == FaultKind::Twice)
        } else {
            0
        };
        let port = packet::udp_port(datagram);
        let mut came = 0;
        for _ in 0..MOST_DATAGRAMS {
            let call = SocketCall::RecvFrom { fd, length: 65_535, flags: MSG_DONTWAIT, null: false };
            let Some((Ok(_), CallOutput::Message { data, address, .. })) = self.call(call)? else { break };
            let sent = |(number, length): &(u32, usize)| {
                data.len() == *length && pattern::agrees(&data, *number, pattern::of_tester)
            };
            if !self.runner.datagrams.iter().any(sent) {
                self.must_read(Vec::new());
                return self.found(Cause::Datagram, format!("{} octets from {address:?}", data.len()));
            }
            if data.len() == emitted.payload && pattern::agrees(&data, number, pattern::of_tester) {
                came += 1;
                if must > 0 && address != Some(SocketAddr::new(self.link.remote, port)) {
                    return self
                        .found(Cause::Datagram, format!("{} octets of port {port} from {address:?}", data.len()));
                }
            }
            if datagram.choice & 1 != 0 && address.is_some_and(|address| address.port() != 0) {
                self.reply(fd, data, address)?;
            }
        }
        if came < must {
            let found = self
                .found(Cause::Unanswered(Demand::Datagram), format!("{} octets of UDP port {port}", emitted.payload));
            if found.is_err() {
                self.must_read(pattern::of_tester(number, emitted.payload).to_vec());
            }
            return found;
        }
        Ok(())
    }

    /// Whether a datagram is one that the application must get.
    fn must_deliver(&self, datagram: &Datagram, length: usize) -> bool {
        let is_as_usual = match datagram.fault.kind {
            FaultKind::SourcePort => true,
            // No checksum.
            FaultKind::Urgent => self.link.local.is_ipv4(),
            _ => self.must_take(datagram.fault, UDP_HEADER + length),
        };
        self.demands() && is_as_usual
    }

    /// Sends a datagram back, which must leave as it is.
    fn reply(&mut self, fd: i32, data: Vec<u8>, address: Option<SocketAddr>) -> Result<(), Stop> {
        let length = data.len();
        self.note_length(UDP_HEADER + length);
        self.answers.datagram = None;
        let sent = data.clone();
        let call = SocketCall::SendTo { fd, data, flags: MSG_DONTWAIT, address, null: false };
        let is_sent = self.succeeds(call)?;
        let Some(address) = address.filter(|address| address.ip() == self.link.remote) else { return Ok(()) };
        let fits = length + UDP_HEADER + 40 <= self.link.mtu as usize;
        let expected = (UDP_PORT, address.port(), length);
        if is_sent && fits && self.demands() && !self.comes(|answers| answers.datagram == Some(expected))? {
            let detail = format!("{length} octets to {address}");
            let due = Udp::new(UDP_PORT, address.port());
            return self.missing(Cause::Unanswered(Demand::SentDatagram), detail, due, &sent);
        }
        Ok(())
    }

    /// Closes all that the session opened.
    pub(super) fn close_all(&mut self) -> Result<(), Stop> {
        for number in 0..CONNECTIONS {
            if let Some(fd) = self.runner.connections[number].fd.take() {
                self.note(Stimulus::Closed);
                self.ignore(SocketCall::Close { fd })?;
            }
        }
        for fd in [self.application.listener.take(), self.application.udp.take()].into_iter().flatten() {
            self.ignore(SocketCall::Close { fd })?;
        }
        Ok(())
    }

    fn socket(&mut self, kind: i32) -> Result<Option<i32>, Stop> {
        let domain = if matches!(self.link.local, IpAddr::V4(_)) { AF_INET } else { AF_INET6 };
        // A listening socket must not keep accept(2) waiting either.
        let returned = self.call(SocketCall::Socket { domain, kind: kind | SOCK_NONBLOCK, protocol: 0 })?;
        Ok(match returned {
            Some((Ok(fd), _)) => i32::try_from(fd).ok(),
            _ => None,
        })
    }

    fn succeeds(&mut self, call: SocketCall) -> Result<bool, Stop> {
        Ok(matches!(self.call(call)?, Some((Ok(_), _))))
    }

    pub(super) fn ignore(&mut self, call: SocketCall) -> Result<(), Stop> {
        self.call(call).map(|_| ())
    }
}
