//! Sequence diagrams in text: two ends, time downwards, an arrow for each packet.

use std::io::{self, Write};

use super::text::{BAD, FAINT, STRONG, cut, styled};

/// Columns between the two ends.
pub(super) const WIDTH: usize = 76;

/// The conversations of a capture, in order of their first packets.
#[derive(Debug, Default)]
pub(super) struct Diagram {
    conversations: Vec<Conversation>,
}

#[derive(Debug)]
struct Conversation {
    left: String,
    right: String,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    frame: u64,
    seconds: f64,
    to_right: bool,
    text: String,
    broken: Vec<String>,
}

impl Diagram {
    /// Adds a packet and what it breaks.
    pub(super) fn packet(
        &mut self,
        frame: u64,
        seconds: f64,
        ends: Option<(String, String)>,
        text: String,
        broken: Vec<String>,
    ) {
        let (source, destination) = ends.unwrap_or_else(|| ("?".to_owned(), "?".to_owned()));
        let known = self.conversations.iter().rposition(|conversation| {
            let (left, right) = (&conversation.left, &conversation.right);
            (left, right) == (&source, &destination) || (left, right) == (&destination, &source)
        });
        let place = known.unwrap_or_else(|| {
            self.conversations.push(Conversation { left: source.clone(), right: destination, rows: Vec::new() });
            self.conversations.len() - 1
        });
        let conversation = &mut self.conversations[place];
        let to_right = conversation.left == source;
        conversation.rows.push(Row { frame, seconds, to_right, text, broken });
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for conversation in &self.conversations {
            conversation.write(out)?;
        }
        Ok(())
    }
}

impl Conversation {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let margin = " ".repeat(19);
        writeln!(out, "{margin}{}", ends(&self.left, &self.right))?;
        for row in &self.rows {
            let head = format!("{:>6} {:>11.6}", row.frame, row.seconds);
            writeln!(out, "{} {}", styled(FAINT, &head), arrow(&row.text, row.to_right))?;
            for broken in &row.broken {
                writeln!(out, "{margin}  {}", styled(BAD, &format!("^ {broken}")))?;
            }
        }
        writeln!(out)
    }
}
/// The line above two ends.
pub(super) fn ends(left: &str, right: &str) -> String {
    let gap = (WIDTH + 2).saturating_sub(left.chars().count() + right.chars().count()).max(2);
    format!("{}{}{}", styled(STRONG, left), " ".repeat(gap), styled(STRONG, right))
}

/// A packet from one end to the other.
pub(super) fn arrow(text: &str, to_right: bool) -> String {
    let text = cut(text, WIDTH - 6);
    let line = "-".repeat(WIDTH - 4 - text.chars().count());
    if to_right { format!("|- {text} {line}>|") } else { format!("|<{line} {text} -|") }
}

/// What happens at the right end.
pub(super) fn at_right(text: &str) -> String {
    format!("|{:>WIDTH$}|", cut(text, WIDTH - 1))
}
