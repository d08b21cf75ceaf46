//! As Markdown, for a page that people read: the sums first, then the requirements of each RFC.

use std::io::{self, Write};

use super::super::text::escaped;
use super::{COLUMNS, answer, cells, columns, totals};
use crate::suite::Coverage;

/// Writes a document.
pub(crate) fn write(out: &mut impl Write, coverage: &Coverage) -> io::Result<()> {
    writeln!(out, "# Coverage\n")?;
    writeln!(out, "| | {} |", COLUMNS.join(" | "))?;
    writeln!(out, "|---|{}", "---:|".repeat(COLUMNS.len()))?;
    for (of, sums) in totals(coverage).iter().flatten() {
        writeln!(out, "| {of} | {} |", columns(sums).join(" | "))?;
    }
    for rfc in &coverage.rfcs {
        let title = rfc.title.as_deref().map(|title| format!(": {title}")).unwrap_or_default();
        writeln!(out, "\n## RFC {}{title}\n", rfc.rfc)?;
        let targets: String = coverage.targets.iter().map(|target| format!(" {} |", escaped(target))).collect();
        writeln!(out, "| requirement | level | section |{targets} it demands | scripts |")?;
        writeln!(out, "|---|---|---|{}---|---|", "---|".repeat(coverage.targets.len()))?;
        for covered in &rfc.requirements {
            let requirement = &covered.requirement;
            let verdicts: String =
                cells(coverage, covered).iter().map(|cell| format!(" {} |", cell.shown().0)).collect();
            let (id, section, text) = (&requirement.id, escaped(&requirement.section), escaped(&requirement.text));
            let level = requirement.level.name();
            writeln!(out, "| {id} | {level} | {section} |{verdicts} {text} | {} |", escaped(&answer(covered)))?;
        }
    }
    Ok(())
}
