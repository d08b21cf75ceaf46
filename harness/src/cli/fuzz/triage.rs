//! `rfcheck fuzz triage`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::output;
use crate::fuzzing::{Known, Triaged, triage};
use crate::report::fuzz::write_replayed;
use crate::suite::config::Config;
use crate::suite::{SuiteError, TargetEntry};
use crate::target::{Clock, TargetFactory};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rfcheck fuzz triage fuzz/artifacts/tcp_smoltcp              a script for each cause, in findings/
  rfcheck fuzz triage --known delivers-after-fin --out new fuzz/artifacts/tcp_smoltcp/crash-*

Exit status:
    0  no artifact is a finding
    2  the command line or rfcheck.toml is wrong
   96  an artifact cannot be read, or the target cannot be fuzzed in process
  100  there are findings; their scripts are in the folder")]
pub(super) struct Triage {
    /// Artifacts of a fuzz target that `rfcheck::fuzz_target!` made, and folders of them
    #[arg(value_name = "ARTIFACT", required = true)]
    artifacts: Vec<PathBuf>,

    /// The target that was fuzzed
    #[arg(short, long, value_name = "NAME", default_value = "smoltcp")]
    target: String,

    /// Folder for the scripts, one for each cause
    #[arg(long, value_name = "DIR", default_value = "findings")]
    out: PathBuf,

    /// Causes that are known, by their IDs; they are passed over
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    known: Vec<String>,
}

/// All artifacts of one cause.
struct Cause {
    triaged: Triaged,
    artifacts: Vec<PathBuf>,
}

pub(super) fn run(args: &Triage, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let target = TargetEntry::find(&args.target, config, own)?;
    let factory = target.factory();
    if factory.capabilities().clock != Clock::Virtual {
        let message = format!("the target `{}` has no virtual clock: sessions of a fuzz target need one", args.target);
        return Err(SuiteError::Usage(message));
    }
    let known: Vec<Known> = args.known.iter().map(Known::named).collect();
    let mut causes: BTreeMap<String, Cause> = BTreeMap::new();
    let mut out = anstream::stdout();
    for path in files(&args.artifacts)? {
        let octets = read(&path)?;
        let unavailable = |source| SuiteError::Unavailable { target: args.target.clone(), source };
        let Some(triaged) = triage(&*factory, &known, &octets).map_err(unavailable)? else {
            writeln!(out, "{}: nothing is found in this build; a fuzz target has overflow checks", path.display())
                .map_err(output)?;
            continue;
        };
        let cause = causes
            .entry(triaged.finding.cause.id())
            .or_insert_with(|| Cause { triaged: triaged.clone(), artifacts: Vec::new() });
        // The shortest session of a cause is its script.
        if triaged.session.events.len() < cause.triaged.session.events.len() {
            cause.triaged = triaged;
        }
        cause.artifacts.push(path);
    }
    if causes.is_empty() {
        return Ok(Exit::AsExpected);
    }
    let what = || format!("`{}`", args.out.display());
    std::fs::create_dir_all(&args.out).map_err(|source| SuiteError::Output { what: what(), source })?;
    for (id, cause) in &causes {
        let path = args.out.join(format!("{id}.pkt"));
        std::fs::write(&path, &cause.triaged.script)
            .map_err(|source| SuiteError::Output { what: format!("`{}`", path.display()), source })?;
        describe(&mut out, id, cause, &path).map_err(output)?;
    }
    Ok(Exit::Failed)
}

fn describe(out: &mut impl std::io::Write, id: &str, cause: &Cause, path: &std::path::Path) -> std::io::Result<()> {
    let Triaged { finding, session, replayed, .. } = &cause.triaged;
    writeln!(out, "{id}: {}", finding.cause)?;
    writeln!(out, "  there      {}", finding.detail)?;
    writeln!(out, "  artifacts  {}, the shortest session has {} events", cause.artifacts.len(), session.events.len())?;
    writeln!(out, "  script     {}", path.display())?;
    write_replayed(out, replayed)
}

/// The files at these paths, those of folders in order of their names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, SuiteError> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(path.clone());
            continue;
        }
        let unreadable = |error| SuiteError::Usage(format!("cannot read the folder `{}`: {error}", path.display()));
        let mut below = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            below.push(entry.map_err(unreadable)?.path());
        }
        below.sort();
        found.extend(below.into_iter().filter(|path| path.is_file()));
    }
    Ok(found)
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, SuiteError> {
    std::fs::read(path)
        .map_err(|error| SuiteError::Usage(format!("cannot read the artifact `{}`: {error}", path.display())))
}
