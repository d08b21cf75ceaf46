//! Mailboxes by name (RFC 9051 section 6.3). `/` divides the levels of names.

use super::syntax::Arguments;
use super::view::View;
use super::{Completion, Imap, no, ok};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// Characters of a pattern that are none of an atom.
const WILDCARDS: &[u8] = b"%*";

impl Imap {
    /// A command that is about mailboxes; none where it has the wrong form.
    pub(super) fn folders(
        &mut self,
        user: &'static str,
        command: &str,
        mut arguments: Arguments<'_>,
        world: &mut World,
        out: &mut Vec<u8>,
    ) -> Option<Completion> {
        let name = arguments.string(b"", world);
        let name = match command {
            // The reference name may be empty.
            "LIST" | "LSUB" => name?,
            _ => name.filter(|name| !name.is_empty())?,
        };
        let name = String::from_utf8(name).ok()?;
        let key = key(user, &name, world);
        let exists = world.mailboxes.get(&key).is_some();
        let is_alone = arguments.is_empty();
        Some(match command {
            "SELECT" | "EXAMINE" if is_alone => {
                // Whether it succeeds or not, the mailbox before it is left (section 6.3.2).
                let before = self.view.take();
                if !exists {
                    self.view = before.filter(|_| world.deviates(Deviation::ImapFailedSelectStays));
                    return Some(no("[NONEXISTENT] there is no such mailbox"));
                }
                let view = self.view.insert(View::open(key, command == "EXAMINE", world));
                view.describe(world, out);
                ok(if command == "EXAMINE" { "[READ-ONLY] done" } else { "[READ-WRITE] done" })
            }
            "CREATE" if is_alone && exists => no("[ALREADYEXISTS] there is one"),
            "CREATE" if is_alone => match world.mailboxes.create(key) {
                Ok(()) => ok("done"),
                Err(_) => no("[LIMIT] there are too many"),
            },
            "DELETE" if is_alone => {
                let is_inbox = key == user;
                if is_inbox && !world.deviates(Deviation::ImapInboxDeleted) {
                    return Some(no("[CANNOT] the inbox stays"));
                }
                let below = format!("{key}/");
                if world.deviates(Deviation::ImapInferiorsDeleted) {
                    world.mailboxes.delete(|known| known.starts_with(&below) || known == key);
                } else if exists {
                    world.mailboxes.delete(|known| known == key);
                } else {
                    return Some(no("[NONEXISTENT] there is no such mailbox"));
                }
                ok("done")
            }
            "SUBSCRIBE" | "UNSUBSCRIBE" | "RENAME" => no("[CANNOT] not here"),
            "LIST" | "LSUB" => {
                arguments.space()?;
                let pattern = arguments.string(WILDCARDS, world).filter(|_| arguments.is_empty())?;
                let pattern = String::from_utf8(pattern).ok()?;
                if pattern.is_empty() {
                    out.extend_from_slice(format!("* {command} (\\Noselect) \"/\" \"\"\r\n").as_bytes());
                    return Some(ok("done"));
                }
                let pattern = name + &pattern;
                let names = world.mailboxes.keys().filter_map(|known| shown(user, known));
                let found = names.filter(|known| fits(&pattern, known, world));
                let lines: String = found.map(|known| format!("* {command} () \"/\" {known}\r\n")).collect();
                out.extend_from_slice(lines.as_bytes());
                ok("done")
            }
            "STATUS" => {
                arguments.space()?;
                let items = arguments.list().filter(|_| arguments.is_empty())?;
                if !exists {
                    return Some(no("[NONEXISTENT] there is no such mailbox"));
                }
                let told = View::open(key, true, world).status(&items, world)?;
                out.extend_from_slice(format!("* STATUS {name} ({told})\r\n").as_bytes());
                ok("done")
            }
            "APPEND" => {
                let (flags, message) = appended(arguments, world)?;
                if !exists {
                    let code = if world.deviates(Deviation::ImapTryCreateMissing) { "" } else { "[TRYCREATE] " };
                    return Some(no(&format!("{code}there is no such mailbox")));
                }
                let date = world.date();
                match world.mailboxes.deliver(&key, message, date) {
                    Ok(()) => {
                        let last = world.mailboxes.get_mut(&key).and_then(|held| held.messages.last_mut());
                        last.into_iter().for_each(|message| message.flags.clone_from(&flags));
                        ok("done")
                    }
                    Err(_) => no("[LIMIT] there is no room"),
                }
            }
            _ => return None,
        })
    }
}

/// Flags, date and message of APPEND; the date is read and not kept.
fn appended(mut arguments: Arguments<'_>, world: &World) -> Option<(Vec<String>, Vec<u8>)> {
    let mut flags = Vec::new();
    arguments.space()?;
    if let Some(found) = arguments.flags() {
        flags = found;
        arguments.space()?;
    }
    let mut message = arguments.string(b"", world)?;
    if !arguments.is_empty() {
        arguments.space()?;
        message = arguments.string(b"", world)?;
    }
    arguments.is_empty().then_some((flags, message))
}

/// Under what a mailbox of a user is held: the inbox under the user's name, whatever its case (RFC 9051 section 5.1).
fn key(user: &str, name: &str, world: &World) -> String {
    let is_inbox = match world.deviates(Deviation::ImapInboxCased) {
        true => name == "INBOX",
        false => name.eq_ignore_ascii_case("INBOX"),
    };
    if is_inbox { user.to_owned() } else { format!("{user}/{name}") }
}

/// The name that a user sees of a mailbox; none if it is another's.
fn shown<'k>(user: &str, key: &'k str) -> Option<&'k str> {
    match key.strip_prefix(user)? {
        "" => Some("INBOX"),
        rest => rest.strip_prefix('/'),
    }
}

/// Whether a name fits a pattern: `*` stands for anything, `%` for anything without a delimiter.
fn fits(pattern: &str, name: &str, world: &World) -> bool {
    let mut pattern_rest = pattern.chars();
    let Some(first) = pattern_rest.next() else { return name.is_empty() };
    let rest = pattern_rest.as_str();
    match first {
        '*' | '%' => {
            let within = match first == '%' && !world.deviates(Deviation::ImapPercentIsStar) {
                true => name.find('/').unwrap_or(name.len()),
                false => name.len(),
            };
            (0..=within).any(|at| name.is_char_boundary(at) && fits(rest, &name[at..], world))
        }
        first => name.strip_prefix(first).is_some_and(|name| fits(rest, name, world)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_stops_at_a_delimiter() {
        let fits = |pattern, name| fits(pattern, name, &World::default());
        assert!(fits("*", "a/b") && fits("%", "a") && fits("a/%", "a/b") && fits("a*c", "a/b/c"));
        assert!(!fits("%", "a/b") && !fits("a", "ab") && !fits("", "a"));
    }

    #[test]
    fn a_user_sees_no_mailbox_of_others() {
        assert_eq!(shown("alice", "alice"), Some("INBOX"));
        assert_eq!(shown("alice", "alice/a/b"), Some("a/b"));
        assert_eq!(shown("alice", "alice2/a"), None);
        assert_eq!(shown("alice", "user"), None);
    }
}
