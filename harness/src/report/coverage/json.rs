//! As one JSON object.

use std::io::{self, Write};

use serde::Serialize;

use crate::suite::{Coverage, Covered, Level, Observable, RunVerdict, Standing, State, Sums, verdict_name};

/// Version of the object's format; grows with every change that could break a reader.
const SCHEMA: u32 = 1;

/// Writes one object, indented.
pub(crate) fn write(out: &mut impl Write, coverage: &Coverage) -> io::Result<()> {
    let levels = coverage.by_level();
    let document = Document {
        schema: SCHEMA,
        targets: &coverage.targets,
        wrong_scripts: &coverage.wrong_scripts,
        totals: Sums::of(coverage.requirements()),
        levels: levels.into_iter().map(|(level, totals)| LevelSums { level, totals }).collect(),
        rfcs: coverage
            .rfcs
            .iter()
            .map(|rfc| Rfc {
                rfc: &rfc.rfc,
                title: rfc.title.as_deref(),
                totals: Sums::of(&rfc.requirements),
                requirements: rfc.requirements.iter().map(requirement).collect(),
            })
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    targets: &'a [String],
    wrong_scripts: &'a [String],
    totals: Sums,
    levels: Vec<LevelSums>,
    rfcs: Vec<Rfc<'a>>,
}

#[derive(Serialize)]
struct LevelSums {
    level: Level,
    totals: Sums,
}

#[derive(Serialize)]
struct Rfc<'a> {
    rfc: &'a str,
    title: Option<&'a str>,
    totals: Sums,
    requirements: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    level: Level,
    section: &'a str,
    observable: Observable,
    text: &'a str,
    state: State,
    scripts: &'a [String],
    reason: Option<&'a str>,
    runs: Vec<Run<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    target: &'a str,
    script: &'a str,
    ip_version: &'a str,
    verdict: &'static str,
    standing: Standing,
}

fn requirement(covered: &Covered) -> Row<'_> {
    let requirement = &covered.requirement;
    Row {
        id: &requirement.id,
        level: requirement.level,
        section: &requirement.section,
        observable: requirement.observable,
        text: &requirement.text,
        state: covered.state(),
        scripts: &covered.scripts,
        reason: covered.reason(),
        runs: covered.runs.iter().map(run).collect(),
    }
}

fn run(run: &RunVerdict) -> Run<'_> {
    Run {
        target: &run.target,
        script: &run.script,
        ip_version: run.ip_version.name(),
        verdict: verdict_name(run.verdict),
        standing: run.standing,
    }
}
