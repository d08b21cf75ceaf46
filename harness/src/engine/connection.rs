//! Connections under test: who talks to whom, and how a script's numbers map onto live ones.
//!
//! A script writes sequence numbers relative to the first SYN of each direction, and absolute ones in segments
//! with SYN, as tcpdump prints them. The tester chooses its own initial sequence number as the script writes it;
//! the target chooses its own, so only that side needs an offset.

use std::net::{IpAddr, SocketAddr};

use crate::script::tree::Ports;
use crate::target::Link;
use crate::wire::protocol;

/// Which connection of a run; counts up from 0.
pub(super) type ConnectionId = usize;

/// How far a connection has come, as packets and calls of the script show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// A socket without a peer.
    New,
    /// A listening socket; the next injected segment opens a connection of its own.
    Listening,
    /// connect was called; the target's SYN or datagram will tell its port.
    Connecting,
    /// The target's SYN was expected and seen.
    SynSent,
    /// The tester's first segment to a listening or absent socket was sent.
    SynReceived,
    /// The target's SYN-ACK was seen.
    SynAckSent,
    /// Both ends are known.
    Synchronized,
}

/// One connection, or one socket that may become one.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    /// IP protocol number of what it carries.
    pub protocol: u8,
    pub state: State,
    /// The target's end; port 0 while unknown.
    pub local: SocketAddr,
    /// The tester's end; port 0 while unknown.
    pub remote: SocketAddr,
    /// The script's ports, if it writes them: source and destination as in an injected packet.
    pub script_ports: Option<Ports>,
    /// The target's file descriptor, while it is open.
    pub fd: Option<i32>,
    /// The target's initial sequence number: in the script, and live.
    pub local_isn: (u32, u32),
    /// The tester's initial sequence number, the same in both.
    pub remote_isn: u32,
    pub timestamps: Timestamps,
    /// The flow label last seen: in the script, and live.
    pub flow_label: Option<(u32, u32)>,
    /// UDP ports of TCP over UDP, tester's and target's.
    pub udp_encapsulation: Option<Ports>,
}

/// How the target's timestamp values map (RFC 7323): the script's are examples, the live ones count on.
#[derive(Clone, Debug, Default)]
pub(super) struct Timestamps {
    /// Script value and live value of each timestamp seen.
    seen: Vec<(u32, u32)>,
}

impl Timestamps {
    /// Learns that the script's `script` is live `live`.
    pub(super) fn learn(&mut self, script: u32, live: u32) {
        match self.seen.iter_mut().skip(1).find(|(s, _)| *s == script) {
            Some(entry) => entry.1 = live,
            None => self.seen.push((script, live)),
        }
    }

    /// The live value for an echo reply of the script; interpolated from the first pair if `scaled`.
    pub(super) fn live(&self, script: u32, scaled: bool) -> Option<u32> {
        let exact = self.seen.iter().rev().find(|(s, _)| *s == script).map(|(_, live)| *live);
        exact.or_else(|| {
            let (first_script, first_live) = self.seen.first().filter(|_| scaled)?;
            Some(script.wrapping_sub(*first_script).wrapping_add(*first_live))
        })
    }

    /// A live value in the script's numbers; `first` if it is the first one, which sets the scale.
    pub(super) fn script_or(&self, first: u32, live: u32) -> u32 {
        if self.seen.is_empty() { first } else { self.script(live) }
    }

    /// A live value in the script's numbers, counted from the first pair.
    pub(super) fn script(&self, live: u32) -> u32 {
        match self.seen.first() {
            Some((script, first)) => live.wrapping_sub(*first).wrapping_add(*script),
            None => live,
        }
    }
}

impl Connection {
    pub(super) fn new(protocol: u8, state: State, link: &Link, local_port: u16, remote_port: u16) -> Self {
        Connection {
            protocol,
            state,
            local: SocketAddr::new(link.local, local_port),
            remote: SocketAddr::new(link.remote, remote_port),
            script_ports: None,
            fd: None,
            local_isn: (0, 0),
            remote_isn: 0,
            timestamps: Timestamps::default(),
            flow_label: None,
            udp_encapsulation: None,
        }
    }

    /// What to add to a script's sequence number of the tester.
    pub(super) fn remote_offset(&self, syn: bool) -> u32 {
        if syn { 0 } else { self.remote_isn }
    }

    /// What to add to a script's sequence number of the target.
    pub(super) fn local_offset(&self, syn: bool) -> u32 {
        if syn { self.local_isn.1.wrapping_sub(self.local_isn.0) } else { self.local_isn.1 }
    }

    /// Whether a datagram from the target with these ends belongs here. A connecting end learns the target's port.
    pub(super) fn claims(&self, flow: &Flow) -> Claim {
        if flow.protocol != self.protocol || flow.destination.ip() != self.remote.ip() {
            return Claim::No;
        }
        if is_icmp(self.protocol) {
            return if flow.source.ip() == self.local.ip() { Claim::Yes } else { Claim::No };
        }
        if flow.destination.port() != self.remote.port() {
            return Claim::No;
        }
        if flow.source == self.local {
            Claim::Yes
        } else if self.state == State::Connecting || (self.state == State::New && self.local.port() == 0) {
            Claim::WithPort
        } else {
            Claim::No
        }
    }
}

/// Whether a connection takes a datagram from the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is another's.
    No,
    /// Both ends agree.
    Yes,
    /// It is the first one, and tells the target's end.
    WithPort,
}

/// The ends of a datagram from the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    /// IP protocol number.
    pub protocol: u8,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    /// It is a SYN without ACK: the start of a connection.
    pub opens: bool,
}

/// All connections of a run, and the one that a packet without ports belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Connections {
    all: Vec<Connection>,
    focus: Option<ConnectionId>,
}

impl Connections {
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.focus = None;
    }

    /// Adds a connection; packets without ports now belong to it.
    pub(super) fn add(&mut self, connection: Connection) -> ConnectionId {
        self.all.push(connection);
        let id = self.all.len() - 1;
        self.focus = Some(id);
        id
    }

    /// The connection that packets without ports belong to.
    pub(super) fn focus(&self) -> Option<ConnectionId> {
        self.focus
    }

    pub(super) fn get(&self, id: ConnectionId) -> &Connection {
        &self.all[id]
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> &mut Connection {
        &mut self.all[id]
    }

    /// The connection with a file descriptor of the target.
    pub(super) fn by_fd(&mut self, fd: i32) -> Option<&mut Connection> {
        self.all.iter_mut().rev().find(|c| c.fd == Some(fd))
    }

    /// The newest connection whose ends are these, live.
    pub(super) fn by_peer(&mut self, peer: SocketAddr) -> Option<&mut Connection> {
        self.all.iter_mut().rev().find(|c| c.remote == peer && c.protocol == protocol::TCP)
    }

    /// The newest connection for which the script wrote these ports, as in an injected packet.
    pub(super) fn by_script_ports(&self, protocol: u8, ports: Ports) -> Option<ConnectionId> {
        self.all.iter().rposition(|c| c.protocol == protocol && c.script_ports == Some(ports))
    }

    /// A listening socket, the newest first; at this port if one is given.
    pub(super) fn listening(&self, port: Option<u16>) -> Option<ConnectionId> {
        self.all.iter().rposition(|c| c.state == State::Listening && port.is_none_or(|port| c.local.port() == port))
    }

    /// The connection that a datagram from the target belongs to, the newest first.
    pub(super) fn claiming(&self, flow: &Flow) -> Option<(ConnectionId, Claim)> {
        let mut with_port = None;
        for (id, connection) in self.all.iter().enumerate().rev() {
            match connection.claims(flow) {
                Claim::Yes => return Some((id, Claim::Yes)),
                Claim::WithPort if with_port.is_none() => with_port = Some((id, Claim::WithPort)),
                Claim::WithPort | Claim::No => {}
            }
        }
        with_port
    }
}

/// Whether an IP protocol number is that of ICMP or ICMPv6.
pub(super) fn is_icmp(number: u8) -> bool {
    number == protocol::ICMP || number == protocol::ICMPV6
}

/// ICMP's number for an address' IP version.
pub(super) fn icmp_protocol(address: IpAddr) -> u8 {
    if address.is_ipv6() { protocol::ICMPV6 } else { protocol::ICMP }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::IpVersion;

    #[test]
    fn syn_numbers_are_absolute_and_others_relative() {
        let link = Link::default_for(IpVersion::Ipv4);
        let mut connection = Connection::new(protocol::TCP, State::SynAckSent, &link, 8080, 40_000);
        connection.local_isn = (0, 1_000_000);
        connection.remote_isn = 7;
        assert_eq!(connection.remote_offset(true), 0);
        assert_eq!(connection.remote_offset(false), 7);
        assert_eq!(connection.local_offset(true), 1_000_000);
        assert_eq!(connection.local_offset(false), 1_000_000);
        connection.local_isn = (100, 1_000_000);
        assert_eq!(connection.local_offset(true), 999_900);
    }

    #[test]
    fn an_echo_reply_maps_to_the_last_live_value() {
        let mut timestamps = Timestamps::default();
        timestamps.learn(100, 5_000);
        timestamps.learn(200, 5_101);
        timestamps.learn(200, 5_102);
        assert_eq!(timestamps.live(200, false), Some(5_102));
        assert_eq!(timestamps.live(150, false), None);
        assert_eq!(timestamps.live(150, true), Some(5_050));
        assert_eq!(timestamps.script(5_102), 202);
    }
}
