//! The rule set: what detections are called, which hosts belong to which pool, which dialects users describe. Immutable
//! once built, shared by all workers. It reads no file: the shell parses YAML into the raw types here, and
//! [`RuleSet::build_all`] checks them.

use std::sync::Arc;

use crate::detect::{Certainty, Dialect, Signal, Transport};

mod build;
pub mod described;
mod error;
mod hosts;

pub use described::{Described, Own};
pub use error::{Error, Place, Problem};
pub use hosts::MAX_LABELS;

use hosts::Hosts;

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

/// A known pool host.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolHost {
    /// Lower-case name without trailing dot.
    pub domain: String,
    /// Whether names below it belong to it too.
    pub subdomains: bool,
    /// Who runs it.
    pub operator: Arc<str>,
    /// Coins it pays for: ticker symbols, or the coin's name in lower case where no ticker is in use.
    pub coins: Vec<String>,
}

/// Everything the sensor knows beforehand.
#[derive(Debug, Default)]
pub struct RuleSet {
    detections: Vec<Arc<Rule>>,
    pools: Vec<PoolHost>,
    hosts: Hosts,
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

    /// The pool a host name belongs to: exact, or below a name that counts for its subdomains; the longest name wins.
    ///
    /// Case and one trailing dot do not matter. Any string may be asked for: what cannot be a host name costs a
    /// length check, everything else at most [`MAX_LABELS`] hash lookups, and nothing is allocated.
    pub fn pool_of(&self, host: &str) -> Option<&PoolHost> {
        self.hosts
            .longest(host, |index, whole| self.pools.get(index).is_some_and(|p| whole || p.subdomains))
            .and_then(|index| self.pools.get(index))
    }

    /// All detection rules, as built; those of described dialects last.
    pub fn detections(&self) -> &[Arc<Rule>] {
        &self.detections
    }

    /// All pool hosts, as built.
    pub fn pools(&self) -> &[PoolHost] {
        &self.pools
    }
}

#[cfg(test)]
mod tests;
