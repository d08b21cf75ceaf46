//! TCP options (RFC 9293 section 3.2 and the RFCs named at each).

use smallvec::SmallVec;

/// The option area of a TCP header, kept as its raw octets so that nothing malformed is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions(pub(super) SmallVec<[u8; 40]>);

/// One TCP option, borrowed from the option area. Numbers are in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption<'a> {
    /// End of option list, kind 0 (RFC 9293 section 3.2).
    End,
    /// No operation, kind 1 (RFC 9293 section 3.2).
    NoOperation,
    /// Maximum segment size in octets, kind 2 (RFC 9293 section 3.7.1).
    MaximumSegmentSize(u16),
    /// Window scale shift count, kind 3 (RFC 7323 section 2.2).
    WindowScale(u8),
    /// SACK permitted, kind 4 (RFC 2018 section 2).
    SackPermitted,
    /// SACK, kind 5 (RFC 2018 section 3): the blocks as raw octets, a multiple of 8.
    Sack(&'a [u8]),
    /// Timestamps, kind 8 (RFC 7323 section 3.2).
    Timestamps {
        /// TSval.
        value: u32,
        /// TSecr.
        echo_reply: u32,
    },
    /// Any other kind, or a known kind with a length that is not its own.
    Other {
        /// Option kind.
        kind: u8,
        /// What follows the length octet.
        data: &'a [u8],
    },
}
