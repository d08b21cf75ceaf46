//! What `rfcheck fuzz` shows: findings and sums for people, one event a line for machines.

mod compared;
mod human;
mod json;
mod planted;
mod repeated;

use std::io::{self, Write};
use std::path::Path;

pub(crate) use compared::{write_compared, write_compared_json};
pub(crate) use human::FuzzHuman;
pub(crate) use json::FuzzJson;
pub(crate) use planted::{write_planted, write_planted_json};
pub(crate) use repeated::{write_repeated, write_repeated_json};

use crate::fuzzing::{Cause, Found, Progress, Replayed, Resumed, Totals, Unrepeated};
use crate::monitor::Invariant;

/// What a campaign is about to do.
#[derive(Debug)]
pub(crate) struct Started<'a> {
    /// The target's name.
    pub(crate) target: &'a str,
    /// From which all sessions follow.
    pub(crate) seed: u64,
    /// Threads whose sessions do not wait.
    pub(crate) jobs: usize,
    /// Sessions that scripts gave.
    pub(crate) scripts: usize,
    /// Causes that are passed over.
    pub(crate) known: &'a [String],
    /// Where it goes on.
    pub(crate) resumed: Option<&'a Resumed>,
}

/// Listens to a campaign.
pub(crate) trait FuzzReporter {
    /// It begins.
    fn started(&mut self, started: &Started<'_>) -> io::Result<()>;

    /// How far it is.
    fn progress(&mut self, progress: &Progress) -> io::Result<()>;

    /// Something is wrong with the target; `script` shows it.
    fn found(&mut self, found: &Found, script: Option<&Path>) -> io::Result<()>;

    /// Something was seen, and was not seen again, or was not looked at again because the campaign `ended`.
    fn unrepeated(&mut self, seen: &Unrepeated, ended: bool) -> io::Result<()>;

    /// It is over; `found` findings, those of before included.
    fn finished(&mut self, totals: &Totals, found: usize) -> io::Result<()>;
}

/// What a script that was made of a finding gave on the target.
pub(crate) fn write_replayed(out: &mut impl Write, replayed: &Replayed) -> io::Result<()> {
    match replayed {
        Replayed::Fails(why) => writeln!(out, "  replayed   fails: {why}"),
        Replayed::Breaks(broken) => {
            writeln!(out, "  replayed   the monitor sees:")?;
            broken.iter().try_for_each(|(id, detail)| writeln!(out, "    {id}: {detail}"))
        }
        Replayed::Otherwise(verdict, why) => {
            let why = why.as_deref().unwrap_or("the script does not show it");
            writeln!(out, "  replayed   {verdict:?}: {why}")
        }
        Replayed::Unreadable(why) => writeln!(out, "  replayed   not a script, which is rfcheck's fault: {why}"),
    }
}

/// The invariant that a cause breaks; the first of those that have its requirement.
fn invariant(cause: &Cause) -> Option<Invariant> {
    let Cause::Broken(id) = cause else { return None };
    Invariant::ALL.iter().copied().find(|invariant| invariant.requirement() == id)
}

/// The clause that the other causes break.
fn clause(cause: &Cause) -> Option<(&'static str, &'static str)> {
    Some(match cause {
        Cause::AcknowledgesUnsent => ("RFC 9293 section 3.4", "An acknowledgment is of octets that were received."),
        Cause::Delivered => ("RFC 9293 section 2.2", "TCP delivers a reliable, in-order stream of octets."),
        Cause::DeliveredAfterFin => {
            ("RFC 9293 section 3.10.7.4", "In CLOSE-WAIT and the states after it segment text is ignored.")
        }
        Cause::Sent => ("RFC 9293 section 2.2", "TCP delivers a reliable, in-order stream of octets."),
        Cause::Datagram => ("RFC 768 Fields", "A datagram whose checksum or length is wrong is not delivered."),
        Cause::Stalled => {
            ("RFC 9293 section 3.8", "Data is sent again until it is acknowledged, and a zero window is probed.")
        }
        Cause::Lost => {
            ("RFC 9293 section 3.4", "An acknowledgment takes responsibility for delivering the data to the user.")
        }
        Cause::Refused => (
            "RFC 9293 section 3.10.7.4",
            "Segments whose text is next and inside the window are taken and acknowledged.",
        ),
        Cause::Unanswered(demand) => demand.clause(),
        Cause::Gone(_) | Cause::Flood | Cause::Memory | Cause::Broken(_) | Cause::NotLive(_) => return None,
    })
}

/// Seeds as `--session` takes them.
fn row(seeds: &[u64]) -> String {
    seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}
