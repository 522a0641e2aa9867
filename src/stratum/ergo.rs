//! Ergo (Autolykos v2): stratum V1 whose jobs carry the share target as a decimal number, and whose shares have a nonce
//! of eight bytes that repeats the extranonce. No standard; the pools' programs agree.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Message, Role, Share, hex, is_hex, text, word};
use crate::wire::json::Value;

const ALGORITHM: Option<Cow<'static, str>> = Some(Cow::Borrowed("autolykos2"));

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Ergo, line, name, role, body))
}

/// `[job, height, message, "", "", version, b in decimal, "", clean]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let is_text = |at| line.param(at).and_then(Value::plain).is_some();
    let shape = line.param(1)?.u64().is_some() && hex(line.param(2), 64) && is_text(3) && is_text(4);
    let target = word(line.param(6)).filter(|t| t.len() <= 78 && t.bytes().all(|b| b.is_ascii_digit()))?;
    shape.then_some(())?;
    let hashes = target.parse().ok().filter(|b: &f64| *b > 0.0).map(|b| 2f64.powi(256) / b);
    Some(Job { id: Some(word(line.param(0))?), hashes, algorithm: ALGORITHM })
}

/// `[worker, job, extranonce2, time, nonce]`: the nonce is both extranonces, and there is no time to tell.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let plain = |at| line.param(at).and_then(Value::plain);
    let (own, time, nonce) = (plain(2)?, plain(3)?, plain(4)?);
    let repeats = nonce.len().checked_sub(own.len()).and_then(|at| nonce.get(at..));
    let repeats = own.len() >= 4 && is_hex(own) && repeats.is_some_and(|end| end.eq_ignore_ascii_case(own));
    let timeless = time == "undefined" || (repeats && (time.is_empty() || hex(line.param(3), 8)));
    (timeless && hex(line.param(4), 16) && line.param(5).is_none()).then_some(())?;
    Some(Body::Submit(Share {
        user: text(line.param(0)),
        worker: text(line.worker),
        algorithm: ALGORITHM,
        job: Some(word(line.param(1))?),
        ..Share::default()
    }))
}
