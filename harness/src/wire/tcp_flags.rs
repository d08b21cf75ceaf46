//! TCP control bits, and their letters in packetdrill's notation.

use std::fmt;
use std::ops::BitOr;
use std::str::FromStr;

/// TCP control bits: the low octet of RFC 9293 section 3.1, and AE (RFC 9768) above it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// No control bit.
    pub const NONE: TcpFlags = TcpFlags(0);
    /// No more data from sender.
    pub const FIN: TcpFlags = TcpFlags(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: TcpFlags = TcpFlags(0x02);
    /// Reset the connection.
    pub const RST: TcpFlags = TcpFlags(0x04);
    /// Push function.
    pub const PSH: TcpFlags = TcpFlags(0x08);
    /// Acknowledgment field is significant.
    pub const ACK: TcpFlags = TcpFlags(0x10);
    /// Urgent pointer field is significant.
    pub const URG: TcpFlags = TcpFlags(0x20);
    /// ECN-Echo (RFC 3168).
    pub const ECE: TcpFlags = TcpFlags(0x40);
    /// Congestion Window Reduced (RFC 3168).
    pub const CWR: TcpFlags = TcpFlags(0x80);
    /// Accurate ECN (RFC 9768), the former NS bit.
    pub const AE: TcpFlags = TcpFlags(0x100);

    /// Whether every bit of `other` is set.
    pub const fn contains(self, other: TcpFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    pub const fn with(self, other: TcpFlags) -> TcpFlags {
        TcpFlags(self.0 | other.0)
    }

    /// The bits of `self` that are not in `other`.
    pub const fn without(self, other: TcpFlags) -> TcpFlags {
        TcpFlags(self.0 & !other.0)
    }

    /// The AccECN counter made of AE, CWR and ECE, most significant first (RFC 9768 section 3.1).
    pub const fn ace(self) -> u8 {
        ((self.0 >> 6) & 0b111) as u8
    }

    /// The same bits with the AccECN counter set to the lower three bits of `ace` (RFC 9768 section 3.1).
    pub const fn with_ace(self, ace: u8) -> TcpFlags {
        TcpFlags(self.0 & !0x1c0 | (ace as u16 & 0b111) << 6)
    }
}

impl BitOr for TcpFlags {
    type Output = TcpFlags;

    fn bitor(self, other: TcpFlags) -> TcpFlags {
        self.with(other)
    }
}

/// The letters in the order in which packetdrill and tcpdump print them.
const LETTERS: [(char, TcpFlags); 9] = [
    ('F', TcpFlags::FIN),
    ('S', TcpFlags::SYN),
    ('R', TcpFlags::RST),
    ('P', TcpFlags::PSH),
    ('.', TcpFlags::ACK),
    ('U', TcpFlags::URG),
    ('E', TcpFlags::ECE),
    ('W', TcpFlags::CWR),
    ('A', TcpFlags::AE),
];

/// packetdrill's letters (`S.`, `FP.`, `SEW`), and `-` for none.
impl fmt::Display for TcpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (letter, bit) in LETTERS {
            if self.contains(bit) {
                text.push(letter);
            }
        }
        f.pad(if text.is_empty() { "-" } else { &text })
    }
}

/// Letters that are no TCP control bits in packetdrill's notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TcpFlagsError {
    /// Not a letter of packetdrill's.
    #[error("{0:?} is no TCP flag: the letters are F S R P . U E W A and an ACE digit 0 to 7")]
    Letter(char),
    /// An ACE digit beside E, W, A or another digit: they say the same bits.
    #[error("{0:?} sets bits that are already given: an ACE digit excludes E, W, A and other digits")]
    Conflict(char),
    /// No letter at all.
    #[error("no TCP flags given; `-` means none")]
    Empty,
}

/// Reads packetdrill's letters in any order, an ACE digit 0 to 7 in place of `E`, `W` and `A`, and `-` for none.
impl FromStr for TcpFlags {
    type Err = TcpFlagsError;

    fn from_str(text: &str) -> Result<Self, TcpFlagsError> {
        if text.is_empty() {
            return Err(TcpFlagsError::Empty);
        }
        if text == "-" {
            return Ok(TcpFlags::NONE);
        }
        let (mut flags, mut ecn_letter, mut digit) = (TcpFlags::NONE, false, false);
        for letter in text.chars() {
            if let Some(ace) = letter.to_digit(8) {
                if ecn_letter || digit {
                    return Err(TcpFlagsError::Conflict(letter));
                }
                digit = true;
                flags = flags.with_ace(ace as u8);
                continue;
            }
            let (_, bit) = LETTERS.into_iter().find(|(l, _)| *l == letter).ok_or(TcpFlagsError::Letter(letter))?;
            if matches!(letter, 'E' | 'W' | 'A') {
                if digit {
                    return Err(TcpFlagsError::Conflict(letter));
                }
                ecn_letter = true;
            }
            flags = flags.with(bit);
        }
        Ok(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_both_ways() {
        for (text, bits) in
            [("-", 0), ("S", 0x02), ("S.", 0x12), ("FP.", 0x19), ("R", 0x04), (".U", 0x30), ("SEWA", 0x1c2)]
        {
            assert_eq!(text.parse(), Ok(TcpFlags(bits)), "{text}");
            assert_eq!(TcpFlags(bits).to_string(), text);
        }
        for bits in 0..0x200 {
            assert_eq!(TcpFlags(bits).to_string().parse(), Ok(TcpFlags(bits)));
        }
    }

    #[test]
    fn any_order_and_ace_digits() {
        assert_eq!(".PF".parse(), Ok(TcpFlags::FIN | TcpFlags::PSH | TcpFlags::ACK));
        assert_eq!("S5".parse(), Ok(TcpFlags::SYN | TcpFlags::AE | TcpFlags::ECE));
        assert_eq!("S.5".parse::<TcpFlags>().map(TcpFlags::ace), Ok(5));
    }

    #[test]
    fn refused() {
        assert_eq!("Sx".parse::<TcpFlags>(), Err(TcpFlagsError::Letter('x')));
        assert_eq!("S8".parse::<TcpFlags>(), Err(TcpFlagsError::Letter('8')));
        assert_eq!("E3".parse::<TcpFlags>(), Err(TcpFlagsError::Conflict('3')));
        assert_eq!("3E".parse::<TcpFlags>(), Err(TcpFlagsError::Conflict('E')));
        assert_eq!("33".parse::<TcpFlags>(), Err(TcpFlagsError::Conflict('3')));
        assert_eq!("".parse::<TcpFlags>(), Err(TcpFlagsError::Empty));
    }
}
