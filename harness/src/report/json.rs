//! One event a line, as JSON. `schema/report.schema.json` describes every line.

use std::io::{self, Write};

use serde::Serialize;

use crate::engine::{Blame, Failure, FailureKind};
use crate::monitor::Violation;
use crate::script::LineIndex;
use crate::suite::{Event, Level, Reporter, RunFinished, StaleEntry, Staleness, Standing, Totals, verdict_name};
use crate::tester::Schedule;

/// Version of the lines' format; grows with every change that could break a reader.
pub const SCHEMA: u32 = 1;

/// Writes events as JSON, one a line.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    line: Vec<u8>,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(clippy::large_enum_variant)] // one at a time, on the stack
enum Line<'a> {
    SuiteStarted {
        schema: u32,
        version: &'a str,
        targets: &'a [&'a str],
        scripts: usize,
        runs: usize,
        stale_entries: Vec<StaleLine<'a>>,
        seed: u64,
    },
    RunFinished(Run<'a>),
    SuiteFinished(Sums),
}

#[derive(Serialize)]
struct StaleLine<'a> {
    target: &'a str,
    baseline: &'a str,
    line: usize,
    script: &'a str,
    case: Option<&'a str>,
    ip_version: Option<&'a str>,
    profile: Option<&'a str>,
    transport: Option<&'static str>,
    why: Staleness,
    message: String,
}

#[derive(Serialize)]
struct Run<'a> {
    script: &'a str,
    case: Option<&'a str>,
    target: &'a str,
    ip_version: &'a str,
    profile: Option<&'a str>,
    transport: Option<&'static str>,
    verdict: &'static str,
    standing: Standing,
    title: Option<&'a str>,
    requirement: Option<&'a str>,
    requirements: Vec<RequirementLine<'a>>,
    level: Option<Level>,
    duration_us: u64,
    lateness_us: u64,
    attempts: u32,
    known_failure: Option<KnownLine<'a>>,
    failure: Option<FailureLine<'a>>,
    diagnostics: Vec<DiagnosticLine<'a>>,
    missing: &'a [String],
    violations: Vec<ViolationLine<'a>>,
    capture: Option<String>,
}

#[derive(Serialize)]
struct ViolationLine<'a> {
    packet: u64,
    requirement: &'static str,
    level: &'static str,
    clause: &'static str,
    message: &'a str,
}

#[derive(Serialize)]
struct RequirementLine<'a> {
    id: &'a str,
    rfc: &'a str,
    section: &'a str,
    level: Level,
}

#[derive(Serialize)]
struct KnownLine<'a> {
    reason: &'a str,
    clause: &'a str,
    upstream: Option<&'a str>,
}

#[derive(Serialize)]
struct FailureLine<'a> {
    blame: Blame,
    kind: FailureKind,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    trail: Vec<String>,
    expected: Option<&'a str>,
    actual: Option<&'a str>,
    differences: Vec<DifferenceLine<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    evidence: &'a [String],
}

#[derive(Serialize)]
struct DifferenceLine<'a> {
    field: &'a str,
    expected: &'a str,
    actual: &'a str,
}

#[derive(Serialize)]
struct DiagnosticLine<'a> {
    code: &'a str,
    message: &'a str,
    file: &'a str,
    line: u32,
    trail: &'a [String],
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct Sums {
    runs: usize,
    pass: usize,
    fail: usize,
    known_failures: usize,
    unexpected_failures: usize,
    unexpected_passes: usize,
    warnings: usize,
    inconclusive: usize,
    not_applicable: usize,
    error: usize,
    stale_entries: usize,
    interrupted: bool,
    elapsed_us: u64,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Json { out, line: Vec::new() }
    }

    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}

impl<W: Write> Reporter for Json<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::SuiteStarted(s) => self.write(&Line::SuiteStarted {
                schema: SCHEMA,
                version: s.version,
                targets: &s.targets,
                scripts: s.scripts,
                runs: s.runs,
                stale_entries: s.stale.iter().map(StaleLine::of).collect(),
                seed: s.seed,
            }),
            // A line is a fact that stays true; that a run has begun is of use only to somebody who watches.
            Event::RunStarted(_) => Ok(()),
            Event::RunFinished(run) => self.write(&Line::RunFinished(Run::of(run))),
            Event::SuiteFinished(totals) => {
                self.write(&Line::SuiteFinished(Sums::of(totals)))?;
                self.out.flush()
            }
        }
    }
}

impl<'a> StaleLine<'a> {
    fn of(stale: &'a StaleEntry) -> Self {
        StaleLine {
            target: &stale.target,
            baseline: &stale.baseline,
            line: stale.entry.line,
            script: &stale.entry.script,
            case: stale.entry.case.as_deref(),
            ip_version: stale.entry.ip_version.map(|version| version.name()),
            profile: stale.entry.profile.as_deref(),
            transport: stale.entry.transport.map(Schedule::name),
            why: stale.why,
            message: stale.message(),
        }
    }
}

impl<'a> Run<'a> {
    fn of(run: &'a RunFinished<'a>) -> Self {
        let details = run.details;
        Run {
            script: &run.id.script.file,
            case: run.id.script.case.as_ref().map(|case| case.name.as_str()),
            target: run.id.target,
            ip_version: run.id.ip_version.name(),
            profile: run.id.profile,
            transport: run.id.transport.map(Schedule::name),
            verdict: verdict_name(run.verdict),
            standing: run.standing,
            title: run.title,
            requirement: run.requirements.first().map(|r| r.id.as_str()),
            requirements: run
                .requirements
                .iter()
                .map(|r| RequirementLine { id: &r.id, rfc: &r.rfc, section: &r.section, level: r.level })
                .collect(),
            level: run.level,
            duration_us: micros(run.duration),
            lateness_us: micros(run.lateness),
            attempts: run.attempts,
            known_failure: run.known.map(|known| KnownLine {
                reason: &known.reason,
                clause: &known.clause,
                upstream: known.upstream.as_deref(),
            }),
            failure: details.and_then(|details| details.failure.as_ref()).map(|failure| FailureLine::of(run, failure)),
            diagnostics: details.map(|details| diagnostics(run, &details.diagnostics)).unwrap_or_default(),
            missing: details.map(|details| details.missing.as_slice()).unwrap_or_default(),
            violations: details
                .map(|details| details.violations.iter().map(ViolationLine::of).collect())
                .unwrap_or_default(),
            capture: run.capture.map(|path| path.display().to_string()),
        }
    }
}

fn diagnostics<'a>(run: &RunFinished<'a>, diagnostics: &'a [crate::script::Diagnostic]) -> Vec<DiagnosticLine<'a>> {
    let own = run.id.script.text().unwrap_or_default();
    diagnostics
        .iter()
        .map(|d| {
            let within = d.within.as_ref();
            let included = within.and_then(|within| within.file.as_ref());
            let (file, text) = included.map_or((&*run.id.script.file, own), |file| (&file.name, &file.text));
            let trail = within.map(|within| within.trail.as_slice()).unwrap_or_default();
            let line = LineIndex::new(text).line(d.span.start);
            DiagnosticLine { code: d.code, message: &d.message, file, line, trail, help: d.help.as_deref() }
        })
        .collect()
}

impl<'a> ViolationLine<'a> {
    fn of(violation: &'a Violation) -> Self {
        let invariant = violation.invariant;
        ViolationLine {
            packet: violation.frame,
            requirement: invariant.requirement(),
            level: invariant.level(),
            clause: invariant.clause(),
            message: &violation.detail,
        }
    }
}

impl<'a> FailureLine<'a> {
    fn of(run: &RunFinished<'a>, failure: &'a Failure) -> Self {
        let place = run.details.filter(|_| failure.line != 0).map(|details| details.place(run.id.script, failure.line));
        FailureLine {
            blame: failure.blame,
            kind: failure.kind,
            message: &failure.message,
            file: place.as_ref().map(|place| place.name),
            line: place.as_ref().map(|place| place.line),
            trail: place.map(|place| place.trail).unwrap_or_default(),
            expected: failure.expected.as_deref(),
            actual: failure.actual.as_deref(),
            differences: failure
                .differences
                .iter()
                .map(|d| DifferenceLine { field: &d.field, expected: &d.expected, actual: &d.actual })
                .collect(),
            evidence: &failure.evidence,
        }
    }
}

impl Sums {
    fn of(totals: &Totals) -> Self {
        Sums {
            runs: totals.planned,
            pass: totals.passed,
            fail: totals.failed,
            known_failures: totals.known_failures,
            unexpected_failures: totals.unexpected_failures,
            unexpected_passes: totals.unexpected_passes,
            warnings: totals.warnings,
            inconclusive: totals.inconclusive,
            not_applicable: totals.not_applicable,
            error: totals.errors,
            stale_entries: totals.stale_entries,
            interrupted: totals.interrupted,
            elapsed_us: micros(totals.elapsed),
        }
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
