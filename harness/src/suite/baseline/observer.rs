//! What a suite's runs came to, kept for the update of a baseline.

use std::collections::BTreeMap;

use crate::engine::Verdict;
use crate::suite::event::{Event, Reporter, RunFinished, Standing};
use crate::target::IpVersion;
use crate::tester::Schedule;

/// Keeps what runs came to, by target.
#[derive(Debug, Default)]
pub struct Observer {
    targets: BTreeMap<String, Vec<Observed>>,
}

/// What one run came to.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The name of the script's file, as reports write it.
    pub(super) script: String,
    pub(super) case: Option<String>,
    pub(super) ip_version: IpVersion,
    pub(super) profile: Option<String>,
    pub(super) transport: Option<Schedule>,
    pub(super) verdict: Verdict,
    pub(super) standing: Standing,
    /// The clauses of the requirements that the script names.
    pub(super) clause: String,
    /// What went wrong, one line; empty if nothing did.
    pub(super) message: String,
}

impl Observer {
    /// The runs on a target, in order of script, case and IP version.
    pub fn runs(&mut self, target: &str) -> Vec<Observed> {
        let mut runs = self.targets.remove(target).unwrap_or_default();
        runs.sort_by(|a, b| (&a.script, &a.case, a.ip_version).cmp(&(&b.script, &b.case, b.ip_version)));
        runs
    }
}

impl Reporter for Observer {
    fn event(&mut self, event: &Event<'_>) -> std::io::Result<()> {
        if let Event::RunFinished(run) = event {
            self.targets.entry(run.id.target.to_owned()).or_default().push(Observed::of(run));
        }
        Ok(())
    }
}

impl Observed {
    fn of(run: &RunFinished<'_>) -> Self {
        let mut clauses: Vec<_> = run
            .requirements
            .iter()
            .map(|requirement| format!("RFC {} section {}", requirement.rfc, requirement.section))
            .collect();
        clauses.dedup();
        let details = run.details;
        let failure = details.and_then(|details| details.failure.as_ref());
        let missing = details.map(|details| details.missing.join(", ")).filter(|missing| !missing.is_empty());
        let message = match (failure, missing) {
            (Some(failure), _) => failure.message.lines().next().unwrap_or_default().to_owned(),
            (None, Some(missing)) => format!("it needs {missing}"),
            (None, None) => String::new(),
        };
        Observed {
            script: run.id.script.file.clone(),
            case: run.id.script.case.as_ref().map(|case| case.name.clone()),
            ip_version: run.id.ip_version,
            profile: run.id.profile.map(str::to_owned),
            transport: run.id.transport,
            verdict: run.verdict,
            standing: run.standing,
            clause: clauses.join(", "),
            message,
        }
    }
}
