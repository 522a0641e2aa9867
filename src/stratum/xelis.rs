//! Xelis at pools: jobs that name their algorithm `xel/…`, and a reply to subscribe that holds the pool's key. Not the
//! WebSocket of its node.

use super::{Body, Dialect, Job, Line, Login, Message, Role, Share, hex, text, word};
use crate::wire::json::Value;

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.authorize" => ("mining.authorize", Role::Miner, authorize(line)?),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        _ => return None,
    };
    // An address says who is paid; a pool of another coin might pay in this one.
    let decisive = method != "mining.authorize";
    Some(Message { decisive, ..Message::decisive(Dialect::Xelis, line, name, role, body) })
}

/// Reads a reply whose result is an array: `[session, extra nonce, its size, pool's key]`.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let sized = result.item(2).and_then(Value::u64).is_some_and(|n| n <= 32);
    let own = sized && hex(result.item(1), 56) && hex(result.item(3), 64) && result.item(4).is_none();
    let name = "the reply to mining.subscribe";
    own.then(|| Message::decisive(Dialect::Xelis, line, name, Role::Pool, Body::Other))
}

/// `[address.worker, password]`.
fn authorize<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    Login::of_account(line, is_account).map(Body::Authorize)
}

/// `[worker, job, nonce]`: others send three, too, so the address decides.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let fits = hex(line.param(2), 16) && line.param(3).is_none();
    Share::of_account(line, is_account).filter(|_| fits).map(Body::Submit)
}

/// `[job, timestamp, header hash, algorithm, clean]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let algorithm = text(line.param(3)).filter(|a| a.starts_with("xel/") && a.len() <= 16)?;
    let clean = line.param(4).is_some_and(|v| v.bool().is_some());
    let id = Some(word(line.param(0))?);
    let own = hex(line.param(1), 16) && hex(line.param(2), 64) && clean;
    own.then_some(Job { id, hashes: None, algorithm: Some(algorithm) })
}

/// Whether a user is an address of the main or the test network.
fn is_account(user: &str) -> bool {
    let address = user.split('.').next().unwrap_or_default();
    let data = address.strip_prefix("xel:").or_else(|| address.strip_prefix("xet:")).unwrap_or_default();
    data.len() >= 50 && data.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
