//! Events for the tests of this module.

use std::sync::Arc;

use crate::detect::{
    Alert, Certainty, Dialect, Event, FlowIdentity, Live, Mining, NameSource, Phase, Route, SessionRecord,
    Shares, Signal, Transport, Via,
};
use crate::packet::{Endpoint, Proto, Time, Vlans};
use crate::rules::{Category, Rule};

pub(super) fn flow() -> FlowIdentity {
    let mut vlans = Vlans::default();
    vlans.push(10);
    vlans.push(20);
    FlowIdentity {
        id: 7,
        client: Endpoint { addr: [10, 0, 0, 7].into(), port: 50_000 },
        server: Endpoint { addr: [203, 0, 113, 9].into(), port: 3333 },
        proto: Proto::Tcp,
        vlans,
    }
}

/// A session of which nothing more is known than that it is one.
pub(super) fn bare() -> Mining {
    Mining {
        client_role_proven: true,
        last_seen: Time(1_700_000_000_000_001),
        ..Mining::bare(Dialect::Bitcoin, Transport::Tcp, Certainty::Proven, Time::from_secs(1_700_000_000))
    }
}

/// A session of which everything is known.
pub(super) fn full() -> Mining {
    Mining {
        pool: Some("Example Pool".into()),
        server_name: Some("eu.pool.example".into()),
        server_port: Some(3333),
        named_by: Some(NameSource::Message),
        category: Some(Category::Pool),
        legacy: true,
        ja4: Some("t13d1516h2_8daaf6152771_e5627efa2ab1".into()),
        alpn: Some("h2,http/1.1".into()),
        route: Route {
            via: Some(Via::Socks5),
            host: Some("relay.example".into()),
            path: Some("/proxy".into()),
            forwarded_for: Some(([198, 51, 100, 7], 40_000).into()),
        },
        site: Some("https://films.example".into()),
        payee: Some("1BoatSLRHtKNngkdXEeobR76b53LETtpyT".into()),
        worker: Some("rig \"1\"\n".into()),
        agent: Some("cgminer/4.10.0".into()),
        coin: Some("BTC".into()),
        algorithm: Some("sha256d".into()),
        throttle: Some(0.25),
        jobs: 3,
        shares: Shares { submitted: 5, accepted: 4, rejected: 1 },
        difficulty: Some(65_536.0),
        hashrate: Some(1.5e12),
        midstream: true,
        incomplete: true,
        ..bare()
    }
}

pub(super) fn alert(mining: Mining) -> Event {
    let rule = Rule {
        id: 1001,
        rev: 2,
        name: "Stratum: Bitcoin".into(),
        category: "Cryptocurrency mining".into(),
        severity: 1,
        signal: Signal::StratumMessage,
        dialect: Some(Dialect::Bitcoin),
        certainty: Certainty::Proven,
    };
    Event::Alert(Box::new(Alert {
        time: Time(1_700_000_000_123_456),
        flow: flow(),
        rule: Arc::new(rule),
        signal: Signal::StratumMessage,
        reason: "The client sent mining.submit.".into(),
        mining,
    }))
}

pub(super) fn session(phase: Phase, mining: Mining) -> Event {
    Event::Session(Box::new(SessionRecord {
        time: Time::from_secs(1_700_000_300),
        flow: flow(),
        phase,
        mining,
        live: Arc::new(Live::default()),
    }))
}

/// A session record whose flow carries the number `id`, to be found again in the output.
pub(super) fn numbered(id: u64) -> Event {
    let mut event = session(Phase::Interval, bare());
    if let Event::Session(record) = &mut event {
        record.flow.id = id;
    }
    event
}
