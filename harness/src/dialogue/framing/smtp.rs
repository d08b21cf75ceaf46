//! SMTP: a reply of one or more lines (RFC 5321 section 4.2), and the message after DATA (section 4.5.2).

use super::line::{Line, Lines, MOST_LINES};
use super::pop3::DotLines;
use super::{Defects, Fed, Flaw, Reader};

/// Octets of a reply line with its CRLF (RFC 5321 section 4.5.3.1.5).
const LONGEST_LINE: u64 = 512;

/// A whole reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The code of its last line, if that has one.
    pub code: Option<u16>,
    /// What follows code and separator on each line.
    pub lines: Vec<Vec<u8>>,
    /// What is wrong with it.
    pub defects: Defects,
}

/// `class.subject.detail` (RFC 3463 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedCode {
    /// 2, 4 or 5.
    pub class: u16,
    /// At most three digits.
    pub subject: u16,
    /// At most three digits.
    pub detail: u16,
}

impl Reply {
    /// The enhanced code at the start of the last line, if there is one.
    pub fn enhanced_code(&self) -> Option<EnhancedCode> {
        EnhancedCode::at_start(self.lines.last()?)
    }

    /// The text of the last line, without an enhanced code.
    pub fn text(&self) -> &[u8] {
        self.lines.last().map_or(&[], Vec::as_slice)
    }
}

impl EnhancedCode {
    /// The code that a text begins with.
    pub fn at_start(text: &[u8]) -> Option<Self> {
        let word = text.split(|octet| *octet == b' ').next()?;
        let word = std::str::from_utf8(word).ok()?;
        let mut parts = word.split('.').map(|part| {
            let is_number = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| part.parse().ok()).flatten()
        });
        let code = EnhancedCode { class: parts.next()??, subject: parts.next()??, detail: parts.next()?? };
        (parts.next().is_none() && matches!(code.class, 2 | 4 | 5)).then_some(code)
    }
}

/// Reads replies.
#[derive(Clone, Debug, Default)]
pub struct ReplyReader {
    lines: Lines,
    reply: Reply,
    has_lines: bool,
}

impl ReplyReader {
    /// Adds a line; whether it is the last one.
    fn add(&mut self, line: Line) -> bool {
        let octets = &line.octets;
        if line.length > LONGEST_LINE {
            self.lines.flaw(Flaw::LineTooLong);
        }
        let digits = octets.get(..3).filter(|code| code.iter().all(u8::is_ascii_digit));
        let code = digits.map(|code| code.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0')));
        let (text, goes_on) = match (code, octets.get(3)) {
            (Some(_), None) => (&[][..], false),
            (Some(_), Some(b'-')) => (&octets[4..], true),
            (Some(_), Some(b' ')) => (&octets[4..], false),
            (Some(_), Some(_)) => {
                self.lines.flaw(Flaw::Separator);
                (&octets[3..], false)
            }
            (None, _) => {
                self.lines.flaw(Flaw::NoCode);
                // Within a reply of several lines the others tell where it ends.
                (&octets[..], self.has_lines)
            }
        };
        if !text.iter().all(|octet| matches!(octet, b'\t' | b' '..=b'~')) {
            self.lines.flaw(Flaw::NotText);
        }
        if let Some(code) = code {
            if !matches!((code / 100, code / 10 % 10), (2..=5, 0..=5)) {
                self.lines.flaw(Flaw::CodeOutOfRange);
            }
            if self.has_lines && self.reply.code.is_some_and(|before| before != code) {
                self.lines.flaw(Flaw::CodesDiffer);
            }
            self.reply.code = Some(code);
        }
        if self.reply.lines.len() < MOST_LINES {
            self.reply.lines.push(text.to_vec());
        } else {
            self.lines.flaw(Flaw::TooLong);
        }
        self.has_lines = true;
        !goes_on
    }

    fn take(&mut self) -> Reply {
        let ReplyReader { lines, reply, .. } = std::mem::take(self);
        Reply { defects: lines.defects, ..reply }
    }
}

impl Reader for ReplyReader {
    type Message = Reply;

    fn feed(&mut self, octets: &[u8]) -> Fed<Reply> {
        for (at, octet) in octets.iter().enumerate() {
            if let Some(line) = self.lines.push(*octet)
                && self.add(line)
            {
                return Fed { taken: at + 1, message: Some(self.take()) };
            }
        }
        Fed::more(octets)
    }

    fn end(&mut self) -> Option<Reply> {
        if let Some(line) = self.lines.end() {
            self.add(line);
        }
        self.lines.flaw(Flaw::Incomplete);
        let reply = self.take();
        (!reply.lines.is_empty()).then_some(reply)
    }
}

/// What a client sends: a command line, or after DATA a message up to its lone dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The command without its CRLF, or the lines of the message, their doubled dots undone.
    pub lines: Vec<Vec<u8>>,
    /// What is wrong with it.
    pub defects: Defects,
}

/// Reads commands and messages of a client.
#[derive(Clone, Debug, Default)]
pub struct InputReader {
    lines: Lines,
    message: Option<DotLines>,
}

impl InputReader {
    /// What comes next is a message, up to a line of one dot.
    pub fn expect_message(&mut self) {
        self.message = Some(DotLines::default());
    }

    /// Whether what comes next is a message.
    pub fn is_message(&self) -> bool {
        self.message.is_some()
    }

    fn take(&mut self) -> Input {
        let InputReader { lines, message } = std::mem::take(self);
        Input { lines: message.map(|message| message.lines).unwrap_or_default(), defects: lines.defects }
    }
}

impl Reader for InputReader {
    type Message = Input;

    fn feed(&mut self, octets: &[u8]) -> Fed<Input> {
        for (at, octet) in octets.iter().enumerate() {
            let Some(line) = self.lines.push(*octet) else { continue };
            let ended = match &mut self.message {
                Some(message) => message.add(line, &mut self.lines),
                None => {
                    self.message = Some(DotLines { lines: vec![line.octets], ..DotLines::default() });
                    true
                }
            };
            if ended {
                return Fed { taken: at + 1, message: Some(self.take()) };
            }
        }
        Fed::more(octets)
    }

    fn end(&mut self) -> Option<Input> {
        let rest = self.lines.end();
        self.lines.flaw(Flaw::Incomplete);
        let mut input = self.take();
        input.lines.extend(rest.map(|line| line.octets));
        (!input.lines.is_empty()).then_some(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(octets: &[u8]) -> Vec<(Option<u16>, Vec<String>, Vec<Flaw>)> {
        let mut reader = ReplyReader::default();
        let (mut at, mut all) = (0, Vec::new());
        while at < octets.len() {
            let fed = reader.feed(&octets[at..]);
            at += fed.taken;
            all.extend(fed.message);
        }
        all.extend(reader.end());
        let text = |line: &Vec<u8>| String::from_utf8_lossy(line).into_owned();
        all.iter()
            .map(|reply| {
                let flaws = reply.defects.iter().map(|defect| defect.flaw).collect();
                (reply.code, reply.lines.iter().map(text).collect(), flaws)
            })
            .collect()
    }

    #[test]
    fn a_reply_has_one_or_more_lines() {
        assert_eq!(
            replies(b"220 mx.example\r\n250-mx.example\r\n250-SIZE 1000\r\n250 HELP\r\n250\r\n"),
            [
                (Some(220), vec!["mx.example".into()], vec![]),
                (Some(250), vec!["mx.example".into(), "SIZE 1000".into(), "HELP".into()], vec![]),
                (Some(250), vec![String::new()], vec![]),
            ]
        );
    }

    #[test]
    fn what_is_broken_is_read_and_told() {
        assert_eq!(replies(b"250 ok\n"), [(Some(250), vec!["ok".into()], vec![Flaw::BareLf])]);
        assert_eq!(
            replies(b"250-a\r\n550 b\r\n"),
            [(Some(550), vec!["a".into(), "b".into()], vec![Flaw::CodesDiffer])]
        );
        assert_eq!(replies(b"hello\r\n"), [(None, vec!["hello".into()], vec![Flaw::NoCode])]);
        assert_eq!(replies(b"250_x\r\n"), [(Some(250), vec!["_x".into()], vec![Flaw::Separator])]);
        assert_eq!(replies(b"666 x\r\n"), [(Some(666), vec!["x".into()], vec![Flaw::CodeOutOfRange])]);
        assert_eq!(replies(b"250 \xff\r\n")[0].2, [Flaw::NotText]);
        assert_eq!(
            replies(b"250-a\r\n25"),
            [(Some(250), vec!["a".into(), "25".into()], vec![Flaw::NoCode, Flaw::Incomplete])]
        );
        assert_eq!(replies(format!("250 {}\r\n", "x".repeat(507)).as_bytes())[0].2, [Flaw::LineTooLong]);
        assert_eq!(replies(format!("250 {}\r\n", "x".repeat(506)).as_bytes())[0].2, []);
    }

    #[test]
    fn enhanced_codes_are_read_strictly() {
        let code = |text: &str| EnhancedCode::at_start(text.as_bytes()).map(|c| (c.class, c.subject, c.detail));
        assert_eq!(code("5.7.1 no"), Some((5, 7, 1)));
        assert_eq!(code("2.0.0"), Some((2, 0, 0)));
        for none in ["", "5.7 no", "3.1.1 no", "5.7.1.2 no", "5.7.1234 no", "5..1 no", "a.b.c"] {
            assert_eq!(code(none), None, "{none}");
        }
    }

    #[test]
    fn a_message_ends_only_with_a_dot_between_two_crlf() {
        let mut reader = InputReader::default();
        let command = reader.feed(b"DATA\r\nx").message.unwrap();
        assert_eq!(command.lines, [b"DATA".to_vec()]);
        reader.expect_message();
        let fed = reader.feed(b"a\n.\r\n..b\r\nc\r\n.\n.\r\n\r\n.\r\nQUIT\r\n");
        let message = fed.message.unwrap();
        assert_eq!(message.lines, [&b"a"[..], b".", b".b", b"c", b".", b".", b""]);
        assert!(message.defects.has(Flaw::BareLf));
        assert_eq!(fed.taken, 23);
    }
}
