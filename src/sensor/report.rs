//! A session's state as events.

use std::sync::Arc;

use super::followed::Flow;
use crate::detect::{Alert, Certainty, Dialect, Event, FlowIdentity, Mining, Phase, SessionRecord};
use crate::flow::{FlowKey, Way};
use crate::packet::{Proto, Time};
use crate::rules::RuleSet;
use crate::stratum::Role;

/// Puts a session's state into events: with the first also the alert.
pub(super) fn tell(
    key: FlowKey,
    flow: &Flow,
    certainty: Certainty,
    rules: &RuleSet,
    phase: Phase,
    now: Time,
    events: &mut Vec<Event>,
) {
    let session = &flow.session;
    // Without a message that tells, the side with the lower port is taken for the server.
    let by_port = if key.low.port < key.high.port { Way::Down } else { Way::Up };
    let (client, server) = key.ends(session.miner().unwrap_or(by_port));
    let identity = FlowIdentity { id: flow.id, client, server, proto: Proto::Tcp, vlans: flow.vlans };
    let mut mining = session.mining(certainty, rules);
    let signal = rules.signal(mining.dialect, mining.transport);
    let rule = rules.rule(signal, mining.dialect);
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
