//! What an Ethernet card does for its host: splitting and merging TCP segments, completing checksums.
//!
//! With a link that asks for it the device says that it can do these things, so that the kernel hands over TCP
//! data in one piece with a checksum that is not yet complete, as `struct virtio_net_hdr` describes.

use crate::wire::protocol;

/// Length of `struct virtio_net_hdr`.
pub(super) const HEADER: usize = 10;

/// Checksums and TCP segmentation for both IP versions, also with ECN: what packetdrill declares.
pub(super) const LIKE_ETHERNET: libc::c_uint =
    libc::TUN_F_CSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6 | libc::TUN_F_TSO_ECN;

const NEEDS_CHECKSUM: u8 = 1;
const MERGED_TCP_OVER_IPV4: u8 = 1;
const MERGED_TCP_OVER_IPV6: u8 = 4;

/// The header of a packet for the kernel: a TCP packet is said to be merged from segments of the given size.
pub(super) fn inbound_header(packet: &[u8], segment: Option<u16>) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let merged = match (packet.first().map(|octet| octet >> 4), packet.get(9), packet.get(6)) {
        (Some(4), Some(&protocol::TCP), _) => MERGED_TCP_OVER_IPV4,
        (Some(6), _, Some(&protocol::TCP)) => MERGED_TCP_OVER_IPV6,
        _ => return header,
    };
    if let Some(size) = segment {
        header[1] = merged;
        header[4..6].copy_from_slice(&size.to_ne_bytes());
    }
    header
}

/// Copies a datagram from the kernel and does what its header says is left to do of its checksum. The header counts
/// from the start of the frame, `link_header` octets before the datagram.
pub(super) fn complete(header: &[u8; HEADER], link_header: usize, octets: &[u8], packet: &mut Vec<u8>) {
    packet.extend_from_slice(octets);
    if header[0] & NEEDS_CHECKSUM == 0 {
        return;
    }
    let start = usize::from(u16::from_ne_bytes([header[6], header[7]])).saturating_sub(link_header);
    let field = start + usize::from(u16::from_ne_bytes([header[8], header[9]]));
    // The field holds the sum of the pseudo-header already, so it is summed with the rest.
    let Some(checksum) = octets.get(start..).map(ones_complement) else { return };
    if let Some(field) = packet.get_mut(field..field + 2) {
        // A UDP checksum of zero means that there is none (RFC 768); its equal is all ones.
        let checksum = if checksum == 0 { 0xffff } else { checksum };
        field.copy_from_slice(&checksum.to_be_bytes());
    }
}

/// The complement of the ones' complement sum of 16-bit words (RFC 1071).
fn ones_complement(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|word| u64::from(word[0]) << 8 | u64::from(*word.get(1).unwrap_or(&0)));
    let mut sum: u64 = words.sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(start: u16, field: u16) -> [u8; HEADER] {
        let mut header = [NEEDS_CHECKSUM, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        header[6..8].copy_from_slice(&start.to_ne_bytes());
        header[8..10].copy_from_slice(&field.to_ne_bytes());
        header
    }

    #[test]
    fn a_checksum_is_completed_where_the_header_says() {
        // RFC 1071 section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2.
        let octets = [9, 9, 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0, 0];
        let completed = [9, 9, 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7, 0x22, 0x0d];
        let mut packet = Vec::new();
        complete(&header(2, 8), 0, &octets, &mut packet);
        assert_eq!(packet, completed);
        packet.clear();
        complete(&header(16, 8), 14, &octets, &mut packet);
        assert_eq!(packet, completed);
    }

    #[test]
    fn nonsense_from_the_kernel_is_kept_as_it_is() {
        let mut packet = Vec::new();
        complete(&header(0xffff, 0xffff), 0, &[1, 2], &mut packet);
        assert_eq!(packet, [1, 2]);
    }
}
