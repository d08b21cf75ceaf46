//! Which planted faults fuzzing noticed, how soon, and by what.

use std::io::{self, Write};

use crate::fuzzing::{Hunted, out_of_sight};
use crate::report::text::{DUBIOUS, FAINT, GOOD, STRONG, plural, styled};
use crate::target::fault::Fault;

/// Writes the faults for people, those that were not noticed last.
pub(crate) fn write_planted(out: &mut impl Write, hunted: &[(&Fault, Hunted)]) -> io::Result<()> {
    let width = hunted.iter().map(|(fault, _)| fault.name.len()).max().unwrap_or(0);
    let is_missed = |(_, hunted): &&(&Fault, Hunted)| hunted.found.is_none();
    for (fault, hunted) in hunted.iter().filter(|entry| !is_missed(entry)) {
        let Some((cause, _)) = &hunted.found else { continue };
        let seconds = hunted.elapsed.as_secs_f64();
        let sessions = plural(hunted.sessions as usize, "session");
        writeln!(out, "{:width$}  {seconds:>7.2} s  {sessions:>16}  {}", fault.name, cause.id())?;
    }
    for (fault, hunted) in hunted.iter().filter(is_missed) {
        let seconds = hunted.elapsed.as_secs_f64();
        let missed = styled(DUBIOUS, "not noticed");
        writeln!(out, "{:width$}  {seconds:>7.2} s  {missed}: {} ({})", fault.name, fault.does, fault.breaks)?;
        writeln!(out, "{:width$}             {}", "", styled(FAINT, &why(fault, hunted)))?;
    }
    let found = hunted.iter().filter(|entry| !is_missed(entry)).count();
    let style = if found == hunted.len() { GOOD } else { STRONG };
    let sum = styled(style, &format!("{found} of {} faults are noticed", hunted.len()));
    writeln!(out, "{sum}{}", styled(FAINT, ", without any script's expectations"))?;
    let silent = hunted.iter().filter(|(fault, hunted)| !is_visible(fault, hunted)).count();
    let left = hunted.len() - found - silent;
    writeln!(
        out,
        "of the others {silent} show in nothing that sessions look at, and {left} make a difference that no oracle judges"
    )
}

/// Why a fault was not noticed.
fn why(fault: &Fault, hunted: &Hunted) -> String {
    match (out_of_sight(fault.name), hunted.different) {
        (Some(why), _) => why.to_owned(),
        (None, Some((0, of))) => format!("the target does nothing else with it in {of} sessions"),
        (None, Some((different, of))) => format!("the target does something else in {different} of {of} sessions"),
        (None, None) => String::new(),
    }
}

/// Whether it was noticed, or could have been.
fn is_visible(fault: &Fault, hunted: &Hunted) -> bool {
    hunted.found.is_some() || out_of_sight(fault.name).is_none() && hunted.different.is_none_or(|(count, _)| count > 0)
}

/// Writes one JSON object a line.
pub(crate) fn write_planted_json(out: &mut impl Write, hunted: &[(&Fault, Hunted)]) -> io::Result<()> {
    for (fault, hunted) in hunted {
        let line = serde_json::json!({
            "event": "planted-fault",
            "fault": fault.name,
            "requirements": fault.requirements,
            "noticed": hunted.found.is_some(),
            "cause": hunted.found.as_ref().map(|(cause, _)| cause.id()),
            "seed": hunted.found.as_ref().map(|(_, seed)| seed),
            "sessions": hunted.sessions,
            "elapsed_ms": hunted.elapsed.as_millis() as u64,
            "out_of_sight": out_of_sight(fault.name),
            "different": hunted.different.map(|(count, _)| count),
            "compared": hunted.different.map(|(_, of)| of),
        });
        writeln!(out, "{line}")?;
    }
    let found = hunted.iter().filter(|(_, hunted)| hunted.found.is_some()).count();
    let line = serde_json::json!({"event": "planted-faults-finished", "noticed": found, "faults": hunted.len()});
    writeln!(out, "{line}")
}
