//! What a dialogue's text stands for before it is parsed: inclusions and loops in place, and the values of names.

use std::ops::Range;

use super::directives::is_reserved;
use super::text::{begins_value, value_length};
use crate::text::cursor::{Part, check_name};
use crate::text::expansion::{Body, Expander, Fallible, Language, Name, Spot, Stop};
use crate::text::sources::SCRIPT;
use crate::text::suggest::did_you_mean;
use crate::text::{Case, Diagnostic, Includes, IsReserved, Sources, Span, case};

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
    let mut expander = Expander::new(name, text, includes, Dialogues);
    for (name, value) in definitions {
        expander.names.push(Name { name: name.clone(), value: value.clone(), used: true, place: Spot::default() });
    }
    let first_own = expander.names.len();
    for (name, value) in case.iter().flat_map(|case| &case.definitions) {
        let place = Spot { file: 0, frame: SCRIPT, span: case.map(|case| case.span).unwrap_or_default() };
        expander.names.push(Name { name: name.clone(), value: value.clone(), used: false, place });
    }
    expander.whole(first_own);
    Expanded { text: expander.out, sources: expander.sources, diagnostics: expander.diagnostics }
}

/// The language of dialogues. Among the names are definitions from outside, which come first, and `--define` lines.
struct Dialogues;

impl Language for Dialogues {
    const TEXT: &'static str = "dialogue";
    const LOOP_EXAMPLE: &'static str = "#for SIZE in {1,64,255}";
    const IS_RESERVED: IsReserved = is_reserved;

    fn text(expander: &mut Expander<'_, Self>, body: Body<'_>, range: Range<usize>) -> Fallible<()> {
        expander.lines(body, range)
    }

    fn path(expander: &mut Expander<'_, Self>, _: Body<'_>, path: Part<'_>) -> Fallible<String> {
        Ok(expander.fill(path.text))
    }

    fn argument(expander: &mut Expander<'_, Self>, _: Body<'_>, argument: Part<'_>) -> Fallible<String> {
        Ok(expander.fill(argument.text))
    }

    fn values(expander: &mut Expander<'_, Self>, text: &str) -> String {
        expander.fill(text)
    }

    fn end_of_loop(text: &str, from: usize, end: usize) -> Option<(usize, usize)> {
        let (mut depth, mut at) = (1_u32, (from + 1).min(end));
        for line in text.get(at..end)?.split_inclusive('\n') {
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
}

impl Expander<'_, Dialogues> {
    fn lines(&mut self, body: Body<'_>, range: Range<usize>) -> Fallible<()> {
        let mut at = range.start;
        while at < range.end {
            let end = body.text[at..].find('\n').map_or(body.text.len(), |length| at + length + 1).min(range.end);
            let line = &body.text[at..end];
            let trimmed = line.trim();
            let start = at + (line.len() - line.trim_start().len());
            let word = trimmed.split_whitespace().next().unwrap_or_default();
            let span = Span { start: start as u32, end: (start + word.len()) as u32 };
            at = match word {
                "#include" => self.include(body, span).map(|_| end)?,
                "#for" => self.repeat(body, span, range.end)?,
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
                    if trimmed.strip_prefix("//@").is_some_and(|rest| rest.trim_start().starts_with("title:")) {
                        // A name that tells cases apart in reports has its use.
                        self.fill(trimmed);
                    }
                    self.copy(body, at, end);
                    end
                }
                _ => self.line(body, at, end).map(|()| end)?,
            };
            self.check_size(body, span)?;
        }
        Ok(())
    }

    /// A line with the values of names in place.
    fn line(&mut self, body: Body<'_>, start: usize, end: usize) -> Fallible<()> {
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
            if let Some(value) = self.braces(&line[at..at + length]) {
                self.copy(body, start + copied, start + at);
                self.paste(body, span, &value)?;
                copied = at + length;
            }
            at += length;
        }
        self.copy(body, start + copied, end);
        Ok(())
    }

    /// What stands for a value in braces if it has names that are defined; else it is for the parser.
    fn braces(&mut self, source: &str) -> Option<String> {
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
                if let Some(value) = self.braces(&inner[at..at + length]) {
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
        // The value of a name alone stands as it is: `5 5` and `007` are no arithmetic.
        let is_name = inner.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let number = if is_name { None } else { worked_out(&out) };
        Some(number.map_or(out, |number| number.to_string()))
    }

    fn lookup(&mut self, name: &str) -> Option<String> {
        Some(case::unquoted(self.value(name)?).to_owned())
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
    fn definition(&mut self, body: Body<'_>, start: usize, line: &str) -> Fallible<()> {
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
        let definitions = [("SIZE", "100"), ("USER", "\"a b\""), ("TEXT", "\"007 + 1\"")];
        for (text, wanted) in [
            ("C: {USER} USER {other}\n", "C: a b USER {other}\n"),
            ("C: \\{USER}{5}{\"USER\"}\n", "C: \\{USER}{5}{\"USER\"}\n"),
            ("C: {repeat SIZE - 2 * 3 \"{USER}x\"}\n", "C: {repeat 94 \"a bx\"}\n"),
            ("C: {SIZE + 1}\n", "C: 101\n"),
            ("C: {TEXT}\n", "C: 007 + 1\n"),
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
    fn the_title_uses_names() {
        assert_eq!(expanded("--define=A=1\n//@ title: a ({A})\n", &[]), "//@ title: a ({A})\n");
    }

    #[test]
    fn outer_definitions_win() {
        assert_eq!(expanded("--define=A=1\nC: {A}\n", &[]), "C: 1\n");
        assert_eq!(expanded("--define=A=1\nC: {A}\n", &[("A", "2")]), "C: 2\n");
    }
}
