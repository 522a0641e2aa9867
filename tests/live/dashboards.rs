//! Every query of the Grafana boards, asked of a real Prometheus that scrapes the real program while clients mine.

use std::collections::BTreeSet;

#[allow(dead_code, reason = "tests/grafana.rs reads more of it")]
#[path = "../grafana/boards.rs"]
mod boards;

use super::network::{self, Network};
use super::pool::Miner;
use super::prometheus::Prometheus;
use super::sensor::{Sensor, eventually};
use super::submit;

/// Panels with nothing to show while all is well and two clients mine.
const QUIET: [&str; 1] = ["x"];

#[test]
fn every_query_of_the_boards_is_answered() {
    network::run("dashboards::every_query_of_the_boards_is_answered_inside", &["prometheus"]);
}

#[test]
#[ignore = "run in a namespace"]
fn every_query_of_the_boards_is_answered_inside() {
    let directory = network::inside();
    let _network = Network::new();
    let _sensor = Sensor::start(&directory, &[]);
    let prometheus = Prometheus::start(&directory);
    prometheus.await_series("up", &[("", 1.0)]);
    let (mut bitcoin, mut monero) = (Miner::bitcoin(), Miner::cryptonote());
    for _ in 0..2 {
        submit(&mut bitcoin, 8, 1);
        submit(&mut monero, 8, 1);
        std::thread::sleep(std::time::Duration::from_secs(3));
    }
    let mut quiet = BTreeSet::new();
    for board in boards::all() {
        for query in board.queries() {
            let text = boards::filled(query.text, "10.77.0.2");
            let t = prometheus.query(&text);
            if t.is_empty() {
                quiet.insert(query.place);
            } else {
                eprintln!("{} {} {:?}", query.place, t.len(), t[0]);
            }
        }
    }
    panic!("{quiet:#?}");
}
