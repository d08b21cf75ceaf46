//! Expected packets: finding the target's packets that an expectation is about, and judging them.

use std::borrow::Cow;
use std::net::IpAddr;

use smallvec::SmallVec;

use super::Run;
use super::assert::{formula_stop, nothing_to_capture};
use super::fragments::{self, Reassembled};
use super::ownership::{belongs, encapsulation_port, flow, learn, learn_sequence_numbers};
use super::pending::{Pending, octets, worst_defect};
use super::stop::Stop;
use super::stream::StreamProgress;
use super::timing::{self, Due};
use crate::engine::compare;
use crate::engine::comparison::{Actual, Context};
use crate::engine::connection::{Connection, ConnectionId, State};
use crate::engine::formula;
use crate::engine::names::{self, Captured};
use crate::engine::notation::{Numbers, Sender, describe};
use crate::engine::outcome::{Blame, Difference, FailureKind};
use crate::script::icmp;
use crate::script::tree::{Answer, Body, Event, Expectation, PacketSpec};
use crate::target::Clock;
use crate::time::Instant;
use crate::trace::{Judgement, Trace, TraceEventKind};
use crate::wire::{Packet, Parsed, TcpFlags, protocol};

/// How long after its latest time an expected packet is still waited for, in microseconds: a packet that comes too
/// late makes a better report than one that did not come.
const GRACE: i64 = 2_000_000;

/// How long a packet that may come at any time is waited for, in microseconds.
const ANY_TIME: i64 = 120_000_000;

/// What the packets so far say of an expectation.
enum Judged {
    /// The first `packets` of them, at these places among the pending, meet it.
    Met { places: SmallVec<[usize; 2]>, at: Instant, captured: Vec<Captured> },
    /// There may be more to come.
    Wait,
    /// The packet at this place is the one it is about, and differs.
    Differs { place: usize, differences: Vec<Difference>, defect: bool, actual: String },
}

impl Run<'_> {
    pub(super) fn expect(&mut self, event: &Event, expectation: &Expectation, due: &Due) -> Result<(), Stop> {
        if let [Answer::Packet(spec)] = expectation.answers.as_slice()
            && let Body::Stream(stream) = &spec.body
        {
            let id = self.connection_to_expect(&spec.body);
            return self.expect_stream(event, spec, StreamProgress::new(stream), id, due);
        }
        self.check_icmp_names(event, expectation)?;
        let worked_out = self.worked_out(event, expectation)?;
        let expectation = worked_out.as_ref();
        let tolerance = due.tolerance(self.previous, self.settings);
        let silence_allowed = expectation.optional || expectation.answers.contains(&Answer::Silence);
        let deadline = self.expectation_deadline(due, tolerance, silence_allowed);
        loop {
            let mut first_difference = None;
            let mut waiting = false;
            for answer in &expectation.answers {
                let Answer::Packet(spec) = answer else { continue };
                let id = self.connection_to_expect(&spec.body);
                match self.judge(spec, id, due, deadline) {
                    Judged::Met { places, at, captured } => {
                        self.names.add(&spec.captures, captured);
                        return self.met(event, spec, id, due, tolerance, &places, at);
                    }
                    Judged::Wait => waiting = true,
                    Judged::Differs { place, differences, defect, actual } => {
                        first_difference.get_or_insert((place, differences, defect, actual));
                    }
                }
            }
            if let (Some((place, differences, defect, actual)), false) = (first_difference, waiting) {
                if expectation.optional {
                    return Ok(()); // The packet is another expectation's.
                }
                return self.differs(event, expectation, place, differences, defect, actual);
            }
            if self.target.now() >= deadline {
                return if silence_allowed { Ok(()) } else { Err(self.missing(event, due)) };
            }
            self.step(deadline)?;
        }
    }

    /// The expectation with its formulas worked out: what they are worked out from is known before the packet comes.
    fn worked_out<'e>(&self, event: &Event, expectation: &'e Expectation) -> Result<Cow<'e, Expectation>, Stop> {
        let mut expectation = Cow::Borrowed(expectation);
        for at in 0..expectation.answers.len() {
            let Answer::Packet(spec) = &expectation.answers[at] else { continue };
            let worked_out = formula::worked_out(spec, &self.names).map_err(|error| formula_stop(event, error))?;
            if let Cow::Owned(worked_out) = worked_out {
                expectation.to_mut().answers[at] = Answer::Packet(worked_out);
            }
        }
        Ok(expectation)
    }

    /// A type or code that the run's IP version does not have can never come: the script's fault.
    fn check_icmp_names(&self, event: &Event, expectation: &Expectation) -> Result<(), Stop> {
        let v6 = self.settings.link.ip_version.is_ipv6_on_wire();
        for answer in &expectation.answers {
            if let Answer::Packet(spec) = answer
                && let Body::Icmp(message) = &spec.body
                && icmp::numbers(v6, &message.kind.node, message.code.as_ref().map(|code| code.node.as_str())).is_none()
            {
                let protocol = if v6 { "ICMPv6" } else { "ICMP" };
                return Err(Stop::script(event, spec.span, format!("{protocol} has no such type and code")));
            }
        }
        Ok(())
    }

    pub(super) fn silence(&mut self, event: &Event, due: &Due, until: i64) -> Result<(), Stop> {
        self.wait_until(due.at)?;
        let deadline = self.live(until);
        loop {
            if let Some(at) = (0..self.scratch.pending.len()).find(|at| self.concerns_tester(*at)) {
                return Err(self.unwanted(event, at));
            }
            if self.target.now() >= deadline {
                return Ok(());
            }
            self.step(deadline)?;
        }
    }

    pub(super) fn expectation_deadline(&self, due: &Due, tolerance: i64, silence_allowed: bool) -> Instant {
        let grace = if silence_allowed { 0 } else { GRACE };
        self.live(if due.any { due.at + ANY_TIME } else { due.latest() + tolerance + grace })
    }

    /// The connection that an expected packet belongs to.
    fn connection_to_expect(&mut self, body: &Body) -> ConnectionId {
        let connections = &self.scratch.connections;
        let number = match body {
            Body::Tcp(_) | Body::Stream(_) => protocol::TCP,
            Body::Udp(_) => protocol::UDP,
            Body::Icmp(_) => return self.icmp_connection(),
        };
        let ports = match body {
            Body::Tcp(tcp) => tcp.ports,
            Body::Udp(udp) => udp.ports,
            Body::Stream(_) | Body::Icmp(_) => None,
        };
        let reversed = ports.map(|p| crate::script::tree::Ports { source: p.destination, destination: p.source });
        let by_ports = reversed.and_then(|ports| connections.by_script_ports(number, ports));
        let focus = || connections.focus().filter(|id| connections.get(*id).protocol == number);
        match by_ports.or_else(focus) {
            Some(id) => id,
            None if number == protocol::UDP => {
                let port = reversed.map_or(self.settings.connect_port, |ports| ports.source);
                let connection = Connection::new(number, State::New, &self.settings.link, 0, port);
                self.scratch.connections.add(connection)
            }
            // Nothing the script did before explains such a segment; it can only be missing.
            None => {
                let port = self.settings.connect_port;
                let connection = Connection::new(number, State::Connecting, &self.settings.link, 0, port);
                self.scratch.connections.add(connection)
            }
        }
    }

    /// Holds the pending packets against one packet of the script. After `deadline` nothing more is waited for.
    fn judge(&mut self, spec: &PacketSpec, id: ConnectionId, due: &Due, deadline: Instant) -> Judged {
        let fragmented = if spec.fragment.is_none() { self.judge_fragmented(spec, id, due) } else { None };
        let until = fragmented.as_ref().map_or(usize::MAX, |(place, _)| *place);
        let udp_port = encapsulation_port(spec);
        let mut places: SmallVec<[usize; 2]> = SmallVec::new();
        let mut gathered: SmallVec<[Parsed<'_>; 2]> = SmallVec::new();
        let trace = &self.scratch.trace;
        let connections = &mut self.scratch.connections;
        let expected_length = expected_length(spec);
        let mut at = Instant::ZERO;
        // No further packet can be a part of the segment.
        let mut complete = self.target.now() >= deadline;
        for (place, pending) in self.scratch.pending.iter().enumerate().take(until) {
            let parsed = Packet::parse(octets(trace, pending), udp_port);
            if !belongs(&parsed.packet, connections, id, spec) {
                continue;
            }
            learn_sequence_numbers(&parsed.packet, connections.get_mut(id), spec);
            let connection = connections.get(id);
            let describe_it = |parsed: &Parsed<'_>| {
                describe(&parsed.packet, Numbers { connection: Some(connection), sender: Sender::Target })
            };
            if let Some(defect) = worst_defect(&parsed.defects) {
                let differences =
                    vec![Difference { field: "form".into(), expected: "well-formed".into(), actual: defect }];
                return Judged::Differs { place, differences, defect: true, actual: describe_it(&parsed) };
            }
            if let Some(previous) = gathered.last()
                && !continues(&previous.packet, &parsed.packet)
            {
                complete = true;
                break;
            }
            at = pending.at;
            places.push(place);
            gathered.push(parsed);
            let length: usize = gathered.iter().map(|p| p.packet.payload.len()).sum();
            if length < expected_length && length > 0 && !self.settings.strict_segments {
                continue; // More segments may make up the one that the script writes.
            }
            break;
        }
        let Some(last) = gathered.last() else { return fragmented.map_or(Judged::Wait, |(_, judged)| judged) };
        let length: usize = gathered.iter().map(|p| p.packet.payload.len()).sum();
        if length < expected_length && length > 0 && !self.settings.strict_segments && !complete {
            return Judged::Wait;
        }
        let connection = connections.get(id);
        let payload: SmallVec<[&[u8]; 2]> = gathered.iter().map(|p| p.packet.payload).collect();
        let first = gathered[0].packet.tcp().map(|tcp| (tcp.sequence, tcp.flags.contains(TcpFlags::CWR)));
        let actual = Actual { packet: &last.packet, first, payload: &payload };
        let context = Context { connection, settings: self.settings, elapsed: due.at, trace };
        let mut differences = compare::compare(spec, &actual, &context);
        if differences.is_empty() {
            match names::read(&spec.captures, &gathered[0].packet, length, at.micros_since(self.started)) {
                Ok(captured) => return Judged::Met { places, at, captured },
                Err(capture) => differences.push(nothing_to_capture(&capture.field.node)),
            }
        }
        let actual = describe(&gathered[0].packet, Numbers { connection: Some(connection), sender: Sender::Target });
        Judged::Differs { place: places[0], differences, defect: false, actual }
    }

    /// Holds a datagram in fragments against the packet that the script writes, and gives the place of the first;
    /// `None` if none is pending.
    fn judge_fragmented(&mut self, spec: &PacketSpec, id: ConnectionId, due: &Due) -> Option<(usize, Judged)> {
        let (places, datagram) = match fragments::reassemble(spec, &self.scratch.pending, &self.scratch.trace) {
            Reassembled::No => return None,
            Reassembled::Partly { place } => return Some((place, Judged::Wait)),
            Reassembled::Whole { places, datagram } => (places, datagram),
            Reassembled::Wrong { place, reason } => {
                let differences =
                    vec![Difference { field: "form".into(), expected: "well-formed".into(), actual: reason }];
                let actual = "a fragment".into();
                return Some((place, Judged::Differs { place, differences, defect: true, actual }));
            }
        };
        let parsed = Packet::parse(&datagram, encapsulation_port(spec));
        if !belongs(&parsed.packet, &mut self.scratch.connections, id, spec) {
            return None;
        }
        let connection = self.scratch.connections.get(id);
        let (mut differences, defect) = match worst_defect(&parsed.defects) {
            Some(actual) => (vec![Difference { field: "form".into(), expected: "well-formed".into(), actual }], true),
            None => {
                let actual = Actual { packet: &parsed.packet, first: None, payload: &[parsed.packet.payload] };
                let trace = &self.scratch.trace;
                let context = Context { connection, settings: self.settings, elapsed: due.at, trace };
                (compare::compare(spec, &actual, &context), false)
            }
        };
        if differences.is_empty() {
            let at = places.iter().map(|place| self.scratch.pending[*place].at).max()?;
            let length = parsed.packet.payload.len();
            match names::read(&spec.captures, &parsed.packet, length, at.micros_since(self.started)) {
                Ok(captured) => return Some((places[0], Judged::Met { places, at, captured })),
                Err(capture) => differences.push(nothing_to_capture(&capture.field.node)),
            }
        }
        let actual = describe(&parsed.packet, Numbers { connection: Some(connection), sender: Sender::Target });
        let place = places[0];
        Some((place, Judged::Differs { place, differences, defect, actual }))
    }

    #[allow(clippy::too_many_arguments)] // each is a fact of the match, used once
    fn met(
        &mut self,
        event: &Event,
        spec: &PacketSpec,
        id: ConnectionId,
        due: &Due,
        tolerance: i64,
        places: &[usize],
        at: Instant,
    ) -> Result<(), Stop> {
        for place in places.iter().rev() {
            let pending = self.scratch.pending.remove(*place);
            let connection = self.scratch.connections.get_mut(id);
            learn(spec, octets(&self.scratch.trace, &pending), connection);
            self.mark(&pending, event.line, Judgement::Expected);
        }
        let actual = self.since_start(at);
        self.judge_time(event, due, tolerance, actual, "packet")
    }

    /// Whether something at `actual` came when it should.
    pub(super) fn judge_time(
        &mut self,
        event: &Event,
        due: &Due,
        tolerance: i64,
        actual: i64,
        what: &str,
    ) -> Result<(), Stop> {
        let Some(miss) = due.miss(actual, tolerance) else { return Ok(()) };
        let message = format!(
            "the {what} came at {} s, {} s too {}: it is due at {}, tolerance {} s",
            timing::seconds(actual),
            timing::seconds(miss.abs()),
            if miss < 0 { "early" } else { "late" },
            due.describe(),
            timing::seconds(tolerance)
        );
        let mut stop = Stop::at(event, Blame::Target, FailureKind::Timing, message);
        stop.failure.differences.push(Difference {
            field: "time".into(),
            expected: due.describe(),
            actual: format!("{} s", timing::seconds(actual)),
        });
        stop.miss = Some(miss);
        self.fatal_unless(self.settings.non_fatal_packet, stop)
    }

    fn differs(
        &mut self,
        event: &Event,
        expectation: &Expectation,
        place: usize,
        differences: Vec<Difference>,
        defect: bool,
        actual: String,
    ) -> Result<(), Stop> {
        let pending = self.scratch.pending.remove(place);
        self.mark(&pending, event.line, Judgement::Unexpected);
        let fields: Vec<&str> = differences.iter().map(|d| d.field.as_str()).collect();
        let alternatives = expectation.answers.len();
        let (kind, message) = if defect {
            (FailureKind::Malformed, format!("the packet is malformed: {}", differences[0].actual))
        } else if alternatives > 1 {
            (FailureKind::Packet, format!("the packet is none of the {alternatives} allowed answers"))
        } else {
            (FailureKind::Packet, format!("the packet differs in {}", fields.join(", ")))
        };
        let mut stop = Stop::at(event, Blame::Target, kind, message);
        stop.failure.expected = Some(crate::script::print_expectation(expectation));
        stop.failure.actual = Some(actual);
        stop.failure.differences = differences;
        self.fatal_unless(self.settings.non_fatal_packet, stop)
    }

    pub(super) fn missing(&self, event: &Event, due: &Due) -> Stop {
        let waited = timing::seconds(self.since_start(self.target.now()));
        let message = format!("no packet came until {waited} s; one is due at {}", due.describe());
        let mut stop = Stop::at(event, Blame::Target, FailureKind::Missing, message);
        if let crate::script::tree::Action::Expect(expectation) = &event.action {
            stop.failure.expected = Some(crate::script::print_expectation(expectation));
        }
        stop
    }

    fn unwanted(&mut self, event: &Event, place: usize) -> Stop {
        let pending = self.scratch.pending.remove(place);
        self.mark(&pending, event.line, Judgement::Unexpected);
        let parsed = Packet::parse(octets(&self.scratch.trace, &pending), None);
        let id = flow(&parsed.packet).and_then(|flow| self.scratch.connections.claiming(&flow)).map(|(id, _)| id);
        let connection = id.map(|id| self.scratch.connections.get(id));
        let at = timing::seconds(self.since_start(pending.at));
        let message = format!("a packet came at {at} s, where silence is due");
        let mut stop = Stop::at(event, Blame::Target, FailureKind::Unwanted, message);
        stop.failure.expected = Some("silence".into());
        stop.failure.actual = Some(describe(&parsed.packet, Numbers { connection, sender: Sender::Target }));
        stop
    }

    /// Whether a pending packet breaks a silence: what stacks say to groups by themselves does not, but TCP does, as it
    /// has nothing to say to a group.
    fn concerns_tester(&self, place: usize) -> bool {
        let parsed = Packet::parse(octets(&self.scratch.trace, &self.scratch.pending[place]), None);
        let Some(flow) = flow(&parsed.packet) else { return false };
        let destination = flow.destination.ip();
        !destination.is_multicast() || flow.protocol == protocol::TCP || was_source(destination, &self.scratch.trace)
    }

    pub(super) fn mark(&mut self, pending: &Pending, line: u32, judgement: Judgement) {
        let event = &mut self.scratch.trace.events[pending.trace];
        event.line = line;
        if let TraceEventKind::Received { judgement: kept, .. } = &mut event.kind {
            *kept = judgement;
        }
    }

    /// Ends the run, or keeps the failure as a warning where the script says that it is not fatal.
    fn fatal_unless(&mut self, non_fatal: bool, stop: Stop) -> Result<(), Stop> {
        if !non_fatal {
            return Err(stop);
        }
        let mut failure = *stop.failure;
        failure.blame =
            if self.clock == Clock::Real { self.excuse(failure.clone(), stop.miss).blame } else { failure.blame };
        self.warning.get_or_insert(failure);
        Ok(())
    }
}

/// Payload octets that a packet of the script has, or 0 where it does not matter.
fn expected_length(spec: &PacketSpec) -> usize {
    match &spec.body {
        Body::Tcp(tcp) if !tcp.sequence.ignored => usize::from(tcp.sequence.length),
        _ => 0,
    }
}

/// Whether the tester sent anything from this address.
fn was_source(address: IpAddr, trace: &Trace) -> bool {
    trace.events.iter().any(|event| match &event.kind {
        TraceEventKind::Injected { octets, .. } => {
            Packet::parse(trace.octets(octets), None).packet.source() == Some(address)
        }
        _ => false,
    })
}

/// Whether `next` may be the following part of the segment that `previous` is a part of.
fn continues(previous: &Packet<'_>, next: &Packet<'_>) -> bool {
    let (Some(a), Some(b)) = (previous.tcp(), next.tcp()) else { return false };
    let differing_bits = TcpFlags::FIN.with(TcpFlags::PSH).with(TcpFlags::CWR);
    b.sequence == a.sequence.wrapping_add(previous.payload.len() as u32)
        && b.acknowledgment == a.acknowledgment
        && b.window == a.window
        && b.flags.without(differing_bits) == a.flags.without(differing_bits)
        && b.options.as_bytes().len() == a.options.as_bytes().len()
}
