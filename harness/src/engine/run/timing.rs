//! When events are due, and whether what happened was in time.

use crate::engine::settings::Settings;
use crate::script::tree::{Action, Event, EventTime};

/// When an event is due, in microseconds since the script's time 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// The time, or the start of the range.
    pub at: i64,
    /// The end of the range, where the script writes one.
    pub end: Option<i64>,
    /// `*`: any time will do.
    pub any: bool,
    /// What was added to the script's relative times.
    pub offset: i64,
}

/// The event before: what relative times and tolerances refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Previous {
    /// When it was due.
    pub at: i64,
    /// It was an injected packet: a following one is due relative to its due time, not to when it was sent, so that
    /// processing time does not add up.
    pub anchored: bool,
}

/// When `event` is due; `now` is the time since the script's time 0.
pub(super) fn due(event: &Event, previous: Option<Previous>, now: i64) -> Due {
    let anchored = is_anchored(event) && previous.is_some_and(|previous| previous.anchored);
    let offset = match previous {
        Some(previous) if anchored => previous.at,
        _ => now,
    };
    match event.time {
        EventTime::Absolute(at) => Due { at, end: None, any: false, offset: 0 },
        EventTime::AbsoluteRange(at, end) => Due { at, end: Some(end), any: false, offset: 0 },
        EventTime::Relative(at) => Due { at: at + offset, end: None, any: false, offset },
        EventTime::RelativeRange(at, end) => Due { at: at + offset, end: Some(end + offset), any: false, offset },
        EventTime::Any => Due { at: offset, end: None, any: true, offset },
    }
}

/// Whether times of following injections count from this event's due time.
pub(super) fn is_anchored(event: &Event) -> bool {
    matches!(event.action, Action::Inject(_))
}

impl Due {
    /// The last moment at which it may happen, without tolerance.
    pub(super) fn latest(&self) -> i64 {
        self.end.unwrap_or(self.at)
    }

    /// Tolerance in microseconds, from the time since the event before.
    pub(super) fn tolerance(&self, previous: Option<Previous>, settings: &Settings) -> i64 {
        previous.map_or(settings.tolerance_usecs as i64, |previous| settings.tolerance(self.at - previous.at))
    }

    /// By how much `actual` misses the time beyond the tolerance: negative if too early, positive if too late,
    /// `None` if it is in time.
    pub(super) fn miss(&self, actual: i64, tolerance: i64) -> Option<i64> {
        if self.any {
            None
        } else if actual < self.at - tolerance {
            Some(actual - (self.at - tolerance))
        } else if actual > self.latest() + tolerance {
            Some(actual - (self.latest() + tolerance))
        } else {
            None
        }
    }

    /// The time as a person reads it.
    pub(super) fn describe(&self) -> String {
        match self.end {
            _ if self.any => "any time".into(),
            Some(end) => format!("{} to {} s", seconds(self.at), seconds(end)),
            None => format!("{} s", seconds(self.at)),
        }
    }
}

/// Microseconds as seconds with six decimals.
pub(super) fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::IpVersion;

    #[test]
    fn a_range_is_met_within_its_tolerance_on_both_sides() {
        let settings = Settings::new(IpVersion::Ipv4);
        let due = Due { at: 1_000_000, end: Some(2_000_000), any: false, offset: 0 };
        let tolerance = due.tolerance(Some(Previous { at: 0, anchored: false }), &settings);
        assert_eq!(tolerance, 125_000);
        assert_eq!(due.miss(875_000, tolerance), None);
        assert_eq!(due.miss(874_999, tolerance), Some(-1));
        assert_eq!(due.miss(2_125_001, tolerance), Some(1));
    }
}
