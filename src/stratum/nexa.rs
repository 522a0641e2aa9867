//! Nexa (NexaPow): stratum V1 with jobs of a header commitment, a height and bits. A share is known by its address: in
//! shape it is one of Bitcoin's with a nonce of another length, which others have too.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Message, Role, Share, hex, is_hex, text, word};
use crate::wire::json::Value;

const ALGORITHM: Option<Cow<'static, str>> = Some(Cow::Borrowed("nexapow"));

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Nexa, line, name, role, body))
}

/// `[job, header commitment, height, bits]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let bits = hex(line.param(3), 8) || line.param(3)?.u64().is_some();
    let shape = hex(line.param(1), 64) && line.param(2)?.u64().is_some() && bits;
    (shape && line.param(4).is_none()).then_some(())?;
    Some(Job { id: Some(word(line.param(0))?), hashes: None, algorithm: ALGORITHM })
}

/// `[worker, job, extranonces, time, nonce]`.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let user = text(line.param(0)).filter(|u| is_address(u))?;
    let short_hex = |at| line.param(at).and_then(Value::plain).is_some_and(|t| t.len() <= 32 && is_hex(t));
    (short_hex(2) && hex(line.param(3), 8) && short_hex(4) && line.param(5).is_none()).then_some(())?;
    Some(Body::Submit(Share {
        user: Some(user),
        worker: text(line.worker),
        algorithm: ALGORITHM,
        job: Some(word(line.param(1))?),
        ..Share::default()
    }))
}

/// Cashaddr with the prefix `nexa`, which may be left out of a script template's: those begin alike.
fn is_address(user: &str) -> bool {
    let bare = user.strip_prefix("nexa:").unwrap_or(user);
    (user.len() != bare.len() && bare.starts_with(['n', 'q', 'p']) || bare.starts_with("nqtsq5g5"))
        && bare.len() >= 42
}
