//! One connection of the tester's.

use std::net::{IpAddr, SocketAddr};

use fastrand::Rng;

use super::assembly::Assembly;
use super::estimator::Estimator;
use super::outgoing::{Outgoing, Ready};
use super::schedule::{Delivery, Ending, Schedule, TINY};
use crate::time::Instant;
use crate::wire::{Header, Ipv4, Ipv6, Packet, Tcp, TcpFlags, TcpOption};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The tester's.
    pub local: SocketAddr,
    /// The peer's; of the same IP version.
    pub remote: SocketAddr,
}

/// What the tester says of itself in its SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Initial sequence number.
    pub initial_sequence: u32,
    /// Maximum segment size that it takes, in octets (RFC 9293 section 3.7.1); also the most that it sends.
    pub segment_size: u16,
    /// Octets that it keeps for its reader: its receive window.
    pub receive_buffer: u32,
    /// Window scale (RFC 7323 section 2.2), if any.
    pub window_scale: Option<u8>,
}

impl Default for Options {
    fn default() -> Self {
        Options { initial_sequence: 0, segment_size: 1_220, receive_buffer: 65_535, window_scale: None }
    }
}

/// What is known of the peer. Times are those at which it became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// It has not answered yet.
    Connecting,
    /// The connection is there.
    Open,
    /// It has sent its FIN: nothing more comes from it.
    Finished(Instant),
    /// It has sent a RST.
    Reset(Instant),
    /// It did not answer retransmissions.
    Silent(Instant),
}

/// A TCP connection (RFC 9293), seen from the tester.
#[derive(Debug)]
pub struct Connection {
    ends: Ends,
    options: Options,
    delivery: Delivery,
    rng: Rng,
    handshake: Handshake,
    peer: Peer,
    outgoing: Outgoing,
    assembly: Assembly,
    estimator: Estimator,
    /// The peer's initial sequence number.
    initial_remote: u32,
    /// The most that the peer takes in a segment.
    most: u64,
    /// The peer takes numbers of ours before this.
    limit: u64,
    /// Shift of the peer's window.
    remote_scale: u8,
    /// The peer's FIN has this number.
    remote_end: Option<u64>,
    /// We take numbers of the peer's before this.
    edge: u64,
    /// The peer's numbers before this were seen, lost ones too.
    seen: u64,
    acknowledge: bool,
    resend: bool,
    timer: Option<Instant>,
    retries: u32,
    /// Acknowledgments in a row that brought nothing.
    repeated: u32,
    /// What was outstanding when something was found lost.
    recover: u64,
    ending: Option<Ending>,
    reset: bool,
    is_gone: bool,
}

/// How far the opening of the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handshake {
    /// A SYN is to be sent or acknowledged.
    Syn {
        sent: bool,
    },
    /// A SYN is to be answered, or the answer acknowledged.
    SynAck {
        sent: bool,
    },
    Done,
}

/// A peer that does not answer so many retransmissions is silent.
const PATIENCE: u32 = 6;
/// Fast retransmit after so many repeated acknowledgments (RFC 5681 section 3.2).
const REPEATED: u32 = 3;

impl Connection {
    /// A connection that the tester opens.
    pub fn connect(ends: Ends, options: Options, delivery: Delivery) -> Self {
        Connection::new(ends, options, delivery, Handshake::Syn { sent: false })
    }

    /// A connection that the peer opens with this SYN; None if the packet is no SYN.
    pub fn accept(packet: &Packet<'_>, options: Options, delivery: Delivery) -> Option<Self> {
        let tcp = packet.tcp()?;
        if !tcp.flags.contains(TcpFlags::SYN) || tcp.flags.contains(TcpFlags::ACK) {
            return None;
        }
        let ends = Ends {
            local: SocketAddr::new(packet.destination()?, tcp.destination_port),
            remote: SocketAddr::new(packet.source()?, tcp.source_port),
        };
        let mut connection = Connection::new(ends, options, delivery, Handshake::SynAck { sent: false });
        connection.learn(tcp);
        Some(connection)
    }

    fn new(ends: Ends, mut options: Options, delivery: Delivery, handshake: Handshake) -> Self {
        if delivery.schedule == Schedule::TinyWindow {
            options = Options { receive_buffer: TINY, window_scale: None, ..options };
        }
        Connection {
            ends,
            options,
            delivery,
            rng: Rng::with_seed(delivery.seed),
            handshake,
            peer: Peer::Connecting,
            outgoing: Outgoing::default(),
            assembly: Assembly::default(),
            estimator: Estimator::new(),
            initial_remote: 0,
            most: u64::from(options.segment_size),
            limit: 0,
            remote_scale: 0,
            remote_end: None,
            edge: u64::from(options.receive_buffer),
            seen: 0,
            acknowledge: false,
            resend: false,
            timer: None,
            retries: 0,
            repeated: 0,
            recover: 0,
            ending: delivery.schedule.ending(),
            reset: false,
            is_gone: false,
        }
    }

    /// The ends of the connection.
    pub fn ends(&self) -> Ends {
        self.ends
    }

    /// What is known of the peer.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// What came from the peer, in order, and was not taken yet.
    pub fn received(&self) -> &[u8] {
        self.assembly.ready()
    }

    /// Takes the first `count` octets of what was received, which opens the window for others.
    pub fn take(&mut self, count: usize) {
        self.assembly.take(count);
        // Not for less than a segment or half the buffer (RFC 9293 section 3.8.6.2.2).
        let step = (self.options.receive_buffer / 2).min(u32::from(self.options.segment_size));
        let opened = self.widest() - self.edge;
        self.acknowledge |= opened > 0 && opened >= u64::from(step);
    }

    /// Sends `data`. `cuts` are offsets into it at which the schedule `cut` cuts.
    ///
    /// Under an abortive schedule the first write is the one in which the stream ends; nothing after it is sent.
    pub fn write(&mut self, data: &[u8], cuts: &[u64]) {
        if self.is_gone || self.reset || self.outgoing.is_finished() {
            return;
        }
        let mut write = self.outgoing.write(data);
        let ending = self.ending.take();
        if ending.is_some() {
            write.end = write.start + self.delivery.schedule.kept(write.end - write.start);
            self.outgoing.cut_off(write.end);
        }
        let parcels = self.delivery.schedule.parcels(write, cuts, self.most, &mut self.rng);
        self.outgoing.queue(parcels);
        match ending {
            Some(Ending::Fin) => self.outgoing.finish(),
            Some(Ending::Reset) => self.reset = true,
            Some(Ending::Silence) => self.is_gone = true,
            None => {}
        }
    }

    /// Ends the tester's stream: a FIN follows what was written.
    pub fn finish(&mut self) {
        self.outgoing.finish();
    }

    /// Sends a RST after what was written.
    pub fn abort(&mut self) {
        self.reset = true;
    }

    /// Sends nothing any more after what was written, whatever comes.
    pub fn vanish(&mut self) {
        self.is_gone = true;
    }

    /// What is written from now on is delivered like this.
    pub fn deliver(&mut self, delivery: Delivery) {
        self.delivery = delivery;
        self.ending = delivery.schedule.ending();
    }

    /// Whether the connection was there, whatever became of it.
    pub fn was_opened(&self) -> bool {
        self.handshake == Handshake::Done
    }

    /// Whether the peer has finished its stream and all of it came, whatever became of the connection later.
    pub fn has_finished(&self) -> bool {
        self.remote_end == Some(self.assembly.next())
    }

    /// Whether the schedule holds up nothing of what the two ends have said: all that was written was sent, and where
    /// segments are lost all of it was acknowledged, and nothing is missing of what the peer sent.
    pub fn is_through(&self) -> bool {
        let next = self.assembly.next() + u64::from(self.has_finished());
        let is_lost = self.delivery.schedule == Schedule::Loss && (!self.outgoing.is_done() || self.seen > next);
        self.outgoing.is_all_sent() && !is_lost
    }

    /// Whether the peer has acknowledged all that was written, and the FIN if the stream was ended.
    pub fn is_acknowledged(&self) -> bool {
        self.outgoing.is_done()
    }

    /// Whether there is nothing left to send or to wait for: both ends have finished, or one has given up.
    pub fn is_over(&self) -> bool {
        match self.peer {
            Peer::Connecting | Peer::Open => false,
            Peer::Finished(_) => self.outgoing.is_done() && self.remote_end.is_some() && !self.acknowledge,
            Peer::Reset(_) | Peer::Silent(_) => true,
        }
    }

    /// When [`Connection::poll`] has something to do, if nothing comes before.
    pub fn due(&self) -> Instant {
        if self.is_ended() {
            return Instant::FAR_FUTURE;
        }
        let parcel = self.outgoing.due().filter(|_| self.handshake == Handshake::Done);
        self.timer.into_iter().chain(parcel).min().unwrap_or(Instant::FAR_FUTURE)
    }

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

    /// Whether nothing is sent any more, whatever comes.
    fn is_ended(&self) -> bool {
        let has_vanished = self.is_gone && self.handshake == Handshake::Done && self.outgoing.is_all_sent();
        has_vanished || matches!(self.peer, Peer::Reset(_) | Peer::Silent(_))
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

    /// The sequence number of an octet of ours.
    fn number(&self, octet: u64) -> u32 {
        self.options.initial_sequence.wrapping_add(1).wrapping_add(octet as u32)
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
        let ip: Header = match (self.ends.local.ip(), self.ends.remote.ip()) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => Ipv4::new(local, remote).into(),
            (local, remote) => Ipv6::new(mapped(local), mapped(remote)).into(),
        };
        Packet::new([ip, tcp.into()], payload).emit(packet);
    }

    /// The right edge of the window if all free room were offered.
    fn widest(&self) -> u64 {
        let free = (self.options.receive_buffer as usize).saturating_sub(self.assembly.ready().len());
        (self.assembly.next() + free as u64).max(self.edge)
    }

    /// Takes what a SYN says.
    fn learn(&mut self, tcp: &Tcp) {
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

pub(super) fn mapped(address: IpAddr) -> std::net::Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}
