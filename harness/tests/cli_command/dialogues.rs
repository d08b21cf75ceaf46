//! `check`, `list`, `fmt` and `run` take dialogues.

use super::support::{PASSES, folder, outcome};

const GOOD: &str = "//@ title: A greeting comes ({FORM})\n//@ protocol: smtp\n//@ case: 792-14 FORM=220\n//@ case: FORM=554\n\
                    S: {FORM}\nC: QUIT\nS: 221\n";

#[test]
fn dialogues_are_checked_with_their_cases_and_included_files() {
    let folder = folder(&[
        ("good.dlg", GOOD),
        ("bad.dlg", "//@ protocol: smtp\n//@ requirement: 792-41\nS: 220 hello\n   line \"x\"\nC: {nobody}\n"),
        ("names.dlg", "//@ protocol: smtp\n//@ requirement: 792-41\nS: 220\nC: {nobody}\n"),
        ("includes.dlg", "//@ protocol: smtp\n#include \"greeted.inc\" CODE=25\n"),
        ("greeted.inc", "S: 220\nC: EHLO a\nS: {CODE}\n"),
    ]);
    let (status, out, err) = outcome(folder.path(), &["check", "."]);
    assert_eq!((status, err.as_str()), (96, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn dialogues_are_listed_beside_scripts() {
    let folder = folder(&[("a.pkt", PASSES), ("b.dlg", GOOD)]);
    let (status, out, _) = outcome(folder.path(), &["list", "."]);
    assert_eq!(status, 0);
    insta::assert_snapshot!(out);
    let (status, out, _) = outcome(folder.path(), &["list", "b.dlg[FORM=554]"]);
    assert_eq!(status, 0);
    assert!(out.starts_with("b.dlg[FORM=554]") && out.contains("A greeting comes (554)"), "{out}");
}

#[test]
fn fmt_lays_dialogues_out_and_leaves_what_is_said_as_it_is() {
    let untidy = "//@ protocol: smtp\nS:   220\n  line    \"a\"\nC: two  blanks\n";
    let included = "S:   220  x\nC:   EHLO  a\n";
    let folder = folder(&[("a.dlg", untidy), ("b.inc", included), ("c.pkt", PASSES)]);
    outcome(folder.path(), &["fmt", "c.pkt"]);
    let (status, out, _) = outcome(folder.path(), &["fmt", "--check", "."]);
    assert_eq!((status, out.as_str()), (96, "a.dlg\n"));
    assert_eq!(outcome(folder.path(), &["fmt", "."]).0, 0);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("a.dlg"), "//@ protocol: smtp\nS: 220\n   line \"a\"\nC: two  blanks\n");
    // Nobody knows which side speaks text in a file to include.
    assert_eq!(read("b.inc"), included);
}

#[test]
fn a_dialogue_does_not_apply_to_a_target_that_serves_nothing() {
    let folder = folder(&[("a.pkt", PASSES), ("b.dlg", GOOD)]);
    for named in ["b.dlg", "b.dlg[FORM=554]"] {
        assert_eq!(outcome(folder.path(), &["run", "--target", "smoltcp", named]).0, 4);
    }
    let flags = ["run", "--target", "smoltcp", "--ip-version", "ipv4", "--format", "json", "."];
    let (status, out, _) = outcome(folder.path(), &flags);
    assert_eq!(status, 0);
    let told: Vec<_> = out.lines().filter(|line| line.contains("b.dlg")).collect();
    assert_eq!(told.len(), 2);
    let needs = "\"missing\":[\"a server of smtp\"]";
    assert!(told.iter().all(|line| line.contains("not-applicable") && line.contains(needs)), "{out}");
}
