//! What goes to the peer: the stream, and the parcels that wait to be sent.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use super::schedule::Parcel;
use crate::time::Instant;

/// The tester's stream. Octets are counted from its beginning; the FIN has the number after the last of them.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    octets: Vec<u8>,
    parcels: VecDeque<Parcel>,
    /// When the parcel before the first one was sent.
    sent_at: Option<Instant>,
    /// The first number that is not acknowledged.
    unacknowledged: u64,
    /// The first number that was never sent.
    next: u64,
    /// The stream ends here.
    end: Option<u64>,
}

/// What can be sent now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// These octets; lost on their way if so said.
    Data { octets: Range<u64>, is_lost: bool },
    /// The FIN.
    Fin,
    /// Something, once the peer's window is open.
    Blocked,
    /// Nothing now.
    Nothing,
}

impl Outgoing {
    /// Takes a write; its octets have these numbers.
    pub(super) fn write(&mut self, data: &[u8]) -> Range<u64> {
        let start = self.octets.len() as u64;
        self.octets.extend_from_slice(data);
        start..self.octets.len() as u64
    }

    /// Takes the parcels of a write.
    pub(super) fn queue(&mut self, parcels: Vec<Parcel>) {
        self.parcels.extend(parcels);
    }

    /// Nothing is written any more: the FIN follows the last octet.
    pub(super) fn finish(&mut self) {
        self.end.get_or_insert(self.octets.len() as u64);
    }

    /// The stream ends after `count` octets of what was written.
    pub(super) fn cut_off(&mut self, count: u64) {
        self.octets.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    }

    pub(super) fn octets(&self, range: &Range<u64>) -> &[u8] {
        self.octets.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// The first number that is not acknowledged.
    pub(super) fn unacknowledged(&self) -> u64 {
        self.unacknowledged
    }

    /// The first number that was never sent.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whether nothing is written any more.
    pub(super) fn is_finished(&self) -> bool {
        self.end.is_some()
    }

    /// Whether the FIN has this number.
    pub(super) fn is_fin(&self, number: u64) -> bool {
        self.end == Some(number)
    }

    /// Whether all that was written, and the FIN if there is one, was acknowledged.
    pub(super) fn is_done(&self) -> bool {
        self.unacknowledged == self.octets.len() as u64 + u64::from(self.end.is_some())
    }

    /// Whether something was sent and not acknowledged.
    pub(super) fn is_outstanding(&self) -> bool {
        self.unacknowledged < self.next
    }

    /// Whether all parcels were sent.
    pub(super) fn is_all_sent(&self) -> bool {
        self.parcels.is_empty()
    }

    /// When the next parcel may go, if it waits for a time alone.
    pub(super) fn due(&self) -> Option<Instant> {
        let pause = self.parcels.front()?.pause;
        self.sent_at.filter(|_| pause > Duration::ZERO).map(|at| at + pause)
    }

    /// Takes the acknowledgment of all numbers before `number`; false if it is of nothing new, or of what was not sent.
    pub(super) fn acknowledge(&mut self, number: u64) -> bool {
        let is_new = number > self.unacknowledged && number <= self.next;
        if is_new {
            self.unacknowledged = number;
        }
        is_new
    }

    /// What was sent first and not acknowledged, at most `most` octets.
    pub(super) fn first_outstanding(&self, most: u64) -> Range<u64> {
        let sent = self.next.min(self.octets.len() as u64);
        self.unacknowledged..sent.min(self.unacknowledged + most)
    }

    /// The next thing to send where the peer takes numbers before `limit` and `most` octets in a segment.
    pub(super) fn ready(&mut self, now: Instant, limit: u64, most: u64) -> Ready {
        if self.parcels.is_empty() {
            return match self.end {
                Some(end) if self.next == end => {
                    self.next += 1;
                    Ready::Fin
                }
                _ => Ready::Nothing,
            };
        }
        if self.due().is_some_and(|due| due > now) {
            return Ready::Nothing;
        }
        let whole = self.parcels.iter().position(|parcel| parcel.octets.end <= limit);
        // What does not fit goes in part, from the beginning of the stream: what comes later in it must wait.
        let (index, end) = match whole {
            Some(index) => (index, self.parcels[index].octets.end),
            None => {
                let earliest = (0..self.parcels.len()).min_by_key(|index| self.parcels[*index].octets.start);
                match earliest.filter(|index| self.parcels[*index].octets.start < limit) {
                    Some(index) => (index, limit),
                    None => return Ready::Blocked,
                }
            }
        };
        let parcel = &mut self.parcels[index];
        // It was cut when the peer had not yet said how much it takes.
        let end = end.min(parcel.octets.start + most);
        let octets = parcel.octets.start..end;
        let is_lost = parcel.is_lost;
        parcel.octets.start = end;
        parcel.pause = Duration::ZERO;
        if parcel.octets.is_empty() {
            self.parcels.remove(index);
        }
        self.sent_at = Some(now);
        self.next = self.next.max(end);
        Ready::Data { octets, is_lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(octets: Range<u64>) -> Parcel {
        Parcel { octets, pause: Duration::ZERO, is_lost: false }
    }

    fn data(octets: Range<u64>) -> Ready {
        Ready::Data { octets, is_lost: false }
    }

    #[test]
    fn parcels_go_in_their_order_as_far_as_the_window_lets_them() {
        let mut outgoing = Outgoing::default();
        assert_eq!(outgoing.write(b"abcdefghij"), 0..10);
        outgoing.queue(vec![parcel(5..10), parcel(0..5)]);
        outgoing.finish();
        let now = Instant::ZERO;
        assert_eq!(outgoing.ready(now, 7, 99), data(0..5));
        assert_eq!(outgoing.ready(now, 7, 99), data(5..7));
        assert_eq!(outgoing.ready(now, 7, 99), Ready::Blocked);
        assert!(!outgoing.acknowledge(8), "that was never sent");
        assert!(outgoing.acknowledge(7));
        assert_eq!(outgoing.ready(now, 20, 99), data(7..10));
        assert_eq!(outgoing.ready(now, 20, 99), Ready::Fin);
        assert_eq!(outgoing.ready(now, 20, 99), Ready::Nothing);
        assert_eq!((outgoing.octets(&(7..10)), outgoing.first_outstanding(2)), (&b"hij"[..], 7..9));
        assert!(outgoing.acknowledge(11) && outgoing.is_done());
    }

    #[test]
    fn a_pause_is_kept() {
        let mut outgoing = Outgoing::default();
        outgoing.write(b"ab");
        let pause = Duration::from_secs(1);
        outgoing.queue(vec![parcel(0..1), Parcel { pause, ..parcel(1..2) }]);
        let at = Instant::from_micros;
        assert_eq!(outgoing.ready(at(5), 9, 99), data(0..1));
        assert_eq!(outgoing.ready(at(6), 9, 99), Ready::Nothing);
        assert_eq!(outgoing.due(), Some(at(1_000_005)));
        assert_eq!(outgoing.ready(at(1_000_005), 9, 99), data(1..2));
    }
}
