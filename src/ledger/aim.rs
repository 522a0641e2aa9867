//! What clients mine for: pools, payees, web sites. They are kept as keyed hashes, and of pools the operator's name as the
//! rules say it; what the wire called a payee or site is not kept. Which client it is, is not known here.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::detect::{Certainty, SessionRecord};
use crate::packet::Time;

mod recent;

pub(super) use recent::{Recent, Tally};

/// The `pool` of all pools that no rule names.
pub const UNLISTED: &str = "unlisted";
/// The `pool` of those whose names are past the bound.
pub const OTHER: &str = "other";
/// Pools' names in use at once.
const MAX_NAMES: usize = 1000;
/// Pools, payees and sites each that are remembered as seen; 0.5 MiB each.
const MAX_SEEN: usize = 16_384;

/// For whom clients mine, by sessions that are at least strong evidence: those that are open, and those of the last hour
/// of packet time. All clients past the bound count as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MinedFor {
    /// Pools by their operators' names as the rules have them; [`UNLISTED`] and [`OTHER`] are always there.
    pub names: BTreeMap<Arc<str>, PoolRow>,
    /// Pools, each an operator or an unlisted endpoint.
    pub pools: Spread,
    /// Payees.
    pub payees: Spread,
    /// Web sites with a miner.
    pub sites: Spread,
}

/// What is known of the pools of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolRow {
    /// Sessions that are open.
    pub sessions: u64,
    /// Clients of the last hour.
    pub clients: u64,
}

/// How many of a kind there are, and how many clients they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Different ones within the last hour.
    pub known: usize,
    /// Clients of the one that has most.
    pub clients_max: u64,
    /// Those nobody had mined for before, since the start.
    pub seen: u64,
}

/// What one session mines for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aims {
    pub(super) pool: Pool,
    pub(super) payee: Option<u64>,
    pub(super) site: Option<u64>,
}

/// A pool: an operator, or the endpoint of one that no rule names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pool {
    key: u64,
    /// The value of its label.
    pub(super) name: Arc<str>,
}

/// What all sessions mined for since the start.
#[derive(Debug)]
pub(super) struct Book {
    /// Keyed anew in each process, so that nobody can choose texts that collide.
    hash: RandomState,
    names: Mutex<HashSet<Arc<str>>>,
    unlisted: Arc<str>,
    other: Arc<str>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    pools: Remembered,
    payees: Remembered,
    sites: Remembered,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            hash: RandomState::new(),
            names: Mutex::default(),
            unlisted: Arc::from(UNLISTED),
            other: Arc::from(OTHER),
            seen: Mutex::default(),
        }
    }
}

impl Book {
    /// What a session mines for, noted as seen; nothing where there is no more than a hint that it mines.
    pub(super) fn aims(&self, record: &SessionRecord) -> Option<Aims> {
        let mining = &record.mining;
        if mining.certainty < Certainty::Strong {
            return None;
        }
        let key = |text: &Option<String>| text.as_ref().map(|text| self.hash.hash_one(text));
        let aims = Aims { pool: self.pool(record), payee: key(&mining.payee), site: key(&mining.site) };
        let mut seen = lock(&self.seen);
        seen.pools.note(aims.pool.key);
        aims.payee.into_iter().for_each(|key| seen.payees.note(key));
        aims.site.into_iter().for_each(|key| seen.sites.note(key));
        drop(seen);
        Some(aims)
    }

    /// Forgets the names that no account holds any more.
    pub(super) fn forget_names(&self) {
        // They are cloned only under this lock, or by whoever holds one.
        lock(&self.names).retain(|name| Arc::strong_count(name) > 1);
    }

    /// A tally of no account yet, at packet time `now`.
    pub(super) fn tally(&self, now: Time) -> Tally {
        Tally::new(now, [&self.unlisted, &self.other].map(Arc::clone))
    }

    /// What the tally came to.
    pub(super) fn sum(&self, tally: Tally) -> MinedFor {
        let seen = lock(&self.seen);
        MinedFor {
            names: tally.names.into_iter().collect(),
            pools: spread(&tally.pools, &seen.pools),
            payees: spread(&tally.payees, &seen.payees),
            sites: spread(&tally.sites, &seen.sites),
        }
    }

    fn pool(&self, record: &SessionRecord) -> Pool {
        match &record.mining.pool {
            Some(operator) => Pool { key: self.hash.hash_one(operator), name: self.name(operator) },
            None => {
                let server = record.flow.server;
                let key = self.hash.hash_one((server.addr, server.port));
                Pool { key, name: Arc::clone(&self.unlisted) }
            }
        }
    }

    fn name(&self, operator: &Arc<str>) -> Arc<str> {
        let mut names = lock(&self.names);
        if let Some(known) = names.get(operator) {
            return Arc::clone(known);
        }
        if names.len() >= MAX_NAMES {
            return Arc::clone(&self.other);
        }
        // Its own text: whoever else holds the event's would keep the name here.
        let name: Arc<str> = Arc::from(&**operator);
        names.insert(Arc::clone(&name));
        name
    }
}

/// Keys met before, the oldest of which are forgotten.
#[derive(Debug, Default)]
struct Remembered {
    keys: HashSet<u64>,
    order: VecDeque<u64>,
    total: u64,
}

impl Remembered {
    fn note(&mut self, key: u64) {
        if !self.keys.insert(key) {
            return;
        }
        self.total += 1;
        if self.order.len() >= MAX_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        self.order.push_back(key);
    }
}

fn spread(counts: &HashMap<u64, u64>, seen: &Remembered) -> Spread {
    Spread { known: counts.len(), clients_max: counts.values().copied().max().unwrap_or(0), seen: seen.total }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
