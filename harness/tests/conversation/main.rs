//! Dialogues that run: against servers over in-process smoltcp, in virtual time.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod client;
mod delivery;
mod failures;
mod protocols;
mod server;
mod support;
