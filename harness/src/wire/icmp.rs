//! ICMP (RFC 792) and ICMPv6 (RFC 4443) headers.

use super::Field;

/// An ICMP header as a value (RFC 792). What follows the 8 octets is the packet's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmpv4 {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Checksum over the ICMP message.
    pub checksum: Field<u16>,
    /// Octets 4 to 7: identifier and sequence number, gateway address, next-hop MTU, or unused.
    pub rest: [u8; 4],
}

/// An ICMPv6 header as a value (RFC 4443 section 2.1). What follows the 8 octets is the packet's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icmpv6 {
    /// Type.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// Checksum over pseudo-header and ICMPv6 message.
    pub checksum: Field<u16>,
    /// Octets 4 to 7: identifier and sequence number, MTU, pointer, or unused.
    pub rest: [u8; 4],
}
