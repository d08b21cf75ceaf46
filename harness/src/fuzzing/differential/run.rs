//! Sessions on two targets, side by side, until the time is over.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::compare::{Difference, compare};
use super::stimulus::Clause;
use crate::engine::Interrupt;
use crate::fuzzing::black_box::{Seeds, Shared, session_seed};
use crate::fuzzing::finding::{Cause, Finding};
use crate::fuzzing::run::{Runner, Step};
use crate::fuzzing::session::Session;
use crate::fuzzing::triage::{script_of_difference, shortest};
use crate::target::{Clock, Link, TargetError, TargetFactory};

/// Sessions of a batch.
const BATCH: u64 = 50;
/// How long the shortest session of a class is looked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same sessions against two targets.
pub struct Comparison {
    /// What makes the targets.
    pub factories: [Arc<dyn TargetFactory>; 2],
    /// Their names, as reports have them.
    pub names: [String; 2],
    /// What session a seed means: one that does not wait.
    pub seeds: Seeds,
    /// From which the seeds of sessions follow.
    pub seed: u64,
    /// How many sessions.
    pub sessions: Option<u64>,
    /// How long it goes on.
    pub time: Option<Duration>,
    /// How many threads.
    pub jobs: NonZeroUsize,
}

/// Differences about one clause.
#[derive(Clone, Debug)]
pub struct Class {
    /// The clause.
    pub clause: Clause,
    /// What differs, and the answers of both targets, with how many sessions showed it; the most frequent first.
    pub variants: Vec<(String, (String, String), u64)>,
    /// How many sessions in all.
    pub count: u64,
    /// The seed of the first one.
    pub seed: u64,
    /// The shortest session that shows the first variant.
    pub session: Session,
    /// What happened in it, on both targets.
    pub steps: [Vec<Step>; 2],
    /// It as a script.
    pub script: String,
}

impl Class {
    /// A name for files and lists: the same for the same clause.
    pub fn id(&self) -> String {
        let what = self.clause.requirement.unwrap_or(self.clause.clause);
        let mut id = String::from("differs-");
        for character in what.chars().chain(" ".chars()).chain(self.clause.about.chars()) {
            match character {
                'a'..='z' | '0'..='9' => id.push(character),
                'A'..='Z' => id.push(character.to_ascii_lowercase()),
                _ if id.ends_with('-') => {}
                _ => id.push('-'),
            }
        }
        id.trim_end_matches('-').to_owned()
    }
}

/// What a comparison came to.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Sessions that were run on both.
    pub sessions: u64,
    /// Sessions in which they differ.
    pub differing: u64,
    /// The classes, in order of clauses.
    pub classes: Vec<Class>,
    /// How long it took.
    pub elapsed: Duration,
    /// It was interrupted.
    pub interrupted: bool,
}

/// What is known of a class while sessions run.
#[derive(Default)]
struct Seen {
    variants: BTreeMap<(String, (String, String)), (u64, u64)>,
    first: Option<u64>,
}

type AllSeen = BTreeMap<Clause, Seen>;

/// What the threads share.
struct Common<'c> {
    comparison: &'c Comparison,
    seen: Mutex<AllSeen>,
    sessions: AtomicU64,
    differing: AtomicU64,
    batch: AtomicU64,
    stop: AtomicBool,
}

impl Comparison {
    /// Runs sessions and tells the classes; `tick` is told how many sessions were run, about once a second.
    ///
    /// # Errors
    /// A target cannot be made.
    pub fn run(&self, interrupt: &Interrupt, tick: &mut dyn FnMut(u64, usize)) -> Result<Compared, TargetError> {
        let begun = Instant::now();
        let common = Common {
            comparison: self,
            seen: Mutex::default(),
            sessions: AtomicU64::new(0),
            differing: AtomicU64::new(0),
            batch: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.jobs.get()).map(|_| scope.spawn(|| common.work())).collect();
            let mut last = Instant::now();
            while !threads.iter().all(|thread| thread.is_finished()) {
                std::thread::sleep(Duration::from_millis(20));
                let is_over = self.time.is_some_and(|time| begun.elapsed() >= time);
                if is_over || interrupt.is_interrupted() {
                    common.stop.store(true, Relaxed);
                }
                if last.elapsed() >= Duration::from_secs(1) {
                    last = Instant::now();
                    let classes = common.seen.lock().unwrap_or_else(PoisonError::into_inner).len();
                    tick(common.sessions.load(Relaxed), classes);
                }
            }
            for thread in threads {
                match thread.join() {
                    Ok(result) => result?,
                    Err(_) => return Err(TargetError::Gone("a thread that compares targets panicked".into())),
                }
            }
            Ok(())
        })?;
        let (sessions, differing) = (common.sessions.load(Relaxed), common.differing.load(Relaxed));
        let seen = common.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        // The machine's namespaces belong to threads, and this one is to stay in its own.
        let classes = std::thread::scope(|scope| {
            let work = scope.spawn(|| self.classes(seen));
            work.join().unwrap_or_else(|_| Err(TargetError::Gone("the thread that compares targets panicked".into())))
        })?;
        let interrupted = interrupt.is_interrupted();
        Ok(Compared { sessions, differing, classes, elapsed: begun.elapsed(), interrupted })
    }

    /// Makes the session of each class as short as it can be.
    fn classes(&self, seen: AllSeen) -> Result<Vec<Class>, TargetError> {
        let mut pair = Pair::new(self)?;
        let mut classes = Vec::new();
        for (clause, seen) in seen {
            let count = seen.variants.values().map(|(count, _)| count).sum();
            let mut variants: Vec<_> = seen.variants.into_iter().collect();
            variants.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
            let Some(((what, answers), (_, seed))) = variants.first().cloned() else { continue };
            let is_it = |difference: Option<Difference>| {
                difference.is_some_and(|it| it.clause == clause && it.what() == what && it.answers == answers)
            };
            let until = Some(Instant::now() + PATIENCE);
            let session = self.seeds.session(seed);
            pair.targets = None;
            let session = shortest(session, until, &mut |session| Ok(is_it(pair.difference(session)?)))?;
            pair.difference(&session)?;
            let steps = pair.steps.clone();
            let detail = format!("{}: {}, {}: {}", self.names[0], answers.0, self.names[1], answers.1);
            let id = clause.requirement.unwrap_or(clause.clause).to_owned();
            let finding = Finding { cause: Cause::Broken(id), at: crate::time::Instant::ZERO, detail };
            let targets = format!("{} against {}", self.names[0], self.names[1]);
            let script = script_of_difference(&session, &steps[0], &finding, &targets);
            let variants = variants.into_iter().map(|((what, answers), (count, _))| (what, answers, count)).collect();
            let seed = seen.first.unwrap_or(seed);
            classes.push(Class { clause, variants, count, seed, session, steps, script });
        }
        Ok(classes)
    }
}

impl Common<'_> {
    fn work(&self) -> Result<(), TargetError> {
        let comparison = self.comparison;
        for factory in &comparison.factories {
            factory.prepare_thread()?;
        }
        let mut pair = Pair::new(comparison)?;
        loop {
            let batch = self.batch.fetch_add(1, Relaxed);
            let first = batch * BATCH;
            let count = comparison.sessions.map_or(BATCH, |limit| limit.saturating_sub(first).min(BATCH));
            if count == 0 {
                return Ok(());
            }
            pair.targets = None;
            for number in 0..count {
                if self.stop.load(Relaxed) {
                    return Ok(());
                }
                let seed = session_seed(comparison.seed, false, batch, number);
                let difference = pair.difference(&comparison.seeds.session(seed))?;
                self.sessions.fetch_add(1, Relaxed);
                if let Some(difference) = difference {
                    self.differing.fetch_add(1, Relaxed);
                    self.note(seed, &difference);
                }
            }
        }
    }

    fn note(&self, seed: u64, difference: &Difference) {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = all.entry(difference.clause).or_default();
        seen.first = Some(seen.first.map_or(seed, |first| first.min(seed)));
        let key = (difference.what(), difference.answers.clone());
        let (count, first) = seen.variants.entry(key).or_insert((0, seed));
        *count += 1;
        *first = (*first).min(seed);
    }
}

/// Two targets, and what happened on them last.
struct Pair<'p> {
    factories: [&'p dyn TargetFactory; 2],
    runners: [Runner<'p>; 2],
    /// Real ones, on which session follows session; those on a virtual clock are made anew.
    targets: Option<[Option<Shared>; 2]>,
    steps: [Vec<Step>; 2],
}

impl<'p> Pair<'p> {
    fn new(comparison: &'p Comparison) -> Result<Pair<'p>, TargetError> {
        let factories = [&*comparison.factories[0], &*comparison.factories[1]];
        let mut seats = [false; 2];
        for (seat, factory) in seats.iter_mut().zip(factories) {
            *seat = factory.capabilities().clock == Clock::Real;
        }
        if seats == [true, true] {
            let what = "two targets that each need a network namespace cannot be compared on one thread".into();
            return Err(TargetError::Unsupported(what));
        }
        let runners = factories.map(|factory| Runner::with_oracles(factory, Vec::new()));
        Ok(Pair { factories, runners, targets: None, steps: Default::default() })
    }

    /// Runs a session on both.
    fn difference(&mut self, session: &Session) -> Result<Option<Difference>, TargetError> {
        let mut links: [Link; 2] = [session.link(), session.link()];
        for seat in 0..2 {
            let runner = &mut self.runners[seat];
            runner.keep_steps();
            if self.factories[seat].capabilities().clock == Clock::Virtual {
                runner.run(session)?;
            } else {
                let targets = self.targets.get_or_insert_with(Default::default);
                let is_fit = targets[seat].as_ref().is_some_and(|shared| shared.has_room() && shared.fits(session));
                if !is_fit {
                    // A thread is in one namespace at a time.
                    targets[seat] = None;
                    let shared = Shared::make(self.factories[seat], session)?;
                    runner.settle(shared.settling);
                    targets[seat] = Some(shared);
                }
                if let Some(shared) = &mut targets[seat] {
                    links[seat] = shared.next_link();
                    runner.run_on(&mut *shared.target, &links[seat], session);
                }
            }
            self.steps[seat] = runner.take_steps();
        }
        Ok(compare((&self.steps[0], &links[0]), (&self.steps[1], &links[1])))
    }
}
