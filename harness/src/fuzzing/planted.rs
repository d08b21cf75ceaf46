//! How soon sessions notice a fault that was planted on purpose: the proof that the oracles can fail.

use std::time::{Duration, Instant};

use super::black_box::{Seeds, caught, session_seed};
use super::known::Known;
use super::run::Runner;
use super::{Cause, Finding};
use crate::target::{TargetError, TargetFactory};

/// Sessions of one setup before that of the next ones.
const BATCH: u64 = 50;
/// Sessions that are compared, with the fault and without, where no oracle noticed it.
const COMPARED: u64 = 500;

/// Faults that show in nothing that sessions look at, and why.
const OUT_OF_SIGHT: &[(&str, &str)] = &[
    ("icmp-error-to-any-socket", "shows in the errors that calls return alone"),
    ("icmp-errors-unreported", "shows in the errors that calls return alone"),
    ("ip-tos-ignored", "needs an option of the application that sessions do not set"),
    ("ip-ttl-ignored", "needs an option of the application that sessions do not set"),
    ("open-accepted-early", "shows in when accept returns alone"),
    ("receive-stops-at-push", "shows in how much a read returns alone"),
    ("reset-told-as-close", "shows in the errors that calls return alone"),
    ("tcp-soft-error-reported-unasked", "shows in the errors that calls return alone"),
    ("tcp-soft-error-unreported", "shows in the errors that calls return alone"),
    ("urgent-untold", "shows in the events that calls return alone"),
];

/// Why a fault shows in nothing that sessions look at, if that is so.
pub fn out_of_sight(fault: &str) -> Option<&'static str> {
    OUT_OF_SIGHT.iter().find(|(name, _)| *name == fault).map(|(_, why)| *why)
}

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
    /// Where the fault was not noticed: in how many sessions of how many the target does anything else with it than without.
    pub different: Option<(u64, u64)>,
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
                return Ok(Hunted { found: Some((cause, seed)), sessions, elapsed: begun.elapsed(), different: None });
            }
        }
        let elapsed = begun.elapsed();
        // Who gives no time wants no session.
        let compared = if sessions == 0 { 0 } else { COMPARED };
        Ok(Hunted { found: None, sessions, elapsed, different: Some((self.different(compared)?, compared)) })
    }

    /// In how many sessions the fault makes a difference.
    fn different(&self, compared: u64) -> Result<u64, TargetError> {
        let mut different = 0;
        for number in 0..compared {
            let session = self.seeds.session(session_seed(self.seed, false, number / BATCH, number % BATCH));
            let steps = |factory| {
                let mut runner = Runner::new(factory).knowing(self.known);
                runner.keep_steps();
                caught(|| runner.run(&session)).map(|_| runner.take_steps())
            };
            different += u64::from(steps(self.faulty)? != steps(self.plain)?);
        }
        Ok(different)
    }
}
