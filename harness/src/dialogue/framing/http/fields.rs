//! Field lines (RFC 9112 section 5).

use crate::dialogue::framing::Flaw;
use crate::dialogue::framing::line::{Line, Lines, MOST_LINES};

/// One field line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// Its name as it stands, without white space before the colon.
    pub name: Vec<u8>,
    /// Its value without white space around it; folded lines are joined by a space.
    pub value: Vec<u8>,
}

/// The fields of a section, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// The values of all fields of this name, in order.
    pub fn values<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| &*field.value)
    }

    /// Whether there is a field of this name.
    pub fn has(&self, name: &[u8]) -> bool {
        self.values(name).next().is_some()
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }

    /// Adds a field line that is not empty.
    pub(super) fn add(&mut self, line: &Line, lines: &mut Lines) {
        let octets = &line.octets;
        if matches!(octets.first(), Some(b' ' | b'\t')) {
            match self.0.last_mut() {
                Some(folded) => {
                    lines.flaw(Flaw::ObsoleteFold);
                    folded.value.push(b' ');
                    folded.value.extend_from_slice(without_space(octets));
                    return;
                }
                None => lines.flaw(Flaw::LeadingSpace),
            }
        }
        let (name, value) = match octets.iter().position(|octet| *octet == b':') {
            Some(colon) => (&octets[..colon], without_space(&octets[colon + 1..])),
            None => {
                lines.flaw(Flaw::NoColon);
                (&octets[..], &[][..])
            }
        };
        let end = name.iter().rposition(|octet| !is_space(*octet)).map_or(0, |last| last + 1);
        let trimmed = &name[..end];
        if trimmed.len() < name.len() {
            lines.flaw(Flaw::SpaceBeforeColon);
        }
        if trimmed.is_empty() || !trimmed.iter().all(|octet| is_token_octet(*octet)) {
            lines.flaw(Flaw::FieldName);
        }
        if value.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t') {
            lines.flaw(Flaw::FieldValue);
        }
        if self.0.len() < MOST_LINES {
            self.0.push(Field { name: trimmed.to_vec(), value: value.to_vec() });
        } else {
            lines.flaw(Flaw::TooLong);
        }
    }
}

/// Octets without the white space around them: `OWS` (RFC 9110 section 5.6.3), which is less than ASCII's.
pub(super) fn without_space(octets: &[u8]) -> &[u8] {
    let start = octets.iter().position(|octet| !is_space(*octet)).unwrap_or(octets.len());
    let end = octets.iter().rposition(|octet| !is_space(*octet)).map_or(start, |last| last + 1);
    &octets[start..end]
}

fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// `tchar` (RFC 9110 section 5.6.2).
pub(super) fn is_token_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}
