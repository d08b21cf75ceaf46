//! Arithmetic, with parentheses where it needs them.

use std::fmt::Write as _;

use super::{Printer, put};
use crate::script::tree::{Assertion, Formula, FormulaKind};

impl Printer {
    pub(super) fn assertion(&mut self, assertion: &Assertion) {
        self.out.push_str("assert ");
        match assertion {
            Assertion::Compare { left, comparison, right } => {
                self.formula(left);
                put!(self, " {} ", comparison.spelling());
                self.formula(right);
            }
            Assertion::Before(left, right) => {
                self.out.push_str("before(");
                self.formula(left);
                self.out.push_str(", ");
                self.formula(right);
                self.out.push(')');
            }
            Assertion::Unpredictable(name) => put!(self, "unpredictable({})", name.node),
        }
    }

    pub(super) fn formula(&mut self, formula: &Formula) {
        match &formula.kind {
            FormulaKind::Number(number) => put!(self, "{number}"),
            FormulaKind::Name(name) => self.out.push_str(name),
            FormulaKind::Of(measure, name) => put!(self, "{}({})", measure.spelling(), name.node),
            FormulaKind::Negate(inner) => {
                // Without them, the minus sign of `-5` would be the number's own.
                self.out.push_str("-(");
                self.formula(inner);
                self.out.push(')');
            }
            FormulaKind::Binary(operator, left, right) => {
                self.inner(left, operator.strength());
                put!(self, " {} ", operator.spelling());
                self.inner(right, operator.strength() + 1);
            }
        }
    }

    /// An operand of an operator; what binds less than `least` needs parentheses.
    fn inner(&mut self, formula: &Formula, least: u8) {
        match &formula.kind {
            FormulaKind::Binary(operator, ..) if operator.strength() < least => {
                self.out.push('(');
                self.formula(formula);
                self.out.push(')');
            }
            _ => self.formula(formula),
        }
    }
}
