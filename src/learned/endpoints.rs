//! What is known of an endpoint that spoke mining, and the row in which it is kept over a restart.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::MAX_TEXT;
use crate::packet::{Endpoint, Time};
use crate::stratum::Dialect;

/// What is known of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it last spoke.
    pub dialect: Dialect,
    /// The name its clients use.
    pub name: Option<String>,
    /// The pool it belongs to.
    pub pool: Option<Arc<str>>,
    /// The coin mined there.
    pub coin: Option<String>,
}

impl Known {
    /// Without texts that are longer than [`MAX_TEXT`].
    pub(super) fn bounded(self) -> Self {
        Self {
            dialect: self.dialect,
            name: self.name.filter(|text| text.len() <= MAX_TEXT),
            pool: self.pool.filter(|text| text.len() <= MAX_TEXT),
            coin: self.coin.filter(|text| text.len() <= MAX_TEXT),
        }
    }

    /// Takes over what the other knows and this does not.
    fn complete(&mut self, other: Self) {
        self.name = self.name.take().or(other.name);
        self.pool = self.pool.take().or(other.pool);
        self.coin = self.coin.take().or(other.coin);
    }
}

/// An endpoint as it is kept over a restart. Its fields when written: `address`, `port`, `dialect`, `name`, `pool`, `coin`,
/// `first_seen` and `last_seen` in microseconds since 1970. What rule files describe has no dialect of that name at the
/// next start and is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Row", try_from = "Row")]
pub struct Saved {
    /// Where it is.
    pub endpoint: Endpoint,
    /// What is known of it.
    pub known: Known,
    /// When it first spoke mining.
    pub first_seen: Time,
    /// When it last did.
    pub last_seen: Time,
}

/// The row in which an endpoint is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    address: IpAddr,
    port: u16,
    dialect: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    coin: Option<String>,
    first_seen: u64,
    last_seen: u64,
}

impl From<Saved> for Row {
    fn from(saved: Saved) -> Self {
        let Saved { endpoint, known, first_seen, last_seen } = saved;
        Self {
            address: endpoint.addr,
            port: endpoint.port,
            dialect: known.dialect.name().to_owned(),
            name: known.name,
            pool: known.pool.map(|pool| (*pool).to_owned()),
            coin: known.coin,
            first_seen: first_seen.0,
            last_seen: last_seen.0,
        }
    }
}

impl TryFrom<Row> for Saved {
    type Error = &'static str;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let dialect = Dialect::from_name(&row.dialect).ok_or("dialect is none of the built-in ones")?;
        Ok(Self {
            endpoint: Endpoint { addr: row.address, port: row.port },
            known: Known { dialect, name: row.name, pool: row.pool.map(Arc::from), coin: row.coin },
            first_seen: Time(row.first_seen),
            last_seen: Time(row.last_seen),
        })
    }
}

/// An endpoint in the table.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) known: Known,
    first: Time,
    last: Time,
}

impl Seen {
    /// One of which nothing else is known yet.
    pub(super) const fn new(dialect: Dialect, now: Time) -> Self {
        Self { known: Known { dialect, name: None, pool: None, coin: None }, first: now, last: now }
    }

    /// One that was kept.
    pub(super) fn from_saved(saved: Saved) -> Self {
        Self {
            known: saved.known.bounded(),
            first: saved.first_seen.min(saved.last_seen),
            last: saved.last_seen,
        }
    }

    /// It spoke again. The latest word counts, also about time: a clock that was ahead once keeps nothing alive.
    pub(super) fn refresh(&mut self, known: Known, now: Time) {
        let before = std::mem::replace(&mut self.known, known);
        self.known.complete(before);
        self.first = self.first.min(now);
        self.last = now;
    }

    /// Adds what was kept of the same endpoint.
    pub(super) fn complete(&mut self, saved: Saved) {
        self.known.complete(saved.known.bounded());
        self.first = self.first.min(saved.first_seen);
    }

    /// Whether it was not silent for longer than that.
    pub(super) const fn lives(&self, now: Time, idle: u64) -> bool {
        now.since(self.last) <= idle
    }

    /// As it is kept.
    pub(super) fn saved(&self, endpoint: Endpoint) -> Saved {
        let (first_seen, last_seen) = (self.first, self.last);
        Saved { endpoint, known: self.known.clone(), first_seen, last_seen }
    }
}
