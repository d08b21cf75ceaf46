//! IPv4 header (RFC 791 section 3.1).

use std::net::Ipv4Addr;

use smallvec::SmallVec;

use super::Field;

/// An IPv4 header as a value (RFC 791 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    /// Type of service: DSCP in the upper six bits (RFC 2474), ECN in the lower two (RFC 3168).
    pub tos: u8,
    /// IHL, in 32-bit words.
    pub header_length: Field<u8>,
    /// Total length in octets, header included.
    pub total_length: Field<u16>,
    /// Identification, for reassembly.
    pub identification: u16,
    /// The reserved flag, bit 0, which must be zero.
    pub reserved_flag: bool,
    /// DF.
    pub dont_fragment: bool,
    /// MF.
    pub more_fragments: bool,
    /// Fragment offset in units of 8 octets, 13 bits.
    pub fragment_offset: u16,
    /// Time to live.
    pub ttl: u8,
    /// Protocol of what follows; computed from the next [`super::Header`].
    pub protocol: Field<u8>,
    /// Header checksum.
    pub checksum: Field<u16>,
    /// Source address.
    pub source: Ipv4Addr,
    /// Destination address.
    pub destination: Ipv4Addr,
    /// Options, padded by emitting to a multiple of 4 octets with zeros.
    pub options: Ipv4Options,
}

/// The option area of an IPv4 header, kept as its raw octets so that nothing malformed is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ipv4Options(pub(super) SmallVec<[u8; 8]>);

/// One IPv4 option (RFC 791 section 3.1, RFC 2113).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv4Option<'a> {
    /// End of option list, kind 0.
    End,
    /// No operation, kind 1.
    NoOperation,
    /// Any other kind with its data, without the kind and length octets.
    Other {
        /// The option type octet: copied flag, class, number.
        kind: u8,
        /// What follows the length octet.
        data: &'a [u8],
    },
}
