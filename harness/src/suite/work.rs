//! One run from text to verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::baseline::KnownFailure;
use super::catalogue::Level;
use super::delivery::Delivered;
use super::directives::{Requirements, level, title};
use super::event::{Details, RunId};
use super::oracle::Oracle;
use super::plan::{PlannedRun, Suite};
use super::prepared::{Body, Prepared};
use super::{capture, header};
use crate::engine::{self, Blame, Failure, FailureKind, Interrupt, Outcome, Scratch, Settings, Verdict};
use crate::monitor::Violation;
use crate::script::{Diagnostic, LineIndex, Sources};
use crate::target::TargetError;
use crate::trace::Trace;

/// A run that says nothing of its time may take so long, or twice what its script takes: as long as packetdrill's own
/// runner waits.
const LEAST_LIMIT: Duration = Duration::from_secs(180);

/// What one run gave.
#[derive(Debug)]
pub(super) struct RunResult {
    /// Index of the planned run.
    pub(super) run: usize,
    pub(super) verdict: Verdict,
    pub(super) title: Option<String>,
    pub(super) requirements: Requirements,
    pub(super) level: Option<Level>,
    pub(super) duration: Duration,
    /// In microseconds.
    pub(super) lateness: u64,
    /// Which try this is.
    pub(super) attempts: u32,
    /// The dialogue failed alike when it was delivered in another way.
    pub(super) is_confirmed: bool,
    /// Of every run that did not pass, and of those that passed if traces are wanted.
    pub(super) details: Option<Box<Details>>,
    pub(super) capture: Option<Result<PathBuf, (PathBuf, std::io::Error)>>,
}

/// Memory that run after run uses.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) scratch: Scratch,
    oracle: Oracle,
}

impl Suite {
    /// Runs one planned run. A panic below is the harness's own fault and ends only this run.
    pub(super) fn execute(&self, run: usize, worker: &mut Worker, interrupt: &Interrupt) -> RunResult {
        match catch_unwind(AssertUnwindSafe(|| self.attempt(run, worker))) {
            Ok(result) => result,
            Err(panic) => {
                // What the panic left half done must not reach the next run.
                *worker = Worker::new(interrupt);
                let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
                let message = format!("rfcheck panicked: {}", text.unwrap_or("no message"));
                RunResult::failed(run, Verdict::Error, Failure::new(Blame::Harness, FailureKind::Harness, message))
            }
        }
    }

    /// As [`Suite::execute`], on a thread that was made for this run.
    pub(super) fn execute_on_own_thread(&self, run: usize, worker: &mut Worker, interrupt: &Interrupt) -> RunResult {
        match self.targets[self.runs[run].target as usize].prepare_thread() {
            Ok(()) => self.execute(run, worker, interrupt),
            Err(error) => {
                let failure = Failure::new(Blame::Environment, FailureKind::Environment, error.to_string());
                RunResult::failed(run, Verdict::Inconclusive, failure)
            }
        }
    }

    /// How long a run should take, if its script can be parsed.
    pub(super) fn expected_duration(&self, run: usize) -> Duration {
        let planned = &self.runs[run];
        let file = &self.scripts[planned.script as usize];
        let body = file.text().ok().and_then(|text| self.body(planned, file, text).ok());
        body.map_or(Duration::ZERO, |body| body.expected_duration(planned.schedule))
    }

    /// How long a run may take on the machine's clock: what its script says, else what the user of a real-clock target
    /// can be asked to wait.
    pub(super) fn time_limit(&self, run: usize, expected: Duration) -> Duration {
        let text = self.scripts[self.runs[run].script as usize].text().unwrap_or_default();
        let said = header::values(text, "timeout").next().and_then(|seconds| seconds.parse().ok());
        let said = said.and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok());
        said.unwrap_or(LEAST_LIMIT.max(expected.saturating_mul(2)))
    }

    /// Names a run for reports.
    pub(super) fn id(&self, planned: &PlannedRun) -> RunId<'_> {
        RunId {
            script: &self.scripts[planned.script as usize],
            target: &self.targets[planned.target as usize].name,
            ip_version: planned.ip_version,
            profile: self.bases[planned.base as usize].profile.as_deref(),
            transport: self.scripts[planned.script as usize].is_dialogue().then_some(planned.schedule),
        }
    }

    /// The entry of the baseline for a planned run.
    pub(super) fn known_failure(&self, planned: &PlannedRun) -> Option<&KnownFailure> {
        self.targets[planned.target as usize].baseline.find(&self.id(planned))
    }

    fn attempt(&self, run: usize, worker: &mut Worker) -> RunResult {
        let planned = &self.runs[run];
        let target = &self.targets[planned.target as usize];
        let file = &self.scripts[planned.script as usize];
        let text = match file.text() {
            Ok(text) => text,
            Err(message) => {
                let failure = Failure::new(Blame::Script, FailureKind::Script, message.to_owned());
                return RunResult::failed(run, Verdict::Error, failure);
            }
        };
        let prepared = match self.prepared(planned, file, text) {
            Ok(prepared) => prepared,
            Err(diagnostics) => return RunResult::unparsable(run, text, diagnostics),
        };
        let Prepared { body, settings, requirements } = &*prepared;
        let about = RunResult {
            level: level(body.directives(), requirements),
            title: title(body.directives(), file.case.as_ref()),
            requirements: requirements.clone(),
            ..RunResult::new(run)
        };
        let missing = body.missing(settings, target.capabilities(), planned.schedule);
        if !missing.is_empty() {
            return RunResult { verdict: Verdict::NotApplicable, ..about }
                .with(Details { missing, ..Details::default() });
        }
        let outcome = match body {
            Body::Script(script) => target
                .create(&settings.link, file.folder())
                .map(|mut adapter| (engine::run(script, settings, adapter.as_mut(), &mut worker.scratch), false)),
            Body::Dialogue(dialogue) => {
                self.deliver(Delivered { planned, file, dialogue, settings }, &mut worker.scratch)
            }
        };
        match outcome {
            Ok((outcome, is_confirmed)) => {
                let about = RunResult { is_confirmed, ..about };
                self.judge(about, body, settings, outcome, worker)
            }
            Err(TargetError::Unsupported(what)) => {
                let details = Details { missing: vec![what], ..Details::default() };
                RunResult { verdict: Verdict::NotApplicable, ..about }.with(details)
            }
            Err(error) => {
                let (blame, kind) = match &error {
                    // A server that does not become ready.
                    TargetError::Gone(_) => (Blame::Target, FailureKind::Gone),
                    _ => (Blame::Environment, FailureKind::Environment),
                };
                let failure = Failure::new(blame, kind, error.to_string());
                RunResult { verdict: Verdict::Inconclusive, ..about }
                    .with(Details { failure: Some(failure), ..Details::default() })
            }
        }
    }

    fn judge(
        &self,
        about: RunResult,
        body: &Body,
        settings: &Settings,
        mut outcome: Outcome,
        worker: &mut Worker,
    ) -> RunResult {
        let run = self.id(&self.runs[about.run]);
        let baseline = &self.targets[self.runs[about.run].target as usize].baseline;
        let broken = match self.request.unmonitored {
            true => None,
            false => worker.oracle.judge(body.directives(), settings, &run, baseline, &mut outcome),
        };
        let mut result = RunResult {
            verdict: outcome.verdict,
            duration: outcome.ended.saturating_since(outcome.started),
            lateness: outcome.lateness,
            level: broken.or(about.level),
            ..about
        };
        let violations = if self.request.unmonitored { &[] } else { worker.oracle.violations() };
        result.capture = self.capture(&result, &outcome.trace, body.sources().map(Arc::as_ref), violations);
        if outcome.verdict == Verdict::Pass {
            self.remove_stale_capture(result.run);
            if !self.request.traces {
                worker.scratch.recycle(outcome.trace);
                return result;
            }
        }
        result.with(Details {
            failure: outcome.failure,
            missing: outcome.missing,
            trace: outcome.trace,
            started: outcome.started,
            sources: body.sources().cloned(),
            violations: violations.to_vec(),
            ..Details::default()
        })
    }
}

impl Suite {
    /// Writes the capture of a run again, over that of a later try.
    pub(super) fn capture_again(&self, result: &mut RunResult) {
        result.capture = result
            .details
            .as_deref()
            .and_then(|details| self.capture(result, &details.trace, details.sources.as_deref(), &details.violations));
    }

    /// Writes the capture of a run, if one is wanted.
    fn capture(
        &self,
        result: &RunResult,
        trace: &Trace,
        sources: Option<&Sources>,
        violations: &[Violation],
    ) -> Option<Result<PathBuf, (PathBuf, std::io::Error)>> {
        let captures = &self.request.captures;
        let folder = match result.verdict {
            Verdict::Pass | Verdict::NotApplicable => captures.all.as_ref(),
            _ => captures.all.as_ref().or(captures.failed.as_ref()),
        }?;
        let id = self.id(&self.runs[result.run]);
        let path = capture::path(folder, id);
        let about = capture::About { verdict: result.verdict, requirements: &result.requirements, sources, violations };
        Some(match capture::write(&path, id, &about, trace) {
            Ok(()) => Ok(path),
            Err(error) => Err((path, error)),
        })
    }

    /// A run that passes leaves no capture of an earlier failure behind, where captures are of failures alone.
    fn remove_stale_capture(&self, run: usize) {
        let captures = &self.request.captures;
        if let (None, Some(folder)) = (&captures.all, &captures.failed)
            && self.has_old_captures
        {
            let _mostly_there_is_none = std::fs::remove_file(capture::path(folder, self.id(&self.runs[run])));
        }
    }
}

impl Worker {
    /// Memory for a worker whose runs `interrupt` can stop.
    pub(super) fn new(interrupt: &Interrupt) -> Self {
        Worker { scratch: Scratch::with_interrupt(interrupt.clone()), oracle: Oracle::default() }
    }
}

impl RunResult {
    pub(super) fn new(run: usize) -> Self {
        RunResult {
            run,
            verdict: Verdict::Error,
            title: None,
            requirements: Requirements::new(),
            level: None,
            duration: Duration::ZERO,
            lateness: 0,
            attempts: 1,
            is_confirmed: false,
            details: None,
            capture: None,
        }
    }

    /// A run that was ended because it took too long.
    pub(super) fn timed_out(&mut self, limit: Duration) {
        let details = self.details.get_or_insert_default();
        let message = format!("the run was given up after {} s", limit.as_secs_f64());
        let failure = details
            .failure
            .get_or_insert_with(|| Failure::new(Blame::Environment, FailureKind::TimedOut, String::new()));
        (failure.kind, failure.message, self.verdict) = (FailureKind::TimedOut, message, Verdict::Inconclusive);
    }

    fn with(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    fn failed(run: usize, verdict: Verdict, failure: Failure) -> Self {
        RunResult { verdict, ..RunResult::new(run) }.with(Details { failure: Some(failure), ..Details::default() })
    }

    fn unparsable(run: usize, text: &str, diagnostics: Vec<Diagnostic>) -> Self {
        let first = diagnostics.first();
        let mut failure = Failure::new(
            Blame::Script,
            FailureKind::Script,
            first.map_or_else(|| "the script cannot be read".to_owned(), |d| d.message.clone()),
        );
        let file = |d: &Diagnostic| d.within.as_ref().is_none_or(|within| within.file.is_none());
        if let Some(first) = first.filter(|d| file(d)) {
            failure.span = Some(first.span);
            failure.line = LineIndex::new(text).line(first.span.start);
        }
        let details = Details { failure: Some(failure), diagnostics, ..Details::default() };
        RunResult::new(run).with(details)
    }
}
