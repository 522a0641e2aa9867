//! Listed addresses, addresses with a port, and prefixes. The longest prefix wins, and with a port before without. A
//! table of bits says for nearly every packet that nothing is listed near its address.

use std::hash::BuildHasher;
use std::net::{IpAddr, SocketAddr};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::Action;

/// Shortest prefixes that may be listed (IPv4, IPv6): shorter ones are slips, and would list a continent.
const SHORTEST: [u8; 2] = [8, 16];

/// What a rule asks of an address: a prefix, and a port or 0 for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    bits: u128,
    length: u8,
    version: Version,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Version {
    V4,
    V6,
}

/// A listed address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    key: Key,
    /// Where the rule, as it was written, stands in the text of all.
    start: u32,
    len: u32,
    pub(super) action: Action,
    /// Which of the accounts holds for it.
    pub(super) about: u32,
    /// Which file listed it.
    pub(super) list: u16,
}

/// Listed addresses.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    rules: String,
    entries: Vec<Entry>,
    index: HashTable<u32>,
    hasher: RandomState,
    v4: Prefixes,
    v6: Prefixes,
}

/// The prefixes of one version of IP, as far as a lookup must know them.
#[derive(Debug, Default)]
struct Prefixes {
    /// Their lengths, the longest first.
    lengths: Vec<u8>,
    /// 65,536 bits by [`slot`]; empty as long as nothing is listed.
    sieve: Vec<u64>,
}

impl Addresses {
    /// Lists an address, or puts it in the place of the one that asks the same, which comes back. `rule` is how it was
    /// written.
    pub(super) fn insert(
        &mut self,
        key: Key,
        rule: &str,
        action: Action,
        about: u32,
        list: u16,
    ) -> Result<Option<Entry>, &'static str> {
        let (Ok(start), Ok(index)) = (u32::try_from(self.rules.len()), u32::try_from(self.entries.len()))
        else {
            return Err("is one address too many: all of them exceed 4 GiB");
        };
        self.rules.push_str(rule);
        let entry = Entry { key, start, len: rule.len() as u32, action, about, list };
        if let Some(index) = self.find(&key)
            && let Some(place) = self.entries.get_mut(index as usize)
        {
            return Ok(Some(std::mem::replace(place, entry)));
        }
        match key.version {
            Version::V4 => self.v4.add(&key),
            Version::V6 => self.v6.add(&key),
        }
        self.entries.push(entry);
        let (entries, hasher) = (&self.entries, &self.hasher);
        self.index.insert_unique(hasher.hash_one(key), index, |other| {
            entries.get(*other as usize).map_or(0, |e| hasher.hash_one(e.key))
        });
        Ok(None)
    }

    /// A rule as it was written.
    pub(super) fn rule(&self, entry: &Entry) -> &str {
        let start = entry.start as usize;
        self.rules.get(start..start + entry.len as usize).unwrap_or_default()
    }

    /// The entry that asks this.
    pub(super) fn listed(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(self.find(key)? as usize)
    }

    /// The entry with the longest prefix that holds `addr`, whose port, if it has one, is `port`.
    pub(super) fn longest(&self, addr: IpAddr, port: u16) -> Option<&Entry> {
        if !self.may_hold(addr) {
            return None;
        }
        let (bits, version) = number(addr);
        self.prefixes(version).lengths.iter().find_map(|&length| {
            let key = Key { bits: bits & mask(version, length), length, version, port };
            self.listed(&key).or_else(|| self.listed(&Key { port: 0, ..key }))
        })
    }

    /// The entries that hold for all that `key` asks, the longest prefix first.
    pub(super) fn covering(&self, key: Key) -> impl Iterator<Item = &Entry> {
        let lengths = self.prefixes(key.version).lengths.iter().filter(move |length| **length <= key.length);
        lengths.flat_map(move |&length| {
            let wide = Key { bits: key.bits & mask(key.version, length), length, ..key };
            let any_port = if key.port == 0 { None } else { self.listed(&Key { port: 0, ..wide }) };
            [self.listed(&wide), any_port].into_iter().flatten()
        })
    }

    /// Whether something may be listed for this address; no means no.
    #[inline]
    pub(super) fn may_hold(&self, addr: IpAddr) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let (bits, version) = number(addr);
        let slot = slot(bits, version);
        self.prefixes(version).sieve.get(slot / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// All of them, in the order in which they were first listed.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn find(&self, key: &Key) -> Option<u32> {
        let same = |index: &u32| self.entries.get(*index as usize).is_some_and(|e| e.key == *key);
        self.index.find(self.hasher.hash_one(key), same).copied()
    }

    const fn prefixes(&self, version: Version) -> &Prefixes {
        match version {
            Version::V4 => &self.v4,
            Version::V6 => &self.v6,
        }
    }
}

impl Prefixes {
    fn add(&mut self, key: &Key) {
        if let Err(at) = self.lengths.binary_search_by(|l| key.length.cmp(l)) {
            self.lengths.insert(at, key.length);
        }
        self.sieve.resize(1024, 0);
        // A prefix shorter than what a slot tells apart fills a range of them: in IPv4 those that follow, in IPv6,
        // where slots are a hash, all.
        let slots = match key.version {
            Version::V6 if key.length < 32 => 0..=0xffff,
            Version::V4 if key.length < 16 => {
                let first = slot(key.bits, key.version);
                first..=first | (0xffff >> key.length)
            }
            _ => slot(key.bits, key.version)..=slot(key.bits, key.version),
        };
        for slot in slots {
            if let Some(word) = self.sieve.get_mut(slot / 64) {
                *word |= 1 << (slot % 64);
            }
        }
    }
}

/// Reads `192.0.2.1`, `192.0.2.1:3333`, `[2001:db8::1]:3333` or `192.0.2.0/24`; the error says what is wrong with it.
pub(super) fn read(text: &str) -> Result<Key, &'static str> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        let port = if address.port() == 0 { Err("has port 0") } else { Ok(address.port()) }?;
        return key(address.ip(), None, port);
    }
    let (address, length) = text.split_once('/').map_or((text, None), |(a, length)| (a, Some(length)));
    let address = address.parse().map_err(|_| "is neither a host name nor an address")?;
    let digits = |length: &&str| length.bytes().all(|b| b.is_ascii_digit());
    let number = |length: &str| Some(length).filter(digits).and_then(|length| length.parse().ok());
    key(address, length.map(|length| number(length).ok_or("has no length of a prefix")).transpose()?, 0)
}

fn key(address: IpAddr, length: Option<u8>, port: u16) -> Result<Key, &'static str> {
    let (bits, version) = number(address);
    let most = width(version);
    // A prefix of mapped addresses counts from where those begin.
    let mapped = if address.is_ipv6() && version == Version::V4 { 96 } else { 0 };
    let length =
        length.map_or(Some(most), |l| l.checked_sub(mapped)).ok_or("has a prefix that is too short")?;
    let [v4, v6] = SHORTEST;
    if length < if version == Version::V4 { v4 } else { v6 } {
        return Err("has a prefix that is too short");
    }
    if length > most {
        return Err("has a prefix longer than the address");
    }
    if bits & !mask(version, length) != 0 {
        return Err("has bits set behind its prefix");
    }
    if bits == 0 {
        return Err("is the address of nobody");
    }
    Ok(Key { bits, length, version, port })
}

impl Key {
    /// The same with a port; it is an error if it has one.
    pub(super) fn with_port(self, port: u16) -> Result<Self, &'static str> {
        if self.port == 0 { Ok(Self { port, ..self }) } else { Err("has a port already") }
    }
}

const fn width(version: Version) -> u8 {
    match version {
        Version::V4 => 32,
        Version::V6 => 128,
    }
}

const fn mask(version: Version, length: u8) -> u128 {
    let behind = width(version).saturating_sub(length);
    match u128::MAX.checked_shl(behind as u32) {
        Some(mask) => mask,
        None => 0,
    }
}

/// An address as a number. What is mapped into IPv6 is the IPv4 address.
#[inline]
fn number(address: IpAddr) -> (u128, Version) {
    match address.to_canonical() {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), Version::V4),
        IpAddr::V6(v6) => (v6.to_bits(), Version::V6),
    }
}

/// Where the sieve keeps an address: its first 16 bits, of IPv6 a hash of its first 32.
#[inline]
const fn slot(bits: u128, version: Version) -> usize {
    match version {
        Version::V4 => (bits >> 16) as usize & 0xffff,
        Version::V6 => (((bits >> 96) as u32).wrapping_mul(0x9e37_79b1) >> 16) as usize,
    }
}

#[cfg(test)]
mod tests;
