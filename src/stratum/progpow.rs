//! KawPow, FiroPow, EvrProgPow, MeowPow, ProgPowZ and Quai over `mining.*`: a job carries header, seed, target, height
//! and bits; a share looks like versionless Ethash's with a wallet that is no Ethereum address. Which of the kin it is
//! the wire does not say.

use super::{Body, Dialect, Job, Line, Message, Role, bitcoin, hash_0x, hex, target, word};
use crate::wire::json::Value;

/// Reads a line with a `mining.*` method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" if is_submit(line) => ("mining.submit", Role::Miner, bitcoin::submit(line)),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Progpow, line, name, role, body))
}

/// `[job, header, seed, target, clean, height, bits]`, or Zano's `[0x header, 0x seed, 0x target, height]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let hashes = |at: usize| line.param(at).and_then(Value::plain).and_then(target::hashes_be);
    let kawpow = (1..=3).all(|i| hex(line.param(i), 64)) && line.param(4)?.bool().is_some();
    if kawpow && line.param(5)?.u64().is_some() {
        return Some(Job { id: word(line.param(0)), hashes: hashes(3), algorithm: None });
    }
    let zano =
        (0..=2).all(|i| hash_0x(line.param(i))) && line.param(3)?.u64().is_some() && line.param(4).is_none();
    zano.then(|| Job { id: word(line.param(0)), hashes: hashes(2), algorithm: None })
}

/// `[wallet.worker, job, 0x nonce, 0x header, 0x mix]`, the wallet no Ethereum address.
fn is_submit(line: &Line<'_>) -> bool {
    let ethereum = line.param(0).and_then(Value::plain).is_some_and(|u| u.starts_with("0x"));
    !ethereum && line.param(5).is_none() && hash_0x(line.param(3)) && hash_0x(line.param(4))
}
