//! The syntax tree of a `.pkt` script. Every node keeps its span; equality ignores spans and layout.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::diagnostic::Diagnostics;
use super::{Sources, Span, Spanned};
pub use crate::text::Directive;
use crate::wire::TcpFlags;

/// A whole script.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Where the octets and lines that the tree's spans and events name came from, if the script includes files, has
    /// loops or was read for a case; else they are the script's own.
    pub sources: Option<Arc<Sources>>,
    /// `//@ key: value` lines, in order.
    pub directives: Vec<Directive>,
    /// `--name=value` lines, in order.
    pub options: Vec<ScriptOption>,
    /// The command before the first event.
    pub init: Option<Spanned<String>>,
    /// Events, in order; conditional parts already chosen.
    pub events: Vec<Event>,
    /// The command after the last event.
    pub cleanup: Option<Spanned<String>>,
}

impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        self.directives == other.directives
            && self.options == other.options
            && self.init == other.init
            && self.events == other.events
            && self.cleanup == other.cleanup
    }
}

impl Eq for Script {}

impl Script {
    /// Makes diagnostics whose places are those of the tree point into the files that these came from. What is said
    /// of one place is said once, however often a loop repeats it.
    pub fn resolve(&self, diagnostics: &mut Diagnostics) {
        let Some(sources) = &self.sources else { return };
        for diagnostic in &mut *diagnostics {
            let place = sources.place(diagnostic.span);
            diagnostic.within = place.within();
            diagnostic.span = place.span;
        }
        let mut kept: Diagnostics = Vec::with_capacity(diagnostics.len());
        for diagnostic in diagnostics.drain(..) {
            if !kept.iter().any(|other| other.is_same(&diagnostic)) {
                kept.push(diagnostic);
            }
        }
        *diagnostics = kept;
    }
}

/// `--name` or `--name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptOption {
    /// Without the dashes.
    pub name: Spanned<String>,
    /// Without quotes, if it was a string; `NAME=VALUE` for `define`.
    pub value: Option<Spanned<String>>,
}

/// Microseconds, as scripts' seconds are read.
pub type Micros = i64;

/// One timed event.
#[derive(Clone, Debug)]
pub struct Event {
    /// The whole event.
    pub span: Span,
    /// Line of the event's time, from 1.
    pub line: u32,
    /// When.
    pub time: EventTime,
    /// What.
    pub action: Action,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.time == other.time && self.action == other.action
    }
}

impl Eq for Event {}

/// When an event happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventTime {
    /// `0.5`: since the start of the script.
    Absolute(Micros),
    /// `+0.5`: since the event before.
    Relative(Micros),
    /// `*`: any time.
    Any,
    /// `0.5~0.7`.
    AbsoluteRange(Micros, Micros),
    /// `+0.5~+0.7`.
    RelativeRange(Micros, Micros),
}

/// What an event does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)]
pub enum Action {
    /// `<`: the tester sends.
    Inject(PacketSpec),
    /// `>`: the target must send.
    Expect(Expectation),
    /// `...1.5 silence` (ours): nothing comes from the target until then; the end is relative where the time is.
    Silence {
        /// End, in microseconds.
        until: Micros,
    },
    /// A system call.
    Call(Call),
    /// A shell command in back quotes.
    Command(String),
    /// `%{ }%`: Python over what the target's socket reports.
    Code(String),
}

/// What the target must send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// `>?` (ours): it may also send nothing.
    pub optional: bool,
    /// Allowed answers, joined by `or` (ours); packetdrill's scripts have one.
    pub answers: Vec<Answer>,
}

/// One allowed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)]
pub enum Answer {
    /// This packet.
    Packet(PacketSpec),
    /// `silence` (ours): no packet until the end of the event's time range.
    Silence,
}

/// One packet, to send or to expect.
#[derive(Clone, Debug)]
pub struct PacketSpec {
    /// The whole packet, direction included.
    pub span: Span,
    /// Outer headers, outermost first.
    pub encapsulation: Vec<Encapsulation>,
    /// What is said of the innermost IP header.
    pub ip: IpInfo,
    /// What the innermost IP header carries.
    pub body: Body,
    /// `data "..."` or `data 0x...` (ours): payload octets; without it packetdrill's zeros.
    pub data: Option<Spanned<Vec<u8>>>,
    /// `with field=value, ...` (ours): header fields forced when injected, compared when expected.
    pub fields: Vec<FieldSpec>,
    /// `fragment a:b` (ours): only octets a..b of the IP payload, in a fragment.
    pub fragment: Option<FragmentSpec>,
}

impl PartialEq for PacketSpec {
    fn eq(&self, other: &Self) -> bool {
        self.encapsulation == other.encapsulation
            && self.ip == other.ip
            && self.body == other.body
            && self.data == other.data
            && self.fields == other.fields
            && self.fragment == other.fragment
    }
}

impl Eq for PacketSpec {}

/// An outer header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encapsulation {
    /// `ipv4 (info) a > b:`.
    Ipv4 {
        /// TOS, TTL.
        info: IpInfo,
        /// Source.
        source: Ipv4Addr,
        /// Destination.
        destination: Ipv4Addr,
    },
    /// `ipv6 (info) a > b:`.
    Ipv6 {
        /// TOS, hop limit, flow label.
        info: IpInfo,
        /// Source.
        source: Ipv6Addr,
        /// Destination.
        destination: Ipv6Addr,
    },
    /// `gre ...:`.
    Gre(GreSpec),
    /// `mpls (label L, tc T, [S], ttl N) ...:`, outermost first.
    Mpls(Vec<MplsSpec>),
}

/// A GRE header's fields as the script states them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of RFC 2784 and 2890, as numbers in host order
pub struct GreSpec {
    pub flags: u16,
    pub checksum: u16,
    pub offset: u16,
    pub key: u32,
    pub sequence: u32,
}

/// One MPLS label stack entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields of RFC 3032 section 2.1
pub struct MplsSpec {
    pub label: u32,
    pub traffic_class: u8,
    pub bottom_of_stack: bool,
    pub ttl: u8,
}

/// What a script says of an IP header; what it does not say is not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IpInfo {
    /// ECN, DSCP or the whole octet.
    pub tos: Option<TosSpec>,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    /// IPv6 flow label; two labels are compared for being the same label or another.
    pub flow_label: Option<u32>,
}

/// What a script says of the TOS octet or traffic class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TosSpec {
    /// `noecn`, `ect0`, `ect1`, `ce`: the ECN codepoint; the rest is not compared.
    Ecn(u8),
    /// `ect01`: either ECT codepoint; only expected.
    Ect01,
    /// `tos 0xNN` or `class 0xNN`: the whole octet.
    Tos(u8),
    /// `dscp 0xNN` (FreeBSD dialect), with or without an ECN codepoint.
    Dscp {
        /// Six bits.
        dscp: u8,
        /// ECN codepoint, if written.
        ecn: Option<u8>,
    },
    /// `dscp 0xNN, ect01` (FreeBSD dialect): six bits, and either ECT codepoint; only expected.
    DscpEct01(u8),
}

/// What the innermost IP header carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A TCP segment.
    Tcp(TcpSpec),
    /// `stream a:b(n) ack k` (ours): these octets in any segmentation; only expected.
    Stream(StreamSpec),
    /// A UDP datagram.
    Udp(UdpSpec),
    /// An ICMP or ICMPv6 message.
    Icmp(IcmpSpec),
}

/// `a > b`: ports that replace the connection's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Source port.
    pub source: u16,
    /// Destination port.
    pub destination: u16,
}

/// A TCP segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSpec {
    /// Ports, if written.
    pub ports: Option<Ports>,
    /// Control bits, without those of the ACE digit.
    pub flags: TcpFlags,
    /// The ACE digit (RFC 9768), if written.
    pub ace: Option<u8>,
    /// Sequence numbers.
    pub sequence: SequenceSpec,
    /// Acknowledgment number, 0 if not written.
    pub ack: Option<Spanned<u32>>,
    /// Window; not compared if not written.
    pub window: Option<Spanned<u16>>,
    /// Urgent pointer, 0 if not written.
    pub urgent: Option<Spanned<u16>>,
    /// Options.
    pub options: TcpOptionsSpec,
    /// `/udp(a > b)` (FreeBSD dialect): TCP over UDP with these ports.
    pub udp_encapsulation: Option<Ports>,
}

/// `start:end(length)`.
#[derive(Clone, Copy, Debug)]
pub struct SequenceSpec {
    /// The text.
    pub span: Span,
    /// First sequence number, relative to the script's ISN.
    pub start: u32,
    /// Payload length in octets.
    pub length: u16,
    /// `!` (FreeBSD dialect): the number goes on the wire as it stands.
    pub absolute: bool,
    /// `...` instead of numbers (FreeBSD dialect): not compared; only expected.
    pub ignored: bool,
}

impl PartialEq for SequenceSpec {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.length, self.absolute, self.ignored)
            == (other.start, other.length, other.absolute, other.ignored)
    }
}

impl Eq for SequenceSpec {}

/// `stream start:end(length) ack n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// Sequence numbers of the octets.
    pub sequence: SequenceSpec,
    /// Acknowledgment number; not compared if not written.
    pub ack: Option<Spanned<u32>>,
    /// Whether the last octet is followed by FIN: `stream F 1:11(10)`.
    pub fin: bool,
}

/// What a script says of a segment's options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOptionsSpec {
    /// `<a,b>`, or nothing: these, in this order, and no others.
    Exactly(Vec<Spanned<TcpOptionSpec>>),
    /// `<...>`: not compared; only expected.
    Any,
    /// `<a,b,...>` (ours): these in any order, and any others; only expected.
    AtLeast(Vec<Spanned<TcpOptionSpec>>),
    /// `<0x0101...>` (FreeBSD dialect): these octets.
    Raw(Vec<u8>),
}

/// One TCP option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TcpOptionSpec {
    /// `nop`.
    Nop,
    /// `eol`.
    Eol,
    /// `mss N`; `mss ...` (ours) for any value, only expected.
    Mss(Option<u16>),
    /// `wscale N`; `wscale ...` (ours) for any value, only expected.
    WindowScale(Option<u8>),
    /// `sackOK`.
    SackPermitted,
    /// `sack l:r l:r`.
    Sack(Vec<(u32, u32)>),
    /// `TS val V ecr E`.
    Timestamps {
        /// None for `val ...`: not compared.
        value: Option<u32>,
        /// None for `ecr ...`: not compared.
        echo_reply: Option<u32>,
        /// `ecr N!`: the number goes on the wire as it stands.
        echo_reply_absolute: bool,
    },
    /// `md5 DIGEST`; None for `md5 valid` (FreeBSD dialect), which computes the digest.
    Md5(Option<Vec<u8>>),
    /// `FO COOKIE`, kind 34 (RFC 7413).
    FastOpen(Vec<u8>),
    /// `FOEXP COOKIE`: kind 254 with magic 0xF989.
    FastOpenExperimental(Vec<u8>),
    /// `ECN e0b N ceb N e1b N`, kinds 172 and 174 (RFC 9768 section 3.2.3).
    AccEcn {
        /// Which of the two kinds.
        order: AccEcnOrder,
        /// Counters in the order written, which is the kind's own, 24 bits each; later ones may be left out.
        fields: Vec<(AccEcnField, u32)>,
        /// Kind 254 with its ExID (FreeBSD dialect).
        experimental: bool,
    },
    /// `gen-KIND 0x...` (FreeBSD dialect): any kind with data.
    Generic {
        /// Option kind.
        kind: u8,
        /// What follows the length octet; None for a kind without length octet.
        data: Option<Vec<u8>>,
    },
    /// `exp-EXID 0x...` (FreeBSD dialect): kind 254 with a 16-bit experiment identifier.
    Experimental {
        /// Experiment identifier (RFC 6994).
        exid: u16,
        /// What follows it.
        data: Vec<u8>,
    },
}

/// The two orders of the AccECN option's counters (RFC 9768 section 3.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccEcnOrder {
    /// AccECN0, kind 172: E0B, CEB, E1B.
    Zero,
    /// AccECN1, kind 174: E1B, CEB, E0B.
    One,
}

/// The counters of the AccECN option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccEcnField {
    /// ECT(0) octets.
    E0b,
    /// CE octets.
    Ceb,
    /// ECT(1) octets.
    E1b,
}

/// A UDP datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UdpSpec {
    /// Ports, if written.
    pub ports: Option<Ports>,
    /// Payload length in octets.
    pub length: u16,
}

/// An ICMP message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpSpec {
    /// Type by name, such as `unreachable`, or by number.
    pub kind: Spanned<String>,
    /// Code by name or number.
    pub code: Option<Spanned<String>>,
    /// `mtu N`.
    pub mtu: Option<u32>,
    /// `id N`: echo identifier.
    pub id: Option<u16>,
    /// `seq N` (ours): echo sequence number.
    pub sequence: Option<u16>,
    /// `(N)` (ours): octets of echo data.
    pub length: Option<u16>,
    /// `[...]`: the datagram that the message quotes.
    pub quoted: Option<Quoted>,
}

/// The datagram that an ICMP error quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quoted {
    /// `[a:b(n)]`: a TCP segment of the connection.
    Tcp {
        /// Its sequence numbers.
        sequence: SequenceSpec,
        /// TCP over UDP.
        udp_encapsulation: Option<Ports>,
    },
    /// `[udp (n)]`: a UDP datagram of the socket.
    Udp {
        /// Payload length in octets.
        length: u16,
    },
    /// `[...]` (ours): one of the datagrams that the tester sent, unchanged: its IP header and 8 octets or more of what
    /// it carries (RFC 1122 section 3.2.2); only expected.
    Sent,
    /// `[raw (n)]`: octets without a transport header.
    Raw {
        /// Length in octets.
        length: u16,
    },
}

/// `name=value` after `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Field name, such as `tcp.checksum`.
    pub name: Spanned<String>,
    /// The value, of the kind and size that the field has.
    pub value: Spanned<FieldValue>,
}

/// The value of a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A number that fits the field.
    Number(u64),
    /// An address of the header's IP version.
    Address(IpAddr),
    /// `0x...`: raw octets.
    Octets(Vec<u8>),
}

/// `fragment a:b`, in octets of the IP payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentSpec {
    /// First octet.
    pub start: u32,
    /// One past the last octet.
    pub end: u32,
}

/// A system call and what it must return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `...end`: when it must return, if it blocks; relative where the event's time is.
    pub end: Option<Micros>,
    /// Name.
    pub name: Spanned<String>,
    /// Arguments.
    pub arguments: Vec<Expression>,
    /// Result.
    pub result: Expression,
    /// Error symbol, such as `EAGAIN`.
    pub error: Option<Spanned<String>>,
    /// Words in parentheses after the error or result; not compared.
    pub note: Option<String>,
}

/// An expression in a call.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Its place.
    pub span: Span,
    /// What it is.
    pub kind: ExpressionKind,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Expression {}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpressionKind {
    /// `...`.
    Ellipsis,
    /// A number.
    Integer {
        /// Its value.
        value: i64,
        /// Written in hexadecimal.
        hexadecimal: bool,
    },
    /// A symbol, such as `SO_REUSEADDR`.
    Word(String),
    /// A string, escapes resolved; adjacent strings are joined.
    String {
        /// Its octets.
        octets: Vec<u8>,
        /// `"..."...`: only the beginning.
        truncated: bool,
    },
    /// `a | b`.
    Or(Box<Expression>, Box<Expression>),
    /// `WORD = value`.
    Assign(Spanned<String>, Box<Expression>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `{a, b}`.
    Braces(Vec<Expression>),
    /// `inet_addr("...")`, `inet6_addr("...")`.
    Address(IpAddr),
    /// `{sa_family = AF_INET, sin_port = htons(N), sin_addr = inet_addr("...")}`.
    SocketAddress(std::net::SocketAddr),
    /// `{msg_name(...)=..., msg_iov(N)=[...], msg_flags=F, msg_control=[...]}`.
    MessageHeader {
        /// `msg_iov`.
        iov: Box<Expression>,
        /// The N of `msg_iov(N)`.
        iov_length: i64,
        /// `msg_flags`.
        flags: Box<Expression>,
        /// `msg_control`, if written.
        control: Option<Box<Expression>>,
        /// The N of `msg_control(N)` (FreeBSD dialect).
        control_length: Option<i64>,
    },
    /// `{..., N}`, or `{iov_base=..., iov_len=N}` (FreeBSD dialect).
    IoVector {
        /// Length in octets.
        length: i64,
    },
    /// `{cmsg_level=L, cmsg_type=T, cmsg_data=D}`.
    ControlMessage {
        /// `cmsg_len` (FreeBSD dialect), in octets.
        length: Option<i64>,
        /// `cmsg_level`.
        level: Box<Expression>,
        /// `cmsg_type`.
        kind: Box<Expression>,
        /// `cmsg_data`.
        data: Box<Expression>,
    },
    /// `{fd=F, events=E, revents=R}`.
    PollFd {
        /// `fd`.
        fd: Box<Expression>,
        /// `events`.
        events: Box<Expression>,
        /// `revents`, if written.
        revents: Option<Box<Expression>>,
    },
    /// `{onoff=A, linger=B}`.
    Linger {
        /// `l_onoff`.
        on: i64,
        /// `l_linger`, in seconds.
        seconds: i64,
    },
    /// `{scm_sec=S, scm_nsec=N}`.
    Timestamping {
        /// Seconds.
        seconds: i64,
        /// Nanoseconds.
        nanoseconds: i64,
    },
    /// `{ee_errno=..., ee_origin=..., ee_type=..., ee_code=..., ee_info=..., ee_data=...}`, in this order.
    ExtendedError(Box<[Expression; 6]>),
    /// `{events=E, fd=F}` and its kin.
    EpollEvent {
        /// `events`.
        events: Box<Expression>,
        /// Which member of the union.
        member: EpollMember,
        /// Its value.
        data: Box<Expression>,
    },
    /// A GRE header in braces.
    Gre(GreSpec),
    /// An MPLS label stack in braces.
    Mpls(Vec<MplsSpec>),
}

/// The member of `epoll_data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EpollMember {
    Fd,
    Ptr,
    U32,
    U64,
}
