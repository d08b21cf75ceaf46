//! Runs on the machine's clock: many at once, since they mostly wait, each on a thread of its own.
//!
//! The longest go first, so that the whole takes little longer than the longest script. A verdict that may come from
//! the crowd and not from the target does not stand ([`Attempts`]): that run is tried again with few beside it, and at
//! last with hardly any. Dialogues that are delivered slowly rest nearly all of their time, and go on beside the others.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::thread::{Builder, Scope};
use std::time::{Duration, Instant};

use super::attempts::{Attempts, DEGREES, Decision, MOST_OF_LONG};
use super::pace::Pace;
use super::{Context, Message, is_interrupted, send};
use crate::engine::Interrupt;
use crate::suite::Suite;
use crate::suite::work::RunResult;
use crate::suite::work::Worker;
use crate::tester::Schedule;

/// So many dialogues that are delivered slowly go on beside all others, per core.
const RESTING: usize = 64;
/// A script that takes longer mostly waits, and disturbs nobody who asks for quiet.
const LONG: Duration = Duration::from_secs(3);

pub(super) fn run(context: Context<'_>, runs: Vec<usize>, sender: &SyncSender<Message>) {
    if runs.is_empty() {
        return;
    }
    let durations: HashMap<_, _> = runs.iter().map(|run| (*run, context.suite.expected_duration(*run))).collect();
    let mut crowd = Crowd {
        context,
        sender,
        pace: Pace::new(context.cores, context.jobs.map(NonZeroUsize::get)),
        durations,
        waiting: Default::default(),
        resting: BinaryHeap::new(),
        running: HashMap::new(),
        attempts: Attempts::default(),
    };
    for run in runs {
        crowd.queue(run, 1);
    }
    crowd.work();
}

/// How often it is looked whether a run takes too long, or all are to end.
const LOOK: Duration = Duration::from_millis(100);

/// A run that goes on.
struct Running {
    since: Instant,
    limit: Duration,
    /// Ends this run alone.
    interrupt: Interrupt,
    is_late: bool,
}

/// How long a run should take, the run and the attempt: of equally long runs the first comes first.
type Waiting = (Duration, Reverse<(usize, usize)>);

/// Runs that go on side by side, and those that wait to.
struct Crowd<'a> {
    context: Context<'a>,
    sender: &'a SyncSender<Message>,
    pace: Pace,
    durations: HashMap<usize, Duration>,
    /// For each degree of quiet, from none on, the runs and attempts that wait for it, the longest on top.
    waiting: [BinaryHeap<Waiting>; DEGREES],
    /// First tries that mostly rest, the longest on top.
    resting: BinaryHeap<Waiting>,
    /// By run and attempt.
    running: HashMap<(usize, usize), Running>,
    attempts: Attempts,
}

impl<'a> Crowd<'a> {
    fn queue(&mut self, run: usize, attempt: usize) {
        let duration = self.durations.get(&run).copied().unwrap_or_default();
        if attempt == 1 && self.rests(run) {
            self.resting.push((duration, Reverse((run, attempt))));
            return;
        }
        // The tries of a long run side by side need the same degree.
        let quiet = if self.is_long(run) && attempt <= MOST_OF_LONG { attempt.min(2) } else { attempt.min(DEGREES) };
        self.waiting[quiet - 1].push((duration, Reverse((run, attempt))));
    }

    fn work(&mut self) {
        std::thread::scope(|scope| {
            let (done, finished) = channel();
            loop {
                while let Some((run, attempt)) = self.next() {
                    if self.start(scope, run, attempt, &done) {
                        continue;
                    }
                    if self.running.is_empty() {
                        // Not even one thread: the run is done here.
                        let result = execute(self.context, run, attempt, self.context.interrupt, Suite::execute);
                        self.finished(result);
                    } else {
                        self.pace.cap(self.running.len());
                        self.queue(run, attempt);
                        break;
                    }
                }
                if self.running.is_empty() {
                    break;
                }
                if let Some(mut result) = receive(&finished) {
                    let running = self.running.remove(&(result.run, result.attempts as usize));
                    if let Some(running) = running.filter(|running| running.is_late && is_interrupted(&result)) {
                        result.timed_out(running.limit);
                    }
                    self.pace.observe(result.lateness, Instant::now());
                    self.finished(result);
                }
                self.look_after();
            }
        });
    }

    /// Ends runs that take too long, and all of them once the suite is interrupted.
    fn look_after(&mut self) {
        let all = self.context.interrupt.is_interrupted();
        for running in self.running.values_mut() {
            running.is_late = running.is_late || running.since.elapsed() > running.limit;
            if running.is_late || all {
                running.interrupt.interrupt();
            }
        }
    }

    /// The run to start now, and which attempt at it this is; none if there are enough beside each other.
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.context.interrupt.is_interrupted() {
            return None;
        }
        if self.context.jobs.is_some_and(|jobs| self.running.len() >= jobs.get()) {
            return None;
        }
        let resting = self.running.keys().filter(|(run, _)| self.rests(*run)).count();
        if resting < self.context.cores * RESTING
            && let Some((_, Reverse(next))) = self.resting.pop()
        {
            return Some(next);
        }
        let quiet = self.waiting.iter().position(|waiting| !waiting.is_empty())?;
        let others = self.running.len() - resting;
        let busy = self.running.keys().filter(|(run, _)| !self.is_long(*run) && !self.rests(*run)).count();
        if busy >= self.pace.limit_of(quiet, self.context.cores) || others >= self.pace.limit() {
            return None;
        }
        self.waiting[quiet].pop().map(|(_, Reverse(next))| next)
    }

    fn rests(&self, run: usize) -> bool {
        self.context.suite.runs[run].schedule == Schedule::Slow
    }

    fn is_long(&self, run: usize) -> bool {
        self.durations.get(&run).is_some_and(|duration| *duration > LONG)
    }

    /// Starts one run on a thread of its own; false if the system has none to give.
    fn start<'s>(&mut self, scope: &'s Scope<'s, '_>, run: usize, attempt: usize, done: &Sender<RunResult>) -> bool
    where
        'a: 's,
    {
        let (context, done, interrupt) = (self.context, done.clone(), Interrupt::default());
        let own = interrupt.clone();
        let spawned = Builder::new().spawn_scoped(scope, move || {
            let result = execute(context, run, attempt, &own, Suite::execute_on_own_thread);
            // Whoever started it waits for it.
            let _waiting = done.send(result);
        });
        if spawned.is_err() {
            return false;
        }
        let expected = self.durations.get(&run).copied().unwrap_or_default();
        let limit = context.suite.time_limit(run, expected);
        self.running.insert((run, attempt), Running { since: Instant::now(), limit, interrupt, is_late: false });
        if attempt == 1 {
            send(self.sender, Message::Started(run));
        }
        true
    }

    /// Takes what one try gave. A try that was ended with the whole suite tells nothing, and is sent as it is.
    fn finished(&mut self, result: RunResult) {
        let (run, is_known) = (result.run, self.is_known(&result));
        let is_ended = is_interrupted(&result) && self.context.interrupt.is_interrupted();
        let decision = match is_ended {
            true => Decision::Stands { result: Box::new(result), is_earlier: false },
            false => self.attempts.ended(result, is_known, self.is_long(run)),
        };
        match decision {
            Decision::Stands { mut result, is_earlier } => {
                self.end_others(run);
                if is_earlier {
                    self.context.suite.capture_again(&mut result);
                }
                send(self.sender, Message::Finished(*result));
            }
            Decision::Again(attempts) => attempts.for_each(|attempt| self.queue(run, attempt)),
            Decision::Late => {}
        }
    }

    /// Ends the other tries of a run whose verdict stands.
    fn end_others(&mut self, run: usize) {
        for waiting in &mut self.waiting {
            waiting.retain(|(_, Reverse((other, _)))| *other != run);
        }
        for (_, running) in self.running.iter().filter(|((other, _), _)| *other == run) {
            running.interrupt.interrupt();
        }
    }

    fn is_known(&self, result: &RunResult) -> bool {
        let suite = self.context.suite;
        suite.known_failure(&suite.runs[result.run]).is_some()
    }
}

/// One of the suite's ways to run a planned run.
type Execute = fn(&Suite, usize, &mut Worker, &Interrupt) -> RunResult;

fn execute(context: Context<'_>, run: usize, attempt: usize, interrupt: &Interrupt, how: Execute) -> RunResult {
    let mut worker = Worker::new(interrupt);
    worker.scratch.begin_later(ninths(attempt));
    let mut result = how(context.suite, run, &mut worker, interrupt);
    result.attempts = attempt as u32;
    result
}

/// How much later in the target's tick than usual a try begins, in ninths of a tick: a failure that depends on it is none.
/// A few tries are far from each other, and nine are at every ninth, since the part of a tick at which a script holds may
/// be that small.
fn ninths(attempt: usize) -> u32 {
    let before = attempt as u32 - 1;
    before % 3 * 3 + before / 3 % 3
}

/// The next run that ends, if one does soon.
fn receive(finished: &Receiver<RunResult>) -> Option<RunResult> {
    match finished.recv_timeout(LOOK) {
        Ok(result) => Some(result),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => unreachable!("work() itself holds a sender"),
    }
}
