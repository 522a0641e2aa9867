//! Entries of rule files as they pile up, each with the place where it stands.

use std::path::Path;

use crate::detect::Dialect;
use crate::rules::{Described, Error, Known, Place, Rule, RuleSet};

use super::super::fault::{Faults, FileFaults};
use super::super::value;
use super::super::yaml::{self, Location, Node};
use super::dialects::{self, MessagePlace};
use super::feeds::{self, FeedCount};
use super::hosts;
use super::item::Item;
use super::known::Entries;
use super::rule::rule;
use super::samples::{self, Samples};

const DETECTION_KEYS: [&str; 10] =
    ["id", "rev", "signal", "dialect", "name", "category", "severity", "certainty", "matches", "ignores"];

/// What was read so far, each entry with where it stands.
#[derive(Default)]
pub(super) struct Lists {
    files: Vec<String>,
    detections: Vec<Rule>,
    detection_origins: Vec<Origin>,
    dialects: Vec<Described>,
    dialect_origins: Vec<(Origin, Vec<MessagePlace>)>,
    known: Known,
    samples: Vec<Samples>,
}

/// Where an entry stands.
struct Origin {
    file: usize,
    /// Place in its file's list, as keys count it.
    index: usize,
    at: Location,
    keys: Vec<(&'static str, Location)>,
}

impl Origin {
    /// Where the value of a key stands, or the entry.
    fn of(&self, key: &str) -> Location {
        self.keys.iter().find(|(name, _)| *name == key).map_or(self.at, |(_, at)| *at)
    }
}

/// The lists of a rule file.
const LISTS: [&str; 5] = ["addresses", "detections", "dialects", "pools", "scripts"];

impl Lists {
    /// Lists without entries; what expired before this day will be passed over.
    pub(super) fn on(today: &str) -> Self {
        let mut lists = Self::default();
        lists.known.on(today);
        lists
    }

    /// Adds the entries of one file.
    pub(super) fn read(&mut self, file: &str, text: &str, all: &mut Faults) {
        let mut faults = FileFaults { file, all };
        let root = match yaml::parse(text) {
            Ok(root) => root,
            Err(syntax) => return faults.add(syntax.at, "", syntax.what, syntax.remedy),
        };
        self.files.push(file.to_owned());
        let lists = value::keys(&root, "", &LISTS, &mut faults);
        let mut known = Vec::new();
        for (name, node) in LISTS.into_iter().zip(lists) {
            let items = match node.map(value::list) {
                None => continue,
                Some(Ok(items)) => items,
                Some(Err(wrong)) => {
                    faults.add(node.map_or(Location::START, |n| n.at), name, wrong.what, wrong.remedy);
                    continue;
                }
            };
            if !matches!(name, "detections" | "dialects") {
                known.push((name, items));
                continue;
            }
            for (index, node) in items.iter().enumerate() {
                let item = Item { node, path: format!("{name}[{index}]"), faults: &mut faults };
                if name == "detections" { self.detection(item, index) } else { self.dialect(item, index) }
            }
        }
        if known.is_empty() {
            return;
        }
        let mut entries = Entries::new(file, &mut self.known);
        for (name, items) in known {
            for (index, node) in items.iter().enumerate() {
                let item = Item { node, path: format!("{name}[{index}]"), faults: &mut faults };
                match name {
                    "addresses" => entries.address(item),
                    "scripts" => entries.script(item),
                    _ => entries.pool(item),
                }
            }
        }
    }

    /// Adds the names of one host list.
    pub(super) fn read_hosts(&mut self, file: &str, text: &str, all: &mut Faults) {
        hosts::read(file, text, &mut self.known, all);
    }

    /// Adds what the feeds of a directory list and the files so far say nothing of.
    pub(super) fn read_feeds(&mut self, directory: &Path, all: &mut Faults) -> Vec<FeedCount> {
        feeds::read(directory, &mut self.known, all)
    }

    fn detection(&mut self, mut item: Item<'_, '_, '_>, index: usize) {
        let nodes = item.keys(&DETECTION_KEYS);
        let [id, rev, signal, dialect, name, category, severity, certainty, matches, ignores] = nodes[..]
        else {
            return;
        };
        let origin = self.origin(&item, index, &DETECTION_KEYS, &nodes);
        let given = dialect.is_some();
        let words = Dialect::ALL.map(Dialect::name);
        let dialect = item.optional("dialect", dialect, |n| value::word(n, &words).map(|i| Dialect::ALL[i]));
        let rule = rule(&mut item, [id, rev, signal, name, category, severity, certainty], dialect);
        let matches = samples::list(&mut item, "matches", matches, false);
        let ignores = samples::list(&mut item, "ignores", ignores, false);

        let (Some(rule), true) = (rule, dialect.is_some() || !given) else { return };
        let file = item.faults.file.to_owned();
        self.samples.push(Samples { file, rule: rule.id, message: None, matches, ignores });
        self.detections.push(rule);
        self.detection_origins.push(origin);
    }

    fn dialect(&mut self, mut item: Item<'_, '_, '_>, index: usize) {
        let nodes = item.keys(&dialects::KEYS);
        let origin = self.origin(&item, index, &dialects::KEYS, &nodes);
        let Some(entry) = dialects::entry(&mut item, &nodes) else { return };
        self.samples.extend(entry.samples);
        self.dialects.push(entry.described);
        self.dialect_origins.push((origin, entry.places));
    }

    fn origin(
        &self,
        item: &Item<'_, '_, '_>,
        index: usize,
        keys: &[&'static str],
        nodes: &[Option<&Node<'_>>],
    ) -> Origin {
        let keys = keys.iter().zip(nodes).filter_map(|(key, node)| node.map(|n| (*key, n.at))).collect();
        Origin { file: self.files.len() - 1, index, at: item.node.at, keys }
    }

    /// Whether there is any detection rule.
    pub(super) fn is_silent(&self) -> bool {
        self.detections.is_empty() && self.dialects.is_empty()
    }

    /// The set of all entries, with its samples; what is wrong with them gets its place back.
    pub(super) fn build(mut self, faults: &mut Faults) -> (RuleSet, Vec<Samples>) {
        let detections = std::mem::take(&mut self.detections);
        let dialects = std::mem::take(&mut self.dialects);
        let known = std::mem::take(&mut self.known);
        match RuleSet::build_all(detections, dialects, known) {
            Ok(rules) => (rules, self.samples),
            Err(errors) => {
                errors.into_iter().for_each(|error| self.tell(error, faults));
                (RuleSet::default(), Vec::new())
            }
        }
    }

    fn tell(&self, error: Error, faults: &mut Faults) {
        let Error { place, key, first, problem } = error;
        let (file, path, at) = self.place(place, key);
        let earlier = first.map(|place| {
            let (file, _, Location { line, column }) = self.place(place, key);
            format!(" (first in {file}:{line}:{column})")
        });
        let what = format!("{problem}{}", earlier.unwrap_or_default());
        FileFaults { file, all: faults }.add(at, &format!("{path}.{key}"), what, problem.remedy());
    }

    /// File, path and location of an entry's key, or of the entry where it lacks the key.
    fn place(&self, place: Place, key: &str) -> (&str, String, Location) {
        let (list, origin) = match place {
            Place::Detection(n) => ("detections", &self.detection_origins[n]),
            Place::Dialect(n) | Place::Message(n, _) => ("dialects", &self.dialect_origins[n].0),
        };
        let (file, path) = (&self.files[origin.file], format!("{list}[{}]", origin.index));
        let Place::Message(dialect, number) = place else { return (file, path, origin.of(key)) };
        let message = &self.dialect_origins[dialect].1[number];
        let at = message.keys.iter().find(|(name, _)| *name == key).map_or(message.at, |(_, at)| *at);
        (file, format!("{path}.messages[{}]", message.index), at)
    }
}
