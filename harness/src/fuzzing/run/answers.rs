//! What must be answered, or handed on, and what the target answered.
//!
//! Only what every correct target takes is demanded, and only of targets whose clock is the session's: on a real clock an
//! answer may be late, or lost in a queue that is full.

use std::net::IpAddr;

use super::connection::Connection;
use super::packet::{self, ECHO_HEADER, Emitted, UDP_HEADER};
use super::{Cause, Run, Step, Stimulus, Stop, pattern};
use crate::fuzzing::finding::Demand;
use crate::fuzzing::session::{Datagram, Fault, FaultKind, Segment};
use crate::target::{Clock, Link};
use crate::wire::{Header, Icmpv4, Icmpv6, Ipv4, Ipv6, Packet, Tcp, TcpFlags};

/// How long the target may take for an answer, in microseconds.
const PATIENCE: i64 = 1_000_000;
/// Time after which another acknowledgment is due that may be limited, in microseconds: twice what stacks are known to take.
pub(super) const UNLIMITED: i64 = 2_000_000;
/// Octets that every host puts together from fragments, the IP header counted (RFC 1122 section 3.3.2, RFC 8200 section 5).
const REASSEMBLED: [usize; 2] = [576, 1_500];
/// Datagrams in part from which on a target may have no room for another one.
const MOST_INCOMPLETE: u32 = 3;

/// What the target answered last.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Identifier and sequence number of an echo reply.
    echo: Option<[u8; 4]>,
    /// The tester's port of a UDP datagram from the target's own address and this port, and its octets.
    pub(super) datagram: Option<(u16, u16, usize)>,
    /// Type and code of an error that says that something cannot be reached.
    unreachable: Option<[u8; 2]>,
    /// The tester's port of a reset.
    pub(super) reset: Option<u16>,
}

impl Answers {
    /// The target sent this.
    pub(super) fn learn(&mut self, packet: &Packet<'_>, link: &Link) {
        if packet.source() != Some(link.local) || packet.destination() != Some(link.remote) {
            return;
        }
        if let Some(tcp) = packet.tcp() {
            if tcp.flags.contains(TcpFlags::RST) {
                self.reset = Some(tcp.destination_port);
            }
        } else if let Some(udp) = packet.udp() {
            self.datagram = Some((udp.source_port, udp.destination_port, packet.payload.len()));
        } else if let Some(icmp) = packet.icmpv4().filter(|icmp| icmp.kind == Icmpv4::ECHO_REPLY) {
            self.echo = Some(icmp.rest);
        } else if let Some(icmp) = packet.icmpv6().filter(|icmp| icmp.kind == Icmpv6::ECHO_REPLY) {
            self.echo = Some(icmp.rest);
        } else if let Some(icmp) = packet.icmpv4().filter(|icmp| icmp.kind == Icmpv4::DESTINATION_UNREACHABLE) {
            self.unreachable = Some([icmp.kind, icmp.code]);
        } else if let Some(icmp) = packet.icmpv6().filter(|icmp| icmp.kind == Icmpv6::DESTINATION_UNREACHABLE) {
            self.unreachable = Some([icmp.kind, icmp.code]);
        }
    }
}

impl Run<'_, '_> {
    /// Whether answers can be demanded.
    pub(super) fn demands(&self) -> bool {
        !self.is_shared && self.target.capabilities().clock == Clock::Virtual
    }

    /// Sends an echo request, which must be answered if nothing is wrong with it.
    pub(super) fn echo(&mut self, datagram: &Datagram) -> Result<(), Stop> {
        let octets = ECHO_HEADER + packet::fitting(datagram.length, &self.link, datagram.fault);
        self.note_length(octets);
        let must = self.demands() && self.must_take(datagram.fault, octets);
        self.answers.echo = None;
        let (number, emitted) = self.datagram(datagram, packet::echo)?;
        let [high, low] = (number as u16).to_be_bytes();
        let rest = [0, datagram.choice, high, low];
        if must && !self.comes(|answers| answers.echo == Some(rest))? {
            let detail =
                format!("the request with identifier {} and sequence number {}", datagram.choice, number as u16);
            let reply = match self.link.local {
                IpAddr::V4(_) => Header::Icmpv4(Icmpv4 { kind: Icmpv4::ECHO_REPLY, rest, ..Icmpv4::echo(0, 0) }),
                IpAddr::V6(_) => Header::Icmpv6(Icmpv6 { rest, ..Icmpv6::new(Icmpv6::ECHO_REPLY, 0) }),
            };
            let data = pattern::of_tester(number, emitted.payload);
            return self.missing(Cause::Unanswered(Demand::EchoRequest), detail, reply, data);
        }
        Ok(())
    }

    /// Sends a datagram to a port that nobody has, which is to be told if nothing is wrong with the datagram.
    pub(super) fn udp_to_nobody(&mut self, datagram: &Datagram) -> Result<(), Stop> {
        self.note(Stimulus::NobodysPort);
        let octets = UDP_HEADER + packet::fitting(datagram.length, &self.link, datagram.fault);
        let must = self.demands() && self.must_take(datagram.fault, octets);
        self.answers.unreachable = None;
        self.datagram(datagram, packet::udp)?;
        let (due, told): (Header, _) = match self.link.local {
            IpAddr::V4(_) => (Icmpv4::new(Icmpv4::DESTINATION_UNREACHABLE, 3).into(), [3, 3]),
            IpAddr::V6(_) => (Icmpv6::new(Icmpv6::DESTINATION_UNREACHABLE, 4).into(), [1, 4]),
        };
        if must && !self.comes(|answers| answers.unreachable == Some(told))? {
            let detail = format!("{octets} octets from UDP port {}", packet::udp_port(datagram));
            return self.missing(Cause::Unanswered(Demand::NobodysPort), detail, due, &[]);
        }
        Ok(())
    }

    /// Whether a segment that is about to be sent must be answered because it is outside the window; segments of the target
    /// before it. One that was answered so of late need not be (RFC 5961 section 7).
    pub(super) fn must_acknowledge(&self, number: usize, segment: &Segment, emitted: &Emitted) -> Option<u32> {
        let tcp = emitted.tcp.as_ref()?;
        let connection = &self.runner.connections[number];
        let is_plain = segment.fault.kind == FaultKind::None
            && !emitted.elsewhere
            && matches!(tcp.flags.0 & !TcpFlags::PSH.0 & !TcpFlags::FIN.0, flags if flags == TcpFlags::ACK.0)
            && tcp.options.is_empty()
            && !connection.has_timestamps();
        let is_sound = connection.is_established() && !connection.is_disturbed && !connection.is_uncertain();
        let is_first = self.last_acknowledgment.is_none_or(|last| last.offset(UNLIMITED) < self.target.now());
        let must = is_plain && is_sound && is_first && self.demands() && connection.is_outside(tcp, emitted.payload);
        must.then_some(connection.heard)
    }

    /// Waits until the target sends on a connection of which so many segments were heard before.
    pub(super) fn hear_of(&mut self, number: usize, before: u32, demand: Demand) -> Result<(), Stop> {
        let deadline = self.target.now().offset(PATIENCE);
        while self.runner.connections[number].heard == before {
            if self.target.now() >= deadline {
                let detail = format!("nothing comes for {} s", PATIENCE / 1_000_000);
                let due = self.runner.connections[number].acknowledgment_due(0);
                return self.missing(Cause::Unanswered(demand), detail, due, &[]);
            }
            self.advance(deadline, 1)?;
        }
        Ok(())
    }

    /// The target did not send what it must: a datagram like this one.
    pub(super) fn missing(
        &mut self,
        cause: Cause,
        detail: String,
        transport: impl Into<Header>,
        payload: &[u8],
    ) -> Result<(), Stop> {
        let found = self.found(cause, detail);
        if let (Err(_), Some(steps)) = (&found, &mut self.runner.steps) {
            let at = self.target.now();
            let ip: Header = match (self.link.local, self.link.remote) {
                (IpAddr::V4(local), IpAddr::V4(remote)) => Ipv4::new(local, remote).into(),
                (IpAddr::V6(local), IpAddr::V6(remote)) => Ipv6::new(local, remote).into(),
                _ => return found, // A link has one IP version.
            };
            let mut octets = Vec::new();
            Packet::new([ip, transport.into()], payload).emit(&mut octets);
            steps.push(Step::Due { at, octets });
        }
        found
    }

    /// Waits until the target has given an answer; whether it came in time.
    pub(super) fn comes(&mut self, is_it: impl Fn(&Answers) -> bool) -> Result<bool, Stop> {
        let deadline = self.target.now().offset(PATIENCE);
        while !is_it(&self.answers) {
            if self.target.now() >= deadline {
                return Ok(false);
            }
            self.advance(deadline, 1)?;
        }
        Ok(true)
    }

    /// Whether every host takes a datagram with so many octets behind its IP header, in spite of what is unusual with it.
    pub(super) fn must_take(&self, fault: Fault, octets: usize) -> bool {
        let is_ipv4 = self.link.local.is_ipv4();
        let (choice, header) = (fault.choice, if is_ipv4 { 20 } else { 40 });
        match fault.kind {
            FaultKind::None | FaultKind::TrafficClass | FaultKind::Twice => true,
            // A datagram is not dropped because of its TTL (RFC 1122 section 3.2.1.7).
            FaultKind::HopLimit => choice > 0,
            // The reserved flag is another matter.
            FaultKind::IpFlags => !is_ipv4 || choice & 1 == 0,
            // In any order, without one missing or overlapping. One that comes again may be taken for overlapping in IPv6
            // (RFC 8200 section 4.5).
            FaultKind::Fragments => {
                let most = REASSEMBLED[usize::from(!is_ipv4)];
                let unusual = if is_ipv4 { 0b1100 } else { 0b1_1100 };
                choice & unusual == 0 && octets + header <= most && self.incomplete < MOST_INCOMPLETE
            }
            // Record Route, No Operation and Router Alert.
            FaultKind::IpOptions if is_ipv4 => choice & 3 < 3,
            // Padding and an option to be skipped, or a routing header without segments left.
            FaultKind::IpOptions => match choice & 7 {
                5 => choice & 0x10 == 0,
                header => header < 7 && choice & 0xc0 == 0,
            },
            _ => false,
        }
    }
}

impl Connection {
    /// The FIN that the target owes.
    pub(super) fn fin_due(&self) -> Tcp {
        Tcp { flags: TcpFlags::FIN | TcpFlags::ACK, ..self.acknowledgment_due(0) }
    }

    /// The acknowledgment that the target owes, of so many numbers more than it has acknowledged.
    pub(super) fn acknowledgment_due(&self, more: u32) -> Tcp {
        Tcp {
            flags: TcpFlags::ACK,
            sequence: self.received,
            acknowledgment: self.expected().0.wrapping_add(more),
            ..Tcp::new(self.target_port, self.port)
        }
    }
}
