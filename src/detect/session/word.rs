//! Words that a session keeps of what its sides said: cut to a length, mail addresses masked.

/// Agents, workers and payees are cut to this many bytes.
const LONGEST: usize = 256;

/// Keeps the first value told.
pub(super) fn keep(slot: &mut Option<String>, value: Option<&str>) {
    if slot.is_none() {
        replace(slot, value);
    }
}

/// Keeps the last value told.
pub(super) fn replace(slot: &mut Option<String>, value: Option<&str>) {
    let Some(value) = value.filter(|v| !v.is_empty() && slot.as_deref() != Some(v)) else { return };
    *slot = Some(cut(value).to_owned());
}

/// As much of a text as is kept.
pub(super) fn cut(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// An e-mail address as its first letter and its domain; anything else as it is.
pub(super) fn mask(name: &str) -> String {
    match name.split_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}***@{domain}")
        }
        None => name.to_owned(),
    }
}
