//! UDP header (RFC 768).

use super::Field;

/// A UDP header as a value (RFC 768, Format).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Udp {
    /// Source port, 0 if none is given.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Length in octets, header included.
    pub length: Field<u16>,
    /// Checksum over pseudo-header, header and payload; 0 means none over IPv4, and a computed 0 is sent as 0xffff.
    pub checksum: Field<u16>,
}

impl Udp {
    /// Octets of the header.
    pub const LENGTH: usize = 8;
    /// Where the checksum is, in octets from the start of the header.
    pub(super) const CHECKSUM_AT: usize = 6;

    /// A header with computed length and checksum.
    pub fn new(source_port: u16, destination_port: u16) -> Self {
        Udp { source_port, destination_port, length: Field::Computed, checksum: Field::Computed }
    }

    /// Appends the header. The checksum is 0 where it is computed: it covers what follows.
    pub(super) fn write(&self, out: &mut Vec<u8>, length: u16) {
        let source = self.source_port.to_be_bytes();
        let destination = self.destination_port.to_be_bytes();
        let length = self.length.or(length).to_be_bytes();
        let checksum = self.checksum.or(0).to_be_bytes();
        out.extend_from_slice(&[
            source[0],
            source[1],
            destination[0],
            destination[1],
            length[0],
            length[1],
            checksum[0],
            checksum[1],
        ]);
    }

    /// Reads the header. Length and checksum come out as they stand, forced.
    #[inline]
    pub(super) fn read(octets: &[u8; 8]) -> Self {
        Udp {
            source_port: u16::from_be_bytes([octets[0], octets[1]]),
            destination_port: u16::from_be_bytes([octets[2], octets[3]]),
            length: Field::Forced(u16::from_be_bytes([octets[4], octets[5]])),
            checksum: Field::Forced(u16::from_be_bytes([octets[6], octets[7]])),
        }
    }
}
