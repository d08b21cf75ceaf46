//! What peers and applications do together: short runs of events that lead a connection from state to state.

use super::{
    AcknowledgmentBase, Call, CallKind, Datagram, Event, Fault, FaultKind, IcmpError, Options, Point, Random, Segment,
    SequenceBase, Setup,
};
use crate::wire::TcpFlags;

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;

/// A run of events on this connection, as a correct peer and a plain application make them.
///
/// Its events are such as a record can say.
pub(super) fn episode(setup: Setup, connection: u8, random: &mut Random) -> Vec<Event> {
    let mut events = events(setup, connection, random);
    for event in &mut events {
        *event = Event::read(&event.write());
    }
    events
}

fn events(setup: Setup, connection: u8, random: &mut Random) -> Vec<Event> {
    let call = |kind, amount| Event::Call(Call { connection, kind, amount });
    let plain = |flags, length| Segment::correct(connection, flags, length);
    let segment = |flags, length| Event::Segment(plain(flags, length));
    let advance = |micros| Event::Advance { micros };
    let last = Point { base: AcknowledgmentBase::Last, offset: 0 };
    let length = length(random);
    let written = written(random);
    let long = random.pick(&[SECOND, 3 * SECOND, 10 * SECOND, 60 * SECOND, 130 * SECOND]);
    let (push, fin) = (TcpFlags::PSH | TcpFlags::ACK, TcpFlags::FIN | TcpFlags::ACK);
    match random.below(22) {
        0 => handshake(setup, connection, random).to_vec(),
        // The application sends, the tester takes it.
        1 => vec![call(CallKind::Write, written), segment(TcpFlags::ACK, 0)],
        2 => vec![call(CallKind::Write, written), call(CallKind::Write, 1), segment(push, length)],
        // The tester sends, the application takes it.
        3 => vec![segment(push, length), call(CallKind::Read, 0xffff)],
        4 => vec![segment(TcpFlags::ACK, length), segment(push, length), call(CallKind::Read, length)],
        // A hole, and what fills it.
        5 => {
            let above = Point { base: SequenceBase::Next, offset: random.pick(&[1, 10, 60]) };
            let filling = above.offset as u16;
            vec![
                Event::Segment(Segment { sequence: above, ..plain(push, length.max(1)) }),
                segment(push, if random.once_in(4) { filling / 2 } else { filling }),
                call(CallKind::Read, 0xffff),
            ]
        }
        // Duplicate acknowledgments.
        6 => {
            let again = Event::Segment(Segment { acknowledgment: last, ..plain(TcpFlags::ACK, 0) });
            let mut events = vec![call(CallKind::Write, written.max(2_000))];
            events.extend(std::iter::repeat_n(again, 2 + random.below(4)));
            events.push(segment(TcpFlags::ACK, 0));
            events
        }
        // Something is lost: a timeout.
        7 => vec![call(CallKind::Write, written), advance(long), segment(TcpFlags::ACK, 0)],
        8 => {
            let half = Point { base: AcknowledgmentBase::Middle, offset: 0 };
            let some = Event::Segment(Segment { acknowledgment: half, ..plain(TcpFlags::ACK, 0) });
            vec![call(CallKind::Write, written.max(2)), advance(random.pick(&[0, 500_000])), some, advance(long)]
        }
        // The window closes and opens.
        9 => {
            let window = random.pick(&[0, 1, 63]);
            let closed = Event::Segment(Segment { window, ..plain(TcpFlags::ACK, 0) });
            vec![closed, call(CallKind::Write, written), advance(long), segment(TcpFlags::ACK, 0)]
        }
        // The target's window closes and opens.
        10 => {
            let many = segment(push, 1_382);
            let mut events = vec![call(CallKind::SetOption, 6), many, many, many];
            events.extend([
                segment(push, 1),
                call(CallKind::Read, random.pick(&[1, 700, 0xffff])),
                segment(push, length),
            ]);
            events
        }
        // The target closes first; the peer follows, or closes at the same time.
        11 => {
            let close = if random.once_in(2) { CallKind::ShutdownWrite } else { CallKind::Close };
            vec![call(close, 0), segment(TcpFlags::ACK, 0), segment(fin, 0), advance(long)]
        }
        12 => {
            let crossing = Event::Segment(Segment { acknowledgment: last, ..plain(fin, length) });
            vec![call(CallKind::ShutdownWrite, 0), crossing, advance(long), segment(TcpFlags::ACK, 0)]
        }
        // The peer closes first.
        13 => vec![
            segment(fin, length),
            call(CallKind::Read, 0xffff),
            call(CallKind::Close, 0),
            segment(TcpFlags::ACK, 0),
        ],
        14 => vec![segment(fin, 0), call(CallKind::Write, written), call(CallKind::ShutdownWrite, 0), advance(long)],
        // A peer that cannot be.
        15 => {
            let kind = random.pick(&[FaultKind::Source, FaultKind::Destination, FaultKind::SourcePort]);
            let fault = Fault { kind, choice: random.pick(&[0, 1, 2, 3, 4, 5, 6, 7]) };
            vec![
                Event::Segment(Segment { fault, ..plain(TcpFlags::SYN, 0) }),
                Event::Segment(Segment { fault, ..plain(TcpFlags::ACK, length) }),
            ]
        }
        // Acknowledgments of some of what is under way, some of it selectively.
        16 => {
            let options = Options { set: Options::SACK | random.pick(&[0, Options::MORE_SACK]), choice: written as u8 };
            let some = Event::Segment(Segment { options, acknowledgment: last, ..plain(TcpFlags::ACK, 0) });
            vec![call(CallKind::Write, written.max(3_000)), some, some, some, segment(TcpFlags::ACK, 0)]
        }
        // Datagrams that every host takes, as usual and unusual as they may be.
        17 => (0..1 + random.below(3)).map(|_| datagram(random)).collect(),
        // Resets that nobody may believe, and errors that end nothing.
        18 => {
            let base = random.pick(&[SequenceBase::Initial, SequenceBase::Opposite, SequenceBase::Zero]);
            let sequence = Point { base, offset: random.pick(&[0, 1, 60]) };
            let flags = random.pick(&[TcpFlags::RST, TcpFlags::RST | TcpFlags::ACK]);
            let reset = Event::Segment(Segment { sequence, ..plain(flags, 0) });
            vec![call(CallKind::Write, written), reset, segment(push, length), call(CallKind::Read, 0xffff)]
        }
        19 => {
            let soft = IcmpError {
                connection,
                kind: random.below(8) as u8,
                code: random.pick(&[0, 1, 3, 5]),
                parameter: 0,
                shift: random.pick(&[0, 0, -60, 2_000]),
                fault: Fault::NONE,
            };
            vec![call(CallKind::Write, written), Event::IcmpError(soft), segment(TcpFlags::ACK, 0)]
        }
        // Segments outside the window, a while after the last ones.
        20 => {
            let (base, offset) = random.pick(&[
                (SequenceBase::Unacknowledged, -1),
                (SequenceBase::Unacknowledged, -60),
                (SequenceBase::WindowEnd, 60),
                (SequenceBase::Opposite, 0),
            ]);
            let outside =
                Segment { sequence: Point { base, offset }, ..plain(TcpFlags::ACK, random.pick(&[0, 1, 10])) };
            vec![segment(push, length), advance(3 * SECOND), Event::Segment(outside), segment(push, length)]
        }
        // What a network does: the same again, or in fragments.
        _ => {
            let kind = random.pick(&[FaultKind::Twice, FaultKind::Fragments]);
            let fault = Fault { kind, choice: random.below(256) as u8 & 0x1f };
            vec![Event::Segment(Segment { fault, ..plain(push, length) }), call(CallKind::Read, 0xffff)]
        }
    }
}

/// A datagram to the host or to its UDP socket, or to a port that nobody has.
fn datagram(random: &mut Random) -> Event {
    let kind = random.pick(&[
        FaultKind::None,
        FaultKind::None,
        FaultKind::HopLimit,
        FaultKind::IpFlags,
        FaultKind::TrafficClass,
        FaultKind::Fragments,
        FaultKind::Fragments,
        FaultKind::IpOptions,
        FaultKind::SourcePort,
        FaultKind::Urgent,
        FaultKind::Twice,
        FaultKind::Source,
        FaultKind::Destination,
        FaultKind::Checksum,
    ]);
    let choice = match kind {
        FaultKind::Fragments => random.pick(&[0, 1, 2, 3, 16, 17]),
        FaultKind::IpOptions | FaultKind::Source | FaultKind::Destination => random.below(8) as u8,
        _ => random.pick(&[0, 1, 2, 3, 4, 64, 255]),
    };
    let length = random.pick(&[0, 1, 2, 8, 9, 99, 100, 300, 480, 524, 700, 1_382]);
    let datagram = Datagram { length, choice: random.pick(&[0, 1, 1, 2, 7, 0xc1]), fault: Fault { kind, choice } };
    if random.once_in(2) { Event::Echo(datagram) } else { Event::Udp(datagram) }
}

/// The tester's and the application's part in opening a connection.
pub(super) fn handshake(setup: Setup, connection: u8, random: &mut Random) -> [Event; 3] {
    let open = Event::Call(Call { connection, kind: CallKind::Open, amount: 0 });
    let options = if random.once_in(4) {
        Options::default()
    } else {
        // Values as peers have them, and the options as they come.
        Options { set: random.below(16) as u8 | Options::MAXIMUM_SEGMENT_SIZE, choice: random.below(256) as u8 }
    };
    let synchronize = |flags| Event::Segment(Segment { options, ..Segment::correct(connection, flags, 0) });
    let acknowledge = Event::Segment(Segment::correct(connection, TcpFlags::ACK, 0));
    if setup.is_active(connection) {
        if random.once_in(4) {
            // A simultaneous open.
            return [open, synchronize(TcpFlags::SYN), acknowledge];
        }
        [open, synchronize(TcpFlags::SYN | TcpFlags::ACK), acknowledge]
    } else {
        [synchronize(TcpFlags::SYN), acknowledge, open]
    }
}

/// Octets of a segment.
fn length(random: &mut Random) -> u16 {
    random.pick(&[0, 1, 2, 10, 100, 524, 700, 1_382])
}

/// Octets of a write.
fn written(random: &mut Random) -> u16 {
    random.pick(&[1, 2, 100, 535, 537, 1_400, 3_000, 8_000])
}
