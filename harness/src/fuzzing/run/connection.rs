//! One connection of a session, as far as the tester knows it.

use smallvec::SmallVec;

use super::pattern;
use crate::fuzzing::session::{AcknowledgmentBase, Point, SequenceBase};
use crate::wire::{Tcp, TcpFlags, TcpOption};

/// Segments sent out of order that are remembered.
const MOST_RANGES: usize = 32;

/// By how much a window may have grown at most and not been told yet.
const UNTOLD: u32 = 1 << 20;

/// One connection of a session, as far as the tester knows it.
#[derive(Debug, Default)]
pub(super) struct Connection {
    /// The tester's port.
    pub(super) port: u16,
    /// The target's port; 0 while unknown.
    pub(super) target_port: u16,
    /// The tester's initial sequence number.
    pub(super) initial: u32,
    /// The tester's next one.
    pub(super) next: u32,
    /// The target's latest acknowledgment number.
    unacknowledged: u32,
    /// The target's window in octets, scaled.
    window: u32,
    /// The rightmost edge of its windows.
    right: Option<u32>,
    /// Shift counts that target and tester announced.
    shift: (Option<u8>, Option<u8>),
    /// The target's initial sequence number.
    pub(super) target_initial: Option<u32>,
    /// After all that the target sent.
    pub(super) received: u32,
    /// What the tester acknowledged last.
    pub(super) acknowledged: u32,
    /// The target's latest timestamp.
    pub(super) timestamp: u32,
    /// Largest segment that the target takes, in octets of payload.
    segment: u32,
    /// The application's descriptor.
    pub(super) fd: Option<i32>,
    /// Octets that the application has written.
    pub(super) written: u32,
    /// How many of them a call is writing that has not returned.
    pub(super) writing: u32,
    /// Sequence numbers of the first octets of the connections that these ends had.
    starts: SmallVec<[u32; 2]>,
    /// One of them is that of the next octet that the application reads.
    reads: SmallVec<[u32; 2]>,
    /// Where the octets begin that the application read last.
    wrong_from: Option<u32>,
    /// The target's last datagram.
    pub(super) last: Vec<u8>,
    /// Up to here the target may have all the tester's octets.
    deliverable: u32,
    /// Where the first FIN is that the target may have taken: the sequence number of the FIN itself.
    fin: Option<u32>,
    /// What was sent beyond.
    ranges: SmallVec<[(u32, u32); 4]>,
    /// A segment came that may have begun the connection anew elsewhere in the number space.
    uncertain: bool,
    /// The last thing that the target sent is a reset.
    is_reset: bool,
    /// The tester has sent a SYN.
    pub(super) has_opened: bool,
    /// The tester has answered the target's SYN by one of its own.
    pub(super) has_crossed: bool,
    /// Something was done that may end the connection.
    pub(super) is_disturbed: bool,
    /// The application has shut its sending side.
    pub(super) is_shut: bool,
    /// Segments of the target.
    pub(super) heard: u32,
    /// Whether the SYNs of target and tester had timestamps.
    timestamps: (bool, bool),
    /// After the last octet that the tester has sent anywhere.
    pub(super) highest: Option<u32>,
    /// The right edge of the tester's window.
    pub(super) edge: Option<u32>,
    /// The number of the first FIN that the tester has sent anywhere.
    pub(super) lowest_fin: Option<u32>,
    /// The number of the target's FIN.
    target_fin: Option<u32>,
    /// Acknowledgments of the tester of all but the target's FIN.
    fin_duplicates: u8,
}

/// An acknowledgment of what the tester has not sent.
pub(super) struct Beyond {
    /// What the target may acknowledge at most.
    pub(super) acknowledgment: u32,
    /// What it acknowledges, one line.
    pub(super) detail: String,
}

/// What the application read.
pub(super) enum Delivery {
    /// What the tester sent, as far as that is known.
    Right,
    /// Octets beyond the tester's FIN.
    AfterFin,
    /// Something else.
    Wrong,
}

/// Whether `a` is after `b` in the number space (RFC 9293 section 3.4).
pub(super) fn is_after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

impl Connection {
    /// Makes this a connection that nothing has happened on.
    pub(super) fn reset(&mut self, port: u16, target_port: u16, initial: u32) {
        let mut last = std::mem::take(&mut self.last);
        last.clear();
        *self = Connection {
            port,
            target_port,
            initial,
            next: initial,
            unacknowledged: initial,
            window: 65_535,
            segment: 536,
            deliverable: initial,
            last,
            ..Connection::default()
        };
    }

    /// A sequence number of the tester.
    pub(super) fn sequence(&self, point: Point<SequenceBase>) -> u32 {
        let base = match point.base {
            SequenceBase::Next => self.next,
            SequenceBase::Unacknowledged => self.unacknowledged,
            SequenceBase::Initial => self.initial,
            SequenceBase::WindowEnd => self.unacknowledged.wrapping_add(self.window),
            SequenceBase::WindowMiddle => self.unacknowledged.wrapping_add(self.window / 2),
            SequenceBase::Opposite => self.next.wrapping_add(1 << 31),
            SequenceBase::AfterHole => self.next.wrapping_add(self.segment),
            SequenceBase::Zero => 0,
        };
        base.wrapping_add_signed(point.offset.into())
    }

    /// An acknowledgment number of the tester.
    pub(super) fn acknowledgment(&self, point: Point<AcknowledgmentBase>) -> u32 {
        let base = match point.base {
            AcknowledgmentBase::Next => self.received,
            AcknowledgmentBase::Last => self.acknowledged,
            AcknowledgmentBase::Initial => self.target_initial.unwrap_or(0),
            AcknowledgmentBase::Middle => {
                self.acknowledged.wrapping_add(self.received.wrapping_sub(self.acknowledged) / 2)
            }
            AcknowledgmentBase::Opposite => self.received.wrapping_add(1 << 31),
            AcknowledgmentBase::Beyond => self.received.wrapping_add(1),
            AcknowledgmentBase::Old => self.acknowledged.wrapping_sub(65_535),
            AcknowledgmentBase::Zero => 0,
        };
        base.wrapping_add_signed(point.offset.into())
    }

    /// Edges of SACK blocks near what the target has sent and the tester has not acknowledged.
    pub(super) fn sack_edge(&self, octets: u32) -> u32 {
        self.acknowledged.wrapping_add(octets)
    }

    /// The tester sent this; `acceptable`: nothing in it makes a correct target drop it unseen.
    pub(super) fn sent(&mut self, tcp: &Tcp, payload: usize, acceptable: bool) {
        let end = tcp.sequence.wrapping_add(tcp.sequence_length(payload));
        if !acceptable {
            return;
        }
        if tcp.sequence == self.next {
            self.next = end;
        }
        let is_newer = is_after(tcp.acknowledgment, self.acknowledged) && !is_after(tcp.acknowledgment, self.received);
        if tcp.flags.contains(TcpFlags::ACK) && !tcp.flags.contains(TcpFlags::RST) && is_newer {
            self.acknowledged = tcp.acknowledgment;
        }
        if tcp.flags.contains(TcpFlags::SYN) {
            self.has_opened = true;
            self.uncertain |= tcp.sequence != self.initial;
            self.timestamps.1 = tcp.options.find(TcpOption::TIMESTAMPS).is_some();
            if let Some(TcpOption::WindowScale(shift)) = tcp.options.find(TcpOption::WINDOW_SCALE) {
                self.shift.1 = Some(shift.min(14));
            }
        }
        // Text without ACK, and text of a reset, is not taken (RFC 9293 section 3.10.7.4).
        let is_taken = tcp.flags.contains(TcpFlags::SYN) || tcp.flags.contains(TcpFlags::ACK);
        if !is_taken || tcp.flags.contains(TcpFlags::RST) {
            return;
        }
        let (before, last) = (self.deliverable, end.wrapping_sub(1));
        if end != tcp.sequence {
            self.deliverable_to(tcp.sequence, end);
        }
        // One from before the window is none, and neither is one without ACK (RFC 9293 section 3.10.7.4).
        // Nor does one that acknowledges what the target has not sent yet (fifth check), or that comes before both SYNs.
        let is_fin = self.target_initial.is_some()
            && self.has_opened
            && tcp.flags.contains(TcpFlags::FIN)
            && tcp.flags.contains(TcpFlags::ACK)
            && !is_after(tcp.acknowledgment, self.received);
        // Half of the number space away is neither before nor after.
        let is_next = last.wrapping_sub(before) < self.deliverable.wrapping_sub(before);
        if is_fin && self.fin.is_none() && is_next {
            self.fin = Some(last);
        }
    }

    fn deliverable_to(&mut self, start: u32, end: u32) {
        if self.ranges.len() < MOST_RANGES {
            self.ranges.push((start, end));
        } else {
            self.uncertain = true;
        }
        loop {
            let before = self.deliverable;
            for &(start, end) in &self.ranges {
                if !is_after(start, self.deliverable) && is_after(end, self.deliverable) {
                    self.deliverable = end;
                }
            }
            if self.deliverable == before {
                break;
            }
        }
        let deliverable = self.deliverable;
        self.ranges.retain(|(_, end)| is_after(*end, deliverable));
    }

    /// The target sent this. Whether it acknowledges what was not sent.
    pub(super) fn received(&mut self, tcp: &Tcp, payload: &[u8], octets: &[u8]) -> Option<Beyond> {
        self.last.clear();
        self.last.extend_from_slice(octets);
        self.heard += 1;
        let flags = tcp.flags;
        self.is_reset = flags.contains(TcpFlags::RST);
        if let Some(TcpOption::Timestamps { value, .. }) = tcp.options.find(TcpOption::TIMESTAMPS) {
            self.timestamp = value;
        }
        if flags.contains(TcpFlags::RST) {
            self.is_disturbed = true;
            return None;
        }
        let end = tcp.sequence.wrapping_add(tcp.sequence_length(payload.len()));
        if flags.contains(TcpFlags::FIN) {
            self.target_fin = Some(end.wrapping_sub(1));
        }
        if flags.contains(TcpFlags::SYN) {
            if self.target_initial != Some(tcp.sequence) {
                self.target_initial = Some(tcp.sequence);
                self.received = end;
                self.acknowledged = tcp.sequence;
            }
            if let Some(TcpOption::MaximumSegmentSize(segment)) = tcp.options.find(TcpOption::MAXIMUM_SEGMENT_SIZE) {
                self.segment = segment.into();
            }
            self.timestamps.0 = tcp.options.find(TcpOption::TIMESTAMPS).is_some();
            self.shift.0 = match tcp.options.find(TcpOption::WINDOW_SCALE) {
                Some(TcpOption::WindowScale(shift)) => Some(shift.min(14)),
                _ => None,
            };
        } else if is_after(end, self.received) {
            self.received = end;
        }
        if !flags.contains(TcpFlags::ACK) {
            return None;
        }
        let shift = match self.shift {
            (Some(target), Some(_)) if !flags.contains(TcpFlags::SYN) => target,
            _ => 0,
        };
        self.window = u32::from(tcp.window) << shift;
        self.unacknowledged = tcp.acknowledgment;
        let right = tcp.acknowledgment.wrapping_add(self.window);
        if self.right.is_none_or(|before| is_after(right, before)) {
            self.right = Some(right);
        }
        // Where the target opened, its first acknowledgment is that of the tester's SYN, and maybe of data.
        let first = if flags.contains(TcpFlags::SYN) { tcp.acknowledgment } else { self.initial.wrapping_add(1) };
        if !self.starts.contains(&first) && (flags.contains(TcpFlags::SYN) || self.starts.is_empty()) {
            self.starts.push(first);
        }
        if !self.uncertain && is_after(tcp.acknowledgment, self.deliverable) {
            let detail = format!(
                "acknowledges {}, the tester sent up to {}",
                tcp.acknowledgment.wrapping_sub(self.initial),
                self.deliverable.wrapping_sub(self.initial)
            );
            return Some(Beyond { acknowledgment: self.deliverable, detail });
        }
        None
    }

    /// A segment was sent of which the target may make another one than the tester meant.
    pub(super) fn doubt(&mut self) {
        self.uncertain = true;
    }

    /// The application has this descriptor for a connection between these ends.
    pub(super) fn opened(&mut self, fd: i32) {
        self.fd = Some(fd);
        (self.written, self.writing) = (0, 0);
        self.is_shut = false;
        self.reads.clear();
    }

    /// The application read this; whether it is what the tester sent, as far as that is known.
    pub(super) fn delivered(&mut self, octets: &[u8]) -> Delivery {
        if self.reads.is_empty() {
            // What the target acknowledged first may be known only now.
            self.reads.extend_from_slice(&self.starts);
        }
        if self.reads.is_empty() || self.uncertain {
            return Delivery::Right;
        }
        let end = |start: &u32| start.wrapping_add(octets.len() as u32);
        let after_fin = self.fin.is_some_and(|fin| self.reads.iter().all(|start| is_after(end(start), fin)));
        self.wrong_from = self.reads.first().copied();
        self.reads.retain(|start| pattern::agrees(octets, *start, pattern::of_tester));
        for start in &mut self.reads {
            *start = end(start);
        }
        if !self.reads.is_empty() && !after_fin {
            return Delivery::Right;
        }
        // What differs once is not known any more.
        self.uncertain = true;
        if after_fin { Delivery::AfterFin } else { Delivery::Wrong }
    }

    /// What the application should have read where [`Connection::delivered`] said that it is not right.
    pub(super) fn right(&self, length: usize) -> Vec<u8> {
        let Some(start) = self.wrong_from else { return Vec::new() };
        let length = match self.fin {
            Some(fin) if is_after(start.wrapping_add(length as u32), fin) => {
                if is_after(fin, start) {
                    fin.wrapping_sub(start) as usize
                } else {
                    0
                }
            }
            _ => length,
        };
        pattern::of_tester(start, length).to_vec()
    }

    /// Ports and numbers of a reset that the target takes, if it may still know the connection: the tester's number is
    /// exactly the next one that the target expects (RFC 5961 section 3.2).
    pub(super) fn reset_for(&self) -> Option<Tcp> {
        if self.is_reset || self.last.is_empty() {
            return None;
        }
        Some(Tcp {
            sequence: self.unacknowledged,
            acknowledgment: self.received,
            flags: TcpFlags::RST | TcpFlags::ACK,
            ..Tcp::new(self.port, self.target_port)
        })
    }

    /// Whether it is unclear what the target takes.
    pub(super) fn is_uncertain(&self) -> bool {
        self.uncertain
    }

    /// By how many bits the tester's windows are scaled.
    pub(super) fn own_shift(&self) -> u8 {
        match self.shift {
            (Some(_), Some(own)) => own,
            _ => 0,
        }
    }

    /// Whether both SYNs had timestamps.
    pub(super) fn has_timestamps(&self) -> bool {
        self.timestamps == (true, true)
    }

    /// Whether the tester's SYN had timestamps.
    pub(super) fn has_offered_timestamps(&self) -> bool {
        self.timestamps.1
    }

    /// Whether the target ends its stream before all that the application wrote; which octets it leaves out, one line.
    pub(super) fn ends_early(&self, tcp: &Tcp, payload: usize) -> Option<String> {
        let end = self.place(tcp)?.wrapping_add(payload as u32);
        // A socket that was closed may have another one after it, which has written nothing yet.
        let written = self.written.wrapping_sub(self.writing);
        let is_early = self.fd.is_some() && tcp.flags.contains(TcpFlags::FIN) && end < written;
        (is_early && !tcp.flags.contains(TcpFlags::RST) && !self.uncertain)
            .then(|| format!("the FIN stands behind octet {end} of a stream of {written} octets"))
    }

    /// Whether a reset may end the connection: unless all of it is surely outside the target's window, the octets that it
    /// carries counted (RFC 9293 section 3.10.7.4, first and second).
    pub(super) fn may_be_reset_by(&self, reset: &Tcp, payload: usize) -> bool {
        let Some(right) = self.right.filter(|_| self.is_established() && !self.uncertain) else { return true };
        let end = reset.sequence.wrapping_add(reset.sequence_length(payload));
        let is_old = is_after(self.unacknowledged, reset.sequence) && !is_after(end, self.unacknowledged);
        let edge = right.wrapping_add(UNTOLD);
        let is_behind = is_after(reset.sequence, edge) && is_after(end, edge);
        !(is_old || is_behind)
    }

    /// Whether both SYNs are acknowledged.
    pub(super) fn is_established(&self) -> bool {
        let is_acknowledged = self.target_initial.is_some_and(|initial| is_after(self.acknowledged, initial));
        is_acknowledged && self.starts.len() == 1
    }

    /// Whether the target has acknowledged the tester's SYN, and of no more than one connection.
    pub(super) fn has_opening_acknowledged(&self) -> bool {
        self.starts.len() == 1 && is_after(self.unacknowledged, self.initial)
    }

    /// Octets that the tester has sent from this number on.
    pub(super) fn sent_behind(&self, number: u32) -> u32 {
        self.highest.filter(|highest| is_after(*highest, number)).map_or(0, |highest| highest.wrapping_sub(number))
    }

    /// What the target expects next, and the octets from there on that its window holds.
    pub(super) fn expected(&self) -> (u32, u32) {
        (self.unacknowledged, self.window)
    }

    /// Whether a segment of this connection is old altogether or behind the window, and is to be answered for that.
    pub(super) fn is_outside(&self, tcp: &Tcp, payload: usize) -> bool {
        let end = tcp.sequence.wrapping_add(tcp.sequence_length(payload));
        let is_old = is_after(self.unacknowledged, tcp.sequence) && !is_after(end, self.unacknowledged);
        // What a window takes that has grown and was not told is answered too, if it has octets.
        let is_behind = payload > 0 && self.right.is_some_and(|right| is_after(tcp.sequence, right));
        // Half of the number space away is neither before nor after.
        let newly = tcp.acknowledgment.wrapping_sub(self.acknowledged);
        let acknowledges = newly <= self.received.wrapping_sub(self.acknowledged);
        (is_old || is_behind) && acknowledges
    }

    /// Whether this is the third acknowledgment, or a later one, of all but the target's FIN.
    pub(super) fn duplicates_fin(&mut self, acknowledgment: u32) -> bool {
        let is_one = self.target_fin == Some(acknowledgment);
        self.fin_duplicates = self.fin_duplicates.saturating_add(u8::from(is_one));
        is_one && self.fin_duplicates >= 3
    }

    /// Octets that the application has read, and at least that were acknowledged; `None` if that is not clear.
    pub(super) fn progress(&self) -> Option<(u32, u32)> {
        let [start] = self.starts[..] else { return None };
        let read = if self.reads.is_empty() { start } else { *self.reads.first()? };
        // A FIN has a number and no octet.
        let acknowledged = self.unacknowledged.wrapping_sub(start).saturating_sub(u32::from(self.lowest_fin.is_some()));
        Some((read.wrapping_sub(start), acknowledged))
    }

    /// Whether the target has acknowledged all that the tester sent.
    pub(super) fn has_acknowledged_all(&self) -> bool {
        self.unacknowledged == self.next
    }

    /// Whether the target has sent so many octets after its SYN, FIN counted.
    pub(super) fn has_sent(&self, octets: u32) -> bool {
        self.target_initial.is_some_and(|initial| self.received.wrapping_sub(initial) > octets)
    }

    /// Whether the application has read so many octets.
    pub(super) fn has_read(&self, octets: u32) -> bool {
        self.reads.iter().zip(&self.starts).any(|(read, start)| read.wrapping_sub(*start) >= octets)
    }

    /// The place in the application's stream of the payload of a segment.
    pub(super) fn place(&self, tcp: &Tcp) -> Option<u32> {
        Some(tcp.sequence.wrapping_sub(self.target_initial?.wrapping_add(1)))
    }

    /// Whether the payload of a segment may be what a keep-alive carries: one octet of anything, before what the
    /// tester has acknowledged (RFC 9293 section 3.8.4).
    pub(super) fn is_keep_alive(&self, tcp: &Tcp, payload: &[u8]) -> bool {
        payload.len() <= 1 && is_after(self.received, tcp.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection that the tester opened from sequence number 0, and on which it sent `n` octets.
    fn established(n: u32) -> Connection {
        let mut connection = Connection::default();
        connection.reset(40_000, 8_080, 0);
        connection.sent(&tcp(TcpFlags::SYN, 0, 0), 0, true);
        assert!(connection.received(&tcp(TcpFlags::SYN | TcpFlags::ACK, 0, 1), &[], &[]).is_none());
        connection.sent(&tcp(TcpFlags::ACK, 1, 1), n as usize, true);
        connection.opened(9);
        connection
    }

    fn tcp(flags: TcpFlags, sequence: u32, acknowledgment: u32) -> Tcp {
        Tcp { flags, sequence, acknowledgment, ..Tcp::new(40_000, 8_080) }
    }

    fn reads_on(mut connection: Connection) -> bool {
        matches!(connection.delivered(pattern::of_tester(1, 2)), Delivery::Right)
    }

    #[test]
    fn a_fin_half_of_the_number_space_away_ends_nothing() {
        let mut connection = established(2);
        connection.sent(&tcp(TcpFlags::FIN | TcpFlags::ACK, 3 + (1 << 31), 1), 0, true);
        assert!(reads_on(connection));
        let mut connection = established(1);
        connection.sent(&tcp(TcpFlags::FIN | TcpFlags::ACK, 2, 1), 0, true);
        assert!(!reads_on(connection), "one that is next does");
    }

    #[test]
    fn a_fin_from_before_the_syn_ends_nothing() {
        let mut connection = Connection::default();
        connection.reset(40_000, 8_080, 0);
        connection.sent(&tcp(TcpFlags::FIN | TcpFlags::ACK, 0, 0), 0, true);
        connection.sent(&tcp(TcpFlags::SYN, 0, 0), 0, true);
        assert!(connection.received(&tcp(TcpFlags::SYN | TcpFlags::ACK, 0, 1), &[], &[]).is_none());
        connection.sent(&tcp(TcpFlags::ACK, 1, 1), 2, true);
        connection.opened(9);
        assert!(reads_on(connection));
    }
}
