//! Calls as scripts write them, from text to judgement.

use super::*;
use crate::script::tree::Action;
use crate::script::{Definitions, parse};
use crate::target::{Control, PollEntry};

/// The one call of a script of one line.
fn written(text: &str) -> Call {
    let script = parse(&format!("0 {text}\n"), &Definitions::default()).expect("the test writes a script");
    match script.events.into_iter().next().map(|event| event.action) {
        Some(Action::Call(call)) => call,
        other => panic!("the test writes a call, not {other:?}"),
    }
}

#[test]
fn addresses_and_octets() {
    let mut bench = Bench::new();
    let bind = r#"bind(3, {sa_family = AF_INET, sin_port = htons(53), sin_addr = inet_addr("0.0.0.0")}, ...) = 0"#;
    assert_eq!(
        bench.lowered(&written(bind)),
        SocketCall::Bind { fd: 30, address: "0.0.0.0:53".parse().expect("the test writes an address") }
    );
    assert_eq!(
        bench.lowered(&written(r#"write(4, "a\x00b" "c", 4) = 4"#)),
        SocketCall::Write { fd: 40, data: b"a\0bc".to_vec(), null: false }
    );
    let read = written(r#"read(4, "abc"..., 100) = 4"#);
    assert_eq!(bench.check(&read, Ok(4), CallOutput::Data(b"abcd".to_vec())), Ok(CallEffect::None));
    assert_eq!(
        bench.check(&written("fcntl(4, F_GETFL) = 0x2 (flags O_RDWR)"), Ok(2), CallOutput::None),
        Ok(CallEffect::None)
    );
}

#[test]
fn structures_of_options() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.lowered(&written("setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=2}, 8) = 0")),
        SocketCall::SetSockOpt {
            fd: 30,
            level: 1,
            option: 13,
            value: [1_i32.to_ne_bytes(), 2_i32.to_ne_bytes()].concat()
        }
    );
    let congestion = written(r#"getsockopt(3, IPPROTO_TCP, TCP_CONGESTION, "reno", [4]) = 0"#);
    assert_eq!(bench.check(&congestion, Ok(0), CallOutput::Data(b"reno".to_vec())), Ok(CallEffect::None));
    let error = written("getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0");
    let refused = CallOutput::Data(111_i32.to_ne_bytes().to_vec());
    assert_eq!(bench.check(&error, Ok(0), refused), Ok(CallEffect::None));
}

#[test]
fn events() {
    let mut bench = Bench::new();
    let poll = written("poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1");
    let came = CallOutput::Poll(vec![PollEntry { fd: 40, events: 5, revents: 4 }]);
    assert_eq!(bench.check(&poll, Ok(1), came), Ok(CallEffect::None));
    let nothing = written("epoll_wait(5, {events=0, ptr=0}, 1, 0) = 0");
    assert_eq!(bench.check(&nothing, Ok(0), CallOutput::Epoll(vec![])), Ok(CallEffect::None));
    assert_eq!(
        bench.lowered(&written("epoll_ctl(5, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLET, fd=4}) = 0")),
        SocketCall::EpollCtl { epoll_fd: 50, operation: 1, fd: 40, events: 0x8000_0001, data: 40 }
    );
}

#[test]
fn messages() {
    let mut bench = Bench::new();
    let recvmsg = written(
        "recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 0}], msg_flags=MSG_ERRQUEUE, msg_control=[
            {cmsg_level=SOL_SOCKET, cmsg_type=SCM_TIMESTAMPING, cmsg_data={scm_sec=0, scm_nsec=20000000}},
            {cmsg_level=SOL_IP, cmsg_type=IP_RECVERR, cmsg_data={ee_errno=ENOMSG, ee_origin=SO_EE_ORIGIN_TIMESTAMPING,
             ee_type=0, ee_code=0, ee_info=SCM_TSTAMP_SCHED, ee_data=1999}},
            {cmsg_level=SOL_SOCKET, cmsg_type=SCM_TIMESTAMPING_OPT_STATS,
             cmsg_data={TCP_NLA_SND_CWND=10, TCP_NLA_BUSY=...}}]}, MSG_ERRQUEUE) = 0",
    );
    let mut stamp = [1_i64.to_ne_bytes(), 20_500_000_i64.to_ne_bytes()].concat();
    stamp.resize(48, 0);
    let mut error = [42_u32.to_ne_bytes(), [4, 0, 0, 0], 1_u32.to_ne_bytes(), 1999_u32.to_ne_bytes()].concat();
    error.resize(32, 0);
    let mut statistics = [8_u16.to_ne_bytes(), 8_u16.to_ne_bytes()].concat();
    statistics.extend(10_u32.to_ne_bytes());
    statistics.extend([12_u16.to_ne_bytes(), 1_u16.to_ne_bytes()].concat());
    statistics.extend(777_u64.to_ne_bytes());
    let control = vec![
        Control { level: 1, kind: 37, data: stamp },
        Control { level: 0, kind: 11, data: error },
        Control { level: 1, kind: 54, data: statistics },
    ];
    let came = CallOutput::Message { data: vec![], address: None, control, flags: 0x2000 };
    assert_eq!(bench.check(&recvmsg, Ok(0), came), Ok(CallEffect::None));
    let SocketCall::RecvMsg { control_length, .. } = bench.lowered(&recvmsg) else { panic!("recvmsg stays recvmsg") };
    assert_eq!(control_length, 64 + 48 + 40);
}

#[test]
fn every_call_of_the_language_can_be_written() {
    let mut bench = Bench::new();
    let lines = [
        "socket(..., SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP) = 7",
        "listen(3, 1) = 0",
        "accept(3, ..., ...) = 7",
        "connect(4, AF_UNSPEC, ...) = 0",
        "readv(4, [{..., 10}, {..., 20}], 2) = 30",
        "recv(4, ..., 10, MSG_PEEK) = 10",
        "recvfrom(4, NULL, 10, 0, ..., ...) = -1 EFAULT (Bad address)",
        "writev(4, [{..., 10}], 1) = 10",
        "send(4, ..., 10, MSG_EOR) = 10",
        "sendto(4, ..., 10, MSG_FASTOPEN, ..., ...) = -1 EINPROGRESS (Operation now in progress)",
        "sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 4}], msg_flags=0}, MSG_ZEROCOPY) = 4",
        "ioctl(4, SIOCINQ, [1000]) = 0",
        "shutdown(4, SHUT_WR) = 0",
        "cap_set(CAP_EFFECTIVE, CAP_NET_ADMIN, CAP_CLEAR) = 0",
        "open(\"/tmp/file\", O_RDONLY) = 7",
        "sendfile(4, 3, [0], 5) = 5",
        "epoll_create(1) = 7",
        "pipe([7, 8]) = 0",
        "splice(4, NULL, 3, NULL, 5, 0) = 5",
        "close(4) = 0",
    ];
    for line in lines {
        if let Err(problem) = bench.lower(&written(line)) {
            panic!("`{line}`: {}", problem.message);
        }
    }
}
