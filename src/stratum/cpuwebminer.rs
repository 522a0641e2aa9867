//! cpu-web-miner and its relays (and yespower-web before them): browser miners that speak Stratum V1 by way of a relay,
//! which is told pool, worker and algorithm. Socket.IO events; a relay's own events for its authors (`dev-…`) are not read.
//!
//! Their names are everybody's. What proves mining is what a pool must be told, and the members of a V1 job.

use std::borrow::Cow;

use super::{
    Body, Dialect, Job, Line, Login, Message, PoolName, Role, Share, Strength, Verdict, hex, is_hex, text,
    word,
};
use crate::wire::json::Value;

/// Longest name of an algorithm.
const MAX_ALGORITHM: usize = 32;

/// Reads a Socket.IO event: its name and the array of name and arguments.
pub(super) fn event<'a>(name: &str, array: Value<'a>) -> Option<Message<'a>> {
    let said = array.item(1);
    let (what, role, strength, body) = match name {
        "can start" if said.is_none() && array.items().take(2).count() == 1 => {
            ("can start", Role::Pool, Strength::Context, Body::Other)
        }
        "start" => {
            let (strength, login) = start(said?)?;
            ("start", Role::Miner, strength, Body::Authorize(login))
        }
        "work" => {
            let (strength, job) = work(said?)?;
            ("work", Role::Pool, strength, Body::Job(job))
        }
        "difficult" | "difficulty" => ("difficulty", Role::Pool, Strength::Context, difficulty(said?)?),
        "submit" => {
            let (strength, share) = submit(said?)?;
            ("submit", Role::Miner, strength, Body::Submit(share))
        }
        "hashrate" => ("hashrate", Role::Miner, Strength::Context, Body::Hashrate(hashrate(said?)?)),
        "shared" if is_answer(said?) => {
            ("shared", Role::Pool, Strength::Context, Body::Answer(Verdict::Accepted))
        }
        "submit failed" => ("submit failed", Role::Pool, Strength::Context, Body::Answer(Verdict::Rejected)),
        // The connection to the pool or the login failed; a share has its own event.
        "error" if text(said).is_some() => ("error", Role::Pool, Strength::Context, Body::Other),
        _ => return None,
    };
    let message = Message::decisive(Dialect::Cpuwebminer, &Line::default(), what, role, body);
    // What says nothing alone does not name the dialect either.
    Some(Message { strength, decisive: strength > Strength::Context, ..message })
}

/// `{client, version, stratum: {server, port, worker, password, ssl}, algo}`; yespower-web sent the inner object alone.
fn start<'a>(said: Value<'a>) -> Option<(Strength, Login<'a>)> {
    let (strength, stratum) = match said.get("stratum") {
        Some(stratum) => (Strength::Unique, stratum),
        None => (Strength::Context, said),
    };
    let user = text(stratum.get("worker"))?;
    let port = stratum.get("port").and_then(|v| v.u64().or_else(|| v.plain()?.parse().ok()));
    let port = port.and_then(|p| u16::try_from(p).ok()).filter(|p| *p > 0)?;
    let pool = PoolName::parse(text(stratum.get("server"))?, Some(port));
    // Without the outer object it takes all of a pool's options to be one.
    let password = stratum.get("password");
    (strength == Strength::Unique || (pool.is_some() && password.is_some())).then_some(())?;
    let agent = text(said.get("client")).map(|client| match text(said.get("version")) {
        Some(version) => Cow::Owned(format!("{client}/{version}")),
        None => client,
    });
    let algorithm = text(said.get("algo")).filter(|a| a.len() <= MAX_ALGORITHM);
    Some((strength, Login { user, agent, pool, coin: coin(password), algorithm, ..Login::default() }))
}

/// Of the password only yiimp's option `c=` (payout coin) is read, and nothing is kept.
fn coin(password: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    let coin = password?.plain()?.split(',').find_map(|option| option.trim().strip_prefix("c="))?;
    let fits =
        (2..=8).contains(&coin.len()) && coin.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    fits.then_some(Cow::Borrowed(coin))
}

/// A V1 job by name (`{jobId, prevhash, coinb1, coinb2, merkle_branch, version, nbits, ntime …}`), or as the pool sent it
/// (`[job, prevhash, coinb1, coinb2, [branch …] …]`); relays for several workers send `[worker, job]`.
fn work<'a>(said: Value<'a>) -> Option<(Strength, Job<'a>)> {
    let second = said.item(1).filter(|job| job.is_object() || job.is_array());
    let job = second.unwrap_or(said);
    let (whole, id) = if job.is_array() {
        (hex(job.item(1), 64) && job.item(4)?.is_array(), job.item(0))
    } else {
        let coinbase =
            ["coinb1", "coinb2"].iter().all(|m| job.get(m).and_then(Value::plain).is_some_and(is_hex));
        let bits = hex(job.get("nbits"), 8) && hex(job.get("ntime"), 8);
        (hex(job.get("prevhash"), 64) && coinbase && bits, job.get("jobId").or_else(|| job.get("job_id")))
    };
    let strength = match whole {
        true => Strength::Unique,
        // A list of anything is no job of any kind.
        false if job.is_array() && !job.item(1)?.plain().is_some_and(is_hex) => return None,
        false => Strength::Context,
    };
    Some((strength, Job { id: Some(word(id)?), ..Job::default() }))
}

/// `{worker_name, job_id, extranonce2, ntime, nonce}`.
fn submit<'a>(said: Value<'a>) -> Option<(Strength, Share<'a>)> {
    let job = Some(word(said.get("job_id"))?);
    (hex(said.get("nonce"), 8) && hex(said.get("ntime"), 8)).then_some(())?;
    let user = text(said.get("worker_name"));
    let extra = said.get("extranonce2").and_then(Value::plain).is_some_and(|t| t.len() <= 32 && is_hex(t));
    let strength = if extra && user.is_some() { Strength::Strong } else { Strength::Context };
    Some((strength, Share { user, job, ..Share::default() }))
}

fn difficulty<'a>(said: Value<'a>) -> Option<Body<'a>> {
    let difficulty = said.number().filter(|d| *d > 0.0)?;
    Some(Body::Difficulty { difficulty, hashes: None, algorithm: None })
}

/// `{hashrate: "0.52"}` or `"0.52 Kh/s"`: thousands a second.
fn hashrate(said: Value<'_>) -> Option<f64> {
    let rate = said.get("hashrate")?;
    let thousands = match rate.plain() {
        Some(text) => {
            let text = text.trim();
            let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
            (unit.is_empty() || unit.eq_ignore_ascii_case("kh/s")).then_some(())?;
            number.bytes().all(|b| b.is_ascii_digit() || b == b'.').then(|| number.parse().ok())?
        }
        None => rate.number(),
    };
    thousands.map(|t: f64| t * 1000.0).filter(|r| r.is_finite() && *r >= 0.0)
}

/// `{error, result}`, as the relay's Stratum client calls back: no error.
fn is_answer(said: Value<'_>) -> bool {
    let fine = said.get("error").is_none_or(|e| e.is_null() || e.items().next().is_none() && e.is_array());
    fine && said.get("result").and_then(Value::bool) == Some(true)
}
