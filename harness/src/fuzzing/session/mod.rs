//! A session: what one fuzzing input makes the tester and the target's application do.
//!
//! Everything is relative to the live connection, so that most inputs reach deep into a protocol's states: sequence
//! numbers count from what has been sent and acknowledged, an ICMP error quotes what the target sent last. Each event
//! is a record of [`RECORD`] octets, any octets are a session, and a session has octets: so libFuzzer's own mutators
//! work on the octets and ours on the events.

mod encoding;
mod episode;
mod generate;
mod mutate;
mod script;

pub use encoding::{HEAD, RECORD};
use episode::{episode, handshake};
pub use generate::Random;
pub use mutate::{cross_over, mutate};

use crate::target::{IpVersion, Link};
use crate::wire::TcpFlags;

/// Events of a session; what an input has beyond them is not read.
pub const MOST_EVENTS: usize = 64;
/// Connections of a session.
pub const CONNECTIONS: usize = 4;

/// What one input makes tester and application do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What stands before the first event.
    pub setup: Setup,
    /// What happens, in order.
    pub events: Vec<Event>,
}

/// What stands before the first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Packets are IPv6.
    pub ipv6: bool,
    /// The link's MTU is the smallest one that its IP version allows to be relied on (576, 1280 octets), not the
    /// default.
    pub small_mtu: bool,
    /// The tester's initial sequence numbers: 0 counts from 0; 1 to 3 from just before a quarter, half and all of the
    /// number space.
    pub numbers: u8,
    /// The backlog of the listening socket.
    pub backlog: u8,
    /// Connections 0 to 3 that the target opens (bits 0 to 3); the tester opens the others.
    pub active: u8,
}

/// One thing that tester, application or clock does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The tester sends a TCP segment.
    Segment(Segment),
    /// The application makes a call.
    Call(Call),
    /// The clock goes on; the target may send.
    Advance {
        /// In microseconds.
        micros: u64,
    },
    /// The tester sends an ICMP error about what the target sent last on a connection.
    IcmpError(IcmpError),
    /// The tester sends an echo request.
    Echo(Datagram),
    /// The tester sends a UDP datagram to a socket of the target.
    Udp(Datagram),
}

/// A TCP segment of the tester, relative to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Which connection, below [`CONNECTIONS`].
    pub connection: u8,
    /// Control bits, the lower eight.
    pub flags: TcpFlags,
    /// Sequence number.
    pub sequence: Point<SequenceBase>,
    /// Acknowledgment number, sent also where ACK is not set.
    pub acknowledgment: Point<AcknowledgmentBase>,
    /// Payload in octets.
    pub length: u16,
    /// Window as it stands in the header.
    pub window: u16,
    /// Which options it has.
    pub options: Options,
    /// What is wrong with it.
    pub fault: Fault,
}

/// A number near one that means something on the live connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point<B> {
    /// The number that means something.
    pub base: B,
    /// Added to it.
    pub offset: i16,
}

/// Sequence numbers of the tester that mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SequenceBase {
    /// The next one that the tester has not sent.
    Next,
    /// The oldest one that the target has not acknowledged.
    Unacknowledged,
    /// The initial one.
    Initial,
    /// The first one beyond the target's window.
    WindowEnd,
    /// The middle of the target's window.
    WindowMiddle,
    /// Half of the number space away from the next one.
    Opposite,
    /// A full segment beyond the next one: leaves a hole.
    AfterHole,
    /// Zero.
    Zero,
}

/// Sequence numbers of the target that mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AcknowledgmentBase {
    /// After all that the target sent.
    Next,
    /// What the tester acknowledged last.
    Last,
    /// The initial one.
    Initial,
    /// Half of what the tester has not acknowledged.
    Middle,
    /// Half of the number space away from all that the target sent.
    Opposite,
    /// One more than the target sent.
    Beyond,
    /// A window before what the tester acknowledged last.
    Old,
    /// Zero.
    Zero,
}

/// Which options a segment has, and their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The `Options::...` bits.
    pub set: u8,
    /// Chooses among values: of the MSS, of the shift count, of the edges of SACK blocks.
    pub choice: u8,
}

impl Options {
    /// Maximum segment size.
    pub const MAXIMUM_SEGMENT_SIZE: u8 = 0x01;
    /// Window scale.
    pub const WINDOW_SCALE: u8 = 0x02;
    /// SACK permitted.
    pub const SACK_PERMITTED: u8 = 0x04;
    /// Timestamps that go with the clock.
    pub const TIMESTAMPS: u8 = 0x08;
    /// One SACK block.
    pub const SACK: u8 = 0x10;
    /// Two more SACK blocks.
    pub const MORE_SACK: u8 = 0x20;
    /// The timestamp is older than the ones before (PAWS).
    pub const OLD_TIMESTAMP: u8 = 0x40;
    /// An option of an unknown kind.
    pub const UNKNOWN: u8 = 0x80;
}

/// What is wrong with a packet of the tester, or unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is.
    pub kind: FaultKind,
    /// Chooses among values.
    pub choice: u8,
}

/// What can be wrong with a packet of the tester, or unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing.
    None,
    /// The checksum of the transport header is wrong, and so is the payload.
    Checksum,
    /// Another data offset than the header has.
    DataOffset,
    /// Reserved bits of the TCP header are set.
    Reserved,
    /// URG with an urgent pointer.
    Urgent,
    /// Time to live or hop limit.
    HopLimit,
    /// Another length in the IP header than the datagram has.
    Length,
    /// The checksum of the IPv4 header is wrong, and so is the payload.
    HeaderChecksum,
    /// A source address that nobody may have.
    Source,
    /// A destination that is a group or somebody else.
    Destination,
    /// IPv4 options, or a hop-by-hop header.
    IpOptions,
    /// It comes in fragments: in order or not, overlapping, one missing.
    Fragments,
    /// The traffic class, with ECN.
    TrafficClass,
    /// TCP options that are malformed.
    MalformedOptions,
    /// Another source port.
    SourcePort,
    /// Flags of the IPv4 header, or a flow label.
    IpFlags,
    /// It comes twice.
    Twice,
}

/// A call of the target's application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The connection it is about, below [`CONNECTIONS`].
    pub connection: u8,
    /// What it does.
    pub kind: CallKind,
    /// Octets to write or read, or which option has which value.
    pub amount: u16,
}

/// What a call of the application does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CallKind {
    /// connect(2) where the target opens, accept(2) where the tester does.
    Open,
    Write,
    Read,
    /// shutdown(2) of sending.
    ShutdownWrite,
    /// shutdown(2) of both directions.
    ShutdownBoth,
    Close,
    /// close(2) with SO_LINGER and no time: a reset.
    Abort,
    /// setsockopt(2): one of a few.
    SetOption,
    /// poll(2) for all events, and SO_ERROR.
    Poll,
}

/// An ICMP error of the tester about what the target sent last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// The connection whose last packet it quotes, below [`CONNECTIONS`].
    pub connection: u8,
    /// Chooses among the types.
    pub kind: u8,
    /// Code.
    pub code: u8,
    /// MTU of a Packet Too Big, pointer of a Parameter Problem.
    pub parameter: u16,
    /// The quotation is about something else: its sequence number is this far away.
    pub shift: i16,
    /// What is wrong with it.
    pub fault: Fault,
}

/// A datagram of the tester to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Payload in octets.
    pub length: u16,
    /// Identifier of an echo, source port of UDP: some number from here on.
    pub choice: u8,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What the sessions of a fuzz target are about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// TCP above all.
    #[default]
    Connections,
    /// UDP, ICMP, fragments and extension headers alone.
    Datagrams,
}

impl Session {
    /// Makes another event of each that is not of the subject.
    pub fn keep_to(&mut self, subject: Subject) {
        if subject == Subject::Connections {
            return;
        }
        for event in &mut self.events {
            *event = match *event {
                Event::Segment(segment) => {
                    Event::Udp(Datagram { length: segment.length, choice: segment.window as u8, fault: segment.fault })
                }
                Event::Call(call) => {
                    Event::Echo(Datagram { length: call.amount % 2_048, choice: call.connection, fault: Fault::NONE })
                }
                other => other,
            };
        }
    }

    /// The link that the session runs on.
    pub fn link(&self) -> Link {
        let mut link = Link::default_for(if self.setup.ipv6 { IpVersion::Ipv6 } else { IpVersion::Ipv4 });
        if self.setup.small_mtu {
            link.mtu = if self.setup.ipv6 { 1280 } else { 576 };
        }
        link
    }
}

impl Setup {
    /// Whether the target opens this connection.
    pub fn is_active(&self, connection: u8) -> bool {
        self.active >> connection & 1 != 0
    }
}

impl Fault {
    /// Nothing is wrong.
    pub const NONE: Fault = Fault { kind: FaultKind::None, choice: 0 };
}

impl Segment {
    /// What a correct peer sends next: in order, acknowledging all, nothing wrong with it.
    pub fn correct(connection: u8, flags: TcpFlags, length: u16) -> Segment {
        Segment {
            connection,
            flags,
            sequence: Point { base: SequenceBase::Next, offset: 0 },
            acknowledgment: Point { base: AcknowledgmentBase::Next, offset: 0 },
            length,
            window: 0xffff,
            options: Options::default(),
            fault: Fault::NONE,
        }
    }
}
