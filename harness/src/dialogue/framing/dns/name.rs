//! Domain names, compressed and not (RFC 1035 sections 3.1 and 4.1.4).

use std::fmt;

use crate::dialogue::framing::Flaw;

/// Octets of a name with its length octets (RFC 1035 section 3.1).
const LONGEST: usize = 255;

/// A domain name. Two are equal where they differ only in the case of letters (RFC 4343).
#[derive(Clone, Debug, Default)]
pub struct Name(Vec<Vec<u8>>);

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a.eq_ignore_ascii_case(b))
    }
}

impl Eq for Name {}

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Two dots, or one at the start.
    #[error("a label is empty")]
    EmptyLabel,
    /// More than 63 octets.
    #[error("a label is longer than 63 octets")]
    LongLabel,
    /// More than 255 octets.
    #[error("the name is longer than 255 octets")]
    LongName,
    /// `\` that is followed by neither three digits up to 255 nor a character.
    #[error("`\\` is followed by neither a character nor three digits")]
    Escape,
}

impl Name {
    /// Reads a name as zone files write it, `\.` and `\DDD` included; the last dot may be left out.
    ///
    /// # Errors
    /// What makes it no name.
    pub fn from_text(text: &str) -> Result<Self, NameError> {
        if text == "." {
            return Ok(Name::default());
        }
        let mut labels = vec![Vec::new()];
        let mut octets = text.bytes();
        while let Some(octet) = octets.next() {
            let label = labels.last_mut().expect("there is always a label");
            match octet {
                b'.' => labels.push(Vec::new()),
                b'\\' => {
                    let first = octets.next().ok_or(NameError::Escape)?;
                    if !first.is_ascii_digit() {
                        label.push(first);
                        continue;
                    }
                    let mut number = u16::from(first - b'0');
                    for _ in 0..2 {
                        let digit = octets.next().filter(u8::is_ascii_digit).ok_or(NameError::Escape)?;
                        number = number * 10 + u16::from(digit - b'0');
                    }
                    label.push(u8::try_from(number).map_err(|_| NameError::Escape)?);
                }
                octet => label.push(octet),
            }
        }
        if labels.len() > 1 && labels.last().is_some_and(Vec::is_empty) {
            labels.pop();
        }
        if labels.iter().any(Vec::is_empty) {
            return Err(NameError::EmptyLabel);
        }
        if labels.iter().any(|label| label.len() > 63) {
            return Err(NameError::LongLabel);
        }
        let name = Name(labels);
        if name.wire_length() > LONGEST { Err(NameError::LongName) } else { Ok(name) }
    }

    /// Its labels, that of the root not among them.
    pub fn labels(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// Writes it without compression.
    pub fn emit(&self, out: &mut Vec<u8>) {
        for label in &self.0 {
            // No label is longer than 63 octets, however the name was made.
            out.push(label.len() as u8);
            out.extend_from_slice(label);
        }
        out.push(0);
    }

    fn wire_length(&self) -> usize {
        self.0.iter().map(|label| label.len() + 1).sum::<usize>() + 1
    }

    /// Reads the name at octet `at` of a message; gives the octet behind it too.
    ///
    /// A pointer must lead to an earlier place than any octet of the name that was read so far, and what it leads to must
    /// end before that: it is a name that occurred before, and no name is read without end.
    pub(super) fn parse(message: &[u8], at: usize) -> Result<(Self, usize), Flaw> {
        let (mut here, mut first, mut behind) = (at, at, None);
        let mut limit = message.len();
        let mut name = Name::default();
        loop {
            if here >= limit {
                return Err(if limit == message.len() { Flaw::NameTruncated } else { Flaw::PointerForward });
            }
            let length = *message.get(here).ok_or(Flaw::NameTruncated)?;
            match length >> 6 {
                0 if length == 0 => return Ok((name, behind.unwrap_or(here + 1))),
                0 => {
                    let label = message.get(here + 1..=here + usize::from(length)).ok_or(Flaw::NameTruncated)?;
                    name.0.push(label.to_vec());
                    if name.wire_length() > LONGEST {
                        return Err(Flaw::NameTooLong);
                    }
                    here += usize::from(length) + 1;
                }
                3 => {
                    let low = *message.get(here + 1).ok_or(Flaw::NameTruncated)?;
                    let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                    behind.get_or_insert(here + 2);
                    if target < 12 || target >= message.len() {
                        return Err(Flaw::PointerBeyond);
                    }
                    if target >= first {
                        return Err(Flaw::PointerForward);
                    }
                    limit = first;
                    (here, first) = (target, target);
                }
                _ => return Err(Flaw::LabelType),
            }
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(".");
        }
        for label in &self.0 {
            for octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => write!(f, "\\{}", *octet as char)?,
                    b'!'..=b'~' => write!(f, "{}", *octet as char)?,
                    other => write!(f, "\\{other:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for (text, shown) in
            [(".", "."), ("a", "a."), ("a.b.", "a.b."), ("a\\.b", "a\\.b."), ("\\000\\255x", "\\000\\255x.")]
        {
            assert_eq!(Name::from_text(text).unwrap().to_string(), shown);
        }
        assert_eq!(Name::from_text("A.b").unwrap(), Name::from_text("a.B.").unwrap());
        for (text, error) in [
            ("", NameError::EmptyLabel),
            ("a..b", NameError::EmptyLabel),
            (&"x".repeat(64), NameError::LongLabel),
            (&"x.".repeat(128), NameError::LongName),
            ("\\25", NameError::Escape),
            ("\\256", NameError::Escape),
        ] {
            assert_eq!(Name::from_text(text), Err(error), "{text}");
        }
    }

    /// A message of a header and these octets.
    fn parse(octets: &[u8], at: usize) -> Result<(String, usize), Flaw> {
        let message = [&[0; 12], octets].concat();
        Name::parse(&message, 12 + at).map(|(name, behind)| (name.to_string(), behind - 12))
    }

    #[test]
    fn pointers_lead_back() {
        assert_eq!(parse(b"\x01a\x00\x01b\xc0\x0c", 3), Ok(("b.a.".to_owned(), 7)));
        assert_eq!(parse(b"\x01a\x00\xc0\x0c\xc0\x0f", 5), Ok(("a.".to_owned(), 7)));
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        assert_eq!(parse(b"\xc0\x0c", 0), Err(Flaw::PointerForward));
        assert_eq!(parse(b"\x01a\xc0\x0c", 0), Err(Flaw::PointerForward));
        assert_eq!(parse(b"\xc0\x0e\xc0\x0c", 0), Err(Flaw::PointerForward));
        assert_eq!(parse(b"\xc0\x0e\xc0\x0c", 2), Err(Flaw::PointerForward));
        // What begins before the name, but runs into it, is no name that occurred before.
        assert_eq!(parse(b"\x03\x01a\xc0\x0cb\x00", 1), Err(Flaw::PointerForward));
        assert_eq!(parse(b"\xc0\x00", 0), Err(Flaw::PointerBeyond));
        assert_eq!(parse(b"\xff\xff", 0), Err(Flaw::PointerBeyond));
        assert_eq!(parse(b"\xc0", 0), Err(Flaw::NameTruncated));
        assert_eq!(parse(b"\x05ab", 0), Err(Flaw::NameTruncated));
        assert_eq!(parse(b"", 0), Err(Flaw::NameTruncated));
        assert_eq!(parse(b"\x40a\x00", 0), Err(Flaw::LabelType));
        assert_eq!(parse(&b"\x01x".repeat(128), 0), Err(Flaw::NameTooLong));
    }
}
