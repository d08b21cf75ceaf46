//! Servers by name, and a client that says lines and reads what comes.

use std::net::SocketAddr;
use std::time::Duration;

use rfcheck::suite::config::Config;
use rfcheck::target::linux::server::{ServerDefinition, ServerFactory};
use rfcheck::target::{IpVersion, Link, Target};
use rfcheck::tester::{Delivery, Ends, Options, Peer, Schedule, Tester};

use crate::linux_support;

pub const VERSIONS: [IpVersion; 2] = [IpVersion::Ipv4, IpVersion::Ipv6];
/// How long an answer may take on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(20);

/// The definition of a server, or `None` after saying loudly that it is absent.
pub fn definition(name: &str) -> Option<ServerDefinition> {
    let server = Config::load(None).unwrap().targets[name].server.clone().unwrap();
    server.find().map_err(|absent| eprintln!("NOT TESTED: {name}: {absent}")).ok()?;
    Some(server)
}

/// Makes targets of a server, or says loudly why there are none here.
pub fn factory_of(definition: ServerDefinition) -> Option<ServerFactory> {
    let linux = linux_support::factory(&definition.name)?;
    Some(ServerFactory::new(&linux, definition).unwrap())
}

pub fn factory(name: &str) -> Option<ServerFactory> {
    factory_of(definition(name)?)
}

/// The tester, and a connection of it that is spoken on.
pub struct Client<'t> {
    pub tester: Tester<'t>,
    link: Link,
    port: u16,
    connection: usize,
    next_port: u16,
}

impl<'t> Client<'t> {
    pub fn new(target: &'t mut dyn Target, link: &Link, port: u16) -> Client<'t> {
        Client { tester: Tester::new(target), link: link.clone(), port, connection: 0, next_port: 40_000 }
    }

    fn ends(&mut self) -> Ends {
        self.next_port += 1;
        let local = SocketAddr::new(self.link.remote, self.next_port);
        Ends { local, remote: SocketAddr::new(self.link.local, self.port) }
    }

    /// Opens a connection, on which is spoken from now on.
    pub fn connect(&mut self) -> &mut Self {
        let delivery = Delivery { schedule: Schedule::Whole, seed: 1 };
        let ends = self.ends();
        self.connection = self.tester.connect(ends, Options::default(), delivery);
        self
    }

    /// Says this and reads until what came `is_whole`, or the server finishes: what came.
    pub fn ask(&mut self, text: &[u8], is_whole: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let (number, mut came) = (self.connection, Vec::new());
        self.tester.connection(number).unwrap().write(text, &[]);
        let deadline = self.tester.target().now() + PATIENCE;
        let done = self.tester.run_until(deadline, |tester| {
            let connection = tester.connection(number).unwrap();
            let count = connection.received().len();
            came.extend_from_slice(connection.received());
            connection.take(count);
            is_whole(&came) || !matches!(connection.peer(), Peer::Connecting | Peer::Open)
        });
        assert!(done.unwrap(), "no whole answer, but {:?}", String::from_utf8_lossy(&came));
        came
    }

    /// Says a line and reads an answer whose last line has this beginning.
    pub fn line(&mut self, line: &str, last: &str) -> String {
        let text = if line.is_empty() { String::new() } else { format!("{line}\r\n") };
        let answer = self.ask(text.as_bytes(), |came| {
            let lines = String::from_utf8_lossy(came).into_owned();
            lines.ends_with("\r\n") && lines.lines().any(|line| line.starts_with(last))
        });
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.lines().any(|said| said.starts_with(last)), "{line}: {answer:?} instead of {last:?}");
        answer
    }

    /// Sends a datagram and waits for the answer.
    pub fn exchange(&mut self, payload: &[u8]) -> Vec<u8> {
        let ends = self.ends();
        self.tester.send(ends, payload).unwrap();
        let deadline = self.tester.target().now() + PATIENCE;
        let mut answer = None;
        self.tester
            .run_until(deadline, |tester| {
                answer = tester.receive().filter(|datagram| datagram.ends == ends);
                answer.is_some()
            })
            .unwrap();
        answer.expect("no answer").payload
    }
}

/// Numbers of the processes whose command line holds this.
pub fn processes(text: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let numbers = numbers.filter(|name| name.bytes().all(|octet| octet.is_ascii_digit()));
    numbers
        .filter(|number| {
            let line = std::fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).replace('\0', " ").contains(text)
        })
        .collect()
}

/// Waits until something holds.
pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
