//! The tester's own TCP (RFC 9293): what dialogues are spoken over, so that every segment is ours to shape.
//!
//! A [`Connection`] is sans-IO: segments and time in, segments and the time of the next one out. It is a plain and
//! correct TCP towards its peer: it keeps to the peer's window and MSS, retransmits (RFC 6298), acknowledges at once and
//! puts what comes in order. What it has that others lack is a [`Schedule`]: how a stream is cut into segments, in which
//! order and how often they go, and what is lost, chosen by name and by a seed. It has no congestion control, since its
//! link is no shared one, and offers neither SACK nor timestamps. [`Tester`] drives connections over a target.

mod assembly;
mod connection;
mod estimator;
mod fragments;
mod outgoing;
mod runner;
mod schedule;

pub use connection::{Connection, Ends, Options, Peer};
pub use runner::{Datagram, Step, Tester};
pub use schedule::{Delivery, Schedule, UnknownSchedule};
