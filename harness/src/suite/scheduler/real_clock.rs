//! Runs on the machine's clock: many at once, since they mostly wait, each on a thread of its own.
//!
//! The longest go first, so that the whole takes little longer than the longest script. A run whose verdict may come
//! from the crowd and not from the target is run again later, with few beside it and at last with none.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread::{Builder, Scope};
use std::time::Instant;

use super::pace::Pace;
use super::{Context, Message, is_interrupted, kind, send};
use crate::engine::{FailureKind, Scratch, Verdict};
use crate::suite::work::RunResult;

/// How often a run is tried before its verdict stands.
const ATTEMPTS: u32 = 3;

/// A failure of a run that was later than this may come from the lateness, in microseconds. The least tolerance of
/// packetdrill's scripts is 4 ms.
const DUBIOUS: u64 = 1_000;

pub(super) fn run(context: Context<'_>, mut runs: Vec<usize>, sender: &SyncSender<Message>) {
    if runs.is_empty() {
        return;
    }
    runs.sort_by_cached_key(|run| std::cmp::Reverse(context.suite.expected_duration(*run)));
    let mut again = Crowd::new(context, sender, Pace::new(context.cores, context.jobs)).pass(runs, 1);
    for attempt in 2..=ATTEMPTS {
        // The second time a few beside it, the last time alone.
        let beside = if attempt == ATTEMPTS { 1 } else { context.cores };
        let quiet = context.jobs.map_or(beside, |jobs| jobs.get().min(beside));
        let pace = Pace::new(context.cores, std::num::NonZeroUsize::new(quiet));
        again = Crowd::new(context, sender, pace).pass(again, attempt);
    }
}

/// Whether a verdict may come from the crowd and not from the target.
fn is_dubious(result: &RunResult, known: bool, attempt: u32) -> bool {
    if attempt == ATTEMPTS || is_interrupted(result) {
        return false;
    }
    let kind = kind(result);
    match result.verdict {
        // Set-up that failed fails again, unless the crowd took what it needs.
        Verdict::Inconclusive => kind != Some(FailureKind::Environment) || attempt == 1,
        // A known failure under load is as good as one at rest.
        Verdict::Fail if known => false,
        Verdict::Fail if attempt == 1 => {
            let timed = matches!(kind, Some(FailureKind::Timing | FailureKind::Missing | FailureKind::Unwanted));
            timed || result.lateness > DUBIOUS
        }
        Verdict::Fail => result.lateness > DUBIOUS,
        Verdict::Pass | Verdict::NotApplicable | Verdict::Error => false,
    }
}

/// Runs that go on side by side.
struct Crowd<'a> {
    context: Context<'a>,
    sender: &'a SyncSender<Message>,
    pace: Pace,
}

impl<'a> Crowd<'a> {
    fn new(context: Context<'a>, sender: &'a SyncSender<Message>, pace: Pace) -> Self {
        Crowd { context, sender, pace }
    }

    /// Runs them all once; gives back those to be run again.
    fn pass(&mut self, runs: Vec<usize>, attempt: u32) -> Vec<usize> {
        let mut queue = VecDeque::from(runs);
        let mut again = Vec::new();
        std::thread::scope(|scope| {
            let (done, finished) = channel();
            let mut running = 0;
            loop {
                while running < self.pace.limit() && !self.context.interrupt.is_interrupted() {
                    let Some(run) = queue.pop_front() else { break };
                    if self.start(scope, run, attempt, &done) {
                        running += 1;
                    } else if running == 0 {
                        // Not even one thread: the run is done here.
                        self.alone(run, attempt);
                    } else {
                        self.pace.cap(running);
                        queue.push_front(run);
                        break;
                    }
                }
                if running == 0 {
                    break;
                }
                let result = receive(&finished);
                running -= 1;
                self.pace.observe(result.lateness, Instant::now());
                if is_dubious(&result, self.is_known(&result), attempt) {
                    again.push(result.run);
                } else {
                    send(self.sender, Message::Finished(result));
                }
            }
        });
        again
    }

    /// Starts one run on a thread of its own; false if the system has none to give.
    fn start<'s>(&self, scope: &'s Scope<'s, '_>, run: usize, attempt: u32, done: &Sender<RunResult>) -> bool
    where
        'a: 's,
    {
        let (context, done) = (self.context, done.clone());
        let spawned = Builder::new().spawn_scoped(scope, move || {
            let result = execute(context, run, attempt);
            // The pass waits for every run that it started.
            let _waiting = done.send(result);
        });
        if spawned.is_ok() && attempt == 1 {
            send(self.sender, Message::Started(run));
        }
        spawned.is_ok()
    }

    fn alone(&self, run: usize, attempt: u32) {
        send(self.sender, Message::Finished(execute(self.context, run, attempt)));
    }

    fn is_known(&self, result: &RunResult) -> bool {
        let suite = self.context.suite;
        let planned = &suite.runs[result.run];
        let script = &suite.scripts[planned.script as usize].name;
        suite.targets[planned.target as usize].baseline.find(script, planned.ip_version).is_some()
    }
}

fn execute(context: Context<'_>, run: usize, attempt: u32) -> RunResult {
    let mut scratch = Scratch::with_interrupt(context.interrupt.clone());
    let mut result = context.suite.execute(run, &mut scratch, context.interrupt);
    result.attempts = attempt;
    result
}

fn receive(finished: &Receiver<RunResult>) -> RunResult {
    finished.recv().expect("the pass itself holds a sender, and every run sends its result, even after a panic")
}
