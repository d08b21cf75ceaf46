//! `assert`: statements about captured values.

use std::collections::BTreeSet;

use super::Run;
use super::stop::Stop;
use crate::engine::formula::{FormulaError, refute};
use crate::engine::outcome::{Blame, Difference, FailureKind};
use crate::engine::predictability;
use crate::script::tree::{Assertion, Event, FieldValue};
use crate::script::{LEAST_SERIES, Spanned};

/// Fields of fewer bits can be guessed whatever they hold.
const LEAST_BITS: u32 = 16;

/// Values that a failure shows.
const SHOWN: usize = 8;

impl Run<'_> {
    pub(super) fn assert(&mut self, event: &Event, assertion: &Assertion) -> Result<(), Stop> {
        if let Assertion::Unpredictable(name) = assertion {
            return self.assert_unpredictable(event, name);
        }
        let refuted = refute(assertion, &self.names).map_err(|error| formula_stop(event, error))?;
        let Some(refuted) = refuted else { return Ok(()) };
        let values: Vec<_> = refuted.values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let values = if values.is_empty() { String::new() } else { format!(", where {}", values.join(", ")) };
        let message = format!("the assertion does not hold: {}{values}", refuted.actual);
        let mut stop = Stop::at(event, Blame::Target, FailureKind::Assertion, message);
        stop.miss = refuted.miss;
        Err(stop)
    }

    fn assert_unpredictable(&mut self, event: &Event, name: &Spanned<String>) -> Result<(), Stop> {
        let all = self.names.all(&name.node);
        let wrong = |message: String| Err(Stop::script(event, name.span, message));
        if all.len() < LEAST_SERIES {
            return wrong(format!("`{}` has {} values; {LEAST_SERIES} say something", name.node, all.len()));
        }
        let mut numbers = Vec::with_capacity(all.len());
        let mut ends = BTreeSet::new();
        for captured in all {
            match captured.value {
                FieldValue::Number(number) if captured.bits >= LEAST_BITS && !captured.is_time => numbers.push(number),
                _ => return wrong(format!("`{}` is no field of {LEAST_BITS} bits or more", name.node)),
            }
            // Of one pair of ends, RFC 6528 lets the values grow with time.
            if captured.ends.is_some_and(|pair| !ends.insert(pair)) {
                return wrong(format!("two values of `{}` are of the same addresses and ports", name.node));
            }
        }
        let Some(finding) = predictability::judge(&numbers, all[0].bits) else { return Ok(()) };
        let message = format!("`{}` is predictable: {finding}", name.node);
        let mut stop = Stop::at(event, Blame::Target, FailureKind::Assertion, message);
        let shown: Vec<_> = numbers.iter().take(SHOWN).map(u64::to_string).collect();
        stop.failure.actual = Some(format!("{}, ...", shown.join(", ")));
        Err(stop)
    }
}

/// A formula without a value is the script's fault.
pub(super) fn formula_stop(event: &Event, error: FormulaError) -> Stop {
    Stop::script(event, error.span, error.message)
}

/// What a packet lacks that a script captures.
pub(super) fn nothing_to_capture(field: &str) -> Difference {
    Difference { field: field.to_owned(), expected: "a value to capture".into(), actual: "nothing of the kind".into() }
}
