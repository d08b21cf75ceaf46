//! The host that the servers run on: their sockets on a stack, and the octets between the two.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use super::conversation::Conversation;
use super::deviation::Deviation;
use super::distortion::distort;
use super::dns::{self, Dns, Transport};
use super::http::Http;
use super::imap::Imap;
use super::pop3::Pop3;
use super::smtp::Smtp;
use super::world::World;
use crate::target::{CallMode, CallOutput, Errno, Event, PollEntry, Returned, SocketCall, Target, TargetError};
use crate::time::Instant;
use crate::tls::{self, Session};

// Numbers of the Linux ABI, which socket calls have on every target.
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const SOCK_STREAM: i32 = 1;
const SOCK_DGRAM: i32 = 2;
const SOL_SOCKET: i32 = 1;
const SO_LINGER: i32 = 13;
const SOL_TCP: i32 = 6;
const TCP_NODELAY: i32 = 1;
const MSG_DONTWAIT: i32 = 0x40;
const SHUT_WR: i32 = 1;
const POLLIN: i16 = 1;
const POLLOUT: i16 = 4;
const EAGAIN: Errno = Errno(11);

const BACKLOG: i32 = 64;
/// Connections at once; others wait to be accepted.
const MOST_CONNECTIONS: usize = 512;
/// Octets that are read at once.
const READ: usize = 4_096;
/// Octets of answers from which on no further command is taken, until the client has read some.
const MOST_OUTPUT: usize = 65_536;
/// How long what a client still sends is read and thrown away after the last answer, so that no RST takes that answer
/// from it (RFC 9112 section 9.6).
const LINGER: Duration = Duration::from_secs(5);

/// The servers of streams, by the name that dialogues have for the protocol; of TLS from the first octet last.
const STREAMS: [(&str, u16); 6] =
    [("dns", DNS_PORT), ("http", 80), ("imap", 143), ("pop3", 110), ("smtp", 25), (IMAP_OVER_TLS, 993)];
const IMAP_OVER_TLS: &str = "imaps";
pub(super) const DNS_PORT: u16 = 53;

/// The servers of streams of this build, by name, and their ports.
pub(super) fn streams() -> impl Iterator<Item = (&'static str, u16)> {
    STREAMS.into_iter().filter(|(name, _)| tls::AVAILABLE || *name != IMAP_OVER_TLS)
}

/// The servers on their sockets.
pub(super) struct Host {
    pub(super) world: World,
    listeners: Vec<Listener>,
    /// The socket of DNS over UDP.
    datagrams: i32,
    connections: Vec<Connection>,
    is_ipv6: bool,
}

struct Listener {
    fd: i32,
    protocol: &'static str,
}

struct Connection {
    fd: i32,
    protocol: &'static str,
    conversation: Box<dyn Conversation>,
    /// What was read and not taken.
    input: Vec<u8>,
    /// What was answered and not sent.
    output: Vec<u8>,
    /// TLS, once it was started.
    tls: Option<Session>,
    /// What is to go on the wire before anything else: answers as TLS carries them, and what was said before it.
    wire: Vec<u8>,
    /// What came is no TLS.
    is_broken: bool,
    /// The client sends no more.
    input_ended: bool,
    /// Since when the client is awaited.
    since: Instant,
    /// Everything was sent, and the connection is half closed: until when the client's end is awaited.
    lingers_until: Option<Instant>,
}

impl Host {
    /// Servers without sockets.
    pub(super) fn new(is_ipv6: bool) -> Self {
        Host { world: World::default(), listeners: Vec::new(), datagrams: -1, connections: Vec::new(), is_ipv6 }
    }

    /// Opens the sockets.
    pub(super) fn open(&mut self, stack: &mut dyn Target) -> Result<(), TargetError> {
        let (domain, any) = match self.is_ipv6 {
            true => (AF_INET6, IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            false => (AF_INET, IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        };
        let socket = |stack: &mut dyn Target, kind, port| {
            let fd = value(stack, SocketCall::Socket { domain, kind, protocol: 0 })?;
            value(stack, SocketCall::Bind { fd, address: SocketAddr::new(any, port) })?;
            Ok::<i32, TargetError>(fd)
        };
        for (protocol, port) in streams() {
            let fd = socket(stack, SOCK_STREAM, port)?;
            let at_once = 1_i32.to_ne_bytes().to_vec();
            value(stack, SocketCall::SetSockOpt { fd, level: SOL_TCP, option: TCP_NODELAY, value: at_once })?;
            value(stack, SocketCall::Listen { fd, backlog: BACKLOG })?;
            self.listeners.push(Listener { fd, protocol });
        }
        self.datagrams = socket(stack, SOCK_DGRAM, DNS_PORT)?;
        Ok(())
    }

    /// Does all that can be done now.
    pub(super) fn work(&mut self, stack: &mut dyn Target) -> Result<(), TargetError> {
        self.world.now = stack.now();
        let mut entries = vec![PollEntry { fd: self.datagrams, events: POLLIN, revents: 0 }];
        if self.connections.len() < MOST_CONNECTIONS {
            entries.extend(self.listeners.iter().map(|held| PollEntry { fd: held.fd, events: POLLIN, revents: 0 }));
        }
        entries.extend(self.connections.iter().map(|held| {
            let events = if held.is_sent() { POLLIN } else { POLLIN | POLLOUT };
            PollEntry { fd: held.fd, events, revents: 0 }
        }));
        let ready = match call(stack, SocketCall::Poll { entries, timeout: 0 })?.output {
            CallOutput::Poll(entries) => entries,
            _ => Vec::new(),
        };
        let is_ready = |fd: i32| ready.iter().any(|entry| entry.fd == fd && entry.revents != 0);
        if is_ready(self.datagrams) {
            self.answer_datagrams(stack)?;
        }
        for connection in &mut self.connections {
            if is_ready(connection.fd) {
                connection.work(stack, &mut self.world)?;
            }
            connection.check_time(stack, &mut self.world)?;
        }
        self.connections.retain(|connection| connection.fd >= 0);
        for listener in 0..self.listeners.len() {
            if is_ready(self.listeners[listener].fd) {
                self.accept(listener, stack)?;
            }
        }
        Ok(())
    }

    /// When something is to be done even if nothing comes.
    pub(super) fn due(&self) -> Instant {
        self.connections.iter().map(|held| held.due(&self.world)).min().unwrap_or(Instant::FAR_FUTURE)
    }

    fn accept(&mut self, listener: usize, stack: &mut dyn Target) -> Result<(), TargetError> {
        let Listener { fd, protocol } = self.listeners[listener];
        let one_at_a_time = self.world.deviates(Deviation::ServiceOneAtATime);
        while self.connections.len() < if one_at_a_time { 1 } else { MOST_CONNECTIONS } {
            // Something waits when the first accept comes, and what comes after it does not block for long: the
            // listener is asked before each.
            let entries = vec![PollEntry { fd, events: POLLIN, revents: 0 }];
            if call(stack, SocketCall::Poll { entries, timeout: 0 })?.result != Ok(1) {
                break;
            }
            let returned = call(stack, SocketCall::Accept { fd })?;
            let (Ok(accepted), CallOutput::Address(client)) = (returned.result, returned.output) else { break };
            let in_the_clear = self.world.deviates(Deviation::ImapClearOnTlsPort);
            let tls = Session::server().filter(|_| protocol == IMAP_OVER_TLS && !in_the_clear);
            let conversation: Box<dyn Conversation> = match protocol {
                "smtp" => Box::new(Smtp::new(client.ip())),
                "http" => Box::new(Http::default()),
                "imap" => Box::new(Imap::default()),
                IMAP_OVER_TLS => Box::new(Imap::inside_tls()),
                "pop3" => Box::new(Pop3::default()),
                _ => Box::new(Dns::default()),
            };
            let mut connection = Connection {
                fd: accepted as i32,
                protocol,
                conversation,
                input: Vec::new(),
                output: Vec::new(),
                tls,
                wire: Vec::new(),
                is_broken: false,
                input_ended: false,
                since: self.world.now,
                lingers_until: None,
            };
            connection.conversation.open(&mut self.world, &mut connection.output);
            distort(self.world.deviation, protocol, &mut connection.output, 0);
            connection.work(stack, &mut self.world)?;
            if connection.fd >= 0 {
                self.connections.push(connection);
            }
        }
        Ok(())
    }

    fn answer_datagrams(&mut self, stack: &mut dyn Target) -> Result<(), TargetError> {
        loop {
            let fd = self.datagrams;
            let flags = MSG_DONTWAIT;
            let returned = call(stack, SocketCall::RecvFrom { fd, length: 65_535, flags, null: false })?;
            let CallOutput::Message { data, address: Some(client), .. } = returned.output else { return Ok(()) };
            if let Some(mut data) = dns::answer(&data, Transport::Udp, &self.world) {
                distort(self.world.deviation, "udp", &mut data, 0);
                // What has no room in the socket is lost, as datagrams are.
                call(stack, SocketCall::SendTo { fd, data, flags, address: Some(client), null: false })?;
            }
            if let Some(data) = self.world.owed.take() {
                call(stack, SocketCall::SendTo { fd, data, flags, address: Some(client), null: false })?;
            }
        }
    }
}

impl Connection {
    /// Takes, answers and sends until nothing goes on.
    fn work(&mut self, stack: &mut dyn Target, world: &mut World) -> Result<(), TargetError> {
        loop {
            self.take(world);
            if !self.send(stack)? {
                self.conversation.abandon(world);
                return self.close(stack);
            }
            if self.is_sent() && self.is_over() && self.lingers_until.is_none() {
                if world.deviates(Deviation::HttpNoLinger) {
                    // On for no time: the connection is reset, and what is under way with it.
                    let value = [1_i32.to_ne_bytes(), 0_i32.to_ne_bytes()].concat();
                    call(stack, SocketCall::SetSockOpt { fd: self.fd, level: SOL_SOCKET, option: SO_LINGER, value })?;
                    return self.close(stack);
                }
                if let Some(mut tls) = self.tls.take() {
                    tls.end();
                    tls.outgoing(&mut self.wire);
                    continue;
                }
                call(stack, SocketCall::Shutdown { fd: self.fd, how: SHUT_WR })?;
                self.lingers_until = Some(world.now + LINGER);
            }
            if self.input_ended && self.lingers_until.is_some() {
                return self.close(stack);
            }
            // What the client sends waits in the stack until there is room for it here.
            let has_room = self.input.is_empty() && self.unsent() < MOST_OUTPUT;
            if self.input_ended || !has_room || !self.read(stack, world)? {
                return Ok(());
            }
        }
    }

    /// Lets the conversation take the input, as long as its answers find room.
    fn take(&mut self, world: &mut World) {
        let mut taken = 0;
        if self.tls.as_ref().is_some_and(Session::is_handshaking) {
            // What was injected waits, in a server that obeys it.
            return;
        }
        while taken < self.input.len() && self.unsent() < MOST_OUTPUT && !self.is_over() {
            let before = self.output.len();
            taken += self.conversation.take(&self.input[taken..], world, &mut self.output).max(1);
            distort(world.deviation, self.protocol, &mut self.output, before);
            if !self.conversation.only_answers_count() || self.output.len() > before {
                self.since = world.now;
            }
            if self.conversation.starts_tls() {
                return self.start_tls(taken, world);
            }
        }
        self.input.drain(..taken.min(self.input.len()));
        if self.is_over() {
            self.input.clear();
        } else if self.input_ended && self.input.is_empty() {
            self.conversation.finish(world, &mut self.output);
        }
    }

    /// Octets of answers that are not sent.
    fn unsent(&self) -> usize {
        self.output.len() + self.wire.len()
    }

    fn is_over(&self) -> bool {
        self.is_broken || self.conversation.is_over()
    }

    fn is_sent(&self) -> bool {
        self.unsent() == 0
    }

    /// What follows `taken` octets of the input is no command any more: it is TLS (RFC 3207 section 4).
    fn start_tls(&mut self, taken: usize, world: &World) {
        self.wire.append(&mut self.output);
        self.tls = Session::server();
        let behind = self.input.split_off(taken.min(self.input.len()));
        self.input.clear();
        if world.deviates(Deviation::SmtpInjectionTaken) || world.deviates(Deviation::ImapInjectionTaken) {
            self.input = behind;
        } else {
            self.hear(&behind);
        }
    }

    /// Takes octets off the wire. What is no TLS where TLS is spoken ends the connection, without an alert: the client may
    /// still listen in the clear.
    fn hear(&mut self, octets: &[u8]) {
        match &mut self.tls {
            None => self.input.extend_from_slice(octets),
            Some(tls) => {
                if tls.receive(octets, &mut self.input).is_err() {
                    self.input.clear();
                    self.output.clear();
                    (self.tls, self.is_broken) = (None, true);
                }
            }
        }
    }

    /// Sends as much as goes; false if the connection is gone.
    fn send(&mut self, stack: &mut dyn Target) -> Result<bool, TargetError> {
        match &mut self.tls {
            Some(tls) => {
                // What is left from before the handshake waits for its end.
                tls.send(&std::mem::take(&mut self.output));
                tls.outgoing(&mut self.wire);
            }
            None => self.wire.append(&mut self.output),
        }
        while !self.wire.is_empty() {
            let data = self.wire.clone();
            match call(stack, SocketCall::Send { fd: self.fd, data, flags: MSG_DONTWAIT, null: false })?.result {
                Ok(count) => drop(self.wire.drain(..(count.max(0) as usize).min(self.wire.len()))),
                Err(EAGAIN) => break,
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Reads what there is; whether there was anything.
    fn read(&mut self, stack: &mut dyn Target, world: &mut World) -> Result<bool, TargetError> {
        let wanted = SocketCall::Recv { fd: self.fd, length: READ, flags: MSG_DONTWAIT, null: false };
        let returned = call(stack, wanted)?;
        match (returned.result, returned.output) {
            (Ok(1..), CallOutput::Data(_)) if self.lingers_until.is_some() => Ok(true),
            (Ok(1..), CallOutput::Data(data)) => {
                self.hear(&data);
                if !self.conversation.only_answers_count() {
                    self.since = world.now;
                }
                Ok(true)
            }
            (Err(EAGAIN), _) => Ok(false),
            // The client's end, or the end of the connection: what was not answered yet finds nobody.
            (result, _) => {
                self.input_ended = true;
                if result.is_err() {
                    self.conversation.abandon(world);
                    self.output.clear();
                    self.wire.clear();
                    self.lingers_until.get_or_insert(world.now);
                }
                Ok(true)
            }
        }
    }

    fn due(&self, world: &World) -> Instant {
        let patience = match world.deviation {
            Some(Deviation::HttpImpatienceMissing | Deviation::DnsImpatienceMissing) => Duration::from_secs(86_400),
            Some(Deviation::SmtpImpatient | Deviation::Pop3Impatient | Deviation::ImapImpatient) => {
                Duration::from_secs(60)
            }
            _ => self.conversation.patience(),
        };
        self.lingers_until.unwrap_or_else(|| self.since + patience)
    }

    /// Ends what has waited for too long.
    fn check_time(&mut self, stack: &mut dyn Target, world: &mut World) -> Result<(), TargetError> {
        if self.fd < 0 || self.due(world) > world.now {
            return Ok(());
        }
        if self.lingers_until.is_some() || self.is_over() {
            return self.close(stack);
        }
        self.conversation.time_out(world, &mut self.output);
        // Last words have as long as there is patience to be read.
        self.since = world.now;
        self.work(stack, world)
    }

    fn close(&mut self, stack: &mut dyn Target) -> Result<(), TargetError> {
        call(stack, SocketCall::Close { fd: self.fd })?;
        self.fd = -1;
        Ok(())
    }
}

/// Issues a call that does not wait.
fn call(stack: &mut dyn Target, call: SocketCall) -> Result<Returned, TargetError> {
    let name = format!("{call:?}");
    let id = stack.call(call, CallMode::Immediate)?;
    match stack.wait(stack.now(), &mut Vec::new())? {
        Event::Returned(returned) if returned.id == id => Ok(returned),
        other => Err(TargetError::Gone(format!("a call of the servers did not return at once: {name}, {other:?}"))),
    }
}

/// What a call gives that cannot fail on a fresh stack.
fn value(stack: &mut dyn Target, wanted: SocketCall) -> Result<i32, TargetError> {
    let name = format!("{wanted:?}");
    let failed =
        |errno: Errno| TargetError::Gone(format!("the servers cannot start: {name} failed with errno {}", errno.0));
    call(stack, wanted)?.result.map(|value| value as i32).map_err(failed)
}
