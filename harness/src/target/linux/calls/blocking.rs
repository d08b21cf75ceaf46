//! Calls that may block: each on a thread beside the run's own, in the run's namespace.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{CallContext, execute};
use crate::target::linux::system::{owned, thread_id};
use crate::target::linux::timing::clock::monotonic;
use crate::target::linux::timing::scheduling::RealTime;
use crate::target::linux::timing::watchdog;
use crate::target::{CallId, Returned, SocketCall};

/// How long to wait for a call to block or return before the run goes on without knowing.
const SETTLE: u64 = 1_000_000_000;
/// How long to wait for the threads of a run that ends.
const GOODBYE: u64 = 2_000_000_000;

/// The blocking calls of one run.
#[derive(Debug)]
pub(in crate::target::linux) struct BlockingCalls {
    workers: Vec<Worker>,
    returned: Arc<ReturnedCalls>,
}

/// Calls that returned, and the descriptor that tells of them.
#[derive(Debug)]
struct ReturnedCalls {
    queue: Mutex<VecDeque<(Returned, SocketCall)>>,
    /// Length of the queue, to be read without the lock.
    count: AtomicUsize,
    event: OwnedFd,
}

#[derive(Debug)]
struct Worker {
    state: Arc<State>,
    /// `None` once the run ends.
    jobs: Option<Sender<(CallId, SocketCall)>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct State {
    thread: AtomicI32,
    phase: AtomicU8,
}

const IDLE: u8 = 0;
const QUEUED: u8 = 1;
const CALLING: u8 = 2;

impl BlockingCalls {
    /// None so far, and no thread.
    pub(in crate::target::linux) fn new() -> io::Result<BlockingCalls> {
        // SAFETY: no pointers are passed.
        let event = owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        let returned = ReturnedCalls { queue: Mutex::default(), count: AtomicUsize::new(0), event };
        Ok(BlockingCalls { workers: Vec::new(), returned: Arc::new(returned) })
    }

    /// Makes a call on a thread of its own and returns when it blocks in the kernel or is over.
    pub(in crate::target::linux) fn start(
        &mut self,
        id: CallId,
        call: SocketCall,
        context: &CallContext,
    ) -> io::Result<()> {
        let idle = self.workers.iter().position(|worker| worker.state.phase.load(Ordering::Acquire) == IDLE);
        let index = match idle {
            Some(index) => index,
            None => {
                watchdog::install_handler()?;
                self.workers.push(Worker::spawn(context.clone(), Arc::clone(&self.returned))?);
                self.workers.len() - 1
            }
        };
        let worker = &self.workers[index];
        worker.state.phase.store(QUEUED, Ordering::Release);
        let gone = || io::Error::other("the thread for blocking calls is gone");
        worker.jobs.as_ref().and_then(|jobs| jobs.send((id, call)).ok()).ok_or_else(gone)?;
        worker.state.settle();
        Ok(())
    }

    /// The oldest call that returned.
    pub(in crate::target::linux) fn next(&self) -> Option<(Returned, SocketCall)> {
        if self.returned.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let next = self.returned.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if next.is_some() && self.returned.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.returned.clear();
        }
        next
    }
}

impl AsFd for BlockingCalls {
    /// Readable when a call has returned.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.returned.event.as_fd()
    }
}

impl Drop for BlockingCalls {
    /// Interrupts what is still blocked and waits for the threads, so that nothing of the run outlives it.
    fn drop(&mut self) {
        for worker in &mut self.workers {
            worker.jobs = None;
        }
        let patience = monotonic() + GOODBYE;
        for worker in &mut self.workers {
            let Some(thread) = worker.thread.take() else { continue };
            while !thread.is_finished() && monotonic() < patience {
                if worker.state.phase.load(Ordering::Acquire) != IDLE {
                    watchdog::interrupt(worker.state.thread.load(Ordering::Acquire));
                }
                std::thread::sleep(Duration::from_micros(50));
            }
            if thread.is_finished() {
                // A panic has been printed already, and there is nothing left to do for this thread.
                let _ = thread.join();
            } else {
                tracing::warn!("a blocking call could not be interrupted; its namespace stays until it returns");
            }
        }
    }
}

impl ReturnedCalls {
    fn push(&self, returned: Returned, call: SocketCall) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back((returned, call));
        self.count.fetch_add(1, Ordering::AcqRel);
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight octets are read. The count cannot overflow, so this cannot fail.
        unsafe { libc::write(self.event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    fn clear(&self) {
        let mut count = [0u8; 8];
        // SAFETY: eight octets are written. Nothing to read is as good.
        unsafe { libc::read(self.event.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
        // One that was pushed in between must not lose its notice.
        if self.count.load(Ordering::Acquire) > 0 {
            let one = 1u64.to_ne_bytes();
            // SAFETY: as in `push`.
            unsafe { libc::write(self.event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
        }
    }
}

impl Worker {
    /// Starts a thread in the namespace of the calling one.
    fn spawn(context: CallContext, returned: Arc<ReturnedCalls>) -> io::Result<Worker> {
        let state = Arc::new(State { thread: AtomicI32::new(0), phase: AtomicU8::new(IDLE) });
        let (jobs, queue) = channel();
        let shared = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("rfcheck-call".into())
            .stack_size(128 << 10)
            .spawn(move || work(&queue, &shared, &context, &returned))?;
        Ok(Worker { state, jobs: Some(jobs), thread: Some(thread) })
    }
}

fn work(queue: &Receiver<(CallId, SocketCall)>, state: &State, context: &CallContext, returned: &ReturnedCalls) {
    let _real_time = RealTime::try_enter();
    state.thread.store(thread_id(), Ordering::Release);
    while let Ok((id, call)) = queue.recv() {
        state.phase.store(CALLING, Ordering::Release);
        let done = execute(&call, context);
        let at = context.clock.now();
        returned.push(Returned { id, at, result: done.result, output: done.output }, call);
        state.phase.store(IDLE, Ordering::Release);
    }
}

impl State {
    /// Waits until the thread's call is over or sleeps in the kernel.
    fn settle(&self) {
        let patience = monotonic() + SETTLE;
        let mut rounds = 0;
        while monotonic() < patience {
            match self.phase.load(Ordering::Acquire) {
                IDLE => return,
                CALLING if is_asleep(self.thread.load(Ordering::Acquire)) => return,
                _ => {}
            }
            rounds += 1;
            if rounds < 4 {
                std::thread::yield_now();
            } else {
                std::thread::sleep(Duration::from_micros(20));
            }
        }
    }
}

/// Whether a thread of this process sleeps, as `/proc` tells it: `S`, or `D` where it cannot be disturbed.
fn is_asleep(thread: libc::pid_t) -> bool {
    let Ok(line) = std::fs::read(format!("/proc/self/task/{thread}/stat")) else { return false };
    // The name in parentheses may hold anything; the state follows the last of them.
    let end_of_name = line.iter().rposition(|&octet| octet == b')');
    end_of_name.and_then(|end| line.get(end + 2)).is_some_and(|state| matches!(state, b'S' | b'D'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::linux::timing::clock::Clock;
    use crate::target::{CallOutput, Errno};

    fn context() -> CallContext {
        CallContext { clock: Clock::start(), working_directory: None }
    }

    fn pipe() -> (i32, i32) {
        match execute(&SocketCall::Pipe, &context()).output {
            CallOutput::Pipe(from, to) => (from, to),
            other => panic!("pipe gave {other:?}"),
        }
    }

    #[test]
    fn a_blocked_call_is_asleep_when_start_returns_and_wakes_the_descriptor() {
        let (from, to) = pipe();
        let mut blocking = BlockingCalls::new().unwrap();
        blocking.start(CallId(7), SocketCall::Read { fd: from, length: 9, null: false }, &context()).unwrap();
        assert!(is_asleep(blocking.workers[0].state.thread.load(Ordering::Acquire)));
        assert!(blocking.next().is_none());
        execute(&SocketCall::Write { fd: to, data: b"abc".into(), null: false }, &context());
        let mut readable = libc::pollfd { fd: blocking.as_fd().as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one entry is passed.
        assert_eq!(unsafe { libc::poll(&mut readable, 1, 5_000) }, 1);
        let (returned, _) = blocking.next().unwrap();
        assert_eq!((returned.id, returned.result), (CallId(7), Ok(3)));
        assert_eq!(returned.output, CallOutput::Data(b"abc".into()));
    }

    #[test]
    fn two_calls_block_at_once_and_an_end_interrupts_them() {
        let (from, _to) = pipe();
        let mut blocking = BlockingCalls::new().unwrap();
        for id in 0..2 {
            blocking.start(CallId(id), SocketCall::Read { fd: from, length: 1, null: false }, &context()).unwrap();
        }
        let returned = Arc::clone(&blocking.returned);
        drop(blocking);
        let queue = returned.queue.lock().unwrap();
        assert_eq!(queue.len(), 2);
        assert!(queue.iter().all(|(returned, _)| returned.result == Err(Errno(libc::EINTR))));
    }
}
