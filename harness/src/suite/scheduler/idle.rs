//! How much of the machine nobody uses: whether runs that are late are late because of each other.

use std::time::{Duration, Instant};

/// Shares of shorter times say little: the kernel counts in hundredths of a second.
const WINDOW: Duration = Duration::from_millis(200);

/// The share of the processors' time that was idle lately, from what Linux counts in `/proc/stat`.
#[derive(Debug, Default)]
pub(super) struct Idle {
    since: Option<(Instant, Ticks)>,
    share: Option<f64>,
}

/// Hundredths of a second over all processors since the machine started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    idle: u64,
    all: u64,
}

impl Idle {
    /// From 0 to 1; `None` where nothing tells it. It is counted again when the last count is old enough.
    pub(super) fn share(&mut self, now: Instant) -> Option<f64> {
        let is_old = self.since.is_none_or(|(at, _)| now.saturating_duration_since(at) >= WINDOW);
        if is_old && let Some(ticks) = std::fs::read_to_string("/proc/stat").ok().as_deref().and_then(parse) {
            self.share = self.since.and_then(|(_, last)| share(last, ticks)).or(self.share);
            self.since = Some((now, ticks));
        }
        self.share
    }
}

fn share(from: Ticks, to: Ticks) -> Option<f64> {
    let all = to.all.checked_sub(from.all).filter(|all| *all > 0)?;
    Some(to.idle.saturating_sub(from.idle) as f64 / all as f64)
}

/// The first line: user, nice, system, idle, waiting for disks, interrupts, soft interrupts, taken by the host.
fn parse(text: &str) -> Option<Ticks> {
    let numbers = text.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let numbers: Vec<u64> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
    let idle = numbers.get(3)?.saturating_add(*numbers.get(4)?);
    Some(Ticks { idle, all: numbers.iter().fold(0, |all, number| all.saturating_add(*number)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_share_between_two_counts() {
        let first = parse("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3\n").expect("a count");
        assert_eq!(first, Ticks { idle: 850, all: 1_000 });
        // 100 ticks more: 60 idle, 10 waiting for a disk, 20 of others, 10 taken by the host.
        let second = parse("cpu  120 0 50 860 60 0 0 10 7 7\n").expect("a count");
        assert_eq!(share(first, second), Some(0.7));
        assert_eq!(share(second, second), None, "no time went by");
        assert_eq!(share(second, first), None, "counts that go back tell nothing");
    }

    #[test]
    fn what_is_no_count_gives_none() {
        for text in ["", "cpu", "cpu  1 2", "cpu  a b c d e", "intr 1 2 3 4 5"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
