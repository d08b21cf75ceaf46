//! What scripts test and what not: as a table for people, as JSON, as Markdown.

mod json;
mod markdown;
mod table;

pub(crate) use json::write as write_json;
pub(crate) use markdown::write as write_markdown;
pub(crate) use table::write as write_table;

use super::cell::Cell;
use crate::suite::{Coverage, Covered, State, Sums};

/// The sums of each RFC, of each level, and of all, each with its name.
pub(super) fn totals(coverage: &Coverage) -> [Vec<(String, Sums)>; 3] {
    let rfcs = coverage.rfcs.iter().map(|rfc| (format!("RFC {}", rfc.rfc), Sums::of(&rfc.requirements)));
    let levels = coverage.by_level().into_iter().map(|(level, sums)| (level.name().to_owned(), sums));
    [rfcs.collect(), levels.collect(), vec![("all".to_owned(), Sums::of(coverage.requirements()))]]
}

/// What stands above the columns of the sums.
pub(super) const COLUMNS: [&str; 5] = ["tested", "reason", "no reason", "API", "internal"];

/// The columns of the sums: what shows on the link, then what does not, as tested of all.
pub(super) fn columns(sums: &Sums) -> [String; 5] {
    [
        sums.tested.to_string(),
        sums.reason.to_string(),
        sums.no_reason.to_string(),
        format!("{} of {}", sums.api_tested, sums.api),
        format!("{} of {}", sums.internal_tested, sums.internal),
    ]
}

/// The scripts that test a requirement, or why none does.
pub(super) fn answer(covered: &Covered) -> String {
    match (covered.state(), covered.reason()) {
        (State::Tested, _) => format!("tested by {}", covered.scripts.join(", ")),
        (_, Some(reason)) => format!("not tested: {reason}"),
        (State::NotOnWire, None) => "not tested: it does not show on the link".to_owned(),
        (_, None) => "not tested, and nobody says why".to_owned(),
    }
}

/// The verdicts of a requirement's runs, one cell a target.
fn cells(coverage: &Coverage, covered: &Covered) -> Vec<Cell> {
    let mut cells = vec![Cell::default(); coverage.targets.len()];
    for run in &covered.runs {
        if let Some(column) = coverage.targets.iter().position(|target| *target == run.target) {
            cells[column].add(run.verdict, run.standing);
        }
    }
    cells
}
