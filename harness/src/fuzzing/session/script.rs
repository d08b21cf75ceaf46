//! Sessions from scripts: what tester and application do in a script, told relative to the live connection.
//!
//! What the script expects is left out but for the numbers that it tells: a session is judged by its oracles. So a
//! script that was written for one requirement is the beginning of sessions that break off, repeat and change it.

use super::{
    AcknowledgmentBase, Call, CallKind, Datagram, Event, Fault, FaultKind, IcmpError, MOST_EVENTS, Options, Point,
    Segment, SequenceBase, Session, Setup,
};
use crate::script::Script;
use crate::script::tree::{
    self, Action, Answer, Body, EventTime, Expression, ExpressionKind, FieldValue, IcmpSpec, PacketSpec, Ports,
    TcpOptionSpec, TcpOptionsSpec, TcpSpec,
};
use crate::wire::TcpFlags;

/// Steps in which an encoded session tells distances beyond the near ones.
const FAR: i64 = 40;
/// Distances that are told exactly.
const NEAR: i64 = 64;

impl Session {
    /// The session of a script; nothing if the tester does nothing in it that sessions can do.
    pub fn from_script(script: &Script) -> Option<Session> {
        let mut reader = Reader::default();
        for event in &script.events {
            reader.event(event);
        }
        let setup = Setup { ipv6: false, small_mtu: false, numbers: 0, backlog: 1, active: reader.active };
        let mut events = reader.events;
        events.truncate(MOST_EVENTS);
        let is_tester = |event: &Event| !matches!(event, Event::Call(_) | Event::Advance { .. });
        // As it would be written down: so it is the same when it is read again.
        let session = Session { setup, events };
        session.events.iter().any(is_tester).then(|| Session::from_octets(&session.to_octets()))
    }
}

/// One connection of the script.
#[derive(Debug)]
struct Connection {
    /// The tester's ports, where packets name them.
    ports: Option<(u16, u16)>,
    /// The tester's next number, counted from its initial one.
    next: u32,
    /// What the tester acknowledged last, and after all that the target sent; counted from the target's initial one.
    acknowledged: u32,
    received: u32,
    /// The application's descriptor, as the script numbers it.
    fd: Option<i64>,
    is_active: bool,
}

#[derive(Debug, Default)]
struct Reader {
    events: Vec<Event>,
    connections: Vec<Connection>,
    /// Connections that the target opens.
    active: u8,
    /// Time since the last event of the session, and of the script, in microseconds.
    passed: i64,
    now: i64,
    /// Descriptors whose close is a reset.
    aborting: Vec<i64>,
}

impl Reader {
    fn event(&mut self, event: &tree::Event) {
        let before = self.now;
        match event.time {
            EventTime::Absolute(at) | EventTime::AbsoluteRange(at, _) => self.now = self.now.max(at),
            EventTime::Relative(by) | EventTime::RelativeRange(by, _) => self.now += by.max(0),
            EventTime::Any => {}
        }
        self.passed += self.now - before;
        match &event.action {
            Action::Inject(packet) => self.inject(packet),
            Action::Expect(expectation) => {
                if let Some(Answer::Packet(packet)) = expectation.answers.first() {
                    self.expected(packet);
                }
            }
            Action::Silence { until } => {
                let end = if matches!(event.time, EventTime::Relative(_)) { self.now + until } else { *until };
                self.passed += (end - self.now).max(0);
                self.now = self.now.max(end);
            }
            Action::Call(call) => self.call(call),
            Action::Assert(_) | Action::Command(_) | Action::Code(_) => {}
        }
    }

    /// Adds an event, and the time before it.
    fn push(&mut self, event: Event) {
        if self.passed >= 1_000 {
            self.events.push(Event::Advance { micros: self.passed as u64 });
        }
        self.passed = 0;
        self.events.push(event);
    }

    /// The connection of a packet, by the tester's ports; the newest one where it names none.
    fn connection(&mut self, ports: Option<(u16, u16)>) -> usize {
        let known = match ports {
            None => self.connections.len().checked_sub(1),
            Some(_) => self.connections.iter().position(|connection| connection.ports == ports).or_else(|| {
                // One that the application opened learns its ports from its first packet.
                self.connections.iter().position(|connection| connection.is_active && connection.ports.is_none())
            }),
        };
        let place = known.unwrap_or_else(|| {
            self.connections.push(Connection::new(false));
            self.connections.len() - 1
        });
        self.connections[place].ports = self.connections[place].ports.or(ports);
        place
    }

    fn inject(&mut self, packet: &PacketSpec) {
        let fault = fault(packet);
        match &packet.body {
            Body::Tcp(tcp) => {
                let number = self.connection(tcp.ports.map(|Ports { source, destination }| (source, destination)));
                let segment = self.connections[number].segment(number as u8 & 3, tcp, fault);
                self.push(Event::Segment(segment));
            }
            Body::Udp(udp) => {
                let choice = udp.ports.map_or(0, |ports| ports.source as u8);
                self.push(Event::Udp(Datagram { length: udp.length, choice, fault }));
            }
            Body::Icmp(icmp) if icmp.quoted.is_some() => {
                let connection = self.connections.len().saturating_sub(1) as u8 & 3;
                self.push(icmp_error(icmp, connection, fault));
            }
            Body::Icmp(icmp) => {
                let length = icmp.length.unwrap_or(packet.data.as_ref().map_or(0, |data| data.node.len() as u16));
                self.push(Event::Echo(Datagram { length, choice: icmp.id.unwrap_or(1) as u8, fault }));
            }
            Body::Stream(_) => {}
        }
    }

    /// What the target is to send tells the numbers from which acknowledgments are counted.
    fn expected(&mut self, packet: &PacketSpec) {
        let (ports, start, length, flags) = match &packet.body {
            Body::Tcp(tcp) => (tcp.ports, tcp.sequence.start, tcp.sequence.length, tcp.flags),
            Body::Stream(stream) => {
                let flags = if stream.fin { TcpFlags::FIN } else { TcpFlags::ACK };
                (None, stream.sequence.start, stream.sequence.length, flags)
            }
            Body::Udp(_) | Body::Icmp(_) => return,
        };
        let ports = ports.map(|Ports { source, destination }| (destination, source));
        let number = self.connection(ports);
        let counted = u32::from(flags.contains(TcpFlags::SYN)) + u32::from(flags.contains(TcpFlags::FIN));
        let end = start.wrapping_add(u32::from(length)).wrapping_add(counted);
        let connection = &mut self.connections[number];
        if end.wrapping_sub(connection.received) as i32 > 0 {
            connection.received = end;
        }
    }

    fn call(&mut self, call: &tree::Call) {
        let argument = |place: usize| call.arguments.get(place).and_then(integer);
        let word = |place: usize| call.arguments.get(place).and_then(word).unwrap_or_default();
        let result = integer(&call.result);
        let fd = argument(0);
        let (kind, amount) = match call.name.node.as_str() {
            "connect" => {
                let mut connection = Connection::new(true);
                connection.fd = fd;
                self.active |= 1 << (self.connections.len() & 3);
                self.connections.push(connection);
                (CallKind::Open, 0)
            }
            "accept" => {
                let waiting = |connection: &&mut Connection| !connection.is_active && connection.fd.is_none();
                if let Some(connection) = self.connections.iter_mut().find(waiting) {
                    connection.fd = result;
                }
                return self.push_call(result, CallKind::Open, 0);
            }
            "write" | "send" | "sendto" | "sendmsg" | "writev" => {
                (CallKind::Write, result.filter(|taken| *taken > 0).or(argument(2)).unwrap_or(100))
            }
            "read" | "recv" | "recvfrom" | "recvmsg" | "readv" => (CallKind::Read, argument(2).unwrap_or(1_000)),
            "shutdown" if word(1) == "SHUT_WR" => (CallKind::ShutdownWrite, 0),
            "shutdown" => (CallKind::ShutdownBoth, 0),
            "close" if fd.is_some_and(|fd| self.aborting.contains(&fd)) => (CallKind::Abort, 0),
            "close" => (CallKind::Close, 0),
            "setsockopt" if word(2) == "SO_LINGER" => {
                self.aborting.extend(fd);
                return;
            }
            "setsockopt" => match OPTIONS.iter().position(|name| *name == word(2)) {
                Some(place) => (CallKind::SetOption, place as i64 * 2 + 1),
                None => return,
            },
            "poll" | "epoll_wait" => (CallKind::Poll, 0),
            _ => return,
        };
        self.push_call(fd, kind, amount);
    }

    /// A call on a connection's descriptor; nothing for descriptors of others.
    fn push_call(&mut self, fd: Option<i64>, kind: CallKind, amount: i64) {
        let of = |connection: &Connection| fd.is_some() && connection.fd == fd;
        if let Some(number) = self.connections.iter().position(of) {
            let amount = amount.clamp(0, u16::MAX.into()) as u16;
            self.push(Event::Call(Call { connection: number as u8 & 3, kind, amount }));
        }
    }
}

/// Options of sockets, in the order in which a session's amounts choose them.
const OPTIONS: [&str; 8] = [
    "TCP_NODELAY",
    "SO_KEEPALIVE",
    "TCP_KEEPIDLE",
    "SO_RCVBUF",
    "SO_SNDBUF",
    "TCP_USER_TIMEOUT",
    "TCP_QUICKACK",
    "SO_REUSEADDR",
];

impl Connection {
    fn new(is_active: bool) -> Self {
        Connection { ports: None, next: 0, acknowledged: 0, received: 0, fd: None, is_active }
    }

    fn segment(&mut self, connection: u8, tcp: &TcpSpec, fault: Fault) -> Segment {
        let (start, length) = (tcp.sequence.start, tcp.sequence.length);
        let counted = u32::from(tcp.flags.contains(TcpFlags::SYN)) + u32::from(tcp.flags.contains(TcpFlags::FIN));
        let sequence = self.sequence(start);
        let ack = tcp.ack.as_ref().map(|ack| ack.node);
        let acknowledgment = match ack {
            Some(ack) => self.acknowledgment(ack),
            None => Point { base: AcknowledgmentBase::Zero, offset: 0 },
        };
        if start == self.next && fault == Fault::NONE {
            self.next = start.wrapping_add(u32::from(length)).wrapping_add(counted);
        }
        if let Some(ack) = ack {
            self.acknowledged = ack;
        }
        Segment {
            connection,
            flags: tcp.flags,
            sequence,
            acknowledgment,
            length,
            window: tcp.window.as_ref().map_or(0xffff, |window| window.node),
            options: options(&tcp.options),
            fault,
        }
    }

    fn sequence(&self, start: u32) -> Point<SequenceBase> {
        let distance = i64::from(start.wrapping_sub(self.next) as i32);
        let (base, offset) = match distance {
            _ if start < 64 && distance < -FAR * NEAR => (SequenceBase::Initial, i64::from(start)),
            -2_500..=5_000 => (SequenceBase::Next, distance),
            5_001..=1_000_000 => (SequenceBase::WindowEnd, 0),
            _ => (SequenceBase::Opposite, 0),
        };
        Point { base, offset: offset as i16 }
    }

    fn acknowledgment(&self, ack: u32) -> Point<AcknowledgmentBase> {
        let distance = i64::from(ack.wrapping_sub(self.received) as i32);
        let (base, offset) = match distance {
            _ if ack == self.received => (AcknowledgmentBase::Next, 0),
            _ if ack == self.acknowledged => (AcknowledgmentBase::Last, 0),
            1..=5_000 => (AcknowledgmentBase::Beyond, distance - 1),
            -5_000..=0 => (AcknowledgmentBase::Next, distance),
            -1_000_000..-5_000 => (AcknowledgmentBase::Old, 0),
            _ => (AcknowledgmentBase::Opposite, 0),
        };
        Point { base, offset: offset as i16 }
    }
}

fn options(spec: &TcpOptionsSpec) -> Options {
    let TcpOptionsSpec::Exactly(list) = spec else { return Options::default() };
    let mut options = Options::default();
    for option in list {
        match &option.node {
            TcpOptionSpec::Nop | TcpOptionSpec::Eol => {}
            TcpOptionSpec::Mss(size) => {
                options.set |= Options::MAXIMUM_SEGMENT_SIZE;
                options.choice |= match size.unwrap_or(1460) {
                    0 => 4,
                    1..=63 => 3,
                    64..=99 => 2,
                    100..=499 => 5,
                    500..=1_399 => 1,
                    1_400..=2_000 => 0,
                    2_001..=20_000 => 6,
                    _ => 7,
                };
            }
            TcpOptionSpec::WindowScale(shift) => {
                options.set |= Options::WINDOW_SCALE;
                options.choice |= match shift.unwrap_or(7) {
                    0 => 0,
                    1 => 1,
                    2 | 3 => 6,
                    4..=6 => 7,
                    7..=13 => 2,
                    14 => 3,
                    15 => 4,
                    _ => 5,
                } << 3;
            }
            TcpOptionSpec::SackPermitted => options.set |= Options::SACK_PERMITTED,
            TcpOptionSpec::Timestamps { .. } => options.set |= Options::TIMESTAMPS,
            TcpOptionSpec::Sack(blocks) => {
                options.set |= Options::SACK;
                if blocks.len() > 1 {
                    options.set |= Options::MORE_SACK;
                }
            }
            _ => options.set |= Options::UNKNOWN,
        }
    }
    options
}

/// What is wrong with a packet of the script; the first thing, where it is more than one.
fn fault(packet: &PacketSpec) -> Fault {
    let of = |kind, choice: u64| Fault { kind, choice: choice as u8 };
    if let Some(fragment) = packet.fragment {
        return of(FaultKind::Fragments, u64::from(fragment.start != 0) * 4);
    }
    for field in &packet.fields {
        let value = match &field.value.node {
            FieldValue::Number(number) => *number,
            FieldValue::Octets(octets) => octets.first().copied().unwrap_or(0).into(),
            FieldValue::Address(_) | FieldValue::Formula(_) => 0,
        };
        let name = field.name.node.as_str();
        let part = name.split_once('.').map_or(name, |(_, part)| part);
        let kind = match (name, part) {
            ("ip.checksum" | "ip.header_checksum", _) => FaultKind::HeaderChecksum,
            (_, "checksum") => FaultKind::Checksum,
            (_, "data_offset") => FaultKind::DataOffset,
            ("udp.length", _) => FaultKind::DataOffset,
            ("tcp.reserved", _) => FaultKind::Reserved,
            (_, "ttl" | "hop_limit") => FaultKind::HopLimit,
            (_, "total_length" | "payload_length") => FaultKind::Length,
            ("ip.source" | "ipv6.source", _) => FaultKind::Source,
            ("ip.destination" | "ipv6.destination", _) => FaultKind::Destination,
            ("ip.options", _) => FaultKind::IpOptions,
            (_, "tos" | "traffic_class") => FaultKind::TrafficClass,
            (_, "reserved_flag" | "dont_fragment" | "identification" | "flow_label") => FaultKind::IpFlags,
            _ => continue,
        };
        return of(kind, value);
    }
    match &packet.body {
        Body::Tcp(tcp) if matches!(tcp.options, TcpOptionsSpec::Raw(_)) => of(FaultKind::MalformedOptions, 0),
        Body::Tcp(tcp) => match &tcp.urgent {
            Some(urgent) => of(FaultKind::Urgent, urgent.node.into()),
            None => Fault::NONE,
        },
        _ => Fault::NONE,
    }
}

fn icmp_error(icmp: &IcmpSpec, connection: u8, fault: Fault) -> Event {
    let kind = match icmp.kind.node.as_str() {
        "packet_too_big" => 1,
        "time_exceeded" => 3,
        "parameter_problem" => 4,
        "source_quench" => 5,
        "redirect" => 6,
        _ => 0,
    };
    let code = icmp.code.as_ref().map_or("", |code| code.node.as_str());
    let code = match code {
        "host_unreachable" => 1,
        "protocol_unreachable" => 2,
        "port_unreachable" => 3,
        "frag_needed" => 4,
        other => other.parse().unwrap_or(0),
    };
    let parameter = icmp.mtu.unwrap_or(0).min(u16::MAX.into()) as u16;
    Event::IcmpError(IcmpError { connection, kind, code, parameter, shift: 0, fault })
}

fn integer(expression: &Expression) -> Option<i64> {
    match &expression.kind {
        ExpressionKind::Integer { value, .. } => Some(*value),
        _ => None,
    }
}

fn word(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        ExpressionKind::Word(word) => Some(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Definitions, parse};

    fn session(text: &str) -> Session {
        let script = parse(text, &Definitions::default()).expect("the script parses");
        Session::from_script(&script).expect("the tester does something")
    }

    #[test]
    fn a_connection_of_a_script_is_told_relative_to_what_was_sent() {
        let session = session(
            "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n\
             +0 < S 0:0(0) win 1000 <mss 1460,sackOK,nop,nop>\n+0 > S. 0:0(0) ack 1 <...>\n+.1 < . 1:1(0) ack 1 win 257\n\
             +0 accept(3, ..., ...) = 4\n+0 < P. 11:21(10) ack 1 win 257\n+0 > . 1:1(0) ack 1\n\
             +0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1\n+0 < . 1:1(0) ack 51 win 0\n+0 close(4) = 0\n",
        );
        insta::assert_debug_snapshot!(session.events);
    }

    #[test]
    fn an_opening_application_and_faults_are_told() {
        let session = session(
            "0 socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3\n\
             +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)\n+0 > S 0:0(0) <...>\n\
             +0 < S. 0:0(0) ack 1 win 5792 with tcp.checksum=1\n+0 < S. 0:0(0) ack 1 win 5792\n\
             +0 setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0\n+0 close(3) = 0\n",
        );
        assert_eq!(session.setup.active, 1);
        insta::assert_debug_snapshot!(session.events);
    }

    #[test]
    fn a_script_that_sends_nothing_is_no_session() {
        let script = parse("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n", &Definitions::default());
        assert_eq!(Session::from_script(&script.expect("the script parses")), None);
    }
}
