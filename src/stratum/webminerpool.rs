//! webminerpool and its descendants (the perfekt, tkefrep and karma relays): browser miners behind a relay that is told
//! which pool to go on to. JSON with `identifier`, one message a WebSocket frame.

use super::{Body, Dialect, Job, Line, Message, PoolName, Role, Strength, Verdict, hex, is_hex, target, text, word};
use crate::wire::json::Value;

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let identifier = line.get("identifier")?.plain()?;
    let (name, role, strength, body) = match identifier {
        "handshake" => ("handshake", Role::Miner, Strength::Unique, handshake(line)?),
        "job" => ("job", Role::Pool, Strength::Unique, Body::Job(job(line)?)),
        "solved" if is_share(line) => {
            let job = Some(word(line.get("job_id"))?);
            let body = Body::Submit { user: None, worker: None, algorithm: None, job };
            ("solved", Role::Miner, Strength::Unique, body)
        }
        "hashsolved" => ("hashsolved", Role::Pool, Strength::Unique, Body::Answer(Verdict::Accepted)),
        "error" if line.get("param")?.plain().is_some() => {
            ("error", Role::Pool, Strength::Strong, Body::Answer(Verdict::Rejected))
        }
        "userstats" if line.get("userid")?.plain().is_some() => {
            ("userstats", Role::Miner, Strength::Strong, Body::Other)
        }
        _ => return None,
    };
    let message = Message::decisive(Dialect::Webminerpool, line, name, role, body);
    Some(Message { strength, ..message })
}

/// `{pool, login, password, userid, version}` or `{loginid, userid, version}`: pool and payee, or a number that stands
/// for both at the relay.
fn handshake<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    line.get("version")?.u64()?;
    let pool = text(line.get("pool"));
    let user = match text(line.get("login")).filter(|_| pool.is_some()) {
        Some(login) => login,
        None => word(line.get("loginid"))?,
    };
    let pool = pool.and_then(|p| PoolName::parse(p, None));
    Some(Body::Authorize { user, worker: text(line.get("userid")), agent: None, pool, coin: None })
}

/// `{job_id, algo, variant, height, blob, target}`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let goal = line.get("target")?.plain().filter(|t| matches!(t.len(), 8 | 16 | 64) && is_hex(t))?;
    line.get("blob")?.plain().filter(|b| (128..=1000).contains(&b.len()) && is_hex(b))?;
    let id = Some(word(line.get("job_id"))?);
    Some(Job { id, hashes: target::cryptonote(goal), algorithm: text(line.get("algo")).filter(|a| a.len() <= 32) })
}

/// `{job_id, nonce, result}`.
fn is_share(line: &Line<'_>) -> bool {
    let nonce = line.get("nonce").and_then(Value::plain).is_some_and(|n| matches!(n.len(), 8 | 16) && is_hex(n));
    nonce && hex(line.get("result"), 64)
}
