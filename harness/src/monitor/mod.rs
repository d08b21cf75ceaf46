//! The monitor: RFC invariants over a trace, wherever it came from.
//!
//! A [`Monitor`] is fed packets one by one and follows both ends of each connection as far as the wire shows them. What
//! it reports is a [`Violation`] of an [`Invariant`]: something that no correct end sends, whatever its application
//! does. Where it cannot know, it is silent. A [`Vantage`] tells what it may rely on: in a run of ours every packet is in
//! the trace and the target's end is the judged one; in a capture both ends are judged and packets may be missing.
//!
//! Memory is bounded: by the number of connections, of ranges a connection, of octets kept.

mod datagram;
mod icmp;
mod invariant;
mod ip;
mod ranges;
mod reassembly;
mod sequence;
mod tcp;
#[cfg(test)]
mod tests;
mod trace;
mod udp;
mod violation;

pub use invariant::Invariant;
pub use trace::judge;
pub use violation::Violation;

use std::net::IpAddr;

use datagram::{Datagram, Validity};
use icmp::Icmp;
use reassembly::Reassembly;
use tcp::Connections;
use violation::Findings;

use crate::time::Instant;
use crate::wire::{Header, Packet, Parsed};

/// Fragments of fragments are put together so many times.
const NESTED: u8 = 4;

/// Who sent a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// The tester, whose packets may be wrong on purpose: they are not judged.
    Tester,
    /// The target.
    Target,
    /// Nobody knows: it is judged as any end's.
    Unknown,
}

/// What the monitor may rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vantage {
    /// Whether the trace has every packet of the judged end and to it, in the order in which that end saw them.
    pub complete: bool,
    /// Whether what is seen may be larger than a segment on the wire, or without its checksum, because a network
    /// interface would have finished it.
    pub offload: bool,
    /// By how much packets of one direction may be seen earlier or later than those of the other, in microseconds.
    pub skew: u64,
    /// Addresses besides the well-known ones that are broadcast addresses here.
    pub broadcast: Option<IpAddr>,
}

impl Vantage {
    /// A run of ours, seen on the target's link.
    pub const fn link() -> Self {
        Vantage { complete: true, offload: false, skew: 1_000, broadcast: None }
    }

    /// A capture that was taken on the judged host's own link and has all of its packets.
    pub const fn host() -> Self {
        Vantage { complete: true, ..Vantage::capture() }
    }

    /// Somebody's capture.
    pub const fn capture() -> Self {
        Vantage { complete: false, offload: true, skew: 20_000, broadcast: None }
    }
}

/// Follows a trace and tells what breaks an RFC.
#[derive(Debug)]
pub struct Monitor {
    vantage: Vantage,
    frame: u64,
    findings: Findings,
    reassembly: Reassembly,
    connections: Connections,
    icmp: Icmp,
}

impl Monitor {
    /// A monitor that has seen nothing yet.
    pub fn new(vantage: Vantage) -> Self {
        Monitor {
            vantage,
            frame: 0,
            findings: Findings::default(),
            reassembly: Reassembly::default(),
            connections: Connections::default(),
            icmp: Icmp::default(),
        }
    }

    /// Forgets all it has seen and keeps its memory.
    pub fn clear(&mut self, vantage: Vantage) {
        self.vantage = vantage;
        self.frame = 0;
        self.findings.clear();
        self.reassembly.clear();
        self.connections.clear();
        self.icmp.clear();
    }

    /// The next packet: an IP datagram, of which `octets` were captured and `length` were sent.
    pub fn packet(&mut self, at: Instant, sender: Sender, octets: &[u8], length: usize) {
        let missing = length.saturating_sub(octets.len());
        self.parsed(at, sender, octets, missing, &Packet::parse(octets, None));
    }

    /// As [`Monitor::packet`], of a packet that was read already and of which `missing` octets were not captured.
    pub(crate) fn parsed(&mut self, at: Instant, sender: Sender, octets: &[u8], missing: usize, parsed: &Parsed<'_>) {
        self.frame += 1;
        self.findings.begin(self.frame, at, sender != Sender::Tester);
        self.connections.advance(at, &self.vantage, &mut self.findings);
        self.icmp.remember(octets, sender);
        let datagram = Datagram::new(parsed, missing, sender, self.vantage.offload);
        ip::check(&datagram, &self.vantage, &mut self.findings);
        self.datagram(at, &datagram, NESTED);
    }

    /// One datagram, or a part of one that may be a part itself, `depth` times at most.
    fn datagram(&mut self, at: Instant, datagram: &Datagram<'_>, depth: u8) {
        if datagram.validity == Validity::Unreadable {
            return;
        }
        if !datagram.packet().is_fragment() {
            self.transport(at, datagram);
        } else if let Some(whole) = self.reassembly.add(at, datagram, &mut self.findings)
            && depth > 0
        {
            self.icmp.remember(&whole.octets, datagram.sender);
            let parsed = Packet::parse(&whole.octets, None);
            let mut of_all = Datagram::new(&parsed, 0, datagram.sender, self.vantage.offload);
            of_all.is_ambiguous = whole.is_ambiguous || datagram.is_ambiguous;
            of_all.is_fragmented = true;
            if of_all.is_ambiguous {
                self.connections.blur();
            }
            ip::check_transport(&of_all, &self.vantage, &mut self.findings);
            self.datagram(at, &of_all, depth - 1);
        }
    }

    /// A packet that the capture has, but in a form that is not looked into: it keeps its number.
    pub fn skip(&mut self) {
        self.frame += 1;
    }

    /// The trace ends at `at`.
    pub fn finish(&mut self, at: Instant) {
        self.findings.begin(self.frame, at, true);
        self.connections.advance(at, &self.vantage, &mut self.findings);
        self.connections.finish(&mut self.findings);
    }

    /// What was found so far, in order of packets. Some of a capture's is withheld until [`Monitor::finish`], because a
    /// later packet may show that the capture is not complete.
    pub fn violations(&self) -> &[Violation] {
        self.findings.violations()
    }

    /// How many connections and datagrams in fragments are followed.
    #[cfg(test)]
    fn size(&self) -> (usize, usize) {
        (self.connections.len(), self.reassembly.len())
    }

    fn transport(&mut self, at: Instant, datagram: &Datagram<'_>) {
        match datagram.packet().headers.last() {
            Some(Header::Tcp(tcp)) => {
                self.connections.segment(at, datagram, tcp, &self.vantage, &mut self.findings);
            }
            Some(Header::Udp(udp)) => udp::check(datagram, udp, &mut self.findings),
            Some(Header::Icmpv4(_) | Header::Icmpv6(_)) => {
                self.connections.disturbed();
                self.icmp.message(datagram, &self.vantage, &mut self.findings);
            }
            _ => {}
        }
    }
}
