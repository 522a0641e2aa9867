//! From the wire to whoever is told: the sensor, a real Prometheus with the rules that ship, a real Alertmanager with the
//! routes that ship, and a receiver that looks at what it gets. A minute of the rules is a second here: see `shipped`.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::alertmanager::{self, Alertmanager, Receiver, WEBHOOK};
use super::network::{self, INTERFACE, Network};
use super::pool::{CLIENT_V4, Miner, Share};
use super::prometheus::Prometheus;
use super::replay::{self, Lookups, replay};
use super::sensor::{CONFIG, Sensor, WEB, eventually};
use super::shipped;

const TOOLS: [&str; 2] = ["prometheus", "prometheus-alertmanager"];

/// All that stands between a miner and the operator.
struct World {
    directory: PathBuf,
    sensor: Sensor,
    prometheus: Prometheus,
    alertmanager: Alertmanager,
    receiver: Receiver,
    /// Dropped where the wire is to fall silent.
    noise: Option<Sender<()>>,
    _network: Network,
}

impl World {
    fn new() -> Self {
        let directory = network::inside();
        Self::of(directory, CONFIG)
    }

    fn of(directory: PathBuf, sensor: &str) -> Self {
        let network = Network::new();
        let (noise, end_of_noise) = mpsc::channel();
        thread::spawn(move || replay::trickle(&end_of_noise));
        let receiver = Receiver::start();
        let alertmanager = Alertmanager::start_as(&directory, &shipped::alertmanager(WEBHOOK));
        let sensor = Sensor::start_as(&directory, sensor, &[]);
        let config = shipped::prometheus(WEB, alertmanager::LISTEN);
        let prometheus = Prometheus::start_as(&directory, &config);
        Self { directory, sensor, prometheus, alertmanager, receiver, noise: Some(noise), _network: network }
    }

    /// Loads the rules once there is a target: to find its first takes Prometheus five seconds, minutes to the rules.
    fn with_rules(&self) {
        self.prometheus.await_series("up", &[("site=example", 1.0)]);
        self.prometheus.append(&self.directory, &shipped::rules(&self.directory));
    }

    /// Each rule that ships is loaded and evaluates without a fault.
    fn rules_are_well(&self) {
        let rules = self.prometheus.rules();
        for rule in &rules {
            assert!(rule["health"] == "ok" && rule["lastError"].is_null(), "{rule:#}");
        }
        let loaded: BTreeSet<&str> = rules.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
        for name in ["alert", "record"].into_iter().flat_map(shipped::names) {
            assert!(loaded.contains(name.as_str()), "{name} is not among {loaded:?}");
        }
    }

    /// Each recording rule gives series.
    fn records_have_data(&self) {
        for name in shipped::names("record") {
            eventually(&name, || (!self.prometheus.query(&name).is_empty()).then_some(()));
        }
    }

    /// All that was told so far says what its reader needs, and nothing but what may have fired has.
    fn told_well(&self, expected: &[&str]) {
        let mut names = BTreeSet::new();
        for alert in self.receiver.all() {
            let (labels, notes) = (&alert["labels"], &alert["annotations"]);
            let name = labels["alertname"].as_str().unwrap().to_owned();
            let known =
                labels["severity"].as_str().is_some_and(|s| ["critical", "warning", "info"].contains(&s));
            assert!(known && labels["job"] == "geophone", "{alert:#}");
            for key in ["summary", "description", "runbook_url", "dashboard_url"] {
                let text = notes[key].as_str().unwrap_or_else(|| panic!("no {key}: {alert:#}"));
                assert!(
                    !text.is_empty() && !text.contains("<no value>") && !text.contains("<error"),
                    "{alert:#}"
                );
            }
            assert!(notes["summary"].as_str().unwrap().ends_with('.'), "{alert:#}");
            let page = format!("docs/runbooks/{name}.md");
            assert!(notes["runbook_url"].as_str().unwrap().ends_with(&page), "{alert:#}");
            let board = notes["dashboard_url"].as_str().unwrap().split_once("/d/geophone-");
            assert!(board.is_some(), "{alert:#}");
            names.insert(name);
        }
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        assert!(names.is_subset(&expected.iter().copied().collect()), "{names:?}");
    }
}

/// Side by side, as they wait more than they work.
#[test]
fn alerts_reach_their_receiver() {
    thread::scope(|scope| {
        for test in ["alerts_reach_their_receiver", "benign_traffic_alerts_nobody", "blindness_is_told"] {
            scope.spawn(move || network::run(&format!("alerting::{test}_inside"), &TOOLS));
        }
    });
}

#[test]
#[ignore = "run in a namespace"]
fn alerts_reach_their_receiver_inside() {
    let mut world = World::new();
    let miner = a_miner();
    world.with_rules();
    world.rules_are_well();
    let good = spoil_the_rules(&world);
    a_page_goes_round();
    a_miner_is_told(&world);
    a_refused_reload_is_told(&world, &good);
    world.records_have_data();
    world.rules_are_well();
    drop(miner);
    an_outbreak_is_told(&world);
    for (name, labels) in
        [("GeophoneReloadFailed", [("instance", WEB)]), ("GeophoneClientMining", [("client", CLIENT_V4)])]
    {
        let rest = world.receiver.wait(name, "resolved", &labels);
        assert!(rest["endsAt"].as_str().unwrap() > rest["startsAt"].as_str().unwrap(), "{rest:#}");
    }
    an_end_is_told(&mut world);
    world.told_well(&[
        "GeophoneBrowserMinerOutbreak",
        "GeophoneClientHashrate",
        "GeophoneClientMining",
        "GeophoneDown",
        "GeophoneReloadFailed",
    ]);
    the_rest_is_held_back(&world);
}

/// Gives what ends the miner when it is dropped.
fn a_miner() -> Sender<()> {
    let (stop, stopped) = mpsc::channel();
    thread::spawn(move || {
        let mut miner = Miner::bitcoin();
        while stopped.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout) {
            miner.submit(Share::Good);
        }
    });
    stop
}

fn a_miner_is_told(world: &World) {
    let of = [("client", CLIENT_V4), ("instance", WEB), ("severity", "warning"), ("site", "example")];
    let alert = world.receiver.wait("GeophoneClientMining", "firing", &of);
    let notes = &alert["annotations"];
    for (key, word) in
        [("description", CLIENT_V4), ("dashboard_url", "/d/geophone-client"), ("dashboard_url", CLIENT_V4)]
    {
        assert!(notes[key].as_str().unwrap().contains(word), "{key}: {alert:#}");
    }
}

/// The same page in four browsers.
fn a_page_goes_round() {
    for host in 101..105 {
        let renamed = (Ipv4Addr::new(10, 20, 30, 32), Ipv4Addr::new(10, 20, 30, host));
        replay("web-deepminer-ws.pcap", Some(renamed));
    }
}

fn an_outbreak_is_told(world: &World) {
    let alert = world.receiver.wait("GeophoneBrowserMinerOutbreak", "firing", &[("instance", WEB)]);
    assert!(alert["annotations"]["description"].as_str().unwrap().contains("made 4 clients"), "{alert:#}");
}

/// Gives what they were.
fn spoil_the_rules(world: &World) -> String {
    let rules = world.directory.join("rules/detections.yaml");
    let good = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, good.replacen("severity: 2", "severity: two", 1)).unwrap();
    world.sensor.signal("HUP");
    good
}

fn a_refused_reload_is_told(world: &World, good: &str) {
    world.receiver.wait("GeophoneReloadFailed", "firing", &[("instance", WEB)]);
    fs::write(world.directory.join("rules/detections.yaml"), good).unwrap();
    world.sensor.signal("HUP");
}

fn an_end_is_told(world: &mut World) {
    assert_eq!(world.sensor.terminate().code(), Some(0), "{}", world.sensor.log());
    let down = world.receiver.wait("GeophoneDown", "firing", &[("instance", WEB)]);
    assert_eq!(down["labels"]["severity"], "critical", "{down:#}");
}

/// What else there is to say of a sensor that is down is not told; of another sensor it is.
fn the_rest_is_held_back(world: &World) {
    const NAME: &str = "GeophoneCaptureDropping";
    const OTHER: &str = "192.0.2.9:9810";
    let dropping = |instance: &str| {
        let labels = json!({"alertname": NAME, "severity": "warning", "job": "geophone", "instance": instance,
            "interface": "va"});
        json!({"labels": labels, "annotations": {"summary": "Made up."}})
    };
    world.alertmanager.post(&json!([dropping(WEB), dropping(OTHER)]));
    world.receiver.wait(NAME, "firing", &[("instance", OTHER)]);
    let held = world.alertmanager.alerts(NAME);
    let held: Vec<&Value> = held.iter().filter(|alert| alert["labels"]["instance"] == WEB).collect();
    assert_eq!(held.len(), 1, "{held:#?}");
    assert_eq!(held[0]["status"]["state"], "suppressed", "{held:#?}");
    assert_eq!(held[0]["status"]["silencedBy"], json!([]), "{held:#?}");
    let told = world.receiver.all();
    let told = told.iter().filter(|alert| alert["labels"]["alertname"] == NAME);
    assert_eq!(told.filter(|alert| alert["labels"]["instance"] == WEB).count(), 0);
}

/// Look-alikes for what is a quarter of an hour to the rules; then one miner, to show that somebody listened.
#[test]
#[ignore = "run in a namespace"]
fn benign_traffic_alerts_nobody_inside() {
    let world = World::new();
    world.with_rules();
    world.rules_are_well();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let benign: Vec<String> = names.filter(|name| name.starts_with("neg-")).collect();
    assert!(benign.len() > 9, "{benign:?}");
    let quiet = || {
        let alerts = world.prometheus.alerts();
        assert!(alerts.is_empty(), "{alerts:#?}");
    };
    for name in &benign {
        replay(name, None);
        quiet();
    }
    for _ in 0..15 {
        thread::sleep(Duration::from_secs(1));
        quiet();
    }
    assert_eq!(world.receiver.all(), [] as [Value; 0]);
    let packets = world.sensor.metric("geophone_capture_packets_total{interface=\"va\"}");
    assert!(packets > Some(1000.0), "{packets:?}");

    let mut miner = Miner::cryptonote();
    miner.submit(Share::Good);
    world.receiver.wait("GeophoneClientMining", "firing", &[("client", "fd77::")]);
}

/// Nothing arrives any more; nor can what was found be written. No client is said to mine, and neither is anything else.
#[test]
#[ignore = "run in a namespace"]
fn blindness_is_told_inside() {
    let directory = network::inside();
    let config = CONFIG.replace("DIRECTORY/eve.json", "/dev/full\n  queue: 10");
    let mut world = World::of(directory, &config);
    world.with_rules();
    world.rules_are_well();
    let mut lookups = Lookups::new();
    // Some each second: a counter that has its value at the first scrape does not increase.
    for _ in 0..6 {
        (0..20).for_each(|_| lookups.send());
        thread::sleep(Duration::from_secs(1));
    }
    drop(world.noise.take());
    world.receiver.wait("GeophoneEventsDropped", "firing", &[("instance", WEB), ("severity", "warning")]);
    world.receiver.wait("GeophoneTapSilent", "firing", &[("interface", INTERFACE), ("severity", "critical")]);
    world.told_well(&["GeophoneEventsDropped", "GeophoneEventsFailing", "GeophoneTapSilent"]);
}
