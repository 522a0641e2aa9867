//! webminerpool and its descendants (the perfekt, tkefrep and karma relays): browser miners behind a relay that is told
//! which pool to go on to. JSON with `identifier`, one message a WebSocket frame.

use super::{
    Body, Dialect, Line, Login, Message, PoolName, Role, Share, Strength, Verdict, cryptonote, text,
    throttle, word,
};

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let identifier = line.get("identifier")?.plain()?;
    let object = line.object()?;
    let (name, role, strength, body) = match identifier {
        "handshake" => ("handshake", Role::Miner, Strength::Unique, handshake(line)?),
        "job" => ("job", Role::Pool, Strength::Unique, Body::Job(cryptonote::relayed_job(object)?)),
        "solved" if cryptonote::is_share(object) => {
            let job = Some(word(line.get("job_id"))?);
            let body = Body::Submit(Share { job, ..Share::default() });
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
    let throttle = throttle(line.get("throttle"));
    Some(Body::Authorize(Login {
        user,
        worker: text(line.get("userid")),
        pool,
        throttle,
        ..Login::default()
    }))
}
