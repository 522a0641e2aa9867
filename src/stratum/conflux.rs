//! Conflux (Octopus): `mining.*` with 0x hashes, where the job's id is the hash to be worked on. The node's miner gives
//! its worker as it subscribes and authorizes nothing. Form: Conflux's stratum document.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Login, Message, Role, Share, hash_0x, is_hex, target, text, word};
use crate::wire::json::Value;

const ALGORITHM: Option<Cow<'static, str>> = Some(Cow::Borrowed("octopus"));

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        "mining.subscribe" => ("mining.subscribe", Role::Miner, subscribe(line)?),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Conflux, line, name, role, body))
}

/// `[address.worker, secret]`. A worker without address is not to be told from the agent that others have there.
fn subscribe<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let user = text(line.param(0)).filter(|u| is_address(u))?;
    Some(Body::Authorize(Login { user, ..Login::default() }))
}

/// `[job, height in decimal, hash, boundary]`, formerly without height.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let height =
        |v: Value<'_>| v.plain().is_some_and(|t| t.len() <= 20 && t.bytes().all(|b| b.is_ascii_digit()));
    let from = if line.param(1).is_some_and(height) { 2 } else { 1 };
    let boundary = line.param(from + 1);
    let hashes = hash_0x(line.param(0)) && hash_0x(line.param(from)) && hash_0x(boundary);
    (hashes && line.param(from + 2).is_none()).then_some(())?;
    Some(Job {
        id: word(line.param(0)),
        hashes: boundary.and_then(Value::plain).and_then(target::hashes_be),
        algorithm: ALGORITHM,
    })
}

/// `[worker, job, 0x nonce, 0x hash]`. The worker is a user only where it looks like one: a rig's name is no payee.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let nonce = line.param(2)?.plain()?.strip_prefix("0x")?;
    (nonce.len() <= 64 && is_hex(nonce) && hash_0x(line.param(1)) && hash_0x(line.param(3))).then_some(())?;
    line.param(4).is_none().then_some(())?;
    let name = text(line.param(0));
    let (user, worker) = match name {
        Some(name) if name.contains([':', '.']) => (Some(name), text(line.worker)),
        name => (None, name),
    };
    Some(Body::Submit(Share {
        user,
        worker,
        algorithm: ALGORITHM,
        job: word(line.param(1)),
        ..Share::default()
    }))
}

/// CIP-37, in its short form: `cfx:` or `cfxtest:`, then 42 letters and digits.
fn is_address(user: &str) -> bool {
    let rest = user.strip_prefix("cfx:").or_else(|| user.strip_prefix("cfxtest:"));
    rest.is_some_and(|r| r.len() >= 42)
}
