//! CryptoNote: Monero, its forks, and xmrig's and xmrig-proxy's extensions. Verbs are everyday words (`login`, `job`,
//! `submit`), so only their shapes count.

use super::{
    Body, Dialect, Job, Line, Login, Message, PoolName, Request, Role, Share, Strength, account, hex, is_hex,
    target, text, word,
};
use crate::wire::json::Value;

/// Reads a line with a method.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let params = line.params?;
    let (name, role, strength, body) = match method {
        "login" => {
            let (strength, body) = login(params)?;
            ("login", Role::Miner, strength, body)
        }
        "job" => ("job", Role::Pool, Strength::Unique, Body::Job(job(params)?)),
        "submit" => ("submit", Role::Miner, Strength::Unique, submit(params)?),
        "block_template" if is_template(params) => {
            ("block_template", Role::Miner, Strength::Unique, Body::Request(Request::Plain))
        }
        "keepalived" => ("keepalived", Role::Miner, session(params)?, Body::Request(Request::Plain)),
        "getjob" => ("getjob", Role::Miner, session(params)?, Body::Request(Request::Plain)),
        _ => return None,
    };
    let message = Message::decisive(Dialect::Cryptonote, line, name, role, body);
    Some(Message { strength, ..message })
}

/// `{login, pass, agent, algo, rigid …}`. A login alone is anybody's: an agent that calls itself a miner, a list of
/// algorithms or a login in the form of an address makes it a miner's.
fn login<'a>(params: Value<'a>) -> Option<(Strength, Body<'a>)> {
    let user = text(params.get("login"))?;
    let agent = text(params.get("agent"));
    let address = account::is_cryptonote_address(&user);
    // A developer-donation period logs in with a digest.
    let digest = user.len() == 64 && is_hex(&user);
    let algorithms = params.get("algo").is_some_and(|a| a.item(0).and_then(Value::plain).is_some());
    let miner = agent.as_deref().is_some_and(is_miner);
    let has_pass = params.get("pass").is_some();
    let strength = if algorithms || miner || (agent.is_some() && (address || digest)) {
        Strength::Unique
    } else if address && has_pass {
        Strength::Strong
    } else if agent.is_some() || has_pass {
        // Kept, so that a job or a share that follows knows who it is for.
        Strength::Context
    } else {
        return None;
    };
    let pool = text(params.get("url")).and_then(|u| PoolName::parse(u, None));
    Some((
        strength,
        Body::Authorize(Login { user, worker: text(params.get("rigid")), agent, pool, ..Login::default() }),
    ))
}

/// Software known to mine CryptoNote coins, by the name before the version. Facts from the programs' own sources.
fn is_miner(agent: &str) -> bool {
    const NAMES: [&str; 18] = [
        "bfgminer",
        "ccminer",
        "cpuminer",
        "cryptonight",
        "deepminer",
        "gminer",
        "lolminer",
        "moneroocean",
        "nanominer",
        "nosuchminer",
        "srbminer",
        "starcoin",
        "t-rex",
        "teamredminer",
        "webminerpool",
        "wildrig",
        "xmr-",
        "xmrig",
    ];
    let lower = agent.get(..agent.len().min(24)).unwrap_or_default().to_ascii_lowercase();
    NAMES.iter().any(|name| lower.starts_with(name))
}

/// `{blob, job_id, target, algo?, height?, seed_hash?}`; proxies and self-select have no blob but their own members.
fn job<'a>(job: Value<'a>) -> Option<Job<'a>> {
    let goal =
        job.get("target").and_then(Value::plain).filter(|t| matches!(t.len(), 8 | 16 | 64) && is_hex(t));
    let blob = job.get("blob").and_then(Value::plain);
    let blob = blob.is_some_and(|b| (128..=1000).contains(&b.len()) && b.len() % 2 == 0 && is_hex(b));
    let template = job.get("blocktemplate_blob").is_some() && job.get("reserved_offset").is_some();
    let self_select = job.get("pool_wallet").is_some() && job.get("extra_nonce").is_some();
    let id = word(job.get("job_id"));
    ((blob || template || self_select) && (goal.is_some() || template) && id.is_some()).then_some(())?;
    let algorithm = text(job.get("algo")).filter(|a| a.len() <= 32);
    // Yada's targets run the other way round.
    let hashes = match (goal, algorithm.as_deref()) {
        (Some(goal), Some("rx/yada")) => yada(goal),
        (Some(goal), _) => target::cryptonote(goal),
        (None, _) => job.get("target_diff").and_then(Value::number),
    };
    Some(Job { id, hashes, algorithm })
}

fn yada(goal: &str) -> Option<f64> {
    let bits = i32::try_from(goal.len()).ok()?.checked_mul(4)?;
    let target = u64::from_str_radix(goal, 16).ok().filter(|t| *t > 0)?;
    Some(2f64.powi(bits) / target as f64)
}

/// `{id, job_id, nonce, result …}`: 8 or 16 digits and 64 digits together are a share's.
fn submit<'a>(params: Value<'a>) -> Option<Body<'a>> {
    is_share(params).then_some(())?;
    Some(Body::Submit(Share {
        algorithm: text(params.get("algo")).filter(|a| a.len() <= 32),
        job: Some(word(params.get("job_id"))?),
        ..Share::default()
    }))
}

/// Whether an object has a share's nonce and result, in any dialect that mines CryptoNote algorithms.
pub(super) fn is_share(object: Value<'_>) -> bool {
    let nonce =
        object.get("nonce").and_then(Value::plain).is_some_and(|n| matches!(n.len(), 8 | 16) && is_hex(n));
    nonce && hex(object.get("result"), 64)
}

/// A job as browser miners' relays send it: `{job_id, blob, target, algo?}` and nothing less.
pub(super) fn relayed_job<'a>(object: Value<'a>) -> Option<Job<'a>> {
    let goal = object.get("target")?.plain().filter(|t| matches!(t.len(), 8 | 16 | 64) && is_hex(t))?;
    object.get("blob")?.plain().filter(|b| (128..=1000).contains(&b.len()) && is_hex(b))?;
    let id = Some(word(object.get("job_id"))?);
    Some(Job {
        id,
        hashes: target::cryptonote(goal),
        algorithm: text(object.get("algo")).filter(|a| a.len() <= 32),
    })
}

/// Self-select: the miner shows the block it works on.
fn is_template(params: Value<'_>) -> bool {
    ["blob", "height", "prev_hash"].iter().filter(|m| params.get(m).is_some()).count() >= 2
}

/// A keep-alive or a poll with a session id: strong, for nothing else has the verb and the member.
fn session(params: Value<'_>) -> Option<Strength> {
    word(params.get("id")).map(|_| Strength::Strong)
}

/// The reply to a login carries the first job; the reply to `getjob` is one; a keep-alive is answered by its name.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let message = |name, strength, body| {
        let message = Message::decisive(Dialect::Cryptonote, line, name, Role::Pool, body);
        Message { strength, ..message }
    };
    if let Some(first) = result.get("job").and_then(job) {
        return Some(message("the reply to login", Strength::Unique, Body::Job(first)));
    }
    if let Some(next) = job(result) {
        return Some(message("the reply to getjob", Strength::Unique, Body::Job(next)));
    }
    let kept = result.get("status").is_some_and(|s| s.is_str("KEEPALIVED"));
    kept.then(|| message("the reply to keepalived", Strength::Strong, Body::Other))
}
