//! A text's lines as tokens.

use crate::script::scanner::{Raw, RawKind, Scanner, note_length};

/// What stands on a line, as far as the layout cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// Begins an event: the first tokens are its time.
    Event {
        /// Tokens of the start time.
        time: usize,
    },
    /// An option, condition, untimed command, or comment outside of events.
    Margin,
    /// Goes on with an event.
    Continuation,
}

/// The tokens of one line; a token of several lines belongs to the line it starts on, with what follows it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) tokens: Vec<Raw>,
    pub(super) kind: LineKind,
}

/// What an event does, by its first token after the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing yet: the time is being read.
    None,
    Packet,
    Call,
    Assert,
    Other,
}

/// Where in an event a token stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) action: Action,
    /// Open brackets, those of TCP options not counted.
    pub(super) depth: usize,
    /// Between the `<` and `>` of TCP options.
    pub(super) options: bool,
    /// A call's result has begun.
    pub(super) result: bool,
    /// After the `with` of a packet.
    pub(super) fields: bool,
    /// Between the braces of what is worked out before parsing.
    pub(super) braces: bool,
    /// Tokens that are still the event's time.
    pub(super) time: usize,
}

impl Place {
    pub(super) const START: Place =
        Place { action: Action::None, depth: 0, options: false, result: false, fields: false, braces: false, time: 0 };

    /// The start of an event whose time has so many tokens.
    pub(super) fn event(time: usize) -> Place {
        Place { time, ..Place::START }
    }

    /// The place after a token.
    pub(super) fn after(mut self, token: Raw, source: &str) -> Place {
        if self.time > 0 {
            let braces = match token.kind {
                RawKind::Punct(b'{') => true,
                RawKind::Punct(b'}') => false,
                _ => self.braces,
            };
            return Place { time: self.time - 1, braces, ..self };
        }
        if self.action == Action::None {
            self.action = match token.kind {
                RawKind::Integer | RawKind::Float | RawKind::Ellipsis | RawKind::Punct(b'+' | b'~' | b'*') => {
                    Action::None
                }
                RawKind::LineComment | RawKind::BlockComment => Action::None,
                RawKind::Word if is_definition(source) => Action::None,
                RawKind::Punct(b'<' | b'>') => return Place { action: Action::Packet, ..self },
                RawKind::Word if source == "assert" => Action::Assert,
                RawKind::Word => Action::Call,
                _ => Action::Other,
            };
        }
        match token.kind {
            RawKind::Punct(b'{') if self.action != Action::Call => self.braces = true,
            RawKind::Punct(b'}') if self.braces => self.braces = false,
            // A note is one token.
            RawKind::Punct(b'(') if source.len() > 1 => {}
            RawKind::Punct(b'(' | b'[' | b'{') => self.depth += 1,
            RawKind::Punct(b')' | b']' | b'}') => self.depth = self.depth.saturating_sub(1),
            RawKind::Punct(b'=') if self.action == Action::Call && self.depth == 0 => self.result = true,
            RawKind::Punct(b'<') if self.action == Action::Packet && !self.fields => self.options = true,
            RawKind::Punct(b'>') => self.options = false,
            RawKind::Word if self.action == Action::Packet => match source {
                "with" => self.fields = true,
                "or" | "fragment" => self.fields = false,
                _ => {}
            },
            _ => {}
        }
        self
    }
}

/// Cuts a text into lines.
pub(super) struct Lines<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    next: Raw,
    /// Line on which the last token ended.
    ended: u32,
    place: Place,
    /// An event has begun.
    event: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut scanner = Scanner::new(text);
        let next = scanner.next();
        Lines { text, scanner, next, ended: 0, place: Place::START, event: false }
    }

    /// Takes a token. The next one is on the same line if it begins on the line on which this one ends.
    fn take(&mut self) -> Raw {
        let mut taken = self.next;
        let source = &self.text[taken.start as usize..];
        let width = match taken.kind {
            // An option's value is no token of the language: the line stays as it is.
            RawKind::Option => source.lines().next().map(|line| line.trim_end().len()),
            // Nor are parameters and the values of loops.
            RawKind::Hash if is_whole_line(&self.text[taken.start as usize..taken.end as usize]) => {
                source.lines().next().map(|line| line.trim_end().len())
            }
            // Nor are a note's words.
            RawKind::Punct(b'(') if self.place.result && self.place.depth == 0 => note_length(source),
            _ => None,
        };
        if let Some(width) = width {
            taken.end = taken.start + width as u32;
        }
        self.scanner.seek(taken.end, taken.line + lines_in(&source[..(taken.end - taken.start) as usize]));
        self.ended = self.scanner.line();
        self.next = self.scanner.next();
        self.place = self.place.after(taken, &self.text[taken.start as usize..taken.end as usize]);
        taken
    }

    /// The kind of a token, that of a number for the name of a definition.
    fn kind(&self, token: Raw) -> RawKind {
        kind(token, &self.text[token.start as usize..token.end as usize])
    }

    /// Tokens of a time in braces, with the sign before them.
    fn braced_time(&self) -> usize {
        let mut ahead = self.scanner.clone();
        ahead.seek(self.next.end, self.next.line);
        let mut tokens = 1;
        loop {
            let token = ahead.next();
            tokens += 1;
            match token.kind {
                RawKind::Punct(b'}') => return tokens,
                RawKind::End => return 2,
                _ if token.line != self.next.line => return 2,
                _ => {}
            }
        }
    }

    /// The kind of the line that the next token begins.
    fn classify(&self) -> LineKind {
        let mut ahead = self.scanner.clone();
        ahead.seek(self.next.end, self.next.line);
        let second = match ahead.next() {
            second if second.line == self.next.line => self.kind(second),
            _ => RawKind::End,
        };
        let inside = self.event && (self.place.depth > 0 || self.place.action == Action::None);
        match self.next.kind {
            RawKind::Hash | RawKind::Option => LineKind::Margin,
            _ if inside => LineKind::Continuation,
            RawKind::LineComment | RawKind::BlockComment | RawKind::Command => LineKind::Margin,
            RawKind::Punct(b'+') if matches!(second, RawKind::Integer | RawKind::Float) => LineKind::Event { time: 2 },
            RawKind::Punct(b'+') if second == RawKind::Punct(b'{') => LineKind::Event { time: self.braced_time() },
            RawKind::Punct(b'*') => LineKind::Event { time: 1 },
            // `1:1(0)` and `1)` go on with an event.
            RawKind::Integer | RawKind::Float if !matches!(second, RawKind::Punct(octet) if !matches!(octet, b'<' | b'>' | b'~')) => {
                LineKind::Event { time: 1 }
            }
            _ => LineKind::Continuation,
        }
    }
}

/// The kind of a token, that of a number for the name of a definition: it mostly stands for one.
pub(super) fn kind(token: Raw, source: &str) -> RawKind {
    if token.kind == RawKind::Word && is_definition(source) { RawKind::Integer } else { token.kind }
}

/// Whether a word is written as names of definitions are. Those of one letter would look like TCP flags.
fn is_definition(word: &str) -> bool {
    let is_part = |octet: u8| octet.is_ascii_uppercase() || octet.is_ascii_digit() || octet == b'_';
    word.len() > 1 && word.as_bytes()[0].is_ascii_uppercase() && word.bytes().all(is_part)
}

/// Whether what follows a word that begins with `#` stays as it is.
fn is_whole_line(word: &str) -> bool {
    matches!(word, "#include" | "#for")
}

fn lines_in(source: &str) -> u32 {
    source.bytes().filter(|b| *b == b'\n').count() as u32
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        if self.next.kind == RawKind::End {
            return None;
        }
        // Empty lines stand for one.
        if self.next.line > self.ended + 1 {
            self.ended = self.next.line - 1;
            return Some(Line { tokens: Vec::new(), kind: LineKind::Margin });
        }
        let kind = self.classify();
        match kind {
            LineKind::Event { time } => (self.place, self.event) = (Place::event(time), true),
            LineKind::Continuation => {}
            LineKind::Margin => (self.place, self.event) = (Place { action: Action::Other, ..Place::START }, false),
        }
        let mut tokens = vec![self.take()];
        while self.next.kind != RawKind::End && self.next.line == self.ended {
            tokens.push(self.take());
        }
        Some(Line { tokens, kind })
    }
}
