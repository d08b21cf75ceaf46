//! smoltcp behind a real TUN device, on the machine's clock, as its users run it: a thread polls the interface
//! whenever a datagram comes or the stack's own time has come, and calls come from another thread.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::eventfd::{EfdFlags, EventFd};

use super::capabilities::capabilities;
use super::device::TransmitQueue;
use super::stack::Stack;
use super::target::{SmoltcpOptions, check_link, panic_message};
use crate::target::linux::stack_link::{Pacer, RunClock, StackEnd, StackLinks, TesterEnd};
use crate::target::{
    CallId, CallMode, Capabilities, Clock, Event, Link, Returned, SocketCall, Target, TargetError, TargetFactory,
};
use crate::time::Instant;

/// Polls in a row that bring nothing while the stack wants to be polled at once; then the thread rests.
const IDLE_POLLS: u32 = 16;
/// How long it rests, in microseconds.
const REST: i64 = 1_000;

/// Makes smoltcp targets behind a TUN device, each in a network namespace of its own.
#[derive(Debug)]
pub struct SmoltcpTunFactory {
    links: StackLinks,
    options: SmoltcpOptions,
    capabilities: Arc<Capabilities>,
}

impl SmoltcpTunFactory {
    /// The name under which reports list the target.
    pub const NAME: &'static str = "smoltcp-tun";

    /// A factory of stacks as smoltcp sets them up by default; finds out whether TUN devices in network
    /// namespaces are possible here.
    pub fn new() -> Result<Self, TargetError> {
        SmoltcpTunFactory::with(SmoltcpOptions::default())
    }

    /// A factory of stacks with these options.
    pub fn with(options: SmoltcpOptions) -> Result<Self, TargetError> {
        let capabilities = Arc::new(capabilities(Clock::Real, options));
        Ok(SmoltcpTunFactory { links: StackLinks::new()?, options, capabilities })
    }
}

impl TargetFactory for SmoltcpTunFactory {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        check_link(link)?;
        let (stack_end, tester) = self.links.make(link)?;
        let clock = RunClock::start();
        let event = |what: &str| {
            let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
            EventFd::from_value_and_flags(0, flags).map_err(|errno| environment(what, errno.into()))
        };
        let device =
            stack_end.second_descriptor().map_err(|error| environment("cannot duplicate a descriptor", error))?;
        let mut queue = TransmitQueue::default();
        let shared = Arc::new(Shared {
            running: Mutex::new(Running {
                stack: Stack::new(link, self.options, &mut queue),
                queue,
                link: stack_end,
                gone: None,
            }),
            wake: event("cannot make an eventfd")?,
            news: event("cannot make an eventfd")?,
            stop: AtomicBool::new(false),
            lateness: AtomicU64::new(0),
        });
        let thread = {
            let shared = Arc::clone(&shared);
            let work = move || shared.serve(&device, clock);
            std::thread::Builder::new().name("smoltcp".into()).spawn(work)
        };
        let thread = Some(thread.map_err(|error| environment("cannot start a thread", error))?);
        Ok(Box::new(SmoltcpTunTarget {
            capabilities: Arc::clone(&self.capabilities),
            returned: VecDeque::new(),
            completed: VecDeque::new(),
            tester,
            clock,
            pacer: Pacer::start(clock),
            shared,
            thread,
        }))
    }
}

/// What the stack's thread and the tester's share.
struct Shared {
    running: Mutex<Running>,
    /// Tells the stack's thread that a call was made, or that it shall stop.
    wake: EventFd,
    /// Tells the tester that a call has returned, or that the stack is gone.
    news: EventFd,
    stop: AtomicBool,
    /// How long the stack's thread was ready but did not run, in microseconds.
    lateness: AtomicU64,
}

/// The stack and its end of the link.
struct Running {
    stack: Stack,
    queue: TransmitQueue,
    link: StackEnd,
    /// Why there is no stack any more.
    gone: Option<String>,
}

impl Running {
    /// Lets the stack work and sends what comes of it; a panic in it ends the target, not the run.
    fn work<R>(&mut self, work: impl FnOnce(&mut Stack, &mut TransmitQueue) -> R) -> Result<R, TargetError> {
        if let Some(reason) = &self.gone {
            return Err(TargetError::Gone(reason.clone()));
        }
        let (stack, queue) = (&mut self.stack, &mut self.queue);
        // What a panic leaves behind is never looked at again.
        let result = catch_unwind(AssertUnwindSafe(|| work(stack, queue)))
            .map_err(|panic: Box<dyn Any + Send>| self.die(panic_message(&*panic)))?;
        self.flush().map_err(|error| self.die(format!("cannot write to the TUN device: {error}")))?;
        Ok(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut packet = Vec::new();
        while self.queue.pop(&mut packet) {
            self.link.send(&packet)?;
        }
        Ok(())
    }

    fn die(&mut self, reason: String) -> TargetError {
        self.gone = Some(reason.clone());
        TargetError::Gone(reason)
    }

    /// All that is due: arrived datagrams, and what the stack does of itself. When it is due next, if ever.
    fn poll(&mut self, clock: RunClock, packet: &mut Vec<u8>) -> Result<Option<Instant>, TargetError> {
        loop {
            match self.link.receive(packet) {
                Ok(true) => self.work(|stack, queue| stack.receive(clock.now(), packet, queue))?,
                Ok(false) => break,
                Err(error) => return Err(self.die(format!("cannot read from the TUN device: {error}"))),
            }
        }
        for _ in 0..IDLE_POLLS {
            let now = clock.now();
            let next = self.work(|stack, _| stack.next_event(now))?;
            if next.is_none_or(|next| next > now) {
                return Ok(next);
            }
            self.work(|stack, queue| stack.run(now, queue))?;
        }
        Ok(Some(clock.now().offset(REST)))
    }
}

impl Shared {
    fn running(&self) -> MutexGuard<'_, Running> {
        // Nothing panics while it holds the lock but the stack, and that is caught and noted.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stack's thread.
    fn serve(&self, device: &OwnedFd, clock: RunClock) {
        let mut pacer = Pacer::start(clock);
        let mut packet = Vec::new();
        while !self.stop.load(Ordering::Acquire) {
            let (next, news) = {
                let mut running = self.running();
                (running.poll(clock, &mut packet), running.stack.has_completed())
            };
            let failed = next.is_err();
            if news || failed {
                // Fails only when the counter is full, and then the tester will wake all the same.
                let _ = self.news.write(1);
            }
            self.lateness.store(pacer.lateness().as_micros() as u64, Ordering::Relaxed);
            let next = next.unwrap_or_default().unwrap_or(Instant::FAR_FUTURE);
            let slept = pacer.sleep([device.as_fd(), self.wake.as_fd()], next);
            let _ = self.wake.read();
            if failed || slept.is_err() {
                if let Err(error) = slept {
                    self.running().die(format!("cannot wait for the TUN device: {error}"));
                    let _ = self.news.write(1);
                }
                return;
            }
        }
    }
}

/// One run's smoltcp behind a TUN device. Belongs to the thread that made it.
struct SmoltcpTunTarget {
    capabilities: Arc<Capabilities>,
    returned: VecDeque<Returned>,
    completed: VecDeque<Returned>,
    tester: TesterEnd,
    clock: RunClock,
    pacer: Pacer,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl SmoltcpTunTarget {
    /// What is there already.
    fn ready(&mut self, packet: &mut Vec<u8>) -> Result<Option<Event>, TargetError> {
        if let Some(returned) = self.returned.pop_front() {
            return Ok(Some(Event::Returned(returned)));
        }
        // Looked at before the link: a call that came to its end with a datagram returns after it, as on the virtual clock.
        let gone = {
            let mut running = self.shared.running();
            while let Some(returned) = running.stack.next_completed() {
                self.completed.push_back(returned);
            }
            running.gone.clone()
        };
        let received = self.tester.receive(packet);
        if received.map_err(|error| TargetError::Gone(format!("cannot read from the link: {error}")))? {
            return Ok(Some(Event::Packet(self.clock.now())));
        }
        match (self.completed.pop_front(), gone) {
            (Some(returned), _) => Ok(Some(Event::Returned(returned))),
            (None, Some(reason)) => Err(TargetError::Gone(reason)),
            (None, None) => Ok(None),
        }
    }
}

impl Target for SmoltcpTunTarget {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        self.tester.send(packet).map_err(|error| TargetError::Gone(format!("cannot write to the link: {error}")))
    }

    /// Both modes are one here: what cannot return at once waits, and returns in its time.
    fn call(&mut self, call: SocketCall, _: CallMode) -> Result<CallId, TargetError> {
        let mut running = self.shared.running();
        let now = self.clock.now();
        let id = running.work(|stack, queue| stack.call(now, call, queue))?;
        while let Some(returned) = running.stack.next_returned() {
            self.returned.push_back(returned);
        }
        drop(running);
        // The call may have set a timer. Fails only when the counter is full, and then the thread wakes all the same.
        let _ = self.shared.wake.write(1);
        Ok(id)
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        packet.clear();
        loop {
            if let Some(event) = self.ready(packet)? {
                return Ok(event);
            }
            if self.clock.now() >= deadline {
                return Ok(Event::Deadline);
            }
            let slept = self.pacer.sleep([self.tester.as_fd(), self.shared.news.as_fd()], deadline);
            slept.map_err(|error| TargetError::Gone(format!("cannot wait for the link: {error}")))?;
            let _ = self.shared.news.read();
        }
    }

    /// That of the tester's thread and of the stack's: neither is smoltcp's fault.
    fn scheduling_delay(&self) -> Duration {
        self.pacer.lateness() + Duration::from_micros(self.shared.lateness.load(Ordering::Relaxed))
    }

    fn steal_time(&self) -> Duration {
        self.pacer.steal_time()
    }
}

impl Drop for SmoltcpTunTarget {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        let _ = self.shared.wake.write(1);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::warn!("the thread of a smoltcp target panicked");
        }
    }
}

fn environment(what: &str, source: io::Error) -> TargetError {
    TargetError::Environment { what: what.into(), source }
}
