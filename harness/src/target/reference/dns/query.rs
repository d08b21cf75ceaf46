//! Queries, read (RFC 1035 section 4.1, RFC 6891 section 6).

use super::name::Name;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// Octets of a header.
pub(super) const HEADER: usize = 12;
pub(super) const OPT: u16 = 41;

/// The header of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) id: u16,
    pub(super) is_response: bool,
    pub(super) opcode: u8,
    pub(super) recursion_desired: bool,
    /// Z of RFC 1035, which RFC 4035 divides.
    pub(super) z: u8,
    /// Questions, answers, authority and additional records.
    pub(super) counts: [u16; 4],
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) name: Name,
    pub(super) kind: u16,
    pub(super) class: u16,
}

/// What an OPT record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Edns {
    pub(super) size: u16,
    pub(super) version: u8,
    pub(super) dnssec_ok: bool,
}

/// A query behind its header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) questions: Vec<Question>,
    pub(super) edns: Option<Edns>,
    /// Whether all of it has the form that it must have.
    pub(super) is_sound: bool,
    /// Whether the OPT record has options.
    pub(super) has_options: bool,
}

impl Header {
    /// The header of a message; none if it is too short for one.
    pub(super) fn parse(message: &[u8]) -> Option<Header> {
        let octets = message.get(..HEADER)?;
        let number = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
        let flags = number(2);
        Some(Header {
            id: number(0),
            is_response: flags & 0x8000 != 0,
            opcode: (flags >> 11 & 0xf) as u8,
            recursion_desired: flags & 0x0100 != 0,
            z: (flags >> 4 & 0x7) as u8,
            counts: [number(4), number(6), number(8), number(10)],
        })
    }
}

impl Query {
    /// Reads what follows the header, as far as it can be read.
    pub(super) fn parse(message: &[u8], header: &Header, world: &World) -> Query {
        let mut query = Query::default();
        query.is_sound = query.read(message, header, world).is_some();
        query
    }

    fn read(&mut self, message: &[u8], header: &Header, world: &World) -> Option<()> {
        let mut at = HEADER;
        for _ in 0..header.counts[0] {
            let (name, behind) = Name::parse(message, at, world)?;
            let (kind, class) = (number(message, behind)?, number(message, behind + 2)?);
            self.questions.push(Question { name, kind, class });
            at = behind + 4;
        }
        let others = usize::from(header.counts[1]) + usize::from(header.counts[2]);
        for record in 0..others + usize::from(header.counts[3]) {
            let (name, behind) = Name::parse(message, at, world)?;
            let kind = number(message, behind)?;
            let length = usize::from(number(message, behind + 8)?);
            let data = message.get(behind + 10..behind + 10 + length)?;
            at = behind + 10 + length;
            let is_behind = record > others && world.deviates(Deviation::DnsOptOnlyFirst);
            if kind == OPT && record >= others && !is_behind {
                let is_second = self.edns.is_some() && !world.deviates(Deviation::DnsSecondOptTaken);
                let is_owned = name != Name::default() && !world.deviates(Deviation::DnsOptOwnerUnchecked);
                self.edns = Some(Edns {
                    size: number(message, behind + 2)?,
                    version: message[behind + 5],
                    dnssec_ok: message[behind + 6] & 0x80 != 0,
                });
                self.has_options = !data.is_empty();
                if is_second || is_owned || !are_options(data) && !world.deviates(Deviation::DnsOptDataUnchecked) {
                    return None;
                }
            }
        }
        // Octets behind the last record belong to nothing.
        (at == message.len()).then_some(())
    }
}

/// `*( code length data )` (RFC 6891 section 6.1.2).
fn are_options(mut data: &[u8]) -> bool {
    while let [_, _, high, low, rest @ ..] = data {
        let length = usize::from(*high) << 8 | usize::from(*low);
        match rest.get(length..) {
            Some(behind) => data = behind,
            None => return false,
        }
    }
    data.is_empty()
}

fn number(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]))
}
