//! Listed host names and what lies below them: one text of all names, and a hash over it that is asked suffix by suffix
//! at label boundaries. It never looks inside a label, so `notf2pool.com` is not `f2pool.com`. What a name stands for is
//! a number to it.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::{Action, Scope};

/// Labels of the deepest name that may be listed, and so the number of names a lookup can ask for.
pub const MAX_LABELS: usize = 10;

/// Bytes of the longest host name (RFC 1035 §3.1, without the trailing dot).
const MAX_NAME: usize = 253;

/// Bytes of the longest label (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// A listed name: 12 bytes, for there may be a million.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    start: u32,
    /// Which of the accounts holds for it.
    pub(super) about: u32,
    /// Which file listed it.
    pub(super) list: u16,
    len: u8,
    kind: u8,
}

const SUFFIX: u8 = 1;
const ALLOW: u8 = 2;

impl Entry {
    pub(super) const fn scope(&self) -> Scope {
        if self.kind & SUFFIX == 0 { Scope::Exact } else { Scope::Suffix }
    }

    pub(super) const fn action(&self) -> Action {
        if self.kind & ALLOW == 0 { Action::List } else { Action::Allow }
    }
}

/// Listed names.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    names: String,
    entries: Vec<Entry>,
    index: HashTable<u32>,
    hasher: RandomState,
    /// Labels of the deepest listed name; at most [`MAX_LABELS`] because [`check`] refuses deeper ones.
    depth: usize,
}

impl Hosts {
    /// Lists a name that [`check`] took, or puts the new entry in the place of the one with this name and scope, which
    /// comes back. Nothing is listed, and the error says so, beyond 4 GiB of names.
    pub(super) fn insert(
        &mut self,
        name: &str,
        (scope, action): (Scope, Action),
        about: u32,
        list: u16,
    ) -> Result<Option<Entry>, &'static str> {
        let kind =
            if scope == Scope::Suffix { SUFFIX } else { 0 } | if action == Action::Allow { ALLOW } else { 0 };
        let hash = self.hash(name.as_bytes());
        if let Some(index) = self.find(hash, name.as_bytes(), scope)
            && let Some(entry) = self.entries.get_mut(index as usize)
        {
            let before = *entry;
            *entry = Entry { about, list, kind, ..before };
            return Ok(Some(before));
        }
        let (Ok(start), Ok(index)) = (u32::try_from(self.names.len()), u32::try_from(self.entries.len()))
        else {
            return Err("is one name too many: all of them exceed 4 GiB");
        };
        self.names.push_str(name);
        self.entries.push(Entry { start, about, list, len: name.len() as u8, kind });
        let (names, entries, hasher) = (&self.names, &self.entries, &self.hasher);
        self.index.insert_unique(hash, index, |other| {
            hash_of(hasher, entries.get(*other as usize).map_or(&[], |e| text(names, e).as_bytes()))
        });
        self.depth = self.depth.max(name.split('.').count()).min(MAX_LABELS);
        Ok(None)
    }

    /// The entry with this name and scope, in lower case.
    pub(super) fn listed(&self, name: &str, scope: Scope) -> Option<&Entry> {
        let index = self.find(self.hash(name.as_bytes()), name.as_bytes(), scope)?;
        self.entries.get(index as usize)
    }

    /// The longest listed name that `host` is or lies below, and its entry; of one that is listed both ways the exact
    /// one.
    #[inline]
    pub(super) fn longest(&self, host: &str) -> Option<(&str, &Entry)> {
        let mut lower = [0; MAX_NAME];
        let name = lower_case(host, &mut lower)?;
        let mut found = None;
        // Labels behind the dot in hand. One alone is never listed, nor are more than the deepest has.
        let mut labels = 1;
        for (dot, _) in name.iter().enumerate().rev().filter(|(_, b)| **b == b'.') {
            if labels > 1 {
                let suffix = name.get(dot + 1..)?;
                found = self.find(self.hash(suffix), suffix, Scope::Suffix).or(found);
            }
            labels += 1;
            if labels > self.depth {
                return self.named(found?);
            }
        }
        if labels > 1 {
            let hash = self.hash(name);
            let whole = self.find(hash, name, Scope::Exact).or_else(|| self.find(hash, name, Scope::Suffix));
            found = whole.or(found);
        }
        self.named(found?)
    }

    fn named(&self, index: u32) -> Option<(&str, &Entry)> {
        self.entries.get(index as usize).map(|entry| (text(&self.names, entry), entry))
    }

    /// All names with their entries, in the order in which they were first listed.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|entry| (text(&self.names, entry), entry))
    }

    /// Gives back what growing left over.
    pub(super) fn shrink(&mut self) {
        self.names.shrink_to_fit();
        self.entries.shrink_to_fit();
    }

    fn hash(&self, name: &[u8]) -> u64 {
        hash_of(&self.hasher, name)
    }

    #[inline]
    fn find(&self, hash: u64, name: &[u8], scope: Scope) -> Option<u32> {
        self.index
            .find(hash, |index| {
                self.entries.get(*index as usize).is_some_and(|entry| {
                    entry.scope() == scope
                        && usize::from(entry.len) == name.len()
                        && text(&self.names, entry).as_bytes() == name
                })
            })
            .copied()
    }
}

fn text<'n>(names: &'n str, entry: &Entry) -> &'n str {
    let start = entry.start as usize;
    names.get(start..start + usize::from(entry.len)).unwrap_or_default()
}

fn hash_of(hasher: &RandomState, name: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(name);
    state.finish()
}

/// A name without its trailing dot, in lower case; `None` where it is too long for any.
fn lower_case<'b>(name: &str, buffer: &'b mut [u8; MAX_NAME]) -> Option<&'b [u8]> {
    let name = name.strip_suffix('.').unwrap_or(name).as_bytes();
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(lower)
}

/// Whether a lower-case name may be listed; the error says what is wrong with it.
pub(super) fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("is empty");
    }
    if name.len() > MAX_NAME {
        return Err("is longer than 253 bytes");
    }
    if !name.is_ascii() {
        return Err("has letters outside ASCII (write the xn-- form)");
    }
    let (mut labels, mut last) = (0, "");
    for label in name.split('.') {
        check_label(label)?;
        labels += 1;
        last = label;
    }
    if labels < 2 {
        return Err("has one label only, which would be a whole top-level domain");
    }
    if labels > MAX_LABELS {
        return Err("has more than 10 labels");
    }
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err("ends in a number like an IP address");
    }
    Ok(())
}

fn check_label(label: &str) -> Result<(), &'static str> {
    if label.is_empty() {
        return Err("has an empty label (two dots in a row, or one at an end)");
    }
    if label.len() > MAX_LABEL {
        return Err("has a label of more than 63 bytes");
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("has a label that starts or ends with a hyphen");
    }
    // The underscore is no host name's, but DNS carries it (service names).
    if !label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_') {
        return Err("has a character other than letters, digits, hyphen and dot");
    }
    Ok(())
}
