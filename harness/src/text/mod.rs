//! What the languages of rfcheck share: places in a text, diagnostics that point at them, directives, cases, and the
//! way from a text with its inclusions and loops in place back to the files that it came from.

pub(crate) mod case;
pub(crate) mod cursor;
pub(crate) mod diagnostic;
pub mod directive;
pub(crate) mod expansion;
pub(crate) mod render;
pub(crate) mod sources;
pub(crate) mod span;
pub(crate) mod suggest;
pub(crate) mod values;

pub use case::Case;
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use directive::Directive;
pub use render::render;
pub use sources::{Includes, NoIncludes, Place, SourceFile, Sources, Within};
pub use span::{LineIndex, Span, Spanned};

/// Whether a word stands for itself in a language, and so can be no name.
pub(crate) type IsReserved = fn(&str) -> bool;
