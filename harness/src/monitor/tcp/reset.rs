//! Resets: their numbers, what they answer, and what may follow them.

use super::connection::Connection;
use super::segment::Segment;
use crate::monitor::sequence::after;
use crate::monitor::violation::Findings;
use crate::monitor::{Invariant, Vantage};

impl Connection {
    /// A segment with RST.
    pub(super) fn reset(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        if segment.from_tester {
            self.reset_of_tester(from, segment);
            return;
        }
        if vantage.complete {
            self.check_time_wait(from, segment, findings);
            self.check_reset(from, segment, findings);
        }
        let ends = self.pair(from);
        (ends.own.unanswered, ends.peer.unanswered) = (None, None);
        ends.own.repeated = Default::default();
        self.has_ended = true;
        self.time_wait = None;
    }

    /// A reset of the tester: it ends the connection if it is at RCV.NXT and nothing is under way.
    fn reset_of_tester(&mut self, from: usize, segment: &Segment<'_>) {
        // A first fragment without all headers is discarded (RFC 7112 section 5).
        let is_whole = segment.is_plain() && !segment.is_fragmented;
        let is_certain = !self.is_opaque && self.time_wait.is_none() && is_whole;
        let ends = self.pair(from);
        let (own, peer) = (ends.own, ends.peer);
        peer.repeated = Default::default();
        own.unanswered = None;
        let is_next = peer.acknowledged == Some(segment.start()) && own.offered.end() == segment.start();
        if is_certain && is_next && peer.is_established && own.opening.is_some() && !own.offered.has_gap() {
            own.reset_at = Some((segment.at, segment.frame));
        }
        self.has_ended = true;
        self.time_wait = None;
    }

    /// A segment of the judged end, after a reset that it had to take.
    pub(super) fn check_after_reset(
        &self,
        from: usize,
        segment: &Segment<'_>,
        vantage: &Vantage,
        findings: &mut Findings,
    ) {
        // What was under way when the reset came may still be seen.
        let Some((at, frame)) = self.ends[1 - from].reset_at else { return };
        if segment.at.micros() > at.micros() + vantage.skew && !self.is_opaque {
            findings.fail(Invariant::AfterReset, || {
                format!("the connection goes on after the reset of packet {frame}, which was at RCV.NXT")
            });
        }
    }

    fn check_reset(&self, from: usize, segment: &Segment<'_>, findings: &mut Findings) {
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        let (start, number) = (segment.start(), segment.tcp.acknowledgment);
        let answers = |recent: &super::end::Recent| match recent.acknowledgment {
            Some(acknowledgment) => start == acknowledgment,
            None => start == 0 && segment.ack() && number == recent.end,
        };
        if peer.recent.iter().any(|recent| recent.is_valid && !recent.is_reset && answers(recent)) {
            return;
        }
        // An abort has a number of the connection.
        let is_own = match (own.isn(), own.next) {
            (Some(isn), Some(next)) => !after(isn, start) && !after(start, next),
            _ => false,
        };
        if is_own || peer.recent_forgotten || self.candidate.is_some() && own.next.is_some() {
            return;
        }
        // What answers comes at once: where something else came after the reset, that may be meant.
        if peer.recent.last().is_some_and(|recent| recent.is_reset && answers(recent)) {
            findings.fail(Invariant::ResetForReset, || "a reset answers a reset".to_owned());
        } else if peer.recent.last().is_some_and(|recent| !recent.is_valid && answers(recent)) {
            findings
                .fail(Invariant::TcpChecksumProcessed, || "a reset answers a segment with a wrong checksum".to_owned());
        } else {
            let acknowledgment = if segment.ack() { format!(" and acknowledges {number}") } else { String::new() };
            findings.fail(Invariant::ResetForm, || {
                format!("the reset has number {start}{acknowledgment}, which no segment that came calls for")
            });
        }
    }
}
