//! The kill matrix: requirement by fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::survivors::Reason;
use super::{Pairs, Survivors};
use crate::engine::Verdict;
use crate::suite::Requirement;
use crate::suite::natural::natural;
use crate::target::fault::Fault;

/// What was killed by what, and what survived.
#[derive(Debug, Default)]
pub struct KillMatrix {
    /// The targets, in order of preference, and behind them the mended ones.
    pub targets: Vec<String>,
    /// How many of them are mended.
    pub mended: usize,
    /// The requirements that the scripts name, by RFC and ID.
    pub requirements: Vec<RequirementRow>,
    /// The faults that ran, by subject.
    pub faults: Vec<FaultRow>,
    /// The scripts, by name.
    pub scripts: Vec<ScriptRow>,
    /// Entries of `survivors.toml` that explain what is killed, or what there is not.
    pub stale: Vec<String>,
    found: BTreeMap<String, Found>,
}

/// What is known of a script while the self-test runs.
#[derive(Debug, Default)]
struct Found {
    requirements: BTreeMap<String, Arc<Requirement>>,
    /// Index of the target that it passes on.
    passes_on: Option<usize>,
    kills: BTreeSet<(&'static str, usize)>,
}

/// Reasons that are ones on the targets that ran.
struct Here {
    faults: BTreeMap<String, String>,
    scripts: BTreeMap<String, String>,
    requirements: BTreeMap<String, String>,
}

/// How well it is proven that a requirement's scripts can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KilledBy {
    /// By a fault made for it.
    Own,
    /// Only by faults made for other requirements.
    Other,
    /// Only by faults that no clause is meant by.
    Generic,
    /// By none.
    None,
    /// Its scripts pass on none of the targets, so that nothing can be told.
    Unknown,
    /// By none, and none of the faults that were chosen is made for it.
    NotTried,
}

/// One requirement.
#[derive(Debug)]
pub struct RequirementRow {
    /// The requirement.
    pub requirement: Arc<Requirement>,
    /// The scripts that name it.
    pub scripts: Vec<String>,
    /// The faults that its scripts kill, those made for it first.
    pub kills: Vec<Kill>,
    /// How well it is proven.
    pub killed_by: KilledBy,
    /// Why it is not proven better, if somebody says so.
    pub reason: Option<String>,
}

/// A fault that a requirement's scripts kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// The fault.
    pub fault: &'static Fault,
    /// Index of the target that had it.
    pub target: usize,
    /// Whether the fault is made for the requirement.
    pub own: bool,
}

/// One fault.
#[derive(Debug)]
pub struct FaultRow {
    /// The fault.
    pub fault: &'static Fault,
    /// The scripts that kill it.
    pub scripts: Vec<String>,
    /// The requirements that it is made for, whose scripts could kill it and do not.
    pub missed: Vec<String>,
    /// Whether a script that ran tests a requirement that it is made for, or none is.
    pub in_question: bool,
    /// Why no script kills it, if somebody says so.
    pub reason: Option<String>,
}

/// One script.
#[derive(Debug)]
pub struct ScriptRow {
    /// Its name.
    pub name: String,
    /// Index of the target that it passes on.
    pub passes_on: Option<usize>,
    /// The faults that it kills.
    pub faults: Vec<&'static str>,
    /// Whether all faults ran, and not some that were chosen.
    pub is_tried: bool,
    /// Why no fault fails it, if somebody says so.
    pub reason: Option<String>,
}

impl PartialEq for Fault {
    fn eq(&self, other: &Fault) -> bool {
        self.name == other.name
    }
}

impl Eq for Fault {}

impl KillMatrix {
    pub(super) fn new(targets: Vec<String>) -> Self {
        KillMatrix { targets, ..KillMatrix::default() }
    }

    /// One more target, made of one of the others so that it meets what that one does not.
    pub(super) fn add_mended(&mut self, name: String) {
        self.targets.push(name);
        self.mended += 1;
    }

    /// A script has a verdict on a target without a fault.
    pub(super) fn add_script(
        &mut self,
        script: String,
        requirements: &[Arc<Requirement>],
        target: usize,
        verdict: Verdict,
    ) {
        let found = self.found.entry(script).or_default();
        found.requirements.extend(requirements.iter().map(|req| (req.id.clone(), Arc::clone(req))));
        if verdict == Verdict::Pass {
            found.passes_on.get_or_insert(target);
        }
    }

    /// A script failed on a target with a fault.
    pub(super) fn add_kill(&mut self, script: &str, fault: &'static Fault, target: usize) {
        if let Some(found) = self.found.get_mut(script) {
            found.kills.insert((fault.name, target));
        }
    }

    /// Whether a script has killed a fault so far.
    pub(super) fn is_killing(&self, script: &str) -> bool {
        self.found.get(script).is_some_and(|found| !found.kills.is_empty())
    }

    /// Whether a script names a requirement that a fault is made for.
    pub(super) fn is_meant(&self, script: &str, fault: &Fault) -> bool {
        self.found.get(script).is_some_and(|found| found.requirements.keys().any(|id| fault.is_made_for(id)))
    }

    /// All is known: makes the rows.
    pub(super) fn finish(&mut self, faults: &[&'static Fault], pairs: Pairs, survivors: &Survivors) {
        let are_all = faults.len() == Fault::all().count();
        // Only what is a reason here counts as one.
        let here = |reasons: &BTreeMap<String, Reason>| -> BTreeMap<String, String> {
            let plain = &self.targets[..self.targets.len() - self.mended];
            let held = reasons.iter().filter(|(_, reason)| reason.holds_on(plain));
            held.map(|(name, reason)| (name.clone(), reason.why.clone())).collect()
        };
        let survivors = &Here {
            faults: here(&survivors.faults),
            scripts: here(&survivors.scripts),
            requirements: here(&survivors.requirements),
        };
        let found = std::mem::take(&mut self.found);
        self.requirements = requirements(&found, faults, survivors);
        for row in self.requirements.iter_mut().filter(|row| row.kills.is_empty() && !are_all) {
            if !faults.iter().any(|fault| fault.is_made_for(&row.requirement.id)) {
                row.killed_by = KilledBy::NotTried;
            }
        }
        let generic_run = pairs == Pairs::All && found.values().any(|found| found.passes_on.is_some());
        self.faults = faults
            .iter()
            .map(|fault| {
                let kills = |found: &Found| found.kills.iter().any(|(name, _)| *name == fault.name);
                let own: Vec<_> = self
                    .requirements
                    .iter()
                    .filter(|row| row.is_provable() && fault.is_made_for(&row.requirement.id))
                    .collect();
                let missed = own.iter().filter(|row| !row.kills.iter().any(|kill| kill.fault.name == fault.name));
                FaultRow {
                    fault,
                    scripts: found.iter().filter(|(_, f)| kills(f)).map(|(name, _)| name.clone()).collect(),
                    missed: missed.map(|row| row.requirement.id.clone()).collect(),
                    in_question: if fault.is_generic() { generic_run } else { !own.is_empty() },
                    reason: survivors.faults.get(fault.name).cloned(),
                }
            })
            .collect();
        self.scripts = found
            .iter()
            .map(|(name, found)| ScriptRow {
                name: name.clone(),
                passes_on: found.passes_on,
                faults: found.kills.iter().map(|(fault, _)| *fault).collect(),
                is_tried: are_all,
                reason: survivors.scripts.get(name).cloned(),
            })
            .collect();
        self.stale = self.stale(survivors);
    }

    /// Requirements with scripts that pass somewhere, and with faults to kill.
    pub fn provable(&self) -> impl Iterator<Item = &RequirementRow> {
        self.requirements.iter().filter(|row| row.is_provable())
    }

    /// Requirements that no fault kills.
    pub fn surviving_requirements(&self) -> impl Iterator<Item = &RequirementRow> {
        self.requirements.iter().filter(|row| row.killed_by == KilledBy::None)
    }

    /// Faults that a script should kill and none does.
    pub fn surviving_faults(&self) -> impl Iterator<Item = &FaultRow> {
        self.faults.iter().filter(|row| row.survives())
    }

    /// Scripts that pass on a target and that no fault fails.
    pub fn surviving_scripts(&self) -> impl Iterator<Item = &ScriptRow> {
        self.scripts.iter().filter(|row| row.survives())
    }

    /// Whether all that survives is explained, and all that is explained survives.
    pub fn is_as_expected(&self) -> bool {
        self.stale.is_empty()
            && self.surviving_requirements().all(|row| row.reason.is_some())
            && self.surviving_faults().all(|row| row.reason.is_some())
            && self.surviving_scripts().all(|row| row.reason.is_some())
    }

    /// Explanations that explain nothing. Those about what did not run are left alone.
    fn stale(&self, survivors: &Here) -> Vec<String> {
        let mut stale = Vec::new();
        for name in survivors.faults.keys() {
            let mut killed = self.faults.iter().filter(|row| !row.scripts.is_empty());
            // One that only scripts for something else kill is still to be explained.
            let killed = killed.any(|row| row.fault.name == name && row.missed.is_empty());
            if Fault::find(name).is_none() {
                stale.push(format!("there is no fault `{name}`"));
            } else if killed {
                stale.push(format!("the fault `{name}` is killed"));
            }
        }
        for name in survivors.scripts.keys() {
            if self.scripts.iter().any(|row| row.name == *name && !row.faults.is_empty()) {
                stale.push(format!("the script `{name}` kills a fault"));
            }
        }
        for id in survivors.requirements.keys() {
            let row = self.requirements.iter().find(|row| row.requirement.id == *id);
            if row.is_some_and(|row| row.killed_by == KilledBy::Own) {
                stale.push(format!("the requirement {id} is killed by a fault made for it"));
            }
        }
        stale
    }
}

fn requirements(found: &BTreeMap<String, Found>, faults: &[&'static Fault], survivors: &Here) -> Vec<RequirementRow> {
    let mut rows: BTreeMap<_, RequirementRow> = BTreeMap::new();
    for (script, found) in found {
        for requirement in found.requirements.values() {
            let rfc: u32 = requirement.rfc.parse().unwrap_or(u32::MAX);
            let row = rows.entry((rfc, natural(&requirement.id))).or_insert_with(|| RequirementRow {
                requirement: Arc::clone(requirement),
                scripts: Vec::new(),
                kills: Vec::new(),
                killed_by: KilledBy::Unknown,
                reason: survivors.requirements.get(&requirement.id).cloned(),
            });
            row.scripts.push(script.clone());
            if found.passes_on.is_some() {
                row.killed_by = KilledBy::None;
            }
            for (name, target) in &found.kills {
                if let Some(fault) = faults.iter().find(|fault| fault.name == *name) {
                    let own = fault.is_made_for(&requirement.id);
                    let kill = Kill { fault, target: *target, own };
                    if !row.kills.contains(&kill) {
                        row.kills.push(kill);
                    }
                }
            }
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    for row in &mut rows {
        row.kills.sort_by_key(|kill| (!kill.own, kill.fault.is_generic(), kill.fault.name, kill.target));
        row.killed_by = match row.kills.first() {
            Some(kill) if kill.own => KilledBy::Own,
            Some(kill) if !kill.fault.is_generic() => KilledBy::Other,
            Some(_) => KilledBy::Generic,
            None => row.killed_by,
        };
    }
    rows
}

impl RequirementRow {
    /// Whether a script of it passes on a target, and a fault was there that it could kill.
    pub fn is_provable(&self) -> bool {
        !matches!(self.killed_by, KilledBy::Unknown | KilledBy::NotTried)
    }
}

impl FaultRow {
    /// Whether a script should kill it and none does.
    pub fn survives(&self) -> bool {
        self.in_question && self.scripts.is_empty()
    }
}

impl ScriptRow {
    /// Whether it passes on a target and no fault fails it.
    pub fn survives(&self) -> bool {
        self.is_tried && self.passes_on.is_some() && self.faults.is_empty()
    }
}
