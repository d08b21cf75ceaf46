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
        let (message, label) = (message.into(), label.into());
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
        Diagnostic { help: Some(help.into()), ..self }
    }

    /// With what to do about it, if something is known.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Diagnostic { help, ..self }
    }
}
