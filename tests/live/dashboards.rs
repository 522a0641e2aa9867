//! Every query of the Grafana boards, asked of a real Prometheus that scrapes the real program while clients mine.

use std::thread;
use std::time::Duration;

#[allow(dead_code, reason = "tests/grafana.rs reads more of it")]
#[path = "../grafana/boards.rs"]
mod boards;

use super::network::{self, Network};
use super::pool::Miner;
use super::prometheus::Prometheus;
use super::sensor::Sensor;
use super::submit;

/// Panels that have something to show only when something else happens than mining; and all that asks for alerts.
const QUIET: [&str; 2] =
    ["sensor.json: Coin networks' handshakes an hour", "sensor.json: Feed entries refused"];

#[test]
fn every_query_of_the_boards_is_answered() {
    network::run("dashboards::every_query_of_the_boards_is_answered_inside", &["prometheus"]);
}

#[test]
#[ignore = "run in a namespace"]
fn every_query_of_the_boards_is_answered_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let sensor = Sensor::start(&directory, &[]);
    let prometheus = Prometheus::start(&directory);
    prometheus.await_series("up", &[("", 1.0)]);
    let (mut bitcoin, mut monero) = (Miner::bitcoin(), Miner::cryptonote());
    let rate = "geophone_client_hashrate_hashes_per_second{client=\"10.77.0.2\",algorithm=\"sha256d\"}";
    // A hash rate needs twenty seconds of shares.
    for _ in 0..20 {
        submit(&mut bitcoin, 3, 1);
        submit(&mut monero, 3, 1);
        if sensor.metric(rate).is_some() {
            break;
        }
        thread::sleep(Duration::from_secs(2));
    }
    prometheus.await_series("count(geophone_client_hashrate_hashes_per_second > 0)", &[("", 2.0)]);

    let mut asked = 0;
    for board in boards::all() {
        for query in board.queries() {
            // Panics with what Prometheus says, if it refuses.
            let series = prometheus.query(&boards::filled(query.text, "10.77.0.2"));
            let alerts = query.text.contains("ALERTS{") && !query.text.contains(" or 0 * ");
            let quiet = alerts || QUIET.iter().any(|panel| query.place.starts_with(panel));
            assert_eq!(series.is_empty(), quiet, "{}: {series:?}", query.place);
            let numbers = series.iter().all(|(_, value)| value.is_finite());
            assert!(numbers, "{}: {series:?}", query.place);
            asked += 1;
        }
    }
    assert!(asked > 100, "only {asked} queries");
}
