//! `rfcheck fuzz --against`.

use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::campaign::{Fuzzed, any_seed};
use super::{BlackBoxArgs, Format};
use crate::cli::exit::Exit;
use crate::cli::{output, run};
use crate::fuzzing::{Class, Comparison};
use crate::report::fuzz::{write_compared, write_compared_json};
use crate::suite::config::Config;
use crate::suite::{SuiteError, TargetEntry};
use crate::target::{Clock, TargetFactory};

/// How long it takes if nobody says.
const DEFAULT: Duration = Duration::from_secs(60);

pub(super) fn run(
    args: &BlackBoxArgs,
    against: &str,
    config: &Config,
    own: &[Arc<dyn TargetFactory>],
) -> Result<Exit, SuiteError> {
    let fuzzed = Fuzzed::find(args, config, own)?;
    let other = TargetEntry::find(against, config, own)?;
    if fuzzed.entry.clock() == Clock::Real && other.clock() == Clock::Real {
        let message =
            format!("`{}` and `{against}` both have a real clock; one of the two must be virtual", fuzzed.name);
        return Err(SuiteError::Usage(message));
    }
    let comparison = Comparison {
        names: [fuzzed.name.clone(), other.name.clone()],
        factories: [fuzzed.entry.session_factory(), other.session_factory()],
        // Those of a real clock leave out time: one of the targets may have one.
        seeds: fuzzed.seeds.on(Clock::Real),
        seed: args.seed.unwrap_or_else(any_seed),
        sessions: args.sessions,
        time: args.time.or(args.sessions.is_none().then_some(DEFAULT)),
        jobs: args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN),
    };
    let interrupt = run::interrupt()?;
    let bar = indicatif::ProgressBar::new_spinner();
    let compared = comparison
        .run(&interrupt, &mut |sessions, classes| {
            bar.set_message(format!("{sessions} sessions, {classes} clauses"));
            bar.tick();
        })
        .map_err(|source| SuiteError::Unavailable { target: format!("{}, {against}", fuzzed.name), source })?;
    bar.finish_and_clear();
    let mut scripts = Vec::new();
    for class in &compared.classes {
        scripts.push(write(args, class)?);
    }
    let mut out = anstream::AutoStream::auto(io::stdout());
    match args.format {
        Format::Human => write_compared(&mut out, &comparison, &compared, &scripts),
        Format::Json => write_compared_json(&mut out, &comparison, &compared, &scripts),
    }
    .and_then(|()| out.flush())
    .map_err(output)?;
    Ok(match () {
        () if compared.interrupted => Exit::Interrupted,
        () if !compared.classes.is_empty() => Exit::Failed,
        () if compared.sessions == 0 => Exit::NothingRan,
        () => Exit::AsExpected,
    })
}

/// Writes the script of a class; its path.
fn write(args: &BlackBoxArgs, class: &Class) -> Result<String, SuiteError> {
    let path = args.out.join(format!("{}.pkt", class.id()));
    std::fs::create_dir_all(&args.out)
        .and_then(|()| std::fs::write(&path, &class.script))
        .map_err(|source| SuiteError::Output { what: format!("`{}`", path.display()), source })?;
    Ok(path.display().to_string())
}
