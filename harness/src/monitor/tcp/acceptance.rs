//! Which segments of the tester the target takes.

use super::connection::Connection;
use super::end::{OutOfOrder, Refusal, Unanswered};
use super::segment::Segment;
use crate::monitor::Vantage;
use crate::monitor::sequence::{after, latest};

impl Connection {
    /// A segment of the tester, without SYN and RST. What the target may take is noted as offered.
    pub(super) fn accept(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage) {
        self.ends[1 - from].repeated = Default::default();
        if let Some((value, _)) = segment.options.timestamps {
            self.ends[from].remember_value(value);
        }
        if self.ends[from].opening.is_none() || self.ends[1 - from].opening.is_none() {
            return;
        }
        if let Some(why) = self.refusal(from, segment) {
            self.ends[from].refuse(segment, why);
            // Behind a FIN text is ignored, and the acknowledgment counts (RFC 9293 section 3.10.7.4, fifth and seventh).
            if why == Refusal::BeyondFin && !self.is_outside(from, segment) {
                self.learn_acknowledgment(from, segment);
            }
            return;
        }
        // What acknowledges not even the SYN may be discarded, or taken with its window.
        let is_of_connection = self.ends[1 - from].isn().is_none_or(|isn| after(segment.tcp.acknowledgment, isn));
        let is_certain = !self.is_opaque && segment.is_plain() && !segment.is_fragmented && is_of_connection;
        let is_outside = self.is_outside(from, segment);
        let ends = self.pair(from);
        let (own, peer) = (ends.own, ends.peer);
        let next = own.offered.end();
        let is_in_window = peer.right.is_some_and(|right| !after(segment.end(), right));
        // Nothing of it is old, and all of it is inside the window (RFC 9293 section 3.10.7.4, first).
        let is_acceptable =
            if segment.takes_numbers() { after(segment.end(), next) } else { !after(next, segment.start()) }
                && is_in_window;
        // Where a FIN came out of order and was not kept, what lies behind its number is taken.
        let is_unsettled = |fin: &mut u32| {
            let is_taken = peer.acknowledged.is_some_and(|number| after(number, *fin));
            !is_taken && segment.length > 0 && !after(segment.data_start(), *fin) && after(segment.data_end(), *fin)
        };
        if own.fin.take_if(is_unsettled).is_some() {
            own.fin_frame = None;
        }
        // Octets came in the place of the FIN.
        let mut is_below = false;
        if segment.takes_numbers() {
            let is_above_gap = after(segment.start(), next);
            if segment.at.micros() > own.last_seen.micros() + vantage.skew {
                // Whatever was to be answered at once has been.
                (own.outstanding, own.out_of_order) = (0, OutOfOrder::None);
            }
            own.last_seen = segment.at;
            own.outstanding = own.outstanding.saturating_add(1);
            own.out_of_order = match own.out_of_order {
                OutOfOrder::None
                    if is_certain
                        && !is_outside
                        && own.outstanding == 1
                        && is_above_gap
                        && is_in_window
                        && segment.length > 0
                        && !segment.fin() =>
                {
                    OutOfOrder::One { start: segment.start(), end: segment.end() }
                }
                _ => OutOfOrder::Unclear,
            };
            let is_next = peer.acknowledged == Some(segment.start()) && next == segment.start();
            if is_certain && !is_outside && is_next && is_in_window && peer.is_established && own.unanswered.is_none() {
                let unanswered = Unanswered { since: segment.at, end: segment.end(), is_fin: segment.fin() };
                own.unanswered = Some(unanswered);
            }
            is_below = segment.fin() && own.offered.touches(segment.data_end(), segment.end());
            own.has_repeated |= segment.length > 0 && own.offered.touches(segment.start(), segment.end());
            own.offered.add(segment.start(), segment.end());
        }
        // One from before the window is not taken, and ends nothing.
        let is_new = peer.acknowledged.is_some_and(|number| !after(number, segment.data_end()));
        // Of two FINs that contradict each other the target may come to the first one.
        let is_first = own.fin.is_none_or(|fin| {
            after(fin, segment.data_end()) && peer.acknowledged.is_none_or(|number| !after(number, fin))
        });
        if segment.fin() && is_first && is_in_window && is_new && !is_below {
            own.fin = Some(segment.data_end());
            own.fin_frame = Some(segment.frame);
        }
        own.next = Some(latest(own.next, segment.end()));
        own.is_established = true;
        if !is_outside {
            self.learn_acknowledgment(from, segment);
            if is_acceptable && is_certain {
                let own = &mut self.ends[from];
                own.acknowledged_surely = Some(latest(own.acknowledged_surely, segment.tcp.acknowledgment));
            }
        }
    }

    /// Takes what the tester acknowledges, and its window.
    fn learn_acknowledgment(&mut self, from: usize, segment: &Segment<'_>) {
        let shift = self.shift(from);
        let own = &mut self.ends[from];
        own.acknowledged = Some(latest(own.acknowledged, segment.tcp.acknowledgment));
        if let Some(shift) = shift {
            own.largest_window = own.largest_window.max(u32::from(segment.tcp.window) << shift);
        }
        // Without knowing the scale the largest possible one is taken, so that nothing counts as beyond the window.
        let window = u32::from(segment.tcp.window) << shift.unwrap_or(14);
        own.right = Some(latest(own.right, segment.tcp.acknowledgment.wrapping_add(window)));
    }

    /// Whether an acknowledgment is of what was not sent, or older than SND.UNA by more than the largest window, or than
    /// the connection: its segment may be discarded (RFC 5961 section 5.2).
    fn is_outside(&self, from: usize, segment: &Segment<'_>) -> bool {
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        let is_before = |number: u32| after(number, segment.tcp.acknowledgment);
        peer.next.is_some_and(|next| is_unsent(segment, next))
            || own.acknowledged.is_some_and(|number| is_before(number.wrapping_sub(own.largest_window)))
            || peer.isn().is_some_and(is_before)
    }

    /// Why the target must not take a segment, if that is certain.
    fn refusal(&self, from: usize, segment: &Segment<'_>) -> Option<Refusal> {
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        if segment.is_ambiguous {
            return None;
        }
        if !segment.ack() {
            return Some(Refusal::WithoutAck);
        }
        if peer.next.is_some_and(|next| is_unsent(segment, next)) {
            return Some(Refusal::UnacceptableAck);
        }
        if let (Some((value, _)), Some(recent), true) =
            (segment.options.timestamps, peer.echo, self.is_negotiated() && !segment.options.is_malformed)
            // Some stacks take one tick for the same time, as two ends of a link do not see it pass at once.
            && after(recent.wrapping_sub(1), value)
            && self.ends.iter().all(|end| end.opening.as_ref().is_some_and(|opening| opening.timestamps))
        {
            return Some(Refusal::Paws);
        }
        let fin = own.fin.filter(|fin| peer.acknowledged.is_some_and(|number| after(number, *fin)));
        if fin.is_some_and(|fin| after(segment.end(), fin.wrapping_add(1))) {
            return Some(Refusal::BeyondFin);
        }
        None
    }
}

/// Whether what a segment acknowledges lies beyond SND.NXT. Half of the number space away is neither before nor after.
fn is_unsent(segment: &Segment<'_>, next: u32) -> bool {
    after(segment.tcp.acknowledgment, next) || segment.tcp.acknowledgment == next.wrapping_add(1 << 31)
}
