//! IPv6 extension headers (RFC 8200 section 4).

use std::net::Ipv6Addr;

use super::ipv6::address;
use super::option_walk::MalformedOption;
use super::{Field, protocol};

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

/// One option of a hop-by-hop or destination options header (RFC 8200 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6Option<'a> {
    /// Option type: 0 is Pad1, 1 is PadN; the upper two bits say what to do if it is not recognized.
    pub kind: u8,
    /// Option data; nothing for Pad1.
    pub data: &'a [u8],
}

impl Ipv6Extension {
    /// Octets of the shortest extension header.
    pub const MINIMUM_LENGTH: usize = 8;

    /// A header of this kind with computed length and next header.
    pub fn new(kind: u8, body: Vec<u8>) -> Self {
        Ipv6Extension { kind, next_header: Field::Computed, length: Field::Computed, body }
    }

    /// Octets that emitting writes, padding included.
    pub fn emitted_length(&self) -> usize {
        (self.body.len() + 2).next_multiple_of(8)
    }

    /// The options of a hop-by-hop or destination options header, in order; a malformed one is the last. Offsets are
    /// from the start of the body.
    pub fn options(&self) -> impl Iterator<Item = Result<Ipv6Option<'_>, MalformedOption>> {
        Ipv6OptionWalk { area: &self.body, offset: 0 }
    }

    /// The last address of a routing header with segments left: where the packet is to end (RFC 8200 section 4.4,
    /// RFC 6275 section 6.4, RFC 8754 section 2).
    pub(super) fn final_destination(&self) -> Option<Ipv6Addr> {
        let [kind, segments_left, _, _, _, _, addresses @ ..] = &self.body[..] else { return None };
        if self.kind != protocol::ROUTING || *segments_left == 0 || addresses.len() < 16 {
            return None;
        }
        match kind {
            // The addresses are in the order of the visits.
            0 | 2 => Some(address(addresses.rchunks_exact(16).next()?)),
            // The segment list is in reverse order of the visits.
            4 => Some(address(addresses)),
            _ => None,
        }
    }

    /// The Hdr Ext Len that emitting computes.
    pub(super) fn computed_length(&self) -> u8 {
        (self.emitted_length() / 8 - 1).min(255) as u8
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, next_header: u8) {
        let end = out.len() + self.emitted_length();
        out.extend_from_slice(&[self.next_header.or(next_header), self.length.or(self.computed_length())]);
        out.extend_from_slice(&self.body);
        out.resize(end, 0);
    }
}

impl Ipv6Fragment {
    /// Octets of the header.
    pub const LENGTH: usize = 8;

    /// A header with an offset in units of 8 octets.
    pub fn new(identification: u32, fragment_offset: u16, more_fragments: bool) -> Self {
        Ipv6Fragment {
            next_header: Field::Computed,
            reserved: 0,
            fragment_offset,
            reserved_bits: 0,
            more_fragments,
            identification,
        }
    }

    /// Whether something is missing: not an atomic fragment (RFC 6946 section 2).
    pub fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, next_header: u8) {
        let bits = (self.fragment_offset & 0x1fff) << 3
            | u16::from(self.reserved_bits & 0b11) << 1
            | u16::from(self.more_fragments);
        out.extend_from_slice(&[self.next_header.or(next_header), self.reserved]);
        out.extend_from_slice(&bits.to_be_bytes());
        out.extend_from_slice(&self.identification.to_be_bytes());
    }

    /// Reads the header. The next header comes out as it stands, forced.
    pub(super) fn read(octets: &[u8; 8]) -> Self {
        let bits = u16::from_be_bytes([octets[2], octets[3]]);
        Ipv6Fragment {
            next_header: Field::Forced(octets[0]),
            reserved: octets[1],
            fragment_offset: bits >> 3,
            reserved_bits: (bits >> 1 & 0b11) as u8,
            more_fragments: bits & 1 != 0,
            identification: u32::from_be_bytes([octets[4], octets[5], octets[6], octets[7]]),
        }
    }
}

/// Walks type-length-value options: Pad1 is a single octet, all others have a length that does not count the first
/// two octets.
struct Ipv6OptionWalk<'a> {
    area: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Ipv6OptionWalk<'a> {
    type Item = Result<Ipv6Option<'a>, MalformedOption>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.offset;
        match *self.area.get(offset..)? {
            [] => None,
            [0, ..] => {
                self.offset += 1;
                Some(Ok(Ipv6Option { kind: 0, data: &[] }))
            }
            [kind, length, ref after @ ..] if usize::from(length) <= after.len() => {
                self.offset += 2 + usize::from(length);
                Some(Ok(Ipv6Option { kind, data: &after[..usize::from(length)] }))
            }
            [kind, ref after @ ..] => {
                self.area = &[];
                Some(Err(MalformedOption { offset, kind, length: after.first().copied().unwrap_or(0) }))
            }
        }
    }
}
