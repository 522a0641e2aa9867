//! Entries put together: sorted, each name once for each way to match, and none that a suffix above already says. The
//! order they come in makes no difference.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::entry::{Entry, Facts};
use crate::rules::{Action, Scope, Serves};

/// Coins and ports that are kept of one host.
const MAX_COINS: usize = 32;
const MAX_PORTS: usize = 64;

/// Joins entries; the number is of those that said nothing new. Where one feed lists and allows a name, it is allowed.
pub fn join(mut entries: Vec<Entry>) -> (Vec<Entry>, u64) {
    let before = entries.len();
    entries.sort_unstable_by(|a, b| (&a.name, a.scope).cmp(&(&b.name, b.scope)));
    entries.dedup_by(|later, first| {
        let same = (&later.name, later.scope) == (&first.name, first.scope);
        if same {
            unite(first, later);
        }
        same
    });
    let covered = covered(&entries);
    let mut index = 0;
    entries.retain(|_| {
        index += 1;
        covered.get(index - 1) != Some(&true)
    });
    entries.shrink_to_fit();
    let dropped = (before - entries.len()) as u64;
    (entries, dropped)
}

fn unite(first: &mut Entry, later: &mut Entry) {
    if first.action != later.action {
        // What was said of a host as a pool is nothing to say of one that is allowed.
        if later.action == Action::Allow {
            std::mem::swap(first, later);
        }
        return;
    }
    let (mut mine, theirs) = match (first.facts.take(), later.facts.take()) {
        (Some(mine), Some(theirs)) => (mine, theirs),
        (one, other) => {
            first.facts = one.or(other);
            // In service for one is in service.
            if let Some(facts) = &mut first.facts {
                facts.group = None;
            }
            first.facts.take_if(|f| **f == Facts::default());
            return;
        }
    };
    mine.operator = mine.operator.take().into_iter().chain(theirs.operator).min();
    mine.coins = union(std::mem::take(&mut mine.coins), theirs.coins, MAX_COINS);
    mine.ports = union(std::mem::take(&mut mine.ports), theirs.ports, MAX_PORTS);
    mine.last_seen = mine.last_seen.take().max(theirs.last_seen);
    mine.group = mine.group.min(theirs.group);
    let known = [mine.serves, theirs.serves].into_iter().filter(|s| *s != Serves::Unknown);
    mine.serves = known.min().unwrap_or_default();
    first.facts = Some(mine);
}

fn union<T: Ord>(mut mine: Vec<T>, theirs: Vec<T>, most: usize) -> Vec<T> {
    mine.extend(theirs);
    mine.sort_unstable();
    mine.dedup();
    mine.truncate(most);
    mine
}

/// Whether each entry says what the nearest suffix above it says.
fn covered(entries: &[Entry]) -> Vec<bool> {
    let suffixes = entries.iter().filter(|e| e.scope == Scope::Suffix);
    let suffixes: HashMap<&str, &Entry, RandomState> = suffixes.map(|e| (&*e.name, e)).collect();
    if suffixes.is_empty() {
        return vec![];
    }
    let is_covered = |entry: &Entry| {
        let own = (entry.scope == Scope::Exact).then_some(&*entry.name);
        let above = std::iter::successors(entry.name.split_once('.').map(|(_, above)| above), |name| {
            name.split_once('.').map(|(_, above)| above)
        });
        let nearest = own.into_iter().chain(above).find_map(|name| suffixes.get(name));
        nearest.is_some_and(|above| {
            let same = entry.facts.is_none() || entry.facts == above.facts;
            above.action == entry.action && above.group() == entry.group() && same
        })
    };
    entries.iter().map(|e| !e.is_address() && is_covered(e)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Group;

    fn entry(name: &str, scope: Scope, action: Action) -> Entry {
        Entry { name: name.into(), scope, action, facts: None }
    }

    fn names(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|e| &*e.name).collect()
    }

    #[test]
    fn what_a_suffix_says_is_said_once() {
        let (joined, dropped) = join(vec![
            entry("x.b.example", Scope::Exact, Action::List),
            entry("b.example", Scope::Suffix, Action::List),
            entry("b.example", Scope::Exact, Action::List),
            entry("www.b.example", Scope::Exact, Action::Allow),
            entry("notb.example", Scope::Exact, Action::List),
            entry("y.b.example", Scope::Suffix, Action::List),
            entry("notb.example", Scope::Exact, Action::List),
        ]);
        assert_eq!(names(&joined), ["b.example", "notb.example", "www.b.example"]);
        assert_eq!(dropped, 4);
    }

    #[test]
    fn facts_are_united_in_any_order() {
        let facts = |operator: &str, port, group| {
            Some(Box::new(Facts {
                operator: Some(operator.to_owned()),
                ports: vec![port],
                group,
                ..Facts::default()
            }))
        };
        let mut one = entry("b.example", Scope::Exact, Action::List);
        let mut other = one.clone();
        one.facts = facts("B", 3333, Some(Group::Legacy));
        other.facts = facts("A", 443, Some(Group::Current));
        let (joined, _) = join(vec![one.clone(), other.clone()]);
        assert_eq!(joined, join(vec![other, one]).0);
        let facts = joined[0].facts.as_ref().unwrap();
        assert_eq!((facts.operator.as_deref(), &facts.ports[..]), (Some("A"), &[443, 3333][..]));
        assert_eq!(facts.group, Some(Group::Current));
    }

    #[test]
    fn what_is_allowed_and_listed_is_allowed() {
        let (joined, dropped) = join(vec![
            entry("b.example", Scope::Exact, Action::List),
            entry("b.example", Scope::Exact, Action::Allow),
        ]);
        assert_eq!((joined[0].action, joined.len(), dropped), (Action::Allow, 1, 1));
    }
}
