//! `rfcheck coverage`.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::exit::{self, Exit};
use super::{output, run};
use crate::report::{Page, Progress, coverage as report, plural};
use crate::suite::config::Config;
use crate::suite::{Collector, Coverage as Covered, Request, Source, Suite, SuiteError, TargetEntry};
use crate::target::TargetFactory;

const EXAMPLES: &str = "\
Examples:
  rfcheck coverage                              what the built-in specs test, and what not and why
  rfcheck coverage --target smoltcp             and what smoltcp makes of it
  rfcheck coverage --target linux --profile rfc5961
                                                with the mitigations of RFC 5961 demanded
  rfcheck coverage specs/rfc768 --format markdown > coverage.md
  rfcheck coverage --target smoltcp --format html > coverage.html";

fn help() -> String {
    format!("{EXAMPLES}\n\n{}", exit::HELP)
}

#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = help())]
pub(super) struct Coverage {
    /// Scripts, and folders of them with their requirements.toml; without any, the built-in specs
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Run the scripts on these targets, see `rfcheck targets`, and add the verdicts [default: nothing runs]
    #[arg(short, long = "target", value_name = "NAME", value_delimiter = ',')]
    targets: Vec<String>,

    /// Settings and definitions by a name: `packetdrill`, `rfc5961`, or one of rfcheck.toml
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// What to write to standard output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,

    /// Run no shell commands and no code blocks; scripts that need them are not applicable
    #[arg(long)]
    no_commands: bool,
}

/// What to write to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table, for people
    Human,
    /// One JSON object
    Json,
    /// A Markdown document
    Markdown,
    /// A page that holds all it shows, with the packets of each failure
    Html,
}

pub(super) fn coverage(args: &Coverage, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let source = if args.paths.is_empty() { Source::BuiltIn } else { Source::Paths(args.paths.clone()) };
    let request = || Request { commands: !args.no_commands, profile: args.profile.clone(), ..Request::default() };
    // Before anything starts a thread: some targets need a process that has one alone.
    let names = run::distinct(&args.targets);
    let targets = names.iter().map(|name| TargetEntry::find(name, config, own)).collect::<Result<Vec<_>, _>>()?;
    let mut covered = Covered::of(&source, config, &request())?;
    if covered.is_empty() {
        eprintln!("error: no catalogue was found, and no script that names a requirement");
        return Ok(Exit::NothingRan);
    }
    let (mut exit, mut page) = (Exit::AsExpected, Page::default());
    if !targets.is_empty() {
        let suite = Suite::plan(&source, targets, config, request())?;
        let (mut collector, mut progress) = (Collector::default(), Progress::default());
        exit = run::exit(&suite.run(&mut [&mut progress, &mut collector, &mut page], &run::interrupt()?)?);
        covered.set_verdicts(collector);
    }
    page.cover(&covered);
    write(args.format, &covered, &page).map_err(output)?;
    if covered.wrong_scripts.is_empty() {
        return Ok(exit);
    }
    let wrong = covered.wrong_scripts.len();
    let names = covered.wrong_scripts.join(", ");
    eprintln!("error: {} cannot run, see `rfcheck check`: {names}", plural(wrong, "script"));
    Ok(if exit == Exit::AsExpected { Exit::SetUp } else { exit })
}

fn write(format: Format, covered: &Covered, page: &Page) -> std::io::Result<()> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    match format {
        Format::Human => report::write_table(&mut out, covered, run::columns())?,
        Format::Json => report::write_json(&mut out, covered)?,
        Format::Markdown => report::write_markdown(&mut out, covered)?,
        Format::Html => page.write(&mut out)?,
    }
    out.flush()
}
