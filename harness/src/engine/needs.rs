//! What a script needs, held against what the target declares and what is defined: decided before the run.

use std::collections::BTreeSet;

use super::call::{self};
use super::code::CodeCollector;
use super::settings::Settings;
use crate::script::Script;
use crate::script::tree::Action;
use crate::target::{Capabilities, Clock};
use crate::text::Directive;

/// What `script` needs and the target does not declare, or nobody has defined: a phrase each, in order; empty if the
/// script applies.
pub fn missing(script: &Script, settings: &Settings, capabilities: &Capabilities) -> Vec<String> {
    let mut missing = BTreeSet::new();
    declared(&script.directives, settings, capabilities, &mut missing);
    if capabilities.calls.is_empty() && !capabilities.services.is_empty() {
        // What it runs on is a target by itself.
        missing.insert("a stack of its own: it is a server, with which dialogues are spoken".to_owned());
    }
    if !capabilities.commands
        && (script.init.is_some() || script.cleanup.is_some() || !settings.init_scripts.is_empty())
    {
        missing.insert("shell commands".to_owned());
    }
    for event in &script.events {
        match &event.action {
            Action::Command(_) | Action::Code(_) if !capabilities.commands => {
                missing.insert("shell commands".to_owned());
            }
            Action::Code(_) => {
                if let (Some(wanted), Some(options)) =
                    (CodeCollector::new(settings).needed(), &capabilities.socket_options)
                    && !options.contains(&(wanted.level, wanted.option))
                {
                    missing.insert(format!("the socket option {}, which code blocks see", wanted.name));
                }
            }
            Action::Call(call) => {
                // What a call cannot be lowered to is the run's to report, with its place.
                if let Ok(needs) = call::needs(call, settings) {
                    missing.extend(needs.missing(capabilities));
                }
            }
            _ => {}
        }
    }
    missing.into_iter().collect()
}

/// What the directives of a script or dialogue ask for.
pub(super) fn declared(
    directives: &[Directive],
    settings: &Settings,
    capabilities: &Capabilities,
    missing: &mut BTreeSet<String>,
) {
    if !capabilities.ip_versions.contains(&settings.link.ip_version) {
        missing.insert(format!("{} packets and sockets", settings.link.ip_version));
    }
    for directive in directives {
        if directive.key.node == "needs" {
            for feature in directive.value.node.split([',', ' ']).map(str::trim).filter(|f| !f.is_empty()) {
                if is_definition(feature) {
                    let is_served = capabilities.services.definitions.contains_key(feature);
                    if settings.definitions.get(feature).is_none() && !is_served {
                        missing.insert(format!("the definition `{feature}`"));
                    }
                    continue;
                }
                let has = match feature {
                    "virtual-clock" => capabilities.clock == Clock::Virtual,
                    "commands" => capabilities.commands,
                    _ => capabilities.features.contains(feature),
                };
                if !has {
                    missing.insert(format!("the feature `{feature}`"));
                }
            }
        }
    }
}

/// Whether `needs` names a definition: it is written in capitals, as no feature is.
fn is_definition(name: &str) -> bool {
    name.bytes().any(|b| b.is_ascii_uppercase()) && !name.bytes().any(|b| b.is_ascii_lowercase())
}
