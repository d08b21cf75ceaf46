//! TCP segments, streams and options.

use super::packet::Ports;
use crate::script::{Span, Spanned};
use crate::wire::TcpFlags;

/// A TCP segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSpec {
    /// Ports, if written.
    pub ports: Option<Ports>,
    /// Control bits, without those of the ACE digit.
    pub flags: TcpFlags,
    /// The ACE digit (RFC 9768), if written.
    pub ace: Option<u8>,
    /// Sequence numbers.
    pub sequence: SequenceSpec,
    /// Acknowledgment number, 0 if not written.
    pub ack: Option<Spanned<u32>>,
    /// Window; not compared if not written.
    pub window: Option<Spanned<u16>>,
    /// Urgent pointer, 0 if not written.
    pub urgent: Option<Spanned<u16>>,
    /// Options.
    pub options: TcpOptionsSpec,
    /// `/udp(a > b)` (FreeBSD dialect): TCP over UDP with these ports.
    pub udp_encapsulation: Option<Ports>,
}

/// `start:end(length)`.
#[derive(Clone, Copy, Debug)]
pub struct SequenceSpec {
    /// The text.
    pub span: Span,
    /// First sequence number, relative to the script's ISN.
    pub start: u32,
    /// Payload length in octets.
    pub length: u16,
    /// `!` (FreeBSD dialect): the number goes on the wire as it stands.
    pub absolute: bool,
    /// `...` instead of numbers (FreeBSD dialect): not compared; only expected.
    pub ignored: bool,
}

impl PartialEq for SequenceSpec {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.length, self.absolute, self.ignored)
            == (other.start, other.length, other.absolute, other.ignored)
    }
}

impl Eq for SequenceSpec {}

/// `stream start:end(length) ack n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// Sequence numbers of the octets.
    pub sequence: SequenceSpec,
    /// Acknowledgment number; not compared if not written.
    pub ack: Option<Spanned<u32>>,
    /// Whether the last octet is followed by FIN: `stream F 1:11(10)`.
    pub fin: bool,
}

/// What a script says of a segment's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOptionsSpec {
    /// `<a,b>`, or nothing: these, in this order, and no others.
    Exactly(Vec<Spanned<TcpOptionSpec>>),
    /// `<...>`: not compared; only expected.
    Any,
    /// `<a,b,...>` (ours): these in any order, and any others; only expected.
    AtLeast(Vec<Spanned<TcpOptionSpec>>),
    /// `<0x0101...>` (FreeBSD dialect): these octets.
    Raw(Vec<u8>),
}

/// One TCP option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOptionSpec {
    /// `nop`.
    Nop,
    /// `eol`.
    Eol,
    /// `mss N`; `mss ...` (ours) for any value, only expected.
    Mss(Option<u16>),
    /// `wscale N`; `wscale ...` (ours) for any value, only expected.
    WindowScale(Option<u8>),
    /// `sackOK`.
    SackPermitted,
    /// `sack l:r l:r`.
    Sack(Vec<(u32, u32)>),
    /// `TS val V ecr E`.
    Timestamps {
        /// None for `val ...`: not compared.
        value: Option<u32>,
        /// None for `ecr ...`: not compared.
        echo_reply: Option<u32>,
        /// `ecr N!`: the number goes on the wire as it stands.
        echo_reply_absolute: bool,
    },
    /// `md5 DIGEST`; None for `md5 valid` (FreeBSD dialect), which computes the digest.
    Md5(Option<Vec<u8>>),
    /// `FO COOKIE`, kind 34 (RFC 7413).
    FastOpen(Vec<u8>),
    /// `FOEXP COOKIE`: kind 254 with magic 0xF989.
    FastOpenExperimental(Vec<u8>),
    /// `ECN e0b N ceb N e1b N`, kinds 172 and 174 (RFC 9768 section 3.2.3).
    AccEcn {
        /// Which of the two kinds.
        order: AccEcnOrder,
        /// Counters in the order written, which is the kind's own, 24 bits each; later ones may be left out.
        fields: Vec<(AccEcnField, u32)>,
        /// Kind 254 with its ExID (FreeBSD dialect).
        experimental: bool,
    },
    /// `gen-KIND 0x...` (FreeBSD dialect): any kind with data.
    Generic {
        /// Option kind.
        kind: u8,
        /// What follows the length octet; None for a kind without length octet.
        data: Option<Vec<u8>>,
    },
    /// `exp-EXID 0x...` (FreeBSD dialect): kind 254 with a 16-bit experiment identifier.
    Experimental {
        /// Experiment identifier (RFC 6994).
        exid: u16,
        /// What follows it.
        data: Vec<u8>,
    },
}

/// The two orders of the AccECN option's counters (RFC 9768 section 3.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccEcnOrder {
    /// AccECN0, kind 172: E0B, CEB, E1B.
    Zero,
    /// AccECN1, kind 174: E1B, CEB, E0B.
    One,
}

/// The counters of the AccECN option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccEcnField {
    /// ECT(0) octets.
    E0b,
    /// CE octets.
    Ceb,
    /// ECT(1) octets.
    E1b,
}
