//! Timestamps: what is echoed, and how the clock runs (RFC 7323).

use super::connection::Connection;
use super::segment::Segment;
use crate::monitor::sequence::{after, latest};
use crate::monitor::violation::Findings;
use crate::monitor::{Invariant, Vantage};

/// Time over which a clock is judged, in microseconds.
const LONG: u64 = 10_000_000;
/// Packets are not captured out of order by more than this, in microseconds.
const SETTLED: u64 = 5_000_000;

impl Connection {
    /// Checks the timestamps of a segment without SYN and RST.
    pub(super) fn check_timestamps(
        &self,
        from: usize,
        segment: &Segment<'_>,
        vantage: &Vantage,
        findings: &mut Findings,
    ) {
        let Some((value, echo)) = segment.options.timestamps else { return };
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        // A capture may have packets out of order, but not by seconds.
        let before = if vantage.complete { own.value } else { own.settled_value };
        if let Some(before) = before.filter(|before| after(*before, value)) {
            findings.fail(Invariant::TimestampClock, || format!("TSval goes back from {before} to {value}"));
        }
        if let Some((first, since)) = own.first_value {
            let elapsed = segment.at.micros().saturating_sub(since.micros());
            let ticks = u64::from(value.wrapping_sub(first));
            // A tenth more or less, and one tick at each end.
            let (slowest, fastest) = (elapsed / 1_100_000, elapsed / 900 + 2);
            if elapsed > LONG
                && ticks < u64::from(u32::MAX / 2)
                && !(slowest.saturating_sub(2)..=fastest).contains(&ticks)
            {
                findings.fail(Invariant::TimestampClock, || {
                    format!("the timestamp clock ticked {ticks} times in {:.3} s", elapsed as f64 / 1e6)
                });
            }
        }
        let both = |end: &super::end::End| end.opening.as_ref().is_some_and(|opening| opening.timestamps);
        if !segment.ack() || !vantage.complete || !self.is_negotiated() || !self.ends.iter().all(both) {
            return;
        }
        if let Some(before) = own.echo.filter(|before| after(*before, echo)) {
            findings.fail(Invariant::TimestampEcho, || format!("TSecr goes back from {before} to {echo}"));
        } else if !peer.values.contains(&echo) && !peer.values_forgotten {
            findings.fail(Invariant::TimestampEcho, || format!("TSecr is {echo}, no segment had that TSval"));
        }
    }

    /// Remembers the timestamps of a segment.
    pub(super) fn learn_timestamps(&mut self, from: usize, segment: &Segment<'_>) {
        let Some((value, echo)) = segment.options.timestamps else { return };
        let own = &mut self.ends[from];
        own.value = Some(latest(own.value, value));
        match own.recent_value {
            Some((recent, at)) if segment.at.micros().saturating_sub(at.micros()) > SETTLED => {
                own.settled_value = Some(recent);
                own.recent_value = own.value.map(|value| (value, segment.at));
            }
            Some(_) => {}
            None => own.recent_value = Some((value, segment.at)),
        }
        if own.first_value.is_none() && !segment.syn() {
            own.first_value = Some((value, segment.at));
        }
        own.remember_value(value);
        if segment.ack() {
            own.echo = Some(latest(own.echo, echo));
        }
    }
}
