//! Lists of values: `{1,64,255}`, `{1..5}`, and `1..5` of loops.

/// A loop or a set of values has no more than this.
const MOST: usize = 10_000;

/// The values of a definition: one, or those of a set in braces.
pub(crate) fn values(text: &str) -> Result<Vec<String>, String> {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(set) => list(set),
        None => Ok(vec![text.to_owned()]),
    }
}

/// What a loop goes over: `1..64`, or a set in braces.
pub(crate) fn series(text: &str) -> Result<Vec<String>, String> {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(set) => list(set),
        None => match range(text)? {
            Some(range) => Ok(range),
            None => Err(format!("`{text}` is no range: expected FIRST..LAST, or values in braces")),
        },
    }
}

fn list(set: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for item in split(set) {
        let item = item.trim();
        if item.is_empty() {
            return Err("a value between the commas is missing".to_owned());
        }
        match range(item)? {
            Some(range) => all.extend(range),
            None => all.push(item.to_owned()),
        }
        if all.len() > MOST {
            return Err(format!("these are more than {MOST} values"));
        }
    }
    match all.iter().enumerate().find(|(at, value)| all[..*at].contains(value)) {
        Some((_, twice)) if all.len() < 500 => Err(format!("the value `{twice}` stands twice")),
        _ => Ok(all),
    }
}

/// The parts between commas that stand outside of quotes.
fn split(set: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, octet) in set.bytes().enumerate() {
        match (quote, octet) {
            (Some(open), _) if open == octet => quote = None,
            (None, b'"' | b'\'' | b'`') => quote = Some(octet),
            (None, b',') => {
                parts.push(&set[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&set[start..]);
    parts
}

/// `FIRST..LAST`, both included; none if the text is something else.
fn range(text: &str) -> Result<Option<Vec<String>>, String> {
    let Some((first, last)) = text.split_once("..") else { return Ok(None) };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (Some(first), Some(last)) = (number(first), number(last)) else {
        // Three dots and the like are something else.
        return Ok(None);
    };
    if last < first {
        return Err(format!("the range `{text}` is backwards"));
    }
    if last - first >= MOST as u64 {
        return Err(format!("these are more than {MOST} values"));
    }
    Ok(Some((first..=last).map(|value| value.to_string()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_values_and_ranges() {
        assert_eq!(values("64").unwrap(), ["64"]);
        assert_eq!(values("{1, 3..5,\"a,b\"}").unwrap(), ["1", "3", "4", "5", "\"a,b\""]);
        assert_eq!(series("1..3").unwrap(), ["1", "2", "3"]);
        assert_eq!(series("{7}").unwrap(), ["7"]);
    }

    #[test]
    fn what_is_no_set_is_told() {
        assert_eq!(values("{1,,2}").unwrap_err(), "a value between the commas is missing");
        assert_eq!(values("{1,1}").unwrap_err(), "the value `1` stands twice");
        assert_eq!(values("{1..99999}").unwrap_err(), "these are more than 10000 values");
        assert_eq!(series("3..1").unwrap_err(), "the range `3..1` is backwards");
        assert_eq!(series("x").unwrap_err(), "`x` is no range: expected FIRST..LAST, or values in braces");
    }
}
