//! Whether the names in a script's arithmetic have a value when they are needed.

use std::collections::BTreeMap;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::suggest::did_you_mean;
use super::tree::{Action, Answer, Assertion, Expectation, FieldValue, PacketSpec, Script};
use super::{Span, Spanned};

/// What is known of a name.
struct Known {
    /// Where it was captured first.
    span: Span,
    /// Whether it has a value whatever the target does.
    is_sure: bool,
    is_used: bool,
    /// How often it is captured for sure.
    count: usize,
}

/// Names without a value, in order of place, and values that nothing uses.
pub(super) fn check(script: &Script) -> Diagnostics {
    let mut names = Names { known: BTreeMap::new(), all: all_names(script), found: Vec::new() };
    for event in &script.events {
        match &event.action {
            Action::Inject(packet) => {
                names.use_in(packet);
                packet.captures.iter().for_each(|capture| names.capture(&capture.name, true));
            }
            Action::Expect(expectation) => names.expectation(expectation),
            Action::Assert(assertion) => names.assertion(assertion),
            _ => {}
        }
    }
    // A misspelt name makes another one look unused.
    if names.found.is_empty() {
        names.unused();
    }
    names.found
}

struct Names<'a> {
    known: BTreeMap<&'a str, Known>,
    /// Names that are captured somewhere.
    all: Vec<&'a str>,
    found: Diagnostics,
}

impl<'a> Names<'a> {
    fn expectation(&mut self, expectation: &'a Expectation) {
        let packets: Vec<&PacketSpec> = expectation
            .answers
            .iter()
            .filter_map(|answer| match answer {
                Answer::Packet(packet) => Some(packet),
                Answer::Silence => None,
            })
            .collect();
        for packet in &packets {
            self.use_in(packet);
        }
        // What every answer captures is captured, whichever comes.
        let may_be_silent = expectation.optional || expectation.answers.contains(&Answer::Silence);
        for packet in &packets {
            for capture in &packet.captures {
                let in_all = packets.iter().all(|other| other.captures.iter().any(|c| c.name == capture.name));
                self.capture(&capture.name, in_all && !may_be_silent);
            }
        }
    }

    fn capture(&mut self, name: &'a Spanned<String>, is_sure: bool) {
        let new = Known { span: name.span, is_sure: false, is_used: false, count: 0 };
        let known = self.known.entry(name.node.as_str()).or_insert(new);
        known.is_sure |= is_sure;
        known.count += usize::from(is_sure);
    }

    fn use_in(&mut self, packet: &'a PacketSpec) {
        for field in &packet.fields {
            if let FieldValue::Formula(formula) = &field.value.node {
                formula.names(&mut |name, span| self.use_name(name, span));
            }
        }
    }

    fn assertion(&mut self, assertion: &'a Assertion) {
        assertion.names(&mut |name, span| self.use_name(name, span));
        if let Assertion::Unpredictable(name) = assertion
            && let Some(known) = self.known.get(name.node.as_str())
            && known.is_sure
            && known.count < super::LEAST_SERIES
        {
            let message = format!("`{}` has too few values: {}", name.node, known.count);
            let label = format!("fewer than {} say nothing of what is predictable", super::LEAST_SERIES);
            let help = "capture it in a loop: `#for I in 1..64` ... `#end`";
            self.found.push(Diagnostic::error("capture::series", name.span, message, label).help(help));
        }
    }

    fn use_name(&mut self, name: &'a str, span: Span) {
        match self.known.get_mut(name) {
            Some(known) => {
                known.is_used = true;
                if !known.is_sure {
                    let message = format!("`{name}` may have no value here");
                    let label = "the target may not send what captures it";
                    let help = "capture it in a packet that must come, or in each of the allowed answers";
                    self.found.push(Diagnostic::error("capture::unsure", span, message, label).help(help));
                }
            }
            None => {
                let is_later = self.all.contains(&name);
                let label = if is_later { "it is captured later" } else { "nothing captures it" };
                let help = if is_later {
                    None
                } else {
                    did_you_mean(name, self.all.iter().copied())
                        .or_else(|| Some("write `with FIELD as NAME` on the packet that has the value".to_owned()))
                };
                let message = format!("`{name}` has no value here");
                self.found.push(Diagnostic::error("capture::unknown", span, message, label).maybe_help(help));
            }
        }
    }

    fn unused(&mut self) {
        for (name, known) in &self.known {
            if !known.is_used {
                let message = format!("`{name}` is captured and not used");
                self.found.push(Diagnostic::warning("capture::unused", known.span, message, "captured here"));
            }
        }
    }
}

/// Every name that a packet captures.
fn all_names(script: &Script) -> Vec<&str> {
    let mut all = Vec::new();
    for event in &script.events {
        match &event.action {
            Action::Inject(packet) => all.extend(packet.captures.iter().map(|capture| capture.name.node.as_str())),
            Action::Expect(expectation) => {
                for answer in &expectation.answers {
                    if let Answer::Packet(packet) = answer {
                        all.extend(packet.captures.iter().map(|capture| capture.name.node.as_str()));
                    }
                }
            }
            _ => {}
        }
    }
    all.dedup();
    all
}
