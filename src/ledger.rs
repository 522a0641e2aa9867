//! What is known of clients: detections, running sessions and shares, fed by all workers and read at scrape.
//! It is an account, not a judge: what counts as mining is decided below, how it is shown is decided beside it.
//!
//! Each client is one entry of a sharded map and is only read or changed under its shard's guard, so a scrape never
//! sees a session both ended and running, or neither. Between events nothing is touched here: running sessions are
//! read through the counters they share with their worker ([`detect::Live`](crate::detect::Live)).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use dashmap::mapref::one::RefMut;

use crate::detect::{Alert, Certainty, Dialect, Event, Phase, SessionRecord, Shares, Signal, Transport};
use crate::packet::{self, Time, network};
use crate::privacy::{Clients, Privacy};

mod account;
mod aim;
mod algorithm;

use account::Account;
use aim::Book;
pub use aim::{MinedFor, OTHER as OTHER_POOL, PoolRow, Spread, UNLISTED as UNLISTED_POOL};
pub use algorithm::{label as algorithm_label, labels as algorithm_labels};

/// Bounds of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Clients kept apart; 1 KiB each, 2.6 KiB with sessions in two dialects, so 26 MiB by default; 6.7 KiB more while a
    /// scrape is made. Further ones count as `other`.
    pub max_clients: usize,
    /// Packet time without a sign of mining after which a client without a running session is forgotten.
    pub client_idle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_clients: 10_000, client_idle: Duration::from_secs(24 * 60 * 60) }
    }
}

/// Whom an account is kept for, as it is called outside: where addresses are hidden, none is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Client {
    /// An IPv4 address, or the /64 of an IPv6 address; or a pseudonym of such.
    Address(IpAddr),
    /// All clients of a network, by its first address and prefix length.
    Network(IpAddr, u8),
    /// All addresses of a subscriber, by the operator's name.
    Subscriber(Arc<str>),
    /// All clients past the bound together.
    Other,
}

impl Client {
    /// The client behind an address as it stands in a packet.
    pub fn of(addr: IpAddr, privacy: &Privacy) -> Self {
        match &privacy.clients {
            Clients::Address | Clients::Pseudonym(_) => {
                Self::Address(packet::subscriber(privacy.clients.shown(addr)))
            }
            Clients::Subnet(subnets) => {
                Self::Network(network(addr, subnets.prefix(addr)), subnets.prefix(addr))
            }
            Clients::Subscriber => match privacy.subscriber(addr) {
                Some(name) => Self::Subscriber(Arc::from(name)),
                None => Self::Address(packet::subscriber(addr)),
            },
        }
    }
}

/// The accounts of all clients. Workers call [`Ledger::apply`] concurrently; the events of one flow come from one
/// worker, in their order.
#[derive(Debug)]
pub struct Ledger {
    max_clients: AtomicUsize,
    /// Microseconds.
    client_idle: AtomicU64,
    /// Entries of `accounts` but for [`Client::Other`]'s; never above the bound in force when they came.
    clients: AtomicUsize,
    accounts: DashMap<Client, Account>,
    /// How clients are called.
    names: RwLock<Privacy>,
    /// Whose account holds a running session, by flow id. Keeps a session where it began: in `other` also after a
    /// place came free, and known where a later record names another side as the client. None where that account ended
    /// with its name.
    homes: DashMap<u64, Option<Client>>,
    detections: Mutex<BTreeMap<(Signal, Dialect, Certainty), u64>>,
    sessions_seen: AtomicU64,
    overflow: AtomicU64,
    book: Book,
    /// Packet time, as last told.
    now: AtomicU64,
}

impl Ledger {
    /// A ledger that knows nobody.
    pub fn new(settings: Settings) -> Self {
        let ledger = Self {
            max_clients: AtomicUsize::new(0),
            client_idle: AtomicU64::new(0),
            clients: AtomicUsize::new(0),
            accounts: DashMap::new(),
            names: RwLock::default(),
            homes: DashMap::new(),
            detections: Mutex::new(detections_at_zero()),
            sessions_seen: AtomicU64::new(0),
            overflow: AtomicU64::new(0),
            book: Book::default(),
            now: AtomicU64::new(0),
        };
        ledger.replace_settings(settings);
        ledger
    }

    /// Uses other bounds from now on. Clients above a lowered bound stay until they expire.
    pub fn replace_settings(&self, settings: Settings) {
        self.max_clients.store(settings.max_clients, Relaxed);
        let idle = u64::try_from(settings.client_idle.as_micros()).unwrap_or(u64::MAX);
        self.client_idle.store(idle, Relaxed);
    }

    /// Calls clients so from now on. Where the same client would be called otherwise, all accounts but that of
    /// [`Client::Other`] end, so that nobody is known by what should no longer name them; running sessions come back with
    /// their next record. Where only subscribers are called otherwise, accounts go on, and sessions move as they tell.
    pub fn call_clients(&self, privacy: Privacy) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        let alike = names.names_alike(&privacy);
        *names = privacy;
        if alike {
            return;
        }
        // Under the lock: nobody makes an account by an old name after this.
        self.accounts.retain(|client, _| {
            let keep = *client == Client::Other;
            if !keep {
                self.clients.fetch_sub(1, Relaxed);
            }
            keep
        });
        self.homes.iter_mut().for_each(|mut home| *home = home.take().filter(|home| *home == Client::Other));
    }

    /// Writes an event into the accounts.
    pub fn apply(&self, event: &Event) {
        // Held to the end, for `call_clients`.
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Alert(alert) => self.detection(alert, &names),
            Event::Session(record) => self.session(record, &names),
        }
    }

    /// Forgets clients that have been idle too long at packet time `now`, and ends sessions whose worker dropped
    /// them without a final record. Walks all clients, some 3 ms for 10 000.
    pub fn expire(&self, now: Time) {
        let idle = self.client_idle.load(Relaxed);
        let mut abandoned = Vec::new();
        self.now.store(now.0, Relaxed); // not the highest there was: a clock may be set back
        self.accounts.retain(|client, account| {
            account.end_abandoned(&mut abandoned);
            account.expire(now);
            let keep = *client == Client::Other
                || account.has_sessions()
                || account.last_detection().is_none_or(|last| now.since(last) < idle);
            if !keep {
                self.clients.fetch_sub(1, Relaxed);
            }
            keep
        });
        for flow in abandoned {
            self.homes.remove(&flow);
        }
        self.book.forget_names();
    }

    /// Everything at this moment, clients in the order of their addresses. Each account is consistent in itself;
    /// they are read one after the other.
    pub fn snapshot(&self) -> Snapshot {
        let mut sessions = sessions_at_zero();
        let mut clients = Vec::with_capacity(self.clients.load(Relaxed).saturating_add(1));
        let mut tally = self.book.tally(Time(self.now.load(Relaxed)));
        for entry in &self.accounts {
            entry.count_aims(&mut tally);
            entry.count_sessions(&mut sessions);
            clients.push(entry.row(entry.key().clone()));
        }
        clients.sort_unstable_by(|a, b| a.client.cmp(&b.client));
        Snapshot {
            clients,
            clients_limit: self.max_clients.load(Relaxed),
            overflow: self.overflow.load(Relaxed),
            detections: self.detections.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            sessions,
            sessions_seen: self.sessions_seen.load(Relaxed),
            mined_for: self.book.sum(tally),
        }
    }

    fn detection(&self, alert: &Alert, names: &Privacy) {
        let Alert { signal, mining, .. } = alert;
        let key = (*signal, mining.dialect, mining.certainty);
        *self.detections.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(0) += 1;
        let mut account = self.account(Client::of(alert.flow.client.addr, names), mining.certainty);
        if *account.key() == Client::Other {
            self.overflow.fetch_add(1, Relaxed);
        }
        account.detection(*signal, mining.dialect, mining.certainty, alert.time);
    }

    fn session(&self, record: &SessionRecord, names: &Privacy) {
        let flow = record.flow.id;
        let named = Client::of(record.flow.client.addr, names);
        let home = self.homes.get(&flow).map(|home| home.clone());
        let (client, counted) = match &home {
            Some(Some(home)) if *home == Client::Other || *home == named => (home.clone(), None),
            // The message that proves the roles can come late, and a client be called otherwise. What was counted by the
            // old name stays there, as counters never go down; the new one counts from here.
            Some(Some(home)) => (named, Some(self.release(home, flow).unwrap_or_default())),
            // The session is still the same.
            Some(None) => (named, Some(Shares::default())),
            None => (named, None),
        };

        self.now.fetch_max(record.time.0, Relaxed);
        let aims = self.book.aims(record);
        let mut account = self.account(client, record.mining.certainty);
        let client = account.key().clone();
        if account.session(record, aims, counted) {
            self.sessions_seen.fetch_add(1, Relaxed);
            self.overflow.fetch_add(u64::from(client == Client::Other), Relaxed);
        }
        drop(account);

        if record.phase == Phase::Final {
            self.homes.remove(&flow);
        } else if home.flatten().as_ref() != Some(&client) {
            self.homes.insert(flow, Some(client));
        }
    }

    /// Ends a session in the account that has it; gives all its shares counted so far.
    fn release(&self, home: &Client, flow: u64) -> Option<Shares> {
        self.accounts.get_mut(home).and_then(|mut account| account.end(flow))
    }

    /// The account of a client, made if there is room; else that of the others. Whoever only looked at a pool's web site
    /// leaves half of the room to those that mine.
    fn account(&self, client: Client, certainty: Certainty) -> RefMut<'_, Client, Account> {
        let is_other = client == Client::Other;
        match self.accounts.entry(client) {
            Entry::Occupied(entry) => entry.into_ref(),
            Entry::Vacant(entry) if is_other || self.take_place(certainty) => {
                entry.insert(Account::default())
            }
            Entry::Vacant(entry) => {
                drop(entry); // a shard's guard must not be held over the next call
                self.accounts.entry(Client::Other).or_default()
            }
        }
    }

    /// Counts one more client in, if the bound allows it.
    fn take_place(&self, certainty: Certainty) -> bool {
        let all = self.max_clients.load(Relaxed);
        let limit = if certainty == Certainty::Hint { all.div_ceil(2) } else { all };
        self.clients.fetch_update(Relaxed, Relaxed, |n| (n < limit).then(|| n + 1)).is_ok()
    }
}

/// What the ledger knows at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// One row a client, by address; that of [`Client::Other`] comes last, and only if it was ever needed.
    pub clients: Vec<ClientRow>,
    /// The bound in force.
    pub clients_limit: usize,
    /// Detections and sessions that went to [`Client::Other`].
    pub overflow: u64,
    /// Detections since the start. All combinations are there, also those at 0.
    pub detections: BTreeMap<(Signal, Dialect, Certainty), u64>,
    /// Running sessions. All combinations are there, also those at 0.
    pub sessions: BTreeMap<(Dialect, Transport), u64>,
    /// Sessions since the start.
    pub sessions_seen: u64,
    /// For whom clients mine.
    pub mined_for: MinedFor,
}

impl Snapshot {
    /// Clients kept apart now.
    pub fn clients_apart(&self) -> usize {
        self.clients.iter().filter(|row| row.client != Client::Other).count()
    }
}

/// What is known of one client.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientRow {
    /// Who.
    pub client: Client,
    /// Packet time of the first sign of mining.
    pub first_detection: Option<Time>,
    /// Packet time of the last sign of mining: an alert, or the last message of a session when it was last told.
    pub last_detection: Option<Time>,
    /// The highest there ever was.
    pub certainty: Option<Certainty>,
    /// Detections; never go down while the client is known.
    pub detections: BTreeMap<(Signal, Dialect), u64>,
    /// Shares of ended and running sessions; never go down while the client is known.
    pub shares: Shares,
    /// Running sessions; a dialect once spoken stays at 0.
    pub sessions: BTreeMap<Dialect, u64>,
    /// Hashes per second by [`algorithm_label`], of running sessions where it is known; an algorithm that was
    /// measured once stays at 0 when its last session ended.
    pub hashrate: BTreeMap<&'static str, f64>,
}

fn detections_at_zero() -> BTreeMap<(Signal, Dialect, Certainty), u64> {
    let claims = Signal::CLAIMS.map(|s| (s, Dialect::Unknown));
    let pairs = each_carried().map(|(d, t)| (Signal::of(d, t), d)).chain(claims);
    pairs.flat_map(|(s, d)| Certainty::ALL.into_iter().map(move |c| ((s, d, c), 0))).collect()
}

fn sessions_at_zero() -> BTreeMap<(Dialect, Transport), u64> {
    each_carried().map(|carried| (carried, 0)).collect()
}

/// Each dialect with each transport.
fn each_carried() -> impl Iterator<Item = (Dialect, Transport)> {
    Dialect::ALL.into_iter().flat_map(|d| Transport::MESSAGES.into_iter().map(move |t| (d, t)))
}

#[cfg(test)]
pub(crate) mod tests;
