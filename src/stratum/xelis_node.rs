//! Xelis: mining at a node over its WebSocket. The request names wallet and worker; after that there are jobs, work that
//! was done, and yes or no. Pools speak [`super::xelis`].
//!
//! ```text
//! GET /getwork/<address>/<worker>, Upgrade: websocket
//! < {"new_job":{"algorithm","miner_work","height","difficulty","topoheight"}}
//! > {"miner_work":"<224 digits>"}
//! < "block_accepted"  or  {"block_rejected":"<reason>"}
//! ```

use std::borrow::Cow;

use super::{
    Body, Dialect, Job, Line, Login, MAX_TEXT, Message, Role, Share, Strength, Verdict, hex, text as words,
};
use crate::wire::http;
use crate::wire::json::Value;

/// Digits of the header that is mined.
const WORK: usize = 224;

/// Reads the head of a request.
pub(super) fn request_head<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    let upgrades = head.headers.value("upgrade").is_some_and(|u| u.eq_ignore_ascii_case("websocket"));
    (head.method == "GET" && upgrades).then_some(())?;
    let (address, worker) = head.target.split('?').next()?.strip_prefix("/getwork/")?.split_once('/')?;
    (is_address(address) && !worker.contains('/') && worker.len() <= MAX_TEXT).then_some(())?;
    let worker = Some(worker).filter(|w| !w.is_empty()).map(Cow::Borrowed);
    let body = Body::Authorize(Login { user: Cow::Borrowed(address), worker, ..Login::default() });
    Some(Message::decisive(Dialect::Xelis, &Line::default(), "GET /getwork", Role::Miner, body))
}

/// An address of the main or of the test network: bech32, with a colon for its 1.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("xel:").or_else(|| text.strip_prefix("xet:")).unwrap_or_default();
    let bech32 = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (40..=MAX_TEXT).contains(&rest.len()) && rest.bytes().all(bech32)
}

/// Reads an object without a method, of its WebSocket.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    if hex(line.get("miner_work"), WORK) {
        let body = Body::Submit(Share::default());
        return Some(Message::decisive(Dialect::Xelis, line, "miner_work", Role::Miner, body));
    }
    if let Some(job) = line.get("new_job") {
        return Some(Message::decisive(
            Dialect::Xelis,
            line,
            "new_job",
            Role::Pool,
            Body::Job(new_job(job)?),
        ));
    }
    line.get("block_rejected")?.str().map(|_| answer("block_rejected", Verdict::Rejected))
}

/// Reads a message that is no object.
pub(super) fn text(text: &str) -> Option<Message<'_>> {
    (text.trim() == "\"block_accepted\"").then(|| answer("block_accepted", Verdict::Accepted))
}

/// The difficulty is the hashes that a share is expected to cost. Shares do not say which job they are for.
fn new_job<'a>(job: Value<'a>) -> Option<Job<'a>> {
    hex(job.get("miner_work"), WORK).then_some(())?;
    let hashes = Some(job.get("difficulty")?.number().filter(|d| *d >= 1.0)?);
    Some(Job { id: None, hashes, algorithm: words(job.get("algorithm")).filter(|a| a.len() <= 32) })
}

fn answer<'a>(name: &'static str, verdict: Verdict) -> Message<'a> {
    let body = Body::Answer(verdict);
    let message = Message::decisive(Dialect::Xelis, &Line::default(), name, Role::Pool, body);
    Message { strength: Strength::Context, decisive: false, ..message }
}
