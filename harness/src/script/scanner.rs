//! Text to raw tokens: no definitions, no conditions, comments kept. The formatter works on these.

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

/// Walks over a text shorter than 4 GiB.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
    line: u32,
}

fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
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
    pub(super) fn next(&mut self) -> Raw {
        self.skip_whitespace();
        let bytes = self.text.as_bytes();
        let start = self.position;
        let line = self.line;
        let (kind, end) = match bytes.get(start) {
            None => (RawKind::End, start),
            Some(&first) => self.token(first, start),
        };
        self.position = end;
        if matches!(
            kind,
            RawKind::String | RawKind::Command | RawKind::Code | RawKind::BlockComment | RawKind::Unterminated(_)
        ) {
            self.line += bytes[start..end].iter().filter(|b| **b == b'\n').count() as u32;
        }
        Raw { kind, start: start as u32, end: end as u32, line }
    }

    fn skip_whitespace(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(octet) = bytes.get(self.position) {
            match octet {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' => {}
                _ => break,
            }
            self.position += 1;
        }
    }

    /// Kind and end of the token that starts at `start` with `first`.
    fn token(&self, first: u8, start: usize) -> (RawKind, usize) {
        let bytes = self.text.as_bytes();
        let second = bytes.get(start + 1).copied().unwrap_or(0);
        match first {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word_or_number(start),
            b'.' if second == b'.' && bytes.get(start + 2) == Some(&b'.') => (RawKind::Ellipsis, start + 3),
            b'.' if second.is_ascii_digit() => (RawKind::Float, self.run(start + 1, |b| b.is_ascii_digit())),
            b'-' if second == b'-' && bytes.get(start + 2).is_some_and(|b| is_word(*b)) => {
                (RawKind::Option, self.run(start + 2, |b| is_word(b) || b == b'-'))
            }
            b'-' if second.is_ascii_digit() => self.number(start + 1),
            b'-' if second == b'.' && bytes.get(start + 2).is_some_and(u8::is_ascii_digit) => {
                (RawKind::Float, self.run(start + 2, |b| b.is_ascii_digit()))
            }
            b'"' => self.quoted(start, b'"', RawKind::String),
            b'`' => self.quoted(start, b'`', RawKind::Command),
            b'%' if second == b'{' => self.delimited(start, "}%", b'%', RawKind::Code),
            b'/' if second == b'*' => self.delimited(start, "*/", b'/', RawKind::BlockComment),
            b'/' if second == b'/' => (RawKind::LineComment, self.run(start, |b| b != b'\n')),
            b'#' if second.is_ascii_alphabetic() => (RawKind::Hash, self.run(start + 1, is_word)),
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
        let end = self.run(start, is_word);
        let word = &bytes[start..end];
        if bytes.get(end) == Some(&b':')
            && word.len() <= 4
            && word.iter().all(u8::is_ascii_hexdigit)
            && let Some(end) = self.ipv6(start)
        {
            return (RawKind::Ipv6, end);
        }
        if word[0].is_ascii_digit() {
            if word.iter().all(u8::is_ascii_digit) {
                return self.number(start);
            }
            if word.len() > 2 && word[0] == b'0' && word[1] == b'x' && word[2..].iter().all(u8::is_ascii_hexdigit) {
                return (RawKind::Hexadecimal, end);
            }
        }
        (RawKind::Word, end)
    }

    /// An integer, float or dotted quad, whose digits start at `start`.
    fn number(&self, start: usize) -> (RawKind, usize) {
        let bytes = self.text.as_bytes();
        let digits = |from: usize| self.run(from, |b| b.is_ascii_digit());
        let whole = digits(start);
        // `0x...` after a minus sign is no number in this language, so only digits and dots matter here.
        let mut end = whole;
        let mut groups = 1;
        while groups < 4 && bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1);
            groups += 1;
        }
        match groups {
            1 => (RawKind::Integer, whole),
            4 => (RawKind::Ipv4, end),
            _ => (RawKind::Float, digits(whole + 1)),
        }
    }

    /// End of the IPv6 address at `start`, if there is one; `1:1001` is none.
    fn ipv6(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        // The longest address has 45 characters.
        let most = &bytes[start..bytes.len().min(start + 46)];
        let length = most.iter().take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')).count();
        let mut end = start + length;
        let run = &bytes[start..end];
        if !run.windows(2).any(|pair| pair == b"::") && run.iter().filter(|b| **b == b':').count() < 7 {
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

    /// End of the octets from `start` on that `take` accepts.
    fn run(&self, start: usize, take: impl Fn(u8) -> bool) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = start;
        while bytes.get(end).is_some_and(|b| take(*b)) {
            end += 1;
        }
        end
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
