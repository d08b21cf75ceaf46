//! Causes that are known of a target: passed over, so that a campaign finds something else.

use std::borrow::Cow;

/// A cause that is known of a target, and what the tester must have done before it shows.
///
/// A finding is known only if that was done: so one fault does not hide another that breaks the same requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    id: Cow<'static, str>,
    after: Option<Stimulus>,
}

impl Known {
    /// A cause that is known whatever led to it, by the ID of a [`super::Cause`].
    pub const fn always(id: &'static str) -> Known {
        Known { id: Cow::Borrowed(id), after: None }
    }

    /// A cause that is known where the tester did this before.
    pub const fn after(stimulus: Stimulus, id: &'static str) -> Known {
        Known { id: Cow::Borrowed(id), after: Some(stimulus) }
    }

    /// As [`Known::always`], with an ID from elsewhere.
    pub fn named(id: impl Into<String>) -> Known {
        Known { id: Cow::Owned(id.into()), after: None }
    }

    /// The ID of the cause.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the cause is known whatever led to it.
    pub fn is_always(&self) -> bool {
        self.after.is_none()
    }

    /// Whether it is the cause with this ID, that the datagram `frame` of the session shows.
    pub(super) fn is(&self, id: &str, frame: u64, stimuli: &Stimuli) -> bool {
        self.id == id && self.after.is_none_or(|stimulus| stimuli.came_before(stimulus, frame))
    }
}

/// Something unusual that the tester, the application or the clock did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stimulus {
    /// Octets were sent at or behind the place of a FIN, before it or after it.
    BeyondFin,
    /// An acknowledgment of what the target had not sent.
    UnsentAcknowledged,
    /// An acknowledgment older than what was acknowledged before.
    OldAcknowledgment,
    /// A segment without ACK, SYN and RST.
    WithoutAck,
    /// A reset that has SYN or FIN too.
    ResetWithMore,
    /// A SYN that has FIN too.
    SynWithFin,
    /// A reset.
    Reset,
    /// A SYN after the first one of the connection.
    SynAgain,
    /// A source or destination address that is not that of the link's ends.
    StrangeAddress,
    /// IP options or extension headers.
    IpOptions,
    /// An ICMP error.
    IcmpError,
    /// An option of the application that bounds how long a connection waits.
    Timeout,
    /// The application's ABORT: close(2) with SO_LINGER and no time.
    Abort,
    /// The right edge of the tester's window moved left.
    WindowShrunk,
    /// The clock went on by 10 s at least in all.
    LongTime,
    /// A fragment.
    Fragment,
    /// An IPv6 fragment.
    Ipv6Fragment,
    /// An IPv6 extension header.
    ExtensionHeader,
    /// More SYNs than the listening socket's backlog.
    Backlog,
    /// The application changed the size of a socket's receive buffer.
    ReceiveBuffer,
    /// The application closed a connection.
    Closed,
    /// Timestamps in a segment of a connection whose SYN had none.
    StrayTimestamps,
    /// A UDP datagram to a port that nobody has.
    NobodysPort,
    /// The third acknowledgment of all but the target's FIN.
    FinDuplicates,
    /// What the target must send in fragments, after something longer of that sort.
    ShorterFragmented,
    /// The tester answers the target's SYN by one of its own.
    Crossed,
    /// The application shuts a connection whose SYNs crossed.
    ShutCrossed,
    /// A FIN while octets are missing before others.
    FinWithGap,
    /// A data offset or UDP length that is not that of the octets.
    ForcedLength,
}

/// How many there are.
const STIMULI: usize = Stimulus::ForcedLength as usize + 1;

/// What was done in a session, and before which datagram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stimuli {
    /// Datagrams of both ends before the first time.
    first: [u64; STIMULI],
}

impl Default for Stimuli {
    fn default() -> Self {
        Stimuli { first: [u64::MAX; STIMULI] }
    }
}

impl Stimuli {
    /// The tester does this after so many datagrams of both ends.
    pub(super) fn add(&mut self, stimulus: Stimulus, frames: u64) {
        let first = &mut self.first[stimulus as usize];
        *first = (*first).min(frames);
    }

    /// Whether it was done before the datagram `frame` (from 1 on), or was that datagram.
    fn came_before(&self, stimulus: Stimulus, frame: u64) -> bool {
        self.first[stimulus as usize] < frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::Cause;

    #[test]
    fn a_cause_is_known_only_after_what_leads_to_it() {
        let id = Cause::Sent.id();
        let known = Known::after(Stimulus::WithoutAck, "sends-another-stream");
        let mut stimuli = Stimuli::default();
        assert!(!known.is(&id, 9, &stimuli));
        stimuli.add(Stimulus::WithoutAck, 4);
        stimuli.add(Stimulus::WithoutAck, 7);
        assert!(!known.is(&id, 4, &stimuli) && known.is(&id, 5, &stimuli));
        assert!(!Known::after(Stimulus::WithoutAck, "flood").is(&id, 9, &stimuli));
        assert!(Known::named("sends-another-stream").is(&id, 1, &stimuli));
    }
}
