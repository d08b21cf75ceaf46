//! TCP header (RFC 9293 section 3.1).

use super::{Field, TcpFlags, TcpOptions};

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

impl Tcp {
    /// Octets of a header without options.
    pub const MINIMUM_LENGTH: usize = 20;
    /// Where the checksum is, in octets from the start of the header.
    pub(super) const CHECKSUM_AT: usize = 16;

    /// A header with window 65535, no control bits, and all else zero, empty or computed.
    pub fn new(source_port: u16, destination_port: u16) -> Self {
        Tcp {
            source_port,
            destination_port,
            sequence: 0,
            acknowledgment: 0,
            data_offset: Field::Computed,
            reserved: 0,
            flags: TcpFlags::default(),
            window: 65535,
            checksum: Field::Computed,
            urgent_pointer: 0,
            options: TcpOptions::default(),
        }
    }

    /// Octets that emitting writes, options and their padding included.
    pub fn emitted_length(&self) -> usize {
        Tcp::MINIMUM_LENGTH + self.options.padded_length()
    }

    /// Sequence numbers that the segment takes with `payload` octets: SYN and FIN count one each (RFC 9293 section 3.4).
    pub fn sequence_length(&self, payload: usize) -> u32 {
        let syn = u32::from(self.flags.contains(TcpFlags::SYN));
        let fin = u32::from(self.flags.contains(TcpFlags::FIN));
        (payload as u32).wrapping_add(syn).wrapping_add(fin)
    }

    /// The data offset that emitting computes: words of 32 bits, 15 at most.
    pub(super) fn computed_data_offset(&self) -> u8 {
        (self.emitted_length() / 4).min(15) as u8
    }

    /// Appends the header. The checksum is 0 where it is computed: it covers what follows.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let source = self.source_port.to_be_bytes();
        let destination = self.destination_port.to_be_bytes();
        let sequence = self.sequence.to_be_bytes();
        let acknowledgment = self.acknowledgment.to_be_bytes();
        let bits = u16::from(self.data_offset.or(self.computed_data_offset()) & 0xf) << 12
            | u16::from(self.reserved & 0b111) << 9
            | self.flags.0 & 0x1ff;
        let bits = bits.to_be_bytes();
        let window = self.window.to_be_bytes();
        let checksum = self.checksum.or(0).to_be_bytes();
        let urgent = self.urgent_pointer.to_be_bytes();
        out.extend_from_slice(&[
            source[0],
            source[1],
            destination[0],
            destination[1],
            sequence[0],
            sequence[1],
            sequence[2],
            sequence[3],
            acknowledgment[0],
            acknowledgment[1],
            acknowledgment[2],
            acknowledgment[3],
            bits[0],
            bits[1],
            window[0],
            window[1],
            checksum[0],
            checksum[1],
            urgent[0],
            urgent[1],
        ]);
        if !self.options.is_empty() {
            self.options.write(out);
        }
    }

    /// Reads the 20 fixed octets and the octets of the options. Data offset and checksum come out as they stand, forced.
    #[inline]
    pub(super) fn read(fixed: &[u8; 20], options: &[u8]) -> Self {
        let bits = u16::from_be_bytes([fixed[12], fixed[13]]);
        Tcp {
            source_port: u16::from_be_bytes([fixed[0], fixed[1]]),
            destination_port: u16::from_be_bytes([fixed[2], fixed[3]]),
            sequence: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            acknowledgment: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            data_offset: Field::Forced((bits >> 12) as u8),
            reserved: (bits >> 9 & 0b111) as u8,
            flags: TcpFlags(bits & 0x1ff),
            window: u16::from_be_bytes([fixed[14], fixed[15]]),
            checksum: Field::Forced(u16::from_be_bytes([fixed[16], fixed[17]])),
            urgent_pointer: u16::from_be_bytes([fixed[18], fixed[19]]),
            options: TcpOptions::from_raw(options),
        }
    }
}
