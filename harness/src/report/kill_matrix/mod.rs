//! The kill matrix: as a table for people, as JSON, as Markdown.

mod json;
mod markdown;
mod table;

pub(crate) use json::write as write_json;
pub(crate) use markdown::write as write_markdown;
pub(crate) use table::write as write_table;

use crate::suite::{KillMatrix, KilledBy, RequirementRow};

/// How many of what are killed.
struct Sums {
    /// Requirements whose scripts pass on a target.
    provable: usize,
    /// Those killed by a fault made for them, by others alone, by generic ones alone, and by none.
    by: [usize; 4],
    /// Requirements whose scripts pass on no target.
    unknown: usize,
    /// Faults that a script should kill, and those that one does.
    faults: usize,
    faults_killed: usize,
    /// Scripts that pass on a target, and those that a fault fails.
    scripts: usize,
    scripts_killing: usize,
}

impl Sums {
    fn of(matrix: &KillMatrix) -> Sums {
        let count = |by| matrix.requirements.iter().filter(|row| row.killed_by == by).count();
        let faults = matrix.faults.iter().filter(|row| row.in_question).count();
        let scripts = matrix.scripts.iter().filter(|row| row.is_tried && row.passes_on.is_some()).count();
        Sums {
            provable: matrix.provable().count(),
            by: [KilledBy::Own, KilledBy::Other, KilledBy::Generic, KilledBy::None].map(count),
            unknown: count(KilledBy::Unknown),
            faults,
            faults_killed: faults - matrix.surviving_faults().count(),
            scripts,
            scripts_killing: scripts - matrix.surviving_scripts().count(),
        }
    }

    /// One line each.
    fn lines(&self) -> [String; 3] {
        let [own, other, generic, none] = self.by;
        [
            format!(
                "requirements  {own} of {} killed by a fault made for them ({}); {other} only by others, {generic} only \
                 by generic ones, {none} by none; {} that no script passes for",
                self.provable,
                percent(own, self.provable),
                self.unknown,
            ),
            format!(
                "faults        {} of {} killed ({})",
                self.faults_killed,
                self.faults,
                percent(self.faults_killed, self.faults)
            ),
            format!(
                "scripts       {} of {} fail with a fault ({})",
                self.scripts_killing,
                self.scripts,
                percent(self.scripts_killing, self.scripts)
            ),
        ]
    }
}

/// A part of a whole, rounded down: only all is 100%.
fn percent(part: usize, whole: usize) -> String {
    match (part * 1000).checked_div(whole) {
        None => "-".to_owned(),
        Some(1000) => "100%".to_owned(),
        Some(tenths) => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

/// How well a requirement is proven, in a word or two.
const fn word(killed_by: KilledBy) -> &'static str {
    match killed_by {
        KilledBy::Own => "killed",
        KilledBy::Other => "other faults",
        KilledBy::Generic => "generic only",
        KilledBy::None => "SURVIVES",
        KilledBy::Unknown => "unknown",
        KilledBy::NotTried => "not tried",
    }
}

/// What survives: what it is, its name, what it does or demands, and why, if somebody says so.
fn survivors(matrix: &KillMatrix) -> Vec<(&'static str, &str, &str, Option<&str>)> {
    let mut all = Vec::new();
    for row in matrix.surviving_requirements() {
        all.push(("requirement", row.requirement.id.as_str(), row.requirement.text.as_str(), row.reason.as_deref()));
    }
    for row in matrix.surviving_faults() {
        all.push(("fault", row.fault.name, row.fault.does, row.reason.as_deref()));
    }
    for row in matrix.surviving_scripts() {
        all.push(("script", row.name.as_str(), "", row.reason.as_deref()));
    }
    all
}

/// The faults that a requirement's scripts kill, first those made for it: all of them, or else how many there are.
fn kills(matrix: &KillMatrix, row: &RequirementRow) -> String {
    let own: Vec<_> = row.kills.iter().filter(|kill| kill.own).collect();
    let others = row.kills.len() - own.len();
    let name = |kill: &&crate::suite::Kill| match kill.target {
        0 => kill.fault.name.to_owned(),
        other => format!("{} on {}", kill.fault.name, matrix.targets[other]),
    };
    let mut text = own.iter().map(name).collect::<Vec<_>>().join(", ");
    if others > 0 {
        let first = row.kills.iter().filter(|kill| !kill.own).take(3).collect::<Vec<_>>();
        match own.len() {
            0 => {
                text = first.iter().map(name).collect::<Vec<_>>().join(", ");
                if others > first.len() {
                    text += &format!(" and {} more", others - first.len());
                }
            }
            _ => text += &format!(", and {others} made for others"),
        }
    }
    text
}
