//! Socket calls against the kernel, with the structures they take and give.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod linux_support;

use std::net::SocketAddr;
use std::time::Duration;

use linux_support::*;
use rfcheck::target::{
    CallMode, CallOutput, Control, Errno, Event, IpVersion, Link, PollEntry, SocketCall, Target, TargetFactory,
};

const DATAGRAM: i32 = 2;

fn target(test: &str) -> Option<Box<dyn Target>> {
    factory(test).map(|factory| factory.create(&Link::default_for(IpVersion::Ipv4)).unwrap())
}

fn link() -> Link {
    Link::default_for(IpVersion::Ipv4)
}

fn pipe(target: &mut dyn Target) -> (i32, i32) {
    match call(target, SocketCall::Pipe).output {
        CallOutput::Pipe(from, to) => (from, to),
        other => panic!("{other:?}"),
    }
}

fn read(target: &mut dyn Target, fd: i32, length: usize) -> Vec<u8> {
    match call(target, SocketCall::Read { fd, length, null: false }).output {
        CallOutput::Data(data) => data,
        other => panic!("{other:?}"),
    }
}

/// A UDP socket bound to the target's address.
fn udp_socket(target: &mut dyn Target) -> i32 {
    let fd = value(target, SocketCall::Socket { domain: libc::AF_INET, kind: DATAGRAM, protocol: 0 }) as i32;
    value(target, SocketCall::Bind { fd, address: SocketAddr::new(link().local, 8080) });
    fd
}

fn tester() -> SocketAddr {
    SocketAddr::new(link().remote, 40_000)
}

fn datagram(payload: &[u8]) -> Vec<u8> {
    udp(tester(), SocketAddr::new(link().local, 8080), payload)
}

#[test]
fn scattered_reads_and_writes_keep_the_order() {
    let Some(mut target) = target("readv and writev") else { return };
    let (from, to) = pipe(&mut *target);
    let data = vec![b"ab".to_vec(), vec![], b"cdefg".to_vec()];
    assert_eq!(value(&mut *target, SocketCall::Writev { fd: to, data }), 7);
    let readv = call(&mut *target, SocketCall::Readv { fd: from, lengths: vec![3, 0, 100] });
    assert_eq!((readv.result, readv.output), (Ok(7), CallOutput::Data(b"abcdefg".into())));
}

#[test]
fn null_pointers_and_absurd_lengths_are_errors_and_not_crashes() {
    let Some(mut target) = target("bad arguments") else { return };
    let (from, to) = pipe(&mut *target);
    value(&mut *target, SocketCall::Write { fd: to, data: b"abc".into(), null: false });
    let bad = Err(Errno(libc::EFAULT));
    assert_eq!(call(&mut *target, SocketCall::Write { fd: to, data: vec![0; 3], null: true }).result, bad);
    assert_eq!(call(&mut *target, SocketCall::Read { fd: from, length: 3, null: true }).result, bad);
    let absurd = call(&mut *target, SocketCall::Read { fd: from, length: usize::MAX, null: false });
    assert!(absurd.result.is_err() || absurd.output == CallOutput::Data(b"abc".into()), "{absurd:?}");
    let fd = udp_socket(&mut *target);
    // An address of the script's choice would be EFAULT at best: the structure is the adapter's.
    let fcntl = SocketCall::Fcntl { fd, command: libc::F_GETLK, argument: Some(0x1000) };
    assert_eq!(call(&mut *target, fcntl).result, Ok(0));
    let huge = SocketCall::EpollWait { epoll_fd: fd, max_events: i32::MAX, timeout: 0 };
    assert!(call(&mut *target, huge).result.is_err());
    assert_eq!(call(&mut *target, SocketCall::Close { fd: -1 }).result, Err(Errno(libc::EBADF)));
}

#[test]
fn a_received_message_has_its_sender_control_messages_and_flags() {
    let Some(mut target) = target("recvmsg") else { return };
    let fd = udp_socket(&mut *target);
    let one = 1i32.to_ne_bytes().to_vec();
    for (level, option) in [(libc::SOL_IP, libc::IP_PKTINFO), (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS)] {
        value(&mut *target, SocketCall::SetSockOpt { fd, level, option, value: one.clone() });
    }
    let before = target.now();
    target.inject(&datagram(b"question")).unwrap();
    let after = target.now();
    let recvmsg = SocketCall::RecvMsg { fd, lengths: vec![4, 2], control_length: 200, flags: 0 };
    let CallOutput::Message { data, address, control, flags } = call(&mut *target, recvmsg).output else { panic!() };
    assert_eq!((data.as_slice(), address, flags), (&b"questi"[..], Some(tester()), libc::MSG_TRUNC));
    let of = |level, kind| &control.iter().find(|c| (c.level, c.kind) == (level, kind)).unwrap().data;
    assert_eq!(of(libc::SOL_IP, libc::IP_PKTINFO)[8..12], [192, 168, 0, 1]);
    let stamp = of(libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS);
    let word = |at: usize| u64::from_ne_bytes(stamp[at..at + 8].try_into().unwrap());
    let micros = word(0) * 1_000_000 + word(8) / 1_000;
    // Between injection and now, on the target's clock; CLOCK_REALTIME may be adjusted meanwhile.
    assert!((before.micros().saturating_sub(1_000)..=after.micros() + 1_000).contains(&micros), "{micros}");
}

#[test]
fn a_sent_message_carries_its_control_messages() {
    let Some(mut target) = target("sendmsg") else { return };
    let fd = udp_socket(&mut *target);
    let control = vec![
        Control { level: libc::SOL_IP, kind: libc::IP_TTL, data: 7i32.to_ne_bytes().into() },
        Control { level: libc::SOL_IP, kind: libc::IP_TOS, data: 0x10i32.to_ne_bytes().into() },
    ];
    let data = vec![b"in two ".to_vec(), b"parts".to_vec()];
    let address = Some(tester());
    let sendmsg = SocketCall::SendMsg { fd, address, data, control, message_flags: 0, flags: 0 };
    assert_eq!(value(&mut *target, sendmsg), 12);
    let sent = packet(&mut *target);
    assert_eq!((sent[1], sent[8]), (0x10, 7), "type of service and time to live");
    assert_eq!(&split(&sent).3[8..], b"in two parts");
}

#[test]
fn options_are_read_back_with_the_length_the_kernel_says() {
    let Some(mut target) = target("socket options") else { return };
    let fd = value(&mut *target, SocketCall::Socket { domain: libc::AF_INET, kind: STREAM, protocol: 0 }) as i32;
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_CONGESTION);
    let name = call(&mut *target, SocketCall::GetSockOpt { fd, level, option, value: vec![0; 64] });
    let CallOutput::Data(name) = name.output else { panic!("{name:?}") };
    assert!(name.len() < 64 && name.iter().any(|octet| *octet != 0), "{name:?}");
    let value_of_int = 30i32.to_ne_bytes().to_vec();
    let set = SocketCall::SetSockOpt { fd, level, option: libc::TCP_KEEPIDLE, value: value_of_int.clone() };
    assert_eq!(value(&mut *target, set), 0);
    let get = SocketCall::GetSockOpt { fd, level, option: libc::TCP_KEEPIDLE, value: vec![9; 4] };
    assert_eq!(call(&mut *target, get).output, CallOutput::Data(value_of_int));
    let short = SocketCall::SetSockOpt { fd, level, option: libc::TCP_KEEPIDLE, value: vec![1] };
    assert_eq!(call(&mut *target, short).result, Err(Errno(libc::EINVAL)));
}

/// A machine whose administrator had chosen BBR gave other verdicts on slow start than the next.
#[test]
fn congestion_control_is_the_kernels_default_whatever_the_machine_uses() {
    let Some(mut target) = target("congestion control") else { return };
    let available = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_available_congestion_control").unwrap_or_default();
    if !available.split_whitespace().any(|name| name == "cubic") {
        eprintln!("not possible here: the kernel has no CUBIC");
        return;
    }
    let fd = value(&mut *target, SocketCall::Socket { domain: libc::AF_INET, kind: STREAM, protocol: 0 }) as i32;
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_CONGESTION);
    let got = call(&mut *target, SocketCall::GetSockOpt { fd, level, option, value: vec![0; 16] });
    let CallOutput::Data(name) = got.output else { panic!("{got:?}") };
    assert!(name.starts_with(b"cubic\0"), "{name:?}");
}

#[test]
fn ioctl_gives_the_int_behind_its_pointer() {
    let Some(mut target) = target("ioctl") else { return };
    let fd = udp_socket(&mut *target);
    target.inject(&datagram(b"five!")).unwrap();
    let ioctl = call(&mut *target, SocketCall::Ioctl { fd, request: libc::FIONREAD, argument: Some(0) });
    assert_eq!((ioctl.result, ioctl.output), (Ok(0), CallOutput::Integer(5)));
    assert!(call(&mut *target, SocketCall::Ioctl { fd, request: libc::FIONREAD, argument: None }).result.is_err());
}

#[test]
fn readiness_is_told_by_poll_and_epoll() {
    let Some(mut target) = target("poll and epoll") else { return };
    let fd = udp_socket(&mut *target);
    let epoll_fd = value(&mut *target, SocketCall::EpollCreate { size: 1 }) as i32;
    let (events, data) = (libc::EPOLLIN as u32, 0x0123_4567_89ab_cdef);
    value(&mut *target, SocketCall::EpollCtl { epoll_fd, operation: libc::EPOLL_CTL_ADD, fd, events, data });
    let entry = |revents| PollEntry { fd, events: libc::POLLIN, revents };
    let idle = call(&mut *target, SocketCall::Poll { entries: vec![entry(0)], timeout: 0 });
    assert_eq!((idle.result, idle.output), (Ok(0), CallOutput::Poll(vec![entry(0)])));
    target.inject(&datagram(b"x")).unwrap();
    let ready = call(&mut *target, SocketCall::Poll { entries: vec![entry(0)], timeout: 0 });
    assert_eq!((ready.result, ready.output), (Ok(1), CallOutput::Poll(vec![entry(libc::POLLIN)])));
    let waited = call(&mut *target, SocketCall::EpollWait { epoll_fd, max_events: 4, timeout: 0 });
    assert_eq!((waited.result, waited.output), (Ok(1), CallOutput::Epoll(vec![(events, data)])));
}

#[test]
fn files_are_opened_in_the_runs_directory_and_sent_and_spliced() {
    let Some(factory) = factory("files") else { return };
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("text"), b"0123456789").unwrap();
    let mut target = factory.in_directory(directory.path()).create(&link()).unwrap();
    let file = value(&mut *target, SocketCall::Open { path: "text".into(), flags: libc::O_RDONLY }) as i32;
    let missing = call(&mut *target, SocketCall::Open { path: "a\0b".into(), flags: 0 });
    assert_eq!(missing.result, Err(Errno(libc::EINVAL)));
    let (from, to) = pipe(&mut *target);
    let sendfile = SocketCall::SendFile { out_fd: to, in_fd: file, offset: Some(2), count: 3 };
    assert_eq!(value(&mut *target, sendfile), 3);
    assert_eq!(read(&mut *target, from, 100), b"234");
    // An offset leaves the file's own where it is.
    let splice = SocketCall::Splice { in_fd: file, in_offset: None, out_fd: to, out_offset: None, length: 4, flags: 0 };
    assert_eq!(value(&mut *target, splice), 4);
    assert_eq!(read(&mut *target, from, 100), b"0123");
}

#[test]
fn dropped_capabilities_are_back_for_the_next_run() {
    let Some(factory) = factory("capabilities") else { return };
    let privileged_port = |target: &mut dyn Target| {
        let fd = value(target, SocketCall::Socket { domain: libc::AF_INET, kind: DATAGRAM, protocol: 0 }) as i32;
        call(target, SocketCall::Bind { fd, address: SocketAddr::new(link().local, 7) }).result
    };
    const CAP_NET_BIND_SERVICE: i32 = 10;
    let mut first = factory.create(&link()).unwrap();
    value(&mut *first, SocketCall::CapSet { capability: CAP_NET_BIND_SERVICE, raise: false });
    assert_eq!(privileged_port(&mut *first), Err(Errno(libc::EACCES)));
    value(&mut *first, SocketCall::CapSet { capability: CAP_NET_BIND_SERVICE, raise: true });
    assert_eq!(privileged_port(&mut *first), Ok(0));
    value(&mut *first, SocketCall::CapSet { capability: CAP_NET_BIND_SERVICE, raise: false });
    drop(first);
    assert_eq!(privileged_port(&mut *factory.create(&link()).unwrap()), Ok(0));
}

#[test]
fn a_connected_datagram_socket_is_dissolved_by_a_bare_family() {
    let Some(mut target) = target("connect to AF_UNSPEC") else { return };
    let fd = udp_socket(&mut *target);
    value(&mut *target, SocketCall::Connect { fd, address: tester() });
    value(&mut *target, SocketCall::Send { fd, data: b"x".into(), flags: 0, null: false });
    assert_eq!(split(&packet(&mut *target)).2, UDP);
    value(&mut *target, SocketCall::ConnectFamily { fd, family: libc::AF_UNSPEC });
    let send = SocketCall::Send { fd, data: b"x".into(), flags: 0, null: false };
    assert_eq!(call(&mut *target, send).result, Err(Errno(libc::EDESTADDRREQ)));
    let unspecified = SocketCall::SendToFamily { fd, data: b"x".into(), flags: 0, family: libc::AF_UNIX, null: false };
    assert!(call(&mut *target, unspecified).result.is_err());
}

#[test]
fn octets_that_are_sent_without_a_copy_are_not_reused() {
    let Some(mut target) = target("MSG_ZEROCOPY") else { return };
    let fd = value(&mut *target, SocketCall::Socket { domain: libc::AF_INET, kind: STREAM, protocol: 0 }) as i32;
    value(&mut *target, SocketCall::Bind { fd, address: SocketAddr::new(link().local, 8080) });
    let (level, option) = (libc::SOL_SOCKET, libc::SO_ZEROCOPY);
    value(&mut *target, SocketCall::SetSockOpt { fd, level, option, value: 1i32.to_ne_bytes().into() });
    target.call(SocketCall::Connect { fd, address: tester() }, CallMode::Blocking).unwrap();
    let syn = packet(&mut *target);
    let syn = Segment::parse(&syn);
    let acknowledgment = syn.sequence.wrapping_add(1);
    let accept = Segment { from: syn.to, to: syn.from, sequence: 9, acknowledgment, flags: SYN | ACK, payload: b"" };
    target.inject(&accept.octets()).unwrap();
    // The last of the handshake and the return of connect, in either order.
    let mut octets = Vec::new();
    for _ in 0..2 {
        match target.wait(target.now() + Duration::from_secs(1), &mut octets).unwrap() {
            Event::Packet(_) => assert_eq!(Segment::parse(&octets).flags, ACK),
            Event::Returned(returned) => assert_eq!(returned.result, Ok(0)),
            Event::Deadline => panic!("no connection"),
        }
    }
    let data = vec![0x11; 5_000];
    value(&mut *target, SocketCall::Send { fd, data, flags: libc::MSG_ZEROCOPY, null: false });
    // Whatever memory the allocator has been given back is written to.
    let others: Vec<Vec<u8>> = (0..200).map(|_| vec![0x22; 5_000]).collect();
    assert!(others.iter().flatten().all(|octet| *octet == 0x22));
    // Nothing has been acknowledged, so the first octets are sent again.
    let mut again = Vec::new();
    for _ in 0..40 {
        let sent = packet(&mut *target);
        let segment = Segment::parse(&sent);
        if segment.sequence == acknowledgment {
            again.push(segment.payload.to_vec());
        }
        if again.len() == 2 {
            break;
        }
    }
    assert_eq!(again.len(), 2, "no retransmission");
    assert!(again.iter().flatten().all(|octet| *octet == 0x11), "octets of a later call were sent for the first");
}
