//! The device under the interface: one datagram in, any number out, no copies on the way in.

use std::collections::VecDeque;
use std::ops::Range;

use ::smoltcp::phy::{self, DeviceCapabilities, Medium};
use ::smoltcp::time::Instant;

/// Datagrams that the socket layer may leave in the queue; what is more waits until the tester has taken some.
/// Replies to received datagrams always fit, as they are one for one.
const QUEUE_LIMIT: usize = 512;

/// Octets that an empty queue keeps for later.
const MEMORY_KEPT: usize = 1 << 20;

/// Datagrams that the stack has sent and the tester has not yet taken.
#[derive(Debug, Default)]
pub(super) struct TransmitQueue {
    octets: Vec<u8>,
    datagrams: VecDeque<Range<usize>>,
}

impl TransmitQueue {
    /// Empties the queue and keeps its memory, but for what a flood has made of it.
    pub(super) fn clear(&mut self) {
        if self.octets.capacity() > MEMORY_KEPT {
            self.octets = Vec::new();
        }
        self.octets.clear();
        self.datagrams.clear();
    }

    /// Moves the oldest datagram into `packet`, which is cleared first. False if there is none.
    pub(super) fn pop(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some(range) = self.datagrams.pop_front() else { return false };
        packet.clear();
        packet.extend_from_slice(&self.octets[range]);
        if self.datagrams.is_empty() {
            self.octets.clear();
        }
        true
    }
}

/// What the interface sees as its device for the length of one poll.
pub(super) struct Port<'a> {
    /// The datagram that arrives in this poll.
    pub(super) receive: Option<&'a [u8]>,
    /// Where the stack's datagrams go.
    pub(super) transmit: &'a mut TransmitQueue,
    /// In octets.
    pub(super) mtu: usize,
}

impl phy::Device for Port<'_> {
    type RxToken<'t>
        = Receive<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Transmit<'t>
    where
        Self: 't;

    fn receive(&mut self, _: Instant) -> Option<(Receive<'_>, Transmit<'_>)> {
        let octets = self.receive.take()?;
        Some((Receive(octets), Transmit(self.transmit)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Transmit<'_>> {
        (self.transmit.datagrams.len() < QUEUE_LIMIT).then_some(Transmit(self.transmit))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

/// The right to read the arriving datagram.
pub(super) struct Receive<'a>(&'a [u8]);

impl phy::RxToken for Receive<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// The right to send one datagram.
pub(super) struct Transmit<'a>(&'a mut TransmitQueue);

impl phy::TxToken for Transmit<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let start = self.0.octets.len();
        // Zeroed, so that octets the stack forgets to write are the same in every run.
        self.0.octets.resize(start + length, 0);
        let result = f(&mut self.0.octets[start..]);
        self.0.datagrams.push_back(start..start + length);
        result
    }
}
