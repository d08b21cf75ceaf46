//! What happens in a suite, as it happens. Every reporter is told the same.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::baseline::{KnownFailure, StaleEntry};
use super::catalogue::{Catalogues, Level, Requirement};
use super::script_file::ScriptFile;
use crate::engine::{Blame, Failure, Verdict};
use crate::monitor::Violation;
use crate::script::{Diagnostic, LineIndex, Sources};
use crate::target::IpVersion;
use crate::tester::Schedule;
use crate::time::Instant;
use crate::trace::Trace;

/// One thing that happened in a suite.
#[derive(Debug)]
pub enum Event<'a> {
    /// It starts.
    SuiteStarted(SuiteStarted<'a>),
    /// A run starts.
    RunStarted(RunId<'a>),
    /// A run has its verdict.
    RunFinished(&'a RunFinished<'a>),
    /// It is over, or was interrupted.
    SuiteFinished(&'a Totals),
}

/// What a suite is about to do.
#[derive(Debug)]
pub struct SuiteStarted<'a> {
    /// rfcheck's version.
    pub version: &'static str,
    /// The targets, in order.
    pub targets: Vec<&'a str>,
    /// How many scripts, of those with cases each case.
    pub scripts: usize,
    /// How many runs: scripts by IP versions by targets.
    pub runs: usize,
    /// The requirements that scripts can name.
    pub catalogues: &'a Catalogues,
    /// Entries of baselines that none of the runs, nor any other, can confirm.
    pub stale: &'a [StaleEntry],
    /// What is random in dialogues and their delivery comes from this.
    pub seed: u64,
}

/// Which run.
#[derive(Clone, Copy, Debug)]
pub struct RunId<'a> {
    /// The script.
    pub script: &'a ScriptFile,
    /// The target's name.
    pub target: &'a str,
    /// IP version of packets and sockets.
    pub ip_version: IpVersion,
    /// The profile, if it has one.
    pub profile: Option<&'a str>,
    /// How the tester's streams are delivered; of dialogues alone.
    pub transport: Option<Schedule>,
}

/// A run that has its verdict.
#[derive(Debug)]
pub struct RunFinished<'a> {
    /// Which run.
    pub id: RunId<'a>,
    /// The verdict.
    pub verdict: Verdict,
    /// What the verdict means for the suite.
    pub standing: Standing,
    /// The script's title.
    pub title: Option<&'a str>,
    /// The requirements that the script names.
    pub requirements: &'a [Arc<Requirement>],
    /// The strongest level of the requirements, or what the script says.
    pub level: Option<Level>,
    /// The entry of the baseline for this run.
    pub known: Option<&'a KnownFailure>,
    /// How long the run took on the target's clock.
    pub duration: Duration,
    /// How late the tester was at worst.
    pub lateness: Duration,
    /// How often it was run to get the verdict.
    pub attempts: u32,
    /// All else that is told of a run that did not pass, and of one that passed if traces were asked for.
    pub details: Option<&'a Details>,
    /// The capture file.
    pub capture: Option<&'a Path>,
}

/// What is told of a run beside its verdict.
#[derive(Debug, Default)]
pub struct Details {
    /// What went wrong, if something did.
    pub failure: Option<Failure>,
    /// What is wrong with the script, if it cannot run.
    pub diagnostics: Vec<Diagnostic>,
    /// What the script needs and the target does not declare, or nobody has defined.
    pub missing: Vec<String>,
    /// What happened.
    pub trace: Trace,
    /// When the script's time 0 was, on the target's clock.
    pub started: Instant,
    /// What the monitor saw, known violations too.
    pub violations: Vec<Violation>,
    /// Where the lines and octets that failure and trace name came from, if they are not simply the script's.
    pub sources: Option<Arc<Sources>>,
}

/// A line of a script, or of a file that it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinePlace<'a> {
    /// The file's name.
    pub name: &'a str,
    /// The file's text.
    pub text: &'a str,
    /// Whether it is the script itself.
    pub is_script: bool,
    /// The line, from 1.
    pub line: u32,
    /// How it came to stand there, innermost first, such as `included from a.pkt:3`.
    pub trail: Vec<String>,
}

/// What a verdict means for the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As it should be: a pass, a known failure, or not applicable.
    AsExpected,
    /// A failure that breaks no MUST; `--strict` makes it a failure.
    Warning,
    /// A failure that the baseline does not know.
    UnexpectedFail,
    /// A pass where the baseline knows a failure: the baseline is stale, or the script lost its teeth.
    UnexpectedPass,
    /// No judgement of the target: the tester could not judge, or the script or the harness is at fault.
    NotJudged,
}

impl Standing {
    /// Weighs a verdict.
    pub fn of(verdict: Verdict, level: Option<Level>, known: Option<&KnownFailure>, strict: bool) -> Standing {
        match (verdict, known) {
            (Verdict::Pass, None) | (Verdict::NotApplicable, _) | (Verdict::Fail, Some(_)) => Standing::AsExpected,
            (Verdict::Pass, Some(_)) => Standing::UnexpectedPass,
            (Verdict::Fail, None) if !strict && level.is_some_and(|level| !level.is_absolute()) => Standing::Warning,
            (Verdict::Fail, None) => Standing::UnexpectedFail,
            (Verdict::Inconclusive | Verdict::Error, _) => Standing::NotJudged,
        }
    }
}

/// Sums of a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Runs that were to be.
    pub planned: usize,
    /// Runs that passed.
    pub passed: usize,
    /// Runs that failed, known failures included.
    pub failed: usize,
    /// Failures that the baseline knows.
    pub known_failures: usize,
    /// Failures that the baseline does not know and that count.
    pub unexpected_failures: usize,
    /// Passes where the baseline knows a failure.
    pub unexpected_passes: usize,
    /// Failures that break no MUST.
    pub warnings: usize,
    /// Runs that could not be judged.
    pub inconclusive: usize,
    /// Runs whose script needs what the target lacks.
    pub not_applicable: usize,
    /// Runs whose script or whose harness is at fault.
    pub errors: usize,
    /// Entries of baselines that no run can confirm.
    pub stale_entries: usize,
    /// Whether the suite was interrupted.
    pub interrupted: bool,
    /// How long it took on the wall.
    pub elapsed: Duration,
}

impl Totals {
    /// Counts one run.
    pub(super) fn count(&mut self, verdict: Verdict, standing: Standing) {
        *match verdict {
            Verdict::Pass => &mut self.passed,
            Verdict::Fail => &mut self.failed,
            Verdict::Inconclusive => &mut self.inconclusive,
            Verdict::NotApplicable => &mut self.not_applicable,
            Verdict::Error => &mut self.errors,
        } += 1;
        match standing {
            Standing::AsExpected if verdict == Verdict::Fail => self.known_failures += 1,
            Standing::AsExpected | Standing::NotJudged => {}
            Standing::Warning => self.warnings += 1,
            Standing::UnexpectedFail => self.unexpected_failures += 1,
            Standing::UnexpectedPass => self.unexpected_passes += 1,
        }
    }

    /// Runs that were judged: passed or failed.
    pub fn judged(&self) -> usize {
        self.passed + self.failed
    }

    /// Runs that have a verdict.
    pub fn finished(&self) -> usize {
        self.judged() + self.inconclusive + self.not_applicable + self.errors
    }
}

/// Listens to a suite.
pub trait Reporter {
    /// Is told what happened.
    ///
    /// # Errors
    /// What the output says; ends the suite.
    fn event(&mut self, event: &Event<'_>) -> std::io::Result<()>;
}

impl<F: FnMut(&Event<'_>) -> std::io::Result<()>> Reporter for F {
    fn event(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        self(event)
    }
}

impl Details {
    /// The file, its text and the line in it that a line of failure or trace names, and how it came to stand there.
    pub fn place<'a>(&'a self, script: &'a ScriptFile, line: u32) -> LinePlace<'a> {
        match &self.sources {
            Some(sources) => {
                let place = sources.line(line);
                let (name, text) = (&*place.file.name, &*place.file.text);
                LinePlace { name, text, is_script: place.is_script, line: place.line, trail: place.trail }
            }
            None => {
                let text = script.text().unwrap_or_default();
                LinePlace { name: &script.file, text, is_script: true, line, trail: Vec::new() }
            }
        }
    }

    /// The last line of a failure's event in its file, where the event begins in that line.
    pub fn last_line(&self, failure: &Failure, place: &LinePlace<'_>) -> u32 {
        let Some(span) = failure.span else { return place.line };
        let end = match &self.sources {
            Some(sources) => sources.place(span).span.end,
            None => span.end,
        };
        LineIndex::new(place.text).line(end.saturating_sub(1)).max(place.line)
    }

    /// Who is to blame, if somebody is.
    pub fn blame(&self) -> Option<Blame> {
        self.failure.as_ref().map(|failure| failure.blame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_weighed_with_level_and_baseline() {
        let known = KnownFailure {
            script: "a.pkt".into(),
            case: None,
            ip_version: None,
            profile: None,
            transport: None,
            reason: "r".into(),
            clause: "c".into(),
            upstream: None,
            line: 1,
        };
        let of = |verdict, level, known, strict| Standing::of(verdict, level, known, strict);
        assert_eq!(of(Verdict::Fail, None, None, false), Standing::UnexpectedFail);
        assert_eq!(of(Verdict::Fail, Some(Level::Should), None, false), Standing::Warning);
        assert_eq!(of(Verdict::Fail, Some(Level::Should), None, true), Standing::UnexpectedFail);
        assert_eq!(of(Verdict::Fail, Some(Level::Must), Some(&known), true), Standing::AsExpected);
        assert_eq!(of(Verdict::Pass, Some(Level::Must), Some(&known), false), Standing::UnexpectedPass);
        assert_eq!(of(Verdict::Inconclusive, None, Some(&known), false), Standing::NotJudged);
    }
}
