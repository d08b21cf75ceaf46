//! Sessions as octets: a head, and a record of the same size for each event.

use arbitrary::{Arbitrary, Unstructured};

use super::{
    AcknowledgmentBase, Call, CallKind, Datagram, Event, Fault, FaultKind, IcmpError, MOST_EVENTS, Options, Point,
    Segment, SequenceBase, Session, Setup,
};
use crate::wire::TcpFlags;

/// Octets of the head.
pub const HEAD: usize = 2;
/// Octets of an event.
pub const RECORD: usize = 12;

/// Lengths of time that make a difference to some timer, in microseconds.
const TIMES: [u64; 16] = [
    0,
    1_000,
    10_000,
    40_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    1_500_000,
    3_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    130_000_000,
    600_000_000,
    8_000_000_000,
];

/// Faults in the order of their numbers; 0 is none.
const FAULTS: [FaultKind; 17] = [
    FaultKind::None,
    FaultKind::Checksum,
    FaultKind::DataOffset,
    FaultKind::Reserved,
    FaultKind::Urgent,
    FaultKind::HopLimit,
    FaultKind::Length,
    FaultKind::HeaderChecksum,
    FaultKind::Source,
    FaultKind::Destination,
    FaultKind::IpOptions,
    FaultKind::Fragments,
    FaultKind::TrafficClass,
    FaultKind::MalformedOptions,
    FaultKind::SourcePort,
    FaultKind::IpFlags,
    FaultKind::Twice,
];
/// Octets below this number mean that nothing is wrong, so that most packets are well-formed.
const FIRST_FAULT: u8 = 208;

const SEQUENCE_BASES: [SequenceBase; 8] = [
    SequenceBase::Next,
    SequenceBase::Unacknowledged,
    SequenceBase::Initial,
    SequenceBase::WindowEnd,
    SequenceBase::WindowMiddle,
    SequenceBase::Opposite,
    SequenceBase::AfterHole,
    SequenceBase::Zero,
];

const ACKNOWLEDGMENT_BASES: [AcknowledgmentBase; 8] = [
    AcknowledgmentBase::Next,
    AcknowledgmentBase::Last,
    AcknowledgmentBase::Initial,
    AcknowledgmentBase::Middle,
    AcknowledgmentBase::Opposite,
    AcknowledgmentBase::Beyond,
    AcknowledgmentBase::Old,
    AcknowledgmentBase::Zero,
];

const CALLS: [CallKind; 9] = [
    CallKind::Open,
    CallKind::Write,
    CallKind::Read,
    CallKind::ShutdownWrite,
    CallKind::Close,
    CallKind::SetOption,
    CallKind::Poll,
    CallKind::ShutdownBoth,
    CallKind::Abort,
];

/// Any octets are a session, and what is short is filled with zeros.
impl<'a> Arbitrary<'a> for Session {
    fn arbitrary(u: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let octets = u.peek_bytes(u.len()).unwrap_or_default();
        let taken = octets.len().min(HEAD + MOST_EVENTS * RECORD);
        let mut session = Session { setup: Setup::read([0; HEAD]), events: Vec::new() };
        session.read(u.bytes(taken)?);
        Ok(session)
    }
}

impl Session {
    /// The session that these octets mean.
    pub fn from_octets(octets: &[u8]) -> Session {
        let mut session = Session { setup: Setup::read([0; HEAD]), events: Vec::new() };
        session.read(octets);
        session
    }

    /// As [`Session::from_octets`], in the memory of a session that was.
    pub fn read(&mut self, octets: &[u8]) {
        let head = [octets.first().copied().unwrap_or(0), octets.get(1).copied().unwrap_or(0)];
        self.setup = Setup::read(head);
        self.events.clear();
        let records = octets.get(HEAD..).unwrap_or_default().chunks(RECORD);
        self.events.extend(records.take(MOST_EVENTS).map(|chunk| {
            let mut record = [0; RECORD];
            record[..chunk.len()].copy_from_slice(chunk);
            Event::read(&record)
        }));
    }

    /// Octets that mean this session.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::with_capacity(HEAD + self.events.len() * RECORD);
        octets.extend(self.setup.write());
        octets.extend(self.events.iter().flat_map(|event| event.write()));
        octets
    }
}

impl Setup {
    fn read([flags, active]: [u8; HEAD]) -> Setup {
        Setup {
            ipv6: flags & 1 != 0,
            small_mtu: flags & 2 != 0,
            numbers: flags >> 2 & 3,
            backlog: flags >> 4 & 7,
            active: active & 0xf,
        }
    }

    fn write(&self) -> [u8; HEAD] {
        let flags = u8::from(self.ipv6) | u8::from(self.small_mtu) << 1 | self.numbers << 2 | self.backlog << 4;
        [flags, self.active]
    }
}

impl Event {
    /// The event that a record means.
    pub fn read(r: &[u8; RECORD]) -> Event {
        let connection = r[1] & 3;
        match r[0] % 16 {
            0..=7 => Event::Segment(Segment {
                connection,
                flags: TcpFlags(r[2].into()),
                sequence: Point { base: SEQUENCE_BASES[usize::from(r[3] & 7)], offset: distance(r[4]) },
                acknowledgment: Point {
                    base: ACKNOWLEDGMENT_BASES[usize::from(r[3] >> 3 & 7)],
                    offset: distance(r[5]),
                },
                length: length(r[6]),
                window: window(r[7]),
                options: Options { set: r[8], choice: r[9] },
                fault: Fault::read(r[10], r[11]),
            }),
            8..=11 => Event::Call(Call {
                connection,
                kind: CALLS[usize::from(r[2]) % CALLS.len()],
                amount: u16::from_le_bytes([r[3], r[4]]),
            }),
            12 => Event::Advance { micros: TIMES[usize::from(r[2] % 16)] },
            13 => Event::IcmpError(IcmpError {
                connection,
                kind: r[2],
                code: r[3],
                parameter: u16::from_le_bytes([r[4], r[5]]),
                shift: distance(r[6]),
                fault: Fault::read(r[10], r[11]),
            }),
            14 => Event::Echo(Datagram { length: length(r[6]), choice: r[2], fault: Fault::read(r[10], r[11]) }),
            _ => Event::Udp(Datagram { length: length(r[6]), choice: r[2], fault: Fault::read(r[10], r[11]) }),
        }
    }

    /// A record that means this event.
    pub fn write(&self) -> [u8; RECORD] {
        let mut r = [0; RECORD];
        match self {
            Event::Segment(segment) => {
                r[1] = segment.connection;
                r[2] = segment.flags.0 as u8;
                r[3] = place(&SEQUENCE_BASES, segment.sequence.base)
                    | place(&ACKNOWLEDGMENT_BASES, segment.acknowledgment.base) << 3;
                r[4] = distance_octet(segment.sequence.offset);
                r[5] = distance_octet(segment.acknowledgment.offset);
                r[6] = length_octet(segment.length);
                r[7] = window_octet(segment.window);
                r[8] = segment.options.set;
                r[9] = segment.options.choice;
                (r[10], r[11]) = segment.fault.write();
            }
            Event::Call(call) => {
                r[0] = 8;
                r[1] = call.connection;
                r[2] = place(&CALLS, call.kind);
                [r[3], r[4]] = call.amount.to_le_bytes();
            }
            Event::Advance { micros } => {
                r[0] = 12;
                r[2] = TIMES.iter().rposition(|time| time <= micros).unwrap_or(0) as u8;
            }
            Event::IcmpError(error) => {
                r[0] = 13;
                r[1] = error.connection;
                r[2] = error.kind;
                r[3] = error.code;
                [r[4], r[5]] = error.parameter.to_le_bytes();
                r[6] = distance_octet(error.shift);
                (r[10], r[11]) = error.fault.write();
            }
            Event::Echo(datagram) | Event::Udp(datagram) => {
                r[0] = if matches!(self, Event::Echo(_)) { 14 } else { 15 };
                r[2] = datagram.choice;
                r[6] = length_octet(datagram.length);
                (r[10], r[11]) = datagram.fault.write();
            }
        }
        r
    }
}

impl Fault {
    fn read(kind: u8, choice: u8) -> Fault {
        match kind.checked_sub(FIRST_FAULT) {
            None => Fault::NONE,
            Some(number) => match FAULTS[usize::from(number) % FAULTS.len()] {
                FaultKind::None => Fault::NONE,
                kind => Fault { kind, choice },
            },
        }
    }

    fn write(&self) -> (u8, u8) {
        match self.kind {
            FaultKind::None => (0, 0),
            kind => (FIRST_FAULT + place(&FAULTS, kind), self.choice),
        }
    }
}

fn place<T: PartialEq>(all: &[T], one: T) -> u8 {
    all.iter().position(|it| *it == one).unwrap_or(0) as u8
}

/// Small distances octet by octet, large ones in steps.
fn distance(octet: u8) -> i16 {
    let signed = i16::from(octet as i8);
    if (-64..64).contains(&signed) { signed } else { signed * 40 }
}

fn distance_octet(distance: i16) -> u8 {
    let signed = if (-64..64).contains(&distance) { distance } else { (distance / 40).clamp(-128, 127) };
    signed as i8 as u8
}

/// Small lengths octet by octet, large ones in steps, up to two segments of an Ethernet.
fn length(octet: u8) -> u16 {
    let octet = u16::from(octet);
    if octet < 128 { octet } else { 128 + (octet - 128) * 22 }
}

fn length_octet(length: u16) -> u8 {
    if length < 128 { length as u8 } else { (128 + (length - 128) / 22).min(255) as u8 }
}

/// 0 is a large window, as most windows are; then small ones; then up to the largest.
fn window(octet: u8) -> u16 {
    match octet {
        0 => 0xffff,
        1..=64 => u16::from(octet) - 1,
        _ => u16::from(octet) << 8,
    }
}

fn window_octet(window: u16) -> u8 {
    match window {
        0xffff => 0,
        0..=63 => window as u8 + 1,
        _ => (window >> 8).max(65) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::session::Random;

    #[test]
    fn a_session_is_the_same_after_writing_and_reading() {
        let mut random = Random::new(1);
        for _ in 0..2_000 {
            let octets: Vec<u8> = (0..random.below(300)).map(|_| random.below(256) as u8).collect();
            let session = Session::from_octets(&octets);
            let written = session.to_octets();
            assert_eq!(Session::from_octets(&written), session);
            assert_eq!(Session::arbitrary(&mut Unstructured::new(&octets)), Ok(session));
        }
    }

    #[test]
    fn what_is_too_long_is_not_read() {
        let session = Session::from_octets(&[0; HEAD + RECORD * (MOST_EVENTS + 3)]);
        assert_eq!(session.events.len(), MOST_EVENTS);
    }

    #[test]
    fn values_that_matter_can_be_written() {
        for number in 0..=255 {
            assert_eq!(distance(distance_octet(distance(number))), distance(number));
            assert_eq!(length(length_octet(length(number))), length(number));
            assert_eq!(window(window_octet(window(number))), window(number));
        }
        assert_eq!(length(255), 128 + 127 * 22);
    }
}
