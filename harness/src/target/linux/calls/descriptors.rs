//! What a script has opened, so that its end closes it.

use std::collections::BTreeSet;

use super::orphans;
use crate::target::linux::system::check;
use crate::target::{CallOutput, Returned, SocketCall};

/// Descriptors that the script has opened and not closed.
#[derive(Debug, Default)]
pub(in crate::target::linux) struct OpenDescriptors {
    open: BTreeSet<i32>,
    /// Whether some were closed by the script, so that connections may go on without a descriptor.
    closed: bool,
}

impl OpenDescriptors {
    /// Notes what a call opened or closed.
    pub(in crate::target::linux) fn note(&mut self, call: &SocketCall, returned: &Returned) {
        match (call, returned.result, &returned.output) {
            (_, Ok(_), CallOutput::Pipe(from, to)) => self.open.extend([*from, *to]),
            (
                SocketCall::Socket { .. }
                | SocketCall::Accept { .. }
                | SocketCall::Open { .. }
                | SocketCall::EpollCreate { .. },
                Ok(fd),
                _,
            ) => {
                self.open.insert(fd as i32);
            }
            (SocketCall::Fcntl { command: libc::F_DUPFD | libc::F_DUPFD_CLOEXEC, .. }, Ok(fd), _) => {
                self.open.insert(fd as i32);
            }
            // Linux closes the descriptor whatever close returns, but for one that was not open.
            (SocketCall::Close { fd }, Ok(_) | Err(_), _) => {
                self.closed |= self.open.remove(fd);
            }
            _ => {}
        }
    }
}

impl Drop for OpenDescriptors {
    /// Closes them. TCP connections are reset, as their peer is gone: an orphan that went on sending would keep the
    /// namespace alive for minutes.
    fn drop(&mut self) {
        let linger = libc::linger { l_onoff: 1, l_linger: 0 };
        for &fd in &self.open {
            let length = size_of::<libc::linger>() as libc::socklen_t;
            // SAFETY: the structure is valid for reading. What is no socket gives an error, which is of no interest.
            unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, (&raw const linger).cast(), length) };
            // SAFETY: the script opened this descriptor and has not closed it.
            if let Err(error) = check(unsafe { libc::close(fd) }) {
                tracing::debug!("closing descriptor {fd} at the end of the run: {error}");
            }
        }
        if self.closed
            && let Err(error) = orphans::reset_all()
        {
            tracing::debug!("connections that a script closed keep their namespace until they time out: {error}");
        }
    }
}
