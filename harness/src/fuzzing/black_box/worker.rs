//! A thread that runs sessions.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use super::batch::Shared;
use super::seeds::{self, Seeds};
use crate::fuzzing::finding::{Cause, Finding};
use crate::fuzzing::known::Known;
use crate::fuzzing::run::{Ran, Runner};
use crate::fuzzing::states::{Reached, States};
use crate::target::{Clock, TargetError, TargetFactory};

/// Sessions of a batch: those that wait, and those that do not.
const BATCH: u64 = 250;
const WAITING_BATCH: u64 = 8;
/// Sessions of one cause that a worker tells of.
const TOLD: u32 = 8;

/// What all workers share.
pub(super) struct Common {
    pub(super) factory: Arc<dyn TargetFactory>,
    pub(super) seeds: Seeds,
    /// The seed of the campaign.
    pub(super) campaign: u64,
    /// Sessions that do not wait, and those that do.
    pub(super) lanes: [Lane; 2],
    pub(super) reached: Arc<Reached>,
    /// Causes that are known by now; they only become more.
    pub(super) known: Mutex<Vec<Known>>,
    pub(super) stop: AtomicBool,
}

/// Sessions of one sort.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// How many there are to be.
    pub(super) limit: Option<u64>,
    /// The next batch.
    pub(super) batch: AtomicU64,
    /// Sessions that were run.
    pub(super) sessions: AtomicU64,
}

/// What a worker is at.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// The session's seed.
    pub(super) seed: AtomicU64,
    /// How many it has begun: a number that stays is a session that does not end.
    pub(super) begun: AtomicU64,
    /// It runs one.
    pub(super) is_running: AtomicBool,
}

/// What a worker says.
pub(super) enum Message {
    /// A session showed something.
    Suspicion {
        seed: u64,
        finding: Finding,
        /// The sessions that ran on the same target before, in order.
        before: Vec<u64>,
    },
    /// There is no target.
    Failed(TargetError),
    /// It has nothing more to do.
    Done,
}

impl Common {
    pub(super) fn known(&self) -> Vec<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn clock(&self) -> Clock {
        self.factory.capabilities().clock
    }

    /// The numbers of the next batch and its sessions; nothing if all have been run.
    fn next_batch(&self, waits: bool) -> Option<(u64, u64)> {
        let (lane, size) = (&self.lanes[usize::from(waits)], if waits { WAITING_BATCH } else { BATCH });
        if self.stop.load(Relaxed) {
            return None;
        }
        // What is not begun is left to a campaign that goes on here.
        let is_left = |batch: u64| lane.limit.is_none_or(|limit| batch * size < limit);
        let next = lane.batch.fetch_update(Relaxed, Relaxed, |batch| is_left(batch).then_some(batch + 1));
        let batch = next.ok()?;
        Some((batch, lane.limit.map_or(size, |limit| (limit - batch * size).min(size))))
    }
}

/// Runs batches until there are no more.
pub(super) fn work(common: &Common, slot: &Slot, waits: bool, sender: &SyncSender<Message>) {
    let result = common.factory.prepare_thread().and_then(|()| {
        let mut worker = Worker { common, slot, waits, sender, told: BTreeMap::new() };
        while let Some((batch, sessions)) = common.next_batch(waits) {
            worker.batch(batch, sessions)?;
        }
        Ok(())
    });
    slot.is_running.store(false, Relaxed);
    let message = result.map_or_else(Message::Failed, |()| Message::Done);
    // Nobody listens any more where the campaign was ended.
    let _gone = sender.send(message);
}

struct Worker<'a> {
    common: &'a Common,
    slot: &'a Slot,
    waits: bool,
    sender: &'a SyncSender<Message>,
    /// How often it told of a cause.
    told: BTreeMap<String, u32>,
}

fn runner<'c>(common: &'c Common, known: &[Known]) -> Runner<'c> {
    let mut oracles = crate::fuzzing::oracles();
    oracles.push(Box::new(States::new(Arc::clone(&common.reached))));
    Runner::with_oracles(&*common.factory, oracles).knowing(known)
}

impl Worker<'_> {
    fn batch(&mut self, batch: u64, sessions: u64) -> Result<(), TargetError> {
        let common = self.common;
        let known = common.known();
        let mut runner = runner(common, &known);
        let mut shared: Option<Shared> = None;
        let mut before = Vec::new();
        for number in 0..sessions {
            if common.stop.load(Relaxed) {
                break;
            }
            let seed = seeds::seed(common.campaign, self.waits, batch, number);
            let session = common.seeds.session(seed);
            self.slot.seed.store(seed, Relaxed);
            self.slot.begun.fetch_add(1, Relaxed);
            self.slot.is_running.store(true, Relaxed);
            let ran = match common.clock() {
                Clock::Virtual => caught(|| runner.run(&session))?,
                Clock::Real => {
                    let shared = match &mut shared {
                        Some(shared) if shared.has_room() => shared,
                        empty => {
                            before.clear();
                            let made = Shared::make(&*common.factory, &session)?;
                            runner.settle(made.settling);
                            empty.insert(made)
                        }
                    };
                    let link = shared.next_link();
                    caught(|| Ok(runner.run_on(&mut *shared.target, &link, &session)))?
                }
            };
            self.slot.is_running.store(false, Relaxed);
            common.lanes[usize::from(self.waits)].sessions.fetch_add(1, Relaxed);
            if let Some(finding) = ran.finding {
                if matches!(finding.cause, Cause::Gone(_)) {
                    // What is gone does not come back, and a panic may have left anything behind.
                    shared = None;
                    runner = self::runner(common, &known);
                }
                self.tell(seed, finding, &before);
            }
            before.push(seed);
        }
        Ok(())
    }

    fn tell(&mut self, seed: u64, finding: Finding, before: &[u64]) {
        let told = self.told.entry(finding.cause.id()).or_default();
        if *told < TOLD {
            *told += 1;
            let _gone = self.sender.send(Message::Suspicion { seed, finding, before: before.to_vec() });
        }
    }
}

/// What a session gave; a target that panics is gone.
pub(in crate::fuzzing) fn caught(run: impl FnOnce() -> Result<Ran, TargetError>) -> Result<Ran, TargetError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = message(&*panic);
        let finding = Finding { cause: Cause::gone(&said), at: crate::time::Instant::ZERO, detail: said };
        Ok(Ran { finding: Some(finding), ..Ran::default() })
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}
