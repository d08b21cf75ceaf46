//! Messages to send, any field of which can be forced.

use super::{Class, Kind, Name};

/// A message to send. What is not forced is what the rest of it makes right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// ID.
    pub id: u16,
    /// The second word of the header.
    pub flags: u16,
    /// QDCOUNT, ANCOUNT, NSCOUNT, ARCOUNT, where they are forced.
    pub counts: [Option<u16>; 4],
    /// The questions.
    pub questions: Vec<(DraftName, Kind, Class)>,
    /// The records of the answer, authority and additional sections.
    pub sections: [Vec<DraftRecord>; 3],
    /// Octets behind the last record.
    pub trailer: Vec<u8>,
    /// How many octets of all this are sent, if not all.
    pub cut: Option<usize>,
}

/// A name to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftName {
    /// A name, without compression.
    Name(Name),
    /// These octets where a name should stand: labels of reserved types, pointers that lead nowhere, ...
    Octets(Vec<u8>),
}

/// A record to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRecord {
    /// Its owner.
    pub name: DraftName,
    /// TYPE.
    pub kind: Kind,
    /// CLASS.
    pub class: Class,
    /// TTL.
    pub ttl: u32,
    /// RDLENGTH, where it is forced.
    pub length: Option<u16>,
    /// RDATA.
    pub data: Vec<u8>,
}

impl Draft {
    /// A query with one question.
    pub fn query(id: u16, name: Name, kind: Kind) -> Self {
        Draft { id, questions: vec![(DraftName::Name(name), kind, Class(1))], ..Draft::default() }
    }

    /// The message's octets.
    pub fn octets(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&self.id.to_be_bytes());
        out.extend_from_slice(&self.flags.to_be_bytes());
        let [answer, authority, additional] = &self.sections;
        let numbers = [self.questions.len(), answer.len(), authority.len(), additional.len()];
        for (forced, number) in self.counts.iter().zip(numbers) {
            let count = forced.unwrap_or(u16::try_from(number).unwrap_or(u16::MAX));
            out.extend_from_slice(&count.to_be_bytes());
        }
        for (name, kind, class) in &self.questions {
            name.emit(&mut out);
            out.extend_from_slice(&kind.0.to_be_bytes());
            out.extend_from_slice(&class.0.to_be_bytes());
        }
        for record in self.sections.iter().flatten() {
            record.emit(&mut out);
        }
        out.extend_from_slice(&self.trailer);
        out.truncate(self.cut.unwrap_or(out.len()));
        out
    }
}

impl DraftName {
    fn emit(&self, out: &mut Vec<u8>) {
        match self {
            DraftName::Name(name) => name.emit(out),
            DraftName::Octets(octets) => out.extend_from_slice(octets),
        }
    }
}

impl DraftRecord {
    fn emit(&self, out: &mut Vec<u8>) {
        self.name.emit(out);
        out.extend_from_slice(&self.kind.0.to_be_bytes());
        out.extend_from_slice(&self.class.0.to_be_bytes());
        out.extend_from_slice(&self.ttl.to_be_bytes());
        let length = self.length.unwrap_or(u16::try_from(self.data.len()).unwrap_or(u16::MAX));
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::framing::dns::{Data, Flag, Message, MessageReader, Opcode, Rcode, framed};
    use crate::dialogue::framing::{Flaw, Reader};

    fn draft() -> Draft {
        Draft::query(7, Name::from_text("www.example").unwrap(), Kind(1))
    }

    fn record(kind: u16, data: &[u8]) -> DraftRecord {
        let name = DraftName::Octets(vec![0xc0, 12]);
        DraftRecord { name, kind: Kind(kind), class: Class(1), ttl: 300, length: None, data: data.to_vec() }
    }

    #[test]
    fn a_query_has_the_octets_of_the_rfc() {
        let octets = Draft { flags: 0x0100, ..draft() }.octets();
        assert_eq!(octets, b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01");
    }

    #[test]
    fn what_was_sent_is_what_is_read() {
        let mut draft = Draft { flags: 0x8583, ..draft() };
        draft.sections[0] = vec![
            record(1, &[192, 0, 2, 1]),
            record(15, &[0, 10, 2, b'm', b'x', 0xc0, 12]),
            record(16, b"\x02hi\x00"),
            record(65280, &[1, 2]),
        ];
        let message = Message::parse(&draft.octets());
        assert!(message.defects.is_empty(), "{:?}", message.defects);
        assert!(message.has(Flag::named("aa").unwrap()) && message.has(Flag::named("qr").unwrap()));
        assert_eq!((message.opcode(), message.rcode()), (Opcode(0), Rcode(3)));
        let shown: Vec<String> =
            message.sections[0].iter().map(|r| format!("{} {} {}", r.name, r.kind, r.data)).collect();
        assert_eq!(
            shown,
            [
                "www.example. A 192.0.2.1",
                "www.example. MX 10 mx.www.example.",
                "www.example. TXT \"hi\" \"\"",
                "www.example. TYPE65280 \\# 2 0102",
            ]
        );
    }

    #[test]
    fn every_field_can_be_forced_and_the_flaw_is_seen() {
        let flaws = |draft: &Draft| {
            let message = Message::parse(&draft.octets());
            message.defects.iter().map(|defect| defect.flaw).collect::<Vec<_>>()
        };
        let mut many = draft();
        many.counts[0] = Some(2);
        assert_eq!(flaws(&many), [Flaw::NameTruncated]);
        assert_eq!(flaws(&Draft { cut: Some(11), ..draft() }), [Flaw::HeaderTruncated]);
        assert_eq!(flaws(&Draft { cut: Some(27), ..draft() }), [Flaw::RecordTruncated]);
        assert_eq!(flaws(&Draft { trailer: vec![0], ..draft() }), [Flaw::TrailingOctets]);
        let mut looping = draft();
        looping.questions[0].0 = DraftName::Octets(vec![0xc0, 12]);
        assert_eq!(flaws(&looping), [Flaw::PointerForward]);
        let mut long = draft();
        long.sections[0] = vec![DraftRecord { length: Some(9), ..record(1, &[1, 2, 3, 4]) }];
        assert_eq!(flaws(&long), [Flaw::RecordTruncated]);
        let mut short = draft();
        short.sections[0] = vec![record(1, &[1, 2, 3])];
        assert_eq!(flaws(&short), [Flaw::DataLength]);
        assert_eq!(Message::parse(&short.octets()).sections[0][0].data, Data::Octets(vec![1, 2, 3]));
        let mut opts = draft();
        opts.sections[2] = vec![record(41, &[]), DraftRecord { ttl: 1 << 24, ..record(41, &[]) }];
        assert_eq!(flaws(&opts), [Flaw::OptRepeated]);
    }

    #[test]
    fn over_tcp_a_length_goes_before() {
        let octets = draft().octets();
        let both = [framed(&octets, None), framed(&octets, None)].concat();
        let mut reader = MessageReader::default();
        let fed = reader.feed(&both);
        assert_eq!(fed.taken, both.len() / 2);
        assert_eq!(fed.message.unwrap().id, 7);
        assert_eq!(reader.feed(&both[fed.taken..]).message.unwrap().id, 7);
        assert_eq!(reader.end(), None);
        reader.feed(&framed(&octets, Some(200)));
        assert!(reader.end().unwrap().defects.has(Flaw::Incomplete));
        let empty = reader.feed(&[0, 0, 9]);
        assert_eq!((empty.taken, empty.message.is_some()), (2, true));
    }
}
