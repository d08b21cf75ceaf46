//! Where two targets differ: a class for each clause, with its shortest session.

use std::io::{self, Write};

use super::repeated::write_steps;
use crate::fuzzing::{Class, Compared, Comparison, Step};
use crate::report::text::{DUBIOUS, FAINT, GOOD, STRONG, plural, styled};

/// Variants of a class that are shown.
const SHOWN: usize = 5;

/// Writes the classes for people.
pub(crate) fn write_compared(
    out: &mut impl Write,
    comparison: &Comparison,
    compared: &Compared,
    scripts: &[String],
) -> io::Result<()> {
    let [one, other] = &comparison.names;
    for (class, script) in compared.classes.iter().zip(scripts) {
        let head = match class.clause.requirement {
            Some(requirement) => format!("{requirement}, {}", class.clause.clause),
            None => class.clause.clause.to_owned(),
        };
        let about = class.clause.about;
        writeln!(out, "{} {}: {about}", styled(DUBIOUS, "DIFFERENT"), styled(STRONG, &head))?;
        for (what, answers, count) in class.variants.iter().take(SHOWN) {
            writeln!(out, "  {count:>7}  {what}")?;
            writeln!(out, "           {one}: {}; {other}: {}", answers.0, answers.1)?;
        }
        let more = class.variants.len().saturating_sub(SHOWN);
        if more > 0 {
            writeln!(out, "           and {}", plural(more, "other variant"))?;
        }
        let events = plural(class.session.events.len(), "event");
        writeln!(out, "  shortest session of the first: {events}; script: {script}")?;
        for (name, steps) in comparison.names.iter().zip(&class.steps) {
            writeln!(out, "\n  {}", styled(FAINT, name))?;
            let end = steps.iter().position(|step| *step == Step::Fresh).unwrap_or(steps.len());
            write_steps(out, &steps[..end])?;
        }
        writeln!(out)?;
    }
    let seconds = compared.elapsed.as_secs_f64();
    writeln!(
        out,
        "{}, {:.0} a second, on {one} and {other}; {} differ",
        plural(compared.sessions as usize, "session"),
        compared.sessions as f64 / seconds.max(0.001),
        compared.differing
    )?;
    let classes = format!("differences about {}", plural(compared.classes.len(), "clause"));
    let sum = if compared.classes.is_empty() { styled(GOOD, "no difference") } else { styled(DUBIOUS, &classes) };
    let interrupted = if compared.interrupted { ", interrupted" } else { "" };
    writeln!(out, "{sum}, seed {}{interrupted}", comparison.seed)
}

/// Writes one JSON object a line.
pub(crate) fn write_compared_json(
    out: &mut impl Write,
    comparison: &Comparison,
    compared: &Compared,
    scripts: &[String],
) -> io::Result<()> {
    for (class, script) in compared.classes.iter().zip(scripts) {
        writeln!(out, "{}", line(class, comparison, script))?;
    }
    let finished = serde_json::json!({
        "event": "comparison-finished",
        "sessions": compared.sessions,
        "differing": compared.differing,
        "classes": compared.classes.len(),
        "elapsed_ms": compared.elapsed.as_millis() as u64,
        "interrupted": compared.interrupted,
    });
    writeln!(out, "{finished}")
}

fn line(class: &Class, comparison: &Comparison, script: &str) -> serde_json::Value {
    let (what, answers) = match class.variants.first() {
        Some((what, answers, _)) => (what.as_str(), [answers.0.as_str(), answers.1.as_str()]),
        None => ("", ["", ""]),
    };
    serde_json::json!({
        "event": "difference",
        "id": class.id(),
        "requirement": class.clause.requirement,
        "clause": class.clause.clause,
        "what": what,
        "targets": comparison.names,
        "answers": answers,
        "count": class.count,
        "session": class.seed,
        "events": class.session.events.len(),
        "script": script,
    })
}
