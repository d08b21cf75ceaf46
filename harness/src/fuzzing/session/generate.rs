//! Sessions from a seed: mostly what peers do, with something wrong now and then.

use super::encoding::RECORD;
use super::{CONNECTIONS, CallKind, Event, Segment, Session, Setup, episode, handshake};
use crate::wire::TcpFlags;

/// Random numbers that a seed determines (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end.max(1) as u64) as usize
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// Control bits that segments mostly have.
const FLAGS: [u16; 16] =
    [0x10, 0x10, 0x10, 0x18, 0x18, 0x10, 0x18, 0x11, 0x11, 0x02, 0x12, 0x04, 0x14, 0x30, 0x19, 0x00];
/// Calls in the order in which applications mostly make them.
const CALLS: [CallKind; 12] = [
    CallKind::Open,
    CallKind::Write,
    CallKind::Write,
    CallKind::Write,
    CallKind::Read,
    CallKind::Read,
    CallKind::ShutdownWrite,
    CallKind::Close,
    CallKind::SetOption,
    CallKind::Poll,
    CallKind::ShutdownBoth,
    CallKind::Abort,
];

impl Session {
    /// A session of this many events at least; those of a handshake may come on top.
    pub fn random(random: &mut Random, events: usize) -> Session {
        let setup = Setup {
            ipv6: random.once_in(3),
            small_mtu: random.once_in(4),
            numbers: random.below(4) as u8,
            backlog: random.below(4) as u8,
            active: if random.once_in(2) { 0 } else { random.below(16) as u8 },
        };
        let mut session = Session { setup, events: Vec::with_capacity(events + 4) };
        // How much is wrong, from nothing to everything.
        let wild = random.pick(&[0, 1, 1, 2, 4, 8]);
        while session.events.len() < events {
            if session.events.is_empty() && !random.once_in(8) {
                session.events.extend(handshake(setup, 0, random));
            } else if random.below(8) < wild {
                session.events.push(Event::random(random));
            } else {
                let connection = if random.once_in(8) { random.below(CONNECTIONS) as u8 } else { 0 };
                session.events.extend(episode(setup, connection, random));
            }
        }
        session
    }
}

impl Event {
    /// Any event; mostly one that a peer, an application or a network causes.
    pub fn random(random: &mut Random) -> Event {
        let mut record = [0; RECORD];
        for octet in &mut record {
            *octet = random.number() as u8;
        }
        let mut event = Event::read(&record);
        match &mut event {
            Event::Segment(segment) => {
                let wild = *segment;
                // Mostly of one connection, so that its states are reached.
                let connection = if random.once_in(3) { wild.connection } else { 0 };
                let flags = if random.once_in(8) { wild.flags } else { TcpFlags(random.pick(&FLAGS)) };
                *segment = Segment::correct(connection, flags, 0);
                if random.once_in(2) {
                    segment.length = wild.length;
                }
                if random.once_in(4) {
                    segment.sequence = wild.sequence;
                }
                if random.once_in(4) {
                    segment.acknowledgment = wild.acknowledgment;
                }
                if random.once_in(4) {
                    segment.window = wild.window;
                }
                if random.once_in(4) {
                    segment.options = wild.options;
                }
                segment.fault = wild.fault;
            }
            Event::Call(call) => {
                call.connection = if random.once_in(3) { call.connection } else { 0 };
                call.kind = random.pick(&CALLS);
                if random.once_in(2) {
                    call.amount %= 600;
                }
            }
            Event::IcmpError(error) => {
                error.connection = if random.once_in(3) { error.connection } else { 0 };
                if random.once_in(2) {
                    error.shift = 0;
                }
            }
            Event::Advance { .. } | Event::Echo(_) | Event::Udp(_) => {}
        }
        event
    }
}
