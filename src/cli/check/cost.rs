//! What the settings in force may come to: memory at worst, and series in Prometheus. The figures of one thing are those
//! of ARCHITECTURE.md's table of bounds; a test compares them.

use crate::config::{Config, Loaded, People};
use crate::web;

/// KiB of a followed flow that was stuffed on purpose.
const FLOW_KIB: f64 = 7.0;
/// KiB of a pair of client and server with four names of the greatest length, and of a watched server.
const NAME_KIB: f64 = 1.6;
/// KiB of a learned endpoint.
const ENDPOINT_KIB: f64 = 1.2;
/// KiB of a client's account with sessions in two dialects, the same in the text of the metrics, and while that text is
/// made.
const CLIENT_KIB: f64 = 2.6;
const SHOWN_KIB: f64 = 0.9;
const SCRAPED_KIB: f64 = 6.7;
/// KiB of an event that waits, each of its texts as long as it may be.
const EVENT_KIB: f64 = 8.0;
/// KiB of a connection to the web server; a slow one may hold a text of the metrics of its own.
const CONNECTION_KIB: f64 = 64.0;
/// MiB of rules besides listed names, KiB of a listed name with its part of what reading takes, and how many rule sets
/// there may be over a reload.
const RULES_MIB: f64 = 2.0;
const LISTED_KIB: f64 = 0.1;
const RULE_SETS: usize = 4;
/// KiB of a network that the operator named: in force, and while its line is read anew.
const NAMED_KIB: f64 = 0.22;
/// MiB of a worker's fixed tables: claims that wait, QUIC handshakes, sieves and rings.
const WORKER_MIB: f64 = 6.5;
/// Series of a client that mines in one way: certainty, last detection, three of shares, and one each of detections,
/// sessions and hash rate. Another dialect adds three.
pub(super) const SERIES: usize = 8;

/// One line of the account.
pub(super) struct Cost {
    pub(super) what: &'static str,
    pub(super) mib: f64,
    /// What it is made of.
    pub(super) why: String,
}

/// Memory at worst, by what takes it.
pub(super) fn memory(config: &Config, loaded: &Loaded, people: &People) -> Vec<Cost> {
    let Config { capture, sensor, learned, events, ledger, .. } = config;
    let workers = capture.interfaces.len() * capture.workers;
    let each = if workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") };
    let kib = |count: usize, kib: f64| count as f64 * kib / 1024.0;
    let listed: usize = loaded.rules.list_counts().iter().map(|l| l.hosts + l.addresses + l.allowed).sum();
    let text = kib(ledger.max_clients, SHOWN_KIB) + CONNECTION_KIB / 1024.0;
    let readers = web::Settings::default().max_connections;
    let cost = |what, mib, why| Cost { what, mib, why };
    let mut costs = vec![
        cost("kernel ring", (capture.ring_mib * workers) as f64, format!("capture.ring_mib, {each}")),
        cost(
            "flows",
            kib(sensor.max_flows * workers, FLOW_KIB),
            format!("sensor.max_flows of {FLOW_KIB} KiB, {each}"),
        ),
        cost("streams", (sensor.max_stream_mib * workers) as f64, format!("sensor.max_stream_mib, {each}")),
        cost("workers", WORKER_MIB * workers as f64, format!("fixed, {each}")),
        cost(
            "learned",
            kib(learned.max_names, NAME_KIB) + kib(learned.max_endpoints, ENDPOINT_KIB),
            format!("learned.max_names of {NAME_KIB} KiB, learned.max_endpoints of {ENDPOINT_KIB} KiB"),
        ),
        cost(
            "clients",
            kib(ledger.max_clients, CLIENT_KIB),
            format!("ledger.max_clients of {CLIENT_KIB} KiB, with sessions in two dialects"),
        ),
        cost(
            "a scrape",
            kib(ledger.max_clients, SCRAPED_KIB),
            format!("{SCRAPED_KIB} KiB a client, while the text of the metrics is made"),
        ),
        cost("events", kib(events.queue, EVENT_KIB), format!("events.queue of {EVENT_KIB} KiB")),
        cost(
            "rules",
            RULES_MIB + kib(listed * RULE_SETS, LISTED_KIB),
            format!("{listed} names, over a reload {RULE_SETS} times"),
        ),
        cost(
            "web",
            text * readers as f64,
            format!("{readers} slow readers, each with a text of all clients' metrics"),
        ),
    ];
    if let Some(all) = &people.privacy.subscribers {
        let why = format!("{} networks, with what a reload reads", all.networks());
        costs.push(cost("subscribers", kib(all.networks(), NAMED_KIB), why));
    }
    costs
}

/// Series of clients at worst, where each mines in one way.
pub(super) const fn series(config: &Config) -> usize {
    config.ledger.max_clients * SERIES
}

/// Memory of this host, in MiB.
pub(super) fn host_mib() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kib: f64 =
        text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

/// MiB with a unit that suits them.
pub(super) fn shown(mib: f64) -> String {
    if mib >= 10_240.0 { format!("{:.0} GiB", mib / 1024.0) } else { format!("{:.0} MiB", mib.max(1.0)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_all;

    #[test]
    fn the_figures_are_those_of_the_document() {
        let readers = web::Settings::default().max_connections;
        let page = include_str!("../../../ARCHITECTURE.md");
        for (row, figure) in [
            ("| followed flows |", format!("{FLOW_KIB} KiB for a session stuffed")),
            ("| learned endpoints |", format!("{ENDPOINT_KIB} KiB each")),
            ("| clients |", format!("{CLIENT_KIB} KiB with sessions in two dialects")),
            ("| clients |", format!("{SCRAPED_KIB} KiB while a scrape is made")),
            ("| web connections |", format!("fixed ({readers}) | {CONNECTION_KIB} KiB each")),
            // Both tables of what is learned: 65 536 of each.
            ("| learned names", format!("{:.0} MiB", 65_536.0 * NAME_KIB / 1024.0 + 2.6)),
        ] {
            let line = page.lines().find(|l| l.starts_with(row)).unwrap_or_else(|| panic!("no row {row}"));
            assert!(line.contains(&figure), "{figure}: {line}");
        }
    }

    #[test]
    fn the_unit_has_room_for_the_default() {
        let config = Config::default();
        let costs = memory(&config, &load_all(&config).unwrap(), &People::default());
        let together: f64 = costs.iter().map(|c| c.mib).sum();
        let unit = include_str!("../../../systemd/geophone.service");
        for limit in ["MemoryHigh=", "MemoryMax="] {
            let mib =
                unit.lines().find_map(|l| l.strip_prefix(limit)?.strip_suffix('M')?.parse::<f64>().ok());
            let mib = mib.unwrap_or_else(|| panic!("no {limit} in MiB"));
            assert!((together..2.0 * together).contains(&mib), "{limit}{mib}M for {together} MiB");
        }
    }

    #[test]
    fn workers_and_interfaces_multiply_what_is_theirs() {
        let mut config = Config::default();
        let loaded = load_all(&config).unwrap();
        let of = |config: &Config, what: &str| {
            memory(config, &loaded, &People::default()).iter().find(|c| c.what == what).unwrap().mib
        };
        assert!(
            (of(&config, "kernel ring") - 64.0).abs() < 0.01 && (of(&config, "flows") - 448.0).abs() < 0.01
        );
        config.capture.workers = 4;
        config.capture.interfaces = vec!["a".into(), "b".into()];
        assert!(
            (of(&config, "kernel ring") - 512.0).abs() < 0.01 && (of(&config, "flows") - 3584.0).abs() < 0.01
        );
        assert!((of(&config, "clients") - 25.39).abs() < 0.01, "clients are the daemon's");
    }
}
