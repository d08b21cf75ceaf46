//! rfcheck's parsers beside those of others, on the same octets: the same verdict and the same fields.
//!
//! Each function is the body of a fuzz target. It panics where rfcheck and a peer disagree in a way that nobody has
//! looked at yet; that is the fuzzer's finding, and either rfcheck is mended or the peer has a [`Quirk`] more. Each quirk
//! has the shortest input that shows it in `corpus/TARGET/quirk-ID`, and a test that replays it.

mod capture;
mod chunked;
mod dns;
mod http;
mod quirk;
mod smtp;
mod wire;

pub use capture::{QUIRKS as CAPTURE_QUIRKS, capture_peers};
pub use chunked::{QUIRKS as CHUNKED_QUIRKS, chunked_peers};
pub use dns::{QUIRKS as DNS_QUIRKS, dns_peers};
pub use http::{QUIRKS as HTTP_QUIRKS, http_peers};
pub use quirk::{Quirk, Quirks};
pub use smtp::{QUIRKS as SMTP_QUIRKS, smtp_peers};
pub use wire::{QUIRKS as WIRE_QUIRKS, wire_peers};
