//! Verdicts by RFC: a line for each requirement, a column for each target.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::super::cell::Cell;
use super::super::text::{FAINT, STRONG, cut, padded, styled};
use crate::suite::{NaturalKey, Requirement, RunFinished, SuiteStarted, natural};

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
            row.1[column].add(run.verdict, run.standing);
        }
        if run.requirements.is_empty() {
            let folder = run.id.script.name.rsplit_once('/').map_or(".", |(folder, _)| folder);
            let cells = match self.folders.get_mut(folder) {
                Some(cells) => cells,
                None => self.folders.entry(folder.to_owned()).or_insert_with(|| vec![Cell::default(); columns]),
            };
            cells[column].add(run.verdict, run.standing);
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
