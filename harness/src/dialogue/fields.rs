//! The fields of DNS messages to send.

/// One field.
#[derive(Clone, Copy, Debug)]
pub struct KnownField {
    /// Its name.
    pub name: &'static str,
    /// What stands behind it.
    pub values: &'static [FieldValue],
    /// Whether it may stand more than once.
    pub repeatable: bool,
    /// What it is.
    pub meaning: &'static str,
}

/// One value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A number of so many bits.
    Number(u32),
    /// Any number of flags of the header.
    Flags,
    /// An OPCODE by name or number.
    Opcode,
    /// A name, or in double quotes the octets that stand in its place.
    Name,
    /// A type.
    Kind,
    /// A class, which may be left out.
    Class,
    /// Octets in double quotes.
    Octets,
}

impl FieldValue {
    /// As it is called in messages.
    pub fn shape(self) -> &'static str {
        match self {
            FieldValue::Number(_) => "NUMBER",
            FieldValue::Flags => "FLAG ...",
            FieldValue::Opcode => "OPCODE",
            FieldValue::Name => "NAME",
            FieldValue::Kind => "TYPE",
            FieldValue::Class => "[CLASS]",
            FieldValue::Octets => "\"OCTETS\"",
        }
    }
}

use FieldValue::{Class, Flags, Kind, Name, Number, Octets, Opcode};

const RECORD: &[FieldValue] = &[Name, Number(32), Kind, Octets];

const fn field(
    name: &'static str,
    values: &'static [FieldValue],
    repeatable: bool,
    meaning: &'static str,
) -> KnownField {
    KnownField { name, values, repeatable, meaning }
}

/// Every field.
pub const FIELDS: &[KnownField] = &[
    field("id", &[Number(16)], false, "ID; otherwise one that the run's seed gives"),
    field(
        "flags",
        &[Flags],
        false,
        "flags that are set; otherwise none of a query, `qr` and the query's `rd` of a response",
    ),
    field("opcode", &[Opcode], false, "OPCODE; otherwise QUERY"),
    field("question", &[Name, Kind, Class], true, "one more question"),
    field("answer", RECORD, true, "a record of the answer section: owner, TTL, type, data"),
    field("authority", RECORD, true, "a record of the authority section"),
    field("additional", RECORD, true, "a record of the additional section"),
    field("edns", &[], false, "an OPT record: version 0, UDP payload size 1232"),
    field("edns-version", &[Number(8)], false, "the same with this version"),
    field("edns-size", &[Number(16)], false, "the same with this UDP payload size"),
    field("edns-flags", &[Number(16)], false, "the same with these flags; DO is 0x8000"),
    field("edns-option", &[Number(16), Octets], true, "the same with this option: its code and its data"),
    field("qdcount", &[Number(16)], false, "QDCOUNT, whatever there is"),
    field("ancount", &[Number(16)], false, "ANCOUNT, whatever there is"),
    field("nscount", &[Number(16)], false, "NSCOUNT, whatever there is"),
    field("arcount", &[Number(16)], false, "ARCOUNT, whatever there is"),
    field("trailer", &[Octets], false, "octets behind the last record"),
    field("cut", &[Number(16)], false, "so many octets are sent and no more"),
    field("length", &[Number(16)], false, "over TCP the length before the message, whatever it has"),
];

/// The field of this name.
pub fn field_named(name: &str) -> Option<&'static KnownField> {
    FIELDS.iter().find(|field| field.name == name)
}
