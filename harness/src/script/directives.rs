//! `//@ key: value`: what a script says of itself.

use super::diagnostic::Diagnostic;
use super::expansion;
use super::suggest::did_you_mean;
use super::tree::Directive;
use super::{Span, Spanned};

/// One key a directive may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownDirective {
    /// Left of the colon.
    pub key: &'static str,
    /// What its value must be.
    pub value: DirectiveValue,
    /// Whether it may stand in a script more than once.
    pub repeatable: bool,
    /// What it says.
    pub meaning: &'static str,
}

/// What the value of a directive must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectiveValue {
    /// Any text.
    Text,
    /// One identifier: letters, digits, `-`, `_` and `.`.
    Name,
    /// Identifiers, separated by commas or spaces.
    Names,
    /// Of these words, separated by commas or spaces.
    OneOrMoreOf(&'static [&'static str]),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Seconds, more than 0, such as `2.5`.
    Seconds,
    /// `[REQUIREMENT-ID] NAME=VALUE ...`.
    Case,
}

/// Every key a directive may have.
pub const DIRECTIVES: &[KnownDirective] = &[
    KnownDirective {
        key: "requirement",
        value: DirectiveValue::Name,
        repeatable: true,
        meaning: "ID of a requirement that the script tests, such as 9293-MUST-10",
    },
    KnownDirective {
        key: "case",
        value: DirectiveValue::Case,
        repeatable: true,
        meaning: "definitions that the script is run with, and the requirement that this tests",
    },
    KnownDirective { key: "title", value: DirectiveValue::Text, repeatable: false, meaning: "one line for reports" },
    KnownDirective {
        key: "needs",
        value: DirectiveValue::Names,
        repeatable: true,
        meaning: "capabilities without which the script is not applicable to a target",
    },
    KnownDirective {
        key: "ip-version",
        value: DirectiveValue::OneOrMoreOf(&["ipv4", "ipv4-mapped-ipv6", "ipv6"]),
        repeatable: false,
        meaning: "IP versions to run the script with; all of them if not said",
    },
    KnownDirective {
        key: "timeout",
        value: DirectiveValue::Seconds,
        repeatable: false,
        meaning: "seconds after which a run is given up",
    },
    KnownDirective {
        key: "profile",
        value: DirectiveValue::Name,
        repeatable: false,
        meaning: "profile whose settings and definitions the script is run with",
    },
    KnownDirective {
        key: "level",
        value: DirectiveValue::OneOf(&["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"]),
        repeatable: false,
        meaning: "level of the requirement where no catalogue tells it",
    },
];

/// Parses what follows `//@`, which starts at octet `start` of the script.
pub(super) fn parse(text: &str, start: u32) -> Result<Directive, Diagnostic> {
    let span = |from: usize, to: usize| Span { start: start + from as u32, end: start + to as u32 };
    let all = {
        let trimmed = text.trim();
        let from = text.len() - text.trim_start().len();
        // An empty directive points at its own `//@`.
        if trimmed.is_empty() {
            Span { start: start.saturating_sub(3), end: start }
        } else {
            span(from, from + trimmed.len())
        }
    };
    let Some(colon) = text.find(':') else {
        let word = text.split_whitespace().next().unwrap_or("");
        return Err(Diagnostic::error("directive::form", all, "this is not a directive", "expected `key: value`")
            .maybe_help(did_you_mean(word, keys()).or_else(|| Some(format!("the keys are {}", list(keys()))))));
    };
    let key_from = text.len() - text.trim_start().len();
    let key = text[..colon].trim();
    let key_span = span(key_from.min(colon), key_from.min(colon) + key.len());
    let value = text[colon + 1..].trim();
    let value_from = text.len() - text[colon + 1..].trim_start().len();
    let value_span = span(value_from, value_from + value.len());
    let Some(known) = DIRECTIVES.iter().find(|known| known.key == key) else {
        return Err(Diagnostic::error(
            "directive::unknown",
            key_span,
            format!("there is no directive `{key}`"),
            "unknown key",
        )
        .maybe_help(did_you_mean(key, keys()).or_else(|| Some(format!("the keys are {}", list(keys()))))));
    };
    if let Err(expected) = known.value.check(value) {
        let place = if value.is_empty() { key_span } else { value_span };
        let message = if value.is_empty() {
            format!("`{key}` needs a value")
        } else {
            format!("`{value}` is no value of `{key}`")
        };
        return Err(Diagnostic::error("directive::value", place, message, expected));
    }
    Ok(Directive {
        key: Spanned { node: key.to_owned(), span: key_span },
        value: Spanned { node: value.to_owned(), span: value_span },
    })
}

/// Directives that stand twice and must not.
pub(super) fn repeated(directives: &[Directive]) -> impl Iterator<Item = Diagnostic> {
    let cases = expansion::repeated_case(directives);
    cases.into_iter().chain(repeated_keys(directives))
}

fn repeated_keys(directives: &[Directive]) -> impl Iterator<Item = Diagnostic> {
    directives.iter().enumerate().filter_map(|(at, directive)| {
        let key = directive.key.node.as_str();
        let known = DIRECTIVES.iter().find(|known| known.key == key)?;
        let again = !known.repeatable && directives[..at].iter().any(|before| before.key.node == key);
        again.then(|| {
            Diagnostic::error(
                "directive::repeated",
                directive.key.span,
                format!("`{key}` stands more than once"),
                "it was said before",
            )
        })
    })
}

fn keys() -> impl Iterator<Item = &'static str> + Clone {
    DIRECTIVES.iter().map(|known| known.key)
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

impl DirectiveValue {
    /// Whether `value` is one; the error says what would be.
    fn check(self, value: &str) -> Result<(), String> {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let mut names = value.split([',', ' ', '\t']).filter(|name| !name.is_empty()).peekable();
        if names.peek().is_none() {
            return Err("expected a value".to_owned());
        }
        let (good, expected) = match self {
            DirectiveValue::Text => (true, String::new()),
            DirectiveValue::Name => (is_name(value), "expected one name".to_owned()),
            DirectiveValue::Names => (names.all(is_name), "expected names, separated by commas".to_owned()),
            DirectiveValue::OneOrMoreOf(words) => {
                (names.all(|name| words.contains(&name)), format!("expected some of {}", list(words.iter().copied())))
            }
            DirectiveValue::OneOf(words) => {
                (words.contains(&value), format!("expected one of {}", list(words.iter().copied())))
            }
            DirectiveValue::Case => return expansion::check_case(value),
            DirectiveValue::Seconds => {
                let good = value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                    && value.parse::<f64>().is_ok_and(|seconds| seconds > 0.0);
                (good, "expected seconds, more than 0".to_owned())
            }
        };
        if good { Ok(()) } else { Err(expected) }
    }
}
