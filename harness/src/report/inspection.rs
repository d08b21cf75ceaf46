//! What the monitor found in a capture, for people and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::diagram::Diagram;
use super::packet_line::PacketLines;
use super::text::{BAD, DUBIOUS, FAINT, STRONG, plural, styled};
use crate::monitor::Violation;
use crate::time::Instant;

/// Violations of one invariant that are shown in full; the rest are counted.
const SHOWN: usize = 5;

/// What was found in one capture.
#[derive(Debug)]
pub(crate) struct Inspection {
    file: String,
    packets: u64,
    not_read: u64,
    violations: Vec<Shown>,
    diagram: Option<Diagram>,
    /// Why the capture was not read to its end.
    error: Option<String>,
}

/// A violation and the packet that shows it.
#[derive(Debug)]
struct Shown {
    violation: Violation,
    /// Seconds since the first packet of the capture.
    seconds: f64,
    packet: String,
}

/// Makes an [`Inspection`] of the packets, which are shown to it in the order in which the monitor saw them.
#[derive(Debug)]
pub(crate) struct Inspector {
    inspection: Inspection,
    violations: Vec<Violation>,
    lines: PacketLines,
    first: Option<Instant>,
}

#[derive(Serialize)]
struct JsonInspection<'a> {
    file: &'a str,
    packets: u64,
    not_read: u64,
    violations: Vec<JsonViolation<'a>>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonViolation<'a> {
    frame: u64,
    time: f64,
    requirement: &'static str,
    level: &'static str,
    clause: &'static str,
    text: &'static str,
    detail: &'a str,
    packet: &'a str,
}

impl Inspector {
    /// For a capture in `file` in which the monitor found `violations`.
    pub(crate) fn new(file: String, violations: Vec<Violation>, with_diagram: bool) -> Self {
        let diagram = with_diagram.then(Diagram::default);
        Inspector {
            inspection: Inspection { file, packets: 0, not_read: 0, violations: Vec::new(), diagram, error: None },
            violations,
            lines: PacketLines::default(),
            first: None,
        }
    }

    /// The next packet: its datagram, if it has one.
    pub(crate) fn packet(&mut self, at: Instant, datagram: Option<&[u8]>) {
        let first = *self.first.get_or_insert(at);
        let seconds = at.micros_since(first) as f64 / 1e6;
        self.inspection.packets += 1;
        let frame = self.inspection.packets;
        let Some(octets) = datagram else {
            self.inspection.not_read += 1;
            return;
        };
        let (ends, text) = self.lines.parts(octets);
        let mut broken = Vec::new();
        for violation in self.violations.iter().filter(|violation| violation.frame == frame) {
            broken.push(format!("{}: {}", violation.invariant.requirement(), violation.detail));
            let packet = match &ends {
                Some((source, destination)) => format!("{source} > {destination} {text}"),
                None => text.clone(),
            };
            self.inspection.violations.push(Shown { violation: violation.clone(), seconds, packet });
        }
        if let Some(diagram) = &mut self.inspection.diagram {
            diagram.packet(frame, seconds, ends, text, broken);
        }
    }

    /// The capture is over, or cannot be read on.
    pub(crate) fn finish(mut self, error: Option<String>) -> Inspection {
        self.inspection.error = error;
        self.inspection
    }
}

impl Inspection {
    /// Whether a MUST is broken, or with `strict` anything.
    pub(crate) fn has_failures(&self, strict: bool) -> bool {
        self.violations.iter().any(|shown| strict || is_absolute(&shown.violation))
    }

    /// Why the capture was not read to its end.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Whether there was nothing to inspect.
    pub(crate) fn is_empty(&self) -> bool {
        self.packets == self.not_read
    }

    /// For people.
    pub(crate) fn write_human(&self, out: &mut impl Write) -> io::Result<()> {
        if let Some(diagram) = &self.diagram {
            diagram.write(out)?;
        }
        for (at, shown) in self.violations.iter().enumerate() {
            let invariant = shown.violation.invariant;
            let same = |other: &&Shown| other.violation.invariant == invariant;
            let before = self.violations[..at].iter().filter(same).count();
            if before == SHOWN {
                let more = self.violations[at..].iter().filter(same).count();
                let text = format!("{} more of {}", more, invariant.requirement());
                writeln!(out, "{}\n", styled(FAINT, &text))?;
            }
            if before < SHOWN {
                shown.write(out)?;
            }
        }
        if self.packets == 0 && self.error.is_some() {
            return Ok(());
        }
        let must = self.violations.iter().filter(|shown| is_absolute(&shown.violation)).count();
        write!(out, "{}: {}", self.file, plural(self.packets as usize, "packet"))?;
        if self.not_read > 0 {
            write!(out, " ({} without IP, or in a form that is not looked into)", self.not_read)?;
        }
        let sum = match (must, self.violations.len() - must) {
            (0, 0) => "nothing breaks an RFC, as far as the packets tell".to_owned(),
            (must, 0) => format!("{} of a MUST", plural(must, "violation")),
            (must, should) => format!("{} of a MUST, {should} of a SHOULD", plural(must, "violation")),
        };
        writeln!(out, ", {sum}")
    }

    /// As one JSON object.
    pub(crate) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let violations = self.violations.iter().map(|shown| JsonViolation {
            frame: shown.violation.frame,
            time: shown.seconds,
            requirement: shown.violation.invariant.requirement(),
            level: shown.violation.invariant.level(),
            clause: shown.violation.invariant.clause(),
            text: shown.violation.invariant.text(),
            detail: &shown.violation.detail,
            packet: &shown.packet,
        });
        let object = JsonInspection {
            file: &self.file,
            packets: self.packets,
            not_read: self.not_read,
            violations: violations.collect(),
            error: self.error.as_deref(),
        };
        serde_json::to_writer(&mut *out, &object)?;
        writeln!(out)
    }
}

impl Shown {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let invariant = self.violation.invariant;
        let style = if is_absolute(&self.violation) { BAD } else { DUBIOUS };
        let head = format!("{} {}", invariant.requirement(), invariant.level());
        let frame = styled(STRONG, &format!("frame {}", self.violation.frame));
        writeln!(out, "{frame} breaks {}, {}", styled(style, &head), invariant.clause())?;
        writeln!(out, "  {}", self.violation.detail)?;
        writeln!(out, "  {}", styled(FAINT, invariant.text()))?;
        writeln!(out, "  {:.6} {}\n", self.seconds, self.packet)
    }
}

fn is_absolute(violation: &Violation) -> bool {
    matches!(violation.invariant.level(), "MUST" | "MUST NOT")
}
