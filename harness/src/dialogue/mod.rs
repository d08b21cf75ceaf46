//! Dialogues: `.dlg` text to a syntax tree with source spans, and back; and the framing of each protocol.
//!
//! A dialogue is written as RFCs print conversations (`specs/README.md`). [`Input::parse`] gives the tree or diagnostics
//! that point into the text; [`print()`] gives the canonical layout, and [`format()`] brings a text into it without losing
//! comments. `parse(print(tree))` is the tree.

mod build;
pub mod directives;
mod expand;
mod expression;
pub mod fields;
mod format;
pub mod framing;
mod lines;
mod lint;
mod parser;
pub mod parts;
mod printer;
mod text;
pub mod tree;
mod words;

pub use build::{BuildError, DnsMessage, dns_message};
pub use expand::cases;
pub(crate) use expression::regular_expression;
pub use format::{format, is_included};
pub use lint::{lint, missing_requirement};
pub use parser::Input;
pub use printer::{print, print_alternatives, print_answer, print_check, print_detail, print_party};
pub use text::{Captures, MOST_REPEATED, Piece, Text};
pub use tree::Dialogue;
