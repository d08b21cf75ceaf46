//! Which states of TCP (RFC 9293 section 3.3.2) a target is led through, as far as its packets tell.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use super::oracle::{Complaint, Oracle};
use crate::target::Link;
use crate::time::Instant;
use crate::wire::{Parsed, Tcp, TcpFlags};

/// Connections that are followed at once.
const MOST: usize = 8;

/// A state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
#[allow(missing_docs)] // the states of RFC 9293 section 3.3.2
pub enum State {
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    #[serde(rename = "FIN-WAIT-1")]
    FinWait1,
    #[serde(rename = "FIN-WAIT-2")]
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl State {
    const ALL: [State; 11] = [
        State::Closed,
        State::Listen,
        State::SynSent,
        State::SynReceived,
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
    ];
    /// How many there are.
    pub const COUNT: usize = State::ALL.len();
}

/// The transitions that targets were seen to make; shared by all threads of a campaign.
#[derive(Debug, Default)]
pub struct Reached([AtomicU16; State::COUNT]);

impl Reached {
    /// Adds a transition.
    pub fn add(&self, from: State, to: State) {
        self.0[from as usize].fetch_or(1 << to as u16, Relaxed);
    }

    /// The transitions, in order.
    pub fn transitions(&self) -> Vec<(State, State)> {
        let of = |from: &State| {
            let to = self.0[*from as usize].load(Relaxed);
            let from = *from;
            State::ALL.into_iter().filter(move |state| to >> *state as u16 & 1 != 0).map(move |state| (from, state))
        };
        State::ALL.iter().flat_map(of).collect()
    }

    /// How many states they begin or end in.
    pub fn states(&self) -> usize {
        self.transitions().into_iter().flat_map(|(from, to)| [from, to]).collect::<BTreeSet<State>>().len()
    }
}

/// Follows the target's end of each connection of a session.
#[derive(Debug)]
pub struct States {
    reached: Arc<Reached>,
    followed: Vec<Followed>,
}

/// The target's end of one connection.
#[derive(Debug)]
struct Followed {
    /// The tester's port and the target's.
    ports: (u16, u16),
    state: State,
    /// What acknowledges the target's SYN.
    opened: u32,
    /// What acknowledges the target's FIN, and the tester's.
    fin: Option<u32>,
    tester_fin: Option<u32>,
}

impl States {
    /// Adds what it sees to `reached`.
    pub fn new(reached: Arc<Reached>) -> States {
        States { reached, followed: Vec::new() }
    }

    /// The state of the connection between these ports, the tester's and the target's; `None` if it is not followed.
    pub fn state(&self, ports: (u16, u16)) -> Option<State> {
        self.followed.iter().find(|followed| followed.ports == ports).map(|followed| followed.state)
    }

    fn of_target(&mut self, tcp: &Tcp, length: usize) {
        let ports = (tcp.destination_port, tcp.source_port);
        let (syn, ack) = (tcp.flags.contains(TcpFlags::SYN), tcp.flags.contains(TcpFlags::ACK));
        let known = self.followed.iter().position(|followed| followed.ports == ports);
        let place = match known {
            Some(place) => place,
            None if syn && self.followed.len() < MOST => {
                let state = if ack { State::Listen } else { State::Closed };
                self.followed.push(Followed { ports, state, opened: 0, fin: None, tester_fin: None });
                self.followed.len() - 1
            }
            None => return,
        };
        let (followed, reached) = (&mut self.followed[place], &*self.reached);
        if tcp.flags.contains(TcpFlags::RST) {
            return followed.go(State::Closed, reached);
        }
        if syn {
            followed.opened = tcp.sequence.wrapping_add(1);
            match (followed.state, ack) {
                (State::Closed | State::Listen, false) => followed.go(State::SynSent, reached),
                (State::Closed, true) => {
                    followed.state = State::Listen;
                    followed.go(State::SynReceived, reached);
                }
                (State::Listen | State::SynSent, true) => followed.go(State::SynReceived, reached),
                _ => {}
            }
            return;
        }
        if !ack {
            return;
        }
        if followed.state == State::SynSent {
            followed.go(State::Established, reached);
        }
        if followed.tester_fin == Some(tcp.acknowledgment) {
            match followed.state {
                State::Established | State::SynReceived => followed.go(State::CloseWait, reached),
                State::FinWait1 => followed.go(State::Closing, reached),
                State::FinWait2 => followed.go(State::TimeWait, reached),
                _ => {}
            }
        }
        if tcp.flags.contains(TcpFlags::FIN) {
            followed.fin = Some(tcp.sequence.wrapping_add(tcp.sequence_length(length)));
            match followed.state {
                State::SynReceived | State::Established => followed.go(State::FinWait1, reached),
                State::CloseWait => followed.go(State::LastAck, reached),
                _ => {}
            }
        }
    }

    fn of_tester(&mut self, tcp: &Tcp, length: usize) {
        let ports = (tcp.source_port, tcp.destination_port);
        let Some(followed) = self.followed.iter_mut().find(|followed| followed.ports == ports) else { return };
        let reached = &*self.reached;
        if tcp.flags.contains(TcpFlags::RST) || tcp.flags.contains(TcpFlags::SYN) {
            return;
        }
        if !tcp.flags.contains(TcpFlags::ACK) {
            return;
        }
        if tcp.flags.contains(TcpFlags::FIN) {
            followed.tester_fin = Some(tcp.sequence.wrapping_add(tcp.sequence_length(length)));
        }
        if followed.state == State::SynReceived && tcp.acknowledgment == followed.opened {
            followed.go(State::Established, reached);
        }
        if followed.fin == Some(tcp.acknowledgment) {
            match followed.state {
                State::FinWait1 => followed.go(State::FinWait2, reached),
                State::Closing => followed.go(State::TimeWait, reached),
                State::LastAck => followed.go(State::Closed, reached),
                _ => {}
            }
        }
    }
}

impl Followed {
    fn go(&mut self, to: State, reached: &Reached) {
        if self.state != to {
            reached.add(self.state, to);
            self.state = to;
        }
    }
}

/// It complains of nothing: it only looks.
impl Oracle for States {
    fn begin(&mut self, _: &Link) {
        self.followed.clear();
    }

    fn packet(&mut self, _: Instant, from_target: bool, _: &[u8], parsed: &Parsed<'_>) {
        if !parsed.defects.is_empty() {
            return;
        }
        let Some(tcp) = parsed.packet.tcp() else { return };
        let length = parsed.packet.payload.len();
        if from_target { self.of_target(tcp, length) } else { self.of_tester(tcp, length) }
    }

    fn finish(&mut self, _: Instant) {}

    fn complaints(&self, _: &mut dyn FnMut(Complaint<'_>)) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::{Campaign, Runner};
    use crate::target::smoltcp::SmoltcpFactory;

    #[test]
    fn a_session_without_events_opens_and_closes_a_connection() {
        let (factory, reached) = (SmoltcpFactory::new(), Arc::new(Reached::default()));
        let mut runner = Runner::with_oracles(&factory, vec![Box::new(States::new(Arc::clone(&reached)))]);
        runner.run(&crate::fuzzing::Session::from_octets(&[])).unwrap();
        let expected = [
            (State::Listen, State::SynReceived),
            (State::SynReceived, State::Established),
            (State::Established, State::CloseWait),
            (State::CloseWait, State::LastAck),
            (State::LastAck, State::Closed),
        ];
        for transition in expected {
            assert!(reached.transitions().contains(&transition), "{transition:?}");
        }
    }

    #[test]
    fn a_campaign_reaches_nearly_every_state() {
        let (factory, reached) = (SmoltcpFactory::new(), Arc::new(Reached::default()));
        let mut runner = Runner::with_oracles(&factory, vec![Box::new(States::new(Arc::clone(&reached)))]);
        let mut campaign = Campaign::new(1);
        for _ in 0..3_000 {
            let session = campaign.next_session().clone();
            runner.run(&session).unwrap();
        }
        // A simultaneous close is rare.
        assert!(reached.states() >= State::COUNT - 1, "{:?}", reached.transitions());
    }
}
