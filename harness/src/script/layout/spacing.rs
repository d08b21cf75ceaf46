//! White space between the tokens of a line, and before its first.

use super::line::{Action, Line, LineKind, Place, kind};
use crate::script::scanner::{Raw, RawKind, Scanner};

/// Columns by which the content of a bracket at a line's end is moved in.
const HANGING: usize = 4;

/// An open bracket.
#[derive(Clone, Copy)]
struct Bracket {
    /// Column where what it holds goes on.
    content: usize,
    /// Column of its end, if a line begins with that.
    end: usize,
}

/// Writes lines.
pub(super) struct Writer<'a> {
    text: &'a str,
    out: String,
    time_columns: usize,
    place: Place,
    brackets: Vec<Bracket>,
    /// Octet at which the line that is being written begins.
    line_start: usize,
    /// Octet after the last white space that was written between tokens.
    run_start: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(text: &'a str, time_columns: usize) -> Self {
        let out = String::with_capacity(text.len() + text.len() / 8);
        Writer { text, out, time_columns, place: Place::START, brackets: Vec::new(), line_start: 0, run_start: 0 }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) fn line(&mut self, line: &Line, blank_before: bool) {
        if blank_before && !self.out.is_empty() {
            self.out.push('\n');
        }
        self.line_start = self.out.len();
        match line.kind {
            LineKind::Event { time } => {
                let width: usize = line.tokens[..time].iter().map(|token| self.source(*token).len()).sum();
                self.start(Place::event(time));
                self.indent(self.time_columns.saturating_sub(width));
            }
            LineKind::Margin => self.start(Place { action: Action::Other, ..Place::START }),
            LineKind::Continuation => {
                let closes = matches!(line.tokens[0].kind, RawKind::Punct(b')' | b']' | b'}'));
                let column = match self.brackets.last() {
                    Some(bracket) if closes => bracket.end,
                    Some(bracket) => bracket.content,
                    None => self.time_columns + 1,
                };
                self.indent(column);
            }
        }
        // What hangs below an event is moved in from its action, not from its time.
        let indentation = match line.kind {
            LineKind::Event { .. } => self.time_columns + 1,
            LineKind::Margin | LineKind::Continuation => self.column(),
        };
        self.run_start = self.out.len();
        for (at, token) in line.tokens.iter().enumerate() {
            if at > 0 && (self.is_apart(line, at) || self.would_merge(line, at)) {
                self.out.push(' ');
                self.run_start = self.out.len();
            }
            self.token(*token);
            let hangs = at + 1 == line.tokens.len();
            self.follow(*token, if hangs { Some(indentation) } else { None });
        }
        self.out.truncate(self.out.trim_end_matches([' ', '\t']).len());
        self.out.push('\n');
    }

    fn start(&mut self, place: Place) {
        self.place = place;
        self.brackets.clear();
    }

    fn indent(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    fn source(&self, token: Raw) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    fn column(&self) -> usize {
        self.out[self.line_start..].chars().count()
    }

    fn token(&mut self, token: Raw) {
        let source = self.source(token);
        match token.kind {
            RawKind::Punct(b'(') if source.len() > 1 => {
                let words: Vec<_> = source[1..source.len() - 1].split_whitespace().collect();
                self.out.push('(');
                self.out.push_str(&words.join(" "));
                self.out.push(')');
            }
            RawKind::LineComment => match source.strip_prefix("//@").and_then(|directive| directive.split_once(':')) {
                Some((key, value)) => {
                    let directive = format!("//@ {}: {}", key.trim(), value.trim());
                    self.out.push_str(directive.trim_end());
                }
                None => self.out.push_str(source.trim_end()),
            },
            RawKind::Option => self.out.push_str(source.trim_end()),
            _ => {
                self.out.push_str(source);
                if let Some(newline) = source.rfind('\n') {
                    self.line_start = self.out.len() - (source.len() - newline - 1);
                }
            }
        }
    }

    /// Keeps brackets and place up to date; `hanging` is the line's indentation if the token is its last.
    fn follow(&mut self, token: Raw, hanging: Option<usize>) {
        let source = self.source(token);
        let depth = self.place.depth;
        self.place = self.place.after(token, source);
        if self.place.depth > depth {
            let column = self.column();
            self.brackets.push(match hanging {
                Some(indentation) => Bracket { content: indentation + HANGING, end: indentation },
                None => Bracket { content: column, end: column - 1 },
            });
        } else if self.place.depth < depth {
            self.brackets.pop();
        }
    }

    /// Whether a token would become another one without the white space before it, as the colons of `: :` would.
    fn would_merge(&self, line: &Line, at: usize) -> bool {
        let (before, token) = (line.tokens[at - 1], line.tokens[at]);
        if before.end == token.start {
            return false;
        }
        let run = &self.out[self.run_start..];
        let joined = format!("{run}{}", self.source(token));
        let mut scanner = Scanner::new(&joined);
        loop {
            let raw = scanner.next();
            if raw.end as usize == run.len() {
                let next = scanner.next();
                return next.kind != token.kind || next.end as usize != joined.len();
            }
            if raw.end as usize > run.len() {
                return true;
            }
        }
    }

    /// Whether white space stands between a token and the one before it.
    fn is_apart(&self, line: &Line, at: usize) -> bool {
        let (before, token) = (line.tokens[at - 1], line.tokens[at]);
        let (left, right) = (before.kind, token.kind);
        // Where the rules have nothing to say, tokens stand as they stood.
        let was_apart = before.end != token.start;
        if matches!(right, RawKind::LineComment | RawKind::BlockComment) || left == RawKind::BlockComment {
            return true;
        }
        if !was_apart && is_glued(left, right) {
            return false;
        }
        if self.place.braces || right == RawKind::Punct(b'{') && self.place.action != Action::Call {
            return was_apart;
        }
        let kind = |token: Raw| kind(token, self.source(token));
        match self.place.action {
            Action::None if self.place.time > 0 => time(kind(before), kind(token)),
            Action::None => time(kind(before), kind(token)) || was_apart && left == RawKind::Punct(b'}'),
            Action::Assert => assertion(left, right, was_apart),
            Action::Call => call(left, right, self.place, was_apart),
            Action::Packet if self.place.options => option(left, right, was_apart),
            Action::Packet if left == RawKind::Punct(b'}') && right != RawKind::Punct(b',') => was_apart,
            Action::Packet if self.place.fields => field(left, right, was_apart),
            Action::Packet => {
                let is_number = |token: Raw| matches!(kind(token), RawKind::Integer | RawKind::Hexadecimal);
                let sequence = at >= 2
                    && line.tokens[at - 2].kind == RawKind::Punct(b':')
                    && is_number(before)
                    && (at < 3 || is_number(line.tokens[at - 3]));
                let range = line.tokens.get(at + 1).is_some_and(|next| next.kind == RawKind::Punct(b'('));
                let udp = at >= 2 && line.tokens[at - 2].kind == RawKind::Punct(b'/');
                packet(kind(before), kind(token), Packet { was_apart, sequence, range, udp })
            }
            Action::Other => was_apart || !matches!(right, RawKind::Punct(_)),
        }
    }
}

/// Whether adjacent tokens are one word of the grammar: flags such as `P.`, `P.5` and `S.E`, names such as
/// `tcp.checksum`, `gen-34`, `exp-3f` and `voice-admit`.
fn is_glued(left: RawKind, right: RawKind) -> bool {
    use RawKind::{Float, Integer, Punct, Word};
    matches!((left, right), (Word, Punct(b'.' | b'-') | Float | Integer) | (Punct(b'.' | b'-') | Float | Integer, Word))
}

/// Between the tokens of a time, and before what the event does.
fn time(left: RawKind, right: RawKind) -> bool {
    use RawKind::{Ellipsis, Float, Integer, Punct};
    !matches!(
        (left, right),
        (Punct(b'+' | b'~') | Ellipsis, Integer | Float)
            | (Punct(b'~'), Punct(b'+'))
            | (Integer | Float, Ellipsis | Punct(b'~'))
    )
}

/// Between the tokens of an assertion.
fn assertion(left: RawKind, right: RawKind, was_apart: bool) -> bool {
    use RawKind::Punct;
    match (left, right) {
        (Punct(b'('), _) | (_, Punct(b')' | b',')) => false,
        (Punct(b','), _) => true,
        _ => was_apart,
    }
}

/// Between the tokens after `with`.
fn field(left: RawKind, right: RawKind, was_apart: bool) -> bool {
    use RawKind::Punct;
    match (left, right) {
        (Punct(b'('), _) | (_, Punct(b')' | b',' | b'=')) | (Punct(b'='), _) => false,
        (Punct(b','), _) => true,
        (Punct(_), _) | (_, Punct(_)) => was_apart,
        _ => true,
    }
}

/// Between the tokens of a system call.
fn call(left: RawKind, right: RawKind, place: Place, was_apart: bool) -> bool {
    use RawKind::{Ellipsis, Punct, String, Word};
    match (left, right) {
        (Punct(b'(' | b'[' | b'{'), _) => false,
        (_, Punct(b')' | b']' | b'}' | b',')) => false,
        (Punct(b','), _) => true,
        (_, Punct(b'|')) | (Punct(b'|'), _) => false,
        // `= result` of the call, `field=value` inside.
        (_, Punct(b'=')) => place.depth == 0 && !place.result,
        (Punct(b'='), _) => place.depth == 0,
        (String, Ellipsis) => false,
        // A note stands apart, a call's parentheses do not.
        (_, Punct(b'(')) => place.result && place.depth == 0 || left == Punct(b')'),
        (Word, Punct(b'[')) => true,
        (Punct(b')' | b']' | b'}'), _) => true,
        (Punct(_), _) | (_, Punct(_)) => was_apart,
        _ => true,
    }
}

/// Between the tokens of TCP options.
fn option(left: RawKind, right: RawKind, was_apart: bool) -> bool {
    use RawKind::{Ellipsis, Punct};
    match (left, right) {
        (Punct(b'<'), _) | (_, Punct(b'>' | b',' | b':' | b'!')) | (Punct(b',' | b':'), _) => false,
        (_, Ellipsis) => true,
        _ => was_apart,
    }
}

/// What surrounds the tokens of a packet.
struct Packet {
    was_apart: bool,
    /// The left token ends `start:end`.
    sequence: bool,
    /// A parenthesis follows the right token.
    range: bool,
    /// The left token follows a slash.
    udp: bool,
}

/// Between the tokens of a packet outside of its options.
fn packet(left: RawKind, right: RawKind, around: Packet) -> bool {
    use RawKind::{Ellipsis, Hexadecimal, Integer, Punct};
    let number = |kind| matches!(kind, Integer | Hexadecimal);
    match (left, right) {
        (Punct(b'(' | b'['), _) => false,
        (_, Punct(b')' | b']' | b',' | b'!' | b'?' | b':')) => false,
        (_, Punct(b'/')) | (Punct(b'/'), _) => false,
        (_, Punct(b'=')) | (Punct(b'='), _) => false,
        (Punct(b':'), _) if number(right) && around.range => false,
        (Punct(b':'), _) if number(right) => around.was_apart,
        (Ellipsis, Punct(b'(')) => false,
        (_, Punct(b'(')) => !around.sequence && !around.udp,
        (Punct(b'#'), _) => true,
        (_, Punct(b'#')) => false,
        _ => true,
    }
}
