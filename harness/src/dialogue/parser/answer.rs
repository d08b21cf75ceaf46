//! What the target answers or does: alternatives.

use super::{Fallible, Parser};
use crate::dialogue::framing::dns::{Kind, Rcode};
use crate::dialogue::tree::{
    Action, Alternative, CodePattern, EnhancedPattern, Head, Party, Protocol, Role, Step, Test,
};
use crate::dialogue::words::{Word, WordKind};
use crate::text::Span;
use crate::text::suggest::did_you_mean;

impl Parser<'_> {
    /// Alternatives with `or` between them. After a colon the first is an answer, without one it is what becomes of the
    /// connection.
    pub(super) fn alternatives(
        &mut self,
        words: &[Word<'_>],
        party: Party,
        after_colon: bool,
        span: Span,
    ) -> Fallible<Vec<Alternative>> {
        let mut all = Vec::new();
        for (at, words) in words.split(|word| word.is("or")).enumerate() {
            let alternative = self.one_alternative(words, party, span)?;
            if at == 0 && is_event(&alternative.head) == after_colon {
                let (message, help) = if after_colon {
                    ("this is nothing that is said", "write it without the colon, as in `S closes within 5`")
                } else {
                    ("this is an answer", "what is said follows a colon, as in `S: 250`")
                };
                return self.fail(span, message, "here", Some(help.to_owned()));
            }
            all.push(alternative);
        }
        Ok(all)
    }

    /// `or ...` on a line of its own.
    pub(super) fn alternative(&mut self, rest: &str, start: u32, span: Span) -> Fallible<()> {
        if self.is_lost {
            return Ok(());
        }
        let Some(Step { action: Action::Expect(party, _), .. }) = self.dialogue.steps.last() else {
            let help = "it follows what the target says or does".to_owned();
            return self.fail(span, "`or` has nothing before it", "here", Some(help));
        };
        let party = *party;
        let words = self.words((rest, start))?;
        let mut found = Vec::new();
        for words in words.split(|word| word.is("or")) {
            found.push(self.one_alternative(words, party, span)?);
        }
        if let Some(step) = self.dialogue.steps.last_mut()
            && let Action::Expect(_, alternatives) = &mut step.action
        {
            alternatives.append(&mut found);
            step.span = step.span.to(span);
        }
        Ok(())
    }

    fn one_alternative(&mut self, words: &[Word<'_>], party: Party, span: Span) -> Fallible<Alternative> {
        let (rest, time) = self.time(words, &["within", "for"])?;
        let mark = words.get(rest.len());
        let head = self.head(rest, party, span)?;
        let wanted = if matches!(head, Head::Silent | Head::StaysOpen) { "for" } else { "within" };
        if let Some(mark) = mark.filter(|mark| !mark.is(wanted)) {
            let help = format!("write `{wanted}`");
            return self.fail(mark.span, format!("`{}` does not fit", mark.source), "here", Some(help));
        }
        if time.is_none() && wanted == "for" {
            let help = "write `for 2` behind it".to_owned();
            return self.fail(span, "it is not said how long", "here", Some(help));
        }
        Ok(Alternative { head, time, details: Vec::new() })
    }

    fn head(&mut self, words: &[Word<'_>], party: Party, span: Span) -> Fallible<Head> {
        let sources: Vec<&str> = words.iter().map(|word| word.source).collect();
        match sources[..] {
            ["closes"] => return Ok(Head::Closes),
            ["resets"] => return Ok(Head::Resets),
            ["refuses"] => return Ok(Head::Refuses),
            ["is", "silent"] => return Ok(Head::Silent),
            ["stays", "open"] => return Ok(Head::StaysOpen),
            ["anything"] => return Ok(Head::Anything),
            _ => {}
        }
        let Some(first) = words.first() else {
            let help = "write what must come, such as `S: 250`, or `S: anything`".to_owned();
            return self.fail(span, "nothing is expected here", "expected an answer", Some(help));
        };
        let protocol = self.protocol(party);
        let (found, rest) = match (self.dialogue.role, protocol) {
            (Role::Server, Protocol::Smtp) => self.reply(first, &words[1..])?,
            (Role::Server, Protocol::Pop3) => self.status(first, &words[1..])?,
            (Role::Server, Protocol::Imap) => self.imap(first, &words[1..], span)?,
            (Role::Server, Protocol::Http) => self.response(first, &words[1..], span)?,
            (Role::Server, Protocol::Dns) => self.rcode(first, &words[1..], span)?,
            (Role::Client, Protocol::Http) => self.request(first, &words[1..], span)?,
            (Role::Client, Protocol::Dns) => self.query(first, &words[1..])?,
            (Role::Client, _) => self.command(first, &words[1..], span)?,
        };
        if let Some(left) = rest.first() {
            let help = if left.kind == WordKind::Plain {
                "texts stand in double quotes, regular expressions between slashes; what belongs to parts of the answer is \
                 indented on lines of its own"
            } else {
                "one test is enough here"
            };
            let message = format!("`{}` does not belong here", left.source);
            return self.fail(left.span, message, "expected the end of the line", Some(help.to_owned()));
        }
        Ok(found)
    }

    /// `250 [2.1.0] [TEST]`.
    fn reply<'w, 'l>(&mut self, first: &Word<'l>, rest: &'w [Word<'l>]) -> Fallible<(Head, &'w [Word<'l>])> {
        let Some(code) = code(first.source) else {
            let help = "write a code, `250`, or a class of codes, `5xx`; `anything` is any reply";
            return self.no_answer(first, "an SMTP reply", help);
        };
        let (enhanced, rest) = match rest.split_first() {
            Some((word, after)) if word.kind == WordKind::Plain && word.source.contains('.') => {
                let Some(code) = enhanced(word.source) else {
                    let help = "write `5.7.1`, or `5.7.x` where the detail does not matter";
                    return self.no_answer(word, "an enhanced code", help);
                };
                (Some(code), after)
            }
            _ => (None, rest),
        };
        let (test, rest) = self.optional_test(rest)?;
        Ok((Head::Reply(code, enhanced, test), rest))
    }

    /// `+OK [multi-line] [TEST]`, `-ERR [TEST]`.
    fn status<'w, 'l>(&mut self, first: &Word<'l>, rest: &'w [Word<'l>]) -> Fallible<(Head, &'w [Word<'l>])> {
        let is_ok = match first.source {
            "+OK" => true,
            "-ERR" => false,
            _ => return self.no_answer(first, "a POP3 response", "write `+OK`, `+OK multi-line` or `-ERR`"),
        };
        let (is_multi_line, rest) = match rest.split_first() {
            Some((word, after)) if is_ok && word.is("multi-line") => (true, after),
            _ => (false, rest),
        };
        let (test, rest) = self.optional_test(rest)?;
        Ok((Head::Status(is_ok, is_multi_line, test), rest))
    }

    /// `a1 OK [TEST]`, `* BYE [TEST]`, `+ [TEST]`.
    fn imap<'w, 'l>(&mut self, tag: &Word<'l>, rest: &'w [Word<'l>], span: Span) -> Fallible<(Head, &'w [Word<'l>])> {
        if tag.is("+") {
            let (test, rest) = self.optional_test(rest)?;
            return Ok((Head::Continuation(test), rest));
        }
        let Some((name, rest)) = rest.split_first().filter(|(name, _)| is_word(name)) else {
            let help = "write `TAG OK`, `TAG NO`, `TAG BAD`, `* NAME` or `+`".to_owned();
            return self.fail(span, "this is no IMAP response", "here", Some(help));
        };
        let (test, rest) = self.optional_test(rest)?;
        if tag.is("*") {
            return Ok((Head::Untagged(name.source.to_owned(), test), rest));
        }
        if !matches!(name.source, "OK" | "NO" | "BAD") {
            return self.no_answer(name, "a condition", "after the tag stands `OK`, `NO` or `BAD`");
        }
        let tag = self.read(tag.text())?;
        Ok((Head::Tagged(tag, name.source.to_owned(), test), rest))
    }

    /// `status 400 [to HEAD]`.
    fn response<'w, 'l>(
        &mut self,
        first: &Word<'l>,
        rest: &'w [Word<'l>],
        span: Span,
    ) -> Fallible<(Head, &'w [Word<'l>])> {
        let help = "write `status 200`, or `status 4xx` for a class";
        if !first.is("status") {
            return self.no_answer(first, "an HTTP response", help);
        }
        let Some((word, rest)) = rest.split_first() else {
            return self.fail(span, "`status` needs a code", "here", Some(help.to_owned()));
        };
        let Some(code) = code(word.source) else { return self.no_answer(word, "a status code", help) };
        match rest {
            [to, method, rest @ ..] if to.is("to") && is_word(method) => {
                Ok((Head::Response(code, Some(method.source.to_owned())), rest))
            }
            _ => Ok((Head::Response(code, None), rest)),
        }
    }

    /// `rcode NOERROR`.
    fn rcode<'w, 'l>(
        &mut self,
        first: &Word<'l>,
        rest: &'w [Word<'l>],
        span: Span,
    ) -> Fallible<(Head, &'w [Word<'l>])> {
        let help = "write `rcode NOERROR` or the like; `anything` is any response";
        if !first.is("rcode") {
            return self.no_answer(first, "a DNS response", help);
        }
        let Some((word, rest)) = rest.split_first() else {
            return self.fail(span, "`rcode` needs a name", "here", Some(help.to_owned()));
        };
        let Some(rcode) = Rcode::named(word.source) else {
            let names = Rcode::NAMES.iter().map(|(name, _)| *name);
            let help = did_you_mean(word.source, names).unwrap_or_else(|| "others are written `RCODE15`".to_owned());
            return self.no_answer(word, "an RCODE", &help);
        };
        Ok((Head::Rcode(rcode), rest))
    }

    /// `request GET [TEST]`.
    fn request<'w, 'l>(
        &mut self,
        first: &Word<'l>,
        rest: &'w [Word<'l>],
        span: Span,
    ) -> Fallible<(Head, &'w [Word<'l>])> {
        let help = "write `request GET`, with a test of the target behind it if it matters";
        if !first.is("request") {
            return self.no_answer(first, "an HTTP request", help);
        }
        let Some((method, rest)) = rest.split_first().filter(|(method, _)| is_word(method)) else {
            return self.fail(span, "`request` needs a method", "here", Some(help.to_owned()));
        };
        let (test, rest) = self.optional_test(rest)?;
        Ok((Head::Request(method.source.to_owned(), test), rest))
    }

    /// `query [NAME [TYPE]]`.
    fn query<'w, 'l>(&mut self, first: &Word<'l>, rest: &'w [Word<'l>]) -> Fallible<(Head, &'w [Word<'l>])> {
        if !first.is("query") {
            return self.no_answer(first, "a DNS query", "write `query NAME TYPE`");
        }
        let Some((name, rest)) = rest.split_first() else { return Ok((Head::Query(None, None), rest)) };
        let name = self.domain_name(name)?;
        let Some((kind, rest)) = rest.split_first() else { return Ok((Head::Query(Some(name), None), rest)) };
        let kind = self.kind(kind)?;
        Ok((Head::Query(Some(name), Some(kind)), rest))
    }

    /// `command EHLO [TEST]`, `message`.
    fn command<'w, 'l>(
        &mut self,
        first: &Word<'l>,
        rest: &'w [Word<'l>],
        span: Span,
    ) -> Fallible<(Head, &'w [Word<'l>])> {
        if first.is("message") {
            return Ok((Head::Mail, rest));
        }
        let help =
            "write `command EHLO`, with a test of what follows the command if it matters, or `message` after DATA";
        if !first.is("command") {
            return self.no_answer(first, "a command", help);
        }
        let Some((name, rest)) = rest.split_first().filter(|(name, _)| is_word(name)) else {
            return self.fail(span, "`command` needs a name", "here", Some(help.to_owned()));
        };
        let (test, rest) = self.optional_test(rest)?;
        Ok((Head::Command(name.source.to_owned(), test), rest))
    }

    fn no_answer<T>(&mut self, word: &Word<'_>, what: &str, help: &str) -> Fallible<T> {
        let message = format!("`{}` is not {what}", word.source);
        self.fail(word.span, message, format!("expected {what}"), Some(help.to_owned()))
    }

    fn optional_test<'w, 'l>(&mut self, words: &'w [Word<'l>]) -> Fallible<(Option<Test>, &'w [Word<'l>])> {
        match words.split_first() {
            Some((word, rest)) if word.kind != WordKind::Plain => Ok((Some(self.test(word)?), rest)),
            _ => Ok((None, words)),
        }
    }

    /// A type of records.
    pub(super) fn kind(&mut self, word: &Word<'_>) -> Fallible<Kind> {
        match Kind::named(word.source) {
            Some(kind) => Ok(kind),
            None => {
                let help = did_you_mean(word.source, Kind::NAMES.iter().map(|(name, _)| *name));
                let help = help.unwrap_or_else(|| "others are written `TYPE65280`".to_owned());
                self.no_answer(word, "a type", &help)
            }
        }
    }
}

/// Whether this is about a connection rather than about what is said on it.
pub(in crate::dialogue) fn is_event(head: &Head) -> bool {
    matches!(head, Head::Closes | Head::Resets | Head::Refuses | Head::Silent | Head::StaysOpen)
}

fn is_word(word: &Word<'_>) -> bool {
    word.kind == WordKind::Plain
        && word.source.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._!#$%&'*+^`|~".contains(&b))
}

/// `250`, `25x`, `2xx`; what comes behind an `x` is one too.
fn code(source: &str) -> Option<CodePattern> {
    let octets: [u8; 3] = source.as_bytes().try_into().ok()?;
    let digits = octets.map(|octet| match octet {
        b'0'..=b'9' => Some(Some(octet - b'0')),
        b'x' => Some(None),
        _ => None,
    });
    let pattern = [digits[0]?, digits[1]?, digits[2]?];
    let is_ordered = pattern[0].is_some() && (pattern[1].is_some() || pattern[2].is_none());
    is_ordered.then_some(CodePattern(pattern))
}

/// `5.7.1`, `5.7.x`, `5.x.x`.
fn enhanced(source: &str) -> Option<EnhancedPattern> {
    let mut parts = source.split('.').map(|part| match part {
        "x" => Some(None),
        _ if part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit()) => part.parse().ok().map(Some),
        _ => None,
    });
    let pattern = [parts.next()??, parts.next()??, parts.next()??];
    let is_class = matches!(pattern[0], Some(2 | 4 | 5));
    let is_ordered = pattern[1].is_some() || pattern[2].is_none();
    (is_class && is_ordered && parts.next().is_none()).then_some(EnhancedPattern(pattern))
}
