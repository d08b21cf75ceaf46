//! A diagnostic as text, with the lines it points at.

use std::fmt::Write as _;

use super::diagnostic::{Diagnostic, Severity};
use super::span::LineIndex;

/// Columns of a script line that are shown; longer lines are cut around the place.
const MOST_COLUMNS: usize = 120;

/// The diagnostic with the line it points at: of the file that it names itself, else of the script called `name` with
/// this `text`. Several lines, the last with a newline.
pub fn render(diagnostic: &Diagnostic, name: &str, text: &str) -> String {
    let file = diagnostic.within.as_ref().and_then(|within| within.file.as_ref());
    let (name, text) = file.map_or((name, text), |file| (&file.name, &file.text));
    let index = LineIndex::new(text);
    let start = floor_char_boundary(text, diagnostic.span.start as usize);
    let end = floor_char_boundary(text, diagnostic.span.end as usize).max(start);
    let number = index.line(start as u32).max(1);
    let range = index.range(number, text);
    let range = range.start..range.end.max(range.start).min(text.len());
    let line = &text[range.clone()];
    let before = &line[..start.clamp(range.start, range.end) - range.start];
    let marked = &line[before.len()..end.clamp(range.start + before.len(), range.end) - range.start];

    let column = before.chars().count();
    let width = marked.trim_end().chars().count().max(1);
    // A long line is cut so that the place is seen.
    let skip = if column + width > MOST_COLUMNS { column.saturating_sub(MOST_COLUMNS / 2) } else { 0 };
    let shown: String = line.trim_end().chars().skip(skip).take(MOST_COLUMNS).map(printable).collect();
    let width = width.min(MOST_COLUMNS.saturating_sub(column - skip).max(1));

    let severity = match diagnostic.severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let gutter = " ".repeat(number.to_string().len());
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{severity}[{}]: {}", diagnostic.code, diagnostic.message);
    let _ = writeln!(out, "{gutter}--> {name}:{number}:{}", column + 1);
    let _ = writeln!(out, "{gutter} |");
    let _ = writeln!(out, "{number} | {shown}");
    let _ = writeln!(out, "{gutter} | {}{} {}", " ".repeat(column - skip), "^".repeat(width), diagnostic.label);
    for said in diagnostic.within.iter().flat_map(|within| &within.trail) {
        let _ = writeln!(out, "{gutter} = note: {said}");
    }
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(out, "{gutter} = help: {help}");
    }
    out
}

/// What stands for a character in a terminal, one column wide.
fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    #[test]
    fn the_place_is_marked_under_its_line() {
        let text = "// a\n+0\t> S. 0;0(0)\n";
        let span = Span { start: 13, end: 14 };
        let diagnostic =
            Diagnostic::error("parse::unexpected-token", span, "unexpected `;`", "expected `:`").help("look");
        insta::assert_snapshot!(render(&diagnostic, "a.pkt", text), @r"
        error[parse::unexpected-token]: unexpected `;`
         --> a.pkt:2:9
          |
        2 | +0 > S. 0;0(0)
          |         ^ expected `:`
          = help: look
        ");
    }

    #[test]
    fn any_place_can_be_rendered() {
        for text in ["", "\n", "ä", "ä\n", "a\r\n\u{1}"] {
            for start in 0..6 {
                for end in 0..6 {
                    let diagnostic = Diagnostic::warning("x", Span { start, end }, "m", "l");
                    assert!(render(&diagnostic, "n", text).contains("l\n"));
                }
            }
        }
    }
}
