//! Which sequence numbers were seen: a beginning without gaps, and islands above it.

use smallvec::SmallVec;

use super::sequence::{after, later};

/// Islands that are kept; more are merged with their neighbours.
const MOST: usize = 32;

/// Ranges of sequence numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Ranges {
    /// All numbers from the first one up to this one, without it, were seen.
    end: u32,
    /// Above that, in order, without touching each other.
    islands: SmallVec<[(u32, u32); 2]>,
    /// Islands were merged over gaps, so that some numbers count as seen that were not.
    blurred: bool,
}

impl Ranges {
    /// All numbers before `start` count as seen.
    pub(super) fn starting(start: u32) -> Self {
        Ranges { end: start, islands: SmallVec::new(), blurred: false }
    }

    /// The first number that was not seen.
    pub(super) fn end(&self) -> u32 {
        self.end
    }

    /// Whether there are numbers above a gap.
    pub(super) fn has_gap(&self) -> bool {
        !self.islands.is_empty()
    }

    /// The number after the last one that was seen.
    pub(super) fn last(&self) -> u32 {
        self.islands.last().map_or(self.end, |island| island.1)
    }

    /// Adds `start..end`.
    pub(super) fn add(&mut self, start: u32, end: u32) {
        if !after(end, start) {
            return;
        }
        if !after(start, self.end) {
            self.end = later(self.end, end);
            while let Some(&(left, right)) = self.islands.first() {
                if after(left, self.end) {
                    break;
                }
                self.end = later(self.end, right);
                self.islands.remove(0);
            }
            return;
        }
        let (mut start, mut end) = (start, end);
        self.islands.retain(|(left, right)| {
            let apart = after(*left, end) || after(start, *right);
            if !apart {
                start = if after(start, *left) { *left } else { start };
                end = later(end, *right);
            }
            apart
        });
        let place = self.islands.iter().position(|(left, _)| after(*left, start)).unwrap_or(self.islands.len());
        self.islands.insert(place, (start, end));
        if self.islands.len() > MOST {
            let (_, right) = self.islands.remove(1);
            self.islands[0].1 = right;
            self.blurred = true;
        }
    }

    /// Whether any of `start..end` was seen.
    pub(super) fn touches(&self, start: u32, end: u32) -> bool {
        after(self.end, start) || self.islands.iter().any(|(left, right)| after(end, *left) && after(*right, start))
    }

    /// Whether all of `start..end` was seen.
    pub(super) fn contains(&self, start: u32, end: u32) -> bool {
        !after(end, self.end)
            || self.islands.iter().any(|(left, right)| !after(*left, start) && !after(end, *right))
            || (!after(start, self.end) && self.blurred)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn islands_join_when_the_gap_is_filled() {
        let mut ranges = Ranges::starting(u32::MAX - 1);
        ranges.add(10, 20);
        ranges.add(30, 40);
        assert_eq!((ranges.end(), ranges.last(), ranges.has_gap()), (u32::MAX - 1, 40, true));
        assert!(ranges.touches(19, 21) && !ranges.touches(20, 30) && ranges.touches(u32::MAX - 2, 5));
        assert!(ranges.contains(12, 20) && !ranges.contains(12, 21) && !ranges.contains(0, 1));
        ranges.add(u32::MAX - 1, 10);
        assert_eq!(ranges.end(), 20);
        ranges.add(15, 35);
        assert_eq!((ranges.end(), ranges.has_gap()), (40, false));
    }

    #[test]
    fn overlapping_islands_become_one() {
        let mut ranges = Ranges::starting(0);
        ranges.add(10, 20);
        ranges.add(5, 12);
        ranges.add(20, 25);
        assert_eq!(ranges.islands.as_slice(), [(5, 25)]);
    }

    #[test]
    fn memory_is_bounded_on_the_side_of_doubt() {
        let mut ranges = Ranges::starting(0);
        for i in 1..1000 {
            ranges.add(i * 10, i * 10 + 1);
        }
        assert!(ranges.islands.len() <= MOST);
        assert!((1..1000).all(|i| ranges.contains(i * 10, i * 10 + 1)));
    }
}
