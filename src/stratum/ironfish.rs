//! Iron Fish: `mining.*` with `body` instead of `params`, and verdicts on shares as messages of their own. Both sides
//! count their messages, so an id of the pool's is no reply to that of the miner's: it is not passed on.

use super::{
    Body, Dialect, Id, Job, Line, Login, Message, Reply, Request, Role, Share, Verdict, hex, is_hex, target,
    text, word,
};
use crate::wire::json::Value;

/// Fish hash, since the fork of 2024.
const ALGORITHM: &str = "fishhash";

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    if line.params.is_some() || line.has_result || line.has_error {
        return None;
    }
    let body = line.get("body").filter(|b| b.is_object());
    let (name, role, body) = match method {
        "mining.subscribe" => ("mining.subscribe", Role::Miner, subscribe(body?)?),
        "mining.submit" => ("mining.submit", Role::Miner, submit(body?)?),
        "mining.get_status" => ("mining.get_status", Role::Miner, Body::Request(Request::Plain)),
        "mining.subscribed" if is_subscribed(body?) => ("mining.subscribed", Role::Pool, Body::Other),
        "mining.set_target" => ("mining.set_target", Role::Pool, set_target(body?)?),
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(body?)?)),
        "mining.wait_for_work" => ("mining.wait_for_work", Role::Pool, Body::Other),
        "mining.status" => ("mining.status", Role::Pool, body.map(|_| Body::Other)?),
        "mining.disconnect" => ("mining.disconnect", Role::Pool, body.map(|_| Body::Other)?),
        _ => return None,
    };
    let message = Message::decisive(Dialect::Ironfish, line, name, role, body);
    Some(if role == Role::Pool { Message { id: None, ..message } } else { message })
}

/// Reads `mining.submitted`: `{id, result, message?}`, with the id of the share inside.
pub(super) fn answer<'a>(line: &Line<'a>, method: &str) -> Option<Reply<'a>> {
    if method != "mining.submitted" {
        return None;
    }
    let body = line.get("body").filter(|b| b.is_object())?;
    let result = body.get("result")?;
    let verdict = if result.bool()? { Verdict::Accepted } else { Verdict::Rejected };
    Some(Reply {
        id: Id::of(body.get("id")?),
        verdict,
        result: Some(result),
        error: text(body.get("message")),
    })
}

/// `{version, name, publicAddress, agent, extend?}`.
fn subscribe<'a>(body: Value<'a>) -> Option<Body<'a>> {
    let agent = text(body.get("agent"));
    if let Some(user) = text(body.get("publicAddress")).filter(|a| a.len() == 64 && is_hex(a)) {
        return Some(Body::Authorize(Login {
            user,
            worker: text(body.get("name")),
            agent,
            ..Login::default()
        }));
    }
    body.get("version").and_then(Value::u64).map(|_| Body::Subscribe { agent, pool: None })
}

/// `{miningRequestId, randomness, graffiti?}`.
fn submit<'a>(body: Value<'a>) -> Option<Body<'a>> {
    let job = Some(word(body.get("miningRequestId"))?);
    let random = body.get("randomness").and_then(Value::plain).is_some_and(is_hex);
    random.then_some(Body::Submit(Share { algorithm: Some(ALGORITHM.into()), job, ..Share::default() }))
}

/// `{clientId, xn}`, or `graffiti` in place of the extra nonce.
fn is_subscribed(body: Value<'_>) -> bool {
    ["clientId", "xn", "graffiti"].iter().any(|m| body.get(m).is_some())
}

/// `{target}`, most significant digits first.
fn set_target<'a>(body: Value<'a>) -> Option<Body<'a>> {
    let goal = body.get("target").filter(|t| hex(Some(*t), 64)).and_then(Value::plain);
    let hashes = goal.and_then(target::hashes_be)?;
    Some(Body::Difficulty { difficulty: hashes, hashes: Some(hashes), algorithm: Some(ALGORITHM.into()) })
}

/// `{miningRequestId, header}`.
fn job<'a>(body: Value<'a>) -> Option<Job<'a>> {
    let id = Some(word(body.get("miningRequestId"))?);
    let header = body.get("header").and_then(Value::plain).is_some_and(|h| h.len() >= 128 && is_hex(h));
    header.then(|| Job { id, hashes: None, algorithm: Some(ALGORITHM.into()) })
}
