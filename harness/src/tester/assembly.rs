//! What comes from the peer, put in order.

use std::collections::BTreeMap;

/// The peer's stream. Octets are counted from its beginning.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// The octet that comes next.
    next: u64,
    /// Octets in order that nobody has taken yet.
    ready: Vec<u8>,
    /// Octets beyond a gap, by the number of their first.
    early: BTreeMap<u64, Vec<u8>>,
}

impl Assembly {
    /// The octet that comes next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Octets in order that nobody has taken yet.
    pub(super) fn ready(&self) -> &[u8] {
        &self.ready
    }

    /// Takes the first `count` of them.
    pub(super) fn take(&mut self, count: usize) {
        self.ready.drain(..count.min(self.ready.len()));
    }

    /// Keeps `octets`, the first of which has number `start`, as far as they lie before `limit`. What was there already
    /// stays as it was.
    pub(super) fn add(&mut self, start: u64, octets: &[u8], limit: u64) {
        let room = usize::try_from(limit.saturating_sub(start)).unwrap_or(usize::MAX);
        let octets = &octets[..octets.len().min(room)];
        let known = usize::try_from(self.next.saturating_sub(start)).unwrap_or(usize::MAX);
        let Some(new) = octets.get(known..).filter(|new| !new.is_empty()) else { return };
        let start = start.max(self.next);
        if start > self.next {
            let kept = self.early.entry(start).or_default();
            if kept.len() < new.len() {
                *kept = new.to_vec();
            }
            return;
        }
        self.append(new);
        while let Some(entry) = self.early.first_entry().filter(|entry| *entry.key() <= self.next) {
            let (start, octets) = entry.remove_entry();
            let known = usize::try_from(self.next - start).unwrap_or(usize::MAX);
            self.append(octets.get(known..).unwrap_or_default());
        }
    }

    fn append(&mut self, octets: &[u8]) {
        self.ready.extend_from_slice(octets);
        self.next += octets.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_and_overlap_give_the_stream() {
        let mut assembly = Assembly::default();
        for (start, octets) in [(6, "ghi"), (2, "cd"), (3, "de"), (0, "ab"), (1, "bc"), (4, "efg")] {
            assembly.add(start, octets.as_bytes(), 100);
        }
        assert_eq!((assembly.ready(), assembly.next()), (&b"abcdefghi"[..], 9));
        assembly.take(4);
        assert_eq!(assembly.ready(), b"efghi");
        assembly.add(9, b"j", 100);
        assert_eq!(assembly.ready(), b"efghij");
    }

    #[test]
    fn what_lies_beyond_the_window_is_not_kept() {
        let mut assembly = Assembly::default();
        assembly.add(0, b"abcdef", 4);
        assembly.add(9, b"x", 4);
        assert_eq!((assembly.ready(), assembly.next()), (&b"abcd"[..], 4));
        assert!(assembly.early.is_empty());
    }
}
