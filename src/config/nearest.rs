//! What somebody probably meant to write: the nearest of some words, where one is near.

/// The one of `words` that takes the fewest changed, added, left out or swapped letters; none where more than a third
/// of its letters would be others.
pub fn nearest<'w>(word: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let word = word.to_lowercase();
    // Nobody's slip: keys and names are shorter, and the table below grows with the product.
    if word.len() > 128 {
        return None;
    }
    let steps = words.into_iter().map(|w| (distance(&word, &w.to_lowercase()), w));
    let (steps, near) = steps.min_by_key(|(steps, _)| *steps)?;
    (steps <= (near.chars().count() / 3).max(1) && near.chars().count() > 1).then_some(near)
}

/// Edits from one word to the other (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(rows[i - 2][j - 2] + 1);
            }
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_near_and_other_words_are_not() {
        let keys = ["max_flows", "max_stream_mib", "gap_timeout"];
        assert_eq!(nearest("max_flow", keys), Some("max_flows"));
        assert_eq!(nearest("Max_Flwos", keys), Some("max_flows"));
        assert_eq!(nearest("timeout_gap", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(nearest("etho", ["lo", "eth0", "eth10"]), Some("eth0"));
        assert_eq!(nearest("l0", ["lo", "eth0"]), Some("lo"));
        assert_eq!(nearest("wlan0", ["lo", "eth0"]), None);
        assert_eq!(nearest(&"x".repeat(129), ["x"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
