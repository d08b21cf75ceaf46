//! One event: its time and what it does.

use super::{Failed, Fallible, Parser};
use crate::script::Span;
use crate::script::diagnostic::Diagnostic;
use crate::script::lexer::TokenKind;
use crate::script::tree::{Action, Event, EventTime, Micros};

impl Parser<'_> {
    pub(super) fn event(&mut self) -> Fallible<Event> {
        let (start, line) = (self.token.span, self.token.line);
        let time = self.event_time()?;
        let time_span = start.to(self.last);
        let action = self.action()?;
        self.check_time(time, time_span, &action)?;
        Ok(Event { span: start.to(self.last), line, time, action })
    }

    fn event_time(&mut self) -> Fallible<EventTime> {
        if self.eat_punct(b'*') {
            return Ok(EventTime::Any);
        }
        if self.eat_punct(b'+') {
            let start = self.time("a time in seconds after `+`")?;
            if !self.eat_punct(b'~') {
                return Ok(EventTime::Relative(start));
            }
            self.expect_punct(b'+', "before the end of a relative range")?;
            let end = self.time("the end of the range in seconds")?;
            return Ok(EventTime::RelativeRange(start, end));
        }
        match self.token.kind {
            TokenKind::Integer { .. } | TokenKind::Float | TokenKind::Huge => {
                let start = self.time("a time in seconds")?;
                if !self.eat_punct(b'~') {
                    return Ok(EventTime::Absolute(start));
                }
                let end = self.time("the end of the range in seconds")?;
                Ok(EventTime::AbsoluteRange(start, end))
            }
            TokenKind::Option => self.unexpected_token(
                "expected an event",
                Some("options stand before the init command and the first event".to_owned()),
            ),
            _ if self.last_line == self.token.line && self.last.end > 0 => self.trailing(),
            _ => self.unexpected_token(
                "expected an event, which begins with its time",
                Some("write a time in seconds such as `0.5`, `+0.1` or `*`".to_owned()),
            ),
        }
    }

    /// Something stands behind an event on its line.
    fn trailing<T>(&mut self) -> Fallible<T> {
        let help = self.near(["ack", "win", "urg", "data", "with", "or", "fragment", "mtu", "id", "seq"]);
        let help =
            help.or_else(|| (self.at_punct(b'<')).then(|| "TCP options stand after `win` and `urg`, once".to_owned()));
        self.unexpected_with("expected the end of the event", help)
    }

    /// Seconds, as microseconds; digits after the sixth are dropped.
    pub(super) fn time(&mut self, what: &str) -> Fallible<Micros> {
        let micros = match self.token.kind {
            TokenKind::Integer { value, hexadecimal: false } => value.checked_mul(1_000_000),
            TokenKind::Float => micros(self.token.text),
            TokenKind::Huge => None,
            _ => return self.unexpected(&format!("expected {what}")),
        };
        let token = self.bump();
        match micros {
            Some(micros) if micros < 0 || token.text.starts_with('-') && micros != 0 => {
                self.fail("event::time", token.span, "a time is not negative", "expected 0 or more seconds")
            }
            Some(micros) => Ok(micros),
            None => self.fail("event::time", token.span, "this time is too large", "no run takes so long"),
        }
    }

    fn action(&mut self) -> Fallible<Action> {
        match self.token.kind {
            TokenKind::Punct(b'<') => self.inject().map(Action::Inject),
            TokenKind::Punct(b'>') => self.expect().map(Action::Expect),
            TokenKind::Ellipsis => {
                self.bump();
                let end = self.time("the end time in seconds after `...`")?;
                if self.at_word("silence") && self.octet_after() != b'(' {
                    self.bump();
                    return Ok(Action::Silence { until: end });
                }
                self.call(Some(end)).map(Action::Call)
            }
            TokenKind::Word if self.at_word("silence") && self.octet_after() != b'(' => {
                let span = self.bump().span;
                self.report(
                    Diagnostic::error("event::silence", span, "silence needs an end", "silence until when?")
                        .help("write `+0...1.5 silence` for a second and a half without a packet"),
                );
                Err(Failed)
            }
            TokenKind::Word if self.at_word("assert") => self.assertion().map(Action::Assert),
            TokenKind::Word => self.call(None).map(Action::Call),
            TokenKind::Command => Ok(Action::Command(self.bump().text.to_owned())),
            TokenKind::Code => Ok(Action::Code(self.bump().text.to_owned())),
            _ => self.unexpected_with(
                "expected what happens: a packet, a call, an assertion, a command or a code block",
                Some("write `<` to inject a packet, `>` to expect one, or `name(...) = result`".to_owned()),
            ),
        }
    }

    fn check_time(&mut self, time: EventTime, span: Span, action: &Action) -> Fallible<()> {
        let what = match time {
            EventTime::Absolute(_) | EventTime::Relative(_) => return self.check_end(time, span, action),
            EventTime::AbsoluteRange(start, end) | EventTime::RelativeRange(start, end) if end < start => {
                return self.fail("event::time", span, "the time range is backwards", "its end lies before its start");
            }
            EventTime::Any => "`*`",
            EventTime::AbsoluteRange(..) | EventTime::RelativeRange(..) => "a time range",
        };
        if matches!(action, Action::Expect(_)) {
            return Ok(());
        }
        self.fail(
            "event::time",
            span,
            format!("{what} can only be used with expected packets"),
            "only the target may choose its time",
        )
    }

    /// Silence ends after it begins.
    fn check_end(&mut self, time: EventTime, span: Span, action: &Action) -> Fallible<()> {
        let (EventTime::Absolute(start) | EventTime::Relative(start)) = time else { return Ok(()) };
        match action {
            Action::Silence { until } if *until <= start => {
                self.fail("event::time", span, "the silence ends before it begins", "its end lies before its start")
            }
            _ => Ok(()),
        }
    }
}

/// Microseconds of a decimal number of seconds, digits after the sixth dropped.
fn micros(text: &str) -> Option<Micros> {
    let (whole, fraction) = text.split_once('.')?;
    let negative = whole.starts_with('-');
    let whole = whole.trim_start_matches('-');
    let seconds: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut micros = seconds.checked_mul(1_000_000)?;
    let mut unit = 100_000;
    for digit in fraction.bytes().take(6) {
        micros = micros.checked_add(i64::from(digit.wrapping_sub(b'0')) * unit)?;
        unit /= 10;
    }
    Some(if negative { -micros } else { micros })
}

#[cfg(test)]
mod tests {
    use super::micros;

    #[test]
    fn seconds_are_read_exactly() {
        assert_eq!(micros("0.1"), Some(100_000));
        assert_eq!(micros(".000001"), Some(1));
        assert_eq!(micros("1.0010009"), Some(1_001_000));
        assert_eq!(micros("99999999999999.0"), None);
    }
}
