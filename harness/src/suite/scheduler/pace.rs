//! How many real-clock runs at once: more while they are served in time, fewer when they make each other late.
//!
//! Where they have room lateness comes from elsewhere, and fewer runs would be as late as many.

use std::time::{Duration, Instant};

use super::processors::Processors;

/// At the start, per core. A run mostly waits.
const AT_START: usize = 16;
/// At most, per core.
const AT_MOST: usize = 96;
/// At least, per core: where others keep the machine busy, few runs are as late as many.
const AT_LEAST: usize = 8;
/// How many go on at once, per core, when the second try starts, and when a later one does; and how many times as
/// many second tries where they have room.
const FEW: usize = 4;
const VERY_FEW: usize = 2;
const MORE: usize = 4;
/// A run that was later than this was served too late: half the least tolerance. In microseconds.
const LATE: u64 = 2_000;
/// A run that was never later than this leaves room for more. In microseconds.
const IN_TIME: u64 = 700;
/// After a decrease its effect is awaited: runs that started before say nothing new.
const SETTLE: Duration = Duration::from_millis(200);

/// Additive increase, multiplicative decrease, as TCP finds its window.
#[derive(Debug)]
pub(super) struct Pace {
    limit: f64,
    least: f64,
    most: f64,
    decreased: Option<Instant>,
    processors: Processors,
    has_room: bool,
}

impl Pace {
    /// A pace for this many cores that never exceeds `most`.
    pub(super) fn new(cores: usize, most: Option<usize>) -> Self {
        let most = most.unwrap_or(cores * AT_MOST).max(1);
        Pace {
            limit: (cores * AT_START).min(most) as f64,
            least: (cores * AT_LEAST).min(most) as f64,
            most: most as f64,
            decreased: None,
            processors: Processors::default(),
            has_room: false,
        }
    }

    /// How many runs may go on at once, at least one.
    pub(super) fn limit(&self) -> usize {
        (self.limit as usize).max(1)
    }

    /// How many short runs may go on when one starts that asks for this degree of quiet, from none on.
    pub(super) fn limit_of(&self, quiet: usize, cores: usize) -> usize {
        let more = if self.has_room { MORE } else { 1 };
        match quiet {
            0 => usize::MAX,
            1 => cores * FEW * more,
            // The last tries are what a verdict hangs on.
            _ => cores * VERY_FEW,
        }
    }

    /// A run has ended that was `lateness` microseconds late at worst.
    pub(super) fn observe(&mut self, lateness: u64, now: Instant) {
        self.has_room = self.processors.have_room(now);
        self.adapt(lateness, now);
    }

    fn adapt(&mut self, lateness: u64, now: Instant) {
        if lateness > LATE && !self.has_room {
            if self.decreased.is_none_or(|at| now.saturating_duration_since(at) > SETTLE) {
                self.limit = (self.limit * 0.7).max(self.least);
                self.decreased = Some(now);
            }
        } else if lateness < IN_TIME || self.has_room {
            self.limit = (self.limit + 0.5).min(self.most);
        }
    }

    /// The system has no more threads than these to give.
    pub(super) fn cap(&mut self, running: usize) {
        self.most = self.most.min(running.max(1) as f64);
        self.limit = self.limit.min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_while_in_time_and_shrinks_when_late() {
        let now = Instant::now();
        let mut pace = Pace::new(2, None);
        assert_eq!(pace.limit(), 32);
        for _ in 0..8 {
            pace.adapt(100, now);
        }
        assert_eq!(pace.limit(), 36);
        pace.adapt(5_000, now);
        assert_eq!(pace.limit(), 25);
        pace.adapt(5_000, now);
        assert_eq!(pace.limit(), 25, "a second late run of the same crowd says nothing new");
        for n in 1..100 {
            pace.adapt(5_000, now + SETTLE * (2 * n));
        }
        assert_eq!(pace.limit(), 16);
    }

    /// A host that took a tenth of the processors' time made runs late that used three hundredths of it, and the suite
    /// took twice as long: few went on at once, which helped nobody.
    #[test]
    fn it_does_not_shrink_while_there_is_room() {
        let now = Instant::now();
        let mut pace = Pace::new(2, None);
        assert_eq!((pace.limit_of(1, 2), pace.limit_of(2, 2)), (8, 4));
        pace.has_room = true;
        pace.adapt(20_000, now);
        pace.adapt(20_000, now + SETTLE * 2);
        assert_eq!(pace.limit(), 33);
        assert_eq!((pace.limit_of(1, 2), pace.limit_of(2, 2)), (32, 4));
    }

    #[test]
    fn the_users_number_is_never_exceeded() {
        let mut pace = Pace::new(2, Some(1));
        for _ in 0..100 {
            pace.adapt(0, Instant::now());
        }
        assert_eq!(pace.limit(), 1);
    }
}
