//! The rest of a line after `#include` or `#for`, or the value of `//@ case:`, word by word.

use super::{IsReserved, Span};

/// Walks over octets `at..end` of a text, which are on one line.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    is_reserved: IsReserved,
}

/// A stretch of the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Span,
}

/// `NAME=VALUE`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Argument<'a> {
    pub(crate) name: Part<'a>,
    pub(crate) value: Part<'a>,
}

/// What is wrong, and where.
pub(crate) type Wrong = (Span, String);

impl<'a> Cursor<'a> {
    /// From octet `at` to the end of its line.
    pub(crate) fn line(text: &'a str, at: usize, is_reserved: IsReserved) -> Self {
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        Cursor { text, at, end, is_reserved }
    }

    /// Octet at which the line ends.
    pub(crate) fn line_end(&self) -> usize {
        self.end
    }

    /// Whether nothing but blanks and a comment is left.
    pub(crate) fn is_done(&mut self) -> bool {
        self.skip_blanks();
        let rest = self.rest();
        rest.is_empty() || rest.starts_with("//") || rest.starts_with("/*")
    }

    /// A string in double quotes, without them.
    pub(crate) fn string(&mut self) -> Option<Part<'a>> {
        self.skip_blanks();
        let inner = self.rest().strip_prefix('"')?;
        let length = inner.find('"')?;
        let span = self.span(self.at, self.at + length + 2);
        self.at += length + 2;
        Some(Part { text: &inner[..length], span })
    }

    /// What stands up to the next blank; blanks in quotes and braces belong to it.
    pub(crate) fn word(&mut self) -> Result<Part<'a>, Wrong> {
        self.skip_blanks();
        let start = self.at;
        let (mut quote, mut depth) = (None, 0_u32);
        for (length, octet) in self.rest().bytes().enumerate() {
            match (quote, octet) {
                (Some(open), _) if octet == open => quote = None,
                (Some(_), _) => {}
                (None, b'"' | b'\'' | b'`') => quote = Some(octet),
                (None, b'{') => depth += 1,
                (None, b'}') => depth = depth.saturating_sub(1),
                (None, _) if octet.is_ascii_whitespace() && depth == 0 => {
                    return Ok(self.take(start, start + length));
                }
                _ => {}
            }
        }
        let part = self.take(start, self.end);
        let text = part.text.trim_end();
        let span = Span { start: part.span.start, end: part.span.start + text.len() as u32 };
        match quote {
            Some(open) => Err((span, format!("the quote `{}` has no end", open as char))),
            None if depth > 0 => Err((span, "the brace `{` has no end".to_owned())),
            None => Ok(Part { text, span }),
        }
    }

    /// `NAME=VALUE`.
    pub(crate) fn argument(&mut self) -> Result<Argument<'a>, Wrong> {
        let word = self.word()?;
        let Some((name, value)) = word.text.split_once('=') else {
            return Err((word.span, format!("`{}` defines nothing: expected NAME=VALUE", word.text)));
        };
        let start = word.span.start as usize;
        let name = Part { text: name, span: self.span(start, start + name.len()) };
        let value = Part { text: value, span: self.span(start + name.text.len() + 1, word.span.end as usize) };
        check_name(name.text, self.is_reserved)
            .map_err(|message| (if name.text.is_empty() { word.span } else { name.span }, message))?;
        if value.text.is_empty() {
            return Err((word.span, format!("`{}` has no value", name.text)));
        }
        Ok(Argument { name, value })
    }

    /// All that is left, without a comment.
    pub(crate) fn remainder(&mut self) -> Part<'a> {
        self.skip_blanks();
        let rest = self.rest();
        let mut quote = None;
        let comment = rest.bytes().enumerate().position(|(at, octet)| match quote {
            Some(open) => {
                quote = quote.filter(|_| octet != open);
                false
            }
            None if matches!(octet, b'"' | b'\'' | b'`') => {
                quote = Some(octet);
                false
            }
            None => rest.as_bytes()[at..].starts_with(b"//"),
        });
        let text = rest[..comment.unwrap_or(rest.len())].trim_end();
        self.take(self.at, self.at + text.len())
    }

    /// A place with nothing in it, where more was expected.
    pub(crate) fn here(&self) -> Span {
        self.span(self.at, self.at)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..self.end]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn take(&mut self, start: usize, end: usize) -> Part<'a> {
        self.at = end;
        Part { text: &self.text[start..end], span: self.span(start, end) }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }
}

/// Whether a word can be the name of a case, parameter or loop; the error says why not.
pub(crate) fn check_name(name: &str, is_reserved: IsReserved) -> Result<(), String> {
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
    if !is_name {
        return Err(format!("`{name}` is not a name; use letters, digits and underscores, a letter first"));
    }
    if is_reserved(name) {
        return Err(format!("`{name}` is a word of the language and stands for itself"));
    }
    Ok(())
}
