//! "Did you mean": the known word nearest to an unknown one.

/// The word of `known` with the fewest edits to `word`, if no more than about a third of it would have to change.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count().div_ceil(3)).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate, most), candidate))
        .filter(|(edits, _)| *edits <= most)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours from `a` to `b`; more than `most` if their lengths
/// alone say so.
fn distance(a: &str, b: &str, most: usize) -> usize {
    let a: Vec<char> = a.chars().map(|c| c.to_ascii_lowercase()).collect();
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    if a.len().abs_diff(b.len()) > most {
        return most + 1;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        assert_eq!(nearest("smolltcp", ["linux", "smoltcp"]), Some("smoltcp"));
        assert_eq!(nearest("lunix", ["linux", "smoltcp"]), Some("linux"));
        assert_eq!(nearest("lwip", ["linux", "smoltcp"]), None);
        assert_eq!(nearest("9293-MUST-10", ["9293-MUST-1", "9293-MUST-10"]), Some("9293-MUST-10"));
    }
}
