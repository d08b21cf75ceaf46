//! One thread for the whole process that interrupts calls which should have returned at once.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, Once, PoisonError, Weak};
use std::time::Duration;

use super::clock::monotonic;
use crate::target::linux::system::{check, thread_id};

/// How long a call that must return at once may take.
const PATIENCE: u64 = 3_000_000_000;
/// How often the watchdog looks.
const ROUND: Duration = Duration::from_millis(100);

static WATCHED: LazyLock<(Mutex<Vec<Weak<Slot>>>, Condvar)> = LazyLock::new(Default::default);
static START: Once = Once::new();

/// What the watchdog knows of one thread.
#[derive(Debug)]
struct Slot {
    thread: libc::pid_t,
    /// When the thread's call is overdue, in nanoseconds of CLOCK_MONOTONIC; 0 while it makes none.
    due: AtomicU64,
}

/// A thread's registration.
#[derive(Debug)]
pub(in crate::target::linux) struct Watched(Arc<Slot>);

impl Watched {
    /// Registers the calling thread.
    pub(in crate::target::linux) fn register() -> io::Result<Watched> {
        install_handler()?;
        start()?;
        let slot = Arc::new(Slot { thread: thread_id(), due: AtomicU64::new(0) });
        let (watched, changed) = &*WATCHED;
        watched.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&slot));
        changed.notify_one();
        Ok(Watched(slot))
    }

    /// Makes a call that is interrupted, with EINTR, if it does not return in time.
    pub(in crate::target::linux) fn limited<T>(&self, call: impl FnOnce() -> T) -> T {
        self.0.due.store(monotonic() + PATIENCE, Ordering::Relaxed);
        let result = call();
        self.0.due.store(0, Ordering::Relaxed);
        result
    }
}

/// Starts the watchdog if it does not run yet. A factory does it early: a thread has the descriptors of the one that
/// starts it, and those of a run are not to outlive it.
pub(in crate::target::linux) fn start() -> io::Result<()> {
    let mut failure = None;
    START.call_once(|| {
        let started = std::thread::Builder::new().name("rfcheck-watchdog".into()).spawn(watch);
        failure = started.err();
    });
    failure.map_or(Ok(()), Err)
}

fn watch() {
    let (watched, changed) = &*WATCHED;
    let mut slots = watched.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if slots.is_empty() {
            slots = changed.wait(slots).unwrap_or_else(PoisonError::into_inner);
        } else {
            slots = changed.wait_timeout(slots, ROUND).unwrap_or_else(PoisonError::into_inner).0;
        }
        let now = monotonic();
        slots.retain(|slot| {
            let Some(slot) = slot.upgrade() else { return false };
            let due = slot.due.load(Ordering::Relaxed);
            // The signal is sent again with every round: one that comes just before the call begins is lost.
            if due != 0 && due < now {
                interrupt(slot.thread);
            }
            true
        });
    }
}

/// The signal that interrupts a call. Real-time signals are nobody's by default.
fn signal() -> libc::c_int {
    libc::SIGRTMAX() - 4
}

/// Interrupts a thread of this process in its system call.
pub(in crate::target::linux) fn interrupt(thread: libc::pid_t) {
    // SAFETY: no pointers are passed; a thread that is gone gives an error, which means the same as success here.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal()) };
}

/// Installs a handler that does nothing and does not restart the call.
pub(in crate::target::linux) fn install_handler() -> io::Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: all-zero octets are a valid `struct sigaction`: no flags and an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    let handler: extern "C" fn(libc::c_int) = nothing;
    action.sa_sigaction = handler as libc::sighandler_t;
    // SAFETY: the handler is async-signal-safe: it does nothing.
    check(unsafe { libc::sigaction(signal(), &action, std::ptr::null_mut()) })?;
    Ok(())
}
