//! DNS.

use rfcheck::dialogue::framing::dns::{Flag, Kind, Message};
use rfcheck::target::IpVersion;
use rfcheck::tester::Schedule;

use crate::client::{ask, say_fresh, schedules};

/// A query with one question, and what stands behind it.
fn query(name: &str, kind: &str, behind: &[u8]) -> Vec<u8> {
    let mut octets = vec![0xab, 0xcd, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, u8::from(!behind.is_empty())];
    for label in name.split('.') {
        octets.push(label.len() as u8);
        octets.extend_from_slice(label.as_bytes());
    }
    octets.push(0);
    octets.extend_from_slice(&Kind::named(kind).unwrap().0.to_be_bytes());
    octets.extend_from_slice(&[0, 1]);
    octets.extend_from_slice(behind);
    octets
}

fn edns(size: u16, version: u8) -> Vec<u8> {
    [&[0, 0, 41][..], &size.to_be_bytes(), &[0, version, 0x80, 0, 0, 0]].concat()
}

/// RCODE, flags and sections of a response, which must be well-formed.
fn summary(octets: &[u8]) -> String {
    let message = Message::parse(octets);
    assert!(message.defects.iter().next().is_none(), "{message:?}");
    assert_eq!(message.id, 0xabcd);
    let flags = Flag::NAMES.iter().filter(|(_, flag)| message.has(*flag)).map(|(name, _)| format!(" {name}"));
    let mut text = format!("{}{} {:?}\n", message.rcode(), flags.collect::<String>(), message.counts);
    for record in message.sections.iter().flatten() {
        let data: String = record.data.to_string().chars().take(40).collect();
        text += &format!("  {} {} {} {data}\n", record.name, record.ttl, record.kind);
    }
    text
}

fn asked(payload: &[u8]) -> String {
    match ask(IpVersion::Ipv4, 53, payload) {
        Some(octets) => format!("{} octets, {}", octets.len(), summary(&octets)),
        None => "silent\n".to_owned(),
    }
}

#[test]
fn every_kind_of_question_has_its_answer() {
    let mut text = String::new();
    for (name, kind, behind) in [
        ("WWW.example.test", "A", vec![]),
        ("www.example.test", "AAAA", edns(4_096, 0)),
        ("alias.example.test", "A", vec![]),
        ("example.test", "MX", vec![]),
        ("example.test", "SOA", vec![]),
        ("mixed.EXAMPLE.test", "A", vec![]),
        ("www.example.test", "TXT", vec![]),
        ("missing.example.test", "A", vec![]),
        ("any.wildcard.example.test", "TXT", vec![]),
        ("a.delegated.example.test", "A", vec![]),
        ("large.example.test", "TXT", vec![]),
        ("large.example.test", "TXT", edns(100, 0)),
        ("www.elsewhere.example", "A", vec![]),
        ("example.test", "AXFR", vec![]),
        ("www.example.test", "A", edns(512, 1)),
        ("www.example.test", "A", b"trailing octets".to_vec()),
    ] {
        text += &format!("{name} {kind}: {}", asked(&query(name, kind, &behind)));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_no_query_is_refused_or_not_answered() {
    let good = query("www.example.test", "A", b"");
    let with = |at: usize, octets: &[u8]| {
        let mut query = good.clone();
        query[at..at + octets.len()].copy_from_slice(octets);
        asked(&query)
    };
    let form = "12 octets, FORMERR qr rd [0, 0, 0, 0]\n";
    assert_eq!(asked(&good[..11]), "silent\n");
    assert_eq!(with(2, &[0x81]), "silent\n", "a response");
    assert_eq!(with(2, &[0x11]), "34 octets, NOTIMP qr rd [1, 0, 0, 0]\n", "STATUS");
    assert_eq!(with(2, &[0x29]), "34 octets, FORMERR qr rd [1, 0, 0, 0]\n", "UPDATE of no zone");
    assert_eq!(asked(&good[..20]), form);
    assert_eq!(with(4, &[0, 0]), form, "no question");
    assert_eq!(with(4, &[0, 2]), form, "a question too many");
    for (what, name) in
        [("a loop", [0xc0, 12]), ("forward", [0xc0, 14]), ("beyond the end", [0xff, 0xff]), ("reserved", [0x40, 0])]
    {
        assert_eq!(with(12, &name), form, "{what}");
    }
    assert_eq!(with(good.len() - 1, &[3]), "34 octets, REFUSED qr rd [1, 0, 0, 0]\n", "class CH");
}

#[test]
fn queries_over_tcp_are_answered_whatever_the_schedule() {
    let mut text = Vec::new();
    for (name, kind) in [("large.example.test", "TXT"), ("example.test", "ANY"), ("missing.example.test", "A")] {
        let query = query(name, kind, &edns(512, 0));
        text.extend_from_slice(&(query.len() as u16).to_be_bytes());
        text.extend_from_slice(&query);
    }
    let whole = say_fresh(53, Schedule::Whole, &text);
    assert!(!whole.is_closed && whole.octets.len() > 4_000);
    for schedule in schedules() {
        assert_eq!(say_fresh(53, schedule, &text), whole, "{schedule}");
    }
}
