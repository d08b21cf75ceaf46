//! Servers of reference: HTTP/1.1, SMTP, DNS, POP3 and IMAP, in process and on a virtual clock.
//!
//! They are what dialogues are proven right against, and what dialogues run on when no target is named. They are careful
//! to the RFCs, strict where a choice is left, bounded in memory, and need no network, file or process. Each server is a
//! `conversation`: octets in, octets out, and time. The `host` puts them on sockets of the smoltcp target, the `world`
//! is what they share. A `deviation` makes a server break one requirement on purpose, for the catalogue of faults.

mod conversation;
mod date;
mod deviation;
mod distortion;
mod dns;
mod host;
mod http;
mod imap;
mod line;
mod mailbox;
mod pop3;
mod smtp;
mod target;
mod world;

pub use deviation::Deviation;
pub use target::{DEVIATES, ReferenceFactory};
