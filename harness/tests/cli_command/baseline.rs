//! Baselines: what a run, `rfcheck check` and `rfcheck baseline` make of them.

use super::support::{FAILS, FAILS_SHOULD, PASSES, folder, outcome};

/// Fails over IPv4 alone.
const FAILS_ON_IPV4: &str = "\
//@ requirement: 792-14
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id ID seq 1 (8)
";

const CONFIG: &str = "\
profiles.other = {}
[profiles.four.ipv4]
definitions = { ID = 8 }
[profiles.four.ipv6]
definitions = { ID = 7 }
";

const BASELINE: &str = r#"# What smoltcp is known to fail.
# Seen by hand.

# Everybody looks for this one.
[[known-failure]]
clause = "RFC 792"          # the clause stands first here
script = "echo/fails.pkt"
reason = """
another identifier"""

[[known-failure]]
script = "echo/gone.pkt"
reason = "was never mended"
clause = "RFC 792"

[[known-failure]]
script = "echo/needs.pkt"
reason = "cannot be seen here"
clause = "RFC 792"

# Mended, perhaps.
[[known-failure]]
script = "echo/passes.pkt"
ip-version = "ipv4"
reason = "was broken"
clause = "RFC 792"
upstream = "https://example.org/1"

[[known-failure]]
script = "echo/passes.pkt"
ip-version = "ipv6"
profile = "other"
reason = "is another matter"
clause = "RFC 792"

[[known-failure]]
script = "echo/version.pkt"
reason = "half of it"       # and half of that
clause = "RFC 792"
"#;

fn specs(baseline: &str) -> tempfile::TempDir {
    folder(&[
        ("rfcheck.toml", CONFIG),
        ("specs/baselines/smoltcp.toml", baseline),
        ("specs/echo/fails.pkt", FAILS),
        ("specs/echo/new.pkt", FAILS),
        ("specs/echo/needs.pkt", &format!("//@ needs: teleportation\n{FAILS}")),
        ("specs/echo/passes.pkt", PASSES),
        ("specs/echo/should.pkt", FAILS_SHOULD),
        ("specs/echo/version.pkt", &format!("//@ profile: four\n{FAILS_ON_IPV4}")),
    ])
}

fn baseline_of(folder: &tempfile::TempDir) -> String {
    std::fs::read_to_string(folder.path().join("specs/baselines/smoltcp.toml")).expect("the baseline")
}

const VERSIONS: [&str; 2] = ["--ip-version", "ipv4,ipv6"];

#[test]
fn an_update_keeps_what_holds_and_says_what_changes() {
    let folder = specs(BASELINE);
    let (status, out, err) = outcome(folder.path(), &[&["baseline", "update", "specs"], &VERSIONS[..]].concat());
    assert_eq!((status, err.as_str()), (0, ""));
    insta::assert_snapshot!("update tells", out);
    insta::assert_snapshot!("update writes", baseline_of(&folder));
}

#[test]
fn a_dry_run_says_the_same_and_writes_nothing() {
    let folder = specs(BASELINE);
    let arguments = [&["baseline", "update", "specs"], &VERSIONS[..]].concat();
    let (status, dry, _) = outcome(folder.path(), &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(status, 100);
    assert_eq!(baseline_of(&folder), BASELINE);
    let (_, wet, _) = outcome(folder.path(), &arguments);
    assert_eq!(dry, format!("{wet}  nothing was written (--dry-run)\n"));
}

#[test]
fn a_second_update_changes_nothing_more() {
    let folder = specs(BASELINE);
    let arguments = [&["baseline", "update", "specs"], &VERSIONS[..]].concat();
    outcome(folder.path(), &arguments);
    let once = baseline_of(&folder);
    let (status, out, _) = outcome(folder.path(), &[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(status, 0);
    assert!(out.contains("4 kept") && out.ends_with("  nothing to write\n"), "{out}");
    assert_eq!(baseline_of(&folder), once);
}

#[test]
fn nothing_runs_with_an_entry_that_nobody_has_reviewed() {
    let folder = specs(BASELINE);
    outcome(folder.path(), &[&["baseline", "update", "specs"], &VERSIONS[..]].concat());
    let place = baseline_of(&folder).lines().position(|line| line == "reason = \"\"").unwrap() + 1;
    let (status, out, err) = outcome(folder.path(), &["run", "specs"]);
    let message =
        format!("specs/baselines/smoltcp.toml:{place}: the known failure of `echo/new.pkt` needs its reason\n");
    assert_eq!((status, out.as_str()), (96, ""));
    assert_eq!(err, format!("error: {message}"));
    let (status, out, _) = outcome(folder.path(), &["check", "specs"]);
    assert_eq!(status, 96);
    assert!(out.contains("the known failure of `echo/new.pkt` needs its reason\n"), "{out}");
    // A person writes the reason; then all is as expected.
    let reviewed = baseline_of(&folder).replace("reason = \"\"\n", "reason = \"another identifier\"\n");
    std::fs::write(folder.path().join("specs/baselines/smoltcp.toml"), reviewed).unwrap();
    let (status, out, err) = outcome(folder.path(), &[&["run", "specs"], &VERSIONS[..]].concat());
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with("all as expected\n"), "{out}");
}

#[test]
fn an_unexpected_pass_is_as_loud_as_an_unexpected_fail() {
    let known = "[[known-failure]]\nscript = \"a.pkt\"\nreason = \"r\"\nclause = \"c\"\n";
    let run = |script, baseline| {
        let folder = folder(&[("a.pkt", script), ("baselines/smoltcp.toml", baseline)]);
        outcome(folder.path(), &["run", ".", "--ip-version", "ipv4"])
    };
    let (status, out, _) = run(FAILS, "");
    assert_eq!(status, 100);
    assert!(out.contains("FAIL a.pkt") && out.ends_with("1 unexpected failure\n"), "{out}");
    let (status, out, _) = run(PASSES, known);
    assert_eq!(status, 100);
    assert!(out.contains("UNEXPECTED PASS a.pkt") && out.ends_with("1 unexpected pass\n"), "{out}");
    assert!(out.contains("reason given: r (c)"), "{out}");
    assert_eq!(run(FAILS, known).0, 0);
}

#[test]
fn an_entry_that_no_run_can_confirm_is_reported() {
    let entry = |rest: &str| format!("[[known-failure]]\nreason = \"r\"\nclause = \"c\"\n{rest}\n");
    let four = "//@ ip-version: ipv4\n".to_owned() + PASSES;
    let run = |rest: &str, arguments: &[&str]| {
        let files = [("x/a.pkt", four.as_str()), ("y/b.pkt", FAILS), ("baselines/smoltcp.toml", &entry(rest))];
        let folder = folder(&files);
        let (status, out, err) = outcome(folder.path(), arguments);
        assert_eq!(err, "");
        (status, out.lines().find(|line| line.starts_with("STALE")).unwrap_or_default().to_owned())
    };
    let told = |message: &str| (96, format!("STALE ENTRY ./baselines/smoltcp.toml:1 of smoltcp: {message}"));
    assert_eq!(run("script = \"x/c.pkt\"", &["run", "."]).1, told("there is no script `x/c.pkt`").1);
    let only_x = ["run", "--filter", "x/", "."];
    assert_eq!(run("script = \"x/c.pkt\"", &only_x), told("there is no script `x/c.pkt`"));
    let profile = "script = \"y/b.pkt\"\nprofile = \"quik\"";
    assert_eq!(run(profile, &only_x), told("there is no profile `quik`"));
    // What somebody leaves out on purpose is not stale.
    assert_eq!(run("script = \"y/b.pkt\"", &only_x), (0, String::new()));
    let other_version = "script = \"x/a.pkt\"\nip-version = \"ipv6\"";
    assert_eq!(run(other_version, &["run", "."]).1, told("`x/a.pkt` is not run over ipv6").1);
    assert_eq!(run(other_version, &only_x), (0, String::new()));
}

#[test]
fn check_tells_all_that_is_wrong_with_a_baseline() {
    let text = "[[known-failure]]\nscript = \"a.pkt\"\n\n\
                [[known-failure]]\nscript = \"b.pkt\"\nreason = \"r\"\nclause = \"c\"\nprofile = \"packetdril\"\n\n\
                [[known-failure]]\nscript = \"a.pkt\"\nreason = \"r\"\nclause = \"c\"\n";
    let files = folder(&[
        ("a.pkt", PASSES),
        ("baselines/one.toml", text),
        ("baselines/two.toml", "[[known-failure]]\nscritp = \"a.pkt\"\n"),
    ]);
    let (status, out, _) = outcome(files.path(), &["check", "."]);
    assert_eq!(status, 96);
    insta::assert_snapshot!(out);
}

#[test]
fn show_lists_known_failures_with_their_reasons() {
    let folder = specs(BASELINE);
    let (status, out, err) = outcome(folder.path(), &["baseline", "show", "specs", "--target", "smoltcp,linux"]);
    assert_eq!((status, err.as_str()), (0, ""));
    let own = out.split("linux: ").next().unwrap();
    insta::assert_snapshot!(own);
    assert!(out.contains("linux: ") && out.contains("built-in baselines/linux.toml"), "{out}");
}

#[test]
fn the_first_update_writes_a_baseline_beside_the_scripts() {
    let folder = folder(&[("mine/a.pkt", FAILS), ("mine/should.pkt", FAILS_SHOULD), ("rfcheck.toml", "")]);
    let arguments = ["baseline", "update", "mine", "--file", "known/mine.toml"];
    assert_eq!(outcome(folder.path(), &arguments).0, 0);
    let written = std::fs::read_to_string(folder.path().join("known/mine.toml")).unwrap();
    insta::assert_snapshot!(written, @r#"
    # What smoltcp is known to fail.

    [[known-failure]]
    script = "mine/a.pkt"
    reason = ""
    clause = "RFC 792 section Echo or Echo Reply"
    "#);
    // A warning gets an entry if it counts.
    let (_, out, _) = outcome(folder.path(), &[&arguments[..], &["--strict"]].concat());
    assert!(out.contains("1 added, 1 kept") && out.contains("+ mine/should.pkt: "), "{out}");
}

#[test]
fn entries_of_a_profile_are_written_and_hold_with_it_alone() {
    let folder = specs("");
    let arguments = ["baseline", "update", "specs", "--profile", "other", "--filter", "fails", "--ip-version", "ipv4"];
    assert_eq!(outcome(folder.path(), &arguments).0, 0);
    let written = baseline_of(&folder).replace("reason = \"\"", "reason = \"r\"");
    assert!(written.contains("profile = \"other\"\n"), "{written}");
    std::fs::write(folder.path().join("specs/baselines/smoltcp.toml"), written).unwrap();
    let run = ["run", "specs", "--filter", "fails", "--ip-version", "ipv4"];
    assert_eq!(outcome(folder.path(), &[&run[..], &["--profile", "other"]].concat()).0, 0);
    assert_eq!(outcome(folder.path(), &run).0, 100);
}

#[test]
fn each_case_has_its_entry_and_one_entry_for_several_is_not_split() {
    let cases = "//@ case: ID={7,8}\n//@ case: 792-15 ID=9\n".to_owned() + FAILS_ON_IPV4;
    let folder = folder(&[("a.pkt", &cases), ("baselines/smoltcp.toml", "")]);
    let update = ["baseline", "update", ".", "--ip-version", "ipv4,ipv6"];
    let baseline = folder.path().join("baselines/smoltcp.toml");
    let (_, out, _) = outcome(folder.path(), &update);
    assert!(out.contains("+ a.pkt[792-15]: ") && out.contains("+ a.pkt[ID=8]: ") && out.contains("2 added"), "{out}");
    let written = std::fs::read_to_string(&baseline).unwrap();
    assert!(written.contains("script = \"a.pkt\"\ncase = \"792-15\"\nreason = \"\"\n"), "{written}");
    // Which case would keep the reason only a person knows.
    let known = "[[known-failure]]\nscript = \"a.pkt\"\nreason = \"r\"\nclause = \"c\"\n";
    std::fs::write(&baseline, known).unwrap();
    let (_, out, _) = outcome(folder.path(), &update);
    assert!(out.contains("? a.pkt: passes in some cases now") && out.contains("nothing to write"), "{out}");
    assert_eq!(std::fs::read_to_string(&baseline).unwrap(), known);
}

#[test]
fn the_built_in_baselines_cannot_be_rewritten() {
    let (status, out, err) = outcome(folder(&[]).path(), &["baseline", "update", "--filter", "rfc792/echo.pkt"]);
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.contains("name a folder of scripts, or --file FILE"), "{err}");
}

#[test]
fn a_baseline_that_is_no_toml_is_96_and_stays_as_it_is() {
    let folder = specs("[[known-failure]\n");
    let (status, _, err) = outcome(folder.path(), &["baseline", "update", "specs"]);
    assert_eq!(status, 96);
    assert!(err.starts_with("error: specs/baselines/smoltcp.toml:1: "), "{err}");
    assert_eq!(baseline_of(&folder), "[[known-failure]\n");
}
