//! Values to octets.

use smallvec::SmallVec;

use super::packet::{claim, pseudo_header};
use super::{Checksum, Field, Header, Ipv4, Ipv6, Packet, Tcp, Udp, icmp, internet_checksum, protocol};

/// Where a header and what it covers are, in octets from the start of the datagram.
#[derive(Clone, Copy, Default)]
struct Span {
    start: usize,
    /// The end as a receiver sees it who trusts the length fields up to here.
    end: usize,
}

impl Packet<'_> {
    /// Appends the datagram's octets to `out`.
    ///
    /// Computed lengths count what really follows. Computed checksums are what a receiver computes who trusts the
    /// length fields, forced ones too, as far as they are possible: so a forced length does not make a checksum wrong.
    /// Lengths that their field cannot hold are written as its largest value.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let base = out.len();
        let total = self.emitted_length();
        out.reserve(total);
        let mut spans = SmallVec::<[Span; 4]>::new();
        let (mut start, mut end) = (0, total);
        for (index, header) in self.headers.iter().enumerate() {
            let next = self.headers.get(index + 1);
            end = start + header.write(out, total - start, end.saturating_sub(start), next);
            spans.push(Span { start, end });
            start = out.len() - base;
        }
        out.extend_from_slice(self.payload);
        let datagram = &mut out[base..];
        // Inner checksums first: outer ones cover them.
        for (index, span) in spans.iter().enumerate().rev() {
            self.write_checksum(datagram, index, *span);
        }
    }

    /// The datagram's octets.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        self.emit(&mut octets);
        octets
    }

    /// Writes the checksum of the header at `index`, if it has one and it is computed.
    #[inline]
    fn write_checksum(&self, datagram: &mut [u8], index: usize, span: Span) {
        let outer = &self.headers[..index];
        // A header that lies beyond its receiver's end covers all that follows it.
        let end = if span.end < span.start + self.headers[index].emitted_length() { datagram.len() } else { span.end };
        let covered = &mut datagram[span.start..end];
        let (at, checksum) = match &self.headers[index] {
            Header::Ipv4(ipv4) if ipv4.checksum == Field::Computed => {
                let coverage = ipv4.checksum_coverage(covered.len());
                (Ipv4::CHECKSUM_AT, internet_checksum(&covered[..coverage]))
            }
            Header::Tcp(tcp) if tcp.checksum == Field::Computed => {
                (Tcp::CHECKSUM_AT, transport_checksum(outer, protocol::TCP, covered))
            }
            Header::Udp(udp) if udp.checksum == Field::Computed => {
                // 0 would mean that there is none (RFC 768).
                let checksum = transport_checksum(outer, protocol::UDP, covered);
                (Udp::CHECKSUM_AT, if checksum == 0 { 0xffff } else { checksum })
            }
            Header::Icmpv4(icmpv4) if icmpv4.checksum == Field::Computed => {
                (icmp::CHECKSUM_AT, internet_checksum(covered))
            }
            Header::Icmpv6(icmpv6) if icmpv6.checksum == Field::Computed => {
                (icmp::CHECKSUM_AT, transport_checksum(outer, protocol::ICMPV6, covered))
            }
            _ => return,
        };
        covered[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    }
}

impl Header {
    /// Appends the header and returns how many octets from its start on belong to it and what it carries, as a
    /// receiver sees it. `following` are the octets from its start to the end of the datagram, `available` those of
    /// them that the headers before it leave to it.
    #[inline]
    fn write(&self, out: &mut Vec<u8>, following: usize, available: usize, next: Option<&Header>) -> usize {
        match self {
            Header::Ipv4(ipv4) => {
                ipv4.write(out, saturate(following), next.map_or(protocol::EXPERIMENT, Header::protocol));
                let length = ipv4.total_length.or(saturate(following));
                claim(length.into(), ipv4.emitted_length(), available)
            }
            Header::Ipv6(ipv6) => {
                ipv6.write(
                    out,
                    saturate(following - Ipv6::LENGTH),
                    next.map_or(protocol::NO_NEXT_HEADER, Header::protocol),
                );
                let length = ipv6.payload_length.or(saturate(following - Ipv6::LENGTH));
                claim(Ipv6::LENGTH + usize::from(length), Ipv6::LENGTH, available)
            }
            Header::Ipv6Extension(extension) => {
                extension.write(out, next.map_or(protocol::NO_NEXT_HEADER, Header::protocol));
                available
            }
            Header::Ipv6Fragment(fragment) => {
                fragment.write(out, next.map_or(protocol::NO_NEXT_HEADER, Header::protocol));
                available
            }
            Header::Gre(gre) => {
                gre.write(out, next.map_or(0, Header::ethertype));
                available
            }
            Header::Mpls(entry) => {
                entry.write(out);
                available
            }
            Header::Udp(udp) => {
                udp.write(out, saturate(following));
                claim(udp.length.or(saturate(following)).into(), Udp::LENGTH, available)
            }
            Header::Tcp(tcp) => {
                tcp.write(out);
                available
            }
            Header::Icmpv4(icmpv4) => {
                icmpv4.write(out);
                available
            }
            Header::Icmpv6(icmpv6) => {
                icmpv6.write(out);
                available
            }
        }
    }
}

/// The checksum of a transport header and payload whose checksum field is 0.
#[inline]
pub(super) fn transport_checksum(outer: &[Header], protocol: u8, covered: &[u8]) -> u16 {
    let mut checksum = transport_start(outer, protocol, covered.len());
    checksum.add(covered);
    checksum.finish()
}

/// The sum of the pseudo-header; of nothing where there is no IP header.
#[inline]
pub(super) fn transport_start(outer: &[Header], protocol: u8, length: usize) -> Checksum {
    pseudo_header(outer, protocol, length).map_or(Checksum::new(), |pseudo| pseudo.start())
}

/// A length as its field holds it.
pub(super) fn saturate(length: usize) -> u16 {
    length.min(0xffff) as u16
}
