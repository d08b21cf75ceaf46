//! One datagram as the monitor sees it.

use std::net::IpAddr;

use super::Sender;
use crate::wire::{Defect, DefectKind, Header, Packet, Parsed, PseudoHeader, Udp, protocol};

/// A datagram and what may be concluded from it.
pub(super) struct Datagram<'a> {
    parsed: &'a Parsed<'a>,
    pub(super) sender: Sender,
    pub(super) validity: Validity,
    /// Octets that were not captured, at the end.
    pub(super) missing: usize,
    /// It was put together from overlapping fragments, which every receiver may read in its own way.
    pub(super) is_ambiguous: bool,
    /// It came in fragments.
    pub(super) is_fragmented: bool,
}

/// Whether a receiver takes a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validity {
    /// Nothing speaks against it.
    Valid,
    /// Its transport checksum is one that a network interface was to finish, or not all of it was captured.
    Unfinished,
    /// A checksum is wrong.
    Checksum,
    /// Its IP header cannot be used.
    Unreadable,
    /// Its transport header cannot be used.
    Malformed,
}

impl<'a> Datagram<'a> {
    /// A datagram of which `missing` octets at the end were not captured. With `offload`, a network interface may be about to
    /// finish it.
    pub(super) fn new(parsed: &'a Parsed<'a>, missing: usize, sender: Sender, offload: bool) -> Self {
        let mut datagram =
            Datagram { parsed, sender, validity: Validity::Valid, missing, is_ambiguous: false, is_fragmented: false };
        datagram.validity = datagram.judge(offload);
        datagram
    }

    pub(super) fn packet(&self) -> &Packet<'a> {
        &self.parsed.packet
    }

    pub(super) fn defects(&self) -> &[Defect] {
        &self.parsed.defects
    }

    /// Octets that the innermost header carries, also those that were not captured.
    pub(super) fn payload_length(&self) -> usize {
        self.parsed.packet.payload.len() + self.missing
    }

    pub(super) fn source(&self) -> Option<IpAddr> {
        self.parsed.packet.source()
    }

    pub(super) fn destination(&self) -> Option<IpAddr> {
        self.parsed.packet.destination()
    }

    fn judge(&self, offload: bool) -> Validity {
        if self.packet().ip().is_none() {
            return Validity::Unreadable;
        }
        let mut validity = Validity::Valid;
        for defect in self.defects() {
            let worse = match &defect.kind {
                // What was cut off by the capture makes lengths and checksums wrong.
                _ if self.missing > 0 => Validity::Unfinished,
                DefectKind::Version(_) | DefectKind::OtherVersion { .. } => Validity::Unreadable,
                DefectKind::Checksum { protocol: "IPv4 header", .. } => Validity::Unreadable,
                DefectKind::Length { field: "IHL in octets" | "payload length", .. } => Validity::Unreadable,
                // The length of what a network interface was to cut into segments does not fit into the field.
                DefectKind::Length { field: "total length", actual: 0, .. } if offload => Validity::Unfinished,
                DefectKind::Length { field: "total length", .. } => Validity::Unreadable,
                DefectKind::Length { field: "UDP length", actual, expected } if actual < expected && *actual >= 8 => {
                    Validity::Valid
                }
                DefectKind::Truncated { .. } | DefectKind::Length { .. } => Validity::Malformed,
                DefectKind::Checksum { actual, .. } if offload && self.is_unfinished(*actual) => Validity::Unfinished,
                DefectKind::Checksum { .. } => Validity::Checksum,
                DefectKind::Option { .. } | DefectKind::Reserved(_) => Validity::Valid,
            };
            if rank(worse) > rank(validity) {
                validity = worse;
            }
        }
        validity
    }

    /// Whether a transport checksum is the sum of the pseudo-header alone, to be finished by a network interface.
    fn is_unfinished(&self, actual: u16) -> bool {
        let (Some(source), Some(destination)) = (self.source(), self.destination()) else { return false };
        let (number, length) = match self.packet().headers.last() {
            Some(Header::Tcp(tcp)) => (protocol::TCP, tcp.emitted_length() + self.payload_length()),
            Some(Header::Udp(_)) => (protocol::UDP, Udp::LENGTH + self.payload_length()),
            _ => return false,
        };
        let sum = |length| PseudoHeader::new(source, destination, number, length).map(|h| h.start().sum());
        // Large ones are summed without their length.
        sum(length) == Some(actual) || sum(0) == Some(actual)
    }

    /// Octets of the options of the innermost IP header and its extension headers.
    pub(super) fn ip_options(&self) -> usize {
        self.packet()
            .headers
            .iter()
            .map(|header| match header {
                Header::Ipv4(ip) => ip.options.len(),
                Header::Ipv6Extension(extension) => extension.emitted_length(),
                _ => 0,
            })
            .sum()
    }
}

fn rank(validity: Validity) -> u8 {
    match validity {
        Validity::Valid => 0,
        Validity::Unfinished => 1,
        Validity::Checksum => 2,
        Validity::Malformed => 3,
        Validity::Unreadable => 4,
    }
}
