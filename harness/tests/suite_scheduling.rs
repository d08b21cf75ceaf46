//! The suite with targets made for the purpose: what is run again, what goes on beside what, and who is to blame.

#![allow(clippy::unwrap_used)] // a test that unwraps fails where it should

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rfcheck::engine::{FailureKind, Interrupt, Verdict};
use rfcheck::suite::config::Config;
use rfcheck::suite::{Event, Request, RunFinished, Source, Standing, Suite, TargetEntry, Totals};
use rfcheck::target::{
    self, CallId, CallMode, Capabilities, Clock, IpVersion, Link, Services, SocketCall, Target, TargetError,
    TargetFactory,
};
use rfcheck::time::Instant;

/// Nothing may come for 10 ms: a target that is silent passes.
const SILENCE: &str = "0...0.01 silence\n";

/// What the targets of one factory do.
type Behaviour = fn(&Factory, run: usize) -> Result<Box<dyn Target>, TargetError>;

/// Counts its targets, and how many live at once.
struct Factory {
    capabilities: Capabilities,
    behaviour: Behaviour,
    made: AtomicUsize,
    alive: Arc<AtomicUsize>,
    most_alive: Arc<AtomicUsize>,
}

impl Factory {
    fn new(clock: Clock, behaviour: Behaviour) -> Arc<Factory> {
        let capabilities = Capabilities {
            clock,
            ip_versions: BTreeSet::from([IpVersion::Ipv4]),
            calls: BTreeSet::new(),
            socket_options: None,
            sockets: BTreeSet::new(),
            commands: false,
            blocking_calls: false,
            features: BTreeSet::new(),
            services: Services::default(),
        };
        let (made, alive, most_alive) = (AtomicUsize::new(0), Arc::default(), Arc::default());
        Arc::new(Factory { capabilities, behaviour, made, alive, most_alive })
    }

    fn target(&self, packet: Option<Vec<u8>>, delay: Duration) -> Box<dyn Target> {
        let alive = self.alive.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_alive.fetch_max(alive, Ordering::SeqCst);
        Box::new(Silent {
            capabilities: self.capabilities.clone(),
            begin: std::time::Instant::now(),
            now: Instant::ZERO,
            packet,
            delay,
            alive: Arc::clone(&self.alive),
        })
    }
}

impl TargetFactory for Factory {
    fn name(&self) -> &str {
        "made-for-the-test"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn create(&self, _link: &Link) -> Result<Box<dyn Target>, TargetError> {
        (self.behaviour)(self, self.made.fetch_add(1, Ordering::SeqCst))
    }
}

/// Sends at most one packet, at once.
struct Silent {
    capabilities: Capabilities,
    begin: std::time::Instant,
    now: Instant,
    packet: Option<Vec<u8>>,
    /// What it says of the tester's own lateness once it has waited.
    delay: Duration,
    alive: Arc<AtomicUsize>,
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Target for Silent {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Instant {
        match self.capabilities.clock {
            Clock::Virtual => self.now,
            Clock::Real => Instant::ZERO + self.begin.elapsed(),
        }
    }

    fn inject(&mut self, _packet: &[u8]) -> Result<(), TargetError> {
        Ok(())
    }

    fn call(&mut self, call: SocketCall, _mode: CallMode) -> Result<CallId, TargetError> {
        Err(TargetError::Unsupported(format!("{call:?}")))
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<target::Event, TargetError> {
        packet.clear();
        if let Some(sent) = self.packet.take() {
            packet.extend_from_slice(&sent);
            return Ok(target::Event::Packet(self.now()));
        }
        match self.capabilities.clock {
            Clock::Virtual => self.now = self.now.max(deadline),
            Clock::Real => std::thread::sleep(deadline - self.now()),
        }
        Ok(target::Event::Deadline)
    }

    fn scheduling_delay(&self) -> Duration {
        if self.packet.is_none() { self.delay } else { Duration::ZERO }
    }
}

/// A UDP datagram that nobody asked for.
fn noise() -> Option<Vec<u8>> {
    use rfcheck::wire::{Ipv4, Packet, Udp};
    let link = Link::default_for(IpVersion::Ipv4);
    let (std::net::IpAddr::V4(local), std::net::IpAddr::V4(remote)) = (link.local, link.remote) else { return None };
    let mut out = Vec::new();
    Packet::new([Ipv4::new(local, remote).into(), Udp::new(8080, 8080).into()], b"noise").emit(&mut out);
    Some(out)
}

/// What one run gave.
#[derive(Clone, Debug, PartialEq)]
struct Ended {
    verdict: Verdict,
    standing: Standing,
    attempts: u32,
    kind: Option<FailureKind>,
    message: String,
}

/// Runs scripts of these names and this text.
fn run(
    factory: &Arc<Factory>,
    names: &[&str],
    text: &str,
    jobs: Option<usize>,
    known: &str,
) -> (Totals, HashMap<String, Ended>) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::create_dir(folder.path().join("baselines")).unwrap();
    std::fs::write(folder.path().join("baselines/made-for-the-test.toml"), known).unwrap();
    let targets = vec![TargetEntry::new(factory.clone())];
    let request = Request { commands: true, jobs: jobs.and_then(NonZeroUsize::new), ..Request::default() };
    let source = Source::Paths(vec![folder.path().to_owned()]);
    let suite = Suite::plan(&source, targets, &Config::built_in(), request).unwrap();
    let ended = Mutex::new(HashMap::new());
    let mut listen = |event: &Event<'_>| {
        if let Event::RunFinished(run) = event {
            let name = run.id.script.name.rsplit('/').next().unwrap_or_default().to_owned();
            ended.lock().unwrap().insert(name, Ended::of(run));
        }
        Ok(())
    };
    let totals = suite.run(&mut [&mut listen], &Interrupt::default()).unwrap();
    assert_eq!(totals.finished(), names.len());
    (totals, ended.into_inner().unwrap())
}

impl Ended {
    fn of(run: &RunFinished<'_>) -> Ended {
        let failure = run.details.and_then(|details| details.failure.as_ref());
        Ended {
            verdict: run.verdict,
            standing: run.standing,
            attempts: run.attempts,
            kind: failure.map(|failure| failure.kind),
            message: failure.map(|failure| failure.message.clone()).unwrap_or_default(),
        }
    }
}

#[test]
fn a_panic_is_the_harnesses_fault_and_the_others_go_on() {
    let factory = Factory::new(Clock::Virtual, |factory, run| {
        assert!(run != 1, "the second one breaks");
        Ok(factory.target(None, Duration::ZERO))
    });
    let (totals, ended) = run(&factory, &["a.pkt", "b.pkt", "c.pkt"], SILENCE, Some(1), "");
    assert_eq!((totals.passed, totals.errors), (2, 1));
    let broken = &ended["b.pkt"];
    assert_eq!((broken.verdict, broken.kind), (Verdict::Error, Some(FailureKind::Harness)));
    assert_eq!(broken.message, "rfcheck panicked: the second one breaks");
}

#[test]
fn a_failure_that_comes_again_in_quiet_stands() {
    let factory = Factory::new(Clock::Real, |factory, _| Ok(factory.target(noise(), Duration::ZERO)));
    let (totals, ended) = run(&factory, &["a.pkt"], SILENCE, None, "");
    assert_eq!((totals.unexpected_failures, ended["a.pkt"].verdict), (1, Verdict::Fail));
    assert_eq!(ended["a.pkt"].attempts, 3, "{ended:?}");
}

#[test]
fn a_failure_that_does_not_come_again_was_the_crowds() {
    let factory =
        Factory::new(Clock::Real, |factory, run| Ok(factory.target(noise().filter(|_| run == 0), Duration::ZERO)));
    let (totals, ended) = run(&factory, &["a.pkt"], SILENCE, None, "");
    assert_eq!((totals.passed, ended["a.pkt"].attempts), (1, 2), "{ended:?}");
}

#[test]
fn a_tester_that_is_always_late_gives_no_verdict_on_the_target() {
    let factory = Factory::new(Clock::Real, |factory, _| Ok(factory.target(noise(), Duration::from_millis(50))));
    let (totals, ended) = run(&factory, &["a.pkt"], SILENCE, None, "");
    assert_eq!((totals.inconclusive, ended["a.pkt"].standing), (1, Standing::NotJudged), "{ended:?}");
    assert!(ended["a.pkt"].attempts > 1, "{ended:?}");
}

#[test]
fn a_virtual_clock_gives_the_same_again_and_nothing_is_run_twice() {
    let factory = Factory::new(Clock::Virtual, |factory, _| Ok(factory.target(noise(), Duration::ZERO)));
    let (_, ended) = run(&factory, &["a.pkt"], SILENCE, None, "");
    assert_eq!((ended["a.pkt"].verdict, ended["a.pkt"].attempts), (Verdict::Fail, 1));
}

#[test]
fn a_known_failure_stands_at_once_and_an_unexpected_pass_only_when_it_comes_again() {
    let known = "[[known-failure]]\nscript = \"a.pkt\"\nreason = \"noisy\"\nclause = \"none\"\n";
    let noisy = Factory::new(Clock::Real, |factory, _| Ok(factory.target(noise(), Duration::ZERO)));
    let (totals, ended) = run(&noisy, &["a.pkt"], SILENCE, None, known);
    assert_eq!((totals.known_failures, ended["a.pkt"].attempts), (1, 1));
    let silent = Factory::new(Clock::Real, |factory, _| Ok(factory.target(None, Duration::ZERO)));
    let (totals, ended) = run(&silent, &["a.pkt"], SILENCE, None, known);
    assert_eq!((totals.unexpected_passes, ended["a.pkt"].attempts), (1, 2));
}

#[test]
fn a_target_that_cannot_be_made_is_the_environments_fault() {
    let factory = Factory::new(Clock::Real, |_, _| {
        Err(TargetError::Environment { what: "no device".into(), source: std::io::ErrorKind::PermissionDenied.into() })
    });
    let (totals, ended) = run(&factory, &["a.pkt"], SILENCE, None, "");
    assert_eq!((totals.inconclusive, ended["a.pkt"].kind), (1, Some(FailureKind::Environment)));
}

#[test]
fn a_target_that_is_gone_has_failed() {
    struct Gone(Capabilities);
    impl Target for Gone {
        fn capabilities(&self) -> &Capabilities {
            &self.0
        }
        fn now(&self) -> Instant {
            Instant::ZERO
        }
        fn inject(&mut self, _packet: &[u8]) -> Result<(), TargetError> {
            Ok(())
        }
        fn call(&mut self, _call: SocketCall, _mode: CallMode) -> Result<CallId, TargetError> {
            Err(TargetError::Gone("killed".into()))
        }
        fn wait(&mut self, _deadline: Instant, _packet: &mut Vec<u8>) -> Result<target::Event, TargetError> {
            Err(TargetError::Gone("killed".into()))
        }
    }
    let factory = Factory::new(Clock::Virtual, |factory, _| Ok(Box::new(Gone(factory.capabilities.clone()))));
    let (_, ended) = run(&factory, &["a.pkt"], SILENCE, None, "");
    assert_eq!((ended["a.pkt"].verdict, ended["a.pkt"].kind), (Verdict::Fail, Some(FailureKind::Gone)));
}

#[test]
fn runs_that_wait_go_on_beside_each_other_and_jobs_limit_them() {
    let behaviour: Behaviour = |factory, _| Ok(factory.target(None, Duration::ZERO));
    let names = ["a.pkt", "b.pkt", "c.pkt", "d.pkt", "e.pkt", "f.pkt", "g.pkt", "h.pkt"];
    let text = "0...0.2 silence\n";
    let (many, one) = (Factory::new(Clock::Real, behaviour), Factory::new(Clock::Real, behaviour));
    let (totals, _) = run(&many, &names, text, None, "");
    assert_eq!(totals.passed, 8);
    assert!(many.most_alive.load(Ordering::SeqCst) > 4, "{:?}", many.most_alive);
    assert!(totals.elapsed < Duration::from_millis(1_600), "{:?}", totals.elapsed);
    run(&one, &names[..2], text, Some(1), "");
    assert_eq!(one.most_alive.load(Ordering::SeqCst), 1);
}

#[test]
fn the_longest_scripts_start_first() {
    let folder = tempfile::tempdir().unwrap();
    for (name, end) in [("a.pkt", "0.01"), ("b.pkt", "0.09"), ("c.pkt", "0.05")] {
        std::fs::write(folder.path().join(name), format!("0...{end} silence\n")).unwrap();
    }
    let factory = Factory::new(Clock::Real, |factory, _| Ok(factory.target(None, Duration::ZERO)));
    let request = Request { jobs: NonZeroUsize::new(1), ..Request::default() };
    let source = Source::Paths(vec![folder.path().to_owned()]);
    let suite = Suite::plan(&source, vec![TargetEntry::new(factory)], &Config::built_in(), request).unwrap();
    let mut order = String::new();
    let mut listen = |event: &Event<'_>| {
        if let Event::RunStarted(id) = event {
            order.extend(id.script.name.rsplit('/').next().and_then(|name| name.chars().next()));
        }
        Ok(())
    };
    suite.run(&mut [&mut listen], &Interrupt::default()).unwrap();
    assert_eq!(order, "bca");
}

#[test]
fn an_interrupted_suite_starts_nothing_and_says_so() {
    // In virtual time a worker may be far ahead of the reporters.
    for (clock, scripts) in [(Clock::Virtual, 3_000), (Clock::Real, 20)] {
        let folder = tempfile::tempdir().unwrap();
        for name in 0..scripts {
            std::fs::write(folder.path().join(format!("{name}.pkt")), SILENCE).unwrap();
        }
        let factory = Factory::new(clock, |factory, _| Ok(factory.target(None, Duration::ZERO)));
        let request = Request { jobs: NonZeroUsize::new(1), ..Request::default() };
        let source = Source::Paths(vec![folder.path().to_owned()]);
        let suite = Suite::plan(&source, vec![TargetEntry::new(factory)], &Config::built_in(), request).unwrap();
        let interrupt = Interrupt::default();
        let mut listen = |event: &Event<'_>| {
            if matches!(event, Event::RunFinished(_)) {
                interrupt.interrupt();
            }
            Ok(())
        };
        let totals = suite.run(&mut [&mut listen], &interrupt).unwrap();
        assert!(totals.interrupted);
        assert!(totals.finished() >= 1 && totals.finished() < scripts, "{clock:?} {}", totals.finished());
    }
}
