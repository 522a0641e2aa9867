//! Any order of records, other names, other modes, expiry and lost workers: no counter goes down, no share is lost or
//! counted twice, and each session is one.

use proptest::prelude::*;

use super::*;

/// What happens to one of a few flows, or to all.
#[derive(Clone, Copy, Debug)]
enum Step {
    Alert(usize),
    Call(usize),
    Count(usize, u64),
    Expire(u64),
    Final(usize),
    Lose(usize),
    Record(usize),
    Room(usize),
    Turn(usize),
}

const FLOWS: usize = 5;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let flow = || 0..FLOWS;
    let step = prop_oneof![
        1 => flow().prop_map(Step::Alert),
        3 => (0..6_usize).prop_map(Step::Call),
        4 => (flow(), 1..9_u64).prop_map(|(flow, n)| Step::Count(flow, n)),
        2 => prop_oneof![Just(1_000), Just(9_000)].prop_map(Step::Expire),
        1 => flow().prop_map(Step::Final),
        1 => flow().prop_map(Step::Lose),
        6 => flow().prop_map(Step::Record),
        1 => (0..4_usize).prop_map(Step::Room),
        1 => flow().prop_map(Step::Turn),
    ];
    proptest::collection::vec(step, 1..60)
}

fn ways_to_call() -> [Privacy; 6] {
    [
        by_subscriber("10.0.0.0/24,Ada"),
        by_subscriber("10.0.0.1,Ada\n10.0.0.2,Bob"),
        by_subscriber("10.0.0.1,Bob\n10.0.0.2,Ada\n10.0.0.3,Ada"),
        by_subscriber("10.0.0.1,Bob\n10.0.0.2,other one"),
        Privacy::default(),
        by_subnet(),
    ]
}

/// The ledger, and beside it what is known of its flows without one.
struct Model {
    ledger: Ledger,
    ways: [Privacy; 6],
    /// Whether clients past the bound come too; then modes do not change, for who is in `other` stays there.
    crowded: bool,
    way: usize,
    flows: Vec<Flow>,
    last_id: u64,
    /// All shares of each session that the ledger has as running.
    running: BTreeMap<u64, u64>,
    told: std::collections::BTreeSet<u64>,
    lost: Vec<u64>,
    /// Shares of ended sessions that accounts still have, less those of running ones that went with an old account.
    ended: i64,
    before: BTreeMap<Client, ClientRow>,
}

impl Model {
    fn new(crowded: bool) -> Self {
        let ledger = small(if crowded { 1 } else { 100 });
        let ways = ways_to_call();
        ledger.call_clients(ways[0].clone());
        let flows = (1..=FLOWS as u64).map(flow).collect();
        let (running, told, before) = Default::default();
        let last_id = FLOWS as u64;
        Self {
            ledger,
            ways,
            crowded,
            way: 0,
            flows,
            last_id,
            running,
            told,
            lost: Vec::new(),
            ended: 0,
            before,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Alert(n) => self.ledger.apply(&self.flows[n].alert()),
            Step::Call(way) if self.crowded && way > 3 => {}
            Step::Call(way) => self.call(way),
            Step::Count(n, more) => {
                let flow = &mut self.flows[n];
                let sum = flow.mining.shares.submitted + more;
                flow.shares(sum, sum / 2, None);
                self.running.entry(flow.id).and_modify(|shares| *shares = sum);
            }
            Step::Expire(now) => self.ledger.expire(Time::from_secs(now)),
            Step::Final(n) => {
                self.ledger.apply(&self.flows[n].record(Phase::Final));
                self.told.insert(self.flows[n].id);
                self.running.remove(&self.flows[n].id);
                self.ended += self.flows[n].mining.shares.submitted as i64;
                self.renew(n);
            }
            Step::Lose(n) => {
                self.lost.push(self.flows[n].id);
                self.renew(n);
            }
            Step::Record(n) => {
                self.ledger.apply(&self.flows[n].record(Phase::Interval));
                self.told.insert(self.flows[n].id);
                self.running.insert(self.flows[n].id, self.flows[n].mining.shares.submitted);
            }
            Step::Room(room) if self.crowded => {
                self.ledger
                    .replace_settings(Settings { max_clients: room, client_idle: Duration::from_secs(60) });
            }
            Step::Room(_) => {}
            Step::Turn(n) => {
                let flow = &mut self.flows[n];
                std::mem::swap(&mut flow.client, &mut flow.server);
            }
        }
        self.check(step);
    }

    fn call(&mut self, way: usize) {
        let ends = !self.ways[way].names_alike(&self.ways[self.way]);
        self.ledger.call_clients(self.ways[way].clone());
        self.way = way;
        if ends {
            self.running.clear();
            self.ended = 0;
        }
    }

    fn renew(&mut self, n: usize) {
        self.last_id += 1;
        self.flows[n] = flow(self.last_id);
    }

    fn check(&mut self, step: Step) {
        let snapshot = self.ledger.snapshot();
        let now: BTreeMap<_, _> =
            snapshot.clients.iter().map(|row| (row.client.clone(), row.clone())).collect();
        for (client, was) in std::mem::take(&mut self.before) {
            let Some(is) = now.get(&client) else {
                if matches!(step, Step::Expire(_)) {
                    self.ended -= was.shares.submitted as i64;
                }
                continue;
            };
            assert!(is.shares.submitted >= was.shares.submitted && is.shares.accepted >= was.shares.accepted);
            assert!(was.detections.iter().all(|(key, n)| is.detections[key] >= *n), "{client:?}");
            assert!(was.sessions.keys().all(|dialect| is.sessions.contains_key(dialect)), "{client:?}");
        }
        self.before = now;
        if matches!(step, Step::Expire(_)) {
            let ended = std::mem::take(&mut self.lost).into_iter().filter_map(|id| self.running.remove(&id));
            self.ended += ended.sum::<u64>() as i64;
        }
        let submitted: u64 = snapshot.clients.iter().map(|row| row.shares.submitted).sum();
        assert_eq!(submitted as i64, self.ended + self.running.values().sum::<u64>() as i64, "shares");
        let running: u64 = snapshot.clients.iter().flat_map(|row| row.sessions.values()).sum();
        assert_eq!(running as usize, self.running.len(), "running sessions");
        assert_eq!(snapshot.sessions.values().sum::<u64>(), running);
        assert_eq!(snapshot.sessions_seen, self.told.len() as u64, "sessions since the start");
        assert_eq!(snapshot.clients_apart(), self.ledger.clients.load(Relaxed));
    }
}

/// Of three clients; the fourth address has no name in any table.
fn flow(id: u64) -> Flow {
    Flow::new(id, &format!("10.0.0.{}", id % 4 + 1), Dialect::Bitcoin)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_order_of_events_loses_or_doubles(crowded: bool, steps in steps()) {
        let mut model = Model::new(crowded);
        steps.into_iter().for_each(|step| model.step(step));
    }
}
