//! The socket API's own behaviour: errors, descriptors, options, poll.

use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{
    CallMode, CallOutput, Errno, IpVersion, Link, PollEntry, SocketCall, TargetError, TargetFactory,
};

use crate::peer::{AF_INET, AF_INET6, EAGAIN, Peer, SERVER, SOCK_NONBLOCK, SOCK_STREAM};

const POLLIN: i16 = 0x1;
const POLLOUT: i16 = 0x4;
const POLLHUP: i16 = 0x10;
const POLLNVAL: i16 = 0x20;

fn entry(fd: i32) -> PollEntry {
    PollEntry { fd, events: POLLIN | POLLOUT, revents: 0 }
}

#[test]
fn errors_are_those_of_the_manual() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    assert_eq!(peer.error(SocketCall::Close { fd: 3 }), Errno(9));
    assert_eq!(peer.error(SocketCall::Close { fd: -1 }), Errno(9));
    assert_eq!(peer.error(SocketCall::Socket { domain: 99, kind: SOCK_STREAM, protocol: 0 }), Errno(97));
    assert_eq!(peer.error(SocketCall::Socket { domain: AF_INET, kind: 3, protocol: 0 }), Errno(94));
    assert_eq!(peer.error(SocketCall::Socket { domain: AF_INET, kind: SOCK_STREAM, protocol: 17 }), Errno(93));
    let fd = peer.socket(SOCK_STREAM);
    assert_eq!(peer.error(SocketCall::Read { fd, length: 1, null: false }), Errno(107));
    assert_eq!(peer.error(SocketCall::Write { fd, data: vec![1], null: false }), Errno(32));
    assert_eq!(peer.error(SocketCall::Accept { fd }), Errno(22));
    assert_eq!(peer.error(SocketCall::Shutdown { fd, how: 2 }), Errno(107));
    assert_eq!(peer.error(SocketCall::Shutdown { fd, how: 3 }), Errno(22));
    let elsewhere = peer.remote(SERVER);
    assert_eq!(peer.error(SocketCall::Bind { fd, address: elsewhere }), Errno(99));
    let ipv6 = "[::1]:80".parse().expect("an address");
    assert_eq!(peer.error(SocketCall::Bind { fd, address: ipv6 }), Errno(97));
    assert_eq!(peer.error(SocketCall::GetSockOpt { fd, level: 6, option: 9_999, value: vec![0; 4] }), Errno(92));
    assert_eq!(peer.error(SocketCall::Pipe), Errno(38));

    let address = peer.local(SERVER);
    peer.ok(SocketCall::Bind { fd, address });
    assert_eq!(peer.error(SocketCall::Bind { fd, address }), Errno(22));
    let other = peer.socket(SOCK_STREAM);
    assert_eq!(peer.error(SocketCall::Bind { fd: other, address }), Errno(98));
}

#[test]
fn descriptors_take_the_lowest_free_number() {
    let mut peer = Peer::new(IpVersion::Ipv6);
    let fds: Vec<i32> = (0..3).map(|_| peer.socket(SOCK_STREAM)).collect();
    assert_eq!(fds, [3, 4, 5]);
    peer.ok(SocketCall::Close { fd: 4 });
    assert_eq!(peer.ok(SocketCall::Socket { domain: AF_INET6, kind: SOCK_STREAM, protocol: 6 }), 4);
}

#[test]
fn options_are_kept_and_reach_the_wire() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let (_, fd) = peer.established();
    let get = |option, level| SocketCall::GetSockOpt { fd, level, option, value: vec![0; 4] };
    for (level, option, value) in
        [(1, 6, 1_i32), (6, 1, 1), (6, 4, 60), (1, 9, 1), (0, 2, 33), (6, 18, 1_000), (1, 2, 1)]
    {
        peer.ok(SocketCall::SetSockOpt { fd, level, option, value: value.to_ne_bytes().to_vec() });
        assert_eq!(peer.call(get(option, level)).1, CallOutput::Data(value.to_ne_bytes().to_vec()));
    }
    assert_eq!(
        peer.error(SocketCall::SetSockOpt { fd, level: 0, option: 2, value: 0_i32.to_ne_bytes().to_vec() }),
        Errno(22)
    );
    peer.ok(SocketCall::Write { fd, data: vec![0; 3], null: false });
    let lines = peer.all(0);
    assert!(!lines.is_empty());
    assert_eq!(peer.octets()[8], 33, "the TTL");
    let name = SocketCall::GetSockOpt { fd, level: 6, option: 13, value: vec![0; 16] };
    let CallOutput::Data(name) = peer.call(name).1 else { panic!("getsockopt gives data") };
    assert!(name.starts_with(b"cubic\0"));
    peer.ok(SocketCall::SetSockOpt { fd, level: 6, option: 13, value: b"reno".to_vec() });
    assert_eq!(peer.error(SocketCall::SetSockOpt { fd, level: 6, option: 13, value: b"bbr".to_vec() }), Errno(2));
}

#[test]
fn poll_reports_what_is_ready_and_waits_for_it() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let listener = peer.listen(1);
    let entries = vec![entry(listener), entry(77), entry(-1)];
    let (result, output) = peer.call(SocketCall::Poll { entries, timeout: 0 });
    let CallOutput::Poll(entries) = output else { panic!("poll gives entries") };
    assert_eq!((result, entries.iter().map(|e| e.revents).collect()), (Ok(1), vec![0, POLLNVAL, 0]));

    let poll = |entries| SocketCall::Poll { entries, timeout: 2_000 };
    let id = peer.target.call(poll(vec![entry(listener)]), CallMode::Blocking).expect("the target lives").0;
    assert_eq!(peer.all(5_000_000), [format!("2.000000 call {id} = 0")]);
    let id = peer.target.call(poll(vec![entry(listener)]), CallMode::Blocking).expect("the target lives").0;
    peer.handshake();
    assert_eq!(peer.all(0), [format!("5.000000 call {id} = 1")]);

    let fd = peer.ok(SocketCall::Accept { fd: listener }) as i32;
    let ready = |peer: &mut Peer| match peer.call(SocketCall::Poll { entries: vec![entry(fd)], timeout: 0 }).1 {
        CallOutput::Poll(entries) => entries[0].revents,
        _ => panic!("poll gives entries"),
    };
    assert_eq!(ready(&mut peer), POLLOUT);
    peer.send("P.", 1, b"x");
    assert_eq!(ready(&mut peer), POLLIN | POLLOUT);
    peer.send("R.", 1, &[]);
    assert_eq!(ready(&mut peer), POLLIN | POLLOUT | POLLHUP | 0x8);
}

#[test]
fn flags_and_forms_of_reading() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let (_, fd) = peer.established();
    let recv = |length, flags| SocketCall::Recv { fd, length, flags, null: false };
    assert_eq!(peer.error(recv(5, 0x40)), EAGAIN);
    peer.send("P.", 1, b"abcdefgh");
    assert_eq!(peer.call(recv(3, 0x2)).1, CallOutput::Data(b"abc".to_vec()));
    assert_eq!(peer.call(recv(3, 0)).1, CallOutput::Data(b"abc".to_vec()));
    assert_eq!(peer.call(SocketCall::Ioctl { fd, request: 0x541b, argument: None }).1, CallOutput::Integer(5));
    assert_eq!(peer.error(SocketCall::Read { fd, length: 1, null: true }), Errno(14));
    assert_eq!(peer.call(SocketCall::Readv { fd, lengths: vec![1, 2] }).1, CallOutput::Data(b"def".to_vec()));
    // MSG_WAITALL: the rest comes later.
    let id = peer.target.call(recv(4, 0x100), CallMode::Blocking).expect("the target lives").0;
    assert_eq!(peer.all(0), Vec::<String>::new());
    peer.send("P.", 1, b"ij");
    assert_eq!(peer.next(0), format!("0.000000 call {id} = 4"));
    assert_eq!(peer.ok(SocketCall::Fcntl { fd, command: 3, argument: None }), 2);
    peer.ok(SocketCall::Fcntl { fd, command: 4, argument: Some(2048) });
    assert_eq!(peer.ok(SocketCall::Fcntl { fd, command: 3, argument: None }), 2 | 2048);
    assert_eq!(peer.error(recv(5, 0)), EAGAIN);
    let fd = peer.socket(SOCK_STREAM | SOCK_NONBLOCK);
    assert_eq!(peer.ok(SocketCall::Fcntl { fd, command: 3, argument: None }), 2 | 2048);
}

#[test]
fn links_that_smoltcp_cannot_have_are_refused() {
    let factory = SmoltcpFactory::new();
    let refused = |link: &Link| matches!(factory.create(link), Err(TargetError::Unsupported(_)));
    assert!(refused(&Link::default_for(IpVersion::Ipv4MappedIpv6)));
    let good = Link::default_for(IpVersion::Ipv4);
    assert!(!refused(&good));
    assert!(refused(&Link { mtu: 40, ..good.clone() }));
    assert!(refused(&Link { local: "224.0.0.1".parse().expect("an address"), ..good.clone() }));
    assert!(refused(&Link { prefix: 33, ..good }));
}
