//! `with field as NAME`: values that were captured in this run.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::fields;
use crate::script::fields::{self as known_fields, FieldKind};
use crate::script::tree::{Capture, FieldValue};
use crate::wire::{Packet, Tcp, TcpOption};

/// One captured value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Captured {
    pub value: FieldValue,
    /// Whether it says when something happened, in microseconds since the start of the script.
    pub is_time: bool,
    /// Bits of the field that a number was read from.
    pub bits: u32,
    /// The ends of the packet that it was read from: source and destination.
    pub ends: Option<(SocketAddr, SocketAddr)>,
}

/// Names and all values captured with each, in order of time.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, Vec<Captured>>);

impl Names {
    /// All values of a name.
    pub(super) fn all(&self, name: &str) -> &[Captured] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The value captured last.
    pub(super) fn last(&self, name: &str) -> Option<&Captured> {
        self.all(name).last()
    }

    /// Keeps what a packet's captures gave.
    pub(super) fn add(&mut self, captures: &[Capture], values: Vec<Captured>) {
        for (capture, value) in captures.iter().zip(values) {
            self.0.entry(capture.name.node.clone()).or_default().push(value);
        }
    }
}

/// What captures give of a packet with `length` octets of payload at `micros`. The error is the first capture for which
/// there is nothing in it.
pub(super) fn read<'a>(
    captures: &'a [Capture],
    packet: &Packet<'_>,
    length: usize,
    micros: i64,
) -> Result<Vec<Captured>, &'a Capture> {
    captures
        .iter()
        .map(|capture| {
            let number = FieldValue::Number;
            let option = |read: fn(&TcpOption<'_>) -> Option<u64>| packet.tcp().and_then(|tcp| tcp_option(tcp, read));
            let name = capture.field.node.as_str();
            let value = match name {
                "time" => Some(number(micros.max(0) as u64)),
                "length" => Some(number(length as u64)),
                "tcp.mss" => option(|option| match option {
                    TcpOption::MaximumSegmentSize(size) => Some(u64::from(*size)),
                    _ => None,
                })
                .map(number),
                "tcp.window_scale" => option(|option| match option {
                    TcpOption::WindowScale(shift) => Some(u64::from(*shift)),
                    _ => None,
                })
                .map(number),
                "tcp.timestamp_value" => option(|option| match option {
                    TcpOption::Timestamps { value, .. } => Some(u64::from(*value)),
                    _ => None,
                })
                .map(number),
                "tcp.timestamp_echo_reply" => option(|option| match option {
                    TcpOption::Timestamps { echo_reply, .. } => Some(u64::from(*echo_reply)),
                    _ => None,
                })
                .map(number),
                name => fields::observe(packet, name),
            };
            let value = value.ok_or(capture)?;
            Ok(Captured { value, is_time: name == "time", bits: bits(name), ends: ends(packet) })
        })
        .collect()
}

fn bits(field: &str) -> u32 {
    let known = known_fields::field(field).or_else(|| known_fields::capture(field));
    match known.map(|known| known.kind) {
        Some(FieldKind::Bits(bits)) => bits,
        _ => 0,
    }
}

fn ends(packet: &Packet<'_>) -> Option<(SocketAddr, SocketAddr)> {
    let (from, to) = packet.ports()?;
    Some((SocketAddr::new(packet.source()?, from), SocketAddr::new(packet.destination()?, to)))
}

fn tcp_option(tcp: &Tcp, read: fn(&TcpOption<'_>) -> Option<u64>) -> Option<u64> {
    tcp.options.iter().filter_map(Result::ok).find_map(|option| read(&option))
}
