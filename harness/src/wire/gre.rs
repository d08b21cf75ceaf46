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

impl Gre {
    /// Octets of a header without optional fields.
    pub const MINIMUM_LENGTH: usize = 4;
    /// C: checksum present (RFC 2784 section 2.2).
    pub const CHECKSUM_PRESENT: u16 = 0x8000;
    /// R: routing present (RFC 1701).
    pub const ROUTING_PRESENT: u16 = 0x4000;
    /// K: key present (RFC 2890 section 2).
    pub const KEY_PRESENT: u16 = 0x2000;
    /// S: sequence number present (RFC 2890 section 2).
    pub const SEQUENCE_PRESENT: u16 = 0x1000;
    /// Version number, which must be zero (RFC 2784 section 2.3.1).
    pub const VERSION: u16 = 0x0007;

    /// A header without optional fields.
    pub fn new() -> Self {
        Gre { flags: 0, protocol: Field::Computed, checksum: 0, offset: 0, key: 0, sequence: 0 }
    }

    /// Octets that emitting writes: 4, and 4 for each optional field that the flags announce.
    pub fn emitted_length(&self) -> usize {
        Gre::length(self.flags)
    }

    /// Octets of a header with these flags.
    pub(super) fn length(flags: u16) -> usize {
        let fields = [Gre::CHECKSUM_PRESENT | Gre::ROUTING_PRESENT, Gre::KEY_PRESENT, Gre::SEQUENCE_PRESENT];
        Gre::MINIMUM_LENGTH + 4 * fields.into_iter().filter(|bits| flags & bits != 0).count()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, protocol: u16) {
        out.extend_from_slice(&self.flags.to_be_bytes());
        out.extend_from_slice(&self.protocol.or(protocol).to_be_bytes());
        if self.flags & (Gre::CHECKSUM_PRESENT | Gre::ROUTING_PRESENT) != 0 {
            out.extend_from_slice(&self.checksum.to_be_bytes());
            out.extend_from_slice(&self.offset.to_be_bytes());
        }
        if self.flags & Gre::KEY_PRESENT != 0 {
            out.extend_from_slice(&self.key.to_be_bytes());
        }
        if self.flags & Gre::SEQUENCE_PRESENT != 0 {
            out.extend_from_slice(&self.sequence.to_be_bytes());
        }
    }

    /// Reads a header; `None` if `octets` are fewer than the flags announce. The protocol comes out forced.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (fixed, optional) = octets.split_first_chunk::<4>()?;
        let flags = u16::from_be_bytes([fixed[0], fixed[1]]);
        let protocol = Field::Forced(u16::from_be_bytes([fixed[2], fixed[3]]));
        let mut gre = Gre { flags, protocol, ..Gre::new() };
        let (words, _) = optional.as_chunks::<4>();
        let mut words = words.iter();
        if flags & (Gre::CHECKSUM_PRESENT | Gre::ROUTING_PRESENT) != 0 {
            let word = words.next()?;
            gre.checksum = u16::from_be_bytes([word[0], word[1]]);
            gre.offset = u16::from_be_bytes([word[2], word[3]]);
        }
        if flags & Gre::KEY_PRESENT != 0 {
            gre.key = u32::from_be_bytes(*words.next()?);
        }
        if flags & Gre::SEQUENCE_PRESENT != 0 {
            gre.sequence = u32::from_be_bytes(*words.next()?);
        }
        Some(gre)
    }
}

impl Default for Gre {
    fn default() -> Self {
        Gre::new()
    }
}
