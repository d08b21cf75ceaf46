//! How often a real-clock run is tried, and when its verdict stands.
//!
//! A pass stands. Anything else may come from the crowd and not from the target, so that the run is tried again. A try
//! at which the tester itself was late tells nothing, and counts for little. A run that takes long is tried twice more
//! side by side, so that its third try costs no time of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use super::failure;
use crate::engine::{Blame, FailureKind, Verdict};
use crate::suite::work::RunResult;

/// How many degrees of quiet there are for tries: the first goes with the crowd.
pub(super) const DEGREES: usize = 3;

/// How many tries that tell something a failure takes to stand.
const TELLING: usize = 3;

/// As many of a failure that is one of time, or of what the target counts, some of which is time: one at each ninth of the
/// target's tick.
const TELLING_OF_TIME: usize = 9;

/// How often a run is tried at most, and one that could not be judged until then.
const MOST: usize = 12;
const MOST_UNJUDGED: usize = 36;

/// How often a long run is tried that fails, and in how many telling ones a failure of it stands. One that could not be
/// judged is tried as often as any other: until then there is no verdict. But nobody waits longer for it than this.
pub(super) const MOST_OF_LONG: usize = 3;
const TELLING_OF_LONG: usize = 2;
const PATIENCE: Duration = Duration::from_secs(30);
/// A long run that fails earlier than this is tried as a short one.
const EARLY: Duration = Duration::from_secs(1);

/// A failure of a run that was later than this may come from the lateness, in microseconds. The least tolerance of
/// packetdrill's scripts is 4 ms.
const DUBIOUS: u64 = 1_000;

/// What follows from one try.
pub(super) enum Decision {
    /// The verdict stands, that of this try or, if so said, of an earlier one; whatever else goes on of this run ends.
    Stands { result: Box<RunResult>, is_earlier: bool },
    /// These tries follow; none if another one goes on that may still tell.
    Again(std::ops::RangeInclusive<usize>),
    /// The verdict stood before this try ended.
    Late,
}

/// The tries of runs whose verdict did not stand at once.
#[derive(Default)]
pub(super) struct Attempts {
    runs: BTreeMap<usize, Tries>,
}

/// The tries of one run.
#[derive(Default)]
struct Tries {
    /// How many were begun or wait to begin.
    planned: usize,
    ended: usize,
    /// Failed ones with the tester in time.
    telling: usize,
    /// How long they took together.
    took: Duration,
    /// The failure that tells most.
    best: Option<RunResult>,
    stood: bool,
}

impl Attempts {
    /// Takes the result of one try. `is_known` tells that the baseline expects this run to fail.
    pub(super) fn ended(&mut self, mut result: RunResult, is_known: bool, is_long: bool) -> Decision {
        let tries = self.runs.entry(result.run).or_insert_with(|| Tries { planned: 1, ..Tries::default() });
        if tries.stood {
            return Decision::Late;
        }
        if is_known {
            blame_target(&mut result);
        }
        let is_long = is_long && result.duration >= EARLY;
        tries.ended += 1;
        tries.took += result.duration;
        tries.telling += usize::from(result.lateness <= DUBIOUS);
        let (stands, is_failure) = match result.verdict {
            // Where a failure is known a pass may be luck.
            Verdict::Pass => (!is_known || tries.ended > 1, false),
            Verdict::Fail if is_known => (true, false),
            // Two runs of the same dialogue tell the same.
            Verdict::Fail if result.is_confirmed && result.lateness <= DUBIOUS => (true, true),
            Verdict::NotApplicable | Verdict::Error => (true, false),
            _ if is_given_up(&result) => (true, false),
            Verdict::Fail | Verdict::Inconclusive => (tries.is_proven(&result, is_long), true),
        };
        tries.stood = stands;
        let best = tries.best.take();
        if stands {
            let is_earlier = is_failure && best.as_ref().is_some_and(|best| doubt(best) < doubt(&result));
            if let Some(best) = best.filter(|_| is_earlier) {
                result = best;
            }
            result.attempts = tries.ended as u32;
            if !is_known && !is_long && tries.telling < TELLING {
                excuse(&mut result, tries.telling);
            }
            return Decision::Stands { result: Box::new(result), is_earlier };
        }
        tries.best = best.into_iter().chain(is_failure.then_some(result)).min_by_key(doubt);
        let next = tries.planned + 1;
        if is_long && tries.planned < MOST_OF_LONG {
            tries.planned = MOST_OF_LONG;
        } else if tries.ended == tries.planned {
            tries.planned = next;
        }
        Decision::Again(next..=tries.planned)
    }
}

impl Tries {
    fn is_proven(&self, result: &RunResult, is_long: bool) -> bool {
        let is_of_time = failure(result).is_some_and(|failure| failure.kind.is_of_time());
        let telling = match (is_long, is_of_time) {
            (true, _) => TELLING_OF_LONG,
            (false, true) => TELLING_OF_TIME,
            (false, false) => TELLING,
        };
        // Lateness explains nearly any failure of time, but it takes more of it to explain others.
        let is_unjudged = result.verdict == Verdict::Inconclusive || (is_of_time && !is_long);
        let most = match (is_long, is_unjudged && self.took < PATIENCE) {
            (true, false) => MOST_OF_LONG,
            (true, true) | (false, false) => MOST,
            (false, true) => MOST_UNJUDGED,
        };
        self.ended >= most || self.telling >= telling
    }
}

/// How little a failure tells: one that lateness excuses less than any other, and of two the one with the later tester.
fn doubt(result: &RunResult) -> (bool, u64) {
    (result.verdict == Verdict::Inconclusive, result.lateness)
}

/// A failure that is known is as good under load as at rest: that the tester was late excuses the target from nothing
/// that it is known to do.
fn blame_target(result: &mut RunResult) {
    let failure = result.details.as_mut().and_then(|details| details.failure.as_mut());
    if let Some(failure) = failure.filter(|failure| failure.blame == Blame::Environment && failure.kind.is_of_target())
    {
        failure.blame = Blame::Target;
        result.verdict = Verdict::Fail;
    }
}

/// A time that was missed in tries nearly all of which were disturbed is not held against the target.
fn excuse(result: &mut RunResult, telling: usize) {
    let failure = result.details.as_mut().and_then(|details| details.failure.as_mut());
    if let Some(failure) = failure.filter(|failure| failure.blame == Blame::Target && failure.kind.is_of_time()) {
        failure.blame = Blame::Environment;
        let tries = result.attempts;
        failure.message = format!("{}; only {telling} of {tries} tries were not disturbed", failure.message);
        result.verdict = Verdict::Inconclusive;
    }
}

fn is_given_up(result: &RunResult) -> bool {
    failure(result).is_some_and(|failure| failure.kind == FailureKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Failure;
    use crate::suite::event::Details;

    fn failed(kind: FailureKind, lateness: u64) -> RunResult {
        let failure = Failure { line: 7, ..Failure::new(Blame::Target, kind, String::new()) };
        let details = Details { failure: Some(failure), ..Details::default() };
        RunResult { verdict: Verdict::Fail, lateness, details: Some(Box::new(details)), ..RunResult::new(0) }
    }

    /// One that the engine excuses with the tester's lateness.
    fn excused(kind: FailureKind, lateness: u64) -> RunResult {
        let mut result = failed(kind, lateness);
        result.verdict = Verdict::Inconclusive;
        let failure = result.details.as_mut().and_then(|details| details.failure.as_mut());
        failure.expect("failed() gives one").blame = Blame::Environment;
        result
    }

    fn passed() -> RunResult {
        RunResult { verdict: Verdict::Pass, ..RunResult::new(0) }
    }

    /// The decisions on several results of one run, one after the other: how many tries follow, or what stands.
    fn decide(results: Vec<RunResult>, is_known: bool, is_long: bool) -> Vec<String> {
        let mut attempts = Attempts::default();
        let decide = |result| match attempts.ended(result, is_known, is_long) {
            Decision::Stands { result, .. } => {
                format!("{:?} after {}, {} us late", result.verdict, result.attempts, result.lateness)
            }
            Decision::Again(next) => format!("{} more", next.count()),
            Decision::Late => "late".to_owned(),
        };
        results.into_iter().map(decide).collect()
    }

    #[test]
    fn a_pass_stands_at_once_unless_a_failure_is_expected() {
        assert_eq!(decide(vec![passed()], false, false), ["Pass after 1, 0 us late"]);
        assert_eq!(decide(vec![passed(), passed()], true, false), ["1 more", "Pass after 2, 0 us late"]);
        let in_time = || failed(FailureKind::Packet, 0);
        assert_eq!(decide(vec![in_time(), passed()], false, false), ["1 more", "Pass after 2, 0 us late"]);
        assert_eq!(decide(vec![in_time()], true, false), ["Fail after 1, 0 us late"]);
    }

    /// 20 known failures of Linux were inconclusive on a busy machine: missing packets for which the script waits 3.2 s,
    /// with the tester 6 ms late.
    #[test]
    fn lateness_excuses_no_known_failure() {
        let late = || excused(FailureKind::Missing, 6_092);
        assert_eq!(decide(vec![late()], true, false), ["Fail after 1, 6092 us late"]);
        assert_eq!(decide(vec![late()], true, true), ["Fail after 1, 6092 us late"]);
        let decided = decide((0..MOST_UNJUDGED).map(|_| late()).collect(), false, false);
        assert_eq!(decided.last().map(String::as_str), Some("Inconclusive after 36, 6092 us late"));
        let lacking = || excused(FailureKind::Environment, 0);
        assert_eq!(decide(vec![lacking()], true, false), ["1 more"], "the environment is never the target's fault");
    }

    #[test]
    fn a_failure_stands_after_three_tries_at_which_the_tester_was_in_time() {
        let late = || failed(FailureKind::Packet, 5_000);
        let in_time = || failed(FailureKind::Packet, 10);
        let decided = decide(vec![late(), in_time(), late(), in_time(), in_time()], false, false);
        assert_eq!(decided, ["1 more", "1 more", "1 more", "1 more", "Fail after 5, 10 us late"]);
        let decided = decide((0..MOST).map(|_| late()).collect(), false, false);
        assert_eq!(decided.last().map(String::as_str), Some("Fail after 12, 5000 us late"));
    }

    /// 13 ways to deliver a dialogue that breaks a SHOULD took three tries each, of 2 s and with few beside them.
    #[test]
    fn a_failure_that_another_delivery_has_too_needs_no_more_tries() {
        let confirmed = |lateness| RunResult { is_confirmed: true, ..failed(FailureKind::Missing, lateness) };
        assert_eq!(decide(vec![confirmed(10)], false, false), ["Fail after 1, 10 us late"]);
        assert_eq!(decide(vec![confirmed(5_000)], false, false), ["1 more"]);
    }

    /// A packet that came a tenth of a millisecond too early was inconclusive or a failure, as the tester was 0.09 or 0.11 ms
    /// late in its quietest try.
    #[test]
    fn a_try_that_nothing_excuses_tells_more_than_one_that_was_less_late() {
        let tries = (0..TELLING_OF_TIME).map(|n| match n {
            4 => failed(FailureKind::Timing, 90),
            n => excused(FailureKind::Timing, 60 + n as u64),
        });
        let decided = decide(tries.collect(), false, false);
        assert_eq!(decided.last().map(String::as_str), Some("Fail after 9, 90 us late"));
    }

    #[test]
    fn a_time_is_looked_at_once_at_each_ninth_of_the_tick() {
        for kind in [FailureKind::Timing, FailureKind::Assertion] {
            let decided = decide((0..TELLING_OF_TIME).map(|_| failed(kind, 0)).collect(), false, false);
            assert_eq!(decided.last().map(String::as_str), Some("Fail after 9, 0 us late"), "{kind:?}");
        }
    }

    /// A host that took the processors for less than the kernel counts made a call late now and then.
    #[test]
    fn a_time_that_is_missed_in_disturbed_tries_is_not_judged() {
        let late = || failed(FailureKind::Timing, 3_000);
        let in_time = || failed(FailureKind::Timing, 62);
        let tries =
            |telling: usize| (0..MOST_UNJUDGED).map(move |n| if n < telling { in_time() } else { late() }).collect();
        let last = |tries| decide(tries, false, false).last().cloned();
        assert_eq!(last(tries(1)).as_deref(), Some("Inconclusive after 36, 62 us late"));
        assert_eq!(last(tries(3)).as_deref(), Some("Fail after 36, 62 us late"));
    }

    /// A host that took half of the processors made the tester late in twelve tries one after the other.
    #[test]
    fn a_run_that_could_not_be_judged_is_tried_on() {
        let late = || excused(FailureKind::Timing, 4_000);
        let tries = (0..MOST + 3).map(|_| late()).chain([passed()]).collect();
        assert_eq!(decide(tries, false, false).last().map(String::as_str), Some("Pass after 16, 0 us late"));
        let slow = || RunResult { duration: Duration::from_secs(3), ..late() };
        let decided = decide((0..MOST).map(|_| slow()).collect(), false, false);
        assert_eq!(
            decided.last().map(String::as_str),
            Some("Inconclusive after 12, 4000 us late"),
            "nobody waits longer"
        );
    }

    #[test]
    fn a_long_run_is_tried_twice_more_side_by_side() {
        let takes = |result| RunResult { duration: Duration::from_secs(4), ..result };
        let late = || takes(failed(FailureKind::Packet, 5_000));
        let in_time = || takes(failed(FailureKind::Timing, 10));
        let decided = decide(vec![in_time(), in_time(), in_time()], false, true);
        assert_eq!(decided, ["2 more", "Fail after 2, 10 us late", "late"]);
        assert_eq!(
            decide(vec![late(), late(), late()], false, true),
            ["2 more", "0 more", "Fail after 3, 5000 us late"]
        );
        assert_eq!(
            decide(vec![late(), late(), passed()], false, true),
            ["2 more", "0 more", "Pass after 3, 0 us late"]
        );
    }

    /// Calls of two runs of 4 s returned late in their first half second, on a machine full of other runs, and two tries
    /// of that were held against the target.
    #[test]
    fn a_long_run_that_fails_early_is_tried_as_a_short_one() {
        let early = || RunResult { duration: Duration::from_millis(400), ..failed(FailureKind::Timing, 90) };
        let decided = decide(vec![early(), early(), early(), passed()], false, true);
        assert_eq!(decided, ["1 more", "1 more", "1 more", "Pass after 4, 0 us late"]);
    }

    /// A host that took the processors away for half a minute made the tester 10 to 40 ms late in all three tries of seven
    /// runs that take longer, and the suite ended with exit status 96.
    #[test]
    fn a_long_run_that_could_not_be_judged_is_tried_as_often_as_any() {
        let takes = |seconds, result| RunResult { duration: Duration::from_secs(seconds), ..result };
        let late = || takes(2, excused(FailureKind::Timing, 14_502));
        let decided = decide(vec![late(), late(), late(), late(), passed()], false, true);
        assert_eq!(decided, ["2 more", "0 more", "1 more", "1 more", "Pass after 5, 0 us late"]);
        let decided = decide((0..MOST).map(|_| late()).collect(), false, true);
        assert_eq!(decided.last().map(String::as_str), Some("Inconclusive after 12, 14502 us late"));
        let slow = || takes(12, late());
        assert_eq!(
            decide(vec![slow(), slow(), slow()], false, true),
            ["2 more", "0 more", "Inconclusive after 3, 14502 us late"]
        );
    }
}
