//! Kaspa, Karlsen, Spectre, Pyrin and forks, as their stratum bridges speak it over `mining.*`. Only the address names
//! the coin: jobs and shares have one shape in all of them. No standard; the bridges agree. Not the nodes' gRPC.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Login, Message, Role, Share, hex, is_hex, text, word};
use crate::wire::json::Value;

/// Prefixes of addresses, and the coins' tickers.
const COINS: [(&str, &str); 6] = [
    ("bugna", "BGA"),
    ("karlsen", "KLS"),
    ("kaspa", "KAS"),
    ("nexelliat", "NXL"),
    ("pyrin", "PYI"),
    ("spectre", "SPR"),
];

/// Letters of an address behind its prefix, for a key or script hash of 32 bytes: version, key and checksum at 5 bits a
/// letter. Cashaddr, the same form in other coins, is told by the prefix.
const ADDRESS: usize = 61;

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.authorize" => ("mining.authorize", Role::Miner, authorize(line)?),
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        // With the prefix it is everybody's.
        "set_extranonce" if is_extranonce(line) => ("set_extranonce", Role::Pool, Body::Other),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Kaspa, line, name, role, body))
}

/// `[true, "EthereumStratum/1.0.0"]`, in miningcore `[true, "KaspaStratum/1.0.0"]`; Ethash puts the version elsewhere.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let version = result.item(1)?.plain()?;
    let named = version == "EthereumStratum/1.0.0" || version.starts_with("KaspaStratum/");
    (named && result.item(0)?.bool() == Some(true) && result.item(2).is_none()).then_some(())?;
    let name = "the reply to mining.subscribe";
    Some(Message::decisive(Dialect::Kaspa, line, name, Role::Pool, Body::Other))
}

/// `[address.worker, password]`: another kind of user speaks for no dialect.
fn authorize<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let user = text(line.param(0))?;
    let coin = coin(&user).map(Cow::Borrowed);
    coin.is_some().then_some(Body::Authorize(Login { user, coin, ..Login::default() }))
}

/// `[job, [u64, u64, u64, u64], milliseconds]`, or `[job, 80 digits, …]`: the pre-PoW hash and the time in one.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let hash = line.param(1)?;
    let is_u64 = |v: Value<'_>| v.u64().is_some();
    let words = hash.items().take(5).filter(|v| is_u64(*v)).count() == 4 && hash.item(4).is_none();
    ((words && line.param(2).is_some_and(is_u64)) || hex(Some(hash), 80)).then_some(())?;
    Some(Job { id: Some(word(line.param(0))?), hashes: None, algorithm: None })
}

/// `[address.worker, job, "0x" nonce]`; newer bridges take the nonce in decimal too, which only the address tells from
/// other dialects' shares of three.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let (user, nonce) = (text(line.param(0))?, word(line.param(2))?);
    let coin = coin(&user);
    let marked =
        nonce.strip_prefix("0x").is_some_and(|n| n.len() <= 16 && is_hex(n)) && !user.starts_with("0x");
    let told = coin.is_some() && nonce.len() <= 20 && is_hex(&nonce);
    ((marked || told) && line.param(3).is_none()).then_some(())?;
    let algorithm = (coin == Some("KAS")).then_some(Cow::Borrowed("kheavyhash"));
    Some(Body::Submit(Share {
        user: Some(user),
        worker: text(line.worker),
        algorithm,
        job: Some(word(line.param(1))?),
        ..Share::default()
    }))
}

/// `[extranonce, bytes left?]`.
fn is_extranonce(line: &Line<'_>) -> bool {
    let extranonce = line.param(0).and_then(Value::plain).is_some_and(|t| t.len() <= 16 && is_hex(t));
    extranonce && line.param(1).is_none_or(|v| v.u64().is_some()) && line.param(2).is_none()
}

/// The coin that a user's address names.
fn coin(user: &str) -> Option<&'static str> {
    let (prefix, rest) = user.split_once(':')?;
    let address = rest.get(..ADDRESS)?;
    let fits = address.starts_with(['p', 'q'])
        && address.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    COINS.iter().find(|(p, _)| fits && *p == prefix).map(|(_, coin)| *coin)
}
