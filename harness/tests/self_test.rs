//! The suite is itself tested: every requirement with a script is killed by a fault that is made for it.
//!
//! `rfcheck self-test --quick` runs each fault with the scripts of the requirements that it is made for. What smoltcp passes
//! is proven in virtual time; what it does not pass, on the kernel, where that is possible.

use std::collections::{BTreeMap, BTreeSet};

use assert_cmd::Command;
use rfcheck::suite::config::Config;
use rfcheck::suite::{Coverage, Request, Source};
use rfcheck::target::fault::Fault;

/// What is looked at of the object that `--format json` writes.
#[derive(serde::Deserialize)]
struct Matrix {
    as_expected: bool,
    totals: Totals,
    requirements: Vec<Requirement>,
    faults: Vec<FaultRow>,
    scripts: Vec<ScriptRow>,
    stale: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Totals {
    requirements: usize,
    killed_by_own: usize,
    faults: usize,
    faults_killed: usize,
}

#[derive(serde::Deserialize)]
struct Requirement {
    id: String,
    killed_by: String,
    scripts: Vec<String>,
}

#[derive(serde::Deserialize)]
struct FaultRow {
    name: String,
    in_question: bool,
    scripts: Vec<String>,
    missed: Vec<String>,
    reason: Option<String>,
}

#[derive(serde::Deserialize)]
struct ScriptRow {
    name: String,
    passes_on: Option<String>,
    faults: Vec<String>,
}

/// Requirements whose scripts demand what RFC 5961 leaves open without its profile.
const OF_RFC_5961: [&str; 4] = ["9293-MAY-12", "9293-U-9", "SEC-11", "TCPX-02"];

/// Exit status, matrix if there is one, and standard error.
fn self_test(arguments: &[&str]) -> (i32, Option<Matrix>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rfcheck"))
        .args(["self-test", "--format", "json"])
        .args(arguments)
        .output()
        .expect("the command starts");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), serde_json::from_slice(&output.stdout).ok(), error)
}

impl Matrix {
    /// Requirements whose scripts pass, and that no fault made for them kills.
    fn unproven(&self) -> Vec<&str> {
        let rows = self.requirements.iter().filter(|row| !matches!(row.killed_by.as_str(), "own" | "unknown"));
        rows.map(|row| row.id.as_str()).collect()
    }

    /// Scripts that pass, and that no fault fails.
    fn idle(&self) -> Vec<&str> {
        let rows = self.scripts.iter().filter(|row| row.passes_on.is_some() && row.faults.is_empty());
        rows.map(|row| row.name.as_str()).collect()
    }

    /// All that is not as it should be, in words.
    fn gaps(&self) -> BTreeSet<String> {
        let claimed = self.faults.iter().filter(|row| row.reason.is_none());
        let missed = claimed.flat_map(|row| {
            row.missed.iter().map(|id| format!("{} is made for {id}, whose scripts do not notice it", row.name))
        });
        let unproven = self.unproven().into_iter().map(|id| format!("no fault made for {id} kills it"));
        let nowhere = self.requirements.iter().filter(|row| row.killed_by == "unknown");
        let nowhere = nowhere.filter(|row| !OF_RFC_5961.contains(&row.id.as_str()));
        // Dialogues do not run on bare stacks.
        let nowhere = nowhere.filter(|row| row.scripts.iter().any(|script| script.contains(".pkt")));
        let nowhere = nowhere.map(|row| format!("no script of {} passes on any target, mended or not", row.id));
        let idle = self.idle().into_iter().map(|script| format!("no fault fails {script}"));
        let unexplained = self.unexplained().into_iter().map(|fault| format!("no script kills {fault}"));
        missed.chain(unproven).chain(nowhere).chain(idle).chain(unexplained).chain(self.stale.iter().cloned()).collect()
    }

    /// Faults that no script kills, and nobody says why.
    fn unexplained(&self) -> Vec<&str> {
        let rows = self.faults.iter().filter(|row| row.in_question && row.scripts.is_empty() && row.reason.is_none());
        rows.map(|row| row.name.as_str()).collect()
    }
}

#[test]
fn smoltcp_proves_every_requirement_that_it_meets() {
    let (status, matrix, error) = self_test(&["--quick", "--target", "smoltcp"]);
    let matrix = matrix.unwrap_or_else(|| panic!("no matrix: {error}"));
    assert_eq!(matrix.unproven(), Vec::<&str>::new(), "make a fault for each, or mend its scripts");
    assert_eq!(matrix.idle(), Vec::<&str>::new(), "no fault fails these scripts");
    assert_eq!(
        matrix.unexplained(),
        Vec::<&str>::new(),
        "no script kills these faults: say why in specs/survivors.toml"
    );
    assert_eq!(matrix.stale, Vec::<String>::new());
    assert_eq!((status, matrix.as_expected), (0, true), "{error}");
    assert!(matrix.totals.requirements >= 400, "{} requirements", matrix.totals.requirements);
    assert_eq!(matrix.totals.killed_by_own, matrix.totals.requirements);
    assert!(matrix.totals.faults >= 300, "{} faults", matrix.totals.faults);
}

/// In the whole matrix `keep-alive-at-once` falls to scripts of another requirement by accident, and the reason why those made
/// for it do not notice it counted as stale.
#[test]
fn an_accidental_kill_makes_no_reason_stale() {
    let (_, matrix, error) =
        self_test(&["--fault", "keep-alive-at-once", "../specs/states/timeout", "../specs/rfc9293/keep-alive"]);
    let matrix = matrix.unwrap_or_else(|| panic!("no matrix: {error}"));
    let row = matrix.faults.iter().find(|row| row.name == "keep-alive-at-once").expect("it is in the catalogue");
    assert!(!row.scripts.is_empty() && !row.missed.is_empty() && row.reason.is_some());
    assert_eq!(matrix.stale, Vec::<String>::new(), "{error}");
}

/// On the kernel a busy machine may judge a run wrongly or not at all: what is not proven is looked at twice.
#[test]
fn the_kernel_proves_what_smoltcp_does_not_meet() {
    let mut unproven: Option<BTreeSet<String>> = None;
    for _ in 0..2 {
        let (status, matrix, error) = self_test(&["--quick", "--target", "smoltcp,linux"]);
        let Some(matrix) = matrix.filter(|_| !error.contains("is not possible here")) else {
            println!("not run: {error}");
            return;
        };
        assert!(matches!(status, 0 | 96 | 100), "{error}");
        let Totals { faults, faults_killed, .. } = matrix.totals;
        assert!(faults_killed * 100 >= faults * 95, "{faults_killed} of {faults} faults are killed");
        let now = matrix.gaps();
        let both = unproven.take().map_or_else(|| now.clone(), |before| before.intersection(&now).cloned().collect());
        if both.is_empty() {
            return;
        }
        unproven = Some(both);
    }
    panic!("make a fault for each, mend its scripts, or say why in specs/survivors.toml: {unproven:#?}");
}

#[test]
fn the_kernel_proves_the_mitigations_of_rfc_5961_with_their_profile() {
    let filters = OF_RFC_5961.iter().flat_map(|id| ["--filter", id]);
    let arguments: Vec<_> =
        ["--quick", "--target", "linux", "--profile", "rfc5961"].into_iter().chain(filters).collect();
    for is_last in [false, true] {
        let (_, matrix, error) = self_test(&arguments);
        let Some(matrix) = matrix.filter(|_| !error.contains("is not possible here")) else {
            println!("not run: {error}");
            return;
        };
        let proven = |id: &&str| matrix.requirements.iter().any(|row| row.id == **id && row.killed_by == "own");
        let left: Vec<_> = OF_RFC_5961.iter().filter(|id| !proven(id)).collect();
        assert!(left.is_empty() || !is_last, "not proven: {left:?}");
        if left.is_empty() {
            return;
        }
    }
}

/// The folders of dialogues, which the servers of reference answer.
const DIALOGUES: [&str; 5] = ["http", "smtp", "dns", "pop3", "imap"];

#[test]
fn the_servers_of_reference_prove_every_requirement_of_dialogues() {
    let mut gaps = BTreeMap::new();
    let mut killed = BTreeSet::new();
    for folder in DIALOGUES {
        let folder_path = format!("{}/../specs/{folder}", env!("CARGO_MANIFEST_DIR"));
        let (status, matrix, error) = self_test(&["--quick", &folder_path]);
        let matrix = matrix.unwrap_or_else(|| panic!("no matrix: {error}"));
        let found = matrix.gaps();
        assert!(status == 0 || !found.is_empty(), "{status}: {error}");
        killed.extend(matrix.faults.iter().filter(|row| !row.scripts.is_empty()).map(|row| row.name.clone()));
        killed.extend(matrix.faults.iter().filter(|row| row.reason.is_some()).map(|row| row.name.clone()));
        gaps.insert(folder, found);
    }
    gaps.retain(|_, found| !found.is_empty());
    assert!(
        gaps.is_empty(),
        "make a fault for each, mend its dialogues, or say why in specs/survivors.toml: {gaps:#?}"
    );
    let all = Fault::all().filter(|fault| fault.is_of_application());
    let idle: Vec<_> = all.map(|fault| fault.name).filter(|name| !killed.contains(*name)).collect();
    assert!(idle.is_empty(), "no dialogue notices {}", idle.join(", "));
}

#[test]
fn every_requirement_with_a_script_has_a_fault_made_for_it() {
    let coverage = Coverage::of(&Source::BuiltIn, &Config::default(), &Request::default()).expect("the built-in specs");
    let without: Vec<_> = coverage
        .requirements()
        // What dialogues alone test is proven by the deviations of the servers of reference.
        .filter(|covered| covered.scripts.iter().any(|script| script.contains(".pkt")))
        .map(|covered| covered.requirement.id.as_str())
        .filter(|id| !Fault::all().any(|fault| fault.is_made_for(id)))
        .collect();
    assert!(without.is_empty(), "make a fault for {}", without.join(", "));
}

#[test]
fn every_fault_is_made_for_requirements_that_scripts_test() {
    let coverage = Coverage::of(&Source::BuiltIn, &Config::default(), &Request::default()).expect("the built-in specs");
    let tested: Vec<_> = coverage.requirements().filter(|covered| !covered.scripts.is_empty()).collect();
    // Faults of an application protocol are there before its suite is: they are held to what has dialogues by the matrix.
    for fault in Fault::all().filter(|fault| !fault.is_generic() && !fault.is_of_application()) {
        for entry in fault.requirements {
            let one = tested.iter().any(|covered| {
                let id = &covered.requirement.id;
                fault.is_made_for(id) && (entry == id || entry.contains(".."))
            });
            assert!(one, "{} is made for {entry}, which no script tests", fault.name);
        }
    }
}
