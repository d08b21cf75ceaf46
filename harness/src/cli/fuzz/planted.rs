//! `rfcheck fuzz --faults`.

use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::campaign::Fuzzed;
use super::{BlackBoxArgs, Format};
use crate::cli::exit::Exit;
use crate::cli::{output, run};
use crate::fuzzing::{Hunt, Hunted};
use crate::report::fuzz::{write_planted, write_planted_json};
use crate::suite::SuiteError;
use crate::suite::config::Config;
use crate::target::fault::Fault;
use crate::target::{Clock, TargetError, TargetFactory};

/// How long each fault is looked for if nobody says.
const DEFAULT: Duration = Duration::from_secs(60);
/// The seed if nobody says one: the figures of two runs are to be compared.
const SEED: u64 = 1;

/// Plants each fault in turn, and tells how soon sessions notice it.
pub(super) fn run(args: &BlackBoxArgs, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let fuzzed = Fuzzed::find(args, config, own)?;
    if fuzzed.entry.clock() == Clock::Real {
        let message = format!(
            "`{}` has a real clock, on which each fault takes minutes: plant one with `--fault NAME`",
            fuzzed.name
        );
        return Err(SuiteError::Usage(message));
    }
    let faults: Vec<&Fault> = Fault::all().filter(|fault| !fault.is_of_application()).collect();
    let next = AtomicUsize::new(0);
    let hunted: Mutex<Vec<(usize, Hunted)>> = Mutex::default();
    let interrupt = run::interrupt()?;
    let bar = indicatif::ProgressBar::new(faults.len() as u64);
    let hunt = || -> Result<(), TargetError> {
        let plain = fuzzed.entry.session_factory();
        plain.prepare_thread()?;
        while !interrupt.is_interrupted() {
            let place = next.fetch_add(1, Relaxed);
            let Some(fault) = faults.get(place) else { break };
            let faulty = fuzzed.entry.with_fault(fault).session_factory();
            let hunt = Hunt {
                plain: &*plain,
                faulty: &*faulty,
                seeds: &fuzzed.seeds,
                known: &fuzzed.known,
                seed: args.seed.unwrap_or(SEED),
                time: args.time.unwrap_or(DEFAULT),
            };
            let result = hunt.run()?;
            hunted.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
            bar.inc(1);
        }
        Ok(())
    };
    let jobs = args.jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let results: Vec<Result<(), TargetError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs.get()).map(|_| scope.spawn(hunt)).collect();
        let gone = || Err(TargetError::Gone("a thread that ran sessions panicked".to_owned()));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| gone())).collect()
    });
    bar.finish_and_clear();
    if let Some(source) = results.into_iter().find_map(Result::err) {
        return Err(SuiteError::Unavailable { target: fuzzed.name.clone(), source });
    }
    let mut hunted = hunted.into_inner().unwrap_or_else(PoisonError::into_inner);
    hunted.sort_by_key(|(place, _)| *place);
    let hunted: Vec<(&Fault, Hunted)> = hunted.into_iter().map(|(place, hunted)| (faults[place], hunted)).collect();
    let mut out = anstream::AutoStream::auto(io::stdout());
    match args.format {
        Format::Human => write_planted(&mut out, &hunted),
        Format::Json => write_planted_json(&mut out, &hunted),
    }
    .and_then(|()| out.flush())
    .map_err(output)?;
    Ok(if interrupt.is_interrupted() { Exit::Interrupted } else { Exit::AsExpected })
}
