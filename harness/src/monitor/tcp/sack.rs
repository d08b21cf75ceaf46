//! SACK blocks (RFC 2018, RFC 2883).

use super::connection::Connection;
use super::end::{OutOfOrder, Refusal};
use super::segment::Segment;
use crate::monitor::sequence::after;
use crate::monitor::violation::Findings;
use crate::monitor::{Invariant, Vantage};

impl Connection {
    /// Checks the SACK blocks of a segment with ACK.
    pub(super) fn check_sack(
        &mut self,
        from: usize,
        segment: &Segment<'_>,
        vantage: &Vantage,
        findings: &mut Findings,
    ) {
        let blocks = &segment.options.sack;
        let Some(&(left, right)) = blocks.first() else { return };
        let (own, peer) = (&self.ends[from], &self.ends[1 - from]);
        let number = segment.tcp.acknowledgment;
        if peer.opening.is_none() {
            return;
        }
        let relative = |(left, right)| (peer.relative(left), peer.relative(right));
        // The block that holds a D-SACK should follow it (RFC 2883 section 4), and may stand anywhere.
        let reach = if peer.has_repeated || !vantage.complete { blocks.len() } else { 2.min(blocks.len()) };
        let is_duplicate = !after(right, number)
            || blocks[1..reach].iter().any(|(outer, end)| !after(*outer, left) && !after(right, *end));
        for (i, block) in blocks.iter().enumerate() {
            let (start, end) = relative(*block);
            if !after(block.1, block.0) {
                findings.fail(Invariant::SackBlock, || format!("a SACK block is {start}:{end}"));
                return;
            }
            let was_sent = if vantage.complete {
                peer.offered.contains(block.0, block.1)
            } else {
                !after(block.1, peer.offered.last()) || self.is_doubtful
            };
            // A D-SACK is of what came, also where that was not taken.
            let came = i == 0 && is_duplicate && peer.refusal_at(block.0).is_some_and(|r| r.why != Refusal::Checksum);
            if !was_sent && !came && vantage.complete && !self.is_opaque {
                findings.fail(Invariant::SackBlock, || {
                    format!("SACK block {start}:{end} holds octets that were not received")
                });
            }
            let is_first_duplicate = i == 0 && is_duplicate;
            if !is_first_duplicate && after(number, block.0) {
                let number = peer.relative(number);
                findings.fail(Invariant::SackOrder, || {
                    format!("SACK block {start}:{end} begins below the acknowledgment number {number}")
                });
            }
            let overlaps = |other: &&(u32, u32)| after(block.1, other.0) && after(other.1, block.0);
            let others = &blocks[usize::from(is_duplicate).min(i)..i];
            if let Some(other) = others.iter().find(overlaps) {
                let (other_start, other_end) = relative(*other);
                findings.fail(Invariant::SackOrder, || {
                    format!("SACK blocks {other_start}:{other_end} and {start}:{end} overlap")
                });
            }
        }
        if let (true, OutOfOrder::One { start, end }) = (vantage.complete && !is_duplicate, peer.out_of_order)
            && own.acknowledged == Some(number)
            && (after(left, start) || after(end, right))
        {
            let ((left, right), (start, end)) = (relative((left, right)), relative((start, end)));
            findings.fail(Invariant::SackFirst, || {
                format!("the first SACK block is {left}:{right}, the segment that came is {start}:{end}")
            });
        }
    }
}
