//! What Prometheus reads: all figures of the daemon, gathered anew at each scrape into text format 0.0.4.
//! It counts nothing itself; `catalogue` says which metrics there are, `collector` where each comes from.
//!
//! The crate's `*Vec` types are not used: they merge label sets whose values join to the same text.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use prometheus::{Registry, TextEncoder};

use crate::feeds::Reason;
use crate::learned::Learned;
use crate::ledger::{Client, Ledger};

mod catalogue;
mod collector;
mod family;
mod labels;
mod page;
mod process;
mod worker;

pub use catalogue::{CATALOGUE, Entry, Kind, Section};
use collector::Collector;
pub use labels::{Label, Values};
pub use page::page;
pub use worker::{WorkerSlot, WorkerTotals};

/// The `Content-Type` of [`Metrics::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The values that a label of a metric can have; `None` where the set is open, or there is no such metric or label.
pub fn label_values(metric: &str, label: &str) -> Option<Vec<&'static str>> {
    Entry::named(metric)?.label(label)?.values()
}

/// What was built, for `geophone_build_info`.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// Version of the package.
    pub version: &'static str,
    /// Commit, or `unknown`.
    pub revision: &'static str,
    /// Version of the compiler, or `unknown`.
    pub rustc: &'static str,
}

/// Events written, by `event_type`, and those that were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventTotals {
    /// `alert` events.
    pub alert: u64,
    /// `mining_session` events.
    pub mining_session: u64,
    /// `stats` events.
    pub stats: u64,
    /// Events lost because the queue was full or the file could not be written.
    pub dropped: u64,
}

/// Rules in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleTotals {
    /// Detection rules.
    pub detections: usize,
    /// Listed hosts.
    pub pools: usize,
    /// Listed addresses.
    pub addresses: usize,
    /// Allowed hosts and addresses.
    pub allowed: usize,
    /// Miner scripts.
    pub scripts: usize,
    /// Entries of feeds that were refused, by reason.
    pub refused: [u64; Reason::ALL.len()],
}

/// Where the figures come from.
pub struct Sources {
    /// The accounts of clients.
    pub ledger: Arc<Ledger>,
    /// What all workers learned.
    pub learned: Arc<Learned>,
    /// One slot a worker; several may share an interface.
    pub workers: Vec<Arc<WorkerSlot>>,
    /// Asks for the event writer's counters. Called at each scrape; must not block.
    pub events: Box<dyn Fn() -> EventTotals + Send + Sync>,
    /// When the process started.
    pub started: SystemTime,
    /// What was built.
    pub build: Build,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}

/// All metrics of the daemon.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    configuration: Arc<Mutex<Configuration>>,
}

impl Metrics {
    /// Metrics read from `sources`. Until [`Metrics::loaded`] is called the last reload counts as failed.
    pub fn new(sources: Sources) -> Self {
        let configuration = Arc::default();
        let registry = Registry::new();
        let collector = Collector::new(sources, Arc::clone(&configuration));
        registry.register(Box::new(collector)).expect("the catalogue has no name twice; a test renders it");
        Self { registry, configuration }
    }

    /// Says that configuration and rules were read at `at` and are in force.
    pub fn loaded(&self, rules: RuleTotals, at: SystemTime) {
        *self.configuration() = Configuration { successful: true, at: Some(at), rules };
    }

    /// Says that configuration or rules could not be read, so that the old ones stay in force.
    pub fn load_failed(&self) {
        self.configuration().successful = false;
    }

    /// The text of one scrape, as [`CONTENT_TYPE`]. Takes some 1 µs a series: with 10 000 clients a tenth of a
    /// second, so a server with other things to do calls it on a thread that may block.
    pub fn render(&self) -> String {
        let mut text = String::new();
        if let Err(error) = TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics: the text is incomplete; please report this as a bug");
        }
        text
    }

    fn configuration(&self) -> std::sync::MutexGuard<'_, Configuration> {
        self.configuration.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was last read of configuration and rules.
#[derive(Clone, Copy, Debug, Default)]
struct Configuration {
    successful: bool,
    at: Option<SystemTime>,
    rules: RuleTotals,
}

/// How a client is called in labels. The only place that decides it.
fn client_label(client: Client) -> String {
    match client {
        Client::Address(IpAddr::V4(addr)) => addr.to_string(),
        Client::Address(IpAddr::V6(addr)) => addr.to_string(),
        Client::Other => "other".to_owned(),
    }
}

/// Seconds since 1970, as Prometheus wants moments.
fn unix_seconds(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
pub(crate) mod tests;
