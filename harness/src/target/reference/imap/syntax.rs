//! Command lines of IMAP: tags, strings, sets of messages (RFC 9051 section 9).

use crate::target::reference::deviation::Deviation;
use crate::target::reference::line::{decimal, split};
use crate::target::reference::world::World;

/// The arguments of a command as they are read. What does not fit is none, and the command gets BAD.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arguments<'c> {
    rest: &'c [u8],
}

/// The size of the literal that a line announces, and whether the client waits for leave to send it.
pub(super) fn literal_at_end(line: &[u8]) -> Option<(u64, bool)> {
    let inside = line.strip_suffix(b"}")?;
    let start = inside.iter().rposition(|octet| *octet == b'{')?;
    let digits = &inside[start + 1..];
    let (digits, waits) = match digits.strip_suffix(b"+") {
        Some(digits) => (digits, false),
        None => (digits, true),
    };
    decimal(digits).map(|size| (size, waits))
}

/// The tag that a command begins with.
pub(super) fn tag(command: &[u8]) -> Option<String> {
    let (tag, _) = split(command, b' ');
    let is_tag = !tag.is_empty() && tag.iter().all(|octet| is_astring_char(*octet) && *octet != b'+');
    is_tag.then(|| String::from_utf8_lossy(tag).into_owned())
}

fn is_astring_char(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b"(){%*\"\\".contains(&octet)
}

impl<'c> Arguments<'c> {
    /// What stands behind the tag of a command.
    pub(super) fn of(command: &'c [u8]) -> Option<Self> {
        let (_, rest) = split(command, b' ');
        Some(Arguments { rest: rest?.strip_suffix(b"\r\n")? })
    }

    /// Whether nothing more stands there.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Whether a parenthesis stands next.
    pub(super) fn is_list(&self) -> bool {
        self.rest.starts_with(b"(")
    }

    /// Passes over a single space.
    pub(super) fn space(&mut self) -> Option<()> {
        self.rest = self.rest.strip_prefix(b" ")?;
        Some(())
    }

    /// A word up to a space or parenthesis, in capitals.
    pub(super) fn word(&mut self) -> Option<String> {
        let end = self.rest.iter().position(|octet| b" ()".contains(octet)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() || !word.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        self.rest = rest;
        Some(String::from_utf8_lossy(word).to_ascii_uppercase())
    }

    /// An atom, quoted string or literal; `also`: further characters of atoms.
    pub(super) fn string(&mut self, also: &[u8], world: &World) -> Option<Vec<u8>> {
        match self.rest {
            [b'"', rest @ ..] => {
                let (string, rest) = quoted(rest, world)?;
                self.rest = rest;
                Some(string)
            }
            [b'{', ..] => {
                let end = self.rest.iter().position(|octet| *octet == b'}')?;
                let (size, _) = literal_at_end(&self.rest[..=end])?;
                let octets = self.rest[end + 1..].strip_prefix(b"\r\n")?;
                let (string, rest) = octets.split_at_checked(usize::try_from(size).ok()?)?;
                self.rest = rest;
                Some(string.to_vec())
            }
            _ => {
                let is_atom = |octet: &u8| is_astring_char(*octet) || also.contains(octet);
                let end = self.rest.iter().position(|octet| !is_atom(octet)).unwrap_or(self.rest.len());
                let (atom, rest) = self.rest.split_at(end);
                self.rest = rest;
                (!atom.is_empty()).then(|| atom.to_vec())
            }
        }
    }

    /// Words in parentheses, or one alone. Brackets keep what is in them together.
    pub(super) fn list(&mut self) -> Option<Vec<String>> {
        let (inside, rest) = match self.rest.strip_prefix(b"(") {
            Some(open) => {
                let end = open.iter().position(|octet| *octet == b')')?;
                (&open[..end], &open[end + 1..])
            }
            None => (self.rest, &b""[..]),
        };
        self.rest = rest;
        let text = std::str::from_utf8(inside).ok()?;
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        match words.iter().all(|word| !word.is_empty()) {
            true => Some(words),
            false => text.is_empty().then(Vec::new),
        }
    }

    /// A set of messages.
    pub(super) fn set(&mut self) -> Option<Set> {
        let end = self.rest.iter().position(|octet| *octet == b' ').unwrap_or(self.rest.len());
        let (set, rest) = self.rest.split_at(end);
        self.rest = rest;
        Set::parse(set)
    }
}

/// What a quoted string stands for, and what is behind it: no CR, LF or NUL, and only quotes and backslashes are escaped.
fn quoted<'c>(mut text: &'c [u8], world: &World) -> Option<(Vec<u8>, &'c [u8])> {
    let mut string = Vec::new();
    loop {
        let (octet, rest) = text.split_first()?;
        text = rest;
        match octet {
            b'"' => return Some((string, text)),
            b'\\' if !world.deviates(Deviation::ImapEscapesUnknown) => {
                let (escaped, rest) = text.split_first().filter(|(escaped, _)| b"\"\\".contains(escaped))?;
                text = rest;
                string.push(*escaped);
            }
            b'\r' | b'\n' | 0 => return None,
            octet => string.push(*octet),
        }
    }
}

/// A set of message numbers or UIDs; none stands for the largest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set(Vec<(Option<u32>, Option<u32>)>);

impl Set {
    fn parse(text: &[u8]) -> Option<Set> {
        let number = |text: &[u8]| match text {
            b"*" => Some(None),
            digits => decimal(digits).and_then(|number| u32::try_from(number).ok()).map(Some),
        };
        let range = |text: &[u8]| match split(text, b':') {
            (first, Some(last)) => Some((number(first)?, number(last)?)),
            (one, None) => number(one).map(|one| (one, one)),
        };
        text.split(|octet| *octet == b',').map(range).collect::<Option<_>>().map(Set)
    }

    /// Whether a 0 stands in it, which is no number of a message.
    pub(super) fn has_zero(&self) -> bool {
        self.0.iter().any(|(first, last)| [first, last].contains(&&Some(0)))
    }

    /// Whether a number is in it, where `largest` is the largest there is. A range has no direction.
    pub(super) fn contains(&self, number: u32, largest: u32, world: &World) -> bool {
        self.0.iter().any(|(first, last)| {
            let (first, last) = (first.unwrap_or(largest), last.unwrap_or(largest));
            match world.deviates(Deviation::ImapRangesAscend) {
                true => (first..=last).contains(&number),
                false => (first.min(last)..=first.max(last)).contains(&number),
            }
        })
    }

    /// The largest number in it that is written as one.
    pub(super) fn highest(&self) -> u32 {
        self.0.iter().flat_map(|(first, last)| [*first, *last]).flatten().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_have_three_forms() {
        let world = World::default();
        for (text, string) in
            [("a]b x", "a]b"), ("\"a \\\"\\\\\" x", "a \"\\"), ("{3}\r\na\r\n x", "a\r\n"), ("{1+}\r\n( x", "(")]
        {
            let mut arguments = Arguments { rest: text.as_bytes() };
            assert_eq!(arguments.string(b"", &world).as_deref(), Some(string.as_bytes()), "{text}");
            assert_eq!(arguments.rest, b" x", "{text}");
        }
        for text in ["", "(a", "\"a", "\"\\a\"", "\"\0\"", "\"\r\n\"", "{5}\r\nab"] {
            assert_eq!(Arguments { rest: text.as_bytes() }.string(b"", &world), None, "{text}");
        }
    }

    #[test]
    fn literals_are_announced_at_the_end() {
        assert_eq!(literal_at_end(b"a LOGIN {5}"), Some((5, true)));
        assert_eq!(literal_at_end(b"a LOGIN x {5+}"), Some((5, false)));
        for line in [&b"a {5"[..], b"a {-1}", b"a {5x}", b"a {}", b"a {18446744073709551616}"] {
            assert_eq!(literal_at_end(line).filter(|(size, _)| *size < u64::MAX), None);
        }
    }

    #[test]
    fn ranges_have_no_direction() {
        let world = World::default();
        let within = |text: &str| {
            let set = Set::parse(text.as_bytes()).unwrap();
            (1..=4).filter(|number| set.contains(*number, 4, &world)).collect::<Vec<_>>()
        };
        assert_eq!(within("3:1"), [1, 2, 3]);
        assert_eq!(within("*"), [4]);
        assert_eq!(within("9:*"), [4]);
        assert_eq!(within("1,3:*"), [1, 3, 4]);
        assert!(Set::parse(b"0").unwrap().has_zero());
        for text in ["", "x", "-1", "1:", "1,,2", "4294967296"] {
            assert_eq!(Set::parse(text.as_bytes()), None, "{text}");
        }
    }
}
