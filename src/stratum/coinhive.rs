//! Coinhive's dialect, which outlived the service: browser miners and their relays (coin-hive-stratum, deepMiner,
//! CryptoNoter, CoinIMP, Crypto-Loot and kin). JSON with `type` and `params`, one message a WebSocket frame. Which of the
//! kin it is the wire does not say.
//!
//! `type` and `params` are everybody's words; names and forms of the values must fit together.

use super::{Body, Dialect, Line, Message, Role, Strength, Verdict, cryptonote, hex, text, word, Share, Login};
use crate::wire::json::Value;

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let kind = line.get("type")?.plain()?;
    let params = line.params.filter(|p| p.is_object())?;
    let (name, role, strength, body) = match kind {
        "auth" => {
            let (strength, body) = auth(params)?;
            ("auth", Role::Miner, strength, body)
        }
        "authed" if is_authed(params) => ("authed", Role::Pool, Strength::Strong, Body::Other),
        "job" => ("job", Role::Pool, Strength::Unique, Body::Job(cryptonote::relayed_job(params)?)),
        "submit" if cryptonote::is_share(params) => {
            let job = Some(word(params.get("job_id"))?);
            let body = Body::Submit(Share { job, ..Share::default() });
            ("submit", Role::Miner, Strength::Unique, body)
        }
        "hash_accepted" => {
            params.get("hashes")?.number()?;
            ("hash_accepted", Role::Pool, Strength::Unique, Body::Answer(Verdict::Accepted))
        }
        "verify" if params.get("verify_id").is_some() && hex(params.get("result"), 64) => {
            ("verify", Role::Pool, Strength::Unique, Body::Other)
        }
        "verified" if params.get("verify_id").is_some() && params.get("verified")?.bool().is_some() => {
            ("verified", Role::Miner, Strength::Unique, Body::Other)
        }
        "error" => ("error", Role::Pool, error(params)?, Body::Answer(Verdict::Rejected)),
        _ => return None,
    };
    let message = Message::decisive(Dialect::Coinhive, line, name, role, body);
    Some(Message { strength, ..message })
}

/// `{site_key, type, user …}`, deepMiner: `{version, userID, type}`. The key collects; the user is the site's own name
/// for the visitor.
fn auth<'a>(params: Value<'a>) -> Option<(Strength, Body<'a>)> {
    let kind = params.get("type")?.plain()?;
    matches!(kind, "anonymous" | "token" | "user").then_some(())?;
    let authorize = |user, worker, coin| Body::Authorize(Login { user, worker, coin, ..Login::default() });
    if let Some(key) = text(params.get("site_key")) {
        let body = authorize(key, text(params.get("user")), text(params.get("coin")));
        return Some((Strength::Unique, body));
    }
    params.get("version")?.u64()?;
    let visitor = text(params.get("userID"))?;
    Some((Strength::Strong, authorize("".into(), Some(visitor), None)))
}

/// `{token, hashes}`.
fn is_authed(params: Value<'_>) -> bool {
    params.get("token").is_some() && params.get("hashes").and_then(Value::number).is_some()
}

/// Errors that only a miner's relay has are proof; a word that others use too is nothing alone.
fn error(params: Value<'_>) -> Option<Strength> {
    let said = params.get("error")?.plain()?;
    Some(if matches!(said, "invalid_site_key" | "invalid_opt_in") { Strength::Unique } else { Strength::Context })
}
