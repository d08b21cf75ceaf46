//! The syntax tree of a dialogue. Steps keep their place in the text; two trees are equal if they mean the same.

use std::sync::Arc;

use super::framing::dns::{Class, Kind, Rcode};
use super::text::Text;
use crate::text::{Diagnostics, Directive, Sources, Span};

/// A whole dialogue.
#[derive(Clone, Debug, Default)]
pub struct Dialogue {
    /// What it says of itself, in order.
    pub directives: Vec<Directive>,
    /// Which side is the target.
    pub role: Role,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// Where included and repeated lines come from; none if there are none.
    pub sources: Option<Arc<Sources>>,
}

impl PartialEq for Dialogue {
    fn eq(&self, other: &Self) -> bool {
        (&self.directives, self.role, &self.steps) == (&other.directives, other.role, &other.steps)
    }
}

impl Dialogue {
    /// Makes diagnostics whose places are those of the tree point into the files that these came from. What is said
    /// of one place is said once, however often a loop repeats it.
    pub fn resolve(&self, diagnostics: &mut Diagnostics) {
        let Some(sources) = &self.sources else { return };
        sources.resolve(diagnostics);
    }
}

/// Which side the target plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// The target is the server, the tester the client.
    #[default]
    Server,
    /// The target is the client, the tester the server.
    Client,
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// SMTP, RFC 5321.
    Smtp,
    /// HTTP/1.1, RFC 9112.
    Http,
    /// DNS, RFC 1035.
    Dns,
    /// POP3, RFC 1939.
    Pop3,
    /// IMAP, RFC 9051.
    Imap,
}

impl Protocol {
    /// All of them by name.
    pub const NAMES: [(&'static str, Protocol); 5] = [
        ("smtp", Protocol::Smtp),
        ("http", Protocol::Http),
        ("dns", Protocol::Dns),
        ("pop3", Protocol::Pop3),
        ("imap", Protocol::Imap),
    ];

    /// The name in dialogues.
    pub fn name(self) -> &'static str {
        Protocol::NAMES.iter().find(|(_, protocol)| *protocol == self).map_or("", |(name, _)| name)
    }
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// What happens.
    pub action: Action,
    /// All its lines.
    pub span: Span,
    /// The line it begins on, from 1.
    pub line: u32,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.action == other.action
    }
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The tester says a line of text.
    Say(Party, Line),
    /// The tester sends a DNS message.
    Send(Party, Message),
    /// The tester does something to a connection.
    Act(Party, Act),
    /// The target does one of these.
    Expect(Party, Vec<Alternative>),
    /// A shell command, which must succeed.
    Command(String),
    /// A set-up step that the target's definition knows: its name and arguments.
    Do(String, Vec<Text>),
    /// A check outside the conversation that the target's definition knows.
    Check(Check),
}

/// One end of a connection, `C` or `S` and a number, `C2`; without a number the first connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party {
    /// Whether it is the client's end.
    pub is_client: bool,
    /// The connection's number, from 1.
    pub connection: u8,
}

/// A line of text to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its octets.
    pub text: Text,
    /// Whether CRLF follows.
    pub has_crlf: bool,
}

/// What the tester does to a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Opens it.
    Connect(Connect),
    /// Sends FIN and reads no more.
    Close,
    /// Sends FIN and reads on.
    HalfClose,
    /// Sends RST.
    Reset,
    /// Is never heard of again.
    Vanish,
    /// Sends nothing for so long.
    Wait(Seconds),
    /// Begins TLS.
    StartTls,
}

/// How a connection is opened; what is not said is what is usual for the protocol.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connect {
    /// Another protocol than the dialogue's.
    pub protocol: Option<Protocol>,
    /// What it runs over.
    pub over: Option<Over>,
    /// The port.
    pub port: Option<Text>,
    /// The client's number, from 1; each has an address of its own.
    pub client: Option<u8>,
}

/// What a connection runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// TLS over TCP, from the first octet on.
    Tls,
}

/// Seconds as written, such as `0.5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seconds(pub(super) String);

impl Seconds {
    /// As microseconds.
    pub fn micros(&self) -> u64 {
        let (whole, part) = self.0.split_once('.').unwrap_or((&self.0, ""));
        let digits: String = part.chars().chain("000000".chars()).take(6).collect();
        whole.parse::<u64>().unwrap_or(0).saturating_mul(1_000_000).saturating_add(digits.parse().unwrap_or(0))
    }
}

/// One of the things that the target may do.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    /// What it does or answers.
    pub head: Head,
    /// How long it may take, or must last.
    pub time: Option<Seconds>,
    /// What must hold of the parts of an answer.
    pub details: Vec<Detail>,
}

/// What the target does or answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    /// It closes the connection.
    Closes,
    /// It resets the connection.
    Resets,
    /// It refuses the connection.
    Refuses,
    /// It sends nothing, and the connection stays open.
    Silent,
    /// The connection stays open, whatever it sends.
    StaysOpen,
    /// Any whole answer or request.
    Anything,
    /// An SMTP reply.
    Reply(CodePattern, Option<EnhancedPattern>, Option<Test>),
    /// A POP3 response: whether `+OK`, and whether it is one that has several lines.
    Status(bool, bool, Option<Test>),
    /// An IMAP response with a tag: `OK`, `NO` or `BAD`.
    Tagged(Text, String, Option<Test>),
    /// An IMAP response without one, such as `* BYE`.
    Untagged(String, Option<Test>),
    /// IMAP's `+`.
    Continuation(Option<Test>),
    /// An HTTP response, and the method that it answers where it is not that of the request before.
    Response(CodePattern, Option<String>),
    /// A DNS response.
    Rcode(Rcode),
    /// A command of an SMTP, POP3 or IMAP client.
    Command(String, Option<Test>),
    /// The message that a client sends after DATA.
    Mail,
    /// A request of an HTTP client: its method, and what its target must be.
    Request(String, Option<Test>),
    /// A query of a DNS client.
    Query(Option<Text>, Option<Kind>),
}

/// A code of three digits, some of which may be any: `250`, `25x`, `5xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePattern(pub [Option<u8>; 3]);

impl CodePattern {
    /// Whether a code is one of these.
    pub fn matches(self, code: u16) -> bool {
        let digits = [code / 100, code / 10 % 10, code % 10];
        self.0.iter().zip(digits).all(|(wanted, digit)| wanted.is_none_or(|wanted| u16::from(wanted) == digit))
    }
}

/// An enhanced code, some parts of which may be any: `5.7.1`, `5.7.x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedPattern(pub [Option<u16>; 3]);

/// What must hold of a part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// How many such parts there must be.
    pub quantity: Quantity,
    /// The part's name, one of [`parts`](super::parts).
    pub part: String,
    /// Which part of this name.
    pub arguments: Vec<Text>,
    /// What must hold of it.
    pub test: Option<Test>,
    /// The name under which later lines have its value.
    pub capture: Option<String>,
}

/// How many parts there must be for which the rest holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// One or more.
    Some,
    /// None.
    No,
    /// So many.
    Count(Comparison, u64),
}

/// What must hold of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is this.
    Is(Text),
    /// This regular expression is found in it; its named groups are captured.
    Matches(String),
    /// It is a number for which this holds.
    Compares(Comparison, Text),
}

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    More,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// All of them as they are written; none begins with an earlier one.
    pub const SIGNS: [(&'static str, Comparison); 6] = [
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("=", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::More),
    ];

    /// As it is written.
    pub fn sign(self) -> &'static str {
        Comparison::SIGNS.iter().find(|(_, comparison)| *comparison == self).map_or("", |(sign, _)| sign)
    }
}

/// A check outside the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// Its name in the target's definition.
    pub name: String,
    /// Its arguments.
    pub arguments: Vec<Text>,
    /// How long it may take to become true.
    pub time: Option<Seconds>,
    /// What must hold of what it says.
    pub details: Vec<Detail>,
}

/// A DNS message to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What it is.
    pub kind: MessageKind,
    /// Its fields, where they are not what is usual.
    pub fields: Vec<Field>,
}

/// What a DNS message to send is.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageKind {
    /// A query with one question.
    Query(Text, Kind, Class),
    /// A response to the query before.
    Response(Rcode),
    /// These octets.
    Octets(Text),
}

/// A field of a DNS message to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, one of [`fields`](super::fields).
    pub name: String,
    /// What it is: words as texts, strings too.
    pub values: Vec<Value>,
}

/// One value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A word.
    Word(Text),
    /// What stands in double quotes.
    String(Text),
}
