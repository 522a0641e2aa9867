//! The account of one client: its detections, its running sessions, and what ended sessions left behind.
//! It takes no lock: whoever has it mutably has it alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::detect::{Certainty, Dialect, Live, Phase, SessionRecord, Shares, Signal, Transport};
use crate::ledger::aim::{Aims, Recent, Tally};
use crate::ledger::{Client, ClientRow, algorithm};
use crate::packet::Time;

#[derive(Debug, Default)]
pub(super) struct Account {
    first_detection: Option<Time>,
    last_detection: Option<Time>,
    certainty: Option<Certainty>,
    detections: BTreeMap<(Signal, Dialect), u64>,
    /// Shares of ended sessions.
    ended: Shares,
    /// Running sessions by flow id.
    sessions: HashMap<u64, Session>,
    /// Dialects of all sessions there were.
    dialects: BTreeSet<Dialect>,
    /// Algorithms whose rate was known once.
    measured: BTreeSet<&'static str>,
    /// What they mined for of late.
    recent: Recent,
}

impl Account {
    /// Counts a detection.
    pub(super) fn detection(&mut self, signal: Signal, dialect: Dialect, certainty: Certainty, time: Time) {
        *self.detections.entry((signal, dialect)).or_insert(0) += 1;
        self.sign(certainty, time, time);
    }

    /// Writes a session's record. `counted` are the shares that stand in the account the session moved from. Says
    /// whether the session is one that was not known before.
    pub(super) fn session(
        &mut self,
        record: &SessionRecord,
        aims: Option<Aims>,
        counted: Option<Shares>,
    ) -> bool {
        let (flow, mining) = (record.flow.id, &record.mining);
        self.sign(mining.certainty, mining.started, mining.last_seen);
        self.dialects.insert(mining.dialect);

        // A flow id that comes back with other counters is another session.
        let same = self.sessions.get(&flow).is_some_and(|s| Arc::ptr_eq(&s.live, &record.live));
        if !same {
            self.end(flow);
        }
        let session = self
            .sessions
            .entry(flow)
            .or_insert_with(|| Session { counted: counted.unwrap_or_default(), ..Session::new(record) });
        session.update(record);
        let before = std::mem::replace(&mut session.aims, aims);
        if before != session.aims {
            // What it mines for may become clear only as the session goes on.
            before.iter().for_each(|aims| self.recent.forget(aims));
        }
        session.aims.iter().for_each(|aims| self.recent.meet(aims, mining.last_seen));
        if session.hashrate().or(mining.hashrate).is_some() {
            self.measured.insert(session.algorithm);
        }
        if record.phase == Phase::Final {
            self.end(flow);
        }
        !same && counted.is_none()
    }

    /// Ends a running session; gives all its shares, wherever counted. `None` if it does not run here.
    pub(super) fn end(&mut self, flow: u64) -> Option<Shares> {
        let session = self.sessions.remove(&flow)?;
        self.ended = sum(self.ended, session.shares());
        Some(session.total())
    }

    /// Ends a running session that was another's; gives all its shares.
    pub(super) fn release(&mut self, flow: u64) -> Option<Shares> {
        if let Some(aims) = self.sessions.get(&flow).and_then(|session| session.aims.as_ref()) {
            self.recent.forget(aims);
        }
        self.end(flow)
    }

    /// Ends the sessions whose worker no longer holds their counters (a panic cost the flow), and lists their flows.
    pub(super) fn end_abandoned(&mut self, flows: &mut Vec<u64>) {
        let gone = self.sessions.iter().filter(|(_, s)| Arc::strong_count(&s.live) == 1);
        let gone: Vec<u64> = gone.map(|(flow, _)| *flow).collect();
        for flow in gone {
            self.end(flow);
            flows.push(flow);
        }
    }

    /// Forgets what it mined for too long ago.
    pub(super) fn expire(&mut self, now: Time) {
        self.recent.expire(now);
    }

    /// Counts what it mines for.
    pub(super) fn count_aims(&self, tally: &mut Tally) {
        tally.count(&self.recent, self.sessions.values().filter_map(|session| session.aims.as_ref()));
    }

    pub(super) fn has_sessions(&self) -> bool {
        !self.sessions.is_empty()
    }

    pub(super) const fn last_detection(&self) -> Option<Time> {
        self.last_detection
    }

    /// Adds the running sessions to the totals of all clients.
    pub(super) fn count_sessions(&self, totals: &mut BTreeMap<(Dialect, Transport), u64>) {
        for session in self.sessions.values() {
            *totals.entry((session.dialect, session.transport)).or_insert(0) += 1;
        }
    }

    pub(super) fn row(&self, client: Client) -> ClientRow {
        let mut sessions: BTreeMap<_, _> = self.dialects.iter().map(|d| (*d, 0)).collect();
        let mut hashrate: BTreeMap<_, _> = self.measured.iter().map(|a| (*a, 0.0)).collect();
        for session in self.sessions.values().filter(|s| s.hashrate().is_none()) {
            // While one runs whose rate is unknown, 0 would be a claim.
            hashrate.remove(session.algorithm);
        }
        let mut shares = self.ended;
        for session in self.sessions.values() {
            shares = sum(shares, session.shares());
            *sessions.entry(session.dialect).or_insert(0) += 1;
            if let Some(rate) = session.hashrate() {
                *hashrate.entry(session.algorithm).or_insert(0.0) += rate;
            }
        }
        ClientRow {
            client,
            first_detection: self.first_detection,
            last_detection: self.last_detection,
            certainty: self.certainty,
            detections: self.detections.clone(),
            shares,
            sessions,
            hashrate,
        }
    }

    /// Notes a sign of mining seen from `first` to `last`.
    fn sign(&mut self, certainty: Certainty, first: Time, last: Time) {
        self.certainty = self.certainty.max(Some(certainty));
        self.first_detection = Some(self.first_detection.map_or(first, |known| known.min(first)));
        self.last_detection = self.last_detection.max(Some(last));
    }
}

#[derive(Debug)]
struct Session {
    dialect: Dialect,
    transport: Transport,
    algorithm: &'static str,
    live: Arc<Live>,
    /// Shares of the last record; the live counters may be published before or after it.
    told: Shares,
    /// Shares counted in the account that had the session before.
    counted: Shares,
    /// What it mines for, as last told.
    aims: Option<Aims>,
}

impl Session {
    fn new(record: &SessionRecord) -> Self {
        let mining = &record.mining;
        Self {
            dialect: mining.dialect,
            transport: mining.transport,
            algorithm: algorithm::label(mining.algorithm.as_deref(), mining.dialect),
            live: Arc::clone(&record.live),
            told: Shares::default(),
            counted: Shares::default(),
            aims: None,
        }
    }

    /// Dialect and algorithm may become clear only as the session goes on.
    fn update(&mut self, record: &SessionRecord) {
        let mining = &record.mining;
        self.dialect = mining.dialect;
        self.transport = mining.transport;
        self.algorithm = algorithm::label(mining.algorithm.as_deref(), mining.dialect);
        self.told = each(self.told, mining.shares, u64::max);
    }

    /// All its shares; never goes down.
    fn total(&self) -> Shares {
        each(self.told, self.live.shares(), u64::max)
    }

    /// The shares that count for this account; never goes down.
    fn shares(&self) -> Shares {
        each(self.total(), self.counted, u64::saturating_sub)
    }

    fn hashrate(&self) -> Option<f64> {
        self.live.hashrate()
    }
}

fn sum(a: Shares, b: Shares) -> Shares {
    each(a, b, u64::saturating_add)
}

fn each(a: Shares, b: Shares, f: fn(u64, u64) -> u64) -> Shares {
    Shares {
        submitted: f(a.submitted, b.submitted),
        accepted: f(a.accepted, b.accepted),
        rejected: f(a.rejected, b.rejected),
    }
}
