//! Flags.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::baseline::Baseline;
use super::coverage::Coverage;
use super::exit;
use super::fuzz::Fuzz;
use super::inspect::Inspect;
use super::self_test::SelfTest;
use crate::target::IpVersion;
use crate::tester::{Schedule, UnknownSchedule};

/// Which requirements of which RFC does this network stack break?
#[derive(Debug, Parser)]
#[command(name = "rfcheck", version, propagate_version = true, max_term_width = 100, after_help = exit::HELP)]
#[command(after_long_help = long_help())]
pub(super) struct Cli {
    /// Configuration file [default: rfcheck.toml of this folder or the nearest above it]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  rfcheck run                            the built-in specs on smoltcp, in virtual time
  rfcheck run --target linux             the same on the running kernel, as an ordinary user
  rfcheck run --target smoltcp,linux specs/rfc9293
                                         a folder of scripts on two targets
  rfcheck run --filter 9293-MUST-10      the scripts of one requirement
  rfcheck run --profile packetdrill --target linux DIR
                                         packetdrill's scripts, set up as its run_all.py does
  rfcheck inspect capture.pcapng         what in a capture breaks an RFC
  rfcheck check DIR                      parse and lint, without running anything";

fn long_help() -> String {
    format!("{EXAMPLES}\n\n{}", exit::HELP)
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run scripts on targets and judge them
    Run(Run),
    /// List scripts with their requirements
    List(List),
    /// Parse and lint scripts without running anything
    Check(Check),
    /// Tell which requirements the scripts test, and why the others are not tested
    Coverage(Coverage),
    /// Show or bring up to date what targets are known to fail
    Baseline(Baseline),
    /// Run the scripts on targets that misbehave on purpose, and tell which notice it
    SelfTest(SelfTest),
    /// Bring scripts into the canonical layout
    Fmt(Fmt),
    /// Fuzz targets as they are, and make scripts of what is found
    Fuzz(Fuzz),
    /// Tell what in a capture breaks an RFC
    Inspect(Inspect),
    /// List targets with what they declare to support
    Targets(Targets),
}

/// Which scripts, and how they are read.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// Scripts, and folders of them; `SCRIPT[CASE]` is one case; without any, the built-in specs
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,

    /// Only scripts whose path, title or requirement holds TEXT; `!TEXT` leaves them out
    #[arg(short = 'E', long = "filter", value_name = "TEXT")]
    pub(super) filters: Vec<String>,

    /// IP versions: ipv4, ipv4-mapped-ipv6, ipv6 [default: those of the profile, or all that script and target have]
    #[arg(long = "ip-version", value_name = "VERSION", value_delimiter = ',')]
    pub(super) ip_versions: Vec<IpVersion>,

    /// Settings and definitions by a name: `packetdrill`, `rfc5961`, or one of rfcheck.toml
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,

    /// Replace NAME by VALUE in every script
    #[arg(short = 'D', long = "define", value_name = "NAME=VALUE")]
    pub(super) definitions: Vec<String>,

    /// Set one of packetdrill's options in every script, such as `tolerance_usecs=10000`
    #[arg(short = 'o', long = "option", value_name = "NAME[=VALUE]")]
    pub(super) options: Vec<String>,
}

const RUN_EXAMPLES: &str = "\
Examples:
  rfcheck run                                   the built-in specs on smoltcp
  rfcheck run --target linux --strict           on the running kernel; a broken SHOULD counts too
  rfcheck run --profile rfc5961 --target linux  the mitigations of RFC 5961 are demanded too
  rfcheck run --filter rfc768 --capture pcaps   UDP alone, and a pcapng of every run
  rfcheck run --filter myths --packets          what is often said of TCP/IP, and the packets that contradict it
  rfcheck run --format junit > report.xml       for a CI system
  rfcheck run --format html > report.html       a page for a browser, with the packets of each failure
  rfcheck run my.pkt -D PORT=80 -o tolerance_usecs=10000";

fn run_help() -> String {
    format!("{RUN_EXAMPLES}\n\n{}", exit::HELP)
}

#[derive(Debug, Args)]
#[command(after_help = exit::HELP, after_long_help = run_help())]
pub(super) struct Run {
    #[command(flatten)]
    pub(super) selection: Selection,

    /// Targets, see `rfcheck targets` [default: that of rfcheck.toml, or smoltcp for
    /// scripts and reference for dialogues]
    #[arg(short, long = "target", value_name = "NAME", value_delimiter = ',')]
    pub(super) targets: Vec<String>,

    /// Make every target misbehave in this way on purpose, see `rfcheck self-test --list`; no failure is known then
    #[arg(long, value_name = "NAME")]
    pub(super) fault: Option<String>,

    /// How many runs at once [default: on a virtual clock one a core, on a real clock as many as are served in time]
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,

    /// What to write to standard output
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,

    /// Folder for reports (events.jsonl, junit.xml, report.html) and captures of runs that did not pass [default: no reports, and
    /// captures in rfcheck-out]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,

    /// Folder for captures of all runs, those that passed too
    #[arg(long, value_name = "DIR")]
    pub(super) capture: Option<PathBuf>,

    /// Show the packets and calls of every run as a sequence, with the script's comments between them
    #[arg(long)]
    pub(super) packets: bool,

    /// How dialogues are delivered, each way in a run of its own: whole, octet, cut, random, reordered, duplicated,
    /// overlapping, tiny-window, slow, loss, fin-middle, rst-middle, half-close, vanish, or all [default: whole]
    #[arg(long = "transport", value_name = "NAME", value_delimiter = ',')]
    pub(super) transports: Vec<Transport>,

    /// What is random in dialogues and their delivery comes from this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(super) seed: u64,

    /// Failures of a SHOULD or MAY are failures, not warnings
    #[arg(long)]
    pub(super) strict: bool,

    /// Run no shell commands and no code blocks; scripts that need them are not applicable
    #[arg(long)]
    pub(super) no_commands: bool,

    /// Known failures of the target, instead of those of baselines/TARGET.toml
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    pub(super) baseline: Option<PathBuf>,

    /// No failure is known
    #[arg(long)]
    pub(super) no_baseline: bool,
}

/// A way to deliver dialogues, or all ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    All,
    One(Schedule),
}

impl FromStr for Transport {
    type Err = UnknownSchedule;

    fn from_str(name: &str) -> Result<Self, UnknownSchedule> {
        if name == "all" { Ok(Transport::All) } else { name.parse().map(Transport::One) }
    }
}

/// What to write to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Tables and failures, for people
    Human,
    /// One event a line
    Json,
    /// JUnit XML
    Junit,
    /// A page that holds all it shows: requirements, targets, and the packets of each failure
    Html,
}

/// What a table is written to standard output as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    /// A table, for people
    Human,
    /// One JSON object
    Json,
    /// A Markdown document
    Markdown,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    pub(super) selection: Selection,

    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 if every script can run, 4 if there is none, 96 if one is wrong.")]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) selection: Selection,

    /// Warnings are errors
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 if all is as it should be, 96 if a script is not in the canonical layout (with \
    --check) or cannot be read."
)]
pub(super) struct Fmt {
    /// Scripts, and folders of them; `-` reads standard input and writes standard output
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// Change nothing, and name the scripts that would change
    #[arg(long)]
    pub(super) check: bool,
}

#[derive(Debug, Args)]
pub(super) struct Targets {
    /// One JSON object a line
    #[arg(long)]
    pub(super) json: bool,
}
