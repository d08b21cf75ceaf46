//! Whether an answer is one of those that a dialogue allows.

use super::answer::{Answer, Content};
use crate::dialogue::framing::dns::{Flag, Name};
use crate::dialogue::framing::imap;
use crate::dialogue::tree::{Alternative, Comparison, Detail, EnhancedPattern, Head, Quantity, Test};
use crate::dialogue::{Captures, Text, print_answer, print_detail};
use crate::engine::outcome::Difference;

/// Why an answer is not what an alternative allows.
#[derive(Debug, Default)]
pub(super) struct Mismatch {
    pub differences: Vec<Difference>,
    /// Only its form is wrong.
    pub is_form: bool,
}

/// What a dialogue asks for cannot be judged: a name has no value, or an expression is none.
#[derive(Debug)]
pub(super) struct Unjudgeable(pub String);

type Judged<T> = Result<T, Unjudgeable>;

/// What the named groups of an expression found.
type Groups = Vec<(String, Vec<u8>)>;

/// Holds an answer against one alternative; gives what is known after it.
///
/// # Errors
/// The dialogue is at fault.
pub(super) fn judge(
    alternative: &Alternative,
    answer: &Answer,
    captures: &Captures,
) -> Judged<Result<Captures, Mismatch>> {
    let mut matching = Matching { known: captures.clone(), differences: Vec::new() };
    matching.head(&alternative.head, answer)?;
    matching.details(&alternative.details, |part, arguments| answer.values(part, arguments))?;
    let Matching { known, mut differences } = matching;
    let is_form = differences.is_empty();
    let may_be_malformed = alternative.details.iter().any(|d| d.part == "malformed" && d.quantity == Quantity::Some);
    if !may_be_malformed {
        for defect in answer.defects().iter() {
            let (expected, actual) = ("well-formed".to_owned(), defect.to_string());
            differences.push(Difference { field: "form".to_owned(), expected, actual });
        }
    }
    Ok(if differences.is_empty() { Ok(known) } else { Err(Mismatch { differences, is_form }) })
}

/// Holds the items that a check gave against its details; gives what is known after it.
///
/// # Errors
/// The dialogue is at fault.
pub(super) fn judge_items(
    details: &[Detail],
    items: &[Vec<u8>],
    captures: &Captures,
) -> Judged<Result<Captures, Mismatch>> {
    let mut matching = Matching { known: captures.clone(), differences: Vec::new() };
    let lines = || {
        let lines = items.iter().flat_map(|item| item.split(|octet| *octet == b'\n'));
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
    };
    if items.is_empty() && details.iter().all(|detail| detail.quantity == Quantity::Some) {
        matching.differ("items", "one or more", "none");
    }
    matching.details(details, |part, _| if part == "content" { items.to_vec() } else { lines() })?;
    let Matching { known, differences } = matching;
    Ok(if differences.is_empty() { Ok(known) } else { Err(Mismatch { differences, is_form: false }) })
}

struct Matching {
    known: Captures,
    differences: Vec<Difference>,
}

impl Matching {
    fn differ(&mut self, field: &str, expected: impl Into<String>, actual: impl Into<String>) {
        self.differences.push(Difference { field: field.to_owned(), expected: expected.into(), actual: actual.into() });
    }

    fn head(&mut self, head: &Head, answer: &Answer) -> Judged<()> {
        match (head, &answer.content) {
            (Head::Anything | Head::Mail, _) => {}
            (Head::Reply(code, enhanced, test), Content::Reply(reply)) => {
                let text = |code: Option<u16>| code.map_or("none".to_owned(), |code| format!("{code:03}"));
                if !reply.code.is_some_and(|found| code.matches(found)) {
                    self.differ("code", print_answer(head).split(' ').next().unwrap_or_default(), text(reply.code));
                }
                let found = reply.enhanced_code();
                let mut texts: Vec<&[u8]> = reply.lines.iter().map(Vec::as_slice).collect();
                if let Some(EnhancedPattern(pattern)) = enhanced {
                    let fits = found.is_some_and(|code| {
                        let parts = [code.class, code.subject, code.detail];
                        pattern.iter().zip(parts).all(|(wanted, part)| wanted.is_none_or(|wanted| wanted == part))
                    });
                    if !fits {
                        let actual = found.map(|code| format!("{}.{}.{}", code.class, code.subject, code.detail));
                        let wanted = print_answer(head).split(' ').nth(1).unwrap_or_default().to_owned();
                        self.differ("enhanced code", wanted, actual.unwrap_or("none".to_owned()));
                    }
                    // What is tested is the text behind it.
                    for text in &mut texts {
                        *text = behind_word(text);
                    }
                }
                self.text(test.as_ref(), &texts)?;
            }
            (Head::Status(is_ok, is_multi_line, test), Content::Status(response)) => {
                let name = |is_ok: Option<bool>| match is_ok {
                    Some(true) => "+OK",
                    Some(false) => "-ERR",
                    None => "neither +OK nor -ERR",
                };
                if response.is_ok != Some(*is_ok) {
                    self.differ("status", name(Some(*is_ok)), name(response.is_ok));
                } else if *is_multi_line && response.lines.is_none() {
                    self.differ("status", "several lines", "one line");
                }
                self.text(test.as_ref(), &[&response.text])?;
            }
            (Head::Tagged(tag, condition, test), Content::Responses(found)) => {
                let tag = self.octets(tag)?;
                let last = found.last.as_ref();
                let is_tagged = last.is_some_and(|last| last.kind == imap::Kind::Tagged(tag.clone()));
                if !is_tagged {
                    self.differ("response", format!("one with the tag {}", lossy(&tag)), answer.summary());
                } else if let Some(last) = last.filter(|last| last.name() != *condition) {
                    self.differ("condition", condition.as_str(), last.name());
                }
                self.text(test.as_ref(), &[last.map(|last| behind_word(&last.text)).unwrap_or_default()])?;
            }
            (Head::Untagged(name, test), Content::Responses(found)) => {
                let last = found.last.as_ref().filter(|last| last.kind == imap::Kind::Untagged);
                if !last.is_some_and(|last| last.name().eq_ignore_ascii_case(name)) {
                    self.differ("response", format!("* {name}"), answer.summary());
                }
                self.text(test.as_ref(), &[last.map(|last| behind_word(&last.text)).unwrap_or_default()])?;
            }
            (Head::Continuation(test), Content::Responses(found)) => {
                let last = found.last.as_ref().filter(|last| last.kind == imap::Kind::Continuation);
                if last.is_none() {
                    self.differ("response", "+", answer.summary());
                }
                self.text(test.as_ref(), &[last.map(|last| last.text.as_slice()).unwrap_or_default()])?;
            }
            (Head::Response(code, _), Content::Response { last, .. }) => {
                if !last.status.is_some_and(|status| code.matches(status)) {
                    let found = last.status.map_or("none".to_owned(), |status| status.to_string());
                    self.differ("status", print_answer(head).split(' ').nth(1).unwrap_or_default(), found);
                }
            }
            (Head::Rcode(rcode), Content::Dns(message)) => {
                if !message.has(Flag(1 << 15)) {
                    self.differ("flag qr", "set, as of every response", "not set");
                }
                if message.rcode() != *rcode {
                    self.differ("RCODE", rcode.to_string(), message.rcode().to_string());
                }
            }
            (Head::Command(name, test), Content::Command(input)) => {
                let line = input.lines.first().map(Vec::as_slice).unwrap_or_default();
                let word = line.split(|octet| *octet == b' ').next().unwrap_or_default();
                if !word.eq_ignore_ascii_case(name.as_bytes()) {
                    self.differ("command", name.as_str(), lossy(word));
                }
                self.text(test.as_ref(), &[behind_word(line)])?;
            }
            (Head::Request(method, test), Content::Request(request)) => {
                if request.method != method.as_bytes() {
                    self.differ("method", method.as_str(), lossy(&request.method));
                }
                self.text(test.as_ref(), &[&request.target])?;
            }
            (Head::Query(name, kind), Content::Dns(message)) => {
                if message.has(Flag(1 << 15)) {
                    self.differ("flag qr", "not set, as of every query", "set");
                }
                let name = match name {
                    Some(name) => Some(lossy(&self.octets(name)?)),
                    None => None,
                };
                let wanted = name.as_deref().map(Name::from_text);
                let fits = message.questions.iter().any(|asked| {
                    wanted.as_ref().is_none_or(|wanted| wanted.as_ref() == Ok(&asked.name))
                        && kind.is_none_or(|kind| kind == asked.kind)
                });
                if wanted.is_some() && !fits {
                    self.differ("question", print_answer(head).trim_start_matches("query "), answer.summary());
                }
            }
            _ => self.differ("answer", print_answer(head), answer.summary()),
        }
        Ok(())
    }

    /// A test behind a head: it must hold of one of the texts.
    fn text(&mut self, test: Option<&Test>, texts: &[&[u8]]) -> Judged<()> {
        let Some(test) = test else { return Ok(()) };
        for text in texts {
            if let Some(groups) = self.holds(test, text)? {
                self.known.extend(groups);
                return Ok(());
            }
        }
        let shown = texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
        let wanted = self.wanted(test);
        self.differ("text", wanted, shown);
        Ok(())
    }

    fn details(&mut self, details: &[Detail], values: impl Fn(&str, &[Vec<u8>]) -> Vec<Vec<u8>>) -> Judged<()> {
        for detail in details.iter().filter(|detail| detail.part != "malformed") {
            let mut arguments = Vec::with_capacity(detail.arguments.len());
            for argument in &detail.arguments {
                arguments.push(self.octets(argument)?);
            }
            let all = values(&detail.part, &arguments);
            let mut fitting = Vec::new();
            for value in &all {
                match &detail.test {
                    None => fitting.push((value, Vec::new())),
                    Some(test) => fitting.extend(self.holds(test, value)?.map(|groups| (value, groups))),
                }
            }
            let is_met = match detail.quantity {
                Quantity::Some => !fitting.is_empty(),
                Quantity::No => fitting.is_empty(),
                Quantity::Count(comparison, count) => compare(fitting.len() as u64, comparison, count),
            };
            if !is_met {
                let actual = match detail.quantity {
                    Quantity::Count(..) => format!("{} of them", fitting.len()),
                    Quantity::No => fitting.first().map_or(String::new(), |(value, _)| there_is(value)),
                    Quantity::Some if all.is_empty() => "there is none".to_owned(),
                    Quantity::Some => {
                        let more = if all.len() > 3 { format!(" and {} more", all.len() - 3) } else { String::new() };
                        all.iter().take(3).map(|value| quoted(value)).collect::<Vec<_>>().join(", ") + &more
                    }
                };
                let field = [&[lossy(detail.part.as_bytes())], &*lossy_all(&arguments)].concat().join(" ");
                self.differ(&field, print_detail(detail), actual);
            } else if let Some((value, groups)) = fitting.into_iter().next()
                && detail.quantity == Quantity::Some
            {
                let value = value.clone();
                self.known.extend(groups);
                self.known.extend(detail.capture.clone().map(|name| (name, value)));
            }
        }
        Ok(())
    }

    /// What the named groups of a test found in a value; none if the test does not hold.
    fn holds(&self, test: &Test, value: &[u8]) -> Judged<Option<Groups>> {
        match test {
            Test::Is(text) => Ok((self.octets(text)? == value).then(Vec::new)),
            Test::Matches(expression) => {
                let expression = crate::dialogue::regular_expression(expression)
                    .map_err(|error| Unjudgeable(format!("the regular expression is none: {error}")))?;
                let Some(found) = expression.captures(value) else { return Ok(None) };
                let named = expression.capture_names().flatten();
                let groups = named.filter_map(|name| Some((name.to_owned(), found.name(name)?.as_bytes().to_vec())));
                Ok(Some(groups.collect()))
            }
            Test::Compares(comparison, number) => {
                let wanted = self.octets(number)?;
                let wanted = parsed(&wanted)
                    .ok_or_else(|| Unjudgeable(format!("`{}` is no number to compare with", lossy(&wanted))))?;
                Ok(parsed(value).filter(|value| compare(*value, *comparison, wanted)).map(|_| Vec::new()))
            }
        }
    }

    fn octets(&self, text: &Text) -> Judged<Vec<u8>> {
        text.octets(&self.known).map_err(|name| Unjudgeable(format!("`{name}` has no value: nothing captured it")))
    }

    fn wanted(&self, test: &Test) -> String {
        match test {
            Test::Is(text) => text.octets(&self.known).map_or_else(|name| name, |octets| quoted(&octets)),
            Test::Matches(expression) => format!("/{expression}/"),
            Test::Compares(comparison, number) => {
                let number = number.octets(&self.known).unwrap_or_default();
                format!("{} {}", comparison.sign(), lossy(&number))
            }
        }
    }
}

fn compare(value: u64, comparison: Comparison, wanted: u64) -> bool {
    match comparison {
        Comparison::Equal => value == wanted,
        Comparison::NotEqual => value != wanted,
        Comparison::Less => value < wanted,
        Comparison::AtMost => value <= wanted,
        Comparison::More => value > wanted,
        Comparison::AtLeast => value >= wanted,
    }
}

fn parsed(octets: &[u8]) -> Option<u64> {
    std::str::from_utf8(octets).ok()?.trim().parse().ok()
}

/// What follows the first word and its space.
fn behind_word(text: &[u8]) -> &[u8] {
    text.iter().position(|octet| *octet == b' ').map_or(&[], |space| &text[space + 1..])
}

fn there_is(value: &[u8]) -> String {
    if value.is_empty() { "there is one".to_owned() } else { quoted(value) }
}

/// As a dialogue writes a text, shortened.
fn quoted(octets: &[u8]) -> String {
    let shown = &octets[..octets.len().min(80)];
    let more = if shown.len() < octets.len() { "..." } else { "" };
    format!("{}{more}", Text::from_octets(shown).as_string())
}

fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn lossy_all(all: &[Vec<u8>]) -> Vec<String> {
    all.iter().map(|octets| lossy(octets)).collect()
}
