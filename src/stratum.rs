//! Mining dialects: one line in, one message out. Nothing here keeps state: what a reply answers, and what the session
//! is worth, is for [`crate::detect`] to say.
//!
//! A verdict is the shape of the outermost object: an exact verb, the right member, values of the right form. Words in
//! strings, key order and spacing decide nothing.

use std::borrow::Cow;

use crate::wire::json::Value;
use crate::wire::{http, prefixed};

pub mod account;
mod aeternity;
mod agent;
mod aleo;
mod alephium;
mod alephium_node;
mod beam;
mod bitcoin;
mod bridge;
mod chia;
mod ckb;
mod coinhive;
mod conflux;
mod cpuwebminer;
mod cryptonote;
mod duino;
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
mod jsecoin;
mod kadena;
mod kaspa;
mod line;
mod message;
mod minerapi;
mod nexa;
mod nimiq;
mod progpow;
mod reply;
mod sia;
mod skypool;
pub mod target;
mod tari;
mod warthog;
mod webminerpool;
mod xelis;
mod xelis_node;
mod zkwork;

pub use line::{Id, Line};
pub use message::{Body, Job, Login, Message, PoolName, Request, Role, Share, Strength};
pub use reply::{Reply, Verdict};

use line::{MAX_TEXT, Mark, hash_0x, hex, is_hex, text, throttle, word};

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
    /// Chia: farming for a pool over HTTP. Space, not hashes.
    Chia,
    /// Nervos CKB (Eaglesong).
    Ckb,
    /// Coinhive's `type` and `params`, spoken by many relays.
    Coinhive,
    /// Conflux (Octopus).
    Conflux,
    /// cpu-web-miner and its relay: socket.io events that name pool, worker and algorithm.
    Cpuwebminer,
    /// Monero and its forks: login, job, submit.
    Cryptonote,
    /// deepMiner, where its login was seen: Coinhive's dialect but for that.
    Deepminer,
    /// Duino-Coin: lines of plain text.
    Duino,
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
    /// JSEcoin: socket.io events.
    Jsecoin,
    /// Kadena's node over HTTP; its pools speak Stratum V1.
    Kadena,
    /// Kaspa, Karlsen, Spectre, Pyrin and forks.
    Kaspa,
    /// Management of a miner on the LAN: cgminer's, ethminer's and XMRig's interfaces. No pool, yet it proves a miner.
    Minerapi,
    /// Nexa.
    Nexa,
    /// Nimiq's pools over WebSocket.
    Nimiq,
    /// KawPow, FiroPow, ProgPowZ and kin over `mining.*`.
    Progpow,
    /// Siacoin's daemon over HTTP; its pools speak Stratum V1.
    Sia,
    /// Nimiq's Skypool: socket.io events.
    Skypool,
    /// Tari's own miner: Grin's shape with a decimal target.
    Tari,
    /// Warthog (Janus).
    Warthog,
    /// webminerpool and its descendants: `identifier`.
    Webminerpool,
    /// Xelis.
    Xelis,
    /// A dialect that a rule file describes, by its word; see [`crate::rules::described`].
    Named(&'static str),
    /// None was heard: only a name or an address speaks. It has no rules or counters of its own.
    Unknown,
}

impl Dialect {
    /// All built-in dialects, in the order of their names.
    pub const ALL: [Self; 36] = [
        Self::Aeternity,
        Self::Aleo,
        Self::Alephium,
        Self::Beam,
        Self::Bitcoin,
        Self::Chia,
        Self::Ckb,
        Self::Coinhive,
        Self::Conflux,
        Self::Cpuwebminer,
        Self::Cryptonote,
        Self::Deepminer,
        Self::Duino,
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
        Self::Jsecoin,
        Self::Kadena,
        Self::Kaspa,
        Self::Minerapi,
        Self::Nexa,
        Self::Nimiq,
        Self::Progpow,
        Self::Sia,
        Self::Skypool,
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
            Self::Chia => "chia",
            Self::Ckb => "ckb",
            Self::Coinhive => "coinhive",
            Self::Conflux => "conflux",
            Self::Cpuwebminer => "cpuwebminer",
            Self::Cryptonote => "cryptonote",
            Self::Deepminer => "deepminer",
            Self::Duino => "duino",
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
            Self::Jsecoin => "jsecoin",
            Self::Kadena => "kadena",
            Self::Kaspa => "kaspa",
            Self::Minerapi => "minerapi",
            Self::Nexa => "nexa",
            Self::Nimiq => "nimiq",
            Self::Progpow => "progpow",
            Self::Sia => "sia",
            Self::Skypool => "skypool",
            Self::Tari => "tari",
            Self::Warthog => "warthog",
            Self::Webminerpool => "webminerpool",
            Self::Xelis => "xelis",
            Self::Named(word) => word,
            Self::Unknown => "unknown",
        }
    }

    /// Counters by dialect: one each, and a last one for all that rule files describe.
    pub const COUNTERS: usize = Self::ALL.len() + 1;

    /// The place of this dialect's counter.
    pub fn counter(self) -> usize {
        Self::ALL.iter().position(|d| *d == self).unwrap_or(Self::ALL.len())
    }

    /// What each counter is called, in order.
    pub fn counter_names() -> [&'static str; Self::COUNTERS] {
        std::array::from_fn(|at| Self::ALL.get(at).map_or("custom", |d| d.name()))
    }

    /// The built-in dialect of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
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
        return match unique_reply(line).or_else(|| own_members(line)) {
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

/// An object without a method, of a dialect that has members of its own.
fn own_members<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    match line.mark? {
        Mark::Api => minerapi::read(line),
        Mark::Identifier => webminerpool::read(line),
        Mark::Message => nimiq::read(line),
        Mark::Node => xelis_node::read(line),
        Mark::Keys | Mark::Payload => None,
        Mark::Type => coinhive::read(line).or_else(|| bridge::read(line)),
    }
}

/// The line that a relay has wrapped into an object of its own.
pub fn unwrap<'a>(line: &Line<'a>) -> Option<Cow<'a, [u8]>> {
    (line.mark == Some(Mark::Type)).then(|| bridge::inner(line)).flatten()
}

/// Reads a line of plain text, or a WebSocket's message that is no object.
pub fn read_text(text: &str) -> Option<Message<'_>> {
    duino::read(text).or_else(|| xelis_node::text(text))
}

/// Reads an event of Socket.IO: an array, its name first.
pub fn read_event(array: Value<'_>) -> Option<Message<'_>> {
    let name = array.item(0)?.plain()?;
    cpuwebminer::event(name, array)
        .or_else(|| jsecoin::event(name, array))
        .or_else(|| skypool::event(name, array))
}

/// Reads a binary message behind its length; the order of the length's bytes tells the dialect.
pub fn read_prefixed(order: prefixed::Order, bytes: &[u8]) -> Option<Message<'_>> {
    match order {
        prefixed::Order::Big => alephium_node::read(bytes),
        prefixed::Order::Little => zkwork::read(bytes),
    }
}

/// Reads a JSON body of an HTTP message: the calls of miners to nodes and of old pools. Lines of other dialects mean
/// nothing there, since documents travel as bodies too.
pub fn read_body<'a>(line: &Line<'a>) -> Read<'a> {
    let message = match (line.method.as_deref(), line.result) {
        (Some(method), _) => getwork::request(line, method)
            .or_else(|| getblocktemplate::request(line, method))
            .or_else(|| ethproxy::request(line, method).map(ethproxy::to_node)),
        (None, Some(result)) if result.is_array() => ethproxy::reply(line, result),
        (None, Some(result)) => {
            getwork::reply(line, result).or_else(|| getblocktemplate::reply(line, result))
        }
        (None, None) if line.mark == Some(Mark::Payload) => chia::body(line),
        (None, None) if line.mark == Some(Mark::Api) => minerapi::read(line),
        (None, None) if line.mark == Some(Mark::Keys) => kadena::body(line),
        (None, None) => None,
    };
    match message {
        Some(message) => Read::Message(message),
        None if line.method.is_none() => reply::read(line).map_or(Read::Nothing, Read::Reply),
        None => Read::Nothing,
    }
}

/// Reads a batch of calls as one: what its single calls do not say.
pub fn read_batch(batch: Value<'_>) -> Option<Message<'_>> {
    getblocktemplate::batch(batch)
}

/// Reads the beginning of a JSON body that is longer than what is kept.
pub fn read_cut_body(body: &[u8]) -> Option<Message<'_>> {
    getblocktemplate::cut_reply(body)
}

/// Reads the head of an HTTP request.
pub fn read_request<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    kadena::request_head(head)
        .or_else(|| sia::request_head(head))
        .or_else(|| chia::request_head(head))
        .or_else(|| xelis_node::request_head(head))
        .or_else(|| getwork::request_head(head))
}

/// Whether a request that says nothing itself has an answer that may.
pub fn is_asking(head: &http::Request<'_>) -> bool {
    minerapi::is_asking(head)
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
        .or_else(|| minerapi::request(line, method))
        .or_else(|| bridge::request(line, method))
}

/// A reply that proves mining by its own content.
fn unique_reply<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let result = line.result?;
    if result.is_array() {
        return ethereumstratum1::reply(line, result)
            .or_else(|| kaspa::reply(line, result))
            .or_else(|| xelis::reply(line, result))
            .or_else(|| bitcoin::reply(line, result))
            .or_else(|| ethproxy::reply(line, result))
            .or_else(|| minerapi::reply(line, result));
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
    const FIRST: [&str; 12] = [
        "STATUS",
        "api_key",
        "body",
        "error",
        "id",
        "jsonrpc",
        "method",
        "params",
        "reject-reason",
        "result",
        "time",
        "worker",
    ];
    let text = object.trim_ascii_start().strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
    let Some(key) = text.strip_prefix(b"\"") else { return text.is_empty() };
    // Nimiq's blocks and joined answers of cgminer's interface are longer than a segment; their first words are
    // everybody's.
    let mut words = key.split(|b| *b == b'"').skip(1);
    if key.starts_with(b"message\":\"new-block\"")
        || words.next() == Some(b":[{") && words.next() == Some(b"STATUS")
    {
        return true;
    }
    match memchr::memchr(b'"', key) {
        Some(end) => FIRST.iter().any(|f| key.get(..end) == Some(f.as_bytes())),
        None => FIRST.iter().any(|f| f.as_bytes().starts_with(key)),
    }
}
