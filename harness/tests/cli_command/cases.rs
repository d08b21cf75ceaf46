//! Scripts with cases and includes: found, selected, listed, judged and kept apart.

use super::support::{folder, outcome};

const CASES: &str = "\
//@ title: An echo request of {LENGTH} octets is answered
//@ case: 792-14 LENGTH={0,8} SEEN=7
//@ case: LENGTH=9 SEEN=8 // answered with another identifier: fails
#include \"echo.inc\" ID=7
";

const INCLUDED: &str = "\
// A request and its reply.
    0 < icmp echo_request id ID seq 1 (LENGTH)
   +0 > icmp echo_reply id SEEN seq 1 (LENGTH)
";

fn example() -> tempfile::TempDir {
    folder(&[("x/a.pkt", CASES), ("x/echo.inc", INCLUDED)])
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[test]
fn each_case_is_listed_with_its_requirements() {
    let (status, out, _) = outcome(example().path(), &["list", "."]);
    assert_eq!(status, 0);
    insta::assert_snapshot!(out);
}

#[test]
fn each_case_has_its_verdict_and_its_capture() {
    let folder = example();
    let arguments = ["run", "--format", "json", "--ip-version", "ipv4", "--capture", "kept", "."];
    let (status, out, _) = outcome(folder.path(), &arguments);
    assert_eq!(status, 100);
    let mut runs: Vec<_> = lines(&out)
        .into_iter()
        .filter(|line| line["event"] == "run-finished")
        .map(|line| format!("{} {} {} {}", line["script"], line["case"], line["verdict"], line["capture"]))
        .collect();
    runs.sort();
    insta::assert_snapshot!(runs.join("\n"));
    assert!(folder.path().join("kept/smoltcp/ipv4/x/a[LENGTH=9,SEEN=8].pcapng").is_file());
}

#[test]
fn a_failure_in_an_included_file_points_there() {
    let folder = example();
    let (status, out, _) = outcome(folder.path(), &["run", "--ip-version", "ipv4", "x/a.pkt[LENGTH=9,SEEN=8]"]);
    assert_eq!(status, 100);
    let shown: Vec<_> = out.lines().filter(|line| !line.contains(" runs in ") && !line.contains(" run in ")).collect();
    insta::assert_snapshot!(shown.join("\n"));
    let arguments = ["run", "--format", "json", "--ip-version", "ipv4", "x/a.pkt[LENGTH=9,SEEN=8]"];
    let (_, out, _) = outcome(folder.path(), &arguments);
    let failure = &lines(&out)[1]["failure"];
    assert_eq!((&failure["file"], &failure["line"]), (&"x/echo.inc".into(), &3.into()));
    assert_eq!(failure["trail"], serde_json::json!(["included from x/a.pkt:4"]));
}

#[test]
fn a_case_is_selected_by_path_and_by_filter() {
    let folder = example();
    let status = |arguments: &[&str]| outcome(folder.path(), &[&["run"][..], arguments].concat()).0;
    assert_eq!(status(&["x/a.pkt[792-14,LENGTH=8,SEEN=7]"]), 0);
    assert_eq!(status(&["x/a.pkt[LENGTH=9,SEEN=8]"]), 100);
    assert_eq!(status(&["--filter", "792-14", "."]), 0);
    assert_eq!(status(&["--filter", "length=9", "."]), 100);
    let (status, _, err) = outcome(folder.path(), &["run", "x/a.pkt[LENGTH=10]"]);
    assert_eq!(status, 2);
    insta::assert_snapshot!(err);
}

#[test]
fn a_baseline_knows_cases() {
    let known = |case: &str| {
        format!(
            "[[known-failure]]\nscript = \"x/a.pkt\"\n{case}reason = \"another identifier\"\nclause = \"RFC 792\"\n"
        )
    };
    for (case, status) in [("case = \"LENGTH=9,SEEN=8\"\n", 0), ("case = \"LENGTH=8\"\n", 100), ("", 100)] {
        let folder = example();
        std::fs::write(folder.path().join("known.toml"), known(case)).expect("the folder can be written");
        let (found, out, _) = outcome(folder.path(), &["run", "--baseline", "known.toml", "."]);
        assert_eq!(found, status, "{out}");
        // An entry without a case is about all of them, and those that pass are unexpected.
        assert_eq!(out.contains("UNEXPECTED PASS"), case.is_empty(), "{out}");
    }
}

#[test]
fn a_case_that_is_wrong_is_told_and_what_all_share_is_told_once() {
    let wrong = CASES.replace("ID=7", "ID=7 MORE=1").replace("792-14", "792-1400");
    let folder = folder(&[("x/a.pkt", &wrong), ("x/echo.inc", &INCLUDED.replace("echo_reply", "echo_replies"))]);
    let (status, out, _) = outcome(folder.path(), &["check", "."]);
    assert_eq!(status, 96);
    insta::assert_snapshot!(out);
}

#[test]
fn fmt_lays_out_what_is_included_and_expands_nothing() {
    let folder = folder(&[("a.pkt", CASES), ("echo.inc", &INCLUDED.replace(" < ", "   <  "))]);
    let (status, out, _) = outcome(folder.path(), &["fmt", "--check", "."]);
    assert_eq!((status, out.as_str()), (96, "echo.inc\n"));
    assert_eq!(outcome(folder.path(), &["fmt", "."]).0, 0);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("fmt wrote it");
    assert_eq!((read("a.pkt").as_str(), read("echo.inc").as_str()), (CASES, INCLUDED));
}

#[test]
fn a_baseline_is_brought_up_to_date_case_by_case() {
    let folder = example();
    std::fs::create_dir(folder.path().join("baselines")).expect("the folder can be written");
    let stale = "[[known-failure]]\nscript = \"x/a.pkt\"\ncase = \"LENGTH=77\"\nreason = \"r\"\nclause = \"RFC 792\"\n";
    std::fs::write(folder.path().join("baselines/smoltcp.toml"), stale).expect("the folder can be written");
    let (_, out, _) = outcome(folder.path(), &["run", "."]);
    assert!(out.contains("`x/a.pkt` has no case `LENGTH=77`"), "{out}");
    outcome(folder.path(), &["baseline", "update", "--target", "smoltcp", "."]);
    let updated = std::fs::read_to_string(folder.path().join("baselines/smoltcp.toml")).expect("it is there");
    insta::assert_snapshot!(updated);
}
