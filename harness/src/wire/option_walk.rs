//! The common shape of option areas: kind, length, data, with two kinds that are a single octet.

/// An option whose length octet is missing, less than 2, or larger than what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("option of kind {kind} at octet {offset} of the option area has length {length}")]
pub struct MalformedOption {
    /// Octet from the start of the option area.
    pub offset: usize,
    /// Option kind.
    pub kind: u8,
    /// Its length octet, or 0 if there is none.
    pub length: u8,
}

/// One option as it stands in an option area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawOption<'a> {
    /// Octet from the start of the option area.
    pub(super) offset: usize,
    /// Option kind.
    pub(super) kind: u8,
    /// What follows the length octet; nothing for the one-octet kinds.
    pub(super) data: &'a [u8],
}

/// Walks the options of a TCP or IPv4 header (RFC 9293 section 3.2, RFC 791 section 3.1): kind 0 ends the list,
/// kind 1 is a single octet. Ends after the end of the list, and after a malformed option.
#[derive(Clone, Debug)]
pub(super) struct OptionWalk<'a> {
    area: &'a [u8],
    offset: usize,
}

impl<'a> OptionWalk<'a> {
    pub(super) fn new(area: &'a [u8]) -> Self {
        OptionWalk { area, offset: 0 }
    }

    /// Octets of the area that were walked over: those of the options given so far.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }
}

impl<'a> Iterator for OptionWalk<'a> {
    type Item = Result<RawOption<'a>, MalformedOption>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.offset;
        let rest = self.area.get(offset..)?;
        let (&kind, after) = rest.split_first()?;
        match kind {
            0 => {
                self.offset = offset + 1;
                self.area = &self.area[..offset + 1];
                Some(Ok(RawOption { offset, kind, data: &[] }))
            }
            1 => {
                self.offset = offset + 1;
                Some(Ok(RawOption { offset, kind, data: &[] }))
            }
            _ => {
                let length = after.first().copied().unwrap_or(0);
                match rest.get(2..usize::from(length)) {
                    Some(data) => {
                        self.offset = offset + usize::from(length);
                        Some(Ok(RawOption { offset, kind, data }))
                    }
                    None => {
                        self.area = &[];
                        Some(Err(MalformedOption { offset, kind, length }))
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step<'a> = Result<(usize, u8, &'a [u8]), MalformedOption>;

    fn walk(area: &[u8]) -> Vec<Step<'_>> {
        OptionWalk::new(area).map(|o| o.map(|o| (o.offset, o.kind, o.data))).collect()
    }

    #[test]
    fn well_formed() {
        assert_eq!(
            walk(&[1, 8, 3, 7, 5, 2, 1]),
            [Ok((0, 1, &[][..])), Ok((1, 8, &[7][..])), Ok((4, 5, &[][..])), Ok((6, 1, &[][..]))]
        );
    }

    #[test]
    fn nothing_after_the_end_of_the_list() {
        assert_eq!(walk(&[1, 0, 5, 2]), [Ok((0, 1, &[][..])), Ok((1, 0, &[][..]))]);
    }

    #[test]
    fn malformed_lengths_end_the_walk() {
        for length in [0, 1, 4] {
            assert_eq!(
                walk(&[1, 8, length, 1]),
                [Ok((0, 1, &[][..])), Err(MalformedOption { offset: 1, kind: 8, length })],
                "length {length}"
            );
        }
        assert_eq!(walk(&[8]), [Err(MalformedOption { offset: 0, kind: 8, length: 0 })]);
    }
}
