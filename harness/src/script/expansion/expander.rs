//! Makes one text of a script and all that it includes and repeats.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::case::unquoted;
use super::cursor::{Cursor, Part};
use super::sources::{SCRIPT, Sources};
use super::{Input, is_reserved};
use crate::script::diagnostic::Diagnostic;
use crate::script::parser::parse_formula;
use crate::script::scanner::{Raw, RawKind, Scanner};
use crate::script::suggest::did_you_mean;
use crate::script::tree::{Formula, FormulaKind};
use crate::script::{Definition, Definitions, Span, layout};
use crate::text::IsReserved;
use crate::text::expansion::{Body, Expander, Fallible, Language, Name, Spot, Stop};

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
    let (defined, used) = (BTreeMap::new(), BTreeSet::new());
    let language = Scripts { given: input.definitions, defined, used, has_conditions: false };
    let mut expander = Expander::new(input.name, input.text, input.includes, language);
    let cases =
        input.case.iter().flat_map(|case| case.definitions.iter().map(|(name, value)| (name, value, case.span)));
    for (name, value, span) in cases {
        let place = Spot { file: 0, frame: SCRIPT, span };
        expander.names.push(Name { name: name.clone(), value: value.clone(), used: false, place });
    }
    expander.whole(0);
    let Expander { language, out: text, sources, diagnostics, .. } = expander;
    Expanded { text, sources, diagnostics, has_conditions: language.has_conditions, used: language.used }
}

/// The language of scripts.
struct Scripts<'a> {
    given: &'a Definitions,
    /// `--define` lines so far.
    defined: BTreeMap<String, String>,
    /// Those of them that were used.
    used: BTreeSet<String>,
    has_conditions: bool,
}

impl Language for Scripts<'_> {
    const TEXT: &'static str = "script";
    const LOOP_EXAMPLE: &'static str = "#for TTL in {1,64,255}";
    const IS_RESERVED: IsReserved = is_reserved;

    fn text(expander: &mut Expander<'_, Self>, body: Body<'_>, range: Range<usize>) -> Fallible<()> {
        expander.words(body, range)
    }

    fn path(expander: &mut Expander<'_, Self>, body: Body<'_>, path: Part<'_>) -> Fallible<String> {
        expander.fill(body, path)
    }

    fn argument(expander: &mut Expander<'_, Self>, body: Body<'_>, argument: Part<'_>) -> Fallible<String> {
        match expander.pasted(argument.text) {
            Some(value) => Ok(value),
            None => expander.fill(body, argument),
        }
    }

    fn values(expander: &mut Expander<'_, Self>, text: &str) -> String {
        expander.replaced(text)
    }

    fn end_of_loop(text: &str, from: usize, end: usize) -> Option<(usize, usize)> {
        end_of_loop(text, from, end)
    }
}

impl Expander<'_, Scripts<'_>> {
    /// Expands a part of a file.
    fn words(&mut self, body: Body<'_>, range: Range<usize>) -> Fallible<()> {
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
                    if let Some(value) = self.pasted(source) {
                        self.copy(body, copied, raw.start as usize);
                        self.paste(body, raw.span(), &value)?;
                        copied = raw.end as usize;
                    }
                }
                RawKind::Punct(b'{') => {
                    if let Some((value, end)) = self.worked_out(body, raw)? {
                        self.copy(body, copied, raw.start as usize);
                        self.paste(body, Span { start: raw.start, end }, &value)?;
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
            self.check_size(body, raw.span())?;
        }
        self.copy(body, copied, range.end.max(copied));
        if let Some(span) = condition {
            self.report(body, span, "parse::condition", "`#ifdef` has no `#endif`", "this part never ends");
        }
        Ok(())
    }

    /// `#include`, `#for`, `#ifdef`, `#endif`. Gives the octet at which the text goes on.
    fn hash(&mut self, body: Body<'_>, raw: Raw, end: usize, condition: &mut Option<Span>) -> Fallible<usize> {
        let span = raw.span();
        let before = body.text[..raw.start as usize].rsplit('\n').next().unwrap_or("");
        let word = &body.text[raw.start as usize..raw.end as usize];
        if matches!(word, "#include" | "#for") && !before.trim_start_matches('\u{feff}').trim().is_empty() {
            let message = format!("`{word}` stands on a line of its own");
            self.report(body, span, "parse::expansion", &message, "this follows something else");
            return Err(Stop);
        }
        match word {
            "#include" => self.include(body, span),
            "#for" => self.repeat(body, span, end),
            "#end" => {
                self.report(body, span, "parse::expansion", "`#end` without `#for`", "nothing ends here");
                Ok(raw.end as usize)
            }
            "#ifdef" => {
                self.language.has_conditions = true;
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

    /// Notes a `--define` line whose name ended at octet `at`, and gives the octet at which the line ends.
    fn definition(&mut self, body: Body<'_>, at: usize) -> usize {
        let mut line = Cursor::line(body.text, at, is_reserved);
        let end = line.line_end();
        let written = line.remainder().text.trim_start_matches('=').trim();
        if let Some((name, value)) = unquoted_definition(written).split_once('=') {
            self.language.defined.insert(name.to_owned(), value.to_owned());
        }
        end
    }
}

/// Names and their values.
impl Expander<'_, Scripts<'_>> {
    /// What a name of a case, an include or a loop stands for, as it is to be pasted.
    fn pasted(&mut self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        let raw = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''));
        Some(raw.unwrap_or(value).to_owned())
    }

    /// What a name stands for, whoever defined it.
    fn any_value(&mut self, name: &str) -> Option<String> {
        if let Some(value) = self.pasted(name) {
            return Some(unquoted(&value).to_owned());
        }
        match self.language.given.get(name) {
            Some(Definition::Word(value) | Definition::String(value) | Definition::Command(value)) => {
                Some(value.clone())
            }
            None => {
                let value = self.language.defined.get(name)?;
                self.language.used.insert(name.to_owned());
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
            return Ok(self.pasted(text.trim()).map(|value| (value, end)));
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
                let value = self.pasted(name).unwrap_or_default();
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
}

impl Expander<'_, Scripts<'_>> {
    fn report(&mut self, body: Body<'_>, span: Span, code: &'static str, message: &str, label: &str) {
        self.push(body, Diagnostic::error(code, span, message, label));
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
