//! The words of a line that is not spoken text.

use super::text::{Text, Wrong, begins_value, value_length};
use crate::text::Span;

/// One word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    pub(super) kind: WordKind,
    /// As it stands, quotes included.
    pub(super) source: &'a str,
    pub(super) span: Span,
}

/// What kind of word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordKind {
    Plain,
    /// `"..."`
    String,
    /// `/.../`
    Regex,
}

/// Cuts a stretch of a line, which begins at octet `start` of the dialogue, into words.
pub(super) fn words(source: &str, start: u32) -> Result<Vec<Word<'_>>, Wrong> {
    let mut all = Vec::new();
    let mut at = 0;
    loop {
        at += source[at..].len() - source[at..].trim_start().len();
        let Some(first) = source.as_bytes().get(at) else { return Ok(all) };
        let (kind, length) = match first {
            b'"' | b'/' => {
                let kind = if *first == b'"' { WordKind::String } else { WordKind::Regex };
                let Some(length) = quoted_length(&source[at..], *first) else {
                    let span = Span { start: start + at as u32, end: start + source.trim_end().len() as u32 };
                    let help = format!("write `\\{0}` for a `{0}` inside", *first as char);
                    let what = if kind == WordKind::String { "string" } else { "regular expression" };
                    return Err((span, format!("the {what} has no end"), Some(help)));
                };
                (kind, length)
            }
            _ => (WordKind::Plain, plain_length(&source[at..])),
        };
        let span = Span { start: start + at as u32, end: start + (at + length) as u32 };
        all.push(Word { kind, source: &source[at..at + length], span });
        at += length;
    }
}

/// Octets up to the quote that ends what begins with one.
fn quoted_length(source: &str, quote: u8) -> Option<usize> {
    let mut escaped = false;
    for (at, octet) in source.bytes().enumerate().skip(1) {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            octet if octet == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Octets up to a blank that is not within a value.
fn plain_length(source: &str) -> usize {
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        if c.is_whitespace() {
            break;
        }
        let begins_value = c == '{' && begins_value(&source[at..]);
        let value = if begins_value { value_length(&source[at..]) } else { None };
        at += value.unwrap_or(c.len_utf8());
    }
    at
}

impl<'a> Word<'a> {
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == WordKind::Plain && self.source == word
    }

    /// What stands between its quotes.
    pub(super) fn inner(&self) -> &'a str {
        match self.kind {
            WordKind::Plain => self.source,
            WordKind::String | WordKind::Regex => &self.source[1..self.source.len() - 1],
        }
    }

    /// The text of a plain word or a string.
    pub(super) fn text(&self) -> Result<Text, Wrong> {
        let quote = u32::from(self.kind != WordKind::Plain);
        Text::parse(self.inner(), self.span.start + quote)
    }
}
