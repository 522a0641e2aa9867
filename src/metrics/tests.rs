//! The text of a scrape: its names, its zeros, its sums, and what Prometheus's own linter says of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::capture;
use crate::detect::{Certainty, Dialect, Event, Phase, Signal, Transport};
use crate::learned::{Known, Learned};
use crate::ledger::Settings;
use crate::ledger::tests::Flow;
use crate::packet::Time;

/// Metrics of two workers on one interface and one on another, and five clients of which two are past the bound.
fn state() -> (Metrics, Vec<Arc<WorkerSlot>>) {
    let ledger = Ledger::new(Settings { max_clients: 3, ..Settings::default() });
    events().iter().for_each(|event| ledger.apply(event));
    let workers: Vec<_> = ["eth0", "eth0", "eth1"].map(|name| Arc::new(WorkerSlot::new(name))).into();
    let metrics = Metrics::new(Sources {
        ledger: Arc::new(ledger),
        learned: Arc::new(learned()),
        workers: workers.clone(),
        events: Box::new(|| EventTotals { alert: 5, mining_session: 4, stats: 0, dropped: 1 }),
        started: SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500),
        build: Build { version: "1.2.3", revision: "abc\"\\\n", rustc: "1.95.0" },
    });
    (metrics, workers)
}

/// Sources that say nothing yet.
pub(crate) fn sources() -> Sources {
    Sources {
        ledger: Arc::new(Ledger::new(Settings::default())),
        learned: Arc::default(),
        workers: vec![Arc::new(WorkerSlot::new("any"))],
        events: Box::new(EventTotals::default),
        started: SystemTime::UNIX_EPOCH,
        build: Build { version: "1", revision: "unknown", rustc: "unknown" },
    }
}

/// Three names of which one table of so few holds not all, and an endpoint.
fn learned() -> Learned {
    let learned =
        Learned::new(crate::learned::Settings { max_names: 1, ..crate::learned::Settings::default() });
    let [client, server, other] = ["10.0.0.1", "192.0.2.1", "192.0.2.2"].map(|a| a.parse().unwrap());
    for server in [server, other] {
        for port in 0..64 {
            let client = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, port));
            learned.name(client, server, "pool.example.com", 60, Time(0));
        }
    }
    let known = Known { dialect: Dialect::Bitcoin, name: None, pool: None, coin: None };
    learned.endpoint(crate::packet::Endpoint { addr: client, port: 3333 }, known, Time(0));
    learned
}

fn events() -> Vec<Event> {
    let mut xmr = Flow::new(1, "10.0.0.1", Dialect::Cryptonote);
    xmr.mining.algorithm = Some("rx/0".into());
    xmr.shares(10, 8, Some(5_250.5));
    xmr.mining.pool = Some("Nano\"pool".into());
    xmr.mining.payee = Some("44AFFq5k".into());
    let mut btc = Flow::new(2, "2001:db8:1:2:3::4", Dialect::Bitcoin);
    btc.shares(2, 2, Some(1e14));
    let hostile = Flow::new(3, "10.0.0.11", Dialect::Bitcoin);
    let mut lost = Flow::new(4, "10.0.0.99", Dialect::Bitcoin);
    lost.mining.algorithm = Some("x\"} 1\n".into());
    lost.shares(1, 0, Some(1.0));
    vec![
        xmr.alert(),
        xmr.record(Phase::Confirmed),
        btc.alert(),
        btc.record(Phase::Interval),
        hostile.alert(),
        lost.alert(),
        lost.record(Phase::Final),
        Flow::new(5, "10.0.0.98", Dialect::Bitcoin).alert(),
    ]
}

fn totals(n: u64) -> WorkerTotals {
    let mut totals = WorkerTotals {
        capture: capture::Totals { received: 100 * n, dropped: n, interface_dropped: 10 + n },
        last_packet: Some(Time(1_700_000_000_250_000 + n)),
        busy: Duration::from_millis(250),
        max_flows: 65_536,
        ..WorkerTotals::default()
    };
    totals.stats.bytes = 1_000 * n;
    totals.stats.flows = n;
    totals.stats.flows_created = 2 * n;
    totals.stats.skipped[0] = n;
    totals.stats.messages.0[1] = n;
    totals.stats.malformed_lines = n;
    totals.stats.panics = n;
    totals
}

/// The lines of one metric, without the comments.
fn lines<'a>(text: &'a str, metric: &str) -> Vec<&'a str> {
    let of = |line: &&str| line.strip_prefix(metric).is_some_and(|rest| rest.starts_with([' ', '{']));
    text.lines().filter(of).collect()
}

#[test]
fn a_fixed_state_reads_as_written_down() {
    let (metrics, workers) = state();
    for (slot, n) in workers.iter().zip(1..) {
        assert!(slot.publish(&totals(n)));
    }
    let mut refused = [0; Reason::ALL.len()];
    refused[Reason::Platform as usize] = 7;
    let rules = RuleTotals { detections: 12, pools: 345, addresses: 6, allowed: 8, scripts: 9, refused };
    metrics.loaded(rules, SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_001));
    metrics.load_failed();
    let text = metrics.render();
    let fixed: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("process_") || line.contains("process_start_time_seconds"))
        .collect();
    insta::assert_snapshot!("scrape", fixed.join("\n"));
}

#[test]
fn every_metric_of_the_catalogue_is_there_and_no_other() {
    let (metrics, workers) = state();
    assert!(workers.iter().all(|slot| slot.publish(&totals(1))));
    let text = metrics.render();
    let typed = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let typed: Vec<&str> = typed.map(|line| line.split(' ').next().unwrap()).collect();
    let names: Vec<&str> = CATALOGUE.iter().map(|entry| entry.name).collect();
    assert_eq!(typed, names, "the catalogue is in the order of the names, as the text is");
}

#[test]
fn no_series_stands_twice() {
    let (metrics, _) = state();
    let text = metrics.render();
    let series: Vec<&str> =
        text.lines().filter(|l| !l.starts_with('#')).map(|l| l.rsplit_once(' ').unwrap().0).collect();
    let once: BTreeSet<&str> = series.iter().copied().collect();
    assert_eq!(once.len(), series.len());
}

/// The labels of each series of a metric, in their order.
fn label_sets(text: &str, entry: &Entry) -> Vec<Vec<(String, String)>> {
    let pair = |pair: &str| pair.split_once("=\"").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let set = |line: &str| {
        let inside = line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
        inside
            .split_inclusive("\",")
            .filter_map(|p| pair(p.trim_end_matches(',').trim_end_matches('"')))
            .collect()
    };
    lines(text, entry.name).into_iter().map(set).collect()
}

#[test]
fn closed_label_values_exist_at_zero_before_the_first_packet() {
    let text = Metrics::new(sources()).render();
    let is_closed = |entry: &&Entry| entry.labels.iter().all(|label| label.values().is_some());
    let mut checked = 0;
    for entry in CATALOGUE.iter().filter(is_closed).filter(|entry| !entry.labels.is_empty()) {
        let sets = label_sets(&text, entry);
        for (at, label) in entry.labels.iter().enumerate() {
            let found: BTreeSet<_> = sets.iter().map(|set| set[at].1.as_str()).collect();
            let closed: BTreeSet<_> = label.values().unwrap().into_iter().collect();
            assert_eq!(found, closed, "{} {}", entry.name, label.name);
        }
        let zero = lines(&text, entry.name).iter().all(|line| line.ends_with(" 0"));
        assert!(zero, "{} begins above 0", entry.name);
        checked += 1;
    }
    assert!(checked >= 12, "only {checked} metrics have closed labels");
    for entry in CATALOGUE.iter().filter(|entry| entry.labels.is_empty()) {
        assert_eq!(lines(&text, entry.name).len(), 1, "{}", entry.name);
    }
    for line in [
        "geophone_capture_dropped_packets_total{interface=\"any\"} 0",
        "geophone_clients_limit 10000",
        "geophone_config_last_reload_successful 0",
        "geophone_pool_clients{pool=\"other\"} 0",
        "geophone_pool_sessions{pool=\"unlisted\"} 0",
    ] {
        assert!(text.lines().any(|l| l == line), "missing: {line}\n{text}");
    }
    assert!(lines(&text, "geophone_client_shares_total").is_empty());
    assert!(lines(&text, "geophone_capture_last_packet_timestamp_seconds").is_empty(), "no packet, no time");
}

/// Whatever is detected, no series of a metric without open labels is new, and no label has a value beyond its set.
#[test]
fn no_detection_makes_a_series_that_was_not_there_at_zero() {
    let series = |text: &str| -> BTreeSet<String> {
        let closed = CATALOGUE.iter().filter(|e| e.labels.iter().all(|label| label.values().is_some()));
        closed.flat_map(|e| lines(text, e.name)).map(|l| l.rsplit_once(' ').unwrap().0.to_owned()).collect()
    };
    let before = series(&Metrics::new(sources()).render());
    let ledger = Arc::new(Ledger::new(Settings::default()));
    let mut live = Vec::new();
    let carried =
        Dialect::ALL.into_iter().flat_map(|d| Transport::MESSAGES.map(|t| (Signal::of(d, t), d, t)));
    let claims = Signal::CLAIMS.map(|signal| (signal, Dialect::Unknown, Transport::Tls));
    for (id, (signal, dialect, transport)) in (1..).zip(carried.chain(claims)) {
        let mut flow = Flow::new(id, "10.0.0.1", dialect);
        flow.signal = signal;
        flow.mining.transport = transport;
        flow.mining.algorithm = ["rx/0", "nonsense"].get(id as usize).map(|name| (*name).to_owned());
        for certainty in Certainty::ALL {
            flow.mining.certainty = certainty;
            ledger.apply(&flow.alert());
        }
        flow.shares(1, 1, Some(1.0));
        if dialect != Dialect::Unknown {
            ledger.apply(&flow.record(Phase::Confirmed));
        }
        live.push(flow);
    }
    let text = Metrics::new(Sources { ledger, ..sources() }).render();
    assert_eq!(series(&text).difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
    for entry in CATALOGUE {
        for (name, value) in label_sets(&text, entry).into_iter().flatten() {
            let closed = label_values(entry.name, &name);
            assert!(closed.is_none_or(|set| set.contains(&&*value)), "{} {name}={value}", entry.name);
        }
    }
}

/// HELP is one sentence with its stop, names have their units and suffixes, as promtool's linter and more wants.
#[test]
fn names_and_helps_keep_the_conventions() {
    for entry in CATALOGUE {
        let Entry { name, help, .. } = entry;
        assert!(help.ends_with('.') && !help.trim_end_matches('.').contains(". "), "{name}: {help}");
        assert!(help.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()), "{name}: {help}");
        assert!(entry.note.is_empty() || entry.note.ends_with('.'), "{name}: {}", entry.note);
        assert_eq!(name.ends_with("_total"), entry.kind == Kind::Counter, "{name}");
        for (unit, word) in [("_seconds", "second"), ("_bytes", "ytes")] {
            let has = name.trim_end_matches("_total").ends_with(unit);
            let says = help.contains(word) || help.contains("time") && word == "second";
            assert!(!has || says, "{name} does not say its unit: {help}");
        }
        assert!(["geophone_", "process_"].iter().any(|prefix| name.starts_with(prefix)), "{name}");
    }
}

/// Prints how long a scrape of a full table takes: `cargo test --release full_table -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "measures real time")]
fn a_full_table_renders() {
    let ledger = Ledger::new(Settings::default());
    for n in 0..10_000_u64 {
        let client = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n as u32).to_string();
        let mut flow = Flow::new(n, &client, Dialect::Bitcoin);
        ledger.apply(&flow.alert());
        flow.shares(n, n, Some(1.0));
        ledger.apply(&flow.record(Phase::Confirmed));
    }
    let metrics = Metrics::new(Sources { ledger: Arc::new(ledger), ..sources() });
    let before = std::time::Instant::now();
    let text = metrics.render();
    eprintln!("{} lines, {} bytes in {:?}", text.lines().count(), text.len(), before.elapsed());
    assert_eq!(lines(&text, "geophone_client_shares_total").len(), 30_000);
}
