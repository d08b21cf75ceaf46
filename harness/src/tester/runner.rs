//! The tester's connections on a target's link.

use std::net::SocketAddr;

use super::connection::{Connection, Ends, Options};
use super::fragments::Fragments;
use super::schedule::Delivery;
use crate::target::{Event, Returned, Target, TargetError};
use crate::time::Instant;
use crate::trace::{Judgement, Trace};
use crate::wire::{Packet, Udp};

/// Speaks TCP and UDP with a target, over any number of connections at once. Everything goes into the trace.
pub struct Tester<'t> {
    target: &'t mut dyn Target,
    /// What was said on the wire.
    pub trace: Trace,
    /// Line of the dialogue that packets belong to from now on; 0 if to none.
    pub line: u32,
    connections: Vec<Connection>,
    datagrams: Vec<Datagram>,
    listening: Vec<(u16, Options, Delivery)>,
    /// Ends of datagrams that the target said no port is there for.
    unreachable: Vec<Ends>,
    fragments: Fragments,
    packet: Vec<u8>,
}

/// A UDP datagram from the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Where it came from and went to.
    pub ends: Ends,
    /// What it carried, in octets.
    pub payload: Vec<u8>,
}

/// What happened.
#[derive(Debug)]
pub enum Step {
    /// A packet came, or a connection's time did: something may have changed.
    Progress,
    /// A socket call of the target's returned.
    Returned(Returned),
    /// Nothing happened until the deadline.
    Deadline,
}

impl<'t> Tester<'t> {
    /// A tester on this target's link.
    pub fn new(target: &'t mut dyn Target) -> Self {
        Tester {
            target,
            trace: Trace::default(),
            line: 0,
            connections: Vec::new(),
            datagrams: Vec::new(),
            listening: Vec::new(),
            unreachable: Vec::new(),
            fragments: Fragments::default(),
            packet: Vec::new(),
        }
    }

    /// The target, for socket calls and commands.
    pub fn target(&mut self) -> &mut dyn Target {
        self.target
    }

    /// Begins to open a connection; the number under which [`Tester::connection`] has it.
    pub fn connect(&mut self, ends: Ends, options: Options, delivery: Delivery) -> usize {
        self.connections.push(Connection::connect(ends, options, delivery));
        self.connections.len() - 1
    }

    /// Takes connections that the target opens to this port of the tester's. They have the numbers that come next.
    pub fn listen(&mut self, port: u16, options: Options, delivery: Delivery) {
        self.listening.retain(|(known, ..)| *known != port);
        self.listening.push((port, options, delivery));
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// A connection by its number, if there are so many.
    pub fn connection(&mut self, number: usize) -> Option<&mut Connection> {
        self.connections.get_mut(number)
    }

    /// Sends a UDP datagram.
    ///
    /// # Errors
    /// Those of the target's link.
    pub fn send(&mut self, ends: Ends, payload: &[u8]) -> Result<(), TargetError> {
        let udp = Udp::new(ends.local.port(), ends.remote.port());
        self.packet.clear();
        Packet::new([ends.ip_header(), udp.into()], payload).emit(&mut self.packet);
        self.inject()
    }

    /// Takes the oldest datagram from the target.
    pub fn receive(&mut self) -> Option<Datagram> {
        if self.datagrams.is_empty() { None } else { Some(self.datagrams.remove(0)) }
    }

    /// Whether the target has said by ICMP that nobody takes datagrams with these ends.
    pub fn is_unreachable(&self, ends: Ends) -> bool {
        self.unreachable.contains(&ends)
    }

    /// Sends what is due, and waits for the next thing that happens, at the latest until `deadline`.
    ///
    /// # Errors
    /// Those of the target and its link.
    pub fn step(&mut self, deadline: Instant) -> Result<Step, TargetError> {
        self.flush()?;
        let due = self.connections.iter().map(Connection::due).min().unwrap_or(Instant::FAR_FUTURE);
        match self.target.wait(deadline.min(due), &mut self.packet)? {
            Event::Packet(at) => {
                self.take(at);
                Ok(Step::Progress)
            }
            Event::Returned(returned) => Ok(Step::Returned(returned)),
            Event::Deadline if due < deadline => Ok(Step::Progress),
            Event::Deadline => Ok(Step::Deadline),
        }
    }

    /// Steps until `is_done` or the deadline; false if it was the deadline. Returns of calls are not told.
    ///
    /// # Errors
    /// Those of the target and its link.
    pub fn run_until(
        &mut self,
        deadline: Instant,
        mut is_done: impl FnMut(&mut Self) -> bool,
    ) -> Result<bool, TargetError> {
        loop {
            // What was to be acknowledged is, before it is asked.
            self.flush()?;
            if is_done(self) {
                return Ok(true);
            }
            if self.target.now() >= deadline || matches!(self.step(deadline)?, Step::Deadline) {
                return Ok(is_done(self));
            }
        }
    }

    fn flush(&mut self) -> Result<(), TargetError> {
        for number in 0..self.connections.len() {
            while self.connections[number].poll(self.target.now(), &mut self.packet) {
                self.inject()?;
            }
        }
        Ok(())
    }

    fn inject(&mut self) -> Result<(), TargetError> {
        self.target.inject(&self.packet)?;
        self.trace.injected(self.target.now(), self.line, &self.packet, 0);
        Ok(())
    }

    /// Takes a packet from the target. One that is not sound is the monitor's.
    fn take(&mut self, at: Instant) {
        let octets = std::mem::take(&mut self.packet);
        let parsed = Packet::parse(&octets, None);
        let is_sound = parsed.defects.is_empty();
        let is_expected = match (is_sound, parsed.packet.is_fragment()) {
            (false, _) => false,
            (true, false) => self.handle(at, &parsed.packet),
            (true, true) => {
                if let Some(datagram) = self.fragments.add(at, &parsed.packet, &octets) {
                    let whole = Packet::parse(&datagram, None);
                    if whole.defects.is_empty() {
                        self.handle(at, &whole.packet);
                    }
                }
                true
            }
        };
        let judgement = if is_expected { Judgement::Expected } else { Judgement::Unrelated };
        self.trace.received(at, self.line, &octets, judgement);
        self.packet = octets;
    }

    /// Hands a whole packet to whom it is for; false if that is nobody.
    fn handle(&mut self, at: Instant, packet: &Packet<'_>) -> bool {
        if self.connections.iter_mut().any(|connection| connection.handle(at, packet)) {
            return true;
        }
        if let Some(tcp) = packet.tcp()
            && let Some((_, options, delivery)) = self.listening.iter().find(|(port, ..)| *port == tcp.destination_port)
            && let Some(connection) = Connection::accept(packet, *options, *delivery)
        {
            self.connections.push(connection);
        } else if let (Some(udp), Some(from), Some(to)) = (packet.udp(), packet.source(), packet.destination()) {
            let ends = Ends {
                local: SocketAddr::new(to, udp.destination_port),
                remote: SocketAddr::new(from, udp.source_port),
            };
            self.datagrams.push(Datagram { ends, payload: packet.payload.to_vec() });
        } else if let Some(ends) = refused(packet) {
            self.unreachable.push(ends);
        } else {
            return false;
        }
        true
    }
}

/// The ends of the UDP datagram of ours that an ICMP port unreachable is about (RFC 1122 section 3.2.2.1, RFC 4443
/// section 3.1).
fn refused(packet: &Packet<'_>) -> Option<Ends> {
    let is_refusal = match (packet.icmpv4(), packet.icmpv6()) {
        (Some(icmp), _) => (icmp.kind, icmp.code) == (3, 3),
        (_, Some(icmp)) => (icmp.kind, icmp.code) == (1, 4),
        _ => false,
    };
    if !is_refusal {
        return None;
    }
    let quoted = Packet::parse(packet.payload, None).packet;
    let udp = quoted.udp()?;
    Some(Ends {
        local: SocketAddr::new(quoted.source()?, udp.source_port),
        remote: SocketAddr::new(quoted.destination()?, udp.destination_port),
    })
}
