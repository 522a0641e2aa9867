//! Grin (Cuckatoo), after its own node: `getjobtemplate`, jobs with `pre_pow`, proofs as arrays of 42 numbers, and
//! replies that echo the method. Its login is CryptoNote's unless the miner names itself.

use std::borrow::Cow;

use super::{
    Body, Dialect, Job, Line, Login, Message, Reply, Request, Role, Share, Verdict, is_hex, reply, text, word,
};
use crate::wire::json::Value;

/// Length of the cycle that is the proof.
const CYCLE: usize = 42;

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let message = |name, role, body| Some(Message::decisive(Dialect::Grin, line, name, role, body));
    if let Some(result) = line.result {
        // Miners give every request the same id: this one must not take the reply of a share that waits.
        let first = (method == "getjobtemplate").then(|| job(result)).flatten()?;
        return message("the reply to getjobtemplate", Role::Pool, Body::Job(first))
            .map(|m| Message { id: None, ..m });
    }
    let nothing = line.params.is_none_or(|p| p.is_null() || p.text() == b"{}");
    match method {
        "login" => message("login", Role::Miner, login(line.params?)?),
        "getjobtemplate" if nothing && !line.has_error => {
            message("getjobtemplate", Role::Miner, Body::Request(Request::Plain))
        }
        "job" => message("job", Role::Pool, Body::Job(job(line.params?)?)),
        "submit" => message("submit", Role::Miner, submit(line.params?)?),
        _ => None,
    }
}

/// Reads a reply that echoes its method, unless it holds a job. Only a share's says yes or no: an id that is the same
/// for all would let the others speak for one.
pub(super) fn answer<'a>(line: &Line<'a>, method: &str) -> Option<Reply<'a>> {
    let known = matches!(method, "getjobtemplate" | "keepalive" | "login" | "status" | "submit");
    let job = line.result.is_some_and(|r| r.get("job").is_some() || r.get("job_id").is_some());
    if !known || job || line.params.is_some_and(|p| !p.is_null()) || !(line.has_result || line.has_error) {
        return None;
    }
    let reply = reply::read(line)?;
    if method != "submit" {
        return Some(Reply { id: None, verdict: Verdict::Neither, ..reply });
    }
    let found = reply.result.and_then(Value::plain).is_some_and(|r| r.starts_with("blockfound"));
    let verdict = if found && line.error.is_none() { Verdict::Accepted } else { reply.verdict };
    Some(Reply { verdict, ..reply })
}

/// `{login, pass, agent}` of a program that mines nothing else.
fn login<'a>(params: Value<'a>) -> Option<Body<'a>> {
    let agent =
        text(params.get("agent")).filter(|a| a.starts_with("grin-miner") || a.starts_with("mwc-miner"))?;
    let user = text(params.get("login"))?;
    Some(Body::Authorize(Login { user, agent: Some(agent), ..Login::default() }))
}

/// `{difficulty, height, job_id, pre_pow}`. What the difficulty costs depends on the graph's size, which the miner
/// chooses and only a share tells.
fn job<'a>(job: Value<'a>) -> Option<Job<'a>> {
    let header = job.get("pre_pow").and_then(Value::plain).is_some_and(|p| p.len() >= 128 && is_hex(p));
    let counted = ["difficulty", "height"].iter().all(|m| job.get(m).and_then(Value::u64).is_some());
    let id = Some(word(job.get("job_id"))?);
    (header && counted).then_some(Job { id, hashes: None, algorithm: None })
}

/// `{edge_bits, height, job_id, nonce, pow: [42 numbers]}`.
fn submit<'a>(params: Value<'a>) -> Option<Body<'a>> {
    let bits = params.get("edge_bits").and_then(Value::u64).filter(|b| (10..=63).contains(b))?;
    let proof = params.get("pow")?;
    let whole =
        proof.items().filter(|v| v.u64().is_some()).count() == CYCLE && proof.items().count() == CYCLE;
    let job = Some(word(params.get("job_id"))?);
    // Below 31 it is one of the Cuckaroo forks, which look alike.
    let algorithm = (bits >= 31).then(|| Cow::Owned(format!("cuckatoo{bits}")));
    whole.then_some(Body::Submit(Share { algorithm, job, ..Share::default() }))
}
