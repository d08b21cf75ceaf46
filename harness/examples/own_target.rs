//! A target of one's own: the `rfcheck` command with a stack that can do nothing but answer pings.
//!
//! `cargo run --example own_target -- run --filter rfc792/echo`

use std::collections::{BTreeSet, VecDeque};
use std::process::ExitCode;
use std::sync::Arc;

use rfcheck::target::{
    CallId, CallMode, Capabilities, Clock, Event, IpVersion, Link, Services, SocketCall, Target, TargetError,
    TargetFactory,
};
use rfcheck::time::Instant;
use rfcheck::wire::{Header, Icmpv4, Packet};

fn main() -> ExitCode {
    rfcheck::cli::main_with(vec![Arc::new(PingFactory { capabilities: capabilities() })])
}

/// What the stack can do. Scripts that need more are not applicable to it.
fn capabilities() -> Capabilities {
    Capabilities {
        clock: Clock::Virtual,
        ip_versions: BTreeSet::from([IpVersion::Ipv4]),
        calls: BTreeSet::new(),
        socket_options: Some(BTreeSet::new()),
        sockets: BTreeSet::new(),
        commands: false,
        blocking_calls: false,
        features: BTreeSet::new(),
        services: Services::default(),
    }
}

/// Makes a fresh stack for each run.
struct PingFactory {
    capabilities: Capabilities,
}

impl TargetFactory for PingFactory {
    fn name(&self) -> &str {
        "ping"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        let capabilities = self.capabilities.clone();
        Ok(Box::new(PingTarget { capabilities, link: link.clone(), now: Instant::ZERO, sent: VecDeque::new() }))
    }
}

/// The stack, on a clock that jumps.
struct PingTarget {
    capabilities: Capabilities,
    link: Link,
    now: Instant,
    sent: VecDeque<Vec<u8>>,
}

impl Target for PingTarget {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        let parsed = Packet::parse(packet, None);
        let mut packet = parsed.packet;
        if !parsed.defects.is_empty() || packet.destination() != Some(self.link.local) || packet.is_fragment() {
            return Ok(());
        }
        if let [Header::Ipv4(ip), Header::Icmpv4(icmp)] = &mut packet.headers[..]
            && icmp.kind == Icmpv4::ECHO
        {
            std::mem::swap(&mut ip.source, &mut ip.destination);
            ip.checksum = rfcheck::wire::Field::Computed;
            *icmp = Icmpv4 { rest: icmp.rest, ..Icmpv4::new(Icmpv4::ECHO_REPLY, 0) };
            let mut reply = Vec::new();
            packet.emit(&mut reply);
            self.sent.push_back(reply);
        }
        Ok(())
    }

    fn call(&mut self, call: SocketCall, _mode: CallMode) -> Result<CallId, TargetError> {
        Err(TargetError::Unsupported(format!("{call:?}")))
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        packet.clear();
        if let Some(sent) = self.sent.pop_front() {
            packet.extend_from_slice(&sent);
            return Ok(Event::Packet(self.now));
        }
        self.now = self.now.max(deadline);
        Ok(Event::Deadline)
    }
}
