//! Every event the sensor can write is valid against the published schema, and the schema lists no name the code does
//! not know.

use std::sync::Arc;

use geophone::detect::{
    Alert, Certainty, Dialect, Event, FlowIdentity, Live, Mining, NameSource, Phase, Route, SessionRecord,
    Shares, Signal, Transport, Via,
};
use geophone::eve::{CaptureCounters, Destination, Kind, Renderer, Sender, Settings, StatsRecord, Writer};
use geophone::packet::{Endpoint, Proto, Skip, Time, Vlans};
use geophone::privacy::{Key, Payees, Privacy, Secret};
use geophone::rules::{Category, Rule};
use geophone::sensor::{Evicted, Limit, Stats};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::Value;

const SCHEMA: &str = include_str!("../docs/eve.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> Validator {
    let schema = schema();
    jsonschema::meta::validate(&schema).expect("the schema is one");
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Renders, checks the line's form and its validity, and reads it back.
fn checked(validator: &Validator, privacy: &Privacy, in_iface: &str, event: &Event) -> Value {
    let mut out = Vec::new();
    Renderer::new(privacy.clone()).event(in_iface, event, &mut out);
    valid(validator, &out)
}

fn valid(validator: &Validator, line: &[u8]) -> Value {
    let text = str::from_utf8(line).expect("UTF-8").strip_suffix('\n').expect("ends with a line feed");
    assert!(!text.chars().any(char::is_control), "control characters in {text:?}");
    let value: Value = serde_json::from_str(text).expect("JSON");
    let faults: Vec<String> =
        validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}\n{text}");
    value
}

fn flow(client: &str, server: &str, proto: Proto, vlans: &[u16]) -> FlowIdentity {
    let mut tags = Vlans::default();
    vlans.iter().for_each(|&id| tags.push(id));
    FlowIdentity {
        id: 1 << 62,
        client: Endpoint { addr: client.parse().unwrap(), port: 50_000 },
        server: Endpoint { addr: server.parse().unwrap(), port: 3333 },
        proto,
        vlans: tags,
    }
}

fn mining(dialect: Dialect, certainty: Certainty, text: Option<&str>) -> Mining {
    Mining {
        dialect,
        transport: Transport::ALL[0],
        certainty,
        client_role_proven: text.is_some(),
        pool: text.map(Arc::from),
        server_name: text.map(str::to_owned),
        named_by: text.map(|_| NameSource::Message),
        server_port: text.map(|_| 3333),
        category: text.map(|_| Category::Pool),
        legacy: text.is_some(),
        ja4: text.map(|_| "t13d1516h2_8daaf6152771_e5627efa2ab1".to_owned()),
        alpn: text.map(str::to_owned),
        route: Route {
            via: text.map(|_| Via::Socks5),
            host: text.map(str::to_owned),
            path: text.map(str::to_owned),
            forwarded_for: text.map(|_| ([198, 51, 100, 7], 40_000).into()),
        },
        site: text.map(str::to_owned),
        payee: text.map(str::to_owned),
        worker: text.map(str::to_owned),
        agent: text.map(str::to_owned),
        coin: text.map(str::to_owned),
        algorithm: text.map(str::to_owned),
        throttle: text.map(|_| 0.5),
        jobs: 3,
        shares: Shares { submitted: 9, accepted: 8, rejected: 1 },
        difficulty: text.map(|_| 0.001),
        hashrate: text.map(|_| 1e15),
        midstream: text.is_none(),
        incomplete: text.is_some(),
        started: Time(0),
        last_seen: Time(u64::MAX),
    }
}

fn alert(flow: FlowIdentity, signal: Signal, reason: &str, mining: Mining) -> Event {
    let rule = Rule {
        id: u32::MAX,
        rev: 1,
        name: "Stratum".to_owned(),
        category: "Cryptocurrency mining".to_owned(),
        severity: 1,
        signal,
        dialect: None,
        certainty: Certainty::Proven,
    };
    let time = Time(1_700_000_000_000_001);
    Event::Alert(Box::new(Alert {
        time,
        flow,
        rule: Arc::new(rule),
        signal,
        reason: reason.to_owned(),
        mining,
    }))
}

fn session(flow: FlowIdentity, phase: Phase, mining: Mining) -> Event {
    let time = Time(1_700_000_000_000_001);
    Event::Session(Box::new(SessionRecord { time, flow, phase, mining, live: Arc::new(Live::default()) }))
}

fn flows() -> [FlowIdentity; 4] {
    [
        flow("10.0.0.1", "203.0.113.9", Proto::Tcp, &[]),
        flow("10.0.0.1", "203.0.113.9", Proto::Udp, &[0]),
        flow("2001:db8::1", "2001:db8:ffff::2", Proto::Tcp, &[10, 4095]),
        flow("::", "::ffff:192.0.2.1", Proto::Tcp, &[]),
    ]
}

const HOSTILE: &[&str] = &[
    "x",
    "",
    " ",
    "\0\u{1}\u{1b}[2J\u{7f}\u{9b}31m\r\n\t",
    "\"}],\"final\":true,{\\",
    "</script><!--",
    "\u{202e}\u{2028}\u{feff}\u{fffd}\u{10ffff}",
    "alice@example.org",
];

#[test]
fn every_dialect_signal_and_certainty_is_valid() {
    let validator = validator();
    for dialect in Dialect::ALL {
        for certainty in Certainty::ALL {
            for text in [None, Some("text")] {
                for flow in flows() {
                    let account = || mining(dialect, certainty, text);
                    for signal in Signal::ALL {
                        let event = alert(flow, signal, "A reason.", account());
                        let value = checked(&validator, &Privacy::default(), "eth0", &event);
                        assert_eq!(value["mining"]["signal"], signal.name());
                        assert_eq!(value["src_ip"], flow.client.addr.to_string());
                    }
                    for phase in [Phase::Confirmed, Phase::Interval, Phase::Final] {
                        let event = session(flow, phase, account());
                        let value = checked(&validator, &Privacy::default(), "", &event);
                        assert_eq!(value["mining"]["final"], phase == Phase::Final);
                        assert_eq!(value["mining"]["payee"].as_str(), text);
                    }
                }
            }
        }
    }
    for transport in Transport::ALL {
        let account = Mining { transport, ..mining(Dialect::Bitcoin, Certainty::Proven, None) };
        checked(&validator, &Privacy::default(), "", &session(flows()[0], Phase::Final, account));
    }
}

#[test]
fn hostile_texts_stay_texts() {
    let validator = validator();
    let long = "\u{9b}é".repeat(40_000);
    let key = Key::of(&Secret::read(b"thirty-two bytes that no one has").unwrap());
    let hashed = Privacy { payees: Payees::Hash, key: Some(key), ..Privacy::default() };
    for text in HOSTILE.iter().copied().chain([long.as_str()]) {
        for privacy in [&Privacy::default(), &hashed] {
            let account = mining(Dialect::Cryptonote, Certainty::Proven, Some(text));
            let value =
                checked(&validator, privacy, text, &session(flows()[0], Phase::Confirmed, account.clone()));
            assert_eq!(value["mining"]["final"], false, "a text ended early");
            if text.len() < 100 && !text.is_empty() {
                assert_eq!(value["mining"]["server_name"], text);
            }
            assert!(value["mining"].get("payee").is_some() != text.is_empty());
            checked(
                &validator,
                privacy,
                text,
                &alert(flows()[0], Signal::StratumMessage, "A reason.", account),
            );
        }
    }
}

#[test]
fn amounts_that_json_cannot_say_are_left_out() {
    let validator = validator();
    for bad in [f64::NAN, f64::INFINITY, -1e-9, -f64::MAX] {
        let account = Mining {
            difficulty: Some(bad),
            hashrate: Some(bad),
            ..mining(Dialect::Equihash, Certainty::Proven, None)
        };
        let value = checked(&validator, &Privacy::default(), "", &session(flows()[0], Phase::Final, account));
        assert!(value["mining"].get("difficulty").is_none() && value["mining"].get("hashrate").is_none());
    }
}

fn stats(record: &StatsRecord, validator: &Validator) -> Value {
    let mut out = Vec::new();
    Renderer::default().stats(record, &mut out);
    valid(validator, &out)
}

#[test]
fn counters_are_valid() {
    let validator = validator();
    let value = stats(&StatsRecord::default(), &validator);
    assert_eq!(value["timestamp"], "1970-01-01T00:00:00.000000+0000");
    assert!(value["stats"].get("capture").is_none());

    let mut sensor = Stats { frames: u64::MAX, ..Stats::default() };
    sensor.skipped[Skip::NotIp as usize] = 4;
    let writer = Writer::start(Settings::default(), Renderer::default()).unwrap();
    let sender: Sender = writer.sender();
    sender.send_stats(StatsRecord::default());
    let full = StatsRecord {
        time: Time::from_secs(1),
        in_iface: Some("eth0".into()),
        uptime: Some(60),
        capture: Some(CaptureCounters { received: 10, dropped: 2, interface_dropped: 1 }),
        sensor,
        events: Some(writer.counters()),
    };
    let value = stats(&full, &validator);
    assert_eq!(value["stats"]["engine"]["frames"], u64::MAX);
    assert_eq!(value["stats"]["engine"]["skipped"]["not_ip"], 4);
    assert_eq!(value["stats"]["capture"]["kernel_drops"], 2);
    assert_eq!(value["stats"]["events"]["sent"]["stats"], 1);
    assert_eq!(Settings::default().destination, Destination::Nowhere);
}

#[test]
fn the_schema_is_strict() {
    let validator = validator();
    let event = session(flows()[0], Phase::Final, mining(Dialect::Bitcoin, Certainty::Proven, Some("x")));
    let good = checked(&validator, &Privacy::default(), "eth0", &event);
    let spoilt = |pointer: &str, key: &str, value: Option<Value>| {
        let mut bad = good.clone();
        let object = bad.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => object.insert(key.to_owned(), value),
            None => object.remove(key),
        };
        assert!(!validator.is_valid(&bad), "takes {pointer}/{key}: {bad}");
    };
    spoilt("", "password", Some("x".into()));
    spoilt("/mining", "password", Some("x".into()));
    spoilt("/mining/shares", "stale", Some(1.into()));
    spoilt("/mining", "shares", None);
    spoilt("/mining", "final", None);
    spoilt("/mining", "payee", Some(Value::Null));
    spoilt("/mining", "payee", Some("".into()));
    spoilt("/mining", "dialect", Some("Word".into()));
    spoilt("/mining", "hashrate", Some((-1).into()));
    spoilt("", "timestamp", Some("2026-11-21T23:16:00.123456Z".into()));
    spoilt("", "src_ip", Some("10.0.0.256".into()));
    spoilt("", "community_id", Some("1:".into()));
    spoilt("", "src_net", Some("192.0.2.0".into()));
    spoilt("", "flow_id", None);
    assert!(good["community_id"].is_string());
    spoilt("", "event_type", Some("flow".into()));
    spoilt("", "vlan", Some(Vec::<u16>::new().into()));
}

#[test]
fn the_schema_lists_the_names_of_the_code() {
    let schema = schema();
    let listed = |pointer: &str| -> Vec<String> {
        let names = schema.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
        let mut names: Vec<String> = match names {
            Value::Array(names) => names.iter().map(|n| n.as_str().unwrap().to_owned()).collect(),
            names => names.as_object().unwrap().keys().cloned().collect(),
        };
        names.sort();
        names
    };
    let known = |mut names: Vec<&str>| -> Vec<String> {
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect()
    };
    assert_eq!(listed("/$defs/dialect/anyOf/0/enum"), known(Dialect::ALL.map(Dialect::name).to_vec()));
    assert_eq!(listed("/$defs/signal/enum"), known(Signal::ALL.map(Signal::name).to_vec()));
    assert_eq!(listed("/$defs/certainty/enum"), known(Certainty::ALL.map(Certainty::name).to_vec()));
    assert_eq!(listed("/$defs/transport/enum"), known(Transport::ALL.map(Transport::name).to_vec()));
    let kinds = known(Kind::ALL.map(Kind::name).to_vec());
    for kind in &kinds {
        assert_eq!(
            schema.pointer(&format!("/$defs/{kind}/properties/event_type/const")).unwrap(),
            kind.as_str()
        );
    }
    let engine = "/$defs/stats/properties/stats/properties/engine/properties";
    let of_messages = format!("{engine}/messages/propertyNames/$ref");
    assert_eq!(schema.pointer(&of_messages).unwrap(), "#/$defs/dialect");
    assert_eq!(listed(&format!("{engine}/skipped/properties")), known(Skip::ALL.map(Skip::name).to_vec()));
    assert_eq!(
        listed(&format!("{engine}/flows_evicted/properties")),
        known(Evicted::ALL.map(Evicted::name).to_vec())
    );
    assert_eq!(
        listed(&format!("{engine}/limit_hits/properties")),
        known(Limit::ALL.map(Limit::name).to_vec())
    );
    assert_eq!(listed("/$defs/stats/properties/stats/properties/events/properties/sent/properties"), kinds);
}

#[test]
fn every_field_is_described_and_in_the_document() {
    let document = include_str!("../docs/events.md");
    let mut fields = Vec::new();
    described("$", &schema(), &mut fields);
    assert!(fields.len() > 60, "{fields:?}");
    for field in fields {
        let parts = [format!("`{field}`"), format!("`{field}.")];
        assert!(parts.iter().any(|p| document.contains(p)), "docs/events.md does not name `{field}`");
    }
}

/// Collects the names under `properties`, and fails on one without a description, its own or its definition's.
fn described(path: &str, schema: &Value, fields: &mut Vec<String>) {
    let Value::Object(object) = schema else { return };
    for (key, value) in object {
        if key == "properties" {
            for (name, field) in value.as_object().unwrap() {
                let reference = field.get("$ref").is_some();
                assert!(field.get("description").is_some() || reference, "{path}/{name} has no description");
                fields.push(name.clone());
            }
        }
        described(&format!("{path}/{key}"), value, fields);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_and_number_is_valid(
        text in any::<String>(),
        reason in ".{1,600}",
        number in any::<f64>(),
        hash in any::<bool>(),
    ) {
        let payees = if hash { Payees::Hash } else { Payees::Clear };
        let privacy = Privacy { payees, ..Privacy::default() };
        let mut account = mining(Dialect::EthProxy, Certainty::Strong, Some(&text));
        account.difficulty = Some(number);
        let validator = validator();
        checked(&validator, &privacy, "", &alert(flows()[2], Signal::StratumMessage, &reason, account.clone()));
        checked(&validator, &privacy, "", &session(flows()[2], Phase::Interval, account));
    }
}
