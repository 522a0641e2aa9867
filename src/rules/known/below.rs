//! Lists that stand below others: what those say is asked first, so that no entry of the lower list, however long its
//! name, takes the word from them. Which lists stand below which is not decided here.

use super::Known;
use crate::rules::{Action, Scope, addresses};

impl Known {
    /// What the first `lists` lists say of a name in lower case and, for a suffix, of all names below it. That a zone in
    /// which anybody can have a name is allowed says nothing of those names.
    pub fn said_of_host(&self, name: &str, scope: Scope, lists: usize) -> Option<Action> {
        let by = |name: &str, scope| {
            let entry = self.hosts.listed(name, scope)?;
            (usize::from(entry.list) < lists).then(|| entry.action())
        };
        let exact = if scope == Scope::Exact { by(name, scope) } else { None };
        let mut suffixes =
            std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest));
        let is_open =
            |zone: &str, action| action == Action::Allow && zone != name && super::is_public_suffix(zone);
        let of = |zone: &str| by(zone, Scope::Suffix).filter(|action| !is_open(zone, *action));
        exact.or_else(|| suffixes.find_map(of))
    }

    /// What the first `lists` lists say of all that an address, one with a port, or a prefix asks for.
    pub fn said_of_address(&self, rule: &str, lists: usize) -> Option<Action> {
        let key = addresses::read(rule).ok()?;
        self.addresses.covering(key).find(|entry| usize::from(entry.list) < lists).map(|entry| entry.action)
    }
}
