//! Expressions.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use super::{Printer, put};
use crate::script::tree::{EpollMember, Expression, ExpressionKind};

impl Printer {
    pub(super) fn expressions(&mut self, list: &[Expression]) {
        for (at, expression) in list.iter().enumerate() {
            self.out.push_str(if at == 0 { "" } else { ", " });
            self.expression(expression);
        }
    }

    pub(super) fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Ellipsis => self.out.push_str("..."),
            ExpressionKind::Integer { value, hexadecimal: false } => put!(self, "{value}"),
            ExpressionKind::Integer { value, hexadecimal: true } => put!(self, "{value:#x}"),
            ExpressionKind::Word(word) => self.out.push_str(word),
            ExpressionKind::String { octets, truncated } => {
                self.string(octets);
                self.out.push_str(if *truncated { "..." } else { "" });
            }
            ExpressionKind::Or(left, right) => {
                self.expression(left);
                self.out.push('|');
                self.expression(right);
            }
            ExpressionKind::Assign(name, value) => self.field_of("", &name.node, value),
            ExpressionKind::List(list) => {
                self.out.push('[');
                self.expressions(list);
                self.out.push(']');
            }
            ExpressionKind::Address(IpAddr::V4(address)) => put!(self, "inet_addr(\"{address}\")"),
            ExpressionKind::Address(IpAddr::V6(address)) => put!(self, "inet6_addr(\"{address}\")"),
            structure => {
                self.out.push('{');
                self.structure(structure);
                self.out.push('}');
            }
        }
    }

    /// What stands between braces.
    fn structure(&mut self, structure: &ExpressionKind) {
        match structure {
            ExpressionKind::Braces(list) => self.expressions(list),
            ExpressionKind::SocketAddress(address) => self.socket_address(address),
            ExpressionKind::MessageHeader { iov, iov_length, flags, control, control_length } => {
                put!(self, "msg_name(...)=..., msg_iov({iov_length})=");
                self.expression(iov);
                if let (Some(control), Some(length)) = (control, control_length) {
                    self.field_of(", ", &format!("msg_control({length})"), control);
                }
                self.field_of(", ", "msg_flags", flags);
                if let (Some(control), None) = (control, control_length) {
                    self.field_of(", ", "msg_control", control);
                }
            }
            ExpressionKind::IoVector { length } => put!(self, "..., {length}"),
            ExpressionKind::ControlMessage { length, level, kind, data } => {
                if let Some(length) = length {
                    put!(self, "cmsg_len={length}, ");
                }
                self.field_of("", "cmsg_level", level);
                self.field_of(", ", "cmsg_type", kind);
                self.field_of(", ", "cmsg_data", data);
            }
            ExpressionKind::PollFd { fd, events, revents } => {
                self.field_of("", "fd", fd);
                self.field_of(", ", "events", events);
                if let Some(revents) = revents {
                    self.field_of(", ", "revents", revents);
                }
            }
            ExpressionKind::Linger { on, seconds } => put!(self, "onoff={on}, linger={seconds}"),
            ExpressionKind::Timestamping { seconds, nanoseconds } => {
                put!(self, "scm_sec={seconds}, scm_nsec={nanoseconds}");
            }
            ExpressionKind::ExtendedError(fields) => {
                let names = ["ee_errno", "ee_origin", "ee_type", "ee_code", "ee_info", "ee_data"];
                for (at, (name, value)) in names.iter().zip(fields.iter()).enumerate() {
                    self.field_of(if at == 0 { "" } else { ", " }, name, value);
                }
            }
            ExpressionKind::EpollEvent { events, member, data } => {
                self.field_of("", "events", events);
                let name = match member {
                    EpollMember::Fd => "fd",
                    EpollMember::Ptr => "ptr",
                    EpollMember::U32 => "u32",
                    EpollMember::U64 => "u64",
                };
                self.field_of(", ", name, data);
            }
            ExpressionKind::Gre(gre) => self.gre(gre),
            ExpressionKind::Mpls(stack) => self.mpls(stack),
            // The rest stands without braces and was printed by the caller.
            ExpressionKind::Ellipsis
            | ExpressionKind::Integer { .. }
            | ExpressionKind::Word(_)
            | ExpressionKind::String { .. }
            | ExpressionKind::Or(..)
            | ExpressionKind::Assign(..)
            | ExpressionKind::List(_)
            | ExpressionKind::Address(_) => {}
        }
    }

    fn field_of(&mut self, before: &str, name: &str, value: &Expression) {
        put!(self, "{before}{name}=");
        self.expression(value);
    }

    fn socket_address(&mut self, address: &SocketAddr) {
        let family = if address.is_ipv4() { "AF_INET" } else { "AF_INET6" };
        put!(self, "sa_family={family}, sin_port=htons({}), sin_addr=inet_addr(\"{}\")", address.port(), address.ip());
    }

    /// A string in double quotes, with escapes where they are needed.
    pub(super) fn string(&mut self, octets: &[u8]) {
        self.out.push('"');
        for octet in octets {
            match octet {
                b'"' => self.out.push_str("\\\""),
                b'\\' => self.out.push_str("\\\\"),
                b'\n' => self.out.push_str("\\n"),
                b'\r' => self.out.push_str("\\r"),
                b'\t' => self.out.push_str("\\t"),
                b' '..=b'~' => self.out.push(char::from(*octet)),
                _ => put!(self, "\\x{octet:02x}"),
            }
        }
        self.out.push('"');
    }
}
