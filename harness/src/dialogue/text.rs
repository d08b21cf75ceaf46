//! Text with escapes, and with values that are known only when it is sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::text::Span;

/// A repetition makes no more octets than this.
pub const MOST_REPEATED: u64 = 1 << 28;

/// Octets to be, piece by piece. Neighbouring octets are one piece, and no piece is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub(super) Vec<Piece>);

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These octets.
    Octets(Vec<u8>),
    /// `{name}`: what was captured.
    Captured(String),
    /// `{repeat 4096 "A"}`.
    Repeated(u64, Text),
    /// `{base64 "..."}` (RFC 4648 section 4).
    Base64(Text),
}

/// What is wrong with a text, and where.
pub(super) type Wrong = (Span, String, Option<String>);

/// What captures have found so far, by name.
pub type Captures = BTreeMap<String, Vec<u8>>;

impl Text {
    /// These octets.
    pub fn from_octets(octets: impl Into<Vec<u8>>) -> Self {
        let octets = octets.into();
        Text(if octets.is_empty() { Vec::new() } else { vec![Piece::Octets(octets)] })
    }

    /// Its pieces.
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Its octets, where all of them are in the dialogue itself.
    pub fn plain(&self) -> Option<&[u8]> {
        match &self.0[..] {
            [] => Some(&[]),
            [Piece::Octets(octets)] => Some(octets),
            _ => None,
        }
    }

    /// Its octets.
    ///
    /// # Errors
    /// The name of a capture that has no value.
    pub fn octets(&self, captures: &Captures) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Octets(octets) => out.extend_from_slice(octets),
                Piece::Captured(name) => out.extend_from_slice(captures.get(name).ok_or_else(|| name.clone())?),
                Piece::Repeated(times, text) => {
                    let octets = text.octets(captures)?;
                    let times = (*times).min(MOST_REPEATED / (octets.len() as u64).max(1));
                    out.extend(octets.repeat(times as usize));
                }
                Piece::Base64(text) => out.extend(base64(&text.octets(captures)?)),
            }
        }
        Ok(out)
    }

    /// As a line of what is said writes it.
    pub fn as_line(&self) -> String {
        let mut out = String::new();
        self.print(&mut out, false);
        out
    }

    /// As a string in double quotes.
    pub fn as_string(&self) -> String {
        let mut out = "\"".to_owned();
        self.print(&mut out, true);
        out + "\""
    }

    /// The names of all captures that it takes.
    pub(super) fn captured(&self, found: &mut impl FnMut(&str)) {
        for piece in &self.0 {
            match piece {
                Piece::Octets(_) => {}
                Piece::Captured(name) => found(name),
                Piece::Repeated(_, text) | Piece::Base64(text) => text.captured(found),
            }
        }
    }

    /// Reads a text that begins at octet `start` of the dialogue.
    pub(super) fn parse(source: &str, start: u32) -> Result<Text, Wrong> {
        let mut text = Builder::default();
        let mut at = 0;
        while let Some(c) = source[at..].chars().next() {
            let span = |to: usize| Span { start: start + at as u32, end: start + to.min(source.len()) as u32 };
            match c {
                '\\' => {
                    let (octet, length) = escape(&source[at..]).ok_or_else(|| {
                        let end = at + 1 + source[at + 1..].chars().next().map_or(0, char::len_utf8);
                        let help = "the escapes are `\\\\`, `\\\"`, `\\{`, `\\r`, `\\n`, `\\t`, `\\0` and `\\xHH`";
                        (span(end), format!("there is no escape `{}`", &source[at..end]), Some(help.to_owned()))
                    })?;
                    text.octets(&[octet]);
                    at += length;
                }
                '{' if begins_value(&source[at..]) => {
                    let Some(length) = value_length(&source[at..]) else {
                        let help = "write `\\{` for a brace that stands for itself";
                        return Err((span(at + 1), "the brace has no end".to_owned(), Some(help.to_owned())));
                    };
                    text.0.push(value(&source[at + 1..at + length - 1], start + at as u32 + 1)?);
                    at += length;
                }
                c => {
                    text.octets(c.encode_utf8(&mut [0; 4]).as_bytes());
                    at += c.len_utf8();
                }
            }
        }
        Ok(Text(text.0))
    }

    /// As it is written. In a string, quotes are escaped; in a line a blank at its end is.
    pub(super) fn print(&self, out: &mut String, is_string: bool) {
        for (at, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Octets(octets) => {
                    let is_last = at + 1 == self.0.len();
                    print_octets(octets, out, is_string, is_last);
                }
                Piece::Captured(name) => _ = write!(out, "{{{name}}}"),
                Piece::Repeated(times, text) => {
                    _ = write!(out, "{{repeat {times} \"");
                    text.print(out, true);
                    out.push_str("\"}");
                }
                Piece::Base64(text) => {
                    out.push_str("{base64 \"");
                    text.print(out, true);
                    out.push_str("\"}");
                }
            }
        }
    }
}

#[derive(Default)]
struct Builder(Vec<Piece>);

impl Builder {
    fn octets(&mut self, octets: &[u8]) {
        match self.0.last_mut() {
            Some(Piece::Octets(last)) => last.extend_from_slice(octets),
            _ => self.0.push(Piece::Octets(octets.to_vec())),
        }
    }
}

/// The octet that an escape at the start of a text stands for, and the escape's length.
fn escape(source: &str) -> Option<(u8, usize)> {
    let octet = match source.as_bytes().get(1)? {
        b'\\' => b'\\',
        b'"' => b'"',
        b'{' => b'{',
        b'r' => b'\r',
        b'n' => b'\n',
        b't' => b'\t',
        b'0' => 0,
        b'x' => {
            let digits = source.get(2..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
            return Some((u8::from_str_radix(digits, 16).ok()?, 4));
        }
        _ => return None,
    };
    Some((octet, 2))
}

/// Whether a brace opens a value: a letter follows. Others, such as those of IMAP's literals and of JSON, are text.
pub(super) fn begins_value(source: &str) -> bool {
    source.as_bytes().get(1).is_some_and(|octet| octet.is_ascii_alphabetic() || *octet == b'_')
}

/// A value is written in no more octets than this.
const LONGEST_VALUE: usize = 1024;

/// Octets up to the brace that closes the one at the start; braces in strings do not count.
pub(super) fn value_length(source: &str) -> Option<usize> {
    let (mut in_string, mut escaped, mut depth) = (false, false, 0_u32);
    for (at, octet) in source.bytes().enumerate().take(LONGEST_VALUE) {
        match octet {
            b'\n' => return None,
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// What stands between braces.
fn value(source: &str, start: u32) -> Result<Piece, Wrong> {
    let span = Span { start, end: start + source.len() as u32 };
    let word = source.split([' ', '"']).next().unwrap_or_default();
    let string = |from: usize| -> Result<Text, Wrong> {
        let rest = source[from..].trim_start();
        let at = source.len() - rest.len();
        let inner = rest.strip_prefix('"').and_then(|rest| rest.trim_end().strip_suffix('"'));
        let inner = inner.ok_or_else(|| (span, format!("`{word}` needs a string in double quotes"), None))?;
        Text::parse(inner, start + at as u32 + 1)
    };
    match word {
        "repeat" => {
            let rest = source["repeat".len()..].trim_start();
            let from = source.len() - rest.len();
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let times: u64 = rest[..digits].parse().map_err(|_| {
                let help = "write `{repeat 4096 \"A\"}`";
                (span, "`repeat` needs a number".to_owned(), Some(help.to_owned()))
            })?;
            let text = string(from + digits)?;
            let length = text.plain().map_or(1, |octets| octets.len() as u64);
            if times.saturating_mul(length) > MOST_REPEATED {
                return Err((span, format!("this is longer than {MOST_REPEATED} octets"), None));
            }
            Ok(Piece::Repeated(times, text))
        }
        "base64" => Ok(Piece::Base64(string("base64".len())?)),
        name if name == source && is_name(name) => Ok(Piece::Captured(name.to_owned())),
        _ => {
            let help =
                "there are `{NAME}`, `{repeat 4096 \"A\"}` and `{base64 \"text\"}`; `\\{` is a brace of the text";
            Err((span, format!("`{{{source}}}` is no value"), Some(help.to_owned())))
        }
    }
}

/// Whether a word can be the name of a capture.
pub(super) fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

fn print_octets(octets: &[u8], out: &mut String, is_string: bool, is_last: bool) {
    let mut rest = octets;
    while !rest.is_empty() {
        let valid = match std::str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
        };
        let mut characters = valid.chars().peekable();
        while let Some(c) = characters.next() {
            let is_end = is_last && characters.peek().is_none() && valid.len() == rest.len();
            match c {
                '\\' => out.push_str("\\\\"),
                '"' if is_string => out.push_str("\\\""),
                '{' => out.push_str("\\{"),
                '\r' => out.push_str("\\r"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\0' => out.push_str("\\0"),
                ' ' if is_end && !is_string => out.push_str("\\x20"),
                c if c.is_control() || !c.is_ascii() => {
                    c.encode_utf8(&mut [0; 4]).bytes().for_each(|octet| _ = write!(out, "\\x{octet:02x}"));
                }
                c => out.push(c),
            }
        }
        rest = &rest[valid.len()..];
        if let Some((octet, after)) = rest.split_first() {
            _ = write!(out, "\\x{octet:02x}");
            rest = after;
        }
    }
}

fn base64(octets: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(octets.len().div_ceil(3) * 4);
    for chunk in octets.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at <= chunk.len() { digit } else { b'=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(source: &str) -> Vec<u8> {
        let captures = Captures::from([("id".to_owned(), b"7".to_vec())]);
        Text::parse(source, 0).unwrap().octets(&captures).unwrap()
    }

    #[test]
    fn escapes_and_values() {
        assert_eq!(octets(r#"a\r\n\t\0\\\"\{\xff"#), b"a\r\n\t\0\\\"{\xff");
        assert_eq!(octets("é"), "é".as_bytes());
        assert_eq!(octets(r#"{id}-{repeat 3 "a\x00"}-{repeat 2 "{id}}"}"#), b"7-a\0a\0a\0-7}7}");
        assert_eq!(octets(r#"AUTH PLAIN {base64 "\0user\0pw"}"#), b"AUTH PLAIN AHVzZXIAcHc=");
        // Literals of IMAP, JSON and quantifiers are text.
        assert_eq!(octets(r#"A LOGIN {5} {"a":1} {2,3}"#), br#"A LOGIN {5} {"a":1} {2,3}"#);
        assert_eq!(Text::parse("{nobody}", 0).unwrap().octets(&Captures::new()), Err("nobody".to_owned()));
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        for (source, span, said) in [
            ("ab\\q", (2, 4), "there is no escape `\\q`"),
            ("\\xg0", (0, 2), "there is no escape `\\x`"),
            ("a\\", (1, 2), "there is no escape `\\`"),
            ("{abc", (0, 1), "the brace has no end"),
            ("{a b}", (1, 4), "`{a b}` is no value"),
            ("{repeat x \"a\"}", (1, 13), "`repeat` needs a number"),
            ("{repeat 9999999999 \"a\"}", (1, 22), "this is longer than 268435456 octets"),
            ("{base64 x}", (1, 9), "`base64` needs a string in double quotes"),
        ] {
            let (found, message, _) = Text::parse(source, 0).unwrap_err();
            assert_eq!(((found.start, found.end), message.as_str()), (span, said), "{source}");
        }
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(plain.as_bytes()), coded.as_bytes());
        }
    }
}
