//! What is wrong with baselines, told without running anything.

use super::{Baseline, KnownFailure};
use crate::monitor::Invariant;
use crate::suite::SuiteError;
use crate::suite::config::Config;
use crate::suite::discovery::{Found, Source};

/// What is wrong with a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineProblem {
    /// The file.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, one line.
    pub message: String,
}

/// Reads every baseline that lies within what was named: entries without a reason or a clause, entries that name what
/// is not there, and entries that stand there twice.
///
/// # Errors
/// A file that cannot be read.
pub fn check_baselines(source: &Source, config: &Config) -> Result<Vec<BaselineProblem>, SuiteError> {
    let mut problems = Vec::new();
    for found in source.baselines_within()? {
        problems.extend(problems_of(&found, source, config));
    }
    Ok(problems)
}

fn problems_of(found: &Found, source: &Source, config: &Config) -> Vec<BaselineProblem> {
    let problem = |line, message| BaselineProblem { name: found.name.clone(), line, message };
    let baseline = match Baseline::parse_draft(&found.text) {
        Ok(baseline) => baseline,
        Err(error) => {
            let line = error.span.map_or(1, |span| super::line_of(&found.text, span.start));
            return vec![problem(line, error.message)];
        }
    };
    let mut problems = Vec::new();
    let mut seen: Vec<&KnownFailure> = Vec::new();
    for entry in baseline.iter() {
        let mut add = |message| problems.push(problem(entry.line, message));
        for (name, value) in [("reason", &entry.reason), ("clause", &entry.clause)] {
            if value.trim().is_empty() {
                add(format!("the known failure of `{}` needs its {name}", entry.script_and_case()));
            }
        }
        if !source.has_script(found.path.as_deref(), &entry.script) {
            add(format!("there is no script `{}`", entry.script));
        }
        if let Some(profile) = entry.profile.as_ref().filter(|profile| !config.profiles.contains_key(*profile)) {
            add(config.no_profile(profile));
        }
        if let Some(before) = seen.iter().find(|before| before.is_about_the_same(entry)) {
            add(format!("line {} is about the same runs of `{}`", before.line, entry.script_and_case()));
        }
        seen.push(entry);
    }
    for known in baseline.violations() {
        if !Invariant::ALL.iter().any(|invariant| invariant.requirement() == known.requirement) {
            problems.push(problem(1, format!("the monitor does not watch a requirement `{}`", known.requirement)));
        }
        if !source.has_script(found.path.as_deref(), &known.seen_in) {
            problems.push(problem(1, format!("there is no script `{}`", known.seen_in)));
        }
    }
    problems
}

impl KnownFailure {
    fn is_about_the_same(&self, other: &KnownFailure) -> bool {
        let key =
            |entry: &KnownFailure| (entry.script_and_case(), entry.ip_version, entry.profile.clone(), entry.transport);
        key(self) == key(other)
    }
}
