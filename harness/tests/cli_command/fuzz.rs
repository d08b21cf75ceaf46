//! `rfcheck fuzz`: campaigns, sessions by their seeds, and what fuzz targets found.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rfcheck::fuzzing::session::Event;
use rfcheck::fuzzing::{Campaign, Runner};
use rfcheck::target::smoltcp::SmoltcpFactory;
use serde_json::Value;

use super::schema;
use super::support::{folder, outcome};

/// A script whose sessions differ from those at random.
const SCRIPT: &str = "\
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1460>
+0 > S. 0:0(0) ack 1 <...>
+0 < . 1:1(0) ack 1 win 1000
+0 accept(3, ..., ...) = 4
+0 < P. 1:11(10) ack 1 win 1000
+0 > . 1:1(0) ack 11
+0 read(4, ..., 10) = 10
";

fn lines(out: &str) -> Vec<Value> {
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    for line in &lines {
        schema::check_fuzz(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    }
    lines
}

fn of<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

/// The findings of a campaign, by ID, with their sessions.
fn findings(out: &str) -> Vec<(String, String)> {
    let lines = lines(out);
    let text = |line: &&Value| (line["id"].as_str().expect("an ID").to_owned(), line["sessions"].to_string());
    let mut found: Vec<_> = of(&lines, "finding").iter().map(text).collect();
    found.sort();
    found
}

#[test]
fn help_explains_itself_with_examples() {
    let (status, out, _) = outcome(folder(&[]).path(), &["fuzz", "--help"]);
    assert_eq!(status, 0);
    insta::assert_snapshot!("help of fuzz", out);
    let (status, out, _) = outcome(folder(&[]).path(), &["fuzz", "triage", "--help"]);
    assert_eq!(status, 0);
    insta::assert_snapshot!("help of fuzz triage", out);
}

#[test]
fn a_planted_fault_is_found_and_its_script_fails() {
    let folder = folder(&[("a.pkt", SCRIPT)]);
    let arguments =
        ["fuzz", "a.pkt", "--fault", "tcp-checksum-wrong", "--sessions", "20", "--seed", "1", "--jobs", "1"];
    let (status, out, err) = outcome(folder.path(), &arguments);
    assert_eq!((status, err.as_str()), (100, ""), "{out}");
    assert!(out.contains("FOUND breaks-9293-must-2: the target breaks 9293-MUST-2"), "{out}");
    let script = fs::read_to_string(folder.path().join("findings/breaks-9293-must-2.pkt")).expect("a script");
    assert!(script.contains("Found by fuzzing on smoltcp"), "{script}");
    let run = ["run", "findings/breaks-9293-must-2.pkt", "--fault", "tcp-checksum-wrong"];
    let (status, out, _) = outcome(folder.path(), &run);
    assert_eq!(status, 100, "{out}");
}

#[test]
fn the_same_seed_finds_the_same_and_each_session_can_be_run_alone() {
    let folder = folder(&[("a.pkt", SCRIPT)]);
    let arguments =
        ["fuzz", "a.pkt", "--fault", "ack-never", "--sessions", "40", "--seed", "5", "--format", "json", "--jobs", "2"];
    let (_, one, _) = outcome(folder.path(), &arguments);
    let (_, other, _) = outcome(folder.path(), &arguments);
    let ids = |out: &str| findings(out).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(&one), ids(&other));
    let (id, sessions) = findings(&one).into_iter().next().expect("the fault is found");
    let seed = sessions.trim_matches(['[', ']']);
    let again = ["fuzz", "a.pkt", "--fault", "ack-never", "--session", seed];
    let (status, out, _) = outcome(folder.path(), &again);
    assert_eq!(status, 100, "{out}");
    assert!(out.contains(&format!("FOUND {id}:")) && out.contains("tester") && out.contains("-->|"), "{out}");
    let (status, out, _) = outcome(folder.path(), &[&again[..], &["--format", "json"]].concat());
    assert_eq!(status, 100);
    let line = lines(&out).remove(0);
    assert!(line["findings"].as_array().expect("findings").iter().any(|finding| finding["id"] == id.as_str()));
}

#[test]
fn known_causes_are_no_findings() {
    let folder = folder(&[("a.pkt", SCRIPT)]);
    let base =
        ["fuzz", "a.pkt", "--fault", "tcp-checksum-wrong", "--sessions", "10", "--seed", "1", "--format", "json"];
    let mut known: Vec<String> = Vec::new();
    // What a fault hides shows once the fault's own causes are known.
    for _ in 0..30 {
        let all = known.join(",");
        let arguments = if known.is_empty() { base.to_vec() } else { [&base[..], &["--known", &all]].concat() };
        let (status, out, _) = outcome(folder.path(), &arguments);
        let found = findings(&out);
        assert!(found.iter().all(|(id, _)| !known.contains(id)), "{out}");
        if found.is_empty() {
            assert_eq!(status, 0, "{out}");
            assert!(known.contains(&"breaks-9293-must-2".to_owned()));
            return;
        }
        assert_eq!(status, 100);
        known.extend(found.into_iter().map(|(id, _)| id));
    }
    panic!("causes without end: {known:?}");
}

#[test]
fn a_campaign_is_taken_up_again_where_it_ended() {
    let folder = folder(&[("a.pkt", SCRIPT)]);
    let base = ["fuzz", "a.pkt", "--fault", "tcp-checksum-wrong", "--state", "campaign", "--format", "json"];
    let (status, first, _) = outcome(folder.path(), &[&base[..], &["--sessions", "250", "--seed", "3"]].concat());
    assert_eq!(status, 100);
    let found = findings(&first);
    let (status, second, _) = outcome(folder.path(), &[&base[..], &["--sessions", "500"]].concat());
    assert_eq!(status, 100, "findings of before count: {second}");
    let started = lines(&second).remove(0);
    assert_eq!((&started["seed"], &started["resumed"]), (&3.into(), &true.into()));
    assert_eq!(of(&lines(&second), "fuzzing-finished")[0]["sessions"], 500);
    assert!(findings(&second).iter().all(|(id, _)| found.iter().all(|(known, _)| known != id)), "{second}");
    // The whole at once has as many sessions.
    let whole =
        ["fuzz", "a.pkt", "--fault", "tcp-checksum-wrong", "--sessions", "500", "--seed", "3", "--format", "json"];
    let (_, whole, _) = outcome(folder.path(), &whole);
    assert_eq!(of(&lines(&whole), "fuzzing-finished")[0]["sessions"], 500);
    let (status, _, err) = outcome(folder.path(), &[&base[..], &["--seed", "4"]].concat());
    assert_eq!(status, 2);
    assert!(err.contains("is the campaign of seed 3, not 4"), "{err}");
}

#[test]
fn each_planted_fault_is_told_with_how_soon_it_is_noticed() {
    let folder = folder(&[("a.pkt", SCRIPT)]);
    let arguments = ["fuzz", "a.pkt", "--faults", "--time", "0s", "--seed", "1", "--format", "json", "--jobs", "1"];
    let (status, out, err) = outcome(folder.path(), &arguments);
    assert_eq!(status, 0, "{err}");
    let faults = lines(&out);
    let (last, faults) = faults.split_last().expect("lines");
    assert!(faults.len() > 300 && faults.iter().all(|line| line["noticed"] == false && line["sessions"] == 0), "{out}");
    assert_eq!((&last["faults"], &last["noticed"]), (&faults.len().into(), &0.into()), "no time, so no session");
    let (status, _, err) = outcome(folder.path(), &["fuzz", "--faults", "--fault", "ack-never"]);
    assert_eq!(status, 2, "{err}");
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let folder = folder(&[("campaign/campaign.json", "{}")]);
    for (arguments, message) in [
        (&["fuzz", "--time", "3d"][..], "write s, m or h"),
        (&["fuzz", "--target", "nobody"], "nobody"),
        (&["fuzz", "--state", "campaign"], "is no campaign"),
        (&["fuzz", "--session", "1", "--sessions", "2"], "cannot be used with"),
        (&["fuzz", "triage", "nowhere"], "cannot read the artifact `nowhere`"),
    ] {
        let (status, out, err) = outcome(folder.path(), arguments);
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(message), "{err}");
    }
    let (status, _, err) = outcome(folder.path(), &["fuzz", "--sessions", "0"]);
    assert_eq!(status, 4, "{err}");
}

#[test]
fn the_kernel_is_fuzzed_and_ctrl_c_tells_what_is_known() {
    let folder = folder(&[("a.pkt", SCRIPT)]);
    let Some((mut child, mut out)) = campaign(folder.path()) else { return };
    let mut line = String::new();
    while !line.contains("\"progress\"") {
        line.clear();
        assert!(out.read_line(&mut line).expect("the output is read") > 0, "the campaign goes on");
    }
    let interrupted = Instant::now();
    signal(&child, nix::sys::signal::Signal::SIGINT);
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("the output is read");
    assert_eq!(child.wait().expect("the child ends").code(), Some(130), "{rest}");
    assert!(interrupted.elapsed() < Duration::from_secs(20), "{:?}", interrupted.elapsed());
    let lines = lines(&rest);
    let finished = of(&lines, "fuzzing-finished");
    assert_eq!(finished[0]["interrupted"], true, "{rest}");
    assert!(finished[0]["sessions"].as_u64() > Some(0), "{rest}");
}

#[test]
fn nothing_of_a_killed_campaign_is_left() {
    let folder = folder(&[("a.pkt", SCRIPT)]);
    let Some((mut child, mut out)) = campaign(folder.path()) else { return };
    let mut line = String::new();
    while !line.contains("\"progress\"") {
        line.clear();
        assert!(out.read_line(&mut line).expect("the output is read") > 0, "the campaign goes on");
    }
    let own = namespaces_of(child.id());
    assert!(own.len() > 1, "each worker has a namespace of its own: {own:?}");
    signal(&child, nix::sys::signal::Signal::SIGKILL);
    child.wait().expect("the child ends");
    let left = || all_namespaces().into_iter().filter(|name| own[1..].contains(name)).count();
    let patience = Instant::now() + Duration::from_secs(10);
    while left() > 0 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(left(), 0, "no process is in the namespaces of the campaign any more");
    let children =
        fs::read_dir("/proc").expect("/proc").flatten().filter(|entry| parent(&entry.path()) == Some(child.id()));
    assert_eq!(children.count(), 0);
}

/// A campaign against the kernel, and its output after the first line; `None` where it is not possible.
fn campaign(folder: &Path) -> Option<(std::process::Child, BufReader<std::process::ChildStdout>)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rfcheck"))
        .args(["fuzz", "a.pkt", "--target", "linux", "--format", "json", "--jobs", "1", "--seed", "1"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut first = String::new();
    out.read_line(&mut first).expect("the output is read");
    if first.is_empty() {
        let mut err = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut err).expect("the errors are read");
        assert_eq!(child.wait().expect("the child ends").code(), Some(96), "{err}");
        eprintln!("NOT TESTED: {err}");
        return None;
    }
    Some((child, out))
}

fn signal(child: &std::process::Child, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    nix::sys::signal::kill(pid, signal).expect("the child runs");
}

/// The network namespaces of a process's threads, that of the first thread first, each once.
fn namespaces_of(process: u32) -> Vec<String> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let mut names = Vec::new();
    let mut tasks: Vec<_> = tasks.flatten().map(|task| task.path()).collect();
    tasks.sort();
    for task in tasks {
        let Ok(name) = fs::read_link(task.join("ns/net")) else { continue };
        let name = name.display().to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn all_namespaces() -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).flat_map(namespaces_of).collect()
}

fn parent(process: &Path) -> Option<u32> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// A session that finds something in smoltcp, as a fuzz target leaves it, once and once more with an event that changes
/// nothing; the cause.
fn artifacts(folder: &Path) -> String {
    let smoltcp = SmoltcpFactory::new();
    let mut runner = Runner::new(&smoltcp);
    let (session, finding) =
        Campaign::new(4).run(&mut runner, 5_000).expect("smoltcp runs").expect("smoltcp 0.14 has known defects");
    fs::create_dir_all(folder).expect("a folder");
    let mut longer = session.clone();
    longer.events.push(Event::Advance { micros: 0 });
    for (name, session) in [("crash-1", session), ("crash-2", longer)] {
        fs::write(folder.join(name), session.to_octets()).expect("a file");
    }
    finding.cause.id()
}

#[test]
fn triage_folds_artifacts_of_one_cause_together_and_writes_its_script() {
    let folder = folder(&[]);
    let id = artifacts(&folder.path().join("artifacts"));
    let (status, out, err) = outcome(folder.path(), &["fuzz", "triage", "artifacts"]);
    assert_eq!((status, err.as_str()), (100, ""), "{out}");
    assert!(out.starts_with(&format!("{id}: ")), "{out}");
    assert!(out.contains("  artifacts  2, the shortest session has "), "{out}");
    assert!(out.contains(&format!("  script     findings/{id}.pkt")), "{out}");
    assert!(out.contains("  replayed   "), "{out}");
    let script = fs::read_to_string(folder.path().join(format!("findings/{id}.pkt"))).expect("a script");
    assert!(script.contains(&id) && script.contains("Found by fuzzing on smoltcp"), "{script}");
    let (status, out, _) = outcome(folder.path(), &["check", &format!("findings/{id}.pkt")]);
    assert_eq!(status, 0, "{out}");
    let known = ["fuzz", "triage", "--known", &id, "artifacts"];
    let (_, out, _) = outcome(folder.path(), &known);
    assert!(!out.starts_with(&format!("{id}: ")), "{out}");
}

#[test]
fn triage_of_what_is_no_finding_finds_nothing() {
    let folder = folder(&[("artifacts/crash-1", "")]);
    let (status, out, err) = outcome(folder.path(), &["fuzz", "triage", "artifacts"]);
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(out, "artifacts/crash-1: nothing is found in this build; a fuzz target has overflow checks\n");
    assert!(!folder.path().join("findings").exists());
}

/// The same stack on both sides differs nowhere; with a fault on one it does, and the clause is told.
#[test]
fn two_targets_are_compared_clause_by_clause() {
    let folder = folder(&[("a.pkt", SCRIPT)]);
    let base = ["fuzz", "a.pkt", "--against", "smoltcp", "--sessions", "30", "--seed", "1", "--jobs", "1"];
    let (status, out, err) = outcome(folder.path(), &base);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("0 differ") && out.contains("no difference, seed 1"), "{out}");
    let faulty = [&base[..], &["--fault", "tcp-checksum-unchecked"]].concat();
    let faulty = [&faulty[..], &["--sessions", "400"]].concat();
    let faulty: Vec<&str> = faulty.iter().enumerate().filter(|(at, _)| !(4..6).contains(at)).map(|(_, a)| *a).collect();
    let (status, out, _) = outcome(folder.path(), &faulty);
    assert_eq!(status, 100, "{out}");
    assert!(out.contains("DIFFERENT 9293-MUST-3, RFC 9293 section 3.1: a segment whose checksum is wrong"), "{out}");
    let (_, out, _) = outcome(folder.path(), &[&faulty[..], &["--format", "json"]].concat());
    let lines = lines(&out);
    assert!(of(&lines, "difference").iter().any(|line| line["requirement"] == "9293-MUST-3"), "{out}");
    assert_eq!(of(&lines, "comparison-finished")[0]["sessions"], 400);
    let (status, _, err) = outcome(folder.path(), &["fuzz", "--target", "linux", "--against", "linux"]);
    assert!(status == 96 || status == 2 && err.contains("both have a real clock"), "{err}");
}

#[test]
fn triage_needs_a_virtual_clock() {
    let folder = folder(&[("artifacts/crash-1", "")]);
    let (status, _, err) = outcome(folder.path(), &["fuzz", "triage", "--target", "linux", "artifacts"]);
    assert!(status == 96 || status == 2 && err.contains("has no virtual clock"), "{err}");
}
