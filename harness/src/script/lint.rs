//! Things that parse but are surely not meant, as warnings.

use super::diagnostic::{Diagnostic, Diagnostics};
use super::suggest::did_you_mean;
use super::tree::{Action, Answer, Call, Event, EventTime, Expression, ExpressionKind, Micros, Script};
use super::{Span, Spanned, symbols};

/// The system calls that scripts can make.
pub const CALLS: [&str; 30] = [
    "accept",
    "bind",
    "cap_set",
    "close",
    "connect",
    "epoll_create",
    "epoll_ctl",
    "epoll_wait",
    "fcntl",
    "getsockopt",
    "ioctl",
    "listen",
    "open",
    "pipe",
    "poll",
    "read",
    "readv",
    "recv",
    "recvfrom",
    "recvmsg",
    "send",
    "sendfile",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socket",
    "splice",
    "write",
    "writev",
];

/// What is dubious about a script, in order of place.
pub fn lint(script: &Script) -> Diagnostics {
    let mut lints = Lints { found: Vec::new() };
    if let Some(first) = script.events.first() {
        lints.first_event(first);
    }
    lints.order(&script.events);
    for event in &script.events {
        match &event.action {
            Action::Call(call) => lints.call(event, call),
            Action::Expect(expectation) if expectation.optional && expectation.answers.contains(&Answer::Silence) => {
                let message = "silence is allowed twice";
                lints.warn("lint::silence", event.span, message, "`>?` and `or silence` say the same".to_owned());
            }
            _ => {}
        }
    }
    lints.found.sort_by_key(|diagnostic| diagnostic.span);
    lints.found
}

/// A warning for a script that names no requirement; for suites, where each script must.
pub fn missing_requirement(script: &Script) -> Option<Diagnostic> {
    let named = script.directives.iter().any(|directive| directive.key.node == "requirement");
    (!named).then(|| {
        let start = Span { start: 0, end: 0 };
        Diagnostic::warning("lint::requirement", start, "the script names no requirement", "expected a directive")
            .help("write `//@ requirement: ID` at the top")
    })
}

struct Lints {
    found: Diagnostics,
}

impl Lints {
    fn warn(&mut self, code: &'static str, span: Span, message: impl Into<String>, label: String) {
        self.found.push(Diagnostic::warning(code, span, message, label));
    }

    /// packetdrill refuses scripts that begin later.
    fn first_event(&mut self, event: &Event) {
        let start = match event.time {
            EventTime::Absolute(start) | EventTime::Relative(start) => start,
            EventTime::AbsoluteRange(start, _) | EventTime::RelativeRange(start, _) => start,
            EventTime::Any => 0,
        };
        if start != 0 {
            let message = "the first event is not at time 0";
            self.warn("lint::start", time_of(event), message, "packetdrill refuses such scripts".to_owned());
        }
    }

    /// Absolute times must not go back.
    fn order(&mut self, events: &[Event]) {
        let mut latest: Micros = 0;
        for event in events {
            let (EventTime::Absolute(start) | EventTime::AbsoluteRange(start, _)) = event.time else { continue };
            if start < latest {
                let label = format!("an event before it is at {}", seconds(latest));
                self.warn("lint::order", time_of(event), "time goes back", label);
            }
            latest = latest.max(start);
        }
    }

    fn call(&mut self, event: &Event, call: &Call) {
        if !CALLS.contains(&call.name.node.as_str()) {
            let message = format!("there is no system call `{}`", call.name.node);
            self.found.push(
                Diagnostic::warning("lint::call", call.name.span, message, "unknown call")
                    .maybe_help(did_you_mean(&call.name.node, CALLS)),
            );
        }
        if let (EventTime::Absolute(start) | EventTime::Relative(start), Some(end)) = (event.time, call.end)
            && end < start
        {
            let message = "the call returns before it begins";
            self.warn("lint::order", time_of(event), message, "its end lies before its start".to_owned());
        }
        for argument in &call.arguments {
            self.symbols(argument);
        }
        self.symbols(&call.result);
        if let Some(error) = &call.error
            && symbols::errno(&error.node).is_none()
        {
            self.unknown_symbol("lint::error", error, "there is no error");
        }
    }

    /// Symbols without a value.
    fn symbols(&mut self, expression: &Expression) {
        match &expression.kind {
            ExpressionKind::Word(word) if symbols::value(word).is_none() => {
                let word = Spanned { node: word.clone(), span: expression.span };
                self.unknown_symbol("lint::symbol", &word, "there is no symbol");
            }
            ExpressionKind::Or(left, right) => {
                self.symbols(left);
                self.symbols(right);
            }
            ExpressionKind::Assign(_, value) => self.symbols(value),
            ExpressionKind::List(list) | ExpressionKind::Braces(list) => {
                list.iter().for_each(|item| self.symbols(item));
            }
            ExpressionKind::MessageHeader { iov, flags, control, .. } => {
                self.symbols(iov);
                self.symbols(flags);
                control.iter().for_each(|control| self.symbols(control));
            }
            ExpressionKind::ControlMessage { level, kind, data, .. } => {
                [level, kind, data].into_iter().for_each(|field| self.symbols(field));
            }
            ExpressionKind::PollFd { fd, events, revents } => {
                [fd, events].into_iter().chain(revents).for_each(|field| self.symbols(field));
            }
            ExpressionKind::ExtendedError(fields) => fields.iter().for_each(|field| self.symbols(field)),
            ExpressionKind::EpollEvent { events, data, .. } => {
                self.symbols(events);
                self.symbols(data);
            }
            _ => {}
        }
    }

    fn unknown_symbol(&mut self, code: &'static str, word: &Spanned<String>, what: &str) {
        let help = symbols::nearest(&word.node).map(|near| format!("did you mean `{near}`?"));
        let message = format!("{what} `{}`", word.node);
        self.found.push(Diagnostic::warning(code, word.span, message, "it has no value").maybe_help(help));
    }
}

/// The place where an event's time begins.
fn time_of(event: &Event) -> Span {
    Span { start: event.span.start, end: event.span.start + 1 }
}

fn seconds(micros: Micros) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Definitions, parse, render};

    fn lints(text: &str) -> String {
        let script = parse(text, &Definitions::default()).unwrap();
        lint(&script).iter().map(|diagnostic| render(diagnostic, "a.pkt", text)).collect()
    }

    #[test]
    fn what_is_surely_wrong_is_told() {
        insta::assert_snapshot!(lints(
            "1 socket(..., SOCK_STREM, IPPROTO_TCP) = 3\n\
             +0 setsokopt(3, SOL_SOCKET, SO_REUSEADDR, [1|SO_FOO], 4) = -1 EINVL (Invalid argument)\n\
             0.5...0.1 accept(3, ..., ...) = 4\n\
             +0 >? . 1:1(0) or silence\n"
        ));
    }

    #[test]
    fn what_may_be_meant_is_not_told() {
        assert_eq!(
            lints(
                "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
                 +0...0 connect(3, ..., ...) = -1 ETIMEDOUT (Connection timed out)\n\
                 +1 poll([{fd=3, events=POLLIN|POLLOUT, revents=0}], 1, 0) = 0\n\
                 2 fcntl(3, F_GETFL) = 0x02 (flags O_RDWR)\n\
                 2 close(3) = 0\n"
            ),
            ""
        );
    }

    #[test]
    fn a_requirement_is_asked_for_only_where_wanted() {
        let with = parse("//@ requirement: A-1\n0 close(3) = 0\n", &Definitions::default()).unwrap();
        let without = parse("0 close(3) = 0\n", &Definitions::default()).unwrap();
        assert_eq!(missing_requirement(&with), None);
        assert!(missing_requirement(&without).is_some());
        assert_eq!(lint(&without), []);
    }
}
