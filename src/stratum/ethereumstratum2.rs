//! EthereumStratum/2.0.0 (EIP-1571): objects for hello and set, hexadecimal numbers without `0x`, and shares that name
//! a worker token instead of a user. After agreeing on gzip the rest is not readable, yet mining.

use super::{
    Body, Dialect, Job, Line, Message, PoolName, Request, Role, Share, hex, is_hex, target, text, word,
};
use crate::wire::json::Value;

const DIALECT: Dialect = Dialect::EthereumStratum2;

/// Reads a line with a `mining.*` method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let object = line.params.filter(|p| p.is_object());
    let (name, role, body) = match method {
        "mining.hello" => ("mining.hello", Role::Miner, hello(object?)),
        "mining.set" => ("mining.set", Role::Pool, set(object?)),
        "mining.reconnect" => {
            ("mining.reconnect", Role::Pool, endpoint(object?).map_or(Body::Other, Body::Pool))
        }
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        "mining.hashrate" => ("mining.hashrate", Role::Miner, hashrate(line)?),
        "mining.noop" => ("mining.noop", Role::Miner, Body::Request(Request::Plain)),
        "mining.bye" => {
            let bye = Message::decisive(DIALECT, line, "mining.bye", Role::Miner, Body::Other);
            return Some(Message { role: None, ..bye });
        }
        _ => return None,
    };
    Some(Message::decisive(DIALECT, line, name, role, body))
}

/// `{agent, host, port (hexadecimal), proto}`.
fn hello<'a>(params: Value<'a>) -> Body<'a> {
    Body::Subscribe { agent: text(params.get("agent")), pool: endpoint(params) }
}

fn endpoint<'a>(params: Value<'a>) -> Option<PoolName<'a>> {
    let port = params.get("port").and_then(Value::plain).and_then(|p| u16::from_str_radix(p, 16).ok());
    PoolName::parse(text(params.get("host"))?, port)
}

/// `{epoch, target, algo, extranonce}`; what is absent stays as it was.
fn set<'a>(params: Value<'a>) -> Body<'a> {
    let algorithm = text(params.get("algo"));
    match params.get("target").and_then(Value::plain).and_then(target::hashes_be) {
        Some(hashes) => Body::Difficulty { difficulty: hashes, hashes: Some(hashes), algorithm },
        None => Body::Job(Job { id: None, hashes: None, algorithm }),
    }
}

/// `[job, block number, header, "0" or "1"]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let clean = line.param(3).and_then(Value::plain).is_some_and(|c| matches!(c, "0" | "1"));
    (clean && hex(line.param(2), 64)).then(|| Job { id: word(line.param(0)), hashes: None, algorithm: None })
}

/// `[job, nonce, worker token]`: the nonce stands in the middle, and the token is not hexadecimal.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let nonce =
        line.param(1).and_then(Value::plain).is_some_and(|n| (8..=16).contains(&n.len()) && is_hex(n));
    let token = line.param(2).and_then(Value::plain).is_some_and(|t| !is_hex(t));
    (nonce && token && line.param(3).is_none())
        .then(|| Body::Submit(Share { job: word(line.param(0)), ..Share::default() }))
}

/// `[rate, worker token]`.
fn hashrate<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let rate = line.param(0).and_then(Value::plain).and_then(|r| u64::from_str_radix(r, 16).ok())?;
    Some(Body::Hashrate(rate as f64))
}

/// The reply to hello names the protocol.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let proto = result.get("proto").and_then(Value::plain)?;
    let name = "the reply to mining.hello";
    proto
        .starts_with("EthereumStratum/")
        .then(|| Message::decisive(DIALECT, line, name, Role::Pool, Body::Other))
}
