//! The machine's monotonic clock, counted from the creation of a target.

use crate::time::Instant;

/// Nanoseconds of CLOCK_MONOTONIC.
pub(in crate::target::linux) fn monotonic() -> u64 {
    nanoseconds(libc::CLOCK_MONOTONIC)
}

/// Nanoseconds of CLOCK_REALTIME, on which the kernel stamps packets.
pub(in crate::target::linux) fn realtime() -> u64 {
    nanoseconds(libc::CLOCK_REALTIME)
}

/// Nanoseconds for which the calling thread has run.
pub(in crate::target::linux) fn thread_running() -> u64 {
    nanoseconds(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn nanoseconds(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for writing, and the three clocks exist on every Linux.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A target's clock.
#[derive(Clone, Copy, Debug)]
pub(in crate::target::linux) struct Clock {
    /// CLOCK_MONOTONIC when the target was created, in nanoseconds.
    origin: u64,
}

impl Clock {
    /// Starts now.
    pub(in crate::target::linux) fn start() -> Clock {
        Clock { origin: monotonic() }
    }

    /// Now.
    pub(in crate::target::linux) fn now(self) -> Instant {
        self.at(monotonic())
    }

    /// A point of CLOCK_MONOTONIC, in nanoseconds, on this clock.
    pub(in crate::target::linux) fn at(self, monotonic: u64) -> Instant {
        Instant::from_micros(monotonic.saturating_sub(self.origin) / 1_000)
    }

    /// The first nanosecond of CLOCK_MONOTONIC at which this clock shows `instant`.
    pub(in crate::target::linux) fn monotonic_of(self, instant: Instant) -> u64 {
        instant.micros().saturating_mul(1_000).saturating_add(self.origin)
    }

    /// A point of CLOCK_REALTIME as nanoseconds since the target was created; never before it.
    pub(in crate::target::linux) fn since_origin(self, realtime_stamp: u64) -> u64 {
        let age = realtime().saturating_sub(realtime_stamp);
        monotonic().saturating_sub(age).saturating_sub(self.origin)
    }
}
