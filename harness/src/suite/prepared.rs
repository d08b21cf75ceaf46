//! A script or dialogue that can run: read with its definitions, with settings and requirements.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::directives::{Requirements, requirements};
use super::plan::{Base, PlannedRun, Suite};
use super::{ScriptFile, estimate};
use crate::dialogue::tree::{Action as DialogueAction, Role, Step};
use crate::dialogue::{self, Dialogue};
use crate::engine::conversation;
use crate::engine::{self, Settings};
use crate::script::tree::Action;
use crate::script::{Definition, Definitions, Diagnostic, Script, Severity, Sources};
use crate::target::{Capabilities, Services};
use crate::tester::Schedule;
use crate::text::Directive;

/// Scripts that were prepared, by the indices of the script and of what its settings start from.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<HashMap<(u32, u32), Arc<Prepared>>>);

impl Kept {
    fn get(&self, key: (u32, u32)) -> Option<Arc<Prepared>> {
        self.0.lock().ok()?.get(&key).cloned()
    }

    /// Keeps it; a lock that a panic has poisoned keeps nothing any more.
    fn keep(&self, key: (u32, u32), prepared: &Arc<Prepared>) {
        if let Ok(mut kept) = self.0.lock() {
            kept.insert(key, Arc::clone(prepared));
        }
    }
}

/// A script that can run.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) body: Body,
    pub(super) settings: Settings,
    pub(super) requirements: Requirements,
}

/// What runs.
#[derive(Debug)]
pub(super) enum Body {
    Script(Script),
    Dialogue(Dialogue),
}

impl Body {
    pub(super) fn directives(&self) -> &[Directive] {
        match self {
            Body::Script(script) => &script.directives,
            Body::Dialogue(dialogue) => &dialogue.directives,
        }
    }

    pub(super) fn sources(&self) -> Option<&Arc<Sources>> {
        match self {
            Body::Script(script) => script.sources.as_ref(),
            Body::Dialogue(dialogue) => dialogue.sources.as_ref(),
        }
    }

    fn resolve(&self, diagnostics: &mut Vec<Diagnostic>) {
        match self {
            Body::Script(script) => script.resolve(diagnostics),
            Body::Dialogue(dialogue) => dialogue.resolve(diagnostics),
        }
    }

    /// What it needs and the target does not declare.
    pub(super) fn missing(&self, settings: &Settings, capabilities: &Capabilities, schedule: Schedule) -> Vec<String> {
        let (mut missing, needs_commands) = match self {
            Body::Script(script) => {
                (engine::missing(script, settings, capabilities), script_needs_commands(script, settings))
            }
            Body::Dialogue(dialogue) => {
                let is_command = |step: &Step| matches!(step.action, DialogueAction::Command(_));
                let mut missing = conversation::missing(dialogue, settings, capabilities);
                if schedule != Schedule::Whole && !conversation::has_streams(dialogue) {
                    missing.push(format!("a stream that is delivered {schedule}, but runs over UDP alone"));
                }
                if !may_be_delivered(dialogue, schedule) {
                    missing.push(format!("octets that come together, which is not so delivered {schedule}"));
                }
                if schedule.is_abortive() && dialogue.role == Role::Client {
                    missing.push(format!("a server that goes on after {schedule}, but is about a client"));
                }
                (missing, dialogue.steps.iter().any(is_command))
            }
        };
        if !settings.commands && needs_commands {
            missing.push("shell commands, which are switched off".to_owned());
        }
        missing
    }

    /// How long it takes if all goes as it says.
    pub(super) fn expected_duration(&self, schedule: Schedule) -> Duration {
        match self {
            Body::Script(script) => estimate::duration(script),
            Body::Dialogue(dialogue) => estimate::of_dialogue(dialogue, schedule),
        }
    }
}

/// Whether a dialogue says what it wants where it is delivered like this.
fn may_be_delivered(dialogue: &Dialogue, schedule: Schedule) -> bool {
    let mut said = dialogue.directives.iter().filter(|directive| directive.key.node == "transport");
    said.all(|directive| directive.value.node.split([',', ' ']).any(|name| name == schedule.name()))
}

impl Suite {
    /// As [`Suite::prepare`], but what was prepared once is kept where runs come again and again.
    pub(super) fn prepared(
        &self,
        planned: &PlannedRun,
        file: &ScriptFile,
        text: &str,
    ) -> Result<Arc<Prepared>, Vec<Diagnostic>> {
        let Some(kept) = &self.prepared else { return self.prepare(planned, file, text).map(Arc::new) };
        let key = (planned.script, planned.base);
        if let Some(prepared) = kept.get(key) {
            return Ok(prepared);
        }
        let prepared = Arc::new(self.prepare(planned, file, text)?);
        kept.keep(key, &prepared);
        Ok(prepared)
    }

    fn prepare(&self, planned: &PlannedRun, file: &ScriptFile, text: &str) -> Result<Prepared, Vec<Diagnostic>> {
        let base = &self.bases[planned.base as usize];
        let body = self.body(planned, file, text)?;
        let settings = match &body {
            Body::Script(script) => base.for_script(script),
            Body::Dialogue(_) => base.for_script(&Script::default()),
        };
        let settings = settings.map_err(|diagnostic| vec![diagnostic])?;
        let case = file.case.as_ref();
        let requirements = requirements(body.directives(), |found| body.resolve(found), case, &self.catalogues)?;
        if let Body::Dialogue(dialogue) = &body {
            // A name without a value is found now, and not in the middle of a conversation.
            let dubious = dialogue::lint(dialogue).into_iter();
            let errors: Vec<_> = dubious.filter(|found| found.severity == Severity::Error).collect();
            if !errors.is_empty() {
                return Err(errors);
            }
        }
        Ok(Prepared { body, settings, requirements })
    }

    /// Reads a script or dialogue with what is defined for its run.
    pub(super) fn body(&self, planned: &PlannedRun, file: &ScriptFile, text: &str) -> Result<Body, Vec<Diagnostic>> {
        let definitions = &self.bases[planned.base as usize].settings.definitions;
        if !file.is_dialogue() {
            return Ok(Body::Script(file.input(text, definitions).parse()?.script));
        }
        let target = &self.targets[planned.target as usize];
        let definitions = spoken_definitions(definitions, &target.capabilities().services);
        let input = dialogue::Input {
            name: &file.file,
            text,
            definitions: &definitions,
            case: file.case.as_ref(),
            includes: file.includes(),
        };
        input.parse().map(Body::Dialogue)
    }
}

impl Base {
    /// The settings of one script.
    ///
    /// # Errors
    /// An option of the script that does not fit, with its place.
    pub(super) fn for_script(&self, script: &Script) -> Result<Settings, Diagnostic> {
        self.settings.for_script(script, &self.overrides).map_err(|(error, span)| {
            let place = span.unwrap_or_default();
            let mut said = vec![Diagnostic::error("option::value", place, error.to_string(), "this option")];
            script.resolve(&mut said);
            said.remove(0)
        })
    }
}

fn script_needs_commands(script: &Script, settings: &Settings) -> bool {
    script.init.is_some()
        || script.cleanup.is_some()
        || !settings.init_scripts.is_empty()
        || script.events.iter().any(|event| matches!(event.action, Action::Command(_) | Action::Code(_)))
}

/// What a dialogue's names in braces stand for: what the command line, the profile and the target define, in order of
/// weight.
pub(super) fn spoken_definitions(definitions: &Definitions, services: &Services) -> Vec<(String, String)> {
    let mut spoken: Vec<(String, String)> = definitions
        .iter()
        .map(|(name, definition)| {
            let (Definition::Word(value) | Definition::String(value) | Definition::Command(value)) = definition;
            (name.to_owned(), value.clone())
        })
        .collect();
    let known = |name: &str, spoken: &[(String, String)]| spoken.iter().any(|(known, _)| known == name);
    for (name, value) in &services.definitions {
        if !known(name, &spoken) {
            spoken.push((name.clone(), value.clone()));
        }
    }
    spoken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::directives::DIRECTIVES;
    use crate::text::directive::DirectiveValue;

    #[test]
    fn the_directive_knows_every_schedule() {
        let known = DIRECTIVES.iter().find(|known| known.key == "transport").map(|known| &known.value);
        let Some(DirectiveValue::OneOrMoreOf(names)) = known else { panic!("{known:?}") };
        assert_eq!(*names, Schedule::ALL.map(Schedule::name));
    }
}
