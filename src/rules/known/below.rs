//! Lists that stand below others: what those say is asked first, so that no entry of the lower list, however long its
//! name, takes the word from them. Which lists stand below which is not decided here.

use super::Known;
use crate::rules::{Action, Scope, addresses};

impl Known {
    /// What the first `lists` lists say of a name in lower case and, for a suffix, of all names below it.
    pub fn said_of_host(&self, name: &str, scope: Scope, lists: usize) -> Option<Action> {
        let by = |name: &str, scope| {
            let entry = self.hosts.listed(name, scope)?;
            (usize::from(entry.list) < lists).then(|| entry.action())
        };
        let exact = if scope == Scope::Exact { by(name, scope) } else { None };
        let mut suffixes = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest));
        exact.or_else(|| suffixes.find_map(|suffix| by(suffix, Scope::Suffix)))
    }

    /// What the first `lists` lists say of all that an address, one with a port, or a prefix asks for.
    pub fn said_of_address(&self, rule: &str, lists: usize) -> Option<Action> {
        let key = addresses::read(rule).ok()?;
        self.addresses.covering(key).find(|entry| usize::from(entry.list) < lists).map(|entry| entry.action)
    }
}
