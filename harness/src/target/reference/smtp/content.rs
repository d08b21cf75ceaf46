//! What follows DATA, up to the line that is a single dot (RFC 5321 sections 4.1.1.4 and 4.5.2).

use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// The content of a message as it arrives, octet by octet.
#[derive(Debug)]
pub(super) struct Content {
    octets: Vec<u8>,
    /// Octets of the content, also those that were not kept.
    length: usize,
    state: State,
    /// The most octets that are kept.
    most: usize,
}

/// What the last octets were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// CR LF, or nothing.
    LineStart,
    /// CR LF and a dot.
    Dot,
    /// CR LF, a dot and CR.
    DotCr,
    /// CR within a line.
    Cr,
    Line,
}

impl Content {
    /// A content of which so many octets are kept.
    pub(super) fn new(most: usize) -> Self {
        Content { octets: Vec::new(), length: 0, state: State::LineStart, most }
    }

    /// Takes an octet; whether it ends the content.
    pub(super) fn push(&mut self, octet: u8, world: &World) -> bool {
        let lf_ends = world.deviates(Deviation::SmtpBareLfEndsLine);
        let cr_ends = world.deviates(Deviation::SmtpBareCrEndsLine);
        self.state = match (self.state, octet) {
            (State::LineStart, b'.') => State::Dot,
            (State::Dot, b'\r') if cr_ends => return true,
            (State::Dot, b'\r') => State::DotCr,
            (State::Dot, b'\n') if lf_ends || world.deviates(Deviation::SmtpLfAfterDotEnds) => return true,
            (State::DotCr, b'\n') => return true,
            (before, octet) => {
                match before {
                    State::Dot if world.deviates(Deviation::SmtpDotsKept) => self.keep(b"."),
                    State::Dot if world.deviates(Deviation::SmtpAllDotsRemoved) && octet == b'.' => {
                        // Further dots are taken away too.
                        self.state = State::Dot;
                        return false;
                    }
                    // The dot that the client has put there.
                    State::Dot => self.length += usize::from(world.deviates(Deviation::SmtpSizeCountsDots)),
                    State::DotCr => self.keep(b"\r"),
                    State::LineStart | State::Cr | State::Line => {}
                }
                self.keep(&[octet]);
                match (before, octet) {
                    (State::DotCr, _) if octet != b'\r' => State::Line,
                    (_, b'\r') if cr_ends => State::LineStart,
                    (_, b'\r') => State::Cr,
                    (State::Cr, b'\n') => State::LineStart,
                    (State::LineStart, b'\n') if cr_ends => State::LineStart,
                    (_, b'\n') if lf_ends => State::LineStart,
                    _ => State::Line,
                }
            }
        };
        false
    }

    /// What came so far counts no more for what ends the content.
    pub(super) fn forget_line(&mut self) {
        self.state = State::Line;
    }

    /// Whether a line has more octets than so many, its end not counted.
    pub(super) fn has_line_longer_than(&self, most: usize) -> bool {
        self.octets.split(|octet| *octet == b'\n').any(|line| line.strip_suffix(b"\r").unwrap_or(line).len() > most)
    }

    /// Whether an octet is above 127.
    pub(super) fn has_high_octets(&self) -> bool {
        !self.octets.is_ascii()
    }

    /// Octets of the content, dots undone.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Whether more came than is kept.
    pub(super) fn is_too_large(&self) -> bool {
        self.length > self.most
    }

    /// Lines of the header section that begin with this name and a colon.
    pub(super) fn count_fields(&self, name: &str) -> usize {
        let lines = self.octets.split(|octet| *octet == b'\n').take_while(|line| !matches!(line, [] | [b'\r']));
        let is_field = |line: &&[u8]| {
            line.len() > name.len()
                && line[name.len()] == b':'
                && line[..name.len()].eq_ignore_ascii_case(name.as_bytes())
        };
        lines.filter(is_field).count()
    }

    /// What was kept.
    pub(super) fn into_octets(self) -> Vec<u8> {
        self.octets
    }

    fn keep(&mut self, octets: &[u8]) {
        self.length += octets.len();
        if self.length <= self.most {
            self.octets.extend_from_slice(octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content, and how many octets were taken; none if it has no end.
    fn read(text: &str) -> Option<(String, usize)> {
        let mut content = Content::new(1_000);
        let end = text.bytes().position(|octet| content.push(octet, &World::default()))?;
        Some((String::from_utf8(content.into_octets()).unwrap(), end + 1))
    }

    #[test]
    fn the_dot_of_the_client_is_taken_away() {
        assert_eq!(read("a\r\n.\r\nb"), Some(("a\r\n".into(), 6)));
        assert_eq!(read(".\r\n"), Some((String::new(), 3)));
        assert_eq!(read("..a\r\n.b\r\n..\r\n.\r\n"), Some((".a\r\nb\r\n.\r\n".into(), 16)));
    }

    #[test]
    fn nothing_else_ends_the_content() {
        for end in [
            "\n.\n",
            "\n.\r\n",
            "\r.\r",
            "\r.\r\n",
            "\r\n.\r",
            "\r\n.\n",
            "\r\r\n.\n",
            "\r\n.\r\r\n",
            "\r\n.\r.\r\n",
            "\r\n\n.\r\n",
        ] {
            let text = format!("a{end}b\r\n.\r\n");
            assert_eq!(read(&text).map(|(_, taken)| taken), Some(text.len()), "{end:?}");
        }
    }

    #[test]
    fn what_is_too_large_is_counted_and_not_kept() {
        let mut content = Content::new(4);
        for octet in *b"abc\r\ndef\r\n" {
            assert!(!content.push(octet, &World::default()));
        }
        assert!(content.is_too_large());
        assert_eq!((content.length(), content.into_octets().len()), (10, 4));
    }
}
