//! smoltcp on a virtual clock.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::capabilities::capabilities;
use super::device::TransmitQueue;
use super::stack::Stack;
use crate::target::{
    CallId, CallMode, Capabilities, Clock, Event, IpVersion, Link, SocketCall, Target, TargetError, TargetFactory,
};
use crate::time::Instant;

/// Polls in a row that bring nothing while the stack wants to be polled at once. After that its user's main loop is
/// imagined to take [`LOOP_TIME`] for each.
const IDLE_POLLS: u32 = 16;
/// In microseconds.
const LOOP_TIME: i64 = 1_000;
/// Idle polls after which the stack is taken to spin without end.
const IDLE_POLLS_AT_MOST: u32 = 1_000_000;
/// Datagrams at one instant, without one from the tester between, after which the stack is taken to send without end.
const BURST_AT_MOST: u32 = 100_000;

thread_local! {
    /// Transmit queues of targets that are gone, for their memory.
    static QUEUES: RefCell<Vec<TransmitQueue>> = const { RefCell::new(Vec::new()) };
}

/// What a user of smoltcp may switch on and does not get by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SmoltcpOptions {
    /// TCP timestamps (RFC 7323) on every socket, with a tick of one millisecond.
    pub timestamps: bool,
}

/// Makes smoltcp targets in process, on a virtual clock: the embedded default.
#[derive(Debug)]
pub struct SmoltcpFactory {
    options: SmoltcpOptions,
    capabilities: Arc<Capabilities>,
}

impl SmoltcpFactory {
    /// The name under which reports list the target.
    pub const NAME: &'static str = "smoltcp";

    /// A factory of stacks as smoltcp sets them up by default.
    pub fn new() -> Self {
        SmoltcpFactory::with(SmoltcpOptions::default())
    }

    /// A factory of stacks with these options.
    pub fn with(options: SmoltcpOptions) -> Self {
        SmoltcpFactory { options, capabilities: Arc::new(capabilities(Clock::Virtual, options)) }
    }
}

impl Default for SmoltcpFactory {
    fn default() -> Self {
        SmoltcpFactory::new()
    }
}

impl TargetFactory for SmoltcpFactory {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        check_link(link)?;
        let mut queue = QUEUES.with_borrow_mut(Vec::pop).unwrap_or_default();
        let stack = Stack::new(link, self.options, &mut queue);
        Ok(Box::new(SmoltcpTarget {
            capabilities: Arc::clone(&self.capabilities),
            stack,
            queue,
            now: Instant::ZERO,
            burst: 0,
            gone: None,
        }))
    }
}

/// Whether smoltcp can be put on this link at all; it panics on some.
pub(super) fn check_link(link: &Link) -> Result<(), TargetError> {
    let unsupported = |what: String| Err(TargetError::Unsupported(what));
    if link.ip_version == IpVersion::Ipv4MappedIpv6 {
        return unsupported("IPv4-mapped IPv6 addresses".into());
    }
    if link.local.is_ipv6() != link.gateway.is_ipv6() {
        return unsupported("a gateway of another address family than its own".into());
    }
    if link.local.is_unspecified() || link.local.is_multicast() {
        return unsupported(format!("{} as its own address", link.local));
    }
    if link.prefix > if link.local.is_ipv6() { 128 } else { 32 } {
        return unsupported(format!("a prefix of {} bits", link.prefix));
    }
    // RFC 791 section 3.2, and the headers of an IPv6 TCP segment with 8 octets to spare.
    if link.mtu < 68 {
        return unsupported(format!("an MTU of {} octets", link.mtu));
    }
    Ok(())
}

/// One run's smoltcp.
struct SmoltcpTarget {
    capabilities: Arc<Capabilities>,
    stack: Stack,
    queue: TransmitQueue,
    now: Instant,
    /// Datagrams since time or the tester last moved.
    burst: u32,
    /// Why there is no stack any more.
    gone: Option<String>,
}

impl SmoltcpTarget {
    /// Lets the stack work; a panic in it ends the target, not the run.
    fn with_stack<R>(
        &mut self,
        work: impl FnOnce(&mut Stack, Instant, &mut TransmitQueue) -> R,
    ) -> Result<R, TargetError> {
        if let Some(reason) = &self.gone {
            return Err(TargetError::Gone(reason.clone()));
        }
        let (stack, queue, now) = (&mut self.stack, &mut self.queue, self.now);
        // What a panic leaves behind is never looked at again.
        catch_unwind(AssertUnwindSafe(|| work(stack, now, queue))).map_err(|panic| self.die(panic_message(&*panic)))
    }

    fn die(&mut self, reason: String) -> TargetError {
        self.gone = Some(reason.clone());
        TargetError::Gone(reason)
    }
}

impl Target for SmoltcpTarget {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        self.burst = 0;
        self.with_stack(|stack, now, queue| stack.receive(now, packet, queue))
    }

    /// Both modes are one here: what cannot return at once waits, and returns in its time.
    fn call(&mut self, call: SocketCall, _: CallMode) -> Result<CallId, TargetError> {
        self.burst = 0;
        self.with_stack(|stack, now, queue| stack.call(now, call, queue))
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        let mut idle = 0;
        loop {
            if let Some(returned) = self.stack.next_returned() {
                return Ok(Event::Returned(returned));
            }
            if self.queue.pop(packet) {
                self.burst += 1;
                if self.burst > BURST_AT_MOST {
                    return Err(
                        self.die(format!("smoltcp sends without end: {BURST_AT_MOST} datagrams at one instant"))
                    );
                }
                return Ok(Event::Packet(self.now));
            }
            if let Some(returned) = self.stack.next_completed() {
                return Ok(Event::Returned(returned));
            }
            match self.with_stack(|stack, now, _| stack.next_event(now))? {
                Some(at) if at > self.now && at <= deadline => {
                    self.now = at;
                    self.burst = 0;
                }
                Some(at) if at <= self.now => {
                    idle += 1;
                    if idle > IDLE_POLLS_AT_MOST {
                        return Err(self.die(format!("smoltcp spins: {IDLE_POLLS_AT_MOST} polls brought nothing")));
                    }
                    if idle > IDLE_POLLS {
                        if self.now >= deadline {
                            return Ok(Event::Deadline);
                        }
                        self.now = self.now.offset(LOOP_TIME).min(deadline);
                    }
                }
                _ => {
                    self.now = self.now.max(deadline);
                    return Ok(Event::Deadline);
                }
            }
            self.with_stack(|stack, now, queue| stack.run(now, queue))?;
        }
    }
}

impl Drop for SmoltcpTarget {
    fn drop(&mut self) {
        let mut queue = std::mem::take(&mut self.queue);
        queue.clear();
        let _ = QUEUES.try_with(|queues| queues.borrow_mut().push(queue));
    }
}

/// What a panic says of itself.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("smoltcp panicked: {}", text.unwrap_or("without a message"))
}
