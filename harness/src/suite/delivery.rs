//! One dialogue delivered in one way: judged by itself, and held against what the target answers to the same dialogue
//! when it comes whole.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::ScriptFile;
use super::plan::{PlannedRun, Suite};
use crate::dialogue::Dialogue;
use crate::engine::conversation::{self, Spoken, Transcript};
use crate::engine::{Blame, Difference, Failure, FailureKind, Outcome, Scratch, Settings, Verdict};
use crate::target::TargetError;
use crate::tester::{Delivery, Schedule};

/// A difference is one only if so many runs of the whole dialogue do not answer like this either.
const WHOLES: usize = 3;

/// What came of dialogues that were delivered whole, by the indices of the script and of what its settings start from.
#[derive(Debug, Default)]
pub(super) struct Wholes(Mutex<BTreeMap<(u32, u32), Arc<Whole>>>);

/// What came of a dialogue that was delivered whole, once or several times.
#[derive(Clone, Debug, Default)]
struct Whole {
    runs: Vec<WholeRun>,
}

#[derive(Clone, Debug)]
struct WholeRun {
    verdict: Verdict,
    failure: Option<Failure>,
    transcript: Transcript,
}

impl Wholes {
    fn get(&self, key: (u32, u32)) -> Option<Arc<Whole>> {
        self.0.lock().ok()?.get(&key).cloned()
    }

    /// Keeps it; a lock that a panic has poisoned keeps nothing any more.
    fn keep(&self, key: (u32, u32), whole: Whole) -> Arc<Whole> {
        let whole = Arc::new(whole);
        if let Ok(mut kept) = self.0.lock() {
            kept.insert(key, Arc::clone(&whole));
        }
        whole
    }
}

/// A run of a dialogue: what it needs beside the suite.
#[derive(Clone, Copy)]
pub(super) struct Delivered<'a> {
    pub(super) planned: &'a PlannedRun,
    pub(super) file: &'a ScriptFile,
    pub(super) dialogue: &'a Dialogue,
    pub(super) settings: &'a Settings,
}

impl Suite {
    /// Speaks a dialogue as its run is planned; true with a failure that it also had when it came whole.
    ///
    /// # Errors
    /// A target that cannot be made.
    pub(super) fn deliver(&self, run: Delivered<'_>, scratch: &mut Scratch) -> Result<(Outcome, bool), TargetError> {
        let key = (run.planned.script, run.planned.base);
        let schedule = run.planned.schedule;
        let spoken = self.speak(run, schedule, scratch)?;
        if schedule == Schedule::Whole {
            let whole = Whole { runs: vec![WholeRun::of(&spoken)] };
            self.wholes.keep(key, whole);
            return Ok((spoken.outcome, false));
        }
        if schedule.is_abortive() || matches!(spoken.outcome.verdict, Verdict::Inconclusive | Verdict::Error) {
            return Ok((spoken.outcome, false));
        }
        let mut whole = self.wholes.get(key).unwrap_or_default();
        loop {
            let difference = match whole.runs.is_empty() {
                true => None,
                false => whole.difference(&spoken, schedule),
            };
            match difference {
                None if !whole.runs.is_empty() => {
                    let is_alike = spoken.outcome.verdict == Verdict::Fail;
                    return Ok((spoken.outcome, is_alike));
                }
                // What is not the same in two runs is nothing that the delivery changes.
                Some(failure) if whole.runs.len() >= WHOLES => {
                    let verdict = Verdict::Fail;
                    return Ok((Outcome { verdict, failure: Some(failure), ..spoken.outcome }, false));
                }
                _ => {}
            }
            let again = self.speak(run, Schedule::Whole, &mut Scratch::beside(scratch))?;
            if matches!(again.outcome.verdict, Verdict::Inconclusive | Verdict::Error) {
                return Ok((again.outcome, false));
            }
            let mut runs = whole.runs.clone();
            runs.push(WholeRun::of(&again));
            whole = self.wholes.keep(key, Whole { runs });
        }
    }

    fn speak(&self, run: Delivered<'_>, schedule: Schedule, scratch: &mut Scratch) -> Result<Spoken, TargetError> {
        let target = &self.targets[run.planned.target as usize];
        let mut adapter = target.create(&run.settings.link, run.file.folder())?;
        let delivery = Delivery { schedule, seed: self.seed(run.file) };
        Ok(conversation::speak(run.dialogue, run.settings, delivery, adapter.as_mut(), scratch))
    }

    /// Each dialogue has random numbers of its own, the same in every run of the suite with the same seed.
    fn seed(&self, file: &ScriptFile) -> u64 {
        let name = file.name.rsplit('/').next().unwrap_or(&file.name);
        let sum = |sum: u64, octet: u8| (sum ^ u64::from(octet)).wrapping_mul(0x100_0000_01b3);
        name.bytes().fold(0xcbf2_9ce4_8422_2325 ^ self.request.seed, sum)
    }
}

impl Whole {
    /// How a run differs from every one that was delivered whole.
    fn difference(&self, spoken: &Spoken, schedule: Schedule) -> Option<Failure> {
        let mut first = None;
        for run in &self.runs {
            first.get_or_insert(run.difference(spoken, schedule, &self.runs)?);
        }
        first
    }
}

impl WholeRun {
    fn of(spoken: &Spoken) -> Self {
        let outcome = &spoken.outcome;
        WholeRun { verdict: outcome.verdict, failure: outcome.failure.clone(), transcript: spoken.transcript.clone() }
    }

    /// What is not as it was when the dialogue came whole; answers that differ between `wholes` are no difference.
    fn difference(&self, spoken: &Spoken, schedule: Schedule, wholes: &[WholeRun]) -> Option<Failure> {
        let outcome = &spoken.outcome;
        match (self.verdict, outcome.verdict, &self.failure, &outcome.failure) {
            (Verdict::Fail, Verdict::Fail, Some(whole), Some(cut)) if whole.line == cut.line => None,
            (_, Verdict::Fail, whole, Some(cut)) => {
                let before = match whole {
                    None => "passes".to_owned(),
                    Some(whole) => format!("fails elsewhere: {}", whole.message),
                };
                let message = format!("{}; delivered whole it {before}", cut.message);
                Some(Failure { kind: FailureKind::Transport, message, ..cut.clone() })
            }
            (Verdict::Fail, _, Some(whole), _) => {
                let message = format!("passes delivered {schedule}, but fails when it comes whole: {}", whole.message);
                Some(Failure { blame: Blame::Target, kind: FailureKind::Transport, message, ..whole.clone() })
            }
            _ => {
                let remarks = &spoken.transcript.0;
                let all = remarks.iter().zip(&self.transcript.0).enumerate();
                let same = |at: usize, essence: &str| {
                    wholes.iter().any(|whole| whole.transcript.0.get(at).is_some_and(|known| known.essence == essence))
                };
                let (_, (cut, whole)) = all.into_iter().find(|(at, (cut, _))| !same(*at, &cut.essence))?;
                Some(Failure {
                    blame: Blame::Target,
                    kind: FailureKind::Transport,
                    message: format!("delivered {schedule} the same octets are answered otherwise than whole"),
                    span: None,
                    line: cut.line,
                    expected: Some(whole.summary.clone()),
                    actual: Some(cut.summary.clone()),
                    differences: vec![Difference {
                        field: "answer".to_owned(),
                        expected: whole.essence.clone(),
                        actual: cut.essence.clone(),
                    }],
                    evidence: Vec::new(),
                })
            }
        }
    }
}
