//! Reads configuration and rules beside the daemon's own work: on a thread that may block, one load at a time, asked for
//! by a signal or by files that changed. Whether what was read is taken is judged elsewhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::Options;
use super::seen::{Places, Seen};
use crate::config::{Config, Error, FeedCount, Loaded, load_all};
use crate::rules::RuleSet;

/// Rule sets that may wait for workers to let go of them. Beyond, a reload waits too: a worker that hangs must not cost
/// a set a reload.
const MAX_RETIRED: usize = 2;

/// Configuration and rules as they were read.
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) rules: Arc<RuleSet>,
    pub(super) feeds: Vec<FeedCount>,
}

impl Options {
    /// Reads configuration and rules, both good or nothing, with what the files of the rules looked like before.
    pub(super) fn load(&self, in_force: Watched) -> Load {
        let config = self.configuration();
        let watched = config.as_ref().map_or(in_force, Watched::of);
        let seen = watched.places.look();
        Load { watched, seen, result: config.and_then(Read::of) }
    }

    fn configuration(&self) -> Result<Config, Error> {
        let mut config = Config::load(self.config.as_deref())?;
        if !self.interfaces.is_empty() {
            config.capture.interfaces.clone_from(&self.interfaces);
        }
        if self.filter.is_some() {
            config.capture.filter.clone_from(&self.filter);
        }
        config.web.listen = self.listen.unwrap_or(config.web.listen);
        Ok(config)
    }
}

impl Read {
    fn of(config: Config) -> Result<Self, Error> {
        let Loaded { rules, feeds, .. } = load_all(&config)?;
        Ok(Self { config, rules: Arc::new(rules), feeds })
    }
}

/// What is looked at, and how often.
#[derive(Clone, Default)]
pub(super) struct Watched {
    places: Places,
    every: Option<Duration>,
}

impl Watched {
    pub(super) fn of(config: &Config) -> Self {
        let places = [&config.rules.directory, &config.rules.feeds].into_iter().flatten().cloned();
        Self { places: Places(places.collect()), every: config.rules.watch }
    }
}

/// What came of a load.
pub(super) struct Load {
    pub(super) watched: Watched,
    pub(super) seen: Seen,
    pub(super) result: Result<Read, Error>,
}

/// Something to do for the daemon.
pub(super) enum Turn {
    /// Files changed: time to ask for a load.
    Changed,
    /// A load has ended; without configuration and rules its faults are told, a line each.
    Loaded(Result<Box<Read>, String>),
}

/// Loads, and the watch between them.
#[derive(Default)]
pub(super) struct Loader {
    load: Option<JoinHandle<Load>>,
    watch: Option<JoinHandle<()>>,
    /// Asked for while it could not begin.
    again: bool,
    retired: Vec<Arc<RuleSet>>,
}

impl Loader {
    /// Begins a load, or remembers that one is wanted. Says whether it began.
    pub(super) fn ask(&mut self, options: &Options, in_force: Watched) -> bool {
        self.again = self.load.is_some() || self.retired.len() >= MAX_RETIRED;
        if self.again {
            return false;
        }
        if let Some(watch) = self.watch.take() {
            watch.abort();
        }
        let options = options.clone();
        self.load = Some(tokio::task::spawn_blocking(move || options.load(in_force)));
        true
    }

    /// Whether a load that was remembered can begin.
    pub(super) const fn is_due(&self) -> bool {
        self.again && self.load.is_none() && self.retired.len() < MAX_RETIRED
    }

    /// Waits for what is next; may be dropped and called again.
    pub(super) async fn next(&mut self) -> Turn {
        if let Some(task) = &mut self.load {
            let load = task.await;
            self.load = None;
            return Turn::Loaded(self.ended(load.ok()));
        }
        if let Some(watch) = &mut self.watch {
            let settled = watch.await;
            self.watch = None;
            if settled.is_ok() {
                return Turn::Changed;
            }
        }
        std::future::pending().await
    }

    fn ended(&mut self, load: Option<Load>) -> Result<Box<Read>, String> {
        let load = load.ok_or("the load ended in a fault of the program: please report it")?;
        self.watch(load.watched, load.seen);
        load.result.map(Box::new).map_err(|error| error.to_string())
    }

    /// Looks at files from now on, if that is wanted. `seen` is what they were like when they were last read.
    pub(super) fn watch(&mut self, Watched { places, every }: Watched, seen: Seen) {
        self.watch = every.map(|every| tokio::spawn(settled(places, every, seen)));
    }

    /// Keeps rules that workers still use, so that none of them has to take a million names apart.
    pub(super) fn retire(&mut self, rules: Arc<RuleSet>) {
        self.retired.push(rules);
    }

    /// Drops the rules that all workers have let go of.
    pub(super) fn sweep(&mut self) {
        let free = |rules: &mut Arc<RuleSet>| Arc::strong_count(rules) == 1;
        for rules in self.retired.extract_if(.., free) {
            tokio::task::spawn_blocking(move || drop(rules));
        }
    }
}

/// Ends when the files are no longer as they were, and the change has stood still for one interval.
async fn settled(places: Places, every: Duration, seen: Seen) {
    let mut before = None;
    loop {
        tokio::time::sleep(every).await;
        let looked = places.clone();
        let Ok(now) = tokio::task::spawn_blocking(move || looked.look()).await else { continue };
        if now != seen && before.as_ref() == Some(&now) {
            return;
        }
        before = Some(now);
    }
}
