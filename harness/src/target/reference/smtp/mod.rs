//! An SMTP server (RFC 5321) with SIZE (RFC 1870), PIPELINING (RFC 2920), 8BITMIME (RFC 1652) and STARTTLS (RFC 3207),
//! octets in and octets out. It delivers into the mailboxes of the target and relays nothing.
//!
//! `command` reads command lines, `path` the paths in them, `content` what follows DATA. `transaction` answers the commands
//! of a mail transaction, `delivery` delivers what it ends with.

mod command;
mod content;
mod delivery;
mod path;
mod transaction;

use std::net::IpAddr;
use std::time::Duration;

use self::command::{Command, LONGEST_COMMAND};
use self::content::Content;
use self::path::{LONGEST_PATH, Path};
use self::transaction::Transaction;
use super::conversation::{Conversation, Tls};
use super::deviation::Deviation;
use super::line::{Line, Lines};
use super::mailbox::{DOMAIN, HOST, Mailboxes};
use super::world::World;

/// Octets of the largest message.
const LARGEST_MESSAGE: usize = 1_000_000;
/// Longer than the five minutes of RFC 5321 section 4.5.3.2.7.
const PATIENCE: Duration = Duration::from_secs(310);

/// One session.
#[derive(Debug)]
pub(super) struct Smtp {
    client: IpAddr,
    lines: Lines,
    /// What the client calls itself, once it has.
    name: Option<String>,
    /// It said EHLO rather than HELO.
    is_extended: bool,
    transaction: Option<Transaction>,
    /// What follows DATA, while it is being read.
    content: Option<Content>,
    tls: Tls,
    /// Transactions that ended with a message.
    accepted: u32,
    /// Replies that are held back, by a server that does so.
    held: Vec<u8>,
    is_over: bool,
}

/// A reply: its code and its lines.
type Reply = (u16, Vec<String>);

fn reply(code: u16, text: impl Into<String>) -> Reply {
    (code, vec![text.into()])
}

impl Smtp {
    /// A session with this client.
    pub(super) fn new(client: IpAddr) -> Self {
        Smtp {
            client,
            lines: Lines::default(),
            name: None,
            is_extended: false,
            transaction: None,
            content: None,
            tls: Tls::default(),
            accepted: 0,
            held: Vec::new(),
            is_over: false,
        }
    }
}

impl Conversation for Smtp {
    fn open(&mut self, world: &mut World, out: &mut Vec<u8>) {
        let name = if world.deviates(Deviation::SmtpGreetingWithoutDomain) { "***" } else { HOST };
        write(&reply(220, format!("{name} ESMTP")), out);
    }

    fn take(&mut self, octets: &[u8], world: &mut World, out: &mut Vec<u8>) -> usize {
        if let Some(content) = &mut self.content
            && world.deviates(Deviation::SmtpEndOnlyWhole)
        {
            content.forget_line();
        }
        for (at, octet) in octets.iter().enumerate() {
            if let Some(content) = &mut self.content {
                let declared = self.transaction.as_ref().and_then(|open| open.parameters.size);
                let is_at_size = declared.is_some_and(|size| content.length() as u64 + 1 >= size);
                if content.push(*octet, world) || is_at_size && world.deviates(Deviation::SmtpSizeEndsContent) {
                    let answer = self.message_is_complete(world);
                    write(&answer, out);
                    if world.deviates(Deviation::SmtpTwoAnswersToContent) {
                        write(&answer, out);
                    }
                    return at + 1;
                }
                continue;
            }
            let lf_ends = world.deviates(Deviation::SmtpBareLfEndsLine);
            let mut line = self.lines.push(*octet, LONGEST_COMMAND, lf_ends);
            if self.lines.length() >= LONGEST_COMMAND && world.deviates(Deviation::SmtpLongLinesCut) {
                line = Some(Line { octets: self.lines.abandon(), is_too_long: false });
            }
            if let Some(line) = line {
                let answers = self.command(&line, world);
                if world.deviates(Deviation::SmtpRepliesHeld) {
                    out.append(&mut self.held);
                    answers.iter().for_each(|answer| write(answer, &mut self.held));
                } else {
                    answers.iter().for_each(|answer| write(answer, out));
                }
                let is_refused = answers.iter().any(|(code, _)| *code >= 400);
                let flushed = is_refused && world.deviates(Deviation::SmtpPipelineFlushed);
                return if flushed { octets.len() } else { at + 1 };
            }
        }
        if world.deviates(Deviation::SmtpCommandsOnlyWhole) && self.content.is_none() {
            self.lines = Lines::default();
        }
        octets.len()
    }

    fn finish(&mut self, world: &mut World, _out: &mut Vec<u8>) {
        if world.deviates(Deviation::SmtpPrematureDelivers) && self.content.is_some() {
            self.message_is_complete(world);
        }
        // What was not complete is forgotten (RFC 5321 section 4.1.1.10).
        self.is_over = true;
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn time_out(&mut self, _world: &mut World, out: &mut Vec<u8>) {
        write(&reply(421, format!("{HOST} closes the connection: nothing came for too long")), out);
        self.is_over = true;
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn starts_tls(&mut self) -> bool {
        self.tls.start()
    }
}

impl Smtp {
    /// What a command line is answered with: one reply.
    fn command(&mut self, line: &Line, world: &mut World) -> Vec<Reply> {
        if self.name.is_none() && world.deviates(Deviation::SmtpHelloDemandedOfAll) && !is_hello(&line.octets) {
            return vec![reply(503, "say EHLO first")];
        }
        let Some(command) = Command::parse(line, world) else {
            let said = String::from_utf8_lossy(&line.octets);
            return vec![match () {
                () if world.deviates(Deviation::SmtpEchoesOctets) => reply(500, format!("what is {said}?")),
                () if line.octets.len() > command::longest(world) || line.is_too_long => reply(500, "line too long"),
                () => reply(500, "syntax error"),
            }];
        };
        let path = [&b"FROM:"[..], b"TO:"].iter().find_map(|keyword| command.after(std::str::from_utf8(keyword).ok()?));
        let starts_with = |octet: u8| path.and_then(|path| path.first()).is_some_and(|first| *first == octet);
        if starts_with(b' ') && world.deviates(Deviation::SmtpSpaceBeforePathSplits) {
            return vec![reply(501, "syntax error in the path"), reply(500, "command not recognized")];
        }
        if path.is_some() && !starts_with(b'<') && world.deviates(Deviation::SmtpBareBracketsClose) {
            self.is_over = true;
            return vec![reply(421, "not understood")];
        }
        if path.is_some_and(|path| path.len() > LONGEST_PATH) && world.deviates(Deviation::SmtpLongPathsClose) {
            self.is_over = true;
            return vec![reply(421, "not understood")];
        }
        let is_bare = command.argument.is_empty() || world.deviates(Deviation::SmtpArgumentsIgnored);
        let answer = match command.verb.as_str() {
            "EHLO" | "HELO" => self.hello(&command, world),
            "MAIL" => self.mail(&command, world),
            "RCPT" => self.recipient(&command, world),
            "DATA" if is_bare => self.data(world),
            "RSET" if is_bare => {
                if !world.deviates(Deviation::SmtpResetForgotten) {
                    self.transaction = None;
                }
                self.is_over |= world.deviates(Deviation::SmtpResetCloses);
                reply(250, "OK")
            }
            "QUIT" if is_bare => {
                self.is_over = !world.deviates(Deviation::SmtpQuitStays);
                reply(221, format!("{HOST} closes the connection"))
            }
            "STARTTLS" if is_bare || world.deviates(Deviation::SmtpTlsParameterTaken) => self.start_tls(world),
            "DATA" | "RSET" | "QUIT" | "STARTTLS" => reply(501, "no argument is allowed"),
            "NOOP" if world.deviates(Deviation::SmtpNoopArgumentRefused) && !command.argument.is_empty() => {
                reply(501, "no argument is allowed")
            }
            "NOOP" => {
                if world.deviates(Deviation::SmtpNoopResets) {
                    self.transaction = None;
                }
                reply(250, "OK")
            }
            "VRFY" => {
                if world.deviates(Deviation::SmtpVrfyResets) {
                    self.transaction = None;
                }
                verify(&command.argument, world)
            }
            "HELP" if world.deviates(Deviation::SmtpMissingListed) => reply(502, "command not implemented"),
            "HELP" if world.deviates(Deviation::SmtpHelpUnknown) => reply(500, "command not recognized"),
            "HELP" => (214, vec!["EHLO HELO MAIL RCPT DATA RSET".into(), "NOOP QUIT VRFY HELP".into()]),
            "EXPN" | "TURN" | "SEND" | "SOML" | "SAML" => reply(502, "command not implemented"),
            _ if world.deviates(Deviation::SmtpUnknownUnimplemented) => reply(502, "command not implemented"),
            _ => {
                self.is_over |= world.deviates(Deviation::SmtpUnknownCloses);
                reply(500, "command not recognized")
            }
        };
        match world.deviation {
            Some(Deviation::SmtpTwoReplies) if answer.0 == 250 => vec![answer.clone(), answer],
            Some(Deviation::SmtpErrorCloses) if answer.0 >= 500 => {
                self.is_over = true;
                vec![answer]
            }
            _ => vec![answer],
        }
    }

    /// EHLO and HELO (RFC 5321 section 4.1.1.1).
    fn hello(&mut self, command: &Command, world: &World) -> Reply {
        let is_extended = command.verb == "EHLO";
        let argument = &command.argument[..];
        let name = match path::literal(argument).filter(|_| argument.starts_with(b"[")) {
            Some((_, [b' ', ..])) if world.deviates(Deviation::SmtpTextBehindLiteralCloses) => {
                self.is_over = true;
                return reply(421, "not understood");
            }
            // Text behind a literal is let pass, as section 4.1.1.1 asks for.
            Some((literal, [] | [b' ', ..])) => literal,
            Some(_) => &[],
            None => match path::domain(argument) {
                Some((domain, [])) => domain,
                _ => &[],
            },
        };
        if is_extended && world.deviates(Deviation::SmtpEhloUnknown) {
            return reply(500, "command not recognized");
        }
        if !is_extended && world.deviates(Deviation::SmtpHeloUnknown) {
            return reply(500, "command not recognized");
        }
        if name.is_empty() {
            if world.deviates(Deviation::SmtpRefusedEhloResets) {
                self.transaction = None;
            }
            return reply(501, "a domain or an address literal must follow");
        }
        if name.len() > 100 && world.deviates(Deviation::SmtpDomainsShort) {
            return reply(501, "the domain is too long");
        }
        if name.starts_with(b"[") && world.deviates(Deviation::SmtpLiteralInEhloRefused) {
            return reply(501, "a domain must follow");
        }
        self.name = Some(String::from_utf8_lossy(name).into_owned());
        self.is_extended = is_extended;
        if !world.deviates(Deviation::SmtpEhloKeepsTransaction) {
            self.transaction = None;
        }
        let first = format!("{HOST} greets {}", String::from_utf8_lossy(name));
        if !is_extended && !world.deviates(Deviation::SmtpHeloExtended) {
            return reply(250, first);
        }
        let mut lines = vec![first, "PIPELINING".into(), format!("SIZE {LARGEST_MESSAGE}"), "8BITMIME".into()];
        match world.deviation {
            Some(Deviation::SmtpKeywordsGarbled) => lines.push("=KEYWORD".into()),
            Some(Deviation::SmtpKeywordUnregistered) => lines.push("FROBNICATE".into()),
            Some(Deviation::SmtpSizeGarbled) => lines[2] = format!("SIZE={LARGEST_MESSAGE}"),
            Some(Deviation::Smtp8BitUnlisted) => drop(lines.pop()),
            _ => {}
        }
        if self.tls == Tls::Plain || self.tls == Tls::Inside && world.deviates(Deviation::SmtpTlsOfferedInside) {
            lines.push("STARTTLS".into());
        }
        if !world.deviates(Deviation::SmtpHelpUnlisted) {
            lines.push("HELP".into());
        }
        (250, lines)
    }

    /// STARTTLS (RFC 3207 section 4).
    fn start_tls(&mut self, world: &World) -> Reply {
        match self.tls {
            Tls::Plain => {}
            Tls::Missing => return reply(502, "command not implemented"),
            Tls::Starts | Tls::Inside => return reply(503, "TLS is active"),
        }
        self.tls = Tls::Starts;
        // Nothing that was said in the clear counts any more (section 4.2).
        if !world.deviates(Deviation::SmtpTlsStateKept) {
            (self.name, self.is_extended, self.transaction) = (None, false, None);
        }
        reply(220, "go ahead")
    }
}

/// VRFY (RFC 5321 section 3.5).
fn verify(argument: &[u8], world: &World) -> Reply {
    if argument.is_empty() {
        return reply(501, "a user must follow");
    }
    let text = [b"<", argument, b">"].concat();
    let text = if argument.starts_with(b"<") { argument } else { &text };
    let mailbox = Path::parse(text, world).and_then(|(path, _)| path.mailbox);
    let (local_part, domain) = match &mailbox {
        Some(mailbox) => (&mailbox.local_part[..], mailbox.domain.as_deref().unwrap_or(DOMAIN)),
        None => (argument, DOMAIN),
    };
    match Mailboxes::user(local_part).filter(|_| domain.eq_ignore_ascii_case(DOMAIN)) {
        _ if world.deviates(Deviation::SmtpVrfyUnknown) => reply(502, "command not implemented"),
        Some(user) if world.deviates(Deviation::SmtpVrfyBare) => reply(250, user),
        Some(user) if world.deviates(Deviation::SmtpVrfyRouted) => reply(250, format!("<@{HOST}:{user}@{DOMAIN}>")),
        Some(user) => reply(250, format!("<{user}@{DOMAIN}>")),
        None if world.deviates(Deviation::SmtpVrfyGuesses) => reply(250, format!("<someone@{DOMAIN}>")),
        None => reply(550, "no such mailbox"),
    }
}

fn is_hello(line: &[u8]) -> bool {
    [&b"EHLO"[..], b"HELO", b"QUIT"].iter().any(|verb| line.len() >= 4 && line[..4].eq_ignore_ascii_case(verb))
}

/// Writes a reply (RFC 5321 section 4.2.1).
fn write((code, lines): &Reply, out: &mut Vec<u8>) {
    for (at, line) in lines.iter().enumerate() {
        let separator = if at + 1 < lines.len() { '-' } else { ' ' };
        out.extend_from_slice(format!("{code}{separator}{line}\r\n").as_bytes());
    }
}
