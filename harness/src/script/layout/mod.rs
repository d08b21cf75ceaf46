//! The canonical layout of a script's text, worked out from its tokens alone.
//!
//! Lines stay lines: only white space between tokens changes, so that comments, directives, conditions and the names
//! of definitions stay as they are, and the text means what it meant. Times stand in a column of their own; what
//! continues an event is aligned with the bracket it stands in.

mod line;
mod spacing;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::scanner::{Raw, RawKind};
use super::span::Span;
use line::{Line, LineKind, Lines};

/// Columns that the longest time may push the others to; longer ones stick out.
const MOST_TIME_COLUMNS: usize = 9;
/// Columns of the time in scripts that have short ones, as packetdrill's scripts have.
const LEAST_TIME_COLUMNS: usize = 5;

/// A script's text in canonical layout. Formatting what was formatted changes nothing, and parsing gives the same tree
/// before and after. The error tells of strings, commands, code blocks and comments that never end.
pub fn format(text: &str) -> Result<String, Diagnostics> {
    if u32::try_from(text.len()).is_err() {
        let start = Span { start: 0, end: 0 };
        return Err(vec![Diagnostic::error("parse::size", start, "the script is larger than 4 GiB", "it starts here")]);
    }
    let lines: Vec<Line> = Lines::new(text).collect();
    let unterminated = lines.iter().flat_map(|line| &line.tokens).find_map(|token| match token.kind {
        RawKind::Unterminated(open) => Some(unterminated(*token, open)),
        _ => None,
    });
    match unterminated {
        Some(diagnostic) => Err(vec![diagnostic]),
        None => Ok(arrange_lines(text, &lines)),
    }
}

/// The canonical layout of a text whose tokens all end.
pub(super) fn arrange(text: &str) -> String {
    arrange_lines(text, &Lines::new(text).collect::<Vec<_>>())
}

fn arrange_lines(text: &str, lines: &[Line]) -> String {
    let time_columns = lines
        .iter()
        .filter_map(|line| match line.kind {
            LineKind::Event { time } => Some(line.tokens[..time].iter().map(|token| token.end - token.start).sum()),
            _ => None,
        })
        .map(|width: u32| width as usize)
        .filter(|width| *width <= MOST_TIME_COLUMNS)
        .max()
        .unwrap_or(0)
        .max(LEAST_TIME_COLUMNS);
    let mut out = spacing::Writer::new(text, time_columns);
    let mut blank = false;
    for line in lines {
        if line.tokens.is_empty() {
            blank = true;
            continue;
        }
        out.line(line, std::mem::take(&mut blank));
    }
    out.finish()
}

/// What is said of a token without its end.
pub(super) fn unterminated(raw: Raw, open: u8) -> Diagnostic {
    let (what, close) = match open {
        b'"' => ("string", "double quote"),
        b'`' => ("command", "back quote"),
        b'%' => ("code block", "`}%`"),
        _ => ("comment", "`*/`"),
    };
    let width = if matches!(open, b'"' | b'`') { 1 } else { 2 };
    let span = Span { start: raw.start, end: raw.start + width };
    Diagnostic::error("parse::unterminated", span, format!("this {what} has no end"), format!("no {close} follows"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names were taken for calls in times, and for flags in sequence numbers: `+ RTT <.` and `START: END (LENGTH)`.
    #[test]
    fn names_of_definitions_are_laid_out_as_the_numbers_they_stand_for() {
        let text = " +RTT < FLAGS START:END(LENGTH) ack ACK win 1000\n +RTT~+END > SF 1:END(LENGTH) ack ACK\n";
        assert_eq!(format(text).as_deref(), Ok(text));
        let untidy = "+ RTT <FLAGS START: END (LENGTH) ack ACK win 1000\n+RTT ~ + END >SF 1: END (LENGTH) ack ACK\n";
        assert_eq!(format(untidy).as_deref(), Ok(text));
    }

    #[test]
    fn arithmetic_stands_as_it_stood_and_words_are_apart() {
        let text = "+{2*I} < . {1+I}:{1+I}(0) win 1 with tcp.sequence as s{I}, tcp.window=(a<<2) + 1, ip.ttl=3\n    \
                    +0 > R 1:1(0) with tcp.sequence=s1+1 or > R. 1:1(0) <...>\n    \
                    +0 assert before(s1, s2 - 1) // true\n    +0 assert s1+1 >= s2\n";
        assert_eq!(format(text).as_deref(), Ok(text));
        let untidy = "  +{2*I}   <  .  {1+I}:{1+I}(0) win 1 with tcp.sequence  as s{I} , tcp.window = ( a<<2 )  +  1,ip.ttl=3\n\
                      +0 >R 1:1(0) with tcp.sequence=s1+1 or >R. 1:1(0) <...>\n\
                      +0  assert before( s1,s2 - 1 ) // true\n+0 assert s1+1  >= s2\n";
        assert_eq!(format(untidy).as_deref(), Ok(text));
    }
}
