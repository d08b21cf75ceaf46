//! The kernel behind the adapter, on each kind of link and in each IP version, with packets written by hand.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod linux_support;

use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use linux_support::*;
use rfcheck::target::{CallMode, CallOutput, Errno, Event, IpVersion, Link, SocketCall, Target, TargetFactory};

const VERSIONS: [IpVersion; 3] = [IpVersion::Ipv4, IpVersion::Ipv4MappedIpv6, IpVersion::Ipv6];
const DATAGRAM: i32 = 2;

/// On each kind of link and in each IP version, on a thread that is made for the run as a suite makes them.
fn for_each_version(test: &str, body: impl Fn(&mut dyn Target, &Link) + Sync) {
    let Some(factory) = factory(test) else { return };
    for factory in [factory.over_veth_pairs().unwrap(), factory] {
        for version in VERSIONS {
            let run = || {
                factory.prepare_thread().unwrap();
                let link = Link::default_for(version);
                let mut target = factory.create(&link).unwrap();
                body(&mut *target, &link);
            };
            std::thread::scope(|scope| scope.spawn(run).join()).unwrap();
        }
    }
}

#[test]
fn an_echo_request_is_answered_at_once() {
    for_each_version("echo", |target, link| {
        let request = ping(link.remote, link.local);
        target.inject(&request).unwrap();
        let answer = packet(target);
        let (from, to, protocol, body) = split(&answer);
        assert_eq!((from, to), (link.local, link.remote));
        assert_eq!(body[0], if protocol == 58 { 129 } else { 0 });
        assert_eq!(body[4..], split(&request).3[4..]);
    });
}

/// A server's answer was lost among the acknowledgments of a burst, and the next packet seemed to leave out octets.
#[test]
fn what_a_burst_is_answered_with_waits_for_the_tester() {
    for_each_version("burst", |target, link| {
        let request = ping(link.remote, link.local);
        const BURST: usize = 9_000;
        for _ in 0..BURST {
            target.inject(&request).unwrap();
        }
        let answered = (0..BURST).take_while(|_| packet_within(target, Duration::from_millis(200)).is_some()).count();
        assert_eq!(answered, BURST);
    });
}

#[test]
fn nothing_comes_unasked() {
    for_each_version("silence", |target, _| {
        assert_eq!(packet_within(target, Duration::from_millis(1_500)), None);
    });
}

#[test]
fn a_deadline_is_met() {
    for_each_version("deadline", |target, _| {
        let deadline = target.now() + Duration::from_millis(20);
        assert!(matches!(target.wait(deadline, &mut Vec::new()).unwrap(), Event::Deadline));
        let late = target.now() - deadline;
        assert!(target.now() >= deadline);
        assert!(late < Duration::from_millis(50), "{late:?} late");
        assert!(late <= target.scheduling_delay() + Duration::from_millis(2), "{late:?} late without noticing");
    });
}

#[test]
fn udp_goes_both_ways() {
    for_each_version("UDP", |target, link| {
        let (family, local, remote) = ends(link);
        let fd = value(target, SocketCall::Socket { domain: family, kind: DATAGRAM, protocol: 0 }) as i32;
        value(target, SocketCall::Bind { fd, address: local });
        let (on_wire_local, on_wire_remote) = (SocketAddr::new(link.local, 8080), SocketAddr::new(link.remote, 40_000));
        target.inject(&udp(on_wire_remote, on_wire_local, b"question")).unwrap();
        let got = call(target, SocketCall::RecvFrom { fd, length: 100, flags: 0, null: false });
        let CallOutput::Message { data, address, .. } = got.output else { panic!("{got:?}") };
        assert_eq!((data.as_slice(), address), (&b"question"[..], Some(remote)));
        let data = b"answer".to_vec();
        value(target, SocketCall::SendTo { fd, data, flags: 0, address: Some(remote), null: false });
        let sent = packet(target);
        let (from, to, protocol, body) = split(&sent);
        assert_eq!((from, to, protocol), (link.local, link.remote, UDP));
        assert_eq!(&body[8..], b"answer");
    });
}

#[test]
fn tcp_is_accepted_read_written_and_closed() {
    for_each_version("TCP", |target, link| {
        let remote = ends(link).2;
        let (listener, ack) = open(target, link);
        let accepted = call(target, SocketCall::Accept { fd: listener });
        assert_eq!(address(&accepted.output), remote);
        let fd = accepted.result.unwrap() as i32;
        target.inject(&Segment { flags: PSH | ACK, payload: b"hello", ..ack }.octets()).unwrap();
        assert_eq!(Segment::parse(&packet(target)).acknowledgment, 1_006);
        let read = call(target, SocketCall::Read { fd, length: 100, null: false });
        assert_eq!((read.result, read.output), (Ok(5), CallOutput::Data(b"hello".into())));
        value(target, SocketCall::Write { fd, data: b"world".into(), null: false });
        let data = packet(target);
        assert_eq!(Segment::parse(&data).payload, b"world");
        let ack = Segment { sequence: 1_006, acknowledgment: ack.acknowledgment.wrapping_add(5), ..ack };
        target.inject(&ack.octets()).unwrap();
        value(target, SocketCall::Close { fd });
        assert_eq!(Segment::parse(&packet(target)).flags, FIN | ACK);
        assert_eq!(call(target, SocketCall::Close { fd }).result, Err(Errno(9)));
    });
}

#[test]
fn blocking_calls_return_when_the_peer_acts() {
    for_each_version("blocking calls", |target, link| {
        let (family, local, remote) = ends(link);
        let fd = value(target, SocketCall::Socket { domain: family, kind: STREAM, protocol: 0 }) as i32;
        value(target, SocketCall::Bind { fd, address: local });
        let id = target.call(SocketCall::Connect { fd, address: remote }, CallMode::Blocking).unwrap();
        let syn = packet(target);
        let syn = Segment::parse(&syn);
        assert_eq!(syn.flags, SYN);
        let answer = Segment {
            from: syn.to,
            to: syn.from,
            sequence: 77,
            acknowledgment: syn.sequence.wrapping_add(1),
            flags: SYN | ACK,
            payload: b"",
        };
        target.inject(&answer.octets()).unwrap();
        let mut acknowledged = false;
        let mut connected = None;
        while !acknowledged || connected.is_none() {
            let mut octets = Vec::new();
            match target.wait(target.now() + Duration::from_secs(1), &mut octets).unwrap() {
                Event::Packet(_) => acknowledged = Segment::parse(&octets).flags == ACK,
                Event::Returned(returned) => connected = Some(returned),
                Event::Deadline => panic!("no handshake"),
            }
        }
        let connected = connected.unwrap();
        assert_eq!((connected.id, connected.result), (id, Ok(0)));
        assert!(connected.at <= target.now());

        let id = target.call(SocketCall::Read { fd, length: 10, null: false }, CallMode::Blocking).unwrap();
        let data = Segment { sequence: 78, flags: PSH | ACK, payload: b"late", ..answer };
        target.inject(&data.octets()).unwrap();
        loop {
            let mut octets = Vec::new();
            match target.wait(target.now() + Duration::from_secs(1), &mut octets).unwrap() {
                Event::Packet(_) => assert_eq!(Segment::parse(&octets).acknowledgment, 82),
                Event::Returned(returned) => {
                    assert_eq!((returned.id, returned.result), (id, Ok(4)));
                    assert_eq!(returned.output, CallOutput::Data(b"late".into()));
                    break;
                }
                Event::Deadline => panic!("the read did not return"),
            }
        }
    });
}

#[test]
fn a_call_that_should_have_returned_is_interrupted() {
    let Some(factory) = factory("the watchdog") else { return };
    let link = Link::default_for(IpVersion::Ipv4);
    let mut target = factory.create(&link).unwrap();
    let fd = value(&mut *target, SocketCall::Socket { domain: 2, kind: DATAGRAM, protocol: 0 }) as i32;
    let before = target.now();
    let read = call(&mut *target, SocketCall::Read { fd, length: 1, null: false });
    assert_eq!(read.result, Err(Errno(4)));
    let took = read.at - before;
    assert!((Duration::from_secs(3)..Duration::from_secs(5)).contains(&took), "{took:?}");
}

#[test]
fn offloaded_segments_come_in_one_piece_with_a_right_checksum() {
    let Some(factory) = factory("segmentation offload") else { return };
    let veth = factory.over_veth_pairs().unwrap();
    for version in VERSIONS {
        for (factory, offload) in [(&factory, false), (&factory, true), (&veth, false), (&veth, true)] {
            let link = Link { segmentation_offload: offload, ..Link::default_for(version) };
            let mut target = factory.create(&link).unwrap();
            let (listener, _) = open(&mut *target, &link);
            let fd = value(&mut *target, SocketCall::Accept { fd: listener }) as i32;
            // Without an MSS option the peer takes 536 octets (IPv4) or 1220 (IPv6) at most: RFC 9293, 3.7.1.
            value(&mut *target, SocketCall::Write { fd, data: vec![1; 4_000], null: false });
            let first = packet(&mut *target);
            let length = Segment::parse(&first).payload.len();
            if offload {
                assert!(length > 1_220, "{version}: {length} octets");
            } else {
                assert!(length <= 1_220, "{version}: {length} octets");
            }
        }
    }
}

#[test]
fn a_connection_that_was_closed_does_not_outlive_its_run() {
    let Some(factory) = factory("closed connections") else { return };
    for version in VERSIONS {
        let link = Link::default_for(version);
        let mut target = factory.create(&link).unwrap();
        let (listener, _) = open(&mut *target, &link);
        let fd = value(&mut *target, SocketCall::Accept { fd: listener }) as i32;
        value(&mut *target, SocketCall::Close { fd });
        assert_eq!(Segment::parse(&packet(&mut *target)).flags, FIN | ACK);
        let namespace = std::fs::File::open("/proc/thread-self/ns/net").unwrap();
        assert_eq!(connections_in(&namespace), 1);
        drop(target);
        assert_eq!(connections_in(&namespace), 0);
    }
}

/// TCP connections in a network namespace, listeners aside.
fn connections_in(namespace: &std::fs::File) -> usize {
    let look = || {
        // SAFETY: no pointers are passed.
        assert_eq!(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }, 0);
        let tables = ["/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"];
        let lines = tables.map(|table| std::fs::read_to_string(table).unwrap());
        let sockets = lines.iter().flat_map(|table| table.lines().skip(1));
        sockets.filter(|line| line.split_whitespace().nth(3) != Some("0A")).count()
    };
    std::thread::scope(|scope| scope.spawn(look).join().unwrap())
}

#[test]
fn runs_leave_no_descriptor_open() {
    let Some(factory) = factory("descriptors") else { return };
    let open = || std::fs::read_dir("/proc/thread-self/fd").unwrap().count();
    for factory in [factory.over_veth_pairs().unwrap(), factory] {
        let run = || {
            factory.prepare_thread().unwrap();
            let before = open();
            for _ in 0..20 {
                let mut target = factory.create(&Link::default_for(IpVersion::Ipv4)).unwrap();
                value(&mut *target, SocketCall::Socket { domain: 2, kind: STREAM, protocol: 0 });
                value(&mut *target, SocketCall::Pipe);
                value(&mut *target, SocketCall::EpollCreate { size: 1 });
                target.call(SocketCall::Poll { entries: vec![], timeout: -1 }, CallMode::Blocking).unwrap();
            }
            assert_eq!(open(), before);
        };
        std::thread::scope(|scope| scope.spawn(run).join()).unwrap();
    }
}

#[test]
fn more_than_the_mtu_may_be_injected() {
    for_each_version("large injections", |target, link| {
        let (listener, ack) = open(target, link);
        let fd = value(target, SocketCall::Accept { fd: listener }) as i32;
        let payload: Vec<u8> = (0..10_000).map(|at| at as u8).collect();
        let mut wrong = Segment { payload: &payload, ..ack }.octets();
        *wrong.last_mut().unwrap() ^= 1;
        target.inject(&wrong).unwrap();
        target.inject(&Segment { flags: PSH | ACK, payload: &payload, ..ack }.octets()).unwrap();
        // One acknowledgment for all of it; what has a wrong checksum has none.
        assert_eq!(Segment::parse(&packet(target)).acknowledgment, 11_001);
        let read = call(target, SocketCall::Read { fd, length: 20_000, null: false });
        assert_eq!((read.result, read.output), (Ok(10_000), CallOutput::Data(payload.clone())));
    });
}
