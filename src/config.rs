//! Configuration and rule files: from YAML to checked settings and a rule set, or to all faults at once. Whoever loads
//! gets a whole new value or an error, never half of one. It opens no capture, socket or event file.

use std::path::Path;

use crate::{flow, learned, sensor};

mod fault;
mod file;
mod host_list;
mod nearest;
mod people;
mod rule_files;
mod sections;
mod slot;
mod told;
mod value;
mod words;
mod yaml;

#[cfg(test)]
mod tests;

pub use fault::{Error, Fault};
pub use host_list::{HEAD as HOST_LIST_HEAD, Heading, write_host_list};
pub use nearest::nearest;
pub use people::People;
pub use rule_files::{
    FeedCount, Loaded, Sample, Sampled, Samples, check_with_people, load_all, load_rules,
    load_rules_with_samples, load_with_people,
};
pub use sections::{Capture, ClientNames, Events, Learned, Ledger, Level, Log, Privacy, Rules, Sensor, Web};
pub use told::{span, watched_for};

use fault::{Faults, FileFaults, label};
use sections::Keys;
use yaml::{Entry, Location, Node, Value};

/// The built-in configuration: every key with its default and its meaning.
pub const DEFAULT: &str = include_str!("../config/geophone.yaml");

const DEFAULT_NAME: &str = "built-in geophone.yaml";

/// Bytes of the largest configuration file.
const MAX_CONFIG: usize = 1 << 20;

/// All settings, resolved and checked. Every key of the file is optional and has a default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Where frames come from.
    pub capture: Capture,
    /// Bounds of one worker's state.
    pub sensor: Sensor,
    /// What the sensor knows beforehand.
    pub rules: Rules,
    /// What is remembered of names and endpoints.
    pub learned: Learned,
    /// The JSON lines.
    pub events: Events,
    /// What is kept of clients.
    pub ledger: Ledger,
    /// Metrics and console.
    pub web: Web,
    /// What of people is told.
    pub privacy: Privacy,
    /// What the daemon says about itself.
    pub log: Log,
}

impl Config {
    /// Reads a file, or the built-in configuration. Relative `rules.directory`, `rules.feeds`, `ledger.subscribers` and
    /// `privacy.key_file` start at the file's own folder; relative `events.file` and `learned.file` at the working
    /// directory.
    pub fn load(path: Option<&Path>) -> Result<Self, Error> {
        let mut faults = Faults::default();
        let Some(path) = path else {
            let config = Self::read(DEFAULT_NAME, DEFAULT, &mut faults);
            return faults.finish(config);
        };
        let Some(text) = file::read(path, MAX_CONFIG, &mut faults) else {
            return faults.finish(Self::default());
        };
        let mut config = Self::read(&label(path), &text, &mut faults);
        if let Some(folder) = path.parent() {
            let Self { rules, ledger, privacy, .. } = &mut config;
            let given =
                [&mut rules.directory, &mut rules.feeds, &mut ledger.subscribers, &mut privacy.key_file];
            for path in given.into_iter().flatten() {
                *path = folder.join(&path);
            }
        }
        faults.finish(config)
    }

    /// The configuration in force, as a file that loads to the same.
    pub fn dump(&self) -> String {
        let mut config = self.clone();
        let entry = |key: &'static str, value| Entry {
            key: key.into(),
            at: Location::START,
            node: Node { at: Location::START, value },
        };
        let section = |(name, keys): (&'static str, Keys<'_>)| {
            let entries = keys.into_iter().map(|(key, slot)| entry(key, slot.show())).collect();
            entry(name, Value::Map(entries))
        };
        yaml::write(&Value::Map(config.sections().into_iter().map(section).collect()))
    }

    /// What a worker is told.
    pub fn sensor_settings(&self) -> sensor::Settings {
        let Sensor { gap_timeout, candidate_idle, session_idle, session_interval, .. } = self.sensor;
        sensor::Settings {
            flow: flow::Settings {
                max_flows: self.sensor.max_flows,
                max_stream_bytes: self.sensor.max_stream_mib << 20,
                max_line: self.sensor.max_line_kib << 10,
                max_candidate_line: self.sensor.max_candidate_line_kib << 10,
                max_out_of_order: self.sensor.max_out_of_order,
                gap_timeout: micros(gap_timeout),
                candidate_idle: micros(candidate_idle),
                session_idle: micros(session_idle),
            },
            session: sensor::SessionSettings {
                interval: micros(session_interval),
                ..sensor::SessionSettings::default()
            },
        }
    }

    /// The bounds of what workers learn together.
    pub fn learned_settings(&self) -> learned::Settings {
        let Learned { max_names, max_endpoints, endpoint_idle, .. } = self.learned;
        learned::Settings { max_names, max_endpoints, endpoint_idle: micros(endpoint_idle) }
    }

    fn sections(&mut self) -> Vec<(&'static str, Keys<'_>)> {
        vec![
            ("capture", self.capture.keys()),
            ("sensor", self.sensor.keys()),
            ("rules", self.rules.keys()),
            ("learned", self.learned.keys()),
            ("events", self.events.keys()),
            ("ledger", self.ledger.keys()),
            ("web", self.web.keys()),
            ("privacy", self.privacy.keys()),
            ("log", self.log.keys()),
        ]
    }

    fn read(file: &str, text: &str, all: &mut Faults) -> Self {
        let mut config = Self::default();
        let mut faults = FileFaults { file, all };
        let root = match yaml::parse(text) {
            Ok(root) => root,
            Err(syntax) => {
                faults.add(syntax.at, "", syntax.what, syntax.remedy);
                return config;
            }
        };
        let sections = config.sections();
        let names: Vec<&str> = sections.iter().map(|(name, _)| *name).collect();
        let nodes = value::keys(&root, "", &names, &mut faults);
        for ((name, keys), node) in sections.into_iter().zip(nodes) {
            if let Some(node) = node {
                read_section(name, keys, node, &mut faults);
            }
        }
        config.check_bounds(&root, &mut faults);
        config.check_people(&root, &mut faults);
        config
    }

    /// Bounds that must not contradict each other.
    fn check_bounds(&self, root: &Node<'_>, faults: &mut FileFaults<'_>) {
        let sensor = &self.sensor;
        let pairs = [
            ("max_candidate_line_kib", sensor.max_candidate_line_kib, "max_line_kib", sensor.max_line_kib),
            ("max_line_kib", sensor.max_line_kib, "max_stream_mib", sensor.max_stream_mib << 10),
        ];
        for (small, small_kib, large, large_kib) in pairs {
            let (key, other) = (format!("sensor.{small}"), format!("sensor.{large}"));
            // A key that has a fault already holds its default, which says nothing about the file.
            if small_kib <= large_kib || faults.all.name(&key) || faults.all.name(&other) {
                continue;
            }
            let at = find(root, ["sensor", small]).or_else(|| find(root, ["sensor", large]));
            let what = format!("{small_kib} KiB is more than {other} holds, {large_kib} KiB");
            faults.add(at.unwrap_or(Location::START), &key, what, format!("lower it, or raise {other}"));
        }
    }
}

fn read_section(name: &str, keys: Keys<'_>, node: &Node<'_>, faults: &mut FileFaults<'_>) {
    let names: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
    let nodes = value::keys(node, name, &names, faults);
    for ((key, slot), node) in keys.into_iter().zip(nodes) {
        if let Some(node) = node
            && let Err(wrong) = slot.read(node)
        {
            faults.add(node.at, &value::join(name, key), wrong.what, wrong.remedy);
        }
    }
}

/// Where the value of a key stands.
fn find(root: &Node<'_>, path: [&str; 2]) -> Option<Location> {
    let mut node = root;
    for key in path {
        let Value::Map(entries) = &node.value else { return None };
        node = &entries.iter().find(|e| e.key == key)?.node;
    }
    Some(node.at)
}

/// Durations of the configuration are bounded to a year, which fits by far.
fn micros(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
