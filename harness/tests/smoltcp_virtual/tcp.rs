//! TCP through the target.

use rfcheck::target::smoltcp::SmoltcpOptions;
use rfcheck::target::{CallMode, CallOutput, Errno, Event, IpVersion, Link, SocketCall};
use rfcheck::time::Instant;

use crate::peer::{EAGAIN, Peer, SOCK_NONBLOCK, SOCK_STREAM};

const BOTH: [IpVersion; 2] = [IpVersion::Ipv4, IpVersion::Ipv6];
const SECOND: u64 = 1_000_000;

#[test]
fn a_connection_is_opened_used_and_closed_by_both_sides() {
    for ip_version in BOTH {
        let mut peer = Peer::new(ip_version);
        let (listener, fd) = peer.established();
        assert_eq!((listener, fd), (3, 4));

        peer.send("P.", 1, b"hello");
        let (result, output) = peer.call(SocketCall::Read { fd, length: 100, null: false });
        assert_eq!((result, output), (Ok(5), CallOutput::Data(b"hello".to_vec())));
        assert_eq!(peer.ok(SocketCall::Write { fd, data: b"hello".to_vec(), null: false }), 5);
        assert_eq!(peer.all(0), ["0.000000 P. 1:6(5) ack 6 win 65535"]);

        peer.send("F.", 6, &[]);
        assert_eq!(peer.ok(SocketCall::Read { fd, length: 100, null: false }), 0);
        assert_eq!(peer.all(SECOND), ["0.000000 . 6:6(0) ack 7 win 65535"]);
        assert_eq!(peer.ok(SocketCall::Close { fd }), 0);
        assert_eq!(peer.all(0), ["1.000000 F. 6:6(0) ack 7 win 65535"]);
        peer.send(".", 7, &[]);
        peer.silence(600 * SECOND);

        // The socket is gone: a further segment is answered with a reset.
        peer.send(".", 7, &[]);
        assert_eq!(peer.all(0).len(), 1);
    }
}

#[test]
fn the_syn_ack_offers_what_the_peer_offered() {
    use etherparse::TcpOptionElement::*;
    let mut peer = Peer::new(IpVersion::Ipv4);
    peer.listen(1);
    let offered = [MaximumSegmentSize(1000), SelectiveAcknowledgementPermitted, WindowScale(7)];
    peer.tcp("S", 0, 0, 65_535, &offered, &[]);
    assert_eq!(peer.all(0), ["0.000000 S. 0:0(0) ack 1 win 65535 <mss 1460,wscale 0,sackOK>"]);
}

#[test]
fn timestamps_are_there_when_they_are_switched_on() {
    use etherparse::TcpOptionElement::*;
    let options = SmoltcpOptions { timestamps: true };
    let mut peer = Peer::with(Link::default_for(IpVersion::Ipv4), options);
    assert!(peer.target.capabilities().features.contains("timestamps"));
    peer.listen(1);
    peer.silence(7 * SECOND);
    peer.tcp("S", 0, 0, 65_535, &[MaximumSegmentSize(1000), Timestamp(55, 0)], &[]);
    assert_eq!(peer.all(0), ["7.000000 S. 0:0(0) ack 1 win 65535 <mss 1460,TS val 7000 ecr 55>"]);
    assert!(!Peer::new(IpVersion::Ipv4).target.capabilities().features.contains("timestamps"));
}

#[test]
fn a_flood_is_delivered_and_then_stopped() {
    use etherparse::TcpOptionElement::*;
    // 8 MiB in segments of 48 octets, with a window for all of them and no congestion control.
    let mut peer = Peer::new(IpVersion::Ipv4);
    let listener = peer.socket(SOCK_STREAM);
    let address = peer.local(crate::peer::SERVER);
    let option =
        |level, option, value: &[u8]| SocketCall::SetSockOpt { fd: listener, level, option, value: value.into() };
    peer.ok(option(1, 7, &(8_i32 << 20).to_ne_bytes()));
    peer.ok(option(6, 13, b"none"));
    peer.ok(SocketCall::Bind { fd: listener, address });
    peer.ok(SocketCall::Listen { fd: listener, backlog: 0 });
    peer.tcp("S", 0, 0, 65_535, &[MaximumSegmentSize(48), WindowScale(14)], &[]);
    peer.next(0);
    peer.seq = 1;
    peer.send(".", 1, &[]);
    let fd = peer.ok(SocketCall::Accept { fd: listener }) as i32;
    assert_eq!(peer.ok(SocketCall::Write { fd, data: vec![0; 8 << 20], null: false }), 8 << 20);
    let (mut packet, mut packets) = (Vec::new(), 0);
    let error = loop {
        match peer.target.wait(Instant::FAR_FUTURE, &mut packet) {
            Ok(_) => packets += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "the target is gone: smoltcp sends without end: 100000 datagrams at one instant");
    assert_eq!(packets, 100_000);
    assert!(peer.target.inject(&[]).is_err());
}

#[test]
fn waiting_for_ever_ends_at_the_end_of_time() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let mut packet = Vec::new();
    assert!(matches!(peer.target.wait(Instant::FAR_FUTURE, &mut packet), Ok(Event::Deadline)));
    assert_eq!(peer.target.now(), Instant::FAR_FUTURE);
    // The stack still works, although its clock stands.
    peer.tcp("S", 7, 0, 65_535, &[], &[]);
    assert!(matches!(peer.target.wait(Instant::FAR_FUTURE, &mut packet), Ok(Event::Packet(Instant::FAR_FUTURE))));
}

#[test]
fn a_closed_port_answers_with_reset() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    peer.tcp("S", 7, 0, 65_535, &[], &[]);
    assert_eq!(peer.all(0), ["0.000000 R. 0:0(0) ack 8 win 0"]);
}

#[test]
fn two_minutes_of_retransmission_take_no_time() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let (_, fd) = peer.established();
    peer.ok(SocketCall::Write { fd, data: vec![0; 10], null: false });
    let lines = peer.all(120 * SECOND);
    assert_eq!(
        lines,
        ["0.000000", "1.000000", "3.000000", "7.000000", "15.000000", "31.000000", "63.000000"]
            .map(|at| format!("{at} P. 1:11(10) ack 1 win 65535"))
    );
}

#[test]
fn a_blocking_accept_returns_with_the_handshake() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let listener = peer.listen(1);
    peer.target.call(SocketCall::Accept { fd: listener }, CallMode::Blocking).expect("the target lives");
    peer.silence(SECOND);
    peer.handshake();
    assert_eq!(peer.all(0), ["1.000000 call 3 = 4"]);
}

#[test]
fn calls_on_a_blocking_socket_wait_their_turn() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let (_, fd) = peer.established();
    // Twice the send buffer: the rest waits for acknowledgments.
    let write = SocketCall::Write { fd, data: vec![1; 131_070], null: false };
    let write = peer.target.call(write, CallMode::Blocking).expect("the target lives");
    let mut acknowledged = 1;
    let mut returned = String::new();
    while returned.is_empty() {
        for line in peer.all(0) {
            match line.split_once('(').and_then(|(_, rest)| rest.split_once(')')) {
                Some((length, _)) => acknowledged += length.parse::<u32>().expect("a length"),
                None => returned = line,
            }
        }
        peer.send(".", acknowledged, &[]);
    }
    assert_eq!(returned, format!("0.000000 call {} = 131070", write.0));

    let read = peer.target.call(SocketCall::Read { fd, length: 10, null: false }, CallMode::Blocking);
    let read = read.expect("the target lives");
    while !peer.all(SECOND).is_empty() {
        peer.send(".", 131_071, &[]);
    }
    let now = peer.target.now();
    peer.send("P.", 131_071, b"xy");
    assert_eq!(peer.next(0), format!("{now} call {} = 2", read.0));
}

#[test]
fn a_reset_is_reported_once_and_then_the_stream_is_over() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let (_, fd) = peer.established();
    peer.send("R.", 1, &[]);
    let read = SocketCall::Read { fd, length: 1, null: false };
    assert_eq!(peer.error(read.clone()), Errno(104));
    assert_eq!(peer.ok(read), 0);
    assert_eq!(peer.error(SocketCall::Write { fd, data: vec![0], null: false }), Errno(32));
}

#[test]
fn connect_succeeds_is_refused_and_times_out() {
    for ip_version in BOTH {
        let mut peer = Peer::new(ip_version);
        let address = peer.remote(crate::peer::PORT);
        let fd = peer.socket(SOCK_STREAM | SOCK_NONBLOCK);
        let connect = SocketCall::Connect { fd, address };
        assert_eq!(peer.error(connect.clone()), Errno(115));
        // The links' MTUs of 1500 and 1520 leave the same MSS.
        assert_eq!(peer.all(0), ["0.000000 S 0:0(0) win 65535 <mss 1460,wscale 0,sackOK>"]);
        assert_eq!(peer.error(connect.clone()), Errno(114));
        peer.tcp("S.", 0, 1, 65_535, &[], &[]);
        assert_eq!(peer.all(SECOND), ["0.000000 . 1:1(0) ack 1 win 65535"]);
        assert_eq!(peer.ok(connect.clone()), 0);
        assert_eq!(peer.error(connect), Errno(106));

        // A blocking one that is refused.
        let fd = peer.socket(SOCK_STREAM);
        let connect = SocketCall::Connect { fd, address };
        let id = peer.target.call(connect.clone(), CallMode::Blocking).expect("the target lives").0;
        assert_eq!(peer.all(0).len(), 1);
        peer.tcp("R.", 0, 1, 0, &[], &[]);
        assert_eq!(peer.all(0), [format!("1.000000 call {id} = -111")]);

        // One that times out: TCP_USER_TIMEOUT, 5 seconds.
        peer.ok(SocketCall::SetSockOpt { fd, level: 6, option: 18, value: 5_000_i32.to_ne_bytes().to_vec() });
        let id = peer.target.call(connect, CallMode::Blocking).expect("the target lives").0;
        let lines = peer.all(20 * SECOND);
        assert_eq!(lines.last(), Some(&format!("6.000000 call {id} = -110")), "{lines:?}");
    }
}

#[test]
fn a_socket_whose_connect_failed_may_try_again() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let address = peer.remote(crate::peer::PORT);
    let fd = peer.socket(SOCK_STREAM | SOCK_NONBLOCK);
    let connect = SocketCall::Connect { fd, address };
    assert_eq!(peer.error(connect.clone()), Errno(115));
    assert_eq!(peer.all(0).len(), 1);
    peer.tcp("R.", 0, 1, 0, &[], &[]);
    let get_error = SocketCall::GetSockOpt { fd, level: 1, option: 4, value: vec![0; 4] };
    assert_eq!(peer.call(get_error.clone()).1, CallOutput::Data(111_i32.to_ne_bytes().to_vec()));
    assert_eq!(peer.call(get_error).1, CallOutput::Data(vec![0; 4]));
    assert_eq!(peer.error(connect.clone()), Errno(103));
    assert_eq!(peer.error(connect), Errno(115));
    assert_eq!(peer.all(0), ["0.000000 S 0:0(0) win 65535 <mss 1460,wscale 0,sackOK>"]);
}

#[test]
fn the_backlog_bounds_what_waits_to_be_accepted() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let listener = peer.listen(1);
    let mut answers = Vec::new();
    for port in 1000..1003 {
        let mut syn = Vec::new();
        peer.ip().tcp(port, crate::peer::SERVER, 0, 65_535).syn().write(&mut syn, &[]).expect("a vector takes all");
        peer.inject(&syn);
        let line = peer.next(0);
        answers.push(line.split(' ').nth(1).expect("flags").to_owned());
        let mut ack = Vec::new();
        let builder = peer.ip().tcp(port, crate::peer::SERVER, 1, 65_535).ack(peer.isn.wrapping_add(1));
        builder.write(&mut ack, &[]).expect("a vector takes all");
        if answers.last().is_some_and(|flags| flags == "S.") {
            peer.inject(&ack);
        }
    }
    assert_eq!(answers, ["S.", "S.", "R."]);
    for port in 1000..1002 {
        let (result, output) = peer.call(SocketCall::Accept { fd: listener });
        assert!(result.is_ok());
        assert_eq!(output, CallOutput::Address(peer.remote(port)));
    }
}

#[test]
fn a_syn_of_an_existing_connection_reaches_it_and_not_the_listener() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    // A first connection comes and goes, so that places in the set of sockets are free.
    let (listener, fd) = peer.established();
    peer.send("R.", 1, &[]);
    peer.ok(SocketCall::Close { fd });
    peer.handshake();
    let fd = peer.ok(SocketCall::Accept { fd: listener }) as i32;
    peer.tcp("S", 1, 0, 65_535, &[], &[]);
    peer.silence(0); // smoltcp wants an ACK bit on all that comes to a connection, and drops what has none
    peer.send("P.", 1, b"still here");
    assert_eq!(peer.ok(SocketCall::Read { fd, length: 100, null: false }), 10);
}

#[test]
fn linger_zero_resets() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let (_, fd) = peer.established();
    let value = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
    peer.ok(SocketCall::SetSockOpt { fd, level: 1, option: 13, value });
    peer.ok(SocketCall::Close { fd });
    assert_eq!(peer.all(SECOND), ["0.000000 R. 1:1(0) ack 1 win 65535"]);
}

#[test]
fn a_small_receive_buffer_closes_its_window() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let listener = peer.socket(SOCK_STREAM);
    peer.ok(SocketCall::SetSockOpt { fd: listener, level: 1, option: 8, value: 100_i32.to_ne_bytes().to_vec() });
    let address = peer.local(crate::peer::SERVER);
    peer.ok(SocketCall::Bind { fd: listener, address });
    peer.ok(SocketCall::Listen { fd: listener, backlog: 0 });
    peer.handshake();
    let fd = peer.ok(SocketCall::Accept { fd: listener }) as i32;
    peer.send("P.", 1, &[0; 100]);
    assert_eq!(peer.all(SECOND), ["0.010000 . 1:1(0) ack 101 win 0"]);
    peer.ok(SocketCall::Read { fd, length: 100, null: false });
    assert_eq!(peer.all(SECOND), ["1.000000 . 1:1(0) ack 101 win 100"]);
}

#[test]
fn shutdown_closes_one_direction() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let (_, fd) = peer.established();
    peer.ok(SocketCall::Shutdown { fd, how: 1 });
    assert_eq!(peer.all(0), ["0.000000 F. 1:1(0) ack 1 win 65535"]);
    assert_eq!(peer.error(SocketCall::Write { fd, data: vec![0], null: false }), Errno(32));
    peer.send("P.", 2, b"abc");
    assert_eq!(peer.ok(SocketCall::Read { fd, length: 10, null: false }), 3);
    peer.ok(SocketCall::Fcntl { fd, command: 4, argument: Some(2048) });
    assert_eq!(peer.error(SocketCall::Read { fd, length: 10, null: false }), EAGAIN);
}

#[test]
fn two_runs_are_the_same_octet_for_octet() {
    let run = || {
        let mut peer = Peer::new(IpVersion::Ipv4);
        let (_, fd) = peer.established();
        let mut trace = Vec::new();
        for round in 0..20 {
            peer.target
                .call(SocketCall::Write { fd, data: vec![round; 3_000], null: false }, CallMode::Immediate)
                .expect("the target lives");
            loop {
                let line = peer.next(SECOND / 10);
                if line.is_empty() {
                    break;
                }
                trace.push((line, peer.octets().to_vec()));
            }
            peer.send(".", 1 + 3_000 * u32::from(round / 2), &[]);
        }
        trace
    };
    let first = run();
    assert!(first.len() > 30);
    // Another run in between leaves other octets in the pooled buffers.
    let mut other = Peer::new(IpVersion::Ipv4);
    other.established();
    other.send("P.", 1, &[0xff; 1_400]);
    drop(other);
    assert_eq!(first, run());
}
