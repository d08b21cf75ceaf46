//! TCP options (RFC 9293 section 3.2 and the RFCs named at each).

use std::ops::{Deref, DerefMut};

use smallvec::SmallVec;

use super::option_area::OptionArea;
use super::option_walk::{MalformedOption, OptionWalk, RawOption};

/// The option area of a TCP header, kept as its raw octets so that nothing malformed is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions(OptionArea);

/// One TCP option, borrowed from the option area. Numbers are in host order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption<'a> {
    /// End of option list, kind 0 (RFC 9293 section 3.2).
    End,
    /// No operation, kind 1 (RFC 9293 section 3.2).
    NoOperation,
    /// Maximum segment size in octets, kind 2 (RFC 9293 section 3.7.1).
    MaximumSegmentSize(u16),
    /// Window scale shift count, kind 3 (RFC 7323 section 2.2).
    WindowScale(u8),
    /// SACK permitted, kind 4 (RFC 2018 section 2).
    SackPermitted,
    /// SACK, kind 5 (RFC 2018 section 3): the blocks as raw octets, a multiple of 8 and at least one.
    Sack(&'a [u8]),
    /// Timestamps, kind 8 (RFC 7323 section 3.2).
    Timestamps {
        /// TSval.
        value: u32,
        /// TSecr.
        echo_reply: u32,
    },
    /// Any other kind, or a known kind with a length that is not its own.
    Other {
        /// Option kind.
        kind: u8,
        /// What follows the length octet.
        data: &'a [u8],
    },
}

impl<'a> TcpOption<'a> {
    /// End of option list (RFC 9293 section 3.2).
    pub const END: u8 = 0;
    /// No operation (RFC 9293 section 3.2).
    pub const NO_OPERATION: u8 = 1;
    /// Maximum segment size (RFC 9293 section 3.7.1).
    pub const MAXIMUM_SEGMENT_SIZE: u8 = 2;
    /// Window scale (RFC 7323 section 2.2).
    pub const WINDOW_SCALE: u8 = 3;
    /// SACK permitted (RFC 2018 section 2).
    pub const SACK_PERMITTED: u8 = 4;
    /// SACK (RFC 2018 section 3).
    pub const SACK: u8 = 5;
    /// Timestamps (RFC 7323 section 3.2).
    pub const TIMESTAMPS: u8 = 8;
    /// MD5 signature (RFC 2385 section 3.0).
    pub const MD5_SIGNATURE: u8 = 19;
    /// User timeout (RFC 5482 section 3.2).
    pub const USER_TIMEOUT: u8 = 28;
    /// TCP-AO (RFC 5925 section 2.2).
    pub const AUTHENTICATION: u8 = 29;
    /// Multipath TCP (RFC 8684 section 3).
    pub const MULTIPATH: u8 = 30;
    /// TCP Fast Open cookie (RFC 7413 section 4.1.1).
    pub const FAST_OPEN: u8 = 34;
    /// Accurate ECN order 0 (RFC 9768 section 3.2.3).
    pub const ACCURATE_ECN_0: u8 = 172;
    /// Accurate ECN order 1 (RFC 9768 section 3.2.3).
    pub const ACCURATE_ECN_1: u8 = 174;
    /// Shared experimental kind (RFC 6994).
    pub const EXPERIMENT_1: u8 = 253;
    /// Shared experimental kind (RFC 6994).
    pub const EXPERIMENT_2: u8 = 254;

    /// The option kind.
    pub fn kind(&self) -> u8 {
        match self {
            TcpOption::End => Self::END,
            TcpOption::NoOperation => Self::NO_OPERATION,
            TcpOption::MaximumSegmentSize(_) => Self::MAXIMUM_SEGMENT_SIZE,
            TcpOption::WindowScale(_) => Self::WINDOW_SCALE,
            TcpOption::SackPermitted => Self::SACK_PERMITTED,
            TcpOption::Sack(_) => Self::SACK,
            TcpOption::Timestamps { .. } => Self::TIMESTAMPS,
            TcpOption::Other { kind, .. } => *kind,
        }
    }

    /// The blocks of a SACK option as left and right edge (RFC 2018 section 3); nothing for any other kind.
    pub fn sack_blocks(&self) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let blocks = if let TcpOption::Sack(blocks) = self { blocks } else { &[][..] };
        let (blocks, _) = blocks.as_chunks::<8>();
        blocks
            .iter()
            .map(|b| (u32::from_be_bytes([b[0], b[1], b[2], b[3]]), u32::from_be_bytes([b[4], b[5], b[6], b[7]])))
    }

    /// Whether an option of this kind has as many octets of data as its RFC says; true for kinds of free length.
    pub(super) fn has_own_length(kind: u8, data: usize) -> bool {
        match kind {
            Self::MAXIMUM_SEGMENT_SIZE => data == 2,
            Self::WINDOW_SCALE => data == 1,
            Self::SACK_PERMITTED => data == 0,
            Self::SACK => data != 0 && data.is_multiple_of(8),
            Self::TIMESTAMPS => data == 8,
            Self::MD5_SIGNATURE => data == 16,
            _ => true,
        }
    }

    #[inline]
    fn from_raw(raw: RawOption<'a>) -> Self {
        match (raw.kind, raw.data) {
            (Self::END, _) => TcpOption::End,
            (Self::NO_OPERATION, _) => TcpOption::NoOperation,
            (Self::MAXIMUM_SEGMENT_SIZE, &[a, b]) => TcpOption::MaximumSegmentSize(u16::from_be_bytes([a, b])),
            (Self::WINDOW_SCALE, &[shift]) => TcpOption::WindowScale(shift),
            (Self::SACK_PERMITTED, []) => TcpOption::SackPermitted,
            (Self::SACK, blocks) if !blocks.is_empty() && blocks.len() % 8 == 0 => TcpOption::Sack(blocks),
            (Self::TIMESTAMPS, &[a, b, c, d, e, f, g, h]) => TcpOption::Timestamps {
                value: u32::from_be_bytes([a, b, c, d]),
                echo_reply: u32::from_be_bytes([e, f, g, h]),
            },
            (kind, data) => TcpOption::Other { kind, data },
        }
    }
}

impl TcpOptions {
    /// No options.
    pub fn new() -> Self {
        TcpOptions::default()
    }

    /// An option area of these octets, whatever they are.
    #[inline]
    pub fn from_raw(octets: &[u8]) -> Self {
        TcpOptions(OptionArea::from_raw(octets))
    }

    /// Appends an option. Data of more than 253 octets is cut: the length octet holds no more.
    pub fn push(&mut self, option: TcpOption<'_>) -> &mut Self {
        match option {
            TcpOption::End | TcpOption::NoOperation => self.push_kind(option.kind()),
            TcpOption::MaximumSegmentSize(size) => self.push_data(option.kind(), &size.to_be_bytes()),
            TcpOption::WindowScale(shift) => self.push_data(option.kind(), &[shift]),
            TcpOption::SackPermitted => self.push_data(option.kind(), &[]),
            TcpOption::Sack(data) | TcpOption::Other { data, .. } => self.push_data(option.kind(), data),
            TcpOption::Timestamps { value, echo_reply } => {
                let [a, b, c, d] = value.to_be_bytes();
                let [e, f, g, h] = echo_reply.to_be_bytes();
                self.push_data(option.kind(), &[a, b, c, d, e, f, g, h]);
            }
        }
        self
    }

    /// Appends a SACK option with these left and right edges (RFC 2018 section 3).
    pub fn push_sack(&mut self, blocks: &[(u32, u32)]) -> &mut Self {
        let data: SmallVec<[u8; 32]> =
            blocks.iter().flat_map(|(left, right)| [left.to_be_bytes(), right.to_be_bytes()]).flatten().collect();
        self.push_data(TcpOption::SACK, &data);
        self
    }

    /// The options in order, up to the end of the list; a malformed one is the last.
    pub fn iter(&self) -> TcpOptionIter<'_> {
        TcpOptionIter { walk: OptionWalk::new(self.as_bytes()) }
    }

    /// The first option of a kind that is well-formed.
    pub fn find(&self, kind: u8) -> Option<TcpOption<'_>> {
        self.iter().flatten().find(|option| option.kind() == kind)
    }

    /// Octet of the option area at which the first option of a kind starts, if it is well-formed.
    pub fn position(&self, kind: u8) -> Option<usize> {
        OptionWalk::new(self.as_bytes()).flatten().find(|raw| raw.kind == kind).map(|raw| raw.offset)
    }
}

impl Deref for TcpOptions {
    type Target = OptionArea;

    #[inline]
    fn deref(&self) -> &OptionArea {
        &self.0
    }
}

impl DerefMut for TcpOptions {
    fn deref_mut(&mut self) -> &mut OptionArea {
        &mut self.0
    }
}

impl<'a> IntoIterator for &'a TcpOptions {
    type Item = Result<TcpOption<'a>, MalformedOption>;
    type IntoIter = TcpOptionIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> FromIterator<TcpOption<'a>> for TcpOptions {
    fn from_iter<I: IntoIterator<Item = TcpOption<'a>>>(options: I) -> Self {
        let mut area = TcpOptions::new();
        for option in options {
            area.push(option);
        }
        area
    }
}

/// The options of a [`TcpOptions`], in order.
#[derive(Clone, Debug)]
pub struct TcpOptionIter<'a> {
    walk: OptionWalk<'a>,
}

impl TcpOptionIter<'_> {
    /// Octet of the option area at which the next option starts.
    pub fn offset(&self) -> usize {
        self.walk.offset()
    }
}

impl<'a> Iterator for TcpOptionIter<'a> {
    type Item = Result<TcpOption<'a>, MalformedOption>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.walk.next()?.map(TcpOption::from_raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushed_options_are_read_again() {
        let blocks = [0, 0, 0, 1, 0, 0, 0, 9];
        let pushed = [
            TcpOption::MaximumSegmentSize(1460),
            TcpOption::NoOperation,
            TcpOption::WindowScale(7),
            TcpOption::SackPermitted,
            TcpOption::Timestamps { value: 0x0102_0304, echo_reply: 5 },
            TcpOption::Sack(&blocks),
            TcpOption::Other { kind: TcpOption::FAST_OPEN, data: &[1, 2] },
            TcpOption::End,
        ];
        let options: TcpOptions = pushed.into_iter().collect();
        assert_eq!(
            options.as_bytes(),
            [
                2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 5, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9, 34, 4,
                1, 2, 0
            ]
        );
        let read: Vec<_> = options.iter().collect();
        assert_eq!(read, pushed.map(Ok));
        assert_eq!(options.position(TcpOption::TIMESTAMPS), Some(10));
        assert_eq!(options.position(TcpOption::MD5_SIGNATURE), None);
    }

    #[test]
    fn a_known_kind_with_another_length_is_other() {
        for raw in [&[2, 3, 0][..], &[3, 2], &[4, 3, 0], &[5, 2], &[5, 9, 0, 0, 0, 0, 0, 0, 0], &[8, 3, 0]] {
            let options = TcpOptions::from_raw(raw);
            let other = TcpOption::Other { kind: raw[0], data: &raw[2..] };
            assert_eq!(options.iter().collect::<Vec<_>>(), [Ok(other)]);
            assert!(!TcpOption::has_own_length(raw[0], raw.len() - 2));
        }
    }

    #[test]
    fn data_that_no_length_octet_can_count_is_cut() {
        let mut options = TcpOptions::new();
        options.push(TcpOption::Other { kind: 99, data: &[7; 300] });
        assert_eq!(options.len(), 255);
        assert_eq!(options.iter().next(), Some(Ok(TcpOption::Other { kind: 99, data: &[7; 253] })));
    }

    #[test]
    fn the_offset_follows_the_options() {
        let options = TcpOptions::from_raw(&[1, 2, 4, 5, 0xb4, 8, 3]);
        let mut iter = options.iter();
        assert_eq!((iter.offset(), iter.next()), (0, Some(Ok(TcpOption::NoOperation))));
        assert_eq!((iter.offset(), iter.next()), (1, Some(Ok(TcpOption::MaximumSegmentSize(1460)))));
        assert_eq!(iter.next(), Some(Err(MalformedOption { offset: 5, kind: 8, length: 3 })));
        assert_eq!(iter.next(), None);
    }
}
