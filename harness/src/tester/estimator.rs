//! The retransmission timeout (RFC 6298).

use std::time::Duration;

use crate::time::Instant;

/// SRTT, RTTVAR and RTO of one connection, with the measurement under way.
#[derive(Debug)]
pub(super) struct Estimator {
    smoothed: Option<(Duration, Duration)>,
    timeout: Duration,
    /// The octet whose acknowledgment is timed, and when it was sent.
    timed: Option<(u64, Instant)>,
}

/// Section 2.1, and the bound of 2.4.
const INITIAL: Duration = Duration::from_secs(1);
const LEAST: Duration = Duration::from_secs(1);
/// Section 2.5.
const MOST: Duration = Duration::from_secs(60);

impl Estimator {
    pub(super) fn new() -> Self {
        Estimator { smoothed: None, timeout: INITIAL, timed: None }
    }

    /// The RTO.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Octets up to `end` were sent for the first time: they are timed if nothing is.
    pub(super) fn sent(&mut self, end: u64, now: Instant) {
        self.timed.get_or_insert((end, now));
    }

    /// Something was sent again: its acknowledgment could belong to either (section 3).
    pub(super) fn retransmitted(&mut self) {
        self.timed = None;
    }

    /// The timer expired (section 5.5).
    pub(super) fn back_off(&mut self) {
        self.timeout = (self.timeout * 2).min(MOST);
    }

    /// Octets up to `end` were acknowledged.
    pub(super) fn acknowledged(&mut self, end: u64, now: Instant) {
        let Some((timed, sent)) = self.timed.filter(|(timed, _)| *timed <= end) else { return };
        debug_assert!(timed <= end, "only what is acknowledged is measured");
        self.timed = None;
        let measured = now.saturating_since(sent);
        let (smoothed, variation) = match self.smoothed {
            None => (measured, measured / 2),
            Some((smoothed, variation)) => {
                (smoothed * 7 / 8 + measured / 8, variation * 3 / 4 + smoothed.abs_diff(measured) / 4)
            }
        };
        self.smoothed = Some((smoothed, variation));
        self.timeout = (smoothed + variation * 4).clamp(LEAST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1_000)
    }

    #[test]
    fn the_timeout_follows_the_measurements() {
        let mut estimator = Estimator::new();
        assert_eq!(estimator.timeout(), INITIAL);
        estimator.sent(1, at(0));
        estimator.acknowledged(1, at(800));
        assert_eq!(estimator.timeout(), Duration::from_millis(800 + 4 * 400));
        estimator.sent(2, at(1_000));
        estimator.acknowledged(2, at(1_800));
        assert_eq!(estimator.timeout(), Duration::from_millis(800 + 4 * 300));
        estimator.back_off();
        assert_eq!(estimator.timeout(), Duration::from_millis(4_000));
    }

    #[test]
    fn what_was_sent_twice_is_not_measured() {
        let mut estimator = Estimator::new();
        estimator.sent(1, at(0));
        estimator.retransmitted();
        estimator.acknowledged(1, at(5_000));
        assert_eq!(estimator.timeout(), INITIAL);
    }
}
