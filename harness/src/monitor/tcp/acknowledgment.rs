//! Acknowledgment numbers and the windows beside them.

use super::connection::{Connection, Unexplained};
use super::end::Refusal;
use super::segment::Segment;
use crate::monitor::sequence::after;
use crate::monitor::violation::Findings;
use crate::monitor::{Invariant, Vantage};

impl Connection {
    /// Checks the acknowledgment number and the window of a segment without SYN and RST.
    pub(super) fn check_acknowledgment(
        &mut self,
        from: usize,
        segment: &Segment<'_>,
        vantage: &Vantage,
        findings: &mut Findings,
    ) {
        self.check_number(from, segment, vantage, findings);
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        let number = segment.tcp.acknowledgment;
        if vantage.complete
            && let Some(before) = own.acknowledged.filter(|before| after(*before, number))
        {
            let (before, number) = (peer.relative(before), peer.relative(number));
            findings.fail(Invariant::AcknowledgmentBack, || {
                format!("the acknowledgment number goes back from {before} to {number}")
            });
            return;
        }
        // Packets of a capture may be out of order; what acknowledges more was sent later.
        let is_newer = own.acknowledged.is_some_and(|before| after(number, before)) || vantage.complete;
        let has_fin = peer.fin.is_some_and(|fin| after(number, fin));
        if let (Some(right), Some(shift), true, false) = (own.right, self.shift(from), is_newer, has_fin) {
            let window = u32::from(segment.tcp.window) << shift;
            // The scaled window cannot say each edge (RFC 7323 section 2.4).
            let edge = number.wrapping_add(window).wrapping_add((1 << shift) - 1);
            let offered = self.ends[from].opening.as_ref().and_then(|opening| opening.shift).unwrap_or(0).min(14);
            let unscaled =
                number.wrapping_add(u32::from(segment.tcp.window) << offered).wrapping_add((1 << offered) - 1);
            if after(right, edge) && offered > shift && !after(right, unscaled) {
                findings.fail(Invariant::WindowScaleUsed, || {
                    format!("the window is {window}, scaled by the {offered} bits that the peer did not agree to")
                });
            } else if after(right, edge) {
                let by = right.wrapping_sub(number.wrapping_add(window));
                findings.fail(Invariant::WindowShrunk, || {
                    format!("the right edge of the window moves left by {by} octets; the window is {window}")
                });
            }
        }
    }

    fn check_number(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        let number = segment.tcp.acknowledgment;
        let peer = &self.ends[1 - from];
        if peer.opening.is_none() || self.is_opaque {
            return;
        }
        let end = peer.offered.end();
        if !after(number, end) {
            return;
        }
        let (start, wrong) = (peer.relative(end), peer.relative(number));
        if vantage.complete {
            let (invariant, why) = match peer.refusal_at(end) {
                None => (Invariant::AcknowledgmentUnsent, "was not sent".to_owned()),
                Some(refused) => {
                    let (invariant, why) = match refused.why {
                        Refusal::Checksum => (Invariant::TcpChecksumProcessed, "has a wrong checksum"),
                        Refusal::WithoutAck => (Invariant::WithoutAck, "has no ACK"),
                        Refusal::UnacceptableAck => (Invariant::UnacceptableAck, "acknowledges what was not sent"),
                        Refusal::Paws => (Invariant::Paws, "has an older timestamp than the one echoed before"),
                        Refusal::BeyondFin => (Invariant::DataAfterFin, "lies behind the FIN"),
                    };
                    (invariant, format!("came only in packet {}, which {why}", refused.frame))
                }
            };
            findings.fail(invariant, || format!("{wrong} is acknowledged; number {start} {why}"));
            // Once is enough.
            self.ends[1 - from].offered.add(end, number);
        } else if !self.is_doubtful && self.unexplained[from].is_none() {
            let detail = format!("{wrong} is acknowledged; number {start} was not sent");
            self.unexplained[from] = Some(Unexplained {
                at: segment.at,
                number,
                is_acknowledgment: true,
                start: end,
                violation: findings.violation(Invariant::AcknowledgmentUnsent, detail),
            });
        }
    }
}
