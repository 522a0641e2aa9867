//! Replies that mean nothing alone: an id, and yes or no. Whether they accept a share is known to who knows the request.

use std::borrow::Cow;

use super::{Id, Job, Line, ethproxy};
use crate::wire::json::Value;

/// A reply.
#[derive(Clone, Debug)]
pub struct Reply<'a> {
    /// The request it answers.
    pub id: Option<Id>,
    /// Yes or no.
    pub verdict: Verdict,
    /// Its result.
    pub result: Option<Value<'a>>,
    /// The error's text, where it has one.
    pub error: Option<Cow<'a, str>>,
}

/// What a reply says if it answers a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// `true`, `{"status":"OK"}`, `[true]`, `"ok"`, or nothing but the id (EthereumStratum/2.0.0).
    Accepted,
    /// An error, `false`, or null with nothing else.
    Rejected,
    /// A result that answers something else.
    Neither,
}

impl<'a> Reply<'a> {
    /// The eth-proxy work in it, in a session known to mine in that dialect.
    pub fn work(&self) -> Option<Job<'a>> {
        self.result.and_then(ethproxy::work)
    }
}

/// Reads a line without a method as a reply.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Reply<'a>> {
    if !line.has_result && !line.has_error && (line.more || line.id.is_none()) {
        return None;
    }
    Some(Reply {
        id: line.id,
        verdict: verdict(line),
        result: line.result,
        error: line.error.and_then(reason),
    })
}

/// EthereumStratum/2.0.0 (EIP-1571) accepts a stale share with an error of code 2xx.
fn verdict(line: &Line<'_>) -> Verdict {
    if let Some(error) = line.error {
        let code = error.get("code").and_then(Value::u64);
        return if code.is_some_and(|c| (200..300).contains(&c)) {
            Verdict::Accepted
        } else {
            Verdict::Rejected
        };
    }
    let Some(result) = line.result else {
        return if line.has_result { Verdict::Rejected } else { Verdict::Accepted };
    };
    let said = if result.is_array() { result.item(0).unwrap_or(result) } else { result };
    match said.bool().or_else(|| said.plain().and_then(|t| t.parse().ok())) {
        Some(true) => Verdict::Accepted,
        Some(false) => Verdict::Rejected,
        None if status(result).is_some_and(|s| s.eq_ignore_ascii_case("ok")) => Verdict::Accepted,
        None => Verdict::Neither,
    }
}

fn status(result: Value<'_>) -> Option<&str> {
    result.plain().or_else(|| result.get("status")?.plain())
}

/// The text of `[code, "text", …]`, `{"code":…,"message":"text"}` or a bare string.
fn reason(error: Value<'_>) -> Option<Cow<'_, str>> {
    error.item(1).and_then(Value::str).or_else(|| error.get("message")?.str()).or_else(|| error.str())
}
