//! Packets.

use std::fmt::Write as _;

use super::{Printer, put};
use crate::script::tree::{
    AccEcnField, AccEcnOrder, Body, Encapsulation, FieldSpec, FieldValue, GreSpec, IcmpSpec, IpInfo, MplsSpec,
    PacketSpec, Ports, Quoted, SequenceSpec, TcpOptionSpec, TcpOptionsSpec, TcpSpec, TosSpec,
};
use crate::wire::TcpFlags;

/// Control bits in the order people write them; ACK comes last.
const FLAGS: [(TcpFlags, char); 8] = [
    (TcpFlags::FIN, 'F'),
    (TcpFlags::SYN, 'S'),
    (TcpFlags::RST, 'R'),
    (TcpFlags::PSH, 'P'),
    (TcpFlags::URG, 'U'),
    (TcpFlags::ECE, 'E'),
    (TcpFlags::CWR, 'W'),
    (TcpFlags::AE, 'A'),
];

impl Printer {
    /// A packet without its direction.
    pub(super) fn packet(&mut self, packet: &PacketSpec) {
        for header in &packet.encapsulation {
            self.outer(header);
        }
        if packet.ip != IpInfo::default() {
            self.ip_info(&packet.ip);
            self.out.push(' ');
        }
        match &packet.body {
            Body::Tcp(tcp) => self.tcp(tcp),
            Body::Stream(stream) => {
                self.out.push_str(if stream.fin { "stream F " } else { "stream " });
                self.sequence(&stream.sequence);
                if let Some(ack) = stream.ack {
                    put!(self, " ack {}", ack.node);
                }
            }
            Body::Udp(udp) => {
                self.out.push_str("udp ");
                if let Some(ports) = udp.ports {
                    self.ports(ports);
                    self.out.push(' ');
                }
                put!(self, "({})", udp.length);
            }
            Body::Icmp(icmp) => self.icmp(icmp),
        }
        if let Some(data) = &packet.data {
            self.out.push_str(" data ");
            if data.node.iter().all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\r' | b'\t')) {
                self.string(&data.node);
            } else {
                self.out.push_str("0x");
                self.octets(&data.node);
            }
        }
        for (at, field) in packet.fields.iter().enumerate() {
            self.out.push_str(if at == 0 { " with " } else { ", " });
            self.field(field);
        }
        for (at, capture) in packet.captures.iter().enumerate() {
            self.out.push_str(if at + packet.fields.len() == 0 { " with " } else { ", " });
            put!(self, "{} as {}", capture.field.node, capture.name.node);
        }
        if let Some(fragment) = packet.fragment {
            put!(self, " fragment {}:{}", fragment.start, fragment.end);
        }
    }

    fn outer(&mut self, header: &Encapsulation) {
        match header {
            Encapsulation::Ipv4 { info, source, destination } => {
                self.out.push_str("ipv4 ");
                self.outer_info(info);
                put!(self, "{source} > {destination}");
            }
            Encapsulation::Ipv6 { info, source, destination } => {
                self.out.push_str("ipv6 ");
                self.outer_info(info);
                put!(self, "{source} > {destination}");
            }
            Encapsulation::Gre(gre) if *gre == GreSpec::default() => self.out.push_str("gre"),
            Encapsulation::Gre(gre) => {
                self.out.push_str("gre ");
                self.gre(gre);
            }
            Encapsulation::Mpls(stack) => {
                self.out.push_str("mpls ");
                self.mpls(stack);
            }
        }
        self.out.push_str(": ");
    }

    fn outer_info(&mut self, info: &IpInfo) {
        if *info != IpInfo::default() {
            self.ip_info(info);
            self.out.push(' ');
        }
    }

    fn ip_info(&mut self, info: &IpInfo) {
        let ecn = |ecn: u8| ["noecn", "ect1", "ect0", "ce"][usize::from(ecn & 3)];
        let mut items = Vec::new();
        match info.tos {
            None => {}
            Some(TosSpec::Ecn(codepoint)) => items.push(ecn(codepoint).to_owned()),
            Some(TosSpec::Ect01) => items.push("ect01".to_owned()),
            Some(TosSpec::Tos(tos)) => items.push(format!("tos {tos:#04x}")),
            Some(TosSpec::Dscp { dscp, ecn: codepoint }) => {
                items.push(format!("dscp {dscp:#04x}"));
                items.extend(codepoint.map(|codepoint| ecn(codepoint).to_owned()));
            }
            Some(TosSpec::DscpEct01(dscp)) => {
                items.push(format!("dscp {dscp:#04x}"));
                items.push("ect01".to_owned());
            }
        }
        items.extend(info.ttl.map(|ttl| format!("ttl {ttl}")));
        items.extend(info.flow_label.map(|label| format!("flowlabel {label:#x}")));
        put!(self, "({})", items.join(", "));
    }

    pub(super) fn gre(&mut self, gre: &GreSpec) {
        put!(
            self,
            "flags {:#06x}, sum {:#x}, off {:#x}, key={:#x}, seq {:#x}",
            gre.flags,
            gre.checksum,
            gre.offset,
            gre.key,
            gre.sequence
        );
    }

    pub(super) fn mpls(&mut self, stack: &[MplsSpec]) {
        for (at, entry) in stack.iter().enumerate() {
            self.out.push_str(if at == 0 { "" } else { " " });
            let bottom = if entry.bottom_of_stack { "[S], " } else { "" };
            put!(self, "(label {}, tc {}, {bottom}ttl {})", entry.label, entry.traffic_class, entry.ttl);
        }
    }

    fn ports(&mut self, ports: Ports) {
        put!(self, "{} > {}", ports.source, ports.destination);
    }

    fn sequence(&mut self, sequence: &SequenceSpec) {
        let SequenceSpec { start, length, .. } = *sequence;
        if sequence.ignored {
            put!(self, "...({length})");
        } else {
            put!(self, "{start}:{}({length})", start.wrapping_add(length.into()));
            self.out.push_str(if sequence.absolute { "!" } else { "" });
        }
    }

    fn tcp(&mut self, tcp: &TcpSpec) {
        if let Some(ports) = tcp.ports {
            self.ports(ports);
            self.out.push(' ');
        }
        self.flags(tcp.flags, tcp.ace);
        self.out.push(' ');
        self.sequence(&tcp.sequence);
        if let Some(ack) = tcp.ack {
            put!(self, " ack {}", ack.node);
        }
        if let Some(window) = tcp.window {
            put!(self, " win {}", window.node);
        }
        if let Some(urgent) = tcp.urgent {
            put!(self, " urg {}", urgent.node);
        }
        self.options(&tcp.options);
        self.udp_encapsulation(tcp.udp_encapsulation);
    }

    fn udp_encapsulation(&mut self, ports: Option<Ports>) {
        if let Some(ports) = ports {
            self.out.push_str("/udp(");
            self.ports(ports);
            self.out.push(')');
        }
    }

    fn flags(&mut self, flags: TcpFlags, ace: Option<u8>) {
        if flags == TcpFlags::default() && ace.is_none() {
            self.out.push('-');
        }
        self.out.extend(FLAGS.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, letter)| letter));
        self.out.push_str(if flags.contains(TcpFlags::ACK) { "." } else { "" });
        if let Some(ace) = ace {
            put!(self, "{ace}");
        }
    }

    fn options(&mut self, options: &TcpOptionsSpec) {
        let (options, open) = match options {
            TcpOptionsSpec::Exactly(options) if options.is_empty() => return,
            TcpOptionsSpec::Exactly(options) => (options.as_slice(), false),
            TcpOptionsSpec::AtLeast(options) => (options.as_slice(), true),
            TcpOptionsSpec::Any => ([].as_slice(), true),
            TcpOptionsSpec::Raw(octets) => {
                self.out.push_str(" <");
                self.octets(octets);
                self.out.push('>');
                return;
            }
        };
        self.out.push_str(" <");
        for (at, option) in options.iter().enumerate() {
            self.out.push_str(if at == 0 { "" } else { "," });
            self.tcp_option(&option.node);
        }
        if open {
            self.out.push_str(if options.is_empty() { "..." } else { ",..." });
        }
        self.out.push('>');
    }

    fn tcp_option(&mut self, option: &TcpOptionSpec) {
        match option {
            TcpOptionSpec::Nop => self.out.push_str("nop"),
            TcpOptionSpec::Eol => self.out.push_str("eol"),
            TcpOptionSpec::Mss(value) => self.value_or_any("mss", *value),
            TcpOptionSpec::WindowScale(value) => self.value_or_any("wscale", *value),
            TcpOptionSpec::SackPermitted => self.out.push_str("sackOK"),
            TcpOptionSpec::Sack(blocks) => {
                self.out.push_str("sack");
                for (left, right) in blocks {
                    put!(self, " {left}:{right}");
                }
            }
            TcpOptionSpec::Timestamps { value, echo_reply, echo_reply_absolute } => {
                self.value_or_any("TS val", *value);
                self.value_or_any(" ecr", *echo_reply);
                self.out.push_str(if *echo_reply_absolute { "!" } else { "" });
            }
            TcpOptionSpec::Md5(None) => self.out.push_str("md5 valid"),
            TcpOptionSpec::Md5(Some(digest)) => self.named_octets("md5", digest),
            TcpOptionSpec::FastOpen(cookie) => self.named_octets("FO", cookie),
            TcpOptionSpec::FastOpenExperimental(cookie) => self.named_octets("FOEXP", cookie),
            TcpOptionSpec::AccEcn { order, fields, experimental } => self.accecn(*order, fields, *experimental),
            TcpOptionSpec::Generic { kind, data: None } => put!(self, "gen-{kind} none"),
            TcpOptionSpec::Generic { kind, data: Some(data) } => self.named_octets(&format!("gen-{kind}"), data),
            TcpOptionSpec::Experimental { exid, data } => self.named_octets(&format!("exp-{exid:04x}"), data),
        }
    }

    fn accecn(&mut self, order: AccEcnOrder, fields: &[(AccEcnField, u32)], experimental: bool) {
        let kind = match order {
            AccEcnOrder::Zero => 0,
            AccEcnOrder::One => 1,
        };
        // packetdrill's spelling where it has one, the FreeBSD dialect's where only that has.
        let google = !experimental && !fields.is_empty();
        if google {
            self.out.push_str("ECN");
        } else {
            put!(self, "{}AccECN{kind}", if experimental { "exp-" } else { "" });
        }
        for (field, value) in fields {
            let name = match field {
                AccEcnField::E0b => "e0b",
                AccEcnField::Ceb => "ceb",
                AccEcnField::E1b => "e1b",
            };
            put!(self, " {}{name} {value}", if google { "" } else { "e" });
        }
    }

    fn value_or_any<T: std::fmt::Display>(&mut self, name: &str, value: Option<T>) {
        match value {
            Some(value) => put!(self, "{name} {value}"),
            None => put!(self, "{name} ..."),
        }
    }

    fn named_octets(&mut self, name: &str, octets: &[u8]) {
        self.out.push_str(name);
        if !octets.is_empty() {
            self.out.push(' ');
            self.octets(octets);
        }
    }

    fn octets(&mut self, octets: &[u8]) {
        for octet in octets {
            put!(self, "{octet:02x}");
        }
    }

    fn icmp(&mut self, icmp: &IcmpSpec) {
        put!(self, "icmp {}", icmp.kind.node);
        if let Some(code) = &icmp.code {
            put!(self, " {}", code.node);
        }
        if let Some(mtu) = icmp.mtu {
            put!(self, " mtu {mtu}");
        }
        if let Some(id) = icmp.id {
            put!(self, " id {id}");
        }
        if let Some(sequence) = icmp.sequence {
            put!(self, " seq {sequence}");
        }
        if let Some(length) = icmp.length {
            put!(self, " ({length})");
        }
        match &icmp.quoted {
            None => {}
            Some(Quoted::Udp { length }) => put!(self, " [udp ({length})]"),
            Some(Quoted::Sent) => self.out.push_str(" [...]"),
            Some(Quoted::Raw { length }) => put!(self, " [raw ({length})]"),
            Some(Quoted::Tcp { sequence, udp_encapsulation }) => {
                self.out.push_str(" [");
                self.sequence(sequence);
                self.udp_encapsulation(*udp_encapsulation);
                self.out.push(']');
            }
        }
    }

    fn field(&mut self, field: &FieldSpec) {
        let name = &field.name.node;
        match &field.value.node {
            FieldValue::Number(value) if name.ends_with("checksum") => put!(self, "{name}={value:#06x}"),
            FieldValue::Number(value) => put!(self, "{name}={value}"),
            FieldValue::Address(address) => put!(self, "{name}={address}"),
            FieldValue::Formula(formula) => {
                put!(self, "{name}=");
                self.formula(formula);
            }
            FieldValue::Octets(octets) => {
                put!(self, "{name}=0x");
                self.octets(octets);
            }
        }
    }
}
