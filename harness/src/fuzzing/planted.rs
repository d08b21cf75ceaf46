//! How soon sessions notice a fault that was planted on purpose: the proof that the oracles can fail.

use std::time::{Duration, Instant};

use super::black_box::{Seeds, caught, session_seed};
use super::known::Known;
use super::run::Runner;
use super::{Cause, Finding};
use crate::target::{TargetError, TargetFactory};

/// Sessions of one setup before that of the next ones.
const BATCH: u64 = 50;

/// A search for what a fault makes a target do wrong.
pub struct Hunt<'h> {
    /// The target without the fault; on a virtual clock, as the other.
    pub plain: &'h dyn TargetFactory,
    /// The target with it.
    pub faulty: &'h dyn TargetFactory,
    /// What session a seed means.
    pub seeds: &'h Seeds,
    /// What is known of the target without the fault.
    pub known: &'h [Known],
    /// From which the seeds of all sessions follow.
    pub seed: u64,
    /// How long it may take.
    pub time: Duration,
}

/// What a search gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunted {
    /// The cause that showed, in the session of which seed; nothing if the fault was not noticed.
    pub found: Option<(Cause, u64)>,
    /// Sessions that were run, the last one included.
    pub sessions: u64,
    /// How long they took.
    pub elapsed: Duration,
}

impl Hunt<'_> {
    /// Runs sessions until one shows on the target with the fault what it does not show on the one without.
    ///
    /// # Errors
    /// A factory makes no target.
    pub fn run(&self) -> Result<Hunted, TargetError> {
        let begun = Instant::now();
        let mut faulty = Runner::new(self.faulty).knowing(self.known);
        let mut sessions = 0;
        while begun.elapsed() < self.time {
            let seed = session_seed(self.seed, false, sessions / BATCH, sessions % BATCH);
            let session = self.seeds.session(seed);
            sessions += 1;
            let Some(Finding { cause, .. }) = caught(|| faulty.run(&session))?.finding else { continue };
            if matches!(cause, Cause::Gone(_)) {
                // A panic may have left anything behind.
                faulty = Runner::new(self.faulty).knowing(self.known);
            }
            let plain = caught(|| Runner::new(self.plain).knowing(self.known).run(&session))?;
            if plain.finding.is_none_or(|finding| finding.cause != cause) {
                return Ok(Hunted { found: Some((cause, seed)), sessions, elapsed: begun.elapsed() });
            }
        }
        Ok(Hunted { found: None, sessions, elapsed: begun.elapsed() })
    }
}
