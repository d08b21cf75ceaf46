//! Which requirements scripts test, which they do not and why, and what targets made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::catalogue::{Catalogues, Level, Observable, Requirement};
use super::config::Config;
use super::event::{Event, Reporter};
use super::natural::natural;
use super::plan::{self, Request};
use super::{Checked, Source, Standing, SuiteError, check};
use crate::engine::Verdict;
use crate::target::IpVersion;

/// What is asked of scripts, and what they answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The targets that ran them, in order.
    pub targets: Vec<String>,
    /// In order of number.
    pub rfcs: Vec<RfcCoverage>,
    /// Scripts that cannot run: nothing is known of what they test.
    pub wrong_scripts: Vec<String>,
}

/// The requirements of one RFC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RfcCoverage {
    /// Its number.
    pub rfc: String,
    /// The title of the catalogue that is about it alone.
    pub title: Option<String>,
    /// In order of ID.
    pub requirements: Vec<Covered>,
}

/// One requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// The requirement.
    pub requirement: Arc<Requirement>,
    /// The scripts that name it.
    pub scripts: Vec<String>,
    /// What their runs came to.
    pub runs: Vec<RunVerdict>,
}

/// What one run came to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunVerdict {
    /// The target.
    pub target: String,
    /// The script.
    pub script: String,
    /// IP version of packets and sockets.
    pub ip_version: IpVersion,
    /// The verdict.
    pub verdict: Verdict,
    /// What it means for the suite.
    pub standing: Standing,
}

/// Whether scripts test a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// At least one does.
    Tested,
    /// None does, and the catalogue says why.
    Reason,
    /// None does, and nobody says why.
    NoReason,
    /// None does, and none needs to: nothing of it shows on the link.
    NotOnWire,
}

/// How many requirements are tested. Those that do not show on the link are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Sums {
    /// Requirements that show on the link and that a script tests.
    pub tested: usize,
    /// Of those that show on the link, the ones that no script tests for a stated reason.
    pub reason: usize,
    /// Of those that show on the link, the ones that no script tests and nobody says why.
    pub no_reason: usize,
    /// Requirements that show at the socket API alone.
    pub api: usize,
    /// Those of them that a script tests.
    pub api_tested: usize,
    /// Requirements that show nowhere outside the implementation.
    pub internal: usize,
    /// Those of them that a script tests.
    pub internal_tested: usize,
}

impl Coverage {
    /// Reads scripts and the catalogues in their folders; nothing runs. Without catalogues there, the requirements are
    /// those that the scripts name.
    ///
    /// # Errors
    /// A path or catalogue that cannot be read; a profile, option or definition that does not fit.
    pub fn of(source: &Source, config: &Config, request: &Request) -> Result<Coverage, SuiteError> {
        let checked = check(source, config, request)?;
        let catalogues = plan::catalogues_within(source)?;
        Ok(Coverage::new(&checked, &catalogues))
    }

    fn new(checked: &[Checked], catalogues: &Catalogues) -> Coverage {
        let mut all = BTreeMap::new();
        for requirement in catalogues.iter() {
            all.insert(key(requirement), Covered::new(requirement));
        }
        for script in checked {
            for requirement in &script.requirements {
                let covered = all.entry(key(requirement)).or_insert_with(|| Covered::new(requirement));
                let case = script.file.case.as_ref().and_then(|case| case.requirement.as_ref());
                let name = if case == Some(&requirement.id) { &script.file.name } else { &script.file.file };
                // A script that names it twice, or in each of its cases, tests it once.
                if covered.scripts.last() != Some(name) {
                    covered.scripts.push(name.clone());
                }
            }
        }
        let mut rfcs: Vec<RfcCoverage> = Vec::new();
        for covered in all.into_values() {
            let rfc = &covered.requirement.rfc;
            match rfcs.last_mut().filter(|last| last.rfc == *rfc) {
                Some(last) => last.requirements.push(covered),
                None => {
                    let title = catalogues.title(rfc).map(str::to_owned);
                    rfcs.push(RfcCoverage { rfc: rfc.clone(), title, requirements: vec![covered] });
                }
            }
        }
        let wrong = checked.iter().filter(|script| script.has_errors());
        let wrong_scripts = wrong.map(|script| script.file.name.clone()).collect();
        Coverage { targets: Vec::new(), rfcs, wrong_scripts }
    }

    /// All requirements.
    pub fn requirements(&self) -> impl Iterator<Item = &Covered> {
        self.rfcs.iter().flat_map(|rfc| &rfc.requirements)
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.rfcs.is_empty()
    }

    /// The sums of each level that occurs, strongest first.
    pub fn by_level(&self) -> Vec<(Level, Sums)> {
        let mut levels: BTreeMap<Level, Sums> = BTreeMap::new();
        for covered in self.requirements() {
            levels.entry(covered.requirement.level).or_default().add(covered);
        }
        levels.into_iter().rev().collect()
    }

    /// Adds what a suite's runs came to.
    pub fn set_verdicts(&mut self, collector: Collector) {
        self.targets = collector.targets;
        let mut runs = collector.runs;
        for covered in self.rfcs.iter_mut().flat_map(|rfc| &mut rfc.requirements) {
            covered.runs = runs.remove(&covered.requirement.id).unwrap_or_default();
            // They came in the order in which they finished.
            let targets = &self.targets;
            covered.runs.sort_by_cached_key(|run| (targets.iter().position(|name| *name == run.target), run.clone()));
        }
    }
}

/// By number of RFC, then by ID.
fn key(requirement: &Requirement) -> impl Ord + use<> {
    (requirement.rfc.parse().unwrap_or(u32::MAX), requirement.rfc.clone(), natural(&requirement.id))
}

impl Covered {
    fn new(requirement: &Arc<Requirement>) -> Self {
        Covered { requirement: Arc::clone(requirement), scripts: Vec::new(), runs: Vec::new() }
    }

    /// Whether a script tests it.
    pub fn state(&self) -> State {
        if !self.scripts.is_empty() {
            State::Tested
        } else if self.reason().is_some() {
            State::Reason
        } else if self.requirement.observable == Observable::Wire {
            State::NoReason
        } else {
            State::NotOnWire
        }
    }

    /// Why no script tests it, if the catalogue says so.
    pub fn reason(&self) -> Option<&str> {
        self.requirement.untested.as_deref().filter(|reason| !reason.trim().is_empty())
    }
}

impl Sums {
    /// Of these requirements.
    pub fn of<'a>(all: impl IntoIterator<Item = &'a Covered>) -> Sums {
        let mut sums = Sums::default();
        all.into_iter().for_each(|covered| sums.add(covered));
        sums
    }

    fn add(&mut self, covered: &Covered) {
        let tested = usize::from(covered.state() == State::Tested);
        match (covered.requirement.observable, covered.state()) {
            (Observable::Wire, State::Tested) => self.tested += 1,
            (Observable::Wire, State::Reason) => self.reason += 1,
            (Observable::Wire, _) => self.no_reason += 1,
            (Observable::Api, _) => (self.api, self.api_tested) = (self.api + 1, self.api_tested + tested),
            (Observable::Internal, _) => {
                (self.internal, self.internal_tested) = (self.internal + 1, self.internal_tested + tested);
            }
        }
    }

    /// Requirements that show on the link.
    pub const fn wire(&self) -> usize {
        self.tested + self.reason + self.no_reason
    }
}

/// Keeps the verdicts of a suite's runs, by requirement.
#[derive(Debug, Default)]
pub struct Collector {
    targets: Vec<String>,
    runs: BTreeMap<String, Vec<RunVerdict>>,
}

impl Reporter for Collector {
    fn event(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        match event {
            Event::SuiteStarted(started) => {
                self.targets = started.targets.iter().map(|&target| target.to_owned()).collect();
            }
            Event::RunFinished(run) => {
                let verdict = RunVerdict {
                    target: run.id.target.to_owned(),
                    script: run.id.script.name.clone(),
                    ip_version: run.id.ip_version,
                    verdict: run.verdict,
                    standing: run.standing,
                };
                for requirement in run.requirements {
                    self.runs.entry(requirement.id.clone()).or_default().push(verdict.clone());
                }
            }
            Event::RunStarted(_) | Event::SuiteFinished(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built_in() -> Coverage {
        Coverage::of(&Source::BuiltIn, &Config::default(), &Request::default()).unwrap()
    }

    #[test]
    fn every_requirement_that_shows_on_the_link_has_a_script_or_a_reason() {
        let coverage = built_in();
        assert_eq!(coverage.wrong_scripts, Vec::<String>::new(), "`rfcheck check` says what is wrong");
        let without: Vec<_> = coverage
            .requirements()
            .filter(|covered| covered.state() == State::NoReason)
            .map(|covered| covered.requirement.id.as_str())
            .collect();
        assert!(without.is_empty(), "write a script, or `untested = \"why\"`, for {}", without.join(", "));
    }

    #[test]
    fn no_reason_outlives_the_script_that_came_after_it() {
        let coverage = built_in();
        let stale: Vec<_> = coverage
            .requirements()
            .filter(|covered| covered.state() == State::Tested && covered.reason().is_some())
            .map(|covered| format!("{} (tested by {})", covered.requirement.id, covered.scripts.join(", ")))
            .collect();
        assert!(stale.is_empty(), "take `untested` away from {}", stale.join(", "));
    }

    #[test]
    fn the_sums_count_every_requirement_once() {
        let coverage = built_in();
        let all = Sums::of(coverage.requirements());
        assert_eq!(all.wire() + all.api + all.internal, plan::catalogues(&Source::BuiltIn).unwrap().len());
        let by_level: usize = coverage.by_level().iter().map(|(_, sums)| sums.wire() + sums.api + sums.internal).sum();
        assert_eq!(by_level, coverage.requirements().count());
    }
}
