//! A whole datagram: headers, outermost first, and what they carry.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::{
    Defect, Gre, Icmpv4, Icmpv6, Ipv4, Ipv6, Ipv6Extension, Ipv6Fragment, MplsEntry, PseudoHeader, Tcp, Udp, icmp,
    protocol,
};

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

/// Accessors to the innermost header of a kind.
macro_rules! innermost {
    ($($(#[$doc:meta])* $get:ident, $(#[$doc_mut:meta])* $get_mut:ident: $kind:ident($header:ty);)*) => {
        impl Packet<'_> {
            $(
                $(#[$doc])*
                pub fn $get(&self) -> Option<&$header> {
                    self.headers.iter().rev().find_map(|h| if let Header::$kind(header) = h { Some(header) } else { None })
                }

                $(#[$doc_mut])*
                pub fn $get_mut(&mut self) -> Option<&mut $header> {
                    self.headers.iter_mut().rev().find_map(|h| if let Header::$kind(header) = h { Some(header) } else { None })
                }
            )*
        }

        $(
            impl From<$header> for Header {
                fn from(header: $header) -> Header {
                    Header::$kind(header)
                }
            }
        )*
    };
}

innermost! {
    /// The innermost IPv4 header.
    ipv4,
    /// The innermost IPv4 header, to change it.
    ipv4_mut: Ipv4(Ipv4);
    /// The innermost IPv6 header.
    ipv6,
    /// The innermost IPv6 header, to change it.
    ipv6_mut: Ipv6(Ipv6);
    /// The innermost hop-by-hop, routing or destination options header.
    ipv6_extension,
    /// The innermost hop-by-hop, routing or destination options header, to change it.
    ipv6_extension_mut: Ipv6Extension(Ipv6Extension);
    /// The innermost IPv6 fragment header.
    ipv6_fragment,
    /// The innermost IPv6 fragment header, to change it.
    ipv6_fragment_mut: Ipv6Fragment(Ipv6Fragment);
    /// The innermost GRE header.
    gre,
    /// The innermost GRE header, to change it.
    gre_mut: Gre(Gre);
    /// The innermost MPLS label stack entry.
    mpls,
    /// The innermost MPLS label stack entry, to change it.
    mpls_mut: Mpls(MplsEntry);
    /// The innermost UDP header, also where it carries TCP.
    udp,
    /// The innermost UDP header, to change it.
    udp_mut: Udp(Udp);
    /// The innermost TCP header.
    tcp,
    /// The innermost TCP header, to change it.
    tcp_mut: Tcp(Tcp);
    /// The innermost ICMP header.
    icmpv4,
    /// The innermost ICMP header, to change it.
    icmpv4_mut: Icmpv4(Icmpv4);
    /// The innermost ICMPv6 header.
    icmpv6,
    /// The innermost ICMPv6 header, to change it.
    icmpv6_mut: Icmpv6(Icmpv6);
}

impl<'a> Packet<'a> {
    /// A datagram of these headers, outermost first, and this payload.
    pub fn new(headers: impl IntoIterator<Item = Header>, payload: &'a [u8]) -> Self {
        Packet { headers: headers.into_iter().collect(), payload }
    }

    /// The innermost IP header, of either version.
    pub fn ip(&self) -> Option<&Header> {
        self.headers.iter().rev().find(|h| matches!(h, Header::Ipv4(_) | Header::Ipv6(_)))
    }

    /// Source address of the innermost IP header.
    pub fn source(&self) -> Option<IpAddr> {
        self.ip().and_then(Header::source)
    }

    /// Destination address of the innermost IP header.
    pub fn destination(&self) -> Option<IpAddr> {
        self.ip().and_then(Header::destination)
    }

    /// Source port of the innermost header that has one.
    pub fn source_port(&self) -> Option<u16> {
        self.ports().map(|(source, _)| source)
    }

    /// Destination port of the innermost header that has one.
    pub fn destination_port(&self) -> Option<u16> {
        self.ports().map(|(_, destination)| destination)
    }

    /// Source and destination port of the innermost header that has them: TCP or UDP.
    pub fn ports(&self) -> Option<(u16, u16)> {
        self.headers.iter().rev().find_map(|header| match header {
            Header::Tcp(tcp) => Some((tcp.source_port, tcp.destination_port)),
            Header::Udp(udp) => Some((udp.source_port, udp.destination_port)),
            _ => None,
        })
    }

    /// Whether the innermost IP header is that of a fragment, so that what follows is not the whole datagram
    /// (RFC 791 section 3.2, RFC 8200 section 4.5). An atomic fragment is whole (RFC 6946).
    pub fn is_fragment(&self) -> bool {
        self.headers
            .iter()
            .rev()
            .find_map(|header| match header {
                Header::Ipv4(ipv4) => Some(ipv4.is_fragment()),
                Header::Ipv6Fragment(fragment) => Some(fragment.is_fragment()),
                Header::Ipv6(_) => Some(false),
                _ => None,
            })
            .unwrap_or(false)
    }

    /// Octets that [`Packet::emit`] appends.
    pub fn emitted_length(&self) -> usize {
        self.headers.iter().map(Header::emitted_length).sum::<usize>() + self.payload.len()
    }
}

impl Header {
    /// Octets that emitting writes for this header alone, padding included.
    pub fn emitted_length(&self) -> usize {
        match self {
            Header::Ipv4(ipv4) => ipv4.emitted_length(),
            Header::Ipv6(_) => Ipv6::LENGTH,
            Header::Ipv6Extension(extension) => extension.emitted_length(),
            Header::Ipv6Fragment(_) => Ipv6Fragment::LENGTH,
            Header::Gre(gre) => gre.emitted_length(),
            Header::Mpls(_) => MplsEntry::LENGTH,
            Header::Udp(_) => Udp::LENGTH,
            Header::Tcp(tcp) => tcp.emitted_length(),
            Header::Icmpv4(_) | Header::Icmpv6(_) => icmp::LENGTH,
        }
    }

    /// The number by which a header before this one announces it (IANA protocol numbers).
    pub fn protocol(&self) -> u8 {
        match self {
            Header::Ipv4(_) => protocol::IPV4,
            Header::Ipv6(_) => protocol::IPV6,
            Header::Ipv6Extension(extension) => extension.kind,
            Header::Ipv6Fragment(_) => protocol::FRAGMENT,
            Header::Gre(_) => protocol::GRE,
            Header::Mpls(_) => protocol::MPLS,
            Header::Udp(_) => protocol::UDP,
            Header::Tcp(_) => protocol::TCP,
            Header::Icmpv4(_) => protocol::ICMP,
            Header::Icmpv6(_) => protocol::ICMPV6,
        }
    }

    /// The EtherType by which GRE announces this header (RFC 2784 section 2.4, RFC 3032 section 5); 0 where it has none.
    pub fn ethertype(&self) -> u16 {
        match self {
            Header::Ipv4(_) => protocol::ETHERTYPE_IPV4,
            Header::Ipv6(_) => protocol::ETHERTYPE_IPV6,
            Header::Mpls(_) => protocol::ETHERTYPE_MPLS,
            _ => 0,
        }
    }

    /// Source address of an IP header.
    pub fn source(&self) -> Option<IpAddr> {
        match self {
            Header::Ipv4(ipv4) => Some(ipv4.source.into()),
            Header::Ipv6(ipv6) => Some(ipv6.source.into()),
            _ => None,
        }
    }

    /// Destination address of an IP header.
    pub fn destination(&self) -> Option<IpAddr> {
        match self {
            Header::Ipv4(ipv4) => Some(ipv4.destination.into()),
            Header::Ipv6(ipv6) => Some(ipv6.destination.into()),
            _ => None,
        }
    }
}

/// What the headers `outer` put before the checksummed octets of a transport header that follows them: addresses of
/// the innermost IP header, the final one where a routing header names it. `None` without an IP header.
pub(super) fn pseudo_header(outer: &[Header], protocol: u8, length: usize) -> Option<PseudoHeader> {
    let ip = outer.iter().rposition(|h| matches!(h, Header::Ipv4(_) | Header::Ipv6(_)))?;
    match &outer[ip] {
        Header::Ipv4(ipv4) => Some(PseudoHeader::v4(ipv4.source, ipv4.destination, protocol, length)),
        Header::Ipv6(ipv6) => {
            let destination = outer[ip + 1..]
                .iter()
                .find_map(
                    |h| if let Header::Ipv6Extension(extension) = h { extension.final_destination() } else { None },
                )
                .unwrap_or(ipv6.destination);
            Some(PseudoHeader::v6(ipv6.source, destination, protocol, length))
        }
        _ => None,
    }
}

/// Octets that a length field claims from the start of its header on, if that holds the header (`minimum`) and is
/// there (`available`); else all that is there.
pub(super) fn claim(length: usize, minimum: usize, available: usize) -> usize {
    if (minimum..=available).contains(&length) { length } else { available }
}
