//! Stratum V1: Bitcoin, and everything that speaks `mining.*` in its shapes (scrypt, X11, LBRY, Decred …). It comes
//! last among the `mining.*` dialects: a verb whose shape no kin claimed is counted here, as not decisive.

use std::borrow::Cow;

use super::{
    Body, Dialect, Job, Line, Login, Message, PoolName, Request, Role, Share, Strength, hex, is_hex, text,
    word,
};
use crate::wire::json::Value;

/// Reads a line with a method.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body, decisive) = match method {
        "mining.subscribe" => ("mining.subscribe", Role::Miner, subscribe(line), false),
        "mining.authorize" => ("mining.authorize", Role::Miner, authorize(line), false),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line), is_submit(line)),
        "mining.configure" => ("mining.configure", Role::Miner, configure(line), true),
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)), is_notify(line)),
        "mining.set_difficulty" => ("mining.set_difficulty", Role::Pool, set_difficulty(line), false),
        "client.reconnect" if plain(line) => ("client.reconnect", Role::Pool, reconnect(line), false),
        "client.get_version" if nothing(line) => {
            ("client.get_version", Role::Pool, Body::Request(Request::Agent), false)
        }
        "mining.set_goal" => ("mining.set_goal", Role::Pool, goal(line), true),
        "mining.ping" => return plain(line).then(|| message(line, "mining.ping", None, Body::Other, false)),
        _ => return verb(line, method),
    };
    Some(message(line, name, Some(role), body, decisive))
}

/// The other verbs, which the account only counts.
fn verb<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    const MINER: [&str; 12] = [
        "mining.extranonce.subscribe",
        "mining.suggest_difficulty",
        "mining.suggest_target",
        "mining.multi_version",
        "mining.get_transactions",
        "mining.capabilities",
        "mining.hashes_done",
        "mining.update_block",
        "mining.authorize_admin",
        "mining.add_user",
        "mining.hashrate",
        "agent.get_capabilities",
    ];
    const POOL: [&str; 8] = [
        "mining.set_extranonce",
        "set_extranonce",
        "mining.set_version_mask",
        "mining.set_target",
        "mining.print",
        "client.show_message",
        "client.get_algo",
        "client.get_stats",
    ];
    const EITHER: [&str; 2] = ["mining.pong", "mining.reconnect"];
    let find = |verbs: &[&'static str]| verbs.iter().copied().find(|v| *v == method);
    let (name, role) = find(&MINER)
        .map(|v| (v, Some(Role::Miner)))
        .or_else(|| find(&POOL).map(|v| (v, Some(Role::Pool))))
        .or_else(|| find(&EITHER).map(|v| (v, None)))?;
    // Everyday verbs prove something only in their own shape.
    let fits = match method {
        "client.get_algo" | "client.get_stats" => nothing(line),
        "client.show_message" => text(line.param(0)).is_some() && line.param(1).is_none(),
        _ => plain(line),
    };
    fits.then(|| {
        let body = if role == Some(Role::Miner) { Body::Request(Request::Plain) } else { Body::Other };
        message(line, name, role, body, false)
    })
}

/// Params absent or an array: what a service of another kind with the same common verb rarely has.
fn plain(line: &Line<'_>) -> bool {
    line.params.is_none_or(Value::is_array)
}

/// No params, or an empty array.
fn nothing(line: &Line<'_>) -> bool {
    plain(line) && line.param(0).is_none()
}

const fn message<'a>(
    line: &Line<'a>,
    name: &'static str,
    role: Option<Role>,
    body: Body<'a>,
    decisive: bool,
) -> Message<'a> {
    Message { dialect: Dialect::Bitcoin, decisive, role, strength: Strength::Unique, name, id: line.id, body }
}

/// `[agent?, session?]`, or `[agent, session, host, port]` in Equihash and ProgPow.
pub(super) fn subscribe<'a>(line: &Line<'a>) -> Body<'a> {
    let port = |v: Value<'a>| v.u64().or_else(|| v.plain()?.parse().ok()).and_then(|p| u16::try_from(p).ok());
    let host = text(line.param(2));
    let pool = host.and_then(|h| PoolName::parse(h, line.param(3).and_then(port)));
    Body::Subscribe { agent: text(line.param(0)), pool }
}

/// `[user, password]`. Of the password only yiimp's option `c=` (payout coin) is read, and nothing is kept.
fn authorize<'a>(line: &Line<'a>) -> Body<'a> {
    match text(line.param(0)) {
        Some(user) => Body::Authorize(Login { user, coin: coin(line.param(1)), ..Login::default() }),
        None => Body::Request(Request::Plain),
    }
}

fn coin<'a>(password: Option<Value<'a>>) -> Option<Cow<'a, str>> {
    let option = |o: &'a str| o.trim().strip_prefix("c=").filter(|c| (2..=8).contains(&c.len()));
    let coin = password?.plain()?.split(',').find_map(option)?;
    coin.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).then_some(Cow::Borrowed(coin))
}

/// `[worker, job, extranonce2, ntime, nonce, version bits?]`.
pub(super) fn submit<'a>(line: &Line<'a>) -> Body<'a> {
    Body::Submit(Share {
        user: text(line.param(0)),
        worker: text(line.worker),
        job: word(line.param(1)),
        ..Share::default()
    })
}

fn is_submit(line: &Line<'_>) -> bool {
    let count = line.params.map_or(0, |p| p.items().count());
    let short_hex =
        |v: Option<Value<'_>>| v.and_then(Value::plain).is_some_and(|t| t.len() <= 32 && is_hex(t));
    (5..=6).contains(&count) && short_hex(line.param(2)) && hex(line.param(3), 8) && hex(line.param(4), 8)
}

/// `[[extensions], {"extension.parameter": value}]`; `info` names the pool as the user typed it.
fn configure<'a>(line: &Line<'a>) -> Body<'a> {
    let url = line.param(1).and_then(|options| options.get("info.connection-url"));
    match text(url).and_then(|url| PoolName::parse(url, None)) {
        Some(pool) => Body::Pool(pool),
        None => Body::Request(Request::Plain),
    }
}

fn job<'a>(line: &Line<'a>) -> Job<'a> {
    Job { id: word(line.param(0)), hashes: None, algorithm: algorithm(line).map(Cow::Borrowed) }
}

/// `[job, prevhash, coinb1, coinb2, [branch …], version, nbits, ntime, clean]`; LBRY has one more hash at 2.
fn is_notify(line: &Line<'_>) -> bool {
    let branches = |at| line.param(at).is_some_and(Value::is_array);
    hex(line.param(1), 64) && (branches(4) || branches(5))
}

/// Only SHA-256d chains with enough work have block hashes with 64 and more leading zero bits: the hash of the header
/// is the proof of work there. A job shows the previous hash with its 4-byte words swapped.
fn algorithm(line: &Line<'_>) -> Option<&'static str> {
    let previous = line.param(1).and_then(Value::plain).filter(|t| t.len() == 64 && is_hex(t))?;
    let zeros = |t: &str| t.bytes().take_while(|b| *b == b'0').count();
    let last = previous.get(48..)?;
    (last == "0000000000000000" && zeros(previous) < 64).then_some("sha256d")
}

fn set_difficulty<'a>(line: &Line<'a>) -> Body<'a> {
    match line.param(0).and_then(Value::number).filter(|d| *d > 0.0) {
        Some(difficulty) => Body::Difficulty { difficulty, hashes: None, algorithm: None },
        None => Body::Other,
    }
}

/// `[host, port, wait]`; `[]` means the same place.
fn reconnect<'a>(line: &Line<'a>) -> Body<'a> {
    let port = line.param(1).and_then(|v| v.u64().or_else(|| v.plain()?.parse().ok()));
    let pool = text(line.param(0)).and_then(|h| PoolName::parse(h, port.and_then(|p| u16::try_from(p).ok())));
    pool.map_or(Body::Other, Body::Pool)
}

/// `[name, {"malgo": algorithm}]`.
fn goal<'a>(line: &Line<'a>) -> Body<'a> {
    let algorithm = text(line.param(1).and_then(|options| options.get("malgo")));
    Body::Job(Job { id: None, hashes: None, algorithm })
}

/// The reply to subscribe names what was subscribed to; the reply to configure its extensions.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let unique = |name, body| Some(message(line, name, Some(Role::Pool), body, false));
    if result.is_object() {
        let rolling = result.get("version-rolling")?;
        let body = if rolling.bool() == Some(true) { Body::VersionRolling } else { Body::Other };
        return Some(message(line, "the reply to mining.configure", Some(Role::Pool), body, true));
    }
    let first = result.item(0)?;
    let versioned = result.item(1).and_then(Value::plain).is_some_and(|v| v.contains("Stratum/"));
    if first.bool() == Some(true) && versioned {
        return unique("the reply to mining.subscribe", Body::Other);
    }
    // Pairs nested in one array (nearly all), or a single pair flat (p2pool).
    let pairs = std::iter::once(first).chain(first.items()).chain(first.items().flat_map(Value::items));
    let mut found = false;
    for pair in pairs.take(16).filter(|p| p.is_array()) {
        match pair.item(0).and_then(Value::plain) {
            Some("mining.notify") => found = true,
            Some("mining.set_difficulty") => {
                return unique("the reply to mining.subscribe", first_difficulty(pair));
            }
            _ => {}
        }
    }
    if found { unique("the reply to mining.subscribe", Body::Other) } else { None }
}

/// yiimp puts the difficulty where others put an id; an id that is all digits but too long for one is none.
fn first_difficulty<'a>(pair: Value<'a>) -> Body<'a> {
    let said = pair.item(1).and_then(Value::plain).filter(|t| t.len() <= 7 && !t.starts_with('0'));
    match said.and_then(|t| t.parse().ok()).filter(|d: &f64| *d >= 1.0) {
        Some(difficulty) => Body::Difficulty { difficulty, hashes: None, algorithm: None },
        None => Body::Other,
    }
}
