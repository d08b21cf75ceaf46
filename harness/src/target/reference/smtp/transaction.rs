//! A mail transaction (RFC 5321 section 3.3): MAIL, RCPT and DATA.

use super::command::{Command, Parameters, Wrong};
use super::content::Content;
use super::path::Path;
use super::{LARGEST_MESSAGE, Reply, Smtp, reply};
use crate::target::reference::conversation::Tls;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::mailbox::{DOMAIN, Mailboxes};
use crate::target::reference::world::World;

/// Recipients of one transaction; RFC 5321 section 4.5.3.1.8 demands 100.
const MOST_RECIPIENTS: usize = 128;

/// What MAIL has begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Transaction {
    pub reverse_path: String,
    pub parameters: Parameters,
    /// Forward-paths as they were written.
    pub forward_paths: Vec<String>,
    /// Each user once.
    pub users: Vec<&'static str>,
}

impl Smtp {
    /// MAIL (RFC 5321 section 4.1.1.2).
    pub(super) fn mail(&mut self, command: &Command, world: &World) -> Reply {
        if self.tls != Tls::Inside && world.deviates(Deviation::SmtpTlsDemanded) {
            return reply(530, "say STARTTLS first");
        }
        if self.name.is_none() {
            self.is_over |= world.deviates(Deviation::SmtpEarlyMailCloses);
            return reply(503, "say EHLO first");
        }
        if world.deviates(Deviation::SmtpNameChecked) && self.name.as_deref() != Some("localhost") {
            return reply(550, "the name is not that of the address");
        }
        if self.transaction.is_some() {
            if world.deviates(Deviation::SmtpNestedMailResets) {
                self.transaction = None;
            }
            return reply(503, "a transaction is open");
        }
        let (path, rest) = match command.after("FROM:").and_then(|text| Path::parse(text, world)) {
            Some((path, _)) if path.mailbox.is_none() && world.deviates(Deviation::SmtpNullPathRefused) => {
                return reply(550, "a sender is demanded");
            }
            Some((path, _)) if path.is_routed && world.deviates(Deviation::SmtpRoutesRefused) => {
                return reply(501, "syntax error in the path");
            }
            Some(found) => found,
            None => {
                if world.deviates(Deviation::SmtpRefusedMailBegins) {
                    self.transaction = Some(Transaction::default());
                }
                return reply(501, "syntax error in the path");
            }
        };
        let parameters = match Parameters::parse(rest, self.is_extended, world) {
            Ok(parameters) => parameters,
            Err(Wrong::Syntax) => return reply(501, "syntax error in the parameters"),
            Err(Wrong::Unknown) => return reply(555, "a parameter is not known"),
        };
        let most = LARGEST_MESSAGE as u64;
        if parameters.size.is_some_and(|size| size > most) && !world.deviates(Deviation::SmtpSizeIgnored) {
            return reply(552, "the message is too large");
        }
        self.transaction = Some(Transaction { reverse_path: path.text, parameters, ..Transaction::default() });
        reply(250, "OK")
    }

    /// RCPT (RFC 5321 section 4.1.1.3).
    pub(super) fn recipient(&mut self, command: &Command, world: &World) -> Reply {
        if self.transaction.is_none() && world.deviates(Deviation::SmtpMailNotDemanded) {
            self.transaction = Some(Transaction::default());
        }
        let Some(transaction) = &mut self.transaction else { return reply(503, "say MAIL first") };
        let parsed = command.after("TO:").and_then(|text| Path::parse(text, world));
        if parsed.as_ref().is_some_and(|(path, _)| path.is_routed) && world.deviates(Deviation::SmtpRoutesFollowed) {
            return reply(550, "nothing is relayed");
        }
        let (path, mailbox, rest) = match parsed {
            Some((path, _)) if path.is_routed && world.deviates(Deviation::SmtpRoutesRefused) => {
                return reply(501, "syntax error in the path");
            }
            Some((Path { mailbox: Some(mailbox), text, .. }, rest)) => (text, mailbox, rest),
            Some(_) if world.deviates(Deviation::SmtpEmptyRecipientTaken) => return reply(250, "OK"),
            _ => return reply(501, "syntax error in the path"),
        };
        match Parameters::parse(rest, false, world) {
            Ok(_) => {}
            Err(Wrong::Syntax) => return reply(501, "syntax error in the parameters"),
            Err(Wrong::Unknown) => return reply(555, "a parameter is not known"),
        }
        let is_local = mailbox.domain.as_deref().is_none_or(|domain| domain.eq_ignore_ascii_case(DOMAIN));
        if !is_local && !world.deviates(Deviation::SmtpRelays) {
            return reply(550, "nothing is relayed");
        }
        if mailbox.domain.is_none() && world.deviates(Deviation::SmtpBarePostmasterRefused) {
            return reply(550, "no such mailbox");
        }
        let exact =
            world.deviates(Deviation::SmtpPostmasterCased) && mailbox.local_part.eq_ignore_ascii_case(b"postmaster");
        let found = Mailboxes::user(&mailbox.local_part).filter(|user| !exact || user.as_bytes() == mailbox.local_part);
        let found = found.filter(|user| *user != "postmaster" || !world.deviates(Deviation::SmtpPostmasterUnknown));
        if found.is_none() && is_local && !world.deviates(Deviation::SmtpUnknownUsersTaken) {
            return reply(550, "no such mailbox");
        }
        let most = if world.deviates(Deviation::SmtpFewRecipients) { 50 } else { MOST_RECIPIENTS };
        if transaction.forward_paths.len() >= most {
            let code = if world.deviates(Deviation::SmtpRecipientLimitPermanent) { 550 } else { 452 };
            return reply(code, "too many recipients");
        }
        transaction.forward_paths.push(path);
        if let Some(user) = found.filter(|user| !transaction.users.contains(user)) {
            transaction.users.push(user);
        }
        reply(250, "OK")
    }

    /// DATA (RFC 5321 section 4.1.1.4).
    pub(super) fn data(&mut self, world: &World) -> Reply {
        match &self.transaction {
            None if !world.deviates(Deviation::SmtpDataAnytime) => reply(503, "say MAIL and RCPT first"),
            Some(transaction)
                if transaction.forward_paths.is_empty() && !world.deviates(Deviation::SmtpDataAnytime) =>
            {
                reply(554, "no valid recipients")
            }
            _ => {
                let most = match world.deviation {
                    Some(Deviation::SmtpSmallMessages) => 10_000,
                    _ => LARGEST_MESSAGE,
                };
                self.content = Some(Content::new(most));
                if let (Some(content), true) = (&mut self.content, world.deviates(Deviation::SmtpEmptyContentAwaited)) {
                    content.forget_line();
                }
                let code = if world.deviates(Deviation::SmtpDataIsDone) { 250 } else { 354 };
                reply(code, "end with a line that is a single dot")
            }
        }
    }
}
