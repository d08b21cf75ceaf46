//! What an Ethernet card does for its host: splitting and merging TCP segments, completing checksums.
//!
//! With a link that asks for it the device says that it can do these things, so that the kernel hands over TCP
//! data in one piece with a checksum that is not yet complete, as `struct virtio_net_hdr` describes.

use crate::wire::protocol;

/// Length of `struct virtio_net_hdr`.
pub(in crate::target::linux) const HEADER: usize = 10;

/// Checksums and TCP segmentation for both IP versions, also with ECN: what packetdrill declares.
pub(in crate::target::linux) const LIKE_ETHERNET: libc::c_uint =
    libc::TUN_F_CSUM | libc::TUN_F_TSO4 | libc::TUN_F_TSO6 | libc::TUN_F_TSO_ECN;

/// Where the checksum is in a TCP header.
const TCP_CHECKSUM: usize = 16;
const NEEDS_CHECKSUM: u8 = 1;
const MERGED_TCP_OVER_IPV4: u8 = 1;
const MERGED_TCP_OVER_IPV6: u8 = 4;

/// A TCP packet as an Ethernet card would hand it over that merged it from segments: with a header that says so, and a
/// checksum that has been verified and only covers the pseudo-header.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::target::linux) struct Merged {
    /// The header; offsets count from the start of a frame, `link_header` octets before the packet.
    pub(in crate::target::linux) header: [u8; HEADER],
    /// Where in the packet the checksum is.
    pub(in crate::target::linux) field: usize,
    /// What is to stand there instead.
    pub(in crate::target::linux) checksum: [u8; 2],
}

/// How to merge a packet; `None` if it is not TCP straight after the IP header, or its checksum is wrong.
pub(in crate::target::linux) fn merged(packet: &[u8], segment: u16, link_header: usize) -> Option<Merged> {
    let first = *packet.first()?;
    let (kind, tcp, protocol, addresses) = match first >> 4 {
        4 => (MERGED_TCP_OVER_IPV4, usize::from(first & 15) * 4, packet.get(9)?, packet.get(12..20)?),
        6 => (MERGED_TCP_OVER_IPV6, 40, packet.get(6)?, packet.get(8..40)?),
        _ => return None,
    };
    if *protocol != protocol::TCP {
        return None;
    }
    let octets = packet.get(tcp..)?;
    let length = u32::try_from(octets.len()).ok()?.to_be_bytes();
    let pseudo = !ones_complement([addresses, &length, &[0, protocol::TCP]].concat().as_slice());
    let field = tcp + TCP_CHECKSUM;
    packet.get(field..field + 2)?;
    if u32::from(pseudo) + u32::from(!ones_complement(octets)) != 0xffff {
        return None;
    }
    let headers = tcp + usize::from(octets[12] >> 4) * 4;
    let mut header = [NEEDS_CHECKSUM, kind, 0, 0, 0, 0, 0, 0, 0, 0];
    header[2..4].copy_from_slice(&((link_header + headers) as u16).to_ne_bytes());
    header[4..6].copy_from_slice(&segment.to_ne_bytes());
    header[6..8].copy_from_slice(&((link_header + tcp) as u16).to_ne_bytes());
    header[8..10].copy_from_slice(&(TCP_CHECKSUM as u16).to_ne_bytes());
    Some(Merged { header, field, checksum: pseudo.to_be_bytes() })
}

/// The parts of what is handed to the kernel: its header, the frame's header, and the packet, merged or as it is.
pub(in crate::target::linux) fn vector(merged: Option<&Merged>, link_header: &[u8], packet: &[u8]) -> [libc::iovec; 5] {
    static PLAIN: [u8; HEADER] = [0; HEADER];
    let part = |octets: &[u8]| libc::iovec { iov_base: octets.as_ptr().cast_mut().cast(), iov_len: octets.len() };
    match merged {
        None => [part(&PLAIN), part(link_header), part(packet), part(&[]), part(&[])],
        Some(merged) => {
            let (before, rest) = packet.split_at(merged.field);
            let after = &rest[merged.checksum.len()..];
            [part(&merged.header), part(link_header), part(before), part(&merged.checksum), part(after)]
        }
    }
}

/// Copies a datagram from the kernel and does what its header says is left to do of its checksum. The header counts
/// from the start of the frame, `link_header` octets before the datagram.
pub(in crate::target::linux) fn complete(
    header: &[u8; HEADER],
    link_header: usize,
    octets: &[u8],
    packet: &mut Vec<u8>,
) {
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
    use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};

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

    #[test]
    fn a_merged_packet_leaves_the_sum_of_the_pseudo_header() {
        for version in [4, 6] {
            let mut packet = Vec::new();
            let payload = [7; 3_001];
            let ports = |builder: PacketBuilderStep<IpHeaders>| builder.tcp(1, 2, 3, 4);
            let built = match version {
                4 => ports(PacketBuilder::ipv4([192, 0, 2, 1], [192, 168, 0, 1], 64)),
                _ => ports(PacketBuilder::ipv6([1; 16], [2; 16], 64)),
            };
            built.write(&mut packet, &payload).unwrap();
            let merged = merged(&packet, 1_000, 14).unwrap();
            // What the kernel would do to send it on, and what `complete` does, restores it.
            let mut partial = packet.clone();
            partial[merged.field..merged.field + 2].copy_from_slice(&merged.checksum);
            let mut completed = Vec::new();
            complete(&merged.header, 14, &partial, &mut completed);
            assert_eq!(completed, packet);
            packet[merged.field] ^= 1;
            assert_eq!(super::merged(&packet, 1_000, 14), None, "a wrong checksum stays wrong");
        }
        assert_eq!(merged(&[0x45], 1_000, 14), None);
        assert_eq!(merged(&[], 1_000, 14), None);
    }
}
