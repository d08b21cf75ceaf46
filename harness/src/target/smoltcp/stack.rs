//! One smoltcp interface with the sockets on it, driven from outside: datagrams and calls go in, datagrams and
//! returns come out, and time is told. The virtual and the TUN target differ only in who tells it.

use std::collections::VecDeque;
use std::net::IpAddr;

use ::smoltcp::iface::{Config, Interface, PollResult};
use ::smoltcp::time::Instant as StackInstant;
use ::smoltcp::wire::{HardwareAddress, IpCidr};

use super::device::{Port, TransmitQueue};
use super::sockets::{Operation, SocketLayer, Start};
use super::{SmoltcpOptions, timestamps};
use crate::target::{CallId, Link, Returned, SocketCall};
use crate::time::Instant;
use crate::wire::{Defect, DefectKind, Packet};

/// The seed of initial sequence numbers and IPv4 identifications: the same in every run.
const SEED: u64 = 0x7266_6368_6563_6b21;
/// smoltcp counts time in signed microseconds and adds timeouts to it without looking; no later time is told.
const LATEST: u64 = 1 << 60;

/// An interface with its sockets.
pub(super) struct Stack {
    /// Boxed, as its fragmentation buffer makes it large and a stack is moved about when it is made.
    interface: Box<Interface>,
    layer: SocketLayer,
    waiting: Vec<Waiting>,
    /// Calls that returned when they were issued; they come before any datagram.
    returned: VecDeque<Returned>,
    /// Calls that waited and are over; they come after the datagrams of the same poll.
    completed: VecDeque<Returned>,
    calls: u32,
    mtu: usize,
}

/// A call that has not returned.
struct Waiting {
    id: CallId,
    operation: Operation,
    until: Option<Instant>,
}

impl Stack {
    /// A stack on a fresh link, at time zero.
    pub(super) fn new(link: &Link, options: SmoltcpOptions, queue: &mut TransmitQueue) -> Self {
        let mtu = link.mtu as usize;
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = SEED;
        let mut port = Port { receive: None, transmit: queue, mtu };
        let mut interface = Box::new(Interface::new(config, &mut port, StackInstant::ZERO));
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(link.local.into(), link.prefix)).expect("there is room for one address");
        });
        let routes = interface.routes_mut();
        match link.gateway {
            IpAddr::V4(gateway) => routes.add_default_ipv4_route(gateway),
            IpAddr::V6(gateway) => routes.add_default_ipv6_route(gateway),
        }
        .expect("there is room for one route");
        Stack {
            interface,
            layer: SocketLayer::new(link.local, options),
            waiting: Vec::new(),
            returned: VecDeque::with_capacity(2),
            completed: VecDeque::new(),
            calls: 0,
            mtu,
        }
    }

    /// A datagram arrives.
    pub(super) fn receive(&mut self, now: Instant, datagram: &[u8], queue: &mut TransmitQueue) {
        if cfg!(fuzzing) && has_wrong_checksum(datagram) {
            return;
        }
        let mut port = Port { receive: Some(datagram), transmit: queue, mtu: self.mtu };
        self.interface.poll_ingress_single(told(now), &mut port, self.layer.sockets.set_mut());
        self.layer.observe(true);
        self.settle(now, queue);
    }

    /// Time has come to what [`Stack::next_event`] said, or anything else.
    pub(super) fn run(&mut self, now: Instant, queue: &mut TransmitQueue) {
        self.interface.poll_maintenance(told(now));
        self.settle(now, queue);
        let mut index = 0;
        while index < self.waiting.len() {
            if self.waiting[index].until.is_some_and(|until| until <= now) {
                let Waiting { id, operation, .. } = self.waiting.remove(index);
                let (result, output) = operation.give_up();
                self.completed.push_back(Returned { id, at: now, result, output });
            } else {
                index += 1;
            }
        }
    }

    /// Issues a call.
    pub(super) fn call(&mut self, now: Instant, call: SocketCall, queue: &mut TransmitQueue) -> CallId {
        let id = CallId(self.calls);
        self.calls += 1;
        match self.layer.start(call, self.interface.context()) {
            Start::Over((result, output)) => self.returned.push_back(Returned { id, at: now, result, output }),
            Start::Waits(operation, limit) => {
                let until = limit.map(|micros| Instant::from_micros(now.micros().saturating_add(micros)));
                self.waiting.push(Waiting { id, operation, until });
            }
        }
        self.settle(now, queue);
        id
    }

    /// When something happens next of itself; a time that is past means now.
    pub(super) fn next_event(&mut self, now: Instant) -> Option<Instant> {
        let stack = self.interface.poll_at(told(now), self.layer.sockets.set_mut());
        let stack = stack.map(|at| Instant::from_micros(at.total_micros().max(0) as u64));
        let calls = self.waiting.iter().filter_map(|waiting| waiting.until).min();
        match (stack, calls) {
            (Some(stack), Some(calls)) => Some(stack.min(calls)),
            (stack, calls) => stack.or(calls),
        }
    }

    /// The next call that returned when it was issued.
    pub(super) fn next_returned(&mut self) -> Option<Returned> {
        self.returned.pop_front()
    }

    /// The next call that waited and is over.
    pub(super) fn next_completed(&mut self) -> Option<Returned> {
        self.completed.pop_front()
    }

    /// Whether [`Stack::next_completed`] has something.
    #[cfg(target_os = "linux")]
    pub(super) fn has_completed(&self) -> bool {
        !self.completed.is_empty()
    }

    /// Sends what can be sent and completes what can be completed, until neither leads to the other.
    fn settle(&mut self, now: Instant, queue: &mut TransmitQueue) {
        loop {
            let mut port = Port { receive: None, transmit: queue, mtu: self.mtu };
            let sockets = self.layer.sockets.set_mut();
            // Ends, as the queue takes only so many.
            while self.interface.poll_egress(told(now), &mut port, sockets) == PollResult::SocketStateChanged {}
            self.layer.observe(false);
            if !self.complete(now) {
                return;
            }
        }
    }

    /// Tries what waits; whether anything is over.
    fn complete(&mut self, now: Instant) -> bool {
        let before = self.completed.len();
        let mut index = 0;
        while index < self.waiting.len() {
            match self.waiting[index].operation.attempt(&mut self.layer) {
                None => index += 1,
                Some((result, output)) => {
                    let id = self.waiting.remove(index).id;
                    self.completed.push_back(Returned { id, at: now, result, output });
                }
            }
        }
        self.completed.len() > before
    }
}

/// Whether smoltcp drops a datagram for a checksum. Where it is built with `cfg(fuzzing)`, as cargo-fuzz does, it looks at
/// none, and is another stack than the one that its users have.
fn has_wrong_checksum(datagram: &[u8]) -> bool {
    let is_checksum = |defect: &Defect| matches!(defect.kind, DefectKind::Checksum { .. });
    Packet::parse(datagram, None).defects.iter().any(is_checksum)
}

/// The time as smoltcp counts it, also for its timestamps.
fn told(now: Instant) -> StackInstant {
    timestamps::tell(now);
    StackInstant::from_micros(now.micros().min(LATEST) as i64)
}
