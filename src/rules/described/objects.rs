//! Shapes of objects, found by their outermost names: one walk over an object's members, then only the shapes whose
//! first member is there.

use std::borrow::Cow;

use crate::stratum::{Line, Message};
use crate::wire::json::Value;

use super::json::Member;
use super::{Meaning, Path, Source};

/// Outermost members of one object that are looked at: as many as one shape may ask for. What comes behind so many
/// known names is not seen, so that an object costs the same however long it is.
const MAX_FOUND: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Objects {
    shapes: Vec<Object>,
    /// Outermost names that any shape asks for, sorted, each with the shapes whose first member it is.
    roots: Vec<(Box<str>, Vec<usize>)>,
}

/// Members of requests and replies, which are no [`Line::more`].
const PLAIN: [&str; 8] = ["error", "id", "jsonrpc", "method", "params", "reject-reason", "result", "worker"];

#[derive(Debug)]
struct Object {
    members: Vec<Member>,
    /// Bits of the outermost names that must be there, but for those that every request and reply has.
    names: u64,
    meaning: Meaning,
}

impl Objects {
    pub(super) fn add(&mut self, members: Vec<Member>, meaning: Meaning) {
        let own = members.iter().map(|m| m.path.root()).filter(|root| !PLAIN.contains(root));
        let names = own.map(Line::bit).fold(0, |all, bit| all | bit);
        self.shapes.push(Object { members, names, meaning });
    }

    /// Makes the table of names, once all shapes are there.
    pub(super) fn index(&mut self) {
        let names = self.shapes.iter().flat_map(Object::paths).map(|path| Box::from(path.root()));
        let mut names: Vec<Box<str>> = names.collect();
        names.sort_unstable();
        names.dedup();
        let first = |shape: &Object| shape.members.first().map(|m| Box::from(m.path.root()));
        self.roots = names
            .into_iter()
            .map(|name| {
                let begins = self.shapes.iter().enumerate().filter(|(_, s)| first(s).as_ref() == Some(&name));
                let shapes = begins.map(|(index, _)| index).collect();
                (name, shapes)
            })
            .collect();
    }

    /// The message of the first shape that an object has.
    pub(super) fn find<'a>(&self, line: &Line<'a>) -> Option<Message<'a>> {
        // Most objects end here, before their members are walked once more.
        if !self.shapes.iter().any(|s| line.names & s.names == s.names) {
            return None;
        }
        let found = Found::of(line, self);
        let begun = found.0.iter().flatten().filter_map(|(root, _)| self.roots.get(*root));
        let shapes = begun.flat_map(|(_, shapes)| shapes);
        let holds = |index: &&usize| self.shapes.get(**index).is_some_and(|s| s.holds(self, &found));
        let shape = self.shapes.get(*shapes.filter(holds).min()?)?;
        Some(shape.meaning.message(line, |source| match source {
            Source::Path(path) => word(path.below(found.get(self.root(path.root())?)?)?),
            Source::Header(_) | Source::Star => None,
        }))
    }

    /// Whether a cut object's first name is one of the table, or could become one.
    pub(super) fn may_become(&self, object: &[u8]) -> bool {
        if self.shapes.is_empty() {
            return false;
        }
        let text = object.trim_ascii_start().strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
        let Some(key) = text.strip_prefix(b"\"") else { return text.is_empty() };
        match memchr::memchr(b'"', key) {
            Some(end) => self.roots.iter().any(|(name, _)| key.get(..end) == Some(name.as_bytes())),
            None => self.roots.iter().any(|(name, _)| name.as_bytes().starts_with(key)),
        }
    }

    fn root(&self, name: &str) -> Option<usize> {
        self.roots.binary_search_by(|(root, _)| (**root).cmp(name)).ok()
    }
}

impl Object {
    fn paths(&self) -> impl Iterator<Item = &Path> {
        let taken = self.meaning.take.iter().filter_map(|(_, source)| match source {
            Source::Path(path) => Some(path),
            Source::Header(_) | Source::Star => None,
        });
        self.members.iter().map(|m| &m.path).chain(taken)
    }

    fn holds(&self, objects: &Objects, found: &Found<'_>) -> bool {
        self.members.iter().all(|member| {
            let root = objects.root(member.path.root()).and_then(|root| found.get(root));
            root.is_some_and(|value| member.holds(value))
        })
    }
}

/// The outermost members of an object that the table knows; of those that are there twice the last.
struct Found<'a>([Option<(usize, Value<'a>)>; MAX_FOUND]);

impl<'a> Found<'a> {
    fn of(line: &Line<'a>, objects: &Objects) -> Self {
        let mut found = Self([None; MAX_FOUND]);
        for (key, value) in line.members() {
            let root = match key.plain() {
                Some(name) => objects.root(name),
                None => key.str().and_then(|name| objects.root(&name)),
            };
            let Some(root) = root else { continue };
            let slot = found.0.iter_mut().find(|slot| slot.is_none_or(|(known, _)| known == root));
            if let Some(slot) = slot {
                *slot = Some((root, value));
            }
        }
        found
    }

    fn get(&self, root: usize) -> Option<Value<'a>> {
        self.0.iter().flatten().find(|(known, _)| *known == root).map(|(_, value)| *value)
    }
}

/// A string, or a number as it stands.
fn word(value: Value<'_>) -> Option<Cow<'_, str>> {
    value.str().or_else(|| {
        value.number()?;
        std::str::from_utf8(value.text()).ok().map(Cow::Borrowed)
    })
}
