//! Text to raw tokens: no definitions, no conditions, comments kept. The formatter works on these.

use crate::text::Span;

/// What a raw token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RawKind {
    /// End of the text.
    End,
    /// Letters, digits and underscores that are not a number.
    Word,
    /// A decimal number, maybe negative.
    Integer,
    /// `0x` and digits.
    Hexadecimal,
    /// Digits with one dot: a time, or TCP flags such as `.5`.
    Float,
    /// Dotted quad.
    Ipv4,
    /// IPv6 address.
    Ipv6,
    /// In double quotes.
    String,
    /// In back quotes.
    Command,
    /// `%{ }%`.
    Code,
    /// `--name`.
    Option,
    /// `...`.
    Ellipsis,
    /// `#word`.
    Hash,
    /// `//` to the end of the line.
    LineComment,
    /// `/* */`.
    BlockComment,
    /// Any other character: its octet, or the first of several.
    Punct(u8),
    /// A string, command, code block or comment without its end; the octet says which opened it.
    Unterminated(u8),
}

/// A raw token: octets `start..end` of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) kind: RawKind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Line of its first octet, from 1.
    pub(super) line: u32,
}

impl Raw {
    /// Its octets.
    pub(super) fn span(self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

/// Octets of the note at the start of a text, parentheses included. On one line anything may stand in it; on several
/// only words, so that a note without its end does not take the events that follow.
pub(super) fn note_length(text: &str) -> Option<usize> {
    let line = text.lines().next().unwrap_or("");
    if let Some(end) = line.find(')') {
        return Some(end + 1);
    }
    let end = text.find(')')?;
    let words = text.get(1..end)?;
    let is_wordy = |c: char| c.is_ascii_alphanumeric() || c == '_' || c.is_ascii_whitespace();
    words.chars().all(is_wordy).then_some(end + 1)
}

/// Walks over a text shorter than 4 GiB.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
    line: u32,
}

/// What an octet can be part of, as bits.
const WORD: u8 = 1;
const DIGIT: u8 = 2;
const HEXADECIMAL: u8 = 4;
/// Of an IPv6 address: a hexadecimal digit, a colon or a dot.
const ADDRESS: u8 = 8;
/// A character that is a token of its own whatever follows.
const PLAIN: u8 = 16;
/// White space that is not a newline.
const SPACE: u8 = 32;

/// The bits of every octet; reading them from a table is what makes scanning fast.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let byte = octet as u8;
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            classes[octet] |= WORD;
        }
        if byte.is_ascii_digit() {
            classes[octet] |= DIGIT;
        }
        if byte.is_ascii_hexdigit() {
            classes[octet] |= HEXADECIMAL;
        }
        if byte.is_ascii_hexdigit() || byte == b':' || byte == b'.' {
            classes[octet] |= ADDRESS;
        }
        if byte.is_ascii_graphic()
            && classes[octet] & WORD == 0
            && !matches!(byte, b'.' | b'-' | b'"' | b'`' | b'%' | b'/' | b'#' | b':')
        {
            classes[octet] |= PLAIN;
        }
        if matches!(byte, b' ' | b'\t' | b'\r') {
            classes[octet] |= SPACE;
        }
        octet += 1;
    }
    classes
};

fn is(octet: u8, class: u8) -> bool {
    CLASSES[usize::from(octet)] & class != 0
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        // A byte order mark says nothing about a UTF-8 text.
        let position = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Scanner { text, position, line: 1 }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The line of the current place, from 1.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// The octet from which scanning goes on.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Goes to an octet of a known line.
    pub(super) fn seek(&mut self, position: u32, line: u32) {
        self.position = position as usize;
        self.line = line;
    }

    /// What is not yet scanned.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or("")
    }

    /// The next token.
    #[inline]
    pub(super) fn next(&mut self) -> Raw {
        let bytes = self.text.as_bytes();
        let mut start = self.position;
        while let Some(&octet) = bytes.get(start) {
            let class = CLASSES[usize::from(octet)];
            if class & SPACE == 0 {
                if class & PLAIN != 0 {
                    self.position = start + 1;
                    let (kind, end) = (RawKind::Punct(octet), start as u32 + 1);
                    return Raw { kind, start: start as u32, end, line: self.line };
                }
                if octet != b'\n' {
                    return self.long(octet, start);
                }
                self.line += 1;
            }
            start += 1;
        }
        self.position = start;
        Raw { kind: RawKind::End, start: start as u32, end: start as u32, line: self.line }
    }

    /// The token that starts at `start` with `first` and may have more than one octet.
    fn long(&mut self, first: u8, start: usize) -> Raw {
        let line = self.line;
        let (kind, end) = if is(first, WORD) { self.word_or_number(start) } else { self.token(first, start) };
        self.position = end;
        if matches!(
            kind,
            RawKind::String | RawKind::Command | RawKind::Code | RawKind::BlockComment | RawKind::Unterminated(_)
        ) {
            self.line += self.text.as_bytes()[start..end].iter().filter(|b| **b == b'\n').count() as u32;
        }
        Raw { kind, start: start as u32, end: end as u32, line }
    }

    /// Kind and end of the token that starts at `start` with `first`, which is no part of a word.
    fn token(&self, first: u8, start: usize) -> (RawKind, usize) {
        let bytes = self.text.as_bytes();
        let second = bytes.get(start + 1).copied().unwrap_or(0);
        match first {
            b'.' if second == b'.' && bytes.get(start + 2) == Some(&b'.') => (RawKind::Ellipsis, start + 3),
            b'.' if is(second, DIGIT) => (RawKind::Float, self.run(start + 1, DIGIT)),
            b'-' if second == b'-' && bytes.get(start + 2).is_some_and(|b| is(*b, WORD)) => {
                let name = bytes[start + 2..].iter().take_while(|b| is(**b, WORD) || **b == b'-').count();
                (RawKind::Option, start + 2 + name)
            }
            b'-' if is(second, DIGIT) => self.number(start + 1),
            b'-' if second == b'.' && bytes.get(start + 2).is_some_and(u8::is_ascii_digit) => {
                (RawKind::Float, self.run(start + 2, DIGIT))
            }
            b'"' => self.quoted(start, b'"', RawKind::String),
            b'`' => self.quoted(start, b'`', RawKind::Command),
            b'%' if second == b'{' => self.delimited(start, "}%", b'%', RawKind::Code),
            b'/' if second == b'*' => self.delimited(start, "*/", b'/', RawKind::BlockComment),
            b'/' if second == b'/' => (RawKind::LineComment, self.line_end(start)),
            b'#' if second.is_ascii_alphabetic() => (RawKind::Hash, self.run(start + 1, WORD)),
            b':' if second == b':' => match self.ipv6(start) {
                Some(end) => (RawKind::Ipv6, end),
                None => (RawKind::Punct(b':'), start + 1),
            },
            _ => {
                // The end of a character of several octets is found by its first.
                let width = self.text[start..].chars().next().map_or(1, char::len_utf8);
                (RawKind::Punct(first), start + width)
            }
        }
    }

    fn word_or_number(&self, start: usize) -> (RawKind, usize) {
        let bytes = self.text.as_bytes();
        // What all octets of the word are.
        let mut common = WORD | DIGIT | HEXADECIMAL;
        let mut end = start;
        while let Some(&octet) = bytes.get(end) {
            let class = CLASSES[usize::from(octet)];
            if class & WORD == 0 {
                break;
            }
            common &= class;
            end += 1;
        }
        let next = bytes.get(end).copied().unwrap_or(b'\n');
        if next == b':'
            && end - start <= 4
            && common & HEXADECIMAL != 0
            && let Some(end) = self.ipv6(start)
        {
            return (RawKind::Ipv6, end);
        }
        if common & DIGIT != 0 {
            return if next == b'.' { self.number(start) } else { (RawKind::Integer, end) };
        }
        let word = &bytes[start..end];
        if word.len() > 2 && word.starts_with(b"0x") && word[2..].iter().all(|b| is(*b, HEXADECIMAL)) {
            return (RawKind::Hexadecimal, end);
        }
        (RawKind::Word, end)
    }

    /// An integer, float or dotted quad, whose digits start at `start`.
    fn number(&self, start: usize) -> (RawKind, usize) {
        let bytes = self.text.as_bytes();
        let whole = self.run(start, DIGIT);
        let mut end = whole;
        let mut groups = 1;
        while groups < 4 && bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = self.run(end + 1, DIGIT);
            groups += 1;
        }
        match groups {
            1 => (RawKind::Integer, whole),
            4 => (RawKind::Ipv4, end),
            _ => (RawKind::Float, self.run(whole + 1, DIGIT)),
        }
    }

    /// End of the IPv6 address at `start`, if there is one; `1:1001` is none.
    fn ipv6(&self, start: usize) -> Option<usize> {
        // The longest address has 45 characters.
        let most = self.text.as_bytes()[start..].iter().take(46);
        let (mut end, mut colons, mut double, mut last) = (start, 0, false, 0);
        for &octet in most.take_while(|b| is(**b, ADDRESS)) {
            if octet == b':' {
                colons += 1;
                double |= last == b':';
            }
            last = octet;
            end += 1;
        }
        if !double && colons < 7 {
            return None;
        }
        // What follows the address, such as the colon of `a > b:`, is not part of it.
        while end > start {
            if self.text[start..end].parse::<std::net::Ipv6Addr>().is_ok() {
                return Some(end);
            }
            end -= 1;
        }
        None
    }

    fn quoted(&self, start: usize, quote: u8, kind: RawKind) -> (RawKind, usize) {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while let Some(&octet) = bytes.get(at) {
            match octet {
                b'\\' => at += 1,
                _ if octet == quote => return (kind, at + 1),
                _ => {}
            }
            at += 1;
        }
        (RawKind::Unterminated(quote), bytes.len())
    }

    fn delimited(&self, start: usize, close: &str, open: u8, kind: RawKind) -> (RawKind, usize) {
        match self.text[start + 2..].find(close) {
            Some(at) => (kind, start + 2 + at + close.len()),
            None => (RawKind::Unterminated(open), self.text.len()),
        }
    }

    /// End of the octets of a class from `start` on.
    fn run(&self, start: usize, class: u8) -> usize {
        let rest = self.text.as_bytes().get(start..).unwrap_or(&[]);
        start + rest.iter().take_while(|b| is(**b, class)).count()
    }

    fn line_end(&self, start: usize) -> usize {
        self.text[start..].find('\n').map_or(self.text.len(), |length| start + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Vec<(RawKind, &str)> {
        let mut scanner = Scanner::new(text);
        let mut tokens = Vec::new();
        loop {
            let raw = scanner.next();
            if raw.kind == RawKind::End {
                return tokens;
            }
            tokens.push((raw.kind, &text[raw.start as usize..raw.end as usize]));
        }
    }

    #[test]
    fn dots_belong_to_the_longest_token() {
        use RawKind::*;
        assert_eq!(scan("0...0.2"), [(Integer, "0"), (Ellipsis, "..."), (Float, "0.2")]);
        assert_eq!(scan("0....5"), [(Integer, "0"), (Ellipsis, "..."), (Float, ".5")]);
        assert_eq!(scan("P.5 P. 5"), [(Word, "P"), (Float, ".5"), (Word, "P"), (Punct(b'.'), "."), (Integer, "5")]);
        assert_eq!(scan("1.2.3.4 -1 -.5"), [(Ipv4, "1.2.3.4"), (Integer, "-1"), (Float, "-.5")]);
    }

    #[test]
    fn sequence_numbers_are_no_ipv6_address() {
        use RawKind::*;
        assert_eq!(scan("1:1001 2001:3001")[0], (Integer, "1"));
        assert_eq!(scan("fd3d:fa7b::1: gre"), [(Ipv6, "fd3d:fa7b::1"), (Punct(b':'), ":"), (Word, "gre")]);
        assert_eq!(scan("::ffff:1.2.3.4 ::"), [(Ipv6, "::ffff:1.2.3.4"), (Ipv6, "::")]);
        assert_eq!(scan("1:2:3:4:5:6:7:8"), [(Ipv6, "1:2:3:4:5:6:7:8")]);
    }

    #[test]
    fn words_may_begin_with_digits() {
        use RawKind::*;
        assert_eq!(
            scan("3021b9d8 0x1f 0x 0xg"),
            [(Word, "3021b9d8"), (Hexadecimal, "0x1f"), (Word, "0x"), (Word, "0xg")]
        );
    }

    #[test]
    fn what_has_no_end_is_told() {
        assert_eq!(scan("\"a\\\"")[0].0, RawKind::Unterminated(b'"'));
        assert_eq!(scan("/* a **/ b"), [(RawKind::BlockComment, "/* a **/"), (RawKind::Word, "b")]);
        assert_eq!(scan("%{ a")[0].0, RawKind::Unterminated(b'%'));
    }
}
