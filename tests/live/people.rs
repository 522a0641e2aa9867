//! How clients are called while the sensor runs: names that change, a table that is broken, and a mode that is another.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::network::{self, Network};
use super::pool::{CLIENT_V4, CLIENT_V6, Miner};
use super::prometheus::Prometheus;
use super::sensor::{CONFIG, Sensor, WEB, events, eventually, http};
use super::submit;

const SUCCESSFUL: &str = "geophone_config_last_reload_successful";
const NAMED: &str = "
ledger:
  subscribers: clients.csv
privacy:
  clients: subscriber
";
const HIDDEN: &str = "
privacy:
  clients: pseudonym
  key_file: key
";

fn submits(sensor: &Sensor, client: &str) -> Option<f64> {
    sensor.metric(&format!("geophone_client_shares_total{{client=\"{client}\",result=\"submitted\"}}"))
}

fn await_submits(sensor: &Sensor, client: &str, count: f64) {
    eventually(&format!("{count} submits of {client}"), || submits(sensor, client).filter(|n| *n == count));
}

#[test]
fn names_follow_their_table() {
    network::run("people::names_follow_their_table_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn names_follow_their_table_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let table = directory.join("clients.csv");
    fs::write(&table, "prefix,name\n10.77.0.0/24,Ada\nfd77::/56,Ada\n").unwrap();
    let config = CONFIG.replace("/rules\n", "/rules\n  watch: 1s\nsensor:\n  session_interval: 1s\n") + NAMED;
    let sensor = Sensor::start_as(&directory, &config, &[]);
    let (mut bitcoin, mut monero) = (Miner::bitcoin(), Miner::cryptonote());
    submit(&mut bitcoin, 3, 0);
    submit(&mut monero, 2, 0);
    await_submits(&sensor, "Ada", 5.0);
    assert_eq!(sensor.metric("geophone_clients"), Some(1.0), "both families are one household");

    fs::write(&table, "10.77.0.0/24,Ada\n10.77.0.0/33,Bob\n").unwrap();
    eventually("a refusal", || sensor.metric(SUCCESSFUL).filter(|v| *v == 0.0));
    assert!(sensor.log().contains("clients.csv:2:1: "), "{}", sensor.log());
    submit(&mut bitcoin, 1, 0);
    await_submits(&sensor, "Ada", 6.0);

    fs::write(&table, "10.77.0.0/24,Bob\nfd77::/56,Ada\n").unwrap();
    eventually("another table", || sensor.metric(SUCCESSFUL).filter(|v| *v == 1.0));
    assert_eq!(submits(&sensor, "Ada"), Some(6.0), "what is counted stays");
    eventually("Bob", || {
        submit(&mut bitcoin, 1, 0);
        submits(&sensor, "Bob").filter(|n| *n >= 2.0)
    });
    assert!(submits(&sensor, "Ada") >= Some(6.0), "no counter goes down");
    assert_eq!(sensor.metric("geophone_sessions_created_total"), Some(2.0), "and no session counts twice");
    let named = |name: &str| events(&directory.join("eve.json")).iter().any(|e| e["subscriber"] == name);
    // An event that was on its way is still told by the old table.
    eventually("events of both", || {
        submit(&mut bitcoin, 1, 0);
        (named("Ada") && named("Bob")).then_some(())
    });
}

#[test]
fn hiding_clients_leaves_no_name() {
    network::run("people::hiding_clients_leaves_no_name_inside", &[]);
}

#[test]
#[ignore = "run in a namespace"]
fn hiding_clients_leaves_no_name_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let key = directory.join("key");
    fs::write(&key, "2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let config = CONFIG.replace("/rules\n", "/rules\nsensor:\n  session_interval: 1s\n");
    let mut sensor = Sensor::start_as(&directory, &config, &[]);
    let (mut bitcoin, mut monero) = (Miner::bitcoin(), Miner::cryptonote());
    submit(&mut bitcoin, 2, 0);
    submit(&mut monero, 1, 0);
    await_submits(&sensor, CLIENT_V4, 2.0);
    await_submits(&sensor, "fd77::", 1.0);

    let hidden = config.replace("eve.json", "hidden.json") + HIDDEN;
    fs::write(directory.join("geophone.yaml"), hidden.replace("DIRECTORY", directory.to_str().unwrap()))
        .unwrap();
    sensor.signal("HUP");
    eventually("no address", || (submits(&sensor, CLIENT_V4).is_none()).then_some(()));
    eventually("two pseudonyms", || {
        submit(&mut bitcoin, 1, 0);
        submit(&mut monero, 1, 0);
        sensor.metric("geophone_clients").filter(|n| *n == 2.0)
    });
    assert_eq!(sensor.metric("geophone_sessions_created_total"), Some(2.0));
    drop((bitcoin, monero));
    submit(&mut Miner::bitcoin(), 1, 0);
    let path = directory.join("hidden.json");
    eventually("an alert", || events(&path).iter().any(|e| e["event_type"] == "alert").then_some(()));
    let metrics = http(WEB, "/metrics").unwrap().1;
    assert_eq!(sensor.terminate().code(), Some(0));
    let said = fs::read_to_string(&path).unwrap();
    assert!(events(&path).iter().any(|e| e["mining"]["final"] == true) && !said.contains("community_id"));
    for (what, text) in [("metrics", metrics), ("events", said), ("the log", sensor.log())] {
        for address in [CLIENT_V4, CLIENT_V6, "fd77::"] {
            assert!(!text.contains(address), "{what} name {address}: {text}");
        }
    }
}

/// What no counter of a running sensor may do, whatever clients are called meanwhile.
const COUNTERS: [&str; 8] = [
    "geophone_client_detections_total",
    "geophone_client_shares_total",
    "geophone_clients_overflow_total",
    "geophone_detections_total",
    "geophone_events_total",
    "geophone_payees_seen_total",
    "geophone_pools_seen_total",
    "geophone_sessions_created_total",
];

#[test]
fn no_counter_is_reset_by_names() {
    network::run("people::no_counter_is_reset_by_names_inside", &["prometheus"]);
}

#[test]
#[ignore = "run in a namespace"]
fn no_counter_is_reset_by_names_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let table = directory.join("clients.csv");
    fs::write(&table, "10.77.0.2,Ada\n").unwrap();
    let config = CONFIG.replace("/rules\n", "/rules\nsensor:\n  session_interval: 1s\n");
    let reload = |sensor: &Sensor, people: &str| {
        let text = config.replace("DIRECTORY", directory.to_str().unwrap()) + people;
        fs::write(directory.join("geophone.yaml"), text).unwrap();
        sensor.signal("HUP");
    };
    let mut sensor = Sensor::start_as(&directory, &(config.clone() + NAMED), &[]);
    let prometheus = Prometheus::start(&directory);
    prometheus.await_series("up", &[("", 1.0)]);
    let (mut bitcoin, mut monero) = (Miner::bitcoin(), Miner::cryptonote());
    let mut both = || {
        submit(&mut bitcoin, 1, 0);
        submit(&mut monero, 1, 0);
    };
    both();
    await_submits(&sensor, "Ada", 1.0);

    let odd = r#"Bob "the\" 1st, {x="y"}"#;
    let label = odd.replace('\\', "\\\\").replace('"', "\\\"");
    for (name, shown) in [(odd, label.as_str()), ("Ada", "Ada"), (odd, label.as_str())] {
        let before = submits(&sensor, shown).unwrap_or(0.0);
        fs::write(&table, format!("10.77.0.2,\"{}\"\n", name.replace('"', "\"\""))).unwrap();
        sensor.signal("HUP");
        eventually("another name", || {
            both();
            submits(&sensor, shown).filter(|n| *n > before)
        });
    }
    let series = format!("client={odd},dialect=bitcoin");
    let sessions =
        [("client=Ada,dialect=bitcoin", 0.0), (&series, 1.0), ("client=fd77::,dialect=cryptonote", 1.0)];
    prometheus.await_series("geophone_client_sessions", &sessions);

    reload(&sensor, HIDDEN);
    eventually("a refusal", || sensor.metric(SUCCESSFUL).filter(|v| *v == 0.0));
    assert_eq!(sensor.metric("geophone_clients"), Some(3.0), "without a key all stays as it was");
    for (people, digits) in [(HIDDEN, "1f"), (HIDDEN, "2e"), ("", "2e")] {
        fs::write(directory.join("key"), format!("{}{}", digits.repeat(16), "a1".repeat(16))).unwrap();
        let before = sensor.metric("geophone_config_last_reload_success_timestamp_seconds");
        reload(&sensor, people);
        eventually("another mode", || {
            let now = sensor.metric("geophone_config_last_reload_success_timestamp_seconds");
            (sensor.metric(SUCCESSFUL) == Some(1.0) && now > before).then_some(())
        });
        eventually("both again", || {
            both();
            sensor.metric("geophone_clients").filter(|n| *n == 2.0)
        });
    }
    prometheus.await_series("sum(geophone_client_sessions)", &[("", 2.0)]);
    prometheus.await_series("max_over_time(sum(geophone_client_sessions)[2m:1s])", &[("", 2.0)]);
    prometheus.await_series("geophone_sessions_created_total", &[("", 2.0)]);
    for counter in COUNTERS {
        assert!(!prometheus.query(&format!("last_over_time({counter}[5m])")).is_empty(), "{counter}");
        assert_eq!(prometheus.query(&format!("resets({counter}[5m]) > 0")), [], "{counter}");
    }
    assert_eq!(sensor.terminate().code(), Some(0), "{}", sensor.log());
}
