//! The mailboxes that SMTP delivers into and POP3 and IMAP read from.

use std::collections::BTreeMap;

/// The domain whose mail is delivered here.
pub(super) const DOMAIN: &str = "example.test";
/// The host's own name.
pub(super) const HOST: &str = "server.example";
/// Local parts that have a mailbox.
const USERS: [&str; 3] = ["alice", "postmaster", "user"];
/// The password of every user.
pub(super) const PASSWORD: &str = "secret";
/// Mailboxes that there are.
const MOST_MAILBOXES: usize = 256;
/// Messages that a mailbox holds.
const MOST_MESSAGES: usize = 256;
/// Octets that all mailboxes hold together.
const MOST_OCTETS: usize = 16 << 20;

/// A message that was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Never given again to another message of the mailbox (UID of IMAP).
    pub(super) uid: u32,
    /// Header section and body, lines with CRLF.
    pub(super) octets: Vec<u8>,
    /// When it was delivered, in seconds since 1970.
    pub(super) delivered: u64,
    /// Flags of IMAP, as they are written.
    pub(super) flags: Vec<String>,
}

impl Message {
    /// Whether it has a flag.
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known.eq_ignore_ascii_case(flag))
    }
}

/// The messages of one user, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox {
    pub(super) messages: Vec<Message>,
    /// Messages that were ever in it.
    pub(super) count: u32,
    /// A POP3 session has it for itself.
    pub(super) is_locked: bool,
}

/// All mailboxes.
#[derive(Clone, Debug)]
pub(super) struct Mailboxes {
    /// By user, those that IMAP has made by user, `/` and name.
    boxes: BTreeMap<String, Mailbox>,
    octets: usize,
}

/// There is no room for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Default for Mailboxes {
    fn default() -> Self {
        Mailboxes { boxes: USERS.iter().map(|user| ((*user).to_owned(), Mailbox::default())).collect(), octets: 0 }
    }
}

impl Mailboxes {
    /// The user of a local part, whatever its case.
    pub(super) fn user(local_part: &[u8]) -> Option<&'static str> {
        USERS.iter().find(|user| user.as_bytes().eq_ignore_ascii_case(local_part)).copied()
    }

    /// The mailbox of a user.
    pub(super) fn get(&self, user: &str) -> Option<&Mailbox> {
        self.boxes.get(user)
    }

    /// The mailbox of a user.
    pub(super) fn get_mut(&mut self, user: &str) -> Option<&mut Mailbox> {
        self.boxes.get_mut(user)
    }

    /// Whether each of these users' mailboxes has room for a message of so many octets.
    pub(super) fn have_room(&self, users: &[&'static str], octets: usize) -> bool {
        let has_place = |user: &&'static str| self.get(user).is_some_and(|held| held.messages.len() < MOST_MESSAGES);
        users.iter().all(has_place) && self.octets + octets.saturating_mul(users.len()) <= MOST_OCTETS
    }

    /// What mailboxes are held under, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.boxes.keys().map(String::as_str)
    }

    /// Makes an empty mailbox.
    pub(super) fn create(&mut self, key: String) -> Result<(), Full> {
        if self.boxes.len() >= MOST_MAILBOXES {
            return Err(Full);
        }
        self.boxes.entry(key).or_default();
        Ok(())
    }

    /// Takes away the mailboxes that are meant, and what is in them.
    pub(super) fn delete(&mut self, is_meant: impl Fn(&str) -> bool) {
        let octets = &mut self.octets;
        self.boxes.retain(|key, held| {
            let is_gone = is_meant(key);
            if is_gone {
                *octets -= held.messages.iter().map(|message| message.octets.len()).sum::<usize>();
            }
            !is_gone
        });
    }

    /// Puts a message into a user's mailbox.
    pub(super) fn deliver(&mut self, user: &str, octets: Vec<u8>, delivered: u64) -> Result<(), Full> {
        let length = octets.len();
        let Some(held) = self.boxes.get_mut(user) else { return Ok(()) };
        if held.messages.len() >= MOST_MESSAGES || self.octets + length > MOST_OCTETS {
            return Err(Full);
        }
        held.count += 1;
        held.messages.push(Message { uid: held.count, octets, delivered, flags: Vec::new() });
        self.octets += length;
        Ok(())
    }

    /// Takes out of a user's mailbox the messages of these UIDs.
    pub(super) fn remove(&mut self, user: &str, uids: &[u32]) {
        let Some(held) = self.boxes.get_mut(user) else { return };
        held.messages.retain(|message| {
            let is_gone = uids.contains(&message.uid);
            if is_gone {
                self.octets -= message.octets.len();
            }
            !is_gone
        });
    }

    /// Makes a user's mailbox hold exactly three known messages: subjects `one`, `two` and `three`; the second has a line
    /// that is a single dot, the third a line of 8-bit octets.
    pub(super) fn fill(&mut self, user: &str, delivered: u64) -> Result<(), Full> {
        let all: Vec<u32> = self.get(user).into_iter().flat_map(|held| &held.messages).map(|held| held.uid).collect();
        self.remove(user, &all);
        let bodies: [(&str, &[u8]); 3] =
            [("one", b"first\r\n"), ("two", b"before\r\n.\r\n..\r\nafter\r\n"), ("three", b"caf\xc3\xa9 \xff\r\n")];
        for (subject, body) in bodies {
            let head = format!("From: <user@{DOMAIN}>\r\nTo: <{user}@{DOMAIN}>\r\nSubject: {subject}\r\n\r\n");
            self.deliver(user, [head.as_bytes(), body].concat(), delivered)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_delivered_is_there_until_it_is_removed() {
        let mut mailboxes = Mailboxes::default();
        assert_eq!(Mailboxes::user(b"ALICE"), Some("alice"));
        assert_eq!(Mailboxes::user(b"nobody"), None);
        mailboxes.fill("alice", 7).unwrap();
        mailboxes.fill("alice", 8).unwrap();
        let held = mailboxes.get("alice").unwrap();
        assert_eq!(held.messages.iter().map(|message| message.uid).collect::<Vec<_>>(), [4, 5, 6]);
        mailboxes.remove("alice", &[4, 5, 6]);
        assert_eq!(mailboxes.octets, 0);
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut mailboxes = Mailboxes::default();
        let mut delivered = 0;
        while mailboxes.deliver("user", vec![b'x'; 1_000_000], 0).is_ok() {
            delivered += 1;
        }
        assert_eq!(delivered, MOST_OCTETS / 1_000_000);
        assert!(!mailboxes.have_room(&["alice"], 1_000_000));
    }
}
