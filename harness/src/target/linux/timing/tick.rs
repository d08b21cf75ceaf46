//! The kernel's tick, by which its timers are rounded.
//!
//! A retransmission timer set for 200 ms fires with the tick after that. A run that begins just before a tick sees
//! other times than one that begins just after it, and one that begins with it sees now the one, now the other. So
//! runs begin a little after a tick, where packetdrill lets them begin too.
//!
//! When the ticks are must be watched for, once: the coarse clocks are counted from another beginning, and stand some
//! part of a tick beside it. times(2) advances with the ticks themselves.

use std::sync::LazyLock;

use super::clock::monotonic;

/// How long after a tick a run begins, in nanoseconds.
const AFTER: u64 = 250_000;
/// A tick is known well enough if it lies in a window of so many nanoseconds. A thread that is never interrupted sees
/// one of some hundred.
const EXACT: u64 = 20_000;
/// How many ticks to watch for at most, for the narrowest window on a machine that interrupts much.
const TRIES: usize = 12;

/// When the ticks are on CLOCK_MONOTONIC, in nanoseconds: at `phase`, and every `period` from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    period: u64,
    phase: u64,
}

static TICKS: LazyLock<Ticks> = LazyLock::new(Ticks::measure);

/// The next good moment to begin, in nanoseconds of CLOCK_MONOTONIC: at most one tick from now, and so many ninths of a
/// tick later than usual. The first call in a process takes some 10 ms.
pub(in crate::target::linux) fn next_beginning(ninths: u32) -> u64 {
    let ticks = TICKS.shifted(ninths);
    ticks.next_beginning(monotonic())
}

impl Ticks {
    fn measure() -> Ticks {
        let mut resolution = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the resolution is valid for writing. That of the coarse clock is the tick.
        unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC_COARSE, &mut resolution) };
        let period = (resolution.tv_nsec as u64).clamp(1_000_000, 10_000_000);
        let mut best = watch_for_tick();
        for _ in 1..TRIES {
            if best.width <= EXACT {
                break;
            }
            let window = watch_for_tick();
            if window.width < best.width {
                best = window;
            }
        }
        Ticks { period, phase: best.end % period }
    }

    fn shifted(self, ninths: u32) -> Ticks {
        Ticks { phase: (self.phase + self.period * u64::from(ninths % 9) / 9) % self.period, ..self }
    }

    fn next_beginning(self, now: u64) -> u64 {
        let since = (now + self.period - (self.phase + AFTER) % self.period) % self.period;
        if since == 0 { now } else { now + self.period - since }
    }
}

/// A tick came in the `width` nanoseconds before `end` (CLOCK_MONOTONIC).
struct Window {
    end: u64,
    width: u64,
}

/// Watches times(2) until it advances, every 10 ms or so.
fn watch_for_tick() -> Window {
    // SAFETY: a null pointer is allowed.
    let count = || unsafe { libc::times(std::ptr::null_mut()) };
    let mut not_yet = monotonic();
    let first = count();
    let patience = not_yet + 50_000_000;
    loop {
        let before = monotonic();
        let advanced = count() != first;
        let end = monotonic();
        if advanced || end > patience {
            return Window { end, width: if advanced { end - not_yet } else { u64::MAX } };
        }
        not_yet = before;
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
        assert_eq!(ticks.shifted(3).next_beginning(3_999_999), 5_583_333);
        assert_eq!(ticks.shifted(9), ticks);
    }

    /// Two ticks that were seen exactly are whole periods apart; on a busy machine none may be.
    #[test]
    fn ticks_are_whole_periods_apart() {
        let period = Ticks::measure().period;
        let (one, other) = (watch_for_tick(), watch_for_tick());
        if one.width > EXACT || other.width > EXACT {
            return eprintln!("NOT TESTED: the machine is too busy to see a tick");
        }
        let past = (other.end - one.end) % period;
        let apart = past.min(period - past);
        assert!(apart <= one.width + other.width + 50_000, "{apart} ns");
    }
}
