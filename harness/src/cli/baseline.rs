//! `rfcheck baseline`.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::args::Selection;
use super::exit::{self, Exit};
use super::{output, run};
use crate::report::{Progress, plural};
use crate::suite::config::Config;
use crate::suite::{
    Change, ChangeKind, Known, KnownFailure, Observer, Request, Source, Suite, SuiteError, TargetEntry, Update,
    UpdateInput,
};
use crate::target::TargetFactory;

const EXAMPLES: &str = "\
Examples:
  rfcheck baseline show                                 what smoltcp is known to fail, and why
  rfcheck baseline update specs                         after a script or smoltcp changed
  rfcheck baseline update --target linux --dry-run specs
                                                        what would change, without writing it
  rfcheck baseline update --profile rfc5961 specs       entries for that profile alone
  rfcheck baseline update --file known/mine.toml --target mine my/scripts";

fn help() -> String {
    format!("{EXAMPLES}\n\n{}", exit::HELP)
}

#[derive(Debug, Args)]
#[command(after_long_help = help())]
pub(super) struct Baseline {
    #[command(subcommand)]
    command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
enum BaselineCommand {
    /// List what targets are known to fail, with the reasons; nothing runs
    Show(Show),
    /// Run scripts and rewrite the targets' baselines to what came out
    Update(UpdateArgs),
}

#[derive(Debug, Args)]
struct Show {
    /// Folders of scripts with their baselines; without any, the built-in specs
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Targets, see `rfcheck targets` [default: that of rfcheck.toml, or smoltcp]
    #[arg(short, long = "target", value_name = "NAME", value_delimiter = ',')]
    targets: Vec<String>,
}

const UPDATE_ABOUT: &str = "\
Run scripts and rewrite the targets' baselines to what came out

Entries that still hold stay as they stand, with their comments and in their order. An entry goes when all that it \
excuses passes, and when no run can confirm it: its script, IP version or profile is gone. A new failure gets an entry \
without a reason. Nothing runs with such a baseline, and `rfcheck check` refuses it, until somebody has looked at the \
packets and written why the target fails.";

#[derive(Debug, Args)]
#[command(long_about = UPDATE_ABOUT, after_help = exit::HELP, after_long_help = help())]
struct UpdateArgs {
    #[command(flatten)]
    selection: Selection,

    /// Targets, see `rfcheck targets` [default: that of rfcheck.toml, or smoltcp]
    #[arg(short, long = "target", value_name = "NAME", value_delimiter = ',')]
    targets: Vec<String>,

    /// The baseline to rewrite [default: baselines/TARGET.toml of the nearest folder, or that of rfcheck.toml]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Failures of a SHOULD or MAY get entries too
    #[arg(long)]
    strict: bool,

    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,

    /// Run no shell commands and no code blocks; scripts that need them are not applicable
    #[arg(long)]
    no_commands: bool,
}

pub(super) fn baseline(args: &Baseline, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    match &args.command {
        BaselineCommand::Show(args) => show(args, config, own),
        BaselineCommand::Update(args) => update(args, config, own),
    }
}

fn show(args: &Show, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let source = if args.paths.is_empty() { Source::BuiltIn } else { Source::Paths(args.paths.clone()) };
    let mut out = BufWriter::new(anstream::stdout().lock());
    for target in run::target_names(&args.targets, config, own) {
        if !config.has_target(&target) && !own.iter().any(|factory| factory.name() == target) {
            return Err(SuiteError::Usage(config.no_target(&target)));
        }
        let baseline = Known::Found.read(&source, config, &target)?.unwrap_or_default();
        let entries = plural(baseline.iter().count(), "known failure");
        let file = if baseline.name().is_empty() { "no baseline" } else { baseline.name() };
        writeln!(out, "{target}: {entries}, {file}").map_err(output)?;
        for entry in baseline.iter() {
            writeln!(out, "  {}\n      {}", named(entry), because(entry)).map_err(output)?;
        }
    }
    out.flush().map_err(output)?;
    Ok(Exit::AsExpected)
}

fn update(args: &UpdateArgs, config: &Config, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let source = args.selection.source();
    let names = run::target_names(&args.targets, config, own);
    let known = match &args.file {
        Some(_) if names.len() > 1 => {
            return Err(SuiteError::Usage("--file is the baseline of one target".to_owned()));
        }
        Some(file) => Known::DraftFile(file.clone()),
        None => Known::Drafts,
    };
    let targets = names.iter().map(|name| TargetEntry::find(name, config, own)).collect::<Result<Vec<_>, _>>()?;
    let request =
        Request { commands: !args.no_commands, strict: args.strict, baseline: known, ..args.selection.request() };
    let suite = Suite::plan(&source, targets, config, request)?;
    if suite.is_empty() {
        eprintln!("error: no script was found or selected");
        return Ok(Exit::NothingRan);
    }
    let files = names.iter().map(|name| file_of(name, args, &suite, &source, config)).collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = files.iter().enumerate().find_map(|(at, file)| files[..at].contains(file).then_some(file)) {
        let message = format!("`{}` is the baseline of two of the targets: update one at a time", file.display());
        return Err(SuiteError::Usage(message));
    }
    let (mut observer, mut progress) = (Observer::default(), Progress::default());
    let totals = suite.run(&mut [&mut progress, &mut observer], &run::interrupt()?)?;
    if totals.interrupted {
        eprintln!("error: interrupted; nothing was written");
        return Ok(Exit::Interrupted);
    }
    let mut out = BufWriter::new(anstream::stdout().lock());
    let mut is_change = false;
    for (name, file) in names.iter().zip(&files) {
        let update = update_of(name, file, args, &suite, &mut observer)?;
        is_change |= update.is_change();
        if update.is_change() && !args.dry_run {
            write(file, &update.text)?;
        }
        tell(&mut out, name, file, &update, args.dry_run).map_err(output)?;
    }
    out.flush().map_err(output)?;
    Ok(if args.dry_run && is_change {
        Exit::Failed
    } else if totals.inconclusive + totals.errors > 0 {
        Exit::SetUp
    } else if totals.judged() == 0 {
        Exit::NothingRan
    } else {
        Exit::AsExpected
    })
}

/// The file that is to hold what a target is known to fail.
fn file_of(
    target: &str,
    args: &UpdateArgs,
    suite: &Suite,
    source: &Source,
    config: &Config,
) -> Result<PathBuf, SuiteError> {
    let configured = config.targets.get(target).and_then(|own| own.baseline.clone());
    let found = suite.baseline(target).and_then(|baseline| baseline.path()).map(Path::to_owned);
    args.file.clone().or(found).or(configured).or_else(|| source.baseline_to_be(target)).ok_or_else(|| {
        SuiteError::Usage("the built-in baselines cannot be rewritten: name a folder of scripts, or --file FILE".into())
    })
}

fn update_of(
    target: &str,
    file: &Path,
    args: &UpdateArgs,
    suite: &Suite,
    observer: &mut Observer,
) -> Result<Update, SuiteError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => format!("# What {target} is known to fail.\n"),
        Err(error) => return Err(SuiteError::Usage(format!("cannot read `{}`: {error}", file.display()))),
    };
    let stale: Vec<_> = suite.stale().iter().filter(|stale| stale.target == target).cloned().collect();
    // Beside a folder for baselines lie the scripts that it is about.
    let folder = file.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "baselines"));
    let input = UpdateInput {
        text: &text,
        root: folder.and_then(Path::parent),
        runs: &observer.runs(target),
        stale: &stale,
        profile: args.selection.profile.as_deref(),
    };
    Update::of(input).map_err(|error| SuiteError::Data {
        name: file.display().to_string(),
        line: None,
        message: error.message,
    })
}

fn write(file: &Path, text: &str) -> Result<(), SuiteError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(file, text))
        .map_err(|source| SuiteError::Output { what: format!("`{}`", file.display()), source })
}

fn tell(out: &mut impl Write, target: &str, file: &Path, update: &Update, is_dry: bool) -> std::io::Result<()> {
    let count = |kind| update.changes.iter().filter(|change| change.kind == kind).count();
    let counts: Vec<_> = [
        (count(ChangeKind::Added), "added"),
        (count(ChangeKind::Removed), "removed"),
        (count(ChangeKind::Narrowed), "narrowed"),
        (count(ChangeKind::Unconfirmed), "unconfirmed"),
        (update.kept, "kept"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    let counts = if counts.is_empty() { "no entry".to_owned() } else { counts.join(", ") };
    let here = std::env::current_dir().ok().and_then(|here| file.strip_prefix(here).ok().map(Path::to_owned));
    writeln!(out, "{target}, {}: {counts}", here.as_deref().unwrap_or(file).display())?;
    for change in &update.changes {
        tell_change(out, change)?;
    }
    if !update.drafts.is_empty() {
        let entries =
            if update.drafts.len() == 1 { "1 entry needs" } else { &format!("{} entries need", update.drafts.len()) };
        writeln!(out, "  {entries} a reason and a clause before anything runs with this baseline:")?;
        update.drafts.iter().try_for_each(|script| writeln!(out, "      {script}"))?;
    }
    match (update.is_change(), is_dry) {
        (false, _) => writeln!(out, "  nothing to write"),
        (true, true) => writeln!(out, "  nothing was written (--dry-run)"),
        (true, false) => Ok(()),
    }
}

fn tell_change(out: &mut impl Write, change: &Change) -> std::io::Result<()> {
    let sign = match change.kind {
        ChangeKind::Added => '+',
        ChangeKind::Removed => '-',
        ChangeKind::Narrowed => '~',
        ChangeKind::Unconfirmed => '?',
    };
    writeln!(out, "  {sign} {}: {}", named(&change.entry), change.why)?;
    match change.kind {
        ChangeKind::Added => Ok(()),
        _ => writeln!(out, "      {}", because(&change.entry)),
    }
}

/// The script, and for which runs the entry holds.
fn named(entry: &KnownFailure) -> String {
    let version = entry.ip_version.map(|version| format!(" over {version}")).unwrap_or_default();
    let profile = entry.profile.as_ref().map(|profile| format!(" with the profile {profile}")).unwrap_or_default();
    format!("{}{version}{profile}", entry.script_and_case())
}

fn because(entry: &KnownFailure) -> String {
    let upstream = entry.upstream.as_ref().map(|upstream| format!(", {upstream}")).unwrap_or_default();
    if entry.reason.is_empty() {
        return format!("no reason yet ({}{upstream})", entry.clause);
    }
    format!("{} ({}{upstream})", entry.reason, entry.clause)
}
