//! MPLS label stack entry (RFC 3032 section 2.1).

/// One label stack entry; a stack is several headers, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MplsEntry {
    /// Label, 20 bits.
    pub label: u32,
    /// Traffic class, 3 bits (RFC 5462).
    pub traffic_class: u8,
    /// The S bit.
    pub bottom_of_stack: bool,
    /// Time to live.
    pub ttl: u8,
}

impl MplsEntry {
    /// Octets of an entry.
    pub const LENGTH: usize = 4;

    /// An entry at the bottom of the stack with traffic class 0 and TTL 255.
    pub fn new(label: u32) -> Self {
        MplsEntry { label, traffic_class: 0, bottom_of_stack: true, ttl: 255 }
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let bits = (self.label & 0xf_ffff) << 12
            | u32::from(self.traffic_class & 0b111) << 9
            | u32::from(self.bottom_of_stack) << 8
            | u32::from(self.ttl);
        out.extend_from_slice(&bits.to_be_bytes());
    }

    pub(super) fn read(octets: &[u8; 4]) -> Self {
        let bits = u32::from_be_bytes(*octets);
        MplsEntry {
            label: bits >> 12,
            traffic_class: (bits >> 9 & 0b111) as u8,
            bottom_of_stack: bits & 0x100 != 0,
            ttl: bits as u8,
        }
    }
}
