//! Rule files: the built-in ones, or every `*.yaml` of a directory, to one rule set. What a rule means is not known
//! here; [`RuleSet::build`] checks that, and its faults get their places back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::detect::{Certainty, Dialect, Signal};
use crate::rules::{Place, PoolHost, Rule, RuleSet};

use super::fault::{FileFaults, Faults, label};
use super::value::{self, Wrong};
use super::yaml::{self, Location, Node};
use super::{Config, Error, file};

/// Bytes of the largest rule file; lists of hosts are long.
const MAX_FILE: usize = 64 << 20;

/// Rule files in a directory at most.
const MAX_FILES: usize = 256;

/// Coins or ports of a pool host at most.
const MAX_ITEMS: usize = 1024;

/// What a pool host is listed for.
const CATEGORIES: [&str; 6] =
    ["pool", "marketplace", "proxy", "dev-fee-pool", "browser-miner-service", "miner-script-cdn"];

const DETECTION_KEYS: [&str; 8] =
    ["id", "rev", "signal", "dialect", "name", "category", "severity", "certainty"];

const POOL_KEYS: [&str; 8] =
    ["domain", "match", "operator", "category", "coins", "ports", "last_seen", "sources"];

/// The rules built into the program.
const BUILT_IN: [(&str, &str); 2] = [
    ("built-in detections.yaml", include_str!("../../rules/detections.yaml")),
    ("built-in pools.yaml", include_str!("../../rules/pools.yaml")),
];

/// Reads the rules that `config` asks for: a whole new set, or everything that is wrong with it.
pub fn load_rules(config: &Config) -> Result<RuleSet, Error> {
    let mut faults = Faults::default();
    let mut lists = Lists::default();
    match &config.rules.directory {
        None => BUILT_IN.iter().for_each(|(name, text)| lists.read(name, text, &mut faults)),
        Some(directory) => {
            for path in files(directory, &mut faults) {
                if let Some(text) = file::read(&path, MAX_FILE, &mut faults) {
                    lists.read(&label(&path), &text, &mut faults);
                }
            }
            if lists.detections.is_empty() && faults.is_empty() {
                let remedy = "put a file with detections there; without one nothing would be told";
                faults.whole(&label(directory), "has no detection rule", remedy);
            }
        }
    }
    let rules = lists.build(&mut faults);
    faults.finish(rules)
}

/// The rule files of a directory, sorted, so that the same directory always gives the same faults.
fn files(directory: &Path, faults: &mut Faults) -> Vec<PathBuf> {
    let name = label(directory);
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> = match entries {
        Ok(entries) => entries.iter().map(fs::DirEntry::path).collect(),
        Err(error) => {
            faults.unreadable(&name, &error);
            return Vec::new();
        }
    };
    // Editors leave hidden files beside the ones they edit.
    paths.retain(|p| p.file_name().is_some_and(|n| !n.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "yml")) {
        faults.whole(&label(path), "is not read for its name", "call it .yaml, or move it away");
    }
    paths.retain(|p| p.extension().is_some_and(|e| e == "yaml"));
    if paths.len() > MAX_FILES {
        faults.whole(&name, "has more than 256 rule files", "join some of them");
        paths.clear();
    }
    paths
}

/// What was read so far, each entry with where it stands.
#[derive(Default)]
struct Lists {
    files: Vec<String>,
    detections: Vec<Rule>,
    detection_origins: Vec<Origin>,
    pools: Vec<PoolHost>,
    pool_origins: Vec<Origin>,
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
    fn of(&self, key: &str) -> Location {
        self.keys.iter().find(|(name, _)| *name == key).map_or(self.at, |(_, at)| *at)
    }
}

impl Lists {
    fn read(&mut self, file: &str, text: &str, all: &mut Faults) {
        let mut faults = FileFaults { file, all };
        let root = match yaml::parse(text) {
            Ok(root) => root,
            Err(syntax) => return faults.add(syntax.at, "", syntax.what, syntax.remedy),
        };
        self.files.push(file.to_owned());
        let lists = value::keys(&root, "", &["detections", "pools"], &mut faults);
        for (name, node) in ["detections", "pools"].into_iter().zip(lists) {
            let items = match node.map(value::list) {
                None => continue,
                Some(Ok(items)) => items,
                Some(Err(wrong)) => {
                    faults.add(node.map_or(Location::START, |n| n.at), name, wrong.what, wrong.remedy);
                    continue;
                }
            };
            for (index, node) in items.iter().enumerate() {
                let path = format!("{name}[{index}]");
                match name {
                    "detections" => self.detection(Item { node, path, faults: &mut faults }, index),
                    _ => self.pool(Item { node, path, faults: &mut faults }, index),
                }
            }
        }
    }

    /// Entries with a fault go into the lists as far as they can be compared with others, so that duplicates are
    /// told in the same go; the set is not used then.
    fn detection(&mut self, mut item: Item<'_, '_, '_>, index: usize) {
        let nodes = item.keys(&DETECTION_KEYS);
        let [id, rev, signal, dialect, name, category, severity, certainty] = nodes[..] else { return };
        let origin = self.origin(&item, index, &DETECTION_KEYS, &nodes);
        let signals = Signal::ALL.map(Signal::name);
        let dialects = Dialect::ALL.map(Dialect::name);
        let certainties = Certainty::ALL.map(Certainty::name);
        let number = 0..=u32::MAX as usize;

        let id = item.required("id", id, |n| value::count(n, &number));
        let rev = item.required("rev", rev, |n| value::count(n, &number));
        let signal = item.required("signal", signal, |n| value::word(n, &signals).map(|i| Signal::ALL[i]));
        let given = dialect.is_some();
        let dialect = item.optional("dialect", dialect, |n| value::word(n, &dialects).map(|i| Dialect::ALL[i]));
        let name = item.required("name", name, |n| value::text(n).map(str::to_owned));
        let category = item.required("category", category, |n| value::text(n).map(str::to_owned));
        let severity = item.required("severity", severity, |n| value::count(n, &(1..=3)));
        let certainty =
            item.required("certainty", certainty, |n| value::word(n, &certainties).map(|i| Certainty::ALL[i]));

        let (Some(id), Some(signal), true) = (id, signal, dialect.is_some() || !given) else { return };
        self.detections.push(Rule {
            id: id as u32,
            rev: rev.unwrap_or(1) as u32,
            name: name.unwrap_or_else(|| "?".into()),
            category: category.unwrap_or_else(|| "?".into()),
            severity: severity.unwrap_or(1) as u8,
            signal,
            dialect,
            certainty: certainty.unwrap_or(Certainty::Hint),
        });
        self.detection_origins.push(origin);
    }

    fn pool(&mut self, mut item: Item<'_, '_, '_>, index: usize) {
        let nodes = item.keys(&POOL_KEYS);
        let [domain, matching, operator, category, coins, ports, last_seen, sources] = nodes[..] else { return };
        let origin = self.origin(&item, index, &POOL_KEYS[..5], &nodes);

        let domain = item.required("domain", domain, value::text);
        let matching = item.required("match", matching, |n| value::word(n, &["exact", "suffix"]));
        let operator = item.optional("operator", operator, value::text);
        item.optional("category", category, |n| value::word(n, &CATEGORIES));
        let coins = item.items("coins", coins, value::text);
        item.items("ports", ports, |n| value::count(n, &(1..=65_535)));
        item.optional("last_seen", last_seen, date);
        item.items("sources", sources, value::text);

        let Some(domain) = domain else { return };
        self.pools.push(PoolHost {
            domain: domain.to_owned(),
            subdomains: matching == Some(1),
            operator: operator.unwrap_or(domain).into(),
            coins: coins.into_iter().map(str::to_owned).collect(),
        });
        self.pool_origins.push(origin);
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

    fn build(self, faults: &mut Faults) -> RuleSet {
        let Self { files, detections, detection_origins, pools, pool_origins } = self;
        let origin = |place| match place {
            Place::Detection(n) => ("detections", &detection_origins[n]),
            Place::Pool(n) => ("pools", &pool_origins[n]),
        };
        let errors = match RuleSet::build(detections, pools) {
            Ok(rules) => return rules,
            Err(errors) => errors,
        };
        for error in errors {
            let (list, at) = origin(error.place);
            let earlier = error.first.map(|place| {
                let (_, first) = origin(place);
                let Location { line, column } = first.of(error.key);
                format!(" (first in {}:{line}:{column})", files[first.file])
            });
            let key = format!("{list}[{}].{}", at.index, error.key);
            let what = format!("{}{}", error.problem, earlier.unwrap_or_default());
            FileFaults { file: &files[at.file], all: faults }.add(
                at.of(error.key),
                &key,
                what,
                error.problem.remedy(),
            );
        }
        RuleSet::default()
    }
}

/// One entry of a list while it is read.
struct Item<'n, 'f, 'a> {
    node: &'n Node<'n>,
    path: String,
    faults: &'f mut FileFaults<'a>,
}

impl<'n> Item<'n, '_, '_> {
    fn keys(&mut self, known: &[&str]) -> Vec<Option<&'n Node<'n>>> {
        value::keys(self.node, &self.path, known, self.faults)
    }

    fn required<T>(
        &mut self,
        key: &str,
        node: Option<&'n Node<'n>>,
        read: impl Fn(&'n Node<'n>) -> Result<T, Wrong>,
    ) -> Option<T> {
        if node.is_none() {
            let path = value::join(&self.path, key);
            self.faults.add(self.node.at, &path, "is missing", "every entry needs this key");
        }
        self.optional(key, node, read)
    }

    fn optional<T>(
        &mut self,
        key: &str,
        node: Option<&'n Node<'n>>,
        read: impl Fn(&'n Node<'n>) -> Result<T, Wrong>,
    ) -> Option<T> {
        let node = node?;
        read(node)
            .map_err(|wrong| {
                let path = value::join(&self.path, key);
                self.faults.add(node.at, &path, wrong.what, wrong.remedy);
            })
            .ok()
    }

    fn items<T>(
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
fn date<'n>(node: &'n Node<'_>) -> Result<&'n str, Wrong> {
    let wrong = || Wrong::new(node, "is no date", "write \"2026-08-16\", \"2026-08\" or \"2026\", in quotes");
    let text = value::text(node).map_err(|_| wrong())?;
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
    if good && parts.next().is_none() { Ok(text) } else { Err(wrong()) }
}
