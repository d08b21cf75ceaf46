//! One datagram on one line, for the packets that led to a failure.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use crate::script::icmp;
use crate::wire::{Header, Packet, Tcp, TcpFlags, TcpOption};

/// Source, destination, and their ports.
type Flow = (IpAddr, IpAddr, u16, u16);

/// Writes datagrams as scripts do, with sequence numbers that count from the first one seen of their flow.
#[derive(Debug, Default)]
pub(super) struct PacketLines {
    first: HashMap<Flow, u32>,
    /// The last SYN of each flow: it counts once it is answered, as it may be old or forged.
    opening: HashMap<Flow, u32>,
}

impl PacketLines {
    /// One datagram.
    pub(super) fn line(&mut self, octets: &[u8]) -> String {
        match self.parts(octets) {
            (Some((source, destination)), text) => format!("{source} > {destination} {text}"),
            (None, text) => text,
        }
    }

    /// The ends of one datagram, and the rest of its line.
    pub(super) fn parts(&mut self, octets: &[u8]) -> (Option<(String, String)>, String) {
        let parsed = Packet::parse(octets, None);
        let packet = &parsed.packet;
        let ends = packet.source().zip(packet.destination()).map(|(source, destination)| match packet.ports() {
            Some((from, to)) => (endpoint(source, from).to_string(), endpoint(destination, to).to_string()),
            None => (source.to_string(), destination.to_string()),
        });
        let mut out = String::new();
        self.transport(packet, &mut out);
        for defect in &parsed.defects {
            let _infallible = write!(out, " [{defect}]");
        }
        if out.is_empty() && ends.is_none() {
            let _infallible = write!(out, "{} octets that are no IP datagram", octets.len());
        }
        (ends, out)
    }

    fn transport(&mut self, packet: &Packet<'_>, out: &mut String) {
        let _infallible = match packet.headers.last() {
            Some(Header::Tcp(tcp)) => {
                self.tcp(packet, tcp, out);
                Ok(())
            }
            Some(Header::Udp(_)) => write!(out, "udp ({})", packet.payload.len()),
            Some(Header::Icmpv4(header)) => {
                named_icmp(false, header.kind, header.code, out);
                echo(matches!(header.kind, 0 | 8), header.rest, packet.payload, out);
                Ok(())
            }
            Some(Header::Icmpv6(header)) => {
                named_icmp(true, header.kind, header.code, out);
                echo(matches!(header.kind, 128 | 129), header.rest, packet.payload, out);
                Ok(())
            }
            Some(Header::Ipv4(ip)) if ip.is_fragment() => {
                let start = usize::from(ip.fragment_offset) * 8;
                let more = if ip.more_fragments { "+" } else { "" };
                write!(out, "fragment {start}:{}{more}", start + packet.payload.len())
            }
            Some(Header::Ipv6Fragment(fragment)) => {
                let start = usize::from(fragment.fragment_offset) * 8;
                write!(out, "fragment {start}:{}", start + packet.payload.len())
            }
            Some(header) => write!(out, "protocol {} ({})", header.protocol(), packet.payload.len()),
            None => Ok(()),
        };
    }

    fn tcp(&mut self, packet: &Packet<'_>, tcp: &Tcp, out: &mut String) {
        let length = packet.payload.len();
        let (Some(source), Some(destination)) = (packet.source(), packet.destination()) else { return };
        let flow = (source, destination, tcp.source_port, tcp.destination_port);
        let reverse = (destination, source, tcp.destination_port, tcp.source_port);
        if tcp.flags.contains(TcpFlags::SYN) {
            let answered = tcp.acknowledgment.wrapping_sub(1);
            if tcp.flags.contains(TcpFlags::ACK) && self.opening.get(&reverse) == Some(&answered) {
                self.first.insert(reverse, answered);
                self.first.insert(flow, tcp.sequence);
            }
            self.opening.insert(flow, tcp.sequence);
        }
        let first = *self.first.entry(flow).or_insert(tcp.sequence);
        let start = tcp.sequence.wrapping_sub(first);
        let end = start.wrapping_add(length as u32);
        let _infallible = write!(out, "{} {start}:{end}({length})", tcp.flags);
        if tcp.flags.contains(TcpFlags::ACK) {
            let base = self.first.get(&reverse).copied().unwrap_or(0);
            let _infallible = write!(out, " ack {}", tcp.acknowledgment.wrapping_sub(base));
        }
        let _infallible = write!(out, " win {}", tcp.window);
        if tcp.urgent_pointer != 0 {
            let _infallible = write!(out, " urg {}", tcp.urgent_pointer);
        }
        options(tcp, out);
    }
}

fn endpoint(address: IpAddr, port: u16) -> std::net::SocketAddr {
    std::net::SocketAddr::new(address, port)
}

fn named_icmp(ipv6: bool, kind: u8, code: u8, out: &mut String) {
    let _infallible = match icmp::kind_name(ipv6, kind) {
        Some(name) => write!(out, "icmp {name}"),
        None => write!(out, "icmp type {kind}"),
    };
    let _infallible = match icmp::code_name(ipv6, kind, code) {
        Some(name) => write!(out, " {name}"),
        None if code == 0 => Ok(()),
        None => write!(out, " code {code}"),
    };
}

/// Identifier, sequence number and length of an echo message.
fn echo(is_echo: bool, [a, b, c, d]: [u8; 4], payload: &[u8], out: &mut String) {
    if is_echo {
        let (id, sequence) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let _infallible = write!(out, " id {id} seq {sequence} ({})", payload.len());
    }
}

fn options(tcp: &Tcp, out: &mut String) {
    if tcp.options.is_empty() {
        return;
    }
    let mut words = Vec::new();
    for option in &tcp.options {
        words.push(match option {
            Ok(TcpOption::End) => "eol".to_owned(),
            Ok(TcpOption::NoOperation) => "nop".to_owned(),
            Ok(TcpOption::MaximumSegmentSize(size)) => format!("mss {size}"),
            Ok(TcpOption::WindowScale(shift)) => format!("wscale {shift}"),
            Ok(TcpOption::SackPermitted) => "sackOK".to_owned(),
            Ok(TcpOption::Sack(blocks)) => format!("sack of {}", blocks.len() / 8),
            Ok(TcpOption::Timestamps { value, echo_reply }) => format!("TS val {value} ecr {echo_reply}"),
            Ok(TcpOption::Other { kind, data }) => format!("kind {kind} ({})", data.len()),
            Err(_) => "malformed".to_owned(),
        });
    }
    let _infallible = write!(out, " <{}>", words.join(","));
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::wire::Ipv4;

    fn segment(flags: TcpFlags, sequence: u32, acknowledgment: u32, payload: &[u8]) -> Vec<u8> {
        let ip = Ipv4::new(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 168, 0, 1));
        let mut tcp = Tcp::new(1234, 80);
        tcp.flags = flags;
        tcp.sequence = sequence;
        tcp.acknowledgment = acknowledgment;
        tcp.options.push(TcpOption::MaximumSegmentSize(1460));
        let mut out = Vec::new();
        Packet::new([ip.into(), tcp.into()], payload).emit(&mut out);
        out
    }

    #[test]
    fn sequence_numbers_count_from_the_first() {
        let mut lines = PacketLines::default();
        let syn = lines.line(&segment(TcpFlags::SYN, 5_000, 0, b""));
        assert_eq!(syn, "192.0.2.1:1234 > 192.168.0.1:80 S 0:0(0) win 65535 <mss 1460>");
        let data = lines.line(&segment(TcpFlags::ACK, 5_001, 7, b"abc"));
        assert_eq!(data, "192.0.2.1:1234 > 192.168.0.1:80 . 1:4(3) ack 7 win 65535 <mss 1460>");
    }

    #[test]
    fn a_syn_that_nobody_answers_does_not_change_what_is_counted_from() {
        let mut lines = PacketLines::default();
        lines.line(&segment(TcpFlags::SYN, 5_000, 0, b""));
        let forged = lines.line(&segment(TcpFlags::SYN, 5_100, 0, b""));
        assert_eq!(forged, "192.0.2.1:1234 > 192.168.0.1:80 S 100:100(0) win 65535 <mss 1460>");
        let data = lines.line(&segment(TcpFlags::ACK, 5_001, 7, b"abc"));
        assert_eq!(data, "192.0.2.1:1234 > 192.168.0.1:80 . 1:4(3) ack 7 win 65535 <mss 1460>");
    }

    #[test]
    fn what_is_no_packet_is_said_to_be_none() {
        assert!(!PacketLines::default().line(&[]).is_empty());
        assert!(!PacketLines::default().line(&[0xff; 7]).is_empty());
    }
}
