//! `rfcheck self-test` on a small folder of specs: what is killed, what survives, and what is explained.

use super::schema;
use super::support::{folder, outcome};

const CATALOGUE: &str = r#"
rfc = "9990"
title = "Small Protocol (RFC 9990)"
schema = 1

[[req]]
id = "9990-1"
rfc = "9990"
section = "3.1"
level = "MUST"
basis = "keyword"
role = "both"
observable = "wire"
text = "An echo is answered"

[[req]]
id = "9990-2"
rfc = "9990"
section = "3.2"
level = "SHOULD"
basis = "keyword"
role = "both"
observable = "wire"
text = "Nothing is demanded"

[[req]]
id = "9990-3"
rfc = "9990"
section = "3.3"
level = "MUST"
basis = "keyword"
role = "both"
observable = "wire"
text = "An echo is answered with another identifier"
"#;

const KILLS: &str = "\
//@ requirement: 9990-1
//@ requirement: 768-14
//@ ip-version: ipv4
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id 7 seq 1 (8)
";

const CANNOT_FAIL: &str = "\
//@ requirement: 9990-2
//@ ip-version: ipv4
0   < icmp echo_request id 7 seq 1 (8)
+0 >? icmp echo_reply id 7 seq 1 (8)
";

const PASSES_NOWHERE: &str = "\
//@ requirement: 9990-3
//@ ip-version: ipv4
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id 8 seq 1 (8)
";

const FAULTS: [&str; 2] = ["--fault", "generic-deaf,udp-other-protocol"];

fn specs(survivors: &str) -> tempfile::TempDir {
    folder(&[
        ("small/requirements.toml", CATALOGUE),
        ("small/a.pkt", KILLS),
        ("small/b.pkt", CANNOT_FAIL),
        ("small/c.pkt", PASSES_NOWHERE),
        ("small/survivors.toml", survivors),
    ])
}

const REASONS: &str = r#"
[[requirement]]
name = "9990-2"
why = "it demands nothing"

[[script]]
name = "small/b.pkt"
why = "it demands nothing"

[[fault]]
name = "udp-other-protocol"
why = "no script here has the target send UDP"
"#;

/// Status and output; nothing is said on standard error.
fn self_test(folder: &tempfile::TempDir, arguments: &[&str]) -> (i32, String) {
    let (status, out, err) = outcome(folder.path(), &[&["self-test", "small"], &FAULTS[..], arguments].concat());
    assert_eq!(err, "");
    (status, out)
}

#[test]
fn people_see_what_is_killed_and_what_survives() {
    let (status, out) = self_test(&specs(""), &[]);
    assert_eq!(status, 100);
    insta::assert_snapshot!(out);
}

#[test]
fn what_survives_with_a_reason_is_as_expected() {
    let (status, out) = self_test(&specs(REASONS), &[]);
    assert_eq!(status, 0, "{out}");
    assert!(out.contains("no script here has the target send UDP"), "{out}");
}

#[test]
fn a_reason_that_is_stale_is_100() {
    let stale = REASONS.replace("udp-other-protocol", "generic-deaf");
    let (status, out) = self_test(&specs(&stale), &[]);
    assert_eq!(status, 100);
    assert!(out.contains("the fault `generic-deaf` is killed"), "{out}");
}

#[test]
fn a_reason_for_nothing_that_exists_is_100() {
    let unknown = REASONS.to_owned() + "[[fault]]\nname = \"no-such-fault\"\nwhy = \"?\"\n";
    let (status, out) = self_test(&specs(&unknown), &[]);
    assert_eq!(status, 100);
    assert!(out.contains("there is no fault `no-such-fault`"), "{out}");
}

#[test]
fn json_is_one_object_and_keeps_to_the_schema() {
    let (status, out) = self_test(&specs(REASONS), &["--format", "json"]);
    assert_eq!(status, 0);
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(schema::check_self_test(&object), Ok(()));
    for (key, value) in [("schema", 2.into()), ("as_expected", 1.into()), ("more", serde_json::Value::Null)] {
        let mut bad = object.clone();
        bad[key] = value;
        assert!(schema::check_self_test(&bad).is_err(), "{key}");
    }
    insta::assert_snapshot!(out);
}

#[test]
fn markdown_has_a_table_of_requirements_and_one_of_faults() {
    let (status, out) = self_test(&specs(""), &["--format", "markdown"]);
    assert_eq!(status, 100);
    insta::assert_snapshot!(out);
}

#[test]
fn an_unknown_fault_is_2() {
    let (status, _, err) = outcome(specs("").path(), &["self-test", "small", "--fault", "generic-daef"]);
    assert_eq!((status, err.as_str()), (2, "error: there is no fault `generic-daef`; did you mean `generic-deaf`?\n"));
}

#[test]
fn nothing_that_passes_is_4() {
    let folder = folder(&[("small/requirements.toml", CATALOGUE), ("small/c.pkt", PASSES_NOWHERE)]);
    let (status, ..) = outcome(folder.path(), &["self-test", "small", "--fault", "generic-deaf"]);
    assert_eq!(status, 4);
}

#[test]
fn a_run_on_a_target_with_a_fault_shows_its_packets() {
    let folder = specs("");
    let (status, out, _) = outcome(folder.path(), &["run", "small/a.pkt", "--fault", "generic-mute"]);
    assert_eq!(status, 100);
    assert!(out.contains("FAIL small/a.pkt on smoltcp with generic-mute over ipv4"), "{out}");
}

#[test]
fn the_faults_can_be_listed() {
    let (status, out, _) = outcome(specs("").path(), &["self-test", "--list"]);
    assert_eq!(status, 0);
    let entry = "udp-checksum-zero-refused\n  drops IPv4 datagrams without a checksum\n  \
                 breaks RFC 768, Fields, Checksum, made for 768-11\n";
    assert!(out.contains(entry), "{out}");
}
