//! Why code blocks failed, in words and at a line of the script.

use super::Block;
use super::interpreter::{Fault, describe_end};
use super::layout::{is_field, value_name};
use super::program::trim;
use crate::engine::call::describe_errno;
use crate::engine::{Blame, Difference, FailureKind};
use crate::script::Span;
use crate::target::Errno;

/// Why code blocks failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeFailure {
    /// The target for a failed assertion, the script for wrong code, the environment for a missing interpreter.
    pub(crate) blame: Blame,
    /// What kind of thing went wrong.
    pub(crate) kind: FailureKind,
    /// The event of the block, if one block is to be pointed at.
    pub(crate) span: Option<Span>,
    /// Line of the script where it failed, which may lie inside a block of many lines; 0 if none.
    pub(crate) line: u32,
    /// What went wrong, lower-case, one line.
    pub(crate) message: String,
    /// The condition that should hold.
    pub(crate) expected: Option<String>,
    /// The values that it had.
    pub(crate) actual: Option<String>,
    /// What differs.
    pub(crate) differences: Vec<Difference>,
}

/// What the driver reports.
#[derive(serde::Deserialize)]
struct Report {
    block: usize,
    /// Line within the block, from 1.
    line: u32,
    kind: Kind,
    r#type: String,
    detail: String,
    /// The name that is not known.
    name: Option<String>,
    source: Option<String>,
    left: Option<(String, Option<String>)>,
    operator: Option<String>,
    right: Option<(String, Option<String>)>,
    #[serde(default)]
    values: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Assertion,
    Exit,
    Exception,
    Syntax,
}

impl CodeFailure {
    /// `code_sockopt` names no option that blocks can see.
    pub(super) fn unknown_option(span: Span, line: u32, name: &str) -> Self {
        let message = format!("code blocks cannot see `{name}`; code_sockopt is TCP_INFO, TCP_CC_INFO or SO_MEMINFO");
        CodeFailure::new(Blame::Script, FailureKind::Script, message).at(span, line)
    }

    /// The socket does not report what the blocks need.
    pub(super) fn not_reported(span: Span, line: u32, name: &str, errno: Errno) -> Self {
        let message = format!("the socket does not report {name} to code blocks: {}", describe_errno(errno.0));
        CodeFailure::new(Blame::Script, FailureKind::Script, message).at(span, line)
    }

    /// No socket was open for the block at this event.
    pub(crate) fn no_socket(span: Span, line: u32) -> Self {
        let message = "there is no socket here whose state the code could see".to_owned();
        CodeFailure::new(Blame::Script, FailureKind::Script, message).at(span, line)
    }

    pub(super) fn from_fault(fault: Fault, command: &str, blocks: &[Block]) -> Self {
        match fault {
            Fault::Missing(error) => CodeFailure::new(
                Blame::Environment,
                FailureKind::Environment,
                format!("code blocks need `{command}`, which cannot be run: {error}"),
            ),
            Fault::Timeout(limit) => CodeFailure::new(
                Blame::Environment,
                FailureKind::Environment,
                format!("`{command}` did not finish the code blocks in {} s", limit.as_secs()),
            ),
            Fault::Killed(status) => CodeFailure::new(
                Blame::Environment,
                FailureKind::Environment,
                format!("`{command}` {} while running code blocks", describe_end(status)),
            ),
            Fault::Ended(status, last) => {
                let said = if last.is_empty() { String::new() } else { format!(": {last}") };
                let message = format!("`{command}` {} while running code blocks{said}", describe_end(status));
                CodeFailure::new(Blame::Target, FailureKind::Assertion, message)
            }
            Fault::Reported(octets) => match serde_json::from_slice::<Report>(&octets) {
                Ok(report) => CodeFailure::reported(&report, blocks),
                Err(error) => CodeFailure::new(
                    Blame::Harness,
                    FailureKind::Harness,
                    format!("the report on the code blocks cannot be read: {error}"),
                ),
            },
        }
    }

    fn reported(report: &Report, blocks: &[Block]) -> Self {
        let failure = match report.kind {
            Kind::Assertion => CodeFailure::assertion(report),
            Kind::Exit => CodeFailure::new(
                Blame::Target,
                FailureKind::Assertion,
                format!("the code ended with status {}", report.detail),
            ),
            Kind::Syntax => CodeFailure::new(
                Blame::Script,
                FailureKind::Script,
                format!("the code is not Python: {}", report.detail),
            ),
            Kind::Exception => CodeFailure::exception(report),
        };
        match blocks.get(report.block) {
            Some(block) => failure.at(block.span, block.line_of(report.line)),
            None => failure,
        }
    }

    fn assertion(report: &Report) -> Self {
        let Some(source) = &report.source else {
            let message = format!("an assertion failed: {}", report.detail);
            return CodeFailure::new(Blame::Target, FailureKind::Assertion, message);
        };
        let named = |name: &str, value: &str| match value_name(name, value) {
            Some(symbol) => format!("{value} ({symbol})"),
            None => value.to_owned(),
        };
        let is: Vec<String> = report.values.iter().map(|(name, v)| format!("{name} is {}", named(name, v))).collect();
        let mut message = format!("assertion `{source}` failed");
        if !is.is_empty() {
            message.push_str(": ");
            message.push_str(&is.join(", "));
        }
        // The assertion's own words, unless they only repeat a value.
        if !report.detail.is_empty() && !report.values.iter().any(|(_, value)| *value == report.detail) {
            message.push_str(&format!(" ({})", report.detail));
        }
        let mut failure = CodeFailure::new(Blame::Target, FailureKind::Assertion, message);
        failure.expected = Some(source.clone());
        let equals: Vec<String> =
            report.values.iter().map(|(name, v)| format!("{name} = {}", named(name, v))).collect();
        failure.actual = if equals.is_empty() { None } else { Some(equals.join(", ")) };
        if let (Some((field, Some(left))), Some((right, value)), Some(operator)) =
            (&report.left, &report.right, &report.operator)
        {
            let right = match value {
                Some(value) if value != right => format!("{right} ({value})"),
                _ => right.clone(),
            };
            let expected = if operator == "==" { right } else { format!("{operator} {right}") };
            failure.differences = vec![Difference { field: field.clone(), expected, actual: named(field, left) }];
        }
        failure
    }

    fn exception(report: &Report) -> Self {
        match &report.name {
            Some(name) if is_field(name) => CodeFailure::new(
                Blame::Environment,
                FailureKind::Environment,
                format!("the socket does not report `{name}`, which this code needs"),
            ),
            _ => CodeFailure::new(
                Blame::Script,
                FailureKind::Script,
                format!("the code raised {}: {}", report.r#type, report.detail),
            ),
        }
    }

    fn new(blame: Blame, kind: FailureKind, message: String) -> Self {
        CodeFailure {
            blame,
            kind,
            span: None,
            line: 0,
            message: message.replace('\n', " "),
            expected: None,
            actual: None,
            differences: Vec::new(),
        }
    }

    fn at(self, span: Span, line: u32) -> Self {
        CodeFailure { span: Some(span), line, ..self }
    }
}

impl Block {
    /// The script's line of a line of the program's block.
    fn line_of(&self, line: u32) -> u32 {
        // Blanks cut off the start contain no line ends, so lines count from the block's first.
        let lines = trim(&self.text).matches('\n').count() as u32 + 1;
        self.line + line.clamp(1, lines) - 1
    }
}
