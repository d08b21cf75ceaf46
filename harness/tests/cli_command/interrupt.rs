//! Ctrl-C, and what the surroundings can do to a run.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{PASSES, folder};

/// An echo, and then a minute of waiting on the machine's clock.
const WAITS: &str = "\
0   < icmp echo_request id 7 seq 1 (8)
+0  > icmp echo_reply id 7 seq 1 (8)
+60 < icmp echo_request id 7 seq 2 (8)
+0  > icmp echo_reply id 7 seq 2 (8)
";

#[test]
fn ctrl_c_tells_what_is_known_so_far() {
    let folder = folder(&[("a.pkt", PASSES), ("b.pkt", WAITS)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_rfcheck"))
        .args(["run", ".", "--target", "linux", "--ip-version", "ipv4", "--format", "json"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    if first.is_empty() {
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(96), "{err}");
        eprintln!("not possible here: {err}");
        return;
    }
    let mut short = String::new();
    out.read_line(&mut short).unwrap();
    assert!(short.contains("a.pkt") && short.contains("\"verdict\":\"pass\""), "{short}");

    let interrupted = Instant::now();
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    // Twice, as timeout(1) does: to its child, and to the group of both. The second ended the process at once.
    for _ in 0..2 {
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(interrupted.elapsed() < Duration::from_secs(10), "{:?}", interrupted.elapsed());
    assert!(!rest.contains("run-finished"), "{rest}");
    assert!(rest.contains("\"interrupted\":true") && rest.contains("\"pass\":1"), "{rest}");
}

#[test]
fn a_run_that_takes_too_long_is_given_up() {
    let folder = folder(&[("b.pkt", &format!("//@ timeout: 0.5\n{WAITS}"))]);
    let begin = Instant::now();
    let arguments = ["run", "b.pkt", "--target", "linux", "--ip-version", "ipv4"];
    let (status, out, err) = super::support::outcome(folder.path(), &arguments);
    assert_eq!(status, 96, "{out}{err}");
    if err.contains("is not possible here") {
        eprintln!("not possible here: {err}");
        return;
    }
    assert!(out.contains("the run was given up after 0.5 s"), "{out}");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn a_reader_that_goes_away_ends_the_suite_without_noise() {
    let folder = folder(&[("a.pkt", PASSES)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_rfcheck"))
        .args(["run", "--format", "json"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(96), ""));
}
