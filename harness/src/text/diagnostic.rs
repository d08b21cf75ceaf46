//! What is wrong with a script, pointing at the place.

use super::Span;
use super::sources::Within;

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
    /// The place, in the script or the file that `within` names.
    pub span: Span,
    /// The included file and the loops that the place is in, if any.
    pub within: Option<Box<Within>>,
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
        Diagnostic { code, severity: Severity::Error, message, span, within: None, label, help: None }
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

    /// Whether another one says the same of the same place, however that came to stand there.
    pub(crate) fn is_same(&self, other: &Diagnostic) -> bool {
        let file = |diagnostic: &Diagnostic| diagnostic.within.as_ref().and_then(|within| within.file.clone());
        (self.code, self.span, &self.message) == (other.code, other.span, &other.message) && file(self) == file(other)
    }

    /// Says one thing more of how the place came to stand there.
    pub(crate) fn note(&mut self, said: String) {
        let within = self.within.get_or_insert_with(|| Box::new(Within { file: None, trail: Vec::new() }));
        within.trail.push(said);
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
