//! Rule files: the built-in ones, every `*.yaml` and `*.hosts` of a directory, or both, and below them other people's
//! feeds, to one rule set. What a rule means is not known here; [`RuleSet::build_all`] checks that, and its faults get
//! their places back.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::eve::Timestamp;
use crate::packet::Time;
use crate::rules::RuleSet;

use super::fault::{Faults, label};
use super::{Config, Error, People, file};

mod dialects;
mod feeds;
mod hosts;
mod item;
mod known;
mod lists;
mod members;
mod rule;
mod samples;

pub use feeds::FeedCount;
pub use samples::{Sample, Sampled, Samples};

use lists::Lists;

/// Bytes of the largest rule file. Reading YAML takes some 30 times its size in memory for as long as it is read.
const MAX_FILE: usize = 64 << 20;

/// Bytes of the largest host list, which takes its own size and some 40 bytes a name.
const MAX_HOSTS: usize = 256 << 20;

/// Rule files in a directory at most.
const MAX_FILES: usize = 256;

/// The rules built into the program.
const BUILT_IN: [(&str, &str); 5] = [
    ("built-in allow.hosts", include_str!("../../rules/allow.hosts")),
    ("built-in detections.yaml", include_str!("../../rules/detections.yaml")),
    ("built-in dialects.yaml", include_str!("../../rules/dialects.yaml")),
    ("built-in pools.hosts", include_str!("../../rules/pools.hosts")),
    ("built-in scripts.yaml", include_str!("../../rules/scripts.yaml")),
];

/// Reads the rules that `config` asks for: a whole new set, or everything that is wrong with it.
pub fn load_rules(config: &Config) -> Result<RuleSet, Error> {
    load_all(config).map(|loaded| loaded.rules)
}

/// Reads them with the samples that they must find and leave alone.
pub fn load_rules_with_samples(config: &Config) -> Result<(RuleSet, Vec<Samples>), Error> {
    load_all(config).map(|loaded| (loaded.rules, loaded.samples))
}

/// The rules, and what else their files told.
#[derive(Debug)]
pub struct Loaded {
    /// The set.
    pub rules: RuleSet,
    /// What rules must find and leave alone.
    pub samples: Vec<Samples>,
    /// What each feed gave.
    pub feeds: Vec<FeedCount>,
}

/// Reads all that their files tell.
pub fn load_all(config: &Config) -> Result<Loaded, Error> {
    let mut faults = Faults::default();
    let loaded = read(config, &mut faults);
    faults.finish(loaded)
}

/// Reads them, and the files about people that the configuration names, with the faults of all.
pub fn load_with_people(config: &Config) -> Result<(Loaded, People), Error> {
    load_people(config, false)
}

/// The same to be checked and not used: a key that only the service may see is left out.
///
/// # Errors
/// As [`load_with_people`].
pub fn check_with_people(config: &Config) -> Result<(Loaded, People), Error> {
    load_people(config, true)
}

fn load_people(config: &Config, is_check: bool) -> Result<(Loaded, People), Error> {
    let mut faults = Faults::default();
    let loaded = read(config, &mut faults);
    let people = People::read(config, is_check, &mut faults);
    faults.finish((loaded, people))
}

fn read(config: &Config, faults: &mut Faults) -> Loaded {
    let mut lists = Lists::on(&today());
    if config.rules.built_in || config.rules.directory.is_none() {
        for (name, text) in BUILT_IN {
            if is_host_list(Path::new(name)) {
                lists.read_hosts(name, text, faults);
            } else {
                lists.read(name, text, faults);
            }
        }
    }
    if let Some(directory) = &config.rules.directory {
        for path in files(directory, faults) {
            let most = if is_host_list(&path) { MAX_HOSTS } else { MAX_FILE };
            match file::read(&path, most, faults) {
                Some(text) if is_host_list(&path) => lists.read_hosts(&label(&path), &text, faults),
                Some(text) => lists.read(&label(&path), &text, faults),
                None => {}
            }
        }
        if lists.is_silent() && faults.is_empty() {
            let remedy = "put a file with detections there, or set rules.built_in; without rules nothing would be told";
            faults.whole(&label(directory), "has no detection rule", remedy);
        }
    }
    let feeds = config.rules.feeds.as_ref().map(|directory| lists.read_feeds(directory, faults));
    let (rules, samples) = lists.build(faults);
    Loaded { rules, samples, feeds: feeds.unwrap_or_default() }
}

/// The rule files of a directory, sorted, so that the same directory always gives the same faults.
fn files(directory: &Path, faults: &mut Faults) -> Vec<PathBuf> {
    let name = label(directory);
    let mut paths = visible(directory, faults);
    for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "yml")) {
        faults.whole(&label(path), "is not read for its name", "call it .yaml, or move it away");
    }
    paths.retain(|p| is_host_list(p) || p.extension().is_some_and(|e| e == "yaml"));
    keep_plain(&mut paths, faults);
    if paths.len() > MAX_FILES {
        faults.whole(&name, "has more than 256 rule files", "join some of them");
        paths.clear();
    }
    paths
}

/// What is in a directory and not hidden, sorted.
fn visible(directory: &Path, faults: &mut Faults) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let mut paths: Vec<PathBuf> = match entries {
        Ok(entries) => entries.iter().map(fs::DirEntry::path).collect(),
        Err(error) => {
            faults.unreadable(&label(directory), &error);
            return Vec::new();
        }
    };
    // Editors leave hidden files beside the ones they edit.
    paths.retain(|p| p.file_name().is_some_and(|n| !n.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    paths
}

/// Leaves out what is neither file nor folder: to open a pipe would be to wait for whoever writes into it.
fn keep_plain(paths: &mut Vec<PathBuf>, faults: &mut Faults) {
    paths.retain(|path| {
        let is_odd = fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir());
        if is_odd {
            faults.whole(&label(path), "is a pipe, socket or device", "keep plain files there");
        }
        !is_odd
    });
}

fn is_host_list(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "hosts")
}

/// The day it is, in UTC, as lists write days.
fn today() -> String {
    #[expect(clippy::disallowed_methods, reason = "lists say until which day they are to be believed")]
    let now = SystemTime::now();
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut text = Timestamp(Time::from_secs(since.as_secs())).to_string();
    text.truncate("2026-11-22".len());
    text
}
