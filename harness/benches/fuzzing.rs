//! What a session of the fuzzer costs on smoltcp: target, events, oracles and the check that it still works.

use divan::Bencher;
use divan::counter::ItemsCount;
use rfcheck::fuzzing::{Campaign, Runner, Session};
use rfcheck::target::smoltcp::SmoltcpFactory;

fn main() {
    divan::main();
}

/// Sessions of a campaign, 16 events on average.
fn sessions() -> Vec<Session> {
    let mut campaign = Campaign::new(1);
    (0..1_000).map(|_| campaign.next_session().clone()).collect()
}

/// Sessions, all included.
#[divan::bench]
fn sessions_a_second(bencher: Bencher<'_, '_>) {
    let (factory, sessions) = (SmoltcpFactory::new(), sessions());
    let mut runner = Runner::new(&factory);
    bencher.counter(ItemsCount::new(sessions.len())).bench_local(|| {
        for session in &sessions {
            runner.run(session).expect("smoltcp runs on any link of a session");
        }
    });
}

/// Events of the same sessions.
#[divan::bench]
fn events_a_second(bencher: Bencher<'_, '_>) {
    let (factory, sessions) = (SmoltcpFactory::new(), sessions());
    let mut runner = Runner::new(&factory);
    let events: usize = sessions.iter().map(|session| session.events.len()).sum();
    bencher.counter(ItemsCount::new(events)).bench_local(|| {
        for session in &sessions {
            runner.run(session).expect("smoltcp runs on any link of a session");
        }
    });
}

/// A session without events: what the target and the check that it works cost.
#[divan::bench]
fn empty_sessions_a_second(bencher: Bencher<'_, '_>) {
    let factory = SmoltcpFactory::new();
    let mut runner = Runner::new(&factory);
    let session = Session::from_octets(&[]);
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench_local(|| runner.run(&session).expect("smoltcp runs on any link of a session"));
}
