//! ZIP-301: Zcash and other Equihash coins, and Verus in the same shapes. Work is counted in solutions.
//! Recognised by the solution's length in a share and by three hashes in a row in a job.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Message, Role, Share, hex, is_hex, target, text, word};
use crate::wire::json::Value;

/// Reads a line with a `mining.*` method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body, decisive) = match method {
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?), true),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?, true),
        // Shared with ProgPow, CKB and others; only the target is certain.
        "mining.set_target" => ("mining.set_target", Role::Pool, set_target(line)?, false),
        _ => return None,
    };
    Some(Message { decisive, ..Message::decisive(Dialect::Equihash, line, name, role, body) })
}

/// `[job, version, prevhash, merkle root, reserved, time, bits, clean, algorithm or template?, personalization?]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let hashes = (2..=4).all(|i| hex(line.param(i), 64));
    (hex(line.param(1), 8) && hashes && hex(line.param(5), 8)).then_some(())?;
    let named = text(line.param(8));
    let algorithm = match named.as_deref() {
        // A Verus job carries a solution template in that place.
        Some(template) if template.len() > 64 && is_hex(template) => Some(Cow::Borrowed("verushash")),
        Some(parameters) if parameters.len() <= 12 => Some(Cow::Owned(format!("equihash {parameters}"))),
        _ => None,
    };
    Some(Job { id: word(line.param(0)), hashes: None, algorithm })
}

/// `[worker, job, time, nonce, solution]`: the solution's length names the algorithm.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let solution = line.param(4).and_then(Value::plain).filter(|t| t.len() >= 100 && is_hex(t))?;
    (line.param(5).is_none() && hex(line.param(2), 8)).then_some(())?;
    let algorithm = match (solution.len(), solution.get(..4)) {
        (2694, Some("fd40")) if verus(solution) => Some("verushash"),
        (2694, _) => Some("equihash 200_9"),
        (806, _) => Some("equihash 192_7"),
        (202, _) => Some("equihash 144_5"),
        (106, _) => Some("equihash 125_4"),
        _ => None,
    };
    Some(Body::Submit(Share {
        user: text(line.param(0)),
        worker: text(line.worker),
        algorithm: algorithm.map(Cow::Borrowed),
        job: word(line.param(1)),
        ..Share::default()
    }))
}

/// A Verus solution begins, behind its length, with its version (5 to 7, two bytes little-endian); an Equihash one is
/// evenly distributed, so three in 65536 of those look the same.
fn verus(solution: &str) -> bool {
    matches!(solution.get(6..10), Some("0500" | "0600" | "0700"))
}

/// `[target]`, 64 digits, most significant first.
fn set_target<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let hashes =
        line.param(0).and_then(Value::plain).filter(|t| t.len() == 64).and_then(target::hashes_be)?;
    Some(Body::Difficulty { difficulty: hashes, hashes: Some(hashes), algorithm: None })
}
