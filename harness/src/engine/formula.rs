//! Arithmetic on captured values: 64-bit integers, which wrap only where they become the value of a field.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::names::Names;
use crate::script::fields::{self, FieldKind};
use crate::script::tree::{Assertion, Comparison, FieldValue, Formula, FormulaKind, Measure, Operator, PacketSpec};
use crate::script::{self, Span, Spanned};

/// Why a formula has no value: the script's fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormulaError {
    pub span: Span,
    pub message: String,
}

/// A formula's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub value: FieldValue,
    /// The number, if it is one; formulas may be negative.
    number: Option<i64>,
    /// Whether it was worked out from a time.
    is_time: bool,
}

/// An assertion that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refuted {
    /// What the assertion comes to, such as `3 > 5`.
    pub actual: String,
    /// Values that it was worked out from: name and value.
    pub values: Vec<(String, String)>,
    /// How far it is from holding, in microseconds, if it is about times.
    pub miss: Option<i64>,
}

/// A packet with its formulas worked out.
pub(super) fn worked_out<'a>(spec: &'a PacketSpec, names: &Names) -> Result<Cow<'a, PacketSpec>, FormulaError> {
    let is_formula = |value: &FieldValue| matches!(value, FieldValue::Formula(_));
    if !spec.fields.iter().any(|field| is_formula(&field.value.node)) {
        return Ok(Cow::Borrowed(spec));
    }
    let mut spec = spec.clone();
    for field in &mut spec.fields {
        let Spanned { node: FieldValue::Formula(formula), span } = &field.value else { continue };
        let (value, span) = (evaluate(formula, names)?, *span);
        let kind = fields::field(&field.name.node).map(|known| known.kind);
        let fitted = match (kind, value.number, value.value) {
            // What is too large for the field wraps: sequence numbers do so by themselves.
            (Some(FieldKind::Bits(bits)), Some(number), _) => FieldValue::Number(number as u64 & ((1_u64 << bits) - 1)),
            (Some(FieldKind::Bits(_)), None, _) | (Some(_), Some(_), _) | (None, ..) => {
                let message = format!("this is no value of `{}`", field.name.node);
                return Err(FormulaError { span, message });
            }
            (Some(_), None, other) => other,
        };
        field.value = Spanned { node: fitted, span };
    }
    Ok(Cow::Owned(spec))
}

/// Whether an assertion holds; `unpredictable` is judged elsewhere.
pub(super) fn refute(assertion: &Assertion, names: &Names) -> Result<Option<Refuted>, FormulaError> {
    let (left, right, holds, text) = match assertion {
        Assertion::Compare { left, comparison, right } => {
            let (a, b) = (evaluate(left, names)?, evaluate(right, names)?);
            let holds = match (a.number, b.number) {
                (Some(a), Some(b)) => compare(*comparison, a, b),
                _ => match comparison {
                    Comparison::Equal => a.value == b.value,
                    Comparison::NotEqual => a.value != b.value,
                    _ => {
                        let message = "only numbers come before or after one another".to_owned();
                        return Err(FormulaError { span: left.span.to(right.span), message });
                    }
                },
            };
            let text = format!("{} {} {}", a.text(), comparison.spelling(), b.text());
            (a, b, holds, text)
        }
        Assertion::Before(left, right) => {
            let (a, b) = (evaluate(left, names)?, evaluate(right, names)?);
            let (x, y) = (a.need_number(left.span)?, b.need_number(right.span)?);
            // RFC 9293 section 3.4: comparison modulo 2^32.
            let holds = (x.wrapping_sub(y) as u32 as i32) < 0;
            let text = format!("before({}, {})", a.text(), b.text());
            (a, b, holds, text)
        }
        Assertion::Unpredictable(_) => return Ok(None),
    };
    if holds {
        return Ok(None);
    }
    let miss = (left.is_time || right.is_time)
        .then(|| left.number.zip(right.number).map(|(a, b)| a.saturating_sub(b).saturating_abs().max(1)))
        .flatten();
    let mut values: Vec<(String, String)> = Vec::new();
    assertion.names(&mut |name, _| {
        if let Some(last) = names.last(name)
            && values.iter().all(|(known, _)| known != name)
        {
            values.push((name.to_owned(), super::fields::text(&last.value)));
        }
    });
    Ok(Some(Refuted { actual: text, values, miss }))
}

fn compare(comparison: Comparison, a: i64, b: i64) -> bool {
    match comparison {
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
    }
}

impl Value {
    fn of_number(number: i64, is_time: bool) -> Self {
        Value { value: FieldValue::Number(number as u64), number: Some(number), is_time }
    }

    fn text(&self) -> String {
        match self.number {
            Some(number) => number.to_string(),
            None => super::fields::text(&self.value),
        }
    }

    fn need_number(&self, span: Span) -> Result<i64, FormulaError> {
        self.number.ok_or_else(|| FormulaError { span, message: format!("`{}` is no number", self.text()) })
    }
}

/// Works out a formula.
fn evaluate(formula: &Formula, names: &Names) -> Result<Value, FormulaError> {
    let error = |message: String| FormulaError { span: formula.span, message };
    match &formula.kind {
        FormulaKind::Number(number) => Ok(Value::of_number(*number, false)),
        FormulaKind::Name(name) => {
            let Some(last) = names.last(name) else {
                return Err(error(format!("nothing has captured `{name}`")));
            };
            Ok(match &last.value {
                FieldValue::Number(number) => Value::of_number(*number as i64, last.is_time),
                other => Value { value: other.clone(), number: None, is_time: false },
            })
        }
        FormulaKind::Of(measure, name) => {
            let all = names.all(&name.node);
            let number = match measure {
                Measure::Count => all.len(),
                Measure::Distinct => {
                    all.iter().map(|captured| super::fields::text(&captured.value)).collect::<BTreeSet<_>>().len()
                }
            };
            Ok(Value::of_number(number as i64, false))
        }
        FormulaKind::Negate(inner) => {
            let value = evaluate(inner, names)?;
            let number = value.need_number(inner.span)?.checked_neg();
            number.map(|number| Value::of_number(number, value.is_time)).ok_or_else(|| error(too_large(formula)))
        }
        FormulaKind::Binary(operator, left, right) => {
            let (a, b) = (evaluate(left, names)?, evaluate(right, names)?);
            let (x, y) = (a.need_number(left.span)?, b.need_number(right.span)?);
            if y == 0 && matches!(operator, Operator::Divide | Operator::Remainder) {
                return Err(error(format!("`{}` divides by zero", script::print_formula(formula))));
            }
            let number = operator.apply(x, y).ok_or_else(|| error(too_large(formula)))?;
            Ok(Value::of_number(number, a.is_time || b.is_time))
        }
    }
}

fn too_large(formula: &Formula) -> String {
    format!("`{}` has more than 64 bits", script::print_formula(formula))
}
