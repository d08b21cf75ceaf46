//! Sessions by their seeds, once more.

use std::io::{self, Write as _};
use std::sync::Arc;

use super::campaign::Fuzzed;
use super::{BlackBoxArgs, Format};
use crate::cli::exit::Exit;
use crate::cli::output;
use crate::fuzzing::repeat;
use crate::report::fuzz::{write_repeated, write_repeated_json};
use crate::suite::SuiteError;
use crate::suite::config::Config;
use crate::target::TargetFactory;

/// Runs the sessions, and shows the packets of the last and all that is wrong with it.
pub(super) fn run(args: &BlackBoxArgs, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let fuzzed = Fuzzed::find(args, config, own)?;
    let factory = fuzzed.entry.factory();
    let repeated = factory
        .prepare_thread()
        .and_then(|()| repeat(&*factory, &fuzzed.seeds, &fuzzed.known, &args.session))
        .map_err(|source| SuiteError::Unavailable { target: fuzzed.name.clone(), source })?;
    let mut out = anstream::AutoStream::auto(io::stdout());
    match args.format {
        Format::Human => write_repeated(&mut out, &args.session, &repeated),
        Format::Json => write_repeated_json(&mut out, &args.session, &repeated),
    }
    .and_then(|()| out.flush())
    .map_err(output)?;
    Ok(if repeated.findings.is_empty() { Exit::AsExpected } else { Exit::Failed })
}
