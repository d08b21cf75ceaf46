//! One cell of a table: the verdicts of a requirement's runs on one target.

use anstyle::Style;

use super::text::{BAD, DUBIOUS, FAINT, GOOD, styled};
use crate::engine::Verdict;
use crate::suite::Standing;

/// What one cell counts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    pass: usize,
    fail: usize,
    unexpected_pass: usize,
    warning: usize,
    known: usize,
    inconclusive: usize,
    error: usize,
    not_applicable: usize,
}

impl Cell {
    /// Counts one run.
    pub(super) fn add(&mut self, verdict: Verdict, standing: Standing) {
        *match (verdict, standing) {
            (Verdict::Pass, Standing::UnexpectedPass) => &mut self.unexpected_pass,
            (Verdict::Pass, _) => &mut self.pass,
            (Verdict::Fail, Standing::AsExpected) => &mut self.known,
            (Verdict::Fail, Standing::Warning) => &mut self.warning,
            (Verdict::Fail, _) => &mut self.fail,
            (Verdict::Inconclusive, _) => &mut self.inconclusive,
            (Verdict::NotApplicable, _) => &mut self.not_applicable,
            (Verdict::Error, _) => &mut self.error,
        } += 1;
    }

    /// What it counts, worst first.
    fn counts(&self) -> [(usize, &'static str, Style); 8] {
        [
            (self.fail, "FAIL", BAD),
            (self.unexpected_pass, "PASSES", BAD),
            (self.error, "error", BAD),
            (self.inconclusive, "inconclusive", DUBIOUS),
            (self.warning, "warning", DUBIOUS),
            (self.known, "known fail", DUBIOUS),
            (self.pass, "pass", GOOD),
            (self.not_applicable, "n/a", FAINT),
        ]
    }

    /// The worst, and how often, if there is something else too.
    pub(super) fn shown(&self) -> (String, Style) {
        let counts = self.counts();
        let all: usize = counts.iter().map(|(number, ..)| number).sum();
        match counts.into_iter().find(|(number, ..)| *number > 0) {
            None => ("-".to_owned(), FAINT),
            Some((number, text, style)) if number == all => (text.to_owned(), style),
            // That some runs do not apply takes nothing from a pass.
            Some((number, text, style)) if number + self.not_applicable == all => (text.to_owned(), style),
            Some((number, text, style)) => (format!("{text} {number}/{all}"), style),
        }
    }

    /// Everything with its count.
    pub(super) fn counted(&self) -> String {
        let parts: Vec<_> = self
            .counts()
            .into_iter()
            .rev()
            .filter(|(number, ..)| *number > 0)
            .map(|(number, text, style)| styled(style, &format!("{number} {text}")))
            .collect();
        if parts.is_empty() { styled(FAINT, "-") } else { parts.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_shows_the_worst() {
        let cell = Cell { pass: 2, ..Cell::default() };
        assert_eq!(cell.shown().0, "pass");
        let cell = Cell { pass: 2, fail: 1, ..Cell::default() };
        assert_eq!(cell.shown().0, "FAIL 1/3");
        let cell = Cell { pass: 2, not_applicable: 1, ..Cell::default() };
        assert_eq!(cell.shown().0, "pass");
        assert_eq!(Cell::default().shown().0, "-");
    }
}
