//! An IMAP server (RFC 3501, and what RFC 9051 demands of the same commands) with LITERAL+ (RFC 7888), octets in and
//! octets out, over the mailboxes of the target. ENVELOPE and BODYSTRUCTURE are not there.
//!
//! `syntax` reads command lines, `command` carries out what needs no mailbox, `folders` what is about mailboxes by name,
//! and `view` is the selected mailbox as a session sees it, with `fetch` and `store`.

mod command;
mod fetch;
mod folders;
mod store;
mod syntax;
mod view;

use std::time::Duration;

use self::syntax::literal_at_end;
use self::view::View;
use super::conversation::{Conversation, Tls};
use super::deviation::Deviation;
use super::line::Lines;
use super::mailbox::HOST;
use super::world::World;

/// Octets of a line, its literals not counted (RFC 7162 section 4).
const LONGEST_LINE: usize = 8_192;
/// Octets of a literal: of a message once a user is known, before that of a name or a password.
const LARGEST_LITERAL: u64 = 1_000_000;
const LARGEST_BEFORE_LOGIN: u64 = 4_096;
/// The autologout timer is at least thirty minutes (RFC 9051 section 5.4).
const PATIENCE: Duration = Duration::from_secs(1_810);
/// What the server is able to do.
const CAPABILITIES: &str = "IMAP4rev1 LITERAL+ AUTH=PLAIN";

/// One session.
#[derive(Debug, Default)]
pub(super) struct Imap {
    lines: Lines,
    /// The command as far as it has come: lines with their CRLF, and literals.
    command: Vec<u8>,
    /// So many octets of a literal are to come.
    literal: u64,
    user: Option<&'static str>,
    view: Option<View>,
    /// The tag of an AUTHENTICATE that waits for the client's answer.
    authenticates: Option<String>,
    tls: Tls,
    is_over: bool,
}

/// How a command is completed: condition and text.
type Completion = (&'static str, String);

fn ok(text: &str) -> Completion {
    ("OK", text.to_owned())
}

fn no(text: &str) -> Completion {
    ("NO", text.to_owned())
}

fn bad(text: &str) -> Completion {
    ("BAD", text.to_owned())
}

impl Conversation for Imap {
    fn open(&mut self, world: &mut World, out: &mut Vec<u8>) {
        let greeting = format!("* OK [CAPABILITY {}] {HOST} IMAP\r\n", self.capabilities());
        let count = if world.deviates(Deviation::ImapGreetsTwice) { 2 } else { 1 };
        out.extend_from_slice(greeting.repeat(count).as_bytes());
    }

    fn take(&mut self, octets: &[u8], world: &mut World, out: &mut Vec<u8>) -> usize {
        let before = out.len();
        for (at, octet) in octets.iter().enumerate() {
            if self.literal > 0 {
                self.literal -= 1;
                self.command.push(*octet);
                continue;
            }
            let lf_ends = world.deviates(Deviation::ImapBareLfEndsLine);
            let Some(line) = self.lines.push(*octet, LONGEST_LINE, lf_ends) else { continue };
            if line.is_too_long {
                self.command.clear();
                out.extend_from_slice(b"* BAD the line is too long\r\n");
                return at + 1;
            }
            self.command.extend_from_slice(&line.octets);
            self.command.extend_from_slice(b"\r\n");
            if self.authenticates.is_none() && self.literal_follows(&line.octets, world, out) {
                if out.len() > before {
                    return at + 1;
                }
                continue;
            }
            let command = std::mem::take(&mut self.command);
            self.carry_out(&command, world, out);
            return if world.deviates(Deviation::ImapPipelineDropped) { octets.len() } else { at + 1 };
        }
        octets.len()
    }

    fn finish(&mut self, _world: &mut World, _out: &mut Vec<u8>) {
        self.is_over = true;
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn time_out(&mut self, _world: &mut World, out: &mut Vec<u8>) {
        out.extend_from_slice(b"* BYE nothing came for too long\r\n");
        self.is_over = true;
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn starts_tls(&mut self) -> bool {
        self.tls.start()
    }
}

impl Imap {
    /// A session at the port of TLS.
    pub(super) fn inside_tls() -> Imap {
        Imap { tls: Tls::Inside, ..Imap::default() }
    }

    /// What the server is able to do now.
    fn capabilities(&self) -> String {
        let is_offered = self.tls == Tls::Plain;
        format!("{CAPABILITIES}{}", if is_offered { " STARTTLS" } else { "" })
    }

    /// Whether a literal follows a line; asks for it where the client waits (RFC 9051 section 4.3).
    fn literal_follows(&mut self, line: &[u8], world: &World, out: &mut Vec<u8>) -> bool {
        let Some((size, waits)) = literal_at_end(line) else { return false };
        let most = if self.user.is_some() { LARGEST_LITERAL } else { LARGEST_BEFORE_LOGIN };
        if size > most || self.command.len() as u64 + size > 2 * LARGEST_LITERAL {
            let tag = syntax::tag(&self.command).unwrap_or("*".to_owned());
            self.command.clear();
            if waits {
                out.extend_from_slice(format!("{tag} BAD the literal is too large\r\n").as_bytes());
            } else {
                // It comes all the same, and is not to be taken for commands (RFC 7888 section 4).
                out.extend_from_slice(b"* BYE the literal is too large\r\n");
                self.is_over = true;
            }
            return true;
        }
        let asks = match waits {
            true => !world.deviates(Deviation::ImapContinuationMissing),
            false => world.deviates(Deviation::ImapLiteralsWait),
        };
        if asks {
            out.extend_from_slice(b"+ go ahead\r\n");
        }
        self.literal = size;
        true
    }
}
