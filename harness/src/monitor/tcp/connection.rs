//! Both ends of a connection.

use super::Key;
use super::end::{End, Opening, Refusal};
use super::segment::Segment;
use crate::monitor::datagram::Validity;
use crate::monitor::sequence::after;
use crate::monitor::violation::{Findings, Violation};
use crate::monitor::{Invariant, Vantage};
use crate::time::Instant;

/// A connection, or what two sockets send each other without one.
#[derive(Debug, Default)]
pub(super) struct Connection {
    pub(super) key: Option<Key>,
    pub(super) serial: u64,
    pub(super) ends: [End; 2],
    /// A SYN of this end that may open a new connection.
    pub(super) candidate: Option<(usize, Opening)>,
    /// A reset was seen, or both FINs.
    pub(super) has_ended: bool,
    /// Who takes what cannot be told: segments are signed, or the opening came in a form that may be dropped.
    pub(super) is_opaque: bool,
    /// The capture lacks segments.
    pub(super) is_doubtful: bool,
    pub(super) last_seen: Instant,
    /// When this end came to TIME-WAIT, as the one that closed first.
    pub(super) time_wait: Option<(usize, Instant)>,
    /// What a packet that comes a little later may explain; of each end.
    pub(super) unexplained: [Option<Unexplained>; 2],
}

/// A segment that is wrong if the capture has all segments in their order.
#[derive(Debug)]
pub(super) struct Unexplained {
    pub(super) at: Instant,
    /// An acknowledgment number beyond what was sent, or the end of data beyond the window.
    pub(super) number: u32,
    pub(super) is_acknowledgment: bool,
    /// The first number that was not seen.
    pub(super) start: u32,
    pub(super) violation: Violation,
}

/// A segment and the ends that it is about.
pub(super) struct Ends<'a> {
    /// The one that sent it.
    pub(super) own: &'a mut End,
    /// The one that it was sent to.
    pub(super) peer: &'a mut End,
}

impl Connection {
    /// Makes it that of these sockets, with nothing known.
    pub(super) fn begin(&mut self, key: Key, serial: u64) {
        for end in &mut self.ends {
            end.clear();
        }
        let [a, b] = &mut self.ends;
        let ends = [std::mem::take(a), std::mem::take(b)];
        *self = Connection { key: Some(key), serial, ends, ..Connection::default() };
    }

    /// A new connection of the same sockets begins.
    pub(super) fn renew(&mut self) {
        self.candidate = None;
        self.has_ended = false;
        self.is_opaque = false;
        self.time_wait = None;
        self.unexplained = [None, None];
    }

    /// One segment, sent by the end `from`.
    pub(super) fn segment(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        self.last_seen = segment.at;
        self.is_opaque |= segment.options.is_signed;
        if segment.validity == Validity::Checksum && !segment.is_ambiguous {
            // Nobody takes it. What the judged end sent was told already.
            if segment.from_tester {
                self.ends[from].remember(segment, false);
                self.ends[from].refuse(segment, Refusal::Checksum);
            }
            return;
        }
        if segment.rst() {
            self.reset(from, segment, vantage, findings);
        } else if segment.syn() {
            self.handshake(from, segment, vantage, findings);
        } else {
            self.transfer(from, segment, vantage, findings);
        }
        if segment.from_tester {
            self.ends[from].remember(segment, true);
        }
    }

    /// The end that sends, and the other.
    pub(super) fn pair(&mut self, from: usize) -> Ends<'_> {
        let [a, b] = &mut self.ends;
        if from == 0 { Ends { own: a, peer: b } } else { Ends { own: b, peer: a } }
    }

    /// Whether both ends' SYNs were seen, with options that are certain.
    pub(super) fn is_negotiated(&self) -> bool {
        self.ends.iter().all(|end| end.opening.as_ref().is_some_and(|opening| !opening.is_uncertain))
    }

    /// By how many bits the windows of an end are scaled; `None` if that was not seen.
    pub(super) fn shift(&self, from: usize) -> Option<u8> {
        let opening = |at: usize| self.ends[at].opening.as_ref();
        let (own, peer) = (opening(from)?, opening(1 - from)?);
        match (own.shift, peer.shift) {
            _ if own.is_uncertain || peer.is_uncertain => None,
            (Some(own), Some(_)) => Some(own.min(14)),
            _ => Some(0),
        }
    }

    /// Tells a violation that is certain only if no segment of the connection is missing.
    pub(super) fn fail_if_complete(
        &mut self,
        vantage: &Vantage,
        findings: &mut Findings,
        invariant: Invariant,
        detail: impl FnOnce() -> String,
    ) {
        if vantage.complete {
            findings.fail(invariant, detail);
        } else if !self.is_doubtful {
            let violation = findings.violation(invariant, detail());
            findings.withhold(self.serial, violation);
        }
    }

    /// Segments are missing.
    pub(super) fn doubt(&mut self, findings: &mut Findings) {
        if !self.is_doubtful {
            self.is_doubtful = true;
            findings.doubt(self.serial);
        }
    }

    /// An ICMP message may have ended the connection.
    pub(super) fn disturbed(&mut self) {
        for end in &mut self.ends {
            end.unanswered = None;
            end.repeated = Default::default();
        }
    }

    /// Segments may have come that were not seen.
    pub(super) fn blur(&mut self) {
        for end in &mut self.ends {
            end.recent_forgotten = true;
        }
    }

    /// The trace is over.
    pub(super) fn finish(&mut self, findings: &mut Findings) {
        for from in 0..2 {
            if let Some(unexplained) = self.unexplained[from].take() {
                // Nobody contradicted an acknowledgment: rather a segment is missing than that it is wrong.
                if unexplained.is_acknowledgment {
                    self.doubt(findings);
                } else if !self.is_doubtful {
                    findings.withhold(self.serial, unexplained.violation);
                }
            }
        }
    }

    /// What became of a segment of the other end that this one may explain.
    pub(super) fn explain(&mut self, from: usize, segment: &Segment<'_>, findings: &mut Findings) {
        /// Segments of both directions are captured out of order by less than so many microseconds.
        const INVERSION: u64 = 2_000;
        let Some(unexplained) = self.unexplained[1 - from].take() else { return };
        let waited = segment.at.micros().saturating_sub(unexplained.at.micros());
        if unexplained.is_acknowledgment {
            if after(segment.end(), unexplained.start) && !after(segment.start(), unexplained.start) {
                if waited > INVERSION && !self.is_doubtful {
                    // The end itself goes on from where it is: it had not sent what was acknowledged.
                    findings.tell(unexplained.violation);
                }
            } else if !after(unexplained.number, segment.start()) && segment.takes_numbers() {
                self.doubt(findings);
            } else {
                self.unexplained[1 - from] = Some(unexplained);
            }
        } else {
            let right = self.ends[from].right;
            let is_covered = right.is_some_and(|right| !after(unexplained.number, right));
            if !(self.is_doubtful || waited <= INVERSION && is_covered) {
                findings.withhold(self.serial, unexplained.violation);
            }
        }
    }
}
