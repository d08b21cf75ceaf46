//! Network namespaces: a fresh one around the calling thread, and the way back.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;

use super::system::check;

/// Where a thread goes when its run is over.
#[derive(Debug)]
pub(super) struct Home(OwnedFd);

impl Home {
    /// The namespace of the calling thread if it can be entered again, else an empty one that can.
    ///
    /// Inside a user namespace the machine's own network can be left but not entered again.
    pub(super) fn find() -> io::Result<Arc<Home>> {
        let own = Home(current()?);
        if own.enter().is_ok() {
            return Ok(Arc::new(own));
        }
        std::thread::scope(|scope| {
            let empty = scope.spawn(|| -> io::Result<Home> {
                unshare()?;
                Ok(Home(current()?))
            });
            empty.join().unwrap_or_else(|_| Err(io::Error::other("the thread that makes a namespace panicked")))
        })
        .map(Arc::new)
    }

    /// Moves the calling thread there.
    fn enter(&self) -> io::Result<()> {
        enter(&self.0)
    }
}

/// A network namespace around the calling thread, left again when this is dropped. The kernel takes the
/// namespace down with all that is in it when its last thread, socket and descriptor are gone.
#[derive(Debug)]
pub(super) struct Namespace {
    home: Arc<Home>,
    /// Neither `Send` nor `Sync`: the namespace belongs to the thread that made it.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Namespace {
    /// Moves the calling thread into a fresh network namespace.
    pub(super) fn make(home: &Arc<Home>) -> io::Result<Namespace> {
        // Made first, so that the thread is home again if it cannot have one.
        let namespace = Namespace { home: Arc::clone(home), _thread: std::marker::PhantomData };
        unshare()?;
        Ok(namespace)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = self.home.enter() {
            tracing::warn!("a thread could not leave its network namespace: {error}");
        }
    }
}

/// A descriptor of the calling thread's network namespace.
pub(super) fn current() -> io::Result<OwnedFd> {
    Ok(File::open("/proc/thread-self/ns/net")?.into())
}

/// Moves the calling thread into a network namespace.
pub(super) fn enter(namespace: &OwnedFd) -> io::Result<()> {
    // SAFETY: no pointers are passed.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })?;
    Ok(())
}

/// Moves the calling thread into a fresh network namespace.
pub(super) fn unshare() -> io::Result<()> {
    // SAFETY: no pointers are passed.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET) })?;
    Ok(())
}
