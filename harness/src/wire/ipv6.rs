//! IPv6 header (RFC 8200 section 3).

use std::net::Ipv6Addr;

use super::Field;

/// An IPv6 header as a value (RFC 8200 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv6 {
    /// Version, 4 bits; computed as 6. Parsing takes nothing else for an IPv6 header.
    pub version: Field<u8>,
    /// Traffic class: DSCP in the upper six bits, ECN in the lower two.
    pub traffic_class: u8,
    /// Flow label, 20 bits.
    pub flow_label: u32,
    /// Payload length in octets, extension headers included.
    pub payload_length: Field<u16>,
    /// Number of what follows; computed from the next [`super::Header`].
    pub next_header: Field<u8>,
    /// Hop limit.
    pub hop_limit: u8,
    /// Source address.
    pub source: Ipv6Addr,
    /// Destination address.
    pub destination: Ipv6Addr,
}

impl Ipv6 {
    /// Octets of the header.
    pub const LENGTH: usize = 40;

    /// A header with hop limit 255, as packetdrill injects, and all else zero or computed.
    pub fn new(source: Ipv6Addr, destination: Ipv6Addr) -> Self {
        Ipv6 {
            version: Field::Computed,
            traffic_class: 0,
            flow_label: 0,
            payload_length: Field::Computed,
            next_header: Field::Computed,
            hop_limit: 255,
            source,
            destination,
        }
    }

    /// The ECN field, lower two bits of the traffic class (RFC 3168 section 5).
    pub fn ecn(&self) -> u8 {
        self.traffic_class & 0b11
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, payload_length: u16, next_header: u8) {
        let first =
            u32::from(self.version.or(6)) << 28 | u32::from(self.traffic_class) << 20 | self.flow_label & 0xf_ffff;
        let first = first.to_be_bytes();
        let payload_length = self.payload_length.or(payload_length).to_be_bytes();
        let mut octets = [0; Ipv6::LENGTH];
        octets[..4].copy_from_slice(&first);
        octets[4..6].copy_from_slice(&payload_length);
        octets[6] = self.next_header.or(next_header);
        octets[7] = self.hop_limit;
        octets[8..24].copy_from_slice(&self.source.octets());
        octets[24..].copy_from_slice(&self.destination.octets());
        out.extend_from_slice(&octets);
    }

    /// Reads the header. Payload length and next header come out as they stand, forced.
    #[inline]
    pub(super) fn read(octets: &[u8; 40]) -> Self {
        let first = u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]]);
        Ipv6 {
            version: Field::Computed,
            traffic_class: (first >> 20) as u8,
            flow_label: first & 0xf_ffff,
            payload_length: Field::Forced(u16::from_be_bytes([octets[4], octets[5]])),
            next_header: Field::Forced(octets[6]),
            hop_limit: octets[7],
            source: address(&octets[8..24]),
            destination: address(&octets[24..]),
        }
    }
}

/// The address in the first 16 of `octets`; missing octets count as 0.
pub(super) fn address(octets: &[u8]) -> Ipv6Addr {
    let octets = octets.first_chunk::<16>().copied().unwrap_or_default();
    Ipv6Addr::from(octets)
}
