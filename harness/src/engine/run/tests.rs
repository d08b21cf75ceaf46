//! Runs against a target that plays back what the test tells it.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::{Scratch, run};
use crate::engine::{Blame, FailureKind, Interrupt, Outcome, Settings, Verdict};
use crate::script::{self, Definitions};
use crate::target::{
    CallId, CallMode, CallOutput, Capabilities, Clock, Event, IpVersion, Returned, Services, SocketCall, Target,
    TargetError,
};
use crate::time::Instant;
use crate::trace::{Judgement, TraceEventKind};
use crate::wire::{Header, Ipv4, Packet, Tcp, TcpFlags, TcpOptions};

/// The target's initial sequence number.
const ISN: u32 = 0xffff_fff0;

/// What the played-back target does.
struct Replay {
    capabilities: Capabilities,
    now: Instant,
    /// Packets to send: when, and what. They are built from the ports of the first injected segment.
    sends: VecDeque<(u64, Segment)>,
    returns: VecDeque<Returned>,
    calls: u32,
    tester_port: u16,
    delay: Duration,
    /// What the host takes of the processors once the script has begun, and has taken.
    steals: Duration,
    stolen: Duration,
    /// How long it takes until accept() returns, in microseconds.
    accept_takes: i64,
    /// Every wait takes this much longer than asked.
    oversleep: u64,
    dies_at: Option<u64>,
    floods: bool,
}

/// A segment of the target, its numbers relative to the initial sequence numbers.
#[derive(Clone, Default)]
struct Segment {
    flags: &'static str,
    sequence: u32,
    ack: u32,
    payload: Vec<u8>,
    window: u16,
    options: Vec<u8>,
    bad_checksum: bool,
}

fn segment(flags: &'static str, sequence: u32, length: usize, ack: u32) -> Segment {
    Segment { flags, sequence, ack, payload: vec![0; length], window: 1000, ..Segment::default() }
}

impl Replay {
    fn new(clock: Clock, sends: Vec<(u64, Segment)>) -> Self {
        Replay {
            capabilities: Capabilities {
                clock,
                ip_versions: BTreeSet::from([IpVersion::Ipv4]),
                calls: BTreeSet::new(),
                socket_options: None,
                sockets: BTreeSet::new(),
                commands: false,
                blocking_calls: true,
                features: BTreeSet::new(),
                services: Services::default(),
            },
            now: Instant::ZERO,
            sends: sends.into(),
            returns: VecDeque::new(),
            calls: 0,
            tester_port: 0,
            delay: Duration::ZERO,
            steals: Duration::ZERO,
            stolen: Duration::ZERO,
            accept_takes: 0,
            oversleep: 0,
            dies_at: None,
            floods: false,
        }
    }

    fn emit(&self, segment: &Segment, out: &mut Vec<u8>) {
        let link = crate::target::Link::default_for(IpVersion::Ipv4);
        let (std::net::IpAddr::V4(local), std::net::IpAddr::V4(remote)) = (link.local, link.remote) else { return };
        let flags: TcpFlags = segment.flags.parse().expect("the test writes flags that exist");
        let ack = if flags.contains(TcpFlags::ACK) { segment.ack } else { 0 };
        let mut tcp = Tcp {
            sequence: segment.sequence.wrapping_add(ISN),
            acknowledgment: ack,
            flags,
            window: segment.window,
            options: TcpOptions::from_raw(&segment.options),
            ..Tcp::new(8080, self.tester_port)
        };
        if segment.bad_checksum {
            tcp.checksum = crate::wire::Field::Forced(0x1234);
        }
        out.clear();
        Packet::new([Header::Ipv4(Ipv4::new(local, remote)), Header::Tcp(tcp)], &segment.payload).emit(out);
    }
}

impl Target for Replay {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        if let Some(tcp) = Packet::parse(packet, None).packet.tcp() {
            self.tester_port = tcp.source_port;
        }
        Ok(())
    }

    fn call(&mut self, call: SocketCall, _: CallMode) -> Result<CallId, TargetError> {
        let id = CallId(self.calls);
        self.calls += 1;
        let peer =
            std::net::SocketAddr::new(crate::target::Link::default_for(IpVersion::Ipv4).remote, self.tester_port);
        let (value, takes, output) = match call {
            SocketCall::Socket { .. } => (3, 0, CallOutput::None),
            SocketCall::Accept { .. } => (4, self.accept_takes, CallOutput::Address(peer)),
            _ => (0, 0, CallOutput::None),
        };
        let returned = Returned { id, at: self.now.offset(takes), result: Ok(value), output };
        self.returns.push_back(returned);
        Ok(id)
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        self.stolen = self.steals;
        if self.returns.front().is_some_and(|returned| returned.at <= deadline.max(self.now))
            && let Some(returned) = self.returns.pop_front()
        {
            self.now = self.now.max(returned.at);
            return Ok(Event::Returned(returned));
        }
        if self.floods {
            self.emit(&segment(".", 1, 0, 1), packet);
            return Ok(Event::Packet(self.now));
        }
        if self.sends.is_empty() && self.dies_at.is_some_and(|at| deadline.micros() >= at) {
            return Err(TargetError::Gone("it exited with status 1".into()));
        }
        match self.sends.front() {
            Some((at, _)) if *at <= deadline.micros().max(self.now.micros()) => {
                let (at, segment) = self.sends.pop_front().expect("the front was just seen");
                self.now = self.now.max(Instant::from_micros(at));
                self.emit(&segment, packet);
                Ok(Event::Packet(self.now))
            }
            _ => {
                self.now = self.now.max(deadline.offset(self.oversleep as i64));
                Ok(Event::Deadline)
            }
        }
    }

    fn scheduling_delay(&self) -> Duration {
        self.delay
    }

    fn steal_time(&self) -> Duration {
        self.stolen
    }
}

const HANDSHAKE: &str = "0 < S 0:0(0) win 1000 <mss 1460>\n+0 > S. 0:0(0) ack 1 <...>\n+0 < . 1:1(0) ack 1 win 1000\n";

fn syn_ack() -> (u64, Segment) {
    (0, segment("S.", 0, 0, 1))
}

fn run_on(target: &mut Replay, text: &str) -> Outcome {
    let definitions = Definitions::default();
    let script = script::parse(text, &definitions).unwrap_or_else(|d| panic!("the test's script parses: {d:?}"));
    run(&script, &Settings::new(IpVersion::Ipv4), target, &mut Scratch::default())
}

fn outcome(sends: Vec<(u64, Segment)>, rest: &str) -> Outcome {
    let mut all = vec![syn_ack()];
    all.extend(sends);
    run_on(&mut Replay::new(Clock::Virtual, all), &format!("{HANDSHAKE}{rest}"))
}

fn failure(outcome: &Outcome) -> (Verdict, FailureKind, &str) {
    let failure = outcome.failure.as_ref().expect("the run does not pass");
    (outcome.verdict, failure.kind, &failure.message)
}

#[test]
fn numbers_are_mapped_across_the_wrap() {
    let outcome = outcome(vec![(1_000, segment("P.", 1, 100, 1))], "+.001 > P. 1:101(100) ack 1\n");
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.failure);
}

#[test]
fn a_differing_field_is_named_with_both_values() {
    let outcome = outcome(vec![(1_000, segment("P.", 2, 100, 5))], "+.001 > P. 1:101(100) ack 1\n");
    let failure = outcome.failure.as_ref().expect("the run fails");
    assert_eq!(failure.message, "the packet differs in sequence number, acknowledgment number");
    assert_eq!(failure.actual.as_deref(), Some("P. 2:102(100) ack 5 win 1000"));
    assert_eq!((failure.line, failure.blame), (4, Blame::Target));
    assert_eq!((failure.differences[0].expected.as_str(), failure.differences[0].actual.as_str()), ("1", "2"));
}

#[test]
fn a_missing_packet_is_waited_for_and_reported() {
    let outcome = outcome(vec![], "+.5 > P. 1:101(100) ack 1\n");
    assert_eq!(failure(&outcome).1, FailureKind::Missing);
    assert_eq!(failure(&outcome).2, "no packet came until 2.562500 s; one is due at 0.500000 s");
}

#[test]
fn time_is_judged_with_the_larger_tolerance() {
    let in_time = outcome(vec![(1_120_000, segment(".", 1, 0, 1))], "+1 > . 1:1(0) ack 1\n");
    assert_eq!(in_time.verdict, Verdict::Pass, "{:?}", in_time.failure);
    let late = outcome(vec![(1_130_000, segment(".", 1, 0, 1))], "+1 > . 1:1(0) ack 1\n");
    assert_eq!(failure(&late).0, Verdict::Fail);
    assert_eq!(failure(&late).1, FailureKind::Timing);
    let early = outcome(vec![(870_000, segment(".", 1, 0, 1))], "+1 > . 1:1(0) ack 1\n");
    assert_eq!(
        failure(&early).2,
        "the packet came at 0.870000 s, 0.005000 s too early: it is due at 1.000000 s, tolerance 0.125000 s"
    );
}

#[test]
fn segments_that_make_up_one_are_gathered_unless_strict() {
    let parts = || vec![(0, segment(".", 1, 100, 1)), (0, segment("P.", 101, 100, 1))];
    assert_eq!(outcome(parts(), "+0 > P. 1:201(200) ack 1\n").verdict, Verdict::Pass);
    let mut all = vec![syn_ack()];
    all.extend(parts());
    let strict = run_on(
        &mut Replay::new(Clock::Virtual, all),
        &format!("--strict_segments\n{HANDSHAKE}+0 > P. 1:201(200) ack 1\n"),
    );
    // Settings of the script are applied by the caller; here they are the defaults, so the option changes nothing.
    assert_eq!(strict.verdict, Verdict::Pass);
    let unequal = vec![(0, segment(".", 1, 100, 1)), (0, segment("P.", 111, 100, 1))];
    assert_eq!(failure(&outcome(unequal, "+0 > P. 1:201(200) ack 1\n")).1, FailureKind::Packet);
}

#[test]
fn a_wrong_checksum_is_always_seen() {
    let bad = Segment { bad_checksum: true, ..segment(".", 1, 0, 1) };
    let outcome = outcome(vec![(0, bad)], "+0 > . 1:1(0) ack 1\n");
    assert_eq!(failure(&outcome).1, FailureKind::Malformed);
}

#[test]
fn one_of_several_answers_is_enough() {
    let rst = || vec![(0, segment("R.", 1, 0, 1))];
    let either = "+0 > . 1:1(0) ack 1 or > R. 1:1(0) ack 1\n";
    assert_eq!(outcome(rst(), either).verdict, Verdict::Pass);
    let neither = outcome(vec![(0, segment("F.", 1, 0, 1))], either);
    assert_eq!(failure(&neither).2, "the packet is none of the 2 allowed answers");
    assert_eq!(outcome(vec![], "+0 > R. 1:1(0) ack 1 or silence\n").verdict, Verdict::Pass);
}

#[test]
fn silence_is_broken_by_any_packet_for_the_tester() {
    let late = || vec![(900_000, segment(".", 1, 0, 1))];
    assert_eq!(outcome(late(), "+0...0.8 silence\n").verdict, Verdict::Pass);
    let broken = outcome(late(), "+0...1 silence\n");
    assert_eq!(
        failure(&broken),
        (Verdict::Fail, FailureKind::Unwanted, "a packet came at 0.900000 s, where silence is due")
    );
}

#[test]
fn an_optional_packet_may_stay_away_or_be_anothers() {
    let ack = |at| (at, segment(".", 1, 0, 1));
    let text = "+0 >? . 1:1(0) ack 1\n+0 > F. 1:1(0) ack 1\n";
    assert_eq!(outcome(vec![ack(0), (0, segment("F.", 1, 0, 1))], text).verdict, Verdict::Pass);
    assert_eq!(outcome(vec![(0, segment("F.", 1, 0, 1))], text).verdict, Verdict::Pass);
}

#[test]
fn a_stream_may_come_in_any_segmentation() {
    let text = "+0 > stream 1:201(200) ack 1\n";
    let cut = |at: usize| {
        vec![
            (0, segment(".", 1, at, 1)),
            (0, segment(".", 1 + at as u32, 0, 1)),
            (0, segment("P.", 1 + at as u32, 200 - at, 1)),
        ]
    };
    for at in [1, 100, 199] {
        assert_eq!(outcome(cut(at), text).verdict, Verdict::Pass);
    }
    let gap = vec![(0, segment(".", 1, 100, 1)), (0, segment("P.", 102, 99, 1))];
    assert_eq!(failure(&outcome(gap, text)).2, "the segment does not fit the stream in sequence number");
    let short = vec![(0, segment(".", 1, 100, 1))];
    assert_eq!(failure(&outcome(short, text)).2, "the stream is incomplete: octets from 101 on are missing");
}

#[test]
fn what_is_left_over_is_kept_in_the_trace() {
    let outcome = outcome(vec![(0, segment(".", 1, 0, 1)), (0, segment("R", 1, 0, 0))], "+0 > . 1:1(0) ack 1\n");
    let judgements: Vec<Judgement> = outcome
        .trace
        .events
        .iter()
        .filter_map(|event| match event.kind {
            TraceEventKind::Received { judgement, .. } => Some(judgement),
            _ => None,
        })
        .collect();
    assert_eq!(judgements, [Judgement::Expected, Judgement::Expected, Judgement::Remaining]);
}

#[test]
fn a_late_tester_is_inconclusive_and_a_late_target_is_not() {
    let text = format!("{HANDSHAKE}+1 > . 1:1(0) ack 1\n");
    let mut on_time = Replay::new(Clock::Real, vec![syn_ack(), (1_135_000, segment(".", 1, 0, 1))]);
    assert_eq!(failure(&run_on(&mut on_time, &text)).0, Verdict::Fail);
    let mut late = Replay::new(Clock::Real, vec![syn_ack(), (1_135_000, segment(".", 1, 0, 1))]);
    late.oversleep = 20_000;
    let outcome = run_on(&mut late, &format!("{HANDSHAKE}+.1 < . 1:1(0) ack 1 win 1000\n+.9 > . 1:1(0) ack 1\n"));
    assert_eq!(failure(&outcome).0, Verdict::Inconclusive);
}

/// Where accept() was about to return the script was blamed for a block without a socket.
#[test]
fn a_code_block_waits_for_the_call_that_gives_its_socket() {
    let mut target = Replay::new(Clock::Real, vec![syn_ack()]);
    target.accept_takes = 250_000;
    let script = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n0 bind(3, ..., ...) = 0\n0 listen(3, 1) = 0\n\
                  0 < S 0:0(0) win 1000 <mss 1460>\n+0 > S. 0:0(0) ack 1 <...>\n+0...0.25 accept(3, ..., ...) = 4\n\
                  +.1 < . 1:1(0) ack 1 win 1000\n+.149 %{ assert True }%\n";
    let outcome = run_on(&mut target, script);
    // Where there is no python3 the block cannot run.
    let is_as_expected = outcome.failure.as_ref().is_none_or(|failure| failure.blame == Blame::Environment);
    assert!(is_as_expected, "{:?}", outcome.failure);
}

/// A host that took half of the processors made calls of the kernel return up to 260 ms late, and the kernel was blamed.
#[test]
fn a_target_is_not_blamed_for_what_a_host_kept_it_from() {
    let run = |steals, late: u64, rest: &str| {
        let mut target = Replay::new(Clock::Real, vec![syn_ack(), (1_000_000 + late, segment(".", 1, 0, 1))]);
        target.steals = Duration::from_millis(steals);
        run_on(&mut target, &format!("{HANDSHAKE}{rest}"))
    };
    let expected = "+1 > . 1:1(0) ack 1\n";
    let in_time = run(10, 100_000, expected);
    assert_eq!(in_time.verdict, Verdict::Pass, "tolerance is an eighth of the second: {:?}", in_time.failure);
    let stolen = run(10, 130_000, expected);
    let (verdict, _, message) = failure(&stolen);
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(message.contains("the host took 0.010000 s") && stolen.lateness >= 10_000, "{message}");
    assert_eq!(failure(&run(10, 900_000, expected)).0, Verdict::Fail, "more than all that was taken");
    let differs = "+1 > P. 1:1(0) ack 1\n";
    assert_eq!(failure(&run(10, 0, differs)).0, Verdict::Fail, "another packet is none that is late");
}

#[test]
fn a_flood_a_death_and_an_interrupt_have_verdicts() {
    let mut flood = Replay::new(Clock::Virtual, vec![]);
    flood.floods = true;
    let flooded = run_on(&mut flood, "0 < S 0:0(0) win 1000\n+1...2 silence\n");
    assert!(matches!(failure(&flooded), (Verdict::Fail, FailureKind::Flood, _)));

    let mut dead = Replay::new(Clock::Virtual, vec![syn_ack()]);
    dead.dies_at = Some(500_000);
    let died = run_on(&mut dead, &format!("{HANDSHAKE}+1 < . 1:1(0) ack 1 win 1000\n"));
    assert_eq!(failure(&died), (Verdict::Fail, FailureKind::Gone, "the target is gone: it exited with status 1"));
    assert!(died.trace.events.len() >= 3, "what was measured is kept");

    let interrupt = Interrupt::default();
    interrupt.interrupt();
    let script = script::parse(HANDSHAKE, &Definitions::default()).expect("the test's script parses");
    let mut scratch = Scratch::with_interrupt(interrupt);
    let mut target = Replay::new(Clock::Virtual, vec![]);
    let stopped = run(&script, &Settings::new(IpVersion::Ipv4), &mut target, &mut scratch);
    assert_eq!(failure(&stopped).1, FailureKind::Interrupted);
}

#[test]
fn a_timestamp_echo_is_mapped_to_the_live_value() {
    let live = |value: u32, echo: u32| {
        let mut octets = vec![1, 1, 8, 10];
        octets.extend_from_slice(&value.to_be_bytes());
        octets.extend_from_slice(&echo.to_be_bytes());
        octets
    };
    let answer = Segment { options: live(70_000, 10), ..segment("S.", 0, 0, 1) };
    let text = "0 < S 0:0(0) win 1000 <TS val 10 ecr 0,nop,nop>\n\
                +0 > S. 0:0(0) ack 1 <nop,nop,TS val 100 ecr 10>\n\
                +0 < . 1:1(0) ack 1 win 1000 <nop,nop,TS val 20 ecr 100>\n";
    let outcome = run_on(&mut Replay::new(Clock::Virtual, vec![(0, answer)]), text);
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.failure);
    let echoed = outcome.trace.events.iter().rev().find_map(|event| match &event.kind {
        TraceEventKind::Injected { octets, .. } => Some(outcome.trace.octets(octets).to_vec()),
        _ => None,
    });
    let octets = echoed.expect("the last segment was injected");
    assert_eq!(octets[octets.len() - 4..], 70_000u32.to_be_bytes());
}

/// What becomes of assertions after two acknowledgments, at 1 s and 4 s, of which the second has another window.
fn asserted(assertions: &str) -> Outcome {
    let sends = vec![
        (1_000_000, Segment { window: 7, ..segment(".", 1, 0, 1) }),
        (4_000_000, Segment { window: 9, ..segment(".", 1, 0, 1) }),
    ];
    let captures = "with tcp.sequence as seq, tcp.window as win, time as";
    let rest = format!("*  > . 1:1(0) ack 1 {captures} t1\n* > . 1:1(0) ack 1 {captures} t2\n{assertions}");
    outcome(sends, &rest)
}

#[test]
fn captured_values_are_those_of_the_wire() {
    for holds in [
        "win == 9",
        // The target's ISN lies just below 2^32.
        "seq == 4294967281",
        "t2 - t1 == 3s",
        "t2 - t1 > 2999ms",
        "count(seq) == 2",
        "distinct(win) == 2",
        "distinct(seq) == count(seq) - 1",
        "before(seq, seq + 20 & 0xffffffff)",
        "before(seq + 20, 100)",
        "(5 - 7) % 4294967296 == 4294967294",
        "-7 / 2 == -4",
        "1 << 4 | 1 == 17",
        "win - 1 - 1 == 7",
    ] {
        let outcome = asserted(&format!("+0 assert {holds}\n"));
        assert_eq!(outcome.verdict, Verdict::Pass, "{holds}: {:?}", outcome.failure);
    }
}

#[test]
fn an_assertion_that_does_not_hold_shows_its_values() {
    for (assertion, said) in [
        ("t2 - t1 > 4 * t1", "the assertion does not hold: 3000000 > 4000000, where t2 = 4000000, t1 = 1000000"),
        ("win * 2 < t1 - t1", "18 < 0, where win = 9, t1 = 1000000"),
        ("count(win) == 3", "2 == 3"),
        ("before(9, 9)", "before(9, 9)"),
        ("before(10, 9)", "before(10, 9)"),
    ] {
        let outcome = asserted(&format!("+0 assert {assertion}\n"));
        let (verdict, kind, message) = failure(&outcome);
        assert_eq!((verdict, kind), (Verdict::Fail, FailureKind::Assertion), "{assertion}");
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn what_has_no_value_is_the_scripts_fault() {
    for (assertion, said) in [
        ("1 / (win - 9) == 0", "divides by zero"),
        ("1 << 70 == 0", "has more than 64 bits"),
        ("9223372036854775807 + win > 0", "has more than 64 bits"),
    ] {
        let outcome = asserted(&format!("+0 assert {assertion}\n"));
        let (verdict, kind, message) = failure(&outcome);
        assert_eq!((verdict, kind), (Verdict::Error, FailureKind::Script), "{assertion}");
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn a_formula_is_compared_with_a_field_and_wraps_as_the_field_does() {
    let sends = || vec![(0, segment(".", 1, 0, 1)), (0, segment(".", 1, 0, 1))];
    let with = |value: &str| {
        let rest =
            format!("+0 > . 1:1(0) ack 1 with tcp.sequence as s\n+0 > . 1:1(0) ack 1 with tcp.sequence={value}\n");
        outcome(sends(), &rest)
    };
    assert_eq!(with("s").verdict, Verdict::Pass);
    assert_eq!(with("s + 4294967296").verdict, Verdict::Pass);
    assert_eq!(with("s - (1 << 32)").verdict, Verdict::Pass);
    let off = with("s + 1");
    assert_eq!(failure(&off), (Verdict::Fail, FailureKind::Packet, "the packet differs in tcp.sequence"));
}

#[test]
fn what_a_packet_lacks_is_not_captured() {
    let rest = "+0 > . 1:1(0) ack 1 with tcp.timestamp_value as v\n+0 assert v > 0\n";
    let outcome = outcome(vec![(0, segment(".", 1, 0, 1))], rest);
    let (verdict, kind, message) = failure(&outcome);
    assert_eq!((verdict, kind), (Verdict::Fail, FailureKind::Packet), "{message}");
    assert_eq!(message, "the packet differs in tcp.timestamp_value");
}

#[test]
fn options_are_captured_where_they_are() {
    let timestamps = vec![1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 0, 5];
    let rest = "+0 > . 1:1(0) ack 1 <...> with tcp.timestamp_value as v, tcp.timestamp_echo_reply as e\n\
                +0 assert v == 256\n+0 assert e == 5\n";
    let outcome = outcome(vec![(0, Segment { options: timestamps, ..segment(".", 1, 0, 1) })], rest);
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.failure);
}

#[test]
fn an_assertion_about_times_is_not_held_against_the_target_where_the_tester_was_late() {
    let run = |oversleep| {
        let mut target = Replay::new(Clock::Real, vec![syn_ack(), (10_000, segment(".", 1, 0, 1))]);
        target.oversleep = oversleep;
        let rest = "* > . 1:1(0) ack 1 with time as t\n+.1 < . 1:1(0) ack 1 win 1\n+0 assert t < 9ms\n";
        run_on(&mut target, &format!("{HANDSHAKE}{rest}"))
    };
    assert_eq!(failure(&run(0)).0, Verdict::Fail);
    assert_eq!(failure(&run(3_000)).0, Verdict::Inconclusive);
}

#[test]
fn a_series_of_one_connection_says_nothing_of_what_is_predictable() {
    let sends = (0..16).map(|_| (0, segment(".", 1, 0, 1))).collect();
    let rest = "#for I in 1..16\n+0 > . 1:1(0) ack 1 with tcp.sequence as s\n#end\n+0 assert unpredictable(s)\n";
    let outcome = outcome(sends, rest);
    let (verdict, kind, message) = failure(&outcome);
    assert_eq!((verdict, kind), (Verdict::Error, FailureKind::Script));
    assert_eq!(message, "two values of `s` are of the same addresses and ports");
}

#[test]
fn connections_with_counted_sequence_numbers_fail_and_others_do_not() {
    let script = "#for I in 1..16\n+0 < {1024+I} > 8080 S 0:0(0) win 1\n\
                  +0 > 8080 > {1024+I} S. 0:0(0) ack 1 with tcp.sequence as isn\n#end\n+0 assert unpredictable(isn)\n";
    let run = |isn: fn(u32) -> u32| {
        let sends = (1..=16).map(|i| (0, segment("S.", isn(i), 0, 1))).collect();
        run_on(&mut Replay::new(Clock::Virtual, sends), script)
    };
    let counted = run(|i| i * 64_000);
    let (verdict, kind, message) = failure(&counted);
    assert_eq!((verdict, kind), (Verdict::Fail, FailureKind::Assertion), "{message}");
    assert!(message.starts_with("`isn` is predictable: 32 of 32 bits are the same in all 15 steps"), "{message}");
    // Multiples of a large odd number are counted too; a hash is not.
    assert_eq!(failure(&run(|i| i.wrapping_mul(0x9e37_79b9))).0, Verdict::Fail);
    let hash = |i: u32| {
        let mixed = (i ^ (i >> 16)).wrapping_mul(0x7feb_352d);
        let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(0x846c_a68b);
        mixed ^ (mixed >> 16)
    };
    assert_eq!(run(hash).verdict, Verdict::Pass);
}
