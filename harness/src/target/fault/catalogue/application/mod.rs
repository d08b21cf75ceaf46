//! Faults of the application protocols, a file each: what a server does wrong that is told to.

mod dns;
mod http;
mod imap;
mod pop3;
mod service;
mod smtp;

use super::Fault;

/// In the order of reports.
pub(in crate::target::fault) static ALL: &[&[Fault]] =
    &[http::FAULTS, smtp::FAULTS, dns::FAULTS, pop3::FAULTS, imap::FAULTS, service::FAULTS];

/// Makes `FAULTS`: deviation, name, what it does, the clause and the requirements.
macro_rules! deviations {
    ($($deviation:ident $name:literal $does:literal breaks $clause:literal for $($id:literal)+;)+) => {
        pub(super) static FAULTS: &[crate::target::fault::Fault] = &[$(crate::target::fault::Fault {
            name: $name,
            does: $does,
            breaks: $clause,
            requirements: &[$($id),+],
            make: || crate::target::fault::behaviour::deviates(crate::target::reference::Deviation::$deviation),
        }),+];
    };
}
use deviations;
