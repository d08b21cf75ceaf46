//! SYN and SYN-ACK: where they are allowed, what they acknowledge, and which connection they begin.

use super::connection::Connection;
use super::end::Opening;
use super::segment::Segment;
use crate::monitor::sequence::{after, later, latest};
use crate::monitor::violation::Findings;
use crate::monitor::{Invariant, Vantage};

impl Connection {
    /// A segment with SYN and without RST.
    pub(super) fn handshake(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        if segment.judged {
            self.check_syn_options(from, segment, findings);
            if segment.is_ecn_capable {
                findings.fail(Invariant::EcnOnSyn, || "a segment with SYN is ECN-capable".to_owned());
            }
        }
        if segment.ack() {
            self.syn_ack(from, segment, vantage, findings);
        } else {
            self.syn(from, segment, vantage, findings);
        }
        if segment.judged {
            self.retransmitted(from, segment, vantage, findings);
        } else {
            self.ends[1 - from].repeated = Default::default();
        }
    }

    fn syn(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        let is_again = self.ends[from].isn() == Some(segment.start()) && !self.has_ended;
        if is_again {
            let own = &self.ends[from];
            if segment.judged && vantage.complete && own.is_established {
                findings.fail(Invariant::SynInSynchronized, || {
                    "a SYN is sent again after the connection was established".to_owned()
                });
            }
            if let Some(opening) = &mut self.ends[from].opening {
                opening.again(Opening::of(segment));
            }
            self.learn_timestamps(from, segment);
            return;
        }
        let opening = Opening::of(segment);
        let is_known = self.ends.iter().any(|end| end.next.is_some());
        let opens_at_once = self.ends[from].next.is_none() && (self.ends[1 - from].opening.is_some() || !is_known);
        if opens_at_once && !(segment.from_tester && segment.may_be_dropped()) {
            // The first of all, or the other SYN of a simultaneous open.
            self.candidate.take_if(|(of, _)| *of == from);
            self.ends[from].open(opening);
            self.has_ended = false;
        } else if segment.judged && vantage.complete {
            self.start_anew();
            self.ends[from].open(opening);
        } else if let Some((_, candidate)) =
            self.candidate.as_mut().filter(|(of, candidate)| *of == from && candidate.isn == opening.isn)
        {
            candidate.again(opening);
        } else {
            // It opens a new connection if the other end agrees.
            self.candidate = Some((from, opening));
        }
        self.learn_timestamps(from, segment);
    }

    fn syn_ack(&mut self, from: usize, segment: &Segment<'_>, vantage: &Vantage, findings: &mut Findings) {
        let acknowledges = |opening: &Opening| {
            let number = segment.tcp.acknowledgment;
            after(number, opening.isn) && !after(number, opening.end)
        };
        // The same SYN-ACK once more answers the SYN that it answered before.
        let own = &self.ends[from];
        let is_same = !self.has_ended
            && own.isn() == Some(segment.start())
            && own.acknowledged == Some(segment.tcp.acknowledgment);
        let is_taken = |(of, opening): &mut (usize, Opening)| *of != from && !is_same && acknowledges(opening);
        if let Some((_, mut opening)) = self.candidate.take_if(is_taken) {
            let before = self.ends[1 - from].opening.take().filter(|before| before.isn == opening.isn);
            // A reset of the target in SYN-RECEIVED ends nothing (RFC 9293 section 3.10.7.4, fifth): by its number, it is the
            // first of the same SYNs that is answered.
            if let Some(before) = before.filter(|_| self.ends[from].isn() == Some(segment.start())) {
                opening.again(before);
            }
            self.start_anew();
            self.ends[1 - from].open(opening);
        }
        if segment.from_tester && self.ends[1 - from].opening.as_ref().is_none_or(|opening| !acknowledges(opening)) {
            return;
        }
        if segment.judged {
            let (frame_complete, peer) = (vantage.complete, &self.ends[1 - from]);
            match &peer.opening {
                Some(opening) if !acknowledges(opening) => {
                    let (isn, number) = (opening.isn, segment.tcp.acknowledgment);
                    self.fail_if_complete(vantage, findings, Invariant::SynAckNumber, || {
                        format!("a SYN-ACK acknowledges {number}, the SYN has sequence number {isn}")
                    });
                    return;
                }
                None if frame_complete => {
                    findings.fail(Invariant::SynAckNumber, || "a SYN-ACK is sent and no SYN came".to_owned());
                    return;
                }
                _ => {}
            }
        }
        self.is_opaque |= segment.from_tester && segment.may_be_dropped();
        let is_again = self.ends[from].isn() == Some(segment.start());
        if is_again {
            if let Some(opening) = &mut self.ends[from].opening {
                opening.again(Opening::of(segment));
            }
        } else if self.ends[from].next.is_none() {
            self.ends[from].open(Opening::of(segment));
        } else if !segment.from_tester {
            // The socket listened again after the connection of the same SYN had gone.
            let peer = self.ends[1 - from].opening.clone();
            self.start_anew();
            if let Some(peer) = peer {
                self.ends[1 - from].open(peer);
            }
            self.ends[from].open(Opening::of(segment));
        } else {
            return;
        }
        let number = segment.tcp.acknowledgment;
        let own = &mut self.ends[from];
        own.acknowledged = Some(own.acknowledged.map_or(number, |old| later(old, number)));
        // The window of a SYN is not scaled (RFC 7323 section 2.2).
        let edge = number.wrapping_add(u32::from(segment.tcp.window));
        own.right = Some(latest(own.right, edge));
        let start = segment.start().wrapping_add(1);
        let peer = &mut self.ends[1 - from];
        if let Some(window) = peer.opening.as_ref().map(|opening| opening.window) {
            peer.right = Some(latest(peer.right, start.wrapping_add(u32::from(window))));
        }
        self.learn_timestamps(from, segment);
    }

    fn start_anew(&mut self) {
        for end in &mut self.ends {
            let (recent, forgotten) = (std::mem::take(&mut end.recent), end.recent_forgotten);
            end.clear();
            (end.recent, end.recent_forgotten) = (recent, forgotten);
        }
        self.renew();
    }
}
