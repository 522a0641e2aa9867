//! The columns that every detection has, listed or described.

use crate::detect::{Certainty, Dialect, Signal};
use crate::rules::Rule;

use super::super::value;
use super::super::yaml::Node;
use super::item::Item;

/// Reads the values of `id`, `rev`, `signal`, `name`, `category`, `severity` and `certainty`. A rule with a fault comes back as far as it can be compared with others, so that duplicates are told
/// in the same go; the set is not used then.
pub(super) fn rule<'n>(
    item: &mut Item<'n, '_, '_>,
    nodes: [Option<&'n Node<'n>>; 7],
    dialect: Option<Dialect>,
) -> Option<Rule> {
    let [id, rev, signal, name, category, severity, certainty] = nodes;
    let signals = Signal::ALL.map(Signal::name);
    let certainties = Certainty::ALL.map(Certainty::name);
    let number = 0..=u32::MAX as usize;

    let id = item.required("id", id, |n| value::count(n, &number));
    let rev = item.required("rev", rev, |n| value::count(n, &number));
    let signal = item.required("signal", signal, |n| value::word(n, &signals).map(|i| Signal::ALL[i]));
    let name = item.required("name", name, |n| value::text(n).map(str::to_owned));
    let category = item.required("category", category, |n| value::text(n).map(str::to_owned));
    let severity = item.required("severity", severity, |n| value::count(n, &(1..=3)));
    let certainty =
        item.required("certainty", certainty, |n| value::word(n, &certainties).map(|i| Certainty::ALL[i]));

    Some(Rule {
        id: id? as u32,
        rev: rev.unwrap_or(1) as u32,
        name: name.unwrap_or_else(|| "?".into()),
        category: category.unwrap_or_else(|| "?".into()),
        severity: severity.unwrap_or(1) as u8,
        signal: signal?,
        dialect,
        certainty: certainty.unwrap_or(Certainty::Hint),
    })
}
