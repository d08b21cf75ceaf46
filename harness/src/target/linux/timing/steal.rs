//! Time that a host takes from a virtual machine.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::LazyLock;
use std::time::Duration;

/// How long the machine's processors had work and the host ran something else, together, since the machine started: the
/// "steal" of proc(5), in steps of a hundredth of a second. Zero where nothing tells it.
pub(in crate::target) fn steal_time() -> Duration {
    static STAT: LazyLock<Option<File>> = LazyLock::new(|| File::open("/proc/stat").ok());
    let mut text = [0u8; 200];
    let length = STAT.as_ref().and_then(|stat| stat.read_at(&mut text, 0).ok()).unwrap_or(0);
    parse(&text[..length]).unwrap_or_default()
}

/// The eighth number of the first line, that of all processors.
fn parse(stat: &[u8]) -> Option<Duration> {
    let line = std::str::from_utf8(stat).ok()?.lines().next()?;
    let ticks: u64 = line.strip_prefix("cpu ")?.split_ascii_whitespace().nth(7)?.parse().ok()?;
    // USER_HZ is 100 wherever Linux runs.
    Some(Duration::from_millis(ticks.saturating_mul(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_eighth_number() {
        let stat = b"cpu  2199119 2445864 808009 1428946 20581 0 6616 289615 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(parse(stat), Some(Duration::from_millis(2_896_150)));
        assert_eq!(parse(b"cpu  1 2 3"), None, "as kernels before 2.6.11 have it");
        assert_eq!(parse(b""), None);
    }

    #[test]
    fn it_does_not_go_back() {
        let before = steal_time();
        assert!(steal_time() >= before);
    }
}
