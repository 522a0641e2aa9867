//! getwork: mining over HTTP as Bitcoin's first miners did it, with the headers that its pools added. The request's
//! Basic user is the worker; the password is dropped where it is decoded.
//!
//! Reads heads and JSON bodies; framing is [`crate::wire::http`]'s.

use std::borrow::Cow;

use super::{
    Body, Dialect, Job, Line, Login, Message, Request, Role, Share, Strength, hex, is_hex, target, text,
};
use crate::wire::http;
use crate::wire::json::Value;

/// Reads the head of a request. Any `X-Mining-…` header proves mining; a user without one is kept for what the body says.
pub(super) fn request_head<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    // Data and ore are mined, too.
    let mining = ["x-mining-extensions", "x-mining-hashrate", "x-mining-identifier"]
        .iter()
        .any(|name| head.headers.value(name).is_some());
    let solved = head.headers.value("x-hash-difficulty").is_some();
    let user = head.headers.value("authorization").and_then(http::basic_user);
    let agent = head.headers.value("user-agent").map(Cow::Borrowed).filter(|a| a.len() <= super::MAX_TEXT);
    let strength = if mining || solved { Strength::Unique } else { Strength::Context };
    let body = match (user, agent) {
        (Some(user), agent) => Body::Authorize(Login { user: Cow::Owned(user), agent, ..Login::default() }),
        (None, agent) => Body::Subscribe { agent, pool: None },
    };
    let name = "an HTTP request with X-Mining headers";
    let message = Message::decisive(Dialect::Getwork, &Line::default(), name, Role::Miner, body);
    Some(Message { strength, decisive: false, ..message })
}

/// Reads the head of a response: two of the headers that only pools send, or the one that names a stratum endpoint.
pub(super) fn response_head<'a>(head: &http::Response<'a>) -> Option<Message<'a>> {
    const HEADERS: [&str; 4] = ["x-long-polling", "x-roll-ntime", "x-reject-reason", "x-is-p2pool"];
    let found = HEADERS.iter().filter(|h| head.headers.value(h).is_some()).count();
    let stratum = head.headers.value("x-stratum").is_some_and(|v| v.contains("://"));
    let name = "an HTTP response with a pool's headers";
    let message = Message::decisive(Dialect::Getwork, &Line::default(), name, Role::Pool, Body::Other);
    (found >= 2 || stratum).then_some(Message { decisive: false, ..message })
}

/// Reads a JSON body with a method.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    if method != "getwork" {
        return None;
    }
    // Other queues hand out work by that name, to whoever says for which one.
    let asks = line.params.is_none_or(|p| p.is_null() || p.is_array() && p.item(0).is_none());
    let share = line.param(0).and_then(Value::plain).is_some_and(|d| d.len() == 256 && is_hex(d));
    (asks || share).then_some(())?;
    let body = if share { Body::Submit(Share::default()) } else { Body::Request(Request::Plain) };
    Some(Message::decisive(Dialect::Getwork, line, "getwork", Role::Miner, body))
}

/// Reads a JSON body with a result: `{midstate?, data, hash1?, target}`, the target least significant byte first.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    (hex(result.get("data"), 256) && hex(result.get("target"), 64)).then_some(())?;
    let id = text(result.get("data")).map(|d| Cow::Owned(d.get(..72).unwrap_or_default().to_owned()));
    let hashes = result.get("target").and_then(Value::plain).and_then(target::hashes_le);
    let body = Body::Job(Job { id, hashes, algorithm: None });
    Some(Message::decisive(Dialect::Getwork, line, "the reply to getwork", Role::Pool, body))
}
