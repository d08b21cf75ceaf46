//! What kind of line a line is, by how it begins.

use std::collections::BTreeMap;

use super::tree::{Party, Protocol, Role};

/// A line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    /// `//`, also the directives.
    Comment,
    /// `#include`, `#for`, `#end` and what looks like them, and `--define`.
    Preparation,
    /// `` `...` ``
    Command,
    /// The tester says text, which begins at this octet of the line.
    Spoken(Party, usize),
    /// The tester sends a message, described from this octet on.
    Sent(Party, usize),
    /// The target's answer, described from this octet on.
    Answer(Party, usize),
    /// What becomes of a connection, told from this octet on.
    Event(Party, usize),
    /// `or`, with what follows at this octet.
    Or(usize),
    /// `do`, with what follows at this octet.
    Do(usize),
    /// `check`, with what follows at this octet.
    Check(usize),
    /// An indented line, whose first word is at this octet.
    Detail(usize),
    /// Nothing of these.
    Unknown,
}

/// Tells the kinds of the lines of one dialogue, in order.
#[derive(Clone, Debug)]
pub(super) struct Classifier {
    pub(super) role: Role,
    /// What is spoken where a connection does not say otherwise.
    pub(super) protocol: Protocol,
    pub(super) has_protocol: bool,
    own: BTreeMap<u8, Protocol>,
}

impl Classifier {
    /// For a dialogue with this text, of which the directives alone are read.
    pub(super) fn new(text: &str) -> Self {
        let value = |key: &str| {
            text.lines().find_map(|line| {
                let (found, value) = line.trim_start().strip_prefix("//@")?.split_once(':')?;
                (found.trim() == key).then_some(value.trim())
            })
        };
        let role = if value("role") == Some("client") { Role::Client } else { Role::Server };
        let named = |name: &str| Protocol::NAMES.iter().find(|(known, _)| *known == name);
        let has_protocol = value("protocol").is_some();
        let protocol = value("protocol").and_then(named).map_or(Protocol::Smtp, |(_, protocol)| *protocol);
        Classifier { role, protocol, has_protocol, own: BTreeMap::new() }
    }

    /// What is spoken on a connection.
    pub(super) fn protocol_of(&self, party: Party) -> Protocol {
        self.own.get(&party.connection).copied().unwrap_or(self.protocol)
    }

    /// Whether this end of a connection is the target's.
    pub(super) fn is_target(&self, party: Party) -> bool {
        party.is_client == (self.role == Role::Client)
    }

    /// The kind of the next line.
    pub(super) fn kind(&mut self, line: &str) -> Kind {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let word = trimmed.split_whitespace().next().unwrap_or_default();
        let behind = |word: &str| indent + word.len();
        match word {
            "" => Kind::Blank,
            _ if trimmed.starts_with("//") => Kind::Comment,
            _ if trimmed.starts_with('#') || trimmed.starts_with("--") => Kind::Preparation,
            _ if indent > 0 => Kind::Detail(indent),
            _ if trimmed.starts_with('`') => Kind::Command,
            "or" => Kind::Or(behind("or")),
            "do" => Kind::Do(behind("do")),
            "check" => Kind::Check(behind("check")),
            _ => self.spoken(line).unwrap_or(Kind::Unknown),
        }
    }

    fn spoken(&mut self, line: &str) -> Option<Kind> {
        let (party, length) = party(line)?;
        match line.as_bytes().get(length) {
            Some(b':') => {
                // One blank belongs to the colon.
                let from = length + 1 + usize::from(line.as_bytes().get(length + 1) == Some(&b' '));
                Some(match self.protocol_of(party) {
                    _ if self.is_target(party) => Kind::Answer(party, from),
                    Protocol::Dns => Kind::Sent(party, from),
                    _ => Kind::Spoken(party, from),
                })
            }
            Some(b' ' | b'\t') | None => {
                let mut words = line[length..].split_whitespace();
                if words.next() == Some("connects")
                    && words.by_ref().any(|word| word == "with")
                    && let Some(name) = words.next()
                    && let Some((_, protocol)) = Protocol::NAMES.iter().find(|(known, _)| *known == name)
                {
                    self.own.insert(party.connection, *protocol);
                }
                Some(Kind::Event(party, length))
            }
            Some(_) => None,
        }
    }
}

/// `C`, `S`, `C2`, ... at the start of a line, and its length.
fn party(line: &str) -> Option<(Party, usize)> {
    let is_client = match line.as_bytes().first()? {
        b'C' => true,
        b'S' => false,
        _ => return None,
    };
    let digits = line[1..].bytes().take_while(u8::is_ascii_digit).count();
    // The first connection has no number: one spelling each.
    let number = if digits == 0 { Some(1) } else { line[1..=digits].parse().ok().filter(|number| *number > 1) };
    let is_plain = !line[1..].starts_with('0');
    number.filter(|_| is_plain).map(|connection| (Party { is_client, connection }, 1 + digits))
}
