//! Whether what a session showed shows again, and the shortest way to it.

use std::time::{Duration, Instant};

use super::batch::Shared;
use super::seeds::Seeds;
use super::worker::caught;
use crate::fuzzing::finding::{Cause, Finding};
use crate::fuzzing::known::Known;
use crate::fuzzing::run::{Ran, Runner, Step};
use crate::fuzzing::session::Session;
use crate::fuzzing::triage::{Triaged, examine_session};
use crate::target::{Clock, TargetError, TargetFactory};

/// Runs of a session on a real clock, and how many of them must show it: one alone may be the tester's own lateness.
const TRIES: (u32, u32) = (3, 2);
/// How long the shortest way is looked for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something that shows again.
#[derive(Clone, Debug)]
pub struct Examined {
    /// The sessions that lead to it on one fresh target; mostly one.
    pub seeds: Vec<u64>,
    /// The shortest session, and its script, where one session is enough.
    pub triaged: Option<Triaged>,
}

/// Runs the session of a seed on fresh targets, and if need be those that ran before it. Nothing if `cause` does not
/// show again.
///
/// # Errors
/// The factory makes no target.
pub fn examine(
    factory: &dyn TargetFactory,
    seeds: &Seeds,
    known: &[Known],
    seed: u64,
    before: &[u64],
    cause: &Cause,
) -> Result<Option<Examined>, TargetError> {
    let id = cause.id();
    let known: Vec<Known> = known.iter().filter(|known| !(known.is_always() && known.id() == id)).cloned().collect();
    let clock = factory.capabilities().clock;
    let until = Instant::now() + PATIENCE;
    let mut examiner = Examiner { factory, seeds, runner: Runner::new(factory).knowing(&known), cause, until };
    let session = seeds.session(seed);
    if clock == Clock::Real {
        let settling = Shared::make(factory, &session)?.settling;
        examiner.runner.settle(settling);
    }
    if examiner.repeats(&session, clock)? {
        let triaged = examine_session(&mut examiner.runner, factory, session, cause, Some(until))?;
        return Ok(Some(Examined { seeds: vec![seed], triaged }));
    }
    let mut row = before.to_vec();
    row.push(seed);
    if before.is_empty() || !examiner.leads(&row)? {
        return Ok(None);
    }
    let seeds = examiner.shortest(row)?;
    Ok(Some(Examined { seeds, triaged: None }))
}

struct Examiner<'e> {
    factory: &'e dyn TargetFactory,
    seeds: &'e Seeds,
    runner: Runner<'e>,
    cause: &'e Cause,
    until: Instant,
}

impl Examiner<'_> {
    fn is_it(&self, ran: &Ran) -> bool {
        ran.finding.as_ref().is_some_and(|finding| finding.cause == *self.cause)
    }

    fn repeats(&mut self, session: &Session, clock: Clock) -> Result<bool, TargetError> {
        let (tries, needed) = if clock == Clock::Virtual { (1, 1) } else { TRIES };
        let mut shown = 0;
        for _ in 0..tries {
            let ran = caught(|| self.runner.run(session))?;
            shown += u32::from(self.is_it(&ran));
        }
        Ok(shown >= needed)
    }

    /// Whether these sessions, one after the other on one target, lead to it.
    fn leads(&mut self, row: &[u64]) -> Result<bool, TargetError> {
        let Some(last) = row.last() else { return Ok(false) };
        let mut shared = Shared::make(self.factory, &self.seeds.session(*last))?;
        self.runner.settle(shared.settling);
        for seed in row {
            let session = self.seeds.session(*seed);
            let link = shared.next_link();
            let ran = caught(|| Ok(self.runner.run_on(&mut *shared.target, &link, &session)))?;
            if self.is_it(&ran) {
                return Ok(seed == last);
            }
        }
        Ok(false)
    }

    /// Leaves out what can be left out: long runs of sessions first, then single ones.
    fn shortest(&mut self, mut row: Vec<u64>) -> Result<Vec<u64>, TargetError> {
        let mut length = row.len() / 2;
        while length > 0 {
            let mut start = 0;
            // The last one shows it.
            while start + 1 < row.len() && Instant::now() < self.until {
                let mut without = row.clone();
                without.drain(start..(start + length).min(row.len() - 1));
                if self.leads(&without)? {
                    row = without;
                } else {
                    start += length;
                }
            }
            length /= 2;
        }
        Ok(row)
    }
}

/// What sessions gave that were run once more.
#[derive(Clone, Debug, Default)]
pub struct Repeated {
    /// All that the last one shows, one cause after the other.
    pub findings: Vec<Finding>,
    /// What happened in it.
    pub steps: Vec<Step>,
    /// Events of it.
    pub events: usize,
}

/// Runs the sessions of these seeds one after the other on one fresh target.
///
/// # Errors
/// The factory makes no target.
pub fn repeat(
    factory: &dyn TargetFactory,
    seeds: &Seeds,
    known: &[Known],
    row: &[u64],
) -> Result<Repeated, TargetError> {
    let Some((last, before)) = row.split_last() else { return Ok(Repeated::default()) };
    let session = seeds.session(*last);
    let mut known = known.to_vec();
    let mut repeated = Repeated { events: session.events.len(), ..Repeated::default() };
    loop {
        let mut runner = Runner::new(factory).knowing(&known);
        let (ran, steps) = if before.is_empty() {
            if factory.capabilities().clock == Clock::Real {
                runner.settle(Shared::make(factory, &session)?.settling);
            }
            recorded(&mut runner, |runner| runner.run(&session))?
        } else {
            let mut shared = Shared::make(factory, &session)?;
            runner.settle(shared.settling);
            for seed in before {
                let (session, link) = (seeds.session(*seed), shared.next_link());
                caught(|| Ok(runner.run_on(&mut *shared.target, &link, &session)))?;
            }
            let link = shared.next_link();
            recorded(&mut runner, |runner| Ok(runner.run_on(&mut *shared.target, &link, &session)))?
        };
        repeated.steps = steps;
        let Some(finding) = ran.finding else { return Ok(repeated) };
        let is_over = matches!(finding.cause, Cause::Gone(_));
        known.push(Known::named(finding.cause.id()));
        repeated.findings.push(finding);
        if is_over {
            return Ok(repeated);
        }
    }
}

fn recorded(
    runner: &mut Runner<'_>,
    run: impl FnOnce(&mut Runner<'_>) -> Result<Ran, TargetError>,
) -> Result<(Ran, Vec<Step>), TargetError> {
    runner.keep_steps();
    let ran = caught(|| run(runner))?;
    Ok((ran, runner.take_steps()))
}
