//! "Did you mean": the known word nearest to an unknown one.

/// The word of `known` that is nearest to `word`, if one is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = match word.chars().count() {
        0 => return None,
        1..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    known
        .into_iter()
        .filter_map(|candidate| {
            let distance = distance(word, candidate);
            // Something must be left of the word, or `a` would be near to every `b`.
            (distance <= most && distance < candidate.chars().count()).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean ...?` for the nearest word.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Edits from `a` to `b`: insertions, deletions, substitutions and swaps of neighbours; case counts half, rounded up.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    if a.len().abs_diff(b.len()) > 3 {
        return usize::MAX;
    }
    let mut rows = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = 2 * i;
    }
    for (j, cost) in rows[0].iter_mut().enumerate() {
        *cost = 2 * j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let same = match (a[i - 1], b[j - 1]) {
                (x, y) if x == y => 0,
                (x, y) if x.eq_ignore_ascii_case(&y) => 1,
                _ => 2,
            };
            let mut least = (rows[i - 1][j] + 2).min(rows[i][j - 1] + 2).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 2);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()].div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let known = ["ack", "win", "urg", "wscale", "sackOK"];
        assert_eq!(nearest("akc", known), Some("ack"));
        assert_eq!(nearest("wscal", known), Some("wscale"));
        assert_eq!(nearest("sackok", known), Some("sackOK"));
        assert_eq!(nearest("window_scale_please", known), None);
        assert_eq!(nearest("", known), None);
    }
}
