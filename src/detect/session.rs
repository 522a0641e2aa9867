//! One mining connection and its running account: who is paid, by whom, for how many shares. It is told each message
//! in the order of the wire, from either side, from any point on; it knows no packets.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use super::rate::Rate;
use super::{Certainty, Dialect, Live, Mining, NameSource, Route, Shares, Transport, Via};
use crate::flow::Way;
use crate::packet::Time;
use crate::rules::RuleSet;
use crate::stratum::{self, Body, Id, Login, Message, PoolName, Read, Request, Role, Strength, account};
use crate::wire::http::page;

mod evidence;
mod pending;
mod tally;
mod word;
mod work;

pub use evidence::Witness;

use evidence::Evidence;
use pending::Pending;
use word::{cut, keep, mask, replace};
use work::{Unit, Work};

/// The account of one connection, from its first sign of mining on.
#[derive(Debug)]
pub struct Session {
    dialect: Dialect,
    decisive: bool,
    evidence: Evidence,
    /// Which way the miner's messages go.
    miner: Option<Way>,
    /// Whether each side was heard.
    heard: Heard,
    payee: Option<String>,
    worker: Option<String>,
    agent: Option<String>,
    coin: Option<String>,
    algorithm: Option<String>,
    throttle: Option<f64>,
    /// The pool as a message named it.
    pool: Option<Named>,
    /// The pool as a proxy was told it.
    destination: Option<Named>,
    site: Option<String>,
    route: Route,
    transport: Transport,
    incomplete: bool,
    handshake: bool,
    /// Where only the pool is heard: whether its yes to the miner's name has passed.
    granted: bool,
    jobs: u64,
    shares: Shares,
    difficulty: Option<Work>,
    recent_jobs: VecDeque<(Option<Id>, Work)>,
    pending: Pending<Asks>,
    accepted: Rate,
    submitted: Rate,
    unit: Unit,
    started: Time,
    last_seen: Time,
    live: Arc<Live>,
}

/// A host, and the port named with it.
#[derive(Clone, Debug)]
struct Named {
    host: String,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    miner: bool,
    pool: bool,
}

/// What is known of a session; if it differs from what was told, it is time to tell again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    dialect: Dialect,
    algorithm: Option<Id>,
    words: [bool; 5],
}

/// What a request asks, as far as its reply matters.
#[derive(Clone, Copy, Debug)]
enum Asks {
    Agent,
    Plain,
    Share(Work),
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heeded {
    /// Counted for its dialect.
    Message(Dialect),
    /// A reply or nothing.
    Other,
    /// Counted, and the oldest waiting request was forgotten for it.
    Full(Dialect),
}

impl Session {
    /// An empty account.
    pub fn new(now: Time) -> Self {
        Self {
            dialect: Dialect::Bitcoin,
            decisive: false,
            evidence: Evidence::default(),
            miner: None,
            heard: Heard::default(),
            payee: None,
            worker: None,
            agent: None,
            coin: None,
            algorithm: None,
            throttle: None,
            pool: None,
            destination: None,
            site: None,
            route: Route::default(),
            transport: Transport::Tcp,
            incomplete: false,
            handshake: false,
            granted: false,
            jobs: 0,
            shares: Shares::default(),
            difficulty: None,
            recent_jobs: VecDeque::new(),
            pending: Pending::default(),
            accepted: Rate::default(),
            submitted: Rate::default(),
            unit: Unit::default(),
            started: now,
            last_seen: now,
            live: Arc::default(),
        }
    }

    /// How sure it is that this is mining, if sure enough to be told.
    pub fn certainty(&self) -> Option<Certainty> {
        // Scanners put a miner's question to everybody; who answers is one.
        let asked = self.dialect == Dialect::Minerapi && !self.heard.miner;
        self.evidence.certainty().filter(|_| !asked)
    }

    /// Says what carries the messages.
    pub const fn carried(&mut self, transport: Transport) {
        self.transport = transport;
    }

    /// Says what an HTTP request asked for: the page that embeds the miner, the host, and the path with its query, in
    /// which some relays are told the pool.
    pub fn asked(&mut self, site: Option<&str>, host: Option<&str>, target: Option<&str>) {
        keep(&mut self.site, site);
        let target = target.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        replace(&mut self.route.host, host);
        replace(&mut self.route.path, Some(path));
        let mut members = query.split('&').filter_map(|m| m.split_once('='));
        let pool = members.find(|(key, _)| matches!(*key, "pool" | "pa")).map(|(_, value)| value);
        self.keep_pool(pool.and_then(|p| PoolName::parse(p.into(), None)).as_ref());
    }

    /// Says that the session is wrapped, and what its outer part names as destination and as client.
    pub fn wrapped(
        &mut self,
        via: Via,
        destination: Option<(&str, Option<u16>)>,
        client: Option<SocketAddr>,
    ) {
        self.route.via.get_or_insert(via);
        self.route.forwarded_for = self.route.forwarded_for.or(client);
        if let Some((host, port)) = destination {
            self.destination = Some(Named { host: cut(host).to_owned(), port });
        }
    }

    /// The port that a proxy was asked for.
    pub fn destination_port(&self) -> Option<u16> {
        self.destination.as_ref().and_then(|d| d.port)
    }

    /// Says that messages were missed.
    pub const fn missed(&mut self) {
        self.incomplete = true;
    }

    /// Whether anything speaks for mining, be it too little to tell.
    pub const fn is_suspect(&self) -> bool {
        self.evidence.first.is_some() || self.payee.is_some()
    }

    /// Whether a strong message speaks for mining: keep-alives, the next, come a minute apart.
    pub const fn is_strong(&self) -> bool {
        self.evidence.strong > 0
    }

    /// Whether both roles were heard from one side: a conversation quoted in a document.
    pub const fn is_quoted(&self) -> bool {
        self.evidence.is_quoted()
    }

    /// Whether the dialect is sure and the payee known: telling it now says what there is to say.
    pub const fn is_settled(&self) -> bool {
        self.decisive && self.payee.is_some() && self.evidence.is_proof()
    }

    /// Whether a request that only miners make was answered with work.
    pub const fn is_answered(&self) -> bool {
        self.evidence.is_answered()
    }

    /// Whether the other side surely is a pool: both sides spoke, and work was handed out.
    pub const fn is_served(&self) -> bool {
        self.heard.miner && self.heard.pool && self.jobs > 0
    }

    /// The message that first spoke for mining.
    pub const fn witness(&self) -> Option<Witness> {
        self.evidence.first
    }

    /// Which way the miner's messages go, if a message told.
    pub const fn miner(&self) -> Option<Way> {
        self.miner
    }

    /// The wire dialect as far as known.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// What of it is known by now. Words but the algorithm are kept once and for all.
    pub fn facts(&self) -> Facts {
        let words = [
            self.payee.is_some(),
            self.worker.is_some(),
            self.agent.is_some(),
            self.coin.is_some(),
            self.pool.is_some(),
        ];
        Facts { dialect: self.dialect, algorithm: self.algorithm.as_deref().map(Id::of_text), words }
    }

    /// Counters that whoever shows them may share.
    pub const fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Heeds one line that went `way`.
    pub fn line(&mut self, way: Way, line: &stratum::Line<'_>, now: Time) -> Heeded {
        self.read(way, &stratum::read(line), now)
    }

    /// Heeds what was read of a line or body that went `way`.
    pub fn read(&mut self, way: Way, read: &Read<'_>, now: Time) -> Heeded {
        match read {
            Read::Message(message) => self.message(way, message, now),
            Read::Reply(reply) => {
                self.reply(way, reply, now);
                Heeded::Other
            }
            Read::Nothing => Heeded::Other,
        }
    }

    /// Heeds one message that went `way`.
    pub fn message(&mut self, way: Way, message: &Message<'_>, now: Time) -> Heeded {
        let Some(()) = self.place(way, message.role) else {
            return Heeded::Message(message.dialect);
        };
        self.last_seen = now;
        let asked = match (message.role, message.id) {
            (Some(Role::Pool), Some(id)) => self.pending.answer(way.back(), id),
            // Cut before its id.
            (Some(Role::Pool), None) if message.is_reply() => {
                self.pending.answer_oldest(way.back(), |a| matches!(a, Asks::Plain))
            }
            _ => None,
        };
        let answers = message.strength == Strength::Strong && matches!(asked, Some(Asks::Plain));
        if answers && self.evidence.strong > 0 {
            self.evidence.answer();
        } else {
            self.evidence.weigh(message, now);
        }
        self.name_dialect(message);
        let full = self.heed(way, message, now);
        self.publish();
        if full { Heeded::Full(message.dialect) } else { Heeded::Message(message.dialect) }
    }

    /// Learns the roles; a message from the wrong side is counted and otherwise ignored.
    fn place(&mut self, way: Way, role: Option<Role>) -> Option<()> {
        let miner = match role {
            Some(Role::Miner) => way,
            Some(Role::Pool) => way.back(),
            None => return Some(()),
        };
        if *self.miner.get_or_insert(miner) != miner {
            self.evidence.contradict();
            return None;
        }
        match role {
            Some(Role::Miner) => self.heard.miner = true,
            _ => self.heard.pool = true,
        }
        Some(())
    }

    /// A decisive message names the dialect; of several the latest job or share does, since pools switch algorithms.
    fn name_dialect(&mut self, message: &Message<'_>) {
        if message.strength == Strength::Context && !message.decisive {
            return;
        }
        let works = matches!(message.body, Body::Job(_) | Body::Submit(_));
        // A server that speaks several dialects pushes eth-proxy work to whoever has just said hello in another.
        let pushed = message.dialect == Dialect::EthProxy && message.role == Some(Role::Pool);
        if pushed && self.evidence.unique > 0 {
            return;
        }
        let first = self.evidence.unique + self.evidence.strong <= 1 && !self.decisive;
        if (message.decisive && (works || !self.decisive)) || first {
            self.dialect = message.dialect;
            self.decisive |= message.decisive;
        }
    }

    /// Takes from a message what the account keeps. Says whether a waiting request was forgotten.
    fn heed(&mut self, way: Way, message: &Message<'_>, now: Time) -> bool {
        let from_miner = message.role == Some(Role::Miner);
        let mut asks = from_miner.then_some(Asks::Plain);
        match &message.body {
            Body::Subscribe { agent, pool } => {
                self.handshake = true;
                keep(&mut self.agent, agent.as_deref());
                self.keep_pool(pool.as_ref());
            }
            Body::Authorize(login) => self.login(login),
            Body::Job(job) => self.job(job),
            Body::Submit(share) => {
                let work = self.submit(share, now);
                // What is never answered waits for nothing.
                asks = (!work::is_silent(self.dialect)).then_some(Asks::Share(work));
            }
            Body::Difficulty { difficulty, hashes, algorithm } => {
                replace(&mut self.algorithm, algorithm.as_deref());
                self.difficulty = Some(match hashes {
                    Some(hashes) => Work { amount: *hashes, unit: Unit::Hashes },
                    None => Work { amount: *difficulty, unit: Unit::Difficulty },
                });
            }
            Body::Pool(pool) if from_miner => self.keep_pool(Some(pool)),
            Body::VersionRolling => replace(&mut self.algorithm, Some("sha256d")),
            Body::Request(Request::Agent) => asks = Some(Asks::Agent),
            Body::Answer(verdict) => self.answer(way, *verdict, now),
            Body::Request(Request::Plain) | Body::Hashrate(_) | Body::Pool(_) | Body::Other => {}
        }
        if message.is_reply() {
            // The handshake's replies tell as much as its requests where only the pool is heard.
            self.handshake |= message.name.ends_with("subscribe") || message.name.ends_with("login");
            return false;
        }
        asks.is_some_and(|asks| self.await_reply(way, message.id, asks))
    }

    fn login(&mut self, login: &Login<'_>) {
        self.handshake = true;
        self.keep_user(&login.user, login.worker.as_deref());
        keep(&mut self.agent, login.agent.as_deref());
        keep(&mut self.coin, login.coin.as_deref());
        keep(&mut self.algorithm, login.algorithm.as_deref());
        keep(&mut self.site, login.site.as_deref().map(page));
        self.throttle = self.throttle.or(login.throttle);
        self.keep_pool(login.pool.as_ref());
    }

    fn keep_user(&mut self, user: &str, worker: Option<&str>) {
        if self.payee.is_some() {
            return;
        }
        let parts = account::split(user);
        if parts.payee.is_empty() {
            keep(&mut self.worker, worker.map(mask).as_deref());
            return;
        }
        keep(&mut self.payee, Some(&mask(parts.payee)));
        keep(&mut self.worker, parts.worker.or(worker).filter(|w| !w.is_empty()).map(mask).as_deref());
    }

    fn keep_pool(&mut self, pool: Option<&PoolName<'_>>) {
        if let (None, Some(pool)) = (&self.pool, pool) {
            self.pool = Some(Named { host: cut(&pool.host).to_owned(), port: pool.port });
        }
    }

    /// The account as it stands.
    pub fn mining(&self, certainty: Certainty, rules: &RuleSet) -> Mining {
        // A name says more than the address of a balancer, or one that was looked up.
        let nameless = |d: &&Named| self.route.host.is_some() && d.host.parse::<std::net::IpAddr>().is_ok();
        let named = self.pool.as_ref().or_else(|| self.destination.as_ref().filter(|d| !nameless(d)));
        // Who asks a miner's own interface names the miner.
        let asked = self.route.host.as_deref().filter(|_| self.dialect != Dialect::Minerapi);
        let host = named.map(|n| &*n.host).or(asked);
        let named_by = match (&self.pool, named, host) {
            (Some(_), ..) => Some(NameSource::Message),
            (None, Some(_), _) => Some(NameSource::ProxyRequest),
            (None, None, Some(_)) => Some(NameSource::HttpHost),
            (None, None, None) => None,
        };
        Mining {
            client_role_proven: self.miner.is_some(),
            pool: host.and_then(|h| rules.pool_of(h)),
            server_name: host.map(str::to_owned),
            named_by,
            server_port: named.and_then(|n| n.port),
            route: self.route.clone(),
            site: self.site.clone(),
            payee: self.payee.clone(),
            worker: self.worker.clone(),
            agent: self.agent.clone(),
            coin: self.coin.clone(),
            algorithm: self.algorithm.clone(),
            throttle: self.throttle,
            jobs: self.jobs,
            shares: self.shares,
            difficulty: self.difficulty.map(|w| w.amount).filter(|d| d.is_finite()),
            hashrate: self.hashrate(),
            midstream: !self.handshake,
            incomplete: self.incomplete,
            last_seen: self.last_seen,
            ..Mining::bare(self.dialect, self.transport, certainty, self.started)
        }
    }
}
