//! A packet of the script as octets on the wire: the script's numbers become live ones.

use std::net::IpAddr;

use super::connection::{Connection, is_icmp};
use super::fields;
use super::options::{self, Octets, Shift};
use crate::script::Span;
use crate::script::icmp;
use crate::script::tree::{
    Body, Encapsulation, IcmpSpec, IpInfo, PacketSpec, Ports, Quoted, TcpOptionSpec, TcpOptionsSpec, TcpSpec, TosSpec,
};
use crate::wire::{
    self, Field, Gre, Header, Icmpv4, Icmpv6, Ipv4, Ipv6, MplsEntry, Packet, Tcp, TcpFlags, TcpOptions, Udp, protocol,
};

/// Hop limit of injected packets whose script says nothing, as packetdrill sends them.
const DEFAULT_TTL: u8 = 255;

/// Octets of the transport header that an ICMP error quotes (RFC 792).
pub(super) const QUOTED_OCTETS: usize = 8;

/// Why a packet of the script cannot be built: the script's fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BuildError {
    pub span: Span,
    pub message: String,
}

/// Appends the octets of `spec` on `connection` to `out`. `zeros` lends payload; `scaled` interpolates echo replies.
pub(super) fn build(
    spec: &PacketSpec,
    connection: &Connection,
    scaled: bool,
    payload: &mut Vec<u8>,
    out: &mut Vec<u8>,
) -> Result<(), BuildError> {
    let mut packet = Packet { headers: outer_headers(&spec.encapsulation), payload: &[] };
    packet.headers.push(ip_header(&spec.ip, connection.remote.ip(), connection.local.ip()));
    payload.clear();
    match &spec.body {
        Body::Tcp(tcp) => {
            if let Some(ports) = tcp.udp_encapsulation {
                packet.headers.push(Header::Udp(udp(ports)));
            }
            packet.headers.push(Header::Tcp(tcp_header(tcp, connection, scaled)?));
            payload.resize(usize::from(tcp.sequence.length), 0);
        }
        Body::Udp(spec) => {
            packet.headers.push(Header::Udp(udp(spec.ports.unwrap_or_else(|| injected_ports(connection)))));
            payload.resize(usize::from(spec.length), 0);
        }
        Body::Icmp(icmp) => icmp_message(icmp, connection, &mut packet, payload)?,
        Body::Stream(_) => {
            return Err(BuildError { span: spec.span, message: "`stream` can only be expected, not injected".into() });
        }
    }
    if let Some(data) = &spec.data {
        payload.clear();
        payload.extend_from_slice(&data.node);
    }
    for field in &spec.fields {
        // The fragment header is made where the datagram is cut.
        if spec.fragment.is_some() && field.name.node == "ipv6.identification" {
            continue;
        }
        fields::force(&mut packet, field).map_err(|message| BuildError { span: field.name.span, message })?;
    }
    packet.payload = payload;
    match &spec.fragment {
        None => packet.emit(out),
        Some(range) => {
            let mut whole = Vec::new();
            packet.emit(&mut whole);
            let identification = fields::identification(spec);
            let fragment = wire::fragment(&whole, range.start as usize..range.end as usize, identification)
                .map_err(|error| BuildError { span: spec.span, message: error.to_string() })?;
            out.extend_from_slice(&fragment);
        }
    }
    Ok(())
}

/// The ports of an injected packet whose script writes none.
fn injected_ports(connection: &Connection) -> Ports {
    Ports { source: connection.remote.port(), destination: connection.local.port() }
}

fn udp(ports: Ports) -> Udp {
    Udp::new(ports.source, ports.destination)
}

fn outer_headers(encapsulation: &[Encapsulation]) -> smallvec::SmallVec<[Header; 3]> {
    let mut headers = smallvec::SmallVec::new();
    for outer in encapsulation {
        match outer {
            Encapsulation::Ipv4 { info, source, destination } => {
                headers.push(ip_header(info, IpAddr::V4(*source), IpAddr::V4(*destination)));
            }
            Encapsulation::Ipv6 { info, source, destination } => {
                headers.push(ip_header(info, IpAddr::V6(*source), IpAddr::V6(*destination)));
            }
            Encapsulation::Gre(gre) => headers.push(Header::Gre(Gre {
                flags: gre.flags,
                protocol: Field::Computed,
                checksum: gre.checksum,
                offset: gre.offset,
                key: gre.key,
                sequence: gre.sequence,
            })),
            Encapsulation::Mpls(stack) => headers.extend(stack.iter().map(|entry| {
                Header::Mpls(MplsEntry {
                    label: entry.label,
                    traffic_class: entry.traffic_class,
                    bottom_of_stack: entry.bottom_of_stack,
                    ttl: entry.ttl,
                })
            })),
        }
    }
    headers
}

/// An IP header from what the script says of it.
fn ip_header(info: &IpInfo, source: IpAddr, destination: IpAddr) -> Header {
    let tos = match info.tos {
        None | Some(TosSpec::Ect01) => 0,
        Some(TosSpec::Ecn(ecn)) => ecn,
        Some(TosSpec::Tos(tos)) => tos,
        Some(TosSpec::Dscp { dscp, ecn }) => dscp << 2 | ecn.unwrap_or_default(),
        Some(TosSpec::DscpEct01(dscp)) => dscp << 2,
    };
    let ttl = info.ttl.unwrap_or(DEFAULT_TTL);
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            Header::Ipv4(Ipv4 { tos, ttl, ..Ipv4::new(source, destination) })
        }
        (source, destination) => Header::Ipv6(Ipv6 {
            traffic_class: tos,
            flow_label: info.flow_label.unwrap_or_default(),
            hop_limit: ttl,
            ..Ipv6::new(to_v6(source), to_v6(destination))
        }),
    }
}

fn to_v6(address: IpAddr) -> std::net::Ipv6Addr {
    match address {
        IpAddr::V6(address) => address,
        IpAddr::V4(address) => address.to_ipv6_mapped(),
    }
}

fn tcp_header(spec: &TcpSpec, connection: &Connection, scaled: bool) -> Result<Tcp, BuildError> {
    let syn = spec.flags.contains(TcpFlags::SYN);
    let ack = spec.flags.contains(TcpFlags::ACK);
    let ports = spec.ports.unwrap_or_else(|| injected_ports(connection));
    // packetdrill fills in only the port that the script leaves 0.
    let or = |written: u16, live: u16| if written == 0 { live } else { written };
    let live = injected_ports(connection);
    let sequence = if spec.sequence.absolute {
        spec.sequence.start
    } else {
        spec.sequence.start.wrapping_add(connection.remote_offset(syn))
    };
    let acknowledgment = spec.ack.map_or(0, |n| n.node);
    let area = option_area(&spec.options, connection, syn, ack, scaled)?;
    Ok(Tcp {
        sequence,
        acknowledgment: if ack { acknowledgment.wrapping_add(connection.local_offset(syn)) } else { acknowledgment },
        flags: spec.flags.with(ace_flags(spec.ace)),
        window: spec.window.map_or(0, |n| n.node),
        urgent_pointer: spec.urgent.map_or(0, |n| n.node),
        options: TcpOptions::from_raw(&area),
        ..Tcp::new(or(ports.source, live.source), or(ports.destination, live.destination))
    })
}

/// AE, CWR and ECE from the ACE digit (RFC 9768 section 3.1).
pub(super) fn ace_flags(ace: Option<u8>) -> TcpFlags {
    TcpFlags(u16::from(ace.unwrap_or_default() & 0b111) << 6)
}

fn option_area(
    spec: &TcpOptionsSpec,
    connection: &Connection,
    syn: bool,
    ack: bool,
    scaled: bool,
) -> Result<Octets, BuildError> {
    let mut area = Octets::new();
    match spec {
        TcpOptionsSpec::Raw(octets) => area.extend_from_slice(octets),
        TcpOptionsSpec::Any => {}
        TcpOptionsSpec::Exactly(list) | TcpOptionsSpec::AtLeast(list) => {
            for option in list {
                let echo_reply = match &option.node {
                    // An echo reply answers a timestamp of the target, whose live value only the run knows.
                    TcpOptionSpec::Timestamps { echo_reply: Some(script), echo_reply_absolute: false, .. } if ack => {
                        Some(connection.timestamps.live(*script, scaled).ok_or_else(|| BuildError {
                            span: option.span,
                            message: format!(
                                "no timestamp {script} of the target was seen before, so its live value is unknown"
                            ),
                        })?)
                    }
                    _ => None,
                };
                options::encode(&option.node, &Shift { sack: connection.local_offset(syn), echo_reply }, &mut area);
            }
        }
    }
    Ok(area)
}

fn icmp_message(
    spec: &IcmpSpec,
    connection: &Connection,
    packet: &mut Packet<'_>,
    payload: &mut Vec<u8>,
) -> Result<(), BuildError> {
    let ipv6 = connection.remote.is_ipv6();
    let code = spec.code.as_ref().map(|code| code.node.as_str());
    let (kind, code) = icmp::numbers(ipv6, &spec.kind.node, code).ok_or_else(|| BuildError {
        span: spec.code.as_ref().map_or(spec.kind.span, |code| spec.kind.span.to(code.span)),
        message: format!("{} has no such type and code", if ipv6 { "ICMPv6" } else { "ICMP" }),
    })?;
    let mut rest = [0; 4];
    match spec.mtu {
        Some(mtu) if ipv6 => rest = mtu.to_be_bytes(),
        Some(mtu) => rest[2..].copy_from_slice(&u16::try_from(mtu).unwrap_or(u16::MAX).to_be_bytes()),
        None => {
            rest[..2].copy_from_slice(&spec.id.unwrap_or_default().to_be_bytes());
            rest[2..].copy_from_slice(&spec.sequence.unwrap_or_default().to_be_bytes());
        }
    }
    packet.headers.push(if ipv6 {
        Header::Icmpv6(Icmpv6 { rest, ..Icmpv6::new(kind, code) })
    } else {
        Header::Icmpv4(Icmpv4 { rest, ..Icmpv4::new(kind, code) })
    });
    match &spec.quoted {
        Some(Quoted::Sent) => {
            let message = "`[...]` is what the target quotes; it can only be expected".into();
            return Err(BuildError { span: spec.kind.span, message });
        }
        Some(Quoted::Raw { length }) => payload.resize(usize::from(*length).saturating_sub(8), 0),
        Some(quoted) => quote(quoted, connection, payload),
        None => match spec.length {
            Some(length) => payload.resize(usize::from(length), 0),
            // An error without a quotation written quotes the connection's first segment, as packetdrill does.
            None if is_error(ipv6, kind) => {
                quote(&Quoted::Udp { length: 0 }, connection, payload);
            }
            None => {}
        },
    }
    Ok(())
}

/// Whether a type is that of an error message, which quotes a datagram (RFC 792, RFC 4443 section 2.1).
fn is_error(ipv6: bool, kind: u8) -> bool {
    if ipv6 { kind < 128 } else { matches!(kind, 3 | 4 | 5 | 11 | 12) }
}

/// The target's datagram that an ICMP error quotes: its IP header and the first octets of what it carries.
fn quote(quoted: &Quoted, connection: &Connection, out: &mut Vec<u8>) {
    let mut headers = smallvec::SmallVec::new();
    headers.push(ip_header(&IpInfo::default(), connection.local.ip(), connection.remote.ip()));
    let ports = Ports { source: connection.local.port(), destination: connection.remote.port() };
    let length = match quoted {
        Quoted::Tcp { sequence, udp_encapsulation } => {
            if let Some(ports) = udp_encapsulation {
                headers.push(Header::Udp(udp(*ports)));
            }
            headers.push(Header::Tcp(quoted_tcp(ports, sequence.start.wrapping_add(connection.local_offset(false)))));
            sequence.length
        }
        Quoted::Udp { length } => {
            headers.push(if connection.protocol == protocol::TCP {
                Header::Tcp(quoted_tcp(ports, connection.local_offset(false)))
            } else {
                Header::Udp(udp(ports))
            });
            *length
        }
        Quoted::Raw { length } => *length,
        Quoted::Sent => 0,
    };
    let zeros = vec![0; usize::from(length)];
    Packet { headers, payload: &zeros }.emit(out);
    let header_length = if connection.local.is_ipv6() { 40 } else { 20 };
    out.truncate(header_length + QUOTED_OCTETS);
}

fn quoted_tcp(ports: Ports, sequence: u32) -> Tcp {
    Tcp { sequence, flags: TcpFlags::ACK, ..Tcp::new(ports.source, ports.destination) }
}

/// Whether a body is an ICMP message, which needs no connection of its own.
pub(super) fn carries(body: &Body, number: u8) -> bool {
    match body {
        Body::Tcp(_) | Body::Stream(_) => number == protocol::TCP,
        Body::Udp(_) => number == protocol::UDP,
        Body::Icmp(_) => is_icmp(number),
    }
}
