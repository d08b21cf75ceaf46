//! Waiting for descriptors until shortly before a deadline.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::clock::monotonic;
use super::scheduling::Lateness;

/// How long before a deadline a thread wakes, to be awake when it comes; in nanoseconds.
pub(in crate::target::linux) const SPIN: u64 = 30_000;

/// Sleeps until a descriptor can be read or [`SPIN`] before `due` (CLOCK_MONOTONIC, nanoseconds), not at all if that is
/// past. True if a descriptor can be read.
///
/// # Errors
/// A descriptor is broken.
pub(in crate::target::linux) fn sleep<const N: usize>(
    descriptors: [BorrowedFd<'_>; N],
    due: u64,
    lateness: &mut Lateness,
) -> io::Result<bool> {
    let wake = due.saturating_sub(SPIN);
    let left = wake.saturating_sub(monotonic());
    if left == 0 {
        return Ok(false);
    }
    let mut entries = descriptors.map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    let timeout = libc::timespec {
        tv_sec: (left / 1_000_000_000).min(i32::MAX as u64) as libc::time_t,
        tv_nsec: (left % 1_000_000_000) as libc::c_long,
    };
    lateness.before_sleep();
    // SAFETY: the entries and a time are passed.
    let result = unsafe { libc::ppoll(entries.as_mut_ptr(), N as libc::nfds_t, &timeout, std::ptr::null()) };
    let error = io::Error::last_os_error();
    lateness.after_sleep((result == 0).then_some(wake));
    if result < 0 && error.kind() != io::ErrorKind::Interrupted {
        return Err(error);
    }
    if entries.iter().any(|entry| entry.revents & (libc::POLLERR | libc::POLLNVAL) != 0) {
        return Err(io::Error::from_raw_os_error(libc::EIO));
    }
    Ok(result > 0)
}
