//! Whether connections that nothing has disturbed still take what the tester sends, and close.

use super::answers::UNLIMITED;
use super::connection::{Connection, is_after};
use super::packet;
use super::{Cause, Run, Stop};
use crate::fuzzing::finding::Demand;
use crate::fuzzing::session::{Options, Point, Segment, SequenceBase};
use crate::target::SocketCall;
use crate::wire::TcpFlags;

/// Octets that are sent once more before new ones, and new ones at least.
const OLD: u32 = 10;
const NEW: u32 = 60;
/// Octets of a segment, which every link and every target takes.
const MOST: u32 = 400;
/// How long the target may take to acknowledge, in microseconds: beyond what a delayed acknowledgment may.
const PATIENCE: i64 = 3_000_000;

impl Run<'_, '_> {
    /// Sends octets that the target must take, reads them, and closes from both sides.
    pub(super) fn exchange(&mut self, number: usize, fd: i32) -> Result<(), Stop> {
        if !self.demands() || !self.runner.connections[number].goes_on() {
            return Ok(());
        }
        if !self.runner.connections[number].is_all_acknowledged() {
            self.acknowledge(number)?;
        }
        let connection = &self.runner.connections[number];
        let (next, window) = connection.expected();
        // Without a window the target takes nothing, and whether it opens one is its own affair.
        let old = OLD.min(next.wrapping_sub(connection.initial).wrapping_sub(1));
        let new = connection.sent_behind(next).max(NEW).min(window).min(MOST);
        if new == 0 || !self.hand_over(number, TcpFlags::PSH | TcpFlags::ACK, old, new)? {
            return Ok(());
        }
        self.read_all(number, fd)?;
        self.finish(number, fd)
    }

    /// Closes a connection from both sides, the application's first.
    fn finish(&mut self, number: usize, fd: i32) -> Result<(), Stop> {
        if !self.runner.connections[number].is_shut {
            if !matches!(self.call(SocketCall::Shutdown { fd, how: 1 })?, Some((Ok(_), _))) {
                return Ok(());
            }
            self.runner.connections[number].is_shut = true;
        }
        self.drain(number)?;
        let connection = &self.runner.connections[number];
        // Octets behind a FIN are another matter.
        if !connection.goes_on() || !connection.has_come() || connection.sent_behind(connection.expected().0) > 0 {
            return Ok(());
        }
        if self.hand_over(number, TcpFlags::FIN | TcpFlags::ACK, 0, 0)? {
            // An acknowledgment of what is not acceptable may be limited (RFC 5961 section 7).
            self.advance(self.target.now().offset(UNLIMITED), u32::MAX)?;
            let before = self.runner.connections[number].heard;
            // The target cannot know whether its last acknowledgment came.
            self.send(number, TcpFlags::FIN | TcpFlags::ACK, -1, 0)?;
            self.hear_of(number, before, Demand::FinAgain)?;
        }
        Ok(())
    }

    /// Sends `old` octets once more and `new` ones behind them, or a FIN; whether they are acknowledged.
    fn hand_over(&mut self, number: usize, flags: TcpFlags, old: u32, new: u32) -> Result<bool, Stop> {
        let end = self.runner.connections[number].expected().0.wrapping_add(new);
        let end = end.wrapping_add(u32::from(flags.contains(TcpFlags::FIN)));
        self.send(number, flags, -(old as i16), (old + new) as u16)?;
        let deadline = self.target.now().offset(PATIENCE);
        while is_after(end, self.runner.connections[number].expected().0) {
            let connection = &self.runner.connections[number];
            if connection.is_disturbed || self.target.now() >= deadline {
                let missing = end.wrapping_sub(connection.expected().0);
                let why = if connection.is_disturbed { "the target resets the connection" } else { "nothing comes" };
                let due = connection.acknowledgment_due(missing);
                let detail = format!("of the last segment {missing} numbers are not acknowledged: {why}");
                self.missing(Cause::Refused, detail, due, &[])?;
                return Ok(false);
            }
            self.advance(deadline, 1)?;
        }
        Ok(true)
    }

    /// Sends a segment that acknowledges all; its number is this far away from the one that the target expects.
    fn send(&mut self, number: usize, flags: TcpFlags, offset: i16, length: u16) -> Result<(), Stop> {
        let mut out = std::mem::take(&mut self.runner.sent);
        out.clear();
        let connection = &self.runner.connections[number];
        let mut segment = Segment::correct(number as u8, flags, length);
        segment.sequence = Point { base: SequenceBase::Unacknowledged, offset };
        if connection.has_timestamps() {
            segment.options.set = Options::TIMESTAMPS;
        }
        let emitted = packet::segment(&segment, connection, self.target.now(), &self.link, &mut out);
        if let Some(tcp) = &emitted.tcp {
            self.runner.connections[number].sent(tcp, emitted.payload, true);
        }
        let result = self.inject(&out, segment.fault);
        self.runner.sent = out;
        result
    }
}

impl Connection {
    /// Whether it is open for what the tester sends.
    fn goes_on(&self) -> bool {
        self.is_sound() && self.lowest_fin.is_none() && self.has_opening_acknowledged()
    }
}
