//! Parses and lints scripts without running anything.

use std::sync::Arc;

use super::catalogue::{Level, Requirement};
use super::config::Config;
use super::discovery::Source;
use super::plan::{self, Bases, Request};
use super::{ScriptFile, SuiteError, header, work};
use crate::script::{Diagnostic, Severity, Span, lint, parse_with_warnings};
use crate::target::IpVersion;

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
    /// What is wrong, in order of place.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Whether the script cannot run.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Reads every script as each of its IP versions, with the definitions it would be run with.
///
/// # Errors
/// A path or catalogue that cannot be read; a profile, option or definition that does not fit.
pub fn check(source: &Source, config: &Config, request: &Request) -> Result<Vec<Checked>, SuiteError> {
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
            let found = match parse_with_warnings(text, &base.settings.definitions) {
                Ok(parsed) => {
                    let mut found = parsed.warnings;
                    found.extend(lint(&parsed.script));
                    found.extend(base.for_script(&parsed.script).err());
                    match work::requirements(&parsed.script, &catalogues) {
                        Ok(known) => requirements = known.into_vec(),
                        Err(unknown) => found.extend(unknown),
                    }
                    level = work::level(&parsed.script, &requirements);
                    title = work::title(&parsed.script);
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
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        let title = title.or_else(|| header::values(text, "title").next().map(str::to_owned));
        all.push(Checked { ip_versions, title, requirements, level, diagnostics, file });
    }
    Ok(all)
}
