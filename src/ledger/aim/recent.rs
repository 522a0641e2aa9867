//! What one account mined for of late, and how many accounts share it. Keys only; what they stand for is not known here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Aims, Pool, PoolRow};
use crate::packet::Time;

/// Pools, payees and sites each that an account keeps; 0.5 KiB together.
const MAX: usize = 8;
/// How long they count after the session's end, in packet time.
const WINDOW: u64 = 3600 * Time::SECOND;

/// The newest few of what sessions of one account mined for, running or ended.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Recent {
    pools: Newest<Pool>,
    payees: Newest<u64>,
    sites: Newest<u64>,
}

impl Recent {
    /// Notes what a session mines for, last seen at `at`.
    pub(in crate::ledger) fn meet(&mut self, aims: &Aims, at: Time) {
        self.pools.meet(&aims.pool, at);
        aims.payee.iter().for_each(|key| self.payees.meet(key, at));
        aims.site.iter().for_each(|key| self.sites.meet(key, at));
    }

    /// Takes back what a session turned out not to mine for.
    pub(in crate::ledger) fn forget(&mut self, aims: &Aims) {
        self.pools.0.retain(|(pool, _)| *pool != aims.pool);
        self.payees.0.retain(|(key, _)| Some(*key) != aims.payee);
        self.sites.0.retain(|(key, _)| Some(*key) != aims.site);
    }

    /// Forgets what counts no more.
    pub(in crate::ledger) fn expire(&mut self, now: Time) {
        self.pools.0.retain(|(_, last)| now.since(*last) < WINDOW);
        self.payees.0.retain(|(_, last)| now.since(*last) < WINDOW);
        self.sites.0.retain(|(_, last)| now.since(*last) < WINDOW);
    }
}

#[derive(Debug)]
struct Newest<T>(Vec<(T, Time)>);

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone + PartialEq> Newest<T> {
    fn meet(&mut self, what: &T, at: Time) {
        if let Some((_, last)) = self.0.iter_mut().find(|(known, _)| known == what) {
            *last = at.max(*last);
        } else if self.0.len() < MAX {
            self.0.push((what.clone(), at));
        } else if let Some(oldest) = self.0.iter_mut().min_by_key(|(_, last)| *last)
            && oldest.1 <= at
        {
            *oldest = (what.clone(), at);
        }
    }

    fn within(&self, now: Time) -> impl Iterator<Item = &T> {
        self.0.iter().filter(move |(_, last)| now.since(*last) < WINDOW).map(|(what, _)| what)
    }
}

/// Clients of each pool, payee and site, being counted.
#[derive(Debug)]
pub(in crate::ledger) struct Tally {
    now: Time,
    pub(super) names: HashMap<Arc<str>, PoolRow>,
    pub(super) pools: HashMap<u64, u64>,
    pub(super) payees: HashMap<u64, u64>,
    pub(super) sites: HashMap<u64, u64>,
}

impl Tally {
    /// A tally of no account at packet time `now`, with names that stand there at 0.
    pub(super) fn new(now: Time, names: [Arc<str>; 2]) -> Self {
        Self {
            now,
            names: names.map(|name| (name, PoolRow::default())).into(),
            pools: HashMap::new(),
            payees: HashMap::new(),
            sites: HashMap::new(),
        }
    }

    /// Counts one account, by what its running sessions mine for and what it mined for within the last hour.
    pub(in crate::ledger) fn count<'a>(
        &mut self,
        recent: &Recent,
        running: impl Iterator<Item = &'a Aims> + Clone,
    ) {
        for aims in running.clone() {
            self.names.entry(Arc::clone(&aims.pool.name)).or_default().sessions += 1;
        }
        let now = self.now;
        let pools: Vec<&Pool> =
            running.clone().map(|aims| &aims.pool).chain(recent.pools.within(now)).collect();
        let names: HashSet<&Arc<str>> = pools.iter().map(|pool| &pool.name).collect();
        for name in names {
            self.names.entry(Arc::clone(name)).or_default().clients += 1;
        }
        once_each(&mut self.pools, pools.iter().map(|pool| pool.key));
        let payees = running.clone().filter_map(|aims| aims.payee);
        once_each(&mut self.payees, payees.chain(recent.payees.within(now).copied()));
        let sites = running.filter_map(|aims| aims.site);
        once_each(&mut self.sites, sites.chain(recent.sites.within(now).copied()));
    }
}

fn once_each(counts: &mut HashMap<u64, u64>, keys: impl Iterator<Item = u64>) {
    for key in keys.collect::<HashSet<_>>() {
        *counts.entry(key).or_insert(0) += 1;
    }
}
