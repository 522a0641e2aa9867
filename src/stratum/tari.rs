//! Tari's own miner (SHA3x): Grin's verbs, jobs whose blob is base64 and whose target is a decimal difficulty. Tari
//! mined with RandomX speaks CryptoNote and is not told here.

use super::{Body, Dialect, Job, Line, Login, Message, Request, Role, Share, hex, text, word};
use crate::wire::json::Value;

/// The proof of work that this miner does.
const ALGORITHM: &str = "sha3x";

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    if let Some(result) = line.result {
        return matches!(method, "login" | "getjob").then(|| reply(line, result)).flatten();
    }
    let params = line.params?;
    let (name, role, body) = match method {
        "login" => ("login", Role::Miner, login(params)?),
        "getjob" if is_own(params) => ("getjob", Role::Miner, Body::Request(Request::Plain)),
        "job" => ("job", Role::Pool, Body::Job(job(params)?)),
        "submit" => ("submit", Role::Miner, submit(params)?),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Tari, line, name, role, body))
}

/// Reads a reply whose result is an object: that to a login holds the first job, that to `getjob` is one.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let (name, first) = match result.get("job") {
        Some(first) => ("the reply to login", first),
        None => ("the reply to getjob", result),
    };
    Some(Message::decisive(Dialect::Tari, line, name, Role::Pool, Body::Job(job(first)?)))
}

/// `{login, agent}` of the project's own miner.
fn login<'a>(params: Value<'a>) -> Option<Body<'a>> {
    is_own(params).then_some(())?;
    let user = text(params.get("login"))?;
    Some(Body::Authorize(Login { user, agent: text(params.get("agent")), ..Login::default() }))
}

fn is_own(params: Value<'_>) -> bool {
    const NAMES: [&str; 4] = ["minotari-miner", "minotari_miner", "tari-miner", "tari_miner"];
    let agent = params.get("agent").and_then(Value::plain).unwrap_or_default();
    NAMES.iter().any(|name| agent.starts_with(name))
}

/// `{job_id, blob, target, height}`.
fn job<'a>(job: Value<'a>) -> Option<Job<'a>> {
    let blob = job.get("blob").and_then(Value::plain).is_some_and(is_base64);
    let height = job.get("height").and_then(Value::u64).is_some();
    let goal = job.get("target").and_then(Value::plain).filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
    let hashes = goal.parse().ok().filter(|d: &u64| *d > 0)?;
    let id = Some(word(job.get("job_id"))?);
    (blob && height).then(|| Job { id, hashes: Some(hashes as f64), algorithm: Some(ALGORITHM.into()) })
}

/// Whether this is base64 and not the hexadecimal blob of a CryptoNote job, whose digits are all base64 too.
fn is_base64(blob: &str) -> bool {
    let alphabet = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=');
    blob.len() >= 64 && blob.bytes().all(alphabet) && !blob.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `{id, job_id, nonce, hash}`: the nonce is a number here.
fn submit<'a>(params: Value<'a>) -> Option<Body<'a>> {
    let nonce = params.get("nonce").and_then(Value::u64).is_some();
    let job = Some(word(params.get("job_id"))?);
    let own = nonce && hex(params.get("hash"), 64) && word(params.get("id")).is_some();
    own.then(|| Body::Submit(Share { algorithm: Some(ALGORITHM.into()), job, ..Share::default() }))
}
