//! Scripts: `.pkt` text to a syntax tree with source spans, and back.
//!
//! The language is packetdrill's, with what the FreeBSD dialect adds for TCP and UDP, and extensions of our own
//! (`specs/README.md`). [`parse`] gives the tree or diagnostics that point into the text; [`print()`] gives the
//! canonical layout, and [`format()`] brings a text into it without losing comments. `parse(print(tree))` is the tree.

mod captures;
mod definitions;
pub mod directives;
mod expansion;
pub mod fields;
pub mod icmp;
mod layout;
mod lexer;
mod lint;
mod parser;
mod printer;
mod scanner;
pub mod symbols;
pub mod tree;

use crate::text::{diagnostic, span, suggest};

pub use crate::text::render;
pub use definitions::{Definition, Definitions};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use expansion::{Case, Includes, Input, NoIncludes, Place, SourceFile, Sources, Within, cases};
pub use layout::format;
pub use lint::{CALLS, lint, missing_requirement};
pub use parser::{Parsed, parse, parse_with_warnings};
pub use printer::{print, print_assertion, print_expectation, print_formula};
pub use span::{LineIndex, Span, Spanned};
pub use tree::Script;

/// A series needs so many values for a judgement of what is predictable.
pub const LEAST_SERIES: usize = 16;
