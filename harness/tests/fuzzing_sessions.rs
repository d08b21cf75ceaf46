//! Sessions on smoltcp, and on smoltcp with something broken: what is found, and that it is found again.

use std::collections::BTreeSet;
use std::time::Duration;

use rfcheck::fuzzing::{Campaign, Hunt, KNOWN_OF_SMOLTCP, Runner, Seeds, Session};
use rfcheck::target::fault::Fault;
use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{Capabilities, Clock, Link, Target, TargetError, TargetFactory};

/// smoltcp with a fault between it and the tester.
struct Faulty {
    smoltcp: SmoltcpFactory,
    fault: &'static Fault,
}

impl TargetFactory for Faulty {
    fn name(&self) -> &str {
        self.fault.name
    }

    fn capabilities(&self) -> &Capabilities {
        self.smoltcp.capabilities()
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        self.fault.wrap(self.smoltcp.create(link)?, link)
    }
}

#[test]
fn the_same_octets_give_the_same_trace() {
    let factory = SmoltcpFactory::new();
    let (mut one, mut other) = (Runner::new(&factory), Runner::new(&factory));
    let mut campaign = Campaign::new(1);
    for number in 0..300 {
        let session = campaign.next_session();
        let again = Session::from_octets(&session.to_octets());
        assert_eq!(one.record(session).unwrap(), other.record(&again).unwrap(), "session {number}");
    }
}

/// Nothing is found but what is known, and some of that is; all sessions but a few come to their end.
#[test]
fn smoltcp_stands_a_short_campaign() {
    let factory = SmoltcpFactory::new();
    let (mut runner, mut strict) = (Runner::new(&factory).knowing(KNOWN_OF_SMOLTCP), Runner::new(&factory));
    let mut campaign = Campaign::new(2);
    let (mut live, mut found) = (0, BTreeSet::new());
    for _ in 0..2_000 {
        let session = campaign.next_session();
        let ran = runner.run(session).unwrap();
        assert_eq!(ran.finding, None, "{session:?}");
        live += u32::from(ran.is_live);
        found.extend(strict.run(session).unwrap().finding.map(|finding| finding.cause.id()));
    }
    assert!(live > 1_950, "only {live} sessions of 2000 came to their end");
    assert!(found.len() >= 4, "{found:?}");
    assert!(found.iter().all(|id| KNOWN_OF_SMOLTCP.iter().any(|known| known.id() == id)), "{found:?}");
}

/// What shows without a fault too is no sign of it.
#[test]
fn a_hunt_tells_a_target_with_a_fault_from_one_without() {
    let fault = Fault::find("tcp-checksum-wrong").expect("a fault of the catalogue");
    let (plain, faulty) = (SmoltcpFactory::new(), Faulty { smoltcp: SmoltcpFactory::new(), fault });
    let seeds = Seeds::new(Vec::new(), Clock::Virtual);
    let hunt = |faulty, time| Hunt { plain: &plain, faulty, seeds: &seeds, known: &[], seed: 1, time };
    let hunted = hunt(&faulty, Duration::from_secs(60)).run().unwrap();
    assert_eq!(hunted.found.map(|(cause, _)| cause.id()), Some("breaks-9293-must-2".to_owned()));
    let hunted = hunt(&plain, Duration::from_millis(500)).run().unwrap();
    assert!(hunted.found.is_none() && hunted.sessions > 0, "{hunted:?}");
}

/// Faults that one of the oracles must see, and sees again.
#[test]
fn planted_faults_are_found() {
    let faults = [
        "generic-deaf",
        "tcp-checksum-wrong",
        "tcp-checksum-unchecked",
        "udp-checksum-unchecked",
        "ack-off-by-one",
        "ack-never",
        "receive-out-of-order-delivered",
        "receive-overlap-kept-twice",
        "close-fin-never-sent",
        "option-length-hangs",
    ];
    for name in faults {
        let fault = Fault::find(name).expect("a fault of the catalogue");
        let factory = Faulty { smoltcp: SmoltcpFactory::new(), fault };
        let mut runner = Runner::new(&factory).knowing(KNOWN_OF_SMOLTCP);
        let found = Campaign::new(4).run(&mut runner, 3_000).unwrap();
        let (session, finding) = found.unwrap_or_else(|| panic!("{name} is not found"));
        assert_eq!(runner.run(&session).unwrap().finding, Some(finding), "{name} is found again");
    }
}
