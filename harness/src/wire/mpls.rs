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
