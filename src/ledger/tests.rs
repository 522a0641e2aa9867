//! The accounts under the orders of events that really come: late roles, full table, lost sessions, many threads.

use std::net::IpAddr;
use std::sync::Arc;
use std::thread;

use super::*;
use crate::detect::{FlowIdentity, Live, Mining};
use crate::packet::{Endpoint, Proto, Vlans};
use crate::privacy::{Pseudonyms, Secret, Subnets};
use crate::rules::Rule;
use crate::subscribers::Subscribers;

mod interleaved;

/// One mining flow of a test, as its worker sees it.
pub(crate) struct Flow {
    pub(crate) id: u64,
    pub(crate) client: IpAddr,
    pub(crate) server: IpAddr,
    pub(crate) signal: Signal,
    pub(crate) live: Arc<Live>,
    pub(crate) mining: Mining,
}

impl Flow {
    pub(crate) fn new(id: u64, client: &str, dialect: Dialect) -> Self {
        let at = Time::from_secs(1_000);
        let bare = Mining::bare(dialect, Transport::Tcp, Certainty::Proven, at);
        let mining = Mining { client_role_proven: true, ..bare };
        let server = "198.51.100.1".parse().unwrap();
        Self {
            id,
            client: client.parse().unwrap(),
            server,
            signal: Signal::StratumMessage,
            live: Arc::default(),
            mining,
        }
    }

    fn identity(&self) -> FlowIdentity {
        FlowIdentity {
            id: self.id,
            client: Endpoint { addr: self.client, port: 40_000 },
            server: Endpoint { addr: self.server, port: 3333 },
            proto: Proto::Tcp,
            vlans: Vlans::default(),
        }
    }

    pub(crate) fn alert(&self) -> Event {
        let rule = Rule {
            id: 1,
            rev: 1,
            name: String::new(),
            category: String::new(),
            severity: 1,
            signal: self.signal,
            dialect: None,
            certainty: Certainty::Proven,
        };
        Event::Alert(Box::new(Alert {
            time: self.mining.last_seen,
            flow: self.identity(),
            rule: Arc::new(rule),
            signal: self.signal,
            reason: String::new(),
            mining: self.mining.clone(),
        }))
    }

    pub(crate) fn record(&self, phase: Phase) -> Event {
        Event::Session(Box::new(SessionRecord {
            time: self.mining.last_seen,
            flow: self.identity(),
            phase,
            mining: self.mining.clone(),
            live: Arc::clone(&self.live),
        }))
    }

    /// Counts shares as the worker does: in its own account, then published.
    pub(crate) fn shares(&mut self, submitted: u64, accepted: u64, hashrate: Option<f64>) {
        self.mining.shares = Shares { submitted, accepted, rejected: submitted - accepted };
        self.mining.hashrate = hashrate;
        self.live.publish(self.mining.shares, hashrate);
    }
}

fn small(max_clients: usize) -> Ledger {
    Ledger::new(Settings { max_clients, client_idle: Duration::from_secs(60) })
}

fn row(ledger: &Ledger, client: Client) -> ClientRow {
    ledger.snapshot().clients.into_iter().find(|row| row.client == client).unwrap()
}

fn row_of(ledger: &Ledger, addr: &str) -> ClientRow {
    row(ledger, Client::of(addr.parse().unwrap(), &Privacy::default()))
}

#[test]
fn an_alert_makes_a_client_and_counts() {
    let ledger = small(10);
    let mut flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    flow.mining.certainty = Certainty::Hint;
    ledger.apply(&flow.alert());
    flow.mining.certainty = Certainty::Proven;
    flow.mining.last_seen = Time::from_secs(1_010);
    ledger.apply(&flow.alert());
    flow.mining.certainty = Certainty::Strong;
    flow.mining.last_seen = Time::from_secs(1_005); // another worker, a little behind
    ledger.apply(&flow.alert());

    let row = row_of(&ledger, "10.0.0.1");
    assert_eq!(row.certainty, Some(Certainty::Proven));
    assert_eq!(row.first_detection, Some(Time::from_secs(1_000)));
    assert_eq!(row.last_detection, Some(Time::from_secs(1_010)));
    assert_eq!(row.detections[&(Signal::StratumMessage, Dialect::Bitcoin)], 3);
    let totals = ledger.snapshot().detections;
    assert_eq!(totals[&(Signal::StratumMessage, Dialect::Bitcoin, Certainty::Hint)], 1);
    assert_eq!(totals[&(Signal::StratumMessage, Dialect::Cryptonote, Certainty::Hint)], 0);
}

#[test]
fn ipv6_clients_fold_to_their_subscriber() {
    let ledger = small(10);
    ledger.apply(&Flow::new(1, "2001:db8:1:2:aaaa::1", Dialect::Bitcoin).alert());
    ledger.apply(&Flow::new(2, "2001:db8:1:2:bbbb::1", Dialect::Bitcoin).alert());
    ledger.apply(&Flow::new(3, "2001:db8:1:3::1", Dialect::Bitcoin).alert());
    let clients: Vec<_> = ledger.snapshot().clients.iter().map(|row| row.client.clone()).collect();
    let of = |addr: &str| Client::Address(addr.parse().unwrap());
    assert_eq!(clients, [of("2001:db8:1:2::"), of("2001:db8:1:3::")]);
}

#[test]
fn shares_are_those_of_ended_and_running_sessions() {
    let ledger = small(10);
    let mut first = Flow::new(1, "10.0.0.1", Dialect::Cryptonote);
    let mut second = Flow::new(2, "10.0.0.1", Dialect::Bitcoin);
    first.mining.algorithm = Some("rx/0".into());
    ledger.apply(&first.record(Phase::Confirmed));
    ledger.apply(&second.record(Phase::Confirmed));
    first.shares(10, 8, Some(5_000.0));
    second.shares(3, 3, None);

    let running = row_of(&ledger, "10.0.0.1");
    assert_eq!(running.shares, Shares { submitted: 13, accepted: 11, rejected: 2 });
    assert_eq!(running.sessions, [(Dialect::Bitcoin, 1), (Dialect::Cryptonote, 1)].into());
    assert_eq!(running.hashrate, [("rx/0", 5_000.0)].into());

    ledger.apply(&first.record(Phase::Final));
    second.shares(4, 4, None);
    let row = row_of(&ledger, "10.0.0.1");
    assert_eq!(row.shares, Shares { submitted: 14, accepted: 12, rejected: 2 });
    assert_eq!(row.sessions, [(Dialect::Bitcoin, 1), (Dialect::Cryptonote, 0)].into());
    assert_eq!(row.hashrate, [("rx/0", 0.0)].into(), "measured once, and nobody runs it now");
    assert_eq!(ledger.snapshot().sessions[&(Dialect::Bitcoin, Transport::Tcp)], 1);
    assert_eq!(ledger.snapshot().sessions_seen, 2);
}

#[test]
fn a_rate_that_is_unknown_again_is_absent_not_zero() {
    let ledger = small(10);
    let mut flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    flow.shares(1, 1, Some(7.0));
    ledger.apply(&flow.record(Phase::Confirmed));
    flow.shares(1, 1, None);
    assert!(row_of(&ledger, "10.0.0.1").hashrate.is_empty());
}

#[test]
fn a_final_record_alone_still_counts() {
    let ledger = small(10);
    let mut flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    flow.shares(5, 4, None);
    ledger.apply(&flow.record(Phase::Final));
    assert_eq!(row_of(&ledger, "10.0.0.1").shares.submitted, 5);
    assert_eq!(ledger.snapshot().sessions_seen, 1);
    assert!(ledger.homes.is_empty());
}

#[test]
fn a_record_counts_even_where_nothing_was_published() {
    let ledger = small(10);
    let mut flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    flow.mining.shares.submitted = 9;
    ledger.apply(&flow.record(Phase::Interval));
    assert_eq!(row_of(&ledger, "10.0.0.1").shares.submitted, 9);
}

#[test]
fn clients_past_the_bound_share_one_account_and_their_sessions_stay_there() {
    let ledger = small(1);
    let first = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    ledger.apply(&first.alert());
    let mut second = Flow::new(2, "10.0.0.2", Dialect::Bitcoin);
    ledger.apply(&second.alert());
    ledger.apply(&second.record(Phase::Confirmed));
    ledger.apply(&second.record(Phase::Interval));
    second.shares(6, 6, None);
    let snapshot = ledger.snapshot();
    assert_eq!((snapshot.clients_apart(), snapshot.overflow), (1, 2), "an alert and a session");
    assert_eq!(row(&ledger, Client::Other).shares.submitted, 6);

    ledger.expire(Time::from_secs(1_060));
    assert_eq!(ledger.snapshot().clients_apart(), 0);
    ledger.apply(&second.record(Phase::Interval)); // room now, but the session lives in `other`
    assert_eq!(ledger.snapshot().clients_apart(), 0);
    ledger.apply(&second.record(Phase::Final));
    assert_eq!(row(&ledger, Client::Other).shares.submitted, 6);
    ledger.apply(&Flow::new(3, "10.0.0.2", Dialect::Bitcoin).record(Phase::Confirmed));
    assert_eq!(row_of(&ledger, "10.0.0.2").shares.submitted, 0);
}

#[test]
fn idle_clients_expire_by_packet_time_but_not_with_a_session() {
    let ledger = small(10);
    let flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    ledger.apply(&flow.record(Phase::Confirmed));
    ledger.apply(&Flow::new(2, "10.0.0.2", Dialect::Bitcoin).alert());
    ledger.expire(Time::from_secs(1_059));
    assert_eq!(ledger.snapshot().clients_apart(), 2);
    ledger.expire(Time::from_secs(900)); // the capture's clock went back
    ledger.expire(Time::from_secs(1_060));
    assert_eq!(ledger.snapshot().clients_apart(), 1);
    ledger.expire(Time::from_secs(1_000_000));
    assert_eq!(ledger.snapshot().clients_apart(), 1, "its session runs");
    ledger.apply(&flow.record(Phase::Final));
    ledger.expire(Time::from_secs(1_000_000));
    assert!(ledger.snapshot().clients.is_empty());
    assert_eq!(ledger.clients.load(Relaxed), 0, "the places are free again");
}

#[test]
fn a_session_its_worker_lost_ends_and_keeps_its_shares() {
    let ledger = small(10);
    let mut flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    ledger.apply(&flow.record(Phase::Confirmed));
    flow.shares(2, 2, None);
    ledger.expire(Time::from_secs(1_000));
    assert_eq!(row_of(&ledger, "10.0.0.1").sessions[&Dialect::Bitcoin], 1);
    drop(flow);
    ledger.expire(Time::from_secs(1_000));
    let row = row_of(&ledger, "10.0.0.1");
    assert_eq!((row.sessions[&Dialect::Bitcoin], row.shares.submitted), (0, 2));
    assert!(ledger.homes.is_empty());
}

#[test]
fn a_flow_id_that_comes_back_is_another_session() {
    let ledger = small(10);
    for _ in 0..2 {
        let mut flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
        flow.shares(2, 2, None);
        ledger.apply(&flow.record(Phase::Confirmed));
        flow.shares(3, 3, None);
    }
    let row = row_of(&ledger, "10.0.0.1");
    assert_eq!((row.sessions[&Dialect::Bitcoin], row.shares.submitted), (1, 6));
    assert_eq!(ledger.snapshot().sessions_seen, 2);
}

#[test]
fn a_session_whose_roles_turn_moves_and_no_share_counts_twice() {
    let ledger = small(10);
    let mut flow = Flow::new(1, "198.51.100.1", Dialect::Bitcoin);
    flow.shares(2, 2, None);
    ledger.apply(&flow.record(Phase::Confirmed));
    flow.client = "10.0.0.1".parse().unwrap();
    flow.shares(3, 3, None);
    ledger.apply(&flow.record(Phase::Interval));
    flow.shares(10, 10, None);
    let (wrong, right) = (row_of(&ledger, "198.51.100.1"), row_of(&ledger, "10.0.0.1"));
    assert_eq!((wrong.shares.submitted, wrong.sessions[&Dialect::Bitcoin]), (3, 0));
    assert_eq!((right.shares.submitted, right.sessions[&Dialect::Bitcoin]), (7, 1));
    ledger.apply(&flow.record(Phase::Final));
    assert_eq!(row_of(&ledger, "10.0.0.1").shares.submitted, 7);
    assert_eq!(ledger.snapshot().sessions_seen, 1);
}

#[test]
fn a_raised_bound_takes_clients_again() {
    let ledger = small(0);
    let flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    ledger.apply(&flow.alert());
    assert_eq!(ledger.snapshot().clients_apart(), 0);
    ledger.replace_settings(Settings::default());
    ledger.apply(&flow.alert());
    assert_eq!(ledger.snapshot().clients_apart(), 1);
}

/// Four workers begin, count and end sessions of six clients (three past the bound) while a reader looks.
#[test]
fn under_threads_no_counter_goes_down_and_nothing_is_lost() {
    const ROUNDS: u64 = 300;
    let ledger = small(3);
    let clients: Vec<String> = (1..=6).map(|n| format!("10.0.0.{n}")).collect();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4_u64)
            .map(|worker| {
                let (ledger, clients) = (&ledger, &clients);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let client = &clients[(round % 6) as usize];
                        let mut flow = Flow::new((worker << 32) | (round % 10), client, Dialect::Bitcoin);
                        for (n, phase) in [(1, Phase::Confirmed), (2, Phase::Interval), (5, Phase::Final)] {
                            flow.shares(n, n, None);
                            ledger.apply(&flow.record(phase));
                        }
                    }
                })
            })
            .collect();
        let mut before: BTreeMap<Client, u64> = BTreeMap::new();
        while !workers.iter().all(|worker| worker.is_finished()) {
            ledger.expire(Time::from_secs(1_000));
            let snapshot = ledger.snapshot();
            assert!(snapshot.clients_apart() <= 3);
            for row in snapshot.clients {
                let submitted = before.insert(row.client.clone(), row.shares.submitted).unwrap_or(0);
                assert!(row.shares.submitted >= submitted, "{:?} went down", row.client);
            }
        }
    });
    let rows = ledger.snapshot().clients;
    assert_eq!(rows.iter().map(|row| row.shares.submitted).sum::<u64>(), 4 * ROUNDS * 5);
    assert_eq!(ledger.snapshot().sessions_seen, 4 * ROUNDS);
    assert!(rows.iter().all(|row| row.sessions.values().all(|n| *n == 0)));
}

#[test]
fn hints_leave_room_for_those_that_mine() {
    let ledger = small(4);
    for n in 1..=9 {
        let mut flow = Flow::new(n, &format!("10.0.0.{n}"), Dialect::Unknown);
        flow.mining.certainty = Certainty::Hint;
        ledger.apply(&flow.alert());
    }
    assert_eq!(ledger.snapshot().clients_apart(), 2);
    for n in 11..=12 {
        ledger.apply(&Flow::new(n, &format!("10.0.0.{n}"), Dialect::Bitcoin).alert());
    }
    assert_eq!(ledger.snapshot().clients_apart(), 4);
    assert_eq!(row_of(&ledger, "10.0.0.12").certainty, Some(Certainty::Proven));
    assert_eq!(row(&ledger, Client::Other).certainty, Some(Certainty::Hint));
}

fn by_subnet() -> Privacy {
    Privacy { clients: Clients::Subnet(Subnets::new(24, 56, None)), ..Privacy::default() }
}

fn by_subscriber(rows: &str) -> Privacy {
    let subscribers = Some(Arc::new(Subscribers::read(rows).unwrap()));
    Privacy { clients: Clients::Subscriber, subscribers, ..Privacy::default() }
}

/// Clients in the order of the snapshot, with their submits.
fn called(ledger: &Ledger) -> Vec<(Client, u64)> {
    ledger.snapshot().clients.into_iter().map(|row| (row.client, row.shares.submitted)).collect()
}

fn subscriber(name: &str) -> Client {
    Client::Subscriber(name.into())
}

#[test]
fn a_network_is_one_client() {
    let ledger = small(10);
    ledger.call_clients(by_subnet());
    for (id, client) in
        (1..).zip(["10.0.0.1", "10.0.0.200", "10.0.1.1", "2001:db8:1:200::1", "2001:db8:1:2ff:1::9"])
    {
        let mut flow = Flow::new(id, client, Dialect::Bitcoin);
        flow.shares(id, id, None);
        ledger.apply(&flow.record(Phase::Final));
    }
    let network = |first: &str, prefix| Client::Network(first.parse().unwrap(), prefix);
    let expected =
        [(network("10.0.0.0", 24), 3), (network("10.0.1.0", 24), 3), (network("2001:db8:1:200::", 56), 9)];
    assert_eq!(called(&ledger), expected);
}

#[test]
fn pseudonyms_take_the_place_of_addresses_and_ipv6_folds() {
    let ledger = small(10);
    let key = b"0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301";
    let pseudonyms = Pseudonyms::new(Secret::read(key).unwrap());
    ledger.call_clients(Privacy { clients: Clients::Pseudonym(pseudonyms), ..Privacy::default() });
    for (id, client) in (1..).zip(["192.0.2.1", "2001:db8::1", "2001:db8::abcd"]) {
        ledger.apply(&Flow::new(id, client, Dialect::Bitcoin).alert());
    }
    let shown = ["100.115.72.131", "c180:5dd4:2587:3524::"].map(|a| (Client::Address(a.parse().unwrap()), 0));
    assert_eq!(called(&ledger), shown);
}

#[test]
fn all_networks_of_a_subscriber_are_one_client() {
    let ledger = small(10);
    ledger.call_clients(by_subscriber("192.0.2.0/24,Ada\n2001:db8:1::/48,Ada\n192.0.2.7,Bob"));
    let addresses = ["192.0.2.1", "2001:db8:1:2::3", "192.0.2.7", "198.51.100.1", "2001:db8:2::1"];
    for (id, client) in (1..).zip(addresses) {
        let mut flow = Flow::new(id, client, Dialect::Bitcoin);
        flow.shares(id, id, None);
        ledger.apply(&flow.record(Phase::Final));
    }
    let address = |addr: &str| Client::Address(addr.parse().unwrap());
    let expected = [
        (address("198.51.100.1"), 4),
        (address("2001:db8:2::"), 5),
        (subscriber("Ada"), 3),
        (subscriber("Bob"), 3),
    ];
    assert_eq!(called(&ledger), expected);
}

/// No counter of a series that lives goes down, and none counts a share twice.
#[test]
fn a_session_moves_when_its_subscriber_is_another() {
    let ledger = small(10);
    ledger.call_clients(by_subscriber("10.0.0.1,Ada"));
    let mut flow = Flow::new(1, "10.0.0.1", Dialect::Bitcoin);
    flow.shares(5, 5, None);
    ledger.apply(&flow.record(Phase::Confirmed));
    ledger.call_clients(by_subscriber("10.0.0.1,Bob"));
    assert_eq!(called(&ledger), [(subscriber("Ada"), 5)], "nothing moves before it tells");
    flow.shares(7, 7, None);
    ledger.apply(&flow.record(Phase::Interval));
    flow.shares(9, 9, None);
    assert_eq!(called(&ledger), [(subscriber("Ada"), 7), (subscriber("Bob"), 2)]);
    ledger.apply(&flow.record(Phase::Final));
    assert_eq!(called(&ledger), [(subscriber("Ada"), 7), (subscriber("Bob"), 2)]);
    assert_eq!((ledger.snapshot().sessions_seen, ledger.homes.len()), (1, 0));
    ledger.expire(Time::from_secs(2_000));
    assert!(ledger.snapshot().clients.is_empty());
}

#[test]
fn who_is_called_otherwise_leaves_no_old_label() {
    let ledger = small(2);
    let mut flows: Vec<Flow> =
        (1..=3).map(|id| Flow::new(id, &format!("10.0.0.{id}"), Dialect::Bitcoin)).collect();
    for flow in &mut flows {
        flow.shares(5, 5, None);
        ledger.apply(&flow.record(Phase::Confirmed));
    }
    assert_eq!(ledger.snapshot().clients.last().unwrap().client, Client::Other);
    ledger.call_clients(by_subnet());
    assert_eq!(called(&ledger), [(Client::Other, 5)], "others are nobody's label");
    assert_eq!(ledger.clients.load(Relaxed), 0);
    for flow in &mut flows {
        flow.shares(6, 6, None);
        ledger.apply(&flow.record(Phase::Interval));
    }
    let network = Client::Network("10.0.0.0".parse().unwrap(), 24);
    assert_eq!(called(&ledger), [(network, 12), (Client::Other, 6)]);
    assert_eq!(ledger.snapshot().sessions_seen, 3, "the same three sessions");
    ledger.call_clients(by_subnet());
    assert_eq!(called(&ledger).len(), 2, "the same names end nothing");
    for flow in &flows {
        ledger.apply(&flow.record(Phase::Final));
    }
    assert!(ledger.homes.is_empty());
}
