//! Nervos CKB (Eaglesong): stratum V1 with jobs of two hashes and shares of a long nonce. Targets come in
//! `mining.set_target`, as Equihash has it. Not the node's `get_block_template`.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Message, Role, Share, hex, is_hex, text, word};

const ALGORITHM: Option<Cow<'static, str>> = Some(Cow::Borrowed("eaglesong"));

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Ckb, line, name, role, body))
}

/// `[job, pow hash, height, parent hash, clean]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let ends = line.param(4)?.bool().is_some() && line.param(5).is_none();
    let shape = hex(line.param(1), 64) && line.param(2)?.u64().is_some() && hex(line.param(3), 64);
    (shape && ends).then_some(())?;
    Some(Job { id: Some(word(line.param(0))?), hashes: None, algorithm: ALGORITHM })
}

/// `[worker, job, nonce2]`: the nonce's 16 bytes but for the pool's few. Other dialects' shares of three have a nonce of
/// eight bytes at most; one as short is known by its address.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let user = text(line.param(0))?;
    let least = if is_address(&user) { 2 } else { 17 };
    let nonce = line.param(2)?.plain()?;
    ((least..=32).contains(&nonce.len()) && is_hex(nonce) && line.param(3).is_none()).then_some(())?;
    Some(Body::Submit(Share {
        user: Some(user),
        worker: text(line.worker),
        algorithm: ALGORITHM,
        job: Some(word(line.param(1))?),
        ..Share::default()
    }))
}

/// RFC 0021 of CKB: bech32 with the prefix `ckb`; the shortest form has 46 characters.
fn is_address(user: &str) -> bool {
    user.starts_with("ckb1") && user.split('.').next().is_some_and(|a| a.len() >= 46)
}
