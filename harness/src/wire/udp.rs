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
