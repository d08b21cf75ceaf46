//! What has its time: acknowledgments, retransmissions, TIME-WAIT.

use super::connection::Connection;
use super::end::Repeated;
use super::segment::Segment;
use crate::monitor::sequence::after;
use crate::monitor::violation::{Findings, Violation};
use crate::monitor::{Invariant, Vantage};
use crate::time::Instant;

/// An acknowledgment comes within 0.5 s (RFC 9293 section 3.8.6.3), and a tenth for what the link and the clock add.
const ACKNOWLEDGMENT: u64 = 600_000;
/// TIME-WAIT shorter than this is too short for any MSL that is in use: 30 s is the least, and a second for the clock.
const TIME_WAIT: u64 = 59_000_000;
/// A retransmission timeout need not grow beyond 60 s (RFC 6298 section 2, 2.5).
const LONGEST_TIMEOUT: u64 = 60_000_000;

impl Connection {
    /// Time has come to `at`.
    pub(super) fn advance(&mut self, at: Instant, findings: &mut Findings) {
        for end in &mut self.ends {
            let Some(unanswered) = end.unanswered else { continue };
            if at.micros().saturating_sub(unanswered.since.micros()) <= ACKNOWLEDGMENT {
                continue;
            }
            end.unanswered = None;
            let (invariant, what) = if unanswered.is_fin {
                (Invariant::FinAcknowledged, "a FIN")
            } else {
                (Invariant::AcknowledgmentDelay, "data")
            };
            let end = end.relative(unanswered.end);
            findings.tell(Violation {
                detail: format!("{what} that ends at {end} came at {} and is not acknowledged", unanswered.since),
                ..findings.violation(invariant, String::new())
            });
        }
    }

    /// A segment of the judged end that takes sequence numbers: whether it comes again, and when.
    pub(super) fn retransmitted(
        &mut self,
        from: usize,
        segment: &Segment<'_>,
        vantage: &Vantage,
        findings: &mut Findings,
    ) {
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        if !segment.takes_numbers() {
            return;
        }
        let is_probe = peer.right.is_some_and(|right| !after(right, segment.start())) && !segment.syn();
        let is_keep_alive = peer.acknowledged.is_some_and(|number| after(number, segment.start()));
        let mut repeated = own.repeated;
        let same = repeated.start == segment.start() && !is_probe && !is_keep_alive;
        let Some(last) = repeated.last.filter(|_| same) else {
            let last = (!is_probe && !is_keep_alive).then_some(segment.at);
            self.ends[from].repeated = Repeated { start: segment.start(), last, ..Repeated::default() };
            return;
        };
        let interval = segment.at.micros().saturating_sub(last.micros());
        // Copies that a network or a capture makes are no retransmissions.
        if !vantage.complete && interval < 10_000 {
            return;
        }
        repeated.count += 1;
        if repeated.count >= 3 {
            let least = (repeated.interval + repeated.interval / 2).min(LONGEST_TIMEOUT * 9 / 10);
            repeated.flat = if interval < least { repeated.flat + 1 } else { 0 };
            if repeated.flat == 2 {
                let (before, now) = (repeated.interval as f64 / 1e6, interval as f64 / 1e6);
                self.fail_if_complete(vantage, findings, Invariant::Backoff, || {
                    format!("the timeout does not double: {before:.3} s, then {now:.3} s")
                });
            }
        }
        repeated.interval = interval;
        repeated.last = Some(segment.at);
        self.ends[from].repeated = repeated;
    }

    /// Notes that the end which closed first has come to TIME-WAIT.
    pub(super) fn learn_closing(&mut self, from: usize, segment: &Segment<'_>) {
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        let is_over = |acknowledged: Option<u32>, fin: Option<u32>| match (acknowledged, fin) {
            (Some(acknowledged), Some(fin)) => after(acknowledged, fin),
            _ => false,
        };
        let both = is_over(own.acknowledged, peer.fin) && is_over(peer.acknowledged_surely, own.fin);
        if !both {
            return;
        }
        let closed_first = match (own.fin_frame, peer.fin_frame) {
            (Some(own), Some(peer)) => own < peer,
            _ => false,
        };
        if closed_first && self.time_wait.is_none() && !self.has_ended {
            self.time_wait = Some((from, segment.at));
        }
        self.has_ended = true;
    }

    /// A reset of the judged end: not from TIME-WAIT.
    pub(super) fn check_time_wait(&self, from: usize, segment: &Segment<'_>, findings: &mut Findings) {
        let Some((_, since)) = self.time_wait.filter(|(end, _)| *end == from) else { return };
        let waited = segment.at.micros().saturating_sub(since.micros());
        // A new SYN may be refused by whoever listens now.
        if waited < TIME_WAIT && self.candidate.is_none() {
            findings.fail(Invariant::TimeWait, || {
                format!("a reset, {:.3} s after the end that closed first came to TIME-WAIT", waited as f64 / 1e6)
            });
        }
    }
}
