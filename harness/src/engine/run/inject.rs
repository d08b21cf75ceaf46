//! Injected packets: which connection they belong to, and what sending them changes.

use super::Run;
use super::assert::formula_stop;
use super::stop::Stop;
use crate::engine::connection::{Connection, ConnectionId, State, icmp_protocol};
use crate::engine::{build, formula, names};
use crate::script::tree::{Body, Event, PacketSpec, Ports, TcpSpec};
use crate::wire::{Packet, TcpFlags, protocol};

/// The first port of the tester that is handed out to connections whose script writes none.
const FIRST_EPHEMERAL: u16 = 49_152;

impl Run<'_> {
    pub(super) fn inject(&mut self, event: &Event, spec: &PacketSpec, late: i64) -> Result<(), Stop> {
        let spec = &*formula::worked_out(spec, &self.names).map_err(|error| formula_stop(event, error))?;
        let id = self.connection_to_inject(&spec.body);
        if let Body::Tcp(tcp) = &spec.body {
            self.advance_by_injection(id, tcp);
        }
        let connection = self.scratch.connections.get(id);
        self.scratch.sent.clear();
        build::build(
            spec,
            connection,
            self.settings.tcp_ts_ecr_scaled,
            &mut self.scratch.payload,
            &mut self.scratch.sent,
        )
        .map_err(|error| Stop::script(event, error.span, error.message))?;
        let at = self.target.now();
        if !spec.captures.is_empty() {
            let micros = self.since_start(at);
            let parsed = Packet::parse(&self.scratch.sent, None);
            let values = names::read(&spec.captures, &parsed.packet, parsed.packet.payload.len(), micros);
            let values = values.map_err(|capture| {
                let message = format!("this packet has no `{}`", capture.field.node);
                Stop::script(event, capture.field.span, message)
            })?;
            self.names.add(&spec.captures, values);
        }
        self.target.inject(&self.scratch.sent)?;
        self.scratch.trace.injected(at, event.line, &self.scratch.sent, late as u64);
        Ok(())
    }

    fn connection_to_inject(&mut self, body: &Body) -> ConnectionId {
        match body {
            Body::Tcp(tcp) => self.tcp_connection_to_inject(tcp),
            Body::Udp(udp) => self.udp_connection(udp.ports),
            Body::Icmp(_) | Body::Stream(_) => self.icmp_connection(),
        }
    }

    /// A segment belongs to the connection whose ports it writes, else to the one in focus; to a listening or an
    /// absent socket it opens a connection.
    fn tcp_connection_to_inject(&mut self, spec: &TcpSpec) -> ConnectionId {
        let connections = &self.scratch.connections;
        if let Some(ports) = spec.ports {
            if let Some(id) = connections.by_script_ports(protocol::TCP, ports) {
                return id;
            }
            if spec.flags.contains(TcpFlags::SYN) && !spec.flags.contains(TcpFlags::ACK)
                || connections.focus().is_none()
            {
                return self.open_passive(spec, ports.destination, ports.source, Some(ports));
            }
        }
        let focus = connections.focus().filter(|id| connections.get(*id).protocol == protocol::TCP);
        match focus {
            Some(id) if connections.get(id).state != State::Listening => id,
            Some(id) => {
                let port = connections.get(id).local.port();
                let remote = self.ephemeral_port();
                self.open_passive(spec, port, remote, None)
            }
            None => {
                let listening = connections.listening(None).map(|id| connections.get(id).local.port());
                let remote = self.ephemeral_port();
                self.open_passive(spec, listening.unwrap_or(self.settings.bind_port), remote, None)
            }
        }
    }

    fn open_passive(&mut self, spec: &TcpSpec, local: u16, remote: u16, ports: Option<Ports>) -> ConnectionId {
        let local = if local == 0 { self.settings.bind_port } else { local };
        let mut connection = Connection::new(protocol::TCP, State::SynReceived, &self.settings.link, local, remote);
        connection.remote_isn = spec.sequence.start;
        connection.script_ports = ports;
        connection.udp_encapsulation = spec.udp_encapsulation;
        self.scratch.connections.add(connection)
    }

    /// The UDP socket in focus or with these ports; its ends are made up if nobody said them.
    pub(super) fn udp_connection(&mut self, ports: Option<Ports>) -> ConnectionId {
        let connections = &self.scratch.connections;
        let known = ports
            .and_then(|ports| connections.by_script_ports(protocol::UDP, ports))
            .or_else(|| connections.focus().filter(|id| connections.get(*id).protocol == protocol::UDP));
        let id = match known {
            Some(id) => id,
            None => {
                let connection = Connection::new(protocol::UDP, State::New, &self.settings.link, 0, 0);
                self.scratch.connections.add(connection)
            }
        };
        let (bind_port, connect_port) = (self.settings.bind_port, self.settings.connect_port);
        let connection = self.scratch.connections.get_mut(id);
        if connection.local.port() == 0 {
            connection.local.set_port(ports.map_or(bind_port, |ports| ports.destination));
        }
        if connection.remote.port() == 0 {
            connection.remote.set_port(ports.map_or(connect_port, |ports| ports.source));
        }
        id
    }

    /// ICMP travels between the ends of the connection in focus; without one, between the link's addresses.
    pub(super) fn icmp_connection(&mut self) -> ConnectionId {
        match self.scratch.connections.focus() {
            Some(id) => id,
            None => {
                let number = icmp_protocol(self.settings.link.remote);
                let connection = Connection::new(number, State::Synchronized, &self.settings.link, 0, 0);
                self.scratch.connections.add(connection)
            }
        }
    }

    fn ephemeral_port(&mut self) -> u16 {
        let port = FIRST_EPHEMERAL.saturating_add(self.ephemeral);
        self.ephemeral = self.ephemeral.wrapping_add(1) % (u16::MAX - FIRST_EPHEMERAL);
        port
    }

    /// What sending a segment changes: the tester's SYN tells its initial sequence number.
    fn advance_by_injection(&mut self, id: ConnectionId, spec: &TcpSpec) {
        let connection = self.scratch.connections.get_mut(id);
        let (syn, ack) = (spec.flags.contains(TcpFlags::SYN), spec.flags.contains(TcpFlags::ACK));
        match connection.state {
            State::SynAckSent if ack => connection.state = State::Synchronized,
            State::SynSent if syn => {
                connection.remote_isn = spec.sequence.start;
                if ack {
                    connection.state = State::Synchronized;
                }
            }
            _ => {}
        }
    }
}
