//! How the run's thread is scheduled, and how late that makes the tester.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use super::clock::{monotonic, thread_running};
use crate::target::linux::system::check;

/// Gives the calling thread the lowest real-time priority for as long as this lives, if that is allowed and there is
/// more than one processor. Threads and processes it starts do not inherit it.
#[derive(Debug)]
pub(in crate::target::linux) struct RealTime {
    active: bool,
}

impl RealTime {
    /// Tries it; goes on without.
    pub(in crate::target::linux) fn try_enter() -> RealTime {
        // Asked once: the answer is put together from files.
        static SEVERAL: LazyLock<bool> =
            LazyLock::new(|| std::thread::available_parallelism().is_ok_and(|count| count.get() > 1));
        // SAFETY: no pointers are passed.
        let priority = unsafe { libc::sched_get_priority_min(libc::SCHED_RR) };
        let active = *SEVERAL && set_policy(libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, priority).is_ok();
        // A sleep ends when it should and not up to 50 µs later. Has no meaning for a real-time thread.
        // SAFETY: PR_SET_TIMERSLACK takes an integer.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
        RealTime { active }
    }

    /// Whether it was allowed.
    pub(in crate::target::linux) fn is_active(&self) -> bool {
        self.active
    }
}

impl Drop for RealTime {
    fn drop(&mut self) {
        if self.active && set_policy(libc::SCHED_OTHER, 0).is_err() {
            tracing::warn!("a thread could not give back its real-time priority");
        }
    }
}

fn set_policy(policy: libc::c_int, priority: libc::c_int) -> io::Result<()> {
    let parameter = libc::sched_param { sched_priority: priority };
    // SAFETY: the parameter is valid for reading; thread 0 is the calling one.
    check(unsafe { libc::sched_setscheduler(0, policy, &parameter) })?;
    Ok(())
}

/// How long the run's thread was ready to run but did not, in nanoseconds.
///
/// Where the kernel keeps an account of it, that is read. Elsewhere two things are measured: how much later than asked
/// the thread woke, and how much time it did not spend on a processor without having slept.
#[derive(Debug)]
pub(in crate::target::linux) struct Lateness {
    account: Option<Account>,
    /// What is known up to `checkpoint`.
    total: Cell<u64>,
    checkpoint: Cell<Checkpoint>,
}

/// Where a thread was at some time.
#[derive(Clone, Copy, Debug)]
struct Checkpoint {
    /// CLOCK_MONOTONIC.
    wall: u64,
    /// The thread's time on a processor.
    running: u64,
    /// How often the thread has gone to sleep.
    sleeps: i64,
}

/// Looking more often than this, in nanoseconds, would cost more than it tells: scripts tolerate milliseconds.
const GRAIN: u64 = 500_000;

impl Lateness {
    /// Begins to count for the calling thread.
    pub(in crate::target::linux) fn start() -> Lateness {
        Lateness { account: Account::open(), total: Cell::new(0), checkpoint: Cell::new(Checkpoint::now()) }
    }

    /// Up to now.
    pub(in crate::target::linux) fn total(&self) -> Duration {
        if monotonic().saturating_sub(self.checkpoint.get().wall) >= GRAIN {
            self.advance();
        }
        Duration::from_nanos(self.total.get())
    }

    /// The thread is about to sleep.
    pub(in crate::target::linux) fn before_sleep(&mut self) {
        self.advance();
    }

    /// The thread woke; it had asked to be woken at `due` (CLOCK_MONOTONIC) if by nothing else.
    pub(in crate::target::linux) fn after_sleep(&mut self, due: Option<u64>) {
        let now = Checkpoint::now();
        self.checkpoint.set(now);
        match (&self.account, due) {
            (Some(account), _) => self.total.set(account.since_start()),
            (None, Some(due)) => self.total.set(self.total.get() + now.wall.saturating_sub(due)),
            (None, None) => {}
        }
    }

    /// The thread could have run since `ready` (CLOCK_MONOTONIC) and did not until now.
    pub(in crate::target::linux) fn waited_since(&mut self, ready: u64) {
        if self.account.is_none() {
            self.total.set(self.total.get() + monotonic().saturating_sub(ready));
        }
    }

    /// Counts the time since the last checkpoint. If the thread slept meanwhile, in a call or for a command, there is no
    /// telling how much of the time it was ready.
    fn advance(&self) {
        let (before, now) = (self.checkpoint.get(), Checkpoint::now());
        self.checkpoint.set(now);
        if let Some(account) = &self.account {
            self.total.set(account.since_start());
        } else if now.sleeps == before.sleeps {
            let wall = now.wall.saturating_sub(before.wall);
            let running = now.running.saturating_sub(before.running);
            self.total.set(self.total.get() + wall.saturating_sub(running));
        }
    }
}

impl Checkpoint {
    /// Of the calling thread.
    fn now() -> Checkpoint {
        // SAFETY: all-zero octets are a valid `struct rusage`, and it is valid for writing.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(libc::RUSAGE_THREAD, &mut usage);
            usage
        };
        Checkpoint { wall: monotonic(), running: thread_running(), sleeps: usage.ru_nvcsw as i64 }
    }
}

/// The kernel's account, the second number of `/proc/thread-self/schedstat`.
#[derive(Debug)]
struct Account {
    file: File,
    start: u64,
}

impl Account {
    /// The account of the calling thread, if the kernel keeps one: without CONFIG_SCHEDSTATS and with the sysctl
    /// `kernel.task_delayacct` at 0 it writes zeros.
    fn open() -> Option<Account> {
        static KEPT: LazyLock<bool> = LazyLock::new(|| {
            Path::new("/proc/sys/kernel/sched_schedstats").exists()
                || std::fs::read("/proc/sys/kernel/task_delayacct").is_ok_and(|value| value.starts_with(b"1"))
        });
        if !*KEPT {
            return None;
        }
        let mut account = Account { file: File::open("/proc/thread-self/schedstat").ok()?, start: 0 };
        account.start = account.since_start();
        Some(account)
    }

    fn since_start(&self) -> u64 {
        let mut text = [0u8; 80];
        let length = self.file.read_at(&mut text, 0).unwrap_or(0);
        let text = std::str::from_utf8(&text[..length]).unwrap_or_default();
        let waited = text.split_ascii_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
        waited.unwrap_or(self.start).saturating_sub(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A count that does not depend on what this machine keeps.
    fn measured() -> Lateness {
        Lateness { account: None, ..Lateness::start() }
    }

    #[test]
    fn a_late_wake_counts() {
        let mut lateness = measured();
        lateness.before_sleep();
        let before = lateness.total();
        lateness.after_sleep(Some(monotonic() - 5_000_000));
        assert!(lateness.total() >= before + Duration::from_millis(5));
    }

    #[test]
    fn sleep_does_not_count() {
        let lateness = measured();
        let before = lateness.total();
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(lateness.total(), before);
    }

    #[test]
    fn being_kept_from_the_processor_counts() {
        let lateness = measured();
        let now = lateness.checkpoint.get();
        let kept = Duration::from_millis(50);
        lateness.checkpoint.set(Checkpoint { wall: now.wall - kept.as_nanos() as u64, ..now });
        lateness.advance();
        assert!(lateness.total() >= kept);
    }
}
