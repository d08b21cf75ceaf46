//! What records say, in the notation of zone files.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Kind, Name};
use crate::dialogue::framing::Flaw;

/// The data of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// A (RFC 1035 section 3.4.1).
    A(Ipv4Addr),
    /// AAAA (RFC 3596).
    Aaaa(Ipv6Addr),
    /// NS, CNAME, PTR and others that are one name.
    Name(Name),
    /// MX (RFC 1035 section 3.3.9).
    Mx(u16, Name),
    /// TXT (RFC 1035 section 3.3.14).
    Txt(Vec<Vec<u8>>),
    /// SOA (RFC 1035 section 3.3.13): MNAME, RNAME; SERIAL, REFRESH, RETRY, EXPIRE, MINIMUM.
    Soa(Box<(Name, Name)>, [u32; 5]),
    /// SRV (RFC 2782): priority, weight, port, target.
    Srv([u16; 3], Name),
    /// Any other, and what does not have the form of its type.
    Octets(Vec<u8>),
}

impl Data {
    /// Reads octets `at..end` of a message. What does not have the form of its type is kept as it is.
    pub(super) fn parse(message: &[u8], at: usize, end: usize, kind: Kind) -> (Self, Option<Flaw>) {
        let octets = &message[at..end];
        if end == at {
            // As in the questions of updates, and in records whose data were left out.
            return (Data::Octets(Vec::new()), None);
        }
        match Data::known(message, at, end, kind) {
            Ok(Some(data)) => (data, None),
            Ok(None) => (Data::Octets(octets.to_vec()), None),
            Err(flaw) => (Data::Octets(octets.to_vec()), Some(flaw)),
        }
    }

    fn known(message: &[u8], at: usize, end: usize, kind: Kind) -> Result<Option<Self>, Flaw> {
        let octets = &message[at..end];
        // A name in the data ends with them.
        let last_name = |at| match Name::parse(message, at)? {
            (name, behind) if behind == end => Ok(name),
            _ => Err(Flaw::DataLength),
        };
        let number = |at: usize| match octets.get(at..at + 2) {
            Some(octets) => Ok(u16::from_be_bytes([octets[0], octets[1]])),
            None => Err(Flaw::DataLength),
        };
        Ok(Some(match kind.0 {
            1 => Data::A(<[u8; 4]>::try_from(octets).map_err(|_| Flaw::DataLength)?.into()),
            28 => Data::Aaaa(<[u8; 16]>::try_from(octets).map_err(|_| Flaw::DataLength)?.into()),
            2..=5 | 7..=9 | 12 | 39 => Data::Name(last_name(at)?),
            15 => Data::Mx(number(0)?, last_name(at + 2)?),
            33 => Data::Srv([number(0)?, number(2)?, number(4)?], last_name(at + 6)?),
            6 => {
                let (primary, next) = Name::parse(message, at)?;
                let (mailbox, next) = Name::parse(message, next)?;
                let numbers = message.get(next..end).ok_or(Flaw::DataLength)?;
                let numbers = <&[u8; 20]>::try_from(numbers).map_err(|_| Flaw::DataLength)?;
                let mut values = [0; 5];
                for (value, octets) in values.iter_mut().zip(numbers.chunks_exact(4)) {
                    *value = octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet));
                }
                Data::Soa(Box::new((primary, mailbox)), values)
            }
            16 => {
                let (mut rest, mut strings) = (octets, Vec::new());
                while let Some((length, after)) = rest.split_first() {
                    let string = after.get(..usize::from(*length)).ok_or(Flaw::DataLength)?;
                    strings.push(string.to_vec());
                    rest = &after[string.len()..];
                }
                Data::Txt(strings)
            }
            _ => return Ok(None),
        }))
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Data::A(address) => write!(f, "{address}"),
            Data::Aaaa(address) => write!(f, "{address}"),
            Data::Name(name) => write!(f, "{name}"),
            Data::Mx(preference, name) => write!(f, "{preference} {name}"),
            Data::Srv([priority, weight, port], name) => write!(f, "{priority} {weight} {port} {name}"),
            Data::Soa(names, numbers) => {
                write!(f, "{} {}", names.0, names.1)?;
                numbers.iter().try_for_each(|number| write!(f, " {number}"))
            }
            Data::Txt(strings) => {
                for (at, string) in strings.iter().enumerate() {
                    if at > 0 {
                        f.write_str(" ")?;
                    }
                    write!(f, "\"{}\"", string.escape_ascii())?;
                }
                Ok(())
            }
            // RFC 3597 section 5.
            Data::Octets(octets) => {
                write!(f, "\\# {}", octets.len())?;
                if !octets.is_empty() {
                    f.write_str(" ")?;
                }
                octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}
