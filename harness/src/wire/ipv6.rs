//! IPv6 header and extension headers (RFC 8200 sections 3 and 4).

use std::net::Ipv6Addr;

use super::Field;

/// An IPv6 header as a value (RFC 8200 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv6 {
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

/// A hop-by-hop, routing or destination options header (RFC 8200 sections 4.3, 4.4, 4.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv6Extension {
    /// Which header this is: the number that the header before it carries.
    pub kind: u8,
    /// Number of what follows.
    pub next_header: Field<u8>,
    /// Hdr Ext Len: length in units of 8 octets, not counting the first 8.
    pub length: Field<u8>,
    /// Everything after the first two octets; emitting pads with zeros to a multiple of 8 octets.
    pub body: Vec<u8>,
}

/// A fragment header (RFC 8200 section 4.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv6Fragment {
    /// Number of the first header of the fragmentable part.
    pub next_header: Field<u8>,
    /// Eight reserved bits.
    pub reserved: u8,
    /// Fragment offset in units of 8 octets, 13 bits.
    pub fragment_offset: u16,
    /// Two reserved bits.
    pub reserved_bits: u8,
    /// The M flag.
    pub more_fragments: bool,
    /// Identification, for reassembly.
    pub identification: u32,
}
