//! What the tests of the Linux target share: a target or a loud reason why not, and packets by hand.
#![allow(dead_code, unreachable_pub)] // each test uses a part of it
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rfcheck::target::linux::LinuxFactory;
use rfcheck::target::{CallMode, CallOutput, Event, IpVersion, Link, Returned, SocketCall, Target, TargetFactory};

pub const STREAM: i32 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;
pub const FIN: u8 = 0x01;

/// The factory, or `None` after saying loudly why the test cannot be made here.
pub fn factory(test: &str) -> Option<LinuxFactory> {
    let made = LinuxFactory::new().and_then(|factory| {
        factory.create(&Link::default_for(IpVersion::Ipv4))?;
        Ok(factory)
    });
    made.map_err(|error| eprintln!("NOT TESTED: {test}: {error}")).ok()
}

/// Makes an immediate call and returns what it gave.
pub fn call(target: &mut dyn Target, call: SocketCall) -> Returned {
    let id = target.call(call, CallMode::Immediate).unwrap();
    match target.wait(target.now(), &mut Vec::new()).unwrap() {
        Event::Returned(returned) if returned.id == id => returned,
        other => panic!("{other:?} instead of the call's return"),
    }
}

/// Makes a call that must succeed.
pub fn value(target: &mut dyn Target, socket_call: SocketCall) -> i64 {
    let text = format!("{socket_call:?}");
    call(target, socket_call).result.unwrap_or_else(|errno| panic!("{text} gave errno {}", errno.0))
}

/// The next packet within a second.
pub fn packet(target: &mut dyn Target) -> Vec<u8> {
    packet_within(target, Duration::from_secs(1)).expect("no packet within a second")
}

/// The next packet within a time.
pub fn packet_within(target: &mut dyn Target, time: Duration) -> Option<Vec<u8>> {
    let mut packet = Vec::new();
    match target.wait(target.now() + time, &mut packet).unwrap() {
        Event::Packet(_) => Some(packet),
        Event::Deadline => None,
        Event::Returned(returned) => panic!("unexpected {returned:?}"),
    }
}

/// The next return within a second.
pub fn returned(target: &mut dyn Target) -> Returned {
    let mut packet = Vec::new();
    match target.wait(target.now() + Duration::from_secs(1), &mut packet).unwrap() {
        Event::Returned(returned) => returned,
        other => panic!("{other:?} instead of a return: {packet:02x?}"),
    }
}

/// One TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub sequence: u32,
    pub acknowledgment: u32,
    pub flags: u8,
    pub payload: &'a [u8],
}

impl Segment<'_> {
    /// Its octets, checksums included.
    pub fn octets(&self) -> Vec<u8> {
        let mut tcp = Vec::new();
        tcp.extend(self.from.port().to_be_bytes());
        tcp.extend(self.to.port().to_be_bytes());
        tcp.extend(self.sequence.to_be_bytes());
        tcp.extend(self.acknowledgment.to_be_bytes());
        tcp.extend([5 << 4, self.flags, 0x40, 0, 0, 0, 0, 0]);
        tcp.extend(self.payload);
        datagram(self.from.ip(), self.to.ip(), TCP, tcp, 16)
    }

    /// A segment from octets, its checksum verified.
    pub fn parse(octets: &[u8]) -> Segment<'_> {
        let (from, to, protocol, body) = split(octets);
        assert_eq!(protocol, TCP, "not TCP: {octets:02x?}");
        assert_eq!(checksum(from, to, TCP, body), 0, "wrong TCP checksum: {octets:02x?}");
        let word = |at: usize| u32::from_be_bytes(body[at..at + 4].try_into().unwrap());
        let port = |at: usize| u16::from_be_bytes(body[at..at + 2].try_into().unwrap());
        Segment {
            from: SocketAddr::new(from, port(0)),
            to: SocketAddr::new(to, port(2)),
            sequence: word(4),
            acknowledgment: word(8),
            flags: body[13],
            payload: &body[usize::from(body[12] >> 4) * 4..],
        }
    }
}

/// A UDP datagram.
pub fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let mut udp = Vec::new();
    udp.extend(from.port().to_be_bytes());
    udp.extend(to.port().to_be_bytes());
    udp.extend((8 + payload.len() as u16).to_be_bytes());
    udp.extend([0, 0]);
    udp.extend(payload);
    datagram(from.ip(), to.ip(), UDP, udp, 6)
}

/// An echo request of either IP version.
pub fn ping(from: IpAddr, to: IpAddr) -> Vec<u8> {
    let (protocol, kind) = if to.is_ipv6() { (58, 128) } else { (1, 8) };
    datagram(from, to, protocol, vec![kind, 0, 0, 0, 0x12, 0x34, 0, 1, 9, 9, 9, 9], 2)
}

/// Source, destination, protocol and what the datagram carries.
pub fn split(octets: &[u8]) -> (IpAddr, IpAddr, u8, &[u8]) {
    if octets[0] >> 4 == 6 {
        let address = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&octets[at..at + 16]).unwrap());
        (address(8), address(24), octets[6], &octets[40..])
    } else {
        assert_eq!(ones_complement(0, &octets[..20]), 0, "wrong header checksum: {octets:02x?}");
        let address = |at: usize| IpAddr::from(<[u8; 4]>::try_from(&octets[at..at + 4]).unwrap());
        (address(12), address(16), octets[9], &octets[usize::from(octets[0] & 15) * 4..])
    }
}

/// A datagram with its checksums; that of the protocol stands at `field` of the body.
fn datagram(from: IpAddr, to: IpAddr, protocol: u8, mut body: Vec<u8>, field: usize) -> Vec<u8> {
    let sum = checksum(from, to, protocol, &body);
    body[field..field + 2].copy_from_slice(&sum.to_be_bytes());
    let mut octets = Vec::new();
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            octets.extend([0x45, 0]);
            octets.extend((20 + body.len() as u16).to_be_bytes());
            octets.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
            octets.extend(from.octets());
            octets.extend(to.octets());
            let sum = ones_complement(0, &octets);
            octets[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            octets.extend([0x60, 0, 0, 0]);
            octets.extend((body.len() as u16).to_be_bytes());
            octets.extend([protocol, 64]);
            octets.extend(from.octets());
            octets.extend(to.octets());
        }
        _ => panic!("two IP versions in one datagram"),
    }
    octets.extend(body);
    octets
}

/// Checksum of a body, with the pseudo-header where the protocol has one; zero if the field holds the right one.
fn checksum(from: IpAddr, to: IpAddr, protocol: u8, body: &[u8]) -> u16 {
    let mut pseudo = Vec::new();
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) if protocol != 1 => {
            pseudo.extend(from.octets());
            pseudo.extend(to.octets());
            pseudo.extend([0, protocol]);
            pseudo.extend((body.len() as u16).to_be_bytes());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            pseudo.extend(from.octets());
            pseudo.extend(to.octets());
            pseudo.extend((body.len() as u32).to_be_bytes());
            pseudo.extend([0, 0, 0, protocol]);
        }
        _ => {}
    }
    let pseudo = !ones_complement(0, &pseudo);
    ones_complement(pseudo.into(), body)
}

fn ones_complement(start: u32, octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(*w.get(1).unwrap_or(&0)));
    let mut sum = start + words.sum::<u32>();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

/// Address family and addresses for sockets of an IP version, of the target and of the tester.
pub fn ends(link: &Link) -> (i32, SocketAddr, SocketAddr) {
    let end = |address: IpAddr, port| match (link.ip_version, address) {
        (IpVersion::Ipv4MappedIpv6, IpAddr::V4(v4)) => SocketAddr::new(v4.to_ipv6_mapped().into(), port),
        _ => SocketAddr::new(address, port),
    };
    let family = if link.ip_version == IpVersion::Ipv4 { 2 } else { 10 };
    (family, end(link.local, 8080), end(link.remote, 40_000))
}

/// A TCP socket that listens at the target's end.
pub fn listener(target: &mut dyn Target, link: &Link) -> i32 {
    let (family, local, _) = ends(link);
    let fd = value(target, SocketCall::Socket { domain: family, kind: STREAM, protocol: 0 }) as i32;
    value(target, SocketCall::Bind { fd, address: local });
    value(target, SocketCall::Listen { fd, backlog: 1 });
    fd
}

/// Opens a connection: the listener, and the tester's ACK of the target's SYN.
pub fn open(target: &mut dyn Target, link: &Link) -> (i32, Segment<'static>) {
    let listener = listener(target, link);
    let (from, to) = (SocketAddr::new(link.remote, 40_000), SocketAddr::new(link.local, 8080));
    let syn = Segment { from, to, sequence: 1_000, acknowledgment: 0, flags: SYN, payload: b"" };
    target.inject(&syn.octets()).unwrap();
    let answer = packet(target);
    let answer = Segment::parse(&answer);
    assert_eq!((answer.flags, answer.acknowledgment), (SYN | ACK, 1_001));
    let ack = Segment { sequence: 1_001, acknowledgment: answer.sequence.wrapping_add(1), flags: ACK, ..syn };
    target.inject(&ack.octets()).unwrap();
    (listener, ack)
}

/// Peer of an accepted connection.
pub fn address(output: &CallOutput) -> SocketAddr {
    match output {
        CallOutput::Address(address) => *address,
        other => panic!("{other:?} instead of an address"),
    }
}
