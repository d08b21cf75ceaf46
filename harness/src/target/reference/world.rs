//! What the servers of one target share: the clock, the mailboxes, and how they deviate.

use super::deviation::Deviation;
use super::mailbox::Mailboxes;
use crate::time::Instant;

/// The servers' clock stands at this when the target is created, in seconds since 1970: 2026-01-01 00:00:00 UTC, so that
/// every run gives the same dates.
const CREATED: u64 = 1_767_225_600;

/// What all conversations of one target see.
#[derive(Debug, Default)]
pub(super) struct World {
    /// The target's clock.
    pub(super) now: Instant,
    /// Mail that was delivered.
    pub(super) mailboxes: Mailboxes,
    /// What a server of DNS answered over TCP and sends over UDP too, if it does so.
    pub(super) owed: Option<Vec<u8>>,
    /// How the servers break their protocols on purpose, if they do.
    pub(super) deviation: Option<Deviation>,
}

impl World {
    /// Whether the servers deviate in this way.
    pub(super) fn deviates(&self, deviation: Deviation) -> bool {
        self.deviation == Some(deviation)
    }

    /// The date, in seconds since 1970-01-01 00:00:00 UTC.
    pub(super) fn date(&self) -> u64 {
        CREATED + self.now.micros() / 1_000_000
    }
}
