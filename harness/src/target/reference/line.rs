//! Lines of text protocols as they arrive. CR LF ends a line and nothing else does.

/// A line without its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Its octets, at most as many as are kept.
    pub(super) octets: Vec<u8>,
    /// It had more octets than are kept.
    pub(super) is_too_long: bool,
}

/// Collects a line octet by octet.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    line: Line,
    after_cr: bool,
}

impl Lines {
    /// Takes an octet; gives the line that it ends. `most` octets of a line are kept. With `lf_ends`, LF alone ends a
    /// line too.
    pub(super) fn push(&mut self, octet: u8, most: usize, lf_ends: bool) -> Option<Line> {
        let after_cr = std::mem::take(&mut self.after_cr);
        if octet == b'\n' && (after_cr || lf_ends) {
            return Some(std::mem::take(&mut self.line));
        }
        if after_cr {
            self.keep(b'\r', most);
        }
        if octet == b'\r' {
            self.after_cr = true;
        } else {
            self.keep(octet, most);
        }
        None
    }

    /// Whether nothing of a line has come.
    pub(super) fn is_empty(&self) -> bool {
        !self.after_cr && self.line.octets.is_empty() && !self.line.is_too_long
    }

    /// Octets of the line so far.
    pub(super) fn length(&self) -> usize {
        self.line.octets.len()
    }

    /// What there is of a line that is not awaited any more.
    pub(super) fn abandon(&mut self) -> Vec<u8> {
        std::mem::take(self).line.octets
    }

    fn keep(&mut self, octet: u8, most: usize) {
        if self.line.octets.len() < most {
            self.line.octets.push(octet);
        } else {
            self.line.is_too_long = true;
        }
    }
}

/// The text without blanks (SP and HTAB) around it.
pub(super) fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// What stands before the first `separator` and what behind it; all and nothing without one.
pub(super) fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|octet| *octet == separator) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// A decimal number of digits alone; as large as can be where it does not fit.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0_u64, |n, digit| n.saturating_mul(10).saturating_add(u64::from(digit - b'0'))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, lf_ends: bool) -> Vec<String> {
        let mut lines = Lines::default();
        let found = text.bytes().filter_map(|octet| lines.push(octet, 4, lf_ends));
        found.map(|line| format!("{:?}{}", String::from_utf8_lossy(&line.octets), line.is_too_long)).collect()
    }

    #[test]
    fn only_crlf_ends_a_line() {
        assert_eq!(lines("a\nb\rc\r\nd", false), ["\"a\\nb\\r\"true"]);
        assert_eq!(lines("a\r\r\n\r\n", false), ["\"a\\r\"false", "\"\"false"]);
        assert_eq!(lines("a\nb\r\n", true), ["\"a\"false", "\"b\"false"]);
    }

    #[test]
    fn numbers_do_not_wrap() {
        assert_eq!(decimal(b"007"), Some(7));
        assert_eq!(decimal(b"99999999999999999999999"), Some(u64::MAX));
        assert_eq!((decimal(b""), decimal(b"+1"), decimal(b"1x")), (None, None, None));
    }
}
