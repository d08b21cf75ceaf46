//! Cutting a datagram into fragments, overlapping ones too (RFC 791 section 3.2, RFC 8200 section 4.5).

use std::ops::Range;

use super::{Field, Header, Ipv4Options, Ipv6Fragment, Packet, protocol};

/// Why a datagram cannot be cut as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FragmentError {
    /// The datagram does not start with a readable IP header.
    #[error("the octets do not start with an IPv4 or IPv6 header")]
    NotIp,
    /// Offsets are written in units of 8 octets.
    #[error("a fragment starts at a multiple of 8 octets, not at {0}")]
    Start(usize),
    /// The range does not lie within what the datagram carries.
    #[error("octets {start} to {end} are asked for, the datagram carries {present}")]
    Range {
        /// First octet asked for.
        start: usize,
        /// Octet after the last asked for.
        end: usize,
        /// Octets that can be cut.
        present: usize,
    },
    /// The offset field has 13 bits.
    #[error("offset {0} octets is more than a fragment can state")]
    Offset(usize),
    /// IPv4 has 16 bits for the identification.
    #[error("identification {0} does not fit the 16 bits of IPv4")]
    Identification(u32),
    /// IPv6 fragments are not cut again (RFC 8200 section 4.5).
    #[error("the datagram has a fragment header already")]
    FragmentHeader,
}

/// The fragment of a whole datagram that carries a range of it.
///
/// The range counts octets from the end of the IPv4 header, or of those IPv6 headers that each fragment repeats: up to
/// the routing header, or else the hop-by-hop header (RFC 8200 section 4.5, Per-Fragment headers). Ranges may overlap,
/// leave gaps and end anywhere. MF is set unless the range ends where the datagram ends. IPv4 options without the
/// copied flag are in the first fragment only (RFC 791 section 3.1). What was forced in the datagram's lengths and
/// header checksum is computed anew.
pub fn fragment(datagram: &[u8], range: Range<usize>, identification: u32) -> Result<Vec<u8>, FragmentError> {
    let parsed = Packet::parse(datagram, None);
    let whole = &datagram[..datagram.len() - parsed.trailer.len()];
    match parsed.packet.headers.first() {
        Some(Header::Ipv4(ipv4)) => {
            let mut ipv4 = ipv4.clone();
            let payload = cut(&whole[ipv4.emitted_length()..], &range)?;
            let is_last = range.end == whole.len() - ipv4.emitted_length();
            // A fragment is cut as RFC 791 section 3.2 cuts it: its own offset and MF count on.
            let offset = usize::from(ipv4.fragment_offset) * 8 + range.start;
            ipv4.fragment_offset = units(offset)?;
            ipv4.more_fragments |= !is_last;
            ipv4.identification =
                u16::try_from(identification).map_err(|_| FragmentError::Identification(identification))?;
            if range.start != 0 {
                ipv4.options = copied(&ipv4.options);
            }
            ipv4.header_length = Field::Computed;
            ipv4.total_length = Field::Computed;
            ipv4.checksum = Field::Computed;
            ipv4.protocol = Field::Forced(whole[9]);
            Ok(Packet::new([Header::Ipv4(ipv4)], payload).to_octets())
        }
        Some(Header::Ipv6(_)) => {
            let mut headers = unfragmentable(&parsed.packet.headers)?;
            let length = headers.iter().map(Header::emitted_length).sum::<usize>();
            let payload = cut(&whole[length..], &range)?;
            let is_last = range.end == whole.len() - length;
            let mut fragment = Ipv6Fragment::new(identification, units(range.start)?, !is_last);
            let after = parsed.packet.headers.get(headers.len());
            let computed = after.map_or(protocol::NO_NEXT_HEADER, Header::protocol);
            if let Some(next_header) = headers.last_mut().and_then(next_header_mut) {
                fragment.next_header = Field::Forced(next_header.or(computed));
                *next_header = Field::Computed;
            }
            if let Some(Header::Ipv6(ipv6)) = headers.first_mut() {
                ipv6.payload_length = Field::Computed;
            }
            headers.push(Header::Ipv6Fragment(fragment));
            Ok(Packet::new(headers, payload).to_octets())
        }
        _ => Err(FragmentError::NotIp),
    }
}

/// Which datagram a fragment is a part of, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentPlace {
    /// IPv4's Protocol, or the fragment header's Next Header, on which the fragments of a packet need not agree (RFC 8200
    /// section 4.5).
    pub protocol: u8,
    /// 16 bits of IPv4, 32 of IPv6.
    pub identification: u32,
    /// Octets of the datagram's payload that come before it.
    pub start: usize,
    /// It is not the last one.
    pub more: bool,
}

impl FragmentPlace {
    /// What the headers of a fragment say; `None` if the packet is none.
    pub fn of(packet: &Packet<'_>) -> Option<FragmentPlace> {
        match packet.headers.last()? {
            Header::Ipv4(ip) if ip.is_fragment() => Some(FragmentPlace {
                protocol: ip.protocol.or(0),
                identification: ip.identification.into(),
                start: usize::from(ip.fragment_offset) * 8,
                more: ip.more_fragments,
            }),
            Header::Ipv6Fragment(ip) if ip.is_fragment() => Some(FragmentPlace {
                protocol: ip.next_header.or(0),
                identification: ip.identification,
                start: usize::from(ip.fragment_offset) * 8,
                more: ip.more_fragments,
            }),
            _ => None,
        }
    }
}

/// The datagram that fragments make up: the headers of the first one, as it was parsed, and the payload of all
/// (RFC 791 section 3.2, RFC 8200 section 4.5).
pub fn whole(first: &Packet<'_>, payload: &[u8]) -> Vec<u8> {
    let mut headers = first.headers.clone();
    match headers.last_mut() {
        Some(Header::Ipv4(ip)) => {
            ip.more_fragments = false;
            ip.total_length = Field::Computed;
            ip.checksum = Field::Computed;
        }
        Some(Header::Ipv6Fragment(fragment)) => {
            let next = fragment.next_header;
            headers.pop();
            match headers.last_mut() {
                Some(Header::Ipv6(ip)) => ip.next_header = next,
                Some(Header::Ipv6Extension(extension)) => extension.next_header = next,
                _ => {}
            }
            if let Some(Header::Ipv6(ip)) = headers.first_mut() {
                ip.payload_length = Field::Computed;
            }
        }
        _ => {}
    }
    Packet::new(headers, payload).to_octets()
}

/// The octets of `range`, which must start at a multiple of 8.
fn cut<'a>(octets: &'a [u8], range: &Range<usize>) -> Result<&'a [u8], FragmentError> {
    if !range.start.is_multiple_of(8) {
        return Err(FragmentError::Start(range.start));
    }
    let error = FragmentError::Range { start: range.start, end: range.end, present: octets.len() };
    octets.get(range.clone()).ok_or(error)
}

/// An offset in octets as the 13 bits state it.
fn units(offset: usize) -> Result<u16, FragmentError> {
    u16::try_from(offset / 8).ok().filter(|units| *units <= 0x1fff).ok_or(FragmentError::Offset(offset))
}

/// The options that go into every fragment, as far as they can be read.
fn copied(options: &Ipv4Options) -> Ipv4Options {
    let mut copied = Ipv4Options::new();
    for option in options.iter().map_while(Result::ok).filter(|option| option.is_copied()) {
        copied.push(option);
    }
    copied
}

/// The headers of an IPv6 packet that each fragment repeats.
fn unfragmentable(headers: &[Header]) -> Result<Vec<Header>, FragmentError> {
    let mut count = 1;
    for (index, header) in headers.iter().enumerate().skip(1) {
        match header {
            Header::Ipv6Extension(extension) if extension.kind == protocol::ROUTING => count = index + 1,
            Header::Ipv6Extension(extension) if extension.kind == protocol::HOP_BY_HOP && index == 1 => count = 2,
            Header::Ipv6Extension(_) => {}
            Header::Ipv6Fragment(_) => return Err(FragmentError::FragmentHeader),
            _ => break,
        }
    }
    Ok(headers[..count].to_vec())
}

fn next_header_mut(header: &mut Header) -> Option<&mut Field<u8>> {
    match header {
        Header::Ipv6(ipv6) => Some(&mut ipv6.next_header),
        Header::Ipv6Extension(extension) => Some(&mut extension.next_header),
        _ => None,
    }
}
