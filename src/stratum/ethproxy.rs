//! eth-proxy, the oldest Ethereum dialect: a node's mining calls over a raw socket. No job id; the header hash plays
//! that part. Work is 2^256 / target exactly.
//!
//! Zilliqa's pools are called so over HTTP, with the wallet and the worker behind the calls' own parameters.

use super::{
    Body, Dialect, Id, Job, Line, Login, Message, Request, Role, Share, Strength, hash_0x, target, text,
};
use crate::wire::json::Value;

/// Reads a line with an `eth_*` method. Wallets and nodes use others; these five mine.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, strength, body) = match method {
        "eth_submitLogin" => ("eth_submitLogin", Strength::Unique, login(line)),
        "eth_login" => ("eth_login", Strength::Strong, login(line)),
        "eth_getWork" => ("eth_getWork", Strength::Unique, zilliqa(line)),
        "eth_submitWork" => ("eth_submitWork", Strength::Unique, submit(line)),
        "eth_submitHashrate" => ("eth_submitHashrate", Strength::Unique, hashrate(line)),
        _ => return None,
    };
    // KawPow miners report their rate by the same verb, so that one tells no dialect.
    let decisive = method != "eth_submitHashrate";
    Some(Message {
        dialect: Dialect::EthProxy,
        decisive,
        role: Some(Role::Miner),
        strength,
        name,
        id: line.id,
        body,
    })
}

/// The same call to a node over HTTP: a script that watches a node may ask for work once, so that alone is no proof. It
/// would not say who is to be paid.
pub(super) fn to_node(message: Message<'_>) -> Message<'_> {
    let asks = message.name == "eth_getWork" && matches!(message.body, Body::Request(_));
    Message { strength: if asks { Strength::Strong } else { message.strength }, ..message }
}

/// `[user, password?]`; the worker may stand outside the params.
fn login<'a>(line: &Line<'a>) -> Body<'a> {
    match text(line.param(0)) {
        Some(user) => Body::Authorize(Login { user, worker: text(line.worker), ..Login::default() }),
        None => Body::Request(Request::Plain),
    }
}

/// `[]`, or Zilliqa's `[hash, wallet, worker]`, which is its login too.
fn zilliqa<'a>(line: &Line<'a>) -> Body<'a> {
    match text(line.param(1)).filter(|w| is_zilliqa(w) && hash_0x(line.param(0))) {
        Some(user) => Body::Authorize(Login {
            user,
            worker: text(line.param(2)),
            coin: Some("ZIL".into()),
            ..Login::default()
        }),
        None => Body::Request(Request::Plain),
    }
}

/// A bech32 address: `zil1` and 38 characters.
fn is_zilliqa(address: &str) -> bool {
    let rest = address.strip_prefix("zil1").unwrap_or_default();
    rest.len() == 38 && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// `[nonce, header, mix]`, or Zilliqa's `[nonce, header, mix, boundary, wallet, worker]`.
fn submit<'a>(line: &Line<'a>) -> Body<'a> {
    let user = text(line.param(4)).filter(|w| is_zilliqa(w));
    let worker = if user.is_some() { text(line.param(5)) } else { text(line.worker) };
    Body::Submit(Share { user, worker, job: text(line.param(1)), ..Share::default() })
}

/// `[rate, random id]`, the rate in hexadecimal of any length.
fn hashrate<'a>(line: &Line<'a>) -> Body<'a> {
    let digits = line.param(0).and_then(Value::plain).and_then(|r| r.strip_prefix("0x"));
    let rate = digits.and_then(|d| u64::from_str_radix(d.trim_start_matches('0'), 16).ok());
    rate.map_or(Body::Request(Request::Plain), |r| Body::Hashrate(r as f64))
}

/// A job as a reply or a push of id 0: `[header, seed, target, height?]`. Three hashes are no work unless the third is
/// a target, which begins with many zeros; for an easy one the push or the zero seed of the first epoch must speak.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let zeros = |at| {
        let digits =
            result.item(at).and_then(Value::plain).and_then(|t| t.strip_prefix("0x")).unwrap_or_default();
        digits.bytes().take_while(|b| *b == b'0').count()
    };
    let push = line.id == Some(Id::of_text("0"));
    // Small numbers padded to words are no hashes.
    let small = zeros(0) > 16 || zeros(2) > 32;
    let goal = !small && (zeros(2) >= 6 || zeros(2) >= 4 && push || zeros(2) >= 2 && zeros(1) == 64);
    let job = work(result).filter(|_| goal)?;
    Some(Message {
        dialect: Dialect::EthProxy,
        decisive: true,
        role: Some(Role::Pool),
        strength: Strength::Strong,
        name: "work of three hashes",
        id: line.id,
        body: Body::Job(job),
    })
}

/// Three hashes as the work they are where it is known that the session mines, however easy the target.
pub(super) fn work<'a>(result: Value<'a>) -> Option<Job<'a>> {
    let items = result.items().count();
    let hashes = (0..3).all(|i| hash_0x(result.item(i)));
    let goal = result.item(2).and_then(Value::plain).and_then(target::hashes_be);
    ((3..=6).contains(&items) && hashes).then(|| Job {
        id: text(result.item(0)),
        hashes: goal,
        algorithm: None,
    })
}
