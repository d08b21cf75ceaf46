//! Dialogues that run: against servers over in-process smoltcp, in virtual time.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod failures;
mod server;
mod support;
