//! Arithmetic on captured values: `with field as NAME`, `with field=FORMULA`, `assert ...`.

use super::{Diagnostic, Failed, Fallible, Parser, did_you_mean, owned};
use crate::script::lexer::{Token, TokenKind};
use crate::script::tree::{Assertion, Comparison, Formula, FormulaKind, Measure, Operator};
use crate::script::{Span, Spanned};

/// Units of time, in microseconds.
const UNITS: [(&str, i64); 3] = [("us", 1), ("ms", 1_000), ("s", 1_000_000)];

/// Functions that are a statement by themselves.
const STATEMENTS: [&str; 2] = ["before", "unpredictable"];

/// Words that may follow a value.
const FOLLOWING: [&str; 4] = ["as", "fragment", "or", "with"];

/// How strongly the weakest operator binds.
const WEAKEST: u8 = 1;

impl<'a> Parser<'a> {
    /// `assert a < b`, `assert before(a, b)`, `assert unpredictable(isn)`, from `assert` on.
    pub(super) fn assertion(&mut self) -> Fallible<Assertion> {
        self.bump();
        self.has_names = true;
        if self.goes_on() && self.at(TokenKind::Word) && self.octet_after() == b'(' {
            match self.token.text {
                "before" => {
                    self.bump();
                    return self.before();
                }
                "unpredictable" => {
                    self.bump();
                    return self.series().map(Assertion::Unpredictable);
                }
                _ => {}
            }
        }
        let left = self.formula(0)?;
        let Some(comparison) = self.comparison() else {
            let help = "write `assert a < b`, with one of == != < <= > >=, `assert before(a, b)` or \
                        `assert unpredictable(a)`";
            return self.unexpected_with("expected a comparison", Some(help.to_owned()));
        };
        let right = self.formula(0)?;
        if self.goes_on() && self.peek_comparison().is_some() {
            return self.unexpected_with(
                "expected the end of the event: a comparison compares two values",
                Some("write one `assert` for each comparison".to_owned()),
            );
        }
        Ok(Assertion::Compare { left, comparison, right })
    }

    /// `(a, b)`.
    fn before(&mut self) -> Fallible<Assertion> {
        self.expect_punct(b'(', "before the first number")?;
        let left = self.formula(1)?;
        self.expect_punct(b',', "between the two numbers")?;
        let right = self.formula(1)?;
        self.expect_punct(b')', "after the second number")?;
        Ok(Assertion::Before(left, right))
    }

    /// `(name)`.
    fn series(&mut self) -> Fallible<Spanned<String>> {
        self.expect_punct(b'(', "before the name")?;
        let name = self.word("the name of captured values")?;
        self.expect_punct(b')', "after the name")?;
        Ok(owned(name))
    }

    /// The name after `as`.
    pub(super) fn capture_name(&mut self) -> Fallible<Spanned<String>> {
        self.has_names = true;
        let name = self.word("a name for the value")?;
        if let Err(message) = check_name(name.node) {
            return self.fail("capture::name", name.span, message, "expected a name");
        }
        Ok(owned(name))
    }

    /// A formula inside so many parentheses; outside of all, it ends with its line.
    pub(super) fn formula(&mut self, parentheses: u32) -> Fallible<Formula> {
        self.binary(parentheses, WEAKEST)
    }

    /// Operators that bind as strongly as this, or more.
    fn binary(&mut self, parentheses: u32, least: u8) -> Fallible<Formula> {
        let mut left = self.number_operand(parentheses)?;
        while parentheses > 0 || self.goes_on() {
            let Some((spelling, strength, operator)) = self.peek_operator() else { break };
            if strength < least {
                break;
            }
            for _ in 0..spelling.len() {
                self.bump();
            }
            let right = self.binary(parentheses, strength + 1)?;
            let span = left.span.to(right.span);
            left = Formula { span, kind: FormulaKind::Binary(operator, Box::new(left), Box::new(right)) };
        }
        Ok(left)
    }

    fn number_operand(&mut self, parentheses: u32) -> Fallible<Formula> {
        self.depth += 1;
        if self.depth > super::MOST_DEPTH {
            return self.fail("parse::depth", self.token.span, "this nests too deep", "here");
        }
        let start = self.token.span;
        let expected = "expected a number, a captured name or `(`";
        if parentheses == 0 && !self.goes_on() {
            return self.unexpected(expected);
        }
        let kind = match self.token.kind {
            TokenKind::Integer { .. } | TokenKind::Huge => FormulaKind::Number(self.integer("a number")?.node),
            TokenKind::Word => self.name_or_time()?,
            TokenKind::Punct(b'-') => {
                self.bump();
                FormulaKind::Negate(Box::new(self.number_operand(parentheses)?))
            }
            TokenKind::Punct(b'(') => {
                self.bump();
                let inner = self.formula(parentheses + 1)?;
                self.expect_punct(b')', "after the number")?;
                inner.kind
            }
            _ => return self.unexpected(expected),
        };
        self.depth -= 1;
        Ok(Formula { span: start.to(self.last), kind })
    }

    fn name_or_time(&mut self) -> Fallible<FormulaKind> {
        let token = self.bump();
        let word = token.text;
        if let Some(micros) = time(word) {
            return Ok(FormulaKind::Number(micros));
        }
        if self.at_punct(b'(') {
            if let Some((_, measure)) = Measure::ALL.iter().find(|(spelling, _)| *spelling == word) {
                return self.series().map(|name| FormulaKind::Of(*measure, name));
            }
            return self.no_function(token);
        }
        if !word.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') {
            let label = "expected a number, a time such as `200ms`, or a name";
            return self.fail("formula::word", token.span, format!("`{word}` is no number"), label);
        }
        self.has_names = true;
        Ok(FormulaKind::Name(word.to_owned()))
    }

    fn no_function<T>(&mut self, token: Token<'_>) -> Fallible<T> {
        let word = token.text;
        if STATEMENTS.contains(&word) {
            let message = format!("`{word}` gives no number");
            return self.fail("formula::function", token.span, message, "it is a statement of its own");
        }
        let known = Measure::ALL.iter().map(|(spelling, _)| *spelling).chain(STATEMENTS);
        let help = did_you_mean(word, known)
            .unwrap_or_else(|| "there are `before(a, b)`, `unpredictable(a)`, `count(a)` and `distinct(a)`".to_owned());
        let message = format!("there is no function `{word}`");
        self.report(Diagnostic::error("formula::function", token.span, message, "unknown function").help(help));
        Err(Failed)
    }

    /// Whether the looked-at token is on the line of the one before it.
    fn goes_on(&self) -> bool {
        self.token.line == self.last_line
    }

    /// The operator that is looked at. A minus sign that was read as a number's is taken off it.
    fn peek_operator(&mut self) -> Option<(&'static str, u8, Operator)> {
        if matches!(self.token.kind, TokenKind::Integer { .. } | TokenKind::Huge)
            && self.source(self.token.span).starts_with('-')
        {
            let Token { span, line, .. } = self.token;
            self.lexer.seek(span.start + 1, line);
            let span = Span { start: span.start, end: span.start + 1 };
            self.token = Token { kind: TokenKind::Punct(b'-'), text: "", span, line };
        }
        let TokenKind::Punct(octet) = self.token.kind else { return None };
        // A definition's text is no operator.
        let doubled = self.octet_after() == octet;
        Operator::ALL
            .iter()
            .copied()
            .find(|(spelling, ..)| spelling.as_bytes()[0] == octet && (spelling.len() == 1 || doubled))
    }

    fn peek_comparison(&self) -> Option<(&'static str, Comparison)> {
        let TokenKind::Punct(octet) = self.token.kind else { return None };
        let next = self.octet_after();
        let fits = |spelling: &str| match spelling.as_bytes() {
            [first, second] => *first == octet && *second == next,
            [first] => *first == octet,
            _ => false,
        };
        Comparison::ALL.iter().copied().find(|(spelling, _)| fits(spelling))
    }

    fn comparison(&mut self) -> Option<Comparison> {
        if !self.goes_on() {
            return None;
        }
        let (spelling, comparison) = self.peek_comparison()?;
        for _ in 0..spelling.len() {
            self.bump();
        }
        Some(comparison)
    }
}

/// `200ms`, in microseconds.
fn time(word: &str) -> Option<i64> {
    let (digits, unit) = word.split_at(word.find(|c: char| !c.is_ascii_digit())?);
    let (_, micros) = UNITS.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<i64>().ok()?.checked_mul(*micros)
}

/// Whether a word can name a captured value; the error says why not.
fn check_name(name: &str) -> Result<(), String> {
    let is_function = STATEMENTS.contains(&name) || Measure::ALL.iter().any(|(spelling, _)| *spelling == name);
    if is_function {
        return Err(format!("`{name}` is a function"));
    }
    if FOLLOWING.contains(&name) {
        return Err(format!("`{name}` is a word of the language"));
    }
    if name.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
        return Err(format!("`{name}` is not a name; it begins with a digit"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_have_units() {
        assert_eq!((time("200ms"), time("3s"), time("7us")), (Some(200_000), Some(3_000_000), Some(7)));
        assert_eq!((time("ms"), time("3m"), time("99999999999999999s")), (None, None, None));
    }
}
