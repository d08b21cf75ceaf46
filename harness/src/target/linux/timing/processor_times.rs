//! What the machine's processors did, and what a host took of them.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::LazyLock;
use std::time::Duration;

/// Hundredths of a second of all processors together since the machine started, as the first line of `/proc/stat` has them
/// (proc(5)). USER_HZ is 100 wherever Linux runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessorTimes {
    /// Nothing was to be done, but for waiting for a disk.
    pub idle: u64,
    /// There was work, and the host of a virtual machine ran something else: "steal".
    pub stolen: u64,
    /// All of it, these two included.
    pub all: u64,
}

impl ProcessorTimes {
    /// Up to now; `None` where the kernel does not tell.
    pub(crate) fn now() -> Option<ProcessorTimes> {
        static STAT: LazyLock<Option<File>> = LazyLock::new(|| File::open("/proc/stat").ok());
        let mut text = [0u8; 200];
        let length = STAT.as_ref()?.read_at(&mut text, 0).ok()?;
        ProcessorTimes::parse(&text[..length])
    }

    /// The first line: user, nice, system, idle, waiting for disks, interrupts, soft interrupts, taken by the host.
    fn parse(stat: &[u8]) -> Option<ProcessorTimes> {
        let numbers = std::str::from_utf8(stat).ok()?.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
        let numbers: Vec<u64> = numbers.take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
        let &[_, _, _, idle, waiting, .., stolen] = &numbers[..] else { return None };
        let all = numbers.iter().fold(0, |all: u64, number| all.saturating_add(*number));
        // Kernels before 2.6.11 tell of no host.
        let stolen = if numbers.len() == 8 { stolen } else { 0 };
        Some(ProcessorTimes { idle: idle.saturating_add(waiting), stolen, all })
    }
}

/// What a host took so far. Zero where nothing tells it.
pub(in crate::target) fn steal_time() -> Duration {
    ProcessorTimes::now().map_or(Duration::ZERO, |times| Duration::from_millis(times.stolen.saturating_mul(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_that_of_all_processors() {
        let stat = b"cpu  120 0 50 860 60 1 2 10 7 7\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(ProcessorTimes::parse(stat), Some(ProcessorTimes { idle: 920, stolen: 10, all: 1_103 }));
        let old = ProcessorTimes::parse(b"cpu  100 0 50 800 50 5 5\n");
        assert_eq!(old, Some(ProcessorTimes { idle: 850, stolen: 0, all: 1_010 }));
    }

    #[test]
    fn what_is_no_count_gives_none() {
        for text in ["", "cpu", "cpu  1 2", "cpu  a b c d e", "intr 1 2 3 4 5"] {
            assert_eq!(ProcessorTimes::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn it_does_not_go_back() {
        let before = steal_time();
        assert!(steal_time() >= before);
    }
}
