//! Parses and lints scripts without running anything.

use std::sync::Arc;

use super::catalogue::{Level, Requirement};
use super::config::Config;
use super::discovery::Source;
use super::plan::{self, Bases, Request};
use super::{ScriptFile, SuiteError, header, work};
use crate::script::{Diagnostic, Severity, Span, lint};
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
            let found = match file.input(text, &base.settings.definitions).parse() {
                Ok(parsed) => {
                    let mut dubious = lint(&parsed.script);
                    parsed.script.resolve(&mut dubious);
                    let mut found = parsed.warnings;
                    found.extend(dubious);
                    found.extend(base.for_script(&parsed.script).err());
                    match work::requirements(&parsed.script, file.case.as_ref(), &catalogues) {
                        Ok(known) => requirements = known.into_vec(),
                        Err(unknown) => found.extend(unknown),
                    }
                    level = work::level(&parsed.script, &requirements);
                    title = work::title(&parsed.script, file.case.as_ref());
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
        let has_errors = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        let earlier = all.iter().rev().take_while(|other: &&Checked| other.file.file == file.file);
        let said: Vec<&Diagnostic> = earlier.flat_map(|other| &other.diagnostics).collect();
        diagnostics.retain(|diagnostic| !said.iter().any(|earlier| earlier.is_same(diagnostic)));
        if let Some(case) = &file.case {
            diagnostics.iter_mut().for_each(|diagnostic| diagnostic.note(format!("in the case {}", case.name)));
        }
        let written = || header::values(text, "title").next();
        let title = title.or_else(|| {
            let title = written()?;
            Some(file.case.as_ref().map_or_else(|| title.to_owned(), |case| case.fill(title)))
        });
        all.push(Checked { ip_versions, title, requirements, level, diagnostics, has_errors, file });
    }
    Ok(all)
}
