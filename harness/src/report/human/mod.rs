//! For people: a progress line while it runs, then the verdicts by RFC, then what went wrong.

pub(super) mod problem;
mod progress;
mod sequence;
pub(super) mod summary;
mod table;

use std::io::{self, Write};

use super::text::{STRONG, plural, styled};
use crate::suite::{Event, Reporter, Standing};
pub use progress::Progress;
use table::Table;

/// Writes for people. Colours are always written: strip them on the way to what shows none.
#[derive(Debug)]
pub struct Human<W> {
    out: W,
    /// Columns of the terminal; lines are not cut if it is none.
    width: Option<usize>,
    table: Table,
    /// Whether the packets of every run are shown.
    packets: bool,
    /// Runs as sequences: script, text.
    sequences: Vec<(String, String)>,
    /// What went wrong, told at the end: how bad, script, text.
    problems: Vec<(Standing, String, String)>,
    /// Entries of baselines that no run can confirm, a line each.
    stale: Vec<String>,
}

impl<W: Write> Human<W> {
    /// Writes to `out`, a terminal of `width` columns or something else.
    pub fn new(out: W, width: Option<usize>) -> Self {
        Human {
            out,
            width,
            table: Table::default(),
            packets: false,
            sequences: Vec::new(),
            problems: Vec::new(),
            stale: Vec::new(),
        }
    }

    /// Whether to show every run as a sequence of packets and calls; needs [`crate::suite::Request::traces`].
    pub fn with_packets(self, packets: bool) -> Self {
        Human { packets, ..self }
    }

    fn finish(&mut self, totals: &crate::suite::Totals) -> io::Result<()> {
        self.sequences.sort();
        for (_, text) in &self.sequences {
            writeln!(self.out, "{text}")?;
        }
        self.table.write(&mut self.out, self.width)?;
        // The worst come last, where the reader's eye is.
        self.problems.sort_by(|a, b| (rank(a.0), &a.1).cmp(&(rank(b.0), &b.1)));
        for (_, _, text) in &self.problems {
            writeln!(self.out, "{text}")?;
        }
        for text in &self.stale {
            writeln!(self.out, "{text}")?;
        }
        summary::write(&mut self.out, totals)?;
        self.out.flush()
    }
}

impl<W: Write> Reporter for Human<W> {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::SuiteStarted(started) => {
                self.table.begin(started);
                self.stale = started.stale.iter().map(problem::stale).collect();
                let title = styled(STRONG, &format!("rfcheck {}", started.version));
                let targets = started.targets.join(", ");
                let (scripts, runs) = (plural(started.scripts, "script"), plural(started.runs, "run"));
                writeln!(self.out, "{title}: {scripts}, {runs} on {targets}\n")
            }
            Event::RunStarted(_) => Ok(()),
            Event::RunFinished(run) => {
                self.table.add(run);
                let key = || format!("{} {} {}", run.id.script.name, run.id.target, run.id.ip_version);
                if self.packets {
                    self.sequences.extend(sequence::text(run).map(|text| (key(), text)));
                }
                if run.standing != Standing::AsExpected {
                    self.problems.push((run.standing, key(), problem::text(run)));
                }
                Ok(())
            }
            Event::SuiteFinished(totals) => self.finish(totals),
        }
    }
}

fn rank(standing: Standing) -> u8 {
    match standing {
        Standing::AsExpected => 0,
        Standing::Warning => 1,
        Standing::NotJudged => 2,
        Standing::UnexpectedPass => 3,
        Standing::UnexpectedFail => 4,
    }
}
