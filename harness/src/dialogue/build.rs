//! DNS messages to send, from their description.

use std::str;

use super::framing::dns::{self, Class, Draft, DraftName, DraftRecord, Flag, Kind, Name, Opcode};
use super::parser::number;
use super::text::{Captures, Text};
use super::tree::{Field, Message, MessageKind, Value};

/// UDP payload size of an OPT record where none is said: what passes without fragments nearly everywhere.
const USUAL_SIZE: u16 = 1232;

/// A message that is ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsMessage {
    /// The octets of the message.
    pub octets: Vec<u8>,
    /// The length that goes before it over TCP, where it is forced.
    pub length: Option<u16>,
}

/// Why a message cannot be built: what a capture gave does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A name without a value.
    #[error("`{0}` has no value")]
    Unknown(String),
    /// A value that does not fit its place.
    #[error("`{0}` does not fit where it stands")]
    Value(String),
}

/// Builds a message. A query has the ID `id` unless it says another; a response is to `query`.
///
/// # Errors
/// A capture without a value, or with one that does not fit.
pub fn dns_message(
    message: &Message,
    id: u16,
    query: Option<&dns::Message>,
    captures: &Captures,
) -> Result<DnsMessage, BuildError> {
    let builder = Builder { captures };
    let mut draft = match &message.kind {
        MessageKind::Octets(octets) => {
            let length = message.fields.iter().find(|field| field.name == "length");
            let length = length.map(|field| builder.small(field, 0)).transpose()?;
            return Ok(DnsMessage { octets: builder.octets(octets)?, length });
        }
        MessageKind::Query(name, kind, class) => {
            let question = (DraftName::Name(builder.name(name)?), *kind, *class);
            Draft { id, questions: vec![question], ..Draft::default() }
        }
        MessageKind::Response(rcode) => {
            let questions = query.iter().flat_map(|query| &query.questions);
            let asked = questions.map(|asked| (DraftName::Name(asked.name.clone()), asked.kind, asked.class));
            // OPCODE and RD are those of the query (RFC 1035 section 4.1.1).
            let kept = query.map_or(0, |query| query.flags & 0x7900);
            let flags = 0x8000 | kept | rcode.0 & 0xf;
            Draft { id: query.map_or(id, |query| query.id), flags, questions: asked.collect(), ..Draft::default() }
        }
    };
    let mut edns = Edns::default();
    let mut length = None;
    for field in &message.fields {
        match field.name.as_str() {
            "id" => draft.id = builder.small(field, 0)?,
            "flags" => {
                let all = Flag::NAMES.iter().fold(0, |all, (_, flag)| all | flag.0);
                draft.flags &= !all;
                for value in &field.values {
                    let name = builder.word(value)?;
                    draft.flags |= Flag::named(&name).ok_or(BuildError::Value(name))?.0;
                }
            }
            "opcode" => {
                let name = builder.word(field.values.first().ok_or_else(|| lacking(field))?)?;
                let opcode = Opcode::named(&name).ok_or(BuildError::Value(name))?;
                draft.flags = draft.flags & !0x7800 | (opcode.0 & 0xf) << 11;
            }
            "question" => {
                let class = match field.values.get(2) {
                    Some(value) => builder.class(value)?,
                    None => Class(1),
                };
                draft.questions.push((builder.any_name(field, 0)?, builder.kind(field, 1)?, class));
            }
            "answer" => draft.sections[0].push(builder.record(field)?),
            "authority" => draft.sections[1].push(builder.record(field)?),
            "additional" => draft.sections[2].push(builder.record(field)?),
            "qdcount" => draft.counts[0] = Some(builder.small(field, 0)?),
            "ancount" => draft.counts[1] = Some(builder.small(field, 0)?),
            "nscount" => draft.counts[2] = Some(builder.small(field, 0)?),
            "arcount" => draft.counts[3] = Some(builder.small(field, 0)?),
            "trailer" => draft.trailer = builder.value_octets(field, 0)?,
            "cut" => draft.cut = Some(builder.small(field, 0)?.into()),
            "length" => length = Some(builder.small(field, 0)?),
            _ => edns.set(field, &builder)?,
        }
    }
    draft.sections[2].extend(edns.record());
    Ok(DnsMessage { octets: draft.octets(), length })
}

/// An OPT record in the making (RFC 6891 section 6.1.2).
#[derive(Default)]
struct Edns {
    is_there: bool,
    version: u8,
    size: Option<u16>,
    flags: u16,
    options: Vec<u8>,
}

impl Edns {
    fn set(&mut self, field: &Field, builder: &Builder<'_>) -> Result<(), BuildError> {
        self.is_there = true;
        match field.name.as_str() {
            "edns-version" => {
                let version = builder.small(field, 0)?;
                self.version = u8::try_from(version).map_err(|_| BuildError::Value(version.to_string()))?;
            }
            "edns-size" => self.size = Some(builder.small(field, 0)?),
            "edns-flags" => self.flags = builder.small(field, 0)?,
            "edns-option" => {
                let data = builder.value_octets(field, 1)?;
                self.options.extend(builder.small(field, 0)?.to_be_bytes());
                self.options.extend(u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes());
                self.options.extend(data);
            }
            _ => {}
        }
        Ok(())
    }

    fn record(self) -> Option<DraftRecord> {
        self.is_there.then(|| DraftRecord {
            name: DraftName::Name(Name::default()),
            kind: Kind(41),
            class: Class(self.size.unwrap_or(USUAL_SIZE)),
            ttl: u32::from(self.version) << 16 | u32::from(self.flags),
            length: None,
            data: self.options,
        })
    }
}

struct Builder<'a> {
    captures: &'a Captures,
}

impl Builder<'_> {
    fn octets(&self, text: &Text) -> Result<Vec<u8>, BuildError> {
        text.octets(self.captures).map_err(BuildError::Unknown)
    }

    fn word(&self, value: &Value) -> Result<String, BuildError> {
        let (Value::Word(text) | Value::String(text)) = value;
        let octets = self.octets(text)?;
        String::from_utf8(octets).map_err(|error| BuildError::Value(error.as_bytes().escape_ascii().to_string()))
    }

    fn value_octets(&self, field: &Field, at: usize) -> Result<Vec<u8>, BuildError> {
        let (Value::Word(text) | Value::String(text)) = field.values.get(at).ok_or_else(|| lacking(field))?;
        self.octets(text)
    }

    fn number(&self, field: &Field, at: usize) -> Result<u32, BuildError> {
        let word = self.word(field.values.get(at).ok_or_else(|| lacking(field))?)?;
        number(&word).ok_or(BuildError::Value(word))
    }

    fn small(&self, field: &Field, at: usize) -> Result<u16, BuildError> {
        let number = self.number(field, at)?;
        u16::try_from(number).map_err(|_| BuildError::Value(number.to_string()))
    }

    fn name(&self, text: &Text) -> Result<Name, BuildError> {
        let octets = self.octets(text)?;
        let wrong = || BuildError::Value(octets.escape_ascii().to_string());
        Name::from_text(str::from_utf8(&octets).map_err(|_| wrong())?).map_err(|_| wrong())
    }

    /// A name, or in a string the octets that stand in its place.
    fn any_name(&self, field: &Field, at: usize) -> Result<DraftName, BuildError> {
        match field.values.get(at).ok_or_else(|| lacking(field))? {
            Value::Word(text) => self.name(text).map(DraftName::Name),
            Value::String(text) => self.octets(text).map(DraftName::Octets),
        }
    }

    fn kind(&self, field: &Field, at: usize) -> Result<Kind, BuildError> {
        let word = self.word(field.values.get(at).ok_or_else(|| lacking(field))?)?;
        Kind::named(&word).ok_or(BuildError::Value(word))
    }

    fn class(&self, value: &Value) -> Result<Class, BuildError> {
        let word = self.word(value)?;
        Class::named(&word).ok_or(BuildError::Value(word))
    }

    fn record(&self, field: &Field) -> Result<DraftRecord, BuildError> {
        Ok(DraftRecord {
            name: self.any_name(field, 0)?,
            ttl: self.number(field, 1)?,
            kind: self.kind(field, 2)?,
            class: Class(1),
            length: None,
            data: self.value_octets(field, 3)?,
        })
    }
}

fn lacking(field: &Field) -> BuildError {
    BuildError::Value(field.name.clone())
}
