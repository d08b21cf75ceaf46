//! The Internet checksum (RFC 1071, RFC 791 section 3.1, RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A running ones' complement sum (RFC 1071 section 1), fed piece by piece.
///
/// Pieces may have odd lengths: the sum is that of the pieces laid end to end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checksum {
    /// Sum of 16-bit words in the machine's own byte order (RFC 1071 section 2(B)), carries in the upper bits.
    sum: u64,
    /// Whether an odd number of octets was fed.
    odd: bool,
}

impl Checksum {
    /// The sum of nothing.
    pub const fn new() -> Self {
        Checksum { sum: 0, odd: false }
    }

    /// Feeds octets.
    #[inline]
    pub fn add(&mut self, octets: &[u8]) {
        let sum = sum_words(octets);
        // Octets at odd positions of the whole count as the other half of their word (RFC 1071 section 2(B)).
        let sum = if self.odd { u64::from(fold(sum).swap_bytes()) } else { sum };
        self.sum = carry(self.sum, sum);
        self.odd ^= octets.len() % 2 == 1;
    }

    /// Feeds two octets, most significant first.
    #[inline]
    pub fn add_u16(&mut self, value: u16) {
        self.add(&value.to_be_bytes());
    }

    /// Feeds four octets, most significant first.
    #[inline]
    pub fn add_u32(&mut self, value: u32) {
        self.add(&value.to_be_bytes());
    }

    /// The ones' complement sum: 0xffff over octets that contain their own right checksum.
    #[inline]
    pub fn sum(self) -> u16 {
        u16::from_be(fold(self.sum))
    }

    /// The checksum as it is sent: the ones' complement of the sum.
    #[inline]
    pub fn finish(self) -> u16 {
        !self.sum()
    }
}

/// The addresses, protocol and length that TCP, UDP and ICMPv6 sum before their own octets
/// (RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PseudoHeader {
    /// 12 octets: addresses, zero, protocol, 16-bit length.
    Ipv4 {
        /// Source address.
        source: Ipv4Addr,
        /// Destination address.
        destination: Ipv4Addr,
        /// Protocol number.
        protocol: u8,
        /// Length of header and payload in octets.
        length: u16,
    },
    /// 40 octets: addresses, 32-bit length, three zeros, next header.
    Ipv6 {
        /// Source address.
        source: Ipv6Addr,
        /// Destination address: the final one, where a routing header names another.
        destination: Ipv6Addr,
        /// Number of the upper-layer protocol, not of an extension header.
        next_header: u8,
        /// Length of upper-layer header and payload in octets.
        length: u32,
    },
}

impl PseudoHeader {
    /// For two addresses of one family; `None` if the families differ. `length` is in octets, cut to the field.
    pub fn new(source: IpAddr, destination: IpAddr, protocol: u8, length: usize) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                Some(PseudoHeader::v4(source, destination, protocol, length))
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                Some(PseudoHeader::v6(source, destination, protocol, length))
            }
            _ => None,
        }
    }

    /// Over IPv4. `length` is in octets, cut to 16 bits.
    pub fn v4(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, length: usize) -> Self {
        PseudoHeader::Ipv4 { source, destination, protocol, length: length as u16 }
    }

    /// Over IPv6. `length` is in octets, cut to 32 bits.
    pub fn v6(source: Ipv6Addr, destination: Ipv6Addr, next_header: u8, length: usize) -> Self {
        PseudoHeader::Ipv6 { source, destination, next_header, length: length as u32 }
    }

    /// The sum of the pseudo-header, to be fed what it precedes.
    #[inline]
    pub fn start(&self) -> Checksum {
        let mut checksum = Checksum::new();
        match self {
            PseudoHeader::Ipv4 { source, destination, protocol, length } => {
                checksum.add(&source.octets());
                checksum.add(&destination.octets());
                checksum.add_u32(u32::from(*protocol) << 16 | u32::from(*length));
            }
            PseudoHeader::Ipv6 { source, destination, next_header, length } => {
                checksum.add(&source.octets());
                checksum.add(&destination.octets());
                checksum.add_u32(*length);
                checksum.add_u32(u32::from(*next_header));
            }
        }
        checksum
    }

    /// The checksum of `octets` behind this pseudo-header, as it is sent; their checksum field must be 0.
    pub fn checksum(&self, octets: &[u8]) -> u16 {
        let mut checksum = self.start();
        checksum.add(octets);
        checksum.finish()
    }
}

/// The checksum of `octets` as it is sent: the ones' complement of the ones' complement sum (RFC 1071 section 1).
pub fn internet_checksum(octets: &[u8]) -> u16 {
    let mut checksum = Checksum::new();
    checksum.add(octets);
    checksum.finish()
}

/// The sum of 16-bit words in native order, a last odd octet padded with zero. Cannot overflow: each step adds
/// less than 2^32, and no slice has 2^34 octets that reach this.
#[inline]
fn sum_words(octets: &[u8]) -> u64 {
    let mut sum = 0u64;
    let (words, rest) = octets.as_chunks::<4>();
    for word in words {
        sum += u64::from(u32::from_ne_bytes(*word));
    }
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    sum + u64::from(u32::from_ne_bytes(last))
}

/// Ones' complement addition in 64 bits.
#[inline]
fn carry(a: u64, b: u64) -> u64 {
    let (sum, overflow) = a.overflowing_add(b);
    sum + u64::from(overflow)
}

/// Adds the carries of a sum back in until 16 bits are left (RFC 1071 section 2(A)).
#[inline]
fn fold(sum: u64) -> u16 {
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The octets of the numerical example of RFC 1071 section 3; their sum is ddf2.
    const EXAMPLE: [u8; 8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];

    #[test]
    fn rfc1071_example() {
        let mut checksum = Checksum::new();
        checksum.add(&EXAMPLE);
        assert_eq!(checksum.sum(), 0xddf2);
        assert_eq!(internet_checksum(&EXAMPLE), !0xddf2);
    }

    #[test]
    fn pieces_of_any_length_sum_as_the_whole() {
        let octets: Vec<u8> = (0u8..=57).map(|i| i.wrapping_mul(201).wrapping_add(13)).collect();
        for first in 0..octets.len() {
            for second in first..octets.len() {
                let mut checksum = Checksum::new();
                checksum.add(&octets[..first]);
                checksum.add(&octets[first..second]);
                checksum.add(&octets[second..]);
                assert_eq!(checksum.finish(), internet_checksum(&octets), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn odd_octet_is_padded_with_zero() {
        assert_eq!(internet_checksum(&[0x12]), !0x1200);
        assert_eq!(internet_checksum(&[0x12, 0x34, 0x56]), !(0x1234 + 0x5600));
    }

    #[test]
    fn extremes() {
        assert_eq!(internet_checksum(&[]), 0xffff);
        assert_eq!(internet_checksum(&[0; 20]), 0xffff);
        assert_eq!(internet_checksum(&[0xff; 20]), 0);
        assert_eq!(internet_checksum(&vec![0xff; 65535]), !0xff00);
    }

    #[test]
    fn families_do_not_mix() {
        let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        assert_eq!(PseudoHeader::new(v4, v6, 6, 20), None);
        assert!(PseudoHeader::new(v6, v6, 6, 20).is_some());
    }
}
