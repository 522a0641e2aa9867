//! The shape of `alert` and `mining_session` events: field names, and what is left out because it is not known.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::ops::Not;

use serde::Serialize;

use crate::detect::{
    Alert, Certainty, Dialect, FlowIdentity, Mining, NameSource, Phase, SessionRecord, Shares, Transport, Via,
};
use crate::packet::Time;
use crate::privacy::{Disguise, Payees, Privacy};
use crate::rules::Category;

use super::Kind;
use super::community_id::community_id;
use super::text::cut;
use super::time::Timestamp;

/// EVE's lowest severity.
const LOWEST: u8 = 3;

/// An event about a flow.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    timestamp: Timestamp,
    event_type: &'static str,
    flow_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    community_id: Option<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    in_iface: Cow<'a, str>,
    #[serde(skip_serializing_if = "<[u16]>::is_empty")]
    vlan: &'a [u16],
    proto: &'static str,
    src_ip: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_net: Option<String>,
    src_port: u16,
    dest_ip: IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_net: Option<String>,
    dest_port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriber: Option<Cow<'a, str>>,
    app_proto: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<AlertPart<'a>>,
    mining: MiningPart<'a>,
}

#[derive(Serialize)]
struct AlertPart<'a> {
    action: &'static str,
    gid: u32,
    signature_id: u32,
    rev: u32,
    signature: &'a str,
    category: &'a str,
    severity: u8,
}

#[derive(Serialize)]
struct MiningPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<&'static str>,
    certainty: &'static str,
    dialect: &'static str,
    transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    client_role_proven: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pool: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'static str>,
    #[serde(skip_serializing_if = "Not::not")]
    legacy: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ja4: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alpn: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payee: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coin: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throttle: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shares: Option<SharesPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difficulty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hashrate: Option<f64>,
    midstream: bool,
    #[serde(skip_serializing_if = "Not::not")]
    incomplete: bool,
    started: Timestamp,
    last_seen: Timestamp,
    #[serde(rename = "final", skip_serializing_if = "Option::is_none")]
    last: Option<bool>,
}

#[derive(Serialize)]
struct SharesPart {
    submitted: u64,
    accepted: u64,
    rejected: u64,
}

pub(super) fn alert<'a>(privacy: &'a Privacy, in_iface: &'a str, alert: &'a Alert) -> Record<'a> {
    let (rule, account) = (&*alert.rule, &alert.mining);
    let shown = Shown::of(privacy, &alert.flow, account);
    let mut mining = mining(&shown, account);
    mining.signal = Some(alert.signal.name());
    mining.reason = shown.theirs(Some(&alert.reason), account.payee.as_deref());
    // An alert is no account: a lookup, or a login, that counted nothing does not speak of counts.
    mining.jobs = mining.jobs.filter(|&jobs| jobs > 0);
    mining.shares = mining.shares.filter(|_| account.shares != Shares::default());
    let mut record = record(Kind::Alert, alert.time, in_iface, &shown, app_proto(account), mining);
    record.alert = Some(AlertPart {
        action: "allowed",
        gid: 1,
        signature_id: rule.id,
        rev: rule.rev,
        signature: &rule.name,
        category: &rule.category,
        // A hint is for who looks for it.
        severity: if account.certainty == Certainty::Hint { LOWEST } else { rule.severity },
    });
    record
}

pub(super) fn session<'a>(privacy: &'a Privacy, in_iface: &'a str, session: &'a SessionRecord) -> Record<'a> {
    let shown = Shown::of(privacy, &session.flow, &session.mining);
    let mut mining = mining(&shown, &session.mining);
    mining.last = Some(session.phase == Phase::Final);
    let app_proto = app_proto(&session.mining);
    record(Kind::MiningSession, session.time, in_iface, &shown, app_proto, mining)
}

/// A flow, and how it may be shown.
struct Shown<'a> {
    privacy: &'a Privacy,
    flow: &'a FlowIdentity,
    disguise: Disguise<'a>,
}

impl<'a> Shown<'a> {
    fn of(privacy: &'a Privacy, flow: &'a FlowIdentity, account: &Mining) -> Self {
        let disguise = privacy.disguise(flow, account);
        Self { privacy, flow, disguise }
    }

    /// A text that is not the miner's own, or is none that names people but by address.
    fn plain<'t>(&self, text: Option<&'t str>) -> Option<Cow<'t, str>> {
        text.and_then(|t| known(self.disguise.text(Cow::Borrowed(t))))
    }

    fn payee<'t>(&self, payee: Option<&'t str>) -> Option<Cow<'t, str>> {
        let payee = payee.filter(|p| !p.is_empty())?;
        match self.disguise.text(Cow::Borrowed(payee)) {
            Cow::Borrowed(payee) => known(self.privacy.payee(payee)),
            Cow::Owned(payee) => known(Cow::Owned(self.privacy.payee(&payee).into_owned())),
        }
    }

    /// A text of the miner, in which the payee may stand.
    fn theirs<'t>(&self, text: Option<&'t str>, payee: Option<&str>) -> Option<Cow<'t, str>> {
        let payee = payee.map(|payee| self.disguise.text(Cow::Borrowed(payee)));
        text.and_then(|t| {
            let text = self.disguise.text(Cow::Borrowed(t));
            // Addresses first: the hash of one is found by trying all.
            let shown = self.privacy.text(&text, payee.as_deref()).into_owned();
            known(Cow::Owned(shown))
        })
    }
}

fn record<'a>(
    kind: Kind,
    time: Time,
    in_iface: &'a str,
    shown: &Shown<'a>,
    app_proto: &'static str,
    mining: MiningPart<'a>,
) -> Record<'a> {
    let Shown { privacy, flow, disguise } = shown;
    Record {
        timestamp: Timestamp(time),
        event_type: kind.name(),
        flow_id: privacy.flow_id(flow.id),
        // A hash of the addresses, which anybody can compute for all there are.
        community_id: (!disguise.is_needed()).then(|| community_id(flow)),
        in_iface: cut(Cow::Borrowed(in_iface)),
        vlan: flow.vlans.as_slice(),
        proto: flow.proto.name(),
        src_ip: disguise.address(flow.client.addr),
        src_net: disguise.network(flow.client.addr),
        src_port: flow.client.port,
        dest_ip: disguise.address(flow.server.addr),
        dest_net: disguise.network(flow.server.addr),
        dest_port: flow.server.port,
        subscriber: privacy.subscriber(flow.client.addr).map(Cow::Borrowed),
        app_proto,
        alert: None,
        mining,
    }
}

/// What was read: a mining protocol, or what only named the host.
const fn app_proto(account: &Mining) -> &'static str {
    match (account.dialect, account.transport) {
        (Dialect::Unknown, Transport::Tcp) => "unknown",
        (Dialect::Unknown, transport) => transport.name(),
        _ => "stratum",
    }
}

/// What both event types tell of a session.
fn mining<'a>(shown: &Shown<'_>, account: &'a Mining) -> MiningPart<'a> {
    let Shown { privacy, disguise, .. } = shown;
    let payee = account.payee.as_deref();
    let plain = |text: Option<&'a str>| shown.plain(text);
    let theirs = |text: Option<&'a str>| shown.theirs(text, payee);
    MiningPart {
        signal: None,
        certainty: account.certainty.name(),
        dialect: account.dialect.name(),
        transport: account.transport.name(),
        reason: None,
        client_role_proven: account.client_role_proven,
        pool: plain(account.pool.as_deref()),
        server_name: plain(account.server_name.as_deref()),
        server_port: account.server_port,
        name_source: account.named_by.map(NameSource::name),
        category: account.category.map(Category::name),
        legacy: account.legacy,
        ja4: plain(account.ja4.as_deref()),
        alpn: plain(account.alpn.as_deref()),
        via: account.route.via.map(Via::name),
        forwarded_for: account
            .route
            .forwarded_for
            .map(|client| SocketAddr::new(disguise.address(client.ip()), client.port()).to_string()),
        host: plain(account.route.host.as_deref()),
        // A wallet in another spelling would not be known for one.
        path: theirs(
            account.route.path.as_deref().filter(|p| privacy.payees == Payees::Clear || !p.contains('%')),
        ),
        // A page's script may have told its address, with who opened it.
        site: theirs(account.site.as_deref()),
        payee: shown.payee(payee),
        worker: theirs(account.worker.as_deref()),
        agent: theirs(account.agent.as_deref()),
        coin: plain(account.coin.as_deref()),
        algorithm: plain(account.algorithm.as_deref()),
        throttle: account.throttle.filter(|t| is_amount(*t)),
        jobs: Some(account.jobs),
        shares: Some(SharesPart {
            submitted: account.shares.submitted,
            accepted: account.shares.accepted,
            rejected: account.shares.rejected,
        }),
        difficulty: account.difficulty.filter(|d| is_amount(*d)),
        hashrate: account.hashrate.filter(|h| is_amount(*h)),
        midstream: account.midstream,
        incomplete: account.incomplete,
        started: Timestamp(account.started),
        last_seen: Timestamp(account.last_seen),
        last: None,
    }
}

/// An empty text says nothing.
fn known(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    Some(cut(text)).filter(|t| !t.is_empty())
}

/// JSON has no infinity, and nobody computes a negative number of hashes.
const fn is_amount(value: f64) -> bool {
    value.is_finite() && value >= 0.0
}

#[cfg(test)]
mod tests;
