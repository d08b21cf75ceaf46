//! An expected packet held against one from the target: which fields differ.
//!
//! As in packetdrill, options that are not written must not be there, and window, TTL and TOS are compared only
//! where written. Payload without `data` is zeros, as the harness writes them.

use super::build::ace_flags;
use super::comparison::{Actual, Context, Differences, header_name};
use super::connection::Connection;
use super::fields;
use super::notation::{self, Numbers, Sender};
use super::options::{self, Octets, RawOption, Shift, raw_options};
use super::outcome::Difference;
use super::quotation::compare_quoted;
use crate::script::icmp;
use crate::script::tree::{
    Body, Encapsulation, IcmpSpec, IpInfo, PacketSpec, TcpOptionSpec, TcpOptionsSpec, TcpSpec, TosSpec,
};
use crate::wire::{Header, Packet, Tcp, TcpFlags};

/// The fields in which `actual` differs from `spec`, in wire order.
pub(super) fn compare(spec: &PacketSpec, actual: &Actual<'_>, context: &Context<'_>) -> Vec<Difference> {
    let mut differences = Differences(Vec::new());
    let Some(inner) = outer_headers(spec, actual.packet, &mut differences) else { return differences.0 };
    ip_header(&spec.ip, &actual.packet.headers[inner], context.connection, &mut differences);
    if let Some(range) = spec.fragment {
        fragment(range.start, range.end, actual.packet, &mut differences);
        return differences.0;
    }
    match &spec.body {
        Body::Tcp(tcp) => compare_tcp(tcp, actual, context, &mut differences),
        Body::Udp(udp) => {
            if actual.packet.udp().is_none() {
                differences.header("UDP", actual.packet);
            } else {
                payload_length(usize::from(udp.length), actual, &mut differences);
            }
        }
        Body::Icmp(icmp) => compare_icmp(icmp, actual, context, &mut differences),
        // The run loop judges streams octet by octet.
        Body::Stream(_) => {}
    }
    if differences.0.is_empty() && !matches!((&spec.body, &spec.data), (Body::Icmp(_), None)) {
        payload(spec, actual, &mut differences);
    }
    for field in &spec.fields {
        match fields::observe(actual.packet, &field.name.node) {
            Some(value) if value == field.value.node => {}
            Some(value) => differences.push(&field.name.node, fields::text(&field.value.node), fields::text(&value)),
            None => differences.push(&field.name.node, fields::text(&field.value.node), "no such header".into()),
        }
    }
    differences.0
}

/// Compares the outer headers and gives the index of the inner IP header, or `None` if the layers differ.
fn outer_headers(spec: &PacketSpec, packet: &Packet<'_>, differences: &mut Differences) -> Option<usize> {
    let mut at = 0;
    for outer in &spec.encapsulation {
        let header = packet.headers.get(at);
        match (outer, header) {
            (Encapsulation::Ipv4 { info, source, destination }, Some(Header::Ipv4(ip))) => {
                differences.number("outer source address", *source, ip.source);
                differences.number("outer destination address", *destination, ip.destination);
                compare_tos(info, ip.tos, differences);
                compare_ttl(info, ip.ttl, differences);
                at += 1;
            }
            (Encapsulation::Ipv6 { info, source, destination }, Some(Header::Ipv6(ip))) => {
                differences.number("outer source address", *source, ip.source);
                differences.number("outer destination address", *destination, ip.destination);
                compare_tos(info, ip.traffic_class, differences);
                compare_ttl(info, ip.hop_limit, differences);
                at += 1;
            }
            (Encapsulation::Gre(gre), Some(Header::Gre(actual))) => {
                differences.number("GRE flags", gre.flags, actual.flags);
                differences.number("GRE checksum", gre.checksum, actual.checksum);
                differences.number("GRE offset", gre.offset, actual.offset);
                differences.number("GRE key", gre.key, actual.key);
                differences.number("GRE sequence number", gre.sequence, actual.sequence);
                at += 1;
            }
            (Encapsulation::Mpls(stack), Some(Header::Mpls(_))) => {
                for entry in stack {
                    let Some(Header::Mpls(actual)) = packet.headers.get(at) else {
                        differences.push("MPLS stack depth", stack.len().to_string(), "fewer".into());
                        return None;
                    };
                    differences.number("MPLS label", entry.label, actual.label);
                    differences.number("MPLS traffic class", entry.traffic_class, actual.traffic_class);
                    differences.number("MPLS bottom of stack", entry.bottom_of_stack, actual.bottom_of_stack);
                    differences.number("MPLS TTL", entry.ttl, actual.ttl);
                    at += 1;
                }
            }
            (outer, header) => {
                let expected = match outer {
                    Encapsulation::Ipv4 { .. } => "IPv4",
                    Encapsulation::Ipv6 { .. } => "IPv6",
                    Encapsulation::Gre(_) => "GRE",
                    Encapsulation::Mpls(_) => "MPLS",
                };
                differences.push("outer header", expected.into(), header.map_or("none", header_name).into());
                return None;
            }
        }
    }
    let innermost = packet.headers.iter().rposition(|h| matches!(h, Header::Ipv4(_) | Header::Ipv6(_)));
    if innermost == Some(at) {
        Some(at)
    } else {
        differences.push("outer headers", at.to_string(), innermost.unwrap_or_default().to_string());
        None
    }
}

fn ip_header(info: &IpInfo, header: &Header, connection: &Connection, differences: &mut Differences) {
    match header {
        Header::Ipv4(ip) => {
            compare_tos(info, ip.tos, differences);
            compare_ttl(info, ip.ttl, differences);
        }
        Header::Ipv6(ip) => {
            compare_tos(info, ip.traffic_class, differences);
            compare_ttl(info, ip.hop_limit, differences);
            compare_flow_label(info, ip.flow_label, connection, differences);
        }
        _ => {}
    }
}

fn compare_tos(info: &IpInfo, actual: u8, differences: &mut Differences) {
    const NAMES: [&str; 4] = ["noecn", "ect1", "ect0", "ce"];
    let name = |ecn: u8| NAMES[usize::from(ecn & 0b11)].to_owned();
    let ecn = actual & 0b11;
    match info.tos {
        Some(TosSpec::Ecn(expected)) if expected != ecn => differences.push("ECN", name(expected), name(ecn)),
        Some(TosSpec::Ect01) if !matches!(ecn, 0b01 | 0b10) => differences.push("ECN", "ect01".into(), name(ecn)),
        Some(TosSpec::Tos(expected)) if expected != actual => {
            differences.push("TOS", format!("{expected:#04x}"), format!("{actual:#04x}"));
        }
        Some(TosSpec::DscpEct01(dscp)) => {
            differences.number("DSCP", dscp, actual >> 2);
            if !matches!(ecn, 0b01 | 0b10) {
                differences.push("ECN", "ect01".into(), name(ecn));
            }
        }
        Some(TosSpec::Dscp { dscp, ecn: expected }) => {
            differences.number("DSCP", dscp, actual >> 2);
            if let Some(expected) = expected.filter(|e| *e != ecn) {
                differences.push("ECN", name(expected), name(ecn));
            }
        }
        _ => {}
    }
}

fn compare_ttl(info: &IpInfo, actual: u8, differences: &mut Differences) {
    if let Some(expected) = info.ttl {
        differences.number("TTL", expected, actual);
    }
}

/// Two labels of the script are the same label, or not; their live values are the target's choice (RFC 6437).
fn compare_flow_label(info: &IpInfo, actual: u32, connection: &Connection, differences: &mut Differences) {
    let Some(expected) = info.flow_label.filter(|label| *label != 0) else { return };
    match connection.flow_label {
        _ if actual == 0 => differences.push("flow label", "a label".into(), "0".into()),
        Some((script, live)) if script == expected && live != actual => {
            differences.push("flow label", format!("{live:#x}, as before"), format!("{actual:#x}"));
        }
        Some((script, live)) if script != expected && live == actual => {
            differences.push("flow label", format!("other than {live:#x}"), format!("{actual:#x}"));
        }
        _ => {}
    }
}

fn fragment(start: u32, end: u32, packet: &Packet<'_>, differences: &mut Differences) {
    let offset = packet.headers.iter().find_map(|h| match h {
        Header::Ipv4(ip) => Some(ip.fragment_offset),
        Header::Ipv6Fragment(fragment) => Some(fragment.fragment_offset),
        _ => None,
    });
    let actual = u32::from(offset.unwrap_or_default()) * 8;
    differences.number("fragment offset in octets", start, actual);
    differences.number("fragment length in octets", end - start, packet.payload.len() as u32);
}

fn compare_tcp(spec: &TcpSpec, actual: &Actual<'_>, context: &Context<'_>, differences: &mut Differences) {
    let Some(tcp) = actual.packet.tcp() else { return differences.header("TCP", actual.packet) };
    let numbers = Numbers { connection: Some(context.connection), sender: Sender::Target };
    let syn = tcp.flags.contains(TcpFlags::SYN);
    let (first_sequence, first_cwr) = actual.first.unwrap_or((tcp.sequence, tcp.flags.contains(TcpFlags::CWR)));
    let flags = tcp.flags.without(TcpFlags::CWR).with(if first_cwr { TcpFlags::CWR } else { TcpFlags::default() });
    let expected_flags = spec.flags.with(ace_flags(spec.ace));
    if expected_flags != flags {
        differences.push("control bits", expected_flags.to_string(), flags.to_string());
    }
    if !spec.sequence.ignored {
        let shift = if spec.sequence.absolute { 0 } else { numbers.sequence(syn) };
        differences.number("sequence number", spec.sequence.start, first_sequence.wrapping_sub(shift));
        payload_length(usize::from(spec.sequence.length), actual, differences);
    }
    let ack_shift = if tcp.flags.contains(TcpFlags::ACK) { numbers.acknowledgment(syn) } else { 0 };
    let ack = tcp.acknowledgment.wrapping_sub(ack_shift);
    differences.number("acknowledgment number", spec.ack.map_or(0, |n| n.node), ack);
    if let Some(window) = spec.window {
        differences.number("window", window.node, tcp.window);
    }
    differences.number("urgent pointer", spec.urgent.map_or(0, |n| n.node), tcp.urgent_pointer);
    differences.number("reserved bits", 0, tcp.reserved);
    compare_options(&spec.options, tcp, numbers, context, differences);
}

fn compare_options(
    spec: &TcpOptionsSpec,
    tcp: &Tcp,
    numbers: Numbers<'_>,
    context: &Context<'_>,
    differences: &mut Differences,
) {
    let area = tcp.options.as_bytes();
    let shift = numbers.acknowledgment(tcp.flags.contains(TcpFlags::SYN));
    let matches = match spec {
        TcpOptionsSpec::Any => true,
        TcpOptionsSpec::Raw(octets) => octets.as_slice() == area,
        TcpOptionsSpec::Exactly(list) => {
            let mut actual = raw_options(area);
            list.iter().all(|option| actual.next().is_some_and(|raw| option_matches(&option.node, raw, shift, context)))
                && actual.next().is_none()
        }
        TcpOptionsSpec::AtLeast(list) => {
            list.iter().all(|option| raw_options(area).any(|raw| option_matches(&option.node, raw, shift, context)))
        }
    };
    if !matches {
        let mut actual = String::new();
        notation::describe_options(tcp, numbers, &mut actual);
        let actual = if actual.is_empty() { "none".to_owned() } else { actual.trim_start().to_owned() };
        differences.push("options", expected_options(spec), actual);
    }
}

fn expected_options(spec: &TcpOptionsSpec) -> String {
    let (list, open) = match spec {
        TcpOptionsSpec::Any => return "<...>".into(),
        TcpOptionsSpec::Raw(octets) => {
            return octets.iter().fold("<0x".to_owned(), |s, b| s + &format!("{b:02x}")) + ">";
        }
        TcpOptionsSpec::Exactly(list) if list.is_empty() => return "none".into(),
        TcpOptionsSpec::Exactly(list) => (list, ""),
        TcpOptionsSpec::AtLeast(list) => (list, ",..."),
    };
    let mut text = String::from("<");
    for (at, option) in list.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        match &option.node {
            TcpOptionSpec::Mss(None) => text.push_str("mss ..."),
            TcpOptionSpec::WindowScale(None) => text.push_str("wscale ..."),
            TcpOptionSpec::Timestamps { value: None, echo_reply, .. } => {
                text.push_str(&format!("TS val ... ecr {}", echo_reply.map_or("...".into(), |n| n.to_string())));
            }
            TcpOptionSpec::Timestamps { value: Some(value), echo_reply: None, .. } => {
                text.push_str(&format!("TS val {value} ecr ..."));
            }
            other => {
                let mut octets = Octets::new();
                options::encode(other, &Shift { sack: 0, echo_reply: None }, &mut octets);
                options::describe(RawOption(&octets), 0, None, &mut text);
            }
        }
    }
    text + open + ">"
}

fn option_matches(spec: &TcpOptionSpec, actual: RawOption<'_>, sack_shift: u32, context: &Context<'_>) -> bool {
    match spec {
        TcpOptionSpec::Mss(None) => actual.kind() == 2 && actual.data().len() == 2,
        TcpOptionSpec::WindowScale(None) => actual.kind() == 3 && actual.data().len() == 1,
        TcpOptionSpec::Timestamps { value, echo_reply, .. } => {
            let Some((live, live_reply)) = actual.timestamps() else { return false };
            echo_reply.is_none_or(|reply| reply == live_reply)
                && value.is_none_or(|value| timestamp_in_tolerance(value, live, context))
        }
        other => {
            let mut expected = Octets::new();
            options::encode(other, &Shift { sack: sack_shift, echo_reply: None }, &mut expected);
            expected.as_slice() == actual.0
        }
    }
}

/// Timestamp values are judged only where the script says how long a tick is (`tcp_ts_tick_usecs`).
fn timestamp_in_tolerance(script: u32, live: u32, context: &Context<'_>) -> bool {
    let tick = i64::from(context.settings.tcp_ts_tick_usecs);
    let deviation = context.connection.timestamps.script_or(script, live).wrapping_sub(script) as i32;
    i64::from(deviation).abs() * tick <= context.settings.tolerance(context.elapsed)
}

fn compare_icmp(spec: &IcmpSpec, actual: &Actual<'_>, context: &Context<'_>, differences: &mut Differences) {
    let (ipv6, kind, code, rest) = match (actual.packet.icmpv4(), actual.packet.icmpv6()) {
        (Some(icmp), _) => (false, icmp.kind, icmp.code, icmp.rest),
        (_, Some(icmp)) => (true, icmp.kind, icmp.code, icmp.rest),
        _ => return differences.header("ICMP", actual.packet),
    };
    let code_text = spec.code.as_ref().map(|code| code.node.as_str());
    let (expected_kind, expected_code) = icmp::numbers(ipv6, &spec.kind.node, code_text).unwrap_or_default();
    if expected_kind != kind {
        let name = icmp::kind_name(ipv6, kind).map_or_else(|| format!("type_{kind}"), str::to_owned);
        return differences.push("type", spec.kind.node.clone(), name);
    }
    if expected_code != code {
        let name = icmp::code_name(ipv6, kind, code).map_or_else(|| format!("code_{code}"), str::to_owned);
        differences.push("code", code_text.unwrap_or("code_0").to_owned(), name);
    }
    let half = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
    if let Some(mtu) = spec.mtu {
        differences.number("MTU", mtu, if ipv6 { u32::from_be_bytes(rest) } else { u32::from(half(2)) });
    }
    // A socket of the target chooses the identifier of its own requests.
    let reply = spec.kind.node.ends_with("_reply");
    if let Some(id) = spec.id.filter(|_| reply) {
        differences.number("identifier", id, half(0));
    }
    if let Some(sequence) = spec.sequence {
        differences.number("sequence number", sequence, half(2));
    }
    if let Some(length) = spec.length {
        payload_length(usize::from(length), actual, differences);
    }
    if let Some(quoted) = &spec.quoted {
        compare_quoted(quoted, actual, context, differences);
    }
}

fn payload_length(expected: usize, actual: &Actual<'_>, differences: &mut Differences) {
    differences.number("payload length", expected, actual.payload.iter().map(|part| part.len()).sum());
}

/// Compares payload octets; lengths are equal already.
fn payload(spec: &PacketSpec, actual: &Actual<'_>, differences: &mut Differences) {
    let data = spec.data.as_ref().map(|data| data.node.as_slice());
    let expected = |at: usize| data.map_or(Some(0), |data| data.get(at).copied());
    let octets = actual.payload.iter().flat_map(|part| part.iter().copied());
    let length = actual.payload.iter().map(|part| part.len()).sum::<usize>();
    if let Some(data) = data.filter(|data| data.len() != length) {
        return differences.number("payload length", data.len(), length);
    }
    for (at, octet) in octets.enumerate() {
        match expected(at) {
            Some(byte) if byte == octet => {}
            byte => {
                let field = format!("payload octet {at}");
                return differences.push(&field, format!("{:#04x}", byte.unwrap_or_default()), format!("{octet:#04x}"));
            }
        }
    }
}
