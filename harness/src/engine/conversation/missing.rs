//! What a dialogue needs, held against what the target serves: decided before the run.

use std::collections::BTreeSet;

use super::channel::usual_port;
use crate::dialogue::Dialogue;
use crate::dialogue::tree::{Act, Action, Over, Protocol, Role};
use crate::engine::needs;
use crate::engine::settings::Settings;
use crate::target::{Capabilities, Services};

/// What `dialogue` needs and the target does not declare: a phrase each, in order; empty if the dialogue applies.
pub fn missing(dialogue: &Dialogue, settings: &Settings, capabilities: &Capabilities) -> Vec<String> {
    let services = &capabilities.services;
    let mut missing = BTreeSet::new();
    needs::declared(&dialogue.directives, settings, capabilities, &mut missing);
    let is_server = dialogue.role == Role::Server;
    if is_server && port(services, protocol(dialogue), false).is_none() {
        missing.insert(format!("a server of {}", protocol(dialogue).name()));
    }
    let mut performs = false;
    for step in &dialogue.steps {
        match &step.action {
            Action::Command(_) => {
                performs = true;
                if !capabilities.commands {
                    missing.insert("shell commands".to_owned());
                }
            }
            Action::Do(name, _) => {
                performs = true;
                if !services.actions.contains(name) {
                    missing.insert(format!("the action `{name}`"));
                }
            }
            Action::Check(check) if !services.actions.contains(&check.name) => {
                missing.insert(format!("the check `{}`", check.name));
            }
            Action::Act(_, Act::StartTls) if !crate::tls::AVAILABLE => {
                missing.insert("a tester that speaks TLS".to_owned());
            }
            Action::Act(_, Act::Connect(connect)) => {
                let protocol = connect.protocol.unwrap_or(protocol(dialogue));
                let over_tls = connect.over == Some(Over::Tls);
                if over_tls && !crate::tls::AVAILABLE {
                    missing.insert("a tester that speaks TLS".to_owned());
                }
                if is_server && connect.port.is_none() && port(services, protocol, over_tls).is_none() {
                    missing.insert(format!("a server of {}", protocol.name()));
                }
            }
            _ => {}
        }
    }
    if !is_server && !performs {
        missing.insert("a step that starts the client".to_owned());
    }
    missing.into_iter().collect()
}

/// The protocol that a dialogue names; the parser has seen to it that it names one.
pub(super) fn protocol(dialogue: &Dialogue) -> Protocol {
    let named = dialogue.directives.iter().find(|directive| directive.key.node == "protocol");
    let known = named.and_then(|named| Protocol::NAMES.iter().find(|(name, _)| *name == named.value.node));
    known.map_or(Protocol::Smtp, |(_, protocol)| *protocol)
}

/// The port at which a target serves a protocol.
pub(super) fn port(services: &Services, protocol: Protocol, over_tls: bool) -> Option<u16> {
    let name = if over_tls { format!("{}s", protocol.name()) } else { protocol.name().to_owned() };
    services.ports.get(&name).copied()
}

/// The port of the server's end of a connection for which nobody says one.
pub(super) fn default_port(role: Role, services: &Services, protocol: Protocol, over_tls: bool) -> u16 {
    match role {
        Role::Server => port(services, protocol, over_tls).unwrap_or(usual_port(protocol)),
        Role::Client => usual_port(protocol),
    }
}
