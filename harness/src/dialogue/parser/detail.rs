//! Indented lines: what must hold of the parts of an answer, and the fields of a message to send.

use super::{Fallible, Parser};
use crate::dialogue::framing::dns::{Flag, Name};
use crate::dialogue::parts::{KnownPart, TestOf, part_of, parts_of};
use crate::dialogue::text::{Text, is_name};
use crate::dialogue::tree::{Action, Comparison, Detail, Head, Quantity, Test};
use crate::dialogue::words::{Word, WordKind};
use crate::text::Span;
use crate::text::suggest::did_you_mean;

impl Parser<'_> {
    pub(super) fn detail(&mut self, rest: &str, start: u32, span: Span) -> Fallible<()> {
        if self.is_lost {
            return Ok(());
        }
        let words = self.words((rest, start))?;
        let first = words.first().map_or("", |word| word.source);
        let found = match self.dialogue.steps.last().map(|step| &step.action) {
            Some(Action::Send(..)) => {
                let field = self.field(&words, span)?;
                let Some(Action::Send(_, message)) = self.dialogue.steps.last_mut().map(|step| &mut step.action) else {
                    return Ok(());
                };
                message.fields.push(field);
                Ok(())
            }
            Some(Action::Expect(party, alternatives)) => {
                let is_answer = alternatives.last().is_some_and(|last| !super::answer::is_event(&last.head));
                let is_mail = alternatives.last().is_some_and(|last| last.head == Head::Mail);
                let protocol = self.protocol(*party);
                if !is_answer {
                    Err("what becomes of a connection has no parts")
                } else {
                    let known = part_of(protocol, first_part(&words));
                    let known = known.filter(|part| is_mail || !is_of_mail(part, protocol));
                    let names: Vec<_> = parts_of(protocol)
                        .filter(|part| is_mail || !is_of_mail(part, protocol))
                        .map(|part| part.name)
                        .collect();
                    let detail = self.part(&words, known, &names, span)?;
                    if let Some(Action::Expect(_, all)) = self.dialogue.steps.last_mut().map(|step| &mut step.action)
                        && let Some(last) = all.last_mut()
                    {
                        last.details.push(detail);
                    }
                    Ok(())
                }
            }
            Some(Action::Check(_)) => {
                let names = ["line", "content"];
                let name = names.into_iter().find(|name| *name == first_part(&words));
                let known = name.and_then(|name| part_of(crate::dialogue::tree::Protocol::Smtp, name));
                let detail = self.part(&words, known, &names, span)?;
                if let Some(Action::Check(check)) = self.dialogue.steps.last_mut().map(|step| &mut step.action) {
                    check.details.push(detail);
                }
                Ok(())
            }
            _ => Err("this line is indented and belongs to nothing"),
        };
        if let Err(message) = found {
            let help = if first.ends_with(':') {
                "a step begins at the start of its line"
            } else {
                "only answers, requests, checks and DNS messages have parts"
            };
            return self.fail(span, message, "here", Some(help.to_owned()));
        }
        if let Some(step) = self.dialogue.steps.last_mut() {
            step.span = step.span.to(span);
        }
        Ok(())
    }

    /// `[no] PART [ARGUMENT...] [TEST] [as NAME]`, `count PART [ARGUMENT...] [TEST] = 2`.
    fn part(
        &mut self,
        words: &[Word<'_>],
        known: Option<&'static KnownPart>,
        names: &[&'static str],
        span: Span,
    ) -> Fallible<Detail> {
        let (is_no, is_count) =
            (words.first().is_some_and(|w| w.is("no")), words.first().is_some_and(|w| w.is("count")));
        let mut rest = if is_no || is_count { &words[1..] } else { words };
        let Some(part) = known else {
            let place = rest.first().map_or(span, |word| word.span);
            let name = rest.first().map_or("", |word| word.source);
            let help = did_you_mean(name, names.iter().copied()).unwrap_or_else(|| {
                let all: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("the parts are {}", all.join(", "))
            });
            return self.fail(place, format!("there is no part `{name}` here"), "unknown part", Some(help));
        };
        rest = &rest[1..];
        let mut quantity = if is_no { Quantity::No } else { Quantity::Some };
        if is_count {
            match rest {
                [before @ .., sign, number] if part.countable && comparison(sign).is_some() => {
                    let comparison = comparison(sign).unwrap_or(Comparison::Equal);
                    let Ok(count) = number.source.parse::<u32>() else {
                        let message = format!("`{}` is no number", number.source);
                        return self.fail(number.span, message, "expected a number", None);
                    };
                    quantity = Quantity::Count(comparison, count.into());
                    rest = before;
                }
                _ => {
                    let help = if part.countable {
                        format!("write `count {} {} = 2`", part.name, part.shape).replace("  ", " ")
                    } else {
                        format!("there is one `{}` at most", part.name)
                    };
                    return self.fail(span, format!("`{}` is not counted like this", part.name), "here", Some(help));
                }
            }
        }
        let capture = match rest {
            [before @ .., mark, name] if mark.is("as") => {
                if !is_name(name.source) || quantity != Quantity::Some {
                    let help = "write `as NAME` behind a part that must be there".to_owned();
                    return self.fail(name.span, "this captures nothing", "here", Some(help));
                }
                rest = before;
                Some(name.source.to_owned())
            }
            _ => None,
        };
        let end = rest.iter().position(|word| word.kind != WordKind::Plain || comparison(word).is_some());
        let (arguments, tests) = rest.split_at(end.unwrap_or(rest.len()));
        if !(part.arguments.0..=part.arguments.1).contains(&arguments.len()) {
            let place = arguments.get(part.arguments.1).map_or(span, |word| word.span);
            let test = match part.test {
                TestOf::None => "",
                TestOf::Number => " <= 512",
                TestOf::Optional | TestOf::Required => " \"text\"",
            };
            let gap = if part.shape.is_empty() { "" } else { " " };
            let help = format!("write `{}{gap}{}{test}`", part.name, part.shape);
            let message = match arguments {
                [] => format!("`{}` of what?", part.name),
                arguments => format!("`{}` does not fit `{}`", join(arguments), part.name),
            };
            return self.fail(place, message, "here", Some(help));
        }
        let mut texts = Vec::new();
        for (at, argument) in arguments.iter().enumerate() {
            texts.push(self.argument(part, at, argument)?);
        }
        let test = self.tests(part, tests, span, is_no || capture.is_some())?;
        Ok(Detail { quantity, part: part.name.to_owned(), arguments: texts, test, capture })
    }

    fn argument(&mut self, part: &KnownPart, at: usize, word: &Word<'_>) -> Fallible<Text> {
        match (part.name, at) {
            ("flag", _) if Flag::named(word.source).is_none() => {
                let help = did_you_mean(word.source, Flag::NAMES.iter().map(|(name, _)| *name));
                let help = help.or_else(|| Some("the flags are qr, aa, tc, rd, ra, z, ad and cd".to_owned()));
                self.fail(word.span, format!("there is no flag `{}`", word.source), "unknown flag", help)
            }
            ("question" | "answer" | "authority" | "additional", 0) => self.domain_name(word),
            ("question" | "answer" | "authority" | "additional", _) => {
                self.kind(word)?;
                self.read(word.text())
            }
            _ => self.read(word.text()),
        }
    }

    /// The test at the end of a detail.
    fn tests(&mut self, part: &KnownPart, words: &[Word<'_>], span: Span, may_lack: bool) -> Fallible<Option<Test>> {
        let (test, rest) = match words {
            [] if part.test == TestOf::Required || part.test == TestOf::Number => {
                if may_lack {
                    return Ok(None);
                }
                let help = if part.test == TestOf::Number {
                    format!("write `{} <= 512` or the like", part.name)
                } else {
                    format!("write `{} \"text\"` or `{} /expression/`", part.name, part.name)
                };
                return self.fail(span, format!("`{}` needs a test", part.name), "here", Some(help));
            }
            [] => return Ok(None),
            [sign, number, rest @ ..] if comparison(sign).is_some() => {
                let comparison = comparison(sign).unwrap_or(Comparison::Equal);
                let text = self.read(number.text())?;
                let is_number = |octets: &[u8]| !octets.is_empty() && octets.iter().all(u8::is_ascii_digit);
                if !text.plain().is_none_or(is_number) {
                    let message = format!("`{}` is no number", number.source);
                    let help = "texts are compared without a sign: `\"text\"`".to_owned();
                    return self.fail(number.span, message, "expected a number", Some(help));
                }
                (Test::Compares(comparison, text), rest)
            }
            [word, rest @ ..] if word.kind != WordKind::Plain => (self.test(word)?, rest),
            [word, ..] => {
                return self.fail(word.span, "this is no test", "expected a test", None);
            }
        };
        let fits = match part.test {
            TestOf::None => false,
            TestOf::Number => matches!(test, Test::Compares(..)),
            TestOf::Optional | TestOf::Required => true,
        };
        if !fits || !rest.is_empty() {
            let place = if fits { rest.first().map_or(span, |word| word.span) } else { words[0].span };
            let help = match part.test {
                TestOf::Number if !fits => Some(format!("`{}` is a number: write `{} <= 512`", part.name, part.name)),
                TestOf::None => Some(format!("`{}` is there or not", part.name)),
                _ => None,
            };
            return self.fail(place, "this test does not belong here", "here", help);
        }
        Ok(Some(test))
    }

    /// What stands in quotes or between slashes.
    pub(super) fn test(&mut self, word: &Word<'_>) -> Fallible<Test> {
        if word.kind != WordKind::Regex {
            return Ok(Test::Is(self.read(word.text())?));
        }
        let source = word.inner().replace("\\/", "/");
        match crate::dialogue::regular_expression(&source) {
            Ok(_) => Ok(Test::Matches(source)),
            Err(error) => {
                // The last line says what is wrong, those before show the place.
                let said = error.to_string();
                let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.fail(word.span, "this is no regular expression", said, None)
            }
        }
    }

    /// A domain name as zone files write it; it may have values that are known later.
    pub(super) fn domain_name(&mut self, word: &Word<'_>) -> Fallible<Text> {
        let text = self.read(word.text())?;
        let Some(octets) = text.plain() else { return Ok(text) };
        match std::str::from_utf8(octets).ok().map(Name::from_text) {
            Some(Ok(_)) => Ok(text),
            Some(Err(error)) => {
                self.fail(word.span, format!("`{}` is no domain name: {error}", word.source), "here", None)
            }
            None => {
                let help = "write octets as zone files do, `\\\\255`".to_owned();
                self.fail(word.span, format!("`{}` is no domain name", word.source), "not UTF-8", Some(help))
            }
        }
    }
}

/// The name of the part that a detail is about.
fn first_part<'a>(words: &[Word<'a>]) -> &'a str {
    let named = words.iter().find(|word| !word.is("no") && !word.is("count"));
    named.map_or("", |word| word.source)
}

/// Parts of the message after DATA, which SMTP replies do not have.
fn is_of_mail(part: &KnownPart, protocol: crate::dialogue::tree::Protocol) -> bool {
    protocol == crate::dialogue::tree::Protocol::Smtp && matches!(part.name, "header" | "content" | "content-size")
}

fn comparison(word: &Word<'_>) -> Option<Comparison> {
    let sign = Comparison::SIGNS.iter().find(|(sign, _)| word.is(sign));
    sign.map(|(_, comparison)| *comparison)
}

fn join(words: &[Word<'_>]) -> String {
    words.iter().map(|word| word.source).collect::<Vec<_>>().join(" ")
}
