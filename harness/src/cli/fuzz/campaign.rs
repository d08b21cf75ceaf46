//! A campaign from the command line.

use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::saved::{Folder, Saved};
use super::{BlackBoxArgs, Format};
use crate::cli::exit::Exit;
use crate::cli::{output, run};
use crate::fuzzing::{BlackBox, Cause, Event, Found, Known as Passed, Seeds, Session, Totals, known_of};
use crate::report::fuzz::{FuzzHuman, FuzzJson, FuzzReporter, Started};
use crate::script::Definitions;
use crate::suite::config::Config;
use crate::suite::{Known, KnownViolation, Source, SuiteError, TargetEntry, find_fault};
use crate::target::{TargetError, TargetFactory};

/// How often a campaign is saved.
const SAVED: Duration = Duration::from_secs(5);

/// A target as `rfcheck fuzz` runs it.
pub(super) struct Fuzzed {
    pub(super) name: String,
    pub(super) entry: TargetEntry,
    pub(super) seeds: Seeds,
    pub(super) known: Vec<Passed>,
}

impl Fuzzed {
    /// The target that the flags name, and what its sessions begin as.
    pub(super) fn find(
        args: &BlackBoxArgs,
        config: &Config,
        own: &[Arc<dyn TargetFactory>],
    ) -> Result<Fuzzed, SuiteError> {
        let named: Vec<String> = args.target.iter().cloned().collect();
        let name = run::target_names(&named, config, own).remove(0);
        let mut entry = TargetEntry::find(&name, config, own)?;
        let source = if args.paths.is_empty() { Source::BuiltIn } else { Source::Paths(args.paths.clone()) };
        let mut known: Vec<Passed> = args.known.iter().map(Passed::named).collect();
        if let Some(fault) = &args.fault {
            entry = entry.with_fault(find_fault(fault)?);
        }
        // A fault on purpose does not break less than the target does without it.
        if !args.no_baseline {
            known.extend_from_slice(known_of(&name));
            if let Some(baseline) = Known::Found.read(&source, config, &name)? {
                let id = |known: &KnownViolation| Cause::Broken(known.requirement.clone()).id();
                known.extend(baseline.violations().map(|known| Passed::named(id(known))));
            }
        }
        let seeds = Seeds::new(scripts(&source)?, entry.clock());
        Ok(Fuzzed { name: entry.name.clone(), entry, seeds, known })
    }
}

/// The sessions of all scripts; those that are wrong, and those that send nothing, give none.
fn scripts(source: &Source) -> Result<Vec<Session>, SuiteError> {
    let definitions = Definitions::default();
    let mut sessions: Vec<Session> = Vec::new();
    for file in source.scripts()? {
        for case in file.into_cases().into_iter().take(4) {
            let Ok(text) = case.text() else { continue };
            let Ok(parsed) = case.input(text, &definitions).parse() else { continue };
            sessions.extend(Session::from_script(&parsed.script));
        }
    }
    // Scripts that differ in what they expect alone are one session.
    let mut seen = std::collections::BTreeSet::new();
    sessions.retain(|session| seen.insert(session.to_octets()));
    Ok(sessions)
}

pub(super) fn run(args: &BlackBoxArgs, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    if args.sessions == Some(0) || args.time == Some(Duration::ZERO) {
        eprintln!("error: no session was to be run");
        return Ok(Exit::NothingRan);
    }
    let fuzzed = Fuzzed::find(args, config, own)?;
    let (folder, saved) = Folder::open(args.state.as_deref(), &fuzzed.name, args.seed)?;
    let is_resumed = saved.is_some();
    let mut saved = saved.unwrap_or_else(|| Saved::new(&fuzzed.name, args.seed.unwrap_or_else(any_seed)));
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let mut known = fuzzed.known;
    known.extend(saved.findings.iter().map(|finding| Passed::named(finding.id.clone())));
    let named: Vec<String> =
        known.iter().filter(|known| known.is_always()).map(|known| known.id().to_owned()).collect();
    let started = Started {
        target: &fuzzed.name,
        seed: saved.seed,
        jobs: jobs.get(),
        scripts: fuzzed.seeds.scripts(),
        known: &named,
        resumed: is_resumed.then_some(&saved.resumed),
    };
    let mut reporter: Box<dyn FuzzReporter> = match args.format {
        Format::Human => Box::new(FuzzHuman::new(anstream::AutoStream::auto(io::stdout()))),
        Format::Json => Box::new(FuzzJson::new(io::stdout())),
    };
    reporter.started(&started).map_err(output)?;
    let interrupt = run::interrupt()?;
    let black_box = BlackBox {
        factory: fuzzed.entry.session_factory(),
        fresh: fuzzed.entry.factory(),
        seeds: fuzzed.seeds,
        seed: saved.seed,
        sessions: args.sessions,
        time: args.time,
        jobs,
        known,
        resumed: saved.resumed.clone(),
    };
    let mut next = Instant::now() + SAVED;
    let result = black_box.run(&interrupt, &mut |event| -> Result<(), Failed> {
        match event {
            Event::Progress(progress) => {
                saved.resumed = progress.at.clone();
                if Instant::now() >= next {
                    next = Instant::now() + SAVED;
                    folder.save(&saved)?;
                }
                reporter.progress(progress).map_err(output)?;
            }
            Event::Found(found) => {
                let path = write(&args.out, found)?;
                saved.add(found);
                folder.save(&saved)?;
                reporter.found(found, path.as_deref()).map_err(output)?;
            }
            Event::Unrepeated(seen) => reporter.unrepeated(seen, false).map_err(output)?,
        }
        Ok(())
    });
    let totals = result.map_err(|failed| match failed {
        Failed::Suite(error) => error,
        Failed::Target(source) => SuiteError::Unavailable { target: fuzzed.name.clone(), source },
    })?;
    saved.resumed = totals.progress.at.clone();
    folder.save(&saved)?;
    for seen in &totals.unexamined {
        reporter.unrepeated(seen, true).map_err(output)?;
    }
    reporter.finished(&totals, saved.findings.len()).map_err(output)?;
    Ok(exit(&totals, saved.findings.len()))
}

/// Why a campaign ended without a result.
enum Failed {
    Suite(SuiteError),
    Target(TargetError),
}

impl From<SuiteError> for Failed {
    fn from(error: SuiteError) -> Self {
        Failed::Suite(error)
    }
}

impl From<TargetError> for Failed {
    fn from(error: TargetError) -> Self {
        Failed::Target(error)
    }
}

fn exit(totals: &Totals, found: usize) -> Exit {
    if totals.interrupted {
        Exit::Interrupted
    } else if found > 0 {
        Exit::Failed
    } else if totals.progress.at.sessions == [0, 0] {
        Exit::NothingRan
    } else {
        Exit::AsExpected
    }
}

/// Writes the script of a finding, if it has one.
fn write(folder: &Path, found: &Found) -> Result<Option<PathBuf>, SuiteError> {
    let Some(triaged) = &found.examined.triaged else { return Ok(None) };
    let path = folder.join(format!("{}.pkt", found.cause.id()));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, &triaged.script))
        .map_err(|source| SuiteError::Output { what: format!("`{}`", path.display()), source })?;
    Ok(Some(path))
}

/// A seed that nobody chose.
pub(super) fn any_seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish() >> 32
}
