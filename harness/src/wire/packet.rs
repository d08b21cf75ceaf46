//! A whole datagram: headers, outermost first, and what they carry.

use smallvec::SmallVec;

use super::{Defect, Gre, Icmpv4, Icmpv6, Ipv4, Ipv6, Ipv6Extension, Ipv6Fragment, MplsEntry, Tcp, Udp};

/// A datagram as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Headers, outermost first.
    pub headers: SmallVec<[Header; 3]>,
    /// What the innermost header carries, in octets.
    pub payload: &'a [u8],
}

/// One header of a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)]
pub enum Header {
    /// RFC 791.
    Ipv4(Ipv4),
    /// RFC 8200.
    Ipv6(Ipv6),
    /// RFC 8200 sections 4.3, 4.4, 4.6.
    Ipv6Extension(Ipv6Extension),
    /// RFC 8200 section 4.5.
    Ipv6Fragment(Ipv6Fragment),
    /// RFC 2784.
    Gre(Gre),
    /// RFC 3032.
    Mpls(MplsEntry),
    /// RFC 768.
    Udp(Udp),
    /// RFC 9293.
    Tcp(Tcp),
    /// RFC 792.
    Icmpv4(Icmpv4),
    /// RFC 4443.
    Icmpv6(Icmpv6),
}

/// What parsing found: as much of the datagram as can be read, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<'a> {
    /// The datagram as far as it could be read; octets that no header claims are in the payload.
    pub packet: Packet<'a>,
    /// What is wrong, in octet order; empty for a well-formed datagram.
    pub defects: SmallVec<[Defect; 1]>,
    /// Octets beyond the datagram's own length.
    pub trailer: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a datagram. Never fails: what cannot be read is payload, with a defect that says why.
    ///
    /// `udp_encapsulation` names a UDP port whose payload is a TCP segment, if there is one.
    pub fn parse(octets: &'a [u8], udp_encapsulation: Option<u16>) -> Parsed<'a> {
        let _ = (octets, udp_encapsulation);
        todo!()
    }

    /// Appends the datagram's octets to `out`.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let _ = out;
        todo!()
    }

    /// The innermost TCP header.
    pub fn tcp(&self) -> Option<&Tcp> {
        self.headers.iter().rev().find_map(|h| if let Header::Tcp(tcp) = h { Some(tcp) } else { None })
    }
}
