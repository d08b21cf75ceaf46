//! One run from text to verdict.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smallvec::SmallVec;

use super::baseline::KnownFailure;
use super::catalogue::{Level, Requirement};
use super::delivery::Delivered;
use super::event::{Details, RunId};
use super::oracle::{self, Oracle};
use super::plan::{Base, PlannedRun, Suite};
use super::{ScriptFile, capture, estimate, header};
use crate::dialogue::tree::{Action as DialogueAction, Role, Step};
use crate::dialogue::{self, Dialogue};
use crate::engine::conversation;
use crate::engine::{self, Blame, Failure, FailureKind, Interrupt, Outcome, Scratch, Settings, Verdict};
use crate::monitor::Violation;
use crate::script::tree::Action;
use crate::script::{Case, Definition, Definitions, Diagnostic, LineIndex, Script, Severity, Sources, Span};
use crate::target::{Capabilities, Services, TargetError};
use crate::tester::Schedule;
use crate::text::Directive;
use crate::trace::Trace;

/// The requirements of one script: mostly one.
pub(super) type Requirements = SmallVec<[Arc<Requirement>; 2]>;

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

/// Scripts that were prepared, by the indices of the script and of what its settings start from.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<HashMap<(u32, u32), Arc<Prepared>>>);

impl Kept {
    fn get(&self, key: (u32, u32)) -> Option<Arc<Prepared>> {
        self.0.lock().ok()?.get(&key).cloned()
    }

    /// Keeps it; a lock that a panic has poisoned keeps nothing any more.
    fn keep(&self, key: (u32, u32), prepared: &Arc<Prepared>) {
        if let Ok(mut kept) = self.0.lock() {
            kept.insert(key, Arc::clone(prepared));
        }
    }
}

/// A script that can run.
#[derive(Debug)]
struct Prepared {
    body: Body,
    settings: Settings,
    requirements: Requirements,
}

/// What runs.
#[derive(Debug)]
enum Body {
    Script(Script),
    Dialogue(Dialogue),
}

impl Body {
    fn directives(&self) -> &[Directive] {
        match self {
            Body::Script(script) => &script.directives,
            Body::Dialogue(dialogue) => &dialogue.directives,
        }
    }

    fn sources(&self) -> Option<&Arc<Sources>> {
        match self {
            Body::Script(script) => script.sources.as_ref(),
            Body::Dialogue(dialogue) => dialogue.sources.as_ref(),
        }
    }

    fn resolve(&self, diagnostics: &mut Vec<Diagnostic>) {
        match self {
            Body::Script(script) => script.resolve(diagnostics),
            Body::Dialogue(dialogue) => dialogue.resolve(diagnostics),
        }
    }

    /// What it needs and the target does not declare.
    fn missing(&self, settings: &Settings, capabilities: &Capabilities, schedule: Schedule) -> Vec<String> {
        let (mut missing, needs_commands) = match self {
            Body::Script(script) => {
                (engine::missing(script, settings, capabilities), script_needs_commands(script, settings))
            }
            Body::Dialogue(dialogue) => {
                let is_command = |step: &Step| matches!(step.action, DialogueAction::Command(_));
                let mut missing = conversation::missing(dialogue, settings, capabilities);
                if schedule != Schedule::Whole && !conversation::has_streams(dialogue) {
                    missing.push(format!("a stream that is delivered {schedule}, but runs over UDP alone"));
                }
                if schedule.is_abortive() && dialogue.role == Role::Client {
                    missing.push(format!("a server that goes on after {schedule}, but is about a client"));
                }
                (missing, dialogue.steps.iter().any(is_command))
            }
        };
        if !settings.commands && needs_commands {
            missing.push("shell commands, which are switched off".to_owned());
        }
        missing
    }

    /// How long it takes if all goes as it says.
    fn expected_duration(&self, schedule: Schedule) -> Duration {
        match self {
            Body::Script(script) => estimate::duration(script),
            Body::Dialogue(dialogue) => estimate::of_dialogue(dialogue, schedule),
        }
    }
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
                RunResult::failed(run, Verdict::Error, failure(Blame::Harness, FailureKind::Harness, message))
            }
        }
    }

    /// As [`Suite::execute`], on a thread that was made for this run.
    pub(super) fn execute_on_own_thread(&self, run: usize, worker: &mut Worker, interrupt: &Interrupt) -> RunResult {
        match self.targets[self.runs[run].target as usize].prepare_thread() {
            Ok(()) => self.execute(run, worker, interrupt),
            Err(error) => {
                let failure = failure(Blame::Environment, FailureKind::Environment, error.to_string());
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
                let failure = failure(Blame::Script, FailureKind::Script, message.to_owned());
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
                .map(|mut adapter| engine::run(script, settings, adapter.as_mut(), &mut worker.scratch)),
            Body::Dialogue(dialogue) => {
                self.deliver(Delivered { planned, file, dialogue, settings }, &mut worker.scratch)
            }
        };
        match outcome {
            Ok(outcome) => self.judge(about, body, settings, outcome, worker),
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
                let failure = failure(blame, kind, error.to_string());
                RunResult { verdict: Verdict::Inconclusive, ..about }
                    .with(Details { failure: Some(failure), ..Details::default() })
            }
        }
    }

    /// As [`Suite::prepare`], but what was prepared once is kept where runs come again and again.
    fn prepared(&self, planned: &PlannedRun, file: &ScriptFile, text: &str) -> Result<Arc<Prepared>, Vec<Diagnostic>> {
        let Some(kept) = &self.prepared else { return self.prepare(planned, file, text).map(Arc::new) };
        let key = (planned.script, planned.base);
        if let Some(prepared) = kept.get(key) {
            return Ok(prepared);
        }
        let prepared = Arc::new(self.prepare(planned, file, text)?);
        kept.keep(key, &prepared);
        Ok(prepared)
    }

    fn prepare(&self, planned: &PlannedRun, file: &ScriptFile, text: &str) -> Result<Prepared, Vec<Diagnostic>> {
        let base = &self.bases[planned.base as usize];
        let body = self.body(planned, file, text)?;
        let settings = match &body {
            Body::Script(script) => base.for_script(script),
            Body::Dialogue(_) => base.for_script(&Script::default()),
        };
        let settings = settings.map_err(|diagnostic| vec![diagnostic])?;
        let case = file.case.as_ref();
        let requirements = requirements(body.directives(), |found| body.resolve(found), case, &self.catalogues)?;
        if let Body::Dialogue(dialogue) = &body {
            // A name without a value is found now, and not in the middle of a conversation.
            let dubious = dialogue::lint(dialogue).into_iter();
            let errors: Vec<_> = dubious.filter(|found| found.severity == Severity::Error).collect();
            if !errors.is_empty() {
                return Err(errors);
            }
        }
        Ok(Prepared { body, settings, requirements })
    }

    /// Reads a script or dialogue with what is defined for its run.
    fn body(&self, planned: &PlannedRun, file: &ScriptFile, text: &str) -> Result<Body, Vec<Diagnostic>> {
        let definitions = &self.bases[planned.base as usize].settings.definitions;
        if !file.is_dialogue() {
            return Ok(Body::Script(file.input(text, definitions).parse()?.script));
        }
        let target = &self.targets[planned.target as usize];
        let definitions = spoken_definitions(definitions, &target.capabilities().services);
        let input = dialogue::Input {
            name: &file.file,
            text,
            definitions: &definitions,
            case: file.case.as_ref(),
            includes: file.includes(),
        };
        input.parse().map(Body::Dialogue)
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
            Verdict::Pass => captures.all.as_ref(),
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

impl Base {
    /// The settings of one script.
    ///
    /// # Errors
    /// An option of the script that does not fit, with its place.
    pub(super) fn for_script(&self, script: &Script) -> Result<Settings, Diagnostic> {
        self.settings.for_script(script, &self.overrides).map_err(|(error, span)| {
            let place = span.unwrap_or_default();
            let mut said = vec![Diagnostic::error("option::value", place, error.to_string(), "this option")];
            script.resolve(&mut said);
            said.remove(0)
        })
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
            details: None,
            capture: None,
        }
    }

    /// A run that was ended because it took too long.
    pub(super) fn timed_out(&mut self, limit: Duration) {
        let details = self.details.get_or_insert_default();
        let message = format!("the run was given up after {} s", limit.as_secs_f64());
        let failure =
            details.failure.get_or_insert_with(|| failure(Blame::Environment, FailureKind::TimedOut, String::new()));
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
        let mut failure = failure(
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

/// The requirements that a script and its case name.
///
/// # Errors
/// A requirement that no catalogue has, or that the monitor does not watch, with its place.
pub(super) fn requirements(
    directives: &[Directive],
    resolve: impl FnOnce(&mut Vec<Diagnostic>),
    case: Option<&Case>,
    catalogues: &super::Catalogues,
) -> Result<Requirements, Vec<Diagnostic>> {
    let mut found = Requirements::new();
    let mut unknown = Vec::new();
    let of_script = directives
        .iter()
        .filter(|directive| directive.key.node == "requirement")
        .map(|directive| (&directive.value.node, directive.value.span));
    // What is true of the case alone comes first.
    let of_case = case.into_iter().filter_map(|case| Some((case.requirement.as_ref()?, case.span)));
    let case_span = case.map(|case| case.span);
    for (id, span) in of_case.chain(of_script) {
        match catalogues.get(id) {
            Some(requirement) => found.push(Arc::clone(requirement)),
            None => unknown.push(Diagnostic {
                help: catalogues.nearest(id).map(|near| format!("did you mean `{near}`?")),
                ..Diagnostic::error(
                    "directive::requirement",
                    span,
                    format!("no catalogue has a requirement `{id}`"),
                    "unknown requirement",
                )
            }),
        }
    }
    unknown.extend(oracle::faults(directives));
    let (mut of_case, mut of_script): (Vec<_>, Vec<_>) = unknown.into_iter().partition(|d| Some(d.span) == case_span);
    resolve(&mut of_script);
    of_case.append(&mut of_script);
    if of_case.is_empty() { Ok(found) } else { Err(of_case) }
}

/// The level a script says, else the strongest of its requirements.
pub(super) fn level(directives: &[Directive], requirements: &[Arc<Requirement>]) -> Option<Level> {
    let said = directives.iter().find(|directive| directive.key.node == "level");
    said.and_then(|directive| Level::from_name(&directive.value.node))
        .or_else(|| requirements.iter().map(|requirement| requirement.level).max())
}

/// The title, with the values of the case in place of its names.
pub(super) fn title(directives: &[Directive], case: Option<&Case>) -> Option<String> {
    directives.iter().find(|directive| directive.key.node == "title").map(|directive| match case {
        Some(case) => case.fill(&directive.value.node),
        None => directive.value.node.clone(),
    })
}

fn script_needs_commands(script: &Script, settings: &Settings) -> bool {
    script.init.is_some()
        || script.cleanup.is_some()
        || !settings.init_scripts.is_empty()
        || script.events.iter().any(|event| matches!(event.action, Action::Command(_) | Action::Code(_)))
}

/// What a dialogue's names in braces stand for: what the command line, the profile and the target define, in order of
/// weight.
pub(super) fn spoken_definitions(definitions: &Definitions, services: &Services) -> Vec<(String, String)> {
    let mut spoken: Vec<(String, String)> = definitions
        .iter()
        .map(|(name, definition)| {
            let (Definition::Word(value) | Definition::String(value) | Definition::Command(value)) = definition;
            (name.to_owned(), value.clone())
        })
        .collect();
    let known = |name: &str, spoken: &[(String, String)]| spoken.iter().any(|(known, _)| known == name);
    for (name, value) in &services.definitions {
        if !known(name, &spoken) {
            spoken.push((name.clone(), value.clone()));
        }
    }
    spoken
}

fn failure(blame: Blame, kind: FailureKind, message: String) -> Failure {
    Failure { blame, kind, message, span: None::<Span>, line: 0, expected: None, actual: None, differences: Vec::new() }
}
