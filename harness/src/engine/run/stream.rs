//! `stream a:b(n)`: octets in any segmentation (RFC 9293 section 3.8: segmentation is the sender's choice).

use super::Run;
use super::ownership::belongs;
use super::pending::{octets, worst_defect};
use super::stop::Stop;
use super::timing::Due;
use crate::engine::connection::ConnectionId;
use crate::engine::notation::{Numbers, Sender, describe};
use crate::engine::outcome::{Blame, Difference, FailureKind};
use crate::script::tree::{Event, PacketSpec, StreamSpec};
use crate::trace::Judgement;
use crate::wire::{Packet, TcpFlags};

/// How much of a stream has come.
pub(super) struct StreamProgress<'a> {
    spec: &'a StreamSpec,
    /// The next octet's sequence number, in the script's numbers.
    next: u32,
    end: u32,
    fin: bool,
}

impl<'a> StreamProgress<'a> {
    pub(super) fn new(spec: &'a StreamSpec) -> Self {
        let start = spec.sequence.start;
        StreamProgress { spec, next: start, end: start.wrapping_add(u32::from(spec.sequence.length)), fin: false }
    }

    fn is_complete(&self) -> bool {
        self.next == self.end && self.fin == self.spec.fin
    }
}

impl Run<'_> {
    /// Takes segments until the stream is complete. Pure acknowledgments between them are the target's choice.
    pub(super) fn expect_stream(
        &mut self,
        event: &Event,
        spec: &PacketSpec,
        mut progress: StreamProgress<'_>,
        id: ConnectionId,
        due: &Due,
    ) -> Result<(), Stop> {
        let tolerance = due.tolerance(self.previous, self.settings);
        let deadline = self.expectation_deadline(due, tolerance, false);
        loop {
            while let Some(place) = self.next_segment(spec, id) {
                let pending = self.scratch.pending.remove(place);
                let parsed = Packet::parse(octets(&self.scratch.trace, &pending), None);
                let connection = self.scratch.connections.get(id);
                let wrong = match worst_defect(&parsed.defects) {
                    Some(defect) => Some(difference("form", "well-formed", &defect)),
                    None => take(&mut progress, spec, &parsed.packet, connection),
                };
                if let Some(difference) = wrong {
                    let numbers = Numbers { connection: Some(connection), sender: Sender::Target };
                    let actual = describe(&parsed.packet, numbers);
                    self.mark(&pending, event.line, Judgement::Unexpected);
                    let message = format!("the segment does not fit the stream in {}", difference.field);
                    let mut stop = Stop::at(event, Blame::Target, FailureKind::Packet, message);
                    stop.failure.expected = Some(expected(spec, &progress));
                    stop.failure.actual = Some(actual);
                    stop.failure.differences.push(difference);
                    return Err(stop);
                }
                self.mark(&pending, event.line, Judgement::Expected);
                let at = self.since_start(pending.at);
                self.judge_time(event, due, tolerance, at, "segment")?;
                if progress.is_complete() {
                    return Ok(());
                }
            }
            if self.target.now() >= deadline {
                let mut stop = self.missing(event, due);
                stop.failure.message =
                    format!("the stream is incomplete: octets from {} on are missing", progress.next);
                return Err(stop);
            }
            self.step(deadline)?;
        }
    }

    fn next_segment(&mut self, spec: &PacketSpec, id: ConnectionId) -> Option<usize> {
        let trace = &self.scratch.trace;
        let connections = &mut self.scratch.connections;
        self.scratch
            .pending
            .iter()
            .position(|pending| belongs(&Packet::parse(octets(trace, pending), None).packet, connections, id, spec))
    }
}

/// Takes one segment into the stream, or says in what it does not fit.
fn take(
    progress: &mut StreamProgress<'_>,
    spec: &PacketSpec,
    packet: &Packet<'_>,
    connection: &crate::engine::connection::Connection,
) -> Option<Difference> {
    let Some(tcp) = packet.tcp() else { return Some(difference("header", "TCP", "another")) };
    let numbers = Numbers { connection: Some(connection), sender: Sender::Target };
    let fin = tcp.flags.contains(TcpFlags::FIN);
    if tcp.flags.without(TcpFlags::PSH.with(TcpFlags::FIN)) != TcpFlags::ACK {
        return Some(difference("control bits", ".", &tcp.flags.to_string()));
    }
    if packet.payload.is_empty() && !fin {
        return None;
    }
    let start = tcp.sequence.wrapping_sub(numbers.sequence(false));
    if start != progress.next {
        return Some(difference("sequence number", &progress.next.to_string(), &start.to_string()));
    }
    if let Some(ack) = progress.spec.ack {
        let actual = tcp.acknowledgment.wrapping_sub(numbers.acknowledgment(false));
        if actual != ack.node {
            return Some(difference("acknowledgment number", &ack.node.to_string(), &actual.to_string()));
        }
    }
    let left = progress.end.wrapping_sub(progress.next) as usize;
    if packet.payload.len() > left {
        let actual = format!("{} octets", packet.payload.len());
        return Some(difference("payload length", &format!("at most {left} octets"), &actual));
    }
    let done = progress.next.wrapping_sub(progress.spec.sequence.start) as usize;
    let data = spec.data.as_ref().map(|data| data.node.as_slice());
    for (at, octet) in packet.payload.iter().enumerate() {
        let wanted = data.map_or(0, |data| data.get(done + at).copied().unwrap_or_default());
        if wanted != *octet {
            let field = format!("stream octet {}", done + at);
            return Some(difference(&field, &format!("{wanted:#04x}"), &format!("{octet:#04x}")));
        }
    }
    progress.next = progress.next.wrapping_add(packet.payload.len() as u32);
    if fin && (!progress.spec.fin || progress.next != progress.end) {
        return Some(difference("control bits", "no FIN here", &tcp.flags.to_string()));
    }
    progress.fin |= fin;
    None
}

fn difference(field: &str, expected: &str, actual: &str) -> Difference {
    Difference { field: field.to_owned(), expected: expected.to_owned(), actual: actual.to_owned() }
}

fn expected(spec: &PacketSpec, progress: &StreamProgress<'_>) -> String {
    let left = progress.end.wrapping_sub(progress.next);
    let fin = if progress.spec.fin { "F " } else { "" };
    let _ = spec;
    format!("stream {fin}{}:{}({left})", progress.next, progress.end)
}
