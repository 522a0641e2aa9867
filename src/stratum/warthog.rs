//! Warthog (Janushash): V1's verbs, jobs of seven parts with one Merkle prefix, and shares that name no worker.

use super::{Body, Dialect, Job, Line, Message, Role, Share, hex, is_hex, text, word};
use crate::wire::json::Value;

/// Its proof of work: two hashes that bound each other.
const ALGORITHM: &str = "janushash";

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.subscribe" => ("mining.subscribe", Role::Miner, subscribe(line)?),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Warthog, line, name, role, body))
}

/// `[agent]` of a program that mines nothing else.
fn subscribe<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let agent = text(line.param(0))?;
    let own = agent.get(..10).is_some_and(|a| a.eq_ignore_ascii_case("janusminer"));
    own.then_some(Body::Subscribe { agent: Some(agent), pool: None })
}

/// `[job, extra nonce, time, nonce]`: what stands first must not be a worker.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let job = word(line.param(0)).filter(|j| j.len() <= 32 && !j.contains(['.', ':', '@']))?;
    let extra =
        line.param(1).and_then(Value::plain).is_some_and(|t| (4..=32).contains(&t.len()) && is_hex(t));
    let own = extra && hex(line.param(2), 8) && hex(line.param(3), 8) && line.param(4).is_none();
    let job = Some(job);
    own.then(|| Body::Submit(Share { algorithm: Some(ALGORITHM.into()), job, ..Share::default() }))
}

/// `[job, previous hash, Merkle prefix, version, target, time, clean]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let id = Some(word(line.param(0))?);
    let prefix = line.param(2).and_then(Value::plain).is_some_and(|t| t.len() >= 64 && is_hex(t));
    let words = (3..=5).all(|i| hex(line.param(i), 8));
    let clean = line.param(6).is_some_and(|v| v.bool().is_some()) && line.param(7).is_none();
    let own = hex(line.param(1), 64) && prefix && words && clean;
    own.then(|| Job { id, hashes: None, algorithm: Some(ALGORITHM.into()) })
}
