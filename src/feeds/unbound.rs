//! Lines of unbound.conf that answer by themselves: `local-zone: "name" TYPE` for a name and all below it, `local-data:
//! "name A 0.0.0.0"` for the name. Types that let the question through list nothing.

use super::Fault;
use super::report::Reason;
use super::take::{Given, Taker};
use crate::rules::Scope;

/// Types of zones that answer instead of the owner. Sorted.
const ANSWERED: [&str; 10] = [
    "always_deny",
    "always_nodata",
    "always_null",
    "always_nxdomain",
    "always_refuse",
    "deny",
    "inform_deny",
    "redirect",
    "refuse",
    "static",
];

pub(super) fn read(text: &[u8], taker: &mut Taker<'_>) -> Result<(), Fault> {
    taker.each(text, |taker, line| {
        let entry = taker.said(line, &['#']);
        // Heads of clauses hold nothing themselves.
        if entry.is_empty() || (entry.ends_with(':') && !entry.contains(' ')) {
            return;
        }
        match entry.split_once(':').map(|(key, value)| (key.trim_end(), value.trim())) {
            Some(("local-zone", value)) => zone(value, entry, taker),
            Some(("local-data", value)) => data(value, entry, taker),
            _ => taker.refuse(Reason::Unsupported, entry),
        }
    });
    Ok(())
}

fn zone(value: &str, entry: &str, taker: &mut Taker<'_>) {
    let mut words = value.split_ascii_whitespace();
    let (Some(name), Some(kind)) = (words.next(), words.next()) else {
        return taker.refuse(Reason::Malformed, entry);
    };
    let kind = kind.trim_matches('"').to_ascii_lowercase();
    if ANSWERED.binary_search(&kind.as_str()).is_ok() {
        taker.host(name.trim_matches(['"', '\'']), Given::listed(Scope::Suffix));
    } else {
        taker.refuse(Reason::Unsupported, entry);
    }
}

fn data(value: &str, entry: &str, taker: &mut Taker<'_>) {
    let record = value.trim_matches(['"', '\'']);
    let mut words = record.split_ascii_whitespace();
    let name = words.next().unwrap_or_default();
    let is_address = words.any(|w| matches!(w.to_ascii_uppercase().as_str(), "A" | "AAAA" | "CNAME"));
    if is_address {
        taker.host(name, Given::listed(Scope::Exact));
    } else {
        taker.refuse(Reason::Unsupported, entry);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn types_are_sorted() {
        assert!(super::ANSWERED.is_sorted());
    }
}
