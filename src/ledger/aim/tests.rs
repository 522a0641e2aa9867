//! For whom clients mine: names of the rules, endpoints, payees and sites, over time and at the bounds.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::detect::{Dialect, Event, Phase};
use crate::ledger::tests::Flow;
use crate::ledger::{Ledger, Settings};

const START: u64 = 1_000;

fn ledger() -> Ledger {
    // Longer than the hour: the accounts must outlive what they forget.
    Ledger::new(Settings { max_clients: 100, client_idle: Duration::from_secs(86_400) })
}

/// A session of a client at a pool of that name, or at an endpoint of that number.
fn session(id: u64, client: &str, pool: Result<&str, u8>) -> Flow {
    let mut flow = Flow::new(id, client, Dialect::Cryptonote);
    match pool {
        Ok(name) => flow.mining.pool = Some(Arc::from(name)),
        Err(number) => flow.server = [198, 51, 100, number].into(),
    }
    flow
}

fn begin(ledger: &Ledger, flow: &Flow) {
    ledger.apply(&flow.record(Phase::Confirmed));
}

fn end(ledger: &Ledger, flow: &mut Flow, at: u64) {
    flow.mining.last_seen = Time::from_secs(at);
    ledger.apply(&flow.record(Phase::Final));
}

fn mined_for(ledger: &Ledger) -> MinedFor {
    ledger.snapshot().mined_for
}

/// Sessions and clients of the pools that have any, by name.
fn rows(ledger: &Ledger) -> Vec<(String, u64, u64)> {
    let names = mined_for(ledger).names;
    assert!(names.contains_key(UNLISTED) && names.contains_key(OTHER), "they are always there");
    let rows = names.into_iter().filter(|(_, row)| *row != PoolRow::default());
    rows.map(|(name, row)| (name.to_string(), row.sessions, row.clients)).collect()
}

fn row(name: &str, sessions: u64, clients: u64) -> (String, u64, u64) {
    (name.to_owned(), sessions, clients)
}

const fn spread(known: usize, clients_max: u64, seen: u64) -> Spread {
    Spread { known, clients_max, seen }
}

#[test]
fn clients_are_counted_at_named_and_at_unlisted_pools() {
    let ledger = ledger();
    assert_eq!(rows(&ledger), []);
    let flows = [
        session(1, "10.0.0.1", Ok("Nanopool")),
        session(2, "10.0.0.1", Ok("Nanopool")),
        session(3, "10.0.0.2", Ok("Nanopool")),
        session(4, "10.0.0.2", Err(1)),
        session(5, "10.0.0.2", Err(2)),
    ];
    flows.iter().for_each(|flow| begin(&ledger, flow));
    assert_eq!(rows(&ledger), [row("Nanopool", 3, 2), row(UNLISTED, 2, 1)]);
    assert_eq!(mined_for(&ledger).pools, spread(3, 2, 3), "an operator and two endpoints");
    let sessions: u64 = ledger.snapshot().sessions.values().sum();
    assert_eq!(sessions, 5);
}

#[test]
fn a_payee_and_a_site_are_shared_by_clients() {
    let ledger = ledger();
    for n in 1..=3 {
        let mut flow = session(n, &format!("10.0.0.{n}"), Err(n as u8));
        flow.mining.payee = Some("44AFFq5k".to_owned());
        flow.mining.site = (n < 3).then(|| "https://films.example".to_owned());
        begin(&ledger, &flow);
        end(&ledger, &mut flow, START + n);
    }
    let mut other = session(4, "10.0.0.1", Err(1));
    other.mining.payee = Some("another".to_owned());
    begin(&ledger, &other);
    let found = mined_for(&ledger);
    assert_eq!(found.payees, spread(2, 3, 2));
    assert_eq!(found.sites, spread(1, 2, 1));
    assert_eq!(found.pools, spread(3, 1, 3));
}

#[test]
fn what_ended_counts_for_an_hour_and_what_runs_for_as_long() {
    let ledger = ledger();
    let (running, mut ended) = (session(1, "10.0.0.1", Ok("A")), session(2, "10.0.0.2", Ok("B")));
    begin(&ledger, &running);
    begin(&ledger, &ended);
    end(&ledger, &mut ended, START + 60);
    let at = |secs| {
        ledger.expire(Time::from_secs(secs));
        rows(&ledger)
    };
    assert_eq!(at(START + 60 + 3599), [row("A", 1, 1), row("B", 0, 1)]);
    assert_eq!(at(START + 60 + 3600), [row("A", 1, 1)]);
    assert!(!mined_for(&ledger).names.contains_key("B"), "its series ends");
    assert_eq!(at(START + 80_000), [row("A", 1, 1)]);
    assert_eq!(mined_for(&ledger).pools, spread(1, 1, 2));
    assert_eq!(ledger.snapshot().clients_apart(), 2, "the accounts stay");
}

#[test]
fn hints_and_names_alone_count_nothing() {
    let ledger = ledger();
    let mut flow = session(1, "10.0.0.1", Ok("A"));
    ledger.apply(&flow.alert());
    flow.mining.certainty = Certainty::Hint;
    begin(&ledger, &flow);
    assert_eq!((rows(&ledger), mined_for(&ledger).pools), (vec![], spread(0, 0, 0)));
    flow.mining.certainty = Certainty::Strong;
    ledger.apply(&flow.record(Phase::Interval));
    assert_eq!(rows(&ledger), [row("A", 1, 1)]);
}

#[test]
fn seen_counts_once_until_it_is_forgotten() {
    let ledger = ledger();
    for n in 0..3 {
        begin(&ledger, &session(n, "10.0.0.1", Ok("A")));
    }
    ledger.expire(Time::from_secs(START + 500_000)); // accounts and hours pass; what was seen stays
    begin(&ledger, &session(9, "10.0.0.2", Ok("A")));
    assert_eq!(mined_for(&ledger).pools.seen, 1);

    let mut seen = Remembered::default();
    (0..MAX_SEEN as u64 + 1).for_each(|key| seen.note(key));
    assert_eq!((seen.total, seen.keys.len(), seen.order.len()), (MAX_SEEN as u64 + 1, MAX_SEEN, MAX_SEEN));
    seen.note(1);
    assert_eq!(seen.total, MAX_SEEN as u64 + 1, "this one is remembered");
    seen.note(0);
    assert_eq!(seen.total, MAX_SEEN as u64 + 2, "this one was forgotten and counts again");
}

#[test]
fn a_pool_whose_name_shows_later_counts_once() {
    let ledger = ledger();
    let mut flow = session(1, "10.0.0.1", Err(1));
    begin(&ledger, &flow);
    flow.mining.pool = Some(Arc::from("A"));
    flow.mining.payee = Some("late".to_owned());
    ledger.apply(&flow.record(Phase::Interval));
    end(&ledger, &mut flow, START + 1);
    assert_eq!(rows(&ledger), [row("A", 0, 1)]);
    assert_eq!((mined_for(&ledger).pools.known, mined_for(&ledger).payees), (1, spread(1, 1, 1)));
}

#[test]
fn a_session_whose_roles_turn_leaves_nothing_behind() {
    let ledger = ledger();
    let mut flow = session(1, "198.51.100.1", Ok("A"));
    begin(&ledger, &flow);
    flow.client = "10.0.0.1".parse().unwrap();
    ledger.apply(&flow.record(Phase::Interval));
    assert_eq!(rows(&ledger), [row("A", 1, 1)]);
}

#[test]
fn names_past_the_bound_are_other_until_places_are_free() {
    let ledger = Ledger::new(Settings { max_clients: 2_000, ..Settings::default() });
    let mut flows: Vec<Flow> = (0..MAX_NAMES as u64 + 2)
        .map(|n| session(n, &format!("10.0.{}.{}", n / 250, n % 250), Ok(&format!("pool {n}"))))
        .collect();
    flows.iter().for_each(|flow| begin(&ledger, flow));
    let found = mined_for(&ledger);
    assert_eq!((found.names.len(), found.names[OTHER].clients), (MAX_NAMES + 2, 2));
    assert_eq!(found.pools.known, MAX_NAMES + 2, "apart all the same");

    drop(found); // it holds the names
    end(&ledger, &mut flows[0], START);
    ledger.expire(Time::from_secs(START + 3600));
    begin(&ledger, &session(5_000, "10.9.9.9", Ok("late")));
    let found = mined_for(&ledger);
    assert_eq!((found.names["late"].clients, found.names[OTHER].clients), (1, 2));
}

#[test]
fn an_account_keeps_the_newest_of_what_ended() {
    let ledger = ledger();
    for n in 0..20 {
        let mut flow = session(n, "10.0.0.1", Ok(&format!("pool {n}")));
        begin(&ledger, &flow);
        end(&ledger, &mut flow, START + n);
    }
    let held: Vec<String> = rows(&ledger).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(held, (12..20).map(|n| format!("pool {n}")).collect::<Vec<_>>());
    for n in 20..40 {
        begin(&ledger, &session(n, "10.0.0.1", Ok(&format!("pool {n}"))));
    }
    assert_eq!(mined_for(&ledger).pools.known, 8 + 20, "those that run count all");
}

#[test]
fn clients_past_the_bound_count_as_one() {
    let ledger = Ledger::new(Settings { max_clients: 1, ..Settings::default() });
    for n in 1..=4 {
        begin(&ledger, &session(n, &format!("10.0.0.{n}"), Ok("A")));
    }
    assert_eq!(rows(&ledger), [row("A", 4, 2)]);
}

#[test]
fn an_operator_that_is_called_as_we_call_the_rest_is_one_series_with_it() {
    let ledger = ledger();
    begin(&ledger, &session(1, "10.0.0.1", Ok(UNLISTED)));
    begin(&ledger, &session(2, "10.0.0.2", Err(1)));
    assert_eq!(rows(&ledger), [row(UNLISTED, 2, 2)]);
}

/// What a flow's events are, from the public side: the operator's name stays with the ledger no longer than it counts.
#[test]
fn a_name_is_not_kept_for_the_event_that_brought_it() {
    let ledger = ledger();
    let name: Arc<str> = Arc::from("A");
    let mut flow = session(1, "10.0.0.1", Err(1));
    flow.mining.pool = Some(Arc::clone(&name));
    let event: Event = flow.record(Phase::Confirmed);
    ledger.apply(&event);
    drop((event, flow));
    assert_eq!(Arc::strong_count(&name), 1);
}
