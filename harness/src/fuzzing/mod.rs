//! Fuzzing: stateful sessions against any target, and parsers against themselves and others.
//!
//! [`Session`] is what an input means; [`Runner`] runs one on a fresh target and tells a [`Finding`]; an [`Oracle`]
//! judges the packets. [`crate::fuzz_target`] makes a fuzz target of a factory, for cargo-fuzz. The files under `fuzz/`
//! hold a few lines each; tests replay the corpora through the same functions, on stable Rust.

use crate::monitor::{Monitor, Vantage};

mod black_box;
mod campaign;
mod dialogue;
mod differential;
mod finding;
mod known;
mod linux;
pub mod memory;
mod oracle;
mod parsers;
mod planted;
mod run;
pub mod session;
mod smoltcp;
mod states;
mod target;
mod triage;

pub use black_box::{
    BlackBox, Event, Examined, Found, Progress, Repeated, Resumed, Seeds, Totals, Unrepeated, examine, repeat,
};
pub use campaign::Campaign;
pub use dialogue::{dialogue_framing, dialogue_round_trip, dns_message};
pub use differential::{Class, Compared, Comparison, Difference, compare};
pub use finding::{Cause, Demand, Finding};
pub use known::{Known, Stimulus};
pub use linux::KNOWN_OF_LINUX;
pub use oracle::{Complaint, Oracle};
pub use parsers::{config_parse, script_round_trip, wire_round_trip};
pub use planted::{Hunt, Hunted, out_of_sight};
pub use run::{Cut, Ran, Runner, Step};
pub use session::Session;
pub use smoltcp::KNOWN_OF_SMOLTCP;
pub use states::{Reached, State, States};
pub use target::{mutate_input, run_input};
pub use triage::{Replayed, Triaged, minimise, triage};

/// What fuzzing has found in a built-in target: passed over, so that a campaign finds something else.
pub fn known_of(target: &str) -> &'static [Known] {
    match target {
        "linux" => KNOWN_OF_LINUX,
        "smoltcp" => KNOWN_OF_SMOLTCP,
        _ => &[],
    }
}

/// The oracles that judge sessions.
pub fn oracles() -> Vec<Box<dyn Oracle>> {
    vec![Box::new(Monitor::new(Vantage::link()))]
}
