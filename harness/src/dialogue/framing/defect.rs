//! What is wrong with a message that was read all the same.

use std::fmt;

/// Defects of one message that are kept; the first ones tell most.
const MOST: usize = 32;

/// One thing wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What is wrong.
    pub flaw: Flaw,
    /// Octet from the start of the message at which this was known.
    pub offset: u64,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (octet {})", self.flaw, self.offset)
    }
}

/// The defects of one message, in order of place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Defects(Vec<Defect>);

impl Defects {
    pub(super) fn add(&mut self, flaw: Flaw, offset: u64) {
        let is_known = self.0.last().is_some_and(|last| last.flaw == flaw && last.offset == offset);
        if self.0.len() < MOST && !is_known {
            self.0.push(Defect { flaw, offset });
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is wrong somewhere.
    pub fn has(&self, flaw: Flaw) -> bool {
        self.0.iter().any(|defect| defect.flaw == flaw)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Defect> {
        self.0.iter()
    }
}

macro_rules! flaws {
    ($($(#[$rfc:meta])* $name:ident = $said:literal,)*) => {
        /// What can be wrong with a message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
        pub enum Flaw {
            $($(#[$rfc])* #[error($said)] $name,)*
        }
    };
}

flaws! {
    /// RFC 5321 section 2.3.8, RFC 9112 section 2.2, RFC 9051 section 2.2.
    BareLf = "a line ends with LF alone",
    /// RFC 5321 section 2.3.8, RFC 9112 section 2.2.
    BareCr = "CR without LF",
    /// The connection ended first.
    Incomplete = "the message is incomplete",
    /// The message is longer than what is kept of it.
    TooLong = "the message is longer than what a reader keeps of it",
    /// RFC 5321 section 4.5.3.1.5, RFC 1939 section 3.
    LineTooLong = "a line is longer than 512 octets",
    /// RFC 5321 section 4.2.
    NoCode = "a line does not begin with a reply code",
    /// RFC 5321 section 4.2: `%x32-35 %x30-35 %x30-39`.
    CodeOutOfRange = "the reply code is none of 200 to 559",
    /// RFC 5321 section 4.2.1.
    CodesDiffer = "the lines of a reply have different codes",
    /// RFC 5321 section 4.2.
    Separator = "neither a space nor `-` follows the reply code",
    /// RFC 5321 section 4.2: `textstring`.
    NotText = "an octet is no printable character of US-ASCII",
    /// RFC 1939 section 3.
    NoStatus = "the response begins with neither `+OK` nor `-ERR`",
    /// RFC 1939 section 3, RFC 5321 section 4.5.2.
    NotStuffed = "a line begins with a dot that was not doubled",
    /// RFC 9051 section 2.2.2.
    NoTag = "the response begins with neither a tag, `*` nor `+`",
    /// RFC 9051 section 4.3.
    LiteralSize = "the size of a literal has no value of 64 bits",
    /// RFC 9051 section 2.2.2.
    OtherTag = "a response has the tag of another command",
    /// RFC 9112 section 4.
    StatusLine = "the status line is malformed",
    /// RFC 9112 section 3.
    RequestLine = "the request line is malformed",
    /// RFC 9112 section 2.2.
    LeadingEmptyLine = "an empty line precedes the start line",
    /// RFC 9112 section 2.2.
    LeadingSpace = "white space precedes the first field",
    /// RFC 9112 section 5.
    NoColon = "a field line has no colon",
    /// RFC 9112 section 5.1.
    SpaceBeforeColon = "white space precedes the colon of a field",
    /// RFC 9110 section 5.1.
    FieldName = "a field name is no token",
    /// RFC 9110 section 5.5.
    FieldValue = "a field value has a control character",
    /// RFC 9112 section 5.2.
    ObsoleteFold = "a field value is folded",
    /// RFC 9112 section 6.3 rule 5.
    ContentLength = "Content-Length is no number",
    /// RFC 9112 section 6.3 rule 5.
    ContentLengthRepeated = "Content-Length stands more than once",
    /// RFC 9112 section 6.2.
    LengthAndCoding = "Content-Length stands beside Transfer-Encoding",
    /// RFC 9112 section 6.1, RFC 9110 section 8.6.
    FramingForbidden = "a message without content has a Content-Length or Transfer-Encoding that it must not have",
    /// RFC 9112 section 6.3 rule 4.
    NotChunkedLast = "chunked is not the last transfer coding",
    /// RFC 9112 section 7.1.
    ChunkSize = "the size of a chunk is malformed",
    /// RFC 9112 section 7.1.
    ChunkEnd = "CRLF does not follow a chunk",
    /// RFC 1035 section 4.1.1.
    HeaderTruncated = "the message is shorter than its header",
    /// RFC 1035 section 4.1.
    RecordTruncated = "the message ends within a record",
    /// RFC 1035 section 3.1.
    LabelType = "a label has a reserved type",
    /// RFC 1035 section 3.1.
    NameTooLong = "a name is longer than 255 octets",
    /// RFC 1035 section 4.1.4: a prior occurrence.
    PointerForward = "a compression pointer does not point to an earlier place",
    /// RFC 1035 section 4.1.4.
    PointerBeyond = "a compression pointer points into the header or beyond the message",
    /// RFC 1035 section 3.1.
    NameTruncated = "the message ends within a name",
    /// RFC 1035 section 3.2.1.
    DataLength = "the data of a record do not fit their length",
    /// RFC 1035 section 4.1.
    TrailingOctets = "octets follow the last record",
    /// RFC 6891 section 6.1.1.
    OptRepeated = "there is more than one OPT record",
}
