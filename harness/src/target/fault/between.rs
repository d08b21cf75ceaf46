//! What a fault can reach from its place between tester and target.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::flow::{Flow, Flows};
use super::packets::mend;
use crate::target::Link;
use crate::time::Instant;
use crate::wire::Packet;

/// The place between tester and target: packets that are on their way in both directions, the clock, and what was seen
/// of each connection so far.
#[derive(Debug)]
pub(super) struct Between {
    link: Link,
    now: Instant,
    to_target: Queue,
    to_tester: Queue,
    flows: Flows,
    trailer: Vec<u8>,
}

/// Datagrams by the time when they arrive, then in the order in which they were sent.
#[derive(Debug, Default)]
struct Queue {
    waiting: BTreeMap<(Instant, u64), Vec<u8>>,
    pushed: u64,
}

impl Between {
    pub(super) fn new(link: &Link) -> Self {
        let (to_target, to_tester) = (Queue::default(), Queue::default());
        Between {
            link: link.clone(),
            now: Instant::ZERO,
            to_target,
            to_tester,
            flows: Flows::default(),
            trailer: Vec::new(),
        }
    }

    /// The target's own address.
    pub(super) fn local(&self) -> IpAddr {
        self.link.local
    }

    /// Whether an address is the broadcast address of the target's network, with host bits all ones or all zeros.
    pub(super) fn is_directed_broadcast(&self, address: IpAddr) -> bool {
        let (IpAddr::V4(address), IpAddr::V4(local)) = (address, self.link.local) else { return false };
        let host = u32::MAX.checked_shr(self.link.prefix.into()).unwrap_or(0);
        let (address, local) = (u32::from(address), u32::from(local));
        host != 0 && address & !host == local & !host && (address & host == host || address & host == 0)
    }

    /// Octets behind the tester's datagram that the hook is about, such as padding of the link.
    pub(super) fn trailer(&self) -> &[u8] {
        &self.trailer
    }

    /// The target's clock.
    pub(super) fn now(&self) -> Instant {
        self.now
    }

    /// Sends a packet to the tester, before the one that the hook is about.
    pub(super) fn send(&mut self, packet: &Packet<'_>) {
        self.send_after(Duration::ZERO, packet);
    }

    /// Sends a packet to the tester some time later.
    pub(super) fn send_after(&mut self, delay: Duration, packet: &Packet<'_>) {
        self.to_tester.push(self.now + delay, packet.to_octets());
    }

    /// Hands a packet to the target, before the one that the hook is about.
    pub(super) fn deliver(&mut self, packet: &Packet<'_>) {
        self.deliver_after(Duration::ZERO, packet);
    }

    /// Hands a packet to the target some time later.
    pub(super) fn deliver_after(&mut self, delay: Duration, packet: &Packet<'_>) {
        self.to_target.push(self.now + delay, packet.to_octets());
    }

    /// Hands octets to the target, with their checksums made right: what it reads that verifies none.
    pub(super) fn deliver_mended(&mut self, octets: &[u8]) {
        let mut parsed = Packet::parse(octets, None);
        mend(&mut parsed.packet);
        self.to_target.push(self.now, parsed.packet.to_octets());
    }

    /// What was seen of the connection that a segment, of whichever side, belongs to, before this segment.
    pub(super) fn flow(&self, packet: &Packet<'_>) -> Option<&Flow> {
        self.flows.of(packet)
    }

    /// As [`Between::flow`], if both sides have agreed on sequence numbers.
    pub(super) fn synchronized(&self, packet: &Packet<'_>) -> Option<&Flow> {
        self.flow(packet).filter(|flow| flow.is_synchronized())
    }

    pub(super) fn set_now(&mut self, now: Instant) {
        self.now = now;
    }

    pub(super) fn set_trailer(&mut self, trailer: &[u8]) {
        self.trailer.clear();
        self.trailer.extend_from_slice(trailer);
    }

    pub(super) fn learn(&mut self, packet: &Packet<'_>, from_target: bool) {
        self.flows.learn(packet, from_target);
    }

    /// Hands on octets as they are, now.
    pub(super) fn pass_to_target(&mut self, octets: Vec<u8>) {
        self.to_target.push(self.now, octets);
    }

    /// Hands on octets as they are; the target sent them at this time.
    pub(super) fn pass_to_tester(&mut self, at: Instant, octets: Vec<u8>) {
        self.to_tester.push(at, octets);
    }

    /// The next datagram that has reached the target.
    pub(super) fn next_to_target(&mut self) -> Option<Vec<u8>> {
        self.to_target.pop(self.now).map(|(_, octets)| octets)
    }

    /// The next datagram that has reached the tester, and when.
    pub(super) fn next_to_tester(&mut self) -> Option<(Instant, Vec<u8>)> {
        self.to_tester.pop(self.now)
    }

    /// When the next datagram arrives, in either direction.
    pub(super) fn next_arrival(&self) -> Option<Instant> {
        self.to_target.first().into_iter().chain(self.to_tester.first()).min()
    }
}

impl Queue {
    fn push(&mut self, at: Instant, octets: Vec<u8>) {
        self.waiting.insert((at, self.pushed), octets);
        self.pushed += 1;
    }

    fn first(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    fn pop(&mut self, now: Instant) -> Option<(Instant, Vec<u8>)> {
        let entry = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), octets) = entry.remove_entry();
        Some((at, octets))
    }
}
