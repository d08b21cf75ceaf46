//! Segments of an established connection: sequence numbers, windows, sizes, contents.

use super::connection::{Connection, Unexplained};
use super::end::OutOfOrder;
use super::segment::Segment;
use crate::monitor::datagram::Validity;
use crate::monitor::ranges::Ranges;
use crate::monitor::sequence::{after, latest};
use crate::monitor::violation::Findings;
use crate::monitor::{Invariant, Vantage};

/// The send MSS where the peer named none (RFC 9293 section 3.7.1, MUST-15).
const DEFAULT_MSS: [u16; 2] = [536, 1220];
/// An MSS below this leaves no room for options; what stacks do then is not judged.
const LEAST_MSS: u16 = 64;

impl Connection {
    /// A segment without SYN and RST.
    pub(super) fn transfer(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        if segment.from_tester {
            self.accept(from, segment, vantage);
            return;
        }
        self.explain(from, segment, findings);
        self.check_options(from, segment, findings);
        if segment.is_ecn_capable && segment.length == 0 && !segment.fin() {
            findings
                .fail(Invariant::EcnOnAcknowledgment, || "an acknowledgment without data is ECN-capable".to_owned());
        }
        self.check_timestamps(from, segment, vantage, findings);
        self.check_sequence(from, segment, vantage, findings);
        self.check_window(from, segment, vantage, findings);
        self.check_size(from, segment, vantage, findings);
        self.check_content(from, segment, findings);
        if segment.ack() {
            self.check_acknowledgment(from, segment, vantage, findings);
            self.check_sack(from, segment, vantage, findings);
        }
        self.check_after_reset(from, segment, vantage, findings);
        self.retransmitted(from, segment, vantage, findings);
        self.learn_timestamps(from, segment);
        self.learn(from, segment);
        if !vantage.complete {
            self.ends[1 - from].repeated = Default::default();
        }
    }

    fn check_sequence(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        let own = &self.ends[from];
        if let Some(fin) = own.fin.filter(|_| !self.is_keep_alive(from, segment)) {
            let (at, end) = (own.relative(fin), own.relative(segment.data_end()));
            if segment.length > 0 && after(segment.data_end(), fin) {
                findings.fail(Invariant::BeyondFin, || format!("octets up to {end} are sent, the FIN had number {at}"));
            } else if segment.fin() && segment.data_end() != fin {
                findings.fail(Invariant::BeyondFin, || format!("the FIN has number {end}, it had {at} before"));
            }
        }
        if !vantage.complete {
            return;
        }
        let Some(isn) = own.isn() else { return };
        let (start, next) = (own.relative(segment.start()), own.next.map(|next| own.relative(next)));
        if own.next.is_some_and(|next| after(segment.start(), next)) {
            findings.fail(Invariant::SequenceGap, || {
                format!("the segment begins at {start}, the next number is {}", next.unwrap_or_default())
            });
        } else if after(isn, segment.start()) {
            findings.fail(Invariant::SequenceGap, || {
                let before = isn.wrapping_sub(segment.start());
                format!("the segment begins {before} before the initial sequence number")
            });
        }
    }

    fn check_window(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        let Some(right) = peer.right.filter(|right| segment.length > 0 && after(segment.data_end(), *right)) else {
            return;
        };
        // A probe is one octet at the closed edge (RFC 9293 section 3.8.6.1).
        if segment.length == 1 && !after(segment.data_start(), right) {
            return;
        }
        let (end, edge) = (own.relative(segment.data_end()), own.relative(right));
        let detail = || format!("octets up to {end} are sent, the window ends at {edge}");
        if vantage.complete {
            findings.fail(Invariant::BeyondWindow, detail);
        } else if !self.is_doubtful && own.next.is_some() && self.is_negotiated() {
            self.unexplained[from] = Some(Unexplained {
                at: segment.at,
                number: segment.data_end(),
                is_acknowledgment: false,
                start: right,
                violation: findings.violation(Invariant::BeyondWindow, detail()),
            });
        }
    }

    fn check_size(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        let Some(peer) =
            self.ends[1 - from].opening.as_ref().filter(|peer| !peer.is_uncertain && !peer.is_mss_uncertain)
        else {
            return;
        };
        // What a network interface cuts into segments is larger, and has no checksum yet.
        if vantage.offload && (segment.validity != Validity::Valid || segment.length > 1460) {
            return;
        }
        let default = DEFAULT_MSS[usize::from(segment.is_ipv6)];
        let mss = peer.mss.unwrap_or(default);
        let options = segment.tcp.options.len() + segment.ip_options;
        let size = segment.length as usize + options;
        if segment.length > 0 && size > usize::from(mss) && mss >= LEAST_MSS {
            let length = segment.length;
            findings.fail(Invariant::SegmentSize, || {
                format!("a segment has {length} octets and {options} of options, the peer's MSS is {mss}")
            });
        }
    }

    /// Whether it is a keep-alive with an octet of garbage, in the place of what was acknowledged last: an octet, or the
    /// FIN (RFC 9293 section 3.8.4, MAY-6).
    fn is_keep_alive(&self, from: usize, segment: &Segment<'_>) -> bool {
        let acknowledged = self.ends[1 - from].acknowledged;
        segment.length == 1
            && !segment.fin()
            && acknowledged.is_some_and(|number| segment.data_start() == number.wrapping_sub(1))
    }

    fn check_content(&mut self, from: usize, segment: &Segment<'_>, findings: &mut Findings) {
        if self.is_keep_alive(from, segment) || segment.payload.len() != segment.length as usize {
            return;
        }
        let own = &mut self.ends[from];
        if own.next.is_none() {
            own.content.begin(segment.data_start());
        }
        if let Some((number, old, new)) = own.content.add(segment.data_start(), segment.payload) {
            let number = own.relative(number);
            findings.fail(Invariant::Retransmission, || {
                format!("octet {number} is sent again as {new:#04x}, it was {old:#04x}")
            });
        }
    }

    /// Takes what a judged segment says.
    fn learn(&mut self, from: usize, segment: &Segment<'_>) {
        let shift = self.shift(from);
        let ends = self.pair(from);
        let (own, peer) = (ends.own, ends.peer);
        if own.next.is_none() {
            // The trace begins in the middle of the connection.
            own.offered = Ranges::starting(segment.start());
        }
        own.next = Some(latest(own.next, segment.end()));
        own.offered.add(segment.start(), segment.end());
        own.is_established = true;
        if segment.fin() && own.fin.is_none() {
            own.fin = Some(segment.data_end());
            own.fin_frame = Some(segment.frame);
        }
        if segment.ack() {
            let number = segment.tcp.acknowledgment;
            own.acknowledged = Some(latest(own.acknowledged, number));
            own.acknowledged_surely = own.acknowledged;
            if let Some(shift) = shift {
                let edge = number.wrapping_add(u32::from(segment.tcp.window) << shift);
                own.right = Some(latest(own.right, edge));
            }
            let is_answered = |end: u32, is_fin: bool| !is_fin || !after(end, number);
            peer.unanswered.take_if(|unanswered| is_answered(unanswered.end, unanswered.is_fin));
        }
        peer.out_of_order = OutOfOrder::None;
        peer.outstanding = peer.outstanding.saturating_sub(1);
        peer.last_seen = segment.at;
        self.learn_closing(from, segment);
    }
}
