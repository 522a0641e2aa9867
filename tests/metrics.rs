//! The real text of a scrape: what real captures leave in the ledger, as `/metrics` shows it, before Prometheus's own
//! linter and against the catalogue.

#![allow(missing_docs, reason = "tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use geophone::capture;
use geophone::config::{Config, load_rules};
use geophone::detect::{Event, Phase};
use geophone::learned::Learned;
use geophone::ledger::{Ledger, Settings};
use geophone::metrics::{
    Build, CATALOGUE, EventTotals, Metrics, RuleTotals, Sources, WorkerSlot, WorkerTotals, label_values,
};
use geophone::packet::Time;
use geophone::sensor::{self, Sensor};

/// Captures of miners of many kinds, among them one in a browser and one that asks for a listed name.
const CAPTURES: [&str; 6] = [
    "btc-bitaxe-ckpool.pcap",
    "kaspa-stratum.pcap",
    "web-coinhive-npm1.pcap",
    "xmrig-dns.pcap",
    "xmrig-rx0-plain-v6.pcap",
    "xmrig-rx0-plain.pcap",
];

/// The events of a capture, without those by which sessions end: as if it went on.
fn events(name: &str, worker: &WorkerSlot) -> Vec<Event> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name);
    let rules = load_rules(&Config::default()).expect("built-in rules");
    let mut sensor = Sensor::new(sensor::Settings::default(), Arc::new(rules), 0);
    let mut events = Vec::new();
    let mut last = Time(0);
    let mut file = capture::File::open(&path, None).expect("a capture");
    file.for_each(None, |frame| {
        last = frame.time;
        sensor.frame(&frame, &mut events);
    })
    .expect("whole frames");
    sensor.finish(&mut events);
    let totals = WorkerTotals { stats: *sensor.stats(), last_packet: Some(last), ..WorkerTotals::default() };
    assert!(worker.publish(&totals));
    events.retain(|event| !matches!(event, Event::Session(record) if record.phase == Phase::Final));
    events
}

/// A scrape after all captures.
fn scrape() -> String {
    let ledger = Arc::new(Ledger::new(Settings::default()));
    let workers: Vec<_> = CAPTURES.map(|name| Arc::new(WorkerSlot::new(name))).into();
    for (name, worker) in CAPTURES.iter().zip(&workers) {
        let events = events(name, worker);
        assert!(!events.is_empty(), "{name} has nothing to tell");
        events.iter().for_each(|event| ledger.apply(event));
    }
    let metrics = Metrics::new(Sources {
        ledger,
        learned: Arc::new(Learned::default()),
        workers,
        events: Box::new(EventTotals::default),
        started: SystemTime::UNIX_EPOCH,
        build: Build { version: "1", revision: "unknown", rustc: "unknown" },
    });
    metrics.loaded(RuleTotals::default(), SystemTime::UNIX_EPOCH);
    metrics.render()
}

/// The figure of a series.
fn figure(text: &str, series: &str) -> f64 {
    let value = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
}

#[test]
fn promtool_finds_nothing_to_say() {
    let child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: promtool is not installed (Debian package prometheus)");
        return;
    };
    let text = scrape();
    assert!(text.contains("geophone_client_sessions{"), "no client mines");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

#[test]
fn every_series_is_of_the_catalogue() {
    let text = scrape();
    let mut seen = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let entry = CATALOGUE.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{line}"));
        let inside = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
        let pairs: Vec<(&str, &str)> = inside
            .split_inclusive("\",")
            .map(|pair| pair.trim_end_matches(',').trim_end_matches('"').split_once("=\"").unwrap())
            .collect();
        let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, entry.labels.iter().map(|label| label.name).collect::<Vec<_>>(), "{line}");
        for (label, value) in pairs {
            assert!(label_values(name, label).is_none_or(|set| set.contains(&value)), "{line}");
        }
        seen += 1;
    }
    assert!(seen > 400, "only {seen} series");
}

/// By tests/captures/truth.jsonl: six miners, each at a server of its own; three for one wallet, one of which had asked
/// for a pool that the rules name; one in a page of a web site, for a site key.
#[test]
fn pools_payees_and_sites_of_real_sessions_are_counted() {
    let text = scrape();
    for (series, expected) in [
        ("geophone_payee_clients_max", 3.0),
        ("geophone_payees", 4.0),
        ("geophone_payees_seen_total", 4.0),
        ("geophone_pool_clients{pool=\"SupportXMR\"}", 1.0),
        ("geophone_pool_clients{pool=\"unlisted\"}", 5.0),
        ("geophone_pool_clients{pool=\"other\"}", 0.0),
        ("geophone_pool_clients_max", 1.0),
        ("geophone_pool_sessions{pool=\"SupportXMR\"}", 1.0),
        ("geophone_pool_sessions{pool=\"unlisted\"}", 5.0),
        ("geophone_pools", 6.0),
        ("geophone_pools_seen_total", 6.0),
        ("geophone_site_clients_max", 1.0),
        ("geophone_sites", 1.0),
        ("geophone_sites_seen_total", 1.0),
    ] {
        assert_eq!(figure(&text, series), expected, "{series}");
    }
    for word in ["43o6FqzsGaSE", "www.example.org", "203.0.113."] {
        assert!(!text.contains(word), "{word} is the wire's word");
    }
}
