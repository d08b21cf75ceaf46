//! System calls.

use super::{Fallible, Parser, owned};
use crate::script::Span;
use crate::script::lexer::TokenKind;
use crate::script::tree::{Call, Expression, Micros};

impl Parser<'_> {
    /// `name(arguments) = result ERROR (note)`.
    pub(super) fn call(&mut self, end: Option<Micros>) -> Fallible<Call> {
        let name = owned(self.word("a system call's name")?);
        let arguments = self.arguments()?;
        self.expect_punct(b'=', "and the result after the call")?;
        let result = self.expression()?;
        let error = match self.token.kind {
            TokenKind::Word => Some(owned(self.word("an error symbol")?)),
            _ => None,
        };
        let note = if self.at_punct(b'(') { Some(self.note()?) } else { None };
        Ok(Call { end, name, arguments, result, error, note })
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

    /// Any text in parentheses on one line, its words separated by one space.
    fn note(&mut self) -> Fallible<String> {
        let text = self.lexer.text();
        let start = self.token.span.start as usize;
        let line = text[start..].lines().next().unwrap_or("");
        let Some(length) = line.find(')') else {
            let span = Span { start: start as u32, end: start as u32 + 1 };
            return self.fail("parse::unterminated", span, "this note has no end", "no `)` follows on the line");
        };
        let words = text[start + 1..start + length].split_whitespace();
        let note = words.collect::<Vec<_>>().join(" ");
        self.bump_to(start + length + 1);
        Ok(note)
    }
}
