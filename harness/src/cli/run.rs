//! `rfcheck run`.

use std::fs::File;
use std::io::{self, BufWriter, LineWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::args::{Format, Run, Transport};
use super::exit::Exit;
use crate::engine::Interrupt;
use crate::report::{Html, Human, Json, Junit, Progress};
use crate::suite::config::Config;
use crate::suite::{Captures, Known, Reporter, Request, Suite, SuiteError, TargetEntry, Totals, find_fault};
use crate::target::TargetFactory;
use crate::tester::Schedule;

/// Where captures of runs that did not pass go if nobody says.
const DEFAULT_OUT: &str = "rfcheck-out";

pub(super) fn run(args: &Run, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let (mut targets, skipped) = targets(&args.targets, config, own)?;
    if targets.is_empty() {
        return Ok(Exit::SetUp);
    }
    if let Some(name) = &args.fault {
        let fault = find_fault(name)?;
        let all = targets.len();
        targets.retain(|target| target.can_have(fault));
        if targets.len() < all && (targets.is_empty() || !args.targets.is_empty()) {
            let message =
                format!("`{name}` is a fault of servers that can be told what to do wrong: try it on `reference`");
            return Err(SuiteError::Usage(message));
        }
        targets = targets.iter().map(|target| target.with_fault(fault)).collect();
    }
    let request = Request {
        commands: !args.no_commands,
        strict: args.strict,
        jobs: args.jobs,
        captures: captures(args),
        baseline: known(args),
        traces: args.packets && matches!(args.format, Format::Human | Format::Html),
        transports: transports(&args.transports),
        seed: args.seed,
        ..args.selection.request()
    };
    let suite = Suite::plan(&args.selection.source(), targets, config, request)?;
    if suite.is_empty() {
        eprintln!("error: no script was found or selected");
        return Ok(Exit::NothingRan);
    }
    let mut files = Files::create(args.out.as_deref())?;
    let mut progress = Progress::default();
    let mut shown = shown(args);
    let mut reporters: Vec<&mut dyn Reporter> = vec![&mut progress, shown.as_mut()];
    reporters.extend(files.reporters());
    let totals = suite.run(&mut reporters, &interrupt()?)?;
    Ok(match exit(&totals) {
        // What did not run is not as expected.
        Exit::AsExpected if skipped => Exit::SetUp,
        exit => exit,
    })
}

/// The targets that were named, each once, else those to run if nobody names any; and whether one was skipped, since what
/// it runs is absent here.
///
/// # Errors
/// An unknown name, or an adapter that is not possible here.
pub(super) fn targets(
    named: &[String],
    config: &Config,
    own: &[Arc<dyn TargetFactory>],
) -> Result<(Vec<TargetEntry>, bool), SuiteError> {
    let first = own.first().map(|factory| factory.name().to_owned());
    let names = match (named, &config.default_targets[..], first) {
        ([], [], None) => return Ok((TargetEntry::defaults(), false)),
        ([], [], Some(first)) => vec![first],
        ([], configured, _) => configured.to_vec(),
        (named, ..) => named.to_vec(),
    };
    let (mut targets, mut skipped) = (Vec::new(), false);
    for name in distinct(&names) {
        match TargetEntry::find(&name, config, own) {
            Ok(target) => targets.push(target),
            Err(error @ SuiteError::Absent { .. }) => {
                eprintln!("skipped: {error}");
                skipped = true;
            }
            Err(error) => return Err(error),
        }
    }
    Ok((targets, skipped))
}

/// The targets whose baselines are meant: those that were named, each once, else those to run if nobody names any, but for
/// the servers of reference, which fail nothing.
pub(super) fn target_names(named: &[String], config: &Config, own: &[Arc<dyn TargetFactory>]) -> Vec<String> {
    let names = if !named.is_empty() {
        named.to_vec()
    } else if !config.default_targets.is_empty() {
        config.default_targets.clone()
    } else {
        vec![own.first().map_or("smoltcp", |factory| factory.name()).to_owned()]
    };
    distinct(&names)
}

/// The ways to deliver dialogues, each once, in order.
fn transports(named: &[Transport]) -> Vec<Schedule> {
    let mut schedules = Vec::new();
    for transport in named {
        let all = match transport {
            Transport::All => &Schedule::ALL[..],
            Transport::One(schedule) => std::slice::from_ref(schedule),
        };
        schedules.extend(all.iter().copied().filter(|one| !schedules.contains(one)).collect::<Vec<_>>());
    }
    schedules
}

/// Each name once, in order.
pub(super) fn distinct(names: &[String]) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    names.iter().filter(|name| seen.insert(name.as_str())).cloned().collect()
}

fn captures(args: &Run) -> Captures {
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_OUT));
    let required = args.out.is_some() || args.capture.is_some();
    Captures { all: args.capture.clone(), failed: Some(out.join("captures")), required }
}

fn known(args: &Run) -> Known {
    match &args.baseline {
        _ if args.no_baseline => Known::Nothing,
        Some(file) => Known::File(file.clone()),
        None => Known::Found,
    }
}

/// What standard output shows.
fn shown(args: &Run) -> Box<dyn Reporter> {
    match args.format {
        Format::Human => {
            let out = anstream::AutoStream::auto(io::stdout());
            Box::new(Human::new(BufWriter::new(out), columns()).with_packets(args.packets))
        }
        Format::Json => Box::new(Json::new(LineWriter::new(io::stdout()))),
        Format::Junit => Box::new(Junit::new(BufWriter::new(io::stdout()))),
        Format::Html => Box::new(Html::new(BufWriter::new(io::stdout()))),
    }
}

/// Columns of the terminal that standard output is, if it is one.
pub(super) fn columns() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
}

/// The reports of `--out`.
struct Files(Vec<Box<dyn Reporter>>);

impl Files {
    fn create(folder: Option<&Path>) -> Result<Files, SuiteError> {
        let Some(folder) = folder else { return Ok(Files(Vec::new())) };
        let open = |name: &str| -> Result<BufWriter<File>, SuiteError> {
            let path = folder.join(name);
            std::fs::create_dir_all(folder)
                .and_then(|()| File::create(&path))
                .map(BufWriter::new)
                .map_err(|source| SuiteError::Output { what: format!("`{}`", path.display()), source })
        };
        Ok(Files(vec![
            Box::new(Json::new(open("events.jsonl")?)),
            Box::new(Junit::new(open("junit.xml")?)),
            Box::new(Html::new(open("report.html")?)),
        ]))
    }

    fn reporters(&mut self) -> impl Iterator<Item = &mut dyn Reporter> {
        self.0.iter_mut().map(|reporter| reporter.as_mut() as &mut dyn Reporter)
    }
}

/// A signal so soon after the first is the same one: timeout(1) sends it to the process and to its group.
const SAME_SIGNAL: Duration = Duration::from_millis(500);

/// Set by Ctrl-C and SIGTERM; the second time ends the process at once.
pub(super) fn interrupt() -> Result<Interrupt, SuiteError> {
    let interrupt = Interrupt::default();
    let set = interrupt.clone();
    let mut first = None;
    ctrlc::set_handler(move || {
        if first.get_or_insert_with(Instant::now).elapsed() > SAME_SIGNAL {
            std::process::exit(Exit::Interrupted as i32);
        }
        set.interrupt();
    })
    .map_err(|error| SuiteError::Usage(format!("cannot listen for Ctrl-C: {error}")))?;
    Ok(interrupt)
}

/// What the totals come to.
pub(super) fn exit(totals: &Totals) -> Exit {
    if totals.interrupted {
        Exit::Interrupted
    } else if totals.unexpected_failures + totals.unexpected_passes > 0 {
        Exit::Failed
    } else if totals.inconclusive + totals.errors + totals.stale_entries > 0 {
        Exit::SetUp
    } else if totals.judged() == 0 {
        Exit::NothingRan
    } else {
        Exit::AsExpected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_judged_is_never_success() {
        assert_eq!(exit(&Totals::default()), Exit::NothingRan);
        assert_eq!(exit(&Totals { not_applicable: 3, ..Totals::default() }), Exit::NothingRan);
    }

    #[test]
    fn the_targets_failure_outweighs_what_could_not_be_judged() {
        let totals = Totals { unexpected_failures: 1, failed: 1, inconclusive: 1, ..Totals::default() };
        assert_eq!(exit(&totals), Exit::Failed);
        assert_eq!(exit(&Totals { passed: 9, inconclusive: 1, ..Totals::default() }), Exit::SetUp);
        assert_eq!(exit(&Totals { passed: 9, unexpected_passes: 1, ..Totals::default() }), Exit::Failed);
        assert_eq!(exit(&Totals { passed: 9, warnings: 1, failed: 1, ..Totals::default() }), Exit::AsExpected);
    }
}
