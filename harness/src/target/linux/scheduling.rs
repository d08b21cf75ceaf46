//! How the run's thread is scheduled, and how late that makes the tester.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use super::clock::{monotonic, thread_running};
use super::system::check;

/// Gives the calling thread the lowest real-time priority for as long as this lives, if that is allowed and there is
/// more than one processor. Threads and processes it starts do not inherit it.
#[derive(Debug)]
pub(super) struct RealTime {
    active: bool,
}

impl RealTime {
    /// Tries it; goes on without.
    pub(super) fn try_enter() -> RealTime {
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
/// Where the kernel keeps an account of it, that is read. Elsewhere two things are measured: how much of the time
/// between two sleeps the thread did not spend on a processor, and how much later than asked it woke.
#[derive(Debug)]
pub(super) struct Lateness {
    /// What is known up to the last sleep.
    total: u64,
    account: Option<Account>,
    /// CLOCK_MONOTONIC and the thread's time on a processor when it last came back from sleep.
    awake: (u64, u64),
    /// How long it has slept in calls since then, as it should.
    slept: u64,
}

impl Lateness {
    /// Begins to count for the calling thread.
    pub(super) fn start() -> Lateness {
        Lateness { total: 0, account: Account::open(), awake: (monotonic(), thread_running()), slept: 0 }
    }

    /// Up to now.
    pub(super) fn total(&self) -> Duration {
        let total = match &self.account {
            Some(account) => account.since_start(),
            None => self.total + self.since_awake(),
        };
        Duration::from_nanos(total)
    }

    /// The thread was in a call for so long, which is no lateness of its own.
    pub(super) fn slept(&mut self, nanoseconds: u64) {
        self.slept += nanoseconds;
    }

    /// The thread is about to sleep.
    pub(super) fn before_sleep(&mut self) {
        if self.account.is_none() {
            self.total += self.since_awake();
        }
    }

    /// The thread woke; it had asked to be woken at `due` (CLOCK_MONOTONIC) if by nothing else.
    pub(super) fn after_sleep(&mut self, due: Option<u64>) {
        if self.account.is_some() {
            return;
        }
        let now = monotonic();
        if let Some(due) = due {
            self.total += now.saturating_sub(due);
        }
        self.awake = (now, thread_running());
        self.slept = 0;
    }

    /// Time since the last sleep that the thread did not spend on a processor.
    fn since_awake(&self) -> u64 {
        let wall = monotonic().saturating_sub(self.awake.0);
        let running = thread_running().saturating_sub(self.awake.1);
        wall.saturating_sub(running).saturating_sub(self.slept)
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

    #[test]
    fn a_late_wake_counts_and_a_call_that_sleeps_does_not() {
        let mut lateness = Lateness::start();
        lateness.account = None;
        lateness.before_sleep();
        let before = Duration::from_nanos(lateness.total);
        lateness.after_sleep(Some(monotonic() - 5_000_000));
        assert!(lateness.total() >= before + Duration::from_millis(5));

        let before = lateness.total();
        std::thread::sleep(Duration::from_millis(20));
        assert!(lateness.total() >= before + Duration::from_millis(15), "sleeping unannounced looks like lateness");
        lateness.slept(1_000_000_000);
        assert_eq!(lateness.total(), Duration::from_nanos(lateness.total));
    }
}
