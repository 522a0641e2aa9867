//! The table of followed flows: bounded, least proven evicted first, oldest first within that. Slots are reused, and
//! no order of a hash map ever reaches the outside, so a replay evicts what the wire evicted.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::FlowKey;
use crate::packet::Time;

/// How much a flow has proven; eviction takes the first class first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Closed; kept a moment for retransmissions.
    Closed,
    /// Something that could become evidence.
    Candidate,
    /// Strong evidence that waits for more.
    Suspect,
    /// A mining session.
    Proven,
}

/// A place in the table. It is good until its flow is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle(u32);

/// Flows by key, with what the sensor knows of each.
#[derive(Debug)]
pub struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    index: HashTable<u32>,
    // Random per process: whom a flood of connections collides with cannot be chosen from outside.
    hasher: RandomState,
    lists: [List; 4],
}

#[derive(Debug)]
struct Slot<T> {
    key: FlowKey,
    hash: u64,
    class: Class,
    last: Time,
    newer: u32,
    older: u32,
    value: Option<T>,
}

/// Ends of one class's list, newest and oldest by last packet.
#[derive(Clone, Copy, Debug)]
struct List {
    newest: u32,
    oldest: u32,
}

const NONE: u32 = u32::MAX;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
            lists: [List { newest: NONE, oldest: NONE }; 4],
        }
    }
}

impl<T> Table<T> {
    /// Flows held.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The place of a flow.
    pub fn find(&self, key: &FlowKey) -> Option<Handle> {
        let hash = self.hasher.hash_one(key);
        self.index
            .find(hash, |&i| self.slots.get(i as usize).is_some_and(|s| s.key == *key))
            .map(|&i| Handle(i))
    }

    /// The key of the flow in a place.
    pub fn key(&self, handle: Handle) -> Option<FlowKey> {
        self.slots.get(handle.0 as usize).filter(|s| s.value.is_some()).map(|s| s.key)
    }

    /// The flow in a place.
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        self.slots.get_mut(handle.0 as usize)?.value.as_mut()
    }

    /// Adds a flow as the newest candidate. The caller has made room and knows that the key is new.
    pub fn insert(&mut self, key: FlowKey, now: Time, value: T) -> Handle {
        let hash = self.hasher.hash_one(key);
        let slot = Slot {
            key,
            hash,
            class: Class::Candidate,
            last: now,
            newer: NONE,
            older: NONE,
            value: Some(value),
        };
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(place) = self.slots.get_mut(at as usize) {
                    *place = slot;
                }
                at
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(NONE)
            }
        };
        let slots = &self.slots;
        self.index.insert_unique(hash, at, |&i| slots.get(i as usize).map_or(0, |s| s.hash));
        self.link(at);
        Handle(at)
    }

    /// Notes a packet of the flow, and its class from now on.
    pub fn touch(&mut self, handle: Handle, now: Time, class: Class) {
        self.unlink(handle.0);
        if let Some(slot) = self.slots.get_mut(handle.0 as usize) {
            (slot.last, slot.class) = (now, class);
        }
        self.link(handle.0);
    }

    /// Takes a flow out.
    pub fn remove(&mut self, handle: Handle) -> Option<(FlowKey, T)> {
        let slot = self.slots.get_mut(handle.0 as usize)?;
        let value = slot.value.take()?;
        let (key, hash) = (slot.key, slot.hash);
        if let Ok(entry) = self.index.find_entry(hash, |&i| i == handle.0) {
            entry.remove();
        }
        self.unlink(handle.0);
        self.free.push(handle.0);
        Some((key, value))
    }

    /// The flow that has proven least, and of those the one that was silent longest.
    pub fn least(&self) -> Option<Handle> {
        let classes = [Class::Closed, Class::Candidate, Class::Suspect, Class::Proven];
        classes.into_iter().find_map(|c| self.oldest(c)).map(|(handle, _)| handle)
    }

    /// The flow of that class that was silent longest, and since when.
    pub fn oldest(&self, class: Class) -> Option<(Handle, Time)> {
        let at = self.lists.get(class as usize)?.oldest;
        self.slots.get(at as usize).map(|s| (Handle(at), s.last))
    }

    /// All places in use, in slot order.
    pub fn handles(&self) -> Vec<Handle> {
        let used = self.slots.iter().enumerate().filter(|(_, s)| s.value.is_some());
        used.map(|(i, _)| Handle(u32::try_from(i).unwrap_or(NONE))).collect()
    }

    fn link(&mut self, at: u32) {
        let Some(class) = self.slots.get(at as usize).map(|s| s.class) else { return };
        let Some(list) = self.lists.get_mut(class as usize) else { return };
        let before = list.newest;
        list.newest = at;
        if before == NONE {
            list.oldest = at;
        }
        if let Some(slot) = self.slots.get_mut(at as usize) {
            (slot.newer, slot.older) = (NONE, before);
        }
        if let Some(slot) = self.slots.get_mut(before as usize) {
            slot.newer = at;
        }
    }

    fn unlink(&mut self, at: u32) {
        let Some((class, newer, older)) = self.slots.get(at as usize).map(|s| (s.class, s.newer, s.older))
        else {
            return;
        };
        let Some(list) = self.lists.get_mut(class as usize) else { return };
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.older = older,
            None => list.newest = older,
        }
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.newer = newer,
            None => list.oldest = newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::packet::Endpoint;

    fn key(n: u16) -> FlowKey {
        let end = |port| Endpoint { addr: Ipv4Addr::LOCALHOST.into(), port };
        FlowKey { low: end(n), high: end(60_000) }
    }

    #[test]
    fn finds_what_was_put_in_and_reuses_slots() {
        let mut t = Table::default();
        let handles: Vec<_> = (0..100).map(|n| t.insert(key(n), Time(u64::from(n)), n)).collect();
        assert_eq!(t.len(), 100);
        for n in 0..100 {
            assert_eq!(t.find(&key(n)), Some(handles[usize::from(n)]));
        }
        for n in (0..100).step_by(2) {
            assert_eq!(t.remove(handles[usize::from(n)]).map(|(_, v)| v), Some(n));
            assert_eq!(t.find(&key(n)), None);
        }
        assert_eq!(t.remove(handles[0]).map(|(_, v)| v), None);
        for n in 200..250 {
            t.insert(key(n), Time(0), n);
        }
        assert_eq!((t.len(), t.slots.len()), (100, 100));
    }

    #[test]
    fn the_oldest_of_a_class_is_the_longest_silent() {
        let mut t = Table::default();
        let a = t.insert(key(1), Time(1), 'a');
        let b = t.insert(key(2), Time(2), 'b');
        let c = t.insert(key(3), Time(3), 'c');
        assert_eq!(t.oldest(Class::Candidate), Some((a, Time(1))));
        t.touch(a, Time(4), Class::Proven);
        t.touch(b, Time(5), Class::Candidate);
        assert_eq!(t.oldest(Class::Candidate), Some((c, Time(3))));
        assert_eq!(t.oldest(Class::Proven), Some((a, Time(4))));
        t.remove(c);
        t.remove(b);
        assert_eq!(t.oldest(Class::Candidate), None);
        assert_eq!(t.handles(), [a]);
    }
}
