//! Sends: the handshake, what is ready of the stream, what is sent again, probes and acknowledgments.

use super::{Connection, Handshake, Peer};
use crate::tester::outgoing::Ready;
use crate::time::Instant;
use crate::wire::{Packet, Tcp, TcpFlags, TcpOption};

/// A peer that does not answer so many retransmissions is silent.
const PATIENCE: u32 = 6;

impl Connection {
    /// Writes the next packet to send at `now` into `packet`, which is cleared first; false if there is none.
    pub fn poll(&mut self, now: Instant, packet: &mut Vec<u8>) -> bool {
        packet.clear();
        if self.is_ended() {
            return false;
        }
        self.check_timer(now);
        match self.handshake {
            _ if self.is_ended() => false,
            Handshake::Syn { sent: false } => {
                self.handshake = Handshake::Syn { sent: true };
                self.greet(TcpFlags::SYN, now, packet)
            }
            Handshake::SynAck { sent: false } => {
                self.handshake = Handshake::SynAck { sent: true };
                self.greet(TcpFlags::SYN | TcpFlags::ACK, now, packet)
            }
            Handshake::Syn { .. } | Handshake::SynAck { .. } => false,
            Handshake::Done => self.send(now, packet),
        }
    }

    fn check_timer(&mut self, now: Instant) {
        if self.timer.is_none_or(|timer| timer > now) {
            return;
        }
        self.timer = None;
        self.retries += 1;
        if self.retries > PATIENCE {
            self.peer = Peer::Silent(now);
            return;
        }
        self.estimator.back_off();
        match &mut self.handshake {
            Handshake::Syn { sent } | Handshake::SynAck { sent } => *sent = false,
            Handshake::Done => {
                self.resend = true;
                self.recover = self.outgoing.next();
            }
        }
    }

    /// Sends a SYN, with an ACK or without.
    fn greet(&mut self, flags: TcpFlags, now: Instant, packet: &mut Vec<u8>) -> bool {
        let mut tcp = self.header(flags);
        tcp.sequence = self.options.initial_sequence;
        tcp.window = self.edge.min(65_535) as u16;
        tcp.options.push(TcpOption::MaximumSegmentSize(self.options.segment_size));
        // In an answer only if the peer has one (RFC 7323 section 2.2).
        if let Some(shift) = self.options.window_scale {
            tcp.options.push(TcpOption::NoOperation).push(TcpOption::WindowScale(shift));
        }
        self.timer = Some(now + self.estimator.timeout());
        self.emit(tcp, &[], packet);
        true
    }

    fn send(&mut self, now: Instant, packet: &mut Vec<u8>) -> bool {
        if std::mem::take(&mut self.resend) && self.outgoing.is_outstanding() {
            let octets = self.outgoing.first_outstanding(self.most);
            self.estimator.retransmitted();
            return self.data(octets, now, packet);
        }
        loop {
            match self.outgoing.ready(now, self.limit, self.most) {
                Ready::Data { octets, is_lost } => {
                    if octets.end == self.outgoing.next() {
                        self.estimator.sent(octets.end, now);
                    }
                    if is_lost {
                        self.timer.get_or_insert(now + self.estimator.timeout());
                        continue;
                    }
                    return self.data(octets, now, packet);
                }
                Ready::Fin => {
                    let end = self.outgoing.next() - 1;
                    return self.data(end..end, now, packet);
                }
                Ready::Blocked if !self.outgoing.is_outstanding() => {
                    // A zero window is probed (RFC 9293 section 3.8.6.1), with an octet that it does not take.
                    if self.timer.is_none() && self.retries > 0 {
                        self.limit += 1;
                        continue;
                    }
                    self.timer.get_or_insert(now + self.estimator.timeout());
                }
                Ready::Blocked | Ready::Nothing => {}
            }
            break;
        }
        if self.reset && self.outgoing.is_all_sent() {
            self.peer = Peer::Reset(now);
            let tcp = self.header(TcpFlags::RST | TcpFlags::ACK);
            self.emit(tcp, &[], packet);
            return true;
        }
        if self.acknowledge {
            let tcp = self.header(TcpFlags::ACK);
            self.emit(tcp, &[], packet);
            return true;
        }
        false
    }

    /// Sends octets of the stream, and the FIN if it follows them and was sent before or is sent now.
    fn data(&mut self, octets: std::ops::Range<u64>, now: Instant, packet: &mut Vec<u8>) -> bool {
        let mut flags = TcpFlags::ACK;
        if !octets.is_empty() {
            flags = flags | TcpFlags::PSH;
        }
        if self.outgoing.is_fin(octets.end) && self.outgoing.next() > octets.end {
            flags = flags | TcpFlags::FIN;
        }
        let mut tcp = self.header(flags);
        tcp.sequence = self.number(octets.start);
        self.timer.get_or_insert(now + self.estimator.timeout());
        // Borrowed apart from the rest of the connection while the packet is written.
        let outgoing = std::mem::take(&mut self.outgoing);
        self.emit(tcp, outgoing.octets(&octets), packet);
        self.outgoing = outgoing;
        true
    }

    fn header(&self, flags: TcpFlags) -> Tcp {
        let mut tcp = Tcp::new(self.ends.local.port(), self.ends.remote.port());
        tcp.flags = flags;
        tcp.sequence = self.number(self.outgoing.next());
        if flags.contains(TcpFlags::ACK) {
            let finished = self.remote_end == Some(self.assembly.next());
            let next = self.assembly.next() + u64::from(finished);
            tcp.acknowledgment = self.initial_remote.wrapping_add(1).wrapping_add(next as u32);
        }
        tcp
    }

    fn emit(&mut self, mut tcp: Tcp, payload: &[u8], packet: &mut Vec<u8>) {
        if tcp.flags.contains(TcpFlags::ACK) {
            self.acknowledge = false;
            if !tcp.flags.contains(TcpFlags::SYN) {
                self.edge = self.edge.max(self.widest());
                let window = (self.edge - self.assembly.next()) >> self.options.window_scale.unwrap_or(0);
                tcp.window = window.min(65_535) as u16;
            }
        }
        Packet::new([self.ends.ip_header(), tcp.into()], payload).emit(packet);
    }
}
