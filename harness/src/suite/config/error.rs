//! What is wrong with a `rfcheck.toml`, pointing at the place.

use std::ops::Range;
use std::path::Path;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// What is wrong with a `rfcheck.toml`; rendered by miette with the lines around the place.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
    source_code: Option<NamedSource<String>>,
    span: Range<usize>,
}

impl ConfigError {
    pub(super) fn at(path: &Path, text: &str, message: String, span: Range<usize>) -> Self {
        let name = path.display().to_string();
        ConfigError { message, source_code: Some(NamedSource::new(name, text.to_owned())), span }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        ConfigError { message: format!("cannot read `{}`: {error}", path.display()), source_code: None, span: 0..0 }
    }

    /// Octets of the file that it is about; empty if it is about the whole file.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl Diagnostic for ConfigError {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source_code.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source_code.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), self.span.clone()))))
    }
}
