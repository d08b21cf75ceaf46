//! Calls of a script as calls on the target.

use super::*;
use crate::script::tree::{EpollMember, GreSpec, MplsSpec};
use crate::target::PollEntry;

fn sockaddr(text: &str) -> SocketAddr {
    text.parse().expect("the test writes an address")
}

#[test]
fn opening_and_naming_a_socket() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.lowered(&call("socket", vec![dots(), word("SOCK_STREAM"), word("IPPROTO_TCP")], 7)),
        SocketCall::Socket { domain: 2, kind: 1, protocol: 6 }
    );
    bench.settings = Settings::new(IpVersion::Ipv4MappedIpv6);
    let nonblocking = expression(ExpressionKind::Or(boxed(word("SOCK_STREAM")), boxed(word("SOCK_NONBLOCK"))));
    assert_eq!(
        bench.lowered(&call("socket", vec![dots(), nonblocking, num(0)], 7)),
        SocketCall::Socket { domain: 10, kind: 0o4001, protocol: 0 }
    );
    bench.settings = Settings::new(IpVersion::Ipv4);
    assert_eq!(
        bench.lowered(&call("bind", vec![num(3), dots(), dots()], 0)),
        SocketCall::Bind { fd: 30, address: sockaddr("192.168.0.1:8080") }
    );
    assert_eq!(
        bench.lowered(&call("bind", vec![num(3), address("0.0.0.0:53"), dots()], 0)),
        SocketCall::Bind { fd: 30, address: sockaddr("0.0.0.0:53") }
    );
    assert_eq!(bench.lowered(&call("listen", vec![num(3), num(1)], 0)), SocketCall::Listen { fd: 30, backlog: 1 });
    assert_eq!(bench.lowered(&call("accept", vec![num(3), dots(), dots()], 7)), SocketCall::Accept { fd: 30 });
    assert_eq!(
        bench.lowered(&call("connect", vec![num(4), dots(), dots()], 0)),
        SocketCall::Connect { fd: 40, address: sockaddr("192.0.2.1:8080") }
    );
    assert_eq!(
        bench.lowered(&call("connect", vec![num(4), word("AF_UNSPEC"), dots()], 0)),
        SocketCall::ConnectFamily { fd: 40, family: 0 }
    );
    assert_eq!(bench.lowered(&call("shutdown", vec![num(4), num(1)], 0)), SocketCall::Shutdown { fd: 40, how: 1 });
    assert_eq!(bench.lowered(&call("close", vec![num(4)], 0)), SocketCall::Close { fd: 40 });
}

#[test]
fn sending() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.lowered(&call("write", vec![num(4), dots(), num(3)], 3)),
        SocketCall::Write { fd: 40, data: vec![0; 3], null: false }
    );
    assert_eq!(
        bench.lowered(&call("write", vec![num(4), text(b"abcd"), num(3)], 3)),
        SocketCall::Write { fd: 40, data: b"abc".to_vec(), null: false }
    );
    assert_eq!(
        bench.lowered(&call("send", vec![num(4), word("NULL"), num(2), num(0)], -1)),
        SocketCall::Send { fd: 40, data: vec![0; 2], flags: 0, null: true }
    );
    let parts = list(vec![expression(ExpressionKind::IoVector { length: 2 }), text(b"xy")]);
    assert_eq!(
        bench.lowered(&call("writev", vec![num(4), parts, num(2)], 4)),
        SocketCall::Writev { fd: 40, data: vec![vec![0, 0], b"xy".to_vec()] }
    );
    assert_eq!(
        bench.lowered(&call("sendto", vec![num(4), dots(), num(1), num(0x40), address("192.0.2.9:7"), dots()], 1)),
        SocketCall::SendTo { fd: 40, data: vec![0], flags: 0x40, address: Some(sockaddr("192.0.2.9:7")), null: false }
    );
    assert_eq!(
        bench.lowered(&call("sendto", vec![num(4), dots(), num(1), num(0), word("AF_UNSPEC"), dots()], -1)),
        SocketCall::SendToFamily { fd: 40, data: vec![0], flags: 0, family: 0, null: false }
    );
}

#[test]
fn a_ping_socket_sends_an_echo_request() {
    let sendto = call("sendto", vec![num(6), dots(), num(10), num(0), dots(), dots()], 10);
    let SocketCall::SendTo { data, .. } = Bench::new().lowered(&sendto) else { panic!("sendto stays sendto") };
    assert_eq!(data, [8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn receiving() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.lowered(&call("read", vec![num(4), dots(), num(1000)], 0)),
        SocketCall::Read { fd: 40, length: 1000, null: false }
    );
    assert_eq!(
        bench.lowered(&call("recv", vec![num(4), text(b"abc"), num(1000), num(2)], 0)),
        SocketCall::Recv { fd: 40, length: 1000, flags: 2, null: false }
    );
    assert_eq!(
        bench.lowered(&call("recvfrom", vec![num(4), word("NULL"), num(9), num(0), dots(), dots()], -1)),
        SocketCall::RecvFrom { fd: 40, length: 9, flags: 0, null: true }
    );
    let parts = list(vec![
        expression(ExpressionKind::IoVector { length: 5 }),
        expression(ExpressionKind::IoVector { length: 7 }),
    ]);
    assert_eq!(
        bench.lowered(&call("readv", vec![num(4), parts, num(2)], 12)),
        SocketCall::Readv { fd: 40, lengths: vec![5, 7] }
    );
}

#[test]
fn socket_options() {
    let mut bench = Bench::new();
    let mut set =
        |value, length| match bench.lower(&call("setsockopt", vec![num(3), num(1), num(2), value, num(length)], 0)) {
            Ok(SocketCall::SetSockOpt { fd: 30, level: 1, option: 2, value }) => value,
            other => panic!("{other:?}"),
        };
    assert_eq!(set(list(vec![num(-1)]), 4), (-1_i32).to_ne_bytes());
    assert_eq!(set(list(vec![num(0xffff_ffff)]), 4), [255; 4]);
    assert_eq!(set(list(vec![num(4)]), 1), [4]);
    assert_eq!(set(list(vec![num(0)]), 6), [0; 6]);
    assert_eq!(set(list(vec![num(1), num(500)]), 16), [1_i64.to_ne_bytes(), 500_i64.to_ne_bytes()].concat());
    assert_eq!(set(text(b"reno"), 4), b"reno");
    assert_eq!(set(text(b""), 3), [0; 3]);
    assert_eq!(set(expression(ExpressionKind::Linger { on: 1, seconds: 5 }), 8).len(), 8);
    assert_eq!(
        set(expression(ExpressionKind::Address("fd00::1".parse().expect("the test writes an address"))), 16)[15],
        1
    );
    let label = MplsSpec { label: 0x12345, traffic_class: 5, bottom_of_stack: true, ttl: 0x40 };
    assert_eq!(set(expression(ExpressionKind::Mpls(vec![label])), 4), [0x12, 0x34, 0x5b, 0x40]);
    let gre = GreSpec { flags: 0x2000, checksum: 1, offset: 2, key: 3, sequence: 4 };
    assert_eq!(set(expression(ExpressionKind::Gre(gre)), 16), [0x20, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]);
    assert_eq!(
        bench.lowered(&call("getsockopt", vec![num(3), num(1), num(2), list(vec![num(7)]), list(vec![num(4)])], 0)),
        SocketCall::GetSockOpt { fd: 30, level: 1, option: 2, value: vec![0; 4] }
    );
}

#[test]
fn waiting_for_events() {
    let mut bench = Bench::new();
    let entry = |fd, events, revents| {
        let revents = Some(boxed(word(revents)));
        expression(ExpressionKind::PollFd { fd: boxed(num(fd)), events: boxed(word(events)), revents })
    };
    assert_eq!(
        bench.lowered(&call("poll", vec![list(vec![entry(4, "POLLIN", "POLLIN")]), num(1), num(-1)], 1)),
        SocketCall::Poll { entries: vec![PollEntry { fd: 40, events: 1, revents: 0 }], timeout: -1 }
    );
    assert_eq!(bench.lowered(&call("epoll_create", vec![num(1)], 7)), SocketCall::EpollCreate { size: 1 });
    let event = |fd| {
        expression(ExpressionKind::EpollEvent {
            events: boxed(word("EPOLLOUT")),
            member: EpollMember::Fd,
            data: boxed(num(fd)),
        })
    };
    assert_eq!(
        bench.lowered(&call("epoll_ctl", vec![num(5), num(1), num(4), event(4)], 0)),
        SocketCall::EpollCtl { epoll_fd: 50, operation: 1, fd: 40, events: 4, data: 40 }
    );
    assert_eq!(
        bench.lowered(&call("epoll_wait", vec![num(5), event(4), num(1), num(0)], 1)),
        SocketCall::EpollWait { epoll_fd: 50, max_events: 1, timeout: 0 }
    );
    insta::assert_snapshot!(
        bench.problem(&call("epoll_ctl", vec![num(5), num(1), num(4), event(3)], 0)),
        @"the event names fd 3, but the call fd 4"
    );
}

#[test]
fn files_pipes_and_the_rest() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.lowered(&call("open", vec![text(b"/tmp/file"), num(0)], 7)),
        SocketCall::Open { path: "/tmp/file".into(), flags: 0 }
    );
    assert_eq!(
        bench.lowered(&call("sendfile", vec![num(4), num(3), list(vec![num(9)]), num(100)], 100)),
        SocketCall::SendFile { out_fd: 40, in_fd: 30, offset: Some(9), count: 100 }
    );
    assert_eq!(bench.lowered(&call("pipe", vec![list(vec![num(7), num(8)])], 0)), SocketCall::Pipe);
    assert_eq!(
        bench.lowered(&call("splice", vec![num(4), word("NULL"), num(3), list(vec![num(5)]), num(10), num(0)], 10)),
        SocketCall::Splice { in_fd: 40, in_offset: None, out_fd: 30, out_offset: Some(5), length: 10, flags: 0 }
    );
    assert_eq!(
        bench.lowered(&call("fcntl", vec![num(4), num(3)], 2)),
        SocketCall::Fcntl { fd: 40, command: 3, argument: None }
    );
    assert_eq!(
        bench.lowered(&call("fcntl", vec![num(4), num(4), num(2)], 0)),
        SocketCall::Fcntl { fd: 40, command: 4, argument: Some(2) }
    );
    assert_eq!(
        bench.lowered(&call("ioctl", vec![num(4), num(0x541b), list(vec![num(1000)])], 0)),
        SocketCall::Ioctl { fd: 40, request: 0x541b, argument: Some(1000) }
    );
    assert_eq!(
        bench.lowered(&call("cap_set", vec![num(0), num(12), num(0)], 0)),
        SocketCall::CapSet { capability: 12, raise: false }
    );
}

#[test]
fn what_a_script_can_write_wrongly() {
    let mut bench = Bench::new();
    let open_result = Call { result: dots(), ..call("socket", vec![dots(), num(1), num(6)], 0) };
    let problems = [
        call("listen", vec![num(3)], 0),
        call("close", vec![], 0),
        call("close", vec![num(9)], 0),
        call("close", vec![word("NO_SUCH")], 0),
        call("close", vec![num(1 << 40)], 0),
        call("close", vec![num(3)], 1 << 40),
        call("write", vec![num(4), text(b"ab"), num(3)], 3),
        call("write", vec![num(4), num(7), num(3)], 3),
        call("read", vec![num(4), dots(), num(-1)], 3),
        call("writev", vec![num(4), list(vec![]), num(1)], 3),
        call("writev", vec![num(4), list(vec![num(1)]), num(1)], 3),
        call("bind", vec![num(3), list(vec![]), dots()], 0),
        call("setsockopt", vec![num(3), num(1), num(2), dots(), num(4)], 0),
        call("setsockopt", vec![num(3), num(1), num(2), list(vec![num(256)]), num(1)], 0),
        call("setsockopt", vec![num(3), num(1), num(2), list(vec![num(1), num(2)]), num(4_000)], 0),
        call("setsockopt", vec![num(3), num(1), num(2), list(vec![]), num(4)], 0),
        call("getsockopt", vec![num(3), num(1), num(2), text(b"reno"), list(vec![num(5)])], 0),
        call("getsockopt", vec![num(3), num(1), num(2), text(b"reno"), num(4)], 0),
        call("poll", vec![list(vec![]), num(1), num(0)], 0),
        call("poll", vec![list(vec![num(3)]), num(1), num(0)], 0),
        call("epoll_wait", vec![num(5), num(3), num(1), num(0)], 0),
        call("open", vec![num(3), num(0)], 7),
        call("open", vec![text(b"a\0b"), num(0)], 7),
        call("pipe", vec![list(vec![num(3)])], 0),
        call("splice", vec![num(4), num(1), num(3), num(0), num(10), num(0)], 10),
        call("cap_set", vec![num(1), num(12), num(0)], 0),
        call("recvmsg", vec![num(4), num(0), num(0)], 0),
        call("psp_rx_assoc", vec![num(4)], 0),
        open_result,
    ];
    let messages: Vec<String> = problems.iter().map(|call| bench.problem(call)).collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    `listen` takes 2 arguments, not 1: `listen(fd, backlog)`
    `close` takes 1 argument, not 0: `close(fd)`
    file descriptor 9 is not open here
    there is no symbol `NO_SUCH`
    1099511627776 does not fit in 32 bits
    1099511627776 does not fit in 32 bits
    the string has 2 octets, but 3 are to be sent
    a buffer is `...`, a string or NULL, not a number
    a length lies between 0 and 1073741824, not -1
    the vector has 0 elements, but its count says 1
    expected a buffer such as `{..., 1000}`, found a number
    an address is `...` or a socket address, not a list
    an option's value is a list of numbers, a string or a structure, not `...`
    256 does not fit in 8 bits
    2 numbers cannot fill 4000 octets
    0 numbers cannot fill 4 octets
    the value has 4 octets, but the length says 5
    expected a list, found a number
    poll has 0 entries, but its count says 1
    expected an entry such as `{fd=3, events=POLLIN}`, found a number
    expected an epoll event, found a number
    expected a path in quotes, found a number
    expected a path in quotes, found octets that no path can have
    a pipe has two ends, [read_fd, write_fd], not 1
    an offset is NULL or a number in brackets
    only the set CAP_EFFECTIVE can be changed
    expected a message header such as `{msg_name(...)=..., ...}`, found a number
    there is no call `psp_rx_assoc`
    write the number of the new file descriptor, such as 3
    ");
}
