//! Entries of rule files as they pile up, each with the place where it stands.

use crate::detect::{Certainty, Dialect, Signal};
use crate::rules::{Place, PoolHost, Rule, RuleSet};

use super::super::fault::{Faults, FileFaults};
use super::super::value;
use super::super::yaml::{self, Location, Node};
use super::item::{Item, date};

/// What a pool host is listed for.
const CATEGORIES: [&str; 6] =
    ["pool", "marketplace", "proxy", "dev-fee-pool", "browser-miner-service", "miner-script-cdn"];

const DETECTION_KEYS: [&str; 8] =
    ["id", "rev", "signal", "dialect", "name", "category", "severity", "certainty"];

const POOL_KEYS: [&str; 8] =
    ["domain", "match", "operator", "category", "coins", "ports", "last_seen", "sources"];

/// What was read so far, each entry with where it stands.
#[derive(Default)]
pub(super) struct Lists {
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
    /// Where the value of a key stands, or the entry.
    fn of(&self, key: &str) -> Location {
        self.keys.iter().find(|(name, _)| *name == key).map_or(self.at, |(_, at)| *at)
    }
}

impl Lists {
    /// Adds the entries of one file.
    pub(super) fn read(&mut self, file: &str, text: &str, all: &mut Faults) {
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
        let dialect =
            item.optional("dialect", dialect, |n| value::word(n, &dialects).map(|i| Dialect::ALL[i]));
        let name = item.required("name", name, |n| value::text(n).map(str::to_owned));
        let category = item.required("category", category, |n| value::text(n).map(str::to_owned));
        let severity = item.required("severity", severity, |n| value::count(n, &(1..=3)));
        let certainty = item
            .required("certainty", certainty, |n| value::word(n, &certainties).map(|i| Certainty::ALL[i]));

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
        let [domain, matching, operator, category, coins, ports, last_seen, sources] = nodes[..] else {
            return;
        };
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
            operator: operator.map_or_else(|| plain(domain), str::to_owned).into(),
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

    /// Whether there is any detection rule.
    pub(super) fn is_silent(&self) -> bool {
        self.detections.is_empty()
    }

    /// The set of all entries; what is wrong with them gets its place back.
    pub(super) fn build(self, faults: &mut Faults) -> RuleSet {
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

/// A name as the rule set keeps it.
fn plain(domain: &str) -> String {
    domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase()
}
