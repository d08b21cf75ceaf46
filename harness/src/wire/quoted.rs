//! The datagram that an ICMP error quotes.

use std::net::IpAddr;

use super::parse::parse;
use super::{Header, Packet, protocol};

/// The datagram that an ICMP error quotes, cut short as it may be (RFC 792, RFC 1122 section 3.2.2, RFC 4443 section
/// 2.4(c)): at least the IP header and 8 octets of what it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted<'a> {
    /// What could be read. Lengths and checksums are as they stand, forced: the quotation does not tell whether they
    /// were right. A transport header that is not there in full is in the payload.
    pub packet: Packet<'a>,
    /// Octets beyond the quoted datagram's own length, such as ICMP extensions (RFC 4884).
    pub trailer: &'a [u8],
}

impl<'a> Quoted<'a> {
    /// Reads the payload of an ICMP error. Never fails: what cannot be read is the packet's payload.
    pub fn parse(octets: &'a [u8]) -> Self {
        let parsed = parse(octets, None, false);
        Quoted { packet: parsed.packet, trailer: parsed.trailer }
    }

    /// Source address of the quoted datagram.
    pub fn source(&self) -> Option<IpAddr> {
        self.packet.source()
    }

    /// Destination address of the quoted datagram.
    pub fn destination(&self) -> Option<IpAddr> {
        self.packet.destination()
    }

    /// Number of the transport protocol: that of the innermost header, or what it announces.
    pub fn protocol(&self) -> Option<u8> {
        self.packet.headers.last().map(|header| match header {
            Header::Ipv4(ipv4) => ipv4.protocol.or(protocol::EXPERIMENT),
            Header::Ipv6(ipv6) => ipv6.next_header.or(protocol::NO_NEXT_HEADER),
            Header::Ipv6Extension(extension) => extension.next_header.or(protocol::NO_NEXT_HEADER),
            Header::Ipv6Fragment(fragment) => fragment.next_header.or(protocol::NO_NEXT_HEADER),
            header => header.protocol(),
        })
    }

    /// Source and destination port of a quoted TCP segment or UDP datagram, of which 4 octets are enough.
    pub fn ports(&self) -> Option<(u16, u16)> {
        self.packet.ports().or_else(|| {
            let [a, b, c, d] = *self.transport(&[protocol::TCP, protocol::UDP])?.first_chunk::<4>()?;
            Some((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
        })
    }

    /// Sequence number of a quoted TCP segment, of which 8 octets are enough.
    pub fn tcp_sequence(&self) -> Option<u32> {
        self.packet.tcp().map(|tcp| tcp.sequence).or_else(|| {
            let [_, _, _, _, sequence @ ..] = *self.transport(&[protocol::TCP])?.first_chunk::<8>()?;
            Some(u32::from_be_bytes(sequence))
        })
    }

    /// The start of a transport header of one of these protocols that is not there in full.
    fn transport(&self, protocols: &[u8]) -> Option<&'a [u8]> {
        let number = self.protocol().filter(|number| protocols.contains(number))?;
        let is_whole = self.packet.headers.last().is_some_and(|header| header.protocol() == number);
        let is_first = match self.packet.headers.last() {
            Some(Header::Ipv4(ipv4)) => ipv4.fragment_offset == 0,
            Some(Header::Ipv6Fragment(fragment)) => fragment.fragment_offset == 0,
            _ => true,
        };
        (!is_whole && is_first).then_some(self.packet.payload)
    }
}
