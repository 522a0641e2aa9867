//! A bounded map in sixteen shares, each behind a lock of its own, so that workers seldom meet.

use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::quality::FixedState;

use super::bounded::Bounded;
use super::sieve::{Sieve, Sifted};

/// Shares of a table.
pub(super) const SHARDS: usize = 16;
/// Not the sieve's, lest all keys of a share fall on the same bits.
const SEED: u64 = 0x6765_6f70_686f_6e65;

/// The shares.
#[derive(Debug)]
pub(super) struct Shards<K, V> {
    shares: [Mutex<Bounded<K, V>>; SHARDS],
    // The same in each run: which entry goes must not depend on chance.
    hasher: FixedState,
}

impl<K: Copy + Eq + Hash, V> Shards<K, V> {
    /// Empty shares for so many entries together.
    pub(super) fn new(max: usize) -> Self {
        let shares = std::array::from_fn(|at| Mutex::new(Bounded::new(share(max, at))));
        Self { shares, hasher: FixedState::with_seed(SEED) }
    }

    /// A new bound for all together.
    pub(super) fn set_max(&self, max: usize) {
        for (at, mutex) in self.shares.iter().enumerate() {
            lock(mutex).set_max(share(max, at));
        }
    }

    /// Does something with the share that a key belongs to, under its lock.
    pub(super) fn with<T>(&self, key: &K, act: impl FnOnce(&mut Bounded<K, V>) -> T) -> T {
        let [first, ..] = &self.shares;
        let at = self.hasher.hash_one(key) as usize % SHARDS;
        act(&mut lock(self.shares.get(at).unwrap_or(first)))
    }

    /// Does something with each share in turn.
    pub(super) fn each(&self, mut act: impl FnMut(&mut Bounded<K, V>)) {
        for mutex in &self.shares {
            act(&mut lock(mutex));
        }
    }

    /// Entries, and how many were given up for the bound.
    pub(super) fn counts(&self) -> (usize, u64) {
        let (mut held, mut evicted) = (0usize, 0u64);
        self.each(|share| {
            held = held.saturating_add(share.len());
            evicted = evicted.saturating_add(share.evicted());
        });
        (held, evicted)
    }

    /// Makes the sieve that goes with this table hold its keys and nothing else. All locks are held meanwhile, taken in
    /// their order: a key that came in between would be lost to the sieve. Nobody else holds more than one.
    pub(super) fn renew(&self, sieve: &Sieve)
    where
        K: Sifted,
    {
        let guards: Vec<MutexGuard<'_, Bounded<K, V>>> = self.shares.iter().map(lock).collect();
        sieve.renew(guards.iter().flat_map(|share| share.keys()));
    }
}

/// What is held is whole between operations, whatever another thread died of.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Entries of a share.
const fn share(max: usize, at: usize) -> usize {
    max / SHARDS + if at < max % SHARDS { 1 } else { 0 }
}
