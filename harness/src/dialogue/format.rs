//! Brings a text into the canonical layout; what it says stays, comments too.

use super::lines::{Classifier, Kind};
use super::words::words;
use crate::text::{Diagnostic, Diagnostics};

/// What stands before a detail: it begins below the text of its step.
pub(super) const INDENT: &str = "   ";

/// The text in canonical layout. Cases, inclusions and loops stay as they stand.
///
/// # Errors
/// Strings and regular expressions that have no end.
pub fn format(text: &str) -> Result<String, Diagnostics> {
    let mut classifier = Classifier::new(text);
    let mut out = String::with_capacity(text.len() + 1);
    let mut found = Vec::new();
    let (mut start, mut had_blank) = (0, false);
    for whole in text.split_inclusive('\n') {
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let kind = classifier.kind(line);
        if kind == Kind::Blank {
            had_blank = true;
        } else {
            if had_blank && !out.is_empty() {
                out.push('\n');
            }
            had_blank = false;
            match laid_out(line, kind, start, classifier.has_protocol) {
                Ok(line) => out.push_str(&line),
                Err(diagnostic) => found.push(*diagnostic),
            }
            out.push('\n');
        }
        start += whole.len();
    }
    if found.is_empty() { Ok(out) } else { Err(found) }
}

/// Whether a text to include is one of dialogues: a party speaks at the start of a line.
pub fn is_included(text: &str) -> bool {
    let mut classifier = Classifier::new(text);
    text.lines().any(|line| {
        matches!(classifier.kind(line), Kind::Spoken(..) | Kind::Sent(..) | Kind::Answer(..) | Kind::Event(..))
    })
}

/// A line in canonical layout.
fn laid_out(line: &str, kind: Kind, start: usize, knows_sides: bool) -> Result<String, Box<Diagnostic>> {
    let joined = |from: usize| match words(&line[from..], (start + from) as u32) {
        Ok(words) => Ok(words.iter().map(|word| word.source).collect::<Vec<_>>().join(" ")),
        Err((span, message, help)) => {
            Err(Box::new(Diagnostic::error("dialogue::word", span, message, "it begins here").maybe_help(help)))
        }
    };
    // Without a protocol, as in files to include, nobody knows which side speaks text: that is left as it stands.
    let kind = match kind {
        Kind::Answer(party, from) | Kind::Sent(party, from) if !knows_sides => Kind::Spoken(party, from),
        kind => kind,
    };
    let prefixed =
        |prefix: &str, rest: String| if rest.is_empty() { prefix.to_owned() } else { format!("{prefix} {rest}") };
    Ok(match kind {
        Kind::Comment => {
            let indent = if line.starts_with([' ', '\t']) { INDENT } else { "" };
            let trimmed = line.trim();
            match trimmed.strip_prefix("//@").and_then(|rest| rest.split_once(':')) {
                Some((key, value)) => prefixed(&format!("//@ {}:", key.trim()), value.trim().to_owned()),
                None => format!("{indent}{trimmed}"),
            }
        }
        Kind::Spoken(_, from) => {
            let (party, text) = (line[..from].trim_end(), &line[from..]);
            prefixed(party, text.to_owned())
        }
        Kind::Sent(_, from) | Kind::Answer(_, from) | Kind::Event(_, from) => {
            prefixed(line[..from].trim_end(), joined(from)?)
        }
        Kind::Or(from) => prefixed("or", joined(from)?),
        Kind::Do(from) => prefixed("do", joined(from)?),
        Kind::Check(from) => prefixed("check", joined(from)?),
        Kind::Detail(from) => format!("{INDENT}{}", joined(from)?),
        Kind::Blank | Kind::Preparation | Kind::Command | Kind::Unknown => line.trim().to_owned(),
    })
}
