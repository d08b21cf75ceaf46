//! What is run, and the exit status.

use super::support::{FAILS, FAILS_SHOULD, PASSES, folder, outcome};

fn status(files: &[(&str, &str)], arguments: &[&str]) -> i32 {
    let folder = folder(files);
    let mut all = vec!["run", "."];
    all.extend(arguments);
    outcome(folder.path(), &all).0
}

#[test]
fn all_as_expected_is_0() {
    assert_eq!(status(&[("a.pkt", PASSES)], &[]), 0);
}

#[test]
fn a_failure_is_100() {
    assert_eq!(status(&[("a.pkt", PASSES), ("b.pkt", FAILS)], &[]), 100);
}

#[test]
fn a_failure_of_a_should_is_100_only_if_strict() {
    assert_eq!(status(&[("a.pkt", FAILS_SHOULD)], &[]), 0);
    assert_eq!(status(&[("a.pkt", FAILS_SHOULD)], &["--strict"]), 100);
}

#[test]
fn an_empty_folder_is_4() {
    assert_eq!(status(&[("readme.md", "no script")], &[]), 4);
}

#[test]
fn nothing_selected_is_4() {
    assert_eq!(status(&[("a.pkt", PASSES)], &["--filter", "no-such-thing"]), 4);
    assert_eq!(status(&[("a.pkt", PASSES)], &["--filter", "!a.pkt"]), 4);
}

#[test]
fn nothing_applicable_is_4() {
    let needs = format!("//@ needs: teleportation\n{PASSES}");
    assert_eq!(status(&[("a.pkt", &needs)], &[]), 4);
}

#[test]
fn a_script_that_is_wrong_is_96() {
    assert_eq!(status(&[("a.pkt", PASSES), ("b.pkt", "0 > nonsense\n")], &[]), 96);
}

#[test]
fn a_requirement_that_no_catalogue_has_is_96() {
    let text = PASSES.replace("792-14", "792-1400");
    let folder = folder(&[("a.pkt", &text)]);
    let (status, out, _) = outcome(folder.path(), &["run", "."]);
    assert_eq!(status, 96);
    assert!(out.contains("no catalogue has a requirement `792-1400`"), "{out}");
}

#[test]
fn a_script_that_cannot_be_read_is_96_and_the_others_run() {
    let folder = folder(&[("a.pkt", PASSES)]);
    std::fs::write(folder.path().join("b.pkt"), b"// \xff\n").unwrap();
    let (status, out, _) = outcome(folder.path(), &["run", "."]);
    assert_eq!(status, 96);
    assert!(out.contains("it is not UTF-8 text: octet 3 is no part of a character"), "{out}");
    assert!(out.contains("2 in error") && out.contains("2 passed"), "{out}");
}

#[test]
fn a_filter_selects_by_path_title_and_requirement() {
    let files = [("a.pkt", PASSES), ("b.pkt", FAILS)];
    assert_eq!(status(&files, &["--filter", "a.pkt"]), 0);
    assert_eq!(status(&files, &["--filter", "ANOTHER identifier"]), 100);
    assert_eq!(status(&files, &["--filter", "!another"]), 0);
    assert_eq!(status(&files, &["--filter", "792-14"]), 100);
}

#[test]
fn a_known_failure_is_expected_and_its_pass_is_not() {
    let known = "[[known-failure]]\nscript = \"x/a.pkt\"\nreason = \"always so\"\nclause = \"RFC 792\"\n";
    assert_eq!(status(&[("x/a.pkt", FAILS), ("baselines/smoltcp.toml", known)], &[]), 0);
    assert_eq!(status(&[("x/a.pkt", PASSES), ("baselines/smoltcp.toml", known)], &[]), 100);
    assert_eq!(status(&[("x/a.pkt", FAILS), ("baselines/smoltcp.toml", known)], &["--no-baseline"]), 100);
    assert_eq!(status(&[("x/a.pkt", FAILS), ("my.toml", known)], &["--baseline", "my.toml"]), 0);
}

#[test]
fn a_baseline_without_a_reason_is_refused() {
    let known = "[[known-failure]]\nscript = \"a.pkt\"\nclause = \"RFC 792\"\n";
    let folder = folder(&[("a.pkt", FAILS), ("baselines/smoltcp.toml", known)]);
    let (status, _, err) = outcome(folder.path(), &["run", "."]);
    assert_eq!(status, 96);
    assert!(err.contains("smoltcp.toml:1: the known failure of `a.pkt` needs its reason"), "{err}");
}

#[test]
fn the_built_in_specs_run_on_smoltcp_and_all_is_as_expected() {
    let folder = folder(&[]);
    let (status, out, err) = outcome(folder.path(), &["run"]);
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains("RFC 792 ") && out.contains("all as expected"), "{out}");
}

#[test]
fn the_built_in_specs_run_with_the_mitigations_of_rfc_5961_too() {
    let folder = folder(&[]);
    let (status, out, err) = outcome(folder.path(), &["run", "--profile", "rfc5961", "--format", "json"]);
    assert_eq!(status, 0, "{out}{err}");
    // What RFC 9293 leaves to the implementer is judged with the profile alone.
    let verdict = |out: &str| {
        let line = out.lines().find(|line| line.contains("challenge-for-reset.pkt")).unwrap_or_default();
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        (line["verdict"].as_str().unwrap().to_owned(), line["missing"][0].as_str().map(str::to_owned))
    };
    assert_eq!(verdict(&out), ("fail".to_owned(), None));
    let (_, out, _) = outcome(folder.path(), &["run", "--format", "json", "--filter", "challenge-for-reset"]);
    assert_eq!(verdict(&out), ("not-applicable".to_owned(), Some("the definition `RFC5961`".to_owned())));
}

#[test]
fn two_runs_in_virtual_time_give_the_same_captures() {
    let folder = folder(&[]);
    for out in ["one", "two"] {
        let arguments = ["run", "--capture", out, "--out", "reports", "--ip-version", "ipv4", "--filter", "rfc792"];
        assert_eq!(outcome(folder.path(), &arguments).0, 0);
    }
    let files = |out: &str| {
        let mut files = Vec::new();
        collect(&folder.path().join(out), &mut files);
        files.sort();
        files
    };
    let (one, two) = (files("one"), files("two"));
    assert!(one.len() > 10, "{}", one.len());
    assert_eq!(one.len(), two.len());
    for (a, b) in one.iter().zip(&two) {
        assert_eq!(a.file_name(), b.file_name());
        assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "{} differs", a.display());
    }
}

fn collect(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder of captures") {
        let path = entry.expect("an entry that can be read").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

#[test]
fn commands_are_refused_with_no_commands() {
    let text = "`touch ran`\n0 < icmp echo_request id 7 seq 1 (8)\n+0 > icmp echo_reply id 7 seq 1 (8)\n";
    let folder = folder(&[("a.pkt", text)]);
    let (status, out, _) = outcome(folder.path(), &["run", ".", "--no-commands", "--format", "json"]);
    assert_eq!(status, 4);
    assert!(out.contains("shell commands"), "{out}");
    assert!(!folder.path().join("ran").exists());
}
