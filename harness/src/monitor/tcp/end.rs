//! One end of a connection, as far as the segments that it sent show it.

use smallvec::SmallVec;

use super::content::Content;
use super::segment::Segment;
use crate::monitor::ranges::Ranges;
use crate::monitor::sequence::{after, latest};
use crate::time::Instant;

/// TSvals that are remembered of each end.
const TIMESTAMPS: usize = 64;
/// Segments that are remembered because a reset may answer them.
const RECENT: usize = 16;

/// One end.
#[derive(Debug, Default)]
pub(super) struct End {
    /// What its SYN said.
    pub(super) opening: Option<Opening>,
    /// The highest sequence number that it sent, and one: SND.NXT.
    pub(super) next: Option<u32>,
    /// What it sent that its peer may take.
    pub(super) offered: Ranges,
    /// It sent octets a second time.
    pub(super) has_repeated: bool,
    /// Sequence number of its FIN.
    pub(super) fin: Option<u32>,
    /// Number of the packet with its first FIN.
    pub(super) fin_frame: Option<u64>,
    /// The highest acknowledgment number that it sent.
    pub(super) acknowledged: Option<u32>,
    /// The highest one of a segment that its peer must take.
    pub(super) acknowledged_surely: Option<u32>,
    /// The rightmost edge of the windows that it offered.
    pub(super) right: Option<u32>,
    /// The largest of these windows.
    pub(super) largest_window: u32,
    /// It sent a segment without SYN and RST: it takes the connection for established.
    pub(super) is_established: bool,
    /// The newest TSval, the newest one at some time in the last seconds, and the newest one some seconds ago.
    pub(super) value: Option<u32>,
    pub(super) recent_value: Option<(u32, Instant)>,
    pub(super) settled_value: Option<u32>,
    /// The first TSval and when it came, to judge the clock.
    pub(super) first_value: Option<(u32, Instant)>,
    /// The newest TSecr.
    pub(super) echo: Option<u32>,
    /// TSvals that it sent, the newest last.
    pub(super) values: SmallVec<[u32; 8]>,
    pub(super) values_forgotten: bool,
    /// What it sent that its peer must not take, and why.
    pub(super) refused: SmallVec<[Refused; 4]>,
    /// What it sent lately.
    pub(super) recent: SmallVec<[Recent; 8]>,
    pub(super) recent_forgotten: bool,
    /// Its octets.
    pub(super) content: Content,
    /// The segment with data that it sent last that its peer must answer.
    pub(super) unanswered: Option<Unanswered>,
    /// A segment that came out of order was the only one since its peer's last segment.
    pub(super) out_of_order: OutOfOrder,
    /// Segments of it that the peer may still be about to answer, and when the last segment of the two was seen.
    pub(super) outstanding: u32,
    pub(super) last_seen: Instant,
    /// What it sent again and again.
    pub(super) repeated: Repeated,
    /// It sent a reset that its peer must take.
    pub(super) reset_at: Option<(Instant, u64)>,
}

/// What a SYN said.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub(super) isn: u32,
    pub(super) mss: Option<u16>,
    /// The same SYN came with another one.
    pub(super) is_mss_uncertain: bool,
    pub(super) shift: Option<u8>,
    pub(super) sack_permitted: bool,
    pub(super) timestamps: bool,
    /// The TSvals of the SYN and of those that repeated it: the connection that it opens may echo each.
    pub(super) values: SmallVec<[u32; 2]>,
    pub(super) window: u16,
    /// The sequence number after the SYN and its data.
    pub(super) end: u32,
    /// It came more than once, or malformed: its options are not certain.
    pub(super) is_uncertain: bool,
}

/// Numbers that the peer must not take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) why: Refusal,
    pub(super) frame: u64,
}

/// Why the peer must not take a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Checksum,
    WithoutAck,
    UnacceptableAck,
    Paws,
    BeyondFin,
}

/// A segment that a reset may answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recent {
    pub(super) end: u32,
    pub(super) acknowledgment: Option<u32>,
    pub(super) is_reset: bool,
    pub(super) is_valid: bool,
}

/// A segment that is to be answered soon.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unanswered {
    pub(super) since: Instant,
    pub(super) end: u32,
    pub(super) is_fin: bool,
}

/// Segments since the peer's last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OutOfOrder {
    /// None yet.
    #[default]
    None,
    /// One, with data above a gap.
    One { start: u32, end: u32 },
    /// More than one, or something else.
    Unclear,
}

/// Retransmissions of the segment at one sequence number, with nothing from the peer between them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Repeated {
    pub(super) start: u32,
    pub(super) last: Option<Instant>,
    pub(super) interval: u64,
    pub(super) count: u32,
    /// How often the interval did not double.
    pub(super) flat: u32,
}

impl End {
    /// Forgets all but the memory.
    pub(super) fn clear(&mut self) {
        let mut content = std::mem::take(&mut self.content);
        content.clear();
        *self = End { content, ..End::default() };
    }

    pub(super) fn isn(&self) -> Option<u32> {
        self.opening.as_ref().map(|opening| opening.isn)
    }

    /// A number as people count it: from the initial sequence number.
    pub(super) fn relative(&self, number: u32) -> u32 {
        number.wrapping_sub(self.isn().unwrap_or(0))
    }

    /// It opened, or opens again.
    pub(super) fn open(&mut self, opening: Opening) {
        let recent = std::mem::take(&mut self.recent);
        let forgotten = self.recent_forgotten;
        self.clear();
        (self.recent, self.recent_forgotten) = (recent, forgotten);
        self.offered = Ranges::starting(opening.isn.wrapping_add(1));
        self.offered.add(opening.isn.wrapping_add(1), opening.end);
        self.next = Some(opening.end);
        self.content.begin(opening.isn.wrapping_add(1));
        self.largest_window = opening.window.into();
        for value in &opening.values {
            self.value = Some(latest(self.value, *value));
            self.remember_value(*value);
        }
        self.opening = Some(opening);
    }

    /// Remembers a segment that its peer may answer by a reset.
    pub(super) fn remember(&mut self, segment: &Segment<'_>, is_valid: bool) {
        if self.recent.len() == RECENT {
            self.recent.remove(0);
            self.recent_forgotten = true;
        }
        self.recent.push(Recent {
            end: segment.end(),
            acknowledgment: segment.ack().then_some(segment.tcp.acknowledgment),
            is_reset: segment.rst(),
            is_valid,
        });
    }

    pub(super) fn remember_value(&mut self, value: u32) {
        if self.values.last() == Some(&value) {
            return;
        }
        if self.values.len() == TIMESTAMPS {
            self.values.remove(0);
            self.values_forgotten = true;
        }
        self.values.push(value);
    }

    pub(super) fn refuse(&mut self, segment: &Segment<'_>, why: Refusal) {
        if !segment.takes_numbers() {
            return;
        }
        if self.refused.len() == 4 {
            self.refused.remove(0);
        }
        self.refused.push(Refused { start: segment.start(), end: segment.end(), why, frame: segment.frame });
    }

    /// What of a refused segment is the octet at `number`.
    pub(super) fn refusal_at(&self, number: u32) -> Option<Refused> {
        let holds = |refused: &&Refused| !after(refused.start, number) && after(refused.end, number);
        self.refused.iter().rev().find(holds).copied()
    }
}

impl Opening {
    pub(super) fn of(segment: &Segment<'_>) -> Opening {
        let options = &segment.options;
        Opening {
            isn: segment.start(),
            mss: options.mss,
            is_mss_uncertain: false,
            shift: options.shift,
            sack_permitted: options.sack_permitted,
            timestamps: options.timestamps.is_some(),
            values: options.timestamps.iter().map(|(value, _)| *value).collect(),
            window: segment.tcp.window,
            end: segment.end(),
            is_uncertain: options.is_malformed
                || segment.is_ambiguous
                || segment.from_tester && segment.may_be_dropped(),
        }
    }

    /// The same SYN came again, or before.
    pub(super) fn again(&mut self, new: Opening) {
        self.is_uncertain |= new.is_uncertain
            || (new.shift, new.sack_permitted, new.timestamps) != (self.shift, self.sack_permitted, self.timestamps);
        self.is_mss_uncertain |= new.mss != self.mss;
        self.window = self.window.max(new.window);
        if self.values.len() < TIMESTAMPS {
            self.values.extend(new.values);
        }
    }
}
