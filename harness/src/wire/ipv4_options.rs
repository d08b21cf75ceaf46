//! IPv4 options (RFC 791 section 3.1 and the RFCs named at each).

use std::ops::{Deref, DerefMut};

use super::option_area::OptionArea;
use super::option_walk::{MalformedOption, OptionWalk};

/// The option area of an IPv4 header, kept as its raw octets so that nothing malformed is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ipv4Options(OptionArea);

/// One IPv4 option (RFC 791 section 3.1, RFC 2113).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv4Option<'a> {
    /// End of option list, kind 0.
    End,
    /// No operation, kind 1.
    NoOperation,
    /// Any other kind with its data, without the kind and length octets.
    Other {
        /// The option type octet: copied flag, class, number.
        kind: u8,
        /// What follows the length octet.
        data: &'a [u8],
    },
}

impl Ipv4Option<'_> {
    /// Record route (RFC 791 section 3.1).
    pub const RECORD_ROUTE: u8 = 7;
    /// Internet timestamp (RFC 791 section 3.1).
    pub const TIMESTAMP: u8 = 68;
    /// Security (RFC 1108 section 2).
    pub const SECURITY: u8 = 130;
    /// Loose source and record route (RFC 791 section 3.1).
    pub const LOOSE_SOURCE_ROUTE: u8 = 131;
    /// Commercial IP security option.
    pub const CIPSO: u8 = 134;
    /// Stream identifier (RFC 791 section 3.1).
    pub const STREAM_IDENTIFIER: u8 = 136;
    /// Strict source and record route (RFC 791 section 3.1).
    pub const STRICT_SOURCE_ROUTE: u8 = 137;
    /// Router alert (RFC 2113 section 2.1).
    pub const ROUTER_ALERT: u8 = 148;

    /// The option type octet.
    pub fn kind(&self) -> u8 {
        match self {
            Ipv4Option::End => 0,
            Ipv4Option::NoOperation => 1,
            Ipv4Option::Other { kind, .. } => *kind,
        }
    }

    /// The copied flag: whether the option goes into every fragment (RFC 791 section 3.1).
    pub fn is_copied(&self) -> bool {
        self.kind() & 0x80 != 0
    }
}

impl Ipv4Options {
    /// No options.
    pub fn new() -> Self {
        Ipv4Options::default()
    }

    /// An option area of these octets, whatever they are.
    pub fn from_raw(octets: &[u8]) -> Self {
        Ipv4Options(OptionArea::from_raw(octets))
    }

    /// Appends an option. Data of more than 253 octets is cut: the length octet holds no more.
    pub fn push(&mut self, option: Ipv4Option<'_>) -> &mut Self {
        match option {
            Ipv4Option::End | Ipv4Option::NoOperation => self.push_kind(option.kind()),
            Ipv4Option::Other { kind, data } => self.push_data(kind, data),
        }
        self
    }

    /// The options in order, up to the end of the list; a malformed one is the last.
    pub fn iter(&self) -> Ipv4OptionIter<'_> {
        Ipv4OptionIter { walk: OptionWalk::new(self.as_bytes()) }
    }
}

impl Deref for Ipv4Options {
    type Target = OptionArea;

    #[inline]
    fn deref(&self) -> &OptionArea {
        &self.0
    }
}

impl DerefMut for Ipv4Options {
    fn deref_mut(&mut self) -> &mut OptionArea {
        &mut self.0
    }
}

impl<'a> IntoIterator for &'a Ipv4Options {
    type Item = Result<Ipv4Option<'a>, MalformedOption>;
    type IntoIter = Ipv4OptionIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The options of an [`Ipv4Options`], in order.
#[derive(Clone, Debug)]
pub struct Ipv4OptionIter<'a> {
    walk: OptionWalk<'a>,
}

impl<'a> Iterator for Ipv4OptionIter<'a> {
    type Item = Result<Ipv4Option<'a>, MalformedOption>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.walk.next()?.map(|raw| match raw.kind {
            0 => Ipv4Option::End,
            1 => Ipv4Option::NoOperation,
            kind => Ipv4Option::Other { kind, data: raw.data },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn push_and_iterate() {
        let mut options = Ipv4Options::new();
        let route = [4, 192, 0, 2, 1];
        options
            .push(Ipv4Option::NoOperation)
            .push(Ipv4Option::Other { kind: Ipv4Option::LOOSE_SOURCE_ROUTE, data: &route })
            .push(Ipv4Option::End);
        assert_eq!(options.as_bytes(), [1, 131, 7, 4, 192, 0, 2, 1, 0]);
        let read: Vec<_> = options.iter().collect();
        assert_eq!(
            read,
            [Ok(Ipv4Option::NoOperation), Ok(Ipv4Option::Other { kind: 131, data: &route }), Ok(Ipv4Option::End)]
        );
        assert_eq!(options.pad().len(), 12);
    }

    #[test]
    fn copied_flag() {
        assert!(Ipv4Option::Other { kind: Ipv4Option::STRICT_SOURCE_ROUTE, data: &[] }.is_copied());
        assert!(!Ipv4Option::Other { kind: Ipv4Option::RECORD_ROUTE, data: &[] }.is_copied());
    }

    #[test]
    fn malformed_option_is_told_and_kept() {
        let options = Ipv4Options::from_raw(&[1, 7, 40, 4]);
        assert_eq!(options.iter().last(), Some(Err(MalformedOption { offset: 1, kind: 7, length: 40 })));
        assert_eq!(options.as_bytes(), [1, 7, 40, 4]);
    }
}
