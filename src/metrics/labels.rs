//! The labels of all metrics: the values of those with a closed set, and what the page says of them.
//! The sets are those of the program's own types, so a new dialect or reason is here at once.

use crate::detect::{Certainty, Dialect, Signal, Transport};
use crate::feeds::Reason;
use crate::ledger;
use crate::packet::Skip;
use crate::sensor::{Evicted, Limit, NameWire};
use crate::wire::coin::Network;

/// One label of a metric.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// What its values can be.
    pub values: Values,
    pub(super) told: Told,
}

/// The values of a label.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// These and no others, but for dialects that rule files describe.
    Closed(fn() -> Vec<&'static str>),
    /// What the operator's network, rules or build give; never text of packets.
    Open,
}

/// Where the page explains a label.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// Its values, in the metric's own row, some with a remark.
    Row(&'static [(&'static str, &'static str)]),
    /// This, in a row of its own in the table of labels.
    Table(&'static str),
    /// There, for another metric with this label.
    Elsewhere,
}

impl Label {
    /// The values of a closed set, in no order to rely on; `None` for an open one.
    pub fn values(&self) -> Option<Vec<&'static str>> {
        match self.values {
            Values::Closed(values) => Some(values()),
            Values::Open => None,
        }
    }

    const fn in_row(
        name: &'static str,
        values: fn() -> Vec<&'static str>,
        remarks: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, values: Values::Closed(values), told: Told::Row(remarks) }
    }

    const fn closed(name: &'static str, values: fn() -> Vec<&'static str>, about: &'static str) -> Self {
        Self { name, values: Values::Closed(values), told: Told::Table(about) }
    }

    const fn kin(name: &'static str, values: fn() -> Vec<&'static str>) -> Self {
        Self { name, values: Values::Closed(values), told: Told::Elsewhere }
    }

    const fn open(name: &'static str, about: &'static str) -> Self {
        Self { name, values: Values::Open, told: Told::Table(about) }
    }
}

/// Types of events, as [`EventTotals`](super::EventTotals) counts them.
pub(super) const EVENT_TYPES: [&str; 3] = ["alert", "mining_session", "stats"];
/// What is learned, as [`Counts`](crate::learned::Counts) counts it.
pub(super) const LEARNED_TABLES: [&str; 3] = ["endpoints", "names", "watched"];
/// What malformed messages are counted for.
pub(super) const MALFORMED: [&str; 3] = ["json", "dns", "tls"];
/// What becomes of a share.
pub(super) const RESULTS: [&str; 3] = ["submitted", "accepted", "rejected"];
/// Kinds of rules, as [`RuleTotals`](super::RuleTotals) counts them.
pub(super) const RULE_KINDS: [&str; 5] = ["addresses", "allowed", "detections", "pools", "scripts"];

pub(super) const ALGORITHM: Label = Label::closed(
    "algorithm",
    ledger::algorithm_labels,
    "what the wire said, in one spelling (`rx/0`, `sha256d`, `kawpow`); `other` for a name that is not known, and the \
     dialect's word where nothing was said. It is that of the session's newest `mining_session` record, so a session \
     whose jobs name the algorithm after its login stands under its dialect for the first two seconds",
);
pub(super) const CERTAINTY: Label =
    Label::closed("certainty", || Certainty::ALL.map(Certainty::name).into(), "how sure the finding is");
pub(super) const CLIENT: Label = Label::open(
    "client",
    "who mines, as the configuration has it shown; `other` for all clients past `ledger.max_clients` together",
);
pub(super) const DIALECT: Label = Label::closed(
    "dialect",
    || Dialect::ALL.map(Dialect::name).into(),
    "the protocol that is spoken, see [dialects.md](dialects.md). In detections also `unknown`, where only a name or \
     an address speaks; in messages also `custom`. One that a [rule file](rules.md) describes has its own word there \
     once it was seen, so the set is that of your rules",
);
pub(super) const DETECTED_DIALECT: Label =
    Label::kin("dialect", || Dialect::ALL.into_iter().chain([Dialect::Unknown]).map(Dialect::name).collect());
pub(super) const COUNTED_DIALECT: Label = Label::kin("dialect", || Dialect::counter_names().into());
pub(super) const EVENT_TYPE: Label = Label::in_row("event_type", || EVENT_TYPES.into(), &[]);
pub(super) const EVICTED: Label = Label::in_row(
    "reason",
    || Evicted::ALL.map(Evicted::name).into(),
    &[("full", "a bound was hit"), ("refuted", "not what it seemed")],
);
pub(super) const INTERFACE: Label = Label::open("interface", "what is captured from, by its name");
pub(super) const KIND: Label = Label::in_row(
    "kind",
    || RULE_KINDS.into(),
    &[("allowed", "hosts and addresses"), ("pools", "listed hosts")],
);
pub(super) const LIMIT: Label = Label::in_row("limit", || Limit::ALL.map(Limit::name).into(), &[]);
pub(super) const NAME_PROTOCOL: Label = Label::in_row(
    "protocol",
    || NameWire::ALL.map(NameWire::name).into(),
    &[("dns", "of name servers"), ("quic", "clients' hellos"), ("tls", "clients' hellos")],
);
pub(super) const NETWORK: Label = Label::in_row("network", || Network::ALL.map(Network::name).into(), &[]);
pub(super) const PARSE_PROTOCOL: Label =
    Label::in_row("protocol", || MALFORMED.into(), &[("tls", "over QUIC too")]);
pub(super) const POOL: Label = Label::open(
    "pool",
    "the pool's operator as rule files and feeds name it, or the listed host where they name no operator; `unlisted` \
     for all pools that no rule names; `other` for those past the first 1000 names that are in use at once",
);
pub(super) const REFUSED: Label = Label::closed(
    "reason",
    || Reason::ALL.iter().map(|reason| reason.name()).collect(),
    "why a feed's entry was not taken, see [rules.md](rules.md#feeds)",
);
pub(super) const RESULT: Label = Label::in_row("result", || RESULTS.into(), &[]);
pub(super) const REVISION: Label = Label::open("revision", "the commit, or `unknown`");
pub(super) const RUSTC: Label = Label::open("rustc", "the compiler's version, or `unknown`");
pub(super) const SIGNAL: Label = Label::closed(
    "signal",
    || Signal::ALL.map(Signal::name).into(),
    "what kind of evidence it is, see [events.md](events.md#names-and-addresses)",
);
pub(super) const SKIPPED: Label = Label::in_row("reason", || Skip::ALL.map(Skip::name).into(), &[]);
pub(super) const TABLE: Label = Label::in_row(
    "table",
    || LEARNED_TABLES.into(),
    &[
        ("endpoints", "that spoke mining"),
        ("names", "pairs of client and server with names"),
        ("watched", "servers watched for their names"),
    ],
);
pub(super) const TRANSPORT: Label = Label::closed(
    "transport",
    || Transport::MESSAGES.map(Transport::name).into(),
    "what carries the mining messages",
);
pub(super) const VERSION: Label = Label::open("version", "the package's version");
