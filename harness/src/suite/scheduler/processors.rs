//! Who uses the processors: whether runs that are late are late because of each other.

use std::time::{Duration, Instant};

/// Shares of shorter times say little: the kernel counts in hundredths of a second.
const WINDOW: Duration = Duration::from_millis(200);

/// A machine of which nobody uses such a share is not what makes runs late.
const IDLE: f64 = 0.4;

/// Nor are runs that use less than this share themselves, whoever uses the rest.
const OWN: f64 = 0.2;

/// What was used of the processors lately.
#[derive(Debug, Default)]
pub(super) struct Processors {
    since: Option<(Instant, Count)>,
    shares: Option<Shares>,
}

/// Time used since some start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Count {
    /// Hundredths of a second over all processors: idle ones, and all.
    idle: u64,
    all: u64,
    /// Microseconds of this process and of the commands that it ran, if the system tells them.
    own: Option<u64>,
}

/// Shares of all processors' time, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shares {
    idle: f64,
    own: Option<f64>,
}

impl Processors {
    /// Whether runs have room: lateness then comes from elsewhere, such as a host that takes the processors away or
    /// a compiler beside, and fewer runs would be as late. False where nothing tells it.
    pub(super) fn have_room(&mut self, now: Instant) -> bool {
        let is_old = self.since.is_none_or(|(at, _)| now.saturating_duration_since(at) >= WINDOW);
        if is_old && let Some(count) = Count::now() {
            self.shares = self.since.and_then(|(_, last)| last.shares(count)).or(self.shares);
            self.since = Some((now, count));
        }
        self.shares.is_some_and(|shares| shares.idle > IDLE || shares.own.is_some_and(|own| own < OWN))
    }
}

impl Count {
    #[cfg(target_os = "linux")]
    fn now() -> Option<Self> {
        let times = crate::target::linux::ProcessorTimes::now()?;
        Some(Count { idle: times.idle, all: times.all, own: own_time() })
    }

    #[cfg(not(target_os = "linux"))]
    fn now() -> Option<Self> {
        None
    }

    fn shares(self, later: Count) -> Option<Shares> {
        let all = later.all.checked_sub(self.all).filter(|all| *all > 0)? as f64;
        let own = later.own.zip(self.own).map(|(later, own)| later.saturating_sub(own) as f64 / (all * 10_000.0));
        Some(Shares { idle: later.idle.saturating_sub(self.idle) as f64 / all, own })
    }
}

#[cfg(target_os = "linux")]
fn own_time() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let time = |who| getrusage(who).map(|usage| usage.user_time() + usage.system_time());
    let all = time(UsageWho::RUSAGE_SELF).ok()? + time(UsageWho::RUSAGE_CHILDREN).ok()?;
    u64::try_from(all.num_microseconds()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_between_two_counts() {
        let first = Count { idle: 850, all: 1_000, own: None };
        // 100 ticks more: 60 idle, 10 waiting for a disk, 20 of others, 10 taken by the host.
        let second = Count { idle: 920, all: 1_100, own: None };
        assert_eq!(first.shares(second), Some(Shares { idle: 0.7, own: None }));
        assert_eq!(second.shares(second), None, "no time went by");
        assert_eq!(second.shares(first), None, "counts that go back tell nothing");
        let own = |count: Count, own| Count { own: Some(own), ..count };
        assert_eq!(own(first, 7_000).shares(own(second, 107_000)), Some(Shares { idle: 0.7, own: Some(0.1) }));
    }
}
