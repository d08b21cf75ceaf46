//! The tester's side of a smoltcp target, with etherparse for the octets so that the codec is not ours.

use std::net::{IpAddr, SocketAddr};

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TcpOptionElement, TransportSlice};
use rfcheck::target::smoltcp::{SmoltcpFactory, SmoltcpOptions};
use rfcheck::target::{CallMode, CallOutput, Errno, Event, IpVersion, Link, SocketCall, Target, TargetFactory};
use rfcheck::time::Instant;

pub(crate) const AF_INET: i32 = 2;
pub(crate) const AF_INET6: i32 = 10;
pub(crate) const SOCK_STREAM: i32 = 1;
pub(crate) const SOCK_DGRAM: i32 = 2;
pub(crate) const SOCK_NONBLOCK: i32 = 0o4000;
pub(crate) const EAGAIN: Errno = Errno(11);

/// The target's port of all servers here.
pub(crate) const SERVER: u16 = 8080;
/// The tester's port.
pub(crate) const PORT: u16 = 40_000;

/// A target and the tester's numbers on one connection with it.
pub(crate) struct Peer {
    pub(crate) target: Box<dyn Target>,
    pub(crate) link: Link,
    /// The tester's next sequence number; its ISN is 0.
    pub(crate) seq: u32,
    /// The target's ISN.
    pub(crate) isn: u32,
    /// The target's port.
    pub(crate) port: u16,
    buffer: Vec<u8>,
}

/// What happened, as text: `0.000000 S. 0:0(0) ack 1 win 65535 <mss 1460,...>` or `0.000000 call 2 = 1000`.
pub(crate) type Line = String;

impl Peer {
    pub(crate) fn new(ip_version: IpVersion) -> Peer {
        Peer::on(Link::default_for(ip_version))
    }

    pub(crate) fn on(link: Link) -> Peer {
        Peer::with(link, SmoltcpOptions::default())
    }

    pub(crate) fn with(link: Link, options: SmoltcpOptions) -> Peer {
        let target = SmoltcpFactory::with(options).create(&link).expect("smoltcp runs on this link");
        Peer { target, link, seq: 0, isn: 0, port: SERVER, buffer: Vec::new() }
    }

    pub(crate) fn domain(&self) -> i32 {
        if self.link.local.is_ipv6() { AF_INET6 } else { AF_INET }
    }

    pub(crate) fn remote(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.link.remote, port)
    }

    pub(crate) fn local(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.link.local, port)
    }

    /// Issues a call that returns at once.
    pub(crate) fn call(&mut self, call: SocketCall) -> (Result<i64, Errno>, CallOutput) {
        let id = self.target.call(call, CallMode::Immediate).expect("the target lives");
        match self.target.wait(self.target.now(), &mut self.buffer).expect("the target lives") {
            Event::Returned(returned) => {
                assert_eq!(returned.id, id);
                assert_eq!(returned.at, self.target.now());
                (returned.result, returned.output)
            }
            other => panic!("the call should return before anything else, not {other:?}"),
        }
    }

    /// Issues a call that must succeed.
    pub(crate) fn ok(&mut self, call: SocketCall) -> i64 {
        let text = format!("{call:?}");
        self.call(call).0.unwrap_or_else(|error| panic!("{text} gave {error:?}"))
    }

    /// Issues a call that must fail.
    pub(crate) fn error(&mut self, call: SocketCall) -> Errno {
        let text = format!("{call:?}");
        self.call(call).0.err().unwrap_or_else(|| panic!("{text} succeeded"))
    }

    pub(crate) fn socket(&mut self, kind: i32) -> i32 {
        let domain = self.domain();
        self.ok(SocketCall::Socket { domain, kind, protocol: 0 }) as i32
    }

    /// A listening socket on [`SERVER`].
    pub(crate) fn listen(&mut self, backlog: i32) -> i32 {
        let fd = self.socket(SOCK_STREAM);
        let any = if self.link.local.is_ipv6() { IpAddr::from([0; 16]) } else { IpAddr::from([0; 4]) };
        self.ok(SocketCall::Bind { fd, address: SocketAddr::new(any, SERVER) });
        self.ok(SocketCall::Listen { fd, backlog });
        fd
    }

    /// A listener and an accepted connection, both nonblocking if `kind` says so.
    pub(crate) fn established(&mut self) -> (i32, i32) {
        let listener = self.listen(1);
        self.handshake();
        (listener, self.ok(SocketCall::Accept { fd: listener }) as i32)
    }

    /// The tester's side of a passive open at the target.
    pub(crate) fn handshake(&mut self) {
        self.tcp("S", 0, 0, 65_535, &[TcpOptionElement::MaximumSegmentSize(1460)], &[]);
        let line = self.next(0);
        assert!(line.contains(" S. 0:0(0) ack 1 "), "{line}");
        self.seq = 1;
        self.send(".", 1, &[]);
    }

    /// Injects a segment with the next sequence number; `ack` counts from the target's ISN.
    pub(crate) fn send(&mut self, flags: &str, ack: u32, payload: &[u8]) {
        self.tcp(flags, self.seq, ack, 65_535, &[], payload);
        self.seq += payload.len() as u32 + u32::from(flags.contains('F'));
    }

    /// Injects a segment from [`PORT`].
    pub(crate) fn tcp(
        &mut self,
        flags: &str,
        seq: u32,
        ack: u32,
        window: u16,
        options: &[TcpOptionElement],
        payload: &[u8],
    ) {
        let ack = self.isn.wrapping_add(ack);
        let mut builder = self.ip().tcp(PORT, self.port, seq, window);
        for flag in flags.chars() {
            builder = match flag {
                'S' => builder.syn(),
                'F' => builder.fin(),
                'R' => builder.rst(),
                'P' => builder.psh(),
                '.' => builder.ack(ack),
                _ => panic!("{flag} is no flag"),
            };
        }
        let mut packet = Vec::new();
        let builder = builder.options(options).expect("the options fit");
        builder.write(&mut packet, payload).expect("a vector takes all");
        self.inject(&packet);
    }

    /// A datagram from the tester to the target, up to what it carries.
    pub(crate) fn ip(&self) -> etherparse::PacketBuilderStep<etherparse::IpHeaders> {
        match (self.link.remote, self.link.local) {
            (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), 64),
            (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), 64),
            _ => panic!("a link has one address family"),
        }
    }

    pub(crate) fn inject(&mut self, packet: &[u8]) {
        self.target.inject(packet).expect("the target lives");
    }

    /// The next thing that happens within `micros`, or the empty string.
    pub(crate) fn next(&mut self, micros: u64) -> Line {
        let deadline = Instant::from_micros(self.target.now().micros() + micros);
        match self.target.wait(deadline, &mut self.buffer).expect("the target lives") {
            Event::Deadline => {
                assert_eq!(self.target.now(), deadline);
                String::new()
            }
            Event::Returned(returned) => match returned.result {
                Ok(value) => format!("{} call {} = {value}", returned.at, returned.id.0),
                Err(errno) => format!("{} call {} = -{}", returned.at, returned.id.0, errno.0),
            },
            Event::Packet(at) => {
                assert_eq!(at, self.target.now());
                let text = self.describe();
                format!("{at} {text}")
            }
        }
    }

    /// All that happens within `micros`.
    pub(crate) fn all(&mut self, micros: u64) -> Vec<Line> {
        let end = self.target.now().micros() + micros;
        let mut lines = Vec::new();
        loop {
            let line = self.next(end - self.target.now().micros());
            if line.is_empty() {
                return lines;
            }
            lines.push(line);
        }
    }

    /// Nothing happens for `micros`.
    pub(crate) fn silence(&mut self, micros: u64) {
        assert_eq!(self.all(micros), Vec::<Line>::new());
    }

    /// The octets of the last packet.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.buffer
    }

    fn describe(&mut self) -> String {
        let packet = SlicedPacket::from_ip(&self.buffer).expect("the target sends well-formed datagrams");
        match packet.transport {
            Some(TransportSlice::Tcp(tcp)) => {
                verify_checksum(packet.net.as_ref().expect("TCP is in IP"), &tcp);
                self.port = tcp.source_port();
                if tcp.syn() {
                    self.isn = tcp.sequence_number();
                }
                let flags = [(tcp.syn(), 'S'), (tcp.fin(), 'F'), (tcp.rst(), 'R'), (tcp.psh(), 'P'), (tcp.ack(), '.')];
                let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
                let start = tcp.sequence_number().wrapping_sub(self.isn);
                let length = tcp.payload().len();
                let mut text = format!("{flags} {start}:{}({length})", start.wrapping_add(length as u32));
                if tcp.ack() {
                    text += &format!(" ack {}", tcp.acknowledgment_number());
                }
                text += &format!(" win {}", tcp.window_size());
                let options: Vec<String> = tcp.options_iterator().map(|option| describe(option.ok())).collect();
                if !options.is_empty() {
                    text += &format!(" <{}>", options.join(","));
                }
                text
            }
            Some(TransportSlice::Udp(udp)) => {
                format!("udp {} > {} {:?}", udp.source_port(), udp.destination_port(), udp.payload())
            }
            Some(TransportSlice::Icmpv4(icmp)) => format!("icmp {:?} {:?}", icmp.icmp_type(), icmp.payload()),
            Some(TransportSlice::Icmpv6(icmp)) => format!("icmp {:?} {:?}", icmp.icmp_type(), icmp.payload()),
            Some(TransportSlice::Igmp(_)) | None => format!("datagram of {} octets", self.buffer.len()),
        }
    }
}

fn describe(option: Option<TcpOptionElement>) -> String {
    match option {
        Some(TcpOptionElement::MaximumSegmentSize(mss)) => format!("mss {mss}"),
        Some(TcpOptionElement::WindowScale(shift)) => format!("wscale {shift}"),
        Some(TcpOptionElement::SelectiveAcknowledgementPermitted) => "sackOK".into(),
        Some(TcpOptionElement::SelectiveAcknowledgement(first, rest)) => format!("sack {first:?} {rest:?}"),
        Some(TcpOptionElement::Timestamp(value, echo)) => format!("TS val {value} ecr {echo}"),
        Some(TcpOptionElement::Noop) => "nop".into(),
        None => "malformed".into(),
    }
}

fn verify_checksum(net: &NetSlice<'_>, tcp: &etherparse::TcpSlice<'_>) {
    let header = tcp.to_header();
    let computed = match net {
        NetSlice::Ipv4(ip) => header.calc_checksum_ipv4(&ip.header().to_header(), tcp.payload()),
        NetSlice::Ipv6(ip) => header.calc_checksum_ipv6(&ip.header().to_header(), tcp.payload()),
        NetSlice::Arp(_) => panic!("ARP carries no TCP"),
    };
    assert_eq!(computed, Ok(tcp.checksum()));
}
