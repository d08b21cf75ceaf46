//! Lines to steps. What is wrong with a line is told, and parsing goes on with the next.

mod answer;
mod detail;
mod message;

pub(super) use answer::is_event;
pub(super) use message::number;

use std::sync::Arc;

use super::directives;
use super::expand::expand;
use super::lines::{Classifier, Kind};
use super::text::{Text, Wrong};
use super::tree::{Act, Action, Check, Connect, Dialogue, Line, Over, Party, Protocol, Seconds, Step};
use super::words::{Word, WordKind, words};
use crate::text::suggest::did_you_mean;
use crate::text::{Case, Diagnostic, Diagnostics, Includes, NoIncludes, Span};

/// Errors after which parsing stops: what comes then is noise.
const MOST_ERRORS: usize = 50;

/// A dialogue's text with all that decides what it stands for.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What the dialogue is called in messages; paths of `#include` begin in its folder.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Definitions from outside: names and values.
    pub definitions: &'a [(String, String)],
    /// The case that it is read for, if it has cases.
    pub case: Option<&'a Case>,
    /// Where included files come from.
    pub includes: &'a dyn Includes,
}

impl<'a> Input<'a> {
    /// A text that stands alone.
    pub fn new(text: &'a str) -> Self {
        Input { name: "the dialogue", text, definitions: &[], case: None, includes: &NoIncludes }
    }

    /// Parses the dialogue and all that it includes.
    ///
    /// # Errors
    /// All that was found wrong, in order of place.
    pub fn parse(&self) -> Result<Dialogue, Diagnostics> {
        if u32::try_from(self.text.len()).is_err() {
            let message = "the dialogue is larger than 4 GiB";
            return Err(vec![Diagnostic::error("parse::size", Span::default(), message, "it starts here")]);
        }
        let expanded = expand(self.name, self.text, self.definitions, self.case, self.includes);
        if !expanded.diagnostics.is_empty() {
            return Err(expanded.diagnostics);
        }
        let mut parser = Parser::new(&expanded.text);
        parser.lines();
        parser.finish();
        let Parser { mut dialogue, mut diagnostics, .. } = parser;
        if diagnostics.is_empty() {
            dialogue.sources = (expanded.text != self.text).then(|| Arc::new(expanded.sources));
            return Ok(dialogue);
        }
        expanded.sources.resolve(&mut diagnostics);
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        Err(diagnostics)
    }
}

/// A rule failed and has said why.
struct Failed;

type Fallible<T> = Result<T, Failed>;

struct Parser<'a> {
    text: &'a str,
    classifier: Classifier,
    dialogue: Dialogue,
    diagnostics: Diagnostics,
    /// The step that details and alternatives belong to could not be read: they are not judged.
    is_lost: bool,
    has_protocol: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let classifier = Classifier::new(text);
        let dialogue = Dialogue { role: classifier.role, ..Dialogue::default() };
        Parser { text, classifier, dialogue, diagnostics: Vec::new(), is_lost: false, has_protocol: false }
    }

    fn lines(&mut self) {
        let mut start = 0;
        for (number, whole) in self.text.split_inclusive('\n').enumerate() {
            let line = whole.strip_suffix('\n').unwrap_or(whole);
            let line = line.strip_suffix('\r').unwrap_or(line);
            if self.diagnostics.len() >= MOST_ERRORS {
                return;
            }
            let kind = self.classifier.kind(line);
            if !matches!(kind, Kind::Blank | Kind::Comment | Kind::Detail(_) | Kind::Or(_)) {
                self.is_lost = false;
            }
            // Why it failed was reported.
            self.is_lost |= self.line(line, kind, start, number as u32 + 1).is_err();
            start += whole.len();
        }
    }

    fn finish(&mut self) {
        let whole = Span { start: 0, end: 0 };
        let has_errors = !self.diagnostics.is_empty();
        if self.dialogue.steps.is_empty() && !has_errors {
            self.report(
                Diagnostic::error("parse::empty", whole, "the dialogue has no step", "expected a line of `C:` or `S:`")
                    .help("the least dialogue is `S: 220`"),
            );
        } else if !self.has_protocol && !has_errors {
            self.report(
                Diagnostic::error("parse::protocol", whole, "the dialogue names no protocol", "expected a directive")
                    .help("write `//@ protocol: smtp` at the top, or http, dns, pop3, imap"),
            );
        }
        self.diagnostics.extend(directives::TABLE.repeated(&self.dialogue.directives));
    }

    fn line(&mut self, line: &str, kind: Kind, start: usize, number: u32) -> Fallible<()> {
        let trimmed = line.trim();
        let begin = start + (line.len() - line.trim_start().len());
        let span = Span { start: begin as u32, end: (begin + trimmed.len()) as u32 };
        let rest = |from: usize| (&line[from..], (start + from) as u32);
        let action = match kind {
            Kind::Blank | Kind::Preparation => return Ok(()),
            Kind::Comment => return self.comment(trimmed, span),
            Kind::Detail(from) => {
                let (rest, at) = rest(from);
                return self.detail(rest, at, span);
            }
            Kind::Or(from) => {
                let (rest, at) = rest(from);
                return self.alternative(rest, at, span);
            }
            Kind::Command => {
                let inner = trimmed.strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
                match inner.filter(|inner| !inner.is_empty() && !inner.contains('`')) {
                    Some(inner) => Action::Command(inner.to_owned()),
                    None => {
                        return self.fail(
                            span,
                            "this is no command",
                            "expected `` `command` `` and nothing else",
                            None,
                        );
                    }
                }
            }
            Kind::Spoken(party, from) => {
                let (rest, at) = rest(from);
                Action::Say(party, self.spoken(rest, at)?)
            }
            Kind::Sent(party, from) => {
                let words = self.words(rest(from))?;
                Action::Send(party, self.message(&words, span)?)
            }
            Kind::Answer(party, from) => {
                let words = self.words(rest(from))?;
                Action::Expect(party, self.alternatives(&words, party, true, span)?)
            }
            Kind::Event(party, from) => {
                let words = self.words(rest(from))?;
                if self.classifier.is_target(party) {
                    Action::Expect(party, self.alternatives(&words, party, false, span)?)
                } else {
                    Action::Act(party, self.act(&words, span)?)
                }
            }
            Kind::Do(from) => {
                let words = self.words(rest(from))?;
                let (name, arguments) = self.named(&words, span, "do")?;
                Action::Do(name, arguments)
            }
            Kind::Check(from) => {
                let words = self.words(rest(from))?;
                let (rest, time) = self.time(&words, &["within"])?;
                let (name, arguments) = self.named(rest, span, "check")?;
                Action::Check(Check { name, arguments, time, details: Vec::new() })
            }
            Kind::Unknown => return self.unknown(line, span),
        };
        self.dialogue.steps.push(Step { action, span, line: number });
        Ok(())
    }

    fn comment(&mut self, trimmed: &str, span: Span) -> Fallible<()> {
        let Some(directive) = trimmed.strip_prefix("//@") else { return Ok(()) };
        match directives::TABLE.parse(directive, span.start + 3) {
            Ok(directive) => {
                self.has_protocol |= directive.key.node == "protocol";
                self.dialogue.directives.push(directive);
            }
            Err(diagnostic) => self.report(diagnostic),
        }
        Ok(())
    }

    /// The text of a line: a backslash at its end takes its CRLF away.
    fn spoken(&mut self, source: &str, start: u32) -> Fallible<Line> {
        let backslashes = source.bytes().rev().take_while(|octet| *octet == b'\\').count();
        let has_crlf = backslashes % 2 == 0;
        let source = if has_crlf { source } else { &source[..source.len() - 1] };
        if source.ends_with([' ', '\t']) {
            let end = start + source.len() as u32;
            let span = Span { start: start + source.trim_end().len() as u32, end };
            let help = "write `\\x20` for a space at the end of a line, which nobody sees";
            return self.fail(span, "the text ends with white space", "here", Some(help.to_owned()));
        }
        let text = self.read(Text::parse(source, start))?;
        Ok(Line { text, has_crlf })
    }

    /// `do NAME TEXT...`, `check NAME TEXT...`.
    fn named(&mut self, words: &[Word<'_>], span: Span, what: &str) -> Fallible<(String, Vec<Text>)> {
        let Some((name, arguments)) = words.split_first().filter(|(name, _)| is_name(name)) else {
            let help = format!("write `{what} NAME \"TEXT\" ...`; the target's definition says what the name does");
            return self.fail(span, format!("`{what}` needs a name"), "here", Some(help));
        };
        let mut texts = Vec::new();
        for argument in arguments {
            texts.push(self.read(argument.text())?);
        }
        Ok((name.source.to_owned(), texts))
    }

    /// What the tester does to a connection.
    fn act(&mut self, words: &[Word<'_>], span: Span) -> Fallible<Act> {
        const ACTS: [&str; 7] = ["closes", "half-closes", "resets", "vanishes", "waits", "connects", "starts"];
        let sources: Vec<&str> = words.iter().map(|word| word.source).collect();
        match sources[..] {
            ["closes"] => Ok(Act::Close),
            ["half-closes"] => Ok(Act::HalfClose),
            ["resets"] => Ok(Act::Reset),
            ["vanishes"] => Ok(Act::Vanish),
            ["starts", "TLS"] => Ok(Act::StartTls),
            ["waits", _] => Ok(Act::Wait(self.seconds(&words[1])?)),
            ["connects", ..] => self.connect(&words[1..], span).map(Act::Connect),
            _ => {
                let first = sources.first().copied().unwrap_or_default();
                let near = did_you_mean(first, ACTS).filter(|_| !ACTS.contains(&first));
                let help = near.unwrap_or_else(|| {
                    "it `connects`, `closes`, `half-closes`, `resets`, `vanishes`, `waits 0.5` or `starts TLS`; \
                     what it says follows a colon"
                        .to_owned()
                });
                self.fail(span, "this is nothing that the tester does", "here", Some(help))
            }
        }
    }

    fn connect(&mut self, words: &[Word<'_>], span: Span) -> Fallible<Connect> {
        let mut connect = Connect::default();
        let mut rest = words;
        while !rest.is_empty() {
            let [what, value, ..] = rest else { return self.bad_connect(span) };
            let mut taken = 2;
            match (what.source, value.source, rest.get(2)) {
                ("over", "tcp", _) if connect.over.is_none() => connect.over = Some(Over::Tcp),
                ("over", "udp", _) if connect.over.is_none() => connect.over = Some(Over::Udp),
                ("over", "tls", _) if connect.over.is_none() => connect.over = Some(Over::Tls),
                ("with", name, _) if connect.protocol.is_none() => {
                    let known = Protocol::NAMES.iter().find(|(known, _)| *known == name);
                    match known {
                        Some((_, protocol)) => connect.protocol = Some(*protocol),
                        None => return self.bad_connect(value.span),
                    }
                }
                ("to", "port", Some(port)) if connect.port.is_none() => {
                    connect.port = Some(self.read(port.text())?);
                    taken = 3;
                }
                ("as", "client", Some(number)) if connect.client.is_none() => {
                    match number.source.parse().ok().filter(|number| (1..=200).contains(number)) {
                        Some(number) => connect.client = Some(number),
                        None => return self.bad_connect(number.span),
                    }
                    taken = 3;
                }
                _ => return self.bad_connect(what.span),
            }
            rest = &rest[taken..];
        }
        Ok(connect)
    }

    fn bad_connect<T>(&mut self, span: Span) -> Fallible<T> {
        let help = "after `connects` stand, once each, `with PROTOCOL`, `over tcp`, `udp` or `tls`, `to port NUMBER`, \
                    `as client NUMBER` (1 to 200)";
        self.fail(span, "a connection cannot be opened like this", "here", Some(help.to_owned()))
    }

    fn unknown(&mut self, line: &str, span: Span) -> Fallible<()> {
        let word = line.split_whitespace().next().unwrap_or_default();
        let help = if word.starts_with(['c', 's']) && word.ends_with(':') {
            "the parties are `C` and `S`, in capitals".to_owned()
        } else if matches!(word.trim_end_matches(':'), "C1" | "S1") {
            "the first connection has no number: write `C` and `S`".to_owned()
        } else {
            "a step is `C: ...`, `S: ...`, `C closes`, `or ...`, `do ...`, `check ...` or a `` `command` ``; what belongs \
             to the step before is indented"
                .to_owned()
        };
        self.fail(span, format!("`{word}` begins no step"), "expected a step", Some(help))
    }
}

/// What several rules need.
impl Parser<'_> {
    fn words<'l>(&mut self, (source, start): (&'l str, u32)) -> Fallible<Vec<Word<'l>>> {
        self.read(words(source, start))
    }

    /// `within 5` or the like at the end of a line; gives what stands before it.
    fn time<'w, 'l>(&mut self, words: &'w [Word<'l>], marks: &[&str]) -> Fallible<(&'w [Word<'l>], Option<Seconds>)> {
        match words {
            [rest @ .., mark, value] if marks.iter().any(|known| mark.is(known)) => {
                let seconds = self.seconds(value)?;
                Ok((rest, Some(seconds)))
            }
            [.., mark] if marks.iter().any(|known| mark.is(known)) => {
                let help = format!("write `{} 5`", mark.source);
                self.fail(mark.span, format!("`{}` needs a time", mark.source), "no seconds follow", Some(help))
            }
            _ => Ok((words, None)),
        }
    }

    fn seconds(&mut self, word: &Word<'_>) -> Fallible<Seconds> {
        let (whole, part) = word.source.split_once('.').unwrap_or((word.source, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || whole.len() > 6 || part.len() > 6 {
            let message = format!("`{}` is no time", word.source);
            return self.fail(word.span, message, "expected seconds, such as 5 or 0.25", None);
        }
        Ok(Seconds(word.source.to_owned()))
    }

    fn read<T>(&mut self, result: Result<T, Wrong>) -> Fallible<T> {
        result.or_else(|(span, message, help)| self.fail(span, message, "here", help))
    }

    fn fail<T>(
        &mut self,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) -> Fallible<T> {
        self.report(Diagnostic::error("dialogue::line", span, message, label).maybe_help(help));
        Err(Failed)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The protocol of what a party says.
    fn protocol(&self, party: Party) -> Protocol {
        self.classifier.protocol_of(party)
    }
}

fn is_name(word: &Word<'_>) -> bool {
    word.kind == WordKind::Plain
        && word.source.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
