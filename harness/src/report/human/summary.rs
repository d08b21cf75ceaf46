//! The last lines: what it comes to.

use std::io::{self, Write};

use super::super::text::{BAD, DUBIOUS, GOOD, plural, styled};
use crate::suite::Totals;

pub(in crate::report) fn write(out: &mut impl Write, totals: &Totals) -> io::Result<()> {
    let mut parts = vec![format!("{} passed", totals.passed)];
    if totals.failed > 0 {
        let known = match totals.known_failures {
            0 => String::new(),
            known => format!(" ({known} known)"),
        };
        parts.push(format!("{} failed{known}", totals.failed));
    }
    for (number, what) in
        [(totals.inconclusive, "inconclusive"), (totals.not_applicable, "not applicable"), (totals.errors, "in error")]
    {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }
    let runs = plural(totals.finished(), "run");
    writeln!(out, "{runs} in {:.2} s: {}", totals.elapsed.as_secs_f64(), parts.join(", "))?;
    if totals.warnings > 0 {
        let text = format!("{} of a SHOULD or MAY; --strict makes them failures", plural(totals.warnings, "warning"));
        writeln!(out, "{}", styled(DUBIOUS, &text))?;
    }
    if totals.interrupted {
        let left = totals.planned.saturating_sub(totals.finished());
        writeln!(out, "{}", styled(BAD, &format!("interrupted; {} had no verdict yet", plural(left, "run"))))?;
    }
    writeln!(out, "{}", verdict(totals))
}

fn verdict(totals: &Totals) -> String {
    let mut bad = Vec::new();
    if totals.unexpected_failures > 0 {
        bad.push(plural(totals.unexpected_failures, "unexpected failure"));
    }
    match totals.unexpected_passes {
        0 => {}
        1 => bad.push("1 unexpected pass".to_owned()),
        number => bad.push(format!("{number} unexpected passes")),
    }
    let unjudged = totals.inconclusive + totals.errors;
    if unjudged > 0 {
        bad.push(format!("{} without a judgement", plural(unjudged, "run")));
    }
    match totals.stale_entries {
        0 => {}
        1 => bad.push("1 stale entry of a baseline".to_owned()),
        number => bad.push(format!("{number} stale entries of baselines")),
    }
    if !bad.is_empty() {
        return styled(BAD, &bad.join(", "));
    }
    if totals.judged() == 0 {
        return styled(BAD, "nothing was judged");
    }
    styled(GOOD, "all as expected")
}
