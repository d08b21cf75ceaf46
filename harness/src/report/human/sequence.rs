//! One run as a sequence, in text.

use super::super::diagram;
use super::super::sequence::{At, Row, about, rows};
use super::super::text::{BAD, DUBIOUS, GOOD, STRONG, styled, wrapped};
use crate::engine::Verdict;
use crate::suite::RunFinished;

/// Columns of the text above the packets.
const WIDTH: usize = 116;

/// Several lines, or none for a run in which nothing happened.
pub(super) fn text(run: &RunFinished<'_>) -> Option<String> {
    let rows = rows(run);
    if rows.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    heading(run, &mut out);
    for row in &rows {
        show(row, &mut out);
    }
    Some(out.iter().map(|line| format!("{}\n", line.trim_end())).collect())
}

fn show(row: &Row, out: &mut Vec<String>) {
    match row {
        Row::Comment(text) => {
            out.extend(wrapped(text, WIDTH - 13).into_iter().map(|line| format!("  {:>11}  {line}", "")));
        }
        Row::Ends { tester, target } => {
            let ends = diagram::ends(&format!("tester {tester}"), &format!("target {target}"));
            out.push(format!("  {:>11}  {ends}", ""));
        }
        Row::Event { seconds, at, text, fails } => {
            let row = match at {
                At::ToTarget => diagram::arrow(text, true),
                At::ToTester => diagram::arrow(text, false),
                At::Target => diagram::at_right(text),
            };
            let mark = if *fails { styled(BAD, "  fails here") } else { String::new() };
            out.push(format!("  {seconds:>11.6}  {row}{mark}"));
        }
    }
}

fn heading(run: &RunFinished<'_>, out: &mut Vec<String>) {
    let word = match run.verdict {
        Verdict::Pass => styled(GOOD, "PASS"),
        Verdict::Fail => styled(BAD, "FAIL"),
        Verdict::Inconclusive => styled(DUBIOUS, "INCONCLUSIVE"),
        Verdict::NotApplicable => styled(DUBIOUS, "NOT APPLICABLE"),
        Verdict::Error => styled(BAD, "ERROR"),
    };
    out.push(format!("{word} {} on {} over {}", run.id.script.name, run.id.target, run.id.ip_version));
    out.extend(run.title.map(|title| format!("  {}", styled(STRONG, title))));
    for requirement in run.requirements {
        let place = format!(
            "{} {}, RFC {} section {}",
            requirement.id,
            requirement.level.name(),
            requirement.rfc,
            requirement.section
        );
        let text = format!("{place}: {}", requirement.text);
        out.extend(wrapped(&text, WIDTH).into_iter().map(|line| format!("  {line}")));
    }
    let about = about(run.id.script.text().unwrap_or_default());
    out.extend(wrapped(&about, WIDTH).into_iter().filter(|line| !line.is_empty()).map(|line| format!("  {line}")));
    out.push(String::new());
}
