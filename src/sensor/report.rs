//! A session's state, and what names and addresses say, as events.

use std::sync::Arc;

use super::followed::Flow;
use crate::detect::claim::{self, Claim};
use crate::detect::{
    Alert, Certainty, Dialect, Event, FlowIdentity, Mining, NameSource, Phase, SessionRecord, Signal,
    Transport,
};
use crate::flow::{FlowKey, Way};
use crate::learned::{Known, Learned};
use crate::packet::{Endpoint, Proto, Time, Vlans};
use crate::rules::{Group, RuleSet};
use crate::stratum::Role;

/// Puts a session's state into events: with the first also the alert.
pub(super) fn tell(
    key: FlowKey,
    flow: &mut Flow,
    certainty: Certainty,
    (rules, learned): (&RuleSet, &Learned),
    phase: Phase,
    now: Time,
    events: &mut Vec<Event>,
) {
    if phase == Phase::Confirmed {
        flow.naming.called = flow.session.miner().and_then(|way| called(key.ends(way), rules, learned, now));
    }
    let session = &flow.session;
    // Without a message that tells, the side with the lower port is taken for the server.
    let by_port = if key.low.port < key.high.port { Way::Down } else { Way::Up };
    let (client, server) = key.ends(session.miner().unwrap_or(by_port));
    let identity = FlowIdentity { id: flow.id, client, server, proto: Proto::Tcp, vlans: flow.vlans };
    let mut mining = session.mining(certainty, rules);
    name(&mut mining, flow.naming.called.as_deref(), rules);
    let signal = rules.signal(mining.dialect, mining.transport);
    let rule = rules.rule(signal, mining.dialect);
    if signal == Signal::StratumMessage && session.is_served() {
        learn(server, &mining, learned);
    }
    // What only a rule describes is as sure as the rule.
    if let (Dialect::Named(_), Some(rule)) = (mining.dialect, rule) {
        mining.certainty = certainty.min(rule.certainty);
    }
    if phase == Phase::Confirmed
        && let Some(rule) = rule
        && let Some(witness) = session.witness()
    {
        let (from, to) = if witness.role == Some(Role::Pool) { (server, client) } else { (client, server) };
        let claim = match certainty {
            Certainty::Proven => "which only mining does",
            Certainty::Strong | Certainty::Hint if session.is_answered() => {
                "and was answered with work; a script may have asked once"
            }
            Certainty::Strong | Certainty::Hint => {
                "whose login has the form of a wallet; nothing has confirmed it yet"
            }
        };
        let (name, dialect) = (witness.name, mining.dialect.name());
        let when = if mining.midstream { ", found in mid-session" } else { "" };
        let via = mining.route.via.map(|v| format!(", through {}", v.name())).unwrap_or_default();
        let reason = format!("{from} sent {name} to {to}, {claim} ({dialect}{via}{when})");
        events.push(Event::Alert(Box::new(Alert {
            time: witness.time,
            flow: identity,
            rule: Arc::clone(rule),
            signal,
            reason,
            mining: Mining { certainty: certainty.min(rule.certainty), ..mining.clone() },
        })));
    }
    events.push(Event::Session(Box::new(SessionRecord {
        time: if phase == Phase::Final { mining.last_seen } else { now },
        flow: identity,
        phase,
        mining,
        live: Arc::clone(session.live()),
    })));
}

/// What the client asked a name server for before it talked to this server: the listed name, or the only one.
fn called(
    (client, server): (Endpoint, Endpoint),
    rules: &RuleSet,
    learned: &Learned,
    now: Time,
) -> Option<String> {
    let names = learned.names(client.addr, server.addr, now);
    if names.is_crowded() {
        return None;
    }
    let listed = claim::only_listed(names.iter(), rules);
    let mut all = names.iter();
    let alone = all.next().filter(|_| all.next().is_none());
    listed.or(alone).map(str::to_owned)
}

/// Completes what a session said of its pool by what the client had asked for, and by the rules.
fn name(mining: &mut Mining, called: Option<&str>, rules: &RuleSet) {
    if mining.server_name.is_none() && mining.route.via.is_none() && called.is_some() {
        mining.server_name = called.map(str::to_owned);
        mining.named_by = Some(NameSource::Dns);
    }
    let Some(host) = mining.server_name.as_deref().and_then(|name| rules.host(name)) else { return };
    mining.pool = Some(Arc::from(host.operator()));
    mining.category = Some(host.about.category);
    mining.legacy = host.about.group == Group::Legacy;
}

/// Remembers the server of a session.
pub(super) fn teach(key: FlowKey, flow: &Flow, certainty: Certainty, (rules, learned): (&RuleSet, &Learned)) {
    let Some(miner) = flow.session.miner() else { return };
    let mut mining = flow.session.mining(certainty, rules);
    name(&mut mining, flow.naming.called.as_deref(), rules);
    if rules.signal(mining.dialect, mining.transport) == Signal::StratumMessage {
        learn(key.ends(miner).1, &mining, learned);
    }
}

/// Remembers a server that surely mines, and nothing else: a proxy or a web server serves others too.
fn learn(server: Endpoint, mining: &Mining, learned: &Learned) {
    let plain = mining.transport == Transport::Tcp && mining.route.via.is_none();
    if !plain || mining.certainty != Certainty::Proven {
        return;
    }
    let known = Known {
        dialect: mining.dialect,
        name: mining.server_name.clone(),
        pool: mining.pool.clone(),
        coin: mining.coin.clone(),
    };
    learned.endpoint(server, known, mining.last_seen);
}

/// Puts a claim into an alert.
pub(super) fn claim(
    claim: Claim,
    id: u64,
    proto: Proto,
    vlans: Vlans,
    rules: &RuleSet,
    events: &mut Vec<Event>,
) {
    let Claim { client, server, signal, reason, mut mining, is_attempt: _ } = claim;
    let Some(rule) = rules.rule(signal, Dialect::Unknown) else { return };
    mining.certainty = mining.certainty.min(rule.certainty);
    events.push(Event::Alert(Box::new(Alert {
        time: mining.started,
        flow: FlowIdentity { id, client, server, proto, vlans },
        rule: Arc::clone(rule),
        signal,
        reason,
        mining,
    })));
}
