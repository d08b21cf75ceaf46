//! Small helpers around system calls.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

use crate::target::TargetError;

/// The result of a system call that reports failure as a negative value.
pub(super) fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// As [`check`], for calls that return a size.
pub(super) fn check_size(result: libc::ssize_t) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Takes ownership of a descriptor that a system call has just returned.
pub(super) fn owned(result: libc::c_int) -> io::Result<OwnedFd> {
    let fd: RawFd = check(result)?;
    // SAFETY: the kernel has just given this descriptor to us and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The identifier of the calling thread.
pub(super) fn thread_id() -> libc::pid_t {
    // SAFETY: gettid has no preconditions.
    unsafe { libc::gettid() }
}

/// Names what was tried when the environment refused it.
pub(super) trait Tried<T> {
    /// Turns a system error into [`TargetError::Environment`].
    fn tried(self, what: impl Into<String>) -> Result<T, TargetError>;
}

impl<T> Tried<T> for io::Result<T> {
    fn tried(self, what: impl Into<String>) -> Result<T, TargetError> {
        self.map_err(|source| TargetError::Environment { what: what.into(), source })
    }
}
