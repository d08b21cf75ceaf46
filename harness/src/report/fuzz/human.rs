//! A campaign for people: a line that moves on a terminal, findings as they come, sums at the end.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{FuzzReporter, Started, clause, invariant, row, write_replayed};
use crate::fuzzing::{Found, Progress, State, Totals, Unrepeated};
use crate::report::text::{BAD, DUBIOUS, FAINT, GOOD, STRONG, plural, styled};

/// Writes for people.
#[derive(Debug)]
pub(crate) struct FuzzHuman<W> {
    out: W,
    bar: ProgressBar,
    target: String,
    seed: u64,
    /// Sessions and time of the campaign before it was taken up again.
    before: ([u64; 2], u64),
}

impl<W: Write> FuzzHuman<W> {
    /// Writes to `out`, and the line that moves to standard error if that is a terminal.
    pub(crate) fn new(out: W) -> Self {
        let bar = ProgressBar::hidden();
        FuzzHuman { out, bar, target: String::new(), seed: 0, before: Default::default() }
    }

    /// Writes text with the moving line out of its way.
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        let out = &mut self.out;
        self.bar.suspend(|| out.write_all(text).and_then(|()| out.flush()))
    }
}

impl<W: Write> FuzzReporter for FuzzHuman<W> {
    fn started(&mut self, started: &Started<'_>) -> io::Result<()> {
        (self.target, self.seed) = (started.target.to_owned(), started.seed);
        self.bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}") {
            self.bar.set_style(style);
        }
        let mut text = Vec::new();
        let scripts = plural(started.scripts, "script");
        write!(text, "{}: seed {}, sessions from {scripts} and at random", started.target, started.seed)?;
        if let Some(resumed) = started.resumed {
            self.before = (resumed.sessions, resumed.elapsed_ms);
            write!(text, ", going on after {}", plural(resumed.sessions.iter().sum::<u64>() as usize, "session"))?;
        }
        writeln!(text)?;
        if !started.known.is_empty() {
            writeln!(text, "known and passed over: {}", started.known.join(", "))?;
        }
        writeln!(text)?;
        self.write(&text)
    }

    fn progress(&mut self, progress: &Progress) -> io::Result<()> {
        let Progress { at, rate, states, found } = progress;
        let sessions = at.sessions.iter().sum::<u64>();
        self.bar.set_message(format!(
            "{sessions} sessions, {rate:.0} a second, {states} states, {} transitions, {}",
            at.transitions.len(),
            plural(*found, "finding"),
        ));
        self.bar.tick();
        Ok(())
    }

    fn found(&mut self, found: &Found, script: Option<&Path>) -> io::Result<()> {
        let mut text = Vec::new();
        let out = &mut text;
        writeln!(out, "{} {}: {}", styled(BAD, "FOUND"), styled(STRONG, &found.cause.id()), found.cause)?;
        if let Some(invariant) = invariant(&found.cause) {
            let head = format!("{} {}, {}", invariant.requirement(), invariant.level(), invariant.clause());
            writeln!(out, "  {head}: {}", styled(FAINT, invariant.text()))?;
        } else if let Some((clause, demands)) = clause(&found.cause) {
            writeln!(out, "  {clause}: {}", styled(FAINT, demands))?;
        }
        writeln!(out, "  there      {}", found.detail)?;
        let seeds = &found.examined.seeds;
        match (&found.examined.triaged, seeds.len()) {
            (Some(triaged), _) => {
                writeln!(out, "  shortest   {}", plural(triaged.session.events.len(), "event"))?;
                writeln!(out, "             {}", triaged.finding.detail)?;
            }
            (None, 1) => {}
            (None, more) => writeln!(out, "  shortest   {more} sessions, one after the other on one target")?,
        }
        writeln!(out, "  again      rfcheck fuzz --target {} --session {}", self.target, row(seeds))?;
        if let Some(script) = script {
            writeln!(out, "  script     {}", script.display())?;
        }
        if let Some(triaged) = &found.examined.triaged {
            write_replayed(out, &triaged.replayed)?;
        }
        writeln!(out)?;
        self.write(&text)
    }

    fn unrepeated(&mut self, seen: &Unrepeated, ended: bool) -> io::Result<()> {
        let mut text = Vec::new();
        let out = &mut text;
        let head = if ended { "SEEN" } else { "NOT REPEATED" };
        writeln!(out, "{} {}: {}", styled(DUBIOUS, head), seen.cause.id(), seen.cause)?;
        writeln!(out, "  there      {}", seen.detail)?;
        if ended {
            writeln!(out, "  the campaign ended before it was looked at again")?;
        } else {
            writeln!(out, "  on a fresh target nothing is wrong: it may have been the tester, late or disturbed")?;
        }
        writeln!(out, "  sessions   {}", row(&seen.seeds))?;
        writeln!(out)?;
        self.write(&text)
    }

    fn finished(&mut self, totals: &Totals, found: usize) -> io::Result<()> {
        self.bar.finish_and_clear();
        let at = &totals.progress.at;
        let (sessions, before) = (at.sessions, self.before.0);
        let elapsed = Duration::from_millis(at.elapsed_ms.saturating_sub(self.before.1));
        let seconds = elapsed.as_secs_f64();
        let rate = (sessions[0] - before[0]) as f64 / seconds.max(0.001);
        let mut text = Vec::new();
        let out = &mut text;
        let all = plural(sessions.iter().sum::<u64>() as usize, "session");
        if sessions[1] > 0 {
            let waited = sessions[1];
            writeln!(out, "{all}, {rate:.0} a second of those that need no waiting, {waited} that waited")?;
        } else {
            writeln!(out, "{all}, {rate:.0} a second")?;
        }
        let (states, transitions) = (totals.progress.states, at.transitions.len());
        writeln!(out, "{states} of {} states of TCP, {}", State::COUNT, plural(transitions, "transition"))?;
        if totals.hangs {
            writeln!(out, "the target does not come back, which ended the campaign")?;
        }
        let sum = if found == 0 { styled(GOOD, "nothing found") } else { styled(BAD, &plural(found, "finding")) };
        let interrupted = if totals.interrupted { ", interrupted" } else { "" };
        writeln!(out, "{sum}, seed {}{interrupted}", self.seed)?;
        self.write(&text)
    }
}
