//! Parses and lints scripts without running anything.

use std::sync::Arc;

use super::catalogue::{Level, Requirement};
use super::config::Config;
use super::discovery::Source;
use super::plan::{self, Bases, Request};
use super::{ScriptFile, SuiteError, directives, header, prepared};
use crate::dialogue;
use crate::script::{Diagnostic, Severity, Span, lint};
use crate::target::{IpVersion, Services};

/// One script, and what is wrong with it.
#[derive(Debug)]
pub struct Checked {
    /// The script.
    pub file: ScriptFile,
    /// The IP versions that it is read with.
    pub ip_versions: Vec<IpVersion>,
    /// What the script calls itself.
    pub title: Option<String>,
    /// The requirements that it names and a catalogue has.
    pub requirements: Vec<Arc<Requirement>>,
    /// The level it says, else the strongest of its requirements.
    pub level: Option<Level>,
    /// What is wrong, in order of place; not again what is wrong with an earlier case of the script.
    pub diagnostics: Vec<Diagnostic>,
    has_errors: bool,
}

impl Checked {
    /// Whether the script cannot run.
    pub fn has_errors(&self) -> bool {
        self.has_errors
    }
}

/// Reads every script and every dialogue as it would be run; dialogues come last.
///
/// # Errors
/// A path or catalogue that cannot be read; a profile, option or definition that does not fit.
pub fn check(source: &Source, config: &Config, request: &Request) -> Result<Vec<Checked>, SuiteError> {
    let mut all = check_scripts(source, config, request)?;
    all.extend(check_dialogues(source, config, request)?);
    Ok(all)
}

/// Reads every script as each of its IP versions, with the definitions it would be run with.
fn check_scripts(source: &Source, config: &Config, request: &Request) -> Result<Vec<Checked>, SuiteError> {
    let mut scripts = source.scripts()?;
    plan::retain_matching(&mut scripts, &request.filters);
    let catalogues = plan::catalogues(source)?;
    let mut bases = Bases::new(config, request);
    let mut all = Vec::with_capacity(scripts.len());
    for file in scripts {
        let mut diagnostics = Vec::new();
        let text = match file.text() {
            Ok(text) => text,
            Err(message) => {
                diagnostics.push(Diagnostic::error("file::read", Span::default(), message, "the file"));
                ""
            }
        };
        let profile = bases.profile_name(text);
        let ip_versions = plan::versions(&file, text, None, bases.profile(&profile)?, request);
        let (mut requirements, mut level, mut title) = (Vec::new(), None, None);
        for ip_version in &ip_versions {
            if file.text().is_err() {
                break;
            }
            let index = bases.get(None, profile.as_deref(), *ip_version)?;
            let base = &bases.made[index as usize];
            let found = match file.input(text, &base.settings.definitions).parse() {
                Ok(parsed) => {
                    let mut dubious = lint(&parsed.script);
                    parsed.script.resolve(&mut dubious);
                    let mut found = parsed.warnings;
                    found.extend(dubious);
                    found.extend(base.for_script(&parsed.script).err());
                    let directives = &parsed.script.directives;
                    match directives::requirements(
                        directives,
                        |found| parsed.script.resolve(found),
                        file.case.as_ref(),
                        &catalogues,
                    ) {
                        Ok(known) => requirements = known.into_vec(),
                        Err(unknown) => found.extend(unknown),
                    }
                    level = directives::level(directives, &requirements);
                    title = directives::title(directives, file.case.as_ref());
                    found
                }
                Err(found) => found,
            };
            // What is wrong as one IP version is mostly wrong as the next, and told once.
            for diagnostic in found {
                if !diagnostics.contains(&diagnostic) {
                    diagnostics.push(diagnostic);
                }
            }
        }
        all.push(told(&all, Checked { ip_versions, title, requirements, level, diagnostics, has_errors: false, file }));
    }
    Ok(all)
}

/// Reads every dialogue, with the definitions of the profile and the command line.
fn check_dialogues(source: &Source, config: &Config, request: &Request) -> Result<Vec<Checked>, SuiteError> {
    let mut dialogues = source.dialogues()?;
    plan::retain_matching(&mut dialogues, &request.filters);
    if dialogues.is_empty() {
        return Ok(Vec::new());
    }
    let catalogues = plan::catalogues(source)?;
    let mut bases = Bases::new(config, request);
    let index = bases.get(None, request.profile.as_deref(), IpVersion::Ipv4)?;
    let defined = &bases.made[index as usize].settings.definitions;
    let definitions = prepared::spoken_definitions(defined, &Services::default());
    let mut all = Vec::with_capacity(dialogues.len());
    for file in dialogues {
        let (mut requirements, mut level, mut title, mut ip_versions) = (Vec::new(), None, None, Vec::new());
        let diagnostics = match file.text() {
            Err(message) => vec![Diagnostic::error("file::read", Span::default(), message, "the file")],
            Ok(text) => {
                let known = header::ip_versions(text);
                ip_versions = known.unwrap_or_else(|| vec![IpVersion::Ipv4, IpVersion::Ipv6]);
                let (name, case, definitions) = (file.file.as_str(), file.case.as_ref(), &definitions[..]);
                let input = dialogue::Input { name, text, definitions, case, includes: file.includes() };
                match input.parse() {
                    Err(found) => found,
                    Ok(parsed) => {
                        let mut found = dialogue::lint(&parsed);
                        let directives = &parsed.directives;
                        match directives::requirements(directives, |found| parsed.resolve(found), case, &catalogues) {
                            Ok(known) => requirements = known.into_vec(),
                            Err(unknown) => found.extend(unknown),
                        }
                        level = directives::level(directives, &requirements);
                        title = directives::title(directives, case);
                        found
                    }
                }
            }
        };
        all.push(told(&all, Checked { ip_versions, title, requirements, level, diagnostics, has_errors: false, file }));
    }
    Ok(all)
}

/// The same, with what was not yet said of an earlier case of it, in order of place.
fn told(all: &[Checked], mut checked: Checked) -> Checked {
    let (file, diagnostics) = (&checked.file, &mut checked.diagnostics);
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    checked.has_errors = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let earlier = all.iter().rev().take_while(|other| other.file.file == file.file);
    let said: Vec<&Diagnostic> = earlier.flat_map(|other| &other.diagnostics).collect();
    diagnostics.retain(|diagnostic| !said.iter().any(|earlier| earlier.is_same(diagnostic)));
    if let Some(case) = &file.case {
        diagnostics.iter_mut().for_each(|diagnostic| diagnostic.note(format!("in the case {}", case.name)));
    }
    checked.title = checked.title.or_else(|| {
        let title = header::values(file.text().unwrap_or_default(), "title").next()?;
        Some(file.case.as_ref().map_or_else(|| title.to_owned(), |case| case.fill(title)))
    });
    checked
}
