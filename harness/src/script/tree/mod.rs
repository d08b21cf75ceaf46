//! The syntax tree of a `.pkt` script. Every node keeps its span; equality ignores spans and layout.

mod call;
mod formula;
mod icmp;
mod packet;
mod tcp;

use std::sync::Arc;

pub use call::*;
pub use formula::*;
pub use icmp::*;
pub use packet::*;
pub use tcp::*;

use super::diagnostic::Diagnostics;
use super::{Sources, Span, Spanned};
pub use crate::text::Directive;

/// A whole script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Where the octets and lines that the tree's spans and events name came from, if the script includes files, has
    /// loops or was read for a case; else they are the script's own.
    pub sources: Option<Arc<Sources>>,
    /// `//@ key: value` lines, in order.
    pub directives: Vec<Directive>,
    /// `--name=value` lines, in order.
    pub options: Vec<ScriptOption>,
    /// The command before the first event.
    pub init: Option<Spanned<String>>,
    /// Events, in order; conditional parts already chosen.
    pub events: Vec<Event>,
    /// The command after the last event.
    pub cleanup: Option<Spanned<String>>,
}

impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        self.directives == other.directives
            && self.options == other.options
            && self.init == other.init
            && self.events == other.events
            && self.cleanup == other.cleanup
    }
}

impl Eq for Script {}

impl Script {
    /// Makes diagnostics whose places are those of the tree point into the files that these came from. What is said
    /// of one place is said once, however often a loop repeats it.
    pub fn resolve(&self, diagnostics: &mut Diagnostics) {
        let Some(sources) = &self.sources else { return };
        sources.resolve(diagnostics);
    }
}

/// `--name` or `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptOption {
    /// Without the dashes.
    pub name: Spanned<String>,
    /// Without quotes, if it was a string; `NAME=VALUE` for `define`.
    pub value: Option<Spanned<String>>,
}

/// Microseconds, as scripts' seconds are read.
pub type Micros = i64;

/// One timed event.
#[derive(Clone, Debug)]
pub struct Event {
    /// The whole event.
    pub span: Span,
    /// Line of the event's time, from 1.
    pub line: u32,
    /// When.
    pub time: EventTime,
    /// What.
    pub action: Action,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.time == other.time && self.action == other.action
    }
}

impl Eq for Event {}

/// When an event happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventTime {
    /// `0.5`: since the start of the script.
    Absolute(Micros),
    /// `+0.5`: since the event before.
    Relative(Micros),
    /// `*`: any time.
    Any,
    /// `0.5~0.7`.
    AbsoluteRange(Micros, Micros),
    /// `+0.5~+0.7`.
    RelativeRange(Micros, Micros),
}

/// What an event does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)]
pub enum Action {
    /// `<`: the tester sends.
    Inject(PacketSpec),
    /// `>`: the target must send.
    Expect(Expectation),
    /// `...1.5 silence` (ours): nothing comes from the target until then; the end is relative where the time is.
    Silence {
        /// End, in microseconds.
        until: Micros,
    },
    /// `assert ...` (ours): a statement about captured values that must hold.
    Assert(Assertion),
    /// A system call.
    Call(Call),
    /// A shell command in back quotes.
    Command(String),
    /// `%{ }%`: Python over what the target's socket reports.
    Code(String),
}

/// What the target must send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// `>?` (ours): it may also send nothing.
    pub optional: bool,
    /// Allowed answers, joined by `or` (ours); packetdrill's scripts have one.
    pub answers: Vec<Answer>,
}

/// One allowed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)]
pub enum Answer {
    /// This packet.
    Packet(PacketSpec),
    /// `silence` (ours): no packet until the end of the event's time range.
    Silence,
}
