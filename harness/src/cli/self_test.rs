//! `rfcheck self-test`.

use std::io::{BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::sync::Arc;

use clap::Args;

use super::args::{Selection, TableFormat};
use super::exit::Exit;
use super::{output, run};
use crate::report::{Progress, kill_matrix as report};
use crate::suite::config::Config;
use crate::suite::{KillMatrix, Pairs, Request, SelfTest as Planned, SelfTested, SuiteError};
use crate::target::TargetFactory;
use crate::target::fault::Fault;

const EXAMPLES: &str = "\
Examples:
  rfcheck self-test                             the built-in specs and every fault, in virtual time
  rfcheck self-test --target smoltcp,linux      what does not pass on smoltcp is proven on the running kernel
  rfcheck self-test specs/rfc768 --fault udp-checksum-unchecked
                                                which of these scripts notice one fault
  rfcheck self-test --quick                     each fault only with the scripts that it is made for
  rfcheck self-test --list                      the faults, with the clause that each breaks
  rfcheck run --fault tcp-ack-off-by-one --filter 9293-U-4
                                                the packets of scripts that run on a target with a fault";

const EXIT: &str = "\
Exit status:
    0  every requirement, fault and script is killed, or explained in survivors.toml
    2  the command line or rfcheck.toml is wrong
    4  nothing ran: no script found, selected or applicable, or none passes
   96  set-up failed: a target is not possible here, a script is wrong, a run could not be judged
  100  something survives unexplained, or an explanation is stale
  130  interrupted";

fn help() -> String {
    format!("{EXAMPLES}\n\n{EXIT}")
}

#[derive(Debug, Args)]
#[command(after_help = EXIT, after_long_help = help())]
pub(super) struct SelfTest {
    #[command(flatten)]
    selection: Selection,

    /// Targets in order of preference: a script is proven on the first that it passes on [default: smoltcp for
    /// scripts and reference for dialogues]
    #[arg(short, long = "target", value_name = "NAME", value_delimiter = ',')]
    targets: Vec<String>,

    /// Only these faults [default: all]
    #[arg(long = "fault", value_name = "NAME", value_delimiter = ',')]
    faults: Vec<String>,

    /// Run each fault only with the scripts of the requirements that it is made for; a real clock does so anyway
    #[arg(long)]
    quick: bool,

    /// List the faults instead of running anything
    #[arg(long)]
    list: bool,

    /// How many runs at once [default: on a virtual clock one a core, on a real clock as many as are served in time]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,

    /// What to write to standard output
    #[arg(long, value_enum, default_value_t = TableFormat::Human)]
    format: TableFormat,

    /// Run no shell commands and no code blocks; scripts that need them are not applicable
    #[arg(long)]
    no_commands: bool,
}

pub(super) fn self_test(args: &SelfTest, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    if args.list {
        return list().map(|()| Exit::AsExpected).map_err(output);
    }
    // What an rfcheck.toml runs by default is not what proves scripts.
    let (targets, _) = run::targets(&args.targets, &Config { default_targets: Vec::new(), ..config.clone() }, own)?;
    let request = Request { commands: !args.no_commands, jobs: args.jobs, ..args.selection.request() };
    let pairs = if args.quick { Pairs::MadeFor } else { Pairs::All };
    let planned = Planned::plan(&args.selection.source(), targets, config, request, &args.faults, pairs)?;
    if planned.is_empty() {
        eprintln!("error: no script was found or selected");
        return Ok(Exit::NothingRan);
    }
    let mut progress = Progress::default();
    let tested = planned.run(&mut [&mut progress], &run::interrupt()?)?;
    write(args.format, &tested.matrix).map_err(output)?;
    Ok(exit(&tested))
}

fn write(format: TableFormat, matrix: &KillMatrix) -> std::io::Result<()> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    match format {
        TableFormat::Human => report::write_table(&mut out, matrix, run::columns())?,
        TableFormat::Json => report::write_json(&mut out, matrix)?,
        TableFormat::Markdown => report::write_markdown(&mut out, matrix)?,
    }
    out.flush()
}

fn list() -> std::io::Result<()> {
    let mut out = BufWriter::new(anstream::stdout().lock());
    for fault in Fault::all() {
        writeln!(out, "{}\n  {}", fault.name, fault.does)?;
        if fault.is_generic() {
            writeln!(out, "  generic: no clause is meant by it")?;
        } else {
            writeln!(out, "  breaks {}, made for {}", fault.breaks, fault.requirements.join(" "))?;
        }
    }
    out.flush()
}

/// What a self-test comes to.
fn exit(tested: &SelfTested) -> Exit {
    if tested.plain.interrupted || tested.faulty.interrupted {
        Exit::Interrupted
    } else if tested.faulty.planned == 0 {
        Exit::NothingRan
    } else if !tested.matrix.is_as_expected() {
        Exit::Failed
    } else if tested.plain.inconclusive + tested.plain.errors > 0 {
        Exit::SetUp
    } else {
        Exit::AsExpected
    }
}
