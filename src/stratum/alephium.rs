//! Alephium's pools (Blake3, 16 chains): `mining.*` with objects for jobs and shares. Not the binary protocol between
//! node and miner. No standard; the official pool's program is the reference.

use std::borrow::Cow;

use super::{
    Body, Dialect, Job, Line, Message, Request, Role, Share, Strength, is_hex, reply, target, text, word,
};
use crate::wire::json::Value;

const ALGORITHM: Option<Cow<'static, str>> = Some(Cow::Borrowed("blake3-alephium"));

/// A hash counts for one of so many chains.
const CHAINS: f64 = 16.0;

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "alph_submitHashrate" => ("alph_submitHashrate", Role::Miner, hashrate(line)),
        "connection.set_gzip" if line.params?.is_array() => return Some(gzip(line)),
        // EthereumStratum/2.0.0 has an object there.
        "mining.hello" if line.params?.is_array() => ("mining.hello", Role::Miner, hello(line)),
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line.param(0)?)?)),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line.params?)?),
        "mining.submit_result" => return result(line),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Alephium, line, name, role, body))
}

/// Which side asks for compression is not certain, nor that nothing else has the verb.
fn gzip<'a>(line: &Line<'a>) -> Message<'a> {
    let gzip = Message::decisive(Dialect::Alephium, line, "connection.set_gzip", Role::Miner, Body::Other);
    Message { role: None, strength: Strength::Strong, ..gzip }
}

/// `[0x rate, rig]`.
fn hashrate<'a>(line: &Line<'a>) -> Body<'a> {
    let digits = line.param(0).and_then(Value::plain).and_then(|t| t.strip_prefix("0x"));
    match digits.and_then(|d| u64::from_str_radix(d.trim_start_matches('0'), 16).ok()) {
        Some(rate) => Body::Hashrate(rate as f64),
        None => Body::Request(Request::Plain),
    }
}

/// `[agent, …]`.
fn hello<'a>(line: &Line<'a>) -> Body<'a> {
    Body::Subscribe { agent: text(line.param(0)), pool: None }
}

/// The first of `[{jobId, fromGroup, toGroup, headerBlob, txsBlob, targetBlob?}, …]`, one for each chain. A pool that
/// hands on the node's job, transactions and all, hands on the block's target too; that is no share's.
fn job<'a>(first: Value<'a>) -> Option<Job<'a>> {
    (is_for_chain(first) && is_blob(first.get("headerBlob"))).then_some(())?;
    let from_node = first.get("txsBlob").is_some_and(|t| !t.is_str(""));
    let target = first.get("targetBlob").filter(|_| !from_node);
    let hashes = target.and_then(Value::plain).and_then(target::hashes_be).map(|h| h * CHAINS);
    Some(Job { id: word(first.get("jobId")), hashes, algorithm: ALGORITHM })
}

/// `{jobId, fromGroup, toGroup, nonce, worker}`, where the worker is the user.
fn submit<'a>(share: Value<'a>) -> Option<Body<'a>> {
    (is_for_chain(share) && is_blob(share.get("nonce"))).then_some(())?;
    Some(Body::Submit(Share {
        user: text(share.get("worker")),
        algorithm: ALGORITHM,
        job: word(share.get("jobId")),
        ..Share::default()
    }))
}

/// The official pool answers a share by a verb: `{id, method, result, error}`. It answers in turn, so the id is left to
/// the account's order of shares.
fn result<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    (line.params.is_none() && (line.has_result || line.has_error)).then_some(())?;
    let verdict = Body::Answer(reply::read(line)?.verdict);
    let result = Message::decisive(Dialect::Alephium, line, "mining.submit_result", Role::Pool, verdict);
    Some(Message { id: None, ..result })
}

/// Chains go from one of four groups to another.
fn is_for_chain(object: Value<'_>) -> bool {
    let group = |name| object.get(name).and_then(Value::u64).is_some_and(|g| g < 4);
    group("fromGroup") && group("toGroup")
}

fn is_blob(value: Option<Value<'_>>) -> bool {
    value.and_then(Value::plain).is_some_and(is_hex)
}
