//! What all workers learn together: names that clients asked for, and endpoints that spoke mining. It remembers and
//! forgets; what a name or endpoint means is judged elsewhere. Time is packet time.
//!
//! This is the one place below the shell with locks: sixteen a table, each held for one operation on its map. What a
//! packet asks first, whether there is anything to ask for, is a bit in a [`sieve`] and takes none.

mod bounded;
mod endpoints;
mod names;
mod shards;
mod sieve;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::packet::{Endpoint, Time};

pub use endpoints::{Known, Saved};
pub use names::{MAX_NAMES, Names};

use endpoints::Seen;
use names::Asked;
use shards::Shards;
use sieve::Sieve;

/// Bytes of a text that is kept: the longest host name. Longer ones are not learned.
pub const MAX_TEXT: usize = 253;
/// Seconds for which a name holds, whatever its record says.
const TTL: std::ops::RangeInclusive<u32> = 60..=86_400;

/// Bounds. Each table is divided into sixteen shares by a hash of the key (the first ones larger by one where the number
/// does not divide), and in a full share the entry longest not refreshed goes first; less than sixteen leave some empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Pairs of client and server address whose names are kept, and servers that are watched; 65,536 by default. A pair
    /// takes 0.3 KiB, 1.5 KiB with four names of the greatest length, and a watched server 0.1 KiB: 105 MiB at worst.
    pub max_names: usize,
    /// Endpoints kept, 4096 by default; 1.2 KiB each with texts of the greatest length: 5 MiB at worst.
    pub max_endpoints: usize,
    /// Microseconds of silence after which an endpoint is forgotten, 7 days by default.
    pub endpoint_idle: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_names: 65_536, max_endpoints: 4096, endpoint_idle: 7 * 24 * 3600 * Time::SECOND }
    }
}

/// How much is kept, and what was given up for a bound since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pairs of client and server with names.
    pub names: usize,
    /// Servers watched.
    pub watched: usize,
    /// Endpoints.
    pub endpoints: usize,
    /// Pairs given up.
    pub names_evicted: u64,
    /// Watched servers given up.
    pub watched_evicted: u64,
    /// Endpoints given up.
    pub endpoints_evicted: u64,
}

/// The tables, shared by all workers.
#[derive(Debug)]
pub struct Learned {
    names: Shards<(IpAddr, IpAddr), Asked>,
    watched: Shards<IpAddr, Watched>,
    watched_sieve: Sieve,
    endpoints: Shards<Endpoint, Seen>,
    endpoints_sieve: Sieve,
    endpoint_idle: AtomicU64,
}

/// A server for which a listed name was learned.
#[derive(Debug)]
struct Watched {
    /// Since the last expiry: what it is watched for may only now be written into the other table.
    is_fresh: bool,
}

impl Default for Learned {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Learned {
    /// Empty tables.
    pub fn new(settings: Settings) -> Self {
        Self {
            names: Shards::new(settings.max_names),
            watched: Shards::new(settings.max_names),
            watched_sieve: Sieve::default(),
            endpoints: Shards::new(settings.max_endpoints),
            endpoints_sieve: Sieve::default(),
            endpoint_idle: AtomicU64::new(settings.endpoint_idle),
        }
    }

    /// New bounds; what is over them goes at once, longest not refreshed first.
    pub fn replace_settings(&self, settings: Settings) {
        self.names.set_max(settings.max_names);
        self.watched.set_max(settings.max_names);
        self.endpoints.set_max(settings.max_endpoints);
        self.endpoint_idle.store(settings.endpoint_idle, Relaxed);
    }

    /// A client was told that `name` is at `server`, for `ttl` seconds (60 to 86,400 count). No text, or one longer than
    /// [`MAX_TEXT`], is no name.
    pub fn name(&self, client: IpAddr, server: IpAddr, name: &str, ttl: u32, now: Time) {
        if name.is_empty() || name.len() > MAX_TEXT {
            return;
        }
        let ttl = ttl.clamp(*TTL.start(), *TTL.end());
        self.names.with(&(client, server), |share| {
            if let Some(asked) = share.refresh((client, server), Asked::default) {
                asked.learn(name, ttl, now);
            }
        });
    }

    /// The names by which this client asked for this address and whose time has not passed.
    pub fn names(&self, client: IpAddr, server: IpAddr, now: Time) -> Names {
        self.names
            .with(&(client, server), |share| share.get(&(client, server)).map(|asked| asked.at(now)))
            .unwrap_or_default()
    }

    /// A listed name was learned for this server: flows to it are worth a look until no name for it lives. To be called
    /// after [`name`](Self::name).
    pub fn watch(&self, server: IpAddr) {
        self.watched.with(&server, |share| {
            if let Some(watched) = share.refresh(server, || Watched { is_fresh: true }) {
                watched.is_fresh = true;
                self.watched_sieve.set(&server);
            }
        });
    }

    /// Whether [`watch`](Self::watch) may have been called for this server; `false` is certain.
    #[inline]
    pub fn may_be_watched(&self, server: IpAddr) -> bool {
        self.watched_sieve.may_hold(&server)
    }

    /// Mining was spoken with this endpoint. What is known now goes before what was known, which stays where nothing is.
    pub fn endpoint(&self, endpoint: Endpoint, known: Known, now: Time) {
        let known = known.bounded();
        self.endpoints.with(&endpoint, |share| {
            let new = || Seen::new(known.dialect, now);
            if let Some(seen) = share.refresh(endpoint, new) {
                seen.refresh(known, now);
                self.endpoints_sieve.set(&endpoint);
            }
        });
    }

    /// Whether the endpoint may be known; `false` is certain.
    #[inline]
    pub fn may_be_endpoint(&self, endpoint: Endpoint) -> bool {
        self.endpoints_sieve.may_hold(&endpoint)
    }

    /// What is known of an endpoint that was not silent for too long.
    pub fn endpoint_of(&self, endpoint: Endpoint, now: Time) -> Option<Known> {
        let idle = self.endpoint_idle.load(Relaxed);
        self.endpoints.with(&endpoint, |share| {
            share.get(&endpoint).filter(|seen| seen.lives(now, idle)).map(|seen| seen.known.clone())
        })
    }

    /// Drops what is over, and makes the sieves anew where they hold what is gone. Walks all tables: a thing for every
    /// minute or so.
    pub fn expire(&self, now: Time) {
        // Only watched servers that no live name leads to any more are let go.
        let mut nameless = HashSet::new();
        self.watched.each(|share| {
            share.for_each(|server, watched| {
                if !std::mem::take(&mut watched.is_fresh) {
                    nameless.insert(*server);
                }
            });
        });
        self.names.each(|share| {
            share.retain(|(_, server), asked| {
                let lives = asked.lives(now);
                if lives {
                    nameless.remove(server);
                }
                lives
            });
        });
        self.watched
            .each(|share| share.retain(|server, watched| watched.is_fresh || !nameless.contains(server)));
        self.watched.renew(&self.watched_sieve);
        let idle = self.endpoint_idle.load(Relaxed);
        self.endpoints.each(|share| share.retain(|_, seen| seen.lives(now, idle)));
        self.endpoints.renew(&self.endpoints_sieve);
    }

    /// How much is kept.
    pub fn counts(&self) -> Counts {
        let (names, names_evicted) = self.names.counts();
        let (watched, watched_evicted) = self.watched.counts();
        let (endpoints, endpoints_evicted) = self.endpoints.counts();
        Counts { names, watched, endpoints, names_evicted, watched_evicted, endpoints_evicted }
    }

    /// All endpoints, in the order of their addresses, to be kept over a restart.
    pub fn endpoints(&self) -> Vec<Saved> {
        let mut all = Vec::new();
        self.endpoints.each(|share| {
            share.for_each(|endpoint, seen| all.push(seen.saved(*endpoint)));
        });
        all.sort_by_key(|saved| saved.endpoint);
        all
    }

    /// Takes endpoints back, longest silent first. What was learned since goes before what was saved.
    pub fn restore(&self, mut saved: Vec<Saved>) {
        saved.sort_by_key(|saved| (saved.last_seen, saved.endpoint));
        for saved in saved {
            let endpoint = saved.endpoint;
            self.endpoints.with(&endpoint, |share| {
                if let Some(seen) = share.get_mut(&endpoint) {
                    seen.complete(saved);
                } else if share.refresh(endpoint, || Seen::from_saved(saved)).is_some() {
                    self.endpoints_sieve.set(&endpoint);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests;
