//! Runs one dialogue on one target: the tester's end says what stands there, the target's end is held against it.
//!
//! [`speak`] gives an outcome as a script's run does, and the [`Transcript`] of what the target answered: delivered in
//! another way the same dialogue must have the same. [`missing`] tells before a run what a dialogue needs that a target
//! does not serve.

mod answer;
mod channel;
mod expect;
mod matching;
mod missing;
mod open;
mod outside;
mod probe;
mod reading;
mod run;
mod secured;
mod telling;
mod waiting;

pub use missing::missing;
pub use probe::has_streams;
pub use run::{Remark, Spoken, Transcript, speak};
