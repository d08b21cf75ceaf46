//! Traces: what happened in one run, timed.
//!
//! Octets lie in one buffer that a run can reuse, so recording allocates nothing in the steady state.

mod capture;
mod pcapng;

use std::ops::Range;

pub use capture::{CaptureError, CaptureReader, CapturedPacket, Direction, LinkType};
pub use pcapng::write_pcapng;

use crate::time::Instant;

/// All that happened in one run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// What happened, in order of time.
    pub events: Vec<TraceEvent>,
    octets: Vec<u8>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    /// When, on the target's clock.
    pub at: Instant,
    /// Line of the script (from 1) that it belongs to, or 0 if it belongs to none.
    pub line: u32,
    /// What.
    pub kind: TraceEventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceEventKind {
    /// The tester sent a datagram.
    Injected {
        /// Its octets: see [`Trace::octets`].
        octets: Range<usize>,
        /// How much later than the script asked, in microseconds.
        late: u64,
    },
    /// The target sent a datagram.
    Received {
        /// Its octets: see [`Trace::octets`].
        octets: Range<usize>,
        /// What the engine made of it.
        judgement: Judgement,
    },
    /// A socket call was issued.
    Called,
    /// A socket call returned this value, or minus this errno.
    Returned(i64),
    /// A shell command ran and gave this exit status.
    Command(i32),
    /// Something was said on a connection of a dialogue, or became of the connection.
    Said {
        /// What, as a dialogue writes it, one line or more, in UTF-8: see [`Trace::octets`].
        octets: Range<usize>,
        /// Whether the target said or did it.
        by_target: bool,
    },
}

/// What the engine made of a datagram from the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It met the expectation of its line.
    Expected,
    /// It was held against the expectation of its line and did not meet it.
    Unexpected,
    /// It belongs to no connection under test; kept for the reader.
    Unrelated,
    /// It was left over when the script ended.
    Remaining,
}

impl Trace {
    /// Empties the trace and keeps its memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.octets.clear();
    }

    /// The octets of a packet event.
    pub fn octets(&self, range: &Range<usize>) -> &[u8] {
        self.octets.get(range.clone()).unwrap_or_default()
    }

    /// Records a datagram that the tester sent.
    pub fn injected(&mut self, at: Instant, line: u32, packet: &[u8], late: u64) {
        let octets = self.keep(packet);
        self.events.push(TraceEvent { at, line, kind: TraceEventKind::Injected { octets, late } });
    }

    /// Records a datagram that the target sent.
    pub fn received(&mut self, at: Instant, line: u32, packet: &[u8], judgement: Judgement) {
        let octets = self.keep(packet);
        self.events.push(TraceEvent { at, line, kind: TraceEventKind::Received { octets, judgement } });
    }

    /// Records what was said in a dialogue: lines of text.
    pub fn said(&mut self, at: Instant, line: u32, text: &str, by_target: bool) {
        let octets = self.keep(text.as_bytes());
        self.events.push(TraceEvent { at, line, kind: TraceEventKind::Said { octets, by_target } });
    }

    /// Octets of all packets and all that was said.
    pub fn size(&self) -> usize {
        self.octets.len()
    }

    /// Records anything else.
    pub fn note(&mut self, at: Instant, line: u32, kind: TraceEventKind) {
        self.events.push(TraceEvent { at, line, kind });
    }

    fn keep(&mut self, packet: &[u8]) -> Range<usize> {
        let start = self.octets.len();
        self.octets.extend_from_slice(packet);
        start..self.octets.len()
    }
}
