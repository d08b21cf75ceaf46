//! IPv4 header (RFC 791 section 3.1).

use std::net::Ipv4Addr;

use super::{Field, Ipv4Options};

/// An IPv4 header as a value (RFC 791 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    /// Version, 4 bits; computed as 4. Parsing takes nothing else for an IPv4 header.
    pub version: Field<u8>,
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

impl Ipv4 {
    /// Octets of a header without options.
    pub const MINIMUM_LENGTH: usize = 20;
    /// Where the header checksum is, in octets from the start of the header.
    pub(super) const CHECKSUM_AT: usize = 10;

    /// A header with TTL 255, as packetdrill injects, and all else zero, empty or computed.
    pub fn new(source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        Ipv4 {
            version: Field::Computed,
            tos: 0,
            header_length: Field::Computed,
            total_length: Field::Computed,
            identification: 0,
            reserved_flag: false,
            dont_fragment: false,
            more_fragments: false,
            fragment_offset: 0,
            ttl: 255,
            protocol: Field::Computed,
            checksum: Field::Computed,
            source,
            destination,
            options: Ipv4Options::default(),
        }
    }

    /// Octets that emitting writes, options and their padding included.
    pub fn emitted_length(&self) -> usize {
        Ipv4::MINIMUM_LENGTH + self.options.padded_length()
    }

    /// Whether the datagram is a fragment: MF set or offset not 0 (RFC 791 section 3.2).
    pub fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }

    /// The ECN field, lower two bits of TOS (RFC 3168 section 5).
    pub fn ecn(&self) -> u8 {
        self.tos & 0b11
    }

    /// The IHL that emitting computes: words of 32 bits, 15 at most.
    pub(super) fn computed_header_length(&self) -> u8 {
        (self.emitted_length() / 4).min(15) as u8
    }

    /// Octets the header checksum covers, as a receiver sees them: what IHL says where that is possible in a
    /// datagram of `available` octets.
    pub(super) fn checksum_coverage(&self, available: usize) -> usize {
        let claimed = usize::from(self.header_length.or(self.computed_header_length()) & 0xf) * 4;
        if (Ipv4::MINIMUM_LENGTH..=available).contains(&claimed) { claimed } else { self.emitted_length() }
    }

    /// Appends the header. The checksum is 0 where it is computed: it may cover what follows.
    pub(super) fn write(&self, out: &mut Vec<u8>, total_length: u16, protocol: u8) {
        let total_length = self.total_length.or(total_length).to_be_bytes();
        let identification = self.identification.to_be_bytes();
        let flags = u16::from(self.reserved_flag) << 15
            | u16::from(self.dont_fragment) << 14
            | u16::from(self.more_fragments) << 13
            | self.fragment_offset & 0x1fff;
        let flags = flags.to_be_bytes();
        let checksum = self.checksum.or(0).to_be_bytes();
        let source = self.source.octets();
        let destination = self.destination.octets();
        out.extend_from_slice(&[
            self.version.or(4) << 4 | self.header_length.or(self.computed_header_length()) & 0xf,
            self.tos,
            total_length[0],
            total_length[1],
            identification[0],
            identification[1],
            flags[0],
            flags[1],
            self.ttl,
            self.protocol.or(protocol),
            checksum[0],
            checksum[1],
            source[0],
            source[1],
            source[2],
            source[3],
            destination[0],
            destination[1],
            destination[2],
            destination[3],
        ]);
        if !self.options.is_empty() {
            self.options.write(out);
        }
    }

    /// Reads the 20 fixed octets and the octets of the options. IHL, total length, protocol and checksum come out as they stand, forced.
    #[inline]
    pub(super) fn read(fixed: &[u8; 20], options: &[u8]) -> Self {
        let flags = u16::from_be_bytes([fixed[6], fixed[7]]);
        Ipv4 {
            version: Field::Computed,
            tos: fixed[1],
            header_length: Field::Forced(fixed[0] & 0xf),
            total_length: Field::Forced(u16::from_be_bytes([fixed[2], fixed[3]])),
            identification: u16::from_be_bytes([fixed[4], fixed[5]]),
            reserved_flag: flags & 0x8000 != 0,
            dont_fragment: flags & 0x4000 != 0,
            more_fragments: flags & 0x2000 != 0,
            fragment_offset: flags & 0x1fff,
            ttl: fixed[8],
            protocol: Field::Forced(fixed[9]),
            checksum: Field::Forced(u16::from_be_bytes([fixed[10], fixed[11]])),
            source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
            destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]),
            options: Ipv4Options::from_raw(options),
        }
    }
}
