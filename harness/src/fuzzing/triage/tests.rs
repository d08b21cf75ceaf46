use super::*;
use crate::fuzzing::{Campaign, KNOWN_OF_SMOLTCP};
use crate::target::fault::Fault;
use crate::target::smoltcp::SmoltcpFactory;
use crate::target::{Capabilities, Link, Target};

/// smoltcp with a fault between it and the tester.
struct Faulty(SmoltcpFactory, &'static Fault);

impl TargetFactory for Faulty {
    fn name(&self) -> &str {
        "smoltcp"
    }

    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        self.1.wrap(self.0.create(link)?, link)
    }
}

fn triaged(fault: &str, seed: u64) -> Triaged {
    let factory = Faulty(SmoltcpFactory::new(), Fault::find(fault).expect("a fault of the catalogue"));
    let mut runner = Runner::new(&factory).knowing(KNOWN_OF_SMOLTCP);
    let found = Campaign::new(seed).run(&mut runner, 5_000).unwrap();
    let (session, _) = found.expect("the fault is found");
    triage(&factory, KNOWN_OF_SMOLTCP, &session.to_octets()).unwrap().expect("it is found again")
}

/// Scripts of findings fail on the target as it is, and sessions are short.
#[test]
fn scripts_of_findings_fail_on_the_target_as_it_is() {
    for fault in ["generic-deaf", "tcp-checksum-wrong", "tcp-checksum-unchecked", "udp-checksum-unchecked", "ack-never"]
    {
        let (one, other) = (triaged(fault, 1), triaged(fault, 2));
        for triaged in [&one, &other] {
            assert!(
                matches!(triaged.replayed, Replayed::Fails(_) | Replayed::Breaks(_)),
                "{fault}: {:?}\n{}",
                triaged.replayed,
                triaged.script
            );
            assert!(triaged.session.events.len() <= 6, "{fault}: {:?}", triaged.session);
        }
        println!("{}", one.script);
    }
}

/// The scripts do not fail where nothing is wrong.
#[test]
fn scripts_of_findings_pass_without_the_fault() {
    for fault in ["generic-deaf", "tcp-checksum-unchecked", "udp-checksum-unchecked", "ack-never"] {
        let triaged = triaged(fault, 1);
        let replayed = replay(&SmoltcpFactory::new(), &triaged.session, &triaged.script).unwrap();
        assert!(matches!(replayed, Replayed::Otherwise(Verdict::Pass, _)), "{fault}: {replayed:?}\n{}", triaged.script);
    }
}

/// What is due and does not come is written down, and only a target that owes it fails.
#[test]
fn answers_that_do_not_come_are_demanded() {
    for fault in [
        "icmp-echo-ignored",
        "udp-duplicates-dropped",
        "udp-source-address-foreign",
        "icmp-unreachable-never",
        "reset-closed-port-silent",
        "close-time-wait-silent",
        "keep-alive-unanswered",
    ] {
        let triaged = triaged(fault, 1);
        let is_demand = matches!(triaged.finding.cause, Cause::Unanswered(_) | Cause::Refused);
        assert!(is_demand, "{fault}: {:?}", triaged.finding);
        assert!(matches!(triaged.replayed, Replayed::Fails(_)), "{fault}: {:?}\n{}", triaged.replayed, triaged.script);
        let replayed = replay(&SmoltcpFactory::new(), &triaged.session, &triaged.script).unwrap();
        // The quotations in smoltcp's errors are wrong by themselves.
        let passes = matches!(replayed, Replayed::Otherwise(Verdict::Pass, _) | Replayed::Breaks(_));
        assert!(passes, "{fault}: {replayed:?}\n{}", triaged.script);
    }
}

#[test]
fn what_is_no_finding_is_none() {
    assert!(triage(&SmoltcpFactory::new(), &[], &[]).unwrap().is_none());
}
