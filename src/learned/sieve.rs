//! A set that may say yes to what is not in it and never says no to what is: 65,536 bits by a hash, read without a lock.

use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use foldhash::quality::FixedState;

const WORDS: usize = 1024;
const SEED: u64 = 0x7369_6576_6520_3634;

/// The bits: 8 KiB.
#[derive(Debug)]
pub(super) struct Sieve {
    words: Box<[AtomicU64; WORDS]>,
    /// Whether a bit is set: answers for nearly every sensor at once.
    holds_any: AtomicBool,
    hasher: FixedState,
}

impl Default for Sieve {
    fn default() -> Self {
        Self {
            words: Box::new([const { AtomicU64::new(0) }; WORDS]),
            holds_any: AtomicBool::new(false),
            hasher: FixedState::with_seed(SEED),
        }
    }
}

impl Sieve {
    /// Whether a key may be in it.
    #[inline]
    pub(super) fn may_hold(&self, key: &impl Hash) -> bool {
        self.holds_any.load(Relaxed) && self.has_bit(key)
    }

    #[inline]
    fn has_bit(&self, key: &impl Hash) -> bool {
        let (word, bit) = self.place(key);
        self.words.get(word).is_some_and(|word| word.load(Relaxed) & bit != 0)
    }

    /// Adds a key.
    pub(super) fn set(&self, key: &impl Hash) {
        let (word, bit) = self.place(key);
        if let Some(word) = self.words.get(word) {
            word.fetch_or(bit, Relaxed);
        }
        self.holds_any.store(true, Relaxed);
    }

    /// Makes it hold these keys only. A key that was in it and stays is never missed meanwhile; the caller sees to it that
    /// none is added.
    pub(super) fn renew<'k, K: Hash + 'k>(&self, keys: impl Iterator<Item = &'k K>) {
        let (mut bits, mut holds_any) = ([0u64; WORDS], false);
        for key in keys {
            let (word, bit) = self.place(key);
            if let Some(word) = bits.get_mut(word) {
                *word |= bit;
            }
            holds_any = true;
        }
        for (word, bits) in self.words.iter().zip(bits) {
            word.store(bits, Relaxed);
        }
        self.holds_any.store(holds_any, Relaxed);
    }

    #[inline]
    fn place(&self, key: &impl Hash) -> (usize, u64) {
        let hash = self.hasher.hash_one(key);
        ((hash >> 6) as usize % WORDS, 1 << (hash & 63))
    }
}
