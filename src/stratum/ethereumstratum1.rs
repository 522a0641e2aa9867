//! Ethash over `mining.*`: the versionless form, and EthereumStratum/1.0.0 (NiceHash's).
//! Jobs and shares are recognised by their shapes: 0x hashes in the first, four plain members in the second.

use super::{Body, Dialect, Job, Line, Message, Role, bitcoin, hash_0x, hex, is_hex, target, word};
use crate::wire::json::Value;

const VERSION: &str = "EthereumStratum/1.0.0";

/// Reads a line with a `mining.*` method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.subscribe" if line.param(1).is_some_and(|v| v.is_str(VERSION)) => {
            ("mining.subscribe", Role::Miner, bitcoin::subscribe(line))
        }
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" if is_submit(line) => ("mining.submit", Role::Miner, bitcoin::submit(line)),
        // The extranonce alone, up to three bytes; stratum V1 gives its size too.
        "mining.set_extranonce" if line.param(1).is_none() && short(line.param(0)) => {
            ("mining.set_extranonce", Role::Pool, Body::Other)
        }
        _ => return None,
    };
    Some(Message::decisive(Dialect::EthereumStratum1, line, name, role, body))
}

/// 1.0.0: `[job, seed, header, clean]`. Versionless: `[job, 0x header, 0x seed, 0x target, clean]`, where btcpool
/// leaves out the header's `0x` and others add a height.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let id = word(line.param(0));
    let is_bool = |at| line.param(at).and_then(Value::bool).is_some();
    if hex(line.param(1), 64) && hex(line.param(2), 64) && is_bool(3) && line.param(4).is_none() {
        return Some(Job { id, hashes: None, algorithm: None });
    }
    let header = hash_0x(line.param(1)) || hex(line.param(1), 64);
    (header && hash_0x(line.param(2)) && hash_0x(line.param(3)) && is_bool(4)).then_some(())?;
    Some(Job {
        id,
        hashes: line.param(3).and_then(Value::plain).and_then(target::hashes_be),
        algorithm: None,
    })
}

/// 1.0.0: `[user, job, nonce]`, the nonce short of the extranonce. Versionless: `[0x user, job, 0x nonce, 0x header,
/// 0x mix]`, which ProgPow shares with another kind of user.
fn is_submit(line: &Line<'_>) -> bool {
    match line.params.map_or(0, |p| p.items().count()) {
        3 => line.param(2).and_then(Value::plain).is_some_and(|t| (10..16).contains(&t.len()) && is_hex(t)),
        5 => hash_0x(line.param(3)) && hash_0x(line.param(4)),
        _ => false,
    }
}

fn short(value: Option<Value<'_>>) -> bool {
    value.and_then(Value::plain).is_some_and(|t| t.len() <= 6 && is_hex(t))
}

/// `[["mining.notify", id, "EthereumStratum/1.0.0"], extranonce]`.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let versioned = result.item(0)?.item(2).is_some_and(|v| v.is_str(VERSION));
    let name = "the reply to mining.subscribe";
    versioned.then(|| Message::decisive(Dialect::EthereumStratum1, line, name, Role::Pool, Body::Other))
}
