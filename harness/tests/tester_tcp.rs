//! The tester's own TCP: against itself over a link that loses and delays, against smoltcp in virtual time, and against
//! the running kernel. Whatever the schedule, both streams arrive as they were written.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod linux_support;

use std::net::SocketAddr;
use std::time::Duration;

use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{CallOutput, IpVersion, Link, Returned, SocketCall, Target, TargetFactory};
use rfcheck::tester::{Connection, Delivery, Ends, Options, Peer, Schedule, Step, Tester};
use rfcheck::time::Instant;
use rfcheck::wire::{Packet, TcpFlags};

const VERSIONS: [IpVersion; 2] = [IpVersion::Ipv4, IpVersion::Ipv6];
const PORT: u16 = 8080;

fn ends(link: &Link, port: u16) -> Ends {
    Ends { local: SocketAddr::new(link.remote, port), remote: SocketAddr::new(link.local, PORT) }
}

fn delivery(schedule: Schedule) -> Delivery {
    Delivery { schedule, seed: 1 }
}

/// `length` octets that differ from their neighbours.
fn text(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// A server on the target that sends back what it gets, until its peer finishes.
struct Echo {
    listener: i32,
    accepted: Vec<Served>,
}

struct Served {
    fd: i32,
    pending: Vec<u8>,
    is_closed: bool,
}

impl Echo {
    fn start(target: &mut dyn Target, link: &Link) -> Echo {
        let (family, local, _) = linux_support::ends(link);
        let listener = value(target, SocketCall::Socket { domain: family, kind: 1 | 0o4000, protocol: 0 }) as i32;
        value(target, SocketCall::Bind { fd: listener, address: SocketAddr::new(local.ip(), PORT) });
        value(target, SocketCall::Listen { fd: listener, backlog: 8 });
        Echo { listener, accepted: Vec::new() }
    }

    /// Does what can be done without waiting.
    fn serve(&mut self, target: &mut dyn Target) {
        while let Ok(fd) = call(target, SocketCall::Accept { fd: self.listener }).result {
            let fd = fd as i32;
            value(target, SocketCall::Fcntl { fd, command: 4, argument: Some(0o4000) });
            self.accepted.push(Served { fd, pending: Vec::new(), is_closed: false });
        }
        for served in self.accepted.iter_mut().filter(|served| !served.is_closed) {
            served.serve(target);
        }
    }
}

impl Served {
    fn serve(&mut self, target: &mut dyn Target) {
        loop {
            while !self.pending.is_empty() {
                let data = self.pending.clone();
                match call(target, SocketCall::Write { fd: self.fd, data, null: false }).result {
                    Ok(written) => self.pending.drain(..written as usize),
                    Err(_) => return,
                };
            }
            let read = call(target, SocketCall::Read { fd: self.fd, length: 4_096, null: false });
            match (read.result, read.output) {
                (Ok(1..), CallOutput::Data(data)) => self.pending = data,
                (Err(errno), _) if errno.0 == 11 => return,
                _ => {
                    call(target, SocketCall::Close { fd: self.fd });
                    self.is_closed = true;
                    return;
                }
            }
        }
    }
}

fn call(target: &mut dyn Target, call: SocketCall) -> Returned {
    linux_support::call(target, call)
}

fn value(target: &mut dyn Target, call: SocketCall) -> i64 {
    linux_support::value(target, call)
}

/// Sends `data` and reads the echo, then finishes; what came back, and what became of the connection.
fn echo(
    tester: &mut Tester<'_>,
    server: &mut Echo,
    link: &Link,
    port: u16,
    schedule: Schedule,
    data: &[u8],
) -> (Vec<u8>, Peer) {
    let number = tester.connect(ends(link, port), Options::default(), delivery(schedule));
    let cuts: Vec<u64> = (1..data.len() as u64).filter(|at| at % 7 == 3).collect();
    tester.connection(number).unwrap().write(data, &cuts);
    let mut back = Vec::new();
    let deadline = tester.target().now() + Duration::from_secs(600);
    tester
        .run_until(deadline, |tester| {
            server.serve(tester.target());
            let connection = tester.connection(number).unwrap();
            let received = connection.received().len();
            back.extend_from_slice(connection.received());
            connection.take(received);
            if back.len() == data.len() {
                connection.finish();
            }
            connection.is_over()
                || !matches!(connection.peer(), Peer::Connecting | Peer::Open) && schedule.is_abortive()
        })
        .unwrap();
    (back, tester.connection(number).unwrap().peer())
}

#[test]
fn smoltcp_sends_back_what_it_got_whatever_the_schedule() {
    for version in VERSIONS {
        for schedule in Schedule::ALL.into_iter().filter(|schedule| !schedule.is_abortive()) {
            for length in [1, 2, 1_000, 20_000] {
                let link = Link::default_for(version);
                let mut target = SmoltcpFactory::new().create(&link).unwrap();
                let mut server = Echo::start(&mut *target, &link);
                let mut tester = Tester::new(&mut *target);
                let (back, peer) = echo(&mut tester, &mut server, &link, 40_000, schedule, &text(length));
                assert!(back == text(length), "{schedule}, {length} octets over {version}: {} came back", back.len());
                assert!(matches!(peer, Peer::Finished(_)), "{schedule}, {length} octets over {version}: {peer:?}");
            }
        }
    }
}

#[test]
fn after_an_abortive_schedule_the_next_connection_is_served() {
    for schedule in Schedule::ALL.into_iter().filter(|schedule| schedule.is_abortive()) {
        let link = Link::default_for(IpVersion::Ipv4);
        let mut target = SmoltcpFactory::new().create(&link).unwrap();
        let mut server = Echo::start(&mut *target, &link);
        let mut tester = Tester::new(&mut *target);
        let number = tester.connect(ends(&link, 40_000), Options::default(), delivery(schedule));
        tester.connection(number).unwrap().write(b"half of this", &[]);
        let deadline = tester.target().now() + Duration::from_secs(5);
        tester
            .run_until(deadline, |tester| {
                server.serve(tester.target());
                false
            })
            .unwrap();
        let connection = tester.connection(number).unwrap();
        match schedule {
            Schedule::FinMiddle => assert_eq!((connection.received(), connection.is_over()), (&b"half o"[..], true)),
            Schedule::HalfClose => {
                assert_eq!((connection.received(), connection.is_over()), (&b"half of this"[..], true))
            }
            Schedule::RstMiddle => assert!(matches!(connection.peer(), Peer::Reset(_))),
            _ => assert_eq!((connection.received(), connection.peer()), (&b""[..], Peer::Open)),
        }
        let (back, _) = echo(&mut tester, &mut server, &link, 40_001, Schedule::Whole, b"still there?");
        assert_eq!(back, b"still there?", "{schedule}");
    }
}

#[test]
fn several_connections_go_on_at_once() {
    let link = Link::default_for(IpVersion::Ipv6);
    let mut target = SmoltcpFactory::new().create(&link).unwrap();
    let mut server = Echo::start(&mut *target, &link);
    let mut tester = Tester::new(&mut *target);
    let schedules = [Schedule::Loss, Schedule::Reordered, Schedule::Octet, Schedule::TinyWindow];
    for (port, schedule) in (40_000..).zip(schedules) {
        let number = tester.connect(ends(&link, port), Options::default(), delivery(schedule));
        tester.connection(number).unwrap().write(&text(500), &[]);
    }
    let mut back = vec![Vec::new(); schedules.len()];
    let deadline = tester.target().now() + Duration::from_secs(600);
    let done = tester.run_until(deadline, |tester| {
        server.serve(tester.target());
        for (number, back) in back.iter_mut().enumerate() {
            let connection = tester.connection(number).unwrap();
            back.extend_from_slice(connection.received());
            let received = connection.received().len();
            connection.take(received);
        }
        back.iter().all(|back| back.len() >= 500)
    });
    assert!(done.unwrap() && back.iter().all(|back| *back == text(500)));
}

#[test]
fn the_target_opens_a_connection_to_the_tester() {
    let link = Link::default_for(IpVersion::Ipv4);
    let mut target = SmoltcpFactory::new().create(&link).unwrap();
    let fd = value(&mut *target, SocketCall::Socket { domain: 2, kind: 1 | 0o4000, protocol: 0 }) as i32;
    let (local, remote) = (SocketAddr::new(link.remote, 80), SocketAddr::new(link.remote, 80));
    assert_eq!(call(&mut *target, SocketCall::Connect { fd, address: remote }).result.unwrap_err().0, 115);
    let mut tester = Tester::new(&mut *target);
    tester.listen(local.port(), Options::default(), delivery(Schedule::Random));
    let deadline = tester.target().now() + Duration::from_secs(10);
    assert!(tester.run_until(deadline, |tester| tester.connections() == 1).unwrap());
    tester.connection(0).unwrap().write(b"welcome to the tester", &[]);
    assert!(tester.run_until(deadline, |tester| tester.connection(0).unwrap().is_acknowledged()).unwrap());
    let read = call(tester.target(), SocketCall::Read { fd, length: 100, null: false });
    assert_eq!(read.output, CallOutput::Data(b"welcome to the tester".into()));
}

#[test]
fn datagrams_go_both_ways() {
    let link = Link::default_for(IpVersion::Ipv6);
    let mut target = SmoltcpFactory::new().create(&link).unwrap();
    let fd = value(&mut *target, SocketCall::Socket { domain: 10, kind: 2, protocol: 0 }) as i32;
    value(&mut *target, SocketCall::Bind { fd, address: SocketAddr::new(link.local, PORT) });
    let mut tester = Tester::new(&mut *target);
    let ends = ends(&link, 5353);
    tester.send(ends, b"question").unwrap();
    let address = Some(SocketAddr::new(link.remote, 5353));
    let data = b"answer".to_vec();
    value(tester.target(), SocketCall::SendTo { fd, data, flags: 0, address, null: false });
    let deadline = tester.target().now() + Duration::from_secs(1);
    assert!(matches!(tester.step(deadline).unwrap(), Step::Progress));
    let answer = tester.receive().unwrap();
    assert_eq!((answer.ends, answer.payload.as_slice()), (ends, &b"answer"[..]));
    assert!(tester.receive().is_none());
}

#[test]
fn the_kernel_sends_back_what_it_got_whatever_the_schedule() {
    let Some(factory) = linux_support::factory("the tester's TCP") else { return };
    for version in VERSIONS {
        // The slow ones wait for real.
        for schedule in
            Schedule::ALL.into_iter().filter(|schedule| !schedule.is_abortive() && *schedule != Schedule::Slow)
        {
            let link = Link::default_for(version);
            let mut target = factory.create(&link).unwrap();
            let mut server = Echo::start(&mut *target, &link);
            let mut tester = Tester::new(&mut *target);
            // Timeouts are a second, and the kernel probes a tiny window rather than filling it.
            let length = if matches!(schedule, Schedule::Loss | Schedule::TinyWindow) { 100 } else { 5_000 };
            let (back, peer) = echo(&mut tester, &mut server, &link, 40_000, schedule, &text(length));
            assert!(back == text(length), "{schedule} over {version}: {} octets came back", back.len());
            assert!(matches!(peer, Peer::Finished(_)), "{schedule} over {version}: {peer:?}");
        }
    }
}

/// Two testers and a link between them that loses, repeats and delays by a seed.
struct Between {
    ends: [Connection; 2],
    /// Packets on their way: when they come, to whom.
    flying: Vec<(Instant, usize, Vec<u8>)>,
    now: Instant,
    random: u64,
    /// Flags and payload lengths of what the first one sent.
    sent: Vec<(TcpFlags, usize)>,
}

impl Between {
    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    /// Runs until both have all, or two hours of virtual time have passed.
    fn run(&mut self, expected: [&[u8]; 2]) -> [Vec<u8>; 2] {
        let mut got = [Vec::new(), Vec::new()];
        let mut packet = Vec::new();
        while self.now < Instant::ZERO + Duration::from_secs(7_200) {
            for side in 0..2 {
                while self.ends[side].poll(self.now, &mut packet) {
                    let parsed = Packet::parse(&packet, None);
                    assert!(parsed.defects.is_empty(), "{:?}", parsed.defects);
                    if side == 0 {
                        self.sent.push((parsed.packet.tcp().unwrap().flags, parsed.packet.payload.len()));
                    }
                    for _ in 0..[0, 1, 1, 1, 1, 1, 1, 2][self.random(8) as usize] {
                        let arrival = self.now + Duration::from_micros(1_000 + self.random(30_000));
                        self.flying.push((arrival, 1 - side, packet.clone()));
                    }
                }
                let connection = &mut self.ends[side];
                got[side].extend_from_slice(connection.received());
                let length = connection.received().len();
                connection.take(length);
                if got[side].len() == expected[side].len() {
                    connection.finish();
                }
            }
            let next =
                self.flying.iter().map(|(at, ..)| *at).chain(self.ends.iter().map(Connection::due)).min().unwrap();
            if self.ends.iter().all(Connection::is_over) || next == Instant::FAR_FUTURE {
                break;
            }
            self.now = self.now.max(next);
            let (come, flying) = std::mem::take(&mut self.flying).into_iter().partition(|(at, ..)| *at <= self.now);
            self.flying = flying;
            let come: Vec<(Instant, usize, Vec<u8>)> = come;
            for (_, side, packet) in come {
                assert!(self.ends[side].handle(self.now, &Packet::parse(&packet, None).packet));
            }
        }
        got
    }
}

#[test]
fn a_link_that_loses_repeats_and_reorders_changes_nothing() {
    let (here, there) = (SocketAddr::from(([192, 0, 2, 1], 1_000)), SocketAddr::from(([192, 0, 2, 2], 2_000)));
    for schedule in Schedule::ALL.into_iter().filter(|schedule| !schedule.is_abortive()) {
        for seed in 0..8 {
            let options = Options { initial_sequence: u32::MAX - 700, ..Options::default() };
            let mut first =
                Connection::connect(Ends { local: here, remote: there }, options, Delivery { schedule, seed });
            let mut syn = Vec::new();
            assert!(first.poll(Instant::ZERO, &mut syn));
            let options = Options { segment_size: 300, window_scale: Some(2), ..options };
            let accepted = Connection::accept(&Packet::parse(&syn, None).packet, options, Delivery { schedule, seed });
            let mut second = accepted.unwrap();
            let (forth, back) = (text(900), text(800));
            first.write(&forth, &[1, 2, 500]);
            second.write(&back, &[1_000]);
            let mut between = Between {
                ends: [first, second],
                flying: Vec::new(),
                now: Instant::ZERO,
                random: seed,
                sent: Vec::new(),
            };
            let got = between.run([&back, &forth]);
            let peers = between.ends.each_ref().map(Connection::peer);
            assert!(got == [back, forth], "{schedule}, seed {seed}: {:?}, {peers:?}", got.map(|got| got.len()));
            assert!(peers.iter().all(|peer| matches!(peer, Peer::Finished(_))), "{schedule}, seed {seed}: {peers:?}");
            assert!(between.sent.iter().all(|(_, length)| *length <= 300), "{schedule}, seed {seed}");
        }
    }
}

#[test]
fn a_peer_that_never_answers_is_silent_and_one_that_refuses_has_reset() {
    let (here, there) = (SocketAddr::from(([192, 0, 2, 1], 1_000)), SocketAddr::from(([192, 0, 2, 2], 2_000)));
    let mut connection =
        Connection::connect(Ends { local: here, remote: there }, Options::default(), delivery(Schedule::Whole));
    let (mut now, mut packet, mut times) = (Instant::ZERO, Vec::new(), Vec::new());
    while !connection.is_over() {
        while connection.poll(now, &mut packet) {
            times.push(now.micros() / 1_000_000);
        }
        now = connection.due().min(now + Duration::from_secs(200));
    }
    assert_eq!(times, [0, 1, 3, 7, 15, 31, 63], "RFC 6298 section 5: the timeout doubles");
    assert!(matches!(connection.peer(), Peer::Silent(_)));

    let link = Link::default_for(IpVersion::Ipv4);
    let mut target = SmoltcpFactory::new().create(&link).unwrap();
    let mut tester = Tester::new(&mut *target);
    let number = tester.connect(ends(&link, 40_000), Options::default(), delivery(Schedule::Whole));
    let deadline = Instant::ZERO + Duration::from_secs(1);
    assert!(tester.run_until(deadline, |tester| tester.connection(number).unwrap().is_over()).unwrap());
    assert!(matches!(tester.connection(number).unwrap().peer(), Peer::Reset(_)));
}
