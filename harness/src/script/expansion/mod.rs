//! What a script's text stands for before it is parsed: `#include` by the file's text, `#for` by its lines again and
//! again, and the names of cases, parameters and loops by their values.
//!
//! A script without them is parsed as it stands, and pays nothing for this. One with them becomes one longer text, with a
//! map that leads from each octet back to the file and line that it came from.

mod case;
mod cursor;
mod expander;
mod sources;
mod values;

use super::Definitions;
pub use case::{Case, cases};
pub(super) use case::{check as check_case, repeated as repeated_case};
pub(super) use expander::{HASH_HELP, HASH_WORDS, expand};
pub use sources::{Place, SourceFile, Sources, Within};

/// Reads the files that scripts include.
pub trait Includes {
    /// The file at `path`, as it stands in the string of an `#include` of the file called `from`.
    ///
    /// # Errors
    /// One line that says why there is none.
    fn read(&self, from: &str, path: &str) -> Result<SourceFile, String>;
}

/// No file can be included.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoIncludes;

impl Includes for NoIncludes {
    fn read(&self, _from: &str, _path: &str) -> Result<SourceFile, String> {
        Err("this script was read from no folder, so there is nothing to include".to_owned())
    }
}

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
