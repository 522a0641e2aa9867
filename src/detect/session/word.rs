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
    let end = (0..=LONGEST.min(value.len())).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
    *slot = value.get(..end).map(str::to_owned);
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
