//! The kernel's tick, by which its timers are rounded.
//!
//! A retransmission timer set for 200 ms fires with the tick after that. A run that begins just before a tick sees
//! other times than one that begins just after it, and one that begins with it sees now the one, now the other. So
//! runs begin a little after a tick, where packetdrill lets them begin too.

use super::clock::monotonic;

/// How long after a tick a run begins, in nanoseconds.
const AFTER: u64 = 250_000;

/// When the ticks are on CLOCK_MONOTONIC, in nanoseconds: at `last`, and every `period` from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    period: u64,
    last: u64,
}

/// The next good moment to begin, in nanoseconds of CLOCK_MONOTONIC: at most one tick from now.
pub(super) fn next_beginning() -> u64 {
    Ticks::read().next_beginning(monotonic())
}

impl Ticks {
    /// The coarse clock stands at the last tick, and its resolution is the time between two.
    fn read() -> Ticks {
        let mut resolution = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let mut last = resolution;
        // SAFETY: both structures are valid for writing; the clock exists since Linux 2.6.32, so the calls succeed.
        unsafe {
            libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &mut resolution);
            libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &mut last);
        }
        let period = (resolution.tv_nsec as u64).clamp(1_000_000, 10_000_000);
        Ticks { period, last: last.tv_sec as u64 * 1_000_000_000 + last.tv_nsec as u64 }
    }

    fn next_beginning(self, now: u64) -> u64 {
        let begin = self.last + AFTER;
        match now.checked_sub(begin) {
            None => begin,
            Some(since) => begin + since.div_ceil(self.period) * self.period,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_begins_after_the_next_tick() {
        let ticks = Ticks { period: 4_000_000, last: 7_900_000 };
        assert_eq!(ticks.next_beginning(8_000_000), 8_150_000);
        assert_eq!(ticks.next_beginning(8_150_000), 8_150_000);
        assert_eq!(ticks.next_beginning(8_150_001), 12_150_000);
        assert_eq!(ticks.next_beginning(99_000_000), 100_150_000);
    }

    #[test]
    fn the_beginning_is_less_than_a_tick_away() {
        let ticks = Ticks::read();
        let now = monotonic();
        let begin = ticks.next_beginning(now);
        assert!((now..now + ticks.period).contains(&begin), "{ticks:?}: {begin} at {now}");
    }
}
