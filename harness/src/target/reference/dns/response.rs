//! Responses, written: with compression, and cut to what the client takes (RFC 1035 section 4.1, RFC 6891 section 7).

use super::name::Name;
use super::query::{Edns, HEADER, Header, OPT, Question};
use super::zone::{Data, Found, Record};
use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

/// The UDP payload size that the server tells in its own OPT records.
pub(super) const UDP_SIZE: u16 = 1_232;
const IN: u16 = 1;

/// A response before it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Response {
    pub(super) header: Header,
    /// With its upper eight bits, which go into the OPT record.
    pub(super) rcode: u16,
    pub(super) questions: Vec<Question>,
    pub(super) edns: Option<Edns>,
    pub(super) found: Found,
}

impl Response {
    /// The octets of the response, at most `most` of them: what has no room is left out, the additional section first and
    /// without a word, then all records, with TC.
    pub(super) fn to_octets(&self, most: usize, world: &World) -> Vec<u8> {
        let whole = self.write(&self.found, false, world);
        if whole.len() <= most || world.deviates(Deviation::DnsNeverTruncates) {
            return whole;
        }
        let found = Found { additional: Vec::new(), ..self.found.clone() };
        let without = self.write(&found, false, world);
        if without.len() <= most {
            return without;
        }
        if world.deviates(Deviation::DnsCutAnywhere) {
            return whole[..most].to_vec();
        }
        let is_told = !world.deviates(Deviation::DnsTruncationNotTold);
        self.write(&Found { is_authoritative: self.found.is_authoritative, ..Found::default() }, is_told, world)
    }

    fn write(&self, found: &Found, is_truncated: bool, world: &World) -> Vec<u8> {
        let header = &self.header;
        let bit = |is_set: bool, mask: u16| if is_set { mask } else { 0 };
        let flags = 0x8000
            | u16::from(header.opcode) << 11
            | bit(found.is_authoritative, 0x0400)
            | bit(is_truncated, 0x0200)
            | bit(header.recursion_desired, 0x0100)
            | if world.deviates(Deviation::DnsZCopied) { u16::from(header.z) << 4 } else { 0 }
            | self.rcode & 0xf;
        let edns = self.edns.filter(|_| !(is_truncated && world.deviates(Deviation::DnsOptLostInTruncation)));
        let sections = [&found.answer, &found.authority, &found.additional];
        let mut octets = Vec::with_capacity(512);
        for number in [
            header.id,
            flags,
            self.questions.len() as u16,
            sections[0].len() as u16,
            sections[1].len() as u16,
            (sections[2].len() + usize::from(edns.is_some())) as u16,
        ] {
            octets.extend_from_slice(&number.to_be_bytes());
        }
        debug_assert_eq!(octets.len(), HEADER);
        let mut names =
            Names { wrong_by: u16::from(world.deviates(Deviation::DnsCompressionWrong)), ..Names::default() };
        for question in &self.questions {
            names.write(&question.name, &mut octets);
            octets.extend_from_slice(&question.kind.to_be_bytes());
            octets.extend_from_slice(&question.class.to_be_bytes());
        }
        for record in sections.into_iter().flatten() {
            write_record(record, &mut names, &mut octets, world);
        }
        if let Some(edns) = edns {
            // Root, type, size, the upper bits of the RCODE, version, DO, no options.
            let size = UDP_SIZE.to_be_bytes();
            octets.extend_from_slice(&[0, 0, OPT as u8, size[0], size[1], (self.rcode >> 4) as u8, 0]);
            octets.extend_from_slice(&[
                if edns.dnssec_ok && !world.deviates(Deviation::DnsDoLost) { 0x80 } else { 0 },
                0,
                0,
                0,
            ]);
        }
        octets
    }
}

fn write_record(record: &Record, names: &mut Names, octets: &mut Vec<u8>, world: &World) {
    names.write(&record.name, octets);
    octets.extend_from_slice(&record.kind.to_be_bytes());
    octets.extend_from_slice(&IN.to_be_bytes());
    let ttl = if world.deviates(Deviation::DnsTtlNegative) { record.ttl | 1 << 31 } else { record.ttl };
    octets.extend_from_slice(&ttl.to_be_bytes());
    let at = octets.len();
    octets.extend_from_slice(&[0, 0]);
    match &record.data {
        Data::Octets(data) => {
            octets.extend_from_slice(data);
            match (world.deviation, octets.get_mut(at + 2)) {
                (Some(Deviation::DnsAddressesLong), _) if record.kind == super::zone::A => octets.push(0),
                (Some(Deviation::DnsStringsWrong), Some(first)) if record.kind == super::zone::TXT => *first += 1,
                _ => {}
            }
        }
        Data::Name(before, name) => {
            octets.extend_from_slice(before);
            names.write(name, octets);
        }
        Data::Soa(primary, mailbox, numbers) => {
            names.write(primary, octets);
            names.write(mailbox, octets);
            numbers.iter().for_each(|number| octets.extend_from_slice(&number.to_be_bytes()));
        }
    }
    let short = usize::from(world.deviates(Deviation::DnsDataLengthWrong));
    let length = (octets.len() - at - 2 - short) as u16;
    octets[at..at + 2].copy_from_slice(&length.to_be_bytes());
}

/// Names that were written, and where: later ones point to them (RFC 1035 section 4.1.4). Only where all octets are the
/// same, so that no name changes its case.
#[derive(Debug, Default)]
struct Names {
    known: Vec<(Vec<Vec<u8>>, u16)>,
    /// How far from the name its pointers lead.
    wrong_by: u16,
}

impl Names {
    fn write(&mut self, name: &Name, octets: &mut Vec<u8>) {
        let mut labels = &name.0[..];
        while let [label, rest @ ..] = labels {
            if let Some((_, at)) = self.known.iter().find(|(known, _)| known == labels) {
                octets.extend_from_slice(&(0xc000 | (at + self.wrong_by)).to_be_bytes());
                return;
            }
            if octets.len() < 0x4000 {
                self.known.push((labels.to_vec(), octets.len() as u16));
            }
            octets.push(label.len() as u8);
            octets.extend_from_slice(label);
            labels = rest;
        }
        octets.push(0);
    }
}
