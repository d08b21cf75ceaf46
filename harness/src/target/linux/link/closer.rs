//! Threads that close packet sockets: the kernel waits for a grace period, some 10 ms, before such a close returns.
//!
//! Sockets are passed to them as processes pass them, because the thread of a run may have a table of descriptors of its
//! own, in which numbers mean something else.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::target::linux::descriptor_passing::{pair, receive_descriptor, send_with};

/// So many wait for grace periods at once, which makes some 800 closes a second.
const THREADS: usize = 8;

/// Where to send what is to be closed; open as long as the process lives.
static CLOSER: OnceLock<OwnedFd> = OnceLock::new();

/// Starts the threads if they do not run yet. A factory does it early: a thread has the descriptors of the one that
/// starts it, and those of a run are not to outlive it.
pub(in crate::target::linux) fn start() -> io::Result<()> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if CLOSER.get().is_some() {
        return Ok(());
    }
    let (ours, theirs) = pair(libc::SOCK_SEQPACKET)?;
    let theirs = Arc::new(theirs);
    for _ in 0..THREADS {
        let theirs = Arc::clone(&theirs);
        let thread = std::thread::Builder::new().name("rfcheck-closer".into()).stack_size(64 << 10);
        thread.spawn(move || {
            while let Ok(Some(socket)) = receive_descriptor(theirs.as_fd()) {
                drop(socket);
            }
        })?;
    }
    CLOSER.get_or_init(|| ours);
    Ok(())
}

/// Closes a socket without waiting for it, if the threads run.
pub(in crate::target::linux) fn close(socket: OwnedFd) {
    if let Some(closer) = CLOSER.get()
        && let Err(error) = send_with(closer, &[0], &[socket.as_fd()])
    {
        tracing::debug!("descriptor {} is closed where it is: {error}", socket.as_raw_fd());
    }
}
