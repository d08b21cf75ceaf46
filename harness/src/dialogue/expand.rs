//! Makes one text of a dialogue and all that it includes and repeats, with the values of names in place.

use super::directives::is_reserved;
use super::text::{begins_value, value_length};
use crate::text::cursor::{Cursor, check_name};
use crate::text::sources::{FrameId, SCRIPT};
use crate::text::suggest::did_you_mean;
use crate::text::{Case, Diagnostic, Includes, SourceFile, Sources, Span, case, values};

/// Inclusions and loops may stand in one another this deep.
const MOST_DEPTH: usize = 16;
/// An expanded dialogue is no longer than this, in octets.
const MOST_OCTETS: usize = 1 << 20;
/// Files are included and loops passed no more often than this, all together.
const MOST_PASSES: usize = 20_000;

/// The cases of a dialogue, read without parsing it; none where a line that says a case is wrong, which parsing tells.
pub fn cases(text: &str) -> Vec<Case> {
    case::cases(text, is_reserved)
}

/// A dialogue's text with all that it includes and repeats in place.
pub(super) struct Expanded {
    pub(super) text: String,
    pub(super) sources: Sources,
    /// What is wrong, each with its own place.
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Expands the text of a dialogue.
pub(super) fn expand(
    name: &str,
    text: &str,
    definitions: &[(String, String)],
    case: Option<&Case>,
    includes: &dyn Includes,
) -> Expanded {
    let script = SourceFile { name: name.into(), text: text.into() };
    let out = Expanded { text: String::new(), sources: Sources::new(script), diagnostics: Vec::new() };
    let mut expander = Expander { includes, names: Vec::new(), open: vec![0], depth: 0, passes: 0, out };
    for (name, value) in definitions {
        expander.names.push(Name { name: name.clone(), value: value.clone(), used: true, place: Spot::default() });
    }
    let first_own = expander.names.len();
    for (name, value) in case.iter().flat_map(|case| &case.definitions) {
        let place = Spot { file: 0, frame: SCRIPT, span: case.map(|case| case.span).unwrap_or_default() };
        expander.names.push(Name { name: name.clone(), value: value.clone(), used: false, place });
    }
    // What ends the work was reported.
    let _reported = expander.text(Body { file: 0, frame: SCRIPT, text }, 0..text.len());
    expander.report_unused(first_own, "the dialogue");
    expander.out.sources.finish(&expander.out.text);
    expander.out
}

/// What makes going on useless was reported.
struct Stop;

struct Expander<'a> {
    includes: &'a dyn Includes,
    /// Of the command line, the case, `--define` lines, inclusions and loops; the innermost last.
    names: Vec<Name>,
    /// The files around the current place.
    open: Vec<u32>,
    depth: usize,
    passes: usize,
    out: Expanded,
}

struct Name {
    name: String,
    value: String,
    used: bool,
    place: Spot,
}

#[derive(Clone, Copy, Default)]
struct Spot {
    file: u32,
    frame: FrameId,
    span: Span,
}

#[derive(Clone, Copy)]
struct Body<'t> {
    file: u32,
    frame: FrameId,
    text: &'t str,
}

impl Expander<'_> {
    fn text(&mut self, body: Body<'_>, range: std::ops::Range<usize>) -> Result<(), Stop> {
        let mut at = range.start;
        while at < range.end {
            let end = body.text[at..].find('\n').map_or(body.text.len(), |length| at + length + 1).min(range.end);
            let line = &body.text[at..end];
            let trimmed = line.trim();
            let start = at + (line.len() - line.trim_start().len());
            let word = trimmed.split_whitespace().next().unwrap_or_default();
            let span = Span { start: start as u32, end: (start + word.len()) as u32 };
            let rest = Cursor::line(body.text, start + word.len(), is_reserved);
            at = match word {
                "#include" => self.include(body, span, rest).map(|()| end)?,
                "#for" => self.repeat(body, span, rest, end..range.end)?,
                "#end" => return self.stop(body, span, "parse::expansion", "`#end` without `#for`".to_owned()),
                _ if word.starts_with('#') => {
                    let words = ["#include", "#for", "#end"];
                    let help = did_you_mean(word, words).unwrap_or_else(|| {
                        "there are `#include`, and `#for` with `#end`; comments begin with `//`".to_owned()
                    });
                    let message = format!("unknown word `{word}`");
                    self.push(body, Diagnostic::error("parse::condition", span, message, "here").help(help));
                    return Err(Stop);
                }
                _ if word.starts_with("--") => {
                    self.definition(body, start, trimmed)?;
                    self.piece(body, end, end, true);
                    end
                }
                _ if trimmed.starts_with("//@") && body.file != 0 => {
                    let message = "an included file has no directives".to_owned();
                    return self.stop(body, span, "include::directive", message);
                }
                _ if trimmed.starts_with("//") => {
                    self.copy(body, at, end);
                    end
                }
                _ => self.line(body, at, end).map(|()| end)?,
            };
            if self.out.text.len() > MOST_OCTETS {
                return self.stop(body, span, "parse::size", "the dialogue becomes larger than 1 MiB".to_owned());
            }
        }
        Ok(())
    }

    /// A line with the values of names in place.
    fn line(&mut self, body: Body<'_>, start: usize, end: usize) -> Result<(), Stop> {
        let line = &body.text[start..end];
        let (mut copied, mut at) = (0, 0);
        while let Some(c) = line[at..].chars().next() {
            if c == '\\' {
                // What follows stands for itself.
                at += 1 + line[at + 1..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
            let length = match c {
                '{' if begins_value(&line[at..]) => value_length(&line[at..]),
                _ => None,
            };
            let Some(length) = length else {
                at += c.len_utf8();
                continue;
            };
            let span = Span { start: (start + at) as u32, end: (start + at + length) as u32 };
            if let Some(value) = self.value(&line[at..at + length]) {
                self.copy(body, start + copied, start + at);
                self.piece(body, start + at, start + at + length, false);
                self.out.text.push_str(&value);
                copied = at + length;
                if self.out.text.len() > MOST_OCTETS {
                    return self.stop(body, span, "parse::size", "the dialogue becomes larger than 1 MiB".to_owned());
                }
            }
            at += length;
        }
        self.copy(body, start + copied, end);
        Ok(())
    }

    /// What stands for a value in braces if it has names that are defined; else it is for the parser.
    fn value(&mut self, source: &str) -> Option<String> {
        let inner = &source[1..source.len() - 1];
        let (mut out, mut copied, mut at, mut replaced) = (String::new(), 0, 0, false);
        let mut in_string = false;
        while let Some(c) = inner[at..].chars().next() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if c == '\\' && in_string {
                at += 1 + inner[at + 1..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
            if in_string
                && c == '{'
                && begins_value(&inner[at..])
                && let Some(length) = value_length(&inner[at..])
            {
                if let Some(value) = self.value(&inner[at..at + length]) {
                    out.push_str(&inner[copied..at]);
                    out.push_str(&value);
                    copied = at + length;
                    replaced = true;
                }
                at += length;
                continue;
            }
            if c == '"' {
                in_string = !in_string;
            }
            let length = if in_string { 0 } else { inner[at..].chars().take_while(|c| is_word(*c)).count() };
            if length == 0 {
                at += c.len_utf8();
                continue;
            }
            if let Some(value) = self.lookup(&inner[at..at + length]) {
                out.push_str(&inner[copied..at]);
                out.push_str(&value);
                copied = at + length;
                replaced = true;
            }
            at += length;
        }
        if !replaced {
            return None;
        }
        out.push_str(&inner[copied..]);
        if ["repeat", "base64"].iter().any(|word| out.split([' ', '"']).next() == Some(word)) {
            return Some(format!("{{{}}}", worked_out_count(&out)));
        }
        Some(worked_out(&out).map_or(out, |number| number.to_string()))
    }

    fn lookup(&mut self, name: &str) -> Option<String> {
        let found = self.names.iter_mut().rev().find(|known| known.name == name)?;
        found.used = true;
        Some(case::unquoted(&found.value).to_owned())
    }

    /// A text with the `{NAME}` in it replaced.
    fn fill(&mut self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            out.push_str(before);
            match self.lookup(name) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&format!("{{{name}}}")),
            }
            rest = after;
        }
        out + rest
    }

    /// `--define=NAME=VALUE`.
    fn definition(&mut self, body: Body<'_>, start: usize, line: &str) -> Result<(), Stop> {
        let span = Span { start: start as u32, end: (start + line.len()) as u32 };
        let Some((name, value)) = line.strip_prefix("--define=").and_then(|rest| rest.split_once('=')) else {
            let message = "a dialogue has no such option".to_owned();
            let diagnostic = Diagnostic::error("parse::option", span, message, "here");
            self.push(body, diagnostic.help("there is `--define=NAME=VALUE`"));
            return Err(Stop);
        };
        if let Err(message) = check_name(name, is_reserved) {
            return self.stop(body, span, "parse::option", message);
        }
        let place = Spot { file: body.file, frame: body.frame, span };
        // A definition from outside wins.
        let at = self.names.iter().take_while(|known| known.place.span == Span::default()).count();
        if !self.names[..at].iter().any(|known| known.name == name) {
            let used = false;
            self.names.insert(at, Name { name: name.to_owned(), value: value.to_owned(), used, place });
        }
        Ok(())
    }

    /// `#include "path" NAME=VALUE ...`.
    fn include(&mut self, body: Body<'_>, word: Span, mut line: Cursor<'_>) -> Result<(), Stop> {
        let Some(path) = line.string() else {
            let message = "`#include` needs a path";
            let diagnostic = Diagnostic::error("include::path", word, message, "no path in double quotes follows");
            self.push(body, diagnostic.help("write `#include \"file.inc\" NAME=VALUE ...`"));
            return Err(Stop);
        };
        let filled = self.fill(path.text);
        let first_own = self.names.len();
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
            let value = self.fill(argument.value.text);
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
        let (text, name) = (included.text.clone(), included.name.clone());
        let file = self.out.sources.add_file(included);
        if self.open.contains(&file) {
            return self.stop(body, path.span, "include::cycle", format!("`{name}` includes itself"));
        }
        let line_number = self.out.sources.describe(body.file, word, SCRIPT).line;
        let frame = self.out.sources.add_frame(body.frame, format!("included from {from}:{line_number}"));
        self.names.extend(own);
        self.open.push(file);
        self.depth += 1;
        let inner = Body { file, frame, text: &text };
        let done = self.text(inner, 0..text.len());
        self.depth -= 1;
        self.open.pop();
        // What follows stands on a line of its own, whether or not the file ends with one.
        if !self.out.text.is_empty() && !self.out.text.ends_with('\n') {
            self.piece(inner, text.len(), text.len(), false);
            self.out.text.push('\n');
        }
        // A path that depends on a name may lead to files that need less.
        if path.text == filled && done.is_ok() {
            self.report_unused(first_own, &format!("`{name}`"));
        }
        self.names.truncate(first_own);
        done
    }

    /// `#for NAME in VALUES` whose lines begin at `lines.start`; gives where the text goes on.
    fn repeat(
        &mut self,
        body: Body<'_>,
        word: Span,
        mut line: Cursor<'_>,
        lines: std::ops::Range<usize>,
    ) -> Result<usize, Stop> {
        let (name, of) = match (line.word(), line.word()) {
            (Ok(name), Ok(of)) => (name, of),
            (Err((span, message)), _) | (_, Err((span, message))) => {
                return self.stop(body, span, "loop::form", message);
            }
        };
        if of.text != "in" || line.is_done() {
            let place = if of.text == "in" || of.text.is_empty() { line.here() } else { of.span };
            let diagnostic = Diagnostic::error("loop::form", place, "this is no loop", "expected `NAME in VALUES`");
            self.push(body, diagnostic.help("write `#for I in 1..64` or `#for SIZE in {1,64,255}`"));
            return Err(Stop);
        }
        if let Err(message) = check_name(name.text, is_reserved) {
            return self.stop(body, name.span, "loop::name", message);
        }
        let written = line.remainder();
        let series = match values::series(&self.fill(written.text)) {
            Ok(series) => series,
            Err(message) => return self.stop(body, written.span, "loop::values", message),
        };
        let Some((last, after)) = end_of_loop(body.text, lines.clone()) else {
            return self.stop(body, word, "parse::expansion", "`#for` has no `#end`".to_owned());
        };
        let first_own = self.names.len();
        let from = self.out.sources.file(body.file).name.clone();
        let line_number = self.out.sources.describe(body.file, word, SCRIPT).line;
        for value in series {
            self.count_pass(body, word)?;
            let said = format!("where {} is {value}, in the loop at {from}:{line_number}", name.text);
            let frame = self.out.sources.add_frame(body.frame, said);
            let place = Spot { file: body.file, frame: body.frame, span: name.span };
            self.names.push(Name { name: name.text.to_owned(), value, used: false, place });
            self.depth += 1;
            let done = self.text(Body { frame, ..body }, lines.start..last);
            self.depth -= 1;
            self.names.truncate(first_own);
            done?;
        }
        Ok(after)
    }

    /// Takes back the names from `first` on that nothing used.
    fn report_unused(&mut self, first: usize, user: &str) {
        if !self.out.diagnostics.is_empty() {
            // An error elsewhere may have kept them from being used.
            return;
        }
        let unused: Vec<_> = self.names[first.min(self.names.len())..]
            .iter()
            .filter(|name| !name.used)
            .map(|name| (name.name.clone(), name.place))
            .collect();
        for (name, place) in unused {
            let message = format!("{user} does not use `{name}`");
            self.push_at(place, Diagnostic::error("definition::unused", place.span, message, "defined here"));
        }
    }

    fn copy(&mut self, body: Body<'_>, start: usize, end: usize) {
        if start < end {
            self.piece(body, start, end, true);
            self.out.text.push_str(&body.text[start..end]);
        }
    }

    fn piece(&mut self, body: Body<'_>, start: usize, end: usize, verbatim: bool) {
        let at = Span { start: start as u32, end: end as u32 };
        self.out.sources.add_piece(self.out.text.len(), body.file, at, verbatim, body.frame);
    }

    fn count_pass(&mut self, body: Body<'_>, word: Span) -> Result<(), Stop> {
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

    fn stop<T>(&mut self, body: Body<'_>, span: Span, code: &'static str, message: String) -> Result<T, Stop> {
        self.push(body, Diagnostic::error(code, span, message, "here"));
        Err(Stop)
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

/// Where the `#end` of a loop stands whose lines these are: where its line begins, and where it ends.
fn end_of_loop(text: &str, lines: std::ops::Range<usize>) -> Option<(usize, usize)> {
    let (mut depth, mut at) = (1_u32, lines.start);
    for line in text.get(lines)?.split_inclusive('\n') {
        match line.split_whitespace().next() {
            Some("#for") => depth += 1,
            Some("#end") => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((at, at + line.len()));
        }
        at += line.len();
    }
    None
}

/// The number of `4 + 2 * 3`: numbers, `+`, `-` and `*`, from left to right, `*` first.
fn worked_out(source: &str) -> Option<u64> {
    let mut sum = 0_i128;
    let mut rest = source.replace('-', "+-");
    rest.retain(|c| c != ' ');
    for term in rest.split('+') {
        let (sign, factors) = term.strip_prefix('-').map_or((1, term), |factors| (-1, factors));
        let mut product = sign;
        for factor in factors.split('*') {
            if factor.is_empty() || !factor.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            product = factor.parse::<i128>().ok().and_then(|factor| factor.checked_mul(product))?;
        }
        sum = sum.checked_add(product)?;
    }
    u64::try_from(sum).ok()
}

/// `repeat 4 + 2 "A"` with its number worked out; other texts as they are.
fn worked_out_count(source: &str) -> String {
    let worked = source.strip_prefix("repeat").and_then(|rest| {
        let quote = rest.find('"')?;
        Some(format!("repeat {} {}", worked_out(&rest[..quote])?, &rest[quote..]))
    });
    worked.unwrap_or_else(|| source.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::NoIncludes;

    fn expanded(text: &str, definitions: &[(&str, &str)]) -> String {
        let definitions: Vec<_> = definitions.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let expanded = expand("a.dlg", text, &definitions, None, &NoIncludes);
        assert_eq!(expanded.diagnostics, []);
        expanded.text
    }

    #[test]
    fn values_stand_for_names_in_braces() {
        let definitions = [("SIZE", "100"), ("USER", "\"a b\"")];
        for (text, wanted) in [
            ("C: {USER} USER {other}\n", "C: a b USER {other}\n"),
            ("C: \\{USER}{5}{\"USER\"}\n", "C: \\{USER}{5}{\"USER\"}\n"),
            ("C: {repeat SIZE - 2 * 3 \"{USER}x\"}\n", "C: {repeat 94 \"a bx\"}\n"),
            ("C: {SIZE + 1}\n", "C: 101\n"),
            ("C: {base64 \"{USER}\"}\n", "C: {base64 \"a b\"}\n"),
            ("// {USER}\n", "// {USER}\n"),
        ] {
            assert_eq!(expanded(text, &definitions), wanted);
        }
    }

    #[test]
    fn loops_repeat_their_lines() {
        assert_eq!(
            expanded("#for I in {a,b}\n#for J in 1..2\nC: {I}{J}\n#end\n#end\nC: x\n", &[]),
            "C: a1\nC: a2\nC: b1\nC: b2\nC: x\n"
        );
    }

    #[test]
    fn outer_definitions_win() {
        assert_eq!(expanded("--define=A=1\nC: {A}\n", &[]), "C: 1\n");
        assert_eq!(expanded("--define=A=1\nC: {A}\n", &[("A", "2")]), "C: 2\n");
    }
}
