//! Takes the peer's segments.

use std::net::SocketAddr;

use super::{Connection, Handshake, Peer};
use crate::time::Instant;
use crate::wire::{Packet, Tcp, TcpFlags, TcpOption};

/// Fast retransmit after so many repeated acknowledgments (RFC 5681 section 3.2).
const REPEATED: u32 = 3;

impl Connection {
    /// Takes a packet from the peer; false if it belongs to another connection.
    pub fn handle(&mut self, now: Instant, packet: &Packet<'_>) -> bool {
        let Some(tcp) = packet.tcp() else { return false };
        let from = packet.source().map(|address| SocketAddr::new(address, tcp.source_port));
        let to = packet.destination().map(|address| SocketAddr::new(address, tcp.destination_port));
        if from != Some(self.ends.remote) || to != Some(self.ends.local) {
            return false;
        }
        if !self.is_ended() {
            self.segment(now, tcp, packet.payload);
        }
        true
    }

    /// Takes what a SYN says.
    pub(super) fn learn(&mut self, tcp: &Tcp) {
        self.initial_remote = tcp.sequence;
        let default = if self.ends.remote.is_ipv4() { 536 } else { 1_220 };
        let size = match tcp.options.find(TcpOption::MAXIMUM_SEGMENT_SIZE) {
            Some(TcpOption::MaximumSegmentSize(size)) => size.max(1),
            _ => default,
        };
        self.most = u64::from(size.min(self.options.segment_size));
        match tcp.options.find(TcpOption::WINDOW_SCALE) {
            // More than 14 is used as 14 (RFC 7323 section 2.3).
            Some(TcpOption::WindowScale(shift)) if self.options.window_scale.is_some() => {
                self.remote_scale = shift.min(14)
            }
            _ => self.options.window_scale = None,
        }
        self.limit = u64::from(tcp.window);
    }

    /// The peer has answered: what is sent from now on is the stream.
    fn opened(&mut self) {
        self.handshake = Handshake::Done;
        self.peer = Peer::Open;
        (self.timer, self.retries) = (None, 0);
    }

    fn segment(&mut self, now: Instant, tcp: &Tcp, payload: &[u8]) {
        let flags = tcp.flags;
        let greeted = flags.contains(TcpFlags::ACK) && tcp.acknowledgment == self.number(0);
        match self.handshake {
            Handshake::Syn { .. } => {
                if flags.contains(TcpFlags::RST) {
                    if greeted {
                        self.peer = Peer::Reset(now);
                    }
                } else if flags.contains(TcpFlags::SYN) {
                    self.learn(tcp);
                    if greeted {
                        self.opened();
                        self.acknowledge = true;
                    } else if !flags.contains(TcpFlags::ACK) {
                        // Both open at once (RFC 9293 section 3.5).
                        self.handshake = Handshake::SynAck { sent: false };
                    }
                }
                return;
            }
            Handshake::SynAck { .. } => {
                if flags.contains(TcpFlags::RST) {
                    self.peer = Peer::Reset(now);
                    return;
                }
                if flags.contains(TcpFlags::SYN) {
                    self.handshake = Handshake::SynAck { sent: false };
                    return;
                }
                if !greeted {
                    return;
                }
                self.opened();
            }
            Handshake::Done => {}
        }
        self.synchronized(now, tcp, payload);
    }

    /// A segment of a connection that is there (RFC 9293 section 3.10.7.4).
    fn synchronized(&mut self, now: Instant, tcp: &Tcp, payload: &[u8]) {
        let flags = tcp.flags;
        let next = self.assembly.next();
        let distance = tcp.sequence.wrapping_sub(self.initial_remote.wrapping_add(1).wrapping_add(next as u32)) as i32;
        let start = next.saturating_add_signed(i64::from(distance));
        // What lies before the stream is not seen as its beginning.
        let before = usize::try_from((-(next as i64 + i64::from(distance))).max(0)).unwrap_or(usize::MAX);
        let payload = payload.get(before..).unwrap_or_default();
        let end = start + payload.len() as u64 + u64::from(flags.contains(TcpFlags::FIN));
        let is_acceptable = start <= self.edge && end >= next;
        if flags.contains(TcpFlags::RST) {
            if is_acceptable && start >= next {
                self.peer = Peer::Reset(now);
            }
            return;
        }
        if !is_acceptable || flags.contains(TcpFlags::SYN) {
            self.acknowledge = true;
            return;
        }
        if !flags.contains(TcpFlags::ACK) {
            return;
        }
        self.acknowledged(now, tcp, payload.is_empty() && end == start);
        if end > self.seen {
            self.seen = end;
            if !payload.is_empty() && self.delivery.schedule.loses(&mut self.rng) {
                return;
            }
        }
        self.acknowledge |= end > start;
        self.assembly.add(start, payload, self.edge);
        if flags.contains(TcpFlags::FIN) {
            self.remote_end.get_or_insert(end - 1);
        }
        if self.remote_end == Some(self.assembly.next()) && self.peer == Peer::Open {
            self.peer = Peer::Finished(now);
        }
    }

    fn acknowledged(&mut self, now: Instant, tcp: &Tcp, is_empty: bool) {
        let before = self.outgoing.unacknowledged();
        let distance = tcp.acknowledgment.wrapping_sub(self.number(before)) as i32;
        let number = before.saturating_add_signed(i64::from(distance));
        if number > self.outgoing.next() {
            self.acknowledge = true;
            return;
        }
        let limit = number + (u64::from(tcp.window) << self.remote_scale);
        if self.outgoing.acknowledge(number) {
            self.estimator.acknowledged(number, now);
            (self.retries, self.repeated) = (0, 0);
            self.timer = self.outgoing.is_outstanding().then(|| now + self.estimator.timeout());
            // What was lost with the first one goes at once (RFC 6582 section 3.2).
            self.resend = self.outgoing.is_outstanding() && number < self.recover;
        } else if number == before && is_empty && limit == self.limit && self.outgoing.is_outstanding() {
            self.repeated += 1;
            if self.repeated == REPEATED && before >= self.recover {
                self.resend = true;
                self.recover = self.outgoing.next();
            }
        }
        if distance >= 0 {
            if limit > self.limit && !self.outgoing.is_outstanding() {
                (self.timer, self.retries) = (None, 0);
            }
            self.limit = limit;
        }
    }
}
