//! What a script's text stands for before it is parsed: `#include` by the file's text, `#for` by its lines again and
//! again, and the names of cases, parameters and loops by their values.
//!
//! A script without them is parsed as it stands, and pays nothing for this. One with them becomes one longer text, with a
//! map that leads from each octet back to the file and line that it came from.

mod expander;

use super::{Definitions, lexer};
use crate::text::{case, cursor, sources};
pub use case::Case;
pub(super) use expander::{HASH_HELP, HASH_WORDS, expand};
pub use sources::{Includes, NoIncludes, Place, SourceFile, Sources, Within};

/// A script's text with all that decides what it stands for.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What the script is called in messages; paths of `#include` begin in its folder.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Definitions from outside.
    pub definitions: &'a Definitions,
    /// The case that it is read for, if it has cases.
    pub case: Option<&'a Case>,
    /// Where included files come from.
    pub includes: &'a dyn Includes,
}

impl<'a> Input<'a> {
    /// A text that stands alone.
    pub fn new(text: &'a str, definitions: &'a Definitions) -> Self {
        Input { name: "the script", text, definitions, case: None, includes: &NoIncludes }
    }

    /// Whether the text is to be parsed as it stands.
    pub(super) fn is_plain(&self) -> bool {
        // One look for the octet spares most scripts the others.
        let has = |word: &str| self.text.contains(word);
        self.case.is_none() && (!self.text.as_bytes().contains(&b'#') || !has("#include") && !has("#for"))
    }
}

/// The cases of a script, read without parsing it; none where a line that says a case is wrong, which parsing tells.
pub fn cases(text: &str) -> Vec<Case> {
    case::cases(text, is_reserved)
}

/// Whether a word is one of the language: nothing defines it to be something else.
pub(super) fn is_reserved(word: &str) -> bool {
    let is_flag = word.len() == 1 && "FSRPUEWA".contains(word);
    is_flag || lexer::is_reserved(word)
}
