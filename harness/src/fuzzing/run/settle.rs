//! Whether what is under way at the end of a session gets to its end, once the tester does what any peer does.
//!
//! Only connections that nothing has disturbed are judged: no reset, no second SYN, no ICMP error, nothing that lets a
//! target give up.

use super::packet;
use super::{Cause, Connection, Run, Stop};
use crate::fuzzing::session::{CONNECTIONS, Options, Segment};
use crate::target::Clock;
use crate::wire::TcpFlags;

/// How long a target may be silent that has something to send, in microseconds: beyond the longest timeout of any stack.
const SILENCE: i64 = 130_000_000;
/// A session whose clock went on by more may have made a target give up (RFC 9293 section 3.8.3: R2 is 100 s at least).
const LONGEST_SESSION: u64 = 60_000_000;
/// Segments that are taken of a connection; who has sent so many goes on.
const MOST_ROUNDS: u32 = 24;
/// Octets of a read.
const READ: usize = 65_536;

impl Run<'_, '_> {
    /// Lets every sound connection send what its application wrote, and read what was acknowledged.
    pub(super) fn settle(&mut self) -> Result<(), Stop> {
        // On a real clock that would take minutes.
        if self.elapsed > LONGEST_SESSION || self.target.capabilities().clock != Clock::Virtual {
            return Ok(());
        }
        for number in 0..CONNECTIONS {
            let Some(fd) = self.runner.connections[number].fd else { continue };
            if self.runner.connections[number].is_sound() {
                if self.runner.connections[number].written > 0 {
                    self.drain(number)?;
                    self.read_all(number, fd)?;
                }
                self.exchange(number, fd)?;
            }
        }
        Ok(())
    }

    /// Takes what the target sends until all that the application wrote has come.
    pub(super) fn drain(&mut self, number: usize) -> Result<(), Stop> {
        let connection = &self.runner.connections[number];
        if connection.has_come() && connection.is_all_acknowledged() {
            return Ok(());
        }
        // Without a word of the tester: something is to be sent, sent again, or probed for.
        self.hear(number)?;
        for _ in 0..MOST_ROUNDS {
            let connection = &self.runner.connections[number];
            if !connection.is_sound() || connection.has_come() {
                break;
            }
            let before = connection.received;
            self.acknowledge(number)?;
            if self.runner.connections[number].received == before {
                self.hear(number)?;
            }
        }
        if self.runner.connections[number].is_sound() { self.acknowledge(number) } else { Ok(()) }
    }

    /// Waits until the target sends on a connection.
    fn hear(&mut self, number: usize) -> Result<(), Stop> {
        let deadline = self.target.now().offset(SILENCE);
        let before = self.runner.connections[number].heard;
        while self.runner.connections[number].heard == before {
            if self.target.now() >= deadline {
                let connection = &self.runner.connections[number];
                let (come, wrote) = (connection.come(), connection.written);
                let detail =
                    format!("{come} of {wrote} octets have come, and then nothing for {} s", SILENCE / 1_000_000);
                // What else is due may be data, or a probe.
                if connection.is_shut && come == wrote {
                    let fin = connection.fin_due();
                    return self.missing(Cause::Stalled, detail, fin, &[]);
                }
                return self.found(Cause::Stalled, detail);
            }
            self.advance(deadline, 1)?;
        }
        Ok(())
    }

    /// Acknowledges all that has come, in a segment that the target must take.
    pub(super) fn acknowledge(&mut self, number: usize) -> Result<(), Stop> {
        let mut out = std::mem::take(&mut self.runner.sent);
        out.clear();
        let connection = &self.runner.connections[number];
        let mut segment = Segment::correct(number as u8, TcpFlags::ACK, 0);
        segment.sequence.base = crate::fuzzing::session::SequenceBase::Unacknowledged;
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

    /// Reads until there is nothing more, and counts.
    pub(super) fn read_all(&mut self, number: usize, fd: i32) -> Result<(), Stop> {
        for _ in 0..4 {
            if !self.read(number, fd, READ)? {
                break;
            }
        }
        let connection = &self.runner.connections[number];
        if let Some((read, acknowledged)) = connection.lacks()
            && connection.is_sound()
            && !connection.is_closing()
        {
            let detail = format!("{acknowledged} octets were acknowledged, {read} can be read");
            self.found(Cause::Lost, detail)?;
        }
        Ok(())
    }
}

impl Connection {
    /// Whether nothing has happened that may end the connection, or that leaves unclear what is in its streams.
    pub(super) fn is_sound(&self) -> bool {
        self.target_initial.is_some() && !self.is_disturbed && !self.is_uncertain()
    }

    /// Whether both sides are shut: what is not read by then may be lost (RFC 9293 section 3.10.3).
    fn is_closing(&self) -> bool {
        self.is_shut && self.lowest_fin.is_some()
    }

    /// Octets of the application's stream that have come, the FIN counted.
    fn come(&self) -> u32 {
        self.target_initial.map_or(0, |initial| self.received.wrapping_sub(initial).wrapping_sub(1))
    }

    /// Whether all that the application wrote has come, and its FIN.
    pub(super) fn has_come(&self) -> bool {
        self.come() >= self.written + u32::from(self.is_shut)
    }

    /// Whether the tester has acknowledged all that has come.
    pub(super) fn is_all_acknowledged(&self) -> bool {
        self.acknowledged == self.received
    }

    /// Octets that the application has read and that were acknowledged, if these are more.
    fn lacks(&self) -> Option<(u32, u32)> {
        let (read, acknowledged) = self.progress()?;
        (read < acknowledged).then_some((read, acknowledged))
    }
}
