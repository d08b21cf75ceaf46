//! Sequence diagrams in text: two ends, time downwards, an arrow for each packet.

use std::io::{self, Write};

use super::text::{BAD, FAINT, STRONG, cut, styled};

/// Columns between the two ends.
const WIDTH: usize = 76;

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
        let gap = (WIDTH + 2).saturating_sub(self.left.chars().count() + self.right.chars().count()).max(2);
        writeln!(out, "{margin}{}{}{}", styled(STRONG, &self.left), " ".repeat(gap), styled(STRONG, &self.right))?;
        for row in &self.rows {
            let text = cut(&row.text, WIDTH - 6);
            let line = "-".repeat(WIDTH - 4 - text.chars().count());
            let arrow = if row.to_right { format!("- {text} {line}>") } else { format!("<{line} {text} -") };
            let head = format!("{:>6} {:>11.6}", row.frame, row.seconds);
            writeln!(out, "{} |{arrow}|", styled(FAINT, &head))?;
            for broken in &row.broken {
                writeln!(out, "{margin}  {}", styled(BAD, &format!("^ {broken}")))?;
            }
        }
        writeln!(out)
    }
}
