//! One connection of the tester's: what its reader and writer see; [`transmit`] sends, [`receive`] takes what comes.

mod receive;
mod transmit;

use std::net::{IpAddr, SocketAddr};

use fastrand::Rng;

use super::assembly::Assembly;
use super::estimator::Estimator;
use super::outgoing::Outgoing;
use super::schedule::{Delivery, Ending, Schedule, TINY};
use crate::time::Instant;
use crate::wire::{Header, Ipv4, Ipv6, Packet, TcpFlags};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The tester's.
    pub local: SocketAddr,
    /// The peer's; of the same IP version.
    pub remote: SocketAddr,
}

impl Ends {
    /// The IP header of what the tester sends.
    pub(super) fn ip_header(&self) -> Header {
        let mapped = |address| match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        match (self.local.ip(), self.remote.ip()) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => Ipv4::new(local, remote).into(),
            (local, remote) => Ipv6::new(mapped(local), mapped(remote)).into(),
        }
    }
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

    /// Whether nothing is sent any more, whatever comes.
    fn is_ended(&self) -> bool {
        let has_vanished = self.is_gone && self.handshake == Handshake::Done && self.outgoing.is_all_sent();
        has_vanished || matches!(self.peer, Peer::Reset(_) | Peer::Silent(_))
    }

    /// The sequence number of an octet of ours.
    fn number(&self, octet: u64) -> u32 {
        self.options.initial_sequence.wrapping_add(1).wrapping_add(octet as u32)
    }

    /// The right edge of the window if all free room were offered.
    fn widest(&self) -> u64 {
        let free = (self.options.receive_buffer as usize).saturating_sub(self.assembly.ready().len());
        (self.assembly.next() + free as u64).max(self.edge)
    }
}
