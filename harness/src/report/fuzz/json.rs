//! A campaign as JSON, one event a line. `schema/fuzz.schema.json` describes every line.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::{FuzzReporter, Started, clause, invariant};
use crate::fuzzing::{Cause, Found, Progress, Replayed, State, Totals, Unrepeated};

/// Version of the lines' format; grows with every change that could break a reader.
const SCHEMA: u32 = 1;

/// Writes events as JSON, one a line.
#[derive(Debug)]
pub(crate) struct FuzzJson<W>(W);

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    FuzzingStarted {
        schema: u32,
        version: &'a str,
        target: &'a str,
        seed: u64,
        jobs: usize,
        scripts: usize,
        known: &'a [String],
        resumed: bool,
    },
    Progress(Sums<'a>),
    Finding {
        id: String,
        cause: String,
        requirement: Option<&'a str>,
        level: Option<&'a str>,
        clause: Option<&'a str>,
        detail: &'a str,
        sessions: &'a [u64],
        events: Option<usize>,
        script: Option<String>,
        replayed: Option<&'static str>,
    },
    NotRepeated {
        id: String,
        cause: String,
        detail: &'a str,
        sessions: &'a [u64],
        looked_at_again: bool,
    },
    FuzzingFinished {
        #[serde(flatten)]
        sums: Sums<'a>,
        interrupted: bool,
        hangs: bool,
    },
}

#[derive(Serialize)]
struct Sums<'a> {
    sessions: u64,
    waiting_sessions: u64,
    elapsed_ms: u64,
    sessions_a_second: u64,
    states: usize,
    transitions: &'a [(State, State)],
    findings: usize,
}

impl<W: Write> FuzzJson<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W) -> Self {
        FuzzJson(out)
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.0.write_all(&text)?;
        self.0.flush()
    }
}

fn sums(progress: &Progress, findings: usize) -> Sums<'_> {
    let at = &progress.at;
    Sums {
        sessions: at.sessions[0],
        waiting_sessions: at.sessions[1],
        elapsed_ms: at.elapsed_ms,
        sessions_a_second: progress.rate as u64,
        states: progress.states,
        transitions: &at.transitions,
        findings,
    }
}

/// Requirement, level and clause that a cause breaks.
pub(super) fn broken(cause: &Cause) -> [Option<&'static str>; 3] {
    match invariant(cause) {
        Some(invariant) => [Some(invariant.requirement()), Some(invariant.level()), Some(invariant.clause())],
        None => [None, None, clause(cause).map(|(clause, _)| clause)],
    }
}

impl<W: Write> FuzzReporter for FuzzJson<W> {
    fn started(&mut self, started: &Started<'_>) -> io::Result<()> {
        self.line(&Line::FuzzingStarted {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            target: started.target,
            seed: started.seed,
            jobs: started.jobs,
            scripts: started.scripts,
            known: started.known,
            resumed: started.resumed.is_some(),
        })
    }

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        self.line(&Line::Progress(sums(progress, progress.found)))
    }

    fn found(&mut self, found: &Found, script: Option<&Path>) -> io::Result<()> {
        let [requirement, level, clause] = broken(&found.cause);
        let triaged = found.examined.triaged.as_ref();
        self.line(&Line::Finding {
            id: found.cause.id(),
            cause: found.cause.to_string(),
            requirement,
            level,
            clause,
            detail: &found.detail,
            sessions: &found.examined.seeds,
            events: triaged.map(|triaged| triaged.session.events.len()),
            script: script.map(|path| path.display().to_string()),
            replayed: triaged.map(|triaged| match triaged.replayed {
                Replayed::Fails(_) => "fails",
                Replayed::Breaks(_) => "violation",
                Replayed::Otherwise(..) => "otherwise",
                Replayed::Unreadable(_) => "unreadable",
            }),
        })
    }

    fn unrepeated(&mut self, seen: &Unrepeated, ended: bool) -> io::Result<()> {
        self.line(&Line::NotRepeated {
            id: seen.cause.id(),
            cause: seen.cause.to_string(),
            detail: &seen.detail,
            sessions: &seen.seeds,
            looked_at_again: !ended,
        })
    }

    fn finished(&mut self, totals: &Totals, found: usize) -> io::Result<()> {
        self.line(&Line::FuzzingFinished {
            sums: sums(&totals.progress, found),
            interrupted: totals.interrupted,
            hangs: totals.hangs,
        })
    }
}
