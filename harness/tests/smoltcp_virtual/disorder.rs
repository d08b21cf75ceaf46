//! Calls and datagrams in any order, with any arguments: the socket layer never panics, every call returns at most
//! once, and a run can be run again.

use std::collections::BTreeSet;
use std::net::IpAddr;

use etherparse::{Icmpv4Type, IpHeaders, PacketBuilder, PacketBuilderStep, TcpOptionElement};
use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{
    CallId, CallMode, Event, IpVersion, Link, PollEntry, SocketCall, Target, TargetError, TargetFactory,
};
use rfcheck::time::Instant;

const SCRIPTS: u64 = 600;
const STEPS: u32 = 80;

/// xorshift64*: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 33) % bound
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// What the script knows of the target: the last segment it sent.
#[derive(Default)]
struct Seen {
    sequence: u32,
    acknowledgment: u32,
    port: u16,
}

fn call(random: &mut Random, link: &Link) -> SocketCall {
    let fd = random.one_of(&[3, 3, 4, 4, 4, 5, 6, 7, -1, 0]);
    let length = random.one_of(&[0, 1, 10, 1_000, 70_000, 200_000]);
    let port = random.one_of(&[0, 8080, 8080, 8080, 40_000]);
    let address = random.one_of(&[link.local, link.local, link.remote, [0; 4].into(), [0; 16].into(), [255; 4].into()]);
    let (local, remote) =
        ((address, port).into(), (random.one_of(&[link.remote, link.remote, address]), 40_000).into());
    let flags = random.one_of(&[0, 0, 0x40, 0x2, 0x100, 0x20, 0x1]);
    let domain = random.one_of(&[2, 2, 2, 10, 1]);
    match random.below(24) {
        0 | 1 => SocketCall::Socket {
            domain,
            kind: random.one_of(&[1, 1, 1 | 0o4000, 2, 2 | 0o4000, 3]),
            protocol: random.one_of(&[0, 0, 1, 6, 17, 58]),
        },
        2 | 3 => SocketCall::Bind { fd, address: local },
        4 | 5 => SocketCall::Listen { fd, backlog: random.one_of(&[0, 1, 1, 5, -1, 1_000]) },
        6..=8 => SocketCall::Accept { fd },
        9 => SocketCall::Connect { fd, address: remote },
        10 => SocketCall::ConnectFamily { fd, family: random.one_of(&[0, 2, 10]) },
        11 => SocketCall::Read { fd, length, null: random.below(10) == 0 },
        12 => SocketCall::RecvMsg { fd, lengths: vec![length, 3], control_length: 0, flags },
        13 => SocketCall::Recv { fd, length, flags, null: false },
        14 | 15 => SocketCall::Write { fd, data: vec![7; length], null: random.below(10) == 0 },
        16 => SocketCall::SendTo { fd, data: vec![8; length], flags, address: Some(remote), null: false },
        17 => SocketCall::Close { fd },
        18 => SocketCall::Shutdown { fd, how: random.below(4) as i32 },
        19 => {
            let (level, option) =
                random.one_of(&[(1, 13), (1, 9), (6, 1), (6, 4), (6, 12), (6, 18), (0, 2), (1, 8), (1, 20)]);
            let value = random.one_of(&[0_i32, 1, 1, 64, 1_000, -1]).to_ne_bytes();
            SocketCall::SetSockOpt { fd, level, option, value: value.repeat(random.below(5) as usize) }
        }
        20 => {
            let level = random.one_of(&[0, 1, 6, 41]);
            SocketCall::GetSockOpt { fd, level, option: random.below(40) as i32, value: vec![0; 4] }
        }
        21 => {
            let entry = PollEntry { fd, events: 5, revents: 0 };
            SocketCall::Poll { entries: vec![entry; 2], timeout: random.one_of(&[-1, 0, 10, 5_000]) }
        }
        22 => SocketCall::Ioctl { fd, request: random.one_of(&[0x541b, 0x5411, 0x5421, 1]), argument: Some(1) },
        _ => SocketCall::Fcntl { fd, command: random.below(5) as i32, argument: Some(random.one_of(&[0, 2048])) },
    }
}

fn datagram(random: &mut Random, seen: &Seen, link: &Link) -> Vec<u8> {
    let near = random.one_of(&[0, 0, 0, 0, 1, 0xffff_ffff, 1_000, 0x8000_0000]);
    let payload = vec![9; random.one_of(&[0, 0, 1, 100, 1_400])];
    let mut packet = Vec::new();
    let ip = ip(link);
    let port = random.one_of(&[8080, 8080, seen.port]);
    match random.below(10) {
        0 => ip.udp(40_000, port).write(&mut packet, &payload),
        1 if link.local.is_ipv4() => {
            let kind = random.one_of(&[0_u8, 3, 3, 3, 5, 8, 11, 12, 13]);
            let code = random.below(5) as u8;
            ip.icmpv4(Icmpv4Type::Unknown { type_u8: kind, code_u8: code, bytes5to8: [0; 4] })
                .write(&mut packet, &payload)
        }
        _ => {
            let sequence = seen.acknowledgment.wrapping_add(near);
            let window = random.one_of(&[0, 1, 100, 65_535, 65_535]);
            let mut tcp = ip.tcp(40_000, port, sequence, window);
            for _ in 0..2 {
                tcp = match random.below(10) {
                    0..=2 => tcp.syn(),
                    3 => tcp.fin(),
                    4 => tcp.rst(),
                    5 => tcp.psh(),
                    6 => tcp.urg(7),
                    _ => tcp.ack(seen.sequence.wrapping_add(random.one_of(&[0, 0, 0, 1, 1, 0xffff_ffff]))),
                };
            }
            let options = [
                TcpOptionElement::MaximumSegmentSize(random.one_of(&[0, 1, 100, 1_460])),
                TcpOptionElement::WindowScale(random.one_of(&[0, 7, 14, 255])),
                TcpOptionElement::SelectiveAcknowledgementPermitted,
                TcpOptionElement::Timestamp(1, 2),
            ];
            let options = &options[..random.below(5) as usize];
            tcp.options(options).expect("the options fit").write(&mut packet, &payload)
        }
    }
    .expect("a vector takes all");
    if random.below(8) == 0 {
        let at = random.below(packet.len() as u64) as usize;
        packet[at] ^= 1 << random.below(8);
    }
    if random.below(16) == 0 {
        packet.truncate(random.below(packet.len() as u64) as usize);
    }
    packet
}

/// Looks at what the target sent.
fn look(packet: &[u8], seen: &mut Seen) {
    let header = if packet[0] >> 4 == 4 { 20 } else { 40 };
    let protocol = if header == 20 { packet[9] } else { packet[6] };
    if protocol == 6 && packet.len() >= header + 20 {
        let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().expect("four octets"));
        seen.port = u16::from_be_bytes([packet[header], packet[header + 1]]);
        let flags = packet[header + 13];
        let length = packet.len() - header - usize::from(packet[header + 12] >> 4) * 4;
        let control = u32::from(flags & 1) + u32::from(flags >> 1 & 1);
        seen.sequence = word(header + 4).wrapping_add(length as u32 + control);
        if flags & 0x10 != 0 {
            seen.acknowledgment = word(header + 8);
        }
    }
}

/// An accepted connection, descriptor 4, with its listener at 3.
fn connect(target: &mut dyn Target, link: &Link, seen: &mut Seen, packet: &mut Vec<u8>) {
    let domain = if link.local.is_ipv6() { 10 } else { 2 };
    for call in [
        SocketCall::Socket { domain, kind: 1 | 0o4000, protocol: 0 },
        SocketCall::Bind { fd: 3, address: (link.local, 8080).into() },
        SocketCall::Listen { fd: 3, backlog: 2 },
    ] {
        target.call(call, CallMode::Immediate).expect("the target lives");
    }
    for flags in [0x02, 0x10] {
        let mut segment = ip(link).tcp(40_000, 8080, seen.acknowledgment, 65_535);
        segment = if flags == 0x02 { segment.syn() } else { segment.ack(seen.sequence) };
        let mut octets = Vec::new();
        segment.write(&mut octets, &[]).expect("a vector takes all");
        target.inject(&octets).expect("the target lives");
        while !matches!(target.wait(target.now(), packet).expect("the target lives"), Event::Deadline) {}
        if flags == 0x02 {
            look(packet, seen);
        }
    }
    target.call(SocketCall::Accept { fd: 3 }, CallMode::Immediate).expect("the target lives");
    let accepted = target.wait(target.now(), packet).expect("the target lives");
    assert!(matches!(accepted, Event::Returned(returned) if returned.result == Ok(4)));
}

fn ip(link: &Link) -> PacketBuilderStep<IpHeaders> {
    match (link.remote, link.local) {
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 64),
        (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), 64),
        _ => panic!("a link has one address family"),
    }
}

/// One script; all that came of it, and why it ended early.
fn script(seed: u64, link: &Link) -> (Vec<String>, Option<String>) {
    let mut random = Random(seed);
    let mut target = SmoltcpFactory::new().create(link).expect("smoltcp runs on this link");
    let (mut seen, mut packet, mut trace) = (Seen::default(), Vec::new(), Vec::new());
    let mut open = BTreeSet::new();
    if !seed.is_multiple_of(4) {
        connect(&mut *target, link, &mut seen, &mut packet);
    }
    let mut step = |target: &mut dyn Target, random: &mut Random| -> Result<(), TargetError> {
        match random.below(3) {
            0 => target.inject(&datagram(random, &seen, link))?,
            _ => {
                let id: CallId =
                    target.call(call(random, link), random.one_of(&[CallMode::Immediate, CallMode::Blocking]))?;
                assert!(open.insert(id));
            }
        }
        let deadline = target.now().micros() + random.one_of(&[0, 0, 0, 1_000, 100_000, 10_000_000]);
        for _ in 0..2_000 {
            match target.wait(Instant::from_micros(deadline), &mut packet)? {
                Event::Packet(at) => {
                    look(&packet, &mut seen);
                    trace.push(format!("{at} {packet:02x?}"));
                }
                Event::Returned(returned) => {
                    assert!(open.remove(&returned.id), "{returned:?} returned twice");
                    trace.push(format!("{returned:?}"));
                }
                Event::Deadline => break,
            }
        }
        Ok(())
    };
    for _ in 0..STEPS {
        if let Err(error) = step(&mut *target, &mut random) {
            return (trace, Some(error.to_string()));
        }
    }
    (trace, None)
}

#[test]
fn anything_goes_and_goes_the_same_way_twice() {
    let mut events = 0;
    for ip_version in [IpVersion::Ipv4, IpVersion::Ipv6] {
        let link = Link::default_for(ip_version);
        for seed in 1..=SCRIPTS {
            let (trace, ended) = script(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), &link);
            assert_eq!(ended, None, "script {seed} on {ip_version}");
            events += trace.len();
            if seed % 50 == 0 {
                assert_eq!(script(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15), &link).0, trace);
            }
        }
    }
    assert!(events > 40_000, "only {events} events: the scripts hardly do anything");
}
