//! A campaign: workers run sessions, an examiner looks twice at what they found, the caller is told.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::examine::{Examined, examine};
use super::seeds::Seeds;
use super::worker::{Common, Lane, Message, Slot, work};
use crate::engine::Interrupt;
use crate::fuzzing::finding::{Cause, Finding};
use crate::fuzzing::known::Known;
use crate::fuzzing::states::{Reached, State};
use crate::target::{Clock, TargetError, TargetFactory};

/// Threads whose sessions wait for the target's timers: they sleep most of the time.
const WAITING: usize = 8;
/// Of so many sessions one waits, where their number is given.
const ONE_WAITS_OF: u64 = 50;
/// Messages in flight before workers wait for the examiner.
const IN_FLIGHT: usize = 256;
/// How often the caller is told how far it is.
const TICK: Duration = Duration::from_secs(1);
/// A session that takes longer does not end. The longest that may be waits seven times for a fresh connection.
const HANGS: Duration = Duration::from_secs(60);
/// How long the campaign waits at its end for what is being examined.
const LAST_LOOK: Duration = Duration::from_secs(90);
/// Sessions of one cause that are looked at before it is given up as one that does not show again.
const TRIES: usize = 4;

/// A campaign against one target.
pub struct BlackBox {
    /// Makes the targets of sessions.
    pub factory: Arc<dyn TargetFactory>,
    /// Makes the fresh targets on which findings are looked at again, and on which their scripts run.
    pub fresh: Arc<dyn TargetFactory>,
    /// What session a seed means.
    pub seeds: Seeds,
    /// The seed of the campaign, from which those of its sessions follow.
    pub seed: u64,
    /// How many sessions, those of a resumed campaign included; without end if none is given.
    pub sessions: Option<u64>,
    /// How long it goes on.
    pub time: Option<Duration>,
    /// Threads whose sessions do not wait.
    pub jobs: NonZeroUsize,
    /// Causes that are known.
    pub known: Vec<Known>,
    /// What was done before.
    pub resumed: Resumed,
}

/// Where a campaign can be taken up again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resumed {
    /// Batches of sessions that do not wait, and of those that do.
    pub batches: [u64; 2],
    /// Sessions that were run, in the same way.
    pub sessions: [u64; 2],
    /// How long that took, in milliseconds.
    pub elapsed_ms: u64,
    /// Transitions of the target's connections that were seen.
    pub transitions: Vec<(State, State)>,
}

/// What a campaign tells while it runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// How far it is; about once a second.
    Progress(&'a Progress),
    /// Something that shows again on a fresh target.
    Found(&'a Found),
    /// Something that does not.
    Unrepeated(&'a Unrepeated),
}

/// How far a campaign is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Where it can be taken up again.
    pub at: Resumed,
    /// Sessions that do not wait in each second since the last progress.
    pub rate: f64,
    /// States of TCP that connections of the target were in.
    pub states: usize,
    /// Findings so far.
    pub found: usize,
}

/// Something that shows again.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is.
    pub cause: Cause,
    /// What happened when it was first seen.
    pub detail: String,
    /// The shortest way to it.
    pub examined: Examined,
}

/// Something that was seen and does not show again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unrepeated {
    /// What it is.
    pub cause: Cause,
    /// What happened when it was first seen.
    pub detail: String,
    /// The sessions that showed it.
    pub seeds: Vec<u64>,
}

/// What a campaign came to.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// How far it came.
    pub progress: Progress,
    /// What was seen, and not looked at again because the campaign ended.
    pub unexamined: Vec<Unrepeated>,
    /// It was interrupted.
    pub interrupted: bool,
    /// A session did not end; its thread still runs.
    pub hangs: bool,
}

/// One cause, as far as it is known.
#[derive(Default)]
struct Case {
    waiting: VecDeque<(u64, Finding, Vec<u64>)>,
    seen: Option<Unrepeated>,
    tried: usize,
    is_examined: bool,
    is_done: bool,
}

/// What the examiner is asked, and what it answers.
struct Question {
    seed: u64,
    finding: Finding,
    before: Vec<u64>,
}
struct Answer {
    finding: Finding,
    result: Result<Option<Examined>, TargetError>,
}

impl BlackBox {
    /// Runs it to its end and tells `each` what happens.
    ///
    /// # Errors
    /// No target can be made; or what `each` says, which ends the campaign.
    pub fn run<E: From<TargetError>>(
        self,
        interrupt: &Interrupt,
        each: &mut dyn FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<Totals, E> {
        let waiting = if self.factory.capabilities().clock == Clock::Real { WAITING } else { 0 };
        let limits = self.limits(waiting > 0);
        let reached = Reached::default();
        for (from, to) in &self.resumed.transitions {
            reached.add(*from, *to);
        }
        let lane = |number: usize| Lane {
            limit: limits[number],
            batch: AtomicU64::new(self.resumed.batches[number]),
            sessions: AtomicU64::new(self.resumed.sessions[number]),
        };
        let common = Arc::new(Common {
            factory: Arc::clone(&self.factory),
            seeds: self.seeds.clone(),
            campaign: self.seed,
            lanes: [lane(0), lane(1)],
            reached: Arc::new(reached),
            known: Mutex::new(self.known.clone()),
            stop: AtomicBool::new(false),
        });
        let (sender, messages) = sync_channel(IN_FLIGHT);
        let mut slots = Vec::new();
        for number in 0..self.jobs.get() + waiting {
            let slot = Arc::new(Slot::default());
            slots.push((Arc::clone(&slot), 0, Instant::now()));
            let (common, sender) = (Arc::clone(&common), sender.clone());
            let waits = number >= self.jobs.get();
            spawn("rfcheck-fuzz", move || work(&common, &slot, waits, &sender)).map_err(E::from)?;
        }
        drop(sender);
        let (questions, asked) = channel::<Question>();
        let (answer, answers) = channel();
        let examiner = (Arc::clone(&self.fresh), Arc::clone(&common));
        spawn("rfcheck-examine", move || examine_all(&*examiner.0, &examiner.1, &asked, &answer)).map_err(E::from)?;
        let mut campaign = Campaign {
            common: &common,
            cases: BTreeMap::new(),
            questions,
            begun: Instant::now(),
            before: Duration::from_millis(self.resumed.elapsed_ms),
            last: (Instant::now(), self.resumed.sessions[0]),
            found: 0,
        };
        campaign.supervise(&self, interrupt, slots, &messages, &answers, each)
    }

    /// How many sessions that do not wait, and how many that do.
    fn limits(&self, is_real: bool) -> [Option<u64>; 2] {
        match self.sessions {
            Some(sessions) if is_real => {
                let waiting = sessions / ONE_WAITS_OF;
                [Some(sessions - waiting), Some(waiting)]
            }
            Some(sessions) => [Some(sessions), Some(0)],
            None => [None, if is_real { None } else { Some(0) }],
        }
    }
}

struct Campaign<'a> {
    common: &'a Arc<Common>,
    cases: BTreeMap<String, Case>,
    questions: Sender<Question>,
    begun: Instant,
    before: Duration,
    last: (Instant, u64),
    found: usize,
}

impl Campaign<'_> {
    fn supervise<E: From<TargetError>>(
        &mut self,
        black_box: &BlackBox,
        interrupt: &Interrupt,
        mut slots: Vec<(Arc<Slot>, u64, Instant)>,
        messages: &Receiver<Message>,
        answers: &Receiver<Answer>,
        each: &mut dyn FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<Totals, E> {
        let (mut running, mut hangs, mut failed) = (slots.len(), false, None);
        let mut tick = Instant::now() + TICK;
        while running > 0 && !hangs {
            match messages.recv_timeout(Duration::from_millis(50)) {
                Ok(Message::Suspicion { seed, finding, before }) => self.suspect(seed, finding, before),
                Ok(Message::Done) => running -= 1,
                Ok(Message::Failed(error)) => {
                    running -= 1;
                    self.common.stop.store(true, Relaxed);
                    failed.get_or_insert(error);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let is_over = black_box.time.is_some_and(|time| self.begun.elapsed() >= time);
            if interrupt.is_interrupted() || is_over {
                self.common.stop.store(true, Relaxed);
            }
            while let Ok(answer) = answers.try_recv() {
                self.answered(answer, each)?;
            }
            if Instant::now() >= tick {
                tick = Instant::now() + TICK;
                let progress = self.progress();
                each(Event::Progress(&progress))?;
                if let Some(seed) = hanging(&mut slots) {
                    hangs = true;
                    self.common.stop.store(true, Relaxed);
                    self.hangs(seed, each)?;
                }
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        let until = Instant::now() + LAST_LOOK;
        while self.is_examining() && Instant::now() < until && !interrupt.is_interrupted() {
            match answers.recv_timeout(Duration::from_millis(50)) {
                Ok(answer) => self.answered(answer, each)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let left = |case: &Case| if case.is_done { None } else { case.seen.clone() };
        let unexamined = self.cases.values().filter_map(left).collect();
        Ok(Totals { progress: self.progress(), unexamined, interrupted: interrupt.is_interrupted(), hangs })
    }

    fn progress(&mut self) -> Progress {
        let load = |number: usize| self.common.lanes[number].sessions.load(Relaxed);
        let sessions = [load(0), load(1)];
        let seconds = self.last.0.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 { (sessions[0] - self.last.1) as f64 / seconds } else { 0.0 };
        self.last = (Instant::now(), sessions[0]);
        let at = Resumed {
            batches: [0, 1].map(|number: usize| self.common.lanes[number].batch.load(Relaxed)),
            sessions,
            elapsed_ms: (self.before + self.begun.elapsed()).as_millis() as u64,
            transitions: self.common.reached.transitions(),
        };
        Progress { at, rate, states: self.common.reached.states(), found: self.found }
    }

    fn suspect(&mut self, seed: u64, finding: Finding, before: Vec<u64>) {
        let case = self.cases.entry(finding.cause.id()).or_default();
        let seen = case.seen.get_or_insert_with(|| Unrepeated {
            cause: finding.cause.clone(),
            detail: finding.detail.clone(),
            seeds: Vec::new(),
        });
        if case.is_done || seen.seeds.len() >= TRIES {
            return;
        }
        seen.seeds.push(seed);
        case.waiting.push_back((seed, finding, before));
        case.ask(&self.questions);
    }

    fn is_examining(&self) -> bool {
        self.cases.values().any(|case| case.is_examined)
    }

    fn answered<E: From<TargetError>>(
        &mut self,
        answer: Answer,
        each: &mut dyn FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let id = answer.finding.cause.id();
        let Some(case) = self.cases.get_mut(&id) else { return Ok(()) };
        case.is_examined = false;
        case.tried += 1;
        match answer.result.map_err(E::from)? {
            Some(examined) => {
                case.is_done = true;
                case.waiting.clear();
                self.found += 1;
                self.common.known.lock().unwrap_or_else(PoisonError::into_inner).push(Known::named(id));
                let Finding { cause, detail, .. } = answer.finding;
                each(Event::Found(&Found { cause, detail, examined }))
            }
            None if case.tried >= TRIES => {
                case.is_done = true;
                case.seen.as_ref().map_or(Ok(()), |seen| each(Event::Unrepeated(seen)))
            }
            None => {
                case.ask(&self.questions);
                Ok(())
            }
        }
    }

    fn hangs<E>(&mut self, seed: u64, each: &mut dyn FnMut(Event<'_>) -> Result<(), E>) -> Result<(), E> {
        self.found += 1;
        let said = format!("a session does not end in {} seconds", HANGS.as_secs());
        let examined = Examined { seeds: vec![seed], triaged: None };
        each(Event::Found(&Found { cause: Cause::gone(&said), detail: said, examined }))
    }
}

impl Case {
    /// Has the next session looked at, if none is.
    fn ask(&mut self, questions: &Sender<Question>) {
        if self.is_examined || self.is_done {
            return;
        }
        if let Some((seed, finding, before)) = self.waiting.pop_front() {
            self.is_examined = questions.send(Question { seed, finding, before }).is_ok();
        }
    }
}

/// The seed of a session that does not end.
fn hanging(slots: &mut [(Arc<Slot>, u64, Instant)]) -> Option<u64> {
    for (slot, begun, since) in slots {
        let now = slot.begun.load(Relaxed);
        if now != *begun || !slot.is_running.load(Relaxed) {
            (*begun, *since) = (now, Instant::now());
        } else if since.elapsed() >= HANGS {
            return Some(slot.seed.load(Relaxed));
        }
    }
    None
}

fn examine_all(factory: &dyn TargetFactory, common: &Common, asked: &Receiver<Question>, answer: &Sender<Answer>) {
    let prepared = factory.prepare_thread();
    for Question { seed, finding, before } in asked {
        let result = match &prepared {
            Ok(()) => examine(factory, &common.seeds, &common.known(), seed, &before, &finding.cause),
            Err(error) => Err(TargetError::Gone(error.to_string())),
        };
        if answer.send(Answer { finding, result }).is_err() {
            return;
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), TargetError> {
    let spawned = std::thread::Builder::new().name(name.into()).spawn(work);
    spawned.map(drop).map_err(|source| TargetError::Environment { what: "cannot start a thread".into(), source })
}
