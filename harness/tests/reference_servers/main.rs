//! The servers of reference, as the tester meets them: over the link, whatever the schedule.
#![allow(clippy::unwrap_used)] // a test that cannot go on should stop

mod client;
mod deviations;
mod dns;
mod garbage;
mod http;
mod smtp;
