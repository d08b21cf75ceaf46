//! The engine: runs one script or dialogue on one target and gives a verdict with a trace.
//!
//! Sans-IO: it never reads a clock and never opens a socket; a [`crate::target::Target`] does both.
//! [`missing`] tells, before a run, what a script needs that a target does not declare; [`run`] runs it. [`conversation`]
//! does both for dialogues.

mod build;
mod call;
mod code;
mod compare;
mod comparison;
mod connection;
pub mod conversation;
mod fields;
mod formula;
mod names;
mod needs;
mod notation;
mod options;
mod outcome;
mod predictability;
mod quotation;
mod run;
mod settings;

pub use needs::missing;
pub use outcome::{Blame, Difference, Failure, FailureKind, Outcome, Verdict};
pub use run::{Interrupt, Scratch, run};
pub use settings::{Settings, SettingsError};
