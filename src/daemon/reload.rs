//! Reads configuration and rules beside the daemon's own work, on a thread of its own, one load at a time, asked for by a
//! signal or by files that changed. Whether what was read is taken is judged elsewhere.
//!
//! It is one thread for all loads, and takes old sets apart too, because a heap is a thread's own: sets that come from one
//! heap and go back to it leave no more holes after a thousand reloads than after two. What is free then goes back to the
//! system: a set of a million names is most of what the daemon ever holds.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Options;
use super::seen::{Places, Seen};
use crate::config::{Config, Error, FeedCount, Loaded, People, load_with_people};
use crate::rules::RuleSet;

/// Rule sets that may wait for workers to let go of them. Beyond, a reload waits too: a worker that hangs must not cost
/// a set a reload.
const MAX_RETIRED: usize = 2;

/// Configuration and rules as they were read.
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) rules: Arc<RuleSet>,
    pub(super) feeds: Vec<FeedCount>,
    pub(super) people: People,
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
        let (Loaded { rules, feeds, .. }, people) = load_with_people(&config)?;
        Ok(Self { config, rules: Arc::new(rules), feeds, people })
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
        let places = [&config.rules.directory, &config.rules.feeds, &config.ledger.subscribers];
        let places = places.into_iter().flatten().cloned();
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

/// What the thread is asked for.
enum Order {
    Drop(Arc<RuleSet>),
    Load(Options, Watched, oneshot::Sender<Load>),
}

/// Loads, and the watch between them.
pub(super) struct Loader {
    orders: Sender<Order>,
    load: Option<oneshot::Receiver<Load>>,
    watch: Option<JoinHandle<()>>,
    /// What is looked at again where a load ends without telling.
    in_force: Watched,
    /// Asked for while it could not begin.
    again: bool,
    retired: Vec<Arc<RuleSet>>,
}

impl Loader {
    /// Starts the thread, which ends with this.
    pub(super) fn start() -> io::Result<Self> {
        let (orders, told) = channel();
        std::thread::Builder::new().name("rules".to_owned()).spawn(move || serve(&told))?;
        let in_force = Watched::default();
        Ok(Self { orders, load: None, watch: None, in_force, again: false, retired: Vec::new() })
    }

    /// Begins a load, or remembers that one is wanted. Says whether it began.
    pub(super) fn ask(&mut self, options: &Options, in_force: Watched) -> bool {
        self.again = self.load.is_some() || self.is_crowded();
        if self.again {
            return false;
        }
        if let Some(watch) = self.watch.take() {
            watch.abort();
        }
        self.in_force = in_force.clone();
        let (done, load) = oneshot::channel();
        // Where the thread is gone, so is `done`, and that is the load's end.
        let _ = self.orders.send(Order::Load(options.clone(), in_force, done));
        self.load = Some(load);
        true
    }

    /// Whether a load is remembered.
    pub(super) const fn is_wanted(&self) -> bool {
        self.again
    }

    /// Whether a load that was remembered can begin.
    pub(super) const fn is_due(&self) -> bool {
        self.again && self.load.is_none() && !self.is_crowded()
    }

    /// Whether loads wait because workers still use too many sets from before.
    pub(super) const fn is_crowded(&self) -> bool {
        self.retired.len() >= MAX_RETIRED
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
        let Some(load) = load else {
            // What is there now is what it died of: only a change is worth another load.
            let (watched, seen) = (self.in_force.clone(), self.in_force.places.look());
            self.watch(watched, seen);
            return Err("the load ended in a fault of the program: please report it".to_owned());
        };
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
            let _ = self.orders.send(Order::Drop(rules));
        }
    }
}

fn serve(orders: &Receiver<Order>) {
    for order in orders {
        match order {
            Order::Drop(rules) => drop(rules),
            Order::Load(options, in_force, done) => {
                // What panics costs this load, not the next: `done` goes unused, which says so.
                if let Ok(load) = catch_unwind(AssertUnwindSafe(|| options.load(in_force))) {
                    let _ = done.send(load);
                }
            }
        }
        give_back();
    }
}

/// Gives free memory back to the system, where the allocator is one that keeps it.
pub(super) fn give_back() {
    #[cfg(target_env = "gnu")]
    #[expect(unsafe_code, reason = "no crate wraps malloc_trim")]
    // SAFETY: takes no pointer, and is safe to call from any thread at any time (malloc_trim(3)).
    unsafe {
        libc::malloc_trim(0);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_load_that_panics_ends_no_watch() {
        let mut loader = Loader::start().unwrap();
        loader.in_force.every = Some(Duration::from_secs(3600));
        assert!(loader.ended(None).is_err());
        assert!(loader.watch.is_some());
    }

    #[tokio::test]
    async fn loads_wait_for_workers_that_keep_old_rules() {
        let mut loader = Loader::start().unwrap();
        let held: Vec<Arc<RuleSet>> = (0..MAX_RETIRED).map(|_| Arc::default()).collect();
        held.iter().for_each(|rules| loader.retire(Arc::clone(rules)));
        loader.sweep();
        assert!(!loader.ask(&Options::default(), Watched::default()) && loader.is_crowded());
        assert!(!loader.is_due());
        drop(held);
        loader.sweep();
        assert!(loader.is_due() && loader.ask(&Options::default(), Watched::default()));
        assert!(!loader.is_due(), "one load for all that was asked meanwhile");
    }
}
