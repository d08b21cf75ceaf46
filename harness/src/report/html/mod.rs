//! One page for people: requirements down, targets across, and behind each failure its packets as a sequence diagram.
//!
//! The page holds all that it shows: no script, nothing from elsewhere. What a cell opens is there already and is shown by
//! the fragment of the address (`:target`), so that a link to one failure can be sent to somebody.

mod diagram;
mod markup;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::cell::Cell;
use super::coverage;
use super::human::{problem, summary};
use super::sequence::{self, Row};
use crate::engine::Verdict;
use crate::suite::{
    Coverage, Event, NaturalKey, Reporter, Requirement, RunFinished, Standing, SuiteStarted, Totals, natural,
};

/// Collects runs, and writes the page at the end.
#[derive(Debug)]
pub struct Html<W> {
    out: W,
    page: Page,
}

impl<W: Write> Html<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Html { out, page: Page::default() }
    }
}

impl<W: Write> Reporter for Html<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.page.event(event)?;
        if let Event::SuiteFinished(_) = event {
            self.page.write(&mut self.out)?;
            self.out.flush()?;
        }
        Ok(())
    }
}

/// What the page shows.
#[derive(Debug, Default)]
pub(crate) struct Page {
    targets: Vec<String>,
    titles: BTreeMap<String, String>,
    /// By RFC and natural order of ID.
    requirements: BTreeMap<(u32, String), BTreeMap<NaturalKey, Line>>,
    /// Folders of scripts that name no requirement.
    folders: BTreeMap<String, Vec<Cells>>,
    /// Runs that a cell opens.
    runs: BTreeMap<RunKey, Run>,
    stale: Vec<String>,
    /// What it all comes to, a line each.
    summary: String,
    /// Sums of what is tested, each with its name.
    sums: Vec<(String, [String; 5])>,
}

/// Script, target, IP version with the delivery of a dialogue: the order of runs on the page.
type RunKey = (String, String, String);

/// A requirement.
#[derive(Debug)]
struct Line {
    requirement: Arc<Requirement>,
    cells: Vec<Cells>,
    /// The scripts that test it or why none does, if that is shown.
    answer: Option<String>,
}

/// What one cell counts, and the runs that it opens.
#[derive(Clone, Debug, Default)]
struct Cells {
    counts: Cell,
    runs: Vec<RunKey>,
}

/// A run that a cell opens.
#[derive(Debug)]
struct Run {
    verdict: Verdict,
    title: Option<String>,
    /// What went wrong, as a terminal shows it.
    problem: Option<String>,
    rows: Vec<Row>,
}

impl Reporter for Page {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::SuiteStarted(started) => self.begin(started),
            Event::RunStarted(_) => {}
            Event::RunFinished(run) => self.add(run),
            Event::SuiteFinished(totals) => self.finish(totals)?,
        }
        Ok(())
    }
}

impl Page {
    fn begin(&mut self, started: &SuiteStarted<'_>) {
        self.targets = started.targets.iter().map(|&target| target.to_owned()).collect();
        for requirement in started.catalogues.iter() {
            if let Some(title) = started.catalogues.title(&requirement.rfc) {
                self.titles.entry(requirement.rfc.clone()).or_insert_with(|| title.to_owned());
            }
        }
        self.stale = started.stale.iter().map(|stale| plain(&problem::stale(stale))).collect();
    }

    fn add(&mut self, run: &RunFinished<'_>) {
        let Some(column) = self.targets.iter().position(|target| target == run.id.target) else { return };
        let columns = self.targets.len();
        let (script, target) = (run.id.script.name.clone(), run.id.target.to_owned());
        let key = (script, target, format!("{}{}", run.id.ip_version, problem::delivered(&run.id)));
        let shown = self.keep(run, &key).then_some(&key);
        for requirement in run.requirements {
            self.line(requirement, columns).cells[column].add(run, shown);
        }
        if run.requirements.is_empty() {
            let folder = run.id.script.name.rsplit_once('/').map_or(".", |(folder, _)| folder);
            let cells = self.folders.entry(folder.to_owned()).or_insert_with(|| vec![Cells::default(); columns]);
            cells[column].add(run, shown);
        }
    }

    /// Keeps a run that a cell opens; whether it is one.
    fn keep(&mut self, run: &RunFinished<'_>, key: &RunKey) -> bool {
        let rows = sequence::rows(run);
        let is_fine = run.standing == Standing::AsExpected && run.verdict != Verdict::Fail;
        if is_fine && rows.is_empty() {
            return false;
        }
        let problem = (!is_fine).then(|| plain(&problem::text(run)));
        let title = run.title.map(str::to_owned);
        self.runs.insert(key.clone(), Run { verdict: run.verdict, title, problem, rows });
        true
    }

    fn line(&mut self, requirement: &Arc<Requirement>, columns: usize) -> &mut Line {
        let rfc = (requirement.rfc.parse().unwrap_or(u32::MAX), requirement.rfc.clone());
        self.requirements.entry(rfc).or_default().entry(natural(&requirement.id)).or_insert_with(|| Line {
            requirement: Arc::clone(requirement),
            cells: vec![Cells::default(); columns],
            answer: None,
        })
    }

    fn finish(&mut self, totals: &Totals) -> io::Result<()> {
        let mut text = Vec::new();
        summary::write(&mut text, totals)?;
        self.summary = plain(&String::from_utf8_lossy(&text));
        Ok(())
    }

    /// Adds what scripts test and what not: requirements that no run was about too.
    pub(crate) fn cover(&mut self, coverage: &Coverage) {
        let columns = self.targets.len();
        for rfc in &coverage.rfcs {
            if let Some(title) = &rfc.title {
                self.titles.entry(rfc.rfc.clone()).or_insert_with(|| title.clone());
            }
        }
        for covered in coverage.requirements() {
            self.line(&covered.requirement, columns).answer = Some(coverage::answer(covered));
        }
        let totals = coverage::totals(coverage);
        self.sums = totals.iter().flatten().map(|(of, sums)| (of.clone(), coverage::columns(sums))).collect();
    }

    /// Writes the page.
    ///
    /// # Errors
    /// What `out` says.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        markup::page(out, self)
    }
}

impl Cells {
    fn add(&mut self, run: &RunFinished<'_>, shown: Option<&RunKey>) {
        self.counts.add(run.verdict, run.standing);
        self.runs.extend(shown.cloned());
        self.runs.sort();
    }
}

/// Text without the escape sequences of a terminal.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
