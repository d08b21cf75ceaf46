//! For people: the requirements of each RFC, then the sums.

use std::io::{self, Write};

use super::super::text::{BAD, DUBIOUS, FAINT, STRONG, cut, padded, styled, wrapped};
use super::{COLUMNS, answer, cells, columns, totals};
use crate::suite::{Coverage, Covered, RfcCoverage, State};

/// Columns of a line where no terminal says how many there are.
const WIDTH: usize = 120;
/// Sections that have names have long ones.
const LONGEST_SECTION: usize = 22;
/// The longest level, `SHOULD NOT`.
const LEVEL: usize = 10;

/// Writes a table that is `width` columns wide. Colours are always written: strip them on the way to what shows none.
pub(crate) fn write(out: &mut impl Write, coverage: &Coverage, width: Option<usize>) -> io::Result<()> {
    let table = Table { coverage, width: width.unwrap_or(WIDTH), targets: target_widths(coverage) };
    for rfc in &coverage.rfcs {
        table.rfc(out, rfc)?;
    }
    sums(out, coverage)
}

struct Table<'a> {
    coverage: &'a Coverage,
    width: usize,
    targets: Vec<usize>,
}

fn target_widths(coverage: &Coverage) -> Vec<usize> {
    let mut widths: Vec<_> = coverage.targets.iter().map(|target| target.chars().count()).collect();
    for covered in coverage.requirements() {
        for (width, cell) in widths.iter_mut().zip(cells(coverage, covered)) {
            *width = (*width).max(cell.shown().0.chars().count());
        }
    }
    widths
}

impl Table<'_> {
    fn rfc(&self, out: &mut impl Write, rfc: &RfcCoverage) -> io::Result<()> {
        // The number stands in front already.
        let own = format!(" (RFC {})", rfc.rfc);
        let title = rfc.title.as_deref().map(|title| format!("  {}", title.trim_end_matches(&own)));
        writeln!(out, "{}", styled(STRONG, &format!("RFC {}{}", rfc.rfc, title.unwrap_or_default())))?;
        let widest = |text: fn(&Covered) -> &str| {
            rfc.requirements.iter().map(|covered| text(covered).chars().count()).max().unwrap_or(0)
        };
        let id = widest(|covered| &covered.requirement.id);
        let section = widest(|covered| &covered.requirement.section).min(LONGEST_SECTION);
        if !self.targets.is_empty() {
            let names = self.coverage.targets.iter().zip(&self.targets);
            let names: Vec<_> = names.map(|(name, width)| padded(FAINT, name, *width)).collect();
            writeln!(out, "  {:id$}  {:LEVEL$}  {:section$}  {}", "", "", "", names.join("  ").trim_end())?;
        }
        for covered in &rfc.requirements {
            self.requirement(out, covered, id, section)?;
        }
        writeln!(out)
    }

    fn requirement(&self, out: &mut impl Write, covered: &Covered, id: usize, section: usize) -> io::Result<()> {
        let requirement = &covered.requirement;
        let shown = cells(self.coverage, covered).into_iter().zip(&self.targets).map(|(cell, width)| {
            let (text, style) = cell.shown();
            padded(style, &text, *width) + "  "
        });
        let verdicts: String = shown.collect();
        let used = 2 + id + 2 + LEVEL + 2 + section + 2 + self.targets.iter().map(|width| width + 2).sum::<usize>();
        let text = cut(&requirement.text, self.width.saturating_sub(used).max(20));
        let at = cut(&requirement.section, section);
        let level = requirement.level.name();
        writeln!(out, "  {:id$}  {level:LEVEL$}  {at:section$}  {verdicts}{text}", requirement.id)?;
        let style = match covered.state() {
            State::Tested | State::NotOnWire => FAINT,
            State::Reason => DUBIOUS,
            State::NoReason => BAD,
        };
        let indent = 2 + id + 2;
        for line in wrapped(&answer(covered), self.width.saturating_sub(indent).max(40)) {
            writeln!(out, "{:indent$}{}", "", styled(style, &line))?;
        }
        Ok(())
    }
}

fn sums(out: &mut impl Write, coverage: &Coverage) -> io::Result<()> {
    let groups = totals(coverage);
    let name = groups.iter().flatten().map(|(name, _)| name.len()).max().unwrap_or(0);
    let heads: Vec<_> = COLUMNS.iter().map(|head| format!("{head:>11}")).collect();
    writeln!(out, "{}", styled(STRONG, &format!("{:name$}  {}", "", heads.join("  "))))?;
    for group in &groups {
        for (of, sums) in group {
            let numbers: Vec<_> = columns(sums).iter().map(|number| format!("{number:>11}")).collect();
            writeln!(out, "{of:name$}  {}", numbers.join("  "))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
