//! A target with a fault: everything that passes between it and the tester passes the fault's hooks.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::behaviour::{Behaviour, Fate};
use super::between::Between;
use crate::target::reference::Deviation;
use crate::target::{
    CallId, CallMode, Capabilities, CommandOutput, Condition, Event, Link, Returned, SocketCall, Target, TargetError,
};
use crate::time::Instant;
use crate::wire::Packet;

/// One run's target, and the fault in front of it.
pub(super) struct FaultyTarget {
    inner: Box<dyn Target>,
    behaviour: Box<dyn Behaviour>,
    between: Between,
    /// Calls issued so far, those that the fault answered too.
    calls: u32,
    /// The target's own calls that have not returned: the number the tester knows, and the call.
    outstanding: HashMap<CallId, (CallId, SocketCall)>,
    /// Calls that the fault answered.
    answered: VecDeque<Returned>,
    /// Whether a call was issued that may have returned at once: its return comes before any packet.
    may_have_returned: bool,
}

impl FaultyTarget {
    pub(super) fn new(inner: Box<dyn Target>, behaviour: Box<dyn Behaviour>, link: &Link) -> Self {
        FaultyTarget {
            inner,
            behaviour,
            between: Between::new(link),
            calls: 0,
            outstanding: HashMap::new(),
            answered: VecDeque::new(),
            may_have_returned: false,
        }
    }

    /// Hands the target what has reached it.
    fn deliver(&mut self) -> Result<(), TargetError> {
        while let Some(octets) = self.between.next_to_target() {
            self.between.learn(&Packet::parse(&octets, None).packet, false);
            self.inner.inject(&octets)?;
        }
        Ok(())
    }

    /// The target sent something.
    fn sent(&mut self, at: Instant, octets: &[u8]) {
        let mut parsed = Packet::parse(octets, None);
        // A retransmission is one more packet of the flow, and what was seen before it is what the hook is told.
        if self.behaviour.sent(&mut parsed.packet, &mut self.between) == Fate::Passes {
            self.between.pass_to_tester(at, emitted(&parsed.packet, parsed.trailer));
        }
        self.between.learn(&Packet::parse(octets, None).packet, true);
    }

    fn returned(&mut self, mut returned: Returned) -> Event {
        if let Some((id, call)) = self.outstanding.remove(&returned.id) {
            returned.id = id;
            self.behaviour.returned(&call, &mut returned, &mut self.between);
        }
        Event::Returned(returned)
    }

    fn tell_time(&mut self) -> Instant {
        let now = self.inner.now();
        self.between.set_now(now);
        now
    }
}

/// A datagram's octets, with those behind it.
fn emitted(packet: &Packet<'_>, trailer: &[u8]) -> Vec<u8> {
    let mut octets = packet.to_octets();
    octets.extend_from_slice(trailer);
    octets
}

impl Target for FaultyTarget {
    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn epoch(&mut self, ninths: u32) -> Result<Instant, TargetError> {
        self.inner.epoch(ninths)
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        self.tell_time();
        let mut parsed = Packet::parse(packet, None);
        self.between.set_trailer(parsed.trailer);
        if self.behaviour.injected(&mut parsed.packet, &mut self.between) == Fate::Passes {
            self.between.pass_to_target(emitted(&parsed.packet, parsed.trailer));
        }
        self.deliver()
    }

    fn call(&mut self, mut call: SocketCall, mode: CallMode) -> Result<CallId, TargetError> {
        let at = self.tell_time();
        let id = CallId(self.calls);
        self.calls += 1;
        match self.behaviour.called(&mut call, &mut self.between) {
            Some((result, output)) => self.answered.push_back(Returned { id, at, result, output }),
            None => {
                let own = self.inner.call(call.clone(), mode)?;
                self.outstanding.insert(own, (id, call));
                self.may_have_returned = true;
            }
        }
        Ok(id)
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        loop {
            let now = self.tell_time();
            if let Some(returned) = self.answered.pop_front() {
                return Ok(Event::Returned(returned));
            }
            let look_first = std::mem::take(&mut self.may_have_returned);
            if !look_first {
                self.deliver()?;
                if let Some((at, octets)) = self.between.next_to_tester() {
                    packet.clear();
                    packet.extend_from_slice(&octets);
                    return Ok(Event::Packet(at));
                }
            }
            let until = match self.between.next_arrival() {
                _ if look_first => now,
                Some(arrival) => arrival.min(deadline),
                None => deadline,
            };
            match self.inner.wait(until, packet)? {
                Event::Packet(at) => {
                    self.tell_time();
                    self.sent(at, packet);
                }
                Event::Returned(returned) => {
                    self.tell_time();
                    return Ok(self.returned(returned));
                }
                Event::Deadline => {
                    let now = self.inner.now();
                    let has_arrived = self.between.next_arrival().is_some_and(|arrival| arrival <= now);
                    if now >= deadline && !has_arrived && !look_first {
                        return Ok(Event::Deadline);
                    }
                }
            }
        }
    }

    fn command(
        &mut self,
        command: &str,
        environment: &[(String, String)],
        go_on: &dyn Fn() -> bool,
    ) -> Result<CommandOutput, TargetError> {
        self.inner.command(command, environment, go_on)
    }

    fn perform(
        &mut self,
        action: &str,
        arguments: &[String],
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<u8>>, TargetError> {
        self.inner.perform(action, arguments, go_on)
    }

    fn deviate(&mut self, deviation: Deviation) -> Result<(), TargetError> {
        self.inner.deviate(deviation)
    }

    fn condition(&mut self, patience: Duration) -> Condition {
        self.inner.condition(patience)
    }

    fn retire(&mut self) {
        self.inner.retire();
    }

    fn scheduling_delay(&self) -> Duration {
        self.inner.scheduling_delay()
    }

    fn steal_time(&self) -> Duration {
        self.inner.steal_time()
    }
}
