//! Expressions: arguments and results of system calls.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Diagnostic, Failed, Fallible, MOST_DEPTH, Parser};
use crate::script::Spanned;
use crate::script::lexer::TokenKind;
use crate::script::tree::{Expression, ExpressionKind};

impl Parser<'_> {
    /// One or more expressions, separated by commas.
    pub(super) fn expressions(&mut self) -> Fallible<Vec<Expression>> {
        let mut list = Vec::with_capacity(4);
        list.push(self.expression()?);
        while self.eat_punct(b',') {
            list.push(self.expression()?);
        }
        Ok(list)
    }

    /// `a`, `a | b`, `WORD = a`; both operators hold what is on their right together.
    pub(super) fn expression(&mut self) -> Fallible<Expression> {
        if self.depth >= MOST_DEPTH {
            let label = format!("expressions nest at most {MOST_DEPTH} deep");
            return self.fail("parse::depth", self.token.span, "this nests too deep", label);
        }
        self.depth += 1;
        let expression = self.operators();
        self.depth -= 1;
        expression
    }

    fn operators(&mut self) -> Fallible<Expression> {
        let left = self.operand()?;
        if self.at_punct(b'=')
            && let ExpressionKind::Word(word) = left.kind
        {
            self.bump();
            let value = self.expression()?;
            let name = Spanned { node: word, span: left.span };
            let span = left.span.to(value.span);
            return Ok(Expression { span, kind: ExpressionKind::Assign(name, Box::new(value)) });
        }
        if self.eat_punct(b'|') {
            let right = self.expression()?;
            let span = left.span.to(right.span);
            return Ok(Expression { span, kind: ExpressionKind::Or(Box::new(left), Box::new(right)) });
        }
        Ok(left)
    }

    fn operand(&mut self) -> Fallible<Expression> {
        let start = self.token.span;
        let kind = match self.token.kind {
            TokenKind::Ellipsis => {
                self.bump();
                ExpressionKind::Ellipsis
            }
            TokenKind::Integer { value, hexadecimal } => {
                self.bump();
                ExpressionKind::Integer { value, hexadecimal }
            }
            TokenKind::String => self.strings()?,
            TokenKind::Word => self.word_expression()?,
            TokenKind::Punct(b'[') => {
                self.bump();
                let list = if self.at_punct(b']') { Vec::new() } else { self.expressions()? };
                if !self.at_punct(b']') {
                    return self.unexpected("expected `,` or `]` in the list");
                }
                self.bump();
                ExpressionKind::List(list)
            }
            TokenKind::Punct(b'{') => self.structure()?,
            TokenKind::Huge => {
                self.integer("a number")?;
                return Err(Failed);
            }
            _ => return self.unexpected("expected an expression"),
        };
        Ok(Expression { span: start.to(self.last), kind })
    }

    /// `"a" "b"`, `"a"...`.
    fn strings(&mut self) -> Fallible<ExpressionKind> {
        let mut octets = Vec::new();
        while self.at(TokenKind::String) {
            let token = self.bump();
            self.unescape_into(token.text, token.span, &mut octets)?;
        }
        let truncated = self.eat(TokenKind::Ellipsis);
        Ok(ExpressionKind::String { octets, truncated })
    }

    /// A symbol, or a function that makes a number or address.
    fn word_expression(&mut self) -> Fallible<ExpressionKind> {
        let token = self.bump();
        if !self.at_punct(b'(') {
            return Ok(ExpressionKind::Word(token.text.to_owned()));
        }
        match token.text {
            "inet_addr" => Ok(ExpressionKind::Address(self.inet_addr()?.node)),
            "inet6_addr" => {
                let address = self.inet_addr()?;
                match address.node {
                    IpAddr::V6(_) => Ok(ExpressionKind::Address(address.node)),
                    IpAddr::V4(_) => {
                        self.fail("call::address", address.span, "this is an IPv4 address", "expected an IPv6 address")
                    }
                }
            }
            "htons" => {
                let value = self.parenthesised(|p| p.u16("16-bit number"))?;
                Ok(ExpressionKind::Integer { value: value.to_be().into(), hexadecimal: false })
            }
            "htonl" => {
                let hexadecimal = self.lexer.text()[self.token.span.end as usize..].trim_start().starts_with("0x");
                let value = self.parenthesised(|p| p.u32("32-bit number"))?;
                Ok(ExpressionKind::Integer { value: value.to_be().into(), hexadecimal })
            }
            // A note may follow a result.
            _ => Ok(ExpressionKind::Word(token.text.to_owned())),
        }
    }

    /// `("address")`.
    pub(super) fn inet_addr(&mut self) -> Fallible<Spanned<IpAddr>> {
        self.expect_punct(b'(', "before the address")?;
        let text = self.string("an address")?;
        self.expect_punct(b')', "after the address")?;
        let address = match text.node.parse::<Ipv4Addr>() {
            Ok(address) => Some(IpAddr::V4(address)),
            Err(_) => text.node.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        };
        match address {
            Some(address) => Ok(Spanned { node: address, span: text.span }),
            None => {
                let message = format!("`{}` is no address", text.node);
                self.fail("call::address", text.span, message, "expected an IPv4 or IPv6 address")
            }
        }
    }

    /// `(number)`.
    pub(super) fn parenthesised<T>(&mut self, number: impl FnOnce(&mut Self) -> Fallible<Spanned<T>>) -> Fallible<T> {
        self.expect_punct(b'(', "before the number")?;
        let value = number(self)?;
        self.expect_punct(b')', "after the number")?;
        Ok(value.node)
    }

    /// A number that stands alone, as the fields of some structures do.
    pub(super) fn plain_integer(&mut self, what: &str) -> Fallible<i64> {
        self.integer(what).map(|value| value.node)
    }

    /// Reports that a structure has no such field here.
    pub(super) fn wrong_field<T>(&mut self, expected: &'static str) -> Fallible<T> {
        let help = self.near([expected]);
        if self.token.kind != TokenKind::Bad {
            let (found, span) = (self.found(), self.token.span);
            self.report(
                Diagnostic::error("call::field", span, format!("unexpected {found}"), format!("expected `{expected}`"))
                    .maybe_help(help),
            );
        }
        Err(Failed)
    }
}

/// Appends the octets of a string with its escapes resolved. The error is the octet at which an escape is wrong, and
/// how it is.
pub(super) fn unescape(text: &str, into: &mut Vec<u8>) -> Result<(), (usize, String)> {
    let bytes = text.as_bytes();
    if !bytes.contains(&b'\\') {
        into.extend_from_slice(bytes);
        return Ok(());
    }
    let mut at = 0;
    while let Some(&octet) = bytes.get(at) {
        at += 1;
        if octet != b'\\' {
            into.push(octet);
            continue;
        }
        let escape = bytes.get(at).copied();
        let start = at - 1;
        at += 1;
        into.push(match escape {
            Some(b'\\') => b'\\',
            Some(b'"') => b'"',
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 0x0b,
            Some(b'x') => {
                let digits = bytes.get(at..at + 2).and_then(|digits| std::str::from_utf8(digits).ok());
                let value = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
                let Some(value) = value.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
                    return Err((start, r"`\x` needs two hexadecimal digits".to_owned()));
                };
                at += 2;
                value
            }
            other => {
                let shown = text.get(start + 1..).and_then(|rest| rest.chars().next()).unwrap_or('\\');
                debug_assert!(other.is_some() || shown == '\\');
                return Err((start, format!("unknown escape `\\{}`", shown.escape_default())));
            }
        });
    }
    Ok(())
}
