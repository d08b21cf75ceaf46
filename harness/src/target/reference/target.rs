//! The stack and the servers on it, as one target.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::deviation::Deviation;
use super::host::{Host, streams};
use super::mailbox::{DOMAIN, HOST, Mailboxes};
use crate::target::smoltcp::SmoltcpFactory;
use crate::target::{
    CallId, CallMode, Capabilities, Event, Link, Services, SocketCall, Target, TargetError, TargetFactory,
};
use crate::time::Instant;
use crate::tls;

/// What the servers offer of what RFCs leave to them, by the names that dialogues ask for it in `needs`.
const OFFERED: [&str; 14] = [
    "AUTHORITATIVE",
    "CAPA",
    "EIGHTBITMIME",
    "ENTITY_TAG",
    "HELP",
    "LAST_MODIFIED",
    "LIMIT_OF_1000000",
    "LITERAL",
    "PIPELINING",
    "RANGES",
    "SIZE",
    "TOP",
    "UIDL",
    "VRFY",
];

/// The feature of a target that can [`deviate`](Target::deviate).
pub const DEVIATES: &str = "deviates";

/// Makes servers of reference on smoltcp, in process and on a virtual clock: the embedded default of dialogues.
#[derive(Debug)]
pub struct ReferenceFactory {
    stack: SmoltcpFactory,
    capabilities: Arc<Capabilities>,
}

impl ReferenceFactory {
    /// The name under which reports list the target.
    pub const NAME: &'static str = "reference";

    /// A factory of hosts with all servers.
    pub fn new() -> Self {
        let stack = SmoltcpFactory::new();
        let services = Services {
            ports: streams().map(|(protocol, port)| (protocol.to_owned(), port)).collect(),
            actions: ["mailbox", "message"].map(str::to_owned).into(),
            definitions: [("HOST".to_owned(), HOST.to_owned()), ("DOMAIN".to_owned(), DOMAIN.to_owned())]
                .into_iter()
                .chain(OFFERED.map(|name| (name.to_owned(), "1".to_owned())))
                .chain(tls::AVAILABLE.then(|| ("STARTTLS".to_owned(), "1".to_owned())))
                .collect(),
        };
        // The sockets are the servers' own.
        let capabilities = Capabilities {
            calls: BTreeSet::new(),
            socket_options: Some(BTreeSet::new()),
            sockets: BTreeSet::new(),
            blocking_calls: false,
            services,
            features: stack.capabilities().features.iter().copied().chain([DEVIATES]).collect(),
            ..stack.capabilities().clone()
        };
        ReferenceFactory { stack, capabilities: Arc::new(capabilities) }
    }
}

impl Default for ReferenceFactory {
    fn default() -> Self {
        ReferenceFactory::new()
    }
}

impl TargetFactory for ReferenceFactory {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        let mut stack = self.stack.create(link)?;
        let mut host = Host::new(link.ip_version.is_ipv6_on_wire());
        host.open(&mut *stack)?;
        Ok(Box::new(ReferenceTarget { capabilities: Arc::clone(&self.capabilities), stack, host, is_stirred: false }))
    }
}

/// One run's stack and servers.
struct ReferenceTarget {
    capabilities: Arc<Capabilities>,
    stack: Box<dyn Target>,
    host: Host,
    /// Something came that the servers have not looked at.
    is_stirred: bool,
}

impl ReferenceTarget {
    /// Lets the servers do what there is to do.
    fn settle(&mut self) -> Result<(), TargetError> {
        if std::mem::take(&mut self.is_stirred) || self.host.due() <= self.stack.now() {
            self.host.work(&mut *self.stack)?;
        }
        Ok(())
    }
}

impl Target for ReferenceTarget {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Instant {
        self.stack.now()
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        self.stack.inject(packet)?;
        // At once: the servers run when there is something to read, and do not wait for the tester to look.
        self.is_stirred = true;
        self.settle()
    }

    fn call(&mut self, _: SocketCall, _: CallMode) -> Result<CallId, TargetError> {
        Err(TargetError::Unsupported("socket calls: the servers have all sockets".into()))
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        loop {
            self.settle()?;
            let until = self.host.due().min(deadline);
            match self.stack.wait(until, packet)? {
                Event::Packet(at) => return Ok(Event::Packet(at)),
                Event::Deadline if self.host.due() <= self.stack.now() => {}
                Event::Deadline if deadline <= self.stack.now() => return Ok(Event::Deadline),
                // No call of the servers waits, and time goes on.
                Event::Deadline | Event::Returned(_) => {}
            }
        }
    }

    fn deviate(&mut self, deviation: Deviation) -> Result<(), TargetError> {
        self.host.world.deviation = Some(deviation);
        Ok(())
    }

    fn perform(
        &mut self,
        action: &str,
        arguments: &[String],
        _: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<u8>>, TargetError> {
        self.settle()?;
        let failed = |reason: String| TargetError::Action { action: action.to_owned(), reason };
        let [address] = arguments else {
            return Err(failed(format!("it takes the address of a mailbox, and got {} arguments", arguments.len())));
        };
        let (local_part, domain) = address.rsplit_once('@').unwrap_or((address, DOMAIN));
        let user = Mailboxes::user(local_part.as_bytes()).filter(|_| domain.eq_ignore_ascii_case(DOMAIN));
        let user = user.ok_or_else(|| failed(format!("there is no mailbox `{address}`")))?;
        let date = self.host.world.date();
        let mailboxes = &mut self.host.world.mailboxes;
        match action {
            "mailbox" => {
                mailboxes.fill(user, date).map_err(|_| failed("the mailboxes are full".into()))?;
                Ok(Vec::new())
            }
            "message" => {
                let held = mailboxes.get(user).into_iter().flat_map(|held| &held.messages);
                Ok(held.map(|message| message.octets.clone()).collect())
            }
            _ => Err(TargetError::Unsupported(format!("the action `{action}`"))),
        }
    }
}
