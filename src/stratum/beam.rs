//! BeamHash: members beside `method` instead of `params`, the job's id as the message's id, and replies with
//! `method: "result"`. The verbs are everyday words, so only whole shapes count.

use super::{
    Body, Dialect, Id, Job, Line, Login, Message, Reply, Role, Share, Strength, Verdict, hex, is_hex, text,
    word,
};
use crate::wire::json::Value;

/// What is left since the fork of 2020.
const ALGORITHM: &str = "beamhash3";

/// Digits of a solution: 104 bytes, in all three versions of BeamHash.
const SOLUTION: usize = 208;

/// Reads a line with a method; nothing where the shape is another dialect's.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    if line.params.is_some() || line.has_result || line.has_error {
        return None;
    }
    let message = |name, role, body| Message::decisive(Dialect::Beam, line, name, role, body);
    match method {
        "login" => {
            let (strength, body) = login(line)?;
            Some(Message { strength, ..message("login", Role::Miner, body) })
        }
        "job" => Some(message("job", Role::Pool, Body::Job(job(line)?))),
        "solution" => Some(message("solution", Role::Miner, solution(line)?)),
        "result" if welcomes(line) => Some(message("the reply to login", Role::Pool, Body::Other)),
        _ => None,
    }
}

/// Reads `{id, method: "result", code, description}`: 1 takes the solution, 2 rejects it, 3 is too late, and what is
/// negative is a fault. The id is the job's, which the share bore too.
pub(super) fn answer<'a>(line: &Line<'a>, method: &str) -> Option<Reply<'a>> {
    if method != "result" || welcomes(line) {
        return None;
    }
    let code = line.get("code")?;
    let description = line.get("description")?.str()?;
    let verdict = match code.number().filter(|_| code.plain().is_none())? {
        1.0 => Verdict::Accepted,
        0.0 => Verdict::Neither,
        _ => Verdict::Rejected,
    };
    let error = (verdict == Verdict::Rejected).then_some(description);
    Some(Reply { id: line.id, verdict, result: Some(code), error })
}

/// `{api_key}` with the id `login`. A wallet in the key proves it, one rig behind a dot or none; other keys are names
/// that a node's owner made up.
fn login<'a>(line: &Line<'a>) -> Option<(Strength, Body<'a>)> {
    let user = text(line.get("api_key"))?;
    let wallet = user.split('.').next().is_some_and(|w| (60..=68).contains(&w.len()) && is_hex(w));
    let strength = match (wallet, line.id == Some(Id::of_text("login"))) {
        (true, true) => Strength::Unique,
        (true, false) | (false, true) => Strength::Strong,
        (false, false) => return None,
    };
    Some((strength, Body::Authorize(Login { user, ..Login::default() })))
}

/// Code 0 with what only a miner needs: a prefix for its nonces, or the heights at which the hash changed.
fn welcomes(line: &Line<'_>) -> bool {
    let prefix = || line.get("nonceprefix").and_then(Value::plain).is_some_and(is_hex);
    let fork = || line.get("forkheight").and_then(Value::u64).is_some();
    line.get("code").and_then(Value::u64) == Some(0) && (prefix() || fork())
}

/// `{id, input, difficulty, height}`.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let packed = line.get("difficulty").and_then(Value::u64).and_then(|d| u32::try_from(d).ok())?;
    let id = Some(word(line.get("id"))?);
    hex(line.get("input"), 64).then(|| Job {
        id,
        hashes: Some(unpack(packed)),
        algorithm: Some(ALGORITHM.into()),
    })
}

/// Solutions a share: an exponent in the upper byte, and 24 bits of a mantissa that begins with a 1 not written.
fn unpack(packed: u32) -> f64 {
    let [order, mantissa @ ..] = packed.to_be_bytes();
    let mantissa = mantissa.iter().fold(1.0, |m, b| m * 256.0 + f64::from(*b));
    mantissa * 2f64.powi(i32::from(order).saturating_sub(24))
}

/// `{id, nonce, output}`.
fn solution<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    (hex(line.get("nonce"), 16) && hex(line.get("output"), SOLUTION)).then_some(())?;
    let job = Some(word(line.get("id"))?);
    Some(Body::Submit(Share { algorithm: Some(ALGORITHM.into()), job, ..Share::default() }))
}

#[cfg(test)]
mod tests {
    use super::unpack;

    #[test]
    fn packed_difficulties() {
        assert_eq!(unpack(168_820_736), 1088.0);
        assert_eq!(unpack(0), 1.0);
        assert_eq!(unpack(1 << 24), 2.0);
        assert!(unpack(u32::MAX).is_finite());
    }
}
