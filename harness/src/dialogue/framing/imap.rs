//! IMAP: responses with literals (RFC 9051 sections 2.2.2, 4.3 and 7), gathered up to the one that answers a command.

use super::line::{Line, Lines, MOST_LINES};
use super::{Defects, Fed, Flaw, MOST_KEPT, Reader};

/// One response, literals included, without its last CRLF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// What it begins with.
    pub kind: Kind,
    /// What follows that and a space; of a literal, its `{n}`, CRLF and octets.
    pub text: Vec<u8>,
}

/// What a response begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// `*`.
    #[default]
    Untagged,
    /// `+`.
    Continuation,
    /// The tag of a command.
    Tagged(Vec<u8>),
    /// Nothing of these.
    Malformed,
}

/// What came up to the response that ends the waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The responses before the last.
    pub untagged: Vec<Response>,
    /// The response that was awaited, or what came instead; none if the connection ended first.
    pub last: Option<Response>,
    /// What is wrong with it.
    pub defects: Defects,
}

/// What ends an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Awaited {
    /// A response with this tag.
    Tagged(Vec<u8>),
    /// `+`, or any tagged response instead.
    Continuation,
    /// Any response at all, such as the greeting.
    #[default]
    Any,
}

/// Reads answers.
#[derive(Clone, Debug, Default)]
pub struct AnswerReader {
    awaited: Awaited,
    lines: Lines,
    /// The response so far, with its literals.
    response: Vec<u8>,
    /// Octets of a literal still to come.
    literal: u64,
    answer: Answer,
}

impl AnswerReader {
    /// Waits for this; until told otherwise, also after the next answer.
    pub fn expect(&mut self, awaited: Awaited) {
        self.awaited = awaited;
    }

    /// Adds a line; whether it ends the answer.
    fn add(&mut self, line: &Line) -> bool {
        // The keeping of lines is bounded; here only what they are joined to can grow.
        if self.response.len() + line.octets.len() <= MOST_KEPT * 2 {
            self.response.extend_from_slice(&line.octets);
        }
        if may_have_literals(&self.response) {
            match literal_size(&line.octets) {
                Literal::None => {}
                Literal::Of(size) => {
                    self.literal = size;
                    self.response.extend_from_slice(b"\r\n");
                    return false;
                }
                Literal::TooLarge => self.lines.flaw(Flaw::LiteralSize),
            }
        }
        let response = Response::new(&std::mem::take(&mut self.response));
        if response.kind == Kind::Malformed {
            self.lines.flaw(Flaw::NoTag);
        }
        let ends = match (&self.awaited, &response.kind) {
            (Awaited::Any, _) | (_, Kind::Continuation) | (Awaited::Continuation, Kind::Tagged(_)) => true,
            (Awaited::Tagged(tag), Kind::Tagged(found)) if tag == found => true,
            (Awaited::Tagged(_), Kind::Tagged(_)) => {
                self.lines.flaw(Flaw::OtherTag);
                false
            }
            _ => false,
        };
        if ends {
            self.answer.last = Some(response);
        } else if self.answer.untagged.len() < MOST_LINES {
            self.answer.untagged.push(response);
        } else {
            self.lines.flaw(Flaw::TooLong);
        }
        ends
    }

    fn take(&mut self) -> Answer {
        let awaited = self.awaited.clone();
        let AnswerReader { lines, answer, .. } = std::mem::replace(self, AnswerReader { awaited, ..Self::default() });
        Answer { defects: lines.defects, ..answer }
    }
}

impl Reader for AnswerReader {
    type Message = Answer;

    fn feed(&mut self, octets: &[u8]) -> Fed<Answer> {
        let mut at = 0;
        while at < octets.len() {
            if self.literal > 0 {
                let length = usize::try_from(self.literal).unwrap_or(usize::MAX).min(octets.len() - at);
                let kept = self.lines.take_raw(&octets[at..at + length]);
                self.response.extend_from_slice(kept);
                self.literal -= length as u64;
                at += length;
                continue;
            }
            at += 1;
            if let Some(line) = self.lines.push(octets[at - 1])
                && self.add(&line)
            {
                return Fed { taken: at, message: Some(self.take()) };
            }
        }
        Fed::more(octets)
    }

    fn end(&mut self) -> Option<Answer> {
        let rest = self.lines.end();
        if rest.is_some() || !self.response.is_empty() {
            self.response.extend(rest.into_iter().flat_map(|line| line.octets));
            let response = Response::new(&std::mem::take(&mut self.response));
            self.answer.untagged.push(response);
        }
        self.lines.flaw(Flaw::Incomplete);
        let answer = self.take();
        (!answer.untagged.is_empty()).then_some(answer)
    }
}

impl Response {
    fn new(octets: &[u8]) -> Self {
        let (first, text) = match octets.iter().position(|octet| *octet == b' ') {
            Some(space) => (&octets[..space], &octets[space + 1..]),
            None => (octets, &[][..]),
        };
        let kind = match first {
            b"*" => Kind::Untagged,
            b"+" => Kind::Continuation,
            tag if !tag.is_empty() && tag.iter().all(|octet| is_tag_octet(*octet)) => Kind::Tagged(tag.to_vec()),
            _ => Kind::Malformed,
        };
        let text = if kind == Kind::Malformed { octets } else { text };
        Response { kind, text: text.to_vec() }
    }

    /// `OK`, `NO`, `BAD`, `FETCH`, ...: the first word, or the second after a number; in capitals.
    pub fn name(&self) -> String {
        let mut words = self.text.split(|octet| *octet == b' ');
        let first = words.next().unwrap_or_default();
        let is_number = !first.is_empty() && first.iter().all(u8::is_ascii_digit);
        let name = if is_number { words.next().unwrap_or_default() } else { first };
        String::from_utf8_lossy(name).to_ascii_uppercase()
    }

    /// The response code in brackets behind a condition, such as `READ-WRITE`.
    pub fn code(&self) -> Option<&[u8]> {
        let space = self.text.iter().position(|octet| *octet == b' ')?;
        let inner = self.text[space + 1..].strip_prefix(b"[")?;
        Some(&inner[..inner.iter().position(|octet| *octet == b']')?])
    }
}

/// `tag = 1*<any ASTRING-CHAR except "+">` (RFC 9051 section 9).
fn is_tag_octet(octet: u8) -> bool {
    matches!(octet, b'!'..=b'~') && !matches!(octet, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b'+')
}

/// Conditions and continuations end in text for people, in which braces mean nothing.
fn may_have_literals(response: &[u8]) -> bool {
    let mut words = response.split(|octet| *octet == b' ');
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    first != b"+" && !["OK", "NO", "BAD", "BYE", "PREAUTH"].iter().any(|c| second.eq_ignore_ascii_case(c.as_bytes()))
}

/// What a line ends with.
enum Literal {
    None,
    Of(u64),
    TooLarge,
}

/// `{n}` at the end of a line.
fn literal_size(line: &[u8]) -> Literal {
    let Some(inner) = line.strip_suffix(b"}") else { return Literal::None };
    let Some(open) = inner.iter().rposition(|octet| *octet == b'{') else { return Literal::None };
    let digits = &inner[open + 1..];
    match std::str::from_utf8(digits) {
        Ok(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().map_or(Literal::TooLarge, Literal::Of)
        }
        _ => Literal::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(octets: &[u8], awaited: Awaited) -> (Answer, usize) {
        let mut reader = AnswerReader::default();
        reader.expect(awaited);
        let fed = reader.feed(octets);
        (fed.message.or_else(|| reader.end()).unwrap(), fed.taken)
    }

    #[test]
    fn an_answer_ends_with_its_tag() {
        let octets = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] {5}\r\na1 OK [READ-WRITE] done\r\n* BYE\r\n";
        let (answer, taken) = answer(octets, Awaited::Tagged(b"a1".to_vec()));
        assert_eq!(answer.untagged.len(), 2);
        assert_eq!(answer.untagged[0].name(), "EXISTS");
        assert_eq!(answer.untagged[1].code(), Some(&b"UIDVALIDITY 7"[..]));
        let last = answer.last.unwrap();
        assert_eq!((last.name().as_str(), last.code()), ("OK", Some(&b"READ-WRITE"[..])));
        assert_eq!(taken, octets.len() - 7);
        assert!(answer.defects.is_empty());
    }

    #[test]
    fn a_literal_may_hold_anything() {
        let octets = b"* 1 FETCH (BODY[] {9}\r\na1 OK\r\n\r\n FLAGS ())\r\na1 OK\r\n";
        let (answer, _) = answer(octets, Awaited::Tagged(b"a1".to_vec()));
        assert_eq!(answer.untagged[0].text, b"1 FETCH (BODY[] {9}\r\na1 OK\r\n\r\n FLAGS ())");
        assert!(answer.defects.is_empty());
    }

    #[test]
    fn what_came_instead_ends_it_too() {
        let (refused, _) = answer(b"a1 NO never\r\n", Awaited::Continuation);
        assert_eq!(refused.last.unwrap().name(), "NO");
        let (other, _) = answer(b"a1 OK\r\na2 OK\r\n", Awaited::Tagged(b"a2".to_vec()));
        assert!(other.defects.has(Flaw::OtherTag));
        let (greeting, _) = answer(b"* OK ready\r\n", Awaited::Any);
        assert_eq!(greeting.last.unwrap().kind, Kind::Untagged);
        let (cut, _) = answer(b"* 1 FETCH {9}\r\nabc", Awaited::Tagged(b"a".to_vec()));
        assert!(cut.defects.has(Flaw::Incomplete) && cut.last.is_none());
        let (large, _) = answer(b"* 1 FETCH {99999999999999999999}\r\n", Awaited::Any);
        assert!(large.defects.has(Flaw::LiteralSize));
    }
}
