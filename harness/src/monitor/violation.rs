//! What was found.

use super::Invariant;
use crate::time::Instant;

/// Violations that are kept; there is little use in more.
const MOST: usize = 10_000;

/// One thing that no correct end does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What it breaks.
    pub invariant: Invariant,
    /// Number of the packet that shows it, from 1.
    pub frame: u64,
    /// When that packet was seen.
    pub at: Instant,
    /// What is wrong, lower-case, one line. Sequence numbers count from the initial ones where these were seen.
    pub detail: String,
}

/// Collects violations.
#[derive(Debug, Default)]
pub(super) struct Findings {
    withheld: Vec<(Violation, u64)>,
    violations: Vec<Violation>,
    frame: u64,
    at: Instant,
    judged: bool,
}

impl Findings {
    pub(super) fn clear(&mut self) {
        self.withheld.clear();
        self.violations.clear();
    }

    /// What is found from now on is about this packet, whose sender is judged or not.
    pub(super) fn begin(&mut self, frame: u64, at: Instant, judged: bool) {
        (self.frame, self.at, self.judged) = (frame, at, judged);
    }

    /// Whether the sender of the present packet is judged.
    pub(super) fn is_judged(&self) -> bool {
        self.judged
    }

    /// Number of the present packet.
    pub(super) fn frame(&self) -> u64 {
        self.frame
    }

    /// The present packet breaks `invariant`, whatever else there was.
    pub(super) fn fail(&mut self, invariant: Invariant, detail: impl FnOnce() -> String) {
        if self.judged && self.violations.len() < MOST {
            let violation = Violation { invariant, frame: self.frame, at: self.at, detail: detail() };
            self.violations.push(violation);
        }
    }

    /// A packet breaks `invariant` if none of the packets of this connection is missing: told at the end.
    pub(super) fn withhold(&mut self, connection: u64, violation: Violation) {
        if self.withheld.len() < MOST {
            self.withheld.push((violation, connection));
        }
    }

    /// A violation of the present packet, to be told or withheld.
    pub(super) fn violation(&self, invariant: Invariant, detail: String) -> Violation {
        Violation { invariant, frame: self.frame, at: self.at, detail }
    }

    /// Adds one that is about another packet than the present one.
    pub(super) fn tell(&mut self, violation: Violation) {
        if self.violations.len() < MOST {
            self.violations.push(violation);
        }
    }

    /// Packets of this connection are missing: what was withheld about it is not certain.
    pub(super) fn doubt(&mut self, connection: u64) {
        self.withheld.retain(|(_, of)| *of != connection);
    }

    /// Tells what was withheld and not doubted.
    pub(super) fn release(&mut self) {
        self.violations.extend(self.withheld.drain(..).map(|(violation, _)| violation));
        self.violations.sort_by_key(|violation| violation.frame);
    }

    pub(super) fn violations(&self) -> &[Violation] {
        &self.violations
    }
}
