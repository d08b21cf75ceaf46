//! The parts of answers and requests that details can speak of.

use super::tree::Protocol;

/// One part.
#[derive(Clone, Copy, Debug)]
pub struct KnownPart {
    /// Its name.
    pub name: &'static str,
    /// The protocols that have it.
    pub protocols: &'static [Protocol],
    /// What stands behind the name: so many words at least, so many at most.
    pub arguments: (usize, usize),
    /// What these are, for people.
    pub shape: &'static str,
    /// Whether a test follows.
    pub test: TestOf,
    /// Whether there may be several.
    pub countable: bool,
    /// What it is.
    pub meaning: &'static str,
}

/// Whether a test follows a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestOf {
    /// It is there or not.
    None,
    /// It may.
    Optional,
    /// It must.
    Required,
    /// It must, and compares numbers.
    Number,
}

use Protocol::{Dns, Http, Imap, Pop3, Smtp};

const ALL: &[Protocol] = &[Smtp, Http, Dns, Pop3, Imap];

const fn part(
    name: &'static str,
    protocols: &'static [Protocol],
    (arguments, shape): ((usize, usize), &'static str),
    test: TestOf,
    countable: bool,
    meaning: &'static str,
) -> KnownPart {
    KnownPart { name, protocols, arguments, shape, test, countable, meaning }
}

const NOTHING: ((usize, usize), &str) = ((0, 0), "");
const RECORD: ((usize, usize), &str) = ((0, 2), "[NAME [TYPE]]");

/// Every part.
pub const PARTS: &[KnownPart] = &[
    part("line", &[Smtp, Pop3], NOTHING, TestOf::Optional, true, "a line of the reply, without code or status"),
    part("untagged", &[Imap], NOTHING, TestOf::Optional, true, "an untagged response, without `* `"),
    part("code", &[Imap], NOTHING, TestOf::Optional, false, "the response code in brackets"),
    part("header", &[Http, Smtp], ((1, 1), "NAME"), TestOf::Optional, true, "a field of the header section"),
    part("trailer", &[Http], ((1, 1), "NAME"), TestOf::Optional, true, "a field of the trailer section"),
    part("content", &[Http, Smtp], NOTHING, TestOf::Optional, false, "the content, transfer codings and dots undone"),
    part("reason", &[Http], NOTHING, TestOf::Required, false, "the reason phrase"),
    part("version", &[Http], NOTHING, TestOf::Required, false, "the version, such as `1.1`"),
    part("interim", &[Http], ((1, 1), "CODE"), TestOf::None, true, "an interim response before the final one"),
    part("id", &[Dns], NOTHING, TestOf::Number, false, "the ID, which otherwise is that of the query"),
    part("flag", &[Dns], ((1, 1), "FLAG"), TestOf::None, false, "`qr`, `aa`, `tc`, `rd`, `ra`, `z`, `ad` or `cd`"),
    part("opcode", &[Dns], NOTHING, TestOf::Number, false, "the OPCODE"),
    part("question", &[Dns], RECORD, TestOf::None, true, "a question"),
    part("answer", &[Dns], RECORD, TestOf::Optional, true, "a record of the answer section; the test is of its data"),
    part("authority", &[Dns], RECORD, TestOf::Optional, true, "a record of the authority section"),
    part("additional", &[Dns], RECORD, TestOf::Optional, true, "a record of the additional section"),
    part("ttl", &[Dns], RECORD, TestOf::Number, true, "the TTL of a record of any section but OPT"),
    part("edns", &[Dns], NOTHING, TestOf::None, true, "an OPT record"),
    part("edns-version", &[Dns], NOTHING, TestOf::Number, false, "its version"),
    part("edns-size", &[Dns], NOTHING, TestOf::Number, false, "its UDP payload size"),
    part("edns-flags", &[Dns], NOTHING, TestOf::Number, false, "its flags; DO is 32768"),
    part("size", ALL, NOTHING, TestOf::Number, false, "octets of the whole answer or request"),
    part("content-size", &[Http, Smtp], NOTHING, TestOf::Number, false, "octets of the content"),
    part("malformed", ALL, NOTHING, TestOf::None, false, "its form may be wrong; otherwise that is a failure"),
];

/// The part of this name in a protocol.
pub fn part_of(protocol: Protocol, name: &str) -> Option<&'static KnownPart> {
    parts_of(protocol).find(|part| part.name == name)
}

/// The parts in a protocol.
pub fn parts_of(protocol: Protocol) -> impl Iterator<Item = &'static KnownPart> + Clone {
    PARTS.iter().filter(move |part| part.protocols.contains(&protocol))
}
