//! Messages of DNS, beside hickory-proto and domain.

use domain::base::rdata::ComposeRecordData as _;
use domain::base::{Message as DomainMessage, ParsedName, ToName as _};
use domain::rdata::AllRecordData;
use hickory_proto::op::Message as HickoryMessage;
use hickory_proto::rr::{Name as HickoryName, RData, Record as HickoryRecord};
use rfcheck::dialogue::framing::Flaw;
use rfcheck::dialogue::framing::dns::{Data, Message, Name, Record};

use crate::Quirks;
use crate::quirk::quirks;

quirks! {
    HICKORY_HEADER_POINTER = "hickory-header-pointer", "hickory-proto 0.26.3", "follows a compression pointer into the header",
        "RFC 1035 section 4.1.4: a pointer to a prior occurrence of the same name";
    DOMAIN_HEADER_POINTER = "domain-header-pointer", "domain 0.12.3", "follows a compression pointer into the header",
        "RFC 1035 section 4.1.4: a pointer to a prior occurrence of the same name";
    DOMAIN_OWN_POINTER = "domain-own-pointer", "domain 0.12.3", "follows a compression pointer into the name that it ends",
        "RFC 1035 section 4.1.4: a pointer to a prior occurrence of the same name";
}

/// One message: the same verdict and the same fields as hickory-proto and domain.
///
/// # Panics
///
/// Where they disagree otherwise than in a known quirk.
pub fn dns_peers(octets: &[u8]) -> Quirks {
    let ours = Message::parse(octets);
    let mut quirks = Quirks::new();
    // What is missing or does not have its form; octets behind the message and a second OPT record leave it readable.
    let flaws: Vec<Flaw> = ours
        .defects
        .iter()
        .map(|defect| defect.flaw)
        .filter(|flaw| !matches!(flaw, Flaw::TrailingOctets | Flaw::OptRepeated))
        .collect();
    hickory(octets, &ours, &flaws, &mut quirks);
    domain(octets, &ours, &flaws, &mut quirks);
    quirks
}

fn hickory(octets: &[u8], ours: &Message, flaws: &[Flaw], quirks: &mut Quirks) {
    let theirs = match HickoryMessage::from_vec(octets) {
        Ok(theirs) => theirs,
        Err(error) => {
            // It demands the form of types that we take as octets, forbids empty data, and has rules about OPT.
            let is_stricter = records(ours).any(|record| matches!(record.data, Data::Octets(_)));
            assert!(!flaws.is_empty() || is_stricter, "hickory-proto says {error}, we find nothing wrong");
            return;
        }
    };
    if let Some(flaw) = flaws.first() {
        // MD, MF, MB, MG, MR and DNAME it does not look into.
        let is_unknown =
            |record: &Record| matches!((record.kind.0, &record.data), (3 | 4 | 7..=9 | 39, Data::Octets(_)));
        match flaw {
            _ if records(ours).any(is_unknown) => {}
            Flaw::PointerBeyond => quirks.push(&HICKORY_HEADER_POINTER),
            flaw => panic!("hickory-proto reads a message of which we say that {flaw}"),
        }
        return;
    }
    assert_eq!(ours.id, theirs.metadata.id, "ID");
    assert_eq!(ours.opcode().0, u16::from(u8::from(theirs.metadata.op_code)), "OPCODE");
    assert_eq!(ours.questions.len(), theirs.queries.len());
    for (ours, theirs) in ours.questions.iter().zip(&theirs.queries) {
        same_name(&ours.name, &theirs.name);
        assert_eq!((ours.kind.0, ours.class.0), (u16::from(theirs.query_type), u16::from(theirs.query_class)));
    }
    for (section, theirs) in ours.sections.iter().zip([&theirs.answers, &theirs.authorities, &theirs.additionals]) {
        // OPT is kept elsewhere.
        let ours: Vec<&Record> = section.iter().filter(|record| record.kind.0 != 41).collect();
        assert_eq!(ours.len(), theirs.len(), "how many records there are");
        for (ours, theirs) in ours.iter().zip(theirs) {
            same_record(ours, theirs);
        }
    }
}

fn same_record(ours: &Record, theirs: &HickoryRecord) {
    same_name(&ours.name, &theirs.name);
    assert_eq!(ours.kind.0, u16::from(theirs.record_type()), "TYPE");
    assert_eq!((ours.class.0, ours.ttl), (u16::from(theirs.dns_class), theirs.ttl), "CLASS and TTL");
    match (&ours.data, &theirs.data) {
        (Data::A(a), RData::A(b)) => assert_eq!(*a, b.0),
        (Data::Aaaa(a), RData::AAAA(b)) => assert_eq!(*a, b.0),
        (Data::Name(a), RData::NS(b)) => same_name(a, &b.0),
        (Data::Name(a), RData::CNAME(b)) => same_name(a, &b.0),
        (Data::Name(a), RData::PTR(b)) => same_name(a, &b.0),
        (Data::Mx(a, name), RData::MX(b)) => {
            assert_eq!(*a, b.preference);
            same_name(name, &b.exchange);
        }
        (Data::Srv(a, name), RData::SRV(b)) => {
            assert_eq!(*a, [b.priority, b.weight, b.port]);
            same_name(name, &b.target);
        }
        (Data::Soa(names, numbers), RData::SOA(b)) => {
            same_name(&names.0, &b.mname);
            same_name(&names.1, &b.rname);
            assert_eq!(*numbers, [b.serial, b.refresh as u32, b.retry as u32, b.expire as u32, b.minimum]);
        }
        (Data::Txt(strings), RData::TXT(b)) => {
            assert!(strings.iter().map(|s| &s[..]).eq(b.txt_data.iter().map(|s| &s[..])))
        }
        (Data::Octets(_), _) | (Data::Name(_), RData::Unknown { .. } | RData::ANAME(_)) => {}
        (ours, theirs) => panic!("we read {ours:?}, hickory-proto {theirs:?}"),
    }
}

fn same_name(ours: &Name, theirs: &HickoryName) {
    assert!(ours.labels().iter().map(|label| &label[..]).eq(theirs.iter()), "we read {ours}, hickory-proto {theirs}");
}

fn domain(octets: &[u8], ours: &Message, flaws: &[Flaw], quirks: &mut Quirks) {
    let result = walk(octets, |position, name, kind, class, ttl, data| {
        let Some(record) = records(ours).nth(position) else { return };
        if !flaws.is_empty() {
            return;
        }
        let mut own = Vec::new();
        record.name.emit(&mut own);
        assert_eq!(own, name, "the owner of record {position}");
        assert_eq!((record.kind.0, record.class.0, record.ttl), (kind, class, ttl));
        if let Some(own) = composed(&record.data) {
            assert_eq!(own, data, "the data of record {position}, of type {}", record.kind);
        }
    });
    match (result, flaws.first()) {
        (Ok(()), None) => {}
        (Ok(()), Some(Flaw::PointerBeyond)) => quirks.push(&DOMAIN_HEADER_POINTER),
        (Ok(()), Some(Flaw::PointerForward)) => quirks.push(&DOMAIN_OWN_POINTER),
        (Ok(()), Some(flaw)) => panic!("domain reads a message of which we say that {flaw}"),
        (Err(error), None) => {
            let is_stricter = records(ours).any(|record| matches!(record.data, Data::Octets(_)));
            assert!(is_stricter, "domain says {error}, we find nothing wrong");
        }
        (Err(_), Some(_)) => {}
    }
}

/// Reads a message with domain; `each` is told position, owner, type, class, TTL and data of each record, names without
/// compression.
fn walk(octets: &[u8], mut each: impl FnMut(usize, Vec<u8>, u16, u16, u32, Vec<u8>)) -> Result<(), String> {
    let message = DomainMessage::from_octets(octets).map_err(|error| error.to_string())?;
    let mut questions = message.question();
    for question in questions.by_ref() {
        question.map_err(|error| error.to_string())?;
    }
    let mut section = Some(questions.answer().map_err(|error| error.to_string())?);
    let mut position = 0;
    while let Some(mut records) = section {
        for record in records.by_ref() {
            let record = record.map_err(|error| error.to_string())?;
            let (kind, class, ttl) = (record.rtype().to_int(), record.class().to_int(), record.ttl().as_secs());
            let owner: Vec<u8> = record.owner().to_vec().as_slice().to_vec();
            let parsed =
                record.to_any_record::<AllRecordData<_, ParsedName<_>>>().map_err(|error| error.to_string())?;
            let mut data = Vec::new();
            match parsed.data().compose_rdata(&mut data) {
                Ok(()) => {}
                Err(infallible) => return Err(format!("{infallible:?}")),
            }
            each(position, owner, kind, class, ttl, data);
            position += 1;
        }
        section = records.next_section().map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn records(message: &Message) -> impl Iterator<Item = &Record> {
    message.sections.iter().flatten()
}

/// The data as octets, names without compression; none for data that we take as octets.
fn composed(data: &Data) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match data {
        Data::A(address) => out.extend_from_slice(&address.octets()),
        Data::Aaaa(address) => out.extend_from_slice(&address.octets()),
        Data::Name(name) => name.emit(&mut out),
        Data::Mx(preference, name) => {
            out.extend_from_slice(&preference.to_be_bytes());
            name.emit(&mut out);
        }
        Data::Srv(numbers, name) => {
            numbers.iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
            name.emit(&mut out);
        }
        Data::Soa(names, numbers) => {
            names.0.emit(&mut out);
            names.1.emit(&mut out);
            numbers.iter().for_each(|number| out.extend_from_slice(&number.to_be_bytes()));
        }
        Data::Txt(strings) => {
            for string in strings {
                out.push(string.len() as u8);
                out.extend_from_slice(string);
            }
        }
        Data::Octets(_) => return None,
    }
    Some(out)
}
