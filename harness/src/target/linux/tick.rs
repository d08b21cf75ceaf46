//! The kernel's tick, by which its timers are rounded.
//!
//! A retransmission timer set for 200 ms fires with the tick after that. A run that begins just before a tick sees
//! other times than one that begins just after it, and one that begins with it sees now the one, now the other. So
//! runs begin a little after a tick, where packetdrill lets them begin too.

use std::sync::LazyLock;

use super::clock::monotonic;

/// How long after a tick a run begins, in nanoseconds.
const AFTER: u64 = 250_000;

/// When the ticks are on CLOCK_MONOTONIC, in nanoseconds: at `phase`, and every `period` from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    period: u64,
    phase: u64,
}

static TICKS: LazyLock<Ticks> = LazyLock::new(Ticks::measure);

/// The next good moment to begin, in nanoseconds of CLOCK_MONOTONIC. The first call takes some 30 ms.
pub(super) fn next_beginning() -> u64 {
    let ticks = *TICKS;
    ticks.next_beginning(monotonic())
}

impl Ticks {
    fn measure() -> Ticks {
        let mut resolution = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the resolution is valid for writing. That of the coarse clock is the tick.
        unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &mut resolution) };
        let period = (resolution.tv_nsec as u64).clamp(1_000_000, 10_000_000);
        // A tick is never seen before it happens, only after: the earliest of a few is the best.
        let edges: [u64; 3] = std::array::from_fn(|_| watch_for_edge());
        let earliest = edges.iter().map(|edge| offset(*edge, edges[0], period)).min().unwrap_or(0);
        Ticks { period, phase: edges[0].wrapping_add_signed(earliest) % period }
    }

    fn next_beginning(self, now: u64) -> u64 {
        let within = (now + self.period - (self.phase + AFTER) % self.period) % self.period;
        if within == 0 { now } else { now + self.period - within }
    }
}

/// How much later in its period `edge` is than `reference`, in nanoseconds; negative if earlier.
fn offset(edge: u64, reference: u64, period: u64) -> i64 {
    let later = (edge - reference) % period;
    if later > period / 2 { later as i64 - period as i64 } else { later as i64 }
}

/// Watches times(2) until it advances, which it does with a tick, every 10 ms or so.
fn watch_for_edge() -> u64 {
    // SAFETY: a null pointer is allowed.
    let count = || unsafe { libc::times(std::ptr::null_mut()) };
    let before = count();
    let patience = monotonic() + 50_000_000;
    loop {
        let changed = count() != before;
        let now = monotonic();
        if changed || now > patience {
            return now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_begins_after_the_next_tick() {
        let ticks = Ticks { period: 4_000_000, phase: 3_900_000 };
        assert_eq!(ticks.next_beginning(8_000_000), 8_150_000);
        assert_eq!(ticks.next_beginning(8_150_000), 8_150_000);
        assert_eq!(ticks.next_beginning(8_150_001), 12_150_000);
        let ticks = Ticks { period: 4_000_000, phase: 0 };
        assert_eq!(ticks.next_beginning(3_999_999), 4_250_000);
    }

    #[test]
    fn offsets_go_the_short_way_round() {
        assert_eq!(offset(10_000_100, 2_000_000, 4_000_000), 100);
        assert_eq!(offset(9_999_900, 2_000_000, 4_000_000), -100);
    }

    #[test]
    fn measuring_again_finds_the_same_ticks() {
        let (one, other) = (Ticks::measure(), Ticks::measure());
        assert_eq!(one.period, other.period);
        let apart = offset(one.phase + one.period, other.phase, one.period).unsigned_abs();
        assert!(apart < 500_000, "{one:?} and {other:?}");
    }
}
