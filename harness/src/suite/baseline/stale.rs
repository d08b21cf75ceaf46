//! Entries that no run can confirm: nobody would notice when the target is mended.

use super::{Baseline, KnownFailure, ends_with};
use crate::suite::config::Config;
use crate::suite::discovery::Source;
use crate::suite::event::RunId;
use crate::suite::plan::Request;

/// An entry that no run can confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleEntry {
    /// The target.
    pub target: String,
    /// The baseline's file, as messages name it.
    pub baseline: String,
    /// The entry.
    pub entry: KnownFailure,
    /// Why no run can confirm it.
    pub why: Staleness,
}

/// Why no run can confirm an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Staleness {
    /// No script lies there.
    NoScript,
    /// The script has no such case.
    NoCase,
    /// The script is there, but is not run with this IP version.
    NotRun,
    /// There is no such profile.
    NoProfile,
}

impl StaleEntry {
    /// One line for people.
    pub fn message(&self) -> String {
        let KnownFailure { script, case, ip_version, profile, .. } = &self.entry;
        match self.why {
            Staleness::NoScript => format!("there is no script `{script}`"),
            Staleness::NoCase => format!("`{script}` has no case `{}`", case.as_deref().unwrap_or_default()),
            Staleness::NotRun => {
                let version = ip_version.map(|version| format!(" over {version}")).unwrap_or_default();
                format!("`{}` is not run{version}", self.entry.script_and_case())
            }
            Staleness::NoProfile => format!("there is no profile `{}`", profile.as_deref().unwrap_or_default()),
        }
    }
}

impl Baseline {
    /// The entries that no run can confirm, among all runs that are planned for a target. What was left out because
    /// somebody asked for a part is not stale.
    pub(in crate::suite) fn stale(
        &self,
        target: &str,
        runs: &[RunId<'_>],
        source: &Source,
        config: &Config,
        request: &Request,
    ) -> Vec<StaleEntry> {
        let asks_for_all = request.filters.is_empty() && request.ip_versions.is_none();
        let why = |entry: &KnownFailure| {
            if entry.profile.as_ref().is_some_and(|profile| !config.profiles.contains_key(profile)) {
                return Some(Staleness::NoProfile);
            }
            let own: Vec<_> = runs.iter().filter(|run| ends_with(&run.script.file, &entry.script)).collect();
            if own.is_empty() {
                return (!source.has_script(self.path(), &entry.script)).then_some(Staleness::NoScript);
            }
            // A part of the cases is run where somebody asked for it.
            let names = own.iter().map(|run| run.script.case.as_ref().map(|case| case.name.as_str()));
            if names.clone().all(|name| !entry.is_about_case(name)) {
                let all = own[0].script.all_cases();
                let is_there = all.iter().any(|case| entry.is_about_case(Some(&case.name)));
                return (!is_there).then_some(Staleness::NoCase);
            }
            let has_version = own.iter().any(|run| entry.ip_version.is_none_or(|version| version == run.ip_version));
            (asks_for_all && !has_version).then_some(Staleness::NotRun)
        };
        let stale = self.iter().filter_map(|entry| why(entry).map(|why| (entry.clone(), why)));
        stale
            .map(|(entry, why)| StaleEntry { target: target.to_owned(), baseline: self.name.clone(), entry, why })
            .collect()
    }
}
