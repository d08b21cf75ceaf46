//! UDP through the target.

use rfcheck::target::{CallMode, CallOutput, Errno, IpVersion, SocketCall};

use crate::peer::{EAGAIN, PORT, Peer, SERVER, SOCK_DGRAM, SOCK_NONBLOCK};

const BOTH: [IpVersion; 2] = [IpVersion::Ipv4, IpVersion::Ipv6];

fn datagram(peer: &Peer, from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    peer.ip().udp(from, to).write(&mut packet, payload).expect("a vector takes all");
    packet
}

#[test]
fn a_datagram_is_echoed() {
    for ip_version in BOTH {
        let mut peer = Peer::new(ip_version);
        let fd = peer.socket(SOCK_DGRAM | SOCK_NONBLOCK);
        let address = peer.local(SERVER);
        peer.ok(SocketCall::Bind { fd, address });
        let receive = SocketCall::RecvFrom { fd, length: 3, flags: 0, null: false };
        assert_eq!(peer.error(receive.clone()), EAGAIN);
        let packet = datagram(&peer, PORT, SERVER, &[1, 2, 3, 4]);
        peer.inject(&packet);
        let (result, output) = peer.call(receive);
        let address = Some(peer.remote(PORT));
        let expected = CallOutput::Message { data: vec![1, 2, 3], address, control: Vec::new(), flags: 0x20 };
        assert_eq!((result, output), (Ok(3), expected));
        assert_eq!(peer.ok(SocketCall::SendTo { fd, data: vec![9, 8], flags: 0, address, null: false }), 2);
        assert_eq!(peer.all(0), [format!("0.000000 udp {SERVER} > {PORT} [9, 8]")]);
    }
}

#[test]
fn a_closed_port_is_unreachable() {
    for ip_version in BOTH {
        let mut peer = Peer::new(ip_version);
        let packet = datagram(&peer, PORT, 9, &[0; 4]);
        peer.inject(&packet);
        let lines = peer.all(0);
        assert!(lines.len() == 1 && lines[0].contains("icmp DestinationUnreachable(Port"), "{lines:?}");
        let quoted = if ip_version == IpVersion::Ipv4 { 28 } else { 48 };
        assert_eq!(peer.octets()[quoted..], packet[..]);
    }
}

#[test]
fn a_connected_socket_hears_only_its_peer_and_its_errors() {
    for ip_version in BOTH {
        let mut peer = Peer::new(ip_version);
        let fd = peer.socket(SOCK_DGRAM | SOCK_NONBLOCK);
        let address = peer.remote(PORT);
        peer.ok(SocketCall::Connect { fd, address });
        assert_eq!(peer.ok(SocketCall::Write { fd, data: vec![5], null: false }), 1);
        assert_eq!(peer.all(0), [format!("0.000000 udp 49152 > {PORT} [5]")]);
        let sent = peer.octets().to_vec();

        let foreign = datagram(&peer, PORT + 1, 49_152, &[1]);
        peer.inject(&foreign);
        let own = datagram(&peer, PORT, 49_152, &[2]);
        peer.inject(&own);
        let read = SocketCall::Read { fd, length: 10, null: false };
        assert_eq!(peer.call(read.clone()).1, CallOutput::Data(vec![2]));
        assert_eq!(peer.error(read.clone()), EAGAIN);

        let mut error = Vec::new();
        match ip_version {
            IpVersion::Ipv4 => peer
                .ip()
                .icmpv4(etherparse::Icmpv4Type::DestinationUnreachable(etherparse::icmpv4::DestUnreachableHeader::Port))
                .write(&mut error, &sent),
            _ => peer
                .ip()
                .icmpv6(etherparse::Icmpv6Type::DestinationUnreachable(etherparse::icmpv6::DestUnreachableCode::Port))
                .write(&mut error, &sent),
        }
        .expect("a vector takes all");
        peer.inject(&error);
        assert_eq!(peer.error(read.clone()), Errno(111));
        assert_eq!(peer.error(read), EAGAIN);
    }
}

#[test]
fn a_blocking_receive_waits() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let fd = peer.socket(SOCK_DGRAM);
    let address = peer.local(SERVER);
    peer.ok(SocketCall::Bind { fd, address });
    let id = peer.target.call(SocketCall::Read { fd, length: 9, null: false }, CallMode::Blocking);
    let id = id.expect("the target lives").0;
    peer.silence(5_000);
    let packet = datagram(&peer, PORT, SERVER, &[1; 4]);
    peer.inject(&packet);
    assert_eq!(peer.all(0), [format!("0.005000 call {id} = 4")]);
}

#[test]
fn a_large_datagram_leaves_in_fragments_and_comes_back() {
    let mut peer = Peer::new(IpVersion::Ipv4);
    let fd = peer.socket(SOCK_DGRAM | SOCK_NONBLOCK);
    let address = peer.local(SERVER);
    peer.ok(SocketCall::Bind { fd, address });
    let to = Some(peer.remote(PORT));
    peer.ok(SocketCall::SendTo { fd, data: vec![7; 4_000], flags: 0, address: to, null: false });
    let mut fragments = Vec::new();
    while !peer.next(1_000).is_empty() {
        fragments.push(peer.octets().to_vec());
    }
    assert_eq!(fragments.iter().map(Vec::len).collect::<Vec<_>>(), [1_500, 1_500, 1_068]);

    // Turned around, they are a datagram for the target.
    for mut fragment in fragments {
        let (source, destination) = fragment[12..20].split_at_mut(4);
        source.swap_with_slice(destination);
        if fragment[6] & 0x1f == 0 && fragment[7] == 0 {
            let (source, destination) = fragment[20..24].split_at_mut(2);
            source.swap_with_slice(destination);
        }
        peer.inject(&fragment);
    }
    assert_eq!(peer.call(SocketCall::Read { fd, length: 9_000, null: false }).1, CallOutput::Data(vec![7; 4_000]));
}
