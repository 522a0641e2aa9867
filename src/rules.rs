//! The rule set: what detections are called, which hosts, addresses and scripts are known, which dialects users describe.
//! Immutable once built, shared by all workers. It reads no file: the shell reads them into the raw types here, and
//! [`RuleSet::build_all`] checks them.

use std::net::IpAddr;
use std::sync::Arc;

use crate::detect::{Certainty, Dialect, Signal, Transport};

mod about;
mod addresses;
mod build;
pub mod described;
mod error;
mod hosts;
mod known;
mod listed;
mod scripts;

pub use about::{About, Category, Group, Serves};
pub use described::{Described, Own};
pub use error::{Error, Place, Problem};
pub use hosts::MAX_LABELS;
pub use known::{AboutId, Known};
pub use listed::{Action, KnownAddress, KnownHost, ListCount, Listed, Scope};
pub use scripts::{Script, ScriptKind};

/// A detection rule: how a signal is called in events. The id is public API.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// EVE `alert.signature_id`.
    pub id: u32,
    /// Revision, raised with each change of the rule's meaning.
    pub rev: u32,
    /// EVE `alert.signature`: one line for people.
    pub name: String,
    /// EVE `alert.category`.
    pub category: String,
    /// EVE `alert.severity`: 1 high … 3 low.
    pub severity: u8,
    /// Which evidence.
    pub signal: Signal,
    /// Which dialect; `None` for the rule that speaks for dialects without one of their own.
    pub dialect: Option<Dialect>,
    /// Highest certainty this rule may claim.
    pub certainty: Certainty,
}

/// Everything the sensor knows beforehand.
#[derive(Debug, Default)]
pub struct RuleSet {
    detections: Vec<Arc<Rule>>,
    known: Known,
    own: Own,
}

impl RuleSet {
    /// The rule that names this signal in this dialect: the dialect's own, else the signal's general one.
    pub fn rule(&self, signal: Signal, dialect: Dialect) -> Option<&Arc<Rule>> {
        let of = |d| self.detections.iter().find(|r| r.signal == signal && r.dialect == d);
        of(Some(dialect)).or_else(|| of(None))
    }

    /// What a message of this dialect, carried so, is evidence of: of a described dialect what its rule says.
    pub fn signal(&self, dialect: Dialect, transport: Transport) -> Signal {
        self.own.signal(dialect).unwrap_or_else(|| Signal::of(dialect, transport))
    }

    /// The dialects that rule files describe.
    pub const fn own(&self) -> &Own {
        &self.own
    }

    /// What is known of a host name: of the longest name that it is or, where that counts for them, lies below. None
    /// also where this one is allowed.
    ///
    /// Case and one trailing dot do not matter. Any string may be asked for: what cannot be a host name costs a
    /// length check, everything else at most [`MAX_LABELS`] hash lookups, and nothing is allocated.
    #[inline]
    pub fn host(&self, name: &str) -> Option<KnownHost<'_>> {
        self.known.find_host(name).filter(|(_, action)| *action == Action::List).map(|(host, _)| host)
    }

    /// Whether the longest name that this one is or lies below is an allowed one.
    pub fn is_allowed(&self, name: &str) -> bool {
        self.known.find_host(name).is_some_and(|(_, action)| action == Action::Allow)
    }

    /// Whether no list of others may list a name: it is allowed, and not only for lying in an allowed zone in which
    /// anybody can have a name.
    pub fn is_spared(&self, name: &str) -> bool {
        let allowed = self.known.find_host(name).filter(|(_, action)| *action == Action::Allow);
        allowed.is_some_and(|(zone, _)| {
            zone.domain.len() == name.strip_suffix('.').unwrap_or(name).len()
                || !known::is_public_suffix(zone.domain)
        })
    }

    /// Who runs a known host, as events say it.
    pub fn pool_of(&self, host: &str) -> Option<Arc<str>> {
        let known = self.host(host)?;
        Some(known.about.operator.clone().unwrap_or_else(|| known.domain.into()))
    }

    /// What is known of an address and port: the longest prefix wins, and with a port before without.
    pub fn address(&self, addr: IpAddr, port: u16) -> Option<KnownAddress<'_>> {
        self.known.find_address(addr, port)
    }

    /// Whether any address is listed.
    pub fn has_addresses(&self) -> bool {
        self.known.addresses().next().is_some()
    }

    /// Whether something may be known of an address; no means no. Cheap enough for every packet.
    #[inline]
    pub fn may_be_address(&self, addr: IpAddr) -> bool {
        self.known.may_be_address(addr)
    }

    /// The miner script that a request names: by its path and query as on the wire, and its host. The first 2 KiB of
    /// them are looked at.
    pub fn script(&self, host: Option<&str>, path_and_query: &str) -> Option<&Script> {
        self.known.scripts().find(host, path_and_query)
    }

    /// All listed and allowed hosts, in the order in which they were first listed.
    pub fn hosts(&self) -> impl Iterator<Item = Listed<'_>> {
        self.known.hosts()
    }

    /// How many hosts are listed; allowed ones do not count.
    pub fn host_count(&self) -> usize {
        self.list_counts().iter().map(|list| list.hosts).sum()
    }

    /// All listed and allowed addresses, in the order in which they were first listed.
    pub fn addresses(&self) -> impl Iterator<Item = Listed<'_>> {
        self.known.addresses()
    }

    /// All scripts, in the order in which they were first listed.
    pub fn scripts(&self) -> &[Script] {
        self.known.scripts().all()
    }

    /// What each file that lists hosts, addresses or scripts came to.
    pub fn list_counts(&self) -> &[ListCount] {
        self.known.counts()
    }

    /// All detection rules, as built; those of described dialects last.
    pub fn detections(&self) -> &[Arc<Rule>] {
        &self.detections
    }
}

#[cfg(test)]
mod tests;
