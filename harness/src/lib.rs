//! rfcheck tests network stacks, and the protocols spoken over them, against their RFCs.
//!
//! A script or dialogue is text; [`script`] turns it into a tree, [`engine`] runs the tree on a
//! [`target`] and gives a verdict with a [`trace`]. [`suite`] does this for many scripts and tells
//! [`report`] what happens. [`wire`] is below them all: packets as values and as octets.
//!
//! A stack author implements [`target::Target`] and has every script and every report.

#[cfg(feature = "cli")]
pub mod cli;
pub mod dialogue;
pub mod engine;
pub mod fuzzing;
pub mod monitor;
pub mod report;
pub mod script;
pub mod suite;
pub mod target;
pub mod tester;
pub mod text;
pub mod time;
mod tls;
pub mod trace;
pub mod wire;
