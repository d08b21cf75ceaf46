//! Styles and small helpers for text on a terminal. Where no colours are shown they are stripped on the way out.

use anstyle::{AnsiColor, Style};

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const DUBIOUS: Style = AnsiColor::Yellow.on_default();
pub(super) const FAINT: Style = Style::new().dimmed();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const DIFFERENT: Style = AnsiColor::Red.on_default().bold().underline();
pub(super) const WANTED: Style = AnsiColor::Green.on_default().bold().underline();

/// `text` in a style.
pub(super) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// `text` in a style, padded to a width: escape sequences have none.
pub(super) fn padded(style: Style, text: &str, width: usize) -> String {
    format!("{}{}", styled(style, text), " ".repeat(width.saturating_sub(text.chars().count())))
}

/// The beginning of `text` that fits into `width` columns, with a mark where it was cut.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// Lines of at most `width` columns, unless a word is longer.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// Text that stays in its cell of a Markdown table and means nothing but itself.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '[' | ']' | '\\' => out.extend(['\\', c]),
            '\n' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// `1 run`, `2 runs`.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Marks the words of `text` that are not in `other`, by their longest common subsequence.
pub(super) fn mark_words(text: &str, other: &str, style: Style) -> String {
    let (words, others): (Vec<_>, Vec<_>) = (pieces(text), pieces(other));
    let common = common(&words, &others);
    let mut out = String::new();
    for (word, same) in words.iter().zip(common) {
        if same || word.trim().is_empty() { out.push_str(word) } else { out.push_str(&styled(style, word)) }
    }
    out
}

/// Columns, from 0, of the words of `text` that are not in `other`, as a line of carets; empty if there are none.
pub(super) fn carets(text: &str, other: &str) -> String {
    let (words, others): (Vec<_>, Vec<_>) = (pieces(text), pieces(other));
    let common = common(&words, &others);
    let mut out = String::new();
    for (word, same) in words.iter().zip(common) {
        let mark = if same || word.trim().is_empty() { " " } else { "^" };
        out.push_str(&mark.repeat(word.chars().count()));
    }
    out.truncate(out.trim_end().len());
    out
}

/// Words, blanks and punctuation, each a piece; together the text.
fn pieces(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// For each piece of `a` whether it is part of the longest common subsequence with `b`.
fn common(a: &[&str], b: &[&str]) -> Vec<bool> {
    let mut lengths = vec![vec![0_u32; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i][j] =
                if a[i] == b[j] { lengths[i + 1][j + 1] + 1 } else { lengths[i + 1][j].max(lengths[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut same = vec![false; a.len()];
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            same[i] = true;
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    same
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_differ_are_picked_out() {
        let (expected, actual) = ("> . 1:1(0) ack 11 win 100", "> . 1:1(0) ack 1 win 100");
        insta::assert_snapshot!(format!("{actual}\n{}", carets(actual, expected)), @"
        > . 1:1(0) ack 1 win 100
                       ^
        ");
        assert_eq!(mark_words(actual, expected, Style::new()), actual);
        assert_eq!(carets("> S. 0:0(0)", "> S. 0:0(0)"), "");
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        assert_eq!(cut("sequence number", 10), "sequence…");
        assert_eq!(cut("short", 10), "short");
    }

    #[test]
    fn words_stay_whole_and_lines_short() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("immeasurable it is", 5), ["immeasurable", "it is"]);
    }

    #[test]
    fn a_cell_cannot_be_left() {
        assert_eq!(escaped("a|b *c*\n<d>"), "a\\|b \\*c\\* \\<d>");
    }
}
