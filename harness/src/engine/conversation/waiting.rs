//! Waits for what the target sends, hands it to whom it is for, and notices a flood or an interrupt.

use super::channel::Via;
use super::run::{Run, Stopped, stopped};
use crate::dialogue::tree::Role;
use crate::engine::outcome::{Blame, Failure, FailureKind};
use crate::target::Clock;
use crate::time::Instant;
use crate::trace::TraceEventKind;

/// A target that sends so many packets more than the tester gives cause for floods the link.
pub(super) const MOST_PACKETS: usize = 200_000;
/// One whose packets have more octets than this floods it too.
const MOST_OCTETS: usize = 256 << 20;
/// How often a run on a real clock looks whether it was interrupted, in microseconds.
const INTERRUPT_SLICE: i64 = 100_000;

impl Run<'_> {
    /// Waits until this time, and takes what comes.
    pub(super) fn wait_until(&mut self, deadline: Instant) -> Result<(), Stopped> {
        while self.now() < deadline {
            self.wait(deadline)?;
        }
        Ok(())
    }

    /// Sends what is due, and takes what is there.
    pub(super) fn settle(&mut self) -> Result<(), Stopped> {
        let now = self.now();
        self.wait(now)
    }

    /// Waits for one thing to happen, at the latest until `deadline`.
    pub(super) fn wait(&mut self, deadline: Instant) -> Result<(), Stopped> {
        let slice = match self.clock {
            Clock::Virtual => deadline,
            Clock::Real => deadline.min(self.now().offset(INTERRUPT_SLICE)),
        };
        self.tester.step(slice).map_err(stopped)?;
        let delay = self.tester.target().scheduling_delay();
        self.worst_delay = self.worst_delay.max(delay.saturating_sub(self.delay_seen).as_micros() as u64);
        self.delay_seen = delay;
        self.sort_out();
        self.check_interrupt()?;
        self.check_flood()
    }

    /// Whether the target sends more than anything that the tester said can be the cause of.
    fn check_flood(&mut self) -> Result<(), Stopped> {
        let headers = if self.settings.link.local.is_ipv4() { 40 } else { 60 };
        for event in &self.tester.trace.events[self.counted..] {
            match &event.kind {
                // What carries octets may be acknowledged and answered, more than once.
                TraceEventKind::Injected { octets, .. } if octets.len() > headers => self.most_packets += 4,
                TraceEventKind::Received { octets, .. } => {
                    self.packets += 1;
                    self.octets += octets.len();
                }
                _ => {}
            }
        }
        self.counted = self.tester.trace.events.len();
        if self.packets > self.most_packets || self.octets > MOST_OCTETS {
            let message =
                format!("the target sends without end: {} packets, {} octets in one run", self.packets, self.octets);
            return Err(Box::new(Failure::new(Blame::Target, FailureKind::Flood, message)));
        }
        Ok(())
    }

    /// Hands what came to whom it is for.
    fn sort_out(&mut self) {
        while let Some(datagram) = self.tester.receive() {
            let channel = self.channels.values_mut().find(|channel| channel.via == Via::Udp(datagram.ends));
            match channel {
                Some(channel) => channel.inbox.push_back(datagram.payload),
                None if self.role == Role::Client => self.strays.push_back(datagram),
                None => {}
            }
        }
        for channel in self.channels.values().filter(|channel| channel.is_left) {
            if let Via::Tcp(number) = channel.via
                && let Some(tcp) = self.tester.connection(number)
            {
                tcp.take(tcp.received().len());
            }
        }
    }

    pub(super) fn check_interrupt(&self) -> Result<(), Stopped> {
        match &self.interrupt {
            Some(interrupt) if interrupt.is_interrupted() => {
                let message = "interrupted".to_owned();
                Err(Box::new(Failure::new(Blame::Environment, FailureKind::Interrupted, message)))
            }
            _ => Ok(()),
        }
    }
}
