//! One process that makes the init processes of all runs.
//!
//! It is forked once, when there is little memory to copy and little open, and holds none of the descriptors of the
//! process it serves: a copy of a script's socket in another process would keep its connection from closing. It ends
//! when that process ends, however that happens, because the other end of its socket is then closed.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::super::descriptor_passing::{pair, send_with};
use super::super::system::check;
use super::init;

/// The process that makes the init processes of all runs; it ends when the last of these is dropped.
#[derive(Debug)]
pub(in crate::target::linux) struct Spawner {
    /// `None` only while this is dropped.
    channel: Option<OwnedFd>,
    process: libc::pid_t,
}

/// The one there is, as long as somebody holds it.
static SPAWNER: Mutex<Weak<Spawner>> = Mutex::new(Weak::new());

impl Spawner {
    /// The spawner of this process, which is started if it is not there.
    pub(in crate::target::linux) fn get() -> io::Result<Arc<Spawner>> {
        let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = spawner.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(start()?);
        *spawner = Arc::downgrade(&started);
        Ok(started)
    }

    /// Asks for the processes of one run: its number, its network namespace, the mount namespace that they get a copy
    /// of, and the channel to its commands' parent.
    pub(super) fn request(&self, number: i32, descriptors: [BorrowedFd<'_>; 3]) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::NotConnected);
        send_with(self.channel.as_ref().ok_or_else(gone)?, &number.to_ne_bytes(), &descriptors)
    }
}

impl Drop for Spawner {
    /// Ends the process and waits for it, so that no defunct one is left to an init process that may not look after it.
    fn drop(&mut self) {
        let Some(channel) = self.channel.take() else { return };
        // Whoever has a copy of the descriptor, for this process the channel ends here.
        // SAFETY: no pointers are passed.
        unsafe { libc::shutdown(channel.as_raw_fd(), libc::SHUT_RDWR) };
        // SAFETY: the process is a child of this one and nobody else waits for it.
        while unsafe { libc::waitpid(self.process, std::ptr::null_mut(), 0) } == -1
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }
}

fn start() -> io::Result<Spawner> {
    let (ours, theirs) = pair(libc::SOCK_SEQPACKET)?;
    // SAFETY: the child calls nothing but what is allowed after a fork of a process with several threads, and never
    // returns.
    match check(unsafe { libc::fork() })? {
        0 => init::serve(theirs.as_raw_fd()),
        process => Ok(Spawner { channel: Some(ours), process }),
    }
}
