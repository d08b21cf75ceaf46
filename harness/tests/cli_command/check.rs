//! `check`, `list`, `fmt` and `targets`: nothing runs.

use super::support::{PASSES, folder, outcome};

#[test]
fn every_script_that_is_wrong_is_told_with_its_place() {
    let folder = folder(&[
        ("a.pkt", "0   < icmp echo_request\n+0  > tcp nonsense\n"),
        ("b.pkt", &PASSES.replace("792-14", "792-41")),
        ("c.pkt", &PASSES.replace("requirement", "requirment")),
        ("d.pkt", &format!("--mtu=1\n{PASSES}")),
        ("e.pkt", PASSES),
    ]);
    let (status, out, err) = outcome(folder.path(), &["check", "."]);
    assert_eq!((status, err.as_str()), (96, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn a_good_folder_is_0_and_an_empty_one_4() {
    let good = folder(&[("e.pkt", PASSES)]);
    let (status, out, _) = outcome(good.path(), &["check", "."]);
    assert_eq!((status, out.as_str()), (0, "1 script checked: 0 errors, 0 warnings\n"));
    assert_eq!(outcome(folder(&[]).path(), &["check", "."]).0, 4);
}

#[test]
fn the_built_in_specs_are_without_a_warning() {
    let (status, out, _) = outcome(folder(&[]).path(), &["check", "--strict"]);
    assert_eq!(status, 0, "{out}");
}

#[test]
fn checking_and_listing_run_no_command() {
    let text = "`touch ran`\n0 `touch ran`\n+0 < icmp echo_request id 7 seq 1 (8)\n`touch ran`\n";
    let folder = folder(&[("a.pkt", text)]);
    for command in [&["check", "."][..], &["list", "."], &["fmt", "."]] {
        assert_eq!(outcome(folder.path(), command).0, 0, "{command:?}");
        assert!(!folder.path().join("ran").exists(), "{command:?}");
    }
}

#[test]
fn a_listing_has_requirement_level_and_title() {
    let folder = folder(&[("x/e.pkt", PASSES), ("y/f.pkt", "0 < icmp echo_request id 7 seq 1 (8)\n")]);
    let (status, out, _) = outcome(folder.path(), &["list", "."]);
    assert_eq!(status, 0);
    insta::assert_snapshot!(out, @r"
    x/e.pkt  792-14          MUST        ipv4,ipv4-mapped-ipv6,ipv6  An echo request is answered
    y/f.pkt  -               -           ipv4,ipv4-mapped-ipv6,ipv6
    ");
}

#[test]
fn fmt_brings_a_script_into_the_canonical_layout_and_check_says_which_are_not() {
    let folder = folder(&[("a.pkt", "0 <   icmp echo_request   id 7 seq 1 (8)\n"), ("b.pkt", PASSES)]);
    outcome(folder.path(), &["fmt", "b.pkt"]);
    let (status, out, _) = outcome(folder.path(), &["fmt", "--check", "."]);
    assert_eq!((status, out.as_str()), (96, "a.pkt\n"));
    assert_eq!(outcome(folder.path(), &["fmt", "."]).0, 0);
    assert_eq!(outcome(folder.path(), &["fmt", "--check", "."]).0, 0);
    let formatted = std::fs::read_to_string(folder.path().join("a.pkt")).unwrap();
    assert_eq!(formatted, "    0 < icmp echo_request id 7 seq 1 (8)\n");
}

#[test]
fn fmt_reads_standard_input() {
    let folder = folder(&[]);
    let text = "0 <   icmp echo_request   id 7 seq 1 (8)\n";
    let output = super::support::rfcheck(folder.path()).args(["fmt", "-"]).write_stdin(text).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "    0 < icmp echo_request id 7 seq 1 (8)\n");
}

#[test]
fn targets_tell_what_they_declare() {
    let (status, out, _) = outcome(folder(&[]).path(), &["targets"]);
    assert_eq!(status, 0);
    let smoltcp = out.split("\n\n").next().unwrap();
    assert!(smoltcp.starts_with("smoltcp\n  clock           virtual"), "{out}");
    assert!(out.contains("\nlinux\n"), "{out}");
}
