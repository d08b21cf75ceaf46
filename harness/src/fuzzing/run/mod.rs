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
mod traffic;
mod unusual;

use std::time::Duration;

use crate::target::{CallOutput, Errno, Link, Target, TargetError, TargetFactory};
use crate::time::Instant;
use crate::wire::TcpFlags;

use super::finding::{Cause, Demand, Finding};
use super::known::{Known, Stimuli, Stimulus};
use super::memory;
use super::oracle::Oracle;
use super::session::{self, CONNECTIONS, Datagram, FaultKind, Session};
use answers::Answers;
use application::Application;
use connection::Connection;
use packet::Emitted;
pub(in crate::fuzzing) use shared::ADDRESSES;
pub use step::{Cut, Step};

/// Datagrams after which an advance of the clock ends early: the target repeats itself.
const LONGEST_ADVANCE: u32 = 128;
/// Datagrams of the target after which a session ends early, so that no session takes long.
const LONGEST_SESSION: u32 = 4_000;
/// Octets that a session may make a target hold, where an allocator counts them (see [`memory`]).
const MOST_MEMORY: usize = 64 << 20;
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
