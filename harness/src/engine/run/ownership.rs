//! Whose a packet of the target is, and what it teaches: its end, its initial sequence number, its timestamps.

use std::net::IpAddr;

use crate::engine::build::carries;
use crate::engine::connection::{Claim, Connection, ConnectionId, Connections, Flow, State, is_icmp};
use crate::engine::options::raw_options;
use crate::script::tree::{Body, FieldValue, PacketSpec, TcpOptionSpec, TcpOptionsSpec};
use crate::wire::{Header, Packet, Tcp, TcpFlags, protocol};

/// The ends of a datagram, seen from its sender; `None` if it has no IP header.
pub(super) fn flow(packet: &Packet<'_>) -> Option<Flow> {
    let (source, destination) = (packet.source()?, packet.destination()?);
    let (number, source_port, destination_port, opens) = match packet.headers.last()? {
        Header::Tcp(tcp) => (
            protocol::TCP,
            tcp.source_port,
            tcp.destination_port,
            tcp.flags.contains(TcpFlags::SYN) && !tcp.flags.contains(TcpFlags::ACK),
        ),
        Header::Udp(udp) => (protocol::UDP, udp.source_port, udp.destination_port, false),
        Header::Icmpv4(_) => (protocol::ICMP, 0, 0, false),
        Header::Icmpv6(_) => (protocol::ICMPV6, 0, 0, false),
        Header::Ipv4(ip) => (ip.protocol.or(0), 0, 0, false),
        Header::Ipv6Fragment(fragment) => (fragment.next_header.or(0), 0, 0, false),
        _ => (protocol::NO_NEXT_HEADER, 0, 0, false),
    };
    Some(Flow {
        protocol: number,
        source: (source, source_port).into(),
        destination: (destination, destination_port).into(),
        opens,
    })
}

/// Whether an expectation on `connection` is about this packet of the target.
///
/// A packet with the ends of another connection is that one's, such as the retransmission of a closed socket.
pub(super) fn belongs(packet: &Packet<'_>, connections: &mut Connections, id: ConnectionId, spec: &PacketSpec) -> bool {
    let Some(flow) = flow(packet) else { return false };
    let connection = connections.get(id);
    let ends = (flow.source.ip(), flow.destination.ip()) == addresses(connection, spec);
    if is_icmp(flow.protocol) {
        return ends && carries(&spec.body, flow.protocol);
    }
    if spec.fragment.is_some() && packet.is_fragment() {
        return ends;
    }
    match connections.claiming(&flow) {
        Some((owner, Claim::Yes)) => owner == id,
        Some((_, Claim::WithPort)) if flow.protocol != protocol::TCP || flow.opens => {
            let connection = connections.get_mut(id);
            let claims = connection.claims(&flow) == Claim::WithPort;
            if claims {
                connection.local = flow.source;
            }
            claims
        }
        _ => false,
    }
}

/// Source and destination of an expected packet: the connection's, where the script compares no others.
fn addresses(connection: &Connection, spec: &PacketSpec) -> (IpAddr, IpAddr) {
    let written = |names: [&str; 2]| {
        let field = spec.fields.iter().find(|field| names.contains(&field.name.node.as_str()))?;
        if let FieldValue::Address(address) = field.value.node { Some(address) } else { None }
    };
    (
        written(["ip.source", "ipv6.source"]).unwrap_or(connection.local.ip()),
        written(["ip.destination", "ipv6.destination"]).unwrap_or(connection.remote.ip()),
    )
}

/// The target's SYN tells its initial sequence number.
pub(super) fn learn_sequence_numbers(packet: &Packet<'_>, connection: &mut Connection, spec: &PacketSpec) {
    let (Some(live), Body::Tcp(script)) = (packet.tcp(), &spec.body) else { return };
    if !live.flags.contains(TcpFlags::SYN) || !script.flags.contains(TcpFlags::SYN) {
        return;
    }
    let ack = live.flags.contains(TcpFlags::ACK);
    let next = match connection.state {
        State::SynReceived if ack => State::SynAckSent,
        State::New | State::Connecting if !ack => State::SynSent,
        _ => return,
    };
    connection.state = next;
    connection.local_isn = (script.sequence.start, live.sequence);
}

/// What a packet that met its expectation teaches: timestamps and flow labels.
pub(super) fn learn(spec: &PacketSpec, octets: &[u8], connection: &mut Connection) {
    let parsed = Packet::parse(octets, encapsulation_port(spec));
    if let (Some(script), Some(ip)) = (spec.ip.flow_label, parsed.packet.ipv6()) {
        connection.flow_label = Some((script, ip.flow_label));
    }
    let (Some(tcp), Body::Tcp(script)) = (parsed.packet.tcp(), &spec.body) else { return };
    let list = match &script.options {
        TcpOptionsSpec::Exactly(list) | TcpOptionsSpec::AtLeast(list) => list,
        TcpOptionsSpec::Any | TcpOptionsSpec::Raw(_) => return,
    };
    for option in list {
        if let TcpOptionSpec::Timestamps { value: Some(value), .. } = option.node
            && let Some((live, _)) = live_timestamps(tcp)
        {
            connection.timestamps.learn(value, live);
        }
    }
}

fn live_timestamps(tcp: &Tcp) -> Option<(u32, u32)> {
    raw_options(tcp.options.as_bytes()).find_map(|option| option.timestamps())
}

/// The UDP port under which a packet of the script carries TCP, if it does.
pub(super) fn encapsulation_port(spec: &PacketSpec) -> Option<u16> {
    match &spec.body {
        Body::Tcp(tcp) => tcp.udp_encapsulation.map(|ports| ports.destination),
        _ => None,
    }
}
