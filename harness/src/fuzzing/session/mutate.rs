//! Changes to a session that keep it a session: events come, go, move and change.

use super::{CONNECTIONS, Event, MOST_EVENTS, RECORD, Random, Session, episode};

/// Makes one to four changes. The session has `most` events at most afterwards.
pub fn mutate(session: &mut Session, random: &mut Random, most: usize) {
    let most = most.min(MOST_EVENTS);
    let mut changes = 1 + random.below(4);
    while changes > 0 {
        changes -= 1;
        change(session, random, most);
    }
    session.events.truncate(most);
}

fn change(session: &mut Session, random: &mut Random, most: usize) {
    let events = &mut session.events;
    let count = events.len();
    match random.below(16) {
        0 if random.once_in(2) => {
            let other = Session::random(random, 0);
            session.setup = other.setup;
        }
        0 | 1 if count < most => {
            let connection = if random.once_in(4) { random.below(CONNECTIONS) as u8 } else { 0 };
            let at = random.below(count + 1);
            let episode = episode(session.setup, connection, random);
            events.splice(at..at, episode);
        }
        2..=4 if count < most => events.insert(random.below(count + 1), Event::random(random)),
        5 if count > 0 => {
            events.remove(random.below(count));
        }
        6 if count > 1 => {
            let first = random.below(count);
            let end = (first + 1 + random.below(4)).min(count);
            events.drain(first..end);
        }
        7 if count > 0 && count < most => {
            let event = events[random.below(count)];
            events.insert(random.below(count + 1), event);
        }
        8 if count > 0 && count < most => {
            // A run of events once more: what repeats is what leaks.
            let first = random.below(count);
            let end = (first + 1 + random.below(4)).min(count);
            let again: Vec<Event> = events[first..end].to_vec();
            let at = random.below(count + 1);
            events.splice(at..at, again);
        }
        9 if count > 1 => events.swap(random.below(count), random.below(count)),
        10 if count < most => events.extend(Session::random(random, 1).events),
        _ if count > 0 => {
            let at = random.below(count);
            events[at] = tweak(&events[at], random);
        }
        _ => events.push(Event::random(random)),
    }
}

/// Another value of one field; the event stays of its kind.
fn tweak(event: &Event, random: &mut Random) -> Event {
    let mut record = event.write();
    let at = 1 + random.below(RECORD - 1);
    record[at] = match random.below(4) {
        0 => record[at] ^ 1 << random.below(8),
        1 => record[at].wrapping_add(1),
        2 => record[at].wrapping_sub(1),
        _ => random.number() as u8,
    };
    Event::read(&record)
}

/// The beginning of one session and the end of another.
pub fn cross_over(one: &Session, other: &Session, random: &mut Random, most: usize) -> Session {
    let mut session = Session { setup: one.setup, events: Vec::new() };
    session.events.extend(&one.events[..random.below(one.events.len() + 1)]);
    session.events.extend(&other.events[random.below(other.events.len() + 1)..]);
    session.events.truncate(most.min(MOST_EVENTS));
    session
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_what_comes_of_a_session() {
        let grown = |seed| {
            let mut random = Random::new(seed);
            let mut session = Session::random(&mut random, 8);
            for _ in 0..100 {
                mutate(&mut session, &mut random, 20);
                assert!(session.events.len() <= 20);
            }
            session
        };
        assert_eq!(grown(7), grown(7));
        assert_ne!(grown(7), grown(8));
    }

    #[test]
    fn every_kind_of_event_comes_up() {
        let mut random = Random::new(3);
        let mut kinds = [false; 6];
        for _ in 0..1_000 {
            let place = match Event::random(&mut random) {
                Event::Segment(_) => 0,
                Event::Call(_) => 1,
                Event::Advance { .. } => 2,
                Event::IcmpError(_) => 3,
                Event::Echo(_) => 4,
                Event::Udp(_) => 5,
            };
            kinds[place] = true;
        }
        assert_eq!(kinds, [true; 6]);
    }

    #[test]
    fn crossing_over_keeps_the_limit() {
        let mut random = Random::new(5);
        let (one, other) = (Session::random(&mut random, 30), Session::random(&mut random, 30));
        for _ in 0..100 {
            assert!(cross_over(&one, &other, &mut random, 40).events.len() <= 40);
        }
    }
}
