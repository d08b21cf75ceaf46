//! Fuzzing of targets without instrumentation: sessions of seeds and of scripts, on any target, as many as it can take.
//!
//! A target on a virtual clock is made anew for each session. On a real clock many sessions follow each other on one
//! target, each from another address of the tester, and sessions that wait for the target's timers run beside those that
//! do not. What is found must show again on a fresh target; what shows only after other sessions is told with the
//! shortest row of sessions that leads to it. Each session follows from one number, its seed.

mod batch;
mod examine;
mod run;
mod seeds;
mod worker;

pub(super) use batch::Shared;
pub use examine::{Examined, Repeated, examine, repeat};
pub use run::{BlackBox, Event, Found, Progress, Resumed, Totals, Unrepeated};
pub use seeds::Seeds;
pub(super) use seeds::seed as session_seed;
pub(super) use worker::caught;
