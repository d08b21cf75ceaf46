//! From an input that is a finding to a script: the session is made as short as the cause allows, and written down.

mod calls;
mod minimise;
mod packets;
mod script;
#[cfg(test)]
mod tests;

use std::time::Instant;

use super::finding::{Cause, Finding};
use super::known::Known;
use super::oracle::vantage;
use super::run::{Runner, Step, step};
use super::session::Session;
use crate::engine::{self, Scratch, Settings, Verdict};
use crate::monitor::{self, Monitor, Vantage};
use crate::script::{Definitions, parse};
use crate::target::{Clock, TargetError, TargetFactory};
pub(super) use calls::error_name;
pub use minimise::minimise;
pub(super) use minimise::shortest;

/// How often a session is run to see it once more; on a real clock it need not show what it showed each time.
const RECORDINGS: u32 = 5;

/// What became of an input.
#[derive(Clone, Debug)]
pub struct Triaged {
    /// What the input shows.
    pub finding: Finding,
    /// The shortest session that shows it.
    pub session: Session,
    /// The script.
    pub script: String,
    /// What the script gave on the target.
    pub replayed: Replayed,
}

/// What a script that was made of a session gave on the target.
#[derive(Clone, Debug)]
pub enum Replayed {
    /// It fails, as it must: why.
    Fails(String),
    /// The target does all that it demands, and the monitor sees it break these requirements.
    Breaks(Vec<(&'static str, String)>),
    /// It gave another verdict: what the session does cannot be said in a script, or is judged by a session alone.
    Otherwise(Verdict, Option<String>),
    /// It is no script: rfcheck's fault. The diagnostics, one a line.
    Unreadable(String),
}

/// Runs an input, and makes a script of it if it is a finding; `None` if it is none.
///
/// # Errors
/// As [`Runner::run`].
pub fn triage(factory: &dyn TargetFactory, known: &[Known], input: &[u8]) -> Result<Option<Triaged>, TargetError> {
    let mut runner = Runner::new(factory).knowing(known);
    let session = Session::from_octets(input);
    let Some(found) = runner.run(&session)?.finding else { return Ok(None) };
    examine_session(&mut runner, factory, session, &found.cause, None)
}

/// Makes a session as short as its cause allows, until `until`, and makes a script of it; `None` if it does not show the
/// cause any more.
///
/// # Errors
/// As [`Runner::run`].
pub(super) fn examine_session(
    runner: &mut Runner<'_>,
    factory: &dyn TargetFactory,
    session: Session,
    cause: &Cause,
    until: Option<Instant>,
) -> Result<Option<Triaged>, TargetError> {
    let session = minimise(runner, session, cause, until)?;
    for _ in 0..RECORDINGS {
        let (ran, mut steps) = runner.record(&session)?;
        let Some(finding) = ran.finding.filter(|finding| finding.cause == *cause) else { continue };
        if factory.capabilities().clock == Clock::Real {
            step::round(&mut steps);
        }
        let script = script::write(&session, &steps, &finding, factory.name());
        let replayed = replay(factory, &session, &script)?;
        return Ok(Some(Triaged { finding, session, script, replayed }));
    }
    Ok(None)
}

/// The script of a session that two targets treat differently: what `steps` has of one of them, with what differs told.
pub(super) fn script_of_difference(session: &Session, steps: &[Step], finding: &Finding, targets: &str) -> String {
    let mut steps = steps.to_vec();
    step::round(&mut steps);
    let end = steps.iter().position(|step| *step == Step::Fresh).unwrap_or(steps.len());
    script::write(session, &steps[..end], finding, targets)
}

fn replay(factory: &dyn TargetFactory, session: &Session, text: &str) -> Result<Replayed, TargetError> {
    let script = match parse(text, &Definitions::default()) {
        Ok(script) => script,
        Err(diagnostics) => {
            let lines: Vec<String> = diagnostics.iter().map(|diagnostic| format!("{diagnostic:?}")).collect();
            return Ok(Replayed::Unreadable(lines.join("\n")));
        }
    };
    let settings = match Settings::new(session.link().ip_version).for_script(&script, &[]) {
        Ok(settings) => settings,
        Err((error, _)) => return Ok(Replayed::Unreadable(error.to_string())),
    };
    let mut target = factory.create(&settings.link)?;
    let outcome = engine::run(&script, &settings, &mut *target, &mut Scratch::default());
    let mut monitor = Monitor::new(Vantage::link());
    let violations = monitor::judge(&mut monitor, vantage(&settings.link), &outcome.trace, outcome.ended);
    Ok(match (outcome.verdict, outcome.failure) {
        (Verdict::Fail, Some(failure)) => Replayed::Fails(failure.message),
        (Verdict::Pass, _) if !violations.is_empty() => {
            Replayed::Breaks(violations.iter().map(|v| (v.invariant.requirement(), v.detail.clone())).collect())
        }
        (verdict, failure) => Replayed::Otherwise(verdict, failure.map(|failure| failure.message)),
    })
}
