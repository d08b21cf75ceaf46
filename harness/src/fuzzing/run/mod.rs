//! Runs a session on a target and tells what is wrong with the target, if anything is.
//!
//! The same session on the same target gives the same packets: time is the target's, and nothing is random. Memory is
//! used again from session to session.

mod answers;
mod application;
mod connection;
mod exchange;
mod liveness;
mod packet;
mod pattern;
mod settle;
mod shared;
pub(super) mod step;
mod unusual;

use std::time::Duration;

use crate::target::{CallId, CallMode, CallOutput, Errno, Event, Link, SocketCall, Target, TargetError, TargetFactory};
use crate::time::Instant;
use crate::wire::{Packet, TcpFlags, fragment};

use super::finding::{Cause, Demand, Finding};
use super::known::{Known, Stimuli, Stimulus};
use super::memory;
use super::oracle::Oracle;
use super::session::{self, CONNECTIONS, Datagram, FaultKind, Session};
use answers::Answers;
use application::Application;
use connection::{Beyond, Connection};
use packet::Emitted;
pub(in crate::fuzzing) use shared::ADDRESSES;
pub use step::{Cut, Step};

/// Datagrams at one instant, after one thing that the tester did, from which on the target sends without end.
const FLOOD: u32 = 20_000;
/// Datagrams after which an advance of the clock ends early: the target repeats itself.
const LONGEST_ADVANCE: u32 = 128;
/// Datagrams of the target after which a session ends early, so that no session takes long.
const LONGEST_SESSION: u32 = 4_000;
/// Octets that a session may make a target hold, where an allocator counts them (see [`memory`]).
const MOST_MEMORY: usize = 64 << 20;
/// What a call gives that has not returned, as a number of the Linux ABI.
const EINTR: i32 = 4;
/// What is noted as [`Stimulus::LongTime`], in microseconds from the beginning on.
const LONG_TIME: u64 = 10_000_000;
/// The port that the target listens on.
const SERVER: u16 = 8_080;
/// The tester's first port.
const TESTER: u16 = 40_000;

/// Runs session after session on fresh targets of one factory.
pub struct Runner<'f> {
    factory: &'f dyn TargetFactory,
    oracles: Vec<Box<dyn Oracle>>,
    known: Vec<Known>,
    stimuli: Stimuli,
    connections: [Connection; CONNECTIONS],
    /// The liveness check's.
    fresh: Connection,
    received: Vec<u8>,
    sent: Vec<u8>,
    datagrams: Vec<(u32, usize)>,
    /// The target's last datagram that was no segment.
    last_other: Vec<u8>,
    steps: Option<Vec<Step>>,
    /// How long the target may take to answer at once, in microseconds.
    settling: i64,
}

/// What a session showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// What is wrong with the target.
    pub finding: Option<Finding>,
    /// Datagrams that the target sent.
    pub packets: u32,
    /// Whether the liveness check was made: not if the session ended early.
    pub is_live: bool,
}

/// What a call gave.
type Given = (Result<i64, Errno>, CallOutput);

/// Why a session ends before its last event.
enum Stop {
    Found(Box<Finding>),
    /// The session takes too long; nothing is wrong.
    Enough,
    /// The target cannot do what it said that it can: its adapter's fault.
    Unsupported,
}

impl<'f> Runner<'f> {
    /// A runner with [`super::oracles`].
    pub fn new(factory: &'f dyn TargetFactory) -> Self {
        Runner::with_oracles(factory, super::oracles())
    }

    /// A runner with these oracles.
    pub fn with_oracles(factory: &'f dyn TargetFactory, oracles: Vec<Box<dyn Oracle>>) -> Self {
        Runner {
            factory,
            oracles,
            known: Vec::new(),
            stimuli: Stimuli::default(),
            connections: Default::default(),
            fresh: Connection::default(),
            received: Vec::with_capacity(2_048),
            sent: Vec::with_capacity(2_048),
            datagrams: Vec::new(),
            last_other: Vec::new(),
            steps: None,
            settling: 0,
        }
    }

    /// For a target that answers a little later than it is asked, on a thread of its own: from now on waits so long for
    /// what comes of each packet and call.
    pub fn settle(&mut self, settling: Duration) {
        self.settling = settling.as_micros().try_into().unwrap_or(i64::MAX);
    }

    /// These are known, and no findings.
    pub fn knowing(mut self, known: &[Known]) -> Self {
        self.known.extend_from_slice(known);
        self
    }

    /// Runs a session.
    ///
    /// # Errors
    /// The factory makes no target for the session's link.
    pub fn run(&mut self, session: &Session) -> Result<Ran, TargetError> {
        let link = session.link();
        let before = memory::begin();
        let mut target = self.factory.create(&link)?;
        let mut ran = self.run_at(&mut *target, &link, session, false);
        let at = target.now();
        drop(target);
        if ran.finding.is_none()
            && let Some(held) = memory::peak_since(before)
            && held > MOST_MEMORY
        {
            let detail = format!("{held} octets were allocated at a time");
            ran.finding = self.unless_known(Finding { cause: Cause::Memory, at, detail }, u64::MAX);
        }
        Ok(ran)
    }

    /// Runs a session on a target on which others have run and will run. `link` is the target's, with the tester's address
    /// of this session: one that no other session had, or packets that come late would be taken for this session's. The
    /// 63 addresses after it are the session's too. What the session opened is closed and reset at its end.
    pub fn run_on(&mut self, target: &mut dyn Target, link: &Link, session: &Session) -> Ran {
        self.run_at(target, link, session, true)
    }

    fn run_at(&mut self, target: &mut dyn Target, link: &Link, session: &Session, is_shared: bool) -> Ran {
        for oracle in &mut self.oracles {
            oracle.begin(link);
        }
        self.datagrams.clear();
        self.last_other.clear();
        self.stimuli = Stimuli::default();
        let initial = match session.setup.numbers {
            0 => 0,
            1 => 0x3fff_fff0,
            2 => 0x7fff_ff00,
            _ => 0xffff_fe00,
        };
        for (number, connection) in (0u8..).zip(&mut self.connections) {
            let port = TESTER + u16::from(number);
            let target_port = if session.setup.is_active(number) { 0 } else { SERVER };
            connection.reset(port, target_port, initial);
        }
        self.fresh.reset(0, 0, 0);
        let has_urgent = target.capabilities().features.contains("urgent");
        let mut run = Run {
            runner: self,
            target,
            link: link.clone(),
            setup: session.setup,
            application: Application::default(),
            packets: 0,
            frames: 0,
            elapsed: 0,
            at_once: (Instant::ZERO, 0),
            number: 0,
            fragmented: 0,
            incomplete: 0,
            answers: Answers::default(),
            last_acknowledgment: None,
            longest: 0,
            opened: 0,
            is_shared,
            has_urgent,
            is_leaving: false,
        };
        let result = run.session(session);
        let (packets, frames, at) = (run.packets, run.frames, run.target.now());
        let is_live = result.is_ok();
        let mut finding = match result {
            Err(Stop::Found(finding)) => Some(*finding),
            Err(Stop::Enough | Stop::Unsupported) | Ok(()) => None,
        };
        // A target that is gone has nothing to be closed.
        if is_shared && !matches!(&finding, Some(Finding { cause: Cause::Gone(_), .. })) {
            run.leave();
        }
        finding = finding.and_then(|finding| self.unless_known(finding, frames));
        if finding.is_none() {
            finding = self.complaint(at);
        }
        Ran { finding, packets, is_live }
    }

    /// Runs a session and keeps what happened.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn record(&mut self, session: &Session) -> Result<(Ran, Vec<Step>), TargetError> {
        self.keep_steps();
        let ran = self.run(session);
        Ok((ran?, self.take_steps()))
    }

    /// From now on keeps what happens.
    pub(super) fn keep_steps(&mut self) {
        self.steps = Some(Vec::new());
    }

    /// What happened; nothing is kept any more.
    pub(super) fn take_steps(&mut self) -> Vec<Step> {
        self.steps.take().unwrap_or_default()
    }

    fn complaint(&mut self, at: Instant) -> Option<Finding> {
        for oracle in &mut self.oracles {
            oracle.finish(at);
        }
        let mut found = None;
        for oracle in &self.oracles {
            oracle.complaints(&mut |complaint| {
                if found.is_none() {
                    let finding = Finding {
                        cause: Cause::Broken(complaint.id.to_owned()),
                        at: complaint.at,
                        detail: complaint.detail.to_owned(),
                    };
                    found = self.unless_known(finding, complaint.frame);
                }
            });
        }
        found
    }

    /// The finding, that the datagram `frame` shows, unless it is known.
    fn unless_known(&self, finding: Finding, frame: u64) -> Option<Finding> {
        let id = if self.known.is_empty() { String::new() } else { finding.cause.id() };
        let known = self.known.iter().any(|known| known.is(&id, frame, &self.stimuli));
        (!known).then_some(finding)
    }
}

/// One session on one target.
struct Run<'r, 'f> {
    runner: &'r mut Runner<'f>,
    target: &'r mut dyn Target,
    link: Link,
    setup: session::Setup,
    application: Application,
    /// Datagrams of the target.
    packets: u32,
    /// Datagrams of both ends, fragments counted one by one.
    frames: u64,
    /// By how much the session let the clock go on, in microseconds.
    elapsed: u64,
    /// Datagrams at one instant since the tester last did something.
    at_once: (Instant, u32),
    /// Counts echo requests and UDP datagrams.
    number: u32,
    /// Counts datagrams that went in fragments.
    fragmented: u32,
    /// Fragments that make up no whole, and may still be held.
    incomplete: u32,
    /// What the target answered of late.
    answers: Answers,
    /// When it last sent an acknowledgment that is nothing else.
    last_acknowledgment: Option<Instant>,
    /// The longest of what the target had to send in fragments, without its IP header.
    longest: usize,
    /// Counts SYNs to the listening socket.
    opened: u32,
    /// Other sessions run on this target before and after.
    is_shared: bool,
    /// The target has urgent data.
    has_urgent: bool,
    /// The session is over: nothing is judged any more.
    is_leaving: bool,
}

impl Run<'_, '_> {
    fn session(&mut self, session: &Session) -> Result<(), Stop> {
        for event in &session.events {
            match event {
                session::Event::Segment(segment) => self.segment(segment)?,
                session::Event::Call(call) => self.application_call(call)?,
                session::Event::Advance { micros } => {
                    self.elapsed = self.elapsed.saturating_add(*micros);
                    if self.elapsed >= LONG_TIME {
                        self.note(Stimulus::LongTime);
                    }
                    let until = self.target.now().offset((*micros).try_into().unwrap_or(i64::MAX));
                    self.advance(until, LONGEST_ADVANCE)?;
                }
                session::Event::IcmpError(error) => {
                    self.note(Stimulus::IcmpError);
                    let number = usize::from(error.connection) % CONNECTIONS;
                    if !packet::is_soft(error, &self.link) || !self.runner.connections[number].is_established() {
                        self.disturb(number);
                    }
                    let mut out = std::mem::take(&mut self.runner.sent);
                    out.clear();
                    let last = &self.runner.connections[usize::from(error.connection) % CONNECTIONS].last;
                    let last = if last.is_empty() { &self.runner.last_other } else { last };
                    packet::icmp_error(error, last, &self.link, &mut out);
                    let result = if out.is_empty() { Ok(()) } else { self.inject(&out, error.fault) };
                    self.runner.sent = out;
                    result?;
                }
                session::Event::Echo(datagram) => self.echo(datagram)?,
                session::Event::Udp(datagram) => self.udp(datagram)?,
            }
            if self.packets > LONGEST_SESSION {
                return Err(Stop::Enough);
            }
        }
        self.settle()?;
        self.close_all()?;
        if let Some(steps) = &mut self.runner.steps {
            steps.push(Step::Fresh);
        }
        self.check_liveness()
    }

    fn segment(&mut self, segment: &session::Segment) -> Result<(), Stop> {
        let number = usize::from(segment.connection) % CONNECTIONS;
        if !self.setup.is_active(segment.connection) {
            self.listen()?;
        }
        let mut out = std::mem::take(&mut self.runner.sent);
        out.clear();
        let connection = &self.runner.connections[number];
        let emitted = packet::segment(segment, connection, self.target.now(), &self.link, &mut out);
        if let Some(tcp) = &emitted.tcp {
            self.note_segment(number, tcp, emitted.payload);
            if segment.fault.kind == FaultKind::Twice && tcp.flags.contains(TcpFlags::SYN) {
                self.note(Stimulus::SynAgain);
            }
        }
        let outside = self.must_acknowledge(number, segment, &emitted);
        let connection = &mut self.runner.connections[number];
        if let (Some(tcp), false) = (&emitted.tcp, emitted.elsewhere) {
            connection.sent(tcp, emitted.payload, emitted.acceptable);
            // An application is given urgent data out of line where it has not asked for it otherwise (RFC 6093 section 5).
            let is_out_of_line = tcp.flags.contains(TcpFlags::URG) && self.has_urgent;
            if segment.fault.kind == FaultKind::DataOffset || is_out_of_line {
                connection.doubt();
            }
        }
        let result = self.inject(&out, segment.fault);
        self.runner.sent = out;
        result?;
        match outside {
            Some(heard) => self.hear_of(number, heard, Demand::OutsideWindow),
            None => Ok(()),
        }
    }

    fn datagram(
        &mut self,
        datagram: &Datagram,
        build: fn(&Datagram, u32, &Link, &mut Vec<u8>) -> Emitted,
    ) -> Result<(u32, Emitted), Stop> {
        let number = self.number.wrapping_mul(131);
        self.number = self.number.wrapping_add(1);
        let mut out = std::mem::take(&mut self.runner.sent);
        out.clear();
        let emitted = build(datagram, number, &self.link, &mut out);
        let result = self.inject(&out, datagram.fault);
        self.runner.sent = out;
        result.map(|()| (number, emitted))
    }

    /// Sends a datagram, in the pieces that the fault asks for, and takes what comes at once.
    fn inject(&mut self, octets: &[u8], fault: session::Fault) -> Result<(), Stop> {
        self.note_fault(fault);
        match fault.kind {
            FaultKind::Fragments => {
                let header = if self.link.local.is_ipv4() { 20 } else { 40 };
                let length = octets.len() - header;
                let choice = usize::from(fault.choice);
                let cut =
                    (length / (2 + (choice & 1)) / 8 * 8).clamp(8.min(length), self.link.mtu as usize / 8 * 8 - 64);
                let mut ranges: smallvec::SmallVec<[(usize, usize); 8]> =
                    (0..length).step_by(cut.max(1)).map(|start| (start, (start + cut).min(length))).collect();
                if choice & 2 != 0 {
                    ranges.reverse();
                }
                if choice & 4 != 0 {
                    ranges.pop();
                }
                if choice & 8 != 0 {
                    // Overlaps what is next to it.
                    if let Some(range) = ranges.iter_mut().find(|range| range.0 >= 8) {
                        range.0 -= 8;
                    }
                }
                if choice & 16 != 0 && !ranges.is_empty() {
                    ranges.insert(1, ranges[0]);
                }
                self.incomplete += u32::from(choice & 0b1100 != 0);
                // Another one for each datagram: what a target makes of a mixture depends on whether it looks at checksums,
                // and stacks that are built for fuzzing often do not.
                self.fragmented = self.fragmented.wrapping_add(1);
                let identification = 0x100 + self.fragmented;
                for (start, end) in ranges {
                    // What cannot be cut, such as a datagram with a forced length, is not sent.
                    let cut = Cut { start, end, identification: identification & 0xffff };
                    if let Ok(piece) = fragment(octets, start..end, cut.identification) {
                        self.inject_one(&piece, Some((octets, cut)))?;
                    }
                }
                Ok(())
            }
            FaultKind::Twice => {
                self.inject_one(octets, None)?;
                self.inject_one(octets, None)
            }
            _ => self.inject_one(octets, None),
        }
    }

    fn inject_one(&mut self, octets: &[u8], of: Option<(&[u8], Cut)>) -> Result<(), Stop> {
        let at = self.target.now();
        self.at_once = (at, 0);
        if let Some(steps) = &mut self.runner.steps {
            let (whole, cut) = of.map_or((octets, None), |(whole, cut)| (whole, Some(cut)));
            steps.push(Step::Injected { at, octets: whole.to_vec(), cut });
        }
        self.frames += 1;
        if !self.is_leaving {
            let parsed = Packet::parse(octets, None);
            for oracle in &mut self.runner.oracles {
                oracle.packet(at, false, octets, &parsed);
            }
        }
        self.target.inject(octets).map_err(|error| self.failed(error))?;
        self.advance(at.offset(self.runner.settling), u32::MAX)
    }

    /// Takes what the target sends until `until`; ends early after `most` datagrams.
    fn advance(&mut self, until: Instant, most: u32) -> Result<(), Stop> {
        let mut count = 0;
        loop {
            match self.wait(until)? {
                Event::Packet(_) => {
                    count += 1;
                    if count >= most {
                        return Ok(());
                    }
                }
                Event::Returned(_) => {}
                Event::Deadline => return Ok(()),
            }
        }
    }

    fn wait(&mut self, until: Instant) -> Result<Event, Stop> {
        let mut received = std::mem::take(&mut self.runner.received);
        let event = self.target.wait(until, &mut received);
        let result = match &event {
            Ok(Event::Packet(_)) if self.is_shared && self.is_of_another(&received) => Ok(()),
            Ok(Event::Packet(at)) => self.received(*at, &received),
            _ => Ok(()),
        };
        self.runner.received = received;
        result?;
        event.map_err(|error| self.failed(error))
    }

    /// Makes a call; what it gave, or nothing if it has not returned.
    fn call(&mut self, call: SocketCall) -> Result<Option<Given>, Stop> {
        let at = self.target.now();
        self.at_once = (at, 0);
        let place = self.runner.steps.as_ref().map_or(0, Vec::len);
        if let Some(steps) = &mut self.runner.steps {
            // Before what it makes the target send; what it gave is filled in when it has returned.
            let (call, result, output) = (call.clone(), Err(Errno(EINTR)), CallOutput::None);
            steps.push(Step::Called { at, call, result, output, right: None });
        }
        let id = self.target.call(call, CallMode::Immediate).map_err(|error| self.failed(error))?;
        let returned = self.returned(at.offset(self.runner.settling), id)?;
        if let Some(Step::Called { result, output, .. }) =
            self.runner.steps.as_mut().and_then(|steps| steps.get_mut(place))
            && let Some(returned) = &returned
        {
            (*result, *output) = returned.clone();
        }
        Ok(returned)
    }

    fn returned(&mut self, at: Instant, id: CallId) -> Result<Option<Given>, Stop> {
        let mut found = None;
        loop {
            match self.wait(at)? {
                Event::Returned(returned) if returned.id == id => found = Some((returned.result, returned.output)),
                Event::Returned(_) | Event::Packet(_) => {}
                Event::Deadline => return Ok(found),
            }
        }
    }

    /// The target sent a datagram.
    fn received(&mut self, at: Instant, octets: &[u8]) -> Result<(), Stop> {
        self.packets += 1;
        self.frames += 1;
        self.at_once = if self.at_once.0 == at { (at, self.at_once.1 + 1) } else { (at, 1) };
        if self.at_once.1 > FLOOD {
            self.found(Cause::Flood, format!("{FLOOD} datagrams at one instant"))?;
            return Err(Stop::Enough);
        }
        if let Some(steps) = &mut self.runner.steps {
            steps.push(Step::Received { at, octets: octets.to_vec() });
        }
        let parsed = Packet::parse(octets, None);
        if !self.is_leaving {
            for oracle in &mut self.runner.oracles {
                oracle.packet(at, true, octets, &parsed);
            }
        }
        self.answers.learn(&parsed.packet, &self.link);
        let Some(tcp) = parsed.packet.tcp() else {
            self.runner.last_other.clear();
            self.runner.last_other.extend_from_slice(octets);
            return Ok(());
        };
        if parsed.packet.destination() != Some(self.link.remote) || parsed.packet.source() != Some(self.link.local) {
            return Ok(());
        }
        let others = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST;
        if parsed.packet.payload.is_empty() && tcp.flags.contains(TcpFlags::ACK) && tcp.flags.0 & others.0 == 0 {
            self.last_acknowledgment = Some(at);
        }
        let is_leaving = self.is_leaving;
        let opens = tcp.flags.contains(TcpFlags::SYN) && !tcp.flags.contains(TcpFlags::ACK);
        let Some(connection) = self.claiming(tcp.source_port, tcp.destination_port, opens) else { return Ok(()) };
        let payload = parsed.packet.payload;
        let ack = connection.received(tcp, payload, octets);
        let early = connection.ends_early(tcp, payload.len());
        if is_leaving {
            return Ok(());
        }
        if let Some(detail) = early {
            self.found(Cause::Sent, detail)?;
            return ack.map_or(Ok(()), |Beyond { detail, .. }| self.found(Cause::AcknowledgesUnsent, detail));
        }
        if !payload.is_empty()
            && let Some(place) = connection.place(tcp)
            && !connection.is_keep_alive(tcp, payload)
        {
            let past = place.wrapping_add(payload.len() as u32);
            let (written, agrees) = (connection.written, pattern::agrees(payload, place, pattern::of_target));
            if past > written || !agrees {
                let detail = format!("octets {place} to {past} of a stream of {written} octets");
                if let (Some(steps), true) = (&mut self.runner.steps, past <= written) {
                    steps.pop();
                    let data = pattern::of_target(place, payload.len()).to_vec();
                    steps.push(Step::Right { at, octets: octets.to_vec(), data });
                }
                self.found(Cause::Sent, detail)?;
            }
        }
        match ack {
            Some(Beyond { acknowledgment, detail }) => {
                if let Some(steps) = &mut self.runner.steps {
                    steps.pop();
                    steps.push(Step::Beyond { at, octets: octets.to_vec(), acknowledgment });
                }
                self.found(Cause::AcknowledgesUnsent, detail)
            }
            None => Ok(()),
        }
    }

    /// The connection with these ends; one that the target opens learns the target's port from the SYN.
    fn claiming(&mut self, source: u16, destination: u16, opens: bool) -> Option<&mut Connection> {
        let connections = self.runner.connections.iter_mut().chain(std::iter::once(&mut self.runner.fresh));
        let connection = connections.into_iter().find(|connection| connection.port == destination)?;
        if connection.target_port == 0 && opens {
            connection.target_port = source;
        }
        (connection.target_port == source).then_some(connection)
    }

    /// Something is wrong with the target; the session goes on if that is known.
    fn found(&self, cause: Cause, detail: String) -> Result<(), Stop> {
        match self.runner.unless_known(Finding { cause, at: self.target.now(), detail }, self.frames) {
            Some(finding) => Err(Stop::Found(Box::new(finding))),
            None => Ok(()),
        }
    }

    fn failed(&self, error: TargetError) -> Stop {
        match error {
            TargetError::Gone(said) => {
                Stop::Found(Box::new(Finding { cause: Cause::gone(&said), at: self.target.now(), detail: said }))
            }
            TargetError::Unsupported(_) | TargetError::Environment { .. } | TargetError::Action { .. } => {
                Stop::Unsupported
            }
        }
    }
}
