//! DNS messages to send.

use super::{Fallible, Parser};
use crate::dialogue::fields::{FIELDS, FieldValue, field_named};
use crate::dialogue::framing::dns::{Class, Flag, Opcode, Rcode};
use crate::dialogue::tree::{Action, Field, Message, MessageKind, Role, Value};
use crate::dialogue::words::{Word, WordKind};
use crate::text::Span;
use crate::text::suggest::did_you_mean;

impl Parser<'_> {
    /// `query NAME TYPE [CLASS]`, `response RCODE`, `octets "..."`.
    pub(super) fn message(&mut self, words: &[Word<'_>], span: Span) -> Fallible<Message> {
        let kind = match words {
            [what, name, kind, class @ ..] if what.is("query") && class.len() <= 1 => {
                let class = match class.first() {
                    Some(class) => self.class(class)?,
                    None => Class(1),
                };
                MessageKind::Query(self.domain_name(name)?, self.kind(kind)?, class)
            }
            [what, rcode] if what.is("response") && self.dialogue.role == Role::Client => {
                match Rcode::named(rcode.source) {
                    Some(rcode) => MessageKind::Response(rcode),
                    None => {
                        let names = Rcode::NAMES.iter().map(|(name, _)| *name);
                        let help = did_you_mean(rcode.source, names);
                        let message = format!("there is no RCODE `{}`", rcode.source);
                        return self.fail(rcode.span, message, "unknown RCODE", help);
                    }
                }
            }
            [what, octets] if what.is("octets") && octets.kind == WordKind::String => {
                MessageKind::Octets(self.read(octets.text())?)
            }
            _ => {
                let help = if self.dialogue.role == Role::Server {
                    "write `query NAME TYPE [CLASS]` or `octets \"\\x00...\"`"
                } else {
                    "write `response NOERROR` or the like, or `octets \"\\x00...\"`"
                };
                return self.fail(span, "this is no DNS message", "here", Some(help.to_owned()));
            }
        };
        Ok(Message { kind, fields: Vec::new() })
    }

    /// A field of the message before.
    pub(super) fn field(&mut self, words: &[Word<'_>], span: Span) -> Fallible<Field> {
        let Some((name, values)) = words.split_first() else {
            return self.fail(span, "nothing stands here", "expected a field", None);
        };
        let Some(known) = field_named(name.source) else {
            let names = FIELDS.iter().map(|field| field.name);
            let help = did_you_mean(name.source, names.clone()).unwrap_or_else(|| {
                let all: Vec<_> = names.map(|name| format!("`{name}`")).collect();
                format!("the fields are {}", all.join(", "))
            });
            return self.fail(name.span, format!("there is no field `{}`", name.source), "unknown field", Some(help));
        };
        if let Some(Action::Send(_, message)) = self.dialogue.steps.last().map(|step| &step.action) {
            let is_octets = matches!(message.kind, MessageKind::Octets(_));
            if is_octets && known.name != "length" {
                let help = "these octets are the whole message; only `length`, before it over TCP, is not theirs";
                return self.fail(span, "octets have no fields", "here", Some(help.to_owned()));
            }
            if !known.repeatable && message.fields.iter().any(|field| field.name == known.name) {
                return self.fail(span, format!("`{}` stands twice", known.name), "it was said before", None);
            }
        }
        let shapes = || known.values.iter().map(|value| value.shape()).collect::<Vec<_>>().join(" ");
        let optional = known.values.iter().filter(|value| **value == FieldValue::Class).count();
        let is_list = known.values == [FieldValue::Flags];
        let fits = is_list || (known.values.len() - optional..=known.values.len()).contains(&values.len());
        if !fits {
            let help = format!("write `{}`", format!("{} {}", known.name, shapes()).trim_end());
            return self.fail(span, format!("`{}` has other values", known.name), "here", Some(help));
        }
        let mut found = Vec::new();
        for (at, word) in values.iter().enumerate() {
            let wanted = if is_list { FieldValue::Flags } else { known.values[at] };
            found.push(self.value(wanted, word)?);
        }
        Ok(Field { name: known.name.to_owned(), values: found })
    }

    fn value(&mut self, wanted: FieldValue, word: &Word<'_>) -> Fallible<Value> {
        let good = match wanted {
            FieldValue::Number(bits) => {
                let text = self.read(word.text())?;
                let most = u32::MAX >> (32 - bits);
                // A value that is captured is judged when it is known.
                text.plain().is_none() || number(word.source).is_some_and(|number| number <= most)
            }
            FieldValue::Flags => Flag::named(word.source).is_some(),
            FieldValue::Opcode => Opcode::named(word.source).is_some_and(|opcode| opcode.0 < 16),
            FieldValue::Octets => word.kind == WordKind::String,
            FieldValue::Kind => {
                self.kind(word)?;
                true
            }
            FieldValue::Class => {
                self.class(word)?;
                true
            }
            FieldValue::Name if word.kind == WordKind::String => true,
            FieldValue::Name => return self.domain_name(word).map(Value::Word),
        };
        if !good {
            let expected = match wanted {
                FieldValue::Number(bits) => format!("expected a number of {bits} bits"),
                wanted => format!("expected {}", wanted.shape()),
            };
            return self.fail(word.span, format!("`{}` does not fit", word.source), expected, None);
        }
        let text = self.read(word.text())?;
        Ok(if word.kind == WordKind::String { Value::String(text) } else { Value::Word(text) })
    }

    fn class(&mut self, word: &Word<'_>) -> Fallible<Class> {
        match Class::named(word.source) {
            Some(class) => Ok(class),
            None => {
                let help = "there are IN, CH, HS, NONE, ANY and others as `CLASS65280`".to_owned();
                self.fail(word.span, format!("there is no class `{}`", word.source), "unknown class", Some(help))
            }
        }
    }
}

/// A number, decimal or hexadecimal.
pub(in crate::dialogue) fn number(source: &str) -> Option<u32> {
    match source.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u32::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => source.bytes().all(|b| b.is_ascii_digit()).then(|| source.parse().ok()).flatten(),
    }
}
