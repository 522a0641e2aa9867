//! One entry of a rule file: its keys one by one, each fault told where it stands.

use super::super::fault::FileFaults;
use super::super::value::{self, Wrong};
use super::super::yaml::{Node, Value};

/// Coins or ports of a pool host at most.
const MAX_ITEMS: usize = 1024;

/// One entry of a list while it is read.
pub(super) struct Item<'n, 'f, 'a> {
    pub(super) node: &'n Node<'n>,
    pub(super) path: String,
    pub(super) faults: &'f mut FileFaults<'a>,
}

impl<'n> Item<'n, '_, '_> {
    /// The values of the entry's keys.
    pub(super) fn keys(&mut self, known: &[&str]) -> Vec<Option<&'n Node<'n>>> {
        value::keys(self.node, &self.path, known, self.faults)
    }

    /// The value of a key that must be there.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        node: Option<&'n Node<'n>>,
        read: impl Fn(&'n Node<'n>) -> Result<T, Wrong>,
    ) -> Option<T> {
        // What is no mapping was told so already.
        if node.is_none() && matches!(self.node.value, Value::Map(_) | Value::Null) {
            let path = value::join(&self.path, key);
            self.faults.add(self.node.at, &path, "is missing", "every entry needs this key");
        }
        self.optional(key, node, read)
    }

    /// The value of a key, if it is there and right.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        node: Option<&'n Node<'n>>,
        read: impl Fn(&'n Node<'n>) -> Result<T, Wrong>,
    ) -> Option<T> {
        let node = node?;
        read(node).map_err(|wrong| self.wrong(key, node, wrong)).ok()
    }

    /// A value that is not taken.
    pub(super) fn wrong(&mut self, key: &str, node: &Node<'_>, wrong: Wrong) {
        let path = value::join(&self.path, key);
        self.faults.add(node.at, &path, wrong.what, wrong.remedy);
    }

    /// The right items of a list, if it is there.
    pub(super) fn items<T>(
        &mut self,
        key: &str,
        node: Option<&'n Node<'n>>,
        read: impl Fn(&'n Node<'n>) -> Result<T, Wrong>,
    ) -> Vec<T> {
        let Some(nodes) = self.optional(key, node, value::list) else { return Vec::new() };
        if nodes.len() > MAX_ITEMS {
            let path = value::join(&self.path, key);
            self.faults.add(nodes[0].at, &path, "has more than 1024 items", "keep the important ones");
            return Vec::new();
        }
        nodes.iter().filter_map(|item| self.optional(key, Some(item), &read)).collect()
    }
}

/// A day, month or year: `2026-08-16`, `2026-08` or `2026`.
pub(super) fn date<'n>(node: &'n Node<'_>) -> Result<&'n str, Wrong> {
    let wrong = || Wrong::new(node, "is no date", "write \"2026-08-16\", \"2026-08\" or \"2026\", in quotes");
    let text = value::text(node).map_err(|_| wrong())?;
    if is_date(text) { Ok(text) } else { Err(wrong()) }
}

/// Whether a text is a day, month or year.
pub(super) fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |digits: usize, most: u16| match parts.next() {
        None => digits == 2,
        Some(part) => {
            part.len() == digits
                && part.bytes().all(|b| b.is_ascii_digit())
                && part.parse().is_ok_and(|n: u16| (1..=most).contains(&n))
        }
    };
    let good = part(4, 9999) && part(2, 12) && part(2, 31);
    good && parts.next().is_none()
}
