//! What stands before the IP header in a capture (the LINKTYPE registry of tcpdump.org).

use crate::wire::protocol::{ETHERTYPE_IPV4, ETHERTYPE_IPV6};

/// Link types that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    /// Ethernet (1).
    Ethernet,
    /// IP alone (101, and what systems used before: 12, 14; 228 IPv4, 229 IPv6).
    Raw,
    /// An address family in four octets (0, 108).
    Null,
    /// Linux cooked (113).
    LinuxCooked,
    /// Linux cooked, second version (276).
    LinuxCooked2,
    /// Any other, by its number.
    Other(u32),
}

/// VLAN tags (IEEE 802.1Q, 802.1ad).
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

impl LinkType {
    /// From its number.
    pub fn from_number(number: u32) -> Self {
        match number {
            1 => LinkType::Ethernet,
            12 | 14 | 101 | 228 | 229 => LinkType::Raw,
            0 | 108 => LinkType::Null,
            113 => LinkType::LinuxCooked,
            276 => LinkType::LinuxCooked2,
            other => LinkType::Other(other),
        }
    }

    /// Octets before the IP header; `None` if none follows.
    pub(super) fn header_length(self, octets: &[u8]) -> Option<usize> {
        let length = match self {
            LinkType::Raw => 0,
            LinkType::Null => 4,
            LinkType::Ethernet => tagged(octets, 12)?,
            LinkType::LinuxCooked => tagged(octets, 14)?,
            LinkType::LinuxCooked2 => match ether_type(octets, 0)? {
                ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => 20,
                _ => return None,
            },
            LinkType::Other(_) => return None,
        };
        // Whatever claims to carry IP and begins otherwise is IP with a wrong version, but for families of other protocols.
        let first = octets.get(length)?;
        (self != LinkType::Null || matches!(first >> 4, 4 | 6)).then_some(length)
    }
}

/// The end of the EtherType at `at`, behind VLAN tags, if it is that of IP.
fn tagged(octets: &[u8], mut at: usize) -> Option<usize> {
    while TAGS.contains(&ether_type(octets, at)?) {
        at += 4;
    }
    matches!(ether_type(octets, at)?, ETHERTYPE_IPV4 | ETHERTYPE_IPV6).then_some(at + 2)
}

fn ether_type(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk().map(|octets| u16::from_be_bytes(*octets))
}
