//! A set that may say yes to what is not in it and never says no to what is: 65,536 bits by a hash, read without a lock.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use crate::packet::Endpoint;

const WORDS: usize = 1024;

/// What is looked for at every packet: a general hash would cost more than the look.
pub(super) trait Sifted {
    /// A number in which every bit of the key tells.
    fn mixed(&self) -> u64;
}

impl Sifted for IpAddr {
    #[inline]
    fn mixed(&self) -> u64 {
        mix(match self {
            Self::V4(a) => u64::from(a.to_bits()),
            Self::V6(a) => {
                let bits = a.to_bits();
                (bits as u64) ^ mix((bits >> 64) as u64)
            }
        })
    }
}

impl Sifted for Endpoint {
    #[inline]
    fn mixed(&self) -> u64 {
        mix(self.addr.mixed() ^ u64::from(self.port))
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
#[inline]
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// The bits: 8 KiB.
#[derive(Debug)]
pub(super) struct Sieve {
    words: Box<[AtomicU64; WORDS]>,
    /// Whether a bit is set: answers for nearly every sensor at once.
    holds_any: AtomicBool,
}

impl Default for Sieve {
    fn default() -> Self {
        Self { words: Box::new([const { AtomicU64::new(0) }; WORDS]), holds_any: AtomicBool::new(false) }
    }
}

impl Sieve {
    /// Whether a key may be in it.
    #[inline]
    pub(super) fn may_hold(&self, key: &impl Sifted) -> bool {
        self.holds_any.load(Relaxed) && self.has_bit(key)
    }

    #[inline]
    fn has_bit(&self, key: &impl Sifted) -> bool {
        let (word, bit) = Self::place(key);
        self.words.get(word).is_some_and(|word| word.load(Relaxed) & bit != 0)
    }

    /// Adds a key.
    pub(super) fn set(&self, key: &impl Sifted) {
        let (word, bit) = Self::place(key);
        if let Some(word) = self.words.get(word) {
            word.fetch_or(bit, Relaxed);
        }
        self.holds_any.store(true, Relaxed);
    }

    /// Makes it hold these keys only. A key that was in it and stays is never missed meanwhile; the caller sees to it that
    /// none is added.
    pub(super) fn renew<'k, K: Sifted + 'k>(&self, keys: impl Iterator<Item = &'k K>) {
        let (mut bits, mut holds_any) = ([0u64; WORDS], false);
        for key in keys {
            let (word, bit) = Self::place(key);
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
    fn place(key: &impl Sifted) -> (usize, u64) {
        let hash = key.mixed();
        ((hash >> 6) as usize % WORDS, 1 << (hash & 63))
    }
}
