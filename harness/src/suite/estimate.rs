//! How long a script or dialogue takes if all goes as it says.

use std::time::Duration;

use crate::dialogue::tree::{Act, Alternative, Head};
use crate::dialogue::{self, Dialogue};
use crate::script::Script;
use crate::script::tree::{Action, EventTime, Micros};
use crate::tester::Schedule;

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

/// The time for which a dialogue waits or is silent; a slow delivery takes longer.
pub(super) fn of_dialogue(dialogue: &Dialogue, schedule: Schedule) -> Duration {
    let lasting = |alternative: &Alternative| matches!(alternative.head, Head::Silent | Head::StaysOpen);
    let micros = dialogue.steps.iter().map(|step| match &step.action {
        dialogue::tree::Action::Act(_, Act::Wait(time)) => time.micros(),
        dialogue::tree::Action::Expect(_, alternatives) => {
            let times = alternatives.iter().filter(|alternative| lasting(alternative));
            times.filter_map(|alternative| alternative.time.as_ref()).map(|time| time.micros()).max().unwrap_or(0)
        }
        _ => 0,
    });
    let expectations = dialogue.steps.iter().filter(|step| matches!(step.action, dialogue::tree::Action::Expect(..)));
    // A write takes that long.
    let slow = if schedule == Schedule::Slow { expectations.count() as u32 } else { 0 };
    Duration::from_micros(micros.sum()) + Duration::from_secs(2) * slow
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
