//! What a comparison of packets works with, and what it finds.

use super::connection::Connection;
use super::outcome::Difference;
use super::settings::Settings;
use crate::trace::Trace;
use crate::wire::{Header, Packet};

/// What came: one packet, or several that make up one segment of the script.
pub(super) struct Actual<'a> {
    /// The last packet; its headers stand for all.
    pub packet: &'a Packet<'a>,
    /// Sequence number and CWR bit of the first packet.
    pub first: Option<(u32, bool)>,
    /// Payload of each packet, in order.
    pub payload: &'a [&'a [u8]],
}

/// What the comparison needs to know of the run.
pub(super) struct Context<'a> {
    pub connection: &'a Connection,
    pub settings: &'a Settings,
    /// Microseconds from the script's start to the event, for the tolerance of timestamp values.
    pub elapsed: i64,
    /// What the tester has sent.
    pub trace: &'a Trace,
}

pub(super) struct Differences(pub Vec<Difference>);

impl Differences {
    pub(super) fn push(&mut self, field: &str, expected: String, actual: String) {
        self.0.push(Difference { field: field.to_owned(), expected, actual });
    }

    pub(super) fn number<T: PartialEq + ToString>(&mut self, field: &str, expected: T, actual: T) {
        if expected != actual {
            self.push(field, expected.to_string(), actual.to_string());
        }
    }

    pub(super) fn header(&mut self, expected: &str, packet: &Packet<'_>) {
        let actual = packet.headers.last().map_or("none", header_name);
        self.push("header", expected.to_owned(), actual.to_owned());
    }
}

pub(super) fn header_name(header: &Header) -> &'static str {
    match header {
        Header::Ipv4(_) => "IPv4",
        Header::Ipv6(_) => "IPv6",
        Header::Ipv6Extension(_) => "IPv6 extension",
        Header::Ipv6Fragment(_) => "IPv6 fragment",
        Header::Gre(_) => "GRE",
        Header::Mpls(_) => "MPLS",
        Header::Udp(_) => "UDP",
        Header::Tcp(_) => "TCP",
        Header::Icmpv4(_) => "ICMP",
        Header::Icmpv6(_) => "ICMPv6",
    }
}
