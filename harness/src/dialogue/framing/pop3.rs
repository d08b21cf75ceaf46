//! POP3: responses of one line and of several (RFC 1939 section 3).

use super::line::{Line, Lines, MOST_LINES};
use super::{Defects, Fed, Flaw, Reader};

/// Octets of the first line of a response with its CRLF (RFC 1939 section 3).
const LONGEST_LINE: u64 = 512;

/// A whole response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// Whether it is `+OK`; unknown if it is neither that nor `-ERR`.
    pub is_ok: Option<bool>,
    /// What follows the status and a space.
    pub text: Vec<u8>,
    /// The further lines of a multi-line response, their doubled dots undone.
    pub lines: Option<Vec<Vec<u8>>>,
    /// What is wrong with it.
    pub defects: Defects,
}

/// Reads responses. Whether a response has several lines is told by the command alone.
#[derive(Clone, Debug, Default)]
pub struct ResponseReader {
    lines: Lines,
    is_multi_line: bool,
    first: Option<Response>,
    rest: DotLines,
}

impl ResponseReader {
    /// The next response has further lines if it is `+OK`.
    pub fn expect_multi_line(&mut self) {
        self.is_multi_line = true;
    }

    /// Reads the first line; whether it is the only one.
    fn first(&mut self, line: &Line) -> bool {
        if line.length > LONGEST_LINE {
            self.lines.flaw(Flaw::LineTooLong);
        }
        let status = line.octets.split(|octet| *octet == b' ').next().unwrap_or_default();
        let is_ok = match status {
            b"+OK" => Some(true),
            b"-ERR" => Some(false),
            _ => None,
        };
        if is_ok.is_none() {
            self.lines.flaw(Flaw::NoStatus);
        }
        let text = if is_ok.is_some() { line.octets.get(status.len() + 1..).unwrap_or_default() } else { &line.octets };
        self.first = Some(Response { is_ok, text: text.to_vec(), ..Response::default() });
        !(self.is_multi_line && is_ok == Some(true))
    }

    fn take(&mut self) -> Option<Response> {
        let ResponseReader { lines, is_multi_line, first, rest } = std::mem::take(self);
        let first = first?;
        let has_rest = is_multi_line && first.is_ok == Some(true);
        Some(Response { lines: has_rest.then_some(rest.lines), defects: lines.defects, ..first })
    }
}

impl Reader for ResponseReader {
    type Message = Response;

    fn feed(&mut self, octets: &[u8]) -> Fed<Response> {
        for (at, octet) in octets.iter().enumerate() {
            let Some(line) = self.lines.push(*octet) else { continue };
            let ended = if self.first.is_none() { self.first(&line) } else { self.rest.add(line, &mut self.lines) };
            if ended {
                return Fed { taken: at + 1, message: self.take() };
            }
        }
        Fed::more(octets)
    }

    fn end(&mut self) -> Option<Response> {
        if let Some(line) = self.lines.end() {
            if self.first.is_none() {
                self.first(&line);
            } else {
                self.rest.add(Line { has_crlf: false, ..line }, &mut self.lines);
            }
        }
        self.lines.flaw(Flaw::Incomplete);
        self.take()
    }
}

/// Lines up to one that is a dot alone, as of POP3's multi-line responses and SMTP's DATA.
#[derive(Clone, Debug, Default)]
pub(super) struct DotLines {
    pub(super) lines: Vec<Vec<u8>>,
    /// The line before ended with LF alone.
    pub(super) after_bare_lf: bool,
}

impl DotLines {
    /// Adds a line; whether it is the lone dot, which only counts between two CRLF.
    pub(super) fn add(&mut self, line: Line, all: &mut Lines) -> bool {
        let after_bare_lf = std::mem::replace(&mut self.after_bare_lf, !line.has_crlf);
        let is_dot = line.octets == b".";
        if is_dot && line.has_crlf && !after_bare_lf {
            return true;
        }
        let mut octets = line.octets;
        if octets.first() == Some(&b'.') && !after_bare_lf {
            if octets.get(1) == Some(&b'.') {
                octets.remove(0);
            } else {
                all.flaw(Flaw::NotStuffed);
                if !is_dot {
                    octets.remove(0);
                }
            }
        }
        if self.lines.len() < MOST_LINES {
            self.lines.push(octets);
        } else {
            all.flaw(Flaw::TooLong);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(octets: &[u8], is_multi_line: bool) -> Response {
        let mut reader = ResponseReader::default();
        if is_multi_line {
            reader.expect_multi_line();
        }
        let fed = reader.feed(octets);
        fed.message.or_else(|| reader.end()).unwrap()
    }

    #[test]
    fn the_command_tells_whether_lines_follow() {
        let one = response(b"+OK 2 320\r\n", false);
        assert_eq!((one.is_ok, one.text, one.lines), (Some(true), b"2 320".to_vec(), None));
        let many = response(b"+OK\r\n1 120\r\n..dot\r\n\r\n.\r\n", true);
        assert_eq!(many.lines.unwrap(), [&b"1 120"[..], b".dot", b""]);
        assert!(many.defects.is_empty());
        let refused = response(b"-ERR no such message\r\n", true);
        assert_eq!((refused.is_ok, refused.lines), (Some(false), None));
    }

    #[test]
    fn what_is_broken_is_told() {
        assert!(response(b"OK\r\n", false).defects.has(Flaw::NoStatus));
        assert!(response(b"+OKAY\r\n", false).defects.has(Flaw::NoStatus));
        assert!(response(b"+OK\r\n.dot\r\n.\r\n", true).defects.has(Flaw::NotStuffed));
        assert!(response(b"+OK\r\na\r\n", true).defects.has(Flaw::Incomplete));
        let bare = response(b"+OK\r\na\n.\r\n.\r\n", true);
        assert_eq!(bare.lines.unwrap(), [&b"a"[..], b"."]);
    }
}
