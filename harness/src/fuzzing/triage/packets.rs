//! Packets of a session as a script writes them.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::fuzzing::run::Cut;
use crate::target::Link;
use crate::wire::{Field, Header, Packet, TcpFlags, TcpOption, TcpOptions};

use super::calls::string;

/// The connections of a session, with the numbers that a script counts from.
#[derive(Debug, Default)]
pub(super) struct Connections(Vec<Known>);

/// One connection: the tester's port, the target's, and the initial numbers as far as they were seen.
#[derive(Debug)]
struct Known {
    ports: (u16, u16),
    /// The tester's number in the first segment of the script; `None` where the target opened and nobody answered.
    initial: Option<u32>,
    target_initial: Option<u32>,
    /// The target opened it.
    active: bool,
}

impl Connections {
    fn of(&mut self, ports: (u16, u16)) -> Option<&mut Known> {
        self.0.iter_mut().rev().find(|known| known.ports == ports)
    }

    /// A packet of the tester; `None` if a script cannot say it.
    pub(super) fn injected(&mut self, octets: &[u8], cut: Option<&Cut>, link: &Link) -> Option<String> {
        let parsed = Packet::parse(octets, None);
        let mut packet = parsed.packet;
        if !parsed.trailer.is_empty() {
            return None;
        }
        let mut fields = Vec::new();
        ip_fields(&packet, link, &mut fields);
        let mut line = String::from("< ");
        let transport = packet.headers.pop()?;
        match &transport {
            Header::Tcp(tcp) => {
                let ports = (tcp.source_port, tcp.destination_port);
                let syn = tcp.flags.contains(TcpFlags::SYN);
                if self.of(ports).is_none() && syn && !tcp.flags.contains(TcpFlags::ACK) {
                    let known = Known { ports, initial: Some(tcp.sequence), target_initial: None, active: false };
                    self.0.push(known);
                }
                let is_newest = self.0.last().is_some_and(|known| known.ports == ports);
                let length = packet.payload.len() as u32;
                let mut numbers = None;
                if let Some(known) = self.of(ports) {
                    if known.active && syn && known.initial.is_none() {
                        known.initial = Some(tcp.sequence);
                    }
                    let sequence =
                        if syn { Some(tcp.sequence) } else { known.initial.map(|i| tcp.sequence.wrapping_sub(i)) };
                    let ack = tcp.acknowledgment.wrapping_sub(known.target_initial.unwrap_or(0));
                    if !known.active || is_newest {
                        numbers = sequence.map(|sequence| (sequence, ack));
                    }
                }
                let numbers = numbers.filter(|(sequence, _)| sequence.checked_add(length).is_some());
                let (sequence, ack) = numbers.unwrap_or_else(|| {
                    fields.push(format!("tcp.sequence={}", tcp.sequence));
                    fields.push(format!("tcp.acknowledgment={}", tcp.acknowledgment));
                    (0, 0)
                });
                let flags = TcpFlags(tcp.flags.0);
                let _ = write!(line, "{} > {} {flags} {sequence}:{}({length})", ports.0, ports.1, sequence + length);
                if tcp.flags.contains(TcpFlags::ACK) {
                    let _ = write!(line, " ack {ack}");
                } else if tcp.acknowledgment != 0 && numbers.is_some() {
                    fields.push(format!("tcp.acknowledgment={}", tcp.acknowledgment));
                }
                let _ = write!(line, " win {}", tcp.window);
                if tcp.urgent_pointer != 0 {
                    let _ = write!(line, " urg {}", tcp.urgent_pointer);
                }
                line.push_str(&options(&tcp.options));
                forced("tcp.data_offset", tcp.data_offset, &mut fields);
                forced("tcp.checksum", tcp.checksum, &mut fields);
                if tcp.reserved != 0 {
                    fields.push(format!("tcp.reserved={}", tcp.reserved));
                }
            }
            Header::Udp(udp) => {
                let _ = write!(line, "udp {} > {} ({})", udp.source_port, udp.destination_port, packet.payload.len());
                forced("udp.length", udp.length, &mut fields);
                forced("udp.checksum", udp.checksum, &mut fields);
            }
            Header::Icmpv4(icmp) => {
                icmp_line(icmp.kind, icmp.code, icmp.rest, icmp.checksum, &packet, &mut line, &mut fields)
            }
            Header::Icmpv6(icmp) => {
                icmp_line(icmp.kind, icmp.code, icmp.rest, icmp.checksum, &packet, &mut line, &mut fields)
            }
            _ => return None,
        }
        if !packet.payload.is_empty() {
            let _ = write!(line, " data {}", payload(packet.payload));
        }
        if let Some(cut) = cut {
            fields.retain(|field| !field.starts_with("ip.identification="));
            let name = if link.local.is_ipv4() { "ip" } else { "ipv6" };
            fields.push(format!("{name}.identification={}", cut.identification));
        }
        if !fields.is_empty() {
            let _ = write!(line, " with {}", fields.join(", "));
        }
        if let Some(cut) = cut {
            let _ = write!(line, " fragment {}:{}", cut.start, cut.end);
        }
        Some(line)
    }

    /// A packet of the target that tells the numbers of its connection, or that comes before the one that does: the
    /// expectation of it, which a correct target need not meet: it may be the fault that makes it come. `None` for all
    /// others.
    pub(super) fn received(&mut self, octets: &[u8]) -> Option<String> {
        let parsed = Packet::parse(octets, None);
        let tcp = parsed.packet.tcp()?;
        let ports = (tcp.destination_port, tcp.source_port);
        let (syn, ack) = (tcp.flags.contains(TcpFlags::SYN), tcp.flags.contains(TcpFlags::ACK));
        if syn && !ack && self.of(ports).is_none() {
            self.0.push(Known { ports, initial: None, target_initial: Some(tcp.sequence), active: true });
            return Some(">? S 0:0(0) <...>".into());
        }
        let known = self.of(ports)?;
        if known.target_initial.is_some() {
            return None;
        }
        let line = if syn {
            known.target_initial = Some(tcp.sequence);
            format!(">? {} > {} {} 0:0(0) ack {} <...>", ports.1, ports.0, tcp.flags, tcp.acknowledgment)
        } else {
            let ack = tcp.acknowledgment.wrapping_sub(known.initial?);
            let sequence = tcp.sequence;
            let number = if tcp.flags.contains(TcpFlags::ACK) { format!(" ack {ack}") } else { String::new() };
            format!(">? {} > {} {} {sequence}:{sequence}(0){number} <...>", ports.1, ports.0, tcp.flags)
        };
        Some(line)
    }

    /// The expectation of a packet of the target, as a correct stack sends it: with `data` and `acknowledgment` instead
    /// of its own.
    pub(super) fn expected(
        &mut self,
        octets: &[u8],
        data: Option<&[u8]>,
        acknowledgment: Option<u32>,
    ) -> Option<String> {
        let parsed = Packet::parse(octets, None);
        let length = parsed.packet.payload.len();
        let source = match parsed.packet.source()? {
            IpAddr::V4(source) => format!("ip.source={source}"),
            IpAddr::V6(source) => format!("ipv6.source={source}"),
        };
        if let Some(udp) = parsed.packet.udp() {
            let ports = (udp.source_port, udp.destination_port);
            return Some(format!("> udp {} > {} ({length}) with {source}", ports.0, ports.1));
        }
        let icmp = parsed.packet.icmpv4().map(|icmp| (icmp.is_error(), icmp.rest));
        let icmp = icmp.or(parsed.packet.icmpv6().map(|icmp| (icmp.is_error(), icmp.rest)));
        if let Some((true, _)) = icmp {
            return Some("> icmp unreachable port_unreachable".to_owned());
        }
        if let Some((false, [a, b, c, d])) = icmp {
            let (id, number) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            return Some(format!("> icmp echo_reply id {id} seq {number} ({length}) with {source}"));
        }
        let tcp = parsed.packet.tcp()?;
        let known = self.of((tcp.destination_port, tcp.source_port))?;
        let sequence = tcp.sequence.wrapping_sub(known.target_initial?);
        let (syn, initial) = (tcp.flags.contains(TcpFlags::SYN), known.initial?);
        let ack = acknowledgment.unwrap_or(tcp.acknowledgment);
        let ack = if syn { ack } else { ack.wrapping_sub(initial) };
        let mut line =
            if known.active { "> ".to_owned() } else { format!("> {} > {} ", tcp.source_port, tcp.destination_port) };
        let end = sequence.checked_add(length as u32)?;
        let number = if tcp.flags.contains(TcpFlags::ACK) { format!(" ack {ack}") } else { String::new() };
        let _ = write!(line, "{} {sequence}:{end}({length}){number} <...>", tcp.flags);
        if let Some(data) = data {
            let _ = write!(line, " data {}", payload(data));
        }
        Some(line)
    }
}

fn icmp_line(
    kind: u8,
    code: u8,
    rest: [u8; 4],
    checksum: Field<u16>,
    packet: &Packet<'_>,
    line: &mut String,
    fields: &mut Vec<String>,
) {
    if matches!(kind, 8 | 128) {
        let [a, b, c, d] = rest;
        let (id, number) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let _ = write!(line, "icmp echo_request id {id} seq {number} ({})", packet.payload.len());
    } else {
        let _ = write!(line, "icmp {kind} {code} [raw ({})]", packet.payload.len() + 8);
        fields.push(format!("icmp.rest=0x{:08x}", u32::from_be_bytes(rest)));
    }
    forced("icmp.checksum", checksum, fields);
}

fn payload(octets: &[u8]) -> String {
    if octets.iter().all(|octet| (b' '..=b'~').contains(octet)) {
        return string(octets);
    }
    let mut text = String::from("0x");
    for octet in octets {
        let _ = write!(text, "{octet:02x}");
    }
    text
}

/// What the IP headers have that a script's do not have by themselves.
fn ip_fields(packet: &Packet<'_>, link: &Link, fields: &mut Vec<String>) {
    for header in &packet.headers {
        match header {
            Header::Ipv4(ip) => {
                if ip.ttl != 255 {
                    fields.push(format!("ip.ttl={}", ip.ttl));
                }
                if ip.tos != 0 {
                    fields.push(format!("ip.tos={}", ip.tos));
                }
                if ip.identification != 0 {
                    fields.push(format!("ip.identification={}", ip.identification));
                }
                for (name, set) in [("reserved_flag", ip.reserved_flag), ("dont_fragment", ip.dont_fragment)] {
                    if set {
                        fields.push(format!("ip.{name}=1"));
                    }
                }
                forced("ip.total_length", ip.total_length, fields);
                forced("ip.checksum", ip.checksum, fields);
                if std::net::IpAddr::V4(ip.source) != link.remote {
                    fields.push(format!("ip.source={}", ip.source));
                }
                if std::net::IpAddr::V4(ip.destination) != link.local {
                    fields.push(format!("ip.destination={}", ip.destination));
                }
                if !ip.options.is_empty() {
                    fields.push(format!("ip.options={}", hexadecimal(ip.options.as_bytes())));
                }
            }
            Header::Ipv6(ip) => {
                if ip.hop_limit != 255 {
                    fields.push(format!("ipv6.hop_limit={}", ip.hop_limit));
                }
                if ip.traffic_class != 0 {
                    fields.push(format!("ipv6.traffic_class={}", ip.traffic_class));
                }
                if ip.flow_label != 0 {
                    fields.push(format!("ipv6.flow_label={}", ip.flow_label));
                }
                forced("ipv6.payload_length", ip.payload_length, fields);
                if std::net::IpAddr::V6(ip.source) != link.remote {
                    fields.push(format!("ipv6.source={}", ip.source));
                }
                if std::net::IpAddr::V6(ip.destination) != link.local {
                    fields.push(format!("ipv6.destination={}", ip.destination));
                }
            }
            Header::Ipv6Extension(extension) => {
                let next = packet.headers.last().map_or(59, Header::protocol);
                let mut octets = vec![next, ((extension.body.len() + 2).div_ceil(8) - 1) as u8];
                octets.extend_from_slice(&extension.body);
                fields.push(format!("ipv6.next_header={}", extension.kind));
                fields.push(format!("ipv6.extensions={}", hexadecimal(&octets)));
            }
            _ => {}
        }
    }
}

fn forced<T: std::fmt::Display>(name: &str, field: Field<T>, fields: &mut Vec<String>) {
    if let Field::Forced(value) = field {
        fields.push(format!("{name}={value}"));
    }
}

/// Options by name where each has one, else as octets.
fn options(options: &TcpOptions) -> String {
    if options.is_empty() {
        return String::new();
    }
    let mut named = Vec::new();
    for option in options.iter() {
        named.push(match option {
            Ok(TcpOption::NoOperation) => "nop".to_owned(),
            Ok(TcpOption::MaximumSegmentSize(segment)) => format!("mss {segment}"),
            Ok(TcpOption::WindowScale(shift)) => format!("wscale {shift}"),
            Ok(TcpOption::SackPermitted) => "sackOK".to_owned(),
            _ => return format!(" <{}>", &hexadecimal(options.as_bytes())[2..]),
        });
    }
    format!(" <{}>", named.join(","))
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().fold(String::from("0x"), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
