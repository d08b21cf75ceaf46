//! Arbitrary arithmetic, on three names.

use proptest::prelude::*;
use proptest::sample::select;
use rfcheck::script::Span;
use rfcheck::script::fields::{CAPTURES, FIELDS};
use rfcheck::script::tree::{Assertion, Capture, Comparison, Formula, FormulaKind, Measure, Operator};

use super::placed;

/// The names that formulas calculate with.
pub(crate) const NAMES: [&str; 3] = ["va", "vb", "vc"];

fn made(kind: FormulaKind) -> Formula {
    Formula { span: Span::default(), kind }
}

pub(crate) fn name() -> impl Strategy<Value = String> {
    select(&NAMES[..]).prop_map(str::to_owned)
}

pub(crate) fn formula() -> BoxedStrategy<Formula> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(FormulaKind::Number),
        (0..9_i64).prop_map(FormulaKind::Number),
        name().prop_map(FormulaKind::Name),
        (select(&Measure::ALL[..]), name()).prop_map(|((_, measure), name)| FormulaKind::Of(measure, placed(name))),
    ]
    .prop_map(made);
    leaf.prop_recursive(4, 24, 2, |inner| {
        let negated = inner.clone().prop_map(|inner| FormulaKind::Negate(Box::new(inner)));
        let binary = (select(&Operator::ALL[..]), inner.clone(), inner)
            .prop_map(|((.., operator), left, right)| FormulaKind::Binary(operator, Box::new(left), Box::new(right)));
        prop_oneof![1 => negated, 4 => binary].prop_map(made)
    })
    .boxed()
}

pub(crate) fn assertion() -> BoxedStrategy<Assertion> {
    prop_oneof![
        4 => (formula(), select(&Comparison::ALL[..]), formula())
            .prop_map(|(left, (_, comparison), right)| Assertion::Compare { left, comparison, right }),
        1 => (formula(), formula()).prop_map(|(left, right)| Assertion::Before(left, right)),
        1 => name().prop_map(|name| Assertion::Unpredictable(placed(name))),
    ]
    .boxed()
}

/// Any capture; the header is that of the name's first part.
pub(crate) fn capture() -> impl Strategy<Value = Capture> {
    let fields: Vec<&str> = FIELDS.iter().chain(CAPTURES).map(|known| known.name).collect();
    (select(fields), "w[a-z_0-9]{1,5}")
        .prop_map(|(field, name)| Capture { field: placed(field.to_owned()), name: placed(name) })
}
