//! What stands before the events: option lines and the init command.

use super::{Fallible, Parser, bare_option, owned};
use crate::script::diagnostic::Diagnostic;
use crate::script::lexer::TokenKind;
use crate::script::tree::ScriptOption;
use crate::script::{Span, Spanned};

impl<'a> Parser<'a> {
    pub(super) fn options(&mut self) -> Vec<ScriptOption> {
        let mut options = Vec::new();
        while self.at(TokenKind::Option) {
            match self.option() {
                Ok(option) => options.push(option),
                // What follows on the line is no value; the events may still be read.
                Err(_) => {
                    let start = self.token.span.start as usize;
                    let length = self.lexer.text()[start..].find('\n').unwrap_or(self.lexer.text().len() - start);
                    self.bump_to(start + length);
                }
            }
        }
        options
    }

    /// `--name`, `--name=value`.
    fn option(&mut self) -> Fallible<ScriptOption> {
        let name = Spanned { node: self.token.text, span: self.token.span };
        self.refuse_option(name);
        self.bump();
        if !self.at_punct(b'=') {
            return Ok(bare_option(name));
        }
        let value = self.option_value()?;
        if name.node == "define" {
            self.own_definition(value)?;
        }
        // From the `=` sign to the value's end, all on one line; after a definition is known, as the next token may
        // be one that it replaces.
        self.bump_to(value.span.end as usize);
        let value = match self.lexer.given_word(value.node) {
            Some(text) if name.node != "define" => Spanned { node: text, span: value.span },
            _ => unquoted(value),
        };
        Ok(ScriptOption { name: owned(name), value: Some(owned(value)) })
    }

    /// What follows `=` up to white space; quotes may hold white space.
    fn option_value(&mut self) -> Fallible<Spanned<&'a str>> {
        let text = self.lexer.text();
        let mut start = self.token.span.end as usize;
        start += text[start..].bytes().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let mut quote = None;
        let mut escaped = false;
        let mut length = 0;
        for octet in text[start..].bytes() {
            match quote {
                None if octet.is_ascii_whitespace() => break,
                // A quote opens at the value's start or after a definition's `=`.
                None if matches!(octet, b'"' | b'`')
                    && (length == 0 || text.as_bytes()[start + length - 1] == b'=') =>
                {
                    quote = Some(octet);
                }
                Some(_) if octet == b'\n' => break,
                Some(_) if escaped => escaped = false,
                Some(_) if octet == b'\\' => escaped = true,
                Some(open) if octet == open => {
                    quote = None;
                    length += 1;
                    break;
                }
                _ => {}
            }
            length += 1;
        }
        let span = Span { start: start as u32, end: (start + length) as u32 };
        if length == 0 {
            return self.fail(
                "option::value",
                self.token.span,
                "the option has no value",
                "expected a value after `=`",
            );
        }
        if quote.is_some() {
            return self.fail(
                "parse::unterminated",
                span,
                "this value has no end",
                "the quote is not closed on this line",
            );
        }
        Ok(Spanned { node: &text[start..start + length], span })
    }

    fn own_definition(&mut self, value: Spanned<&'a str>) -> Fallible<()> {
        let inner = unquoted(value).node;
        let Some((name, meaning)) = inner.split_once('=') else {
            return self.fail(
                "option::define",
                value.span,
                format!("`{inner}` defines nothing"),
                "expected NAME=VALUE",
            );
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return self.fail(
                "option::define",
                value.span,
                format!("`{name}` is not a name"),
                "expected letters, digits and underscores before `=`",
            );
        }
        self.lexer.define(name, meaning, value.span);
        Ok(())
    }

    /// A command where no event's time stands: before the first event or after the last.
    pub(super) fn untimed_command(&mut self) -> Option<Spanned<String>> {
        self.at(TokenKind::Command).then(|| {
            let token = self.bump();
            Spanned { node: token.text.to_owned(), span: token.span }
        })
    }

    /// Parts of packetdrill that are left out by name.
    fn refuse_option(&mut self, name: Spanned<&str>) {
        let part = if name.node.starts_with("wire_") {
            "remote wire mode"
        } else if name.node.starts_with("psp_") {
            "PSP"
        } else if name.node.starts_with("so_") {
            ".so interface"
        } else {
            return;
        };
        self.report(
            Diagnostic::error(
                "left-out::option",
                name.span,
                format!("`--{}` belongs to packetdrill's {part}", name.node),
                "not supported here",
            )
            .help(format!("scripts that need packetdrill's {part} can be run by packetdrill only")),
        );
    }
}

/// A value without the double quotes around it.
fn unquoted(value: Spanned<&str>) -> Spanned<&str> {
    match value.node.strip_prefix('"').and_then(|v| v.strip_suffix('"')) {
        Some(inner) => Spanned { node: inner, span: value.span },
        None => value,
    }
}
