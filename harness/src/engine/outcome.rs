//! What a run gave.

use crate::script::Span;
use crate::target::{CommandOutput, TargetError};
use crate::time::Instant;
use crate::trace::Trace;

/// The verdict on one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The target did all that the script demands.
    Pass,
    /// The target did something else.
    Fail,
    /// The tester could not judge: set-up failed, or the tester was late.
    Inconclusive,
    /// The target declares that it lacks what the script needs.
    NotApplicable,
    /// The script or the harness itself is at fault.
    Error,
}

/// Who is to blame for what is not a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// The implementation under test.
    Target,
    /// The script asks for what cannot be.
    Script,
    /// Rights, devices, tools, or load of the machine.
    Environment,
    /// rfcheck itself.
    Harness,
}

/// One run's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not a pass.
    pub failure: Option<Failure>,
    /// What the target turned out to lack, so that nothing was judged: what is said of [`Verdict::NotApplicable`].
    pub missing: Vec<String>,
    /// What happened.
    pub trace: Trace,
    /// When the script's time 0 was, on the target's clock.
    pub started: Instant,
    /// When the run ended, on the target's clock.
    pub ended: Instant,
    /// Greatest lateness of the tester's own injections and calls, in microseconds; where it fails on a time, at least
    /// what a host took of the processors meanwhile.
    pub lateness: u64,
}

/// Why a run did not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who is to blame.
    pub blame: Blame,
    /// What kind of thing went wrong.
    pub kind: FailureKind,
    /// What went wrong, lower-case, one line.
    pub message: String,
    /// The event in the script, if one is to be pointed at.
    pub span: Option<Span>,
    /// Line of that event, from 1; 0 if none.
    pub line: u32,
    /// What the script expects, in the script's notation, on one line.
    pub expected: Option<String>,
    /// What came, in the script's notation and number space, on one line.
    pub actual: Option<String>,
    /// Fields that differ.
    pub differences: Vec<Difference>,
    /// What is known of the target beside its packets, a line each: that its process runs or how it ended, and what it
    /// wrote last.
    pub evidence: Vec<String>,
}

impl FailureKind {
    /// Whether it depends on when something happened: a time itself, or what the target counts, some of which is time.
    pub(crate) fn is_of_time(self) -> bool {
        matches!(self, FailureKind::Timing | FailureKind::Assertion)
    }

    /// Whether it is one of those of a dialogue after which the target may still be asked something else.
    pub(super) fn is_about_answers(self) -> bool {
        use FailureKind::*;
        matches!(self, Answer | Missing | Unwanted | Timing | Malformed | Connection | Check)
    }
}

impl Failure {
    /// A shell command ended with another status than 0.
    pub(super) fn of_command(command: &str, output: &CommandOutput) -> Self {
        let said = output.output.trim();
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        let message = format!("command `{command}` ended with status {}{said}", output.status);
        Failure::new(Blame::Environment, FailureKind::Command, message)
    }

    /// A failure at no place in the script.
    pub(crate) fn new(blame: Blame, kind: FailureKind, message: String) -> Self {
        Failure {
            blame,
            kind,
            message,
            span: None,
            line: 0,
            expected: None,
            actual: None,
            differences: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let (blame, kind) = match &error {
            TargetError::Gone(_) => (Blame::Target, FailureKind::Gone),
            TargetError::Unsupported(_) => (Blame::Script, FailureKind::Script),
            TargetError::Environment { .. } | TargetError::Action { .. } => {
                (Blame::Environment, FailureKind::Environment)
            }
        };
        Failure::new(blame, kind, error.to_string())
    }
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Field name in RFC words, such as `acknowledgment number`.
    pub field: String,
    /// What the script expects.
    pub expected: String,
    /// What came.
    pub actual: String,
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FailureKind {
    /// A packet came that differs from the expected one.
    Packet,
    /// An expected packet did not come.
    Missing,
    /// A packet came where none may.
    Unwanted,
    /// It came, but too early or too late.
    Timing,
    /// A call returned something else.
    Call,
    /// An answer came in a dialogue that differs from the expected one.
    Answer,
    /// A connection of a dialogue did not open, or ended where it must not.
    Connection,
    /// What a dialogue checks outside its conversation does not hold.
    Check,
    /// Delivered in another way, the same octets were answered otherwise.
    Transport,
    /// An assertion in a code block failed.
    Assertion,
    /// A shell command failed.
    Command,
    /// A packet of the target is malformed, such as a wrong checksum.
    Malformed,
    /// The monitor saw the target break an invariant that the script does not ask for.
    Invariant,
    /// The target floods the link.
    Flood,
    /// The target is gone.
    Gone,
    /// The script cannot run.
    Script,
    /// The environment lacks something.
    Environment,
    /// rfcheck's own fault.
    Harness,
    /// The run was interrupted.
    Interrupted,
    /// The run took longer than it may.
    TimedOut,
}

impl FailureKind {
    /// Whether it is seen in what the target does, and not in the script, the environment or the harness.
    pub fn is_of_target(self) -> bool {
        use FailureKind::*;
        match self {
            Packet | Missing | Unwanted | Timing | Call | Answer | Connection | Check | Transport | Assertion
            | Malformed | Invariant | Flood | Gone => true,
            Command | Script | Environment | Harness | Interrupted | TimedOut => false,
        }
    }
}
