//! System calls.

use super::{Fallible, Parser, owned};
use crate::script::Span;
use crate::script::lexer::TokenKind;
use crate::script::scanner::note_length;
use crate::script::tree::{Call, Expression, Micros};

impl Parser<'_> {
    /// `name(arguments) = result ERROR (note)`.
    pub(super) fn call(&mut self, end: Option<Micros>) -> Fallible<Call> {
        let name = owned(self.word("a system call's name")?);
        let arguments = self.arguments()?;
        self.expect_punct(b'=', "and the result after the call")?;
        let result = self.expression()?;
        let error = match self.token.kind {
            // Without a note it is on the line of the result, or it would be what is wrong with the next event.
            TokenKind::Word if self.token.line == self.last_line || self.is_before_note() => {
                Some(owned(self.word("an error symbol")?))
            }
            _ => None,
        };
        let note = if self.at_punct(b'(') { Some(self.note()?) } else { None };
        Ok(Call { end, name, arguments, result, error, note })
    }

    fn is_before_note(&self) -> bool {
        self.lexer.text()[self.token.span.end as usize..].trim_start().starts_with('(')
    }

    fn arguments(&mut self) -> Fallible<Vec<Expression>> {
        self.expect_punct(b'(', "after the call's name")?;
        if self.eat_punct(b')') {
            return Ok(Vec::new());
        }
        let arguments = self.expressions()?;
        if !self.at_punct(b')') {
            return self.unexpected("expected `,` or `)` after the argument");
        }
        self.bump();
        Ok(arguments)
    }

    /// Any text in parentheses, its words separated by one space; a second one goes on with the first.
    fn note(&mut self) -> Fallible<String> {
        let mut words = Vec::new();
        while self.at_punct(b'(') {
            let start = self.token.span.start as usize;
            let text = &self.lexer.text()[start..];
            let Some(length) = note_length(text) else {
                let span = Span { start: start as u32, end: start as u32 + 1 };
                return self.fail("parse::unterminated", span, "this note has no end", "no `)` follows on the line");
            };
            words.extend(text[1..length - 1].split_whitespace());
            self.bump_to(start + length);
        }
        Ok(words.join(" "))
    }
}
