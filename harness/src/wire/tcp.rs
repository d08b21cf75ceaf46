//! TCP header (RFC 9293 section 3.1).

use super::{Field, TcpOptions};

/// A TCP header as a value (RFC 9293 section 3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Sequence number of the first octet, or of SYN.
    pub sequence: u32,
    /// Acknowledgment number, sent even where ACK is not set.
    pub acknowledgment: u32,
    /// Data offset, in 32-bit words.
    pub data_offset: Field<u8>,
    /// The three reserved bits (the fourth is AE, RFC 9768).
    pub reserved: u8,
    /// Control bits.
    pub flags: TcpFlags,
    /// Window as on the wire, unscaled.
    pub window: u16,
    /// Checksum over pseudo-header, header and payload.
    pub checksum: Field<u16>,
    /// Urgent pointer, sent even where URG is not set.
    pub urgent_pointer: u16,
    /// Options, padded by emitting to a multiple of 4 octets with zeros.
    pub options: TcpOptions,
}

/// TCP control bits: the low octet of RFC 9293 section 3.1, and AE (RFC 9768) above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// No more data from sender.
    pub const FIN: TcpFlags = TcpFlags(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: TcpFlags = TcpFlags(0x02);
    /// Reset the connection.
    pub const RST: TcpFlags = TcpFlags(0x04);
    /// Push function.
    pub const PSH: TcpFlags = TcpFlags(0x08);
    /// Acknowledgment field is significant.
    pub const ACK: TcpFlags = TcpFlags(0x10);
    /// Urgent pointer field is significant.
    pub const URG: TcpFlags = TcpFlags(0x20);
    /// ECN-Echo (RFC 3168).
    pub const ECE: TcpFlags = TcpFlags(0x40);
    /// Congestion Window Reduced (RFC 3168).
    pub const CWR: TcpFlags = TcpFlags(0x80);
    /// Accurate ECN (RFC 9768), the former NS bit.
    pub const AE: TcpFlags = TcpFlags(0x100);

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: TcpFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    pub const fn with(self, other: TcpFlags) -> TcpFlags {
        TcpFlags(self.0 | other.0)
    }

    /// The bits of `self` that are not in `other`.
    pub const fn without(self, other: TcpFlags) -> TcpFlags {
        TcpFlags(self.0 & !other.0)
    }

    /// The AccECN counter made of AE, CWR and ECE, most significant first (RFC 9768 section 3.1).
    pub const fn ace(self) -> u8 {
        ((self.0 >> 6) & 0b111) as u8
    }
}
