//! Messages as they came.

use super::{Class, Data, Kind, Name, Opcode, Rcode};
use crate::dialogue::framing::{Defects, Flaw};

/// A message. What could not be read is missing, and a defect says why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// ID.
    pub id: u16,
    /// The second word of the header: QR, OPCODE, the flags and RCODE.
    pub flags: u16,
    /// QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT as they stand.
    pub counts: [u16; 4],
    /// The questions.
    pub questions: Vec<Question>,
    /// The records of the answer, authority and additional sections.
    pub sections: [Vec<Record>; 3],
    /// Octets of the message.
    pub length: usize,
    /// What is wrong with it.
    pub defects: Defects,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// QNAME.
    pub name: Name,
    /// QTYPE.
    pub kind: Kind,
    /// QCLASS.
    pub class: Class,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its owner.
    pub name: Name,
    /// TYPE.
    pub kind: Kind,
    /// CLASS; of OPT the sender's UDP payload size.
    pub class: Class,
    /// TTL in seconds; of OPT the extended RCODE, the version and the flags.
    pub ttl: u32,
    /// RDATA.
    pub data: Data,
}

/// A flag of the header, by its bit in the second word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag(pub u16);

impl Flag {
    /// All flags with their names (RFC 1035 section 4.1.1, RFC 4035 section 3.2; Z is the bit still unused).
    pub const NAMES: [(&'static str, Flag); 8] = [
        ("qr", Flag(1 << 15)),
        ("aa", Flag(1 << 10)),
        ("tc", Flag(1 << 9)),
        ("rd", Flag(1 << 8)),
        ("ra", Flag(1 << 7)),
        ("z", Flag(1 << 6)),
        ("ad", Flag(1 << 5)),
        ("cd", Flag(1 << 4)),
    ];

    /// The flag of this name.
    pub fn named(name: &str) -> Option<Flag> {
        Flag::NAMES.iter().find(|(known, _)| *known == name).map(|(_, flag)| *flag)
    }
}

impl Message {
    /// Reads a message: the whole payload of a datagram, or what a length announces over TCP.
    pub fn parse(octets: &[u8]) -> Self {
        let mut message = Message { length: octets.len(), ..Message::default() };
        let Some(header) = octets.get(..12) else {
            message.defects.add(Flaw::HeaderTruncated, octets.len() as u64);
            return message;
        };
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        (message.id, message.flags) = (word(0), word(2));
        message.counts = [word(4), word(6), word(8), word(10)];
        match message.body(octets) {
            Ok(end) if end < octets.len() => message.defects.add(Flaw::TrailingOctets, end as u64),
            Ok(_) => {}
            Err((flaw, at)) => message.defects.add(flaw, at as u64),
        }
        if message.sections[2].iter().filter(|record| record.kind == Kind(41)).count() > 1 {
            message.defects.add(Flaw::OptRepeated, octets.len() as u64);
        }
        message
    }

    /// Reads what follows the header; gives where it ends.
    fn body(&mut self, octets: &[u8]) -> Result<usize, (Flaw, usize)> {
        let mut at = 12;
        for _ in 0..self.counts[0] {
            let (name, behind) = Name::parse(octets, at).map_err(|flaw| (flaw, at))?;
            let fields = octets.get(behind..behind + 4).ok_or((Flaw::RecordTruncated, at))?;
            let kind = Kind(u16::from_be_bytes([fields[0], fields[1]]));
            let class = Class(u16::from_be_bytes([fields[2], fields[3]]));
            self.questions.push(Question { name, kind, class });
            at = behind + 4;
        }
        for section in 0..3 {
            for _ in 0..self.counts[section + 1] {
                let (record, behind, flaw) = Record::parse(octets, at).map_err(|flaw| (flaw, at))?;
                if let Some(flaw) = flaw {
                    self.defects.add(flaw, at as u64);
                }
                self.sections[section].push(record);
                at = behind;
            }
        }
        Ok(at)
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags & flag.0 != 0
    }

    /// OPCODE.
    pub fn opcode(&self) -> Opcode {
        Opcode(self.flags >> 11 & 0xf)
    }

    /// RCODE, with the upper bits of an OPT record (RFC 6891 section 6.1.3).
    pub fn rcode(&self) -> Rcode {
        let upper = self.edns().map_or(0, |opt| (opt.ttl >> 24) as u16);
        Rcode(upper << 4 | self.flags & 0xf)
    }

    /// The OPT record, if there is one.
    pub fn edns(&self) -> Option<&Record> {
        self.sections[2].iter().find(|record| record.kind == Kind(41))
    }
}

impl Record {
    /// Reads the record at octet `at`; gives where it ends, and what is wrong with its data.
    fn parse(message: &[u8], at: usize) -> Result<(Self, usize, Option<Flaw>), Flaw> {
        let (name, behind) = Name::parse(message, at)?;
        let fields = message.get(behind..behind + 10).ok_or(Flaw::RecordTruncated)?;
        let word = |at: usize| u16::from_be_bytes([fields[at], fields[at + 1]]);
        let (kind, class) = (Kind(word(0)), Class(word(2)));
        let ttl = u32::from(word(4)) << 16 | u32::from(word(6));
        let start = behind + 10;
        let end = start + usize::from(word(8));
        if end > message.len() {
            return Err(Flaw::RecordTruncated);
        }
        let (data, flaw) = Data::parse(message, start, end, kind);
        Ok((Record { name, kind, class, ttl, data }, end, flaw))
    }
}
