//! Octets that tell their place in a stream, so that what is delivered can be held against what was sent.
//!
//! They are printable, so that scripts made of sessions are readable, and they repeat after 65,536.

use std::sync::OnceLock;

const PERIOD: usize = 1 << 16;
/// Octets of the longest slice.
pub(super) const LONGEST: usize = 8_192;
/// What stands in packets that must not be accepted; it is in no stream.
pub(super) const REJECTED: u8 = b'#';
/// Where the target's stream begins, so that no echo is mistaken for it.
const TARGET: u32 = 0x4321;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

/// The octets of the tester from this sequence number on; 8,192 at most.
pub(super) fn of_tester(sequence: u32, length: usize) -> &'static [u8] {
    static TABLE: OnceLock<Box<[u8]>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        (0..PERIOD + LONGEST)
            .map(|place| ALPHABET[((place % PERIOD) as u32).wrapping_mul(0x9e37_79b1) as usize >> 26])
            .collect()
    });
    let start = sequence as usize % PERIOD;
    &table[start..start + length.min(LONGEST)]
}

/// The octets of the target's application from this place in its stream on; 8,192 at most.
pub(super) fn of_target(place: u32, length: usize) -> &'static [u8] {
    of_tester(place.wrapping_add(TARGET), length)
}

/// Whether these are the octets that `of` gives, however long they are.
pub(super) fn agrees(octets: &[u8], start: u32, of: fn(u32, usize) -> &'static [u8]) -> bool {
    octets
        .chunks(LONGEST)
        .enumerate()
        .all(|(index, chunk)| chunk == of(start.wrapping_add((index * LONGEST) as u32), chunk.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_places_differ() {
        let octets = of_tester(0, LONGEST);
        for shift in 1..64 {
            assert!(octets[..64] != octets[shift..shift + 64], "shift {shift}");
        }
        assert!(!octets.contains(&REJECTED));
    }

    #[test]
    fn long_slices_are_compared_whole() {
        let mut octets: Vec<u8> = of_tester(7, LONGEST).to_vec();
        octets.extend_from_slice(of_tester(7 + LONGEST as u32, 100));
        assert!(agrees(&octets, 7, of_tester));
        octets[LONGEST + 50] = REJECTED;
        assert!(!agrees(&octets, 7, of_tester));
    }
}
