//! sendmsg and recvmsg with their control messages.

use super::*;
use crate::target::Control;

const SOL_IP: i64 = 0;
const IP_RECVERR: i64 = 11;

fn header(parts: Vec<Expression>, flags: Expression, control: Option<Expression>) -> Expression {
    expression(ExpressionKind::MessageHeader {
        iov_length: parts.len() as i64,
        iov: boxed(list(parts)),
        flags: boxed(flags),
        control: control.map(Box::new),
        control_length: None,
    })
}

fn control(level: i64, kind: i64, data: Expression) -> Expression {
    expression(ExpressionKind::ControlMessage {
        length: None,
        level: boxed(num(level)),
        kind: boxed(num(kind)),
        data: boxed(data),
    })
}

fn extended_error(values: [i64; 6]) -> Expression {
    expression(ExpressionKind::ExtendedError(Box::new(values.map(num))))
}

fn assign(name: &str, value: Expression) -> Expression {
    expression(ExpressionKind::Assign(spanned(name), Box::new(value)))
}

fn room(length: i64) -> Expression {
    expression(ExpressionKind::IoVector { length })
}

fn message(control: Vec<Control>, flags: i32) -> CallOutput {
    CallOutput::Message { data: Vec::new(), address: None, control, flags }
}

fn error_octets(errno: u32, origin: u8, info: u32, data: u32) -> Vec<u8> {
    let mut octets = errno.to_ne_bytes().to_vec();
    octets.extend([origin, 0, 0, 0]);
    octets.extend(info.to_ne_bytes());
    octets.extend(data.to_ne_bytes());
    octets.resize(32, 0);
    octets
}

#[test]
fn sendmsg_goes_where_connect_would() {
    let mut bench = Bench::new();
    let ttl = list(vec![control(SOL_IP, 2, num(64))]);
    let sendmsg = call("sendmsg", vec![num(4), header(vec![room(3), text(b"ab")], num(0), Some(ttl)), num(0x40)], 5);
    assert_eq!(
        bench.lowered(&sendmsg),
        SocketCall::SendMsg {
            fd: 40,
            address: Some("192.0.2.1:8080".parse().expect("the test writes an address")),
            data: vec![vec![0; 3], b"ab".to_vec()],
            control: vec![Control { level: 0, kind: 2, data: 64_i32.to_ne_bytes().to_vec() }],
            message_flags: 0,
            flags: 0x40,
        }
    );
    let flagged = call("sendmsg", vec![num(4), header(vec![], num(1), None), num(0)], 0);
    insta::assert_snapshot!(bench.problem(&flagged), @"sendmsg takes its flags from its last argument: write 0 here");
}

#[test]
fn recvmsg_has_room_for_what_the_script_describes() {
    let mut bench = Bench::new();
    let error = list(vec![control(SOL_IP, IP_RECVERR, extended_error([0; 6])), control(6, 36, num(5))]);
    let recvmsg = call("recvmsg", vec![num(4), header(vec![room(9)], num(0), Some(error)), num(0)], 0);
    assert_eq!(
        bench.lowered(&recvmsg),
        SocketCall::RecvMsg { fd: 40, lengths: vec![9], control_length: 16 + 32 + 16 + 8, flags: 0 }
    );
}

#[test]
fn extended_errors_and_flags() {
    let mut bench = Bench::new();
    let error = list(vec![control(SOL_IP, IP_RECVERR, extended_error([42, 4, 0, 0, 1, 1999]))]);
    let recvmsg = call(
        "recvmsg",
        vec![num(4), header(vec![room(0)], word("MSG_ERRQUEUE"), Some(error)), word("MSG_ERRQUEUE")],
        0,
    );
    let came = |errno, origin, info, data| {
        let data = error_octets(errno, origin, info, data);
        vec![Control { level: 0, kind: 11, data }]
    };
    assert_eq!(bench.check(&recvmsg, Ok(0), message(came(42, 4, 1, 1999), 0x2000)), Ok(CallEffect::None));
    let short = vec![Control { level: 0, kind: 11, data: vec![0; 16] }];
    let complaints = [
        bench.complaint(&recvmsg, Ok(0), message(came(111, 2, 1, 999), 0x2000)),
        bench.complaint(&recvmsg, Ok(0), message(came(42, 4, 1, 1999), 0x2008)),
        bench.complaint(&recvmsg, Ok(0), message(vec![], 0x2000)),
        bench.complaint(&recvmsg, Ok(0), message(short, 0x2000)),
        bench.complaint(&recvmsg, Ok(0), message(vec![Control { level: 6, kind: 36, data: vec![] }], 0x2000)),
    ];
    insta::assert_snapshot!(complaints.join("\n"), @r"
    `recvmsg` succeeded, but ee_errno of control message 1 is ECONNREFUSED and must be ENOMSG; ee_origin of control message 1 is 2 and must be 4; ee_data of control message 1 is 999 and must be 1999
    `recvmsg` succeeded, but msg_flags is MSG_CTRUNC|MSG_ERRQUEUE and must be MSG_ERRQUEUE
    `recvmsg` succeeded, but count of control messages is 0 and must be 1
    `recvmsg` succeeded, but cmsg_len of control message 1 is 32 and must be 48
    `recvmsg` succeeded, but cmsg_level of control message 1 is 6 and must be 0; cmsg_type of control message 1 is 36 and must be 11
    ");
    let empty = failing("recvmsg", recvmsg.arguments.clone(), "EAGAIN");
    assert_eq!(bench.check(&empty, Err(11), CallOutput::None), Ok(CallEffect::None));
}

#[test]
fn time_stamps_have_the_tolerance_of_time() {
    let mut bench = Bench::new();
    let stamp = expression(ExpressionKind::Timestamping { seconds: 0, nanoseconds: 20_000_000 });
    let stamp = list(vec![control(1, 37, stamp)]);
    let recvmsg = call("recvmsg", vec![num(4), header(vec![room(0)], num(0), Some(stamp)), num(0)], 0);
    // The script began one second after the target's zero.
    let came = |micros: i64| {
        let mut data = [(micros / 1_000_000).to_ne_bytes(), (micros % 1_000_000 * 1_000).to_ne_bytes()].concat();
        data.resize(48, 0);
        message(vec![Control { level: 1, kind: 37, data }], 0)
    };
    assert_eq!(bench.check(&recvmsg, Ok(0), came(1_024_000)), Ok(CallEffect::None));
    assert_eq!(bench.check(&recvmsg, Ok(0), came(1_016_000)), Ok(CallEffect::None));
    insta::assert_snapshot!(bench.complaint(&recvmsg, Ok(0), came(1_024_001)), @"`recvmsg` succeeded, but time stamp of control message 1 is 0.024001 s and must be 0.020000 s");
    let mismatch = bench.check(&recvmsg, Ok(0), came(1_024_001)).expect_err("the stamp is too late");
    assert_eq!(mismatch.miss, Some(1));
    let unjudged = expression(ExpressionKind::Timestamping { seconds: 0, nanoseconds: 0 });
    let unjudged = list(vec![control(1, 37, unjudged)]);
    let recvmsg = call("recvmsg", vec![num(4), header(vec![room(0)], num(0), Some(unjudged)), num(0)], 0);
    assert_eq!(bench.check(&recvmsg, Ok(0), came(9_000_000)), Ok(CallEffect::None));
}

#[test]
fn statistics_with_ellipses_and_tolerance() {
    let mut bench = Bench::new();
    let statistics = |busy, cwnd| {
        let list_of = vec![assign("TCP_NLA_BUSY", busy), assign("TCP_NLA_SND_CWND", cwnd)];
        let control = list(vec![control(1, 54, expression(ExpressionKind::Braces(list_of)))]);
        call("recvmsg", vec![num(4), header(vec![room(0)], num(0), Some(control)), num(0)], 0)
    };
    let came = |busy: u64, kind: u16, cwnd: u32| {
        let mut data = [12_u16.to_ne_bytes(), 1_u16.to_ne_bytes()].concat();
        data.extend(busy.to_ne_bytes());
        data.extend(8_u16.to_ne_bytes());
        data.extend(kind.to_ne_bytes());
        data.extend(cwnd.to_ne_bytes());
        message(vec![Control { level: 1, kind: 54, data }], 0)
    };
    assert_eq!(bench.check(&statistics(num(10_000), num(10)), Ok(0), came(14_000, 8, 10)), Ok(CallEffect::None));
    assert_eq!(bench.check(&statistics(dots(), dots()), Ok(0), came(99_000, 8, 7)), Ok(CallEffect::None));
    let both = bench.check(&statistics(num(10_000), num(10)), Ok(0), came(14_001, 8, 11));
    assert_eq!(both.expect_err("a time and a number differ").miss, None);
    let complaints = [
        bench.complaint(&statistics(num(10_000), num(10)), Ok(0), came(14_001, 8, 11)),
        bench.complaint(&statistics(num(0), dots()), Ok(0), came(1, 8, 11)),
        bench.complaint(&statistics(num(0), dots()), Ok(0), came(0, 9, 11)),
        bench.problem(&statistics(num(-1), dots())),
    ];
    insta::assert_snapshot!(complaints.join("\n"), @r"
    `recvmsg` succeeded, but TCP_NLA_BUSY of control message 1 is 14001 and must be 10000; TCP_NLA_SND_CWND of control message 1 is 11 and must be 10
    `recvmsg` succeeded, but TCP_NLA_BUSY of control message 1 is 1 and must be 0
    `recvmsg` succeeded, but attribute of control message 1 is TCP_NLA_REORDERING and must be TCP_NLA_SND_CWND
    -1 does not fit in 8 octets without sign
    ");
}
