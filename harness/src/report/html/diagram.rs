//! A sequence diagram as SVG: two ends, time downwards, an arrow for each packet.

use std::io::{self, Write};

use super::super::sequence::{At, Row};
use super::super::text::{cut, wrapped};
use super::markup::escaped;

/// Where the tester's line is, in pixels from the left.
const TESTER: usize = 110;
/// Where the target's line is.
const TARGET: usize = 890;
/// The whole width.
const WIDTH: usize = 1000;
/// Pixels that a row of text takes.
const ROW: usize = 24;
/// Columns of a comment.
const COLUMNS: usize = 110;
/// Columns of a packet.
const PACKET: usize = 96;

/// Writes the rows of a run; `label` says to who cannot see it what it is.
pub(super) fn write(out: &mut impl Write, rows: &[Row], label: &str) -> io::Result<()> {
    let height: usize = rows.iter().map(height).sum::<usize>() + ROW;
    write!(out, "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"sequence of {}\">", escaped(label))?;
    for x in [TESTER, TARGET] {
        write!(out, "<line class=\"life\" x1=\"{x}\" y1=\"{ROW}\" x2=\"{x}\" y2=\"{height}\"/>")?;
    }
    let mut y = ROW;
    for row in rows {
        self::row(out, row, y)?;
        y += self::height(row);
    }
    writeln!(out, "</svg>")
}

/// Pixels that a row takes.
fn height(row: &Row) -> usize {
    match row {
        Row::Comment(text) => wrapped(text, COLUMNS).len() * 18 + 6,
        Row::Ends { .. } => ROW,
        Row::Event { .. } => ROW + 4,
    }
}

/// A row whose top is at `y`.
fn row(out: &mut impl Write, row: &Row, y: usize) -> io::Result<()> {
    match row {
        Row::Comment(text) => {
            for (line, at) in wrapped(text, COLUMNS).iter().zip(0..) {
                let y = y + 12 + at * 18;
                text_at(out, "comment", "middle", (TESTER + TARGET) / 2, y, line)?;
            }
            Ok(())
        }
        Row::Ends { tester, target } => {
            text_at(out, "end", "start", TESTER + 6, y + 16, &format!("tester {tester}"))?;
            text_at(out, "end", "end", TARGET - 6, y + 16, &format!("target {target}"))
        }
        Row::Event { seconds, at, text, fails } => {
            let class = if *fails { "event fails" } else { "event" };
            write!(out, "<g class=\"{class}\">")?;
            text_at(out, "time", "end", TESTER - 8, y + 16, &format!("{seconds:.6}"))?;
            match at {
                At::Target => text_at(out, "call", "end", TARGET - 8, y + 16, &cut(text, PACKET))?,
                At::ToTarget => arrow(out, (TESTER, TARGET), y + 22, text)?,
                At::ToTester => arrow(out, (TARGET, TESTER), y + 22, text)?,
            }
            if *fails {
                text_at(out, "mark", "start", TARGET + 6, y + 16, "fails here")?;
            }
            write!(out, "</g>")
        }
    }
}

fn arrow(out: &mut impl Write, (from, to): (usize, usize), y: usize, text: &str) -> io::Result<()> {
    text_at(out, "packet", "middle", (from + to) / 2, y - 6, &cut(text, PACKET))?;
    let back = if to > from { to - 9 } else { to + 9 };
    write!(out, "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"/>")?;
    write!(out, "<path d=\"M{to} {y}L{back} {}L{back} {}Z\"/>", y - 4, y + 4)
}

fn text_at(out: &mut impl Write, class: &str, anchor: &str, x: usize, y: usize, text: &str) -> io::Result<()> {
    write!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>", escaped(text))
}
