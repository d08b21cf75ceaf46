//! What can be seen of a TCP connection from between its ends.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::wire::{Packet, Tcp, TcpFlags, TcpOption};

/// The states of RFC 9293 section 3.3.2 that show on the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    Closing,
    TimeWait,
    CloseWait,
    LastAck,
}

/// One connection, seen from the target. Sequence numbers as on the wire.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    /// ISS: the number of the target's SYN.
    pub(super) iss: Option<u32>,
    /// IRS: the number of the tester's SYN.
    pub(super) irs: Option<u32>,
    /// Behind the last octet that the target sent: SND.NXT.
    pub(super) sent_to: u32,
    /// The highest number that the tester acknowledged: SND.UNA.
    pub(super) acknowledged: u32,
    /// The last acknowledgment number of the target: RCV.NXT.
    pub(super) expects: u32,
    /// Behind the highest octet that the tester sent.
    pub(super) received_to: u32,
    /// The last window of the target, as it stands in the header.
    pub(super) window: u16,
    /// The last window of the tester, as it stands in the header.
    pub(super) peer_window: u16,
    /// The MSS of the tester's SYN.
    pub(super) peer_mss: Option<u16>,
    /// The number of the target's FIN.
    pub(super) fin_sent: Option<u32>,
    /// The number of the tester's FIN.
    pub(super) fin_received: Option<u32>,
    /// Whether the target's FIN came after it had taken that of the tester.
    fin_follows: bool,
    /// Segments with data, SYN or FIN that the target sent.
    pub(super) occupying: u32,
    /// Whether either side reset it.
    pub(super) is_reset: bool,
}

/// Address and port of the target, then those of the tester.
type Key = ((IpAddr, u16), (IpAddr, u16));

/// All connections of a run.
#[derive(Debug, Default)]
pub(super) struct Flows {
    known: HashMap<Key, Flow>,
}

impl Flows {
    /// The connection of a segment from either side.
    pub(super) fn of(&self, packet: &Packet<'_>) -> Option<&Flow> {
        let (source, destination) = ends(packet)?;
        self.known.get(&(source, destination)).or_else(|| self.known.get(&(destination, source)))
    }

    /// A segment passed.
    pub(super) fn learn(&mut self, packet: &Packet<'_>, from_target: bool) {
        let (Some((source, destination)), Some(tcp)) = (ends(packet), packet.tcp()) else { return };
        let key = if from_target { (source, destination) } else { (destination, source) };
        let flow = self.known.entry(key).or_default();
        if from_target {
            flow.sent(tcp, packet.payload.len());
        } else {
            flow.received(tcp, packet.payload.len());
        }
    }
}

/// Source and destination of a segment.
fn ends(packet: &Packet<'_>) -> Option<((IpAddr, u16), (IpAddr, u16))> {
    let tcp = packet.tcp()?;
    Some(((packet.source()?, tcp.source_port), (packet.destination()?, tcp.destination_port)))
}

/// Whether `a` comes before `b`, modulo 2^32 (RFC 9293 section 3.4).
pub(super) fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

impl Flow {
    /// Both SYNs were seen, and that of the target was acknowledged.
    pub(super) fn is_synchronized(&self) -> bool {
        self.state().is_some_and(|state| state >= State::Established)
    }

    /// The target's state; `None` once the connection was reset, or while it is not known.
    pub(super) fn state(&self) -> Option<State> {
        let iss = self.iss.filter(|_| !self.is_reset)?;
        let Some(_) = self.irs else { return Some(State::SynSent) };
        if !before(iss, self.acknowledged) {
            return Some(State::SynReceived);
        }
        let is_acknowledged = self.fin_sent.is_some_and(|fin| before(fin, self.acknowledged));
        let is_received = self.fin_received.is_some_and(|fin| before(fin, self.expects));
        Some(match (self.fin_sent.is_some(), is_acknowledged, is_received) {
            (false, _, false) => State::Established,
            (false, _, true) => State::CloseWait,
            (true, false, false) => State::FinWait1,
            (true, true, false) => State::FinWait2,
            // Who sent the first FIN waits for the other's to be seen out.
            (true, _, true) if self.fin_follows => State::LastAck,
            (true, false, true) => State::Closing,
            (true, true, true) => State::TimeWait,
        })
    }

    fn sent(&mut self, tcp: &Tcp, payload: usize) {
        let end = tcp.sequence.wrapping_add(tcp.sequence_length(payload));
        if tcp.flags.contains(TcpFlags::RST) {
            self.is_reset = self.iss.is_some();
            return;
        }
        if tcp.flags.contains(TcpFlags::SYN) && self.iss != Some(tcp.sequence) {
            // A new incarnation.
            let irs = tcp.flags.contains(TcpFlags::ACK).then(|| tcp.acknowledgment.wrapping_sub(1));
            let (peer_window, peer_mss) = (self.peer_window, self.peer_mss);
            *self = Flow {
                iss: Some(tcp.sequence),
                irs,
                sent_to: end,
                acknowledged: tcp.sequence,
                received_to: irs.map_or(0, |irs| irs.wrapping_add(1)),
                peer_window,
                peer_mss,
                ..Flow::default()
            };
        }
        if tcp.sequence_length(payload) > 0 {
            self.occupying += 1;
        }
        if before(self.sent_to, end) {
            self.sent_to = end;
        }
        if tcp.flags.contains(TcpFlags::FIN) && self.fin_sent.is_none() {
            self.fin_sent = Some(end.wrapping_sub(1));
            self.fin_follows = self.fin_received.is_some_and(|fin| before(fin, self.expects));
        }
        if tcp.flags.contains(TcpFlags::ACK) {
            self.expects = tcp.acknowledgment;
        }
        self.window = tcp.window;
    }

    fn received(&mut self, tcp: &Tcp, payload: usize) {
        let end = tcp.sequence.wrapping_add(tcp.sequence_length(payload));
        if tcp.flags.contains(TcpFlags::RST) {
            self.is_reset |= tcp.sequence == self.expects && self.iss.is_some();
            return;
        }
        if tcp.flags.contains(TcpFlags::SYN) {
            if let Some(TcpOption::MaximumSegmentSize(mss)) = tcp.options.find(TcpOption::MAXIMUM_SEGMENT_SIZE) {
                self.peer_mss = Some(mss);
            }
            if self.irs.is_none() || self.iss.is_none() {
                (self.irs, self.received_to) = (Some(tcp.sequence), end);
            }
        }
        if before(self.received_to, end) {
            self.received_to = end;
        }
        if tcp.flags.contains(TcpFlags::FIN) {
            self.fin_received.get_or_insert(end.wrapping_sub(1));
        }
        if tcp.flags.contains(TcpFlags::ACK)
            && before(self.acknowledged, tcp.acknowledgment)
            && !before(self.sent_to, tcp.acknowledgment)
        {
            self.acknowledged = tcp.acknowledgment;
        }
        self.peer_window = tcp.window;
    }
}
