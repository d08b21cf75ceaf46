//! The order of IDs as people count them.

/// Text and numbers by turns, so that `MUST-2` comes before `MUST-10`.
pub(crate) type NaturalKey = Vec<(String, u64)>;

/// The key that orders an ID.
pub(crate) fn natural(id: &str) -> NaturalKey {
    let mut key = Vec::new();
    let mut rest = id;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(digits);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        key.push((text.to_owned(), after[..end].parse().unwrap_or(0)));
        rest = &after[end..];
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_numbers() {
        let mut ids = ["9293-MUST-10", "9293-MUST-2", "9293-MAY-3"];
        ids.sort_by_key(|id| natural(id));
        assert_eq!(ids, ["9293-MAY-3", "9293-MUST-2", "9293-MUST-10"]);
    }
}
