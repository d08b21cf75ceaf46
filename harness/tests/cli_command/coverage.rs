//! `rfcheck coverage` on a small folder of specs: each state that a requirement can be in, in each format.

use super::schema;
use super::support::{folder, outcome};

const CATALOGUE: &str = r#"
rfc = "9990"
title = "Small Protocol (RFC 9990)"
schema = 1

[[req]]
id = "9990-10"
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
text = "An echo is answered with another identifier | and nothing else"

[[req]]
id = "9990-3"
rfc = "9990"
section = "4"
level = "MUST NOT"
basis = "keyword"
role = "both"
observable = "wire"
text = "A gateway answers nothing"
untested = "a gateway's duty, and no target is one: it would take a second link, a route over it, and something at the other end"

[[req]]
id = "9990-4"
rfc = "9990"
section = "5"
level = "MUST"
basis = "keyword"
role = "both"
observable = "wire"
text = "Nobody has looked at this"

[[req]]
id = "9990-5"
rfc = "9990"
section = "6"
level = "MAY"
basis = "keyword"
role = "both"
observable = "api"
text = "The application may be told"

[[req]]
id = "9991-1"
rfc = "9991"
section = "1"
level = "MUST"
basis = "keyword"
role = "both"
observable = "internal"
text = "The secret is kept"
"#;

const PASSES: &str = "\
//@ requirement: 9990-10
//@ ip-version: ipv4
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id 7 seq 1 (8)
";

const FAILS: &str = "\
//@ requirement: 9990-2
//@ requirement: 9990-10
//@ ip-version: ipv4
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id 8 seq 1 (8)
";

pub(crate) fn specs() -> tempfile::TempDir {
    folder(&[("small/requirements.toml", CATALOGUE), ("small/a.pkt", PASSES), ("small/b.pkt", FAILS)])
}

/// Status and output; nothing is said on standard error.
fn coverage(folder: &tempfile::TempDir, arguments: &[&str]) -> (i32, String) {
    let (status, out, err) = outcome(folder.path(), &[&["coverage", "small"], arguments].concat());
    assert_eq!(err, "");
    (status, out)
}

#[test]
fn people_see_scripts_or_reasons_and_then_the_sums() {
    let (status, out) = coverage(&specs(), &[]);
    assert_eq!(status, 0);
    insta::assert_snapshot!(out);
}

#[test]
fn a_target_adds_its_verdicts_and_the_status_of_a_run() {
    let (status, out) = coverage(&specs(), &["--target", "smoltcp"]);
    assert_eq!(status, 100);
    insta::assert_snapshot!(out);
}

#[test]
fn json_is_one_object_and_keeps_to_the_schema() {
    let (status, out) = coverage(&specs(), &["--target", "smoltcp", "--format", "json"]);
    assert_eq!(status, 100);
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    schema::check_coverage(&object).unwrap_or_else(|error| panic!("{error}"));
    insta::assert_snapshot!(out);
}

#[test]
fn the_built_in_specs_keep_to_the_schema_too() {
    let (status, out, err) = outcome(folder(&[]).path(), &["coverage", "--format", "json"]);
    assert_eq!((status, err.as_str()), (0, ""));
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    schema::check_coverage(&object).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn markdown_has_a_table_for_each_rfc() {
    let (status, out) = coverage(&specs(), &["--target", "smoltcp", "--format", "markdown"]);
    assert_eq!(status, 100);
    insta::assert_snapshot!(out);
}

#[test]
fn a_script_alone_is_asked_only_for_what_it_names() {
    let folder = specs();
    let (status, out, _) = outcome(folder.path(), &["coverage", "small/a.pkt"]);
    assert_eq!(status, 0);
    assert!(out.contains("tested by small/a.pkt") && !out.contains("9990-2"), "{out}");
}

#[test]
fn a_script_that_names_an_unknown_requirement_is_96() {
    let wrong = PASSES.replace("9990-10", "9990-11");
    let folder = folder(&[("small/requirements.toml", CATALOGUE), ("small/wrong.pkt", &wrong)]);
    let (status, out, err) = outcome(folder.path(), &["coverage", "small"]);
    assert_eq!(status, 96);
    assert!(out.contains("not tested, and nobody says why"), "{out}");
    assert_eq!(err, "error: 1 script cannot run, see `rfcheck check`: small/wrong.pkt\n");
}

#[test]
fn nothing_asked_is_4() {
    let folder = folder(&[("small/readme.md", "")]);
    let (status, out, err) = outcome(folder.path(), &["coverage", "small"]);
    assert_eq!((status, out.as_str()), (4, ""));
    assert_eq!(err, "error: no catalogue was found, and no script that names a requirement\n");
}

#[test]
fn an_unknown_target_is_2() {
    let (status, _, err) = outcome(specs().path(), &["coverage", "small", "--target", "smolltcp"]);
    assert_eq!(status, 2, "{err}");
}
