//! The progress line: on standard error, and only if that is a terminal.

use std::io;

use indicatif::{ProgressBar, ProgressStyle};

use crate::suite::{Event, Reporter, Standing};

/// Shows how far the suite is, until it is over.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    unexpected: usize,
}

impl Default for Progress {
    fn default() -> Self {
        Progress { bar: ProgressBar::hidden(), unexpected: 0 }
    }
}

impl Reporter for Progress {
    fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::SuiteStarted(started) => {
                // Draws to standard error, and nothing where that is no terminal.
                self.bar = ProgressBar::new(started.runs as u64);
                if let Ok(style) =
                    ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {prefix:.red.bold}{wide_msg}")
                {
                    self.bar.set_style(style);
                }
            }
            Event::RunStarted(_) if self.bar.is_hidden() => {}
            Event::RunStarted(id) => {
                self.bar.set_message(format!("{} on {} over {}", id.script.name, id.target, id.ip_version))
            }
            Event::RunFinished(run) => {
                self.bar.inc(1);
                if matches!(run.standing, Standing::UnexpectedFail | Standing::UnexpectedPass) {
                    self.unexpected += 1;
                    self.bar.set_prefix(format!("{} unexpected  ", self.unexpected));
                }
            }
            Event::SuiteFinished(_) => self.bar.finish_and_clear(),
        }
        Ok(())
    }
}
