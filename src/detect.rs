//! From signals to findings: the account of each mining session, and the events that say what was found and why.
//! It sees parsed messages and packet times only; who is told, and how, is the shell's matter.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::packet::{Endpoint, Proto, Time, Vlans};
use crate::rules::{Category, Rule};
pub use crate::stratum::Dialect;

pub mod algorithm;
pub mod claim;
mod rate;
pub mod session;

/// One kind of evidence. The names are public API (`mining.signal` in events, `signal` in metrics).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// A message of a browser miner's own dialect was parsed.
    BrowserMinerMessage,
    /// A mining call over HTTP was parsed.
    GetworkRequest,
    /// A server that spoke a mining protocol in clear before was talked to.
    LearnedEndpoint,
    /// A miner answered, or was asked over, its management interface.
    MinerApi,
    /// A browser miner's script was asked for, or a host that serves nothing else was talked to.
    MinerScript,
    /// A known pool was talked to, by the name or address on the wire.
    PoolConnection,
    /// The address of a known host was asked for.
    PoolLookup,
    /// A message of a stratum dialect was parsed.
    StratumMessage,
}

impl Signal {
    /// All signals, for metrics that must exist at zero.
    pub const ALL: [Self; 8] = [
        Self::BrowserMinerMessage,
        Self::GetworkRequest,
        Self::LearnedEndpoint,
        Self::MinerApi,
        Self::MinerScript,
        Self::PoolConnection,
        Self::PoolLookup,
        Self::StratumMessage,
    ];

    /// Those that a name or an address gives, without a message of a dialect.
    pub const CLAIMS: [Self; 4] =
        [Self::LearnedEndpoint, Self::MinerScript, Self::PoolConnection, Self::PoolLookup];

    /// What a message of this dialect, carried so, is evidence of; of a dialect of a rule file the rule says it.
    pub const fn of(dialect: Dialect, transport: Transport) -> Self {
        match (dialect, transport) {
            (
                Dialect::Coinhive
                | Dialect::Cpuwebminer
                | Dialect::Deepminer
                | Dialect::Jsecoin
                | Dialect::Skypool
                | Dialect::Webminerpool,
                _,
            ) => Self::BrowserMinerMessage,
            (Dialect::Minerapi, _) => Self::MinerApi,
            (_, Transport::Http) => Self::GetworkRequest,
            _ => Self::StratumMessage,
        }
    }

    /// Name in events, rules and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BrowserMinerMessage => "browser_miner_message",
            Self::GetworkRequest => "getwork_request",
            Self::LearnedEndpoint => "learned_endpoint",
            Self::MinerApi => "miner_api",
            Self::MinerScript => "miner_script",
            Self::PoolConnection => "pool_connection",
            Self::PoolLookup => "pool_lookup",
            Self::StratumMessage => "stratum_message",
        }
    }

    /// The signal of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }
}

/// How sure a finding is; a later one is the surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Certainty {
    /// A DNS lookup, behaviour alone.
    Hint,
    /// A known pool by name or learned endpoint, a message that only mining would send but that proves little alone.
    Strong,
    /// A mining message was parsed.
    Proven,
}

impl Certainty {
    /// All certainties.
    pub const ALL: [Self; 3] = [Self::Hint, Self::Strong, Self::Proven];

    /// Name in events, rules and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Strong => "strong",
            Self::Proven => "proven",
        }
    }
}

/// What carries the mining messages, or the name that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// Questions to name servers and their answers.
    Dns,
    /// Bodies and heads of HTTP/1 messages.
    Http,
    /// QUIC (RFC 9000), of which the client's hello is read.
    Quic,
    /// Lines straight on TCP, or what could not be read there.
    Tcp,
    /// TLS on TCP, of which the handshake is read.
    Tls,
    /// Messages of a WebSocket (RFC 6455).
    WebSocket,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 6] = [Self::Dns, Self::Http, Self::Quic, Self::Tcp, Self::Tls, Self::WebSocket];

    /// Those that carry messages that are read.
    pub const MESSAGES: [Self; 3] = [Self::Http, Self::Tcp, Self::WebSocket];

    /// Name in events and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Http => "http",
            Self::Quic => "quic",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::WebSocket => "websocket",
        }
    }
}

/// What a session is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// A tunnel through an HTTP proxy (RFC 9110, 9.3.6).
    HttpConnect,
    /// A balancer's header before the stream (HAProxy's PROXY protocol).
    ProxyProtocol,
    /// SOCKS 4 or 4a.
    Socks4,
    /// SOCKS 5 (RFC 1928).
    Socks5,
}

impl Via {
    /// Name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HttpConnect => "http_connect",
            Self::ProxyProtocol => "proxy_protocol",
            Self::Socks4 => "socks4",
            Self::Socks5 => "socks5",
        }
    }
}

/// Where a host's name was seen. The names are public API (`mining.name_source`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameSource {
    /// An operator's rule names the address.
    AddressRule,
    /// The server's certificate (TLS 1.2 and before).
    Certificate,
    /// The client had asked a name server for it, and got this address.
    Dns,
    /// An alias in a name server's answer.
    DnsAlias,
    /// A question to a name server.
    DnsQuery,
    /// The outer hello of ECH, whose true name may be another.
    EchOuter,
    /// An HTTP request.
    HttpHost,
    /// The endpoint is known from an earlier session in clear.
    Learned,
    /// A message of the session.
    Message,
    /// A proxy was asked to connect there.
    ProxyRequest,
    /// The server name in a TLS hello.
    Sni,
}

impl NameSource {
    /// All sources.
    pub const ALL: [Self; 11] = [
        Self::AddressRule,
        Self::Certificate,
        Self::Dns,
        Self::DnsAlias,
        Self::DnsQuery,
        Self::EchOuter,
        Self::HttpHost,
        Self::Learned,
        Self::Message,
        Self::ProxyRequest,
        Self::Sni,
    ];

    /// Name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddressRule => "address_rule",
            Self::Certificate => "certificate",
            Self::Dns => "dns",
            Self::DnsAlias => "dns_alias",
            Self::DnsQuery => "dns_query",
            Self::EchOuter => "ech_outer",
            Self::HttpHost => "http_host",
            Self::Learned => "learned",
            Self::Message => "message",
            Self::ProxyRequest => "proxy_request",
            Self::Sni => "sni",
        }
    }
}

/// How a session came to its pool: what it is wrapped in, and what was asked for on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The outermost wrapping.
    pub via: Option<Via>,
    /// The host that an HTTP or WebSocket request asked for.
    pub host: Option<String>,
    /// The path of that request, without its query.
    pub path: Option<String>,
    /// The client as a PROXY header names it. Anybody can write such a header.
    pub forwarded_for: Option<SocketAddr>,
}

/// Which flow an event is about. `client` is the side that mines, whichever way the packet went.
#[derive(Clone, Copy, Debug)]
pub struct FlowIdentity {
    /// Stable within the flow; two workers never give the same one to two flows at once.
    pub id: u64,
    /// The side that mines.
    pub client: Endpoint,
    /// The side that hands out work.
    pub server: Endpoint,
    /// Transport.
    pub proto: Proto,
    /// VLAN tags of the packet that opened the flow.
    pub vlans: Vlans,
}

/// Shares as counted on the wire: submits, replies that accept, replies that reject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// Submit messages.
    pub submitted: u64,
    /// Replies that accept one.
    pub accepted: u64,
    /// Replies that reject one.
    pub rejected: u64,
}

/// What is known of a session. Unknown is `None`, never a guess.
#[derive(Clone, Debug)]
pub struct Mining {
    /// Wire dialect.
    pub dialect: Dialect,
    /// What carries it.
    pub transport: Transport,
    /// How sure it is that this is mining.
    pub certainty: Certainty,
    /// Whether a message told which side mines (else the lower port number is taken for the server).
    pub client_role_proven: bool,
    /// Operator of the pool, by the rules.
    pub pool: Option<Arc<str>>,
    /// The pool's host, as [`Mining::named_by`] says.
    pub server_name: Option<String>,
    /// Where its name was seen.
    pub named_by: Option<NameSource>,
    /// The pool's port, where it was named with the host.
    pub server_port: Option<u16>,
    /// How the session came there.
    pub route: Route,
    /// What the host is listed for, and whether it is one of the long dead.
    pub category: Option<Category>,
    /// Whether only its name is left of a service of 2017 to 2020.
    pub legacy: bool,
    /// How the client greets over TLS, by JA4.
    pub ja4: Option<String>,
    /// The protocols that it offered over TLS, joined by commas.
    pub alpn: Option<String>,
    /// Web site that embeds the miner: its origin, or what else names it.
    pub site: Option<String>,
    /// Wallet, account or site key that collects; e-mail logins masked.
    pub payee: Option<String>,
    /// Worker (rig) name.
    pub worker: Option<String>,
    /// Mining software as it calls itself.
    pub agent: Option<String>,
    /// Coin, only where the wire says so.
    pub coin: Option<String>,
    /// Algorithm, only where the wire says so.
    pub algorithm: Option<String>,
    /// The part of the time that the miner leaves the processor alone, as it said itself, from 0 to 1.
    pub throttle: Option<f64>,
    /// Jobs handed out.
    pub jobs: u64,
    /// Shares seen.
    pub shares: Shares,
    /// Share difficulty in force, in the dialect's own unit.
    pub difficulty: Option<f64>,
    /// Hashes (solutions for Equihash) per second, from difficulty and accepted shares.
    pub hashrate: Option<f64>,
    /// Whether the session was up before the sensor saw it.
    pub midstream: bool,
    /// Whether messages were missed since: bytes that were not captured, or compressed ones that build on such.
    pub incomplete: bool,
    /// First message seen.
    pub started: Time,
    /// Last message seen.
    pub last_seen: Time,
}

impl Mining {
    /// An account of which nothing is known but when and how sure it is.
    pub fn bare(dialect: Dialect, transport: Transport, certainty: Certainty, time: Time) -> Self {
        Self {
            dialect,
            transport,
            certainty,
            client_role_proven: false,
            pool: None,
            server_name: None,
            named_by: None,
            server_port: None,
            route: Route::default(),
            category: None,
            legacy: false,
            ja4: None,
            alpn: None,
            site: None,
            payee: None,
            worker: None,
            agent: None,
            coin: None,
            algorithm: None,
            throttle: None,
            jobs: 0,
            shares: Shares::default(),
            difficulty: None,
            hashrate: None,
            midstream: false,
            incomplete: false,
            started: time,
            last_seen: time,
        }
    }
}

/// A signal seen for a client, once a signal and flow.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Time of the message that gave the signal.
    pub time: Time,
    /// Which flow.
    pub flow: FlowIdentity,
    /// The rule that names it.
    pub rule: Arc<Rule>,
    /// What kind of evidence.
    pub signal: Signal,
    /// A sentence: which message, which direction.
    pub reason: String,
    /// What is known when it is said.
    pub mining: Mining,
}

/// Why a session's account is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// First time.
    Confirmed,
    /// `session_interval` passed.
    Interval,
    /// The session ended, or the sensor did.
    Final,
}

/// The running account of one session.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    /// When it is told.
    pub time: Time,
    /// Which flow.
    pub flow: FlowIdentity,
    /// Why now.
    pub phase: Phase,
    /// The account.
    pub mining: Mining,
    /// The same session's live counters, shared with whoever shows them between records.
    pub live: Arc<Live>,
}

/// What a sensor says.
#[derive(Clone, Debug)]
pub enum Event {
    /// A signal was seen for the first time on a flow.
    Alert(Box<Alert>),
    /// A session's account.
    Session(Box<SessionRecord>),
}

impl Event {
    /// Address of the side that mines.
    pub fn client(&self) -> IpAddr {
        match self {
            Self::Alert(a) => a.flow.client.addr,
            Self::Session(s) => s.flow.client.addr,
        }
    }
}

/// Counters of one session, written by its worker and read at scrape. They only grow, but for `hashrate`.
#[derive(Debug, Default)]
pub struct Live {
    submitted: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    hashrate: AtomicU64,
}

impl Live {
    /// Publishes the account's figures. Relaxed: each figure stands for itself.
    pub fn publish(&self, shares: Shares, hashrate: Option<f64>) {
        self.submitted.store(shares.submitted, Relaxed);
        self.accepted.store(shares.accepted, Relaxed);
        self.rejected.store(shares.rejected, Relaxed);
        self.hashrate.store(hashrate.unwrap_or(f64::NAN).to_bits(), Relaxed);
    }

    /// The shares last published.
    pub fn shares(&self) -> Shares {
        Shares {
            submitted: self.submitted.load(Relaxed),
            accepted: self.accepted.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
        }
    }

    /// The hashrate last published, hashes per second.
    pub fn hashrate(&self) -> Option<f64> {
        let rate = f64::from_bits(self.hashrate.load(Relaxed));
        (rate.is_finite() && rate > 0.0).then_some(rate)
    }
}
