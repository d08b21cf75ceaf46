//! What is wrong with a script, pointing at the place.

use super::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Lint: the script runs, but probably not as meant.
    Warning,
    /// The script cannot run.
    Error,
}

/// One thing wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable name of the rule, such as `parse::unexpected-token`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, lower-case, one line.
    pub message: String,
    /// The place.
    pub span: Span,
    /// What stands at the place, such as `expected an event`.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// All that is wrong with one script, in order of place.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    /// An error.
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>, label: impl Into<String>) -> Self {
        let (message, label) = (one_line(message.into()), one_line(label.into()));
        Diagnostic { code, severity: Severity::Error, message, span, label, help: None }
    }

    /// A warning.
    pub(crate) fn warning(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message, label) }
    }

    /// With what to do about it.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Diagnostic { help: Some(one_line(help.into())), ..self }
    }

    /// With what to do about it, if something is known.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Diagnostic { help: help.map(one_line), ..self }
    }
}

/// The text with its control characters escaped: what stands in a script may stand in a message.
fn one_line(text: String) -> String {
    if text.contains(char::is_control) {
        text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
    } else {
        text
    }
}
