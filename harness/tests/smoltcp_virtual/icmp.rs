//! ICMP echo, both ways.

use rfcheck::target::{CallOutput, IpVersion, SocketCall};

use crate::peer::{AF_INET, AF_INET6, Peer, SOCK_DGRAM};

const BOTH: [IpVersion; 2] = [IpVersion::Ipv4, IpVersion::Ipv6];

#[test]
fn an_echo_request_is_answered() {
    for ip_version in BOTH {
        let mut peer = Peer::new(ip_version);
        let mut packet = Vec::new();
        match ip_version {
            IpVersion::Ipv4 => peer.ip().icmpv4_echo_request(7, 1).write(&mut packet, b"ping"),
            _ => peer.ip().icmpv6_echo_request(7, 1).write(&mut packet, b"ping"),
        }
        .expect("a vector takes all");
        peer.inject(&packet);
        let lines = peer.all(0);
        assert_eq!(lines, ["0.000000 icmp EchoReply(IcmpEchoHeader { id: 7, seq: 1 }) [112, 105, 110, 103]"]);
    }
}

#[test]
fn an_echo_socket_sends_requests_and_receives_replies() {
    for ip_version in BOTH {
        let mut peer = Peer::new(ip_version);
        let is_ipv4 = ip_version == IpVersion::Ipv4;
        let (domain, protocol, request) = if is_ipv4 { (AF_INET, 1, 8) } else { (AF_INET6, 58, 128) };
        let fd = peer.ok(SocketCall::Socket { domain, kind: SOCK_DGRAM, protocol }) as i32;
        let data = vec![request, 0, 0, 0, 0, 0, 0, 3, b'x'];
        let address = Some(peer.remote(0));
        assert_eq!(peer.ok(SocketCall::SendTo { fd, data, flags: 0, address, null: false }), 9);
        assert_eq!(peer.all(0), ["0.000000 icmp EchoRequest(IcmpEchoHeader { id: 49152, seq: 3 }) [120]"]);
        let mut reply = Vec::new();
        if is_ipv4 {
            peer.ip().icmpv4_echo_reply(49_152, 3).write(&mut reply, b"x")
        } else {
            peer.ip().icmpv6_echo_reply(49_152, 3).write(&mut reply, b"x")
        }
        .expect("a vector takes all");
        peer.inject(&reply);
        let (result, output) = peer.call(SocketCall::Recv { fd, length: 100, flags: 0, null: false });
        assert_eq!(result, Ok(9));
        let CallOutput::Data(message) = output else { panic!("recv gives data") };
        assert_eq!(message[0], if is_ipv4 { 0 } else { 129 });
        assert_eq!(message[4..], [0xc0, 0x00, 0, 3, b'x']);
    }
}
