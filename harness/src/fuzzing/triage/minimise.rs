//! The shortest session that has the same cause.

use std::time::Instant;

use crate::fuzzing::finding::Cause;
use crate::fuzzing::run::Runner;
use crate::fuzzing::session::{
    AcknowledgmentBase, Event, Fault, Options, Point, Segment, SequenceBase, Session, Setup,
};
use crate::target::TargetError;

/// Runs that a session is given.
const MOST_RUNS: u32 = 4_000;

/// Drops events and makes those that stay plainer while the cause is the same. Gives the same for the same session, but
/// where it has to stop at `until`: on a real clock each run takes its time.
///
/// # Errors
/// As [`Runner::run`].
pub fn minimise(
    runner: &mut Runner<'_>,
    session: Session,
    cause: &Cause,
    until: Option<Instant>,
) -> Result<Session, TargetError> {
    shortest(session, until, &mut |session| {
        Ok(runner.run(session)?.finding.is_some_and(|finding| finding.cause == *cause))
    })
}

/// As [`minimise`], with what the session is to show asked of `shows`.
pub(in crate::fuzzing) fn shortest(
    session: Session,
    until: Option<Instant>,
    shows: &mut dyn FnMut(&Session) -> Result<bool, TargetError>,
) -> Result<Session, TargetError> {
    let mut minimiser = Minimiser { shows, runs: 0, until, session };
    loop {
        let before = minimiser.session.clone();
        minimiser.drop_events()?;
        minimiser.make_plainer()?;
        if minimiser.session == before || minimiser.is_over() {
            return Ok(minimiser.session);
        }
    }
}

struct Minimiser<'s> {
    shows: &'s mut dyn FnMut(&Session) -> Result<bool, TargetError>,
    runs: u32,
    until: Option<Instant>,
    session: Session,
}

impl Minimiser<'_> {
    /// Takes a session if it has the same cause; whether it has.
    fn offer(&mut self, session: Session) -> Result<bool, TargetError> {
        if session == self.session || self.is_over() {
            return Ok(false);
        }
        self.runs += 1;
        let same = (self.shows)(&session)?;
        if same {
            self.session = session;
        }
        Ok(same)
    }

    fn is_over(&self) -> bool {
        self.runs >= MOST_RUNS || self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Drops runs of events, long ones first.
    fn drop_events(&mut self) -> Result<(), TargetError> {
        let mut length = self.session.events.len();
        while length > 0 {
            let mut start = 0;
            while start < self.session.events.len() {
                let mut without = self.session.clone();
                without.events.drain(start..(start + length).min(without.events.len()));
                if !self.offer(without)? {
                    start += length;
                }
            }
            length /= 2;
        }
        Ok(())
    }

    fn make_plainer(&mut self) -> Result<(), TargetError> {
        let setup = self.session.setup;
        let plainer = [
            Setup { ipv6: false, ..setup },
            Setup { small_mtu: false, ..setup },
            Setup { numbers: 0, ..setup },
            Setup { backlog: 1, ..setup },
            Setup { active: 0, ..setup },
        ];
        for setup in plainer {
            let events = self.session.events.clone();
            self.offer(Session { setup, events })?;
        }
        for index in 0..self.session.events.len() {
            for step in 0.. {
                let Some(plainer) = plainer_event(&self.session.events[index], step) else { break };
                let mut session = self.session.clone();
                session.events[index] = plainer;
                self.offer(session)?;
            }
        }
        Ok(())
    }
}

/// The event with one thing made plainer; `None` where there is no such step.
fn plainer_event(event: &Event, step: u32) -> Option<Event> {
    let length = |length: u16, step| match step {
        0 => Some(0),
        1 => Some(1),
        2 => Some(length / 2),
        3 => Some(length.saturating_sub(1)),
        _ => None,
    };
    Some(match *event {
        Event::Segment(segment) => Event::Segment(match step {
            0 => Segment { fault: Fault::NONE, ..segment },
            1 => Segment { options: Options::default(), ..segment },
            2 => Segment { window: 0xffff, ..segment },
            3 => Segment { sequence: Point { base: SequenceBase::Next, offset: 0 }, ..segment },
            4 => Segment { acknowledgment: Point { base: AcknowledgmentBase::Next, offset: 0 }, ..segment },
            5 => Segment { sequence: Point { offset: 0, ..segment.sequence }, ..segment },
            6 => Segment { acknowledgment: Point { offset: 0, ..segment.acknowledgment }, ..segment },
            7 => Segment { options: Options { choice: 0, ..segment.options }, ..segment },
            // One control bit and one option less.
            8..=15 => Segment { flags: crate::wire::TcpFlags(segment.flags.0 & !(1 << (step - 8))), ..segment },
            16..=23 => Segment {
                options: Options { set: segment.options.set & !(1 << (step - 16)), ..segment.options },
                ..segment
            },
            24 => Segment { connection: 0, ..segment },
            _ => Segment { length: length(segment.length, step - 25)?, ..segment },
        }),
        Event::Call(mut call) => {
            call.amount = length(call.amount, step)?;
            Event::Call(call)
        }
        Event::Advance { micros } => match step {
            0 => Event::Advance { micros: 0 },
            1 => Event::Advance { micros: micros / 2 },
            _ => return None,
        },
        Event::IcmpError(mut error) => {
            match step {
                0 => error.shift = 0,
                1 => error.fault = Fault::NONE,
                2 => error.code = 0,
                _ => return None,
            }
            Event::IcmpError(error)
        }
        Event::Echo(mut datagram) => {
            match step {
                0 => datagram.fault = Fault::NONE,
                _ => datagram.length = length(datagram.length, step - 1)?,
            }
            Event::Echo(datagram)
        }
        Event::Udp(mut datagram) => {
            match step {
                0 => datagram.fault = Fault::NONE,
                1 => datagram.choice = 0,
                _ => datagram.length = length(datagram.length, step - 2)?,
            }
            Event::Udp(datagram)
        }
    })
}
