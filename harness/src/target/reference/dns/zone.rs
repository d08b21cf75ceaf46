//! The zone `example.test`, and how a name is looked up in it (RFC 1034 section 4.3.2, RFC 4592).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use super::name::Name;
use crate::target::reference::deviation::Deviation;
use crate::target::reference::world::World;

pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
pub(super) const CNAME: u16 = 5;
pub(super) const SOA: u16 = 6;
pub(super) const MX: u16 = 15;
pub(super) const TXT: u16 = 16;
pub(super) const AAAA: u16 = 28;
pub(super) const ANY: u16 = 255;

/// How long records may be kept, in seconds.
const TTL: u32 = 3_600;
/// MINIMUM of the SOA: how long it may be kept that something does not exist (RFC 2308 section 4), in seconds.
const NEGATIVE_TTL: u32 = 300;

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) name: Name,
    pub(super) kind: u16,
    pub(super) ttl: u32,
    pub(super) data: Data,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    Octets(Vec<u8>),
    /// A name that may be compressed, behind octets that stand before it.
    Name(Vec<u8>, Name),
    /// MNAME, RNAME and the five numbers.
    Soa(Name, Name, [u32; 5]),
}

/// The sections of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) is_authoritative: bool,
    pub(super) name_exists: bool,
    pub(super) answer: Vec<Record>,
    pub(super) authority: Vec<Record>,
    pub(super) additional: Vec<Record>,
}

/// The records of each name in lower case, and its apex.
pub(super) struct Zone {
    pub(super) apex: Name,
    records: BTreeMap<Name, Vec<Record>>,
    /// Names that exist, those between the apex and others too.
    names: BTreeSet<Name>,
}

static ZONE: LazyLock<Zone> = LazyLock::new(Zone::fixture);

/// The zone that is served.
pub(super) fn zone() -> &'static Zone {
    &ZONE
}

impl Zone {
    fn fixture() -> Zone {
        let mut zone = Zone { apex: Name::of("example.test"), records: BTreeMap::new(), names: BTreeSet::new() };
        let v4 = |last: u8| Data::Octets(Ipv4Addr::new(192, 0, 2, last).octets().to_vec());
        let v6 = |last: u16| Data::Octets(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last).octets().to_vec());
        let name = |text: &str| Data::Name(Vec::new(), Name::of(text));
        let text = |strings: &[Vec<u8>]| {
            Data::Octets(strings.iter().flat_map(|s| [vec![s.len() as u8], s.clone()].concat()).collect())
        };
        let numbers = [2_026_010_100, 7_200, 3_600, 1_209_600, NEGATIVE_TTL];
        let soa = Data::Soa(Name::of("ns.example.test"), Name::of("hostmaster.example.test"), numbers);
        zone.add("example.test", SOA, soa);
        zone.add("example.test", NS, name("ns.example.test"));
        zone.add("example.test", MX, Data::Name(vec![0, 10], Name::of("mail.example.test")));
        zone.add("ns.example.test", A, v4(53));
        zone.add("ns.example.test", AAAA, v6(0x53));
        zone.add("mail.example.test", A, v4(25));
        zone.add("mail.example.test", AAAA, v6(0x25));
        zone.add("www.example.test", A, v4(80));
        zone.add("www.example.test", AAAA, v6(0x80));
        zone.add("alias.example.test", CNAME, name("www.example.test"));
        let strings: Vec<Vec<u8>> = (0..20).map(|at| vec![b'a' + at; 200]).collect();
        zone.add("large.example.test", TXT, text(&strings));
        zone.add("MiXeD.example.test", A, v4(81));
        // Beyond what every target holds: a name between names, a wildcard and a delegation.
        zone.add("deep.between.example.test", A, v4(82));
        zone.add("*.wildcard.example.test", TXT, text(&[b"any".to_vec()]));
        zone.add("delegated.example.test", NS, name("ns.delegated.example.test"));
        zone.add("ns.delegated.example.test", A, v4(54));
        zone
    }

    fn add(&mut self, name: &str, kind: u16, data: Data) {
        let name = Name::of(name);
        let folded = name.folded();
        let mut above = folded.clone();
        while above.is_in(&self.apex) {
            self.names.insert(above.clone());
            above = above.parent();
        }
        self.records.entry(folded).or_default().push(Record { name, kind, ttl: TTL, data });
    }

    fn at(&self, folded: &Name) -> &[Record] {
        self.records.get(folded).map_or(&[], Vec::as_slice)
    }

    /// What is known of a name of this zone.
    pub(super) fn look_up(&self, name: &Name, kind: u16, world: &World) -> Found {
        let mut found = Found { is_authoritative: true, name_exists: true, ..Found::default() };
        let mut name = name.clone();
        // A chain of aliases ends, as it never comes to the same record twice.
        for _ in 0..self.records.len() {
            let folded = if world.deviates(Deviation::DnsNamesCased) { name.clone() } else { name.folded() };
            if !folded.is_in(&self.apex) {
                break;
            }
            if let Some(cut) = self.delegation(&folded) {
                self.refer(&cut, &mut found, world);
                return found;
            }
            let records = self.records_for(&folded, &name, world);
            let Some(records) = records else {
                found.name_exists = world.deviates(Deviation::DnsMissingNameExists);
                self.deny(&mut found, world);
                return found;
            };
            let alias = records.iter().find(|record| record.kind == CNAME);
            if let (Some(alias), false) = (alias, matches!(kind, CNAME | ANY)) {
                found.answer.push(alias.clone());
                let Data::Name(_, target) = &alias.data else { break };
                if world.deviates(Deviation::DnsAliasNotFollowed) {
                    break;
                }
                name = target.clone();
                continue;
            }
            let before = found.answer.len();
            found.answer.extend(records.into_iter().filter(|record| record.kind == kind || kind == ANY));
            if found.answer.len() == before {
                found.name_exists = !world.deviates(Deviation::DnsMissingTypeIsMissingName);
                self.deny(&mut found, world);
            }
            break;
        }
        self.add_addresses(&mut found, world);
        found
    }

    /// The records of a name, or those that a wildcard makes for it; none if it does not exist.
    fn records_for(&self, folded: &Name, asked: &Name, world: &World) -> Option<Vec<Record>> {
        // The owner is written as the question has it.
        let owned = |records: &[Record], owner: &Name| -> Vec<Record> {
            records.iter().map(|record| Record { name: owner.clone(), ..record.clone() }).collect()
        };
        if self.names.contains(folded) {
            return Some(owned(self.at(folded), asked));
        }
        let mut encloser = folded.parent();
        while !self.names.contains(&encloser) && encloser.is_in(&self.apex) {
            encloser = encloser.parent();
        }
        let wildcard = encloser.wildcard();
        let owner = if world.deviates(Deviation::DnsWildcardUnexpanded) { &wildcard } else { asked };
        self.names.contains(&wildcard).then(|| owned(self.at(&wildcard), owner))
    }

    /// The delegation that a name is at or below.
    fn delegation(&self, folded: &Name) -> Option<Name> {
        let mut above = folded.clone();
        let mut cut = None;
        while above != self.apex && above.is_in(&self.apex) {
            if self.at(&above).iter().any(|record| record.kind == NS) {
                cut = Some(above.clone());
            }
            above = above.parent();
        }
        cut
    }

    fn refer(&self, cut: &Name, found: &mut Found, world: &World) {
        found.is_authoritative = !found.answer.is_empty() || world.deviates(Deviation::DnsReferralAuthoritative);
        found.authority = self.at(cut).iter().filter(|record| record.kind == NS).cloned().collect();
        self.add_addresses(found, world);
    }

    /// The SOA that tells for how long a name or type does not exist (RFC 2308 section 3).
    fn deny(&self, found: &mut Found, world: &World) {
        if world.deviates(Deviation::DnsSoaMissing) {
            return;
        }
        let soa = self.at(&self.apex).iter().filter(|record| record.kind == SOA);
        found.authority = soa.map(|soa| Record { ttl: soa.ttl.min(NEGATIVE_TTL), ..soa.clone() }).collect();
    }

    /// The addresses of names that answer and authority section speak of, as far as they are known here.
    fn add_addresses(&self, found: &mut Found, world: &World) {
        if world.deviates(Deviation::DnsAdditionalMissing) {
            return;
        }
        let records = found.answer.iter().chain(&found.authority).filter(|record| matches!(record.kind, NS | MX));
        let mut names = BTreeSet::new();
        for record in records {
            if let Data::Name(_, name) = &record.data {
                names.insert(name.folded());
            }
        }
        for name in names {
            found.additional.extend(self.at(&name).iter().filter(|record| matches!(record.kind, A | AAAA)).cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_up(name: &str, kind: u16) -> Found {
        zone().look_up(&Name::of(name), kind, &World::default())
    }

    fn kinds(records: &[Record]) -> Vec<u16> {
        records.iter().map(|record| record.kind).collect()
    }

    #[test]
    fn what_exists_is_found_whatever_its_case() {
        assert_eq!(kinds(&look_up("WWW.example.TEST", A).answer), [A]);
        let alias = look_up("alias.example.test", AAAA);
        assert_eq!(
            (kinds(&alias.answer), alias.answer[0].name.clone()),
            (vec![CNAME, AAAA], Name::of("alias.example.test"))
        );
        assert_eq!(kinds(&look_up("alias.example.test", CNAME).answer), [CNAME]);
        let apex = look_up("example.test", ANY);
        assert_eq!((kinds(&apex.answer), kinds(&apex.additional)), (vec![SOA, NS, MX], vec![A, AAAA, A, AAAA]));
        let wild = look_up("a.B.wildcard.example.test", TXT);
        assert_eq!(wild.answer[0].name, Name::of("a.B.wildcard.example.test"));
    }

    #[test]
    fn what_does_not_exist_is_denied() {
        let missing = look_up("missing.example.test", A);
        assert!(!missing.name_exists && missing.is_authoritative && missing.answer.is_empty());
        assert_eq!((kinds(&missing.authority), missing.authority[0].ttl), (vec![SOA], NEGATIVE_TTL));
        for (name, kind) in [("www.example.test", MX), ("between.example.test", A), ("wildcard.example.test", TXT)] {
            let found = look_up(name, kind);
            assert!(found.name_exists && found.answer.is_empty() && kinds(&found.authority) == [SOA], "{name}");
        }
        assert!(!look_up("below.www.example.test", A).name_exists);
    }

    #[test]
    fn what_is_delegated_is_referred() {
        for name in ["delegated.example.test", "a.b.delegated.example.test"] {
            let found = look_up(name, A);
            assert!(!found.is_authoritative && found.answer.is_empty());
            assert_eq!((kinds(&found.authority), kinds(&found.additional)), (vec![NS], vec![A]));
        }
    }
}
