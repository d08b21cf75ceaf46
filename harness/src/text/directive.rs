//! `//@ key: value`: what a script says of itself.

use super::diagnostic::Diagnostic;
use super::suggest::did_you_mean;
use super::{IsReserved, Span, Spanned, case};

/// `//@ key: value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Left of the colon.
    pub key: Spanned<String>,
    /// Right of the colon, trimmed.
    pub value: Spanned<String>,
}

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

/// The directives of one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// Every key.
    pub(crate) known: &'static [KnownDirective],
    /// The words of the language, which no case defines.
    pub(crate) is_reserved: IsReserved,
}

impl Table {
    /// Parses what follows `//@`, which starts at octet `start` of the script.
    pub(crate) fn parse(self, text: &str, start: u32) -> Result<Directive, Diagnostic> {
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
                .maybe_help(
                    did_you_mean(word, self.keys()).or_else(|| Some(format!("the keys are {}", list(self.keys())))),
                ));
        };
        let key_from = text.len() - text.trim_start().len();
        let key = text[..colon].trim();
        let key_span = span(key_from.min(colon), key_from.min(colon) + key.len());
        let value = text[colon + 1..].trim();
        let value_from = text.len() - text[colon + 1..].trim_start().len();
        let value_span = span(value_from, value_from + value.len());
        let Some(known) = self.known.iter().find(|known| known.key == key) else {
            return Err(Diagnostic::error(
                "directive::unknown",
                key_span,
                format!("there is no directive `{key}`"),
                "unknown key",
            )
            .maybe_help(
                did_you_mean(key, self.keys()).or_else(|| Some(format!("the keys are {}", list(self.keys())))),
            ));
        };
        if let Err(expected) = known.value.check(value, self.is_reserved) {
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
    pub(crate) fn repeated(self, directives: &[Directive]) -> impl Iterator<Item = Diagnostic> {
        let cases = case::repeated(directives, self.is_reserved);
        cases.into_iter().chain(self.repeated_keys(directives))
    }

    fn repeated_keys(self, directives: &[Directive]) -> impl Iterator<Item = Diagnostic> {
        directives.iter().enumerate().filter_map(move |(at, directive)| {
            let key = directive.key.node.as_str();
            let known = self.known.iter().find(|known| known.key == key)?;
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

    fn keys(self) -> impl Iterator<Item = &'static str> + Clone {
        self.known.iter().map(|known| known.key)
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

impl DirectiveValue {
    /// Whether `value` is one; the error says what would be.
    fn check(self, value: &str, is_reserved: IsReserved) -> Result<(), String> {
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
            DirectiveValue::Case => return case::check(value, is_reserved),
            DirectiveValue::Seconds => {
                let good = value.bytes().all(|b| b.is_ascii_digit() || b == b'.')
                    && value.parse::<f64>().is_ok_and(|seconds| seconds > 0.0);
                (good, "expected seconds, more than 0".to_owned())
            }
        };
        if good { Ok(()) } else { Err(expected) }
    }
}
