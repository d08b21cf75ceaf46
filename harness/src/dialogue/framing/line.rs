//! Lines as they arrive, octet by octet.

use super::{Defects, Flaw, MOST_KEPT};

/// A line without its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) octets: Vec<u8>,
    /// Octets with the end of the line, also those that were not kept.
    pub(super) length: u64,
    /// Whether it ended with CR LF; else with LF alone or not at all.
    pub(super) has_crlf: bool,
}

/// Collects the lines of one message. LF ends a line; what is wrong with its end is a defect.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    line: Line,
    /// The last octet was CR and is not yet in the line.
    after_cr: bool,
    /// Octets of the message that were kept.
    kept: usize,
    /// Octets of the message that were read.
    pub(super) read: u64,
    pub(super) defects: Defects,
}

impl Lines {
    /// Takes an octet; gives the line that it ends.
    pub(super) fn push(&mut self, octet: u8) -> Option<Line> {
        self.read += 1;
        self.line.length += 1;
        if octet == b'\n' {
            let has_crlf = std::mem::take(&mut self.after_cr);
            if !has_crlf {
                self.defects.add(Flaw::BareLf, self.read - 1);
            }
            return Some(Line { has_crlf, ..std::mem::take(&mut self.line) });
        }
        if std::mem::take(&mut self.after_cr) {
            self.defects.add(Flaw::BareCr, self.read - 2);
            self.keep(b'\r');
        }
        if octet == b'\r' {
            self.after_cr = true;
        } else {
            self.keep(octet);
        }
        None
    }

    /// The line that the end of the connection cut off, if it has an octet.
    pub(super) fn end(&mut self) -> Option<Line> {
        if std::mem::take(&mut self.after_cr) {
            self.keep(b'\r');
        }
        let line = std::mem::take(&mut self.line);
        (line.length > 0).then_some(line)
    }

    /// Takes octets that are no part of a line; gives those of them that may be kept.
    pub(super) fn take_raw<'a>(&mut self, octets: &'a [u8]) -> &'a [u8] {
        self.read += octets.len() as u64;
        let room = MOST_KEPT.saturating_sub(self.kept).min(octets.len());
        if room < octets.len() {
            self.too_long();
        }
        self.kept += room;
        &octets[..room]
    }

    pub(super) fn flaw(&mut self, flaw: Flaw) {
        self.defects.add(flaw, self.read);
    }

    fn keep(&mut self, octet: u8) {
        if self.kept < MOST_KEPT {
            self.kept += 1;
            self.line.octets.push(octet);
        } else {
            self.too_long();
        }
    }

    fn too_long(&mut self) {
        if !self.defects.has(Flaw::TooLong) {
            self.defects.add(Flaw::TooLong, self.read);
        }
    }
}

/// Lines of a message that may cost memory although they are empty.
pub(super) const MOST_LINES: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(octets: &[u8]) -> (Vec<(String, bool)>, Vec<Flaw>) {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for octet in octets {
            found.extend(lines.push(*octet));
        }
        found.extend(lines.end());
        let text = |line: Line| (String::from_utf8_lossy(&line.octets).into_owned(), line.has_crlf);
        (found.into_iter().map(text).collect(), lines.defects.iter().map(|defect| defect.flaw).collect())
    }

    #[test]
    fn only_crlf_ends_a_line_without_a_defect() {
        assert_eq!(lines(b"a\r\nb\r\n"), (vec![("a".into(), true), ("b".into(), true)], vec![]));
        assert_eq!(lines(b"a\nb"), (vec![("a".into(), false), ("b".into(), false)], vec![Flaw::BareLf]));
        assert_eq!(lines(b"a\rb\r\n"), (vec![("a\rb".into(), true)], vec![Flaw::BareCr]));
        assert_eq!(lines(b"a\r\r\n"), (vec![("a\r".into(), true)], vec![Flaw::BareCr]));
        assert_eq!(lines(b"a\r"), (vec![("a\r".into(), false)], vec![]));
    }

    #[test]
    fn a_line_without_end_takes_bounded_memory() {
        let mut lines = Lines::default();
        for _ in 0..MOST_KEPT + 10 {
            assert_eq!(lines.push(b'x'), None);
        }
        let line = lines.end().unwrap();
        assert_eq!((line.octets.len(), line.length), (MOST_KEPT, MOST_KEPT as u64 + 10));
        assert!(lines.defects.has(Flaw::TooLong));
    }
}
