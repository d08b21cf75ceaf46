//! One run: the events of a script, one after the other, on one target.

mod assert;
mod call;
mod expect;
mod fragments;
mod inject;
mod ownership;
mod pending;
mod stop;
mod stream;
#[cfg(test)]
mod tests;
mod timing;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::call::Outstanding;
use self::pending::Pending;
use self::stop::Stop;
use self::timing::{Due, Previous};
use super::call::Descriptors;
use super::code::CodeCollector;
use super::connection::Connections;
use super::names::Names;
use super::outcome::{Blame, Failure, FailureKind, Outcome, Verdict};
use super::settings::Settings;
use crate::script::Script;
use crate::script::tree::{Action, Event};
use crate::target::{self, Clock, Target};
use crate::time::Instant;
use crate::trace::{Judgement, Trace, TraceEventKind};

/// A target that sends more packets than this in one run floods the link.
const FLOOD: usize = 20_000;

/// How often a run on a real clock looks whether it was interrupted, in microseconds.
const INTERRUPT_SLICE: u64 = 100_000;

/// How long a run waits at its end for a call that should have returned, in microseconds, as packetdrill does.
const LAST_CALL: i64 = 1_000_000;

/// Memory that one worker lends to run after run.
#[derive(Debug, Default)]
pub struct Scratch {
    received: Vec<u8>,
    sent: Vec<u8>,
    payload: Vec<u8>,
    pending: Vec<Pending>,
    connections: Connections,
    pub(in crate::engine) trace: Trace,
    pub(in crate::engine) interrupt: Option<Interrupt>,
    ninths: u32,
}

/// Tells runs to stop soon; shared by all workers.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Runs that share this stop soon, with what they know.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether to stop.
    pub fn is_interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Scratch {
    /// Memory for a worker whose runs `interrupt` can stop.
    pub fn with_interrupt(interrupt: Interrupt) -> Self {
        Scratch { interrupt: Some(interrupt), ..Scratch::default() }
    }

    /// Memory for a run that belongs to the one that has `scratch`.
    pub fn beside(scratch: &Scratch) -> Self {
        Scratch { interrupt: scratch.interrupt.clone(), ..Scratch::default() }
    }

    /// Runs begin so many ninths of a tick later than usual: see [`Target::epoch`].
    pub fn begin_later(&mut self, ninths: u32) {
        self.ninths = ninths;
    }

    /// Gives the memory of a trace that nobody reads any more to the next run.
    pub fn recycle(&mut self, trace: Trace) {
        self.trace = trace;
    }
}

/// Runs `script` on `target` with `settings`, which hold the script's own options already.
///
/// Never panics on what a script or target does; everything becomes a verdict.
pub fn run(script: &Script, settings: &Settings, target: &mut dyn Target, scratch: &mut Scratch) -> Outcome {
    scratch.pending.clear();
    scratch.connections.clear();
    scratch.trace.clear();
    let started = target.now();
    let mut run = Run {
        settings,
        started,
        clock: target.capabilities().clock,
        delay_seen: target.scheduling_delay(),
        stolen_before: target.steal_time(),
        target,
        scratch,
        descriptors: Descriptors::default(),
        names: Names::default(),
        code: CodeCollector::new(settings),
        previous: None,
        outstanding: None,
        late: 0,
        worst_delay: 0,
        packets: 0,
        ephemeral: 0,
        warning: None,
    };
    let result = run.execute(script);
    run.outcome(result)
}

struct Run<'a> {
    settings: &'a Settings,
    target: &'a mut dyn Target,
    scratch: &'a mut Scratch,
    clock: Clock,
    /// When the script's time 0 is, on the target's clock.
    started: Instant,
    descriptors: Descriptors,
    names: Names,
    code: CodeCollector,
    previous: Option<Previous>,
    /// The blocking call that has not returned yet.
    outstanding: Option<Outstanding>,
    /// Greatest lateness of an injection or call, in microseconds.
    late: u64,
    /// Greatest time in one wait that the tester was ready but did not run, in microseconds.
    worst_delay: u64,
    delay_seen: std::time::Duration,
    /// What the host had taken of the processors when the script began.
    stolen_before: std::time::Duration,
    /// Packets from the target so far.
    packets: usize,
    /// Ports of the tester handed out so far.
    ephemeral: u16,
    /// What differed without ending the run (`non_fatal`).
    warning: Option<Failure>,
}

impl Run<'_> {
    fn execute(&mut self, script: &Script) -> Result<(), Stop> {
        for command in &self.settings.init_scripts {
            self.shell(command, None)?;
        }
        if let Some(init) = &script.init {
            self.shell(&init.node, Some(init.span))?;
        }
        self.started = self.target.epoch(self.scratch.ninths).map_err(Stop::from)?;
        // What kept the tester waiting before time 0 made nothing late.
        self.delay_seen = self.target.scheduling_delay();
        self.stolen_before = self.target.steal_time();
        let result = self.events(script);
        // The clean-up command undoes what the script did, whatever came of it; the first failure is the one to tell.
        let cleanup = match &script.cleanup {
            Some(command) => self.shell(&command.node, Some(command.span)),
            None => Ok(()),
        };
        result.and(cleanup)?;
        self.code.finish().map_err(Stop::from)
    }

    fn events(&mut self, script: &Script) -> Result<(), Stop> {
        for (at, event) in script.events.iter().enumerate() {
            self.check_interrupt()?;
            let due = timing::due(event, self.previous, self.since_start(self.target.now()));
            self.event(event, &due, at > 0)?;
            self.previous = Some(Previous { at: due.at, anchored: timing::is_anchored(event) });
        }
        self.await_outstanding(LAST_CALL)?;
        self.drain()
    }

    fn event(&mut self, event: &Event, due: &Due, judge_start: bool) -> Result<(), Stop> {
        match &event.action {
            Action::Expect(expectation) => return self.expect(event, expectation, due),
            Action::Silence { until } => return self.silence(event, due, until + due.offset),
            Action::Inject(_) | Action::Assert(_) | Action::Call(_) | Action::Command(_) | Action::Code(_) => {}
        }
        if let Action::Call(call) = &event.action
            && call.end.is_none()
        {
            // As packetdrill: one call at a time; the outstanding one is given time to return.
            self.await_outstanding(LAST_CALL)?;
        }
        let late = self.wait_until(due.at)?;
        if judge_start {
            self.judge_start(event, due, late)?;
        }
        match &event.action {
            Action::Inject(spec) => self.inject(event, spec, late),
            Action::Assert(assertion) => self.assert(event, assertion),
            Action::Call(call) => self.call(event, call, due),
            Action::Command(command) => self.shell(command, Some(event.span)),
            Action::Code(text) => self.collect_code(event, text),
            Action::Expect(_) | Action::Silence { .. } => Ok(()),
        }
    }

    /// A tester that is late itself cannot judge; a script whose time has passed already is the script's fault.
    fn judge_start(&mut self, event: &Event, due: &Due, late: i64) -> Result<(), Stop> {
        let tolerance = due.tolerance(self.previous, self.settings);
        self.late = self.late.max(late as u64);
        if late <= tolerance {
            return Ok(());
        }
        let message =
            format!("this event was due at {} but its turn came {} s later", due.describe(), timing::seconds(late));
        let blame = if self.clock == Clock::Virtual { Blame::Script } else { Blame::Environment };
        Err(Stop::at(event, blame, FailureKind::Timing, message))
    }

    /// Microseconds from the script's time 0 to `instant`.
    fn since_start(&self, instant: Instant) -> i64 {
        instant.micros_since(self.started)
    }

    /// The target's time for a time of the script.
    fn live(&self, micros: i64) -> Instant {
        self.started.offset(micros)
    }

    /// Waits until `due`, keeping packets that come meanwhile; gives by how many microseconds it is late.
    fn wait_until(&mut self, due: i64) -> Result<i64, Stop> {
        let deadline = self.live(due);
        while self.target.now() < deadline {
            self.step(deadline)?;
        }
        Ok(self.since_start(self.target.now()).saturating_sub(due).max(0))
    }

    /// Waits for one thing to happen, at the latest until `deadline`; false if nothing did.
    fn step(&mut self, deadline: Instant) -> Result<bool, Stop> {
        let slice = match self.clock {
            Clock::Virtual => deadline,
            Clock::Real => deadline.min(self.target.now().offset(INTERRUPT_SLICE as i64)),
        };
        let event = self.wait_for(slice)?;
        match event {
            target::Event::Packet(at) => {
                self.keep_packet(at)?;
                Ok(true)
            }
            target::Event::Returned(returned) => {
                self.returned(returned)?;
                Ok(true)
            }
            target::Event::Deadline => {
                self.check_interrupt()?;
                Ok(slice < deadline)
            }
        }
    }

    /// As [`Run::step`], but gives the return of call `id` to the caller instead of judging it.
    fn step_for(&mut self, id: target::CallId, deadline: Instant) -> Result<Option<target::Returned>, Stop> {
        match self.wait_for(deadline)? {
            target::Event::Returned(returned) if returned.id == id => Ok(Some(returned)),
            target::Event::Returned(returned) => self.returned(returned).map(|()| None),
            target::Event::Packet(at) => self.keep_packet(at).map(|()| None),
            target::Event::Deadline => Ok(None),
        }
    }

    /// Waits on the target and notes how long the tester was kept from running meanwhile.
    fn wait_for(&mut self, deadline: Instant) -> Result<target::Event, Stop> {
        let event = self.target.wait(deadline, &mut self.scratch.received)?;
        let delay = self.target.scheduling_delay();
        self.worst_delay = self.worst_delay.max(delay.saturating_sub(self.delay_seen).as_micros() as u64);
        self.delay_seen = delay;
        Ok(event)
    }

    fn keep_packet(&mut self, at: Instant) -> Result<(), Stop> {
        self.packets += 1;
        if self.packets > FLOOD {
            return Err(Stop::flood(self.packets));
        }
        self.scratch.trace.received(at, 0, &self.scratch.received, Judgement::Remaining);
        self.scratch.pending.push(Pending { at, trace: self.scratch.trace.events.len() - 1 });
        Ok(())
    }

    fn check_interrupt(&self) -> Result<(), Stop> {
        match &self.scratch.interrupt {
            Some(interrupt) if interrupt.is_interrupted() => Err(Stop::interrupted()),
            _ => Ok(()),
        }
    }

    /// Takes what is there already, so that the trace is complete.
    fn drain(&mut self) -> Result<(), Stop> {
        let now = self.target.now();
        while self.step(now)? {}
        Ok(())
    }

    fn shell(&mut self, command: &str, span: Option<crate::script::Span>) -> Result<(), Stop> {
        let interrupt = self.scratch.interrupt.clone();
        let go_on = || !interrupt.as_ref().is_some_and(Interrupt::is_interrupted);
        let result = self.target.command(command, &[], &go_on);
        self.check_interrupt()?;
        let at = self.target.now();
        match result {
            Ok(output) => {
                self.scratch.trace.note(at, 0, TraceEventKind::Command(output.status));
                if output.status == 0 { Ok(()) } else { Err(Stop::command(command, &output, span)) }
            }
            Err(error) => Err(Stop::from(error)),
        }
    }

    fn outcome(mut self, result: Result<(), Stop>) -> Outcome {
        let ended = self.target.now();
        let mut lateness = self.lateness();
        let failure = match result {
            Ok(()) => self.warning.take(),
            Err(stop) => {
                // Before anything else waits: the lateness of clean-up and code blocks explains no failure.
                let failure = self.excuse(*stop.failure, stop.miss);
                if failure.kind.is_of_time() {
                    lateness = lateness.max(self.stolen());
                }
                // Best effort: what the target still has to say makes the trace more useful.
                if !matches!(failure.kind, FailureKind::Gone | FailureKind::Flood | FailureKind::Interrupted) {
                    _ = self.drain();
                }
                Some(failure)
            }
        };
        let verdict = match &failure {
            None => Verdict::Pass,
            Some(failure) => match failure.blame {
                Blame::Target => Verdict::Fail,
                Blame::Environment => Verdict::Inconclusive,
                Blame::Script | Blame::Harness => Verdict::Error,
            },
        };
        let trace = std::mem::take(&mut self.scratch.trace);
        Outcome { verdict, failure, missing: Vec::new(), trace, started: self.started, ended, lateness }
    }

    /// The tester's own lateness, in microseconds: injections and calls, and time it was kept from running.
    fn lateness(&self) -> u64 {
        self.late.max(self.worst_delay)
    }

    /// What the host took of the processors since the script began, in microseconds.
    fn stolen(&self) -> u64 {
        self.target.steal_time().saturating_sub(self.stolen_before).as_micros() as u64
    }

    /// What the tester's own lateness may explain is not the target's fault: a miss smaller than it, or anything at
    /// all once it is beyond what the script tolerates. Nor is the target late by its own fault as long as a host kept
    /// it from its work.
    fn excuse(&self, mut failure: Failure, miss: Option<i64>) -> Failure {
        if failure.blame != Blame::Target || self.clock != Clock::Real {
            return failure;
        }
        let (own, miss) = (self.lateness(), miss.map(i64::unsigned_abs));
        let stolen = if failure.kind.is_of_time() { self.stolen() } else { 0 };
        let told = if miss.is_some_and(|miss| miss <= own) || own > self.settings.tolerance_usecs {
            format!("the tester itself was up to {} s late", timing::seconds(own as i64))
        } else if stolen > 0 && miss.is_none_or(|miss| miss <= stolen) {
            format!("the host took {} s of the processors' time meanwhile", timing::seconds(stolen as i64))
        } else {
            return failure;
        };
        failure.blame = Blame::Environment;
        failure.message = format!("{}; {told}", failure.message);
        failure
    }
}
