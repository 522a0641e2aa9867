//! eth-proxy, the oldest Ethereum dialect: a node's mining calls over a raw socket. No job id; the header hash plays
//! that part. Work is 2^256 / target exactly.

use super::{Body, Dialect, Id, Job, Line, Message, Request, Role, Strength, hash_0x, target, text, Share, Login};
use crate::wire::json::Value;

/// Reads a line with an `eth_*` method. Wallets and nodes use others; these five mine.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, strength, body) = match method {
        "eth_submitLogin" => ("eth_submitLogin", Strength::Unique, login(line)),
        "eth_login" => ("eth_login", Strength::Strong, login(line)),
        "eth_getWork" => ("eth_getWork", Strength::Unique, Body::Request(Request::Plain)),
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

/// The same call to a node over HTTP: a script that watches a node may ask for work once, so that alone is no proof.
pub(super) fn to_node(message: Message<'_>) -> Message<'_> {
    let asks = message.name == "eth_getWork";
    Message { strength: if asks { Strength::Strong } else { message.strength }, ..message }
}

/// `[user, password?]`; the worker may stand outside the params.
fn login<'a>(line: &Line<'a>) -> Body<'a> {
    match text(line.param(0)) {
        Some(user) => Body::Authorize(Login { user, worker: text(line.worker), ..Login::default() }),
        None => Body::Request(Request::Plain),
    }
}

/// `[nonce, header, mix]`.
fn submit<'a>(line: &Line<'a>) -> Body<'a> {
    Body::Submit(Share { worker: text(line.worker), job: text(line.param(1)), ..Share::default() })
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
        let digits = result.item(at).and_then(Value::plain).and_then(|t| t.strip_prefix("0x")).unwrap_or_default();
        digits.bytes().take_while(|b| *b == b'0').count()
    };
    let push = line.id == Some(Id::of_text("0"));
    let goal = zeros(2) >= 6 || (zeros(2) >= 2 && (push || zeros(1) == 64));
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
    ((3..=6).contains(&items) && hashes).then(|| Job { id: text(result.item(0)), hashes: goal, algorithm: None })
}
