//! The gzip coding (RFC 1952) of content that is not made smaller, for a server that says too little of it.

/// Octets of a stored block of DEFLATE (RFC 1951 section 3.2.4).
const BLOCK: usize = 65_535;

/// The content in stored blocks.
pub(super) fn stored(content: &[u8]) -> Vec<u8> {
    let mut coded = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks = content.len().div_ceil(BLOCK).max(1);
    for number in 0..blocks {
        let block = &content[number * BLOCK..content.len().min((number + 1) * BLOCK)];
        let length = block.len() as u16;
        coded.push(u8::from(number + 1 == blocks));
        coded.extend_from_slice(&length.to_le_bytes());
        coded.extend_from_slice(&(!length).to_le_bytes());
        coded.extend_from_slice(block);
    }
    coded.extend_from_slice(&crc32(content).to_le_bytes());
    coded.extend_from_slice(&(content.len() as u32).to_le_bytes());
    coded
}

/// The CRC of RFC 1952 section 8.
fn crc32(octets: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for octet in octets {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_crc_comes_out() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn all_octets_are_there_in_blocks() {
        let coded = stored(&[b'x'; BLOCK + 2]);
        assert_eq!(coded.len(), 10 + 5 + BLOCK + 5 + 2 + 8);
        assert_eq!(coded[10 + 5 + BLOCK..][..7], [1, 2, 0, 0xfd, 0xff, b'x', b'x']);
    }
}
