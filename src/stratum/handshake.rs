//! Handshake (HNS): stratum V1 whose jobs carry the header's roots instead of a coinbase transaction. Its shares are
//! Bitcoin's but for the mask, so else only the address tells.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Message, Role, Share, bitcoin, hex, is_hex, word};
use crate::wire::json::Value;

const ALGORITHM: Option<Cow<'static, str>> = Some(Cow::Borrowed("handshake-blake2b"));

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Handshake, line, name, role, body))
}

/// `[job, prevhash, [branch …] or merkle root, witness root, tree root, reserved root, version, bits, time, mask?]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let merkle = hex(line.param(2), 64) || line.param(2).is_some_and(Value::is_array);
    let roots = hex(line.param(1), 64) && merkle && (3..=5).all(|i| hex(line.param(i), 64));
    (roots && (6..=8).all(|i| hex(line.param(i), 8))).then_some(())?;
    Some(Job { id: Some(word(line.param(0))?), hashes: None, algorithm: ALGORITHM })
}

/// `[user, job, extranonce2, time, nonce, mask?]`.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let extranonce = line.param(2)?.plain().is_some_and(|t| t.len() <= 48 && is_hex(t));
    let masked = hex(line.param(5), 64);
    let told = line.param(5).is_none() && line.param(0)?.plain().is_some_and(is_address);
    let shape = extranonce && hex(line.param(3), 8) && hex(line.param(4), 8) && line.param(6).is_none();
    (shape && (masked || told)).then_some(())?;
    match bitcoin::submit(line) {
        Body::Submit(Share { user, worker, job, .. }) => {
            Some(Body::Submit(Share { user, worker, algorithm: ALGORITHM, job, ..Share::default() }))
        }
        _ => None,
    }
}

/// Bech32 with the prefix `hs`, version 0: 42 characters for a key's hash.
fn is_address(user: &str) -> bool {
    user.starts_with("hs1q") && user.split('.').next().is_some_and(|a| a.len() >= 42)
}
