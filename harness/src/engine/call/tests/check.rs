//! What calls returned, judged.

use super::*;
use crate::engine::Blame;
use crate::script::tree::EpollMember;
use crate::target::PollEntry;

#[test]
fn results_and_errors() {
    let mut bench = Bench::new();
    let none = || CallOutput::None;
    let read = |result| call("read", vec![num(4), dots(), num(1000)], result);
    assert_eq!(bench.check(&read(0), Ok(0), none()), Ok(CallEffect::None));
    assert_eq!(bench.check(&failing("read", read(0).arguments, "EAGAIN"), Err(11), none()), Ok(CallEffect::None));
    assert_eq!(bench.check(&read(-1), Err(104), none()), Ok(CallEffect::None));
    let any = Call { result: dots(), ..read(0) };
    assert_eq!(bench.check(&any, Ok(17), none()), Ok(CallEffect::None));
    let complaints = [
        bench.complaint(&read(1000), Ok(500), none()),
        bench.complaint(&read(1000), Err(104), none()),
        bench.complaint(&failing("read", read(0).arguments, "EAGAIN"), Ok(1000), none()),
        bench.complaint(&failing("read", read(0).arguments, "EAGAIN"), Err(104), none()),
        bench.problem(&failing("read", read(0).arguments, "ENOSUCH")),
        bench.complaint(&read(-1), Ok(3), none()),
        bench.complaint(&any, Err(104), none()),
        bench.complaint(&call("accept", vec![num(3), dots(), dots()], 7), Err(11), none()),
    ];
    insta::assert_snapshot!(complaints.join("\n"), @r"
    `read` returned 500; it must return 1000
    `read` failed with ECONNRESET (Connection reset by peer); it must return 1000
    `read` returned 1000; it must fail with EAGAIN (Try again)
    `read` failed with ECONNRESET (Connection reset by peer); it must fail with EAGAIN (Try again)
    there is no error `ENOSUCH`; `ENOSPC` is near
    `read` returned 3; it must fail
    `read` failed with ECONNRESET (Connection reset by peer); it must succeed
    `accept` failed with EAGAIN (Try again); it must succeed
    ");
    let mismatch = bench.check(&read(1000), Err(104), none()).expect_err("the results differ");
    assert_eq!(mismatch.blame, Blame::Target);
    assert_eq!(mismatch.expected.as_deref(), Some("read(...) = 1000"));
    assert_eq!(mismatch.actual.as_deref(), Some("read(...) = -1 ECONNRESET (Connection reset by peer)"));
}

#[test]
fn descriptors_come_and_go() {
    let mut bench = Bench::new();
    let socket = call("socket", vec![dots(), num(0o4001), num(6)], 7);
    assert_eq!(
        bench.check(&socket, Ok(70), CallOutput::None),
        Ok(CallEffect::NewSocket { fd: 70, script: 7, domain: 2, kind: 1, protocol: 6 })
    );
    let bind = call("bind", vec![num(7), dots(), dots()], 0);
    let address: SocketAddr = "192.168.0.1:8080".parse().expect("the test writes an address");
    assert_eq!(bench.check(&bind, Ok(0), CallOutput::None), Ok(CallEffect::Bound { fd: 70, address }));
    let listen = call("listen", vec![num(7), num(1)], 0);
    assert_eq!(bench.check(&listen, Ok(0), CallOutput::None), Ok(CallEffect::Listening { fd: 70 }));
    let accept = call("accept", vec![num(7), dots(), dots()], 8);
    let peer: SocketAddr = "192.0.2.1:40000".parse().expect("the test writes an address");
    assert_eq!(
        bench.check(&accept, Ok(71), CallOutput::Address(peer)),
        Ok(CallEffect::Accepted { listener: 70, fd: 71, script: 8, peer: Some(peer) })
    );
    assert_eq!(bench.lowered(&call("close", vec![num(8)], 0)), SocketCall::Close { fd: 71 });
    let close = call("close", vec![num(8)], 0);
    assert_eq!(bench.check(&close, Ok(0), CallOutput::None), Ok(CallEffect::Closed { fd: 71 }));
    insta::assert_snapshot!(bench.problem(&close), @"file descriptor 8 is not open here");
    let pipe = call("pipe", vec![list(vec![num(10), num(11)])], 0);
    assert_eq!(bench.check(&pipe, Ok(0), CallOutput::Pipe(90, 91)), Ok(CallEffect::None));
    assert_eq!(bench.descriptors.get(11).map(|d| (d.live, d.kind)), Some((91, DescriptorKind::Pipe)));
    let lost = bench.check(&pipe, Ok(0), CallOutput::None).expect_err("the adapter gave no ends");
    assert_eq!(lost.blame, Blame::Harness);
}

#[test]
fn a_failed_call_opens_and_closes_nothing() {
    let mut bench = Bench::new();
    let before = bench.descriptors.clone();
    let accept = failing("accept", vec![num(3), dots(), dots()], "EAGAIN");
    assert_eq!(bench.check(&accept, Err(11), CallOutput::None), Ok(CallEffect::None));
    let close = call("close", vec![num(3)], -1);
    assert_eq!(bench.check(&close, Err(9), CallOutput::None), Ok(CallEffect::None));
    assert_eq!(bench.descriptors, before);
}

#[test]
fn a_connecting_socket_is_known_before_and_after() {
    let mut bench = Bench::new();
    let connect = failing("connect", vec![num(4), dots(), dots()], "EINPROGRESS");
    let effect =
        CallEffect::Connecting { fd: 40, address: "192.0.2.1:8080".parse().expect("the test writes an address") };
    assert_eq!(super::super::starts(&bench.lowered(&connect)), effect);
    assert_eq!(bench.check(&connect, Err(115), CallOutput::None), Ok(effect));
    let dissolve = call("connect", vec![num(4), word("AF_UNSPEC"), dots()], 0);
    assert_eq!(super::super::starts(&bench.lowered(&dissolve)), CallEffect::Disconnected { fd: 40 });
}

#[test]
fn octets_that_were_read() {
    let mut bench = Bench::new();
    let data = |octets: &[u8]| CallOutput::Data(octets.to_vec());
    let read = |buffer, result| call("read", vec![num(4), buffer, num(1000)], result);
    assert_eq!(bench.check(&read(text(b"abc"), 3), Ok(3), data(b"abc")), Ok(CallEffect::None));
    assert_eq!(bench.check(&read(dots(), 3), Ok(3), data(b"xyz")), Ok(CallEffect::None));
    let start = expression(ExpressionKind::String { octets: b"ab".to_vec(), truncated: true });
    assert_eq!(bench.check(&read(start.clone(), 3), Ok(3), data(b"abc")), Ok(CallEffect::None));
    let parts = list(vec![expression(ExpressionKind::IoVector { length: 2 }), text(b"cd")]);
    let readv = call("readv", vec![num(4), parts, num(2)], 4);
    assert_eq!(bench.check(&readv, Ok(4), data(b"abcd")), Ok(CallEffect::None));
    let complaints = [
        bench.complaint(&read(text(b"abc"), 3), Ok(3), data(b"ab\x00")),
        bench.complaint(&read(start, 3), Ok(3), data(b"xbc")),
        bench.complaint(&read(text(b"abc"), 70), Ok(70), data(&[b'a'; 70])),
        bench.complaint(&readv, Ok(4), data(b"abxd")),
        bench.complaint(&readv, Ok(4), data(b"a")),
    ];
    insta::assert_snapshot!(complaints.join("\n"), @r#"
    `read` succeeded, but content read is "ab\x00" and must be "abc"
    `read` succeeded, but content read is "xbc" and must be "ab"...
    `read` succeeded, but content read is "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"... (70 octets) and must be "abc"
    `readv` succeeded, but content of buffer 1 is "xd" and must be "cd"
    `readv` succeeded, but content of buffer 1 is "" and must be "cd"
    "#);
}

#[test]
fn values_of_options() {
    let mut bench = Bench::new();
    let get = |level, option, value, length| {
        call("getsockopt", vec![num(3), num(level), num(option), value, list(vec![num(length)])], 0)
    };
    let int = |value: i32| CallOutput::Data(value.to_ne_bytes().to_vec());
    let number = |value| list(vec![num(value)]);
    assert_eq!(bench.check(&get(6, 2, number(1460), 4), Ok(0), int(1460)), Ok(CallEffect::None));
    assert_eq!(bench.check(&get(6, 2, number(0xffff_ffff), 4), Ok(0), int(-1)), Ok(CallEffect::None));
    assert_eq!(bench.check(&get(6, 2, dots(), 4), Ok(0), int(5)), Ok(CallEffect::None));
    let linger = expression(ExpressionKind::Linger { on: 1, seconds: 5 });
    let lingering = |on: i32, seconds: i32| CallOutput::Data([on.to_ne_bytes(), seconds.to_ne_bytes()].concat());
    assert_eq!(bench.check(&get(1, 13, linger.clone(), 8), Ok(0), lingering(1, 5)), Ok(CallEffect::None));
    let complaints = [
        bench.complaint(&get(6, 2, number(1460), 4), Ok(0), int(536)),
        bench.complaint(&get(1, 4, list(vec![word("ECONNREFUSED")]), 4), Ok(0), int(104)),
        bench.complaint(&get(1, 4, number(0), 4), Ok(0), int(104)),
        bench.complaint(&get(6, 13, text(b"reno"), 4), Ok(0), CallOutput::Data(b"cubi".to_vec())),
        bench.complaint(&get(6, 13, text(b"reno"), 4), Ok(0), CallOutput::Data(b"bbr".to_vec())),
        bench.complaint(&get(1, 13, linger, 8), Ok(0), lingering(0, 0)),
        bench.complaint(&get(6, 2, number(1460), 4), Err(92), CallOutput::None),
    ];
    insta::assert_snapshot!(complaints.join("\n"), @r#"
    `getsockopt` succeeded, but option value is [536] and must be [1460]
    `getsockopt` succeeded, but option value is [ECONNRESET] and must be [ECONNREFUSED]
    `getsockopt` succeeded, but option value is [ECONNRESET] and must be [0]
    `getsockopt` succeeded, but option value is "cubi" and must be "reno"
    `getsockopt` succeeded, but option length is 3 and must be 4
    `getsockopt` succeeded, but option value is {onoff=0, linger=0} and must be {onoff=1, linger=5}
    `getsockopt` failed with ENOPROTOOPT (Protocol not available); it must return 0
    "#);
}

#[test]
fn events_of_poll() {
    let mut bench = Bench::new();
    let entry = |fd, revents: Option<&str>| {
        let revents = revents.map(|name| boxed(word(name)));
        expression(ExpressionKind::PollFd { fd: boxed(num(fd)), events: boxed(word("POLLIN")), revents })
    };
    let poll = call("poll", vec![list(vec![entry(3, None), entry(4, Some("POLLOUT"))]), num(2), num(0)], 1);
    let came = |first, second| {
        CallOutput::Poll(vec![
            PollEntry { fd: 30, events: 1, revents: first },
            PollEntry { fd: 40, events: 1, revents: second },
        ])
    };
    assert_eq!(bench.check(&poll, Ok(1), came(0, 4)), Ok(CallEffect::None));
    insta::assert_snapshot!(bench.complaint(&poll, Ok(1), came(0x10, 0x1c)), @"`poll` succeeded, but revents of fd 3 is POLLHUP and must be 0; revents of fd 4 is POLLOUT|POLLERR|POLLHUP and must be POLLOUT");
}

#[test]
fn events_of_epoll() {
    let mut bench = Bench::new();
    let event = |events: i64, member, data| {
        expression(ExpressionKind::EpollEvent { events: boxed(num(events)), member, data: boxed(num(data)) })
    };
    let wait = |event, result| call("epoll_wait", vec![num(5), event, num(1), num(0)], result);
    let came = |events, data| CallOutput::Epoll(vec![(events, data)]);
    let on_fd = wait(event(4, EpollMember::Fd, 4), 1);
    assert_eq!(bench.check(&on_fd, Ok(1), came(4, 40)), Ok(CallEffect::None));
    assert_eq!(bench.check(&on_fd, Ok(1), came(4, 0xdead_0000_0028)), Ok(CallEffect::None));
    let nothing = wait(event(0, EpollMember::Ptr, 0), 0);
    assert_eq!(bench.check(&nothing, Ok(0), CallOutput::Epoll(vec![])), Ok(CallEffect::None));
    let wide = wait(event(4, EpollMember::U64, 1 << 40), 1);
    assert_eq!(bench.check(&wide, Ok(1), came(4, 1 << 40)), Ok(CallEffect::None));
    let both = wait(list(vec![event(4, EpollMember::Fd, 4), event(1, EpollMember::Fd, 3)]), 2);
    assert_eq!(bench.check(&both, Ok(2), CallOutput::Epoll(vec![(4, 40), (1, 30)])), Ok(CallEffect::None));
    let complaints = [
        bench.complaint(&on_fd, Ok(1), came(0xc, 30)),
        bench.complaint(&on_fd, Ok(1), came(4, 99)),
        bench.complaint(&wide, Ok(1), came(4, 1)),
        bench.complaint(&both, Ok(2), CallOutput::Epoll(vec![(4, 40)])),
    ];
    insta::assert_snapshot!(complaints.join("\n"), @r"
    `epoll_wait` succeeded, but mask is EPOLLOUT|EPOLLERR and must be EPOLLOUT; data is fd 3 and must be fd 4
    `epoll_wait` succeeded, but data is an unknown fd (99) and must be fd 4
    `epoll_wait` succeeded, but data is 1 and must be 1099511627776
    `epoll_wait` succeeded, but mask of event 2 is 0 and must be EPOLLIN; count of events is 1 and must be 2
    ");
}

#[test]
fn the_int_of_ioctl() {
    let mut bench = Bench::new();
    let ioctl = call("ioctl", vec![num(4), num(0x541b), list(vec![num(1000)])], 0);
    assert_eq!(bench.check(&ioctl, Ok(0), CallOutput::Integer(1000)), Ok(CallEffect::None));
    insta::assert_snapshot!(bench.complaint(&ioctl, Ok(0), CallOutput::Integer(1)), @"`ioctl` succeeded, but value is 1 and must be 1000");
}

#[test]
fn addresses_that_calls_fill_in() {
    let mut bench = Bench::new();
    let from = |peer| call("recvfrom", vec![num(4), dots(), num(9), num(0), peer, dots()], 3);
    let came = |text: &str| CallOutput::Message {
        data: b"abc".to_vec(),
        address: Some(text.parse().expect("the test writes an address")),
        control: vec![],
        flags: 0,
    };
    let expected = from(address("192.0.2.7:53"));
    assert_eq!(bench.check(&expected, Ok(3), came("192.0.2.7:53")), Ok(CallEffect::None));
    assert_eq!(bench.check(&expected, Ok(3), came("[::ffff:192.0.2.7]:53")), Ok(CallEffect::None));
    assert_eq!(bench.check(&from(address("0.0.0.0:0")), Ok(3), came("192.0.2.7:53")), Ok(CallEffect::None));
    let accept = call("accept", vec![num(3), address("192.0.2.1:0"), dots()], 7);
    let complaints = [
        bench.complaint(&expected, Ok(3), came("192.0.2.8:54")),
        bench.complaint(&expected, Ok(3), CallOutput::Data(b"abc".to_vec())),
        bench.complaint(
            &accept,
            Ok(70),
            CallOutput::Address("192.0.2.2:1".parse().expect("the test writes an address")),
        ),
    ];
    insta::assert_snapshot!(complaints.join("\n"), @r"
    `recvfrom` succeeded, but address is 192.0.2.8 and must be 192.0.2.7; port is 54 and must be 53
    `recvfrom` succeeded, but address is missing and must be 192.0.2.7:53
    `accept` succeeded, but address is 192.0.2.2 and must be 192.0.2.1
    ");
}
