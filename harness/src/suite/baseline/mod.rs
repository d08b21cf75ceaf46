//! Baselines: what a target is known to fail, with the reason.
//!
//! A known failure keeps its verdict and is expected; a pass where a failure is known is as loud as a failure
//! where none is known, and so is an entry that no run can confirm, so that a baseline never goes stale in silence.

mod check;
#[cfg(feature = "cli")]
mod observer;
mod stale;
#[cfg(feature = "cli")]
mod text;
#[cfg(feature = "cli")]
mod update;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::catalogue::one_line;
use super::event::RunId;
use crate::target::IpVersion;
use crate::tester::{Schedule, UnknownSchedule};
pub use check::{BaselineProblem, check_baselines};
#[cfg(feature = "cli")]
pub use observer::{Observed, Observer};
pub use stale::{StaleEntry, Staleness};
#[cfg(feature = "cli")]
pub use update::{Change, ChangeKind, Update, UpdateInput};

/// One known failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFailure {
    /// The script's path, from the folder of the specs.
    pub script: String,
    /// The case of the script; every one if not said.
    pub case: Option<String>,
    /// The IP version it fails with; every one if not said.
    pub ip_version: Option<IpVersion>,
    /// The profile it fails with; every one, and none, if not said.
    pub profile: Option<String>,
    /// How the dialogue is delivered when it fails. If not said, in every way in which all of it is delivered: what
    /// comes after a stream that ended in its middle is another question.
    pub transport: Option<Schedule>,
    /// Why it fails.
    pub reason: String,
    /// The RFC clause that the target breaks, such as `RFC 9293 section 3.7.1`.
    pub clause: String,
    /// Where its authors were told.
    pub upstream: Option<String>,
    /// Where the entry stands in its file: a line, from 1.
    pub line: usize,
}

/// A requirement that a target is known to break wherever the monitor watches it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownViolation {
    /// The requirement's ID.
    pub requirement: String,
    /// A script all of whose runs show it, from the folder of the specs: a run that does not says that the entry is stale.
    pub seen_in: String,
    /// Why it is broken.
    pub reason: String,
    /// The RFC clause that the target breaks, such as `RFC 9293 section 3.7.1`.
    pub clause: String,
    /// Where its authors were told.
    pub upstream: Option<String>,
}

/// What one target is known to fail.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// Its file, as messages name it.
    name: String,
    /// Its file; `None` if it is built in or there is none.
    path: Option<PathBuf>,
    entries: Vec<KnownFailure>,
    /// Indices of entries by the last part of the script's path.
    by_file: HashMap<String, Vec<usize>>,
    violations: Vec<KnownViolation>,
}

/// A baseline that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineError {
    /// What is wrong, one line.
    pub message: String,
    /// Octets of the text that it is about.
    pub span: Option<Range<usize>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    known_failure: Vec<Spanned<Entry>>,
    #[serde(default)]
    known_violation: Vec<Spanned<KnownViolation>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    script: Spanned<String>,
    case: Option<String>,
    ip_version: Option<IpVersion>,
    profile: Option<String>,
    transport: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
    clause: Option<Spanned<String>>,
    upstream: Option<String>,
}

impl Baseline {
    /// Reads a baseline: `[[known-failure]]` and `[[known-violation]]` entries.
    ///
    /// # Errors
    /// Text that is no baseline, or an entry without a reason or a clause.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        Baseline::read_text(text, false)
    }

    /// Reads a baseline whose entries may still lack their reasons and clauses, as [`Update`] leaves them.
    ///
    /// # Errors
    /// Text that is no baseline.
    pub fn parse_draft(text: &str) -> Result<Baseline, BaselineError> {
        Baseline::read_text(text, true)
    }

    fn read_text(text: &str, is_draft: bool) -> Result<Baseline, BaselineError> {
        let file: File = toml::from_str(text)
            .map_err(|error| BaselineError { message: one_line(error.message()), span: error.span() })?;
        let mut baseline = Baseline::default();
        for known in file.known_violation {
            let (span, known) = (known.span(), known.into_inner());
            let fields = [
                ("requirement", &known.requirement),
                ("seen-in", &known.seen_in),
                ("reason", &known.reason),
                ("clause", &known.clause),
            ];
            if let Some((name, _)) = fields.into_iter().find(|(_, value)| value.trim().is_empty()) {
                let message = format!("the known violation of `{}` needs its {name}", known.requirement);
                return Err(BaselineError { message, span: Some(span) });
            }
            baseline.violations.push(known);
        }
        for entry in file.known_failure {
            let (span, entry) = (entry.span(), entry.into_inner());
            for (name, value) in
                [("script", Some(&entry.script)), ("reason", entry.reason.as_ref()), ("clause", entry.clause.as_ref())]
            {
                let is_missing = value.is_none_or(|value| value.get_ref().trim().is_empty());
                if is_missing && (name == "script" || !is_draft) {
                    let span = value.map_or(span.clone(), Spanned::span);
                    let message = format!("the known failure of `{}` needs its {name}", entry.script.get_ref());
                    return Err(BaselineError { message, span: Some(span) });
                }
            }
            let transport = match &entry.transport {
                None => None,
                Some(name) => Some(name.get_ref().parse().map_err(|error: UnknownSchedule| BaselineError {
                    message: error.to_string(),
                    span: Some(name.span()),
                })?),
            };
            baseline.add(KnownFailure {
                line: line_of(text, span.start),
                script: entry.script.into_inner(),
                case: entry.case,
                ip_version: entry.ip_version,
                profile: entry.profile,
                transport,
                reason: entry.reason.map(Spanned::into_inner).unwrap_or_default(),
                clause: entry.clause.map(Spanned::into_inner).unwrap_or_default(),
                upstream: entry.upstream,
            });
        }
        Ok(baseline)
    }

    /// Adds an entry.
    pub(super) fn add(&mut self, known: KnownFailure) {
        self.by_file.entry(file_name(&known.script).to_owned()).or_default().push(self.entries.len());
        self.entries.push(known);
    }

    /// This, with the file that it was read from.
    pub(super) fn at(self, name: String, path: Option<PathBuf>) -> Self {
        Baseline { name, path, ..self }
    }

    /// Its file, as messages name it; empty if there is none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file; `None` if it is built in or there is none.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The known failure of this run: the first entry that holds for it.
    pub fn find(&self, run: &RunId<'_>) -> Option<&KnownFailure> {
        let near = self.by_file.get(file_name(&run.script.file))?;
        near.iter().map(|index| &self.entries[*index]).find(|known| known.holds_for(run))
    }

    /// What is known of a requirement that the monitor sees broken.
    pub fn find_violation(&self, requirement: &str) -> Option<&KnownViolation> {
        self.violations.iter().find(|known| known.requirement == requirement)
    }

    /// The known violations that this run must show.
    pub fn shown_by<'a>(&'a self, run: &RunId<'_>) -> impl Iterator<Item = &'a KnownViolation> {
        self.violations.iter().filter(|known| ends_with(&run.script.file, &known.seen_in))
    }

    /// All known violations, in order of the file.
    pub fn violations(&self) -> impl Iterator<Item = &KnownViolation> {
        self.violations.iter()
    }

    /// All entries, in order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &KnownFailure> {
        self.entries.iter()
    }
}

impl KnownFailure {
    /// Whether this is about a case of the script, or about the script as it stands.
    fn is_about_case(&self, case: Option<&str>) -> bool {
        self.case.is_none() || self.case.as_deref() == case
    }

    /// Whether this is about a run that is delivered like this.
    fn is_about_transport(&self, transport: Option<Schedule>) -> bool {
        match (self.transport, transport) {
            (None, transport) => transport.is_none_or(|schedule| !schedule.is_abortive()),
            (known, transport) => known == transport,
        }
    }

    /// The script, with the case in brackets if this is about one alone.
    pub fn script_and_case(&self) -> String {
        match &self.case {
            Some(case) => format!("{}[{case}]", self.script),
            None => self.script.clone(),
        }
    }

    /// Whether this is about a run. The script's name may have more in front than the entry.
    pub fn holds_for(&self, run: &RunId<'_>) -> bool {
        self.ip_version.is_none_or(|version| version == run.ip_version)
            && self.profile.as_deref().is_none_or(|profile| run.profile == Some(profile))
            && self.is_about_transport(run.transport)
            && self.is_about_case(run.script.case.as_ref().map(|case| case.name.as_str()))
            && ends_with(&run.script.file, &self.script)
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether the last parts of `path` are those of `end`.
fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|front| front.is_empty() || front.ends_with('/'))
}

/// The line of an octet, from 1.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).map_or(1, |before| before.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::super::ScriptFile;
    use super::*;

    const TEXT: &str = r#"
[[known-failure]]
script = "rfc9293/a.pkt"
reason = "no persist timer"
clause = "RFC 9293 section 3.8.6.1"

[[known-failure]]
script = "rfc9293/b.pkt"
ip-version = "ipv6"
profile = "strict"
reason = "-"
clause = "RFC 8200 section 8.1"
"#;

    #[test]
    fn an_entry_holds_for_its_script_ip_version_and_profile() {
        let baseline = Baseline::parse(TEXT).unwrap();
        let finds = |name: &str, ip_version, profile| {
            let script = ScriptFile::from_text(name, "");
            baseline
                .find(&RunId { script: &script, target: "t", ip_version, profile, transport: None })
                .map(|known| known.line)
        };
        assert_eq!(finds("rfc9293/a.pkt", IpVersion::Ipv4, None), Some(2));
        assert_eq!(finds("/home/me/specs/rfc9293/a.pkt", IpVersion::Ipv6, Some("strict")), Some(2));
        assert_eq!(finds("other9293/a.pkt", IpVersion::Ipv4, None), None);
        assert_eq!(finds("rfc9293/b.pkt", IpVersion::Ipv4, Some("strict")), None);
        assert_eq!(finds("rfc9293/b.pkt", IpVersion::Ipv6, None), None);
        assert_eq!(finds("rfc9293/b.pkt", IpVersion::Ipv6, Some("strict")), Some(7));
        assert_eq!(baseline.iter().count(), 2);
    }

    #[test]
    fn an_entry_needs_its_reason_and_its_clause() {
        let wrong = |text: &str| {
            let error = Baseline::parse(text).unwrap_err();
            (error.message, line_of(text, error.span.unwrap().start))
        };
        let text = "# t\n[[known-failure]]\nscript = \"a.pkt\"\nreason = \"r\"\n";
        assert_eq!(wrong(text), ("the known failure of `a.pkt` needs its clause".into(), 2));
        let text = "[[known-failure]]\nscript = \"a.pkt\"\nreason = \" \"\nclause = \"c\"\n";
        assert_eq!(wrong(text), ("the known failure of `a.pkt` needs its reason".into(), 3));
        assert_eq!(Baseline::parse_draft(text).unwrap().iter().count(), 1);
    }

    #[test]
    fn a_known_violation_holds_in_every_run_and_shows_in_one() {
        let text =
            "[[known-violation]]\nrequirement = \"TCPX-09\"\nseen-in = \"a/b.pkt\"\nreason = \"r\"\nclause = \"c\"\n";
        let baseline = Baseline::parse(text).unwrap();
        assert!(baseline.find_violation("TCPX-09").is_some() && baseline.find_violation("TCPX-10").is_none());
        let shown = |name: &str| {
            let script = ScriptFile::from_text(name, "");
            let run =
                RunId { script: &script, target: "t", ip_version: IpVersion::Ipv4, profile: None, transport: None };
            baseline.shown_by(&run).count()
        };
        assert_eq!((shown("specs/a/b.pkt"), shown("b.pkt")), (1, 0));
        let error = Baseline::parse(&text.replace("\"c\"", "\"\"")).unwrap_err();
        assert_eq!(error.message, "the known violation of `TCPX-09` needs its clause");
    }
}
