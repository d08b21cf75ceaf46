//! One run as a sequence: what tester and target sent, the application's calls, and the script's comments between them.

use std::collections::BTreeSet;

use super::packet_line::PacketLines;
use crate::suite::{Details, LinePlace, RunFinished};
use crate::trace::{TraceEvent, TraceEventKind};
use crate::wire::Packet;

/// The longest payload that is shown, in octets.
const PAYLOAD: usize = 32;

/// One row of a sequence, from top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Row {
    /// What the script says of the rows below.
    Comment(String),
    /// The ends of the packets below, where they are not those of the packets above.
    Ends {
        /// On the left.
        tester: String,
        /// On the right.
        target: String,
    },
    /// What happened.
    Event {
        /// On the script's clock.
        seconds: f64,
        /// Where.
        at: At,
        /// What.
        text: String,
        /// Whether the script fails here.
        fails: bool,
    },
}

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// From tester to target.
    ToTarget,
    /// From target to tester.
    ToTester,
    /// At the target's socket API.
    Target,
}

/// The rows of a run; none of a run in which nothing happened.
pub(super) fn rows(run: &RunFinished<'_>) -> Vec<Row> {
    let Some(details) = run.details else { return Vec::new() };
    let lines = PacketLines::default();
    let mut sequence = Sequence { run, details, ends: None, lines, told: BTreeSet::new(), rows: Vec::new() };
    for (at, event) in details.trace.events.iter().enumerate() {
        sequence.event(event, details.trace.events.get(at + 1));
    }
    sequence.rows
}

/// What a script says of itself: its first comment.
pub(super) fn about(text: &str) -> String {
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
    rows: Vec<Row>,
}

impl Sequence<'_> {
    fn event(&mut self, event: &TraceEvent, next: Option<&TraceEvent>) {
        if !matches!(event.kind, TraceEventKind::Returned(_)) {
            self.comments(event.line);
        }
        let (at, text) = match &event.kind {
            TraceEventKind::Injected { octets, .. } => {
                (At::ToTarget, self.packet(self.details.trace.octets(octets), true))
            }
            TraceEventKind::Received { octets, .. } => {
                (At::ToTester, self.packet(self.details.trace.octets(octets), false))
            }
            TraceEventKind::Called => match self.call(event, next) {
                Some(call) => (At::Target, call),
                None => return,
            },
            TraceEventKind::Returned(_) => return,
            TraceEventKind::Command(status) => (At::Target, format!("command, exit status {status}")),
            // Of more lines the first tells enough: the octets are in the packets.
            TraceEventKind::Said { octets, .. } => {
                let said = String::from_utf8_lossy(self.details.trace.octets(octets));
                (At::Target, said.lines().next().unwrap_or_default().to_owned())
            }
        };
        let seconds = event.at.micros_since(self.details.started) as f64 / 1e6;
        let failure = self.details.failure.as_ref();
        let fails = failure.is_some_and(|failure| failure.line != 0 && failure.line == event.line);
        self.rows.push(Row::Event { seconds, at, text, fails });
    }

    /// A packet. Its ends stand above it where they are not those of the packet before.
    fn packet(&mut self, octets: &[u8], injected: bool) -> String {
        let (ends, mut text) = self.lines.parts(octets);
        if let Some((source, destination)) = ends {
            let pair = if injected { (source, destination) } else { (destination, source) };
            if self.ends.as_ref() != Some(&pair) {
                self.rows.push(Row::Ends { tester: pair.0.clone(), target: pair.1.clone() });
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
    fn comments(&mut self, line: u32) {
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
            self.rows.push(Row::Comment(above.into_iter().rev().collect::<Vec<_>>().join(" ")));
        }
    }

    fn place(&self, line: u32) -> Option<LinePlace<'_>> {
        (line > 0).then(|| self.details.place(self.run.id.script, line)).filter(|place| place.line > 0)
    }
}
