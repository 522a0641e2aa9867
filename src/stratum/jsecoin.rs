//! JSEcoin's miners, in pages and on the desktop: Socket.IO events. Their hash is SHA-256 of text: the job, a comma and a
//! nonce, in hexadecimal digits of which enough must be 0. How many, the wire does not say.
//!
//! Shares are never answered.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Message, Role, Share, Strength, hex, is_hex, text};
use crate::wire::json::Value;

/// Reads a Socket.IO event: its name and the array of name and arguments.
pub(super) fn event<'a>(name: &str, array: Value<'a>) -> Option<Message<'a>> {
    let said = array.item(1)?;
    let (what, role, strength, body) = match name {
        "startComs" if is_kind(said) => {
            ("startComs", Role::Miner, Strength::Strong, Body::Subscribe { agent: None, pool: None })
        }
        "optInAuthKey" => ("optInAuthKey", Role::Miner, Strength::Context, Body::Other),
        "requestFirstPreHash" if is_kind(said) => {
            ("requestFirstPreHash", Role::Miner, Strength::Strong, Body::Other)
        }
        "firstPreHash" => ("firstPreHash", Role::Pool, Strength::Unique, Body::Job(job(said)?)),
        "blockPreHash" => ("blockPreHash", Role::Pool, Strength::Unique, Body::Job(job(said)?)),
        "submitHash" => {
            ("submitHash", Role::Miner, Strength::Unique, Body::Submit(share(text(Some(said))?)?))
        }
        _ => return None,
    };
    let message = Message::decisive(Dialect::Jsecoin, &Line::default(), what, role, body);
    Some(Message { strength, ..message })
}

/// The kind of miner: 1 of a page, 2 of its own.
fn is_kind(value: Value<'_>) -> bool {
    matches!(value.text(), b"1" | b"2" | b"\"1\"" | b"\"2\"")
}

/// 64 digits: the hash of the block so far, which plays the part of the job's id.
fn job<'a>(value: Value<'a>) -> Option<Job<'a>> {
    hex(Some(value), 64).then_some(())?;
    Some(Job { id: text(Some(value)), hashes: None, algorithm: Some(Cow::Borrowed("sha256")) })
}

/// `job,hash,nonce,uid,unique,site,sub,app`; the oldest have no app.
fn share<'a>(said: Cow<'a, str>) -> Option<Share<'a>> {
    let fields: Vec<&str> = said.splitn(10, ',').map(str::trim).collect();
    let [job, hash, nonce, user, unique, site, rest @ ..] = fields.as_slice() else { return None };
    let hashes = [job, hash].iter().all(|h| h.len() == 64 && is_hex(h));
    let counted = !nonce.is_empty() && nonce.len() <= 20 && nonce.bytes().all(|b| b.is_ascii_digit());
    if !hashes || !counted || user.is_empty() || unique.is_empty() || !(1..=3).contains(&rest.len()) {
        return None;
    }
    let own = |field: &str| Some(Cow::Owned(field.to_owned()));
    // The desktop's miner says "Platform Mining" where a page says its host.
    let page = site.contains('.') && site.bytes().all(|b| b.is_ascii_graphic());
    Some(Share {
        user: own(user),
        job: own(job),
        site: own(site).filter(|_| page),
        algorithm: Some(Cow::Borrowed("sha256")),
        ..Share::default()
    })
}
