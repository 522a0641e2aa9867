//! How clients are called while the sensor runs: names that change, a table that is broken, and a mode that is another.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::network::{self, Network};
use super::pool::{CLIENT_V4, CLIENT_V6, Miner};
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
