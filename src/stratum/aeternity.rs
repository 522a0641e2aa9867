//! Aeternity (Cuckoo Cycle): V1's verbs, jobs of four parts, and proofs as arrays of 42 words.

use super::{Body, Dialect, Job, Line, Message, Role, Share, hex, is_hex, text, word};
use crate::wire::json::Value;

/// Cycles of 42 edges in a graph of 2^29.
const ALGORITHM: &str = "cuckoo29";

/// Length of the cycle that is the proof.
const CYCLE: usize = 42;

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Aeternity, line, name, role, body))
}

/// `[worker, job, nonce, [42 words]]`.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let short = |v: Value<'a>, most: usize| v.plain().is_some_and(|t| t.len() <= most && is_hex(t));
    let nonce = line.param(2).is_some_and(|n| short(n, 16));
    let proof = line.param(3)?;
    let whole = proof.items().count() == CYCLE && proof.items().all(|w| short(w, 8));
    let job = Some(word(line.param(1))?);
    (nonce && whole && line.param(4).is_none()).then(|| {
        Body::Submit(Share {
            user: text(line.param(0)),
            worker: text(line.worker),
            algorithm: Some(ALGORITHM.into()),
            job,
            ..Share::default()
        })
    })
}

/// `[job, version, header hash, clean]`: the version of the chain's protocol is a small number, where others have a
/// height.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let id = Some(word(line.param(0))?);
    let version = line.param(1).and_then(Value::u64).is_some_and(|v| v < 100);
    let clean = line.param(3).is_some_and(|v| v.bool().is_some()) && line.param(4).is_none();
    let own = version && hex(line.param(2), 64) && clean;
    own.then(|| Job { id, hashes: None, algorithm: Some(ALGORITHM.into()) })
}
