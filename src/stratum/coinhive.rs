//! Coinhive's dialect, which outlived the service: browser miners and their relays (coin-hive-stratum, deepMiner,
//! CryptoNoter, CoinIMP, Crypto-Loot and kin). JSON with `type` and `params`, one message a WebSocket frame. Of the kin
//! only deepMiner is told apart, by its login; what follows a login is the same with all.
//!
//! `type` and `params` are everybody's words; names and forms of the values must fit together.

use super::{
    Body, Dialect, Line, Login, Message, PoolName, Role, Share, Strength, Verdict, cryptonote, hex, text,
    throttle, word,
};
use crate::wire::json::Value;

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let kind = line.get("type")?.plain()?;
    let params = line.params.filter(|p| p.is_object())?;
    if kind == "auth" {
        return auth(line, params);
    }
    let (name, role, strength, body) = match kind {
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
    // Coinhive stands for its kin here: a login that was heard goes on naming the dialect.
    let message = Message::decisive(Dialect::Coinhive, line, name, role, body);
    Some(Message { strength, decisive: false, ..message })
}

/// `{site_key, type, user …}`: the key collects; the user is the site's own name for the visitor.
fn auth<'a>(line: &Line<'a>, params: Value<'a>) -> Option<Message<'a>> {
    let kind = params.get("type").and_then(Value::plain);
    let typed = kind.map(|kind| matches!(kind, "anonymous" | "token" | "user"));
    let Some(key) = text(params.get("site_key")) else { return deepminer(line, params, typed) };
    typed.filter(|known| *known)?;
    let login = Login {
        user: key,
        worker: text(params.get("user")),
        coin: text(params.get("coin")),
        // Private relays are told where to go on to.
        pool: text(params.get("pool")).and_then(|p| PoolName::parse(p, None)),
        // nfwebminer names the page itself.
        site: text(params.get("hostname")),
        throttle: throttle(params.get("throttle")),
        ..Login::default()
    };
    Some(Message::decisive(Dialect::Coinhive, line, "auth", Role::Miner, Body::Authorize(login)))
}

/// deepMiner's login, `{version, userID, type}`, has no key, for its relay knows who collects. Its own page code
/// leaves out the type, and then it is nothing alone.
fn deepminer<'a>(line: &Line<'a>, params: Value<'a>, typed: Option<bool>) -> Option<Message<'a>> {
    let version = params.get("version")?.u64()?;
    // Chats log in so too: only the one version that was ever out, and nothing besides, is its own.
    let own = version == 7 && params.members().take(4).count() == 3;
    let login = Login { worker: Some(text(params.get("userID"))?), ..Login::default() };
    let strength = match typed {
        Some(true) if own => Strength::Strong,
        Some(true) => Strength::Context,
        Some(false) => return None,
        None => Strength::Context,
    };
    let message = Message::decisive(Dialect::Deepminer, line, "auth", Role::Miner, Body::Authorize(login));
    Some(Message { strength, ..message })
}

/// `{token, hashes}`.
fn is_authed(params: Value<'_>) -> bool {
    params.get("token").is_some() && params.get("hashes").and_then(Value::number).is_some()
}

/// Errors that only a miner's relay has are proof; a word that others use too is nothing alone.
fn error(params: Value<'_>) -> Option<Strength> {
    let said = params.get("error")?.plain()?;
    Some(if matches!(said, "invalid_site_key" | "invalid_opt_in") {
        Strength::Unique
    } else {
        Strength::Context
    })
}
