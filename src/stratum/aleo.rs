//! AleoStratum: V1's verbs with Aleo's addresses and targets that are numbers. Not the binary protocol that some pools
//! speak instead.

use super::{Body, Dialect, Job, Line, Login, Message, Role, Share, text, word};
use crate::wire::json::Value;

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, role, body) = match method {
        "mining.subscribe" => ("mining.subscribe", Role::Miner, subscribe(line)?),
        "mining.authorize" => ("mining.authorize", Role::Miner, authorize(line)?),
        "mining.submit" => ("mining.submit", Role::Miner, submit(line)?),
        "mining.set_target" => ("mining.set_target", Role::Pool, set_target(line)?),
        "mining.notify" => ("mining.notify", Role::Pool, Body::Job(job(line)?)),
        _ => return None,
    };
    // An address says who is paid; a pool of another coin might pay in this one.
    let decisive = method != "mining.authorize";
    Some(Message { decisive, ..Message::decisive(Dialect::Aleo, line, name, role, body) })
}

/// `[agent, "AleoStratum/…", session or null]`.
fn subscribe<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let version = line.param(1).and_then(Value::plain)?;
    version.starts_with("AleoStratum/").then(|| Body::Subscribe { agent: text(line.param(0)), pool: None })
}

/// `[address.worker, password]`.
fn authorize<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    Login::of_account(line, is_account).map(Body::Authorize)
}

/// `[address.worker, job, proof …]`: the order behind the job was never seen, so only the account decides.
fn submit<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    Share::of_account(line, is_account).map(Body::Submit)
}

/// `[target]`: a number, which elsewhere is 64 digits in a string. Whether it bounds a hash or counts proofs depends on
/// the network's age, so no work is told.
fn set_target<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let goal = line.param(0).and_then(Value::u64).filter(|t| *t > 0)?;
    line.param(1).is_none().then_some(Body::Difficulty {
        difficulty: goal as f64,
        hashes: None,
        algorithm: None,
    })
}

/// `[job, epoch hash, address?, clean]`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let items = line.params.map_or(0, |p| p.items().count());
    let clean = line.param(items.checked_sub(1)?).is_some_and(|v| v.bool().is_some());
    let epoch = line.param(1).and_then(Value::plain).is_some_and(|e| is_bech32(e, "ab1", 61));
    let address = line.param(2).and_then(Value::plain).is_some_and(is_account);
    let id = Some(word(line.param(0))?);
    ((3..=4).contains(&items) && clean && (epoch || address)).then_some(Job {
        id,
        hashes: None,
        algorithm: None,
    })
}

fn is_account(user: &str) -> bool {
    is_bech32(user.split('.').next().unwrap_or_default(), "aleo1", 63)
}

fn is_bech32(text: &str, prefix: &str, length: usize) -> bool {
    let data = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() == length && text.starts_with(prefix) && text.bytes().all(data)
}
