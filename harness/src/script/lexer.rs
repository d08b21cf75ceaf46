//! Raw tokens to the tokens the parser sees: definitions replaced, conditions decided, directives set aside,
//! comments dropped.

use std::collections::BTreeSet;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::directives;
use super::expansion::{HASH_HELP, HASH_WORDS};
use super::layout;
use super::scanner::{Raw, RawKind, Scanner};
use super::suggest::did_you_mean;
use super::tree::Directive;
use super::{Definition, Definitions, Span};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    End,
    Word,
    Integer {
        value: i64,
        hexadecimal: bool,
    },
    /// A number that no 64-bit integer holds; its digits may still be octets.
    Huge,
    Float,
    Ipv4,
    Ipv6,
    String,
    Command,
    Code,
    Option,
    Ellipsis,
    Punct(u8),
    /// Already reported.
    Bad,
}

/// A token. Its text is the definition's where a definition replaced it, and holds no quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    /// Its place in the script, quotes included.
    pub(super) span: Span,
    /// Line of its first octet, from 1.
    pub(super) line: u32,
}

/// A `--define` line of the script itself.
struct OwnDefinition<'a> {
    name: &'a str,
    value: &'a str,
    span: Span,
    used: bool,
}

pub(super) struct Lexer<'a> {
    scanner: Scanner<'a>,
    given: &'a Definitions,
    own: Vec<OwnDefinition<'a>>,
    /// One bit for each hash of a defined name, so that most words are not looked up.
    filter: u64,
    /// The `#ifdef` that has not ended.
    condition: Option<Span>,
    /// Whether the script has conditions, so that a definition may be used in a part that was left out.
    conditions: bool,
    /// Definitions of the script that its expansion used.
    used_before: BTreeSet<String>,
    pub(super) directives: Vec<Directive>,
    pub(super) diagnostics: Diagnostics,
}

/// Words that packetdrill's lexer knows before it looks at definitions.
const RESERVED: [&str; 80] = [
    "ECN",
    "FO",
    "FOEXP",
    "Flags",
    "GREv0",
    "TS",
    "ack",
    "ce",
    "ceb",
    "checksum",
    "cmsg_data",
    "cmsg_level",
    "cmsg_type",
    "e0b",
    "e1b",
    "ecr",
    "ect0",
    "ect01",
    "ect1",
    "ee_code",
    "ee_data",
    "ee_errno",
    "ee_info",
    "ee_origin",
    "ee_type",
    "encap",
    "eol",
    "events",
    "fd",
    "flags",
    "flowlabel",
    "gre",
    "htons",
    "icmp",
    "id",
    "inet6_addr",
    "inet_addr",
    "ipv4",
    "ipv6",
    "key",
    "label",
    "linger",
    "md5",
    "mpls",
    "msg_control",
    "msg_flags",
    "msg_iov",
    "msg_name",
    "mss",
    "mtu",
    "noecn",
    "none",
    "nop",
    "off",
    "onoff",
    "present",
    "psp",
    "ptr",
    "raw",
    "revents",
    "sa_family",
    "sack",
    "sackOK",
    "scm_nsec",
    "scm_sec",
    "seq",
    "sin_addr",
    "sin_port",
    "spi",
    "sum",
    "tc",
    "tos",
    "ttl",
    "u32",
    "u64",
    "udp",
    "urg",
    "val",
    "win",
    "wscale",
];

/// Whether the grammar knows a word, so that no definition replaces it.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, given: &'a Definitions) -> Self {
        let filter = given.iter().fold(0, |filter, (name, _)| filter | bit(name));
        Lexer {
            scanner: Scanner::new(text),
            given,
            own: Vec::new(),
            filter,
            condition: None,
            conditions: false,
            used_before: BTreeSet::new(),
            directives: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    pub(super) fn text(&self) -> &'a str {
        self.scanner.text()
    }

    /// Goes back or on to a place outside of comments and conditions that were not yet seen.
    pub(super) fn seek(&mut self, position: u32, line: u32) {
        self.scanner.seek(position, line);
    }

    /// Adds `NAME=VALUE` of the script. A given definition of the same name wins, as packetdrill's command line does.
    pub(super) fn define(&mut self, name: &'a str, value: &'a str, span: Span) {
        if self.given.get(name).is_none() {
            self.filter |= bit(name);
            self.own.push(OwnDefinition { name, value, span, used: false });
        }
    }

    /// What a given definition makes of a word where quotes do not matter.
    pub(super) fn given_word(&self, word: &str) -> Option<&'a str> {
        match self.given.get(word)? {
            Definition::Word(text) | Definition::String(text) => Some(text),
            Definition::Command(_) => None,
        }
    }

    /// Definitions of the script that nothing used, if that can be said.
    pub(super) fn unused(&self) -> impl Iterator<Item = (&'a str, Span)> {
        let own = if self.conditions { &[] } else { self.own.as_slice() };
        own.iter().filter(|d| !d.used && !self.used_before.contains(d.name)).map(|d| (d.name, d.span))
    }

    /// What was found when the text was made of several.
    pub(super) fn note_expansion(&mut self, has_conditions: bool, used: &BTreeSet<String>) {
        self.conditions |= has_conditions;
        self.used_before = used.clone();
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Token<'a> {
        loop {
            let raw = self.scanner.next();
            match raw.kind {
                // The most frequent first.
                RawKind::Punct(octet) => return self.token(raw, TokenKind::Punct(octet), ""),
                RawKind::Integer => {
                    let text = self.source(raw);
                    return self.token(raw, integer(text), text);
                }
                RawKind::Word => {
                    let word = self.source(raw);
                    if self.filter & bit(word) != 0
                        && let Some(token) = self.defined_word(raw, word)
                    {
                        return token;
                    }
                    return self.token(raw, TokenKind::Word, word);
                }
                RawKind::LineComment => self.comment(raw),
                RawKind::BlockComment => {}
                RawKind::Hash => {
                    if let Some(token) = self.hash(raw) {
                        return token;
                    }
                }
                RawKind::End => {
                    if let Some(span) = self.condition.take() {
                        self.report("parse::condition", span, "`#ifdef` has no `#endif`", "this part never ends");
                    }
                    return self.token(raw, TokenKind::End, "");
                }
                _ => return self.convert(raw),
            }
        }
    }

    /// The token of a raw one that is less frequent.
    fn convert(&mut self, raw: Raw) -> Token<'a> {
        let all = self.source(raw);
        let (kind, text) = match raw.kind {
            RawKind::Hexadecimal => (hexadecimal(all), all),
            RawKind::Float => (TokenKind::Float, all),
            RawKind::Ipv4 => (TokenKind::Ipv4, all),
            RawKind::Ipv6 => (TokenKind::Ipv6, all),
            RawKind::String => (TokenKind::String, &all[1..all.len() - 1]),
            RawKind::Command => (TokenKind::Command, &all[1..all.len() - 1]),
            RawKind::Code => (TokenKind::Code, all[2..all.len() - 2].trim_matches([' ', '\t'])),
            RawKind::Option => (TokenKind::Option, &all[2..]),
            RawKind::Ellipsis => (TokenKind::Ellipsis, all),
            RawKind::Unterminated(open) => {
                self.diagnostics.push(layout::unterminated(raw, open));
                (TokenKind::Bad, "")
            }
            _ => (TokenKind::Bad, ""),
        };
        self.token(raw, kind, text)
    }

    /// What a definition makes of a word, if there is one.
    fn defined_word(&mut self, raw: Raw, word: &'a str) -> Option<Token<'a>> {
        if is_reserved(word) {
            return None;
        }
        if let Some(definition) = self.given.get(word) {
            let (kind, text) = match definition {
                Definition::Word(text) => (defined(text), text),
                Definition::String(text) => (TokenKind::String, text),
                Definition::Command(text) => (TokenKind::Command, text),
            };
            return Some(self.token(raw, kind, text));
        }
        let own = self.own.iter_mut().rev().find(|own| own.name == word)?;
        own.used = true;
        let value = own.value;
        let quoted = |quote| value.strip_prefix(quote).and_then(|v: &str| v.strip_suffix(quote));
        let (kind, text) = match (quoted('"'), quoted('`')) {
            (Some(text), _) => (TokenKind::String, text),
            (_, Some(text)) => (TokenKind::Command, text),
            _ => (defined(value), value),
        };
        Some(self.token(raw, kind, text))
    }

    /// `//@`, if it is one.
    fn comment(&mut self, raw: Raw) {
        let all = self.source(raw);
        let Some(directive) = all.strip_prefix("//@") else { return };
        let span = Span { start: raw.start, end: raw.start + all.trim_end().len() as u32 };
        let before = self.text()[..raw.start as usize].rsplit('\n').next().unwrap_or("");
        if !before.trim_start_matches('\u{feff}').trim().is_empty() {
            self.report("directive::place", span, "a directive stands on a line of its own", "this follows an event");
            return;
        }
        match directives::TABLE.parse(directive, raw.start + 3) {
            Ok(directive) => self.directives.push(directive),
            Err(diagnostic) => self.diagnostics.push(diagnostic),
        }
    }

    /// `#ifdef NAME` or `#endif`. The token is given where it is neither.
    fn hash(&mut self, raw: Raw) -> Option<Token<'a>> {
        let span = raw.span();
        match self.source(raw) {
            "#ifdef" => {
                self.conditions = true;
                if self.condition.is_some() {
                    self.report("parse::condition", span, "`#ifdef` inside `#ifdef`", "conditions do not nest");
                    return Some(self.token(raw, TokenKind::Bad, ""));
                }
                let before = self.scanner.clone();
                let name = self.scanner.next();
                if name.kind != RawKind::Word {
                    self.scanner = before;
                    self.report("parse::condition", span, "`#ifdef` needs a name", "no name follows");
                    return Some(self.token(raw, TokenKind::Bad, ""));
                }
                let name = self.source(name);
                self.condition = Some(span);
                if let Some(own) = self.own.iter_mut().find(|own| own.name == name) {
                    own.used = true;
                } else if self.given.get(name).is_none() {
                    self.skip_condition();
                }
                None
            }
            "#endif" => {
                if self.condition.take().is_none() {
                    self.report("parse::condition", span, "`#endif` without `#ifdef`", "nothing ends here");
                    return Some(self.token(raw, TokenKind::Bad, ""));
                }
                None
            }
            "#end" => {
                self.report("parse::expansion", span, "`#end` without `#for`", "nothing ends here");
                Some(self.token(raw, TokenKind::Bad, ""))
            }
            other => {
                let message = format!("unknown word `{other}`");
                let help = did_you_mean(other, HASH_WORDS).unwrap_or_else(|| HASH_HELP.to_owned());
                self.diagnostics.push(
                    Diagnostic::error("parse::condition", span, message, "there is nothing of this name").help(help),
                );
                Some(self.token(raw, TokenKind::Bad, ""))
            }
        }
    }

    /// Goes to the `#endif`, which is found also where a comment or string hides it, as in the FreeBSD dialect.
    fn skip_condition(&mut self) {
        let rest = self.scanner.rest();
        let length = rest.find("#endif").unwrap_or(rest.len());
        let end = self.text().len() - rest.len() + length;
        let lines = rest.as_bytes()[..length].iter().filter(|b| **b == b'\n').count() as u32;
        let line = self.scanner.line();
        self.scanner.seek(end as u32, line + lines);
    }

    fn source(&self, raw: Raw) -> &'a str {
        &self.text()[raw.start as usize..raw.end as usize]
    }

    #[inline]
    fn token(&self, raw: Raw, kind: TokenKind, text: &'a str) -> Token<'a> {
        Token { kind, text, span: raw.span(), line: raw.line }
    }

    fn report(&mut self, code: &'static str, span: Span, message: &str, label: &str) {
        self.diagnostics.push(Diagnostic::error(code, span, message, label));
    }
}

/// A word's bit in the filter.
fn bit(word: &str) -> u64 {
    let bytes = word.as_bytes();
    let last = bytes.last().copied().unwrap_or(0);
    let first = bytes.first().copied().unwrap_or(0);
    1 << ((usize::from(first) * 7 + usize::from(last) * 3 + bytes.len()) % 64)
}

/// What kind of token a definition's text is: packetdrill reads numbers as strtol with base 0 does.
fn defined(text: &str) -> TokenKind {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.as_bytes()[0].is_ascii_digit() && digits.as_bytes()[0] != b'.' {
        return TokenKind::Word;
    }
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return if !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()) && digits.len() == text.len() {
            hexadecimal(text)
        } else {
            TokenKind::Word
        };
    }
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        let octal = digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b < b'8');
        return match (octal, i64::from_str_radix(text, 8)) {
            (true, Ok(value)) => TokenKind::Integer { value, hexadecimal: false },
            _ => integer(text),
        };
    }
    let fraction = digits.split_once('.').map(|(_, fraction)| fraction);
    let float =
        fraction.is_some_and(|f| !f.is_empty()) && digits.bytes().filter(|b| *b != b'.').all(|b| b.is_ascii_digit());
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        TokenKind::Ipv4
    } else if text.contains("::") && text.parse::<std::net::Ipv6Addr>().is_ok() {
        TokenKind::Ipv6
    } else if float && digits.matches('.').count() == 1 {
        TokenKind::Float
    } else {
        TokenKind::Word
    }
}

fn integer(text: &str) -> TokenKind {
    // Most numbers are short; their digits need no check for overflow.
    if text.len() <= 18 && !text.starts_with('-') {
        let value = text.bytes().fold(0, |value: i64, digit| value * 10 + i64::from(digit.wrapping_sub(b'0')));
        return TokenKind::Integer { value, hexadecimal: false };
    }
    text.parse().map_or(TokenKind::Huge, |value| TokenKind::Integer { value, hexadecimal: false })
}

/// A hexadecimal number; up to 64 bits, so that masks with the highest bit can be written.
fn hexadecimal(text: &str) -> TokenKind {
    u64::from_str_radix(&text[2..], 16)
        .map_or(TokenKind::Huge, |value| TokenKind::Integer { value: value as i64, hexadecimal: true })
}
