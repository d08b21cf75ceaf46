//! For people: requirement by requirement the faults that its scripts kill, then what survives, then the sums.

use std::io::{self, Write};

use super::super::text::{BAD, DUBIOUS, FAINT, GOOD, STRONG, padded, styled, wrapped};
use super::{Sums, kills, survivors, word};
use crate::suite::{KillMatrix, KilledBy};

/// Columns of a line where no terminal says how many there are.
const WIDTH: usize = 120;
/// The longest of the words.
const WORD: usize = 12;

/// Writes a table that is `width` columns wide. Colours are always written: strip them on the way to what shows none.
pub(crate) fn write(out: &mut impl Write, matrix: &KillMatrix, width: Option<usize>) -> io::Result<()> {
    let width = width.unwrap_or(WIDTH);
    let id = matrix.requirements.iter().map(|row| row.requirement.id.chars().count()).max().unwrap_or(0);
    let mut rfc = "";
    for row in matrix.requirements.iter().filter(|row| row.killed_by != KilledBy::NotTried) {
        if row.requirement.rfc != rfc {
            rfc = &row.requirement.rfc;
            writeln!(out, "{}", styled(STRONG, &format!("RFC {rfc}")))?;
        }
        let style = match row.killed_by {
            KilledBy::Own => GOOD,
            KilledBy::Other | KilledBy::Generic => DUBIOUS,
            KilledBy::None => BAD,
            KilledBy::Unknown | KilledBy::NotTried => FAINT,
        };
        let indent = 2 + id + 2 + WORD + 2;
        let text = match row.killed_by {
            KilledBy::Unknown => "no script of it passes".to_owned(),
            _ => kills(matrix, row),
        };
        let mut lines = wrapped(&text, width.saturating_sub(indent).max(40)).into_iter();
        let first = lines.next().unwrap_or_default();
        let word = padded(style, word(row.killed_by), WORD);
        writeln!(out, "{}", format!("  {:id$}  {word}  {first}", row.requirement.id).trim_end())?;
        for line in lines {
            writeln!(out, "{:indent$}{line}", "")?;
        }
    }
    surviving(out, matrix)?;
    writeln!(out)?;
    for line in Sums::of(matrix).lines() {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn surviving(out: &mut impl Write, matrix: &KillMatrix) -> io::Result<()> {
    let survivors = survivors(matrix);
    if !survivors.is_empty() {
        writeln!(out, "\n{}", styled(STRONG, "What survives"))?;
    }
    for (kind, name, text, reason) in survivors {
        let style = if reason.is_some() { DUBIOUS } else { BAD };
        writeln!(out, "  {} {}  {text}", padded(style, kind, "requirement".len()), name)?;
        writeln!(out, "    {}", styled(FAINT, reason.unwrap_or("nobody says why")))?;
    }
    for stale in &matrix.stale {
        writeln!(out, "  {} {stale}", padded(BAD, "stale", "requirement".len()))?;
    }
    Ok(())
}
