//! Packets between a tester and a target, in the numbers that scripts use.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::monitor::{Monitor, Sender, Vantage, Violation};
use crate::time::Instant;
use crate::wire::{Header, Icmpv4, Icmpv6, Ipv4, Ipv6, Packet, Tcp, TcpFlags, TcpOption, Udp};

pub(super) const TESTER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub(super) const TARGET: Ipv4Addr = Ipv4Addr::new(192, 168, 0, 1);
pub(super) const TESTER6: Ipv6Addr = Ipv6Addr::new(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 0x0a);
pub(super) const TARGET6: Ipv6Addr = Ipv6Addr::new(0xfd3d, 0xfa7b, 0xd17d, 0, 0, 0, 0, 1);
/// The tester's and the target's initial sequence numbers; both wrap soon.
const ISN: [u32; 2] = [u32::MAX - 20, u32::MAX - 5];

/// What was sent so far, and what the monitor made of it.
pub(super) struct Scene {
    monitor: Monitor,
    now: u64,
    is_capture: bool,
}

/// A segment in relative numbers.
#[derive(Clone)]
pub(super) struct Segment {
    tcp: Tcp,
    data: Vec<u8>,
    sack: Vec<(u32, u32)>,
    is_absolute: bool,
    damage: fn(&mut Vec<u8>),
}

/// A segment with flags as scripts write them, sequence and acknowledgment number, and window 1000.
pub(super) fn seg(flags: &str, sequence: u32, acknowledgment: u32) -> Segment {
    let mut tcp = Tcp::new(0, 0);
    tcp.flags = flags.parse().unwrap();
    tcp.sequence = sequence;
    tcp.acknowledgment = acknowledgment;
    tcp.window = 1_000;
    Segment { tcp, data: Vec::new(), sack: Vec::new(), is_absolute: false, damage: |_| {} }
}

impl Segment {
    pub(super) fn is_syn_ack(&self) -> bool {
        self.tcp.flags.contains(TcpFlags::SYN | TcpFlags::ACK)
    }

    pub(super) fn data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    pub(super) fn zeros(self, length: usize) -> Self {
        self.data(&vec![0; length])
    }

    pub(super) fn window(mut self, window: u16) -> Self {
        self.tcp.window = window;
        self
    }

    pub(super) fn option(mut self, option: TcpOption<'_>) -> Self {
        self.tcp.options.push(option);
        self
    }

    pub(super) fn timestamps(self, value: u32, echo_reply: u32) -> Self {
        self.option(TcpOption::Timestamps { value, echo_reply })
    }

    pub(super) fn sack(mut self, blocks: &[(u32, u32)]) -> Self {
        self.sack = blocks.to_vec();
        self
    }

    /// The numbers go on the wire as they are.
    pub(super) fn absolute(mut self) -> Self {
        self.is_absolute = true;
        self
    }

    pub(super) fn tcp(mut self, edit: impl FnOnce(&mut Tcp)) -> Self {
        edit(&mut self.tcp);
        self
    }

    /// Changes octets of the datagram, which begins with an IPv4 header of 20.
    pub(super) fn damage(mut self, damage: fn(&mut Vec<u8>)) -> Self {
        self.damage = damage;
        self
    }

    fn octets(mut self, from_target: bool) -> Vec<u8> {
        let (own, peer) = if from_target { (ISN[1], ISN[0]) } else { (ISN[0], ISN[1]) };
        if !self.is_absolute {
            self.tcp.sequence = self.tcp.sequence.wrapping_add(own);
            if self.tcp.flags.contains(TcpFlags::ACK) {
                self.tcp.acknowledgment = self.tcp.acknowledgment.wrapping_add(peer);
            }
        }
        if !self.sack.is_empty() {
            let blocks: Vec<_> = self.sack.iter().map(|(a, b)| (a.wrapping_add(peer), b.wrapping_add(peer))).collect();
            self.tcp.options.push_sack(&blocks);
        }
        let (source, destination) = if from_target { (TARGET, TESTER) } else { (TESTER, TARGET) };
        (self.tcp.source_port, self.tcp.destination_port) = if from_target { (8080, 49152) } else { (49152, 8080) };
        let mut octets = Packet::new([Ipv4::new(source, destination).into(), self.tcp.into()], &self.data).to_octets();
        (self.damage)(&mut octets);
        octets
    }
}

impl Scene {
    /// Nothing was sent yet.
    pub(super) fn new() -> Self {
        Scene { monitor: Monitor::new(Vantage::link()), now: 1_000_000, is_capture: false }
    }

    /// As [`Scene::new`], of a capture in which both ends are judged.
    pub(super) fn capture() -> Self {
        Scene { monitor: Monitor::new(Vantage::capture()), now: 1_000_000, is_capture: true }
    }

    /// A connection that the tester opened without options but MSS.
    pub(super) fn established() -> Self {
        Scene::new().handshake(|segment| segment)
    }

    /// As [`Scene::established`], with options on both SYNs.
    pub(super) fn with(options: fn(Segment) -> Segment) -> Self {
        Scene::new().handshake(options)
    }

    pub(super) fn handshake(self, options: fn(Segment) -> Segment) -> Self {
        let mss = TcpOption::MaximumSegmentSize(1000);
        let scene = self.tester(options(seg("S", 0, 0).option(mss))).target(options(seg("S.", 0, 1).option(mss)));
        let has_timestamps = options(seg("S", 0, 0)).tcp.options.find(TcpOption::TIMESTAMPS).is_some();
        let ack = seg(".", 1, 1);
        scene.tester(if has_timestamps { ack.timestamps(100, 100) } else { ack })
    }

    pub(super) fn tester(self, segment: Segment) -> Self {
        let octets = segment.octets(false);
        self.raw(Sender::Tester, &octets)
    }

    pub(super) fn target(self, segment: Segment) -> Self {
        let octets = segment.octets(true);
        self.raw(Sender::Target, &octets)
    }

    /// Time passes, in milliseconds.
    pub(super) fn after(mut self, milliseconds: u64) -> Self {
        self.now += milliseconds * 1_000;
        self
    }

    pub(super) fn raw(mut self, sender: Sender, octets: &[u8]) -> Self {
        let sender = if self.is_capture { Sender::Unknown } else { sender };
        self.monitor.packet(Instant::from_micros(self.now), sender, octets, octets.len());
        self
    }

    /// A datagram of the target with this IPv4 header and what follows.
    pub(super) fn target_ip(self, edit: impl FnOnce(&mut Ipv4), rest: &[Header], payload: &[u8]) -> Self {
        let octets = ipv4(TARGET, TESTER, edit, rest, payload);
        self.raw(Sender::Target, &octets)
    }

    pub(super) fn tester_ip(self, edit: impl FnOnce(&mut Ipv4), rest: &[Header], payload: &[u8]) -> Self {
        let octets = ipv4(TESTER, TARGET, edit, rest, payload);
        self.raw(Sender::Tester, &octets)
    }

    pub(super) fn target_ip6(self, edit: impl FnOnce(&mut Ipv6), rest: &[Header], payload: &[u8]) -> Self {
        let octets = ipv6(TARGET6, TESTER6, edit, rest, payload);
        self.raw(Sender::Target, &octets)
    }

    pub(super) fn tester_ip6(self, edit: impl FnOnce(&mut Ipv6), rest: &[Header], payload: &[u8]) -> Self {
        let octets = ipv6(TESTER6, TARGET6, edit, rest, payload);
        self.raw(Sender::Tester, &octets)
    }

    /// What the monitor says in the end.
    pub(super) fn finish(mut self) -> Vec<Violation> {
        self.monitor.finish(Instant::from_micros(self.now));
        self.monitor.violations().to_vec()
    }
}

pub(super) fn ipv4(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    edit: impl FnOnce(&mut Ipv4),
    rest: &[Header],
    payload: &[u8],
) -> Vec<u8> {
    let mut ip = Ipv4::new(source, destination);
    edit(&mut ip);
    let headers = std::iter::once(ip.into()).chain(rest.iter().cloned());
    Packet::new(headers, payload).to_octets()
}

pub(super) fn ipv6(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    edit: impl FnOnce(&mut Ipv6),
    rest: &[Header],
    payload: &[u8],
) -> Vec<u8> {
    let mut ip = Ipv6::new(source, destination);
    edit(&mut ip);
    let headers = std::iter::once(ip.into()).chain(rest.iter().cloned());
    Packet::new(headers, payload).to_octets()
}

pub(super) fn udp() -> Header {
    Udp::new(9, 7).into()
}

pub(super) fn echo(kind: u8, identifier: u16, sequence: u16) -> Header {
    Icmpv4 { kind, ..Icmpv4::echo(identifier, sequence) }.into()
}

pub(super) fn echo6(kind: u8, identifier: u16, sequence: u16) -> Header {
    Icmpv6 { kind, ..Icmpv6::echo_request(identifier, sequence) }.into()
}
