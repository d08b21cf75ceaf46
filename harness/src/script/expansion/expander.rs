//! Makes one text of a script and all that it includes and repeats.

use std::collections::{BTreeMap, BTreeSet};

use super::case::unquoted;
use super::cursor::{Cursor, Part, check_name};
use super::sources::{FrameId, SCRIPT, SourceFile, Sources};
use super::values::series;
use super::{Includes, Input, is_reserved};
use crate::script::diagnostic::Diagnostic;
use crate::script::parser::parse_formula;
use crate::script::scanner::{Raw, RawKind, Scanner};
use crate::script::suggest::did_you_mean;
use crate::script::tree::{Formula, FormulaKind};
use crate::script::{Definition, Definitions, Span, layout};

/// Inclusions and loops may stand in one another this deep.
const MOST_DEPTH: usize = 16;

/// An expanded script is no longer than this, in octets.
const MOST_OCTETS: usize = 1 << 20;

/// Files are included and loops passed no more often than this, all together.
const MOST_PASSES: usize = 20_000;

/// A script's text with all that it includes and repeats in place.
pub(in crate::script) struct Expanded {
    pub(in crate::script) text: String,
    pub(in crate::script) sources: Sources,
    /// What is wrong, each with its own place.
    pub(in crate::script) diagnostics: Vec<Diagnostic>,
    /// Whether a part was left out.
    pub(in crate::script) has_conditions: bool,
    /// Definitions of the script that were used.
    pub(in crate::script) used: BTreeSet<String>,
}

/// Expands a script.
pub(in crate::script) fn expand(input: &Input<'_>) -> Expanded {
    let script = SourceFile { name: input.name.into(), text: input.text.into() };
    let mut expander = Expander {
        given: input.definitions,
        includes: input.includes,
        names: Vec::new(),
        defined: BTreeMap::new(),
        open: vec![0],
        depth: 0,
        passes: 0,
        out: Expanded {
            text: String::with_capacity(input.text.len() * 4),
            sources: Sources::new(script.clone()),
            diagnostics: Vec::new(),
            has_conditions: false,
            used: BTreeSet::new(),
        },
    };
    let cases =
        input.case.iter().flat_map(|case| case.definitions.iter().map(|(name, value)| (name, value, case.span)));
    for (name, value, span) in cases {
        let place = Spot { file: 0, frame: SCRIPT, span };
        expander.names.push(Name { name: name.clone(), value: value.clone(), used: false, place });
    }
    let whole = 0..script.text.len();
    // What ends the work was reported.
    let _reported = expander.text(Body { file: 0, frame: SCRIPT, text: &script.text }, whole);
    expander.report_unused(0, "the script");
    expander.out.sources.finish(&expander.out.text);
    expander.out
}

/// What makes going on useless was reported.
struct Stop;

type Fallible<T> = Result<T, Stop>;

struct Expander<'a> {
    given: &'a Definitions,
    includes: &'a dyn Includes,
    /// Of the case, and of the includes and loops around the current place, innermost last.
    names: Vec<Name>,
    /// `--define` lines so far.
    defined: BTreeMap<String, String>,
    /// The files around the current place.
    open: Vec<u32>,
    /// How many inclusions and loops are around the current place.
    depth: usize,
    /// Files included and passes of loops so far.
    passes: usize,
    out: Expanded,
}

/// A name of a case, an include or a loop.
struct Name {
    name: String,
    value: String,
    used: bool,
    place: Spot,
}

/// A place in a file.
#[derive(Clone, Copy)]
struct Spot {
    file: u32,
    frame: FrameId,
    span: Span,
}

/// The text that is worked on.
#[derive(Clone, Copy)]
struct Body<'t> {
    file: u32,
    frame: FrameId,
    text: &'t str,
}

impl Expander<'_> {
    /// Expands a part of a file.
    fn text(&mut self, body: Body<'_>, range: std::ops::Range<usize>) -> Fallible<()> {
        let mut scanner = Scanner::new(body.text);
        // The scanner starts behind a byte order mark.
        let begin = range.start.max(scanner.position());
        scanner.seek(begin as u32, 0);
        let mut copied = begin;
        let mut condition = None;
        loop {
            let raw = scanner.next();
            if raw.kind == RawKind::End || raw.start as usize >= range.end {
                break;
            }
            let source = &body.text[raw.start as usize..raw.end as usize];
            match raw.kind {
                RawKind::Word => {
                    if let Some(value) = self.value(source) {
                        self.copy(body, copied, raw.start as usize);
                        self.paste(body, raw, &value)?;
                        copied = raw.end as usize;
                    }
                }
                RawKind::Punct(b'{') => {
                    if let Some((value, end)) = self.worked_out(body, raw)? {
                        self.copy(body, copied, raw.start as usize);
                        self.paste(body, Raw { end, ..raw }, &value)?;
                        copied = end as usize;
                        scanner.seek(end, 0);
                    }
                }
                RawKind::Option if source == "--define" => {
                    let end = self.definition(body, raw.end as usize);
                    scanner.seek(end as u32, 0);
                }
                RawKind::Hash => {
                    self.copy(body, copied, raw.start as usize);
                    copied = self.hash(body, raw, range.end, &mut condition)?;
                    scanner.seek(copied as u32, 0);
                }
                RawKind::LineComment if body.file != 0 && source.starts_with("//@") => {
                    let span = Span { start: raw.start, end: raw.start + source.trim_end().len() as u32 };
                    self.report(
                        body,
                        span,
                        "include::directive",
                        "an included file has no directives",
                        "write it in the script itself",
                    );
                }
                RawKind::Unterminated(open) => {
                    let diagnostic = layout::unterminated(raw, open);
                    self.push(body, diagnostic);
                    return Err(Stop);
                }
                _ => {}
            }
            self.check_size(body, raw)?;
        }
        self.copy(body, copied, range.end.max(copied));
        if let Some(span) = condition {
            self.report(body, span, "parse::condition", "`#ifdef` has no `#endif`", "this part never ends");
        }
        Ok(())
    }

    /// `#include`, `#for`, `#ifdef`, `#endif`. Gives the octet at which the text goes on.
    fn hash(&mut self, body: Body<'_>, raw: Raw, end: usize, condition: &mut Option<Span>) -> Fallible<usize> {
        let span = Span { start: raw.start, end: raw.end };
        let before = body.text[..raw.start as usize].rsplit('\n').next().unwrap_or("");
        let word = &body.text[raw.start as usize..raw.end as usize];
        if matches!(word, "#include" | "#for") && !before.trim_start_matches('\u{feff}').trim().is_empty() {
            let message = format!("`{word}` stands on a line of its own");
            self.report(body, span, "parse::expansion", &message, "this follows something else");
            return Err(Stop);
        }
        let cursor = Cursor::line(body.text, raw.end as usize, is_reserved);
        match word {
            "#include" => self.include(body, span, cursor),
            "#for" => self.repeat(body, span, cursor, end),
            "#end" => {
                self.report(body, span, "parse::expansion", "`#end` without `#for`", "nothing ends here");
                Ok(raw.end as usize)
            }
            "#ifdef" => {
                self.out.has_conditions = true;
                if condition.is_some() {
                    let message = "`#ifdef` inside `#ifdef`";
                    self.report(body, span, "parse::condition", message, "conditions do not nest");
                    return Err(Stop);
                }
                *condition = Some(span);
                let mut scanner = Scanner::new(body.text);
                scanner.seek(raw.end, 0);
                let name = scanner.next();
                if name.kind != RawKind::Word {
                    self.report(body, span, "parse::condition", "`#ifdef` needs a name", "no name follows");
                    return Err(Stop);
                }
                if self.is_defined(&body.text[name.start as usize..name.end as usize]) {
                    return Ok(name.end as usize);
                }
                // Found also where a comment or string hides it, as in the FreeBSD dialect.
                let rest = &body.text[name.end as usize..end.max(name.end as usize)];
                Ok(name.end as usize + rest.find("#endif").unwrap_or(rest.len()))
            }
            "#endif" => {
                if condition.take().is_none() {
                    let message = "`#endif` without `#ifdef`";
                    self.report(body, span, "parse::condition", message, "nothing ends here");
                }
                Ok(raw.end as usize)
            }
            other => {
                let help = did_you_mean(other, HASH_WORDS).unwrap_or_else(|| HASH_HELP.to_owned());
                let diagnostic = Diagnostic::error(
                    "parse::condition",
                    span,
                    format!("unknown word `{other}`"),
                    "there is nothing of this name",
                );
                self.push(body, diagnostic.help(help));
                Ok(raw.end as usize)
            }
        }
    }

    /// `#include "path" NAME=VALUE ...`.
    fn include(&mut self, body: Body<'_>, word: Span, mut line: Cursor<'_>) -> Fallible<usize> {
        let Some(path) = line.string() else {
            let message = "`#include` needs a path";
            let diagnostic = Diagnostic::error("include::path", word, message, "no path in double quotes follows");
            self.push(body, diagnostic.help("write `#include \"file.inc\" NAME=VALUE ...`"));
            return Err(Stop);
        };
        let filled = self.fill(body, path)?;
        let first_own = self.names.len();
        let mut own = Vec::new();
        while !line.is_done() {
            let argument = match line.argument() {
                Ok(argument) => argument,
                Err((span, message)) => return self.stop(body, span, "include::parameter", message),
            };
            let name = argument.name.text.to_owned();
            if own.iter().any(|known: &Name| known.name == name) {
                return self.stop(body, argument.name.span, "include::parameter", format!("`{name}` is given twice"));
            }
            let value = match self.value(argument.value.text) {
                Some(value) => value,
                None => self.fill(body, argument.value)?,
            };
            let place = Spot { file: body.file, frame: body.frame, span: argument.name.span };
            own.push(Name { name, value, used: false, place });
        }
        self.count_pass(body, word)?;
        let from = self.out.sources.file(body.file).name.clone();
        let included = match self.includes.read(&from, &filled) {
            Ok(file) => file,
            Err(message) => {
                return self.stop(body, path.span, "include::read", format!("cannot include `{filled}`: {message}"));
            }
        };
        let text = included.text.clone();
        let name = included.name.clone();
        let file = self.out.sources.add_file(included);
        if self.open.contains(&file) {
            return self.stop(body, path.span, "include::cycle", format!("`{name}` includes itself"));
        }
        let line_number = self.out.sources.describe(body.file, word, SCRIPT).line;
        let frame = self.out.sources.add_frame(body.frame, format!("included from {from}:{line_number}"));
        self.names.extend(own);
        self.open.push(file);
        self.depth += 1;
        let done = self.text(Body { file, frame, text: &text }, 0..text.len());
        self.depth -= 1;
        self.open.pop();
        // What follows stands on a line of its own, whether or not the file ends with one.
        if !self.out.text.is_empty() && !self.out.text.ends_with('\n') {
            self.piece(Body { file, frame, text: &text }, text.len(), text.len(), false);
            self.out.text.push('\n');
        }
        // A path that depends on a name may lead to files that need less.
        if path.text == filled && done.is_ok() {
            self.report_unused(first_own, &format!("`{name}`"));
        }
        self.names.truncate(first_own);
        done.map(|()| line.line_end())
    }

    /// `#for NAME in VALUES` up to its `#end`.
    fn repeat(&mut self, body: Body<'_>, word: Span, mut line: Cursor<'_>, end: usize) -> Fallible<usize> {
        let (name, of) = match (line.word(), line.word()) {
            (Ok(name), Ok(of)) => (name, of),
            (Err((span, message)), _) | (_, Err((span, message))) => {
                return self.stop(body, span, "loop::form", message);
            }
        };
        if of.text != "in" || line.is_done() {
            let place = if of.text == "in" || of.text.is_empty() { line.here() } else { of.span };
            let diagnostic = Diagnostic::error("loop::form", place, "this is no loop", "expected `NAME in VALUES`");
            self.push(body, diagnostic.help("write `#for I in 1..64` or `#for TTL in {1,64,255}`"));
            return Err(Stop);
        }
        if let Err(message) = check_name(name.text, is_reserved) {
            return self.stop(body, name.span, "loop::name", message);
        }
        let written = line.remainder();
        let values = match series(&self.replaced(written.text)) {
            Ok(values) => values,
            Err(message) => return self.stop(body, written.span, "loop::values", message),
        };
        let begin = (line.line_end() + 1).min(end);
        let Some((last, after)) = end_of_loop(body.text, line.line_end(), end) else {
            return self.stop(body, word, "parse::expansion", "`#for` has no `#end`".to_owned());
        };
        let first_own = self.names.len();
        let from = self.out.sources.file(body.file).name.clone();
        let line_number = self.out.sources.describe(body.file, word, SCRIPT).line;
        for value in values {
            self.count_pass(body, word)?;
            let said = format!("where {} is {value}, in the loop at {from}:{line_number}", name.text);
            let frame = self.out.sources.add_frame(body.frame, said);
            let place = Spot { file: body.file, frame: body.frame, span: name.span };
            self.names.push(Name { name: name.text.to_owned(), value, used: false, place });
            let errors = self.out.diagnostics.len();
            self.depth += 1;
            let done = self.text(Body { frame, ..body }, begin..last);
            self.depth -= 1;
            self.names.truncate(first_own);
            done?;
            // What is wrong once is wrong each time.
            if self.out.diagnostics.len() > errors {
                break;
            }
        }
        Ok(after)
    }

    /// Notes a `--define` line whose name ended at octet `at`, and gives the octet at which the line ends.
    fn definition(&mut self, body: Body<'_>, at: usize) -> usize {
        let mut line = Cursor::line(body.text, at, is_reserved);
        let end = line.line_end();
        let written = line.remainder().text.trim_start_matches('=').trim();
        if let Some((name, value)) = unquoted_definition(written).split_once('=') {
            self.defined.insert(name.to_owned(), value.to_owned());
        }
        end
    }
}

/// Names and their values.
impl Expander<'_> {
    /// What a name of a case, an include or a loop stands for, as it is to be pasted.
    fn value(&mut self, name: &str) -> Option<String> {
        let found = self.names.iter_mut().rev().find(|known| known.name == name)?;
        found.used = true;
        let raw = found.value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        Some(raw.unwrap_or(&found.value).to_owned())
    }

    /// What a name stands for, whoever defined it.
    fn any_value(&mut self, name: &str) -> Option<String> {
        if let Some(value) = self.value(name) {
            return Some(unquoted(&value).to_owned());
        }
        match self.given.get(name) {
            Some(Definition::Word(value) | Definition::String(value) | Definition::Command(value)) => {
                Some(value.clone())
            }
            None => {
                let value = self.defined.get(name)?;
                self.out.used.insert(name.to_owned());
                Some(unquoted(value).to_owned())
            }
        }
    }

    /// The value of `{a + 1}`, and the octet at which it ends; none if the brace opens something else: arithmetic has
    /// a name of a case, an include or a loop, and no other words.
    fn worked_out(&mut self, body: Body<'_>, brace: Raw) -> Fallible<Option<(String, u32)>> {
        let rest = &body.text[brace.end as usize..];
        let line = rest.lines().next().unwrap_or("");
        let Some(length) = line.find('}') else { return Ok(None) };
        let (text, end) = (&line[..length], brace.end + length as u32 + 1);
        let is_ours = |name: &str| self.names.iter().any(|known| known.name == name);
        if is_ours(text.trim()) {
            return Ok(self.value(text.trim()).map(|value| (value, end)));
        }
        let Some(formula) = parse_formula(text) else { return Ok(None) };
        let (mut count, mut all_ours) = (0, true);
        formula.names(&mut |name, _| (count, all_ours) = (count + 1, all_ours && is_ours(name)));
        if count == 0 || !all_ours {
            return Ok(None);
        }
        match self.number(&formula) {
            Ok(number) => Ok(Some((number.to_string(), end))),
            Err(message) => self.stop(body, Span { start: brace.start, end }, "expansion::number", message),
        }
    }

    fn number(&mut self, formula: &Formula) -> Result<i64, String> {
        match &formula.kind {
            FormulaKind::Number(number) => Ok(*number),
            FormulaKind::Name(name) => {
                let value = self.value(name).unwrap_or_default();
                match parse_formula(&value).map(|formula| formula.kind) {
                    Some(FormulaKind::Number(number)) => Ok(number),
                    _ => Err(format!("`{name}` is `{value}`, which is no number")),
                }
            }
            FormulaKind::Of(measure, _) => Err(format!("`{}` is about captured values", measure.spelling())),
            FormulaKind::Negate(inner) => {
                self.number(inner)?.checked_neg().ok_or_else(|| "this has more than 64 bits".to_owned())
            }
            FormulaKind::Binary(operator, left, right) => {
                let (left, right) = (self.number(left)?, self.number(right)?);
                let result = operator.apply(left, right);
                result.ok_or_else(|| format!("`{left} {} {right}` has no value of 64 bits", operator.spelling()))
            }
        }
    }

    fn is_defined(&mut self, name: &str) -> bool {
        self.any_value(name).is_some()
    }

    /// A text with the `{NAME}` in it replaced.
    fn fill(&mut self, body: Body<'_>, part: Part<'_>) -> Fallible<String> {
        let mut out = String::new();
        let mut rest = part.text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            let number = || parse_formula(name).filter(|formula| !matches!(formula.kind, FormulaKind::Name(_)));
            let value = match number() {
                Some(formula) => self.number(&formula).ok().map(|number| number.to_string()),
                None => self.any_value(name.trim()),
            };
            let Some(value) = value else {
                let known: Vec<String> = self.names.iter().map(|known| known.name.clone()).collect();
                let diagnostic = Diagnostic::error(
                    "include::name",
                    part.span,
                    format!("nothing defines `{name}`"),
                    format!("`{{{name}}}` stands here"),
                );
                let help = did_you_mean(name, known.iter().map(String::as_str));
                self.push(body, diagnostic.maybe_help(help));
                return Err(Stop);
            };
            out.push_str(before);
            out.push_str(&value);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// A short text with the names in it replaced.
    fn replaced(&mut self, text: &str) -> String {
        let mut scanner = Scanner::new(text);
        let (mut out, mut copied) = (String::new(), 0);
        loop {
            let raw = scanner.next();
            if raw.kind == RawKind::End {
                break;
            }
            let (start, end) = (raw.start as usize, raw.end as usize);
            if raw.kind == RawKind::Word
                && let Some(value) = self.any_value(&text[start..end])
            {
                out.push_str(&text[copied..start]);
                out.push_str(&value);
                copied = end;
            }
        }
        out.push_str(&text[copied..]);
        out
    }

    /// Takes back the names from `first` on that nothing used.
    fn report_unused(&mut self, first: usize, user: &str) {
        let unused: Vec<_> =
            self.names[first..].iter().filter(|name| !name.used).map(|name| (name.name.clone(), name.place)).collect();
        // An error elsewhere may have kept them from being used.
        if self.out.diagnostics.is_empty() {
            for (name, place) in unused {
                let message = format!("{user} does not use `{name}`");
                let diagnostic = Diagnostic::error("definition::unused", place.span, message, "defined here");
                self.push_at(place, diagnostic);
            }
        }
    }
}

/// Writing the text, and saying what is wrong.
impl Expander<'_> {
    /// Copies octets of a file.
    fn copy(&mut self, body: Body<'_>, start: usize, end: usize) {
        if start < end {
            self.piece(body, start, end, true);
            self.out.text.push_str(&body.text[start..end]);
        }
    }

    /// Writes a value in place of a name.
    fn paste(&mut self, body: Body<'_>, name: Raw, value: &str) -> Fallible<()> {
        self.piece(body, name.start as usize, name.end as usize, false);
        self.out.text.push_str(value);
        self.check_size(body, name)
    }

    fn piece(&mut self, body: Body<'_>, start: usize, end: usize, verbatim: bool) {
        let at = Span { start: start as u32, end: end as u32 };
        self.out.sources.add_piece(self.out.text.len(), body.file, at, verbatim, body.frame);
    }

    fn check_size(&mut self, body: Body<'_>, raw: Raw) -> Fallible<()> {
        if self.out.text.len() <= MOST_OCTETS {
            return Ok(());
        }
        let message = "the script becomes larger than 1 MiB".to_owned();
        self.stop(body, Span { start: raw.start, end: raw.end }, "parse::size", message)
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

    fn stop<T>(&mut self, body: Body<'_>, span: Span, code: &'static str, message: String) -> Fallible<T> {
        self.push(body, Diagnostic::error(code, span, message, "here"));
        Err(Stop)
    }

    fn report(&mut self, body: Body<'_>, span: Span, code: &'static str, message: &str, label: &str) {
        self.push(body, Diagnostic::error(code, span, message, label));
    }

    fn push(&mut self, body: Body<'_>, diagnostic: Diagnostic) {
        let place = Spot { file: body.file, frame: body.frame, span: diagnostic.span };
        self.push_at(place, diagnostic);
    }

    fn push_at(&mut self, place: Spot, mut diagnostic: Diagnostic) {
        diagnostic.within = self.out.sources.describe(place.file, place.span, place.frame).within();
        self.out.diagnostics.push(diagnostic);
    }
}

/// The words that begin with `#`.
pub(in crate::script) const HASH_WORDS: [&str; 5] = ["#ifdef", "#endif", "#include", "#for", "#end"];

/// What is said of others.
pub(in crate::script) const HASH_HELP: &str =
    "there are `#include`, `#for` with `#end`, and `#ifdef` with `#endif`; comments begin with `//`";

/// Where the `#end` of a loop stands whose first line ends at octet `from`: where its line begins, and where it ends.
fn end_of_loop(text: &str, from: usize, end: usize) -> Option<(usize, usize)> {
    let mut scanner = Scanner::new(text);
    scanner.seek(from as u32, 0);
    let mut depth = 1;
    loop {
        let raw = scanner.next();
        if raw.kind == RawKind::End || raw.start as usize >= end {
            return None;
        }
        if raw.kind != RawKind::Hash {
            continue;
        }
        match &text[raw.start as usize..raw.end as usize] {
            "#for" => depth += 1,
            "#end" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let start = raw.start as usize;
            let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
            let blank = text[line..start].trim().is_empty();
            return Some((if blank { line.max(from) } else { start }, raw.end as usize));
        }
    }
}

/// `NAME=VALUE` of a `--define` line, which may be in quotes as a whole.
fn unquoted_definition(written: &str) -> &str {
    written.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(written)
}
