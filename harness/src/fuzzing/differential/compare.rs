//! Two traces of one session, turn by turn.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::answer::{Answer, told};
use super::stimulus::{self, Clause, Known};
use crate::fuzzing::oracle::Oracle as _;
use crate::fuzzing::run::Step;
use crate::fuzzing::states::{Reached, State, States};
use crate::target::Link;
use crate::time::Instant;
use crate::wire::{Packet, TcpFlags, TcpOption};

/// Where two targets differ first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The clause by which a target treats what happened there.
    pub clause: Clause,
    /// The state of the connection, where it is about one.
    pub state: Option<State>,
    /// What the one and the other did.
    pub answers: (String, String),
}

impl Difference {
    /// What differs, one line.
    pub fn what(&self) -> String {
        match self.state {
            Some(state) => format!("{} ({state:?})", self.clause.about),
            None => self.clause.about.to_owned(),
        }
    }
}

/// What tester or application did at one place, and what the target did then.
struct Turn {
    /// As both targets must have seen it to be comparable.
    stimulus: String,
    clause: Option<Clause>,
    state: Option<State>,
    answers: BTreeSet<Answer>,
    /// Plain acknowledgments may come now, later or never.
    is_ack_free: bool,
}

/// Where two targets that ran the same session differ first; nothing where they agree, and where the session led them
/// apart by something that RFCs leave open.
pub fn compare(one: (&[Step], &Link), other: (&[Step], &Link)) -> Option<Difference> {
    let (one, other) = (turns(one.0, one.1), turns(other.0, other.1));
    for (one, other) in one.into_iter().zip(other) {
        if one.stimulus != other.stimulus {
            return None;
        }
        let is_ack_free = one.is_ack_free || other.is_ack_free;
        let kept = |turn: &Turn| -> BTreeSet<Answer> {
            let is_kept =
                |answer: &&Answer| !(is_ack_free && matches!(answer, Answer::Segment(super::answer::Kind::Ack, ..)));
            turn.answers.iter().filter(is_kept).cloned().collect()
        };
        let (mine, theirs) = (kept(&one), kept(&other));
        if mine != theirs
            && let Some(clause) = one.clause.or(other.clause)
        {
            let answers = (told(&mine, &theirs), told(&theirs, &mine));
            return Some(Difference { clause, state: one.state, answers });
        }
        if mine != theirs {
            return None;
        }
    }
    None
}

/// The turns of a session, without those of the check that the target still works.
fn turns(steps: &[Step], link: &Link) -> Vec<Turn> {
    let mut reader = Reader {
        link,
        states: States::new(Arc::new(Reached::default())),
        connections: Vec::new(),
        is_listening: false,
        turns: Vec::new(),
    };
    reader.states.begin(link);
    for step in steps {
        match step {
            Step::Injected { octets, cut, .. } => reader.injected(octets, cut.as_ref()),
            Step::Received { octets, .. } | Step::Right { octets, .. } | Step::Beyond { octets, .. } => {
                reader.received(octets);
            }
            Step::Called { call, result, output, .. } => {
                let mut answers: BTreeSet<Answer> = [Answer::of_call(call, *result, output)].into();
                let clause = stimulus::of_call(call);
                if matches!(call, crate::target::SocketCall::Listen { .. }) {
                    reader.is_listening = result.is_ok();
                }
                if clause.is_none() {
                    answers.clear();
                }
                let stimulus = format!("{call:?}");
                let stimulus = stimulus.split([' ', '{']).next().unwrap_or_default().to_owned();
                reader.turns.push(Turn { stimulus, clause, state: None, answers, is_ack_free: true });
            }
            Step::Due { .. } => {}
            Step::Fresh => break,
        }
    }
    reader.turns
}

/// One connection: the tester's port and the target's, and the numbers that were seen.
struct Connection {
    ports: (u16, u16),
    tester_initial: Option<u32>,
    target_initial: Option<u32>,
    next: Option<u32>,
    window: u32,
    shift: (Option<u8>, Option<u8>),
    sent: u32,
}

struct Reader<'l> {
    link: &'l Link,
    states: States,
    connections: Vec<Connection>,
    is_listening: bool,
    turns: Vec<Turn>,
}

impl Reader<'_> {
    fn ends(&self) -> (IpAddr, IpAddr) {
        (self.link.remote, self.link.local)
    }

    fn injected(&mut self, octets: &[u8], cut: Option<&crate::fuzzing::run::Cut>) {
        let parsed = Packet::parse(octets, None);
        let tcp = parsed.packet.tcp().cloned();
        let length = parsed.packet.payload.len();
        let (mut known, mut stimulus, mut state) = (self.unknown(), String::new(), None);
        let mut is_ack_free = false;
        if let Some(tcp) = &tcp {
            let ports = (tcp.source_port, tcp.destination_port);
            known = self.known(ports);
            state = Some(known.state);
            let connection = self.connection(ports);
            if connection.tester_initial.is_none() && tcp.flags.contains(TcpFlags::SYN) {
                connection.tester_initial = Some(tcp.sequence);
            }
            if tcp.flags.contains(TcpFlags::SYN) {
                connection.shift.1 = shift(tcp);
            }
            let sequence = tcp.sequence.wrapping_sub(connection.tester_initial.unwrap_or(0));
            let ack = tcp.acknowledgment.wrapping_sub(connection.target_initial.unwrap_or(0));
            stimulus = format!("{} {sequence} {ack} ({length}) {}", tcp.flags, tcp.window);
            // In order, or nothing that must be answered.
            let has = |flag| tcp.flags.contains(flag);
            is_ack_free = has(TcpFlags::ACK)
                && !has(TcpFlags::SYN)
                && !has(TcpFlags::RST)
                && known.next.is_none_or(|next| next == tcp.sequence)
                && (tcp.acknowledgment.wrapping_sub(known.sent) as i32) <= 0;
        }
        self.states.packet(Instant::ZERO, false, octets, &parsed);
        let clause = stimulus::of_datagram(octets, cut, self.ends(), &known);
        self.turns.push(Turn { stimulus, clause: Some(clause), state, answers: BTreeSet::new(), is_ack_free });
    }

    fn received(&mut self, octets: &[u8]) {
        let parsed = Packet::parse(octets, None);
        let mut initial = (None, None);
        if let Some(tcp) = parsed.packet.tcp() {
            let (syn, ack) = (tcp.flags.contains(TcpFlags::SYN), tcp.flags.contains(TcpFlags::ACK));
            let end = tcp.sequence.wrapping_add(tcp.sequence_length(parsed.packet.payload.len()));
            let is_reset = tcp.flags.contains(TcpFlags::RST);
            let connection = self.connection((tcp.destination_port, tcp.source_port));
            if syn && connection.target_initial != Some(tcp.sequence) {
                connection.target_initial = Some(tcp.sequence);
                connection.shift.0 = shift(tcp);
                connection.sent = end;
            }
            if !is_reset {
                if end.wrapping_sub(connection.sent) as i32 > 0 {
                    connection.sent = end;
                }
                if ack {
                    connection.next = Some(tcp.acknowledgment);
                    let shift = match connection.shift {
                        (Some(own), Some(_)) if !syn => own.min(14),
                        _ => 0,
                    };
                    connection.window = u32::from(tcp.window) << shift;
                }
            }
            initial = (connection.target_initial, connection.tester_initial);
        }
        self.states.packet(Instant::ZERO, true, octets, &parsed);
        if let (Some(turn), Some(answer)) = (self.turns.last_mut(), Answer::of_datagram(octets, initial)) {
            turn.answers.insert(answer);
        }
    }

    fn connection(&mut self, ports: (u16, u16)) -> &mut Connection {
        let place = self.connections.iter().position(|connection| connection.ports == ports).unwrap_or_else(|| {
            self.connections.push(Connection {
                ports,
                tester_initial: None,
                target_initial: None,
                next: None,
                window: 0,
                shift: (None, None),
                sent: 0,
            });
            self.connections.len() - 1
        });
        &mut self.connections[place]
    }

    fn unknown(&self) -> Known {
        let state = if self.is_listening { State::Listen } else { State::Closed };
        Known { state, next: None, window: 0, initial: None, sent: 0 }
    }

    fn known(&mut self, ports: (u16, u16)) -> Known {
        let unknown = self.unknown();
        let state = self.states.state(ports);
        let connection = self.connection(ports);
        match state {
            // A connection that is over, or none: the socket that listens is asked.
            None | Some(State::Closed) => unknown,
            Some(state) => Known {
                state,
                next: connection.next,
                window: connection.window,
                initial: connection.target_initial,
                sent: connection.sent,
            },
        }
    }
}

fn shift(tcp: &crate::wire::Tcp) -> Option<u8> {
    match tcp.options.find(TcpOption::WINDOW_SCALE) {
        Some(TcpOption::WindowScale(shift)) => Some(shift),
        _ => None,
    }
}
