//! What to run: scripts by targets by IP versions, each with the settings it starts from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config::{Config, Overlay, Profile};
use super::delivery::Wholes;
use super::discovery::{Found, Source};
use super::prepared::Kept;
use super::targets::TargetEntry;
use super::{Baseline, Catalogues, ScriptFile, StaleEntry, SuiteError, header};
use crate::engine::Settings;
use crate::script::Definitions;
use crate::target::{Clock, IpVersion};
use crate::tester::Schedule;

/// Every IP version, in the order of reports.
const ALL: [IpVersion; 3] = [IpVersion::Ipv4, IpVersion::Ipv4MappedIpv6, IpVersion::Ipv6];

/// What a suite is asked to do.
#[derive(Debug, Default)]
pub struct Request {
    /// Only scripts whose name, title or requirement holds one of these; with `!` in front, only others.
    pub filters: Vec<String>,
    /// IP versions; if not said, those of the profile, else all that target and script have.
    pub ip_versions: Option<Vec<IpVersion>>,
    /// The profile's name.
    pub profile: Option<String>,
    /// Options that win over every other, by packetdrill's names.
    pub options: Vec<(String, Option<String>)>,
    /// Definitions that win over every other, `NAME=VALUE`.
    pub definitions: Vec<String>,
    /// Whether shell commands and code blocks may run.
    pub commands: bool,
    /// Whether the monitor does not judge, so that a run fails by its script alone.
    pub unmonitored: bool,
    /// Whether a failure of any level is a failure.
    pub strict: bool,
    /// What is known of the targets' failures.
    pub baseline: Known,
    /// How many runs at once; if not said, chosen from the cores and adapted.
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Where captures go.
    pub captures: Captures,
    /// Whether reporters are told what happened in runs that passed too.
    pub traces: bool,
    /// How dialogues are delivered, each way in a run of its own; whole if not said.
    pub transports: Vec<Schedule>,
    /// What is random in dialogues and their delivery comes from this.
    pub seed: u64,
}

/// What is known of targets' failures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// What the baseline of each target says.
    #[default]
    Found,
    /// As [`Known::Found`]; entries may still lack their reasons.
    Drafts,
    /// What this file says of every target.
    File(PathBuf),
    /// As [`Known::File`]; entries may still lack their reasons, and the file need not exist.
    DraftFile(PathBuf),
    /// Nothing.
    Nothing,
}

/// Where captures go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    /// Those of every run.
    pub all: Option<PathBuf>,
    /// Those of runs that did not pass, if not all are kept.
    pub failed: Option<PathBuf>,
    /// Whether one that cannot be written ends the suite; else its run has none.
    pub required: bool,
}

/// A suite that is ready to run.
#[derive(Debug)]
pub struct Suite {
    pub(super) scripts: Vec<ScriptFile>,
    pub(super) targets: Vec<TargetEntry>,
    pub(super) catalogues: Catalogues,
    pub(super) runs: Vec<PlannedRun>,
    pub(super) bases: Vec<Base>,
    pub(super) stale: Vec<StaleEntry>,
    /// Where scripts are kept that run again and again.
    pub(super) prepared: Option<Kept>,
    /// What came of dialogues that were delivered whole.
    pub(super) wholes: Wholes,
    pub(super) request: Request,
    /// Whether the folder for captures of failures was there before.
    pub(super) has_old_captures: bool,
}

/// One run to be. Indices into the suite's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlannedRun {
    pub(super) script: u32,
    pub(super) target: u32,
    pub(super) base: u32,
    pub(super) ip_version: IpVersion,
    /// How a dialogue is delivered; scripts send their own packets.
    pub(super) schedule: Schedule,
}

/// What the settings of runs of one target, IP version and profile start from.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) settings: Settings,
    /// Options that win over the script's own.
    pub(super) overrides: Vec<(String, Option<String>)>,
    /// The profile, if there is one.
    pub(super) profile: Option<String>,
}

impl Suite {
    /// Finds scripts, catalogues and baselines, and plans the runs.
    ///
    /// # Errors
    /// A path, catalogue or baseline that cannot be read; a profile, option or definition that does not fit.
    pub fn plan(
        source: &Source,
        mut targets: Vec<TargetEntry>,
        config: &Config,
        request: Request,
    ) -> Result<Suite, SuiteError> {
        let mut scripts = source.runnable()?;
        retain_matching(&mut scripts, &request.filters);
        let catalogues = catalogues(source)?;
        // What is run by default is only named where something runs on it.
        targets.retain(|target| scripts.is_empty() || scripts.iter().any(|script| target.takes(script)));
        for target in &mut targets {
            if let Some(baseline) = request.baseline.read(source, config, &target.name)? {
                target.baseline = baseline;
            }
        }
        let (mut runs, mut bases) = (Vec::new(), Bases::new(config, &request));
        for (t, target) in targets.iter().enumerate() {
            for (s, script) in scripts.iter().enumerate().filter(|(_, script)| target.takes(script)) {
                // A script that cannot be read still has a run, which says so.
                let text = script.text().unwrap_or_default();
                let profile = bases.profile_name(text);
                for ip_version in versions(script, text, Some(target), bases.profile(&profile)?, &request) {
                    let base = bases.get(Some(target), profile.as_deref(), ip_version)?;
                    let schedules: &[Schedule] = match script.is_dialogue() {
                        true if !request.transports.is_empty() => &request.transports,
                        _ => &[Schedule::Whole],
                    };
                    let (script, target) = (s as u32, t as u32);
                    let planned =
                        |schedule: &Schedule| PlannedRun { script, target, base, ip_version, schedule: *schedule };
                    runs.extend(schedules.iter().map(planned));
                }
            }
        }
        let bases = bases.made;
        let has_old_captures = request.captures.failed.as_ref().is_some_and(|folder| folder.is_dir());
        let mut suite = Suite {
            scripts,
            targets,
            catalogues,
            runs,
            bases,
            stale: Vec::new(),
            prepared: None,
            wholes: Wholes::default(),
            request,
            has_old_captures,
        };
        suite.stale = suite.find_stale(source, config);
        Ok(suite)
    }

    fn find_stale(&self, source: &Source, config: &Config) -> Vec<StaleEntry> {
        let mut stale = Vec::new();
        for (t, target) in self.targets.iter().enumerate() {
            let own = self.runs.iter().filter(|run| run.target as usize == t);
            let runs: Vec<_> = own.map(|run| self.id(run)).collect();
            stale.extend(target.baseline.stale(&target.name, &runs, source, config, &self.request));
        }
        stale
    }

    /// Entries of baselines that no run can confirm.
    pub fn stale(&self) -> &[StaleEntry] {
        &self.stale
    }

    /// What a target is known to fail, if it is one of the suite's.
    pub fn baseline(&self, target: &str) -> Option<&Baseline> {
        self.targets.iter().find(|entry| entry.name == target).map(|entry| &entry.baseline)
    }

    /// How many runs are planned.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether no run is planned.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether a target runs on the machine's clock.
    pub fn needs_real_clock(&self) -> bool {
        self.targets.iter().any(|target| target.clock() == Clock::Real)
    }
}

/// Reads all catalogues that are about a source's scripts.
///
/// # Errors
/// One that cannot be read.
pub(super) fn catalogues(source: &Source) -> Result<Catalogues, SuiteError> {
    read_catalogues(source.catalogues()?)
}

/// Reads the catalogues whose requirements a source's scripts are to test.
///
/// # Errors
/// One that cannot be read.
pub(super) fn catalogues_within(source: &Source) -> Result<Catalogues, SuiteError> {
    read_catalogues(source.catalogues_within()?)
}

fn read_catalogues(all: Vec<Found>) -> Result<Catalogues, SuiteError> {
    let mut catalogues = Catalogues::default();
    for found in all {
        catalogues.add(&found.text).map_err(|error| data_error(&found, error.message, error.span))?;
    }
    Ok(catalogues)
}

impl Known {
    /// Reads what is known of a target's failures, if somebody has written it.
    ///
    /// # Errors
    /// A file that cannot be read or is no baseline.
    pub fn read(&self, source: &Source, config: &Config, target: &str) -> Result<Option<Baseline>, SuiteError> {
        let found = match self {
            Known::Nothing => return Ok(Some(Baseline::default())),
            Known::File(path) => Some(read_baseline(path)?),
            Known::DraftFile(path) if !path.exists() => None,
            Known::DraftFile(path) => Some(read_baseline(path)?),
            Known::Found | Known::Drafts => match config.targets.get(target).and_then(|own| own.baseline.as_ref()) {
                // An update may be the first to write it.
                Some(path) if *self == Known::Drafts && !path.exists() => None,
                Some(path) => Some(read_baseline(path)?),
                None => find_baseline(source, config, target)?,
            },
        };
        let is_draft = matches!(self, Known::Drafts | Known::DraftFile(_));
        found.map(|found| parse_baseline(found, is_draft)).transpose()
    }
}

fn read_baseline(path: &Path) -> Result<Found, SuiteError> {
    Found::read(path.to_owned())
        .map_err(|error| SuiteError::Usage(format!("cannot read the baseline `{}`: {}", path.display(), error.source)))
}

/// The baseline of a target: its own, or that of its stack.
fn find_baseline(source: &Source, config: &Config, target: &str) -> Result<Option<Found>, SuiteError> {
    let configured = config.targets.get(target);
    if configured.is_some_and(|configured| configured.server.is_some()) {
        // What is known of the stack below is told by scripts, which are not for servers.
        return source.baseline(target).map_err(Into::into);
    }
    let reached = configured.map_or(target, |configured| configured.stack.as_str());
    // The same stack breaks the same clauses, however it is reached.
    let stack = if reached == "smoltcp-tun" { "smoltcp" } else { reached };
    for name in [target, reached, stack] {
        if let Some(found) = source.baseline(name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

pub(super) fn parse_baseline(found: Found, is_draft: bool) -> Result<Baseline, SuiteError> {
    let parse = if is_draft { Baseline::parse_draft } else { Baseline::parse };
    let baseline = parse(&found.text).map_err(|error| data_error(&found, error.message, error.span))?;
    Ok(baseline.at(found.name, found.path))
}

pub(super) fn data_error(found: &Found, message: String, span: Option<std::ops::Range<usize>>) -> SuiteError {
    let line = span.and_then(|span| found.text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    SuiteError::Data { name: found.name.clone(), line, message }
}

/// Keeps the scripts that a filter matches.
pub(super) fn retain_matching(scripts: &mut Vec<ScriptFile>, filters: &[String]) {
    let lower = |text: &str| text.to_ascii_lowercase();
    let (without, with): (Vec<_>, Vec<_>) = filters.iter().map(|f| lower(f)).partition(|f| f.starts_with('!'));
    if filters.is_empty() {
        return;
    }
    scripts.retain(|script| {
        let text = script.text().unwrap_or_default();
        let about: Vec<_> = std::iter::once(lower(&script.name))
            .chain(header::values(text, "requirement").map(lower))
            .chain(header::values(text, "title").map(lower))
            .chain(script.case.iter().filter_map(|case| case.requirement.as_deref()).map(lower))
            .collect();
        let holds = |word: &str| about.iter().any(|text| text.contains(word));
        (with.is_empty() || with.iter().any(|word| holds(word))) && !without.iter().any(|word| holds(&word[1..]))
    });
}

/// The IP versions to run a script with; without a target, to read it with.
pub(super) fn versions(
    script: &ScriptFile,
    text: &str,
    target: Option<&TargetEntry>,
    profile: Option<&Profile>,
    request: &Request,
) -> Vec<IpVersion> {
    let declared = header::ip_versions(text);
    let by_name = |ip_version: &IpVersion| {
        let stem = script.file.strip_suffix(".pkt").unwrap_or(&script.file);
        !profile.is_some_and(|profile| profile.suffix_rule)
            || if ip_version.is_ipv6_on_wire() { !stem.ends_with("v4") } else { !stem.ends_with("v6") }
    };
    let by_script =
        |ip_version: &IpVersion| declared.as_ref().is_none_or(|d| d.contains(ip_version)) && by_name(ip_version);
    let asked = request.ip_versions.as_ref().or(profile.and_then(|profile| profile.ip_versions.as_ref()));
    if let Some(asked) = asked {
        return asked.iter().copied().filter(by_script).collect();
    }
    // Nobody asked: what the script is written for, as far as the target has it.
    let own = match (&declared, header::own_ip_version(text)) {
        // A dialogue is about no socket, and so about no kind of address that a socket may have.
        (None, _) if script.is_dialogue() => vec![IpVersion::Ipv4, IpVersion::Ipv6],
        (None, Some(own)) => vec![own],
        _ => ALL.into_iter().filter(by_script).collect(),
    };
    let Some(target) = target else { return own };
    let supported = &target.capabilities().ip_versions;
    let both: Vec<_> = own.iter().copied().filter(|ip_version| supported.contains(ip_version)).collect();
    if both.is_empty() { own.into_iter().take(1).collect() } else { both }
}

/// Makes the base settings of each target, profile and IP version once.
pub(super) struct Bases<'a> {
    config: &'a Config,
    request: &'a Request,
    known: BTreeMap<(Option<String>, Option<String>, IpVersion), u32>,
    pub(super) made: Vec<Base>,
}

impl<'a> Bases<'a> {
    pub(super) fn new(config: &'a Config, request: &'a Request) -> Self {
        Bases { config, request, known: BTreeMap::new(), made: Vec::new() }
    }

    /// The command line's profile, else the script's own, else the configuration's.
    pub(super) fn profile_name(&self, text: &str) -> Option<String> {
        self.request
            .profile
            .clone()
            .or_else(|| header::values(text, "profile").next().map(str::to_owned))
            .or_else(|| self.config.default_profile.clone())
    }

    pub(super) fn profile(&self, name: &Option<String>) -> Result<Option<&'a Profile>, SuiteError> {
        let Some(name) = name else { return Ok(None) };
        let profile = self.config.profiles.get(name);
        profile.map(Some).ok_or_else(|| SuiteError::Usage(self.config.no_profile(name)))
    }

    pub(super) fn get(
        &mut self,
        target: Option<&TargetEntry>,
        profile: Option<&str>,
        ip_version: IpVersion,
    ) -> Result<u32, SuiteError> {
        let key = (target.map(|target| target.name.clone()), profile.map(str::to_owned), ip_version);
        if let Some(index) = self.known.get(&key) {
            return Ok(*index);
        }
        let overlay = match profile.and_then(|name| self.config.profiles.get(name)) {
            Some(profile) => profile.for_version(ip_version),
            None => Overlay::default(),
        };
        let overlay = overlay
            .with(&target.map(|target| target.overlay.clone()).unwrap_or_default())
            .with(&Overlay { options: self.request.options.clone(), definitions: self.request.definitions.clone() });
        let index = self.made.len() as u32;
        self.made.push(base(ip_version, overlay, self.request.commands, profile)?);
        self.known.insert(key, index);
        Ok(index)
    }
}

fn base(ip_version: IpVersion, overlay: Overlay, commands: bool, profile: Option<&str>) -> Result<Base, SuiteError> {
    let mut settings = Settings::new(ip_version);
    settings.commands = commands;
    let mut definitions = Definitions::default();
    for definition in &overlay.definitions {
        definitions.insert_text(definition).map_err(SuiteError::Usage)?;
    }
    settings.definitions = definitions;
    let mut overrides = vec![("ip_version".to_owned(), Some(ip_version.name().to_owned()))];
    overrides.extend(overlay.options);
    // What does not fit is told now, once, and not by every run.
    let mut trial = settings.clone();
    for (name, value) in &overrides {
        trial.apply(name, value.as_deref()).map_err(|error| SuiteError::Usage(error.to_string()))?;
    }
    Ok(Base { settings, overrides, profile: profile.map(str::to_owned) })
}
