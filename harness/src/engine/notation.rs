//! A packet from the wire as a script would write it, in the script's number space.

use std::fmt::Write;

use super::connection::Connection;
use super::options::{self, raw_options};
use crate::script::icmp;
use crate::wire::{Header, Packet, Tcp, TcpFlags};

/// Which side sent a packet; decides which initial sequence number is whose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// Injected.
    Tester,
    /// From the target.
    Target,
}

/// Moves sequence numbers from the wire into the script's number space.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers<'a> {
    pub connection: Option<&'a Connection>,
    pub sender: Sender,
}

impl Numbers<'_> {
    /// What to take off sequence numbers of the sender.
    pub(super) fn sequence(&self, syn: bool) -> u32 {
        self.offset(self.sender, syn)
    }

    /// What to take off acknowledgment numbers and SACK edges.
    pub(super) fn acknowledgment(&self, syn: bool) -> u32 {
        self.offset(if self.sender == Sender::Tester { Sender::Target } else { Sender::Tester }, syn)
    }

    fn offset(&self, side: Sender, syn: bool) -> u32 {
        match (self.connection, side) {
            (None, _) => 0,
            (Some(connection), Sender::Tester) => connection.remote_offset(syn),
            (Some(connection), Sender::Target) => connection.local_offset(syn),
        }
    }
}

/// `packet` as a script would write it, without direction and time.
pub(super) fn describe(packet: &Packet<'_>, numbers: Numbers<'_>) -> String {
    let mut out = String::new();
    let innermost_ip = packet.headers.iter().rposition(|h| matches!(h, Header::Ipv4(_) | Header::Ipv6(_)));
    for (at, header) in packet.headers.iter().enumerate() {
        match header {
            Header::Ipv4(ip) if Some(at) != innermost_ip => {
                _ = write!(out, "ipv4 {} > {}: ", ip.source, ip.destination)
            }
            Header::Ipv6(ip) if Some(at) != innermost_ip => {
                _ = write!(out, "ipv6 {} > {}: ", ip.source, ip.destination)
            }
            Header::Ipv4(ip) if ip.more_fragments || ip.fragment_offset != 0 => {
                let start = usize::from(ip.fragment_offset) * 8;
                _ = write!(out, "[protocol {}] fragment {start}:{}", ip.protocol.or(0), start + packet.payload.len());
            }
            Header::Ipv6Fragment(fragment) => {
                let start = usize::from(fragment.fragment_offset) * 8;
                _ = write!(out, "fragment {start}:{} ", start + packet.payload.len());
            }
            Header::Ipv4(_) | Header::Ipv6(_) => {}
            Header::Ipv6Extension(extension) => _ = write!(out, "[next header {}] ", extension.kind),
            Header::Gre(gre) => _ = write!(out, "gre flags {:#x}: ", gre.flags),
            Header::Mpls(entry) => {
                let bottom = if entry.bottom_of_stack { " [S]," } else { "" };
                _ = write!(
                    out,
                    "mpls (label {}, tc {},{bottom} ttl {}): ",
                    entry.label, entry.traffic_class, entry.ttl
                );
            }
            Header::Udp(udp) if packet.tcp().is_some() => {
                _ = write!(out, "/udp({} > {}) ", udp.source_port, udp.destination_port);
            }
            Header::Udp(_) => _ = write!(out, "udp ({})", packet.payload.len()),
            Header::Tcp(tcp) => describe_tcp(tcp, packet.payload.len(), numbers, &mut out),
            Header::Icmpv4(icmp) => describe_icmp(false, icmp.kind, icmp.code, icmp.rest, packet.payload, &mut out),
            Header::Icmpv6(icmp) => describe_icmp(true, icmp.kind, icmp.code, icmp.rest, packet.payload, &mut out),
        }
    }
    if out.is_empty() {
        _ = write!(out, "[{} octets that are no packet]", packet.payload.len());
    }
    out
}

fn describe_tcp(tcp: &Tcp, length: usize, numbers: Numbers<'_>, out: &mut String) {
    let syn = tcp.flags.contains(TcpFlags::SYN);
    let start = tcp.sequence.wrapping_sub(numbers.sequence(syn));
    _ = write!(out, "{} {start}:{}({length})", tcp.flags, start.wrapping_add(length as u32));
    if tcp.flags.contains(TcpFlags::ACK) {
        _ = write!(out, " ack {}", tcp.acknowledgment.wrapping_sub(numbers.acknowledgment(syn)));
    } else if tcp.acknowledgment != 0 {
        _ = write!(out, " ack {}", tcp.acknowledgment);
    }
    _ = write!(out, " win {}", tcp.window);
    if tcp.urgent_pointer != 0 {
        _ = write!(out, " urg {}", tcp.urgent_pointer);
    }
    describe_options(tcp, numbers, out);
}

/// The option list in angle brackets, with a space before it; nothing if there are no options.
pub(super) fn describe_options(tcp: &Tcp, numbers: Numbers<'_>, out: &mut String) {
    let area = tcp.options.as_bytes();
    if area.is_empty() {
        return;
    }
    let shift = numbers.acknowledgment(tcp.flags.contains(TcpFlags::SYN));
    out.push_str(" <");
    for (at, option) in raw_options(area).enumerate() {
        if at > 0 {
            out.push(',');
        }
        let value = match (numbers.connection, numbers.sender) {
            (Some(connection), Sender::Target) => {
                option.timestamps().map(|(live, _)| connection.timestamps.script(live))
            }
            _ => None,
        };
        options::describe(option, shift, value, out);
    }
    out.push('>');
}

fn describe_icmp(ipv6: bool, kind: u8, code: u8, rest: [u8; 4], payload: &[u8], out: &mut String) {
    match icmp::kind_name(ipv6, kind) {
        Some(name) => _ = write!(out, "icmp {name}"),
        None => _ = write!(out, "icmp type_{kind}"),
    }
    match icmp::code_name(ipv6, kind, code) {
        Some(name) => _ = write!(out, " {name}"),
        None if code == 0 => {}
        None => _ = write!(out, " code_{code}"),
    }
    let half = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
    match (ipv6, kind) {
        (false, 3) if code == 4 => _ = write!(out, " mtu {}", half(2)),
        (true, 2) => _ = write!(out, " mtu {}", u32::from_be_bytes(rest)),
        (false, 0 | 8) | (true, 128 | 129) => _ = write!(out, " id {} seq {} ({})", half(0), half(2), payload.len()),
        _ => {}
    }
}
