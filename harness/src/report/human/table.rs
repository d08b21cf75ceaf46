//! Verdicts by RFC: a line for each requirement, a column for each target.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use anstyle::Style;

use super::super::text::{BAD, DUBIOUS, FAINT, GOOD, STRONG, cut, padded, styled};
use crate::engine::Verdict;
use crate::suite::{Requirement, RunFinished, Standing, SuiteStarted};

/// What one cell counts.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    pass: usize,
    fail: usize,
    unexpected_pass: usize,
    warning: usize,
    known: usize,
    inconclusive: usize,
    error: usize,
    not_applicable: usize,
}

/// All verdicts so far.
#[derive(Debug, Default)]
pub(super) struct Table {
    targets: Vec<String>,
    titles: BTreeMap<String, String>,
    /// By RFC and natural order of ID.
    requirements: BTreeMap<(u32, String), Rows>,
    /// Folders of scripts that name no requirement.
    folders: BTreeMap<String, Vec<Cell>>,
}

/// The requirements of one RFC, each with a cell for each target.
type Rows = BTreeMap<NaturalKey, (Arc<Requirement>, Vec<Cell>)>;

/// Text and numbers by turns, so that `MUST-2` comes before `MUST-10`.
type NaturalKey = Vec<(String, u64)>;

impl Table {
    pub(super) fn begin(&mut self, started: &SuiteStarted<'_>) {
        self.targets = started.targets.iter().map(|&target| target.to_owned()).collect();
        for requirement in started.catalogues.iter() {
            if let Some(title) = started.catalogues.title(&requirement.rfc) {
                self.titles.entry(requirement.rfc.clone()).or_insert_with(|| title.to_owned());
            }
        }
    }

    pub(super) fn add(&mut self, run: &RunFinished<'_>) {
        let Some(column) = self.targets.iter().position(|target| target == run.id.target) else { return };
        let columns = self.targets.len();
        for requirement in run.requirements {
            let rfc = (requirement.rfc.parse().unwrap_or(u32::MAX), requirement.rfc.clone());
            let row = self
                .requirements
                .entry(rfc)
                .or_default()
                .entry(natural(&requirement.id))
                .or_insert_with(|| (Arc::clone(requirement), vec![Cell::default(); columns]));
            row.1[column].add(run);
        }
        if run.requirements.is_empty() {
            let folder = run.id.script.name.rsplit_once('/').map_or(".", |(folder, _)| folder);
            let cells = match self.folders.get_mut(folder) {
                Some(cells) => cells,
                None => self.folders.entry(folder.to_owned()).or_insert_with(|| vec![Cell::default(); columns]),
            };
            cells[column].add(run);
        }
    }

    pub(super) fn write(&self, out: &mut impl Write, width: Option<usize>) -> io::Result<()> {
        let mut widths: Vec<usize> = self.targets.iter().map(|target| target.chars().count()).collect();
        let rows = self.requirements.values().flat_map(BTreeMap::values).map(|(_, cells)| cells);
        for cells in rows.clone() {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.shown().0.chars().count());
            }
        }
        let id_width = self
            .requirements
            .values()
            .flat_map(BTreeMap::values)
            .map(|(requirement, _)| requirement.id.chars().count())
            .max()
            .unwrap_or(0);
        for ((_, rfc), rows) in &self.requirements {
            // The number stands in front already.
            let own = format!(" (RFC {rfc})");
            let title = self.titles.get(rfc).map(|title| title.trim_end_matches(&own));
            let title = title.map(|title| format!("  {title}")).unwrap_or_default();
            writeln!(out, "{}", styled(STRONG, &format!("RFC {rfc}{title}")))?;
            let names: Vec<_> = self.targets.iter().zip(&widths).map(|(name, w)| padded(FAINT, name, *w)).collect();
            let names = format!("  {:id_width$}  {:10}  {}", "", "", names.join("  "));
            writeln!(out, "{}", names.trim_end())?;
            for (requirement, cells) in rows.values() {
                let shown: Vec<_> = cells
                    .iter()
                    .zip(&widths)
                    .map(|(cell, width)| {
                        let (text, style) = cell.shown();
                        padded(style, &text, *width)
                    })
                    .collect();
                let used = 2 + id_width + 2 + 10 + 2 + widths.iter().map(|w| w + 2).sum::<usize>();
                let text = match width {
                    Some(width) if width > used + 20 => cut(&requirement.text, width - used),
                    Some(_) => String::new(),
                    None => requirement.text.clone(),
                };
                let (id, level) = (&requirement.id, requirement.level.name());
                let line = format!("  {id:id_width$}  {level:10}  {}  {}", shown.join("  "), styled(FAINT, &text));
                writeln!(out, "{}", line.trim_end())?;
            }
            writeln!(out)?;
        }
        self.write_folders(out)
    }

    fn write_folders(&self, out: &mut impl Write) -> io::Result<()> {
        if self.folders.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", styled(STRONG, "Scripts that name no requirement"))?;
        let name_width = self.folders.keys().map(|name| name.chars().count()).max().unwrap_or(0);
        let targets = if self.targets.len() > 1 { &self.targets[..] } else { &[] };
        for (folder, cells) in &self.folders {
            let shown: Vec<_> = cells
                .iter()
                .enumerate()
                .map(|(at, cell)| match targets.get(at) {
                    Some(target) => format!("{}: {}", styled(FAINT, target), cell.counted()),
                    None => cell.counted(),
                })
                .collect();
            writeln!(out, "  {folder:name_width$}  {}", shown.join("; "))?;
        }
        writeln!(out)
    }
}

impl Cell {
    fn add(&mut self, run: &RunFinished<'_>) {
        *match (run.verdict, run.standing) {
            (Verdict::Pass, Standing::UnexpectedPass) => &mut self.unexpected_pass,
            (Verdict::Pass, _) => &mut self.pass,
            (Verdict::Fail, Standing::AsExpected) => &mut self.known,
            (Verdict::Fail, Standing::Warning) => &mut self.warning,
            (Verdict::Fail, _) => &mut self.fail,
            (Verdict::Inconclusive, _) => &mut self.inconclusive,
            (Verdict::NotApplicable, _) => &mut self.not_applicable,
            (Verdict::Error, _) => &mut self.error,
        } += 1;
    }

    /// What it counts, worst first.
    fn counts(&self) -> [(usize, &'static str, Style); 8] {
        [
            (self.fail, "FAIL", BAD),
            (self.unexpected_pass, "PASSES", BAD),
            (self.error, "error", BAD),
            (self.inconclusive, "inconclusive", DUBIOUS),
            (self.warning, "warning", DUBIOUS),
            (self.known, "known fail", DUBIOUS),
            (self.pass, "pass", GOOD),
            (self.not_applicable, "n/a", FAINT),
        ]
    }

    /// The worst, and how often, if there is something else too.
    fn shown(&self) -> (String, Style) {
        let counts = self.counts();
        let all: usize = counts.iter().map(|(number, ..)| number).sum();
        match counts.into_iter().find(|(number, ..)| *number > 0) {
            None => ("-".to_owned(), FAINT),
            Some((number, text, style)) if number == all => (text.to_owned(), style),
            // That some runs do not apply takes nothing from a pass.
            Some((number, text, style)) if number + self.not_applicable == all => (text.to_owned(), style),
            Some((number, text, style)) => (format!("{text} {number}/{all}"), style),
        }
    }

    /// Everything with its count.
    fn counted(&self) -> String {
        let parts: Vec<_> = self
            .counts()
            .into_iter()
            .rev()
            .filter(|(number, ..)| *number > 0)
            .map(|(number, text, style)| styled(style, &format!("{number} {text}")))
            .collect();
        if parts.is_empty() { styled(FAINT, "-") } else { parts.join(", ") }
    }
}

fn natural(id: &str) -> NaturalKey {
    let mut key = Vec::new();
    let mut rest = id;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(digits);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        key.push((text.to_owned(), after[..end].parse().unwrap_or(0)));
        rest = &after[end..];
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_numbers() {
        let mut ids = ["9293-MUST-10", "9293-MUST-2", "9293-MAY-3"];
        ids.sort_by_key(|id| natural(id));
        assert_eq!(ids, ["9293-MAY-3", "9293-MUST-2", "9293-MUST-10"]);
    }

    #[test]
    fn a_cell_shows_the_worst() {
        let cell = Cell { pass: 2, ..Cell::default() };
        assert_eq!(cell.shown().0, "pass");
        let cell = Cell { pass: 2, fail: 1, ..Cell::default() };
        assert_eq!(cell.shown().0, "FAIL 1/3");
        let cell = Cell { pass: 2, not_applicable: 1, ..Cell::default() };
        assert_eq!(cell.shown().0, "pass");
        assert_eq!(Cell::default().shown().0, "-");
    }
}
