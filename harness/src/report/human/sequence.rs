//! One run as a sequence: what tester and target sent, the application's calls, and the script's comments between them.

use std::collections::BTreeSet;

use super::super::diagram;
use super::super::packet_line::PacketLines;
use super::super::text::{BAD, DUBIOUS, GOOD, STRONG, styled, wrapped};
use crate::engine::Verdict;
use crate::suite::{Details, LinePlace, RunFinished};
use crate::trace::{TraceEvent, TraceEventKind};
use crate::wire::Packet;

/// Columns of the text above the packets.
const WIDTH: usize = 116;
/// The longest payload that is shown, in octets.
const PAYLOAD: usize = 32;

/// Several lines, or none for a run in which nothing happened.
pub(super) fn text(run: &RunFinished<'_>) -> Option<String> {
    let details = run.details.filter(|details| !details.trace.events.is_empty())?;
    let mut out = Vec::new();
    heading(run, &mut out);
    let mut sequence = Sequence { run, details, ends: None, lines: PacketLines::default(), told: BTreeSet::new() };
    for (at, event) in details.trace.events.iter().enumerate() {
        sequence.event(event, details.trace.events.get(at + 1), &mut out);
    }
    Some(out.iter().map(|line| format!("{}\n", line.trim_end())).collect())
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

/// What a script says of itself: its first comment.
fn about(text: &str) -> String {
    let lines = text.lines().skip_while(|line| line.starts_with("//@"));
    lines.map_while(comment).collect::<Vec<_>>().join(" ")
}

/// A line that is nothing but a comment.
fn comment(line: &str) -> Option<&str> {
    let text = line.trim().strip_prefix("//")?;
    (!text.starts_with('@')).then(|| text.trim())
}

/// One run, event by event.
struct Sequence<'a> {
    run: &'a RunFinished<'a>,
    details: &'a Details,
    /// The ends of the packet before, tester first.
    ends: Option<(String, String)>,
    lines: PacketLines,
    /// Comments that were told, by file and line.
    told: BTreeSet<(String, u32)>,
}

impl Sequence<'_> {
    fn event(&mut self, event: &TraceEvent, next: Option<&TraceEvent>, out: &mut Vec<String>) {
        if !matches!(event.kind, TraceEventKind::Returned(_)) {
            self.comments(event.line, out);
        }
        let row = match &event.kind {
            TraceEventKind::Injected { octets, .. } => {
                diagram::arrow(&self.packet(self.details.trace.octets(octets), true, out), true)
            }
            TraceEventKind::Received { octets, .. } => {
                diagram::arrow(&self.packet(self.details.trace.octets(octets), false, out), false)
            }
            TraceEventKind::Called => match self.call(event, next) {
                Some(call) => diagram::at_right(&call),
                None => return,
            },
            TraceEventKind::Returned(_) => return,
            TraceEventKind::Command(status) => diagram::at_right(&format!("command, exit status {status}")),
            // Of more lines the first tells enough: the octets are in the packets.
            TraceEventKind::Said { octets, .. } => {
                let said = String::from_utf8_lossy(self.details.trace.octets(octets));
                diagram::at_right(said.lines().next().unwrap_or_default())
            }
        };
        let at = event.at.micros_since(self.details.started) as f64 / 1e6;
        let failed =
            self.details.failure.as_ref().is_some_and(|failure| failure.line != 0 && failure.line == event.line);
        let mark = if failed { styled(BAD, "  fails here") } else { String::new() };
        out.push(format!("  {at:>11.6}  {row}{mark}"));
    }

    /// A packet. Its ends stand above it where they are not those of the packet before.
    fn packet(&mut self, octets: &[u8], injected: bool, out: &mut Vec<String>) -> String {
        let (ends, mut text) = self.lines.parts(octets);
        if let Some((source, destination)) = ends {
            let pair = if injected { (source, destination) } else { (destination, source) };
            if self.ends.as_ref() != Some(&pair) {
                let (tester, target) = (format!("tester {}", pair.0), format!("target {}", pair.1));
                out.push(format!("  {:>11}  {}", "", diagram::ends(&tester, &target)));
                self.ends = Some(pair);
            }
        }
        let payload = Packet::parse(octets, None).packet.payload;
        if !payload.is_empty() && payload.len() <= PAYLOAD && payload.iter().all(|octet| (b' '..=b'~').contains(octet))
        {
            text.push_str(&format!(" {:?}", String::from_utf8_lossy(payload)));
        }
        text
    }

    /// A call as the script writes it, with what it returned where that is not what the script wants.
    fn call(&self, event: &TraceEvent, next: Option<&TraceEvent>) -> Option<String> {
        let place = self.place(event.line)?;
        let line = place.text.lines().nth(place.line as usize - 1)?;
        let call = line.trim().trim_start_matches(|c: char| c.is_ascii_digit() || "+.~* ".contains(c));
        let failed = self.details.failure.as_ref().is_some_and(|failure| failure.line == event.line);
        Some(match (call.rsplit_once(" = "), next.map(|next| &next.kind)) {
            (Some((call, _)), Some(TraceEventKind::Returned(value))) if failed => format!("{call} = {value}"),
            _ => call.to_owned(),
        })
    }

    /// The comments that stand directly above a line, once.
    fn comments(&mut self, line: u32, out: &mut Vec<String>) {
        // Of the run, not of `self`, which notes what was told.
        let (details, script) = (self.details, self.run.id.script);
        let Some(place) = (line > 0).then(|| details.place(script, line)).filter(|place| place.line > 0) else {
            return;
        };
        let lines: Vec<_> = place.text.lines().take(place.line as usize - 1).collect();
        let above: Vec<_> = lines.iter().rev().map_while(|line| comment(line)).collect();
        // A script's first comment is told above all packets.
        let first = lines.len() - above.len();
        if above.is_empty() || place.is_script && lines[..first].iter().all(|line| line.starts_with("//@")) {
            return;
        }
        if self.told.insert((place.name.to_owned(), place.line)) {
            let text = above.into_iter().rev().collect::<Vec<_>>().join(" ");
            out.extend(wrapped(&text, WIDTH - 13).into_iter().map(|line| format!("  {:>11}  {line}", "")));
        }
    }

    fn place(&self, line: u32) -> Option<LinePlace<'_>> {
        (line > 0).then(|| self.details.place(self.run.id.script, line)).filter(|place| place.line > 0)
    }
}
