//! Alephium's node to its miner: binary, numbers most significant byte first. There is neither login nor payee, and a
//! share is a block. Framing is [`crate::wire::prefixed`]'s, and so are the pictures of the messages.
//!
//! Both sides use type 0. They are told by their form: a block fills its message, and is longer than 64 bytes; jobs
//! begin with how many there are, at most 64.

use super::{Body, Dialect, Job, Line, Message, Role, Share, Strength, Verdict};
use crate::bytes::Reader;
use crate::wire::prefixed::form;

/// Shortest block: a nonce, and a header of two hashes.
const SHORTEST_BLOCK: usize = 24 + 64;
/// A hash counts for one of so many chains.
const CHAINS: f64 = 16.0;

/// Reads one message, without its length. Older nodes write no version before the type.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    [true, false].into_iter().find_map(|version| {
        let answer = |taken| Body::Answer(if taken { Verdict::Accepted } else { Verdict::Rejected });
        if let Some(taken) = form::result(bytes, version) {
            return Some(message("a block's result", Role::Pool, Strength::Strong, answer(taken)));
        }
        let mut r = Reader::new(bytes);
        (form::kind(&mut r, version)? == 0).then_some(())?;
        if let Some(job) = jobs(r) {
            return Some(message("jobs", Role::Pool, Strength::Strong, Body::Job(job)));
        }
        // A length in a length is no rare thing.
        let block = form::blob(&mut r).filter(|b| b.len() >= SHORTEST_BLOCK && r.rest().is_empty());
        block.map(|_| message("a block", Role::Miner, Strength::Context, Body::Submit(Share::default())))
    })
}

fn message<'a>(name: &'static str, role: Role, strength: Strength, body: Body<'a>) -> Message<'a> {
    let message = Message::decisive(Dialect::Alephium, &Line::default(), name, role, body);
    Message { strength, ..message }
}

/// Jobs of all chains, taken as one: the miner works on them at once. The first one's target, the network's, is what a
/// block costs.
fn jobs(mut r: Reader<'_>) -> Option<Job<'static>> {
    let count = r.u32().filter(|c| (1..=form::MAX_JOBS).contains(c))?;
    let mut hashes = None;
    for _ in 0..count {
        form::groups(&mut r)?;
        let header = form::blob(&mut r)?;
        form::blob(&mut r)?;
        let target = form::blob(&mut r).filter(|t| (1..=32).contains(&t.len()))?;
        r.u32()?;
        (header.len() >= 64).then_some(())?;
        hashes = hashes.or(Some(work(target)?));
    }
    r.rest().is_empty().then_some(Job { hashes, ..Job::default() })
}

/// 16 × 2^256 ÷ target; `None` for a zero target.
fn work(target: &[u8]) -> Option<f64> {
    let target = target.iter().fold(0.0f64, |sum, byte| sum.mul_add(256.0, f64::from(*byte)));
    (target > 0.0).then(|| CHAINS * 2f64.powi(256) / target)
}
