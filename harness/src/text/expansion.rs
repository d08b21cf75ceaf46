//! What `#include` and `#for` do in every language: the text of files, and lines again and again, in one longer text with
//! a map that leads back. What else a line of it means, its [`Language`] knows.

use std::ops::Range;

use super::cursor::{Cursor, Part, check_name};
use super::sources::{FrameId, SCRIPT};
use super::{Diagnostic, Includes, IsReserved, SourceFile, Sources, Span, values};

/// Inclusions and loops may stand in one another this deep.
const MOST_DEPTH: usize = 16;

/// An expanded text is no longer than this, in octets.
const MOST_OCTETS: usize = 1 << 20;

/// Files are included and loops passed no more often than this, all together.
const MOST_PASSES: usize = 20_000;

/// What makes going on useless was reported.
pub(crate) struct Stop;

pub(crate) type Fallible<T> = Result<T, Stop>;

/// What a language makes of its texts beyond inclusions and loops.
pub(crate) trait Language: Sized {
    /// What a text is called in messages, such as `script`.
    const TEXT: &'static str;
    /// A loop as one would write it.
    const LOOP_EXAMPLE: &'static str;
    /// Which words are the language's own.
    const IS_RESERVED: IsReserved;

    /// Expands a part of a file, with [`Expander::include`] and [`Expander::repeat`] where they stand.
    fn text(expander: &mut Expander<'_, Self>, body: Body<'_>, range: Range<usize>) -> Fallible<()>;

    /// The path of an `#include` with the values of names in place.
    fn path(expander: &mut Expander<'_, Self>, body: Body<'_>, path: Part<'_>) -> Fallible<String>;

    /// An argument of an `#include` with the values of names in place.
    fn argument(expander: &mut Expander<'_, Self>, body: Body<'_>, argument: Part<'_>) -> Fallible<String>;

    /// What follows `in` with the values of names in place.
    fn values(expander: &mut Expander<'_, Self>, text: &str) -> String;

    /// Of the loop whose first line ends at octet `from`, somewhere before octet `end`: where the line of its `#end`
    /// begins, and where the text goes on.
    fn end_of_loop(text: &str, from: usize, end: usize) -> Option<(usize, usize)>;
}

/// Makes one text of a text and all that it includes and repeats.
pub(crate) struct Expander<'a, L> {
    /// What the language keeps for itself.
    pub(crate) language: L,
    /// Names of the case, inclusions and loops around the current place, the innermost last.
    pub(crate) names: Vec<Name>,
    /// The text so far.
    pub(crate) out: String,
    /// Where its octets come from.
    pub(crate) sources: Sources,
    /// What is wrong, each with its own place.
    pub(crate) diagnostics: Vec<Diagnostic>,
    includes: &'a dyn Includes,
    /// The files around the current place.
    open: Vec<u32>,
    /// How many inclusions and loops are around the current place.
    depth: usize,
    /// Files included and passes of loops so far.
    passes: usize,
}

/// A name that has a value.
pub(crate) struct Name {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) used: bool,
    /// Where it got the value.
    pub(crate) place: Spot,
}

/// A place in a file.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spot {
    pub(crate) file: u32,
    pub(crate) frame: FrameId,
    pub(crate) span: Span,
}

/// The text that is worked on.
#[derive(Clone, Copy)]
pub(crate) struct Body<'t> {
    pub(crate) file: u32,
    pub(crate) frame: FrameId,
    pub(crate) text: &'t str,
}

impl<'a, L: Language> Expander<'a, L> {
    /// An expander of the text `name`; [`Expander::whole`] does the work.
    pub(crate) fn new(name: &str, text: &str, includes: &'a dyn Includes, language: L) -> Self {
        let sources = Sources::new(SourceFile { name: name.into(), text: text.into() });
        let out = String::with_capacity(text.len() * 4);
        let (names, diagnostics) = (Vec::new(), Vec::new());
        Expander { language, names, out, sources, diagnostics, includes, open: vec![0], depth: 0, passes: 0 }
    }

    /// Expands the whole of the text. Names that it was given from `first_own` on are to be used.
    pub(crate) fn whole(&mut self, first_own: usize) {
        let text = self.sources.file(0).text.clone();
        // What ends the work was reported.
        let _reported = L::text(self, Body { file: 0, frame: SCRIPT, text: &text }, 0..text.len());
        self.report_unused(first_own, &format!("the {}", L::TEXT));
        self.sources.finish(&self.out);
    }

    /// `#include "path" NAME=VALUE ...`, what follows its `word`. Gives the octet at which the line ends.
    pub(crate) fn include(&mut self, body: Body<'_>, word: Span) -> Fallible<usize> {
        let mut line = Cursor::line(body.text, word.end as usize, L::IS_RESERVED);
        let Some(path) = line.string() else {
            let message = "`#include` needs a path";
            let diagnostic = Diagnostic::error("include::path", word, message, "no path in double quotes follows");
            self.push(body, diagnostic.help("write `#include \"file.inc\" NAME=VALUE ...`"));
            return Err(Stop);
        };
        let filled = L::path(self, body, path)?;
        let own = self.arguments(body, &mut line)?;
        self.count_pass(body, word)?;
        let from = self.sources.file(body.file).name.clone();
        let included = match self.includes.read(&from, &filled) {
            Ok(file) => file,
            Err(message) => {
                return self.stop(body, path.span, "include::read", format!("cannot include `{filled}`: {message}"));
            }
        };
        let (text, name) = (included.text.clone(), included.name.clone());
        let file = self.sources.add_file(included);
        if self.open.contains(&file) {
            return self.stop(body, path.span, "include::cycle", format!("`{name}` includes itself"));
        }
        let line_number = self.sources.describe(body.file, word, SCRIPT).line;
        let frame = self.sources.add_frame(body.frame, format!("included from {from}:{line_number}"));
        let first_own = self.names.len();
        self.names.extend(own);
        self.open.push(file);
        self.depth += 1;
        let inner = Body { file, frame, text: &text };
        let done = L::text(self, inner, 0..text.len());
        self.depth -= 1;
        self.open.pop();
        // What follows stands on a line of its own, whether or not the file ends with one.
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.piece(inner, text.len(), text.len(), false);
            self.out.push('\n');
        }
        // A path that depends on a name may lead to files that need less.
        if path.text == filled && done.is_ok() {
            self.report_unused(first_own, &format!("`{name}`"));
        }
        self.names.truncate(first_own);
        done.map(|()| line.line_end())
    }

    /// The `NAME=VALUE ...` of an inclusion.
    fn arguments(&mut self, body: Body<'_>, line: &mut Cursor<'_>) -> Fallible<Vec<Name>> {
        let mut own: Vec<Name> = Vec::new();
        while !line.is_done() {
            let argument = match line.argument() {
                Ok(argument) => argument,
                Err((span, message)) => return self.stop(body, span, "include::parameter", message),
            };
            let name = argument.name.text.to_owned();
            if own.iter().any(|known| known.name == name) {
                return self.stop(body, argument.name.span, "include::parameter", format!("`{name}` is given twice"));
            }
            let value = L::argument(self, body, argument.value)?;
            let place = Spot { file: body.file, frame: body.frame, span: argument.name.span };
            own.push(Name { name, value, used: false, place });
        }
        Ok(own)
    }

    /// `#for NAME in VALUES`, what follows its `word`, up to its `#end` before octet `end`. Gives the octet at which the
    /// text goes on.
    pub(crate) fn repeat(&mut self, body: Body<'_>, word: Span, end: usize) -> Fallible<usize> {
        let mut line = Cursor::line(body.text, word.end as usize, L::IS_RESERVED);
        let (name, of) = match (line.word(), line.word()) {
            (Ok(name), Ok(of)) => (name, of),
            (Err((span, message)), _) | (_, Err((span, message))) => {
                return self.stop(body, span, "loop::form", message);
            }
        };
        if of.text != "in" || line.is_done() {
            let place = if of.text == "in" || of.text.is_empty() { line.here() } else { of.span };
            let diagnostic = Diagnostic::error("loop::form", place, "this is no loop", "expected `NAME in VALUES`");
            self.push(body, diagnostic.help(format!("write `#for I in 1..64` or `{}`", L::LOOP_EXAMPLE)));
            return Err(Stop);
        }
        if let Err(message) = check_name(name.text, L::IS_RESERVED) {
            return self.stop(body, name.span, "loop::name", message);
        }
        let written = line.remainder();
        let values = match values::series(&L::values(self, written.text)) {
            Ok(values) => values,
            Err(message) => return self.stop(body, written.span, "loop::values", message),
        };
        let begin = (line.line_end() + 1).min(end);
        let Some((last, after)) = L::end_of_loop(body.text, line.line_end(), end) else {
            return self.stop(body, word, "parse::expansion", "`#for` has no `#end`".to_owned());
        };
        let first_own = self.names.len();
        let from = self.sources.file(body.file).name.clone();
        let line_number = self.sources.describe(body.file, word, SCRIPT).line;
        for value in values {
            self.count_pass(body, word)?;
            let said = format!("where {} is {value}, in the loop at {from}:{line_number}", name.text);
            let frame = self.sources.add_frame(body.frame, said);
            let place = Spot { file: body.file, frame: body.frame, span: name.span };
            self.names.push(Name { name: name.text.to_owned(), value, used: false, place });
            let errors = self.diagnostics.len();
            self.depth += 1;
            let done = L::text(self, Body { frame, ..body }, begin..last);
            self.depth -= 1;
            self.names.truncate(first_own);
            done?;
            // What is wrong once is wrong each time.
            if self.diagnostics.len() > errors {
                break;
            }
        }
        Ok(after)
    }

    /// Takes back the names from `first` on that nothing used.
    fn report_unused(&mut self, first: usize, user: &str) {
        if !self.diagnostics.is_empty() {
            // An error elsewhere may have kept them from being used.
            return;
        }
        let unused = self.names.iter().skip(first).filter(|name| !name.used);
        let unused: Vec<_> = unused.map(|name| (name.name.clone(), name.place)).collect();
        for (name, place) in unused {
            let message = format!("{user} does not use `{name}`");
            self.push_at(place, Diagnostic::error("definition::unused", place.span, message, "defined here"));
        }
    }

    fn count_pass(&mut self, body: Body<'_>, word: Span) -> Fallible<()> {
        if self.depth >= MOST_DEPTH {
            let message = format!("inclusions and loops stand in one another more than {MOST_DEPTH} deep");
            return self.stop(body, word, "parse::depth", message);
        }
        self.passes += 1;
        if self.passes <= MOST_PASSES {
            return Ok(());
        }
        let message = format!("files are included and loops passed more than {MOST_PASSES} times");
        self.stop(body, word, "parse::size", message)
    }
}

/// Writing the text, and saying what is wrong.
impl<L: Language> Expander<'_, L> {
    /// The innermost value of a name, as it was given.
    pub(crate) fn value(&mut self, name: &str) -> Option<&str> {
        let found = self.names.iter_mut().rev().find(|known| known.name == name)?;
        found.used = true;
        Some(&found.value)
    }

    /// Copies octets of a file.
    pub(crate) fn copy(&mut self, body: Body<'_>, start: usize, end: usize) {
        if start < end {
            self.piece(body, start, end, true);
            self.out.push_str(&body.text[start..end]);
        }
    }

    /// Writes a value in place of the octets `at` of a file.
    pub(crate) fn paste(&mut self, body: Body<'_>, at: Span, value: &str) -> Fallible<()> {
        self.piece(body, at.start as usize, at.end as usize, false);
        self.out.push_str(value);
        self.check_size(body, at)
    }

    /// Says that what is written next are these octets of a file, to the letter or not.
    pub(crate) fn piece(&mut self, body: Body<'_>, start: usize, end: usize, verbatim: bool) {
        let at = Span { start: start as u32, end: end as u32 };
        self.sources.add_piece(self.out.len(), body.file, at, verbatim, body.frame);
    }

    /// Stops where the text has become too large, at this place.
    pub(crate) fn check_size(&mut self, body: Body<'_>, at: Span) -> Fallible<()> {
        if self.out.len() <= MOST_OCTETS {
            return Ok(());
        }
        self.stop(body, at, "parse::size", format!("the {} becomes larger than 1 MiB", L::TEXT))
    }

    /// Says what makes going on useless.
    pub(crate) fn stop<T>(&mut self, body: Body<'_>, span: Span, code: &'static str, message: String) -> Fallible<T> {
        self.push(body, Diagnostic::error(code, span, message, "here"));
        Err(Stop)
    }

    /// Says what is wrong at a place of this text.
    pub(crate) fn push(&mut self, body: Body<'_>, diagnostic: Diagnostic) {
        let place = Spot { file: body.file, frame: body.frame, span: diagnostic.span };
        self.push_at(place, diagnostic);
    }

    fn push_at(&mut self, place: Spot, mut diagnostic: Diagnostic) {
        diagnostic.within = self.sources.describe(place.file, place.span, place.frame).within();
        self.diagnostics.push(diagnostic);
    }
}
