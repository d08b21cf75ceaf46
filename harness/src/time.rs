//! Time as a target tells it: microseconds since the target was created.
//!
//! Nothing here reads a clock. A target owns time; the engine only compares and adds.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point on a target's clock, in microseconds since the target was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The moment the target was created.
    pub const ZERO: Instant = Instant(0);
    /// Later than anything a run can reach: wait without limit.
    pub const FAR_FUTURE: Instant = Instant(u64::MAX);

    /// The point `micros` microseconds after the target was created.
    pub const fn from_micros(micros: u64) -> Self {
        Instant(micros)
    }

    /// Microseconds since the target was created.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Instant) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// `self - other` in microseconds, negative if `other` is later.
    pub const fn micros_since(self, other: Instant) -> i64 {
        self.0.wrapping_sub(other.0) as i64
    }

    /// The point `micros` microseconds away, which may lie before `self`; never before zero.
    pub const fn offset(self, micros: i64) -> Instant {
        Instant(self.0.saturating_add_signed(micros))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, rhs: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(rhs.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, rhs: Instant) -> Duration {
        self.saturating_since(rhs)
    }
}

impl fmt::Display for Instant {
    /// Seconds with six decimals, as scripts write time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_seconds_with_six_decimals() {
        assert_eq!(Instant::from_micros(1_000_250).to_string(), "1.000250");
    }

    #[test]
    fn offset_stops_at_zero() {
        assert_eq!(Instant::from_micros(5).offset(-7), Instant::ZERO);
        assert_eq!(Instant::from_micros(5).micros_since(Instant::from_micros(7)), -2);
    }
}
