//! The steps of a dialogue, one after the other.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use fastrand::Rng;

use super::channel::{Channel, Via, cuts};
use super::matching::Unjudgeable;
use super::waiting::MOST_PACKETS;
use super::{missing, probe, telling};
use crate::dialogue::framing::dns;
use crate::dialogue::tree::{Act, Action, Line, Message, Party, Protocol, Role, Step};
use crate::dialogue::{BuildError, Captures, Dialogue, Text, dns_message, print_party};
use crate::engine::outcome::{Blame, Failure, FailureKind, Outcome, Verdict};
use crate::engine::run::{Interrupt, Scratch};
use crate::engine::settings::Settings;
use crate::target::{Clock, Services, Target};
use crate::tester::{Datagram, Delivery, Peer, Schedule, Tester};
use crate::time::Instant;

/// How long a target is given after a stream has ended in its middle.
const AFTERMATH: Duration = Duration::from_millis(250);
/// How long after the end of a connection that of the target's process is known: where it ended in a failure, and where it
/// may be that of a dialogue that passes.
const UNTIL_END: Duration = Duration::from_millis(100);
const UNTIL_END_OF_PASS: Duration = Duration::from_millis(3);

/// What one run of a dialogue gave.
#[derive(Clone, Debug)]
pub struct Spoken {
    /// The verdict, and how it came about.
    pub outcome: Outcome,
    /// What the target answered.
    pub transcript: Transcript,
}

/// What the target answered, in the order of the dialogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript(pub Vec<Remark>);

/// One answer, or what became of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Line of the dialogue that it stands for, from 1.
    pub line: u32,
    /// What of it must not depend on how the octets before it were delivered.
    pub essence: String,
    /// The answer in one line, in the notation of dialogues.
    pub summary: String,
}

/// Why a run ends before its dialogue does. Boxed: results travel through every step.
pub(super) type Stopped = Box<Failure>;

/// Runs `dialogue` on `target`, the tester's streams delivered like this. What is random comes from the seed of
/// `delivery`.
///
/// Never panics on what a dialogue or target does; everything becomes a verdict.
pub fn speak(
    dialogue: &Dialogue,
    settings: &Settings,
    delivery: Delivery,
    target: &mut dyn Target,
    scratch: &mut Scratch,
) -> Spoken {
    let capabilities = target.capabilities();
    let (clock, services) = (capabilities.clock, capabilities.services.clone());
    let started = target.now();
    let delay_seen = target.scheduling_delay();
    let mut tester = Tester::new(target);
    tester.trace = std::mem::take(&mut scratch.trace);
    tester.trace.clear();
    let mut rng = Rng::with_seed(delivery.seed);
    let mut run = Run {
        role: dialogue.role,
        protocol: missing::protocol(dialogue),
        settings,
        services,
        delivery,
        clock,
        next_port: 49_152 + rng.u16(0..12_000),
        rng,
        tester,
        channels: BTreeMap::new(),
        captures: Captures::new(),
        unsaid: None,
        strays: VecDeque::new(),
        claimed: 0,
        interrupt: scratch.interrupt.clone(),
        delay_seen,
        worst_delay: 0,
        missing: Vec::new(),
        transcript: Transcript::default(),
        is_probing: false,
        until_end: None,
        counted: 0,
        packets: 0,
        octets: 0,
        most_packets: MOST_PACKETS,
    };
    if delivery.schedule.is_abortive() {
        run.until_end = probe::writes(dialogue).checked_sub(1).map(|last| run.rng.u32(0..=last));
    }
    let mut result = run.steps(dialogue);
    if delivery.schedule.is_abortive() && dialogue.role == Role::Server {
        // How the target answers before is judged where all of the dialogue is delivered.
        let is_served = result.as_ref().err().is_none_or(|failure| failure.kind.is_about_answers());
        if is_served {
            result = run.end_in_the_middle().and_then(|()| run.probe(dialogue));
        }
    }
    let ended = run.tester.target().now();
    let failure = run.look_at_target(result.err()).map(|failure| run.excuse(*failure));
    if !failure.as_ref().is_some_and(|failure| matches!(failure.kind, FailureKind::Gone | FailureKind::Flood)) {
        // Best effort: the next dialogue is to find a server that is rid of this one.
        _ = run.hang_up();
    }
    let verdict = match failure.as_ref().map(|failure| failure.blame) {
        None if !run.missing.is_empty() => Verdict::NotApplicable,
        None => Verdict::Pass,
        Some(Blame::Target) => Verdict::Fail,
        Some(Blame::Environment) => Verdict::Inconclusive,
        Some(Blame::Script | Blame::Harness) => Verdict::Error,
    };
    let Run { tester, transcript, worst_delay, missing, .. } = run;
    let outcome = Outcome { verdict, failure, missing, trace: tester.trace, started, ended, lateness: worst_delay };
    Spoken { outcome, transcript }
}

pub(super) struct Run<'a> {
    pub role: Role,
    /// The dialogue's own.
    pub protocol: Protocol,
    pub settings: &'a Settings,
    pub services: Services,
    pub delivery: Delivery,
    pub clock: Clock,
    pub rng: Rng,
    /// Port of the tester's next connection.
    pub next_port: u16,
    pub tester: Tester<'a>,
    pub channels: BTreeMap<u8, Channel>,
    pub captures: Captures,
    /// What the tester is about to say, on which connection.
    pub unsaid: Option<(u8, Vec<u8>)>,
    /// Datagrams from a client that no connection has claimed yet.
    pub strays: VecDeque<Datagram>,
    /// Connections of a client that were claimed.
    pub claimed: usize,
    pub interrupt: Option<Interrupt>,
    pub delay_seen: Duration,
    /// Greatest time in one wait that the tester was ready but did not run, in microseconds.
    pub worst_delay: u64,
    /// What the target refused, without which the dialogue judges nothing.
    pub missing: Vec<String>,
    pub transcript: Transcript,
    /// The steps are those of the plain conversation after a stream that ended in its middle.
    pub is_probing: bool,
    /// Events of the trace that were counted.
    pub counted: usize,
    /// Packets from the target, and their octets.
    pub packets: usize,
    pub octets: usize,
    /// More packets than this are a flood.
    pub most_packets: usize,
    /// So many writes come before the one in whose middle the stream ends.
    pub until_end: Option<u32>,
}

impl Run<'_> {
    pub(super) fn steps(&mut self, dialogue: &Dialogue) -> Result<(), Stopped> {
        if self.role == Role::Client {
            self.listen(dialogue);
        }
        for step in &dialogue.steps {
            if !self.is_probing {
                if self.has_ended_in_the_middle() {
                    return self.look_on();
                }
                self.tester.line = step.line;
            }
            self.step(step).map_err(|mut failure| {
                if self.is_probing {
                    // Its lines are not those of the dialogue.
                    failure.line = self.tester.line;
                    return failure;
                }
                if failure.line == 0 {
                    (failure.line, failure.span) = (step.line, Some(step.span));
                }
                failure
            })?;
        }
        self.say_it()?;
        self.settle()?;
        if self.has_ended_in_the_middle() && !self.is_probing { self.look_on() } else { Ok(()) }
    }

    /// Ends what is still open as the stream was to end that has not.
    fn end_in_the_middle(&mut self) -> Result<(), Stopped> {
        if self.has_ended_in_the_middle() {
            return Ok(());
        }
        for number in 0..self.tester.connections() {
            let Some(tcp) = self.tester.connection(number) else { continue };
            match self.delivery.schedule {
                Schedule::RstMiddle => tcp.abort(),
                Schedule::Vanish => tcp.vanish(),
                _ => tcp.finish(),
            }
        }
        self.until_end = None;
        self.look_on()
    }

    /// Whether the stream that was to end in its middle has.
    fn has_ended_in_the_middle(&self) -> bool {
        self.delivery.schedule.is_abortive() && self.until_end.is_none()
    }

    /// Reads on for a while, as far as the tester still reads; what comes is not judged.
    fn look_on(&mut self) -> Result<(), Stopped> {
        let until = self.now() + AFTERMATH;
        self.wait_until(until)
    }

    fn step(&mut self, step: &Step) -> Result<(), Stopped> {
        self.check_interrupt()?;
        match &step.action {
            Action::Say(party, line) => return self.say(*party, line),
            Action::Send(party, message) => return self.send(*party, message),
            _ => self.say_it()?,
        }
        if self.has_ended_in_the_middle() && !self.is_probing {
            return Ok(());
        }
        match &step.action {
            Action::Say(..) | Action::Send(..) => Ok(()),
            Action::Act(party, act) => self.act(*party, act),
            Action::Expect(party, alternatives) => self.expect(*party, alternatives),
            Action::Command(command) => self.command(command),
            Action::Do(name, arguments) => {
                let arguments = self.arguments(arguments)?;
                self.perform(name, &arguments).map(|_| ())
            }
            Action::Check(check) => self.check(check),
        }
    }

    /// Notes a line of text; it is sent with those that follow it directly.
    fn say(&mut self, party: Party, line: &Line) -> Result<(), Stopped> {
        let mut octets = self.octets(&line.text)?;
        if line.has_crlf {
            octets.extend_from_slice(b"\r\n");
        }
        match &mut self.unsaid {
            Some((connection, unsaid)) if *connection == party.connection => unsaid.extend(octets),
            _ => {
                self.say_it()?;
                self.unsaid = Some((party.connection, octets));
            }
        }
        Ok(())
    }

    /// Sends what was to be said, at once.
    fn say_it(&mut self) -> Result<(), Stopped> {
        let Some((connection, octets)) = self.unsaid.take() else { return Ok(()) };
        if self.channels.get(&connection).is_some_and(|channel| channel.is_over) {
            return Ok(());
        }
        self.open(connection)?;
        let party = self.party(connection, false);
        self.note(&telling::lines(&party, &octets), false);
        if let Some(channel) = self.channels.get_mut(&connection) {
            channel.requests.said(&octets);
        }
        self.write(connection, &octets)
    }

    /// Sends a DNS message.
    fn send(&mut self, party: Party, message: &Message) -> Result<(), Stopped> {
        self.say_it()?;
        let connection = party.connection;
        if self.channels.get(&connection).is_some_and(|channel| channel.is_over) {
            return Ok(());
        }
        self.open(connection)?;
        let id = self.rng.u16(..);
        let Some(channel) = self.channels.get_mut(&connection) else { return Ok(()) };
        let built = dns_message(message, id, channel.asked.as_ref(), &self.captures).map_err(unbuildable)?;
        if let Some(id) = built.octets.get(..2) {
            channel.queries.push_back(u16::from_be_bytes([id[0], id[1]]));
        }
        let told = telling::of_message(&dns::Message::parse(&built.octets));
        let octets = match channel.via {
            Via::Udp(_) => built.octets,
            _ => dns::framed(&built.octets, built.length),
        };
        let party = self.party(connection, false);
        self.note(&format!("{party}: {told}"), false);
        self.write(connection, &octets)
    }

    /// Hands octets to a connection that is open.
    fn write(&mut self, connection: u8, octets: &[u8]) -> Result<(), Stopped> {
        let ends_here = self.until_end == Some(0) && !self.is_probing;
        if ends_here && self.channels.get(&connection).is_some_and(|channel| matches!(channel.via, Via::Tcp(_))) {
            let how = match self.delivery.schedule {
                Schedule::RstMiddle => "resets in the middle of it",
                Schedule::Vanish => "vanishes in the middle of it",
                Schedule::FinMiddle => "half-closes in the middle of it",
                _ => "half-closes behind it",
            };
            self.note(&format!("{} {how}", self.party(connection, false)), false);
        }
        let Some(channel) = self.channels.get_mut(&connection) else { return Ok(()) };
        match channel.via {
            Via::Nothing => {}
            Via::Udp(ends) => self.tester.send(ends, octets).map_err(stopped)?,
            Via::Tcp(number) => {
                if let Some(tcp) = self.tester.connection(number) {
                    if ends_here {
                        tcp.deliver(self.delivery);
                    }
                    match &mut channel.secured {
                        Some(secured) => tcp.write(&secured.seal(octets), &[]),
                        None => tcp.write(octets, &cuts(octets, channel.protocol)),
                    }
                }
                if !self.is_probing {
                    self.until_end = self.until_end.and_then(|left| left.checked_sub(1));
                }
            }
        }
        self.settle()
    }

    /// What the tester does rather than says.
    fn act(&mut self, party: Party, act: &Act) -> Result<(), Stopped> {
        let connection = party.connection;
        let told = match act {
            Act::Wait(time) => {
                let until = self.now() + Duration::from_micros(time.micros());
                return self.wait_until(until);
            }
            Act::Connect(connect) => {
                self.note(&format!("{} connects", self.party(connection, false)), false);
                return self.connect(connection, connect);
            }
            Act::StartTls => "starts TLS",
            Act::Close => "closes",
            Act::HalfClose => "half-closes",
            Act::Reset => "resets",
            Act::Vanish => "vanishes",
        };
        if self.channels.get(&connection).is_some_and(|channel| channel.is_over) {
            return Ok(());
        }
        self.open(connection)?;
        self.note(&format!("{} {told}", self.party(connection, false)), false);
        let Some(channel) = self.channels.get_mut(&connection) else { return Ok(()) };
        let Via::Tcp(number) = channel.via else { return Ok(()) };
        if *act == Act::StartTls {
            return self.start_tls(connection);
        }
        channel.is_left = *act == Act::Close;
        if let Some(tcp) = self.tester.connection(number) {
            match act {
                Act::Reset => tcp.abort(),
                Act::Vanish => tcp.vanish(),
                _ => tcp.finish(),
            }
        }
        self.settle()
    }

    /// What the end of the target's process, if it has ended, makes of a failure or a pass; to a failure of the target
    /// belongs what is known of it.
    fn look_at_target(&mut self, failure: Option<Stopped>) -> Option<Stopped> {
        use FailureKind::{Connection, Flood, Gone, Missing, Timing};
        if failure.as_ref().is_some_and(|failure| failure.blame != Blame::Target) {
            return failure;
        }
        let kind = failure.as_ref().map(|failure| failure.kind);
        if matches!(kind, Some(Connection | Flood | Gone | Missing | Timing)) {
            // Another dialogue would find it as it is, and what it broke would not be what is told.
            self.tester.target().retire();
        }
        let patience = match kind {
            Some(Connection | Gone | Missing) => UNTIL_END,
            // It has ended a connection: perhaps because it ends.
            None if self.has_been_left() => UNTIL_END_OF_PASS,
            _ => Duration::ZERO,
        };
        let condition = self.tester.target().condition(patience);
        let mut failure = match (failure, condition.ended) {
            (Some(mut failure), Some(ended)) => {
                if failure.kind != Gone {
                    failure.message = format!("{ended}: {}", failure.message);
                    failure.kind = Gone;
                }
                failure
            }
            (Some(failure), None) => failure,
            (None, Some(ended)) if condition.has_failed => {
                let message = format!("{ended}, after all that the dialogue demands");
                Box::new(Failure::new(Blame::Target, Gone, message))
            }
            (None, _) => return None,
        };
        failure.evidence = condition.told;
        Some(failure)
    }

    /// Whether the target has ended a connection of which the tester had not.
    fn has_been_left(&mut self) -> bool {
        (0..self.tester.connections()).any(|number| {
            self.tester.connection(number).is_some_and(|tcp| tcp.has_finished() || matches!(tcp.peer(), Peer::Reset(_)))
        })
    }

    /// Ends what is still open.
    fn hang_up(&mut self) -> Result<(), Stopped> {
        self.tester.line = 0;
        for number in 0..self.tester.connections() {
            if let Some(tcp) = self.tester.connection(number)
                && !tcp.is_over()
            {
                tcp.abort();
            }
        }
        self.settle()
    }

    /// What the tester's own lateness explains is not the target's fault.
    fn excuse(&self, mut failure: Failure) -> Failure {
        let is_about_time = matches!(failure.kind, FailureKind::Missing | FailureKind::Timing | FailureKind::Unwanted);
        let is_late = Duration::from_micros(self.worst_delay) >= Duration::from_millis(500);
        if failure.blame == Blame::Target && self.clock == Clock::Real && is_about_time && is_late {
            failure.blame = Blame::Environment;
            let late = self.worst_delay as f64 / 1e6;
            failure.message = format!("{}; the tester itself was up to {late:.1} s late", failure.message);
        }
        failure
    }
}

/// What several steps need.
impl Run<'_> {
    pub(super) fn now(&mut self) -> Instant {
        self.tester.target().now()
    }

    /// Writes something into the conversation.
    pub(super) fn note(&mut self, told: &str, by_target: bool) {
        let (at, line) = (self.now(), self.tester.line);
        self.tester.trace.said(at, line, told, by_target);
    }

    /// How a dialogue writes one end of a connection.
    pub(super) fn party(&self, connection: u8, is_target: bool) -> String {
        let is_client = (self.role == Role::Client) == is_target;
        print_party(Party { is_client, connection })
    }

    fn octets(&self, text: &Text) -> Result<Vec<u8>, Stopped> {
        text.octets(&self.captures).map_err(|name| unbuildable(BuildError::Unknown(name)))
    }

    pub(super) fn arguments(&self, texts: &[Text]) -> Result<Vec<String>, Stopped> {
        texts.iter().map(|text| Ok(String::from_utf8_lossy(&self.octets(text)?).into_owned())).collect()
    }
}

pub(super) fn stopped(error: crate::target::TargetError) -> Stopped {
    Box::new(error.into())
}

pub(super) fn unjudgeable(Unjudgeable(message): Unjudgeable) -> Stopped {
    Box::new(Failure::new(Blame::Script, FailureKind::Script, message))
}

pub(super) fn unsupported(what: &str) -> Stopped {
    let message = format!("the tester does not speak {what}");
    Box::new(Failure::new(Blame::Harness, FailureKind::Harness, message))
}

fn unbuildable(error: BuildError) -> Stopped {
    Box::new(Failure::new(Blame::Script, FailureKind::Script, error.to_string()))
}
