//! Tests the suite itself: runs it on targets that misbehave on purpose, and tells which requirements are proven by it.
//!
//! First every script runs on the targets as they are; a script that does not pass can prove nothing there, and is left
//! to the next target, and at last to targets that are mended so that they meet its requirement. Then each script runs again on the target that it passes on, once with each fault: a script that
//! fails now kills the fault. What survives is listed, and explained in `survivors.toml`.

mod matrix;
mod survivors;

use std::collections::{BTreeMap, BTreeSet};

pub use matrix::{FaultRow, Kill, KillMatrix, KilledBy, RequirementRow, ScriptRow};
pub use survivors::{Reason, Survivors};

use super::KnownFailure;
use super::config::Config;
use super::event::{Event, Reporter, Totals};
use super::plan::{self, PlannedRun};
use super::prepared::Kept;
use super::{Request, Source, Suite, SuiteError, TargetEntry};
use crate::engine::{Interrupt, Verdict};
use crate::target::fault::Fault;
use crate::target::{Clock, IpVersion};

/// A self-test that is ready to run.
#[derive(Debug)]
pub struct SelfTest {
    suite: Suite,
    faults: Vec<&'static Fault>,
    pairs: Pairs,
    survivors: Survivors,
}

/// Which scripts run with which faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pairs {
    /// Every script with every fault; on the machine's clock, where time passes for real, as [`Pairs::MadeFor`].
    #[default]
    All,
    /// Each fault with the scripts of the requirements that it is made for; the generic ones with the scripts that none of
    /// those fails.
    MadeFor,
}

/// What a self-test gave.
#[derive(Debug)]
pub struct SelfTested {
    /// What was killed by what.
    pub matrix: KillMatrix,
    /// The runs without a fault.
    pub plain: Totals,
    /// The runs with one.
    pub faulty: Totals,
}

/// What one run is told apart by.
type RunKey = (String, IpVersion);

impl SelfTest {
    /// Finds scripts, catalogues and explanations, and plans the runs. The targets stand in order of preference: a
    /// script is proven on the first that it passes on. No name of a fault means all of them.
    ///
    /// # Errors
    /// As [`Suite::plan`]; an unknown fault, or explanations that cannot be read.
    pub fn plan(
        source: &Source,
        targets: Vec<TargetEntry>,
        config: &Config,
        request: Request,
        faults: &[String],
        pairs: Pairs,
    ) -> Result<SelfTest, SuiteError> {
        let faults = match faults {
            [] => Fault::all().collect(),
            names => names.iter().map(|name| find_fault(name)).collect::<Result<_, _>>()?,
        };
        // What is explained is what survives the scripts as they are, without a profile.
        let found = if request.profile.is_none() { source.survivors()? } else { None };
        let survivors = match found {
            Some(found) => {
                Survivors::parse(&found.text).map_err(|(message, span)| plan::data_error(&found, message, span))?
            }
            None => Survivors::default(),
        };
        Ok(SelfTest {
            suite: Suite::plan(source, targets, config, Request { unmonitored: true, ..request })?,
            faults,
            pairs,
            survivors,
        })
    }

    /// Whether no run is planned.
    pub fn is_empty(&self) -> bool {
        self.suite.is_empty()
    }

    /// Runs everything and tells `reporters` of it, as several suites one after the other. Once `interrupt` is set, what
    /// is known so far is the result.
    ///
    /// # Errors
    /// A report that cannot be written.
    pub fn run(mut self, reporters: &mut [&mut dyn Reporter], interrupt: &Interrupt) -> Result<SelfTested, SuiteError> {
        let all = std::mem::take(&mut self.suite.runs);
        let names: Vec<String> = self.suite.targets.iter().map(|target| target.name.clone()).collect();
        let mut matrix = KillMatrix::new(names);
        // What baselines say of other runs is nobody's business here.
        self.suite.stale.clear();
        let (mut plain, mut faulty) = (Totals::default(), Totals::default());
        let mut proven = BTreeSet::new();
        let mut passing = Vec::new();
        let plain_targets = 0..self.suite.targets.len() as u32;
        let mends = Fault::mends().flat_map(|mend| plain_targets.clone().map(move |target| (target, Some(mend))));
        for (base, mend) in plain_targets.clone().map(|target| (target, None)).chain(mends) {
            let name = |run: &PlannedRun| &self.suite.scripts[run.script as usize].name;
            let is_open = |run: &PlannedRun| {
                let is_meant = mend.is_none_or(|mend| matrix.is_meant(name(run), mend));
                run.target == base && is_meant && !proven.contains(name(run))
            };
            let target = if mend.is_some() { self.suite.targets.len() as u32 } else { base };
            let runs: Vec<_> = all.iter().filter(|run| is_open(run)).map(|run| PlannedRun { target, ..*run }).collect();
            if let Some(mend) = mend {
                if runs.is_empty() {
                    continue;
                }
                let mended = self.suite.targets[base as usize].with_fault(mend);
                matrix.add_mended(mended.name.clone());
                self.suite.targets.push(mended);
            }
            self.suite.runs = runs;
            let mut seen = Seen::default();
            sum(&mut plain, run_suite(&self.suite, &mut seen, reporters, interrupt)?);
            for (key, run) in &seen.runs {
                matrix.add_script(key.1.0.clone(), &run.requirements, target as usize, run.verdict);
                if run.verdict == Verdict::Pass {
                    proven.insert(key.1.0.clone());
                }
            }
            let passes = |run: &&PlannedRun| {
                let id = self.suite.id(run);
                let key = (id.target.to_owned(), (id.script.name.clone(), id.ip_version));
                seen.runs.get(&key).is_some_and(|run| run.verdict == Verdict::Pass)
            };
            passing.extend(self.suite.runs.iter().filter(passes).copied());
        }
        let (clocks, pairs) = (self.clocks(), self.pairs);
        self.suite.prepared = Some(Kept::default());
        let meant = |run: &PlannedRun, fault: &Fault, matrix: &KillMatrix| match (pairs, clocks[run.target as usize]) {
            (Pairs::All, Clock::Virtual) => true,
            // What waits for real is run only where it is meant.
            _ => matrix.is_meant(&self.suite.scripts[run.script as usize].name, fault),
        };
        let plan = Plan::new(&self.suite, &self.faults, &passing, |run, fault| meant(run, fault, &matrix));
        sum(&mut faulty, self.run_faulty(plan, &mut matrix, reporters, interrupt)?);
        if self.pairs == Pairs::MadeFor {
            // What nothing failed that is made for it must fail with something.
            let left: Vec<_> = passing
                .iter()
                .filter(|run| !matrix.is_killing(&self.suite.scripts[run.script as usize].name))
                .copied()
                .collect();
            let plan = Plan::new(&self.suite, &self.faults, &left, |_, fault| fault.is_generic());
            sum(&mut faulty, self.run_faulty(plan, &mut matrix, reporters, interrupt)?);
        }
        matrix.finish(&self.faults, self.pairs, &self.survivors);
        Ok(SelfTested { matrix, plain, faulty })
    }

    fn clocks(&self) -> Vec<Clock> {
        self.suite.targets.iter().map(TargetEntry::clock).collect()
    }

    /// Runs the planned pairs, and tells the matrix which scripts failed.
    fn run_faulty(
        &mut self,
        plan: Plan,
        matrix: &mut KillMatrix,
        reporters: &mut [&mut dyn Reporter],
        interrupt: &Interrupt,
    ) -> Result<Totals, SuiteError> {
        let plain = std::mem::replace(&mut self.suite.targets, plan.targets);
        self.suite.runs = plan.runs;
        let mut seen = Seen::default();
        let totals = run_suite(&self.suite, &mut seen, reporters, interrupt);
        self.suite.targets = plain;
        for ((target, (script, _)), run) in &seen.runs {
            if let Some((fault, target)) = plan.made.get(target).filter(|_| run.verdict == Verdict::Fail) {
                matrix.add_kill(script, fault, *target);
            }
        }
        totals
    }
}

/// Runs on targets with faults.
struct Plan {
    targets: Vec<TargetEntry>,
    runs: Vec<PlannedRun>,
    /// What each target is: a fault, and the index of the target that has it.
    made: BTreeMap<String, (&'static Fault, usize)>,
}

impl Plan {
    /// Every run with every fault that it is meant for.
    fn new(
        suite: &Suite,
        faults: &[&'static Fault],
        passing: &[PlannedRun],
        meant: impl Fn(&PlannedRun, &Fault) -> bool,
    ) -> Plan {
        let mut plan = Plan { targets: Vec::new(), runs: Vec::new(), made: BTreeMap::new() };
        for (index, plain) in suite.targets.iter().enumerate() {
            for fault in faults {
                let mut target = plain.with_fault(fault);
                let (number, before) = (plan.targets.len() as u32, plan.runs.len());
                let shows = |run: &PlannedRun| plain.shows(fault, &suite.scripts[run.script as usize]);
                let here = passing.iter().filter(|run| run.target as usize == index);
                for run in here.filter(|run| shows(run) && meant(run, fault)) {
                    target.baseline.add(expected(suite.scripts[run.script as usize].file.clone(), fault));
                    plan.runs.push(PlannedRun { target: number, ..*run });
                }
                if plan.runs.len() > before {
                    plan.made.insert(target.name.clone(), (*fault, index));
                    plan.targets.push(target);
                }
            }
        }
        plan
    }
}

/// The fault of this name.
///
/// # Errors
/// There is none; the message says which is near.
pub fn find_fault(name: &str) -> Result<&'static Fault, SuiteError> {
    Fault::find(name).ok_or_else(|| {
        let near = super::nearest::nearest(name, Fault::all().map(|fault| fault.name));
        let help = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        SuiteError::Usage(format!("there is no fault `{name}`{help}"))
    })
}

/// A failure that is meant. That it is known keeps the scheduler from doubting it and lets it doubt a pass.
fn expected(script: String, fault: &Fault) -> KnownFailure {
    let (reason, clause) = (format!("the target {}", fault.does), fault.breaks.to_owned());
    KnownFailure {
        script,
        case: None,
        ip_version: None,
        profile: None,
        transport: None,
        reason,
        clause,
        upstream: None,
        line: 0,
    }
}

fn run_suite(
    suite: &Suite,
    seen: &mut Seen,
    reporters: &mut [&mut dyn Reporter],
    interrupt: &Interrupt,
) -> Result<Totals, SuiteError> {
    let mut all: Vec<&mut dyn Reporter> = vec![seen];
    // Reborrowed one by one: each suite has them for its own time.
    for reporter in &mut *reporters {
        all.push(&mut **reporter);
    }
    suite.run(&mut all, interrupt)
}

fn sum(totals: &mut Totals, more: Totals) {
    totals.planned += more.planned;
    totals.passed += more.passed;
    totals.failed += more.failed;
    totals.known_failures += more.known_failures;
    totals.unexpected_failures += more.unexpected_failures;
    totals.unexpected_passes += more.unexpected_passes;
    totals.warnings += more.warnings;
    totals.inconclusive += more.inconclusive;
    totals.not_applicable += more.not_applicable;
    totals.errors += more.errors;
    totals.interrupted |= more.interrupted;
    totals.elapsed += more.elapsed;
}

/// The verdicts of a suite's runs, by target.
#[derive(Default)]
struct Seen {
    runs: BTreeMap<(String, RunKey), SeenRun>,
}

struct SeenRun {
    verdict: Verdict,
    requirements: Vec<std::sync::Arc<super::Requirement>>,
}

impl Reporter for Seen {
    fn event(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        if let Event::RunFinished(run) = event {
            let key = (run.id.target.to_owned(), (run.id.script.name.clone(), run.id.ip_version));
            let requirements = run.requirements.to_vec();
            self.runs.insert(key, SeenRun { verdict: run.verdict, requirements });
        }
        Ok(())
    }
}
