//! What of a session is unusual: findings that are known come only after it.

use super::connection::{Connection, is_after};
use super::packet;
use super::{Run, SERVER, Stimulus};
use crate::fuzzing::session::{Fault, FaultKind};
use crate::wire::{Tcp, TcpFlags, TcpOption};

/// Numbers that far from the next one may be of the stream.
const NEAR: u32 = 1 << 24;

impl Run<'_, '_> {
    /// Notes that this is about to be done.
    pub(super) fn note(&mut self, stimulus: Stimulus) {
        self.runner.stimuli.add(stimulus, self.frames);
    }

    /// From now on the connection may end at any time.
    pub(super) fn disturb(&mut self, number: usize) {
        self.runner.connections[number].is_disturbed = true;
    }

    /// Notes what is unusual in a datagram that is about to be sent.
    pub(super) fn note_fault(&mut self, fault: Fault) {
        let is_ipv6 = self.link.local.is_ipv6();
        match fault.kind {
            FaultKind::IpOptions if is_ipv6 && !packet::is_hop_by_hop(fault) => self.note(Stimulus::ExtensionHeader),
            FaultKind::Fragments if is_ipv6 => self.note(Stimulus::Ipv6Fragment),
            _ => {}
        }
        match fault.kind {
            FaultKind::Source | FaultKind::Destination => self.note(Stimulus::StrangeAddress),
            FaultKind::DataOffset => self.note(Stimulus::ForcedLength),
            FaultKind::IpOptions => self.note(Stimulus::IpOptions),
            FaultKind::Fragments => self.note(Stimulus::Fragment),
            _ => {}
        }
    }

    /// Notes that the target is about to send so many octets behind an IP header, as soon as it can.
    pub(super) fn note_length(&mut self, octets: usize) {
        let header = if self.link.local.is_ipv4() { 20 } else { 40 };
        if octets + header <= self.link.mtu as usize {
            return;
        }
        if octets < self.longest {
            self.note(Stimulus::ShorterFragmented);
        }
        self.longest = self.longest.max(octets);
    }

    /// Notes what is unusual in a segment that is about to be sent.
    pub(super) fn note_segment(&mut self, number: usize, tcp: &Tcp, payload: usize) {
        let (stimuli, frames) = (&mut self.runner.stimuli, self.frames);
        let mut note = |stimulus| stimuli.add(stimulus, frames);
        let has = |flag| tcp.flags.contains(flag);
        let connection = &mut self.runner.connections[number];
        if has(TcpFlags::RST) {
            note(Stimulus::Reset);
            connection.is_disturbed |= connection.may_be_reset_by(tcp, payload);
            if has(TcpFlags::SYN) || has(TcpFlags::FIN) {
                note(Stimulus::ResetWithMore);
            }
        } else if has(TcpFlags::SYN) {
            if has(TcpFlags::FIN) {
                note(Stimulus::SynWithFin);
            }
            let begins = !has(TcpFlags::ACK) && tcp.destination_port == SERVER;
            if !has(TcpFlags::ACK) && !begins {
                note(Stimulus::Crossed);
                connection.has_crossed = true;
            }
            self.opened += u32::from(begins);
            if begins && self.opened > u32::from(self.setup.backlog) + 1 {
                note(Stimulus::Backlog);
            }
            if std::mem::replace(&mut connection.has_opened, true) {
                note(Stimulus::SynAgain);
                connection.is_disturbed = true;
            }
        } else if !has(TcpFlags::ACK) {
            note(Stimulus::WithoutAck);
        }
        let has_timestamps = tcp.options.find(TcpOption::TIMESTAMPS).is_some();
        if has_timestamps && !has(TcpFlags::SYN) && !connection.has_offered_timestamps() {
            note(Stimulus::StrayTimestamps);
        }
        if has(TcpFlags::ACK) {
            if connection.is_unsent(tcp.acknowledgment) {
                note(Stimulus::UnsentAcknowledged);
            } else if !has(TcpFlags::RST) && connection.shrinks(tcp) {
                note(Stimulus::WindowShrunk);
            }
            if is_after(connection.acknowledged, tcp.acknowledgment) {
                note(Stimulus::OldAcknowledgment);
            }
            let next = connection.expected().0;
            if has(TcpFlags::FIN) && (is_after(tcp.sequence, next) || connection.sent_behind(next) > 0) {
                note(Stimulus::FinWithGap);
            }
            if connection.duplicates_fin(tcp.acknowledgment) {
                note(Stimulus::FinDuplicates);
            }
        }
        if connection.goes_beyond_fin(tcp, payload) {
            note(Stimulus::BeyondFin);
        }
    }
}

impl Connection {
    /// Whether the target has not sent what this acknowledges.
    fn is_unsent(&self, number: u32) -> bool {
        let Some(initial) = self.target_initial else { return true };
        number.wrapping_sub(initial) > self.received.wrapping_sub(initial) && !is_after(self.received, number)
    }

    /// Whether the right edge of the tester's window moves left.
    fn shrinks(&mut self, tcp: &Tcp) -> bool {
        let shift = if tcp.flags.contains(TcpFlags::SYN) { 0 } else { self.own_shift() };
        let edge = tcp.acknowledgment.wrapping_add(u32::from(tcp.window) << shift);
        let before = *self.edge.get_or_insert(edge);
        if is_after(edge, before) {
            self.edge = Some(edge);
        }
        is_after(before, edge)
    }

    /// Whether octets lie at or behind the place of a FIN, this segment counted.
    fn goes_beyond_fin(&mut self, tcp: &Tcp, payload: usize) -> bool {
        let fin = tcp.flags.contains(TcpFlags::FIN);
        let end = tcp.sequence.wrapping_add(tcp.sequence_length(payload)).wrapping_sub(u32::from(fin));
        // What is far away is no part of the stream, and would turn the order around.
        let is_near = end.wrapping_sub(self.next).wrapping_add(NEAR) < 2 * NEAR;
        if payload > 0 && is_near && self.highest.is_none_or(|highest| is_after(end, highest)) {
            self.highest = Some(end);
        }
        if fin && is_near && self.lowest_fin.is_none_or(|lowest| is_after(lowest, end)) {
            self.lowest_fin = Some(end);
        }
        matches!((self.highest, self.lowest_fin), (Some(highest), Some(fin)) if is_after(highest, fin))
    }
}
