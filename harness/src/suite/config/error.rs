//! What is wrong with a `rfcheck.toml`, pointing at the place.

use std::ops::Range;
use std::path::Path;

use crate::script::{Diagnostic, Span, render};

/// What is wrong with a `rfcheck.toml`. [`std::fmt::Display`] gives one line, [`ConfigError::render`] the place too.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    name: String,
    /// The file's text, if it could be read.
    text: Option<String>,
    span: Range<usize>,
}

impl ConfigError {
    pub(super) fn at(path: &Path, text: &str, message: String, span: Range<usize>) -> Self {
        ConfigError { message, name: path.display().to_string(), text: Some(text.to_owned()), span }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let name = path.display().to_string();
        ConfigError { message: format!("cannot read `{name}`: {error}"), name, text: None, span: 0..0 }
    }

    /// Octets of the file that it is about; empty if it is about the whole file.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Several lines: what is wrong, and the line of the file with the place marked.
    pub fn render(&self) -> String {
        let Some(text) = &self.text else { return format!("error: {}\n", self.message) };
        let span = Span { start: self.span.start as u32, end: self.span.end as u32 };
        let diagnostic = Diagnostic::error("config", span, self.message.clone(), "here");
        render(&diagnostic, &self.name, text)
    }
}
