//! GRE header (RFC 2784, RFC 2890).

use super::Field;

/// A GRE header as a value (RFC 2784 section 2.1, RFC 2890 section 2).
///
/// Flag bits decide which optional fields are emitted; the values are kept even where not emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gre {
    /// The first 16 bits: C, K, S, reserved and version.
    pub flags: u16,
    /// Protocol type, an EtherType; computed from the next [`super::Header`].
    pub protocol: Field<u16>,
    /// Checksum, present where C or R is set. Written as given: packetdrill scripts state it.
    pub checksum: u16,
    /// Reserved1 (RFC 2784) or offset (RFC 1701), present where C or R is set.
    pub offset: u16,
    /// Key, present where K is set.
    pub key: u32,
    /// Sequence number, present where S is set.
    pub sequence: u32,
}
