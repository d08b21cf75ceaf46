//! As Markdown, for a page that people read: the sums, what survives, the requirements, the faults.

use std::io::{self, Write};

use super::super::text::escaped;
use super::{Sums, kills, survivors, word};
use crate::suite::{KillMatrix, KilledBy};

/// Writes a document.
pub(crate) fn write(out: &mut impl Write, matrix: &KillMatrix) -> io::Result<()> {
    writeln!(out, "# Kill matrix\n\nOn {}.\n", matrix.targets.join(", then "))?;
    for line in Sums::of(matrix).lines() {
        writeln!(out, "- {}", line.split_whitespace().collect::<Vec<_>>().join(" "))?;
    }
    let survivors = survivors(matrix);
    if !survivors.is_empty() || !matrix.stale.is_empty() {
        writeln!(out, "\n## What survives\n\n| what | name | it | why |\n|---|---|---|---|")?;
        for (kind, name, text, reason) in survivors {
            let why = escaped(reason.unwrap_or("nobody says why"));
            writeln!(out, "| {kind} | {} | {} | {why} |", escaped(name), escaped(text))?;
        }
        for stale in &matrix.stale {
            writeln!(out, "| stale | | {} | |", escaped(stale))?;
        }
    }
    writeln!(out, "\n## Requirements\n\n| requirement | level | | faults |\n|---|---|---|---|")?;
    for row in matrix.requirements.iter().filter(|row| row.killed_by != KilledBy::NotTried) {
        let (id, level) = (&row.requirement.id, row.requirement.level.name());
        writeln!(out, "| {id} | {level} | {} | {} |", word(row.killed_by), kills(matrix, row))?;
    }
    writeln!(out, "\n## Faults\n\n| fault | a target with it | breaks | made for | scripts that kill it |")?;
    writeln!(out, "|---|---|---|---|---:|")?;
    for row in &matrix.faults {
        let fault = row.fault;
        let made_for = if fault.is_generic() { "no clause".to_owned() } else { fault.requirements.join(" ") };
        let breaks = escaped(fault.breaks);
        writeln!(out, "| {} | {} | {breaks} | {made_for} | {} |", fault.name, escaped(fault.does), row.scripts.len())?;
    }
    Ok(())
}
