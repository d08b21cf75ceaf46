//! The engine: runs one script on one target and gives a verdict with a trace.
//!
//! Sans-IO: it never reads a clock and never opens a socket; a [`crate::target::Target`] does both.

mod call;
mod code;
mod outcome;
mod settings;

pub use outcome::{Blame, Difference, Failure, FailureKind, Outcome, Verdict};
pub use settings::{Settings, SettingsError};
