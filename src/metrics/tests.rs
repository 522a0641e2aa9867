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
        events: Box::new(|| EventTotals { alert: 5, mining_session: 4, stats: 0, dropped: 1, failed: 2 }),
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
            let client = std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, port));
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
        slot.set_capturing(n != 2);
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

/// One of two that share an interface is enough to be missed.
#[test]
fn an_interface_is_captured_where_all_its_workers_do() {
    let (metrics, workers) = state();
    let up = |value: [u8; 2]| {
        let lines = ["eth0", "eth1"].iter().zip(value);
        lines.map(|(name, n)| format!("geophone_capture_up{{interface=\"{name}\"}} {n}")).collect::<Vec<_>>()
    };
    assert_eq!(lines(&metrics.render(), "geophone_capture_up"), up([0, 0]), "not yet opened");
    workers.iter().for_each(|slot| slot.set_capturing(true));
    assert_eq!(lines(&metrics.render(), "geophone_capture_up"), up([1, 1]));
    for lost in &workers[..2] {
        lost.set_capturing(false);
        assert_eq!(lines(&metrics.render(), "geophone_capture_up"), up([0, 1]));
        lost.set_capturing(true);
    }
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

/// Prints what clients cost: `CLIENTS=10000 DIALECTS=2 cargo test --release --lib what_clients_cost -- --ignored
/// --nocapture`. One measurement a process, as memory that was given back hides what the next one takes.
#[test]
#[ignore = "a measurement"]
fn what_clients_cost() {
    let number = |name, or| std::env::var(name).map_or(or, |text| text.parse().unwrap());
    let (clients, dialects) = (number("CLIENTS", 10_000), number("DIALECTS", 2));
    let before = memory("VmRSS");
    let ledger = clients_of(clients, dialects);
    let grown = memory("VmRSS") - before;
    let metrics = Metrics::new(Sources { ledger: Arc::new(ledger), ..sources() });
    let (text, took) = rendered(&metrics);
    let of_clients: Vec<&str> = text.lines().filter(|line| line.starts_with("geophone_client_")).collect();
    let bytes: usize = of_clients.iter().map(|line| line.len() + 1).sum();
    eprintln!(
        "{clients} clients with {dialects} dialects: a client takes {} bytes, {} series, {} bytes of text; a scrape \
         takes {took:?}, gives {} bytes, and needs {} bytes more at its peak",
        grown / clients,
        of_clients.len() / clients,
        bytes / clients,
        text.len(),
        memory("VmHWM") - before - grown,
    );
    assert_eq!(lines(&text, "geophone_client_sessions").len(), clients * dialects);
}

/// Bytes of this process, by the kernel's word for them.
fn memory(kind: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(kind)).unwrap();
    line.trim_matches([':', '\t', ' ', 'k', 'B']).parse::<usize>().unwrap() * 1024
}

/// A ledger of so many clients, each with a session open in so many dialects, or else a name looked up.
fn clients_of(clients: usize, dialects: usize) -> Ledger {
    let ledger = Ledger::new(Settings { max_clients: clients, ..Settings::default() });
    for n in 0..clients as u64 {
        let client = std::net::Ipv4Addr::from_bits(0x0a00_0000 + n as u32).to_string();
        if dialects == 0 {
            ledger.apply(&Flow::new(n, &client, Dialect::Unknown).alert());
        }
        let all = [(Dialect::Cryptonote, "rx/0"), (Dialect::Bitcoin, "sha256d")];
        for (at, (dialect, algorithm)) in (0..).zip(&all[..dialects]) {
            let mut flow = Flow::new(2 * n + at, &client, *dialect);
            flow.mining.algorithm = Some((*algorithm).to_owned());
            flow.mining.pool = Some(format!("pool {}", n % 100).into());
            flow.mining.payee = Some(format!("payee {n} {at}"));
            flow.shares(n, n, Some(1234.5));
            ledger.apply(&flow.alert());
            ledger.apply(&flow.record(Phase::Confirmed));
        }
    }
    ledger
}

#[expect(clippy::disallowed_methods, reason = "measures real time")]
fn rendered(metrics: &Metrics) -> (String, Duration) {
    let before = std::time::Instant::now();
    let text = metrics.render();
    (text, before.elapsed())
}

#[test]
fn clients_are_called_as_they_are_kept() {
    for (client, label) in [
        (Client::Address([192, 0, 2, 1].into()), "192.0.2.1"),
        (Client::Address("2001:db8:1:2::".parse().unwrap()), "2001:db8:1:2::"),
        (Client::Network([192, 0, 2, 0].into(), 24), "192.0.2.0/24"),
        (Client::Network("2001:db8::".parse().unwrap(), 56), "2001:db8::/56"),
        (Client::Subscriber("Müller, \"A\"".into()), "Müller, \"A\""),
        (Client::Other, "other"),
    ] {
        assert_eq!(client_label(&client), label);
    }
}
