//! Recursive descent over the lexer's tokens, one token ahead.
//!
//! A rule that fails reports why and returns [`Failed`]; the next line that begins an event is where parsing goes on,
//! so that one run shows most of what is wrong.

mod call;
mod event;
mod expression;
mod extension;
mod formula;
mod header;
mod icmp;
mod ip;
mod packet;
mod structure;
mod tcp;
mod tcp_option;

use std::sync::Arc;

use super::captures;
use super::diagnostic::{Diagnostic, Diagnostics, Severity};
use super::directives;
use super::expansion::{Input, expand};
use super::lexer::{Lexer, Token, TokenKind};
use super::suggest::did_you_mean;
use super::tree::{Formula, Script, ScriptOption};
use super::{Definitions, Span, Spanned};

/// A script, and what is dubious about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The tree.
    pub script: Script,
    /// What parsing itself found dubious, in order of place; [`lint`](super::lint) finds more.
    pub warnings: Diagnostics,
}

/// Parses a script that stands alone. The error is all that was found wrong, in order of place.
pub fn parse(text: &str, definitions: &Definitions) -> Result<Script, Diagnostics> {
    parse_with_warnings(text, definitions).map(|parsed| parsed.script)
}

/// Parses a script that stands alone and gives the warnings too. The error is all that was found, in order of place.
pub fn parse_with_warnings(text: &str, definitions: &Definitions) -> Result<Parsed, Diagnostics> {
    Input::new(text, definitions).parse()
}

impl Input<'_> {
    /// Parses the script and all that it includes. The error is all that was found, in order of place.
    ///
    /// # Errors
    /// All that was found wrong, in order of place.
    pub fn parse(&self) -> Result<Parsed, Diagnostics> {
        if u32::try_from(self.text.len()).is_err() {
            let start = Span { start: 0, end: 0 };
            let message = "the script is larger than 4 GiB";
            return Err(vec![Diagnostic::error("parse::size", start, message, "it starts here")]);
        }
        if self.is_plain() {
            let mut parser = Parser::new(self.text, self.definitions);
            let script = parser.script();
            let diagnostics = parser.diagnostics(&script);
            return judged(script, diagnostics);
        }
        let expanded = expand(self);
        if !expanded.diagnostics.is_empty() {
            return Err(expanded.diagnostics);
        }
        let mut parser = Parser::new(&expanded.text, self.definitions);
        parser.lexer.note_expansion(expanded.has_conditions, &expanded.used);
        let mut script = parser.script();
        let mut diagnostics = parser.diagnostics(&script);
        script.sources = Some(Arc::new(expanded.sources));
        script.resolve(&mut diagnostics);
        judged(script, diagnostics)
    }
}

/// The script, if nothing is wrong with it.
fn judged(script: Script, mut diagnostics: Diagnostics) -> Result<Parsed, Diagnostics> {
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        Err(diagnostics)
    } else {
        Ok(Parsed { script, warnings: diagnostics })
    }
}

/// A text that is nothing but arithmetic.
pub(super) fn parse_formula(text: &str) -> Option<Formula> {
    let definitions = Definitions::default();
    let mut parser = Parser::new(text, &definitions);
    parser.last_line = 1;
    let formula = parser.formula(0).ok()?;
    (parser.at(TokenKind::End) && parser.lexer.diagnostics.is_empty()).then_some(formula)
}

/// A rule failed and has said why.
struct Failed;

type Fallible<T> = Result<T, Failed>;

/// Errors after which parsing stops: what comes then is noise.
const MOST_ERRORS: usize = 50;

/// Expressions may nest this deep.
const MOST_DEPTH: u32 = 64;

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token that is looked at, not yet taken.
    token: Token<'a>,
    /// Place of the token taken last.
    last: Span,
    /// Line on which the token taken last starts.
    last_line: u32,
    depth: u32,
    /// Whether the script captures values or calculates with them.
    has_names: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, definitions: &'a Definitions) -> Self {
        let mut lexer = Lexer::new(text, definitions);
        let token = lexer.next();
        Parser { lexer, token, last: Span::default(), last_line: 0, depth: 0, has_names: false }
    }

    fn script(&mut self) -> Script {
        let mut script = Script { options: self.options(), ..Script::default() };
        script.init = self.untimed_command();
        // Lines with an event are longer than this on average.
        script.events.reserve((self.lexer.text().len() / 40).min(1 << 16));
        while !self.at(TokenKind::End) && self.lexer.diagnostics.len() < MOST_ERRORS {
            if let Some(command) = self.untimed_command() {
                script.cleanup = Some(command);
                if !self.at(TokenKind::End) {
                    self.misplaced_after_cleanup();
                }
                break;
            }
            let from = self.token.span.start;
            match self.event() {
                Ok(event) => script.events.push(event),
                Err(Failed) => self.resynchronise(from),
            }
        }
        if script.events.is_empty() && self.lexer.diagnostics.is_empty() {
            let end = Span { start: self.token.span.start, end: self.token.span.start };
            self.report(
                Diagnostic::error("parse::empty", end, "the script has no event", "expected an event")
                    .help("the least script is `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3`"),
            );
        }
        script.directives = std::mem::take(&mut self.lexer.directives);
        self.lexer.diagnostics.extend(directives::TABLE.repeated(&script.directives));
        let unused: Vec<_> = self.lexer.unused().collect();
        for (name, span) in unused {
            let message = format!("the definition `{name}` is not used");
            self.report(Diagnostic::warning("definition::unused", span, message, "defined here"));
        }
        script
    }

    /// All that is wrong or dubious, once the script is read.
    fn diagnostics(&mut self, script: &Script) -> Diagnostics {
        let mut diagnostics = std::mem::take(&mut self.lexer.diagnostics);
        // An event that could not be read may have captured what others use.
        if self.has_names && diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning) {
            diagnostics.extend(captures::check(script));
        }
        diagnostics
    }

    /// Goes to the next line that begins an event, a directive or a comment; the failed event began at octet `from`.
    fn resynchronise(&mut self, from: u32) {
        let text = self.lexer.text();
        if self.token.line > self.last_line && self.begins_event(self.token.span.start as usize) && self.last.end > from
        {
            return;
        }
        let mut at = self.token.span.end as usize;
        let bytes = text.as_bytes();
        let mut line = 1 + bytes[..at].iter().filter(|b| **b == b'\n').count() as u32;
        loop {
            let Some(length) = bytes[at..].iter().position(|b| *b == b'\n') else {
                at = bytes.len();
                break;
            };
            at += length + 1;
            line += 1;
            if self.begins_event(at) {
                break;
            }
        }
        self.lexer.seek(at as u32, line);
        self.last = Span { start: at as u32, end: at as u32 };
        self.last_line = line.saturating_sub(1);
        self.depth = 0;
        self.token = self.lexer.next();
    }

    /// Whether the rest of a line, from octet `at` on, looks like an event, or like what may stand between two.
    fn begins_event(&self, at: usize) -> bool {
        let rest = self.lexer.text()[at..].trim_start_matches([' ', '\t', '\r']);
        let after_number = rest.trim_start_matches(|c: char| c.is_ascii_digit()).bytes().next();
        match rest.bytes().next() {
            Some(b'+' | b'*' | b'/' | b'#' | b'`') => true,
            Some(b'.') => !rest.starts_with("..."),
            Some(b'0'..=b'9') => after_number != Some(b':'),
            _ => false,
        }
    }

    fn misplaced_after_cleanup(&mut self) {
        let help = if matches!(self.token.kind, TokenKind::Command) {
            "give the commands between events a time, such as +0"
        } else {
            "a command without a time is the clean-up command; give it a time to run it between events"
        };
        let label = "expected the end of the script after the clean-up command";
        let _reported: Fallible<()> = self.unexpected_token(label, Some(help.to_owned()));
    }
}

/// Looking at tokens and taking them.
impl<'a> Parser<'a> {
    #[inline]
    fn bump(&mut self) -> Token<'a> {
        let taken = self.token;
        self.last = taken.span;
        self.last_line = taken.line;
        self.token = self.lexer.next();
        taken
    }

    /// Takes the octets of the text from the looked-at token on that `take` accepts, whatever tokens they make.
    fn bump_raw(&mut self, take: impl Fn(u8) -> bool) -> Spanned<&'a str> {
        let start = self.token.span.start as usize;
        let rest = &self.lexer.text()[start..];
        let length = rest.bytes().take_while(|b| b.is_ascii() && *b != b'\n' && take(*b)).count();
        self.bump_to(start + length)
    }

    /// Takes the octets from the looked-at token up to `end`.
    fn bump_to(&mut self, end: usize) -> Spanned<&'a str> {
        let start = self.token.span.start;
        let span = Span { start, end: end as u32 };
        let newlines = self.source(span).bytes().filter(|b| *b == b'\n').count();
        self.lexer.seek(end as u32, self.token.line + newlines as u32);
        self.last = span;
        self.last_line = self.token.line;
        self.token = self.lexer.next();
        Spanned { node: &self.lexer.text()[start as usize..end], span }
    }

    fn at(&self, kind: TokenKind) -> bool {
        self.token.kind == kind
    }

    fn at_punct(&self, octet: u8) -> bool {
        self.token.kind == TokenKind::Punct(octet)
    }

    fn at_word(&self, word: &str) -> bool {
        self.token.kind == TokenKind::Word && self.token.text == word
    }

    /// The octet right after the looked-at token.
    fn octet_after(&self) -> u8 {
        self.lexer.text().as_bytes().get(self.token.span.end as usize).copied().unwrap_or(b'\n')
    }

    fn eat_punct(&mut self, octet: u8) -> bool {
        let at = self.at_punct(octet);
        if at {
            self.bump();
        }
        at
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let at = self.at_word(word);
        if at {
            self.bump();
        }
        at
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let at = self.at(kind);
        if at {
            self.bump();
        }
        at
    }

    fn expect_punct(&mut self, octet: u8, after: &str) -> Fallible<Span> {
        if self.at_punct(octet) {
            return Ok(self.bump().span);
        }
        self.unexpected(&format!("expected `{}` {after}", octet as char))
    }

    fn expect_word(&mut self, word: &'static str) -> Fallible<Span> {
        if self.at_word(word) {
            return Ok(self.bump().span);
        }
        let help = self.near([word]);
        self.unexpected_with(&format!("expected `{word}`"), help)
    }

    /// A word that is looked at, as a name of something.
    fn word(&mut self, what: &str) -> Fallible<Spanned<&'a str>> {
        if self.at(TokenKind::Word) {
            let token = self.bump();
            return Ok(Spanned { node: token.text, span: token.span });
        }
        self.unexpected(&format!("expected {what}"))
    }

    /// A string's text, escapes as written.
    fn string(&mut self, what: &str) -> Fallible<Spanned<&'a str>> {
        if self.at(TokenKind::String) {
            let token = self.bump();
            return Ok(Spanned { node: token.text, span: token.span });
        }
        self.unexpected(&format!("expected {what} in double quotes"))
    }

    /// A number, decimal or hexadecimal.
    fn integer(&mut self, what: &str) -> Fallible<Spanned<i64>> {
        match self.token.kind {
            TokenKind::Integer { value, .. } => {
                let span = self.bump().span;
                Ok(Spanned { node: value, span })
            }
            TokenKind::Huge => {
                let text = self.token.text.to_owned();
                self.fail(
                    "parse::range",
                    self.token.span,
                    format!("`{text}` is too large"),
                    format!("{what} has at most 64 bits"),
                )
            }
            _ => self.unexpected(&format!("expected {what}, a number")),
        }
    }

    /// A number between 0 and `most`.
    fn number(&mut self, what: &str, most: u64) -> Fallible<Spanned<u64>> {
        let hexadecimal = matches!(self.token.kind, TokenKind::Integer { hexadecimal: true, .. });
        let Spanned { node, span } = self.integer(what)?;
        // A hexadecimal number has no sign: its 64th bit is a bit like others.
        let value = if hexadecimal { Some(node as u64) } else { u64::try_from(node).ok() };
        match value {
            Some(value) if value <= most => Ok(Spanned { node: value, span }),
            _ => self.out_of_range(what, span, most),
        }
    }

    /// A number that was read already, if it lies between 0 and `most`.
    fn in_range(&mut self, what: &str, number: i64, span: Span, most: u64) -> Fallible<u64> {
        match u64::try_from(number) {
            Ok(value) if value <= most => Ok(value),
            _ => self.out_of_range(what, span, most),
        }
    }

    fn out_of_range<T>(&mut self, what: &str, span: Span, most: u64) -> Fallible<T> {
        let text = self.source(span).to_owned();
        let label = format!("the {what} lies between 0 and {most}");
        self.fail("parse::range", span, format!("`{text}` is out of range"), label)
    }

    fn u8(&mut self, what: &str) -> Fallible<Spanned<u8>> {
        let Spanned { node, span } = self.number(what, u8::MAX.into())?;
        Ok(Spanned { node: node as u8, span })
    }

    fn u16(&mut self, what: &str) -> Fallible<Spanned<u16>> {
        let Spanned { node, span } = self.number(what, u16::MAX.into())?;
        Ok(Spanned { node: node as u16, span })
    }

    fn u32(&mut self, what: &str) -> Fallible<Spanned<u32>> {
        let Spanned { node, span } = self.number(what, u32::MAX.into())?;
        Ok(Spanned { node: node as u32, span })
    }

    fn source(&self, span: Span) -> &'a str {
        &self.lexer.text()[span.start as usize..span.end as usize]
    }
}

/// Saying what is wrong.
impl Parser<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.lexer.diagnostics.push(diagnostic);
    }

    fn fail<T>(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Fallible<T> {
        self.report(Diagnostic::error(code, span, message, label));
        Err(Failed)
    }

    /// The looked-at token is not what the grammar wants.
    fn unexpected<T>(&mut self, label: &str) -> Fallible<T> {
        self.unexpected_with::<()>(label, None).and(Err(Failed))
    }

    fn unexpected_with<T>(&mut self, label: &str, help: Option<String>) -> Fallible<T> {
        // Where the event ends too early, its end is what is wrong, not the beginning of the next.
        let early = self.token.line > self.last_line && self.begins_event(self.token.span.start as usize);
        if early && self.token.kind != TokenKind::Bad {
            let span = Span { start: self.last.end, end: self.last.end };
            let message = "unexpected end of the event";
            self.report(Diagnostic::error("parse::unexpected-token", span, message, label).maybe_help(help));
            return Err(Failed);
        }
        self.unexpected_token(label, help)
    }

    /// The looked-at token is wrong where it stands, whatever came before it.
    fn unexpected_token<T>(&mut self, label: &str, help: Option<String>) -> Fallible<T> {
        // A bad token was reported when it was read.
        if self.token.kind != TokenKind::Bad {
            let message = format!("unexpected {}", self.found());
            // An end has no width; the place before it is easier to see.
            let span = match self.token.kind {
                TokenKind::End => Span { start: self.last.end, end: self.last.end },
                _ => self.token.span,
            };
            self.report(Diagnostic::error("parse::unexpected-token", span, message, label).maybe_help(help));
        }
        Err(Failed)
    }

    /// What the looked-at token is, for messages.
    fn found(&self) -> String {
        let source = self.source(self.token.span);
        let short: String = if source.chars().count() > 40 || source.contains('\n') {
            source.lines().next().unwrap_or("").chars().take(36).chain("...".chars()).collect()
        } else {
            source.to_owned()
        };
        match self.token.kind {
            TokenKind::End => "end of the script".to_owned(),
            TokenKind::String if short.starts_with('"') => format!("string `{short}`"),
            TokenKind::Command if short.starts_with('`') => format!("command {short}"),
            TokenKind::Code => "code block".to_owned(),
            _ if self.token.text != source
                && matches!(self.token.kind, TokenKind::Word | TokenKind::Integer { .. }) =>
            {
                format!("`{short}`, which is defined as `{}`", self.token.text)
            }
            _ => format!("`{short}`"),
        }
    }

    /// A suggestion for the looked-at word.
    fn near<'k>(&self, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
        match self.token.kind {
            TokenKind::Word => did_you_mean(self.token.text, known),
            _ => None,
        }
    }
}

/// An owned, placed copy of a borrowed one.
fn owned(text: Spanned<&str>) -> Spanned<String> {
    Spanned { node: text.node.to_owned(), span: text.span }
}

/// Octets of a hexadecimal text, with or without `0x`; none if it is no such text.
fn octets(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digit = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
    Some(digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect())
}

/// An option line with nothing after its name.
fn bare_option(name: Spanned<&str>) -> ScriptOption {
    ScriptOption { name: owned(name), value: None }
}
