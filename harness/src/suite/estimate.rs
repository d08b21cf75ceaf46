//! How long a script takes if all goes as it says.

use std::time::Duration;

use crate::script::Script;
use crate::script::tree::{Action, EventTime, Micros};

/// The time of a script's last event, from its start; at most, where it gives a range.
pub(super) fn duration(script: &Script) -> Duration {
    let (mut now, mut last): (Micros, Micros) = (0, 0);
    for event in &script.events {
        let relative = matches!(event.time, EventTime::Relative(_) | EventTime::RelativeRange(..));
        let at = match event.time {
            EventTime::Absolute(at) | EventTime::AbsoluteRange(_, at) => at,
            EventTime::Relative(gap) | EventTime::RelativeRange(_, gap) => now.saturating_add(gap),
            EventTime::Any => now,
        };
        let end = match &event.action {
            Action::Silence { until } => Some(*until),
            Action::Call(call) => call.end,
            _ => None,
        };
        let end = end.map_or(at, |end| if relative { now.saturating_add(end) } else { end });
        last = last.max(at).max(end);
        now = if matches!(event.action, Action::Silence { .. }) { end.max(at) } else { at };
    }
    Duration::from_micros(u64::try_from(last).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Span;
    use crate::script::tree::Event;

    fn event(time: EventTime, action: Action) -> Event {
        Event { span: Span::default(), line: 1, time, action }
    }

    #[test]
    fn relative_times_add_up_and_silence_counts() {
        let command = || Action::Command("true".into());
        let script = Script {
            events: vec![
                event(EventTime::Absolute(100), command()),
                event(EventTime::Relative(50), command()),
                event(EventTime::RelativeRange(10, 20), command()),
                event(EventTime::Any, command()),
                event(EventTime::Relative(0), Action::Silence { until: 1_000 }),
            ],
            ..Script::default()
        };
        assert_eq!(duration(&script), Duration::from_micros(1_170));
    }
}
