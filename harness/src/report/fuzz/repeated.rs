//! Sessions that were run once more: what happened in the last, and what is wrong with it.

use std::io::{self, Write};

use super::{clause, invariant};
use crate::fuzzing::{Repeated, Step};
use crate::report::diagram::{arrow, at_right, ends};
use crate::report::packet_line::PacketLines;
use crate::report::text::{BAD, FAINT, GOOD, STRONG, plural, styled};

/// Writes a sequence diagram, and all that is wrong.
pub(crate) fn write_repeated(out: &mut impl Write, seeds: &[u64], repeated: &Repeated) -> io::Result<()> {
    let events = plural(repeated.events, "event");
    writeln!(out, "session {}: {events}", seeds.last().copied().unwrap_or_default())?;
    write_steps(out, &repeated.steps)?;
    writeln!(out)?;
    for finding in &repeated.findings {
        writeln!(out, "{} {}: {}", styled(BAD, "FOUND"), styled(STRONG, &finding.cause.id()), finding.cause)?;
        if let Some(invariant) = invariant(&finding.cause) {
            let head = format!("{} {}, {}", invariant.requirement(), invariant.level(), invariant.clause());
            writeln!(out, "  {head}: {}", styled(FAINT, invariant.text()))?;
        } else if let Some((clause, demands)) = clause(&finding.cause) {
            writeln!(out, "  {clause}: {}", styled(FAINT, demands))?;
        }
        writeln!(out, "  there      {}", finding.detail)?;
    }
    if repeated.findings.is_empty() {
        writeln!(out, "{}", styled(GOOD, "nothing is wrong with it"))?;
    }
    Ok(())
}

/// The steps of a session as a sequence: the tester at the left, the target and its application at the right.
pub(super) fn write_steps(out: &mut impl Write, steps: &[Step]) -> io::Result<()> {
    let margin = " ".repeat(12);
    writeln!(out, "{margin} {}", ends("tester", "target"))?;
    let mut lines = PacketLines::default();
    let mut begun = None;
    for step in steps {
        let (at, text) = match step {
            Step::Injected { at, octets, cut } => {
                let mut line = lines.parts(octets).1;
                if let Some(cut) = cut {
                    line.push_str(&format!(" fragment {}:{}", cut.start, cut.end));
                }
                (at, arrow(&line, true))
            }
            Step::Received { at, octets } | Step::Right { at, octets, .. } | Step::Beyond { at, octets, .. } => {
                (at, arrow(&lines.parts(octets).1, false))
            }
            Step::Due { at, octets } => (at, arrow(&format!("{} does not come", lines.parts(octets).1), false)),
            Step::Called { at, .. } => (at, at_right(&step.call().unwrap_or_else(|| "poll".into()))),
            Step::Fresh => {
                writeln!(out, "{margin} {}", styled(FAINT, "whether a fresh connection works"))?;
                continue;
            }
        };
        let begun = begun.get_or_insert(*at);
        let seconds = at.saturating_since(*begun).as_secs_f64();
        writeln!(out, "{} {text}", styled(FAINT, &format!("{seconds:>12.6}")))?;
    }
    Ok(())
}

/// Writes one JSON object.
pub(crate) fn write_repeated_json(out: &mut impl Write, seeds: &[u64], repeated: &Repeated) -> io::Result<()> {
    let findings: Vec<_> = repeated
        .findings
        .iter()
        .map(|finding| {
            let [requirement, level, clause] = super::json::broken(&finding.cause);
            serde_json::json!({
                "id": finding.cause.id(),
                "cause": finding.cause.to_string(),
                "requirement": requirement,
                "level": level,
                "clause": clause,
                "detail": finding.detail,
            })
        })
        .collect();
    let object = serde_json::json!({
        "event": "sessions-repeated",
        "sessions": seeds,

        "events": repeated.events,
        "findings": findings,
    });
    writeln!(out, "{object}")
}
