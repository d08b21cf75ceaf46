//! `rfcheck fuzz`: campaigns against targets as they are, and what fuzz targets found.

mod against;
mod campaign;
mod planted;
mod saved;
mod sessions;
mod triage;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::exit::Exit;
use crate::suite::SuiteError;
use crate::suite::config::Config;
use crate::target::TargetFactory;

const EXAMPLES: &str = "\
Examples:
  rfcheck fuzz --time 60                          smoltcp, in virtual time, for a minute
  rfcheck fuzz --target linux --time 10m          the running kernel, as an ordinary user
  rfcheck fuzz --target linux --seed 7 --sessions 100000
                                                  the same sessions each time
  rfcheck fuzz --target linux --session 8053      one session once more, with its packets
  rfcheck fuzz --target linux --state campaign    go on where the last one with this folder ended
  rfcheck fuzz --target smoltcp --against linux   where the two differ, clause by clause
  rfcheck fuzz --faults --time 10                 how soon each planted fault is noticed
  rfcheck fuzz --format json > events.jsonl       one event a line, for machines
  rfcheck fuzz triage fuzz/artifacts/tcp_smoltcp  scripts of what a fuzz target found";

const EXIT: &str = "\
Exit status:
    0  nothing was found
    2  the command line or rfcheck.toml is wrong
    4  nothing ran
   96  set-up failed: the target is not possible here
  100  there are findings, or differences; their scripts are in the folder
  130  interrupted";

fn help() -> String {
    format!("{EXAMPLES}\n\n{EXIT}")
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXIT, after_long_help = help())]
pub(in crate::cli) struct Fuzz {
    #[command(subcommand)]
    command: Option<FuzzCommand>,

    #[command(flatten)]
    black_box: BlackBoxArgs,
}

#[derive(Debug, Subcommand)]
enum FuzzCommand {
    /// Make scripts of what a fuzz target for cargo-fuzz found
    Triage(triage::Triage),
}

#[derive(Debug, Args)]
struct BlackBoxArgs {
    /// Scripts as which sessions begin, and folders of them; without any, the built-in specs
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The target, see `rfcheck targets` [default: that of rfcheck.toml, or smoltcp]
    #[arg(short, long, value_name = "NAME")]
    target: Option<String>,

    /// End after this time: seconds, or a number with s, m or h [default: go on until interrupted]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,

    /// End after so many sessions
    #[arg(long, value_name = "N")]
    sessions: Option<u64>,

    /// From which the seeds of all sessions follow [default: another one each time, which is shown]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    /// How many threads run sessions that need no waiting [default: one a core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// Run the session of this seed alone and show its packets; several run one after the other on one target
    #[arg(long, value_name = "SEED", value_delimiter = ',', conflicts_with_all = ["time", "sessions", "seed", "state"])]
    session: Vec<u64>,

    /// Run each session on this target too, and tell where the two differ, clause by clause [for 60 s if nothing is said]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["session", "state"])]
    against: Option<String>,

    /// Folder in which the campaign is kept, to go on there the next time
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// Folder for the scripts of findings, one for each cause
    #[arg(long, value_name = "DIR", default_value = "findings")]
    out: PathBuf,

    /// Causes that are known, by their IDs; they are passed over
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    known: Vec<String>,

    /// Pass over nothing that the target's baseline, or rfcheck itself, knows of the target
    #[arg(long)]
    no_baseline: bool,

    /// Make the target misbehave in this way on purpose, see `rfcheck self-test --list`
    #[arg(long, value_name = "NAME")]
    fault: Option<String>,

    /// Plant each fault of `rfcheck self-test --list` in turn, and tell how soon sessions notice it; `--time` is for each
    /// of them [60 s if nothing is said]
    #[arg(long, conflicts_with_all = ["fault", "session", "against", "state", "sessions"])]
    faults: bool,

    /// What to write to standard output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

/// What to write to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Findings and sums, for people
    Human,
    /// One event a line
    Json,
}

pub(super) fn fuzz(args: &Fuzz, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    match &args.command {
        Some(FuzzCommand::Triage(args)) => triage::run(args, config, own),
        None if !args.black_box.session.is_empty() => sessions::run(&args.black_box, config, own),
        None if args.black_box.faults => planted::run(&args.black_box, config, own),
        None => match &args.black_box.against {
            Some(other) => against::run(&args.black_box, other, config, own),
            None => campaign::run(&args.black_box, config, own),
        },
    }
}

/// Seconds, or a number with a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let unit = text.chars().last().filter(char::is_ascii_alphabetic);
    let number = unit.map_or(text, |_| &text[..text.len() - 1]);
    let factor = match unit {
        None | Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some(other) => return Err(format!("`{other}` is no unit of time: write s, m or h")),
    };
    let seconds = number.parse::<u64>().map_err(|_| format!("`{number}` is no number of seconds, minutes or hours"))?;
    seconds.checked_mul(factor).map(Duration::from_secs).ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert!(duration("10d").unwrap_err().contains("write s, m or h"));
        assert!(duration("m").is_err() && duration("").is_err() && duration("-1").is_err());
    }
}
