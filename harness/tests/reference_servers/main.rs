//! The servers of reference, as the tester meets them: over the link, whatever the schedule.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod client;
mod dns;
mod http;
mod smtp;
