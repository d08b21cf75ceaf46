//! A client of one target: the tester's TCP and UDP.

use std::net::SocketAddr;
use std::time::Duration;

use rfcheck::target::reference::ReferenceFactory;
use rfcheck::target::{IpVersion, Link, Target, TargetFactory};
use rfcheck::tester::{Delivery, Ends, Options, Peer, Schedule, Tester};

/// What came of a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// All that the server sent.
    pub(crate) octets: Vec<u8>,
    /// Whether it ended the connection.
    pub(crate) is_closed: bool,
}

impl Said {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.octets).into_owned()
    }
}

pub(crate) fn target(version: IpVersion) -> (Box<dyn Target>, Link) {
    let link = Link::default_for(version);
    (ReferenceFactory::new().create(&link).unwrap(), link)
}

fn ends(link: &Link, local: u16, remote: u16) -> Ends {
    Ends { local: SocketAddr::new(link.remote, local), remote: SocketAddr::new(link.local, remote) }
}

/// Says `text` on a new connection and listens for so long.
pub(crate) fn say(target: &mut dyn Target, link: &Link, ports: (u16, u16), schedule: Schedule, text: &[u8]) -> Said {
    let mut tester = Tester::new(target);
    let delivery = Delivery { schedule, seed: 1 };
    let number = tester.connect(ends(link, ports.0, ports.1), Options::default(), delivery);
    let cuts: Vec<u64> = (1..text.len() as u64).filter(|at| at % 3 == 1).collect();
    tester.connection(number).unwrap().write(text, &cuts);
    let mut octets = Vec::new();
    let deadline = tester.target().now() + Duration::from_secs(30);
    tester
        .run_until(deadline, |tester| {
            let connection = tester.connection(number).unwrap();
            let received = connection.received().len();
            octets.extend_from_slice(connection.received());
            connection.take(received);
            matches!(connection.peer(), Peer::Finished(_) | Peer::Reset(_))
        })
        .unwrap();
    let is_closed = matches!(tester.connection(number).unwrap().peer(), Peer::Finished(_));
    Said { octets, is_closed }
}

/// Says `text` to a fresh target.
pub(crate) fn say_fresh(port: u16, schedule: Schedule, text: &[u8]) -> Said {
    let (mut target, link) = target(IpVersion::Ipv4);
    say(&mut *target, &link, (40_000, port), schedule, text)
}

/// What a fresh target answers to a datagram within a second.
pub(crate) fn ask(version: IpVersion, port: u16, payload: &[u8]) -> Option<Vec<u8>> {
    let (mut target, link) = target(version);
    let mut tester = Tester::new(&mut *target);
    tester.send(ends(&link, 40_000, port), payload).unwrap();
    let deadline = tester.target().now() + Duration::from_secs(1);
    let mut answer = None;
    tester
        .run_until(deadline, |tester| {
            answer = tester.receive();
            answer.is_some()
        })
        .unwrap();
    answer.map(|datagram| datagram.payload)
}

/// The schedules under which every answer is to be the same.
pub(crate) fn schedules() -> impl Iterator<Item = Schedule> {
    Schedule::ALL.into_iter().filter(|schedule| !schedule.is_abortive())
}
