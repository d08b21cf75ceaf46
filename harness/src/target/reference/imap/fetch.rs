//! FETCH (RFC 9051 section 6.4.5).

use super::syntax::Arguments;
use super::view::{Place, View};
use super::{Completion, bad, no, ok};
use crate::target::reference::date;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::mailbox::Message;
use crate::target::reference::world::World;

/// Something of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Flags,
    Uid,
    Size,
    Date,
    /// `BODY[section]<first.count>`, or what older clients call so.
    Body {
        name: String,
        section: Section,
        part: Option<(usize, usize)>,
        peeks: bool,
    },
    /// What this server does not have.
    Missing,
}

/// What of a message's octets is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    All,
    Header,
    Text,
}

impl Item {
    /// All items; none if one is none.
    pub(super) fn parse_all(mut arguments: Arguments<'_>) -> Option<Vec<Item>> {
        let words = arguments.list().filter(|words| arguments.is_empty() && !words.is_empty())?;
        let all = words.iter().map(|word| Item::parse(word));
        all.collect::<Option<Vec<_>>>().map(|items| items.into_iter().flatten().collect())
    }

    fn parse(word: &str) -> Option<Vec<Item>> {
        let body = |name: &str, section, peeks| Item::Body { name: name.to_owned(), section, part: None, peeks };
        Some(match word.to_ascii_uppercase().as_str() {
            "FLAGS" => vec![Item::Flags],
            "UID" => vec![Item::Uid],
            "RFC822.SIZE" => vec![Item::Size],
            "INTERNALDATE" => vec![Item::Date],
            "FAST" => vec![Item::Flags, Item::Date, Item::Size],
            "RFC822" => vec![body("RFC822", Section::All, false)],
            "RFC822.HEADER" => vec![body("RFC822.HEADER", Section::Header, true)],
            "RFC822.TEXT" => vec![body("RFC822.TEXT", Section::Text, false)],
            "ALL" | "FULL" | "ENVELOPE" | "BODY" | "BODYSTRUCTURE" => vec![Item::Missing],
            word => {
                let (rest, peeks) = match word.strip_prefix("BODY.PEEK[") {
                    Some(rest) => (rest, true),
                    None => (word.strip_prefix("BODY[")?, false),
                };
                let (section, rest) = rest.split_once(']')?;
                let part = match rest {
                    "" => None,
                    rest => {
                        let (first, count) = rest.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
                        Some((first.parse().ok()?, count.parse().ok().filter(|count| *count > 0)?))
                    }
                };
                let name = match part {
                    Some((first, _)) => format!("BODY[{section}]<{first}>"),
                    None => format!("BODY[{section}]"),
                };
                let section = match section {
                    "" => Section::All,
                    "HEADER" => Section::Header,
                    "TEXT" => Section::Text,
                    _ => return Some(vec![Item::Missing]),
                };
                vec![Item::Body { name, section, part, peeks }]
            }
        })
    }
}

impl Section {
    fn of(self, octets: &[u8]) -> &[u8] {
        let end = octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
        match self {
            Section::All => octets,
            Section::Header => &octets[..end],
            Section::Text => &octets[end..],
        }
    }
}

impl View {
    pub(super) fn fetch(
        &self,
        places: &[Place],
        mut items: Vec<Item>,
        by_uid: bool,
        world: &mut World,
        out: &mut Vec<u8>,
    ) -> Completion {
        if items.contains(&Item::Missing) {
            return no("[CANNOT] this item is not there");
        }
        if by_uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        let sees = items.iter().any(|item| {
            let looks = |peeks: &bool| !peeks || world.deviates(Deviation::ImapPeekSees);
            matches!(item, Item::Body { section: Section::All | Section::Text, peeks, .. } if looks(peeks))
        });
        let sees = sees && !self.is_read_only && !world.deviates(Deviation::ImapBodyUnseen);
        for place in places {
            if sees && self.set_flags(*place, |flags| push(flags, "\\Seen"), world) && !items.contains(&Item::Flags) {
                items.push(Item::Flags);
            }
            // Another session may have removed it.
            let Some(message) = self.message(*place, world) else { continue };
            let mut told = format!("* {} FETCH (", place.number).into_bytes();
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    told.push(b' ');
                }
                if !tell(item, *place, message, world, &mut told) {
                    return bad("there is no such part");
                }
            }
            told.extend_from_slice(b")\r\n");
            out.extend_from_slice(&told);
        }
        ok("done")
    }

    /// Changes the flags of a message; whether they are others now.
    pub(super) fn set_flags(&self, place: Place, change: impl Fn(&mut Vec<String>), world: &mut World) -> bool {
        let held = world.mailboxes.get_mut(&self.key);
        let message = held.and_then(|held| held.messages.iter_mut().find(|message| message.uid == place.held));
        message.is_some_and(|message| {
            let before = message.flags.clone();
            change(&mut message.flags);
            message.flags != before
        })
    }
}

/// Adds a flag that is not there.
pub(super) fn push(flags: &mut Vec<String>, flag: &str) {
    if !flags.iter().any(|known| known.eq_ignore_ascii_case(flag)) {
        flags.push(flag.to_owned());
    }
}

/// Writes an item of a message; false where the server refuses to.
fn tell(item: &Item, place: Place, message: &Message, world: &World, out: &mut Vec<u8>) -> bool {
    let text = match item {
        Item::Flags => format!("FLAGS ({})", message.flags.join(" ")),
        Item::Uid => format!("UID {}", place.uid),
        Item::Size => format!("RFC822.SIZE {}", message.octets.len()),
        Item::Date => format!("INTERNALDATE \"{}\"", internal_date(message.delivered)),
        Item::Body { name, section, part, .. } => {
            let whole = section.of(&message.octets);
            if part.is_some_and(|(first, _)| first > whole.len()) && world.deviates(Deviation::ImapPartsBeyondRefused) {
                return false;
            }
            // What is beyond the end is not there, and that is no error.
            let octets = part.map_or(whole, |(first, count)| {
                let rest = &whole[first.min(whole.len())..];
                &rest[..count.min(rest.len())]
            });
            let plus = if world.deviates(Deviation::ImapLiteralsPlus) { "+" } else { "" };
            out.extend_from_slice(format!("{name} {{{}{plus}}}\r\n", octets.len()).as_bytes());
            out.extend_from_slice(octets);
            return true;
        }
        Item::Missing => return false,
    };
    out.extend_from_slice(text.as_bytes());
    true
}

/// `dd-Mon-yyyy hh:mm:ss +zzzz`.
fn internal_date(seconds: u64) -> String {
    let mail = date::mail(seconds);
    match mail.split(' ').collect::<Vec<_>>()[..] {
        [_, day, month, year, time, zone] => format!("{day:0>2}-{month}-{year} {time} {zone}"),
        _ => mail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_read() {
        let part = |part| Item::Body { name: "BODY[]<0>".into(), section: Section::All, part, peeks: true };
        assert_eq!(Item::parse("body.peek[]<0.10>"), Some(vec![part(Some((0, 10)))]));
        assert_eq!(Item::parse("ENVELOPE"), Some(vec![Item::Missing]));
        for word in ["NONSENSE", "BODY[", "BODY[]<0>", "BODY[]<0.0>", "BODY[]x"] {
            assert_eq!(Item::parse(word), None, "{word}");
        }
    }

    #[test]
    fn the_date_is_that_of_the_delivery() {
        assert_eq!(internal_date(1_767_225_600), "01-Jan-2026 00:00:00 +0000");
    }
}
