//! What each report says.

use super::schema;
use super::support::{FAILS, FAILS_SHOULD, PASSES, folder, outcome, settled};

/// A folder with every verdict and standing that a virtual-clock target can give.
fn everything() -> tempfile::TempDir {
    folder(&[
        ("echo/fails.pkt", FAILS),
        ("echo/known.pkt", FAILS),
        ("echo/passes.pkt", PASSES),
        ("echo/recovers.pkt", PASSES),
        ("echo/should.pkt", FAILS_SHOULD),
        ("other/needs.pkt", &format!("//@ needs: teleportation\n{PASSES}")),
        ("other/wrong.pkt", "0 > nonsense\n"),
        (
            "baselines/smoltcp.toml",
            "[[known-failure]]\nscript = \"echo/known.pkt\"\nreason = \"never mended\"\nclause = \"RFC 792\"\n\n\
             [[known-failure]]\nscript = \"echo/recovers.pkt\"\nreason = \"was broken\"\nclause = \"RFC 792\"\n\n\
             [[known-failure]]\nscript = \"echo/gone.pkt\"\nreason = \"was deaf\"\nclause = \"RFC 792\"\n",
        ),
    ])
}

const ARGUMENTS: [&str; 8] = ["run", ".", "--ip-version", "ipv4", "--jobs", "1", "--format", "human"];

#[test]
fn people_see_the_table_and_then_what_went_wrong() {
    let folder = everything();
    let (status, out, err) = outcome(folder.path(), &ARGUMENTS);
    assert_eq!((status, err.as_str()), (100, ""));
    settled(|| insta::assert_snapshot!(out));
}

#[test]
fn a_pipe_sees_no_colours() {
    let folder = everything();
    let (_, out, _) = outcome(folder.path(), &ARGUMENTS);
    assert!(!out.contains('\x1b'));
}

#[test]
fn colours_can_be_forced_and_switched_off() {
    let folder = everything();
    let out = |name: &str, value: &str| {
        let output = super::support::rfcheck(folder.path()).args(ARGUMENTS).env(name, value).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let coloured = out("CLICOLOR_FORCE", "1");
    // What differs is underlined too, for those who do not see the colours.
    assert!(coloured.contains("\x1b[1m\x1b[4m\x1b[31m7"), "{coloured}");
    assert!(!out("NO_COLOR", "1").contains('\x1b'));
}

#[test]
fn json_has_one_event_a_line_and_keeps_to_the_schema() {
    let folder = everything();
    let mut arguments = ARGUMENTS;
    arguments[7] = "json";
    let (status, out, err) = outcome(folder.path(), &arguments);
    assert_eq!((status, err.as_str()), (100, ""));
    for line in out.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        schema::check(&value).unwrap_or_else(|error| panic!("{error} in {line}"));
    }
    settled(|| insta::assert_snapshot!(out));
}

#[test]
fn junit_has_a_case_for_each_run() {
    let folder = everything();
    let mut arguments = ARGUMENTS;
    arguments[7] = "junit";
    let (status, out, err) = outcome(folder.path(), &arguments);
    assert_eq!((status, err.as_str()), (100, ""));
    settled(|| insta::assert_snapshot!(out));
}

#[test]
fn out_gets_every_report_and_the_captures_of_what_did_not_pass() {
    let folder = everything();
    let mut arguments = ARGUMENTS.to_vec();
    arguments.extend(["--out", "reports"]);
    let (_, shown, _) = outcome(folder.path(), &arguments);
    let reports = folder.path().join("reports");
    let events = std::fs::read_to_string(reports.join("events.jsonl")).unwrap();
    assert_eq!(events.lines().count(), 9, "{events}");
    assert!(std::fs::read_to_string(reports.join("junit.xml")).unwrap().contains("<testsuites name=\"rfcheck\""));
    assert!(reports.join("captures/smoltcp/ipv4/echo/fails.pcapng").is_file());
    assert!(!reports.join("captures/smoltcp/ipv4/echo/passes.pcapng").exists());
    assert!(shown.contains("capture   reports/captures/smoltcp/ipv4/echo/fails.pcapng"), "{shown}");
}

#[test]
fn a_capture_goes_when_its_run_passes() {
    let folder = folder(&[("a.pkt", FAILS)]);
    let capture = folder.path().join("rfcheck-out/captures/smoltcp/ipv4/a.pcapng");
    outcome(folder.path(), &["run", "a.pkt", "--ip-version", "ipv4"]);
    assert!(capture.is_file());
    std::fs::write(folder.path().join("a.pkt"), PASSES).unwrap();
    assert_eq!(outcome(folder.path(), &["run", "a.pkt", "--ip-version", "ipv4"]).0, 0);
    assert!(!capture.exists());
}

#[test]
fn capture_gets_the_captures_of_all_runs() {
    let folder = folder(&[("a.pkt", PASSES)]);
    assert_eq!(outcome(folder.path(), &["run", "a.pkt", "--ip-version", "ipv4", "--capture", "c"]).0, 0);
    assert!(folder.path().join("c/smoltcp/ipv4/a.pcapng").is_file());
    assert!(!folder.path().join("rfcheck-out").exists());
}

#[test]
fn a_report_that_cannot_be_written_is_96() {
    let folder = folder(&[("a.pkt", PASSES), ("taken", "a file")]);
    let (status, _, err) = outcome(folder.path(), &["run", "a.pkt", "--out", "taken"]);
    assert_eq!(status, 96);
    assert!(err.starts_with("error: cannot write `taken/events.jsonl`: "), "{err}");
}

/// Wireshark's own reading, where tshark is installed.
#[test]
fn a_capture_names_line_requirement_and_verdict() {
    let folder = folder(&[("a.pkt", FAILS)]);
    outcome(folder.path(), &["run", "a.pkt", "--ip-version", "ipv4", "--out", "o"]);
    let capture = folder.path().join("o/captures/smoltcp/ipv4/a.pcapng");
    let arguments = ["-T", "fields", "-e", "_ws.col.Protocol", "-e", "frame.comment", "-r"];
    let Ok(output) = std::process::Command::new("tshark").args(arguments).arg(&capture).output() else {
        eprintln!("not possible here: tshark is not installed");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = "ICMP\ta.pkt:3: injected\nICMP\ta.pkt:4: not as expected; 792-14: fail\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), lines);
}
