//! One run that is not as it should be: what the script says, what came, and which clause that breaks.

use std::fmt::Write as _;

use anstyle::Style;

use super::super::packet_line::PacketLines;
use super::super::text::{BAD, DIFFERENT, DUBIOUS, FAINT, STRONG, WANTED, carets, mark_words, styled};
use crate::engine::{Blame, Failure, Verdict};
use crate::script::{LineIndex, render};
use crate::suite::{Details, RunFinished, RunId, StaleEntry, Standing};
use crate::tester::Schedule;
use crate::trace::TraceEventKind;

/// Script lines shown before the failing one.
const LINES_BEFORE: u32 = 3;
/// Packets shown, the last ones.
const PACKETS: usize = 12;
/// Lines of a conversation shown, the last ones.
const REMARKS: usize = 24;

/// Several lines, without an empty one at the end.
pub(in crate::report) fn text(run: &RunFinished<'_>) -> String {
    let mut out = String::new();
    heading(run, &mut out);
    for requirement in run.requirements {
        let (id, level) = (styled(STRONG, &requirement.id), requirement.level.name());
        let place = format!("RFC {} section {}", requirement.rfc, requirement.section);
        line(&mut out, &format!("  {id} {level}, {place}: {}", requirement.text));
    }
    if let (Standing::UnexpectedPass, Some(known)) = (run.standing, run.known) {
        line(
            &mut out,
            "  passes, but the baseline knows a failure: remove the entry, or find out why the script lost its teeth",
        );
        line(&mut out, &format!("  reason given: {} ({})", known.reason, known.clause));
    }
    if let Some(details) = run.details {
        explain(run, details, &mut out);
    }
    if run.attempts > 1 {
        let lateness = run.lateness.as_secs_f64() * 1e3;
        line(&mut out, &format!("  tried {} times; the tester was at worst {lateness:.1} ms late", run.attempts));
    }
    if let Some(capture) = run.capture {
        line(&mut out, &format!("  capture   {}", capture.display()));
    }
    out
}

/// An entry of a baseline that no run can confirm: several lines.
pub(in crate::report) fn stale(stale: &StaleEntry) -> String {
    let mut out = String::new();
    let (word, place) = (styled(BAD, "STALE ENTRY"), format!("{}:{}", stale.baseline, stale.entry.line));
    line(&mut out, &format!("{word} {} of {}: {}", styled(STRONG, &place), stale.target, stale.message()));
    line(&mut out, "  nobody would see this failure mended: remove the entry, or see `rfcheck baseline update`");
    line(&mut out, &format!("  reason given: {} ({})", stale.entry.reason, stale.entry.clause));
    out
}

fn heading(run: &RunFinished<'_>, out: &mut String) {
    let (word, style) = match (run.standing, run.verdict) {
        (Standing::UnexpectedPass, _) => ("UNEXPECTED PASS", BAD),
        (Standing::Warning, _) => ("WARNING", DUBIOUS),
        (_, Verdict::Inconclusive) => ("INCONCLUSIVE", DUBIOUS),
        (_, Verdict::Error) => ("ERROR", BAD),
        _ => ("FAIL", BAD),
    };
    let title = run.title.map(|title| format!(": {title}")).unwrap_or_default();
    let id = run.id;
    let name = styled(STRONG, &id.script.name);
    let delivered = delivered(&id);
    line(out, &format!("{} {name} on {} over {}{delivered}{title}", styled(style, word), id.target, id.ip_version));
}

/// How a dialogue was delivered, if it was not as every other is.
pub(in crate::report) fn delivered(id: &RunId<'_>) -> String {
    match id.transport {
        None | Some(Schedule::Whole) => String::new(),
        Some(schedule) => format!(", delivered {schedule}"),
    }
}

fn explain(run: &RunFinished<'_>, details: &Details, out: &mut String) {
    let script = run.id.script.text().unwrap_or_default();
    for diagnostic in &details.diagnostics {
        for text in render(diagnostic, &run.id.script.file, script).lines() {
            line(out, &format!("  {text}"));
        }
    }
    let Some(failure) = details.failure.as_ref().filter(|_| details.diagnostics.is_empty()) else { return };
    let blame = match failure.blame {
        Blame::Target => "",
        Blame::Script => " (the script's fault)",
        Blame::Environment => " (the environment's fault)",
        Blame::Harness => " (rfcheck's fault)",
    };
    for (at, text) in failure.message.lines().enumerate() {
        let suffix = if at == 0 { blame } else { "" };
        line(out, &format!("  {}{suffix}", styled(STRONG, text)));
    }
    excerpt(run, details, failure, out);
    comparison(failure, out);
    evidence(failure, out);
    conversation(details, out);
    packets(run, details, failure, out);
}

/// The failing line with the lines before it.
fn excerpt(run: &RunFinished<'_>, details: &Details, failure: &Failure, out: &mut String) {
    if failure.line == 0 {
        return;
    }
    let place = details.place(run.id.script, failure.line);
    let index = LineIndex::new(place.text);
    // An event may have several lines.
    let last = details.last_line(failure, &place);
    let first = place.line.saturating_sub(LINES_BEFORE).max(1);
    let width = last.to_string().len();
    line(out, "");
    if !place.is_script {
        line(out, &format!("    {}", place.name));
    }
    for number in first..=last {
        let text = place.text.get(index.range(number, place.text)).unwrap_or_default().trim_end();
        if number < place.line {
            line(out, &styled(FAINT, &format!("    {number:width$} | {text}")));
        } else {
            line(out, &format!("  {} {number:width$} | {text}", styled(BAD, ">")));
        }
    }
    for said in &place.trail {
        line(out, &format!("    {said}"));
    }
}

/// The expected packet above the actual one, with what differs picked out.
fn comparison(failure: &Failure, out: &mut String) {
    let (expected, actual) = (failure.expected.as_deref(), failure.actual.as_deref());
    if expected.is_none() && actual.is_none() && failure.differences.is_empty() {
        return;
    }
    line(out, "");
    // What came is told without its direction; side by side both need the same columns.
    let directed = match (expected, actual) {
        (Some(expected), Some(actual)) if expected.starts_with("> ") && !actual.starts_with("> ") => {
            Some(format!("> {actual}"))
        }
        _ => None,
    };
    let actual = directed.as_deref().or(actual);
    let pair = expected.zip(actual);
    let marked = |text: &str, other: Option<&str>, style: Style| {
        other.map_or_else(|| text.to_owned(), |other| mark_words(text, other, style))
    };
    if let Some(expected) = expected {
        line(out, &format!("  expected  {}", marked(expected, actual, WANTED)));
    }
    match actual {
        Some(actual) => line(out, &format!("  actual    {}", marked(actual, expected, DIFFERENT))),
        None => line(out, &format!("  actual    {}", styled(DIFFERENT, "nothing"))),
    }
    if let Some((expected, actual)) = pair {
        let marks = carets(actual, expected);
        if !marks.is_empty() {
            line(out, &format!("            {}", styled(BAD, &marks)));
        }
    }
    for difference in &failure.differences {
        let (field, wanted, got) = (&difference.field, &difference.expected, &difference.actual);
        line(out, &format!("  {field}: expected {}, got {}", styled(WANTED, wanted), styled(DIFFERENT, got)));
    }
}

/// What is known of the target beside its packets.
fn evidence(failure: &Failure, out: &mut String) {
    let Some((state, written)) = failure.evidence.split_first() else { return };
    line(out, "");
    line(out, &format!("  {state}"));
    // What it wrote may hold anything, commands for the terminal too.
    let shown = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    written.iter().for_each(|text| line(out, &format!("    {}", shown(text))));
}

/// What was said in a dialogue up to there: of each side's words the last lines.
fn conversation(details: &Details, out: &mut String) {
    let mut shown = Vec::new();
    for event in &details.trace.events {
        let TraceEventKind::Said { octets, by_target } = &event.kind else { continue };
        let at = event.at.micros_since(details.started) as f64 / 1e6;
        let text = String::from_utf8_lossy(details.trace.octets(octets));
        for said in text.lines() {
            let said = if *by_target { styled(STRONG, said) } else { said.to_owned() };
            shown.push(format!("    {} {said}", styled(FAINT, &format!("{at:>11.6}"))));
        }
    }
    if shown.is_empty() {
        return;
    }
    let left_out = shown.len().saturating_sub(REMARKS);
    line(out, "");
    let lines = if left_out == 0 { String::new() } else { format!(" ({left_out} lines before these)") };
    line(out, &format!("  conversation{lines}"));
    shown[left_out..].iter().for_each(|said| line(out, said));
}

/// The packets that led there.
fn packets(run: &RunFinished<'_>, details: &Details, failure: &Failure, out: &mut String) {
    let mut lines = PacketLines::default();
    let mut shown = Vec::new();
    let mut frame = 0;
    for event in &details.trace.events {
        let (arrow, octets) = match &event.kind {
            TraceEventKind::Injected { octets, .. } => ('<', octets),
            TraceEventKind::Received { octets, .. } => ('>', octets),
            _ => continue,
        };
        let text = lines.line(details.trace.octets(octets));
        let at = event.at.micros_since(details.started) as f64 / 1e6;
        let place = if event.line == 0 { String::new() } else { place(run, details, event.line) };
        let row = format!("    {at:>11.6} {arrow} {text}");
        let row = if event.line != 0 && event.line == failure.line { row } else { styled(FAINT, &row) };
        shown.push(format!("{row}  {}", styled(FAINT, &place)));
        frame += 1;
        for violation in details.violations.iter().filter(|violation| violation.frame == frame) {
            let broken = format!("^ {}: {}", violation.invariant.requirement(), violation.detail);
            shown.push(format!("                {}", styled(BAD, &broken)));
        }
    }
    if shown.is_empty() {
        return;
    }
    line(out, "");
    let left_out = shown.len().saturating_sub(PACKETS);
    let heading = if left_out == 0 { "  packets".to_owned() } else { format!("  packets ({left_out} before these)") };
    line(out, &heading);
    for row in &shown[left_out..] {
        line(out, row);
    }
    line(out, "");
}

/// A line of the script, or of a file that it includes.
fn place(run: &RunFinished<'_>, details: &Details, line: u32) -> String {
    let place = details.place(run.id.script, line);
    match place.name.rsplit('/').next() {
        Some(file) if !place.is_script => format!("{file} line {}", place.line),
        _ => format!("line {}", place.line),
    }
}

fn line(out: &mut String, text: &str) {
    let _infallible = writeln!(out, "{}", text.trim_end());
}
