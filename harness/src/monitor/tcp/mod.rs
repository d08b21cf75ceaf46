//! TCP: what both ends of each connection have shown, and what they must not do then.

mod acceptance;
mod acknowledgment;
mod connection;
mod content;
mod end;
mod handshake;
mod options;
mod reset;
mod sack;
mod segment;
mod time;
mod timestamps;
mod transfer;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use self::connection::Connection;
use self::segment::Segment;
use super::Vantage;
use super::datagram::{Datagram, Validity};
use super::violation::Findings;
use crate::time::Instant;
use crate::wire::Tcp;

/// Connections that are followed at a time; the one that was quiet for longest gives way.
const MOST: usize = 1024;

/// Both ends of a connection, the lower one first.
type Key = (SocketAddr, SocketAddr);

/// All connections of a trace.
#[derive(Debug, Default)]
pub(super) struct Connections {
    all: Vec<Connection>,
    spare: Vec<Connection>,
    places: BTreeMap<Key, usize>,
    serial: u64,
    /// Fragments came of which a receiver may have made other segments.
    is_blurred: bool,
}

impl Connections {
    pub(super) fn clear(&mut self) {
        self.places.clear();
        self.is_blurred = false;
        self.spare.append(&mut self.all);
        self.spare.truncate(8);
    }

    /// Time has come to `at`.
    pub(super) fn advance(&mut self, at: Instant, vantage: &Vantage, findings: &mut Findings) {
        if vantage.complete {
            for connection in &mut self.all {
                connection.advance(at, findings);
            }
        }
    }

    /// An ICMP message came: what an end does not do any more may have its reason there.
    pub(super) fn disturbed(&mut self) {
        for connection in &mut self.all {
            connection.disturbed();
        }
    }

    /// Receivers may have made segments of fragments that are not those that were seen: what a reset answers is not
    /// certain any more.
    pub(super) fn blur(&mut self) {
        self.is_blurred = true;
        for connection in &mut self.all {
            connection.blur();
        }
    }

    /// One segment.
    pub(super) fn segment(
        &mut self,
        at: Instant,
        datagram: &Datagram<'_>,
        tcp: &Tcp,
        vantage: &Vantage,
        findings: &mut Findings,
    ) {
        let (Some(source), Some(destination)) = (datagram.source(), datagram.destination()) else { return };
        if datagram.validity == Validity::Malformed {
            return;
        }
        let source = SocketAddr::new(source, tcp.source_port);
        let destination = SocketAddr::new(destination, tcp.destination_port);
        if source == destination {
            // Which of two ends that have the same name sent it, nobody can tell.
            return;
        }
        let (key, from) = if source <= destination { ((source, destination), 0) } else { ((destination, source), 1) };
        let segment = Segment::read(at, datagram, tcp, findings);
        let connection = self.connection(key);
        connection.segment(from, &segment, vantage, findings);
    }

    /// The trace is over.
    pub(super) fn finish(&mut self, findings: &mut Findings) {
        for connection in &mut self.all {
            connection.finish(findings);
        }
        findings.release();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    fn connection(&mut self, key: Key) -> &mut Connection {
        if let Some(place) = self.all.last().filter(|last| last.key == Some(key)).map(|_| self.all.len() - 1) {
            return &mut self.all[place];
        }
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.open(key),
        };
        &mut self.all[place]
    }

    fn open(&mut self, key: Key) -> usize {
        self.serial += 1;
        let place = if self.all.len() == MOST {
            let quiet = self.all.iter().enumerate().min_by_key(|(_, connection)| connection.last_seen);
            let place = quiet.map_or(0, |(place, _)| place);
            if let Some(old) = self.all[place].key {
                self.places.remove(&old);
            }
            place
        } else {
            self.all.push(self.spare.pop().unwrap_or_default());
            self.all.len() - 1
        };
        self.all[place].begin(key, self.serial);
        if self.is_blurred {
            self.all[place].blur();
        }
        self.places.insert(key, place);
        place
    }
}
