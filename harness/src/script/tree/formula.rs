//! Arithmetic on captured values, and what is asserted of it.

use crate::script::{Span, Spanned};

/// `FIELD as NAME`: the field's value on the wire gets a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The field, such as `tcp.sequence`, `time` or `length`.
    pub field: Spanned<String>,
    /// The name.
    pub name: Spanned<String>,
}

/// `assert ...`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assertion {
    /// `a < b`.
    Compare {
        /// Left.
        left: Formula,
        /// How the two are to compare.
        comparison: Comparison,
        /// Right.
        right: Formula,
    },
    /// `before(a, b)`: `a` lies before `b` in sequence-number order (RFC 9293 section 3.4).
    Before(Formula, Formula),
    /// `unpredictable(series)`: nobody can tell the next value from those before.
    Unpredictable(Spanned<String>),
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
}

impl Comparison {
    /// Every one, with its spelling; those of two characters first.
    pub const ALL: [(&'static str, Comparison); 6] = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];

    /// As scripts write it.
    pub fn spelling(self) -> &'static str {
        Comparison::ALL.iter().find(|(_, known)| *known == self).map_or("", |(spelling, _)| spelling)
    }
}

/// Arithmetic on integers of 64 bits.
#[derive(Clone, Debug)]
pub struct Formula {
    /// Its place.
    pub span: Span,
    /// What it is.
    pub kind: FormulaKind,
}

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Formula {}

/// What a formula is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormulaKind {
    /// A number; `200ms` is one of microseconds.
    Number(i64),
    /// The value captured last with a name.
    Name(String),
    /// `-a`.
    Negate(Box<Formula>),
    /// `a + b`.
    Binary(Operator, Box<Formula>, Box<Formula>),
    /// `count(series)`, `distinct(series)`.
    Of(Measure, Spanned<String>),
}

/// What is measured of all values captured with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// `count`: how many there are.
    Count,
    /// `distinct`: how many different ones there are.
    Distinct,
}

impl Measure {
    /// Every one, with its spelling.
    pub const ALL: [(&'static str, Measure); 2] = [("count", Measure::Count), ("distinct", Measure::Distinct)];

    /// As scripts write it.
    pub fn spelling(self) -> &'static str {
        Measure::ALL.iter().find(|(_, known)| *known == self).map_or("", |(spelling, _)| spelling)
    }
}

/// An operator between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `|`.
    Or,
    /// `&`.
    And,
    /// `<<`.
    ShiftLeft,
    /// `>>`.
    ShiftRight,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`: towards minus infinity, so that `a == a / b * b + a % b`.
    Divide,
    /// `%`: what `/` leaves, with the sign of the right number.
    Remainder,
}

impl Operator {
    /// Every one, with its spelling and how strongly it binds.
    pub const ALL: [(&'static str, u8, Operator); 9] = [
        ("|", 1, Operator::Or),
        ("&", 2, Operator::And),
        ("<<", 3, Operator::ShiftLeft),
        (">>", 3, Operator::ShiftRight),
        ("+", 4, Operator::Add),
        ("-", 4, Operator::Subtract),
        ("*", 5, Operator::Multiply),
        ("/", 5, Operator::Divide),
        ("%", 5, Operator::Remainder),
    ];

    /// As scripts write it.
    pub fn spelling(self) -> &'static str {
        self.entry().0
    }

    /// How strongly it binds: more binds before less, and from the left among equals.
    pub fn strength(self) -> u8 {
        self.entry().1
    }

    /// What it makes of two numbers; none for a result of more than 64 bits, or a division by zero.
    pub fn apply(self, x: i64, y: i64) -> Option<i64> {
        match self {
            Operator::Or => Some(x | y),
            Operator::And => Some(x & y),
            Operator::ShiftLeft => {
                let shift = u32::try_from(y).ok()?;
                x.checked_shl(shift).filter(|shifted| shifted.checked_shr(shift) == Some(x))
            }
            Operator::ShiftRight => Some(x.checked_shr(u32::try_from(y).ok()?).unwrap_or(if x < 0 { -1 } else { 0 })),
            Operator::Add => x.checked_add(y),
            Operator::Subtract => x.checked_sub(y),
            Operator::Multiply => x.checked_mul(y),
            // Rounded to minus infinity: what is left has the sign of the right number, as differences of sequence numbers
            // modulo 2^32 need it.
            Operator::Divide => {
                let quotient = x.checked_div(y)?;
                Some(if x.checked_rem(y)? != 0 && (x < 0) != (y < 0) { quotient - 1 } else { quotient })
            }
            Operator::Remainder => {
                let rest = x.checked_rem(y)?;
                Some(if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest })
            }
        }
    }

    fn entry(self) -> (&'static str, u8) {
        Operator::ALL
            .iter()
            .find(|(.., known)| *known == self)
            .map_or(("", 0), |(spelling, strength, _)| (*spelling, *strength))
    }
}

impl Formula {
    /// Visits every name in it, with its place.
    pub fn names<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Span)) {
        match &self.kind {
            FormulaKind::Number(_) => {}
            FormulaKind::Name(name) => visit(name, self.span),
            FormulaKind::Of(_, name) => visit(&name.node, name.span),
            FormulaKind::Negate(inner) => inner.names(visit),
            FormulaKind::Binary(_, left, right) => {
                left.names(visit);
                right.names(visit);
            }
        }
    }
}

impl Assertion {
    /// Visits every name in it, with its place.
    pub fn names<'a>(&'a self, visit: &mut dyn FnMut(&'a str, Span)) {
        match self {
            Assertion::Compare { left, right, .. } | Assertion::Before(left, right) => {
                left.names(visit);
                right.names(visit);
            }
            Assertion::Unpredictable(name) => visit(&name.node, name.span),
        }
    }
}
