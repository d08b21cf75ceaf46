//! What session a seed means.

use crate::fuzzing::session::{Event, MOST_EVENTS, Random, Session, cross_over, mutate};
use crate::target::Clock;

/// Events that a random session has, at least and at most.
const EVENTS: (usize, usize) = (4, 20);
/// Longest time that a session waits at once, and altogether, on a real clock; in microseconds.
const LONGEST_WAIT: u64 = 1_500_000;
const LONGEST_WAITS: u64 = 4_000_000;
/// Seeds stay below 2^53, so that every reader of JSON reads them exactly.
const SEED_BITS: u32 = 53;
/// Bits of a seed that say what a session needs of its target.
const IPV6: u64 = 1;
const SMALL_MTU: u64 = 2;
const WAITS: u64 = 4;
/// What the sessions of one batch after the other need; most are IPv4 with the usual MTU.
const KINDS: [u64; 6] = [0, IPV6, SMALL_MTU, 0, IPV6 | SMALL_MTU, IPV6];

/// Gives the session of each seed.
#[derive(Clone, Debug)]
pub struct Seeds {
    scripts: Vec<Session>,
    clock: Clock,
}

impl Seeds {
    /// Sessions for targets on this clock; some of them begin as one of `scripts`.
    pub fn new(scripts: Vec<Session>, clock: Clock) -> Seeds {
        Seeds { scripts, clock }
    }

    /// The same for targets on another clock.
    pub fn on(self, clock: Clock) -> Seeds {
        Seeds { clock, ..self }
    }

    /// How many scripts sessions begin as.
    pub fn scripts(&self) -> usize {
        self.scripts.len()
    }

    /// The session of a seed.
    pub fn session(&self, seed: u64) -> Session {
        let mut random = Random::new(seed);
        let events = EVENTS.0 + random.below(EVENTS.1 - EVENTS.0);
        let mut session = match random.below(8) {
            0..=2 => Session::random(&mut random, events),
            _ if self.scripts.is_empty() => Session::random(&mut random, events),
            3 => {
                let one = &self.scripts[random.below(self.scripts.len())];
                let other = &self.scripts[random.below(self.scripts.len())];
                cross_over(one, other, &mut random, MOST_EVENTS)
            }
            _ => self.scripts[random.below(self.scripts.len())].clone(),
        };
        for _ in 0..random.below(4) {
            mutate(&mut session, &mut random, MOST_EVENTS);
        }
        session.setup.ipv6 = seed & IPV6 != 0;
        session.setup.small_mtu = seed & SMALL_MTU != 0;
        if self.clock == Clock::Real {
            hurry(&mut session, seed & WAITS != 0);
        }
        session
    }
}

/// The seed of one session of a campaign: number `number` of batch `batch`.
pub(in crate::fuzzing) fn seed(campaign: u64, waits: bool, batch: u64, number: u64) -> u64 {
    let kind = KINDS[(batch % KINDS.len() as u64) as usize] | if waits { WAITS } else { 0 };
    let mut random = Random::new(campaign ^ Random::new(batch << 1 | u64::from(waits)).number());
    let mixed = Random::new(random.number() ^ number).number();
    mixed >> (64 - SEED_BITS) & !(IPV6 | SMALL_MTU | WAITS) | kind
}

/// Leaves no time out that makes a session wait longer than it may; one that does not wait leaves out all of it.
fn hurry(session: &mut Session, waits: bool) {
    let mut left = if waits { LONGEST_WAITS } else { 0 };
    for event in &mut session.events {
        if let Event::Advance { micros } = event {
            *micros = (*micros).min(LONGEST_WAIT).min(left);
            left -= *micros;
        }
    }
    session.events.retain(|event| !matches!(event, Event::Advance { micros } if *micros < 1_000));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waited(session: &Session) -> u64 {
        let micros = |event: &Event| if let Event::Advance { micros } = event { *micros } else { 0 };
        session.events.iter().map(micros).sum()
    }

    #[test]
    fn a_seed_always_means_the_same_session_and_says_what_it_needs() {
        let seeds = Seeds::new(Vec::new(), Clock::Real);
        for number in 0..300 {
            let seed = seed(7, number % 2 != 0, number % 9, number);
            assert!(seed < 1 << SEED_BITS);
            let session = seeds.session(seed);
            assert_eq!(session, seeds.session(seed));
            assert_eq!(session.setup.ipv6, seed & IPV6 != 0);
            assert!(waited(&session) <= if seed & WAITS != 0 { LONGEST_WAITS } else { 0 });
        }
    }

    #[test]
    fn campaigns_and_batches_have_seeds_of_their_own() {
        let mut all = std::collections::BTreeSet::new();
        for campaign in 0..4 {
            for batch in 0..20 {
                for number in 0..20 {
                    assert!(all.insert(seed(campaign, false, batch, number)));
                    assert!(all.insert(seed(campaign, true, batch, number)));
                }
            }
        }
    }

    #[test]
    fn on_a_virtual_clock_no_time_is_left_out() {
        let (real, virtual_clock) = (Seeds::new(Vec::new(), Clock::Real), Seeds::new(Vec::new(), Clock::Virtual));
        let longest = |seeds: &Seeds| (0..500).map(|seed| waited(&seeds.session(seed))).max();
        assert!(longest(&virtual_clock) > Some(LONGEST_WAITS));
        assert!(longest(&real) <= Some(LONGEST_WAITS));
    }
}
