//! Every way in which a server breaks its protocol on purpose shows in what it says, and is a fault of its own.

use std::net::SocketAddr;
use std::time::Duration;

use rfcheck::target::fault::Fault;
use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{IpVersion, Link, Target, TargetError, TargetFactory};
use rfcheck::tester::{Delivery, Ends, Options, Peer, Tester};

use crate::client::target;
use crate::probes::{Probe, Step, Way, probes};

/// All that comes of a probe on a target: what was said on each connection and how it ended, and what is in mailboxes.
fn transcript(target: &mut dyn Target, link: &Link, probe: &Probe) -> Vec<String> {
    let mut said = Vec::new();
    let mut tester = Tester::new(target);
    for (at, step) in probe.iter().enumerate() {
        let local = SocketAddr::new(link.remote, 40_000 + at as u16);
        let ends = Ends { local, remote: SocketAddr::new(link.local, step.port) };
        let deadline = tester.target().now() + Duration::from_secs(step.seconds);
        if step.way == Way::Datagram {
            tester.send(ends, &step.octets).unwrap();
            tester.run_until(deadline, |_| false).unwrap();
            said.push(format!("{:?}", tester.receive().map(|datagram| datagram.payload)));
            continue;
        }
        let delivery = Delivery { schedule: step.schedule, seed: 1 };
        let number = tester.connect(ends, Options::default(), delivery);
        tester.connection(number).unwrap().write(&step.octets, &[]);
        said.push(listen(&mut tester, number, step));
        match step.way {
            Way::Finish => tester.connection(number).unwrap().finish(),
            Way::Reset => tester.connection(number).unwrap().abort(),
            _ => continue,
        }
        said.push(listen(&mut tester, number, step));
    }
    for user in ["alice", "user"] {
        for message in target.perform("message", &[user.to_owned()], &|| true).unwrap() {
            said.push(String::from_utf8_lossy(&message).into_owned());
        }
    }
    said
}

/// What comes on a connection for as long as the step says.
fn listen(tester: &mut Tester<'_>, number: usize, step: &Step) -> String {
    let mut octets = Vec::new();
    let deadline = tester.target().now() + Duration::from_secs(step.seconds);
    tester
        .run_until(deadline, |tester| {
            let connection = tester.connection(number).unwrap();
            let received = connection.received().len();
            octets.extend_from_slice(connection.received());
            connection.take(received);
            false
        })
        .unwrap();
    let end = match tester.connection(number).unwrap().peer() {
        Peer::Connecting | Peer::Open => "open",
        Peer::Finished(_) => "closed",
        Peer::Reset(_) => "reset",
        Peer::Silent(_) => "silent",
    };
    format!("{} {end}", octets.escape_ascii())
}

#[test]
fn every_fault_of_an_application_protocol_shows() {
    let mut silent = Vec::new();
    let all = probes();
    let plain: Vec<Vec<String>> = all
        .iter()
        .map(|probe| {
            let (mut target, link) = target(IpVersion::Ipv4);
            transcript(&mut *target, &link, probe)
        })
        .collect();
    let mut count = 0;
    for fault in Fault::all().filter(|fault| fault.is_of_application()) {
        count += 1;
        let shows = all.iter().zip(&plain).any(|(probe, plain)| {
            let protocol = match probe[0].port {
                25 => "smtp",
                53 => "dns",
                80 => "http",
                _ => "pop3",
            };
            fault.concerns(protocol) && {
                let (target, link) = target(IpVersion::Ipv4);
                let mut target = fault.wrap(target, &link).unwrap();
                transcript(&mut *target, &link, probe) != *plain
            }
        });
        if !shows {
            silent.push(fault.name);
        }
    }
    assert!(silent.is_empty(), "nothing shows {}", silent.join(", "));
    assert!(count >= 200, "{count} faults");
}

#[test]
fn a_target_without_servers_cannot_have_one() {
    let link = Link::default_for(IpVersion::Ipv4);
    let fault = Fault::find("http-head-with-content").unwrap();
    let wrapped = fault.wrap(SmoltcpFactory::new().create(&link).unwrap(), &link);
    assert!(matches!(wrapped.err(), Some(TargetError::Unsupported(_))));
}
