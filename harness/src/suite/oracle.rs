//! The monitor as an oracle of every run: a script passes only if the monitor has no complaint either.

use std::net::{IpAddr, Ipv4Addr};

use super::baseline::{Baseline, KnownViolation};
use super::catalogue::Level;
use super::event::RunId;
use crate::engine::{Blame, Failure, FailureKind, Outcome, Settings, Verdict};
use crate::monitor::{self, Invariant, Monitor, Vantage, Violation};
use crate::script::Diagnostic;
use crate::script::tree::Directive;
use crate::target::Link;
use crate::trace::{TraceEvent, TraceEventKind};

/// A monitor that judges run after run.
#[derive(Debug)]
pub(super) struct Oracle {
    monitor: Monitor,
    is_off: bool,
}

impl Default for Oracle {
    fn default() -> Self {
        Oracle { monitor: Monitor::new(Vantage::link()), is_off: false }
    }
}

impl Oracle {
    /// Judges a run; one that passed so far fails if the target broke an invariant that `baseline` does not know. Gives
    /// the level of that one.
    pub(super) fn judge(
        &mut self,
        directives: &[Directive],
        settings: &Settings,
        run: &RunId<'_>,
        baseline: &Baseline,
        outcome: &mut Outcome,
    ) -> Option<Level> {
        let excepted = exceptions(directives);
        self.is_off = excepted.contains(&"off");
        if self.is_off {
            return None;
        }
        let violations = monitor::judge(&mut self.monitor, vantage(&settings.link), &outcome.trace, outcome.ended);
        if outcome.verdict != Verdict::Pass {
            return None;
        }
        let is_news = |violation: &&Violation| {
            let id = violation.invariant.requirement();
            !excepted.contains(&id) && baseline.find_violation(id).is_none()
        };
        // A MUST that is broken tells more than a SHOULD.
        let weight = |violation: &Violation| Level::from_name(violation.invariant.level()).map(Level::is_absolute);
        let is_shown = |known: &KnownViolation| {
            violations.iter().any(|violation| violation.invariant.requirement() == known.requirement)
        };
        if let Some(known) = baseline.shown_by(run).find(|known| !is_shown(known)) {
            outcome.verdict = Verdict::Fail;
            outcome.failure = Some(stale(known));
            return Some(Level::Must);
        }
        let violation = violations.iter().filter(is_news).rev().max_by_key(|violation| weight(violation))?;
        outcome.verdict = Verdict::Fail;
        outcome.failure = Some(failure(violation, event(violation.frame, &outcome.trace.events)));
        Level::from_name(violation.invariant.level())
    }

    /// What the monitor saw in the last run.
    pub(super) fn violations(&self) -> &[Violation] {
        if self.is_off { &[] } else { self.monitor.violations() }
    }
}

/// What is wrong with what a script takes from the monitor's eyes.
pub(super) fn faults(directives: &[Directive]) -> Vec<Diagnostic> {
    let directives = directives.iter().filter(|directive| directive.key.node == "monitor");
    let fault = |directive: &Directive| {
        let (what, why) = directive.value.node.split_once(char::is_whitespace).unwrap_or((&directive.value.node, ""));
        let is_watched = Invariant::ALL.iter().any(|invariant| invariant.requirement() == what);
        let message = if what != "off" && !is_watched {
            format!("the monitor does not watch `{what}`; write `off` or the ID of a requirement that it watches")
        } else if why.trim().is_empty() {
            format!("say why the monitor is not to watch: `//@ monitor: {what} REASON`")
        } else {
            return None;
        };
        Some(Diagnostic::error("directive::monitor", directive.value.span, message, "here"))
    };
    directives.filter_map(fault).collect()
}

/// What a script takes from the monitor's eyes: `off`, or IDs of requirements.
fn exceptions(directives: &[Directive]) -> Vec<&str> {
    directives
        .iter()
        .filter(|directive| directive.key.node == "monitor")
        .filter_map(|directive| directive.value.node.split_whitespace().next())
        .collect()
}

fn vantage(link: &Link) -> Vantage {
    let broadcast = match link.local {
        IpAddr::V4(local) if link.prefix < 31 => {
            let host = u32::MAX.checked_shr(u32::from(link.prefix)).unwrap_or(0);
            Some(Ipv4Addr::from_bits(local.to_bits() | host).into())
        }
        _ => None,
    };
    let offload = link.segmentation_offload || link.receive_segment.is_some();
    Vantage { offload, broadcast, ..Vantage::link() }
}

/// The packet with this number.
fn event(frame: u64, events: &[TraceEvent]) -> Option<&TraceEvent> {
    let is_packet =
        |event: &&TraceEvent| matches!(event.kind, TraceEventKind::Injected { .. } | TraceEventKind::Received { .. });
    events.iter().filter(is_packet).nth(usize::try_from(frame).ok()?.checked_sub(1)?)
}

/// What is known of the target does not show where it should.
fn stale(known: &KnownViolation) -> Failure {
    let id = &known.requirement;
    let message = format!(
        "the baseline knows that {id} is broken here, but it is not: remove the known violation, or find out why the \
         monitor lost its teeth"
    );
    broken(message, 0)
}

fn failure(violation: &Violation, event: Option<&TraceEvent>) -> Failure {
    let invariant = violation.invariant;
    let message = format!(
        "packet {} breaks {} {}, {}: {}",
        violation.frame,
        invariant.requirement(),
        invariant.level(),
        invariant.clause(),
        violation.detail
    );
    broken(message, event.map_or(0, |event| event.line))
}

fn broken(message: String, line: u32) -> Failure {
    Failure { line, ..Failure::new(Blame::Target, FailureKind::Invariant, message) }
}
