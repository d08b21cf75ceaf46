//! JUnit XML, as CI systems read it: a suite for each target and folder, a case for each run.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::engine::Verdict;
use crate::suite::{Event, Reporter, RunFinished, StaleEntry, Standing};
use crate::tester::Schedule;

/// Collects runs, and writes them at the end: JUnit's counts stand before its cases.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    cases: Vec<(String, TestCase)>,
}

impl<W: Write> Junit<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Junit { out, cases: Vec::new() }
    }

    fn write(&mut self, elapsed: Duration) -> io::Result<()> {
        let mut report = Report::new("rfcheck");
        report.set_time(elapsed);
        // Runs end in any order; a report that is compared with yesterday's should not.
        self.cases.sort_by(|(a, x), (b, y)| (a, x.name.as_str()).cmp(&(b, y.name.as_str())));
        let mut suite: Option<(String, TestSuite)> = None;
        for (name, case) in self.cases.drain(..) {
            match &mut suite {
                Some((current, suite)) if *current == name => _ = suite.add_test_case(case),
                _ => {
                    if let Some((_, done)) = suite.take() {
                        report.add_test_suite(done);
                    }
                    let mut begun = TestSuite::new(name.as_str());
                    begun.add_test_case(case);
                    suite = Some((name, begun));
                }
            }
        }
        if let Some((_, done)) = suite {
            report.add_test_suite(done);
        }
        report.serialize(&mut self.out).map_err(io::Error::other)?;
        self.out.flush()
    }
}

impl<W: Write> Reporter for Junit<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::RunFinished(run) => {
                self.cases.push(case(run));
                Ok(())
            }
            Event::SuiteFinished(totals) => self.write(totals.elapsed),
            Event::SuiteStarted(started) => {
                self.cases.extend(started.stale.iter().map(stale));
                Ok(())
            }
            Event::RunStarted(_) => Ok(()),
        }
    }
}

/// An entry of a baseline that no run can confirm, as a case that is in error.
fn stale(stale: &StaleEntry) -> (String, TestCase) {
    let suite = format!("{}: {}", stale.target, stale.baseline);
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type("stale-entry").set_message(stale.message());
    let mut case = TestCase::new(format!("line {}", stale.entry.line), status);
    case.set_classname(suite.as_str());
    (suite, case)
}

/// The suite's name, and the case.
fn case(run: &RunFinished<'_>) -> (String, TestCase) {
    let script = run.id.script;
    let (folder, _) = script.file.rsplit_once('/').unwrap_or_default();
    let file = script.name.get(folder.len()..).unwrap_or(&script.name).trim_start_matches('/');
    let suite = if folder.is_empty() { run.id.target.to_owned() } else { format!("{}: {folder}", run.id.target) };
    let delivered = match run.id.transport {
        Some(schedule) if schedule != Schedule::Whole => format!(", {schedule}"),
        _ => String::new(),
    };
    let mut case = TestCase::new(format!("{file} ({}{delivered})", run.id.ip_version), status(run));
    case.set_classname(suite.as_str()).set_time(run.duration);
    for requirement in run.requirements {
        case.add_property(Property::new("requirement", requirement.id.as_str()));
    }
    if let Some(level) = run.level {
        case.add_property(Property::new("level", level.name()));
    }
    if let Some(capture) = run.capture {
        case.add_property(Property::new("capture", capture.display().to_string()));
    }
    (suite, case)
}

fn status(run: &RunFinished<'_>) -> TestCaseStatus {
    let mut status = match (run.standing, run.verdict) {
        (Standing::AsExpected, Verdict::Pass) => return TestCaseStatus::success(),
        (Standing::AsExpected | Standing::Warning, _) => TestCaseStatus::skipped(),
        (Standing::UnexpectedFail | Standing::UnexpectedPass, _) => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        (Standing::NotJudged, _) => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    let (kind, message) = reason(run);
    status.set_type(kind).set_message(message);
    let description = description(run);
    if !description.is_empty() {
        status.set_description(description);
    }
    status
}

fn reason(run: &RunFinished<'_>) -> (&'static str, String) {
    let failure = run.details.and_then(|details| details.failure.as_ref());
    let message = failure.map(|failure| failure.message.as_str()).unwrap_or_default();
    match (run.standing, run.verdict, run.known) {
        (Standing::UnexpectedPass, _, Some(known)) => {
            ("unexpected-pass", format!("passes, but is known to fail: {}", known.reason))
        }
        (Standing::AsExpected, Verdict::Fail, Some(known)) => {
            ("known-failure", format!("{} ({})", known.reason, known.clause))
        }
        (_, Verdict::NotApplicable, _) => {
            let missing = run.details.map(|details| details.missing.join(", ")).unwrap_or_default();
            ("not-applicable", format!("needs {missing}"))
        }
        (Standing::Warning, ..) => ("warning", message.to_owned()),
        (_, Verdict::Inconclusive, _) => ("inconclusive", message.to_owned()),
        (_, Verdict::Error, _) => ("error", message.to_owned()),
        _ => ("fail", message.to_owned()),
    }
}

fn description(run: &RunFinished<'_>) -> String {
    let mut text = String::new();
    for requirement in run.requirements {
        let (id, level) = (&requirement.id, requirement.level.name());
        let _infallible = writeln!(
            text,
            "{id} {level}, RFC {} section {}: {}",
            requirement.rfc, requirement.section, requirement.text
        );
    }
    let failure = run.details.and_then(|details| Some((details, details.failure.as_ref()?)));
    let Some((details, failure)) = failure else { return text };
    if failure.line != 0 {
        let place = details.place(run.id.script, failure.line);
        let _infallible = writeln!(text, "{}:{}", place.name, place.line);
        for said in &place.trail {
            let _infallible = writeln!(text, "{said}");
        }
    }
    for (name, value) in [("expected", &failure.expected), ("actual", &failure.actual)] {
        if let Some(value) = value {
            let _infallible = writeln!(text, "{name:<9} {value}");
        }
    }
    for difference in &failure.differences {
        let _infallible =
            writeln!(text, "{}: expected {}, got {}", difference.field, difference.expected, difference.actual);
    }
    for told in &failure.evidence {
        let _infallible = writeln!(text, "{told}");
    }
    text
}
