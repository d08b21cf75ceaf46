//! A server over in-process smoltcp that does what a test says: a target with an application on top.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use rfcheck::target::smoltcp::SmoltcpFactory;
use rfcheck::target::{
    CallId, CallMode, CallOutput, Capabilities, Event, IpVersion, Link, Returned, Services, SocketCall, Target,
    TargetError, TargetFactory,
};
use rfcheck::time::Instant;

/// What an application does.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    Send(Vec<u8>),
    Close,
    Reset,
    /// The process is gone: what listens and what is open is reset.
    Crash,
    /// The process has crashed, and another one begins to listen in its place.
    Restart,
    /// The target itself breaks.
    Break,
}

/// Sends this text.
pub(crate) fn send(text: &str) -> Vec<Do> {
    vec![Do::Send(text.as_bytes().to_vec())]
}

/// The application on one connection: what it does when the connection opens (no octets), and with all octets that
/// came so far; it says how many of them it has taken.
pub(crate) type Serve = fn(&mut usize, &[u8]) -> (usize, Vec<Do>);

/// The application behind a UDP port: the answers to a datagram.
pub(crate) type Answer = fn(&[u8]) -> Vec<Vec<u8>>;

/// What `do` and `check` give.
pub(crate) type Perform = fn(&str, &[String], u32) -> Result<Vec<Vec<u8>>, TargetError>;

/// A server.
#[derive(Clone)]
pub(crate) struct Server {
    pub protocol: &'static str,
    pub port: u16,
    pub serve: Serve,
    pub answer: Answer,
    pub perform: Perform,
    pub is_deaf: bool,
    /// A reset of a connection is the end of it all.
    pub is_fragile: bool,
    /// It takes one connection after the other, and waits for the end of each.
    pub is_iterative: bool,
}

impl Server {
    pub(crate) fn new(protocol: &'static str, port: u16, serve: Serve) -> Self {
        let perform: Perform = |name, _, _| Err(TargetError::Unsupported(name.to_owned()));
        Server {
            protocol,
            port,
            serve,
            answer: |_| Vec::new(),
            perform,
            is_deaf: false,
            is_fragile: false,
            is_iterative: false,
        }
    }

    pub(crate) fn factory(self) -> Arc<Factory> {
        let mut capabilities = SmoltcpFactory::new().capabilities().clone();
        capabilities.services = Services {
            ports: BTreeMap::from([(self.protocol.to_owned(), self.port)]),
            actions: ["message", "mailbox", "fetch"].map(str::to_owned).into(),
            definitions: BTreeMap::from([("HOST".to_owned(), "server.example".to_owned())]),
        };
        Arc::new(Factory { server: self, capabilities })
    }
}

pub(crate) struct Factory {
    server: Server,
    capabilities: Capabilities,
}

impl TargetFactory for Factory {
    fn name(&self) -> &str {
        "scripted"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn create(&self, link: &Link) -> Result<Box<dyn Target>, TargetError> {
        let inner = SmoltcpFactory::new().create(link)?;
        let mut target = Running {
            inner,
            server: self.server.clone(),
            capabilities: self.capabilities.clone(),
            link: link.clone(),
            listener: -1,
            datagrams: -1,
            open: Vec::new(),
            performed: 0,
            is_broken: false,
        };
        if !self.server.is_deaf {
            target.listen();
        }
        Ok(Box::new(target))
    }
}

struct Running {
    inner: Box<dyn Target>,
    server: Server,
    capabilities: Capabilities,
    link: Link,
    listener: i32,
    datagrams: i32,
    open: Vec<Connection>,
    performed: u32,
    is_broken: bool,
}

struct Connection {
    fd: i32,
    /// What the application keeps for itself.
    state: usize,
    received: Vec<u8>,
    unsent: Vec<u8>,
    closes: bool,
    is_fresh: bool,
}

impl Running {
    fn listen(&mut self) {
        let domain = if self.link.ip_version == IpVersion::Ipv4 { 2 } else { 10 };
        let address = SocketAddr::new(self.link.local, self.server.port);
        self.listener = self.call(SocketCall::Socket { domain, kind: 1 | 0o4000, protocol: 0 }).result.unwrap() as i32;
        self.call(SocketCall::Bind { fd: self.listener, address }).result.unwrap();
        self.call(SocketCall::Listen { fd: self.listener, backlog: 8 }).result.unwrap();
        if self.datagrams < 0 {
            self.datagrams =
                self.call(SocketCall::Socket { domain, kind: 2 | 0o4000, protocol: 0 }).result.unwrap() as i32;
            self.call(SocketCall::Bind { fd: self.datagrams, address }).result.unwrap();
        }
    }

    /// The target is a client: it turns to the tester.
    fn connect(&mut self) {
        let domain = if self.link.ip_version == IpVersion::Ipv4 { 2 } else { 10 };
        let address = SocketAddr::new(self.link.remote, self.server.port);
        let fd = self.call(SocketCall::Socket { domain, kind: 1 | 0o4000, protocol: 0 }).result.unwrap() as i32;
        assert_eq!(self.call(SocketCall::Connect { fd, address }).result.unwrap_err().0, 115);
        let (received, unsent) = (Vec::new(), Vec::new());
        self.open.push(Connection { fd, state: 0, received, unsent, closes: false, is_fresh: true });
    }

    fn call(&mut self, call: SocketCall) -> Returned {
        let id = self.inner.call(call, CallMode::Immediate).unwrap();
        let now = self.inner.now();
        match self.inner.wait(now, &mut Vec::new()).unwrap() {
            Event::Returned(returned) if returned.id == id => returned,
            other => panic!("an immediate call returns first, not {other:?}"),
        }
    }

    /// Does what the application can do without waiting.
    fn serve(&mut self) -> Result<(), TargetError> {
        while self.listener >= 0
            && (!self.server.is_iterative || self.open.is_empty())
            && let Ok(fd) = self.call(SocketCall::Accept { fd: self.listener }).result
        {
            let fd = fd as i32;
            self.call(SocketCall::Fcntl { fd, command: 4, argument: Some(0o4000) });
            let (received, unsent) = (Vec::new(), Vec::new());
            self.open.push(Connection { fd, state: 0, received, unsent, closes: false, is_fresh: true });
        }
        while self.datagrams >= 0 {
            let read = self.call(SocketCall::RecvMsg {
                fd: self.datagrams,
                lengths: vec![4_096],
                control_length: 0,
                flags: 0,
            });
            let CallOutput::Message { data, address, .. } = read.output else { break };
            for answer in (self.server.answer)(&data) {
                self.call(SocketCall::SendTo { fd: self.datagrams, data: answer, flags: 0, address, null: false });
            }
        }
        let mut open = std::mem::take(&mut self.open);
        let mut crashes = None;
        open.retain_mut(|connection| self.serve_one(connection, &mut crashes));
        self.open = open;
        if let Some(restarts) = crashes {
            for connection in std::mem::take(&mut self.open) {
                self.reset(connection.fd);
            }
            self.call(SocketCall::Close { fd: self.listener });
            self.listener = -1;
            if restarts {
                self.listen();
            }
        }
        if self.is_broken { Err(TargetError::Gone("the process has exited with status 139".into())) } else { Ok(()) }
    }

    /// Whether the connection goes on.
    fn serve_one(&mut self, connection: &mut Connection, crashes: &mut Option<bool>) -> bool {
        loop {
            if !connection.unsent.is_empty() {
                let data = connection.unsent.clone();
                match self.call(SocketCall::Write { fd: connection.fd, data, null: false }).result {
                    Ok(written) => _ = connection.unsent.drain(..written as usize),
                    // Not now, or not connected yet.
                    Err(errno) if matches!(errno.0, 11 | 107 | 115) => return true,
                    Err(_) => return false,
                }
                continue;
            }
            if connection.closes {
                self.call(SocketCall::Close { fd: connection.fd });
                return false;
            }
            if !std::mem::take(&mut connection.is_fresh) {
                let read = self.call(SocketCall::Read { fd: connection.fd, length: 4_096, null: false });
                match (read.result, read.output) {
                    (Ok(1..), CallOutput::Data(data)) => connection.received.extend(data),
                    (Err(errno), _) if errno.0 == 11 => return true,
                    (Err(_), _) if self.server.is_fragile => {
                        *crashes = Some(false);
                        return false;
                    }
                    _ => {
                        self.call(SocketCall::Close { fd: connection.fd });
                        return false;
                    }
                }
            }
            let (taken, actions) = (self.server.serve)(&mut connection.state, &connection.received);
            connection.received.drain(..taken);
            for action in actions {
                match action {
                    Do::Send(octets) => connection.unsent.extend(octets),
                    Do::Close => connection.closes = true,
                    Do::Reset => {
                        self.reset(connection.fd);
                        return false;
                    }
                    Do::Crash => *crashes = Some(false),
                    Do::Restart => *crashes = Some(true),
                    Do::Break => self.is_broken = true,
                }
            }
        }
    }

    /// SO_LINGER with a time of zero: closing resets.
    fn reset(&mut self, fd: i32) {
        self.call(SocketCall::SetSockOpt { fd, level: 1, option: 13, value: vec![1, 0, 0, 0, 0, 0, 0, 0] });
        self.call(SocketCall::Close { fd });
    }
}

impl Target for Running {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn inject(&mut self, packet: &[u8]) -> Result<(), TargetError> {
        self.inner.inject(packet)?;
        self.serve()
    }

    fn call(&mut self, _: SocketCall, _: CallMode) -> Result<CallId, TargetError> {
        Err(TargetError::Unsupported("socket calls beside its application".into()))
    }

    fn wait(&mut self, deadline: Instant, packet: &mut Vec<u8>) -> Result<Event, TargetError> {
        let event = self.inner.wait(deadline, packet)?;
        self.serve()?;
        Ok(event)
    }

    fn perform(
        &mut self,
        action: &str,
        arguments: &[String],
        _: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<u8>>, TargetError> {
        self.performed += 1;
        if action == "fetch" {
            self.connect();
            self.serve()?;
            return Ok(Vec::new());
        }
        (self.server.perform)(action, arguments, self.performed)
    }
}
