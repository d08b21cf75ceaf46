//! What the check of a call finds.

use std::fmt::Display;

use crate::engine::Difference;

/// What differs in the output of a call that returned what it must.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) differences: Vec<Difference>,
    /// By how many microseconds each time among them misses beyond the tolerance.
    misses: Vec<i64>,
}

impl Findings {
    pub(super) fn add(&mut self, field: impl Into<String>, expected: impl Display, actual: impl Display) {
        self.differences.push(Difference {
            field: field.into(),
            expected: expected.to_string(),
            actual: actual.to_string(),
        });
    }

    pub(super) fn compare<T: Display + PartialEq>(&mut self, field: impl Into<String>, expected: T, actual: T) {
        if expected != actual {
            self.add(field, expected, actual);
        }
    }

    /// A time that misses what the script expects by so many microseconds beyond the tolerance.
    pub(super) fn add_time(&mut self, field: String, expected: impl Display, actual: impl Display, miss: i64) {
        self.misses.push(miss);
        self.add(field, expected, actual);
    }

    /// The worst miss, if nothing but times differ.
    pub(super) fn miss(&self) -> Option<i64> {
        if self.misses.len() == self.differences.len() {
            self.misses.iter().copied().max_by_key(|miss| miss.unsigned_abs())
        } else {
            None
        }
    }
}
