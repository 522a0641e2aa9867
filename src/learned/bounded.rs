//! A bounded map in which the entry longest not refreshed goes first. Refreshes are counted, not timed, so that a clock
//! that goes back changes nothing; no order of the hash map reaches the outside.

use std::collections::VecDeque;
use std::hash::Hash;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

/// The map.
#[derive(Debug)]
pub(super) struct Bounded<K, V> {
    // Random per process: whom an address collides with cannot be chosen from outside.
    entries: HashMap<K, Entry<V>, RandomState>,
    /// Keys by their refreshes, oldest first. Only the last of a key counts; those before go when they come to the front,
    /// or when there are as many of them as entries.
    order: VecDeque<(u64, K)>,
    turns: u64,
    max: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Entry<V> {
    turn: u64,
    value: V,
}

impl<K: Copy + Eq + Hash, V> Bounded<K, V> {
    /// An empty map for so many entries; nothing is allocated.
    pub(super) fn new(max: usize) -> Self {
        Self {
            entries: HashMap::with_hasher(RandomState::default()),
            order: VecDeque::new(),
            turns: 0,
            max,
            evicted: 0,
        }
    }

    /// Entries held.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Entries given up for the bound so far.
    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// A new bound.
    pub(super) fn set_max(&mut self, max: usize) {
        self.max = max;
        self.evict(max);
    }

    /// An entry, which stays as old as it is.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// An entry to change, which stays as old as it is.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// An entry, made if there is none, and now the last to go. `None` where there is room for none at all.
    pub(super) fn refresh(&mut self, key: K, make: impl FnOnce() -> V) -> Option<&mut V> {
        if self.max == 0 {
            self.evicted = self.evicted.saturating_add(1);
            return None;
        }
        if self.entries.len() >= self.max && !self.entries.contains_key(&key) {
            self.evict(self.max.saturating_sub(1));
        }
        self.turns = self.turns.saturating_add(1);
        let turn = self.turns;
        if self.order.len() > self.entries.len().saturating_mul(2).saturating_add(64) {
            let entries = &self.entries;
            self.order.retain(|(turn, key)| entries.get(key).is_some_and(|entry| entry.turn == *turn));
        }
        self.order.push_back((turn, key));
        let entry = self.entries.entry(key).or_insert_with(|| Entry { turn, value: make() });
        entry.turn = turn;
        Some(&mut entry.value)
    }

    /// Visits all entries, oldest first.
    pub(super) fn for_each(&mut self, mut each: impl FnMut(&K, &mut V)) {
        for (turn, key) in &self.order {
            if let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.turn == *turn) {
                each(key, &mut entry.value);
            }
        }
    }

    /// All keys, oldest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        let last = |(turn, key): &&(u64, K)| self.entries.get(key).is_some_and(|entry| entry.turn == *turn);
        self.order.iter().filter(last).map(|(_, key)| key)
    }

    /// Keeps what `keep` says, asked oldest first.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let entries = &mut self.entries;
        self.order.retain(|(turn, key)| {
            let Some(entry) = entries.get(key).filter(|entry| entry.turn == *turn) else { return false };
            let keeps = keep(key, &entry.value);
            if !keeps {
                entries.remove(key);
            }
            keeps
        });
    }

    /// Gives up the oldest until there are at most so many.
    fn evict(&mut self, most: usize) {
        while self.entries.len() > most {
            let Some((turn, key)) = self.order.pop_front() else { return };
            if self.entries.get(&key).is_some_and(|entry| entry.turn == turn) {
                self.entries.remove(&key);
                self.evicted = self.evicted.saturating_add(1);
            }
        }
    }
}
