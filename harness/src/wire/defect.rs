//! What is wrong with a packet, and where.

/// One thing wrong with a packet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("octet {octet}: {kind}")]
pub struct Defect {
    /// Octet from the start of the datagram at which it is seen.
    pub octet: usize,
    /// What it is.
    pub kind: DefectKind,
}

/// What can be wrong with a packet's form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DefectKind {
    /// The datagram ends before the named header or field does.
    #[error("{what} needs {needed} octets, {present} are left")]
    Truncated {
        /// The header or field.
        what: &'static str,
        /// Octets it needs.
        needed: usize,
        /// Octets that are there.
        present: usize,
    },
    /// The first four bits are neither 4 nor 6.
    #[error("IP version {0} is neither 4 nor 6")]
    Version(u8),
    /// An IP header of one version is announced, the first four bits say another.
    #[error("IP version is {actual}, {expected} was announced")]
    OtherVersion {
        /// The version in the packet.
        actual: u8,
        /// The version that the header before announces.
        expected: u8,
    },
    /// A length field disagrees with what is there.
    #[error("{field} is {actual}, {expected} octets are there")]
    Length {
        /// The field.
        field: &'static str,
        /// Its value, in octets.
        actual: usize,
        /// What would be right, in octets.
        expected: usize,
    },
    /// A checksum is wrong.
    #[error("{protocol} checksum is {actual:#06x}, should be {expected:#06x}")]
    Checksum {
        /// Whose checksum.
        protocol: &'static str,
        /// The value in the packet.
        actual: u16,
        /// The right value.
        expected: u16,
    },
    /// An option is malformed, or has a length that its kind does not have.
    #[error("{protocol} option of kind {kind} has length {length}")]
    Option {
        /// Whose option.
        protocol: &'static str,
        /// Option kind.
        kind: u8,
        /// Its length octet, or 0 if there is none.
        length: u8,
    },
    /// Bits that must be zero are not.
    #[error("reserved bits of {0} are set")]
    Reserved(&'static str),
}
