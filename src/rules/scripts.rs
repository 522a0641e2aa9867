//! Scripts of browser miners, known by how a URL names them: the end of a path, a piece of a path, a piece of path and
//! query. Letter case counts, as it does for the servers that deliver them. What the script says is not looked at.

use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use memchr::memmem;

use super::{Group, hosts};

/// Bytes of a URL that are looked at.
const MAX_URL: usize = 2048;

/// Scripts at most.
const MAX_SCRIPTS: usize = 1024;

/// How a pattern is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptKind {
    /// The path ends so; with a dot at the pattern's end, its last part begins so.
    File,
    /// The path holds it.
    Path,
    /// Path and query hold it; a `*` stands for anything.
    Query,
}

impl ScriptKind {
    /// All of them, in the order of rule files.
    pub const ALL: [Self; 3] = [Self::File, Self::Path, Self::Query];

    /// The word of rule files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Path => "path",
            Self::Query => "query",
        }
    }
}

/// A known script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What is looked for.
    pub pattern: Box<str>,
    /// Where.
    pub kind: ScriptKind,
    /// What it belongs to.
    pub service: Arc<str>,
    /// Whether that still mines.
    pub group: Group,
    /// Hosts on which alone it counts, and what lies below them; any host if empty.
    pub hosts: Vec<Box<str>>,
    /// Who says so: keys of sources, or the file.
    pub source: Arc<str>,
}

/// Known scripts.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    scripts: Vec<Script>,
    lists: Vec<u16>,
    /// Patterns of files that begin with a slash, by their last part.
    by_file: HashMap<Box<[u8]>, Vec<u32>, RandomState>,
    /// The other patterns of files.
    odd_files: Vec<u32>,
    /// Patterns of paths and queries by their first two bytes, sorted.
    by_pair: Vec<([u8; 2], u32)>,
    /// A bit for each such pair, hashed.
    pairs: [u64; 16],
}

impl Scripts {
    /// Adds a script that [`check`] took, or puts it in the place of the one with this kind and pattern. The number of
    /// that one's file comes back.
    pub(super) fn insert(&mut self, script: Script, list: u16) -> Result<Option<u16>, &'static str> {
        if let Some(at) = self.position(&script) {
            let before = self.lists.get_mut(at).map(|before| std::mem::replace(before, list));
            if let Some(place) = self.scripts.get_mut(at) {
                *place = script;
            }
            return Ok(before);
        }
        if self.scripts.len() == MAX_SCRIPTS {
            return Err("is one script too many: there may be 1024");
        }
        let index = self.scripts.len() as u32;
        let pattern = script.pattern.as_bytes();
        match (script.kind, pattern) {
            (ScriptKind::File, [b'/', .., end]) if *end != b'.' => {
                self.by_file.entry(last_part(pattern).into()).or_default().push(index);
            }
            (ScriptKind::File, _) => self.odd_files.push(index),
            (_, [first, second, ..]) => {
                let pair = [*first, *second];
                self.by_pair.push((pair, index));
                self.by_pair.sort_unstable();
                let (word, bit) = pair_bit(*first, *second);
                if let Some(word) = self.pairs.get_mut(word) {
                    *word |= bit;
                }
            }
            _ => {}
        }
        self.scripts.push(script);
        self.lists.push(list);
        Ok(None)
    }

    /// The file of the script with this one's kind and pattern.
    pub(super) fn listed(&self, script: &Script) -> Option<u16> {
        self.lists.get(self.position(script)?).copied()
    }

    /// The first listed script that a URL names.
    pub(super) fn find(&self, host: Option<&str>, url: &str) -> Option<&Script> {
        if self.scripts.is_empty() {
            return None;
        }
        let url = url.as_bytes();
        let url = url.get(..MAX_URL).unwrap_or(url);
        let path = memchr::memchr2(b'?', b'#', url).and_then(|end| url.get(..end)).unwrap_or(url);
        let mut first: Option<u32> = None;
        let mut take = |index: u32| {
            if first.is_none_or(|f| index < f) && self.serves(index, host) {
                first = Some(index);
            }
        };
        self.files(path, &mut take);
        self.pieces(path, url, &mut take);
        self.scripts.get(first? as usize)
    }

    /// All of them, in the order in which they were first listed.
    pub(super) fn all(&self) -> &[Script] {
        &self.scripts
    }

    fn position(&self, script: &Script) -> Option<usize> {
        self.scripts.iter().position(|s| s.kind == script.kind && s.pattern == script.pattern)
    }

    fn pattern(&self, index: u32) -> &[u8] {
        self.scripts.get(index as usize).map_or(&[], |s| s.pattern.as_bytes())
    }

    fn serves(&self, index: u32, host: Option<&str>) -> bool {
        self.scripts
            .get(index as usize)
            .is_some_and(|s| s.hosts.is_empty() || host.is_some_and(|h| is_one_of(&s.hosts, h)))
    }

    fn files(&self, path: &[u8], take: &mut impl FnMut(u32)) {
        let part = last_part(path);
        for &index in self.by_file.get(part).map_or(&[][..], Vec::as_slice) {
            if path.ends_with(self.pattern(index)) {
                take(index);
            }
        }
        for &index in &self.odd_files {
            let pattern = self.pattern(index);
            let fits =
                if pattern.ends_with(b".") { part.starts_with(pattern) } else { path.ends_with(pattern) };
            if fits {
                take(index);
            }
        }
    }

    fn pieces(&self, path: &[u8], url: &[u8], take: &mut impl FnMut(u32)) {
        for (at, pair) in url.array_windows().enumerate() {
            let [first, second] = *pair;
            let (word, bit) = pair_bit(first, second);
            if self.pairs.get(word).is_none_or(|word| word & bit == 0) {
                continue;
            }
            let begin = self.by_pair.partition_point(|(p, _)| p < pair);
            for &(_, index) in self.by_pair.iter().skip(begin).take_while(|(p, _)| p == pair) {
                let text = if self.is_path(index) { path } else { url };
                if text.get(at..).is_some_and(|text| begins_with(text, self.pattern(index))) {
                    take(index);
                }
            }
        }
    }

    fn is_path(&self, index: u32) -> bool {
        self.scripts.get(index as usize).is_some_and(|s| s.kind == ScriptKind::Path)
    }
}

/// Whether a script may be listed; the error says what is wrong with its pattern or a host.
pub(super) fn check(script: &Script) -> Result<(), (&'static str, &'static str)> {
    let pattern = &*script.pattern;
    let fault = if !(4..=200).contains(&pattern.len()) {
        Some("is not 4 to 200 bytes long")
    } else if !pattern.bytes().all(|b| b.is_ascii_graphic()) {
        Some("has a character that no URL has")
    } else {
        match script.kind {
            ScriptKind::File if !pattern.starts_with(['/', '-']) => {
                Some("begins with neither a slash nor a hyphen")
            }
            ScriptKind::File | ScriptKind::Path if pattern.contains(['?', '#', '*']) => {
                Some("has a ?, # or *, which are a query's")
            }
            ScriptKind::Query if pattern.split('*').next().is_none_or(|piece| piece.len() < 4) => {
                Some("has less than 4 bytes before its first *")
            }
            ScriptKind::Query if pattern.split('*').any(str::is_empty) => {
                Some("has two * in a row, or one at its end")
            }
            _ => None,
        }
    };
    if let Some(fault) = fault {
        return Err(("pattern", fault));
    }
    script.hosts.iter().try_for_each(|host| hosts::check(host)).map_err(|fault| ("hosts", fault))
}

/// What stands from the last slash on.
fn last_part(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).and_then(|at| path.get(at..)).unwrap_or(path)
}

/// Whether a text begins with the first piece of a pattern, and holds the others behind it in order.
fn begins_with(text: &[u8], pattern: &[u8]) -> bool {
    let mut pieces = pattern.split(|b| *b == b'*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    pieces.all(|piece| {
        let behind = memmem::find(rest, piece).and_then(|at| rest.get(at + piece.len()..));
        behind.map(|behind| rest = behind).is_some()
    })
}

fn is_one_of(hosts: &[Box<str>], host: &str) -> bool {
    // A Host header may name the port.
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    hosts.iter().any(|listed| {
        let Some((above, end)) = host.len().checked_sub(listed.len()).and_then(|n| host.split_at_checked(n))
        else {
            return false;
        };
        end.eq_ignore_ascii_case(listed.as_bytes()) && (above.is_empty() || above.ends_with(b"."))
    })
}

const fn pair_bit(first: u8, second: u8) -> (usize, u64) {
    let hash =
        (first as usize).wrapping_mul(31).wrapping_add(second as usize).wrapping_mul(0x9e5) >> 3 & 1023;
    (hash / 64, 1 << (hash % 64))
}

#[cfg(test)]
mod tests;
