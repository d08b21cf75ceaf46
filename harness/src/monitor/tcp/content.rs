//! The octets that one end sent, to be held against what it sends again.

use crate::monitor::sequence::after;

/// Octets that are kept of each end.
const MOST: usize = 32 * 1024;

/// The last octets of a stream, without gaps.
#[derive(Debug, Default)]
pub(super) struct Content {
    start: u32,
    octets: Vec<u8>,
}

impl Content {
    pub(super) fn clear(&mut self) {
        self.octets.clear();
    }

    /// The stream begins at `start`.
    pub(super) fn begin(&mut self, start: u32) {
        self.start = start;
        self.octets.clear();
    }

    /// Adds octets; gives the first sequence number whose octet was another one before, with both octets.
    pub(super) fn add(&mut self, start: u32, octets: &[u8]) -> Option<(u32, u8, u8)> {
        if octets.is_empty() {
            return None;
        }
        let end = self.start.wrapping_add(self.octets.len() as u32);
        if after(start, end) || after(self.start, start.wrapping_add(octets.len() as u32)) {
            // A gap, or older than what is kept: the newest octets are the ones that may come again.
            if after(start, end) {
                self.begin(start);
                self.extend(octets);
            }
            return None;
        }
        // Where the octets begin in what is kept; what lies before it is forgotten already.
        let skip = if after(self.start, start) { self.start.wrapping_sub(start) as usize } else { 0 };
        let octets_kept = &octets[skip.min(octets.len())..];
        let at = start.wrapping_add(skip as u32).wrapping_sub(self.start) as usize;
        let common = octets_kept.len().min(self.octets.len().saturating_sub(at));
        let old = self.octets.get(at..at + common).unwrap_or_default();
        let different = (old != &octets_kept[..common])
            .then(|| (0..common).find(|i| old[*i] != octets_kept[*i]))
            .flatten()
            .map(|i| (self.start.wrapping_add((at + i) as u32), old[i], octets_kept[i]));
        self.extend(&octets_kept[common..]);
        different
    }

    fn extend(&mut self, octets: &[u8]) {
        self.octets.extend_from_slice(octets);
        if self.octets.len() > 2 * MOST {
            let forgotten = self.octets.len() - MOST;
            self.octets.drain(..forgotten);
            self.start = self.start.wrapping_add(forgotten as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_compared() {
        let mut content = Content::default();
        content.begin(u32::MAX - 1);
        assert_eq!(content.add(u32::MAX - 1, b"abcdef"), None);
        assert_eq!(content.add(0, b"cdefgh"), None);
        assert_eq!(content.add(2, b"eXgh"), Some((3, b'f', b'X')));
    }

    #[test]
    fn a_gap_begins_anew() {
        let mut content = Content::default();
        content.begin(0);
        content.add(0, b"abc");
        assert_eq!(content.add(10, b"klm"), None);
        assert_eq!(content.add(0, b"xyz"), None, "no more known");
        assert_eq!(content.add(11, b"x"), Some((11, b'l', b'x')));
    }

    #[test]
    fn memory_is_bounded() {
        let mut content = Content::default();
        content.begin(0);
        for i in 0..1000u32 {
            assert_eq!(content.add(i * 1000, &[7; 1000]), None);
        }
        assert!(content.octets.len() <= 2 * MOST);
        assert_eq!(content.add(999_000, &[8; 1]), Some((999_000, 7, 8)));
    }
}
