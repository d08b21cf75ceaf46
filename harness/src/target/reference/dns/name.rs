//! Domain names (RFC 1035 sections 3.1 and 4.1.4).

use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// Octets of a name, its length octets included.
const LONGEST: usize = 255;
/// A reader that follows a loop of pointers goes round so many times.
const LOOP: usize = 64;

/// A name as its labels, without the root's.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub(super) Vec<Vec<u8>>);

impl Name {
    /// A name of the zone's own data: labels with dots between.
    pub(super) fn of(text: &str) -> Name {
        Name(text.split('.').filter(|label| !label.is_empty()).map(|label| label.as_bytes().to_vec()).collect())
    }

    /// Reads the name at an offset of a message; the name and the offset behind it. None where it has no end, a label of
    /// a reserved type, more than 255 octets, or a pointer that does not lead back.
    pub(super) fn parse(message: &[u8], mut at: usize, world: &World) -> Option<(Name, usize)> {
        let (mut labels, mut length, mut behind) = (Vec::new(), 1, None);
        // A pointer leads to before the name, and from there only to before that.
        let mut earliest = at;
        let mut jumps = 0;
        loop {
            let octet = *message.get(at)?;
            match octet >> 6 {
                0b00 if octet == 0 => return Some((Name(labels), behind.unwrap_or(at + 1))),
                0b00 => {
                    let label = message.get(at + 1..at + 1 + usize::from(octet))?;
                    length += 1 + label.len();
                    if length > LONGEST && !world.deviates(Deviation::DnsLongNamesTaken) {
                        return None;
                    }
                    if label.len() > 32 && world.deviates(Deviation::DnsLabelsShort) {
                        return None;
                    }
                    labels.push(label.to_vec());
                    at += 1 + label.len();
                }
                0b11 if world.deviates(Deviation::DnsPointersUnanswered) => return None,
                0b11 => {
                    let low = *message.get(at + 1)?;
                    behind = behind.or(Some(at + 2));
                    let target = usize::from(octet & 0x3f) << 8 | usize::from(low);
                    let follows_any = world.deviates(Deviation::DnsPointersFollowed);
                    jumps += 1;
                    if (target >= earliest && !follows_any) || jumps > LOOP {
                        // One that goes round in circles ends somewhere after all.
                        return follows_any.then(|| (Name(labels), behind.unwrap_or(at + 2)));
                    }
                    (earliest, at) = (target.min(earliest), target);
                }
                _ if world.deviates(Deviation::DnsReservedLabelsTaken) => at += 1,
                _ => return None,
            }
        }
    }

    /// In lower case: how names are compared (RFC 1035 section 2.3.3).
    pub(super) fn folded(&self) -> Name {
        Name(self.0.iter().map(|label| label.to_ascii_lowercase()).collect())
    }

    /// Whether it is `zone` or below it; both folded.
    pub(super) fn is_in(&self, zone: &Name) -> bool {
        self.0.ends_with(&zone.0)
    }

    /// The name without its first label.
    pub(super) fn parent(&self) -> Name {
        Name(self.0.get(1..).unwrap_or_default().to_vec())
    }

    /// The name below this one with the label `*`.
    pub(super) fn wildcard(&self) -> Name {
        let mut labels = vec![b"*".to_vec()];
        labels.extend_from_slice(&self.0);
        Name(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(message: &[u8], at: usize) -> Option<(Name, usize)> {
        Name::parse(message, at, &World::default())
    }

    #[test]
    fn pointers_lead_back_or_nowhere() {
        let message = b"\x01a\x00\x01b\xc0\x00\xc0\x03\xc0\x09\xc0\xff\xc0";
        assert_eq!(parse(message, 3), Some((Name::of("b.a"), 7)));
        assert_eq!(parse(message, 7), Some((Name::of("b.a"), 9)));
        assert_eq!(parse(message, 9), None, "to itself");
        assert_eq!(parse(message, 11), None, "beyond the end");
        assert_eq!(parse(message, 13), None, "cut");
        assert_eq!(parse(b"\xc0\x02\xc0\x00", 2), None, "a loop of two");
        assert_eq!(parse(b"\x01a\xc0\x00", 0), None, "into itself");
    }

    #[test]
    fn limits_are_kept() {
        let name = |lengths: &[usize]| {
            let mut octets: Vec<u8> = lengths.iter().flat_map(|n| [vec![*n as u8], vec![b'x'; *n]].concat()).collect();
            octets.push(0);
            parse(&octets, 0).is_some()
        };
        assert!(name(&[63, 63, 63, 61]));
        assert!(!name(&[63, 63, 63, 62]));
        assert!(!name(&[64]));
        assert!(!name(&[0x80]));
    }
}
