//! How connections begin: the tester opens them, or takes those of a client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::channel::{Channel, Via};
use super::missing::default_port;
use super::run::{Run, Stopped};
use crate::dialogue::Dialogue;
use crate::dialogue::tree::{Act, Action, Connect, Over, Role};
use crate::engine::outcome::{Blame, Failure, FailureKind};
use crate::tester::{Delivery, Ends, Options, Peer, Schedule};

/// A connection may take so long to open.
const PATIENCE: Duration = Duration::from_secs(10);

impl Run<'_> {
    /// Takes connections and datagrams at every port that a client may turn to.
    pub(super) fn listen(&mut self, dialogue: &Dialogue) {
        let mut ports = vec![default_port(self.role, &self.services, self.protocol, false)];
        for step in &dialogue.steps {
            if let Action::Act(_, Act::Connect(connect)) = &step.action {
                ports.push(self.port(connect));
            }
        }
        for port in ports {
            let (options, delivery) = (self.options(), self.delivery(0));
            self.tester.listen(port, options, delivery);
        }
    }

    /// Begins a connection as the dialogue says.
    pub(super) fn connect(&mut self, connection: u8, connect: &Connect) -> Result<(), Stopped> {
        let protocol = connect.protocol.unwrap_or(self.protocol);
        let port = self.port(connect);
        let mut channel = Channel::new(connect, protocol, self.role, port);
        if self.role == Role::Server {
            let remote = SocketAddr::new(self.settings.link.local, port);
            let ends = Ends { local: self.next_address(channel.client)?, remote };
            channel.via = match channel.over {
                Over::Udp => Via::Udp(ends),
                Over::Tcp | Over::Tls => {
                    let (options, delivery) = (self.options(), self.delivery(connection));
                    Via::Tcp(self.tester.connect(ends, options, delivery))
                }
            };
        }
        self.channels.insert(connection, channel);
        self.settle()
    }

    /// Sees to it that octets can be sent on a connection.
    pub(super) fn open(&mut self, connection: u8) -> Result<(), Stopped> {
        self.begin(connection)?;
        let mut deadline = None;
        loop {
            let now = self.now();
            let deadline = *deadline.get_or_insert(now + PATIENCE);
            self.claim(connection);
            let via = self.channels.get(&connection).map_or(Via::Nothing, |channel| channel.via);
            let peer = match via {
                Via::Udp(_) => return Ok(()),
                Via::Nothing => Peer::Connecting,
                Via::Tcp(number) => match self.tester.connection(number) {
                    Some(tcp) if tcp.was_opened() => {
                        let awaits_tls = |channel: &Channel| channel.over == Over::Tls && channel.secured.is_none();
                        return match self.channels.get(&connection).is_some_and(awaits_tls) {
                            true => self.start_tls(connection),
                            false => Ok(()),
                        };
                    }
                    Some(tcp) => tcp.peer(),
                    None => Peer::Connecting,
                },
            };
            let (kind, what) = match peer {
                Peer::Reset(_) => (FailureKind::Connection, "the target refuses the connection"),
                Peer::Silent(_) => (FailureKind::Missing, "the target does not answer the tester's SYN"),
                _ if now < deadline => {
                    self.wait(deadline)?;
                    continue;
                }
                _ if self.role == Role::Client => (FailureKind::Missing, "the target opens no connection within 10 s"),
                _ => (FailureKind::Missing, "the connection is not open after 10 s"),
            };
            return Err(Box::new(Failure::new(Blame::Target, kind, what.to_owned())));
        }
    }

    /// Begins a connection that nobody has begun yet.
    pub(super) fn begin(&mut self, connection: u8) -> Result<(), Stopped> {
        if self.channels.contains_key(&connection) { Ok(()) } else { self.connect(connection, &Connect::default()) }
    }

    /// Takes for this connection what a client has opened and no other has taken. Over UDP that may be another port of the
    /// client's.
    pub(super) fn claim(&mut self, connection: u8) {
        let Some(channel) = self.channels.get_mut(&connection) else { return };
        if self.role == Role::Server {
            return;
        }
        if channel.over == Over::Udp {
            // A client that asks again may do so from another port (RFC 5452 section 9.2).
            if !channel.inbox.is_empty() {
                return;
            }
            let Some(at) = self.strays.iter().position(|stray| stray.ends.local.port() == channel.port) else { return };
            let ends = self.strays[at].ends;
            let mine = |stray: &crate::tester::Datagram| stray.ends == ends;
            channel.inbox.extend(self.strays.iter().filter(|stray| mine(stray)).map(|stray| stray.payload.clone()));
            self.strays.retain(|stray| !mine(stray));
            channel.via = Via::Udp(ends);
            return;
        }
        if channel.via != Via::Nothing {
            return;
        }
        let port = channel.port;
        let fits = |tester: &mut crate::tester::Tester<'_>, number| {
            tester.connection(number).is_some_and(|tcp| tcp.ends().local.port() == port)
        };
        if self.claimed < self.tester.connections() && fits(&mut self.tester, self.claimed) {
            channel.via = Via::Tcp(self.claimed);
            self.claimed += 1;
        }
    }

    fn port(&self, connect: &Connect) -> u16 {
        let protocol = connect.protocol.unwrap_or(self.protocol);
        let said = connect.port.as_ref().and_then(|port| port.octets(&self.captures).ok());
        let said = said.and_then(|octets| std::str::from_utf8(&octets).ok()?.parse().ok());
        said.unwrap_or_else(|| default_port(self.role, &self.services, protocol, connect.over == Some(Over::Tls)))
    }

    /// The tester's end of a new connection. Each client has an address of its own.
    fn next_address(&mut self, client: u8) -> Result<SocketAddr, Stopped> {
        let link = &self.settings.link;
        let further = client - 1;
        let (address, bits) = match link.remote {
            IpAddr::V4(first) => (IpAddr::V4(Ipv4Addr::from_bits(first.to_bits().wrapping_add(further.into()))), 32),
            IpAddr::V6(first) => (IpAddr::V6(Ipv6Addr::from_bits(first.to_bits().wrapping_add(further.into()))), 128),
        };
        if further > 0 && u32::from(link.remote_prefix) + 8 > bits {
            let message = format!("client {client} has no address: the link's network has {} bits", link.remote_prefix);
            return Err(Box::new(Failure::new(Blame::Script, FailureKind::Script, message)));
        }
        let port = self.next_port;
        self.next_port = self.next_port.checked_add(1).unwrap_or(49_152);
        Ok(SocketAddr::new(address, port))
    }

    fn options(&mut self) -> Options {
        // What fits into the link's datagrams with headers of 20 octets each, or 40 and 20.
        let headers = if self.settings.link.local.is_ipv4() { 40 } else { 60 };
        let most = self.settings.link.mtu.saturating_sub(headers).min(1_460);
        Options { initial_sequence: self.rng.u32(..), segment_size: most.max(1) as u16, ..Options::default() }
    }

    /// How a connection's stream is delivered: each has random numbers of its own.
    fn delivery(&self, connection: u8) -> Delivery {
        // Where a stream ends in its middle is decided when it is written.
        let schedule = if self.delivery.schedule.is_abortive() { Schedule::Whole } else { self.delivery.schedule };
        Delivery { schedule, seed: self.delivery.seed.wrapping_add(connection.into()) }
    }
}
