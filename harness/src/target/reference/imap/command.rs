//! Commands of IMAP: what state they need, and those that need no mailbox (RFC 9051 sections 6.1 and 6.2).

use super::syntax::{Arguments, tag};
use super::view::View;
use super::{Completion, Imap, bad, no, ok};
use crate::target::reference::conversation::Tls;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::mailbox::{Mailboxes, PASSWORD};
use crate::target::reference::world::World;

impl Imap {
    /// Carries out a whole command, or takes the client's answer to a challenge.
    pub(super) fn carry_out(&mut self, command: &[u8], world: &mut World, out: &mut Vec<u8>) {
        if let Some(tag) = self.authenticates.take() {
            let completion = self.credentials(command.strip_suffix(b"\r\n").unwrap_or(command), world);
            return complete(&tag, &completion, world, out);
        }
        let Some(tag) = tag(command) else {
            return out.extend_from_slice(b"* BAD a tag must stand first\r\n");
        };
        let is_plain = tag.bytes().all(|octet| octet.is_ascii_alphanumeric());
        let known = world.deviates(Deviation::ImapTagsChecked) && !is_plain;
        let mut read = Arguments::of(command).filter(|_| !known);
        let name = read.as_mut().and_then(Arguments::word);
        let (Some(mut arguments), Some(name)) = (read, name) else {
            return complete(&tag, &bad("syntax error"), world, out);
        };
        if !arguments.is_empty() && arguments.space().is_none() {
            return complete(&tag, &bad("syntax error"), world, out);
        }
        if let Some(completion) = self.command(&tag, &name, arguments, world, out) {
            self.news(&name, world, out);
            complete(&tag, &completion, world, out);
        }
    }

    /// The completion of a command; none where it is not complete yet.
    fn command(
        &mut self,
        tag: &str,
        name: &str,
        mut arguments: Arguments<'_>,
        world: &mut World,
        out: &mut Vec<u8>,
    ) -> Option<Completion> {
        let syntax = Some(bad("syntax error"));
        let lax = world.deviates(Deviation::ImapLoginNotDemanded);
        match name {
            "CAPABILITY" | "NOOP" | "LOGOUT" if !arguments.is_empty() => return syntax,
            "NOOP" if self.user.is_none() && world.deviates(Deviation::ImapNoopNeedsLogin) => {
                return Some(bad("say LOGIN first"));
            }
            "NOOP" => return Some(ok("nothing is done")),
            "CAPABILITY" => {
                let listed = match world.deviates(Deviation::ImapPlainUnlisted) {
                    true => self.capabilities().replace(" AUTH=PLAIN", ""),
                    false => self.capabilities(),
                };
                if !world.deviates(Deviation::ImapCapabilityMissing) {
                    out.extend_from_slice(format!("* CAPABILITY {listed}\r\n").as_bytes());
                }
                return Some(ok("these they are"));
            }
            "LOGOUT" => {
                if !world.deviates(Deviation::ImapByeMissing) {
                    out.extend_from_slice(b"* BYE goodbye\r\n");
                }
                (self.is_over, self.view) = (true, None);
                return Some(ok("done"));
            }
            "STARTTLS" if !arguments.is_empty() => return syntax,
            "STARTTLS" if self.tls == Tls::Plain && self.user.is_none() => {
                self.tls = Tls::Starts;
                return Some(ok("begin"));
            }
            "STARTTLS" if world.deviates(Deviation::ImapTlsTwice) => return Some(ok("begin")),
            "STARTTLS" => return Some(bad("not here, or not any more")),
            "LOGIN" | "AUTHENTICATE" if self.user.is_some() && !lax => return Some(bad("a user is known")),
            "LOGIN" => {
                let mut read = || {
                    let name = arguments.string(b"", world)?;
                    arguments.space()?;
                    let password = arguments.string(b"", world)?;
                    arguments.is_empty().then_some((name, password))
                };
                return read().map_or(syntax, |(name, password)| Some(self.log_in(&name, &password)));
            }
            "AUTHENTICATE" => {
                return match arguments.word().as_deref() {
                    Some("PLAIN") if arguments.is_empty() => {
                        self.authenticates = Some(tag.to_owned());
                        out.extend_from_slice(b"+ \r\n");
                        None
                    }
                    // An initial response is an extension (RFC 4959) that is not there.
                    Some("PLAIN") | None => syntax,
                    Some(_) => Some(no("the mechanism is not there")),
                };
            }
            _ => {}
        }
        if self.user.is_none() && lax {
            self.user = Some("alice");
        }
        let is_of_folders = matches!(
            name,
            "SELECT"
                | "EXAMINE"
                | "CREATE"
                | "DELETE"
                | "RENAME"
                | "SUBSCRIBE"
                | "UNSUBSCRIBE"
                | "LIST"
                | "LSUB"
                | "STATUS"
                | "APPEND"
        );
        let is_of_messages =
            matches!(name, "CHECK" | "CLOSE" | "UNSELECT" | "EXPUNGE" | "SEARCH" | "FETCH" | "STORE" | "COPY" | "UID");
        let Some(user) = self.user else {
            let is_known = is_of_folders || is_of_messages;
            return Some(bad(if is_known { "say LOGIN first" } else { "command not recognized" }));
        };
        if is_of_folders {
            return self.folders(user, name, arguments, world, out).or(syntax);
        }
        match &mut self.view {
            _ if !is_of_messages => Some(bad("command not recognized")),
            None => Some(bad("no mailbox is selected")),
            Some(view) => match name {
                "CLOSE" | "UNSELECT" if arguments.is_empty() => {
                    if name == "CLOSE" {
                        view.expunge(world, &mut Vec::new());
                    }
                    self.view = None;
                    Some(ok("no mailbox is selected any more"))
                }
                _ => view.command(name, arguments, false, world, out).or(syntax),
            },
        }
    }

    fn log_in(&mut self, name: &[u8], password: &[u8]) -> Completion {
        match Mailboxes::user(name).filter(|_| password == PASSWORD.as_bytes()) {
            Some(user) => {
                self.user = Some(user);
                ok("welcome")
            }
            None => no("[AUTHENTICATIONFAILED] wrong name or password"),
        }
    }

    /// `[authzid] NUL authcid NUL passwd` in Base64 (RFC 4616), or `*` to give up (RFC 9051 section 6.2.2).
    fn credentials(&mut self, answer: &[u8], world: &World) -> Completion {
        let refused = if world.deviates(Deviation::ImapCancelIsNo) { no("refused") } else { bad("refused") };
        let Some(plain) = base64(answer) else { return refused };
        match plain.split(|octet| *octet == 0).collect::<Vec<_>>()[..] {
            [on_behalf, name, password] if on_behalf.is_empty() || on_behalf == name => self.log_in(name, password),
            _ => no("[AUTHENTICATIONFAILED] these are no credentials"),
        }
    }

    /// Tells of messages that came and went. A message that went is not told of where numbers are in use (RFC 9051
    /// section 7.5.1).
    fn news(&mut self, name: &str, world: &World, out: &mut Vec<u8>) {
        if let Some(view) = &mut self.view {
            let in_use = matches!(name, "FETCH" | "STORE" | "SEARCH") && !world.deviates(Deviation::ImapRemovalsAtOnce);
            View::news(view, !in_use, world, out);
        }
    }
}

fn complete(tag: &str, (condition, text): &Completion, world: &World, out: &mut Vec<u8>) {
    let condition = match *condition {
        "BAD" if world.deviates(Deviation::ImapErrorsAreNo) => "NO",
        condition => condition,
    };
    let count = if world.deviates(Deviation::ImapCompletesTwice) { 2 } else { 1 };
    out.extend_from_slice(format!("{tag} {condition} {text}\r\n").repeat(count).as_bytes());
}

/// What Base64 stands for (RFC 4648 section 4); none where it is none.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    let (mut octets, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (bits, held) = (bits << 6 | u32::from(value), held + 6);
        if held >= 8 {
            held -= 8;
            octets.push((bits >> held) as u8);
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read() {
        assert_eq!(base64(b"AGFsaWNlAHNlY3JldA==").as_deref(), Some(&b"\0alice\0secret"[..]));
        for text in [&b"!!!"[..], b"*", b"!!!!", b"A", b"=A=="] {
            assert_eq!(base64(text), None);
        }
    }
}
