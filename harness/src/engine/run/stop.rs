//! Why a run ends before its script does.

use crate::engine::code::CodeFailure;
use crate::engine::outcome::{Blame, Failure, FailureKind};
use crate::script::Span;
use crate::script::tree::Event;
use crate::target::{CommandOutput, TargetError};

/// Why a run ends early. The failure is boxed: results travel through every step of every run.
#[derive(Debug)]
pub(super) struct Stop {
    pub failure: Box<Failure>,
    /// For a timing failure: microseconds beyond the tolerance.
    pub miss: Option<i64>,
}

impl Stop {
    pub(super) fn new(blame: Blame, kind: FailureKind, message: String) -> Self {
        let failure = Failure::new(blame, kind, message);
        Stop { failure: Box::new(failure), miss: None }
    }

    pub(super) fn at(event: &Event, blame: Blame, kind: FailureKind, message: String) -> Self {
        let mut stop = Stop::new(blame, kind, message);
        stop.failure.span = Some(event.span);
        stop.failure.line = event.line;
        stop
    }

    /// The script asks for what cannot be, at this place.
    pub(super) fn script(event: &Event, span: Span, message: String) -> Self {
        let mut stop = Stop::at(event, Blame::Script, FailureKind::Script, message);
        stop.failure.span = Some(span);
        stop
    }

    pub(super) fn interrupted() -> Self {
        Stop::new(Blame::Environment, FailureKind::Interrupted, "interrupted".into())
    }

    pub(super) fn flood(packets: usize) -> Self {
        let message =
            format!("the target floods the link: more than {packets} packets in one run", packets = packets - 1);
        Stop::new(Blame::Target, FailureKind::Flood, message)
    }

    pub(super) fn command(command: &str, output: &CommandOutput, span: Option<Span>) -> Self {
        Stop { failure: Box::new(Failure { span, ..Failure::of_command(command, output) }), miss: None }
    }
}

impl From<TargetError> for Stop {
    fn from(error: TargetError) -> Self {
        Stop { failure: Box::new(error.into()), miss: None }
    }
}

impl From<CodeFailure> for Stop {
    fn from(failure: CodeFailure) -> Self {
        let mut stop = Stop::new(failure.blame, failure.kind, failure.message);
        stop.failure.span = failure.span;
        stop.failure.line = failure.line;
        stop.failure.expected = failure.expected;
        stop.failure.actual = failure.actual;
        stop.failure.differences = failure.differences;
        stop
    }
}
