//! Whole dialogues on processes: what the tester must bear of clients and servers that are none of its own.

use std::sync::Arc;

use rfcheck::engine::Interrupt;
use rfcheck::report::Human;
use rfcheck::suite::config::Config;
use rfcheck::suite::{Request, Source, Suite, TargetEntry};
use rfcheck::target::Services;
use rfcheck::target::linux::server::ServerDefinition;

use crate::support::factory_of;

/// A target of bash: its command serves, its action `ask` is a client.
fn bash(name: &str, action: &str) -> ServerDefinition {
    let services = Services { actions: ["ask".to_owned()].into(), ..Services::default() };
    let actions = [("ask".to_owned(), format!("bash -c '{action}' >/dev/null 2>&1 &"))].into();
    ServerDefinition { name: name.to_owned(), services, actions, ..ServerDefinition::default() }
}

/// The human report of one dialogue on a target over IPv4; none where there are no such targets.
fn report(definition: ServerDefinition, dialogue: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.dlg"), dialogue).unwrap();
    let target = TargetEntry::new(Arc::new(factory_of(definition)?));
    let source = Source::Paths(vec![folder.path().to_owned()]);
    let ip_versions = Some(vec![rfcheck::target::IpVersion::Ipv4]);
    let request = Request { commands: true, ip_versions, ..Request::default() };
    let suite = Suite::plan(&source, vec![target], &Config::default(), request).unwrap();
    let mut out = Vec::new();
    {
        let mut human = Human::new(anstream::StripStream::new(&mut out), Some(120));
        suite.run(&mut [&mut human], &Interrupt::default()).unwrap();
    }
    Some(String::from_utf8(out).unwrap())
}

/// A query for the A records of the root, in bash's printf.
const QUERY: &str = r#"printf "\x12\x34\x01\0\0\x01\0\0\0\0\0\0\0\0\x01\0\x01""#;

/// dig asks again from another port: its second query was nobody's, and a client that was right failed.
#[test]
fn a_client_may_ask_again_from_another_port() {
    let client =
        bash("asks-again", &format!("{QUERY} >/dev/udp/192.0.2.1/53; sleep 0.3; {QUERY} >/dev/udp/192.0.2.1/53"));
    let dialogue = |times| {
        let query = "C: query . A within 1\n".repeat(times);
        format!("//@ protocol: dns\n//@ role: client\n//@ level: MUST\ndo ask\n{query}S: response NOERROR\n")
    };
    let Some(said) = report(client.clone(), &dialogue(2)) else { return };
    assert!(said.contains("1 passed"), "{said}");
    let said = report(client, &dialogue(3)).unwrap();
    assert!(said.contains("no query comes within 1"), "{said}");
}

/// What does not fit the link comes in fragments, which nobody put together.
#[test]
fn a_datagram_may_come_in_fragments() {
    let long = bash(
        "long",
        &format!("{{ {QUERY}; head -c 3000 /dev/zero; }} >/tmp/m; dd if=/tmp/m bs=9000 >/dev/udp/192.0.2.1/53"),
    );
    let dialogue = "//@ protocol: dns\n//@ role: client\n//@ level: MUST\ndo ask\nC: query . A within 3\n   malformed\n   size = 3017\n";
    let Some(said) = report(long, dialogue) else { return };
    assert!(said.contains("1 passed"), "{said}");
}
