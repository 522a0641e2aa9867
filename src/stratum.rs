//! Mining dialects: one line in, one message out. Nothing here keeps state: what a reply answers, and what the session
//! is worth, is for [`crate::detect`] to say.
//!
//! A verdict is the shape of the outermost object: an exact verb, the right member, values of the right form. Words in
//! strings, key order and spacing decide nothing.

use std::borrow::Cow;

use crate::wire::http;
use crate::wire::json::{Members, Value};

pub mod account;
mod aeternity;
mod agent;
mod aleo;
mod alephium;
mod beam;
mod bitcoin;
mod ckb;
mod coinhive;
mod conflux;
mod cryptonote;
mod equihash;
mod ergo;
mod ethereumstratum1;
mod ethereumstratum2;
mod ethproxy;
mod getblocktemplate;
mod getwork;
mod grin;
mod handshake;
mod ironfish;
mod kaspa;
mod nexa;
mod progpow;
mod reply;
pub mod target;
mod tari;
mod warthog;
mod webminerpool;
mod xelis;

pub use reply::{Reply, Verdict};

/// A mining dialect, one file each below `stratum/`. The names are public API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// Aeternity's Cuckoo Cycle over `mining.*`.
    Aeternity,
    /// AleoStratum.
    Aleo,
    /// Alephium's pools: jobs as an array of objects.
    Alephium,
    /// BeamHash: `solution`, replies with a method.
    Beam,
    /// Stratum V1 and what looks like it (SHA-256d, scrypt, X11 … kin).
    Bitcoin,
    /// Nervos CKB (Eaglesong).
    Ckb,
    /// Coinhive's `type` and `params`, spoken by many relays.
    Coinhive,
    /// Conflux (Octopus).
    Conflux,
    /// Monero and its forks: login, job, submit.
    Cryptonote,
    /// ZIP-301: Equihash and Verus.
    Equihash,
    /// Ergo (Autolykos v2).
    Ergo,
    /// Ethash over `mining.*`: versionless and EthereumStratum/1.0.0.
    EthereumStratum1,
    /// EIP-1571.
    EthereumStratum2,
    /// `eth_submitLogin`, `eth_getWork`, `eth_submitWork`.
    EthProxy,
    /// Block templates over HTTP: BIP 22, Monero's daemon, merge mining.
    Getblocktemplate,
    /// getwork over HTTP, and requests with its headers.
    Getwork,
    /// Grin (Cuckatoo): `getjobtemplate`, `pre_pow`, replies that echo the method.
    Grin,
    /// Handshake (HNS).
    Handshake,
    /// Iron Fish: `body` instead of `params`.
    Ironfish,
    /// Kaspa, Karlsen, Spectre, Pyrin and forks.
    Kaspa,
    /// Nexa.
    Nexa,
    /// KawPow, FiroPow, ProgPowZ and kin over `mining.*`.
    Progpow,
    /// Tari's own miner: Grin's shape with a decimal target.
    Tari,
    /// Warthog (Janus).
    Warthog,
    /// webminerpool and its descendants: `identifier`.
    Webminerpool,
    /// Xelis.
    Xelis,
}

impl Dialect {
    /// All dialects, in the order of their counters.
    pub const ALL: [Self; 26] = [
        Self::Aeternity,
        Self::Aleo,
        Self::Alephium,
        Self::Beam,
        Self::Bitcoin,
        Self::Ckb,
        Self::Coinhive,
        Self::Conflux,
        Self::Cryptonote,
        Self::Equihash,
        Self::Ergo,
        Self::EthereumStratum1,
        Self::EthereumStratum2,
        Self::EthProxy,
        Self::Getblocktemplate,
        Self::Getwork,
        Self::Grin,
        Self::Handshake,
        Self::Ironfish,
        Self::Kaspa,
        Self::Nexa,
        Self::Progpow,
        Self::Tari,
        Self::Warthog,
        Self::Webminerpool,
        Self::Xelis,
    ];

    /// Name in events, rules and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aeternity => "aeternity",
            Self::Aleo => "aleo",
            Self::Alephium => "alephium",
            Self::Beam => "beam",
            Self::Bitcoin => "bitcoin",
            Self::Ckb => "ckb",
            Self::Coinhive => "coinhive",
            Self::Conflux => "conflux",
            Self::Cryptonote => "cryptonote",
            Self::Equihash => "equihash",
            Self::Ergo => "ergo",
            Self::EthereumStratum1 => "ethereumstratum1",
            Self::EthereumStratum2 => "ethereumstratum2",
            Self::EthProxy => "ethproxy",
            Self::Getblocktemplate => "getblocktemplate",
            Self::Getwork => "getwork",
            Self::Grin => "grin",
            Self::Handshake => "handshake",
            Self::Ironfish => "ironfish",
            Self::Kaspa => "kaspa",
            Self::Nexa => "nexa",
            Self::Progpow => "progpow",
            Self::Tari => "tari",
            Self::Warthog => "warthog",
            Self::Webminerpool => "webminerpool",
            Self::Xelis => "xelis",
        }
    }

    /// The dialect of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// Who sends such a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The side that mines.
    Miner,
    /// The side that hands out work.
    Pool,
}

/// What a message is worth alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Nothing without what came before; it opens no session.
    Context,
    /// Mining unless the host is known to do something else; two of them prove it.
    Strong,
    /// Proves mining.
    Unique,
}

/// One message of a dialect.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// The dialect that this message alone speaks for.
    pub dialect: Dialect,
    /// Whether that is sure, or only the family's eldest stands for all its kin.
    pub decisive: bool,
    /// Who sends it; `None` where both sides do.
    pub role: Option<Role>,
    /// What it is worth.
    pub strength: Strength,
    /// What it is called in a reason: a verb, or what kind of reply.
    pub name: &'static str,
    /// Its id: of the request it is, or of the request it answers.
    pub id: Option<Id>,
    /// What it says.
    pub body: Body<'a>,
}

impl<'a> Message<'a> {
    /// A message that proves mining, and this dialect, alone.
    const fn decisive(dialect: Dialect, line: &Line<'_>, name: &'static str, role: Role, body: Body<'a>) -> Self {
        Self { dialect, decisive: true, role: Some(role), strength: Strength::Unique, name, id: line.id, body }
    }
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// The miner introduces itself.
    Subscribe {
        /// Mining software.
        agent: Option<Cow<'a, str>>,
        /// The pool as the user typed it.
        pool: Option<PoolName<'a>>,
    },
    /// The miner says who is paid.
    Authorize {
        /// Wallet or account, with or without worker.
        user: Cow<'a, str>,
        /// Worker named apart.
        worker: Option<Cow<'a, str>>,
        /// Mining software.
        agent: Option<Cow<'a, str>>,
        /// Where a proxy is asked to go on to.
        pool: Option<PoolName<'a>>,
        /// Coin to be paid in, where the miner says so.
        coin: Option<Cow<'a, str>>,
    },
    /// A job, as a push or inside the reply to a login.
    Job(Job<'a>),
    /// A share.
    Submit {
        /// Wallet or account, with or without worker.
        user: Option<Cow<'a, str>>,
        /// Worker named apart.
        worker: Option<Cow<'a, str>>,
        /// Algorithm, where the share tells.
        algorithm: Option<Cow<'a, str>>,
        /// The job it is for.
        job: Option<Cow<'a, str>>,
    },
    /// Difficulty of the shares from the next job on.
    Difficulty {
        /// In the dialect's unit.
        difficulty: f64,
        /// Expected hashes a share, where the unit is known.
        hashes: Option<f64>,
        /// Algorithm, where the message names it.
        algorithm: Option<Cow<'a, str>>,
    },
    /// The miner states its rate, hashes per second.
    Hashrate(f64),
    /// The pool (or the miner's own settings) names an endpoint.
    Pool(PoolName<'a>),
    /// The server accepts version rolling, so the algorithm is SHA-256d (BIP 310).
    VersionRolling,
    /// The peer is asked something that it answers with a reply.
    Request(Request),
    /// An answer to the oldest share that waits for one, in dialects whose answers have no id.
    Answer(Verdict),
    /// Nothing that the account keeps.
    Other,
}

/// A request whose reply says something about the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The miner is asked what software it is.
    Agent,
    /// Anything else: its reply must not be taken for that of a share.
    Plain,
}

/// A job.
#[derive(Clone, Debug, Default)]
pub struct Job<'a> {
    /// Its id, or the header hash that plays the part.
    pub id: Option<Cow<'a, str>>,
    /// Expected hashes a share, where the job carries its target.
    pub hashes: Option<f64>,
    /// Algorithm, where the job tells.
    pub algorithm: Option<Cow<'a, str>>,
}

/// A pool as named inside a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolName<'a> {
    /// Host name or address, without scheme and port.
    pub host: Cow<'a, str>,
    /// Port.
    pub port: Option<u16>,
}

impl<'a> PoolName<'a> {
    /// Reads `host`, `host:port`, or a URL such as `stratum+tcp://host:port`.
    pub fn parse(text: Cow<'a, str>, port: Option<u16>) -> Option<Self> {
        let from = text.find("://").map_or(0, |at| at.saturating_add(3));
        let rest = text.get(from..)?.split(['/', '#', '?']).next()?;
        let (host, named) = match rest.rsplit_once(':') {
            Some((host, digits)) if !host.contains(':') || host.ends_with(']') => (host, digits.parse().ok()),
            _ => (rest, None),
        };
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        let fits = (3..=253).contains(&host.len());
        let named_well = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':'));
        (fits && named_well && host.contains(['.', ':']))
            .then_some(Self { host: Cow::Owned(host), port: port.or(named) })
    }
}

/// A request id in its text form: some pools turn `1` into `"1"`, so both are the same. Kept as a hash, since a peer
/// may choose ids of any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(u64);

impl Id {
    fn of(value: Value<'_>) -> Option<Self> {
        let text = match value.plain() {
            Some(text) => text.as_bytes(),
            None if value.is_null() => return None,
            None => value.text(),
        };
        Some(Self::of_bytes(text))
    }

    /// The id that has this text, of a request or of a job.
    pub fn of_text(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    /// FNV-1a: short keys, no secret, and a collision costs one share's match.
    fn of_bytes(text: &[u8]) -> Self {
        Self(text.iter().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)))
    }
}

/// A line's outermost members, those that dialects ask for found once. Of duplicates the last counts, as with most
/// parsers that pools use.
#[derive(Clone, Debug, Default)]
pub struct Line<'a> {
    /// The object itself, for members that one dialect alone has.
    text: &'a [u8],
    /// `id`.
    pub id: Option<Id>,
    /// `method`.
    pub method: Option<Cow<'a, str>>,
    /// `params`.
    pub params: Option<Value<'a>>,
    /// `result`.
    pub result: Option<Value<'a>>,
    /// `error`, where it is not null.
    pub error: Option<Value<'a>>,
    /// `worker`.
    pub worker: Option<Value<'a>>,
    /// Whether it has members besides these, `jsonrpc` and `reject-reason`.
    pub more: bool,
    /// Whether there is a `result` member, null too.
    pub has_result: bool,
    /// Whether there is an `error` member, null too.
    pub has_error: bool,
}

impl<'a> Line<'a> {
    /// Reads an object's members; of a cut object those that are whole.
    pub fn read(object: &'a [u8]) -> Self {
        let mut line = Self { text: object, ..Self::default() };
        for (key, value) in Members::open(object) {
            match key.plain() {
                Some("id") => line.id = Id::of(value),
                Some("method") => line.method = value.str(),
                Some("params") => line.params = Some(value),
                Some("result") => (line.result, line.has_result) = (Some(value).filter(|v| !v.is_null()), true),
                Some("error") => (line.error, line.has_error) = (Some(value).filter(|v| !v.is_null()), true),
                Some("worker") => line.worker = Some(value),
                Some("jsonrpc" | "reject-reason") => {}
                _ => line.more = true,
            }
        }
        line
    }

    /// Reads an overlong object: whole members of its head, and `method` from its tail.
    pub fn read_overlong(head: &'a [u8], tail: &'a [u8]) -> Self {
        let mut line = Self::read(head);
        if line.method.is_none() {
            let at = memchr::memmem::rfind(tail, b"\"method\"").and_then(|at| tail.get(at..));
            let value = at.and_then(Value::first).and_then(|(_, rest)| rest.trim_ascii_start().strip_prefix(b":"));
            line.method = value.and_then(Value::first).and_then(|(v, _)| v.str());
        }
        line.more = true;
        line
    }

    /// A member that has no field here.
    fn get(&self, name: &str) -> Option<Value<'a>> {
        Members::open(self.text).find(|(key, _)| key.is_str(name)).map(|(_, value)| value)
    }

    fn param(&self, index: usize) -> Option<Value<'a>> {
        self.params?.item(index)
    }
}

/// What a line is.
#[derive(Clone, Debug)]
pub enum Read<'a> {
    /// A message of a dialect.
    Message(Message<'a>),
    /// A reply that means something only to who knows the request.
    Reply(Reply<'a>),
    /// Neither.
    Nothing,
}

/// Reads one line.
pub fn read<'a>(line: &Line<'a>) -> Read<'a> {
    let Some(method) = line.method.as_deref() else {
        let browser = || coinhive::read(line).or_else(|| webminerpool::read(line));
        return match unique_reply(line).or_else(|| line.more.then(browser).flatten()) {
            Some(message) => Read::Message(message),
            None => reply::read(line).map_or(Read::Nothing, Read::Reply),
        };
    };
    // A message with a method is never a reply, but in the dialects that say so.
    let answer = ironfish::answer(line, method).or_else(|| grin::answer(line, method));
    if let Some(reply) = answer.or_else(|| beam::answer(line, method)) {
        return Read::Reply(reply);
    }
    request(line, method).map_or(Read::Nothing, Read::Message)
}

/// Reads a JSON body of an HTTP message: the calls of miners to nodes and of old pools. Lines of other dialects mean
/// nothing there, since documents travel as bodies too.
pub fn read_body<'a>(line: &Line<'a>) -> Read<'a> {
    let message = match (line.method.as_deref(), line.result) {
        (Some(method), _) => getwork::request(line, method)
            .or_else(|| getblocktemplate::request(line, method))
            .or_else(|| ethproxy::request(line, method).map(ethproxy::to_node)),
        (None, Some(result)) if result.is_array() => ethproxy::reply(line, result),
        (None, Some(result)) => getwork::reply(line, result).or_else(|| getblocktemplate::reply(line, result)),
        (None, None) => None,
    };
    match message {
        Some(message) => Read::Message(message),
        None if line.method.is_none() => reply::read(line).map_or(Read::Nothing, Read::Reply),
        None => Read::Nothing,
    }
}

/// Reads the head of an HTTP request.
pub fn read_request<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    getwork::request_head(head)
}

/// Reads the head of an HTTP response.
pub fn read_response<'a>(head: &http::Response<'a>) -> Option<Message<'a>> {
    getwork::response_head(head)
}

/// Reads one binary message of a farm proxy (BTCAgent).
pub fn read_agent(bytes: &[u8]) -> Option<Message<'_>> {
    agent::read(bytes)
}

/// A line with a method: asked of each dialect in turn, those with the narrower shapes first.
fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    if method.starts_with("mining.") || method == "set_extranonce" {
        return ironfish::request(line, method)
            .or_else(|| alephium::request(line, method))
            .or_else(|| ethereumstratum2::request(line, method))
            .or_else(|| equihash::request(line, method))
            .or_else(|| ergo::request(line, method))
            .or_else(|| handshake::request(line, method))
            .or_else(|| kaspa::request(line, method))
            .or_else(|| conflux::request(line, method))
            .or_else(|| ckb::request(line, method))
            .or_else(|| aeternity::request(line, method))
            .or_else(|| aleo::request(line, method))
            .or_else(|| xelis::request(line, method))
            .or_else(|| warthog::request(line, method))
            .or_else(|| nexa::request(line, method))
            .or_else(|| progpow::request(line, method))
            .or_else(|| ethereumstratum1::request(line, method))
            .or_else(|| bitcoin::request(line, method));
    }
    if method.starts_with("eth_") {
        return ethproxy::request(line, method);
    }
    beam::request(line, method)
        .or_else(|| grin::request(line, method))
        .or_else(|| tari::request(line, method))
        .or_else(|| alephium::request(line, method))
        .or_else(|| cryptonote::request(line, method))
        .or_else(|| bitcoin::request(line, method))
}

/// A reply that proves mining by its own content.
fn unique_reply<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let result = line.result?;
    if result.is_array() {
        return ethereumstratum1::reply(line, result)
            .or_else(|| kaspa::reply(line, result))
            .or_else(|| xelis::reply(line, result))
            .or_else(|| bitcoin::reply(line, result))
            .or_else(|| ethproxy::reply(line, result));
    }
    if result.is_object() {
        return cryptonote::reply(line, result)
            .or_else(|| tari::reply(line, result))
            .or_else(|| ethereumstratum2::reply(line, result))
            .or_else(|| bitcoin::reply(line, result));
    }
    None
}

/// Whether a cut object could still become a message: its first member is one that messages begin with.
pub fn may_become(object: &[u8]) -> bool {
    const FIRST: [&str; 11] =
        ["api_key", "body", "error", "id", "jsonrpc", "method", "params", "reject-reason", "result", "time", "worker"];
    let text = object.trim_ascii_start().strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
    let Some(key) = text.strip_prefix(b"\"") else { return text.is_empty() };
    match memchr::memchr(b'"', key) {
        Some(end) => FIRST.iter().any(|f| key.get(..end) == Some(f.as_bytes())),
        None => FIRST.iter().any(|f| f.as_bytes().starts_with(key)),
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a value is a string of exactly `digits` hexadecimal digits, without `0x`.
fn hex(value: Option<Value<'_>>, digits: usize) -> bool {
    value.and_then(Value::plain).is_some_and(|t| t.len() == digits && is_hex(t))
}

/// Whether a value is a string of 64 hexadecimal digits after `0x`.
fn hash_0x(value: Option<Value<'_>>) -> bool {
    value.and_then(Value::plain).and_then(|t| t.strip_prefix("0x")).is_some_and(|t| t.len() == 64 && is_hex(t))
}

/// The text of a string that is no longer than anything legitimate.
fn text(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    value?.str().filter(|t| !t.is_empty() && t.len() <= MAX_TEXT)
}

/// A string or a number as text.
fn word(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    let v = value?;
    text(value).or_else(|| v.u64().and_then(|_| std::str::from_utf8(v.text()).ok()).map(Cow::Borrowed))
}

/// Longest wallet, worker or agent kept; Cardano's addresses have 103 characters, integrated Monero ones 106, agents of
/// xmrig some 120.
const MAX_TEXT: usize = 512;

