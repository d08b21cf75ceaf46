//! The selected mailbox as a session sees it: numbers stand for the same messages until the session is told otherwise.

use super::syntax::{Arguments, Set};
use super::{Completion, bad, fetch, no, ok, store};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::mailbox::Message;
use crate::target::reference::world::World;

/// The flags that there are (RFC 9051 section 2.3.2).
pub(super) const FLAGS: &str = "\\Answered \\Flagged \\Deleted \\Seen \\Draft";
/// It never changes: UIDs are never given again.
const UID_VALIDITY: u32 = 1;
/// Items of FETCH and keys of SEARCH that RFC 3501 has and this server has not.
const MISSING_KEYS: [&str; 12] =
    ["BCC", "BEFORE", "BODY", "CC", "FROM", "HEADER", "ON", "SINCE", "SUBJECT", "TEXT", "TO", "OR"];

/// A mailbox that is selected.
#[derive(Debug)]
pub(super) struct View {
    pub(super) key: String,
    pub(super) is_read_only: bool,
    /// UIDs by message number.
    uids: Vec<u32>,
}

/// A message that a set means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its message number.
    pub(super) number: u32,
    /// The UID under which it is held.
    pub(super) held: u32,
    /// The UID that is told.
    pub(super) uid: u32,
}

impl View {
    /// A view of all that is there.
    pub(super) fn open(key: String, is_read_only: bool, world: &World) -> View {
        let held = world.mailboxes.get(&key);
        let uids = held.into_iter().flat_map(|held| &held.messages).map(|message| message.uid).collect();
        View { key, is_read_only, uids }
    }

    /// What SELECT tells of a mailbox (RFC 9051 section 6.3.2).
    pub(super) fn describe(&self, world: &World, out: &mut Vec<u8>) {
        let permanent = if self.is_read_only { "" } else { FLAGS };
        let mut lines = vec![
            format!("{} EXISTS", self.uids.len()),
            "0 RECENT".to_owned(),
            format!("FLAGS ({FLAGS})"),
            format!("OK [PERMANENTFLAGS ({permanent})] these stay"),
            format!("OK [UIDNEXT {}] is the next", self.uid_next(world)),
        ];
        if !world.deviates(Deviation::ImapValidityMissing) {
            lines.push(format!("OK [UIDVALIDITY {UID_VALIDITY}] for ever"));
        }
        lines.iter().for_each(|line| out.extend_from_slice(format!("* {line}\r\n").as_bytes()));
    }

    /// The items of STATUS; none if one is not known.
    pub(super) fn status(&self, items: &[String], world: &World) -> Option<String> {
        let unseen = |place: &Place| self.message(*place, world).is_some_and(|message| !message.has("\\Seen"));
        let value = |item: &String| {
            let value = match item.to_ascii_uppercase().as_str() {
                "MESSAGES" => self.uids.len() as u32,
                "RECENT" => 0,
                "UIDNEXT" => self.uid_next(world),
                "UIDVALIDITY" => UID_VALIDITY,
                "UNSEEN" => self.places(world).filter(unseen).count() as u32,
                _ => return None,
            };
            Some(format!("{} {value}", item.to_ascii_uppercase()))
        };
        items.iter().map(value).collect::<Option<Vec<_>>>().map(|told| told.join(" "))
    }

    fn uid_next(&self, world: &World) -> u32 {
        world.mailboxes.get(&self.key).map_or(1, |held| held.count + 1)
    }

    /// Every message of the view.
    fn places(&self, world: &World) -> impl Iterator<Item = Place> {
        let renumbered = world.deviates(Deviation::ImapUidsRenumbered);
        self.uids.iter().zip(1..).map(move |(held, number)| {
            let uid = if renumbered { number } else { *held };
            Place { number, held: *held, uid }
        })
    }

    pub(super) fn message<'w>(&self, place: Place, world: &'w World) -> Option<&'w Message> {
        let held = world.mailboxes.get(&self.key)?;
        held.messages.iter().find(|message| message.uid == place.held)
    }

    /// The messages that a set means; the completion that is due where it means none that could be.
    fn chosen(&self, set: &Set, by_uid: bool, world: &World) -> Result<Vec<Place>, Completion> {
        if set.has_zero() && !world.deviates(Deviation::ImapZeroTaken) {
            return Err(bad("numbers begin with 1"));
        }
        let largest = match by_uid {
            true => self.places(world).map(|place| place.uid).max().unwrap_or(0),
            false => self.uids.len() as u32,
        };
        // What is no number of a message is an error, and what is no UID is passed over (RFC 9051 sections 9 and 6.4.9).
        if !by_uid && set.highest() > largest {
            return Err(bad("there is no such message"));
        }
        let number = |place: &Place| if by_uid { place.uid } else { place.number };
        let found: Vec<_> = self.places(world).filter(|place| set.contains(number(place), largest, world)).collect();
        if by_uid && found.is_empty() && world.deviates(Deviation::ImapMissingUidsRefused) {
            return Err(no("there is no such message"));
        }
        Ok(found)
    }

    /// A command about messages; none where it has the wrong form.
    pub(super) fn command(
        &mut self,
        name: &str,
        mut arguments: Arguments<'_>,
        by_uid: bool,
        world: &mut World,
        out: &mut Vec<u8>,
    ) -> Option<Completion> {
        match name {
            "CHECK" => arguments.is_empty().then(|| ok("done")),
            "EXPUNGE" if arguments.is_empty() && self.is_read_only => Some(no("[READ-ONLY] nothing is removed here")),
            "EXPUNGE" if arguments.is_empty() => {
                self.expunge(world, out);
                Some(ok("done"))
            }
            "UID" if !by_uid => {
                let name = arguments.word()?;
                arguments.space()?;
                match name.as_str() {
                    "FETCH" | "STORE" | "SEARCH" | "COPY" => self.command(&name, arguments, true, world, out),
                    _ => None,
                }
            }
            "SEARCH" => self.search(arguments, by_uid, world, out),
            "FETCH" | "STORE" | "COPY" => {
                let set = arguments.set()?;
                arguments.space()?;
                let chosen = self.chosen(&set, by_uid, world);
                match name {
                    "FETCH" => {
                        let items = fetch::Item::parse_all(arguments)?;
                        Some(chosen.map_or_else(|error| error, |chosen| self.fetch(&chosen, items, by_uid, world, out)))
                    }
                    "STORE" => {
                        let change = store::Change::parse(arguments)?;
                        Some(
                            chosen
                                .map_or_else(|error| error, |places| self.store(&places, &change, by_uid, world, out)),
                        )
                    }
                    _ => Some(no("[CANNOT] not here")),
                }
            }
            _ => None,
        }
    }

    /// SEARCH with keys that flags and numbers answer (RFC 9051 section 6.4.4).
    fn search(
        &self,
        mut arguments: Arguments<'_>,
        by_uid: bool,
        world: &World,
        out: &mut Vec<u8>,
    ) -> Option<Completion> {
        let mut found: Vec<Place> = self.places(world).collect();
        loop {
            let before = arguments;
            let key = arguments.word()?;
            let has = |place: &Place, flag: &str| self.message(*place, world).is_some_and(|held| held.has(flag));
            let flag = |name: &str| FLAGS.split(' ').find(|flag| flag[1..].eq_ignore_ascii_case(name));
            match key.as_str() {
                "ALL" | "OLD" => {}
                "UID" => {
                    arguments.space()?;
                    let set = arguments.set()?;
                    let chosen = match self.chosen(&set, true, world) {
                        Ok(chosen) => chosen,
                        Err(error) => return Some(error),
                    };
                    found.retain(|place| chosen.iter().any(|other| other.held == place.held));
                }
                key if flag(key).is_some() => found.retain(|place| has(place, flag(key).unwrap_or_default())),
                key if key.strip_prefix("UN").and_then(flag).is_some() => {
                    let flag = key.strip_prefix("UN").and_then(flag).unwrap_or_default();
                    found.retain(|place| !has(place, flag));
                }
                key if MISSING_KEYS.contains(&key) => return Some(no("[CANNOT] this key is not there")),
                _ => {
                    arguments = before;
                    let set = arguments.set()?;
                    match self.chosen(&set, false, world) {
                        Ok(chosen) => found.retain(|place| chosen.iter().any(|other| other.held == place.held)),
                        Err(error) => return Some(error),
                    }
                }
            }
            if arguments.is_empty() {
                break;
            }
            arguments.space()?;
        }
        let numbers = found.iter().map(|place| format!(" {}", if by_uid { place.uid } else { place.number }));
        out.extend_from_slice(format!("* SEARCH{}\r\n", numbers.collect::<String>()).as_bytes());
        Some(ok("done"))
    }

    /// Removes what is marked as deleted.
    pub(super) fn expunge(&mut self, world: &mut World, out: &mut Vec<u8>) {
        if self.is_read_only {
            return;
        }
        let is_marked = |place: &Place| self.message(*place, world).is_some_and(|held| held.has("\\Deleted"));
        let marked: Vec<u32> = self.places(world).filter(is_marked).map(|place| place.held).collect();
        world.mailboxes.remove(&self.key, &marked);
        self.news(true, world, out);
    }

    /// Tells of messages that went, if that may be, and of those that came.
    pub(super) fn news(&mut self, removals: bool, world: &World, out: &mut Vec<u8>) {
        let Some(held) = world.mailboxes.get(&self.key) else { return };
        if removals {
            let mut at = 0;
            while let Some(uid) = self.uids.get(at) {
                if held.messages.iter().any(|message| message.uid == *uid) {
                    at += 1;
                } else {
                    self.uids.remove(at);
                    out.extend_from_slice(format!("* {} EXPUNGE\r\n", at + 1).as_bytes());
                }
            }
        }
        let last = self.uids.last().copied().unwrap_or(0);
        let new = held.messages.iter().map(|message| message.uid).filter(|uid| *uid > last);
        let before = self.uids.len();
        self.uids.extend(new);
        if self.uids.len() > before && !world.deviates(Deviation::ImapNewsUntold) {
            out.extend_from_slice(format!("* {} EXISTS\r\n", self.uids.len()).as_bytes());
        }
    }
}
