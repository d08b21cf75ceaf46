//! Reads one whole answer after the other off a connection, by the framing of its protocol.

use super::answer::{Answer, Content};
use crate::dialogue::framing::dns::MessageReader;
use crate::dialogue::framing::http::{self, AnswerTo};
use crate::dialogue::framing::imap::{self, Awaited};
use crate::dialogue::framing::{Reader, pop3, smtp};
use crate::dialogue::tree::{Alternative, Head, Protocol, Role};
use crate::dialogue::{Captures, framing};

/// Octets of an answer that are kept as they came, for people.
const MOST_RAW: usize = 8_192;

/// What of an answer's framing depends on what is expected.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// A POP3 response has further lines.
    pub multi_line: bool,
    /// What ends an IMAP answer.
    pub awaited: Awaited,
    /// Untagged responses that end one too.
    pub untagged: Vec<String>,
    /// The method that an HTTP response answers.
    pub to: AnswerTo,
    /// An interim response is an answer.
    pub interim: bool,
    /// A client sends a message, not a command.
    pub mail: bool,
}

impl Wanted {
    /// What these alternatives ask for; a tag whose value is not known is none.
    pub(super) fn of(alternatives: &[Alternative], captures: &Captures) -> Self {
        let mut wanted = Wanted::default();
        let (mut tagged, mut continues) = (None, false);
        for Alternative { head, .. } in alternatives {
            match head {
                Head::Status(true, true, _) => wanted.multi_line = true,
                Head::Tagged(tag, ..) => tagged = tagged.or(tag.octets(captures).ok()),
                Head::Continuation(_) => continues = true,
                Head::Untagged(name, _) => wanted.untagged.push(name.clone()),
                Head::Response(code, _) => wanted.interim |= code.0[0] == Some(1),
                Head::Mail => wanted.mail = true,
                _ => {}
            }
        }
        wanted.awaited = match tagged {
            // `+`, or any tagged response instead.
            _ if continues => Awaited::Continuation,
            Some(tag) => Awaited::Tagged(tag),
            None => Awaited::Any,
        };
        wanted
    }
}

/// Reads answers off one connection.
#[derive(Debug)]
pub(super) struct Reading {
    protocol: Protocol,
    role: Role,
    framer: Framer,
    wanted: Wanted,
    /// Octets of the answer so far.
    size: u64,
    raw: Vec<u8>,
    interims: Vec<http::Response>,
    untagged: Vec<imap::Response>,
}

#[derive(Debug)]
enum Framer {
    Reply(smtp::ReplyReader),
    Status(pop3::ResponseReader),
    Imap(imap::AnswerReader),
    Response(http::ResponseReader),
    Dns(MessageReader),
    Input(smtp::InputReader),
    Request(http::RequestReader),
}

impl Reading {
    /// Reads what a target with this role says.
    pub(super) fn new(protocol: Protocol, role: Role) -> Self {
        Reading {
            protocol,
            role,
            framer: Framer::new(protocol, role, &Wanted::default()),
            wanted: Wanted::default(),
            size: 0,
            raw: Vec::new(),
            interims: Vec::new(),
            untagged: Vec::new(),
        }
    }

    /// Says what comes next. What is half read already is read on as it was begun.
    pub(super) fn expect(&mut self, wanted: Wanted) {
        if self.size == 0 {
            self.framer = Framer::new(self.protocol, self.role, &wanted);
        }
        self.wanted = wanted;
    }

    /// Octets of the answer that has begun and has not ended.
    pub(super) fn begun(&self) -> u64 {
        self.size
    }

    /// What came of that answer so far.
    pub(super) fn begun_octets(&self) -> &[u8] {
        &self.raw
    }

    /// Takes octets up to the end of an answer, or all of them; says how many.
    pub(super) fn feed(&mut self, octets: &[u8]) -> (usize, Option<Answer>) {
        let mut at = 0;
        while at < octets.len() {
            let (taken, content) = self.framer.feed(&octets[at..]);
            self.note(&octets[at..at + taken]);
            at += taken;
            if let Some(content) = content
                && let Some(answer) = self.complete(content)
            {
                return (at, Some(answer));
            }
        }
        (at, None)
    }

    /// The target sends no more: what came of an answer so far, if anything did.
    pub(super) fn end(&mut self) -> Option<Answer> {
        let content = self.framer.end();
        if content.is_none() && (!self.interims.is_empty() || !self.untagged.is_empty()) {
            let answer = imap::Answer { untagged: std::mem::take(&mut self.untagged), ..imap::Answer::default() };
            let content = match self.interims.pop() {
                Some(last) => Content::Response { interims: std::mem::take(&mut self.interims), last },
                None => Content::Responses(answer),
            };
            return Some(self.answer(content));
        }
        let content = self.with_what_came_before(content?);
        Some(self.answer(content))
    }

    fn note(&mut self, octets: &[u8]) {
        self.size += octets.len() as u64;
        let room = MOST_RAW.saturating_sub(self.raw.len()).min(octets.len());
        self.raw.extend_from_slice(&octets[..room]);
    }

    /// A message has ended; none if the answer goes on behind it.
    fn complete(&mut self, content: Content) -> Option<Answer> {
        match content {
            Content::Response { last, .. } if last.is_interim() && !self.wanted.interim => {
                self.interims.push(last);
                None
            }
            Content::Responses(answer) if self.goes_on(&answer) => {
                self.untagged.extend(answer.untagged);
                self.untagged.extend(answer.last);
                None
            }
            content => {
                let content = self.with_what_came_before(content);
                Some(self.answer(content))
            }
        }
    }

    /// Whether an untagged response that was read by itself is none that was waited for.
    fn goes_on(&self, answer: &imap::Answer) -> bool {
        let is_asked = |last: &imap::Response| {
            let name = last.name();
            self.wanted.untagged.iter().any(|untagged| untagged.eq_ignore_ascii_case(&name))
        };
        self.wanted.awaited != Awaited::Any
            && answer.last.as_ref().is_some_and(|last| last.kind == imap::Kind::Untagged && !is_asked(last))
    }

    fn with_what_came_before(&mut self, content: Content) -> Content {
        match content {
            Content::Response { last, .. } => Content::Response { interims: std::mem::take(&mut self.interims), last },
            Content::Responses(mut answer) => {
                let mut untagged = std::mem::take(&mut self.untagged);
                untagged.append(&mut answer.untagged);
                Content::Responses(imap::Answer { untagged, ..answer })
            }
            content => content,
        }
    }

    fn answer(&mut self, content: Content) -> Answer {
        self.framer = Framer::new(self.protocol, self.role, &self.wanted);
        let size = std::mem::take(&mut self.size);
        // The length before a message over TCP is none of it (RFC 7766 section 8).
        let size = if matches!(content, Content::Dns(_)) { size.saturating_sub(2) } else { size };
        Answer { content, size, raw: std::mem::take(&mut self.raw) }
    }
}

impl Framer {
    fn new(protocol: Protocol, role: Role, wanted: &Wanted) -> Self {
        match (role, protocol) {
            (_, Protocol::Dns) => Framer::Dns(MessageReader::default()),
            (Role::Client, Protocol::Http) => Framer::Request(http::RequestReader::default()),
            (Role::Client, _) => {
                let mut reader = smtp::InputReader::default();
                if wanted.mail {
                    reader.expect_message();
                }
                Framer::Input(reader)
            }
            (Role::Server, Protocol::Smtp) => Framer::Reply(smtp::ReplyReader::default()),
            (Role::Server, Protocol::Pop3) => {
                let mut reader = pop3::ResponseReader::default();
                if wanted.multi_line {
                    reader.expect_multi_line();
                }
                Framer::Status(reader)
            }
            (Role::Server, Protocol::Imap) => {
                let mut reader = imap::AnswerReader::default();
                // Where some untagged response may end the answer, each is looked at by itself.
                let one_by_one = !wanted.untagged.is_empty();
                reader.expect(if one_by_one { Awaited::Any } else { wanted.awaited.clone() });
                Framer::Imap(reader)
            }
            (Role::Server, Protocol::Http) => {
                let mut reader = http::ResponseReader::default();
                reader.expect(wanted.to);
                Framer::Response(reader)
            }
        }
    }

    fn feed(&mut self, octets: &[u8]) -> (usize, Option<Content>) {
        fn fed<M>(fed: framing::Fed<M>, content: impl FnOnce(M) -> Content) -> (usize, Option<Content>) {
            (fed.taken, fed.message.map(content))
        }
        match self {
            Framer::Reply(reader) => fed(reader.feed(octets), Content::Reply),
            Framer::Status(reader) => fed(reader.feed(octets), Content::Status),
            Framer::Imap(reader) => fed(reader.feed(octets), Content::Responses),
            Framer::Response(reader) => {
                fed(reader.feed(octets), |last| Content::Response { interims: Vec::new(), last })
            }
            Framer::Dns(reader) => fed(reader.feed(octets), Content::Dns),
            Framer::Input(reader) => {
                let is_mail = reader.is_message();
                fed(reader.feed(octets), if is_mail { Content::Mail } else { Content::Command })
            }
            Framer::Request(reader) => fed(reader.feed(octets), Content::Request),
        }
    }

    fn end(&mut self) -> Option<Content> {
        match self {
            Framer::Reply(reader) => reader.end().map(Content::Reply),
            Framer::Status(reader) => reader.end().map(Content::Status),
            Framer::Imap(reader) => reader.end().map(Content::Responses),
            Framer::Response(reader) => reader.end().map(|last| Content::Response { interims: Vec::new(), last }),
            Framer::Dns(reader) => reader.end().map(Content::Dns),
            Framer::Input(reader) => {
                let is_mail = reader.is_message();
                reader.end().map(if is_mail { Content::Mail } else { Content::Command })
            }
            Framer::Request(reader) => reader.end().map(Content::Request),
        }
    }
}
