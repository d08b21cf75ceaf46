//! What happened in a session, kept for whoever makes a script of it.

use crate::target::{CallOutput, Errno, SocketCall};
use crate::time::Instant;

/// One thing that happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Step {
    /// The tester sent a datagram, or a fragment of it.
    Injected { at: Instant, octets: Vec<u8>, cut: Option<Cut> },
    /// The target sent a datagram.
    Received { at: Instant, octets: Vec<u8> },
    /// The target sent these octets, and this is what the payload must be.
    Right { at: Instant, octets: Vec<u8>, data: Vec<u8> },
    /// The target sent a segment, and this is what it may acknowledge at most.
    Beyond { at: Instant, octets: Vec<u8>, acknowledgment: u32 },
    /// Until now the target was to send a datagram like this, and did not.
    Due { at: Instant, octets: Vec<u8> },
    /// The application made a call; EINTR is what a call gives that did not return at once. `right` is what it must
    /// read, if it read something else.
    Called { at: Instant, call: SocketCall, result: Result<i64, Errno>, output: CallOutput, right: Option<Vec<u8>> },
    /// The check whether the target still works begins.
    Fresh,
}

/// Pauses that are the tester's own work, in microseconds.
const WORK: u64 = 8_000;

/// Leaves out the time that the tester itself took on a real clock, so that a script waits where the session waits.
pub(in crate::fuzzing) fn round(steps: &mut [Step]) {
    let (mut before, mut now) = (None, 0);
    for step in steps {
        let (Step::Injected { at, .. }
        | Step::Received { at, .. }
        | Step::Right { at, .. }
        | Step::Beyond { at, .. }
        | Step::Due { at, .. }
        | Step::Called { at, .. }) = step
        else {
            continue;
        };
        let passed = before.map_or(0, |before| at.micros().saturating_sub(before));
        before = Some(at.micros());
        if passed >= WORK {
            now += passed / 1_000 * 1_000;
        }
        *at = Instant::from_micros(now);
    }
}

/// Which part of a datagram a fragment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The first octet of what the IP header carries.
    pub start: usize,
    /// The octet after the last.
    pub end: usize,
    /// Identification.
    pub identification: u32,
}
