//! The regular expressions of tests, each compiled once: compiling takes longer than all else that a dialogue needs.

use std::cell::RefCell;
use std::collections::BTreeMap;

use regex::bytes::Regex;

/// Expressions that a thread keeps; each can take some megabytes.
const MOST: usize = 32;

thread_local! {
    static COMPILED: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

/// The expression that this source means.
///
/// # Errors
/// It means none, or one that takes too much memory.
pub(crate) fn regular_expression(source: &str) -> Result<Regex, regex::Error> {
    COMPILED.with_borrow_mut(|compiled| {
        if let Some(expression) = compiled.get(source) {
            return Ok(expression.clone());
        }
        let expression = Regex::new(source)?;
        if compiled.len() == MOST {
            compiled.clear();
        }
        compiled.insert(source.to_owned(), expression.clone());
        Ok(expression)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_what_its_source_says_however_many_there_were() {
        for round in 0..2 {
            for number in 0..=MOST {
                let expression = regular_expression(&format!("^a{{{number}}}$")).unwrap();
                assert!(expression.is_match("a".repeat(number).as_bytes()), "{number} in round {round}");
                assert!(!expression.is_match("a".repeat(number + 1).as_bytes()), "{number} in round {round}");
            }
        }
        assert!(regular_expression("(").is_err());
        assert!(COMPILED.with_borrow(|compiled| compiled.len() <= MOST));
    }
}
