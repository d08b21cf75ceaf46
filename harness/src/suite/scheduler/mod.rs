//! Runs a suite: workers send what happens, the caller's thread tells the reporters.

mod attempts;
mod pace;
mod processors;
mod real_clock;
mod virtual_clock;

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use super::SuiteError;
use super::event::{Event, Reporter, RunFinished, Standing, SuiteStarted, Totals};
use super::plan::Suite;
use super::work::RunResult;
use crate::engine::{Failure, FailureKind, Interrupt};
use crate::target::Clock;

/// Messages in flight before workers wait for the reporters.
const IN_FLIGHT: usize = 1_024;

/// What a worker says.
enum Message {
    Started(usize),
    Finished(RunResult),
}

/// What every scheduler gets.
#[derive(Clone, Copy)]
struct Context<'a> {
    suite: &'a Suite,
    interrupt: &'a Interrupt,
    /// How many at once, if the user said.
    jobs: Option<NonZeroUsize>,
    cores: usize,
}

impl Suite {
    /// Runs everything planned and tells `reporters` as it happens. Once `interrupt` is set no run starts, those
    /// that run end soon, and the totals say so.
    ///
    /// # Errors
    /// A capture or report that cannot be written; what runs then is interrupted.
    pub fn run(&self, reporters: &mut [&mut dyn Reporter], interrupt: &Interrupt) -> Result<Totals, SuiteError> {
        let begin = Instant::now();
        let mut listeners = Listeners { suite: self, reporters, totals: Totals::default(), error: None };
        listeners.totals.planned = self.runs.len();
        listeners.totals.stale_entries = self.stale.len();
        listeners.tell(&Event::SuiteStarted(SuiteStarted {
            version: env!("CARGO_PKG_VERSION"),
            targets: self.targets.iter().map(|target| target.name.as_str()).collect(),
            scripts: self.scripts.len(),
            runs: self.runs.len(),
            catalogues: &self.catalogues,
            seed: self.request.seed,
            stale: &self.stale,
        }));
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let context = Context { suite: self, interrupt, jobs: self.request.jobs, cores };
        let (on_virtual, on_real): (Vec<usize>, Vec<usize>) = (0..self.runs.len())
            .partition(|run| self.targets[self.runs[*run].target as usize].clock() == Clock::Virtual);
        std::thread::scope(|scope| {
            let (sender, messages) = sync_channel(IN_FLIGHT);
            scope.spawn(move || {
                // One after the other: runs on the virtual clock take all cores, and would make the others late.
                virtual_clock::run(context, &on_virtual, &sender);
                real_clock::run(context, on_real, &sender);
            });
            listeners.listen(&messages, interrupt);
        });
        listeners.totals.interrupted = interrupt.is_interrupted();
        listeners.totals.elapsed = begin.elapsed();
        let totals = std::mem::take(&mut listeners.totals);
        listeners.tell(&Event::SuiteFinished(&totals));
        match listeners.error {
            Some(error) => Err(error),
            None => Ok(totals),
        }
    }
}

/// The reporters, and what was told to them so far.
struct Listeners<'a, 'r> {
    suite: &'a Suite,
    reporters: &'a mut [&'r mut dyn Reporter],
    totals: Totals,
    error: Option<SuiteError>,
}

impl Listeners<'_, '_> {
    fn listen(&mut self, messages: &Receiver<Message>, interrupt: &Interrupt) {
        for message in messages {
            match message {
                Message::Started(run) => {
                    let suite = self.suite;
                    self.tell(&Event::RunStarted(suite.id(&suite.runs[run])));
                }
                Message::Finished(result) => self.finished(&result),
            }
            if self.error.is_some() {
                interrupt.interrupt();
            }
        }
    }

    fn finished(&mut self, result: &RunResult) {
        let suite = self.suite;
        if is_interrupted(result) {
            return;
        }
        let planned = &suite.runs[result.run];
        let id = suite.id(planned);
        let known = suite.known_failure(planned);
        let standing = Standing::of(result.verdict, result.level, known, suite.request.strict);
        self.totals.count(result.verdict, standing);
        let capture = match &result.capture {
            Some(Ok(path)) => Some(path.as_path()),
            None => None,
            Some(Err(_)) if !suite.request.captures.required => None,
            Some(Err((path, error))) => {
                let source = std::io::Error::new(error.kind(), error.to_string());
                self.error.get_or_insert(SuiteError::Output { what: format!("`{}`", path.display()), source });
                None
            }
        };
        let finished = RunFinished {
            id,
            verdict: result.verdict,
            standing,
            title: result.title.as_deref(),
            requirements: &result.requirements,
            level: result.level,
            known,
            duration: result.duration,
            lateness: std::time::Duration::from_micros(result.lateness),
            attempts: result.attempts,
            details: result.details.as_deref(),
            capture,
        };
        self.tell(&Event::RunFinished(&finished));
    }

    fn tell(&mut self, event: &Event<'_>) {
        for reporter in &mut *self.reporters {
            if let Err(source) = reporter.event(event) {
                self.error.get_or_insert(SuiteError::Output { what: "the report".to_owned(), source });
            }
        }
    }
}

/// Whether a run ended because the suite was interrupted: it tells nothing.
fn is_interrupted(result: &RunResult) -> bool {
    failure(result).is_some_and(|failure| failure.kind == FailureKind::Interrupted)
}

fn failure(result: &RunResult) -> Option<&Failure> {
    result.details.as_deref().and_then(|details| details.failure.as_ref())
}

/// Sends; a listener that is gone hears nothing, and the interrupt it left behind ends the work.
fn send(sender: &SyncSender<Message>, message: Message) {
    let _gone = sender.send(message);
}
