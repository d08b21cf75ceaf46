//! Whether a target still works after a session: a fresh connection opens, carries data both ways, and closes.

use super::packet;
use super::{Cause, Connection, Run, Stop};
use crate::fuzzing::finding::Demand;
use crate::fuzzing::session::{CONNECTIONS, Fault, Segment};
use crate::target::Clock;
use crate::wire::{Tcp, TcpFlags};

/// The number of the fresh connection.
const FRESH: usize = CONNECTIONS;
/// The port of the fresh connection's listening socket.
const PORT: u16 = 7_000;
/// A port that nobody has.
const CLOSED: u16 = 7_001;
/// The tester's port.
const TESTER: u16 = 42_000;
/// How long the target may take for each step, in microseconds of its own time: beyond a delayed acknowledgment, and
/// beyond what a datagram of the session that comes late may delay.
const PATIENCE: i64 = 3_000_000;
/// Time between two looks at what cannot be waited for, in microseconds.
const PAUSE: i64 = 1_000;
/// Octets that go each way.
const OCTETS: u16 = 100;

impl Run<'_, '_> {
    /// Opens a fresh connection, sends data both ways, and closes it.
    pub(super) fn check_liveness(&mut self) -> Result<(), Stop> {
        let ready = self.listening(PORT, 1)?;
        let Some(listener) = ready else { return self.not_live("listen") };
        self.application.fresh.push(listener);
        let initial = self.setup.active.into();
        self.runner.fresh.reset(TESTER, PORT, initial);
        self.fresh(TcpFlags::SYN, 0)?;
        self.until("handshake", |fresh| fresh.target_initial.is_some())?;
        self.fresh(TcpFlags::ACK, 0)?;
        let deadline = self.target.now().offset(PATIENCE);
        let fd = loop {
            match self.accepted(listener)? {
                Some((_, fd)) => break fd,
                None if self.target.now() >= deadline => return self.not_live("accept"),
                None => self.advance(self.target.now().offset(PAUSE), u32::MAX)?,
            }
        };
        self.application.fresh.push(fd);
        self.runner.fresh.opened(fd);
        self.fresh(TcpFlags::PSH | TcpFlags::ACK, OCTETS)?;
        // Acknowledgments may be delayed. On a real clock they are awaited with what carries them, which is at once.
        let is_patient = self.target.capabilities().clock == Clock::Virtual;
        if is_patient {
            self.until("acknowledgment", Connection::has_acknowledged_all)?;
        }
        let deadline = self.target.now().offset(PATIENCE);
        loop {
            self.read(FRESH, fd, OCTETS.into())?;
            if self.runner.fresh.has_read(OCTETS.into()) {
                break;
            }
            if self.target.now() >= deadline {
                return self.not_live("read");
            }
            self.advance(self.target.now().offset(PAUSE), u32::MAX)?;
        }
        self.write(FRESH, fd, OCTETS.into())?;
        self.until("data", |fresh| fresh.has_sent(OCTETS.into()))?;
        self.until("acknowledgment", Connection::has_acknowledged_all)?;
        self.fresh(TcpFlags::FIN | TcpFlags::ACK, 0)?;
        if is_patient {
            self.until("acknowledgment of FIN", Connection::has_acknowledged_all)?;
        }
        self.application.fresh.pop();
        self.ignore(crate::target::SocketCall::Close { fd })?;
        self.until("FIN", |fresh| fresh.has_sent(u32::from(OCTETS) + 1))?;
        self.until("acknowledgment of FIN", Connection::has_acknowledged_all)?;
        self.fresh(TcpFlags::ACK, 0)?;
        if self.demands() { self.check_closed_port() } else { Ok(()) }
    }

    /// Sends segments to a port that nobody has.
    fn check_closed_port(&mut self) -> Result<(), Stop> {
        for (number, flags) in (1..).zip([TcpFlags::ACK, TcpFlags::SYN]) {
            let port = TESTER + number;
            self.answers.reset = None;
            let mut out = std::mem::take(&mut self.runner.sent);
            out.clear();
            let tcp =
                Tcp { flags, sequence: 1, acknowledgment: u32::from(flags == TcpFlags::ACK), ..Tcp::new(port, CLOSED) };
            packet::plain(tcp, &self.link, &mut out);
            let result = self.inject(&out, Fault::NONE);
            self.runner.sent = out;
            result?;
            if !self.comes(|answers| answers.reset == Some(port))? {
                let due = Tcp { flags: TcpFlags::RST, sequence: 1, ..Tcp::new(CLOSED, port) };
                let detail = format!("a segment to port {CLOSED}");
                self.missing(Cause::Unanswered(Demand::NoConnection), detail, due, &[])?;
            }
        }
        Ok(())
    }

    /// Sends a segment of the fresh connection.
    fn fresh(&mut self, flags: TcpFlags, length: u16) -> Result<(), Stop> {
        let mut out = std::mem::take(&mut self.runner.sent);
        out.clear();
        let segment = Segment::correct(0, flags, length);
        let emitted = packet::segment(&segment, &self.runner.fresh, self.target.now(), &self.link, &mut out);
        if let Some(tcp) = &emitted.tcp {
            self.runner.fresh.sent(tcp, emitted.payload, true);
        }
        let result = self.inject(&out, segment.fault);
        self.runner.sent = out;
        result
    }

    /// Waits until the fresh connection has come so far.
    fn until(&mut self, step: &'static str, is_done: fn(&Connection) -> bool) -> Result<(), Stop> {
        let deadline = self.target.now().offset(PATIENCE);
        while !is_done(&self.runner.fresh) {
            if self.target.now() >= deadline {
                return self.not_live(step);
            }
            self.advance(deadline, 1)?;
        }
        Ok(())
    }

    fn not_live(&self, step: &'static str) -> Result<(), Stop> {
        let detail = "a fresh connection, as any peer opens one, does not get further".into();
        self.found(Cause::NotLive(step), detail)?;
        Err(Stop::Enough)
    }

    /// A connection of the session, or the fresh one.
    pub(super) fn connection(&mut self, number: usize) -> &mut Connection {
        if number == FRESH { &mut self.runner.fresh } else { &mut self.runner.connections[number] }
    }
}
