//! Options that stand only where they may, and only if they were negotiated.

use super::connection::Connection;
use super::segment::Segment;
use crate::monitor::Invariant;
use crate::monitor::violation::Findings;
use crate::wire::TcpFlags;

impl Connection {
    /// Checks the options of a segment with SYN.
    pub(super) fn check_syn_options(&self, from: usize, segment: &Segment<'_>, findings: &mut Findings) {
        let options = &segment.options;
        if let Some(shift) = options.shift.filter(|shift| *shift > 14) {
            findings.fail(Invariant::WindowScaleShift, || format!("the shift count is {shift}"));
        }
        if let (false, Some((_, echo @ 1..))) = (segment.has(TcpFlags::ACK), options.timestamps) {
            findings.fail(Invariant::TimestampEchoZero, || format!("TSecr is {echo} in a SYN without ACK"));
        }
        let Some(peer) = self.ends[1 - from].opening.as_ref().filter(|peer| !peer.is_uncertain) else { return };
        // A SYN that crossed the peer's may have any option.
        if !segment.ack() || self.candidate.is_some() {
            return;
        }
        let is_active = self.ends[from].opening.as_ref().is_some_and(|own| own.isn == segment.start());
        let was_offered = |option: fn(&super::end::Opening) -> bool| {
            // In a simultaneous open the SYN-ACK repeats the options of the SYN.
            is_active && self.ends[from].opening.as_ref().is_some_and(option)
        };
        if options.shift.is_some() && peer.shift.is_none() && !was_offered(|own| own.shift.is_some()) {
            findings.fail(Invariant::WindowScaleOnSyn, || {
                "a SYN-ACK has a window scale option, the SYN had none".to_owned()
            });
        }
        if options.timestamps.is_some() && !peer.timestamps && !was_offered(|own| own.timestamps) {
            findings.fail(Invariant::TimestampsNegotiated, || {
                "a SYN-ACK has a timestamps option, the SYN had none".to_owned()
            });
        }
    }

    /// Checks the options of a segment without SYN and RST.
    pub(super) fn check_options(&self, from: usize, segment: &Segment<'_>, findings: &mut Findings) {
        let options = &segment.options;
        if let Some(size) = options.mss {
            findings.fail(Invariant::MssOnSyn, || format!("a segment without SYN has an MSS option of {size}"));
        }
        if let Some(shift) = options.shift {
            findings.fail(Invariant::WindowScaleOnSyn, || {
                format!("a segment without SYN has a window scale option of {shift}")
            });
        }
        if options.sack_permitted {
            findings.fail(Invariant::SackPermittedOnSyn, || "a segment without SYN permits SACK".to_owned());
        }
        let (own, peer) = (self.ends[from].opening.as_ref(), self.ends[1 - from].opening.as_ref());
        let (Some(own), Some(peer)) = (own, peer) else { return };
        if own.is_uncertain || peer.is_uncertain || options.is_malformed {
            return;
        }
        if !options.sack.is_empty() && !peer.sack_permitted {
            findings.fail(Invariant::SackNegotiated, || "a SACK option, and the peer did not permit SACK".to_owned());
        }
        match options.timestamps {
            Some(_) if !peer.timestamps => findings.fail(Invariant::TimestampsNegotiated, || {
                "a timestamps option, and the peer's SYN had none".to_owned()
            }),
            None if own.timestamps && peer.timestamps => findings.fail(Invariant::TimestampsMissing, || {
                "a segment has no timestamps option, and both SYNs had one".to_owned()
            }),
            _ => {}
        }
    }
}
