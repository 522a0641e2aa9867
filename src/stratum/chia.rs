//! Chia: farming for a pool over HTTP (the pool protocol of Chia's `SPECIFICATION.md`). Space is proved, not hashes: a
//! partial is a share, its difficulty is points, and there is no hash rate. Mostly inside TLS, where it is not heard.
//!
//! ```text
//! GET  /pool_info    POST, PUT /farmer {payload, signature}    POST /partial {payload, aggregate_signature}
//! ```

use std::borrow::Cow;

use super::{
    Body, Dialect, Line, Login, MAX_TEXT, Message, Role, Share, Strength, Verdict, hash_0x, is_hex, text,
};
use crate::wire::http;
use crate::wire::json::Value;

/// How the farmer's software names itself in `User-Agent`.
const AGENT: &str = "Chia Blockchain v.";

/// Reads the head of a request: the paths are everybody's words, with the farmer's agent they are its own.
pub(super) fn request_head<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    let (path, query) = head.target.split_once('?').unwrap_or((head.target, ""));
    let agent = head.headers.value("user-agent")?;
    (agent.starts_with(AGENT) && agent.len() <= MAX_TEXT).then_some(())?;
    let agent = Some(Cow::Borrowed(agent));
    let (name, strength, body) = match (head.method, path) {
        ("GET", "/pool_info") => ("GET /pool_info", Strength::Unique, Body::Subscribe { agent, pool: None }),
        ("GET", "/farmer") => {
            let user = launcher(query)?;
            ("GET /farmer", Strength::Unique, Body::Authorize(Login { user, agent, ..Login::default() }))
        }
        // What these say is in their bodies.
        ("POST" | "PUT", "/farmer") | ("POST", "/partial") => {
            ("a farmer's request", Strength::Context, Body::Subscribe { agent, pool: None })
        }
        _ => return None,
    };
    let message = Message::decisive(Dialect::Chia, &Line::default(), name, Role::Miner, body);
    Some(Message { strength, decisive: strength > Strength::Context, ..message })
}

/// The farmer that a query asks for, by its singleton's id: without `0x`, which bodies have.
fn launcher(query: &str) -> Option<Cow<'_, str>> {
    let id = query.split('&').find_map(|pair| pair.strip_prefix("launcher_id="))?;
    if is_0x(id, 64) {
        return Some(Cow::Borrowed(id));
    }
    (id.len() == 64 && is_hex(id)).then(|| Cow::Owned(format!("0x{id}")))
}

/// Reads a JSON body.
pub(super) fn body<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let Some(payload) = line.get("payload") else { return reply(line) };
    let launcher_id = payload.get("launcher_id").filter(|id| hash_0x(Some(*id)))?;
    let (name, body) = if let Some(proof) = payload.get("proof_of_space") {
        ("partial", partial(payload, launcher_id, proof)?)
    } else {
        ("farmer", farmer(payload, launcher_id)?)
    };
    Some(Message::decisive(Dialect::Chia, line, name, Role::Miner, body))
}

/// A proof of space: the challenge, the plot's key and the proof together are no form's fields.
fn partial<'a>(payload: Value<'a>, launcher_id: Value<'a>, proof: Value<'a>) -> Option<Body<'a>> {
    let proves = proof.get("proof")?.plain()?.strip_prefix("0x").is_some_and(is_hex);
    let keyed = is_0x(proof.get("plot_public_key")?.plain()?, 96);
    (proves && keyed && hash_0x(proof.get("challenge"))).then_some(())?;
    let harvester = payload.get("harvester_id").filter(|id| hash_0x(Some(*id)));
    Some(Body::Submit(Share { user: text(Some(launcher_id)), worker: text(harvester), ..Share::default() }))
}

/// A farmer joins a pool, or changes what it said. The singleton's id is the account: partials name no other.
fn farmer<'a>(payload: Value<'a>, launcher_id: Value<'a>) -> Option<Body<'a>> {
    let keyed = is_0x(payload.get("authentication_public_key")?.plain()?, 96);
    payload.get("payout_instructions")?.plain().filter(|p| keyed && !p.is_empty())?;
    Some(Body::Authorize(Login { user: text(Some(launcher_id))?, ..Login::default() }))
}

/// `{new_difficulty}` accepts a partial, `{error_code, error_message}` does not; other services' answers look so too.
fn reply<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let is_code = line.get("error_code").and_then(Value::u64).is_some();
    let (name, verdict) = if line.get("new_difficulty").and_then(Value::u64).is_some() {
        ("new_difficulty", Verdict::Accepted)
    } else if is_code && line.get("error_message").is_some() {
        ("error_code", Verdict::Rejected)
    } else {
        return None;
    };
    let message = Message::decisive(Dialect::Chia, line, name, Role::Pool, Body::Answer(verdict));
    Some(Message { strength: Strength::Context, decisive: false, ..message })
}

fn is_0x(text: &str, digits: usize) -> bool {
    text.strip_prefix("0x").is_some_and(|t| t.len() == digits && is_hex(t))
}
