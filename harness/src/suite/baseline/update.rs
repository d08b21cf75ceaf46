//! Brings a baseline up to date with what runs came to, and says what changes.
//!
//! Entries that still hold stay as they stand, with their comments. A new one has no reason: a person must find it, and
//! until then nothing runs with that baseline.

use std::collections::BTreeMap;
use std::path::Path;

use super::observer::Observed;
use super::text::{BaselineText, narrowed};
use super::{Baseline, BaselineError, KnownFailure, StaleEntry, ends_with};
use crate::engine::Verdict;
use crate::suite::Standing;
use crate::target::IpVersion;
use crate::tester::Schedule;

/// A baseline brought up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The whole file.
    pub text: String,
    /// What is not as it was, in order: first of the entries of the file, then of the new ones.
    pub changes: Vec<Change>,
    /// How many entries stay as they stand.
    pub kept: usize,
    /// The scripts whose entries still need a reason or a clause, the new ones included.
    pub drafts: Vec<String>,
}

/// What happens to one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub kind: ChangeKind,
    /// The entry, as it was or as it is new.
    pub entry: KnownFailure,
    /// Why, one line.
    pub why: String,
}

/// What happens to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new, and needs a reason.
    Added,
    /// It goes: what it excuses passes, or no run can confirm it.
    Removed,
    /// It holds for fewer IP versions.
    Narrowed,
    /// It stays although no run confirmed it.
    Unconfirmed,
}

/// What an update starts from.
#[derive(Clone, Copy, Debug)]
pub struct UpdateInput<'a> {
    /// The file as it is.
    pub text: &'a str,
    /// The folder that the scripts' paths start from.
    pub root: Option<&'a Path>,
    /// All runs on the target.
    pub runs: &'a [Observed],
    /// Entries that no run can confirm.
    pub stale: &'a [StaleEntry],
    /// The profile that all runs were asked to have.
    pub profile: Option<&'a str>,
}

impl Update {
    /// Brings a baseline up to date.
    ///
    /// # Errors
    /// Text that is no baseline.
    pub fn of(input: UpdateInput<'_>) -> Result<Update, BaselineError> {
        let entries = Baseline::parse_draft(input.text)?.entries;
        let mut text = BaselineText::parse(input.text)?;
        let mut update = Update { text: String::new(), changes: Vec::new(), kept: 0, drafts: Vec::new() };
        for (entry, table) in entries.iter().zip(text.take_all()) {
            let fate = input.fate(entry);
            let is_there = !matches!(fate, Fate::Remove(_));
            if is_there && is_draft(entry) {
                update.drafts.push(entry.script_and_case());
            }
            let mut change = |kind, why| update.changes.push(Change { kind, entry: entry.clone(), why });
            match fate {
                Fate::Keep => {
                    update.kept += 1;
                    text.push(table);
                }
                Fate::KeepUnconfirmed(why) => {
                    change(ChangeKind::Unconfirmed, why);
                    text.push(table);
                }
                Fate::Remove(why) => change(ChangeKind::Removed, why),
                Fate::Narrow(versions, why) => {
                    change(ChangeKind::Narrowed, why);
                    versions.iter().for_each(|version| text.push(narrowed(&table, *version)));
                }
            }
        }
        for (known, why) in input.unknown_failures(&entries) {
            text.insert(&known);
            update.drafts.push(known.script_and_case());
            update.changes.push(Change { kind: ChangeKind::Added, entry: known, why });
        }
        update.text = text.print();
        Ok(update)
    }

    /// Whether the file would be another.
    pub fn is_change(&self) -> bool {
        self.changes.iter().any(|change| change.kind != ChangeKind::Unconfirmed)
    }
}

/// A script, its case, and how it ends in the middle if it does.
type Group = (String, Option<String>, Option<Schedule>);

/// What is to become of an entry.
enum Fate {
    Keep,
    KeepUnconfirmed(String),
    Remove(String),
    Narrow(Vec<IpVersion>, String),
}

impl UpdateInput<'_> {
    fn fate(&self, entry: &KnownFailure) -> Fate {
        if let Some(stale) = self.stale.iter().find(|stale| stale.entry == *entry) {
            return Fate::Remove(stale.message());
        }
        let runs: Vec<_> = self.runs.iter().filter(|run| run.is_about(entry)).collect();
        let of = |wanted: fn(Verdict) -> bool| -> Vec<&Observed> {
            runs.iter().copied().filter(|run| wanted(run.verdict)).collect()
        };
        let passes = of(|verdict| verdict == Verdict::Pass);
        let fails = of(|verdict| verdict == Verdict::Fail);
        let unjudged = of(|verdict| !matches!(verdict, Verdict::Pass | Verdict::Fail));
        if passes.is_empty() {
            return match unjudged.first() {
                Some(run) if fails.is_empty() => Fate::KeepUnconfirmed(format!("not judged: {}", run.message)),
                _ => Fate::Keep,
            };
        }
        if let (None, Some(profile)) = (&entry.profile, self.profile) {
            let why = format!("passes with the profile {profile}, and the entry holds for every profile");
            return Fate::KeepUnconfirmed(why);
        }
        let why = format!("passes{} now", over(&passes));
        if fails.is_empty() && unjudged.is_empty() {
            return Fate::Remove(why);
        }
        let mut rest: Vec<_> = fails.iter().chain(&unjudged).map(|run| run.ip_version).collect();
        rest.sort_unstable();
        rest.dedup();
        if rest.iter().any(|version| passes.iter().any(|run| run.ip_version == *version)) {
            let why = "passes in some cases now: give each case that fails an entry of its own".to_owned();
            return Fate::KeepUnconfirmed(why);
        }
        Fate::Narrow(rest, why)
    }

    /// Failures that no entry knows: each as the entry to be, with what went wrong.
    fn unknown_failures(&self, entries: &[KnownFailure]) -> Vec<(KnownFailure, String)> {
        // What comes after a stream that ended in its middle is another question, and so another entry.
        let abortive = |run: &Observed| run.transport.filter(|schedule| schedule.is_abortive());
        let mut by_script: BTreeMap<Group, Vec<&Observed>> = BTreeMap::new();
        for run in self.runs {
            by_script.entry((self.path(&run.script), run.case.clone(), abortive(run))).or_default().push(run);
        }
        let mut unknown = Vec::new();
        for ((script, case, after), runs) in by_script {
            let has_ways = runs.iter().any(|run| run.transport != runs[0].transport);
            let is_unknown = |run: &&Observed| {
                run.standing == Standing::UnexpectedFail && !entries.iter().any(|entry| run.is_about(entry))
            };
            let fails: Vec<_> = runs.iter().copied().filter(is_unknown).collect();
            let known = |run: &Observed, ip_version, transport| KnownFailure {
                script: script.clone(),
                case: case.clone(),
                ip_version,
                profile: self.profile.map(str::to_owned),
                transport,
                reason: String::new(),
                clause: run.clause.clone(),
                upstream: None,
                line: 0,
            };
            match fails.first() {
                Some(first) if fails.len() == runs.len() => {
                    unknown.push((known(first, None, after), first.message.clone()));
                }
                _ => {
                    let way = |run: &Observed| run.transport.filter(|_| has_ways).or(after);
                    let entry = |run: &Observed| known(run, Some(run.ip_version), way(run));
                    unknown.extend(fails.iter().map(|run| (entry(run), run.message.clone())));
                }
            }
        }
        unknown
    }

    /// A script's path as entries write it.
    fn path(&self, script: &str) -> String {
        let absolute = |path: &Path| std::path::absolute(path).ok();
        let below = self.root.and_then(absolute).zip(absolute(Path::new(script))).and_then(|(root, script)| {
            script.strip_prefix(root).ok().map(|path| path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"))
        });
        below.unwrap_or_else(|| script.to_owned())
    }
}

impl Observed {
    fn is_about(&self, entry: &KnownFailure) -> bool {
        entry.ip_version.is_none_or(|version| version == self.ip_version)
            && entry.profile.as_ref().is_none_or(|profile| self.profile.as_ref() == Some(profile))
            && entry.is_about_transport(self.transport)
            && entry.is_about_case(self.case.as_deref())
            && ends_with(&self.script, &entry.script)
    }
}

fn is_draft(entry: &KnownFailure) -> bool {
    entry.reason.trim().is_empty() || entry.clause.trim().is_empty()
}

/// ` over ipv4, ipv6`.
fn over(runs: &[&Observed]) -> String {
    let names: Vec<_> = runs.iter().map(|run| run.ip_version.name()).collect();
    format!(" over {}", names.join(", "))
}
