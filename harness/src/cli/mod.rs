//! The `rfcheck` command: flags in, exit status out.
//!
//! [`main`] is the command itself. [`main_with`] is the same command with targets of one's own, so that a stack's
//! author writes an adapter and a `main` of one line.

mod args;
mod baseline;
mod coverage;
mod exit;
mod fmt;
mod fuzz;
mod inspect;
mod list;
mod run;
mod self_test;
mod targets;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use crate::suite::config::Config;
use crate::suite::{Request, Source, SuiteError};
use crate::target::TargetFactory;
use args::{Cli, Command, Selection};
pub use exit::Exit;

/// The `rfcheck` command.
pub fn main() -> ExitCode {
    main_with(Vec::new())
}

/// The `rfcheck` command with targets of one's own; the first is run if the command line names none.
pub fn main_with(own: Vec<Arc<dyn TargetFactory>>) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // --help and --version arrive here too, and are no errors.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::AsExpected };
            let _unwritable = error.print();
            return exit.into();
        }
    };
    match execute(&cli, &own) {
        Ok(exit) => exit.into(),
        Err(error) => report(&error).into(),
    }
}

fn execute(cli: &Cli, own: &[Arc<dyn TargetFactory>]) -> Result<Exit, SuiteError> {
    let config = Config::load(cli.config.as_deref()).map_err(Box::new)?;
    match &cli.command {
        Command::Run(args) => run::run(args, &config, own),
        Command::List(args) => list::list(args, &config),
        Command::Check(args) => list::check(args, &config),
        Command::Coverage(args) => coverage::coverage(args, &config, own),
        Command::Baseline(args) => baseline::baseline(args, &config, own),
        Command::SelfTest(args) => self_test::self_test(args, &config, own),
        Command::Fmt(args) => fmt::fmt(args),
        Command::Fuzz(args) => fuzz::fuzz(args, &config, own),
        Command::Inspect(args) => inspect::inspect(args),
        Command::Targets(args) => targets::targets(args, &config, own),
    }
}

/// Says on standard error why nothing could be judged.
fn report(error: &SuiteError) -> Exit {
    let mut err = anstream::stderr();
    let _unwritable = match error {
        SuiteError::Config(error) => err.write_all(error.render().as_bytes()),
        // The reader of our output went away, and knows.
        SuiteError::Output { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        error => writeln!(err, "error: {error}"),
    };
    match error {
        SuiteError::Usage(_) | SuiteError::Config(_) | SuiteError::Discovery(_) => Exit::Usage,
        _ => Exit::SetUp,
    }
}

impl Selection {
    fn source(&self) -> Source {
        if self.paths.is_empty() { Source::BuiltIn } else { Source::Paths(self.paths.clone()) }
    }

    fn request(&self) -> Request {
        let split = |option: &String| match option.trim_start_matches("--").split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (option.trim_start_matches("--").to_owned(), None),
        };
        Request {
            filters: self.filters.clone(),
            ip_versions: (!self.ip_versions.is_empty()).then(|| self.ip_versions.clone()),
            profile: self.profile.clone(),
            options: self.options.iter().map(split).collect(),
            definitions: self.definitions.clone(),
            commands: true,
            ..Request::default()
        }
    }
}

/// A write to standard output that failed.
fn output(source: std::io::Error) -> SuiteError {
    SuiteError::Output { what: "to standard output".to_owned(), source }
}
