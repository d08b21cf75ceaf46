//! Arithmetic of TCP sequence numbers and timestamps, modulo 2^32 (RFC 9293 section 3.4, RFC 7323 section 5.2).

/// Whether `a` comes after `b`.
pub(super) const fn after(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) > 0
}

/// The later of two.
pub(super) const fn later(a: u32, b: u32) -> u32 {
    if after(a, b) { a } else { b }
}

/// The later of what there is.
pub(super) fn latest(a: Option<u32>, b: u32) -> u32 {
    a.map_or(b, |a| later(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap() {
        assert!(after(2, u32::MAX));
        assert!(!after(u32::MAX, 2));
        assert!(!after(7, 7));
        assert_eq!(later(u32::MAX, 3), 3);
        assert_eq!(latest(None, 3), 3);
    }
}
