//! A POP3 server (RFC 1939) with CAPA (RFC 2449), octets in and octets out, over the mailboxes of the target. TOP and UIDL
//! are there, APOP is not: one user does not have both (section 13).

use std::time::Duration;

use super::conversation::Conversation;
use super::deviation::Deviation;
use super::line::{Line, Lines, decimal};
use super::mailbox::{HOST, Mailboxes, PASSWORD};
use super::world::World;

/// Octets of a command line without its end: 255 of RFC 2449 section 4, and more than any command here needs.
const LONGEST_COMMAND: usize = 253;
/// The autologout timer is at least ten minutes (RFC 1939 section 3).
const PATIENCE: Duration = Duration::from_secs(610);

/// One session.
#[derive(Debug, Default)]
pub(super) struct Pop3 {
    lines: Lines,
    /// What USER said last, if nothing came since.
    named: Option<Vec<u8>>,
    maildrop: Option<Maildrop>,
    is_over: bool,
}

/// What a session in the TRANSACTION state sees: the messages that were there when it began.
#[derive(Debug)]
struct Maildrop {
    user: &'static str,
    /// UIDs, and whether the message is marked as deleted.
    messages: Vec<(u32, bool)>,
}

/// A response without its indicator; one with `lines` is a multi-line response.
struct Reply {
    is_ok: bool,
    text: String,
    lines: Option<Vec<u8>>,
}

fn ok(text: impl Into<String>) -> Reply {
    Reply { is_ok: true, text: text.into(), lines: None }
}

fn err(text: &str) -> Reply {
    Reply { is_ok: false, text: text.to_owned(), lines: None }
}

impl Conversation for Pop3 {
    fn open(&mut self, world: &mut World, out: &mut Vec<u8>) {
        write(ok(format!("{HOST} POP3")), world, out);
    }

    fn take(&mut self, octets: &[u8], world: &mut World, out: &mut Vec<u8>) -> usize {
        for (at, octet) in octets.iter().enumerate() {
            if let Some(line) = self.lines.push(*octet, LONGEST_COMMAND, false) {
                let reply = self.command(&line, world);
                self.is_over |= !reply.is_ok && world.deviates(Deviation::Pop3ErrorCloses);
                self.is_over |= line.octets.len() > 38 && world.deviates(Deviation::Pop3ArgumentsShort);
                write(reply, world, out);
                return if world.deviates(Deviation::Pop3PipelineDropped) { octets.len() } else { at + 1 };
            }
        }
        octets.len()
    }

    fn finish(&mut self, world: &mut World, _out: &mut Vec<u8>) {
        // Without QUIT nothing is removed (section 6).
        self.leave(world.deviates(Deviation::Pop3LossRemoves), world);
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn time_out(&mut self, world: &mut World, _out: &mut Vec<u8>) {
        self.leave(world.deviates(Deviation::Pop3LossRemoves), world);
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn abandon(&mut self, world: &mut World) {
        self.leave(world.deviates(Deviation::Pop3LossRemoves), world);
    }
}

impl Pop3 {
    fn command(&mut self, line: &Line, world: &mut World) -> Reply {
        let named = self.named.take();
        let is_text = line.octets.iter().all(|octet| matches!(octet, b' '..=b'~'));
        if line.is_too_long || !is_text {
            return err("syntax error");
        }
        let text = String::from_utf8_lossy(&line.octets).into_owned();
        let (keyword, argument) = match text.split_once(' ') {
            Some((keyword, argument)) => (keyword, Some(argument)),
            None => (text.as_str(), None),
        };
        let cased = world.deviates(Deviation::Pop3KeywordsCased);
        let keyword = if cased { keyword.to_owned() } else { keyword.to_ascii_uppercase() };
        match (keyword.as_str(), argument) {
            ("QUIT", None) => {
                let kept = world.deviates(Deviation::Pop3QuitKeeps);
                self.leave(!kept, world);
                self.is_over = !world.deviates(Deviation::Pop3QuitStays);
                ok("goodbye")
            }
            ("CAPA", None) => {
                Reply { lines: Some(b"TOP\r\nUSER\r\nUIDL\r\nPIPELINING\r\n".to_vec()), ..ok("capabilities follow") }
            }
            _ if self.maildrop.is_none() => match (keyword.as_str(), argument) {
                ("USER", Some(name)) if !name.is_empty() => {
                    self.named = Some(name.as_bytes().to_vec());
                    ok("now the password")
                }
                // The password is all that follows, blanks too (section 7).
                ("PASS", Some(password)) => self.pass(named, password, world),
                ("STAT" | "LIST", _) if world.deviates(Deviation::Pop3LoginNotDemanded) => ok("0 0"),
                _ => err("not before authorization"),
            },
            _ => self.transaction(&keyword, argument, world),
        }
    }

    fn pass(&mut self, named: Option<Vec<u8>>, password: &str, world: &mut World) -> Reply {
        let alice = || world.deviates(Deviation::Pop3UserNotDemanded).then(|| b"alice".to_vec());
        let Some(name) = named.or_else(alice) else { return err("say USER first") };
        let name = match Mailboxes::user(&name) {
            None if world.deviates(Deviation::Pop3UnknownUsersTaken) => {
                self.maildrop = Some(Maildrop { user: "alice", messages: Vec::new() });
                return ok("the maildrop is open");
            }
            _ => name,
        };
        let exact = password == PASSWORD || world.deviates(Deviation::Pop3PasswordUnchecked);
        let Some(user) = Mailboxes::user(&name).filter(|_| exact) else { return err("wrong name or password") };
        let shared = world.deviates(Deviation::Pop3LockIgnored);
        let Some(held) = world.mailboxes.get_mut(user) else { return err("there is no maildrop") };
        if held.is_locked && !shared {
            return err("[IN-USE] the maildrop is locked by another session");
        }
        held.is_locked = true;
        let messages = held.messages.iter().map(|message| (message.uid, false)).collect();
        self.maildrop = Some(Maildrop { user, messages });
        ok("the maildrop is open")
    }

    fn transaction(&mut self, keyword: &str, argument: Option<&str>, world: &World) -> Reply {
        let Some(maildrop) = &mut self.maildrop else { return err("not before authorization") };
        let words: Vec<&str> = argument.map_or(Vec::new(), |argument| argument.split(' ').collect());
        let counts_deleted = world.deviates(Deviation::Pop3DeletedCounted);
        let shown = maildrop.shown(world, counts_deleted);
        match (keyword, &words[..]) {
            ("NOOP", []) if !world.deviates(Deviation::Pop3NoopUnknown) => ok(""),
            ("RSET", []) => {
                if !world.deviates(Deviation::Pop3ResetForgotten) {
                    maildrop.messages.iter_mut().for_each(|(_, is_deleted)| *is_deleted = false);
                }
                ok("")
            }
            ("STAT", []) => {
                let octets: usize = shown.iter().map(|(_, _, octets)| size(octets, world)).sum();
                ok(format!("{} {octets}", shown.len()))
            }
            ("LIST", []) => {
                let lines = shown.iter().map(|(number, _, octets)| format!("{number} {}\r\n", size(octets, world)));
                Reply { lines: Some(lines.collect::<String>().into_bytes()), ..ok("") }
            }
            ("UIDL", []) => {
                let lines =
                    shown.iter().map(|(number, uid, _)| format!("{number} {}\r\n", unique_id(*uid, *number, world)));
                Reply { lines: Some(lines.collect::<String>().into_bytes()), ..ok("") }
            }
            ("LIST" | "UIDL" | "RETR" | "DELE", [number]) | ("TOP", [number, _]) => {
                let number = decimal(number.as_bytes()).and_then(|number| usize::try_from(number).ok());
                let Some(&(number, uid, octets)) = shown.iter().find(|(known, ..)| Some(*known) == number) else {
                    return err("there is no such message");
                };
                match (keyword, &words[..]) {
                    ("LIST", _) => ok(format!("{number} {}", size(octets, world))),
                    ("UIDL", _) => ok(format!("{number} {}", unique_id(uid, number, world))),
                    ("RETR", _) => Reply { lines: Some(octets.to_vec()), ..ok(format!("{} octets", octets.len())) },
                    ("TOP", [_, lines]) => match decimal(lines.as_bytes()) {
                        Some(lines) => Reply { lines: Some(top(octets, lines, world)), ..ok("") },
                        None => err("a number of lines must follow"),
                    },
                    _ => {
                        let is_deleted = !world.deviates(Deviation::Pop3DeleteForgotten);
                        maildrop
                            .messages
                            .iter_mut()
                            .filter(|known| known.0 == uid)
                            .for_each(|known| known.1 = is_deleted);
                        ok("it will be removed")
                    }
                }
            }
            ("LIST" | "UIDL" | "RETR" | "DELE" | "TOP" | "NOOP" | "RSET" | "STAT", _) => err("wrong arguments"),
            ("USER" | "PASS", _) => err("the session is authorized"),
            _ => err("command not recognized"),
        }
    }

    /// Ends the session; with `updates` what is marked is removed (section 6).
    fn leave(&mut self, updates: bool, world: &mut World) {
        self.is_over = true;
        let Some(maildrop) = self.maildrop.take() else { return };
        let stays_locked = world.deviates(Deviation::Pop3LockKept);
        if let Some(held) = world.mailboxes.get_mut(maildrop.user) {
            held.is_locked = stays_locked;
        }
        let marked = maildrop.messages.iter().filter(|(_, is_deleted)| *is_deleted);
        let mut marked: Vec<u32> = marked.map(|(uid, _)| *uid).collect();
        if !marked.is_empty() && world.deviates(Deviation::Pop3RemovesUnmarked) {
            marked = maildrop.messages.iter().map(|(uid, _)| *uid).collect();
        }
        if updates {
            world.mailboxes.remove(maildrop.user, &marked);
        }
    }
}

impl Maildrop {
    /// Number, UID and octets of every message, without those that are marked unless `all`.
    fn shown<'w>(&self, world: &'w World, all: bool) -> Vec<(usize, u32, &'w [u8])> {
        let held = world.mailboxes.get(self.user).map_or(&[][..], |held| &held.messages);
        let numbered = self.messages.iter().enumerate().filter(|(_, (_, is_deleted))| all || !is_deleted);
        let found = numbered.filter_map(|(at, (uid, _))| {
            let number = at + usize::from(!world.deviates(Deviation::Pop3NumbersFromZero));
            held.iter().find(|message| message.uid == *uid).map(|message| (number, *uid, &message.octets[..]))
        });
        found.collect()
    }
}

/// Octets of a message, CR LF as two and dots as they are (section 11).
fn size(octets: &[u8], world: &World) -> usize {
    match world.deviates(Deviation::Pop3SizeOfLf) {
        true => octets.iter().filter(|octet| **octet != b'\r').count(),
        false => octets.len(),
    }
}

/// The unique-id of a message (section 7): the same in every session.
fn unique_id(uid: u32, number: usize, world: &World) -> String {
    match world.deviation {
        Some(Deviation::Pop3UniqueIdsAreNumbers) => number.to_string(),
        Some(Deviation::Pop3UniqueIdsChange) => format!("rfcheck-{uid:08}-{}", world.now.micros()),
        _ => format!("rfcheck-{uid:08}"),
    }
}

/// The header section, the empty line and so many lines of the body.
fn top(octets: &[u8], lines: u64, world: &World) -> Vec<u8> {
    if world.deviates(Deviation::Pop3TopWhole) {
        return octets.to_vec();
    }
    let mut left = None;
    let mut shown = Vec::new();
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        match &mut left {
            None if line == b"\r\n" => left = Some(lines),
            None => {}
            Some(0) => break,
            Some(left) => *left -= 1,
        }
        shown.extend_from_slice(line);
    }
    shown
}

/// Writes a response (section 3): lines of a multi-line one that begin with a dot have one more, and a dot ends it.
fn write(reply: Reply, world: &World, out: &mut Vec<u8>) {
    let indicator = match reply.is_ok {
        true if world.deviates(Deviation::Pop3LowerCase) => "+ok",
        true => "+OK",
        false => "-ERR",
    };
    let separator = if reply.text.is_empty() { "" } else { " " };
    out.extend_from_slice(format!("{indicator}{separator}{}\r\n", reply.text).as_bytes());
    let Some(lines) = reply.lines else { return };
    for line in lines.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") && !world.deviates(Deviation::Pop3DotsNotDoubled) {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !lines.is_empty() && !lines.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    if !world.deviates(Deviation::Pop3EndMissing) {
        out.extend_from_slice(b".\r\n");
    }
}
