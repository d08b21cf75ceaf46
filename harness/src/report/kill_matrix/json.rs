//! As one JSON object.

use std::io::{self, Write};

use serde::Serialize;

use super::Sums;
use crate::suite::{KillMatrix, KilledBy, Level};

/// Version of the object's format; grows with every change that could break a reader.
const SCHEMA: u32 = 1;

/// Writes one object, indented.
pub(crate) fn write(out: &mut impl Write, matrix: &KillMatrix) -> io::Result<()> {
    let sums = Sums::of(matrix);
    let [own, other, generic, none] = sums.by;
    let target = |index: usize| matrix.targets[index].as_str();
    let document = Document {
        schema: SCHEMA,
        targets: &matrix.targets,
        as_expected: matrix.is_as_expected(),
        totals: Totals {
            requirements: sums.provable,
            killed_by_own: own,
            killed_by_others_only: other,
            killed_by_generic_only: generic,
            surviving: none,
            unknown: sums.unknown,
            faults: sums.faults,
            faults_killed: sums.faults_killed,
            scripts: sums.scripts,
            scripts_killing: sums.scripts_killing,
        },
        requirements: matrix
            .requirements
            .iter()
            .map(|row| Requirement {
                id: &row.requirement.id,
                level: row.requirement.level,
                killed_by: row.killed_by,
                scripts: &row.scripts,
                kills: row
                    .kills
                    .iter()
                    .map(|kill| Kill { fault: kill.fault.name, target: target(kill.target), made_for: kill.own })
                    .collect(),
                reason: row.reason.as_deref(),
            })
            .collect(),
        faults: matrix
            .faults
            .iter()
            .map(|row| Fault {
                name: row.fault.name,
                does: row.fault.does,
                breaks: row.fault.breaks,
                made_for: row.fault.requirements,
                in_question: row.in_question,
                scripts: &row.scripts,
                missed: &row.missed,
                reason: row.reason.as_deref(),
            })
            .collect(),
        scripts: matrix
            .scripts
            .iter()
            .map(|row| Script {
                name: &row.name,
                passes_on: row.passes_on.map(target),
                faults: &row.faults,
                reason: row.reason.as_deref(),
            })
            .collect(),
        stale: &matrix.stale,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    targets: &'a [String],
    as_expected: bool,
    totals: Totals,
    requirements: Vec<Requirement<'a>>,
    faults: Vec<Fault<'a>>,
    scripts: Vec<Script<'a>>,
    stale: &'a [String],
}

#[derive(Serialize)]
struct Totals {
    requirements: usize,
    killed_by_own: usize,
    killed_by_others_only: usize,
    killed_by_generic_only: usize,
    surviving: usize,
    unknown: usize,
    faults: usize,
    faults_killed: usize,
    scripts: usize,
    scripts_killing: usize,
}

#[derive(Serialize)]
struct Requirement<'a> {
    id: &'a str,
    level: Level,
    killed_by: KilledBy,
    scripts: &'a [String],
    kills: Vec<Kill<'a>>,
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Kill<'a> {
    fault: &'a str,
    target: &'a str,
    made_for: bool,
}

#[derive(Serialize)]
struct Fault<'a> {
    name: &'a str,
    does: &'a str,
    breaks: &'a str,
    made_for: &'a [&'a str],
    in_question: bool,
    scripts: &'a [String],
    missed: &'a [String],
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Script<'a> {
    name: &'a str,
    passes_on: Option<&'a str>,
    faults: &'a [&'a str],
    reason: Option<&'a str>,
}
