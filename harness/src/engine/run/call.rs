//! Socket calls and code blocks in a run: issued when due, judged when they return.

use std::net::SocketAddr;

use super::Run;
use super::stop::Stop;
use super::timing::{self, Due};
use crate::engine::call::{self, CallContext, CallEffect};
use crate::engine::code::CodeFailure;
use crate::engine::connection::{Connection, State};
use crate::engine::outcome::{Blame, FailureKind};
use crate::script::tree::{Call, Event};
use crate::target::{CallId, CallMode, CallOutput, Returned, SocketCall};
use crate::trace::TraceEventKind;
use crate::wire::protocol;

/// The socket type of datagrams in the Linux ABI, without its flags.
const SOCK_DGRAM: i32 = 2;

/// How long a call that should return at once may take before the run gives up on it, in microseconds.
const PATIENCE: i64 = 5_000_000;

/// A call whose return is still to be judged.
#[derive(Debug)]
pub(super) struct Outstanding {
    id: CallId,
    call: Call,
    issued: SocketCall,
    event: EventPlace,
    /// When it must return, if it blocks: microseconds since the script's time 0, and the tolerance.
    end: Option<(Due, i64)>,
}

/// Where the call stands in the script.
#[derive(Clone, Copy, Debug)]
struct EventPlace {
    span: crate::script::Span,
    line: u32,
}

impl Run<'_> {
    pub(super) fn call(&mut self, event: &Event, call: &Call, due: &Due) -> Result<(), Stop> {
        if call.end.is_some() {
            self.await_outstanding(PATIENCE)?;
        }
        let context = self.call_context();
        let issued = call::lower(call, &context).map_err(|p| Stop::script(event, p.span, p.message))?;
        let effect = call::starts(&issued);
        self.learn_from_call(effect);
        let mode = if call.end.is_some() { CallMode::Blocking } else { CallMode::Immediate };
        let at = self.target.now();
        self.scratch.trace.note(at, event.line, TraceEventKind::Called);
        let id = self.target.call(issued.clone(), mode)?;
        let end = call.end.map(|end| {
            let end = Due { at: end + due.offset, end: None, any: due.any, offset: due.offset };
            (end, self.settings.tolerance(end.at - due.at))
        });
        let event = EventPlace { span: event.span, line: event.line };
        self.outstanding = Some(Outstanding { id, call: call.clone(), issued, event, end });
        if mode == CallMode::Immediate { self.await_outstanding(PATIENCE) } else { Ok(()) }
    }

    /// Waits until no call is outstanding, at the latest `patience` microseconds after it is due.
    pub(super) fn await_outstanding(&mut self, patience: i64) -> Result<(), Stop> {
        let Some(outstanding) = &self.outstanding else { return Ok(()) };
        let due = outstanding.end.as_ref().map_or(0, |(end, tolerance)| end.at + tolerance);
        let deadline = self.target.now().max(self.live(due)).offset(patience);
        while let Some(outstanding) = &self.outstanding {
            if self.target.now() >= deadline {
                let name = &outstanding.call.name.node;
                let message = match &outstanding.end {
                    Some((end, _)) => format!("{name} has not returned; it is due at {}", end.describe()),
                    None => format!("{name} has not returned; a call that may block needs `...TIME` before it"),
                };
                return Err(outstanding.event.stop(FailureKind::Call, message));
            }
            self.step(deadline)?;
        }
        Ok(())
    }

    /// Judges a call that returned.
    pub(super) fn returned(&mut self, returned: Returned) -> Result<(), Stop> {
        let value = returned.result.unwrap_or_else(|errno| -i64::from(errno.0));
        let Some(outstanding) = self.outstanding.take_if(|outstanding| outstanding.id == returned.id) else {
            return Ok(());
        };
        let place = outstanding.event;
        self.scratch.trace.note(returned.at, place.line, TraceEventKind::Returned(value));
        let checked = call::check(&outstanding.call, &outstanding.issued, &returned, &mut self.call_context());
        let effect = match checked {
            Ok(effect) => effect,
            Err(mismatch) => {
                let mut stop = place.stop(FailureKind::Call, mismatch.message);
                stop.failure.blame = mismatch.blame;
                if mismatch.blame == Blame::Script {
                    stop.failure.kind = FailureKind::Script;
                }
                stop.failure.span = mismatch.span.or(stop.failure.span);
                stop.failure.expected = mismatch.expected;
                stop.failure.actual = mismatch.actual;
                stop.failure.differences = mismatch.differences;
                stop.miss = mismatch.miss;
                if self.settings.non_fatal_syscall {
                    self.warning.get_or_insert(*stop.failure);
                    return Ok(());
                }
                return Err(stop);
            }
        };
        self.learn_from_call(effect);
        let Some((end, tolerance)) = outstanding.end else { return Ok(()) };
        let actual = self.since_start(returned.at);
        match end.miss(actual, tolerance) {
            None => Ok(()),
            Some(miss) => {
                let message = format!(
                    "{} returned at {} s; it is due at {}, tolerance {} s",
                    outstanding.call.name.node,
                    timing::seconds(actual),
                    end.describe(),
                    timing::seconds(tolerance)
                );
                let mut stop = place.stop(FailureKind::Timing, message);
                stop.miss = Some(miss);
                Err(stop)
            }
        }
    }

    /// The target's socket of the connection that the script speaks of.
    fn focused_fd(&self) -> Option<i32> {
        let focus = self.scratch.connections.focus().map(|id| self.scratch.connections.get(id));
        focus.and_then(|connection| connection.fd)
    }

    /// Keeps what the target's socket reports for a code block, which is judged at the end of the run.
    pub(super) fn collect_code(&mut self, event: &Event, text: &str) -> Result<(), Stop> {
        if self.focused_fd().is_none() {
            // The call that gives it may be on its way back.
            self.await_outstanding(PATIENCE)?;
        }
        let fd = self.focused_fd().ok_or_else(|| Stop::from(CodeFailure::no_socket(event.span, event.line)))?;
        let mut reported = Vec::new();
        for wanted in self.code.wants() {
            let value = vec![0; wanted.length];
            let call = SocketCall::GetSockOpt { fd, level: wanted.level, option: wanted.option, value };
            let id = self.target.call(call, CallMode::Immediate)?;
            let returned = self.await_return(event, id)?;
            reported.push(match (returned.result, returned.output) {
                (Ok(_), CallOutput::Data(value)) => Ok(value),
                (Ok(_), _) => Ok(Vec::new()),
                (Err(errno), _) => Err(errno),
            });
        }
        self.code.add(event.span, event.line, text, &reported).map_err(Stop::from)
    }

    /// The return of a call of the run's own; packets that come meanwhile are kept.
    fn await_return(&mut self, event: &Event, id: CallId) -> Result<Returned, Stop> {
        let deadline = self.target.now().offset(PATIENCE);
        while self.target.now() < deadline {
            if let Some(returned) = self.step_for(id, deadline)? {
                return Ok(returned);
            }
        }
        Err(Stop::at(event, Blame::Target, FailureKind::Call, "getsockopt for a code block did not return".into()))
    }

    fn call_context(&mut self) -> CallContext<'_> {
        CallContext { settings: self.settings, descriptors: &mut self.descriptors, script_epoch: self.started }
    }

    /// What the table of connections learns from a call.
    fn learn_from_call(&mut self, effect: CallEffect) {
        let connections = &mut self.scratch.connections;
        match effect {
            CallEffect::None => {}
            CallEffect::NewSocket { fd, kind, protocol: number, .. } => {
                let number = match (number, kind) {
                    (0, SOCK_DGRAM) => protocol::UDP,
                    (0, _) => protocol::TCP,
                    (number, _) => number as u8,
                };
                let remote = if number == protocol::UDP { self.settings.connect_port } else { 0 };
                let mut connection = Connection::new(number, State::New, &self.settings.link, 0, remote);
                connection.fd = Some(fd);
                connections.add(connection);
            }
            CallEffect::Bound { fd, address } => {
                if let Some(connection) = connections.by_fd(fd) {
                    connection.local.set_port(address.port());
                }
            }
            CallEffect::Listening { fd } => {
                if let Some(connection) = connections.by_fd(fd) {
                    connection.state = State::Listening;
                    if connection.local.port() == 0 {
                        connection.local.set_port(self.settings.bind_port);
                    }
                }
            }
            CallEffect::Connecting { fd, address } => {
                if let Some(connection) = connections.by_fd(fd)
                    && connection.state == State::New
                {
                    connection.state = State::Connecting;
                    connection.remote.set_port(address.port());
                }
            }
            CallEffect::Disconnected { fd } => {
                if let Some(connection) = connections.by_fd(fd) {
                    connection.state = State::New;
                }
            }
            CallEffect::Accepted { fd, peer, .. } => {
                let peer = peer.map(|peer| SocketAddr::new(peer.ip().to_canonical(), peer.port()));
                if let Some(connection) = peer.and_then(|peer| connections.by_peer(peer)) {
                    connection.fd = Some(fd);
                }
            }
            CallEffect::Closed { fd } => {
                if let Some(connection) = connections.by_fd(fd) {
                    connection.fd = None;
                }
            }
        }
    }
}

impl EventPlace {
    fn stop(self, kind: FailureKind, message: String) -> Stop {
        let mut stop = Stop::new(Blame::Target, kind, message);
        stop.failure.span = Some(self.span);
        stop.failure.line = self.line;
        stop
    }
}
