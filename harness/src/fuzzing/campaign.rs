//! A short campaign in process: seeded random sessions, and those that come of them, without a fuzzing engine.

use super::session::{Random, Session, mutate};
use super::{Finding, Runner};
use crate::target::TargetError;

/// Events of a session that a campaign begins with.
const EVENTS: usize = 12;
/// Changes to a session before another is begun.
const CHANGES: u32 = 8;

/// Sessions that a seed determines, one after the other.
#[derive(Debug)]
pub struct Campaign {
    random: Random,
    session: Session,
    changes: u32,
}

impl Campaign {
    /// The sessions of this seed.
    pub fn new(seed: u64) -> Campaign {
        let mut random = Random::new(seed);
        let session = Session::random(&mut random, EVENTS);
        Campaign { random, session, changes: 0 }
    }

    /// The next session.
    pub fn next_session(&mut self) -> &Session {
        if self.changes < CHANGES {
            self.changes += 1;
            mutate(&mut self.session, &mut self.random, 3 * EVENTS);
        } else {
            self.changes = 0;
            self.session = Session::random(&mut self.random, EVENTS);
        }
        &self.session
    }

    /// Runs `count` sessions and gives the first that is a finding.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn run(&mut self, runner: &mut Runner<'_>, count: u32) -> Result<Option<(Session, Finding)>, TargetError> {
        for _ in 0..count {
            self.next_session();
            if let Some(finding) = runner.run(&self.session)?.finding {
                return Ok(Some((self.session.clone(), finding)));
            }
        }
        Ok(None)
    }
}
