//! Block templates over HTTP: Bitcoin's BIP 22, Monero's daemon, and merge mining. A wallet or an explorer never asks for
//! one; who does mines alone, runs a pool, or develops one, so that a template call of Bitcoin's is strong and no more.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Login, Message, Request, Role, Share, Strength, hex, is_hex, text};
use crate::wire::json::{Members, Value};

/// Calls of a batch that are looked at.
const MAX_BATCH: usize = 16;

/// Reads a JSON body with a method.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, strength, body) = match method {
        "getblocktemplate" | "get_block_template" => template(line)?,
        "submitblock" | "submit_block" if is_block(line) => {
            let body = Body::Submit(Share::default());
            ("submitblock", Strength::Strong, body)
        }
        "merge_mining_get_aux_block" if hex(line.params?.get("prev_id"), 64) => {
            ("merge_mining_get_aux_block", Strength::Unique, Body::Request(Request::Plain))
        }
        "merge_mining_submit_solution" if line.params?.get("merkle_proof").is_some() => {
            ("merge_mining_submit_solution", Strength::Unique, Body::Request(Request::Plain))
        }
        _ => return None,
    };
    let message = Message::decisive(Dialect::Getblocktemplate, line, name, Role::Miner, body);
    Some(Message { strength, ..message })
}

/// Monero's names the wallet that collects; Bitcoin's says what the miner is able to.
fn template<'a>(line: &Line<'a>) -> Option<(&'static str, Strength, Body<'a>)> {
    if let Some(user) = text(line.params.and_then(|p| p.get("wallet_address"))) {
        let body = Body::Authorize(Login { user, ..Login::default() });
        return Some(("getblocktemplate", Strength::Unique, body));
    }
    line.params.is_none_or(Value::is_array).then_some((
        "getblocktemplate",
        Strength::Strong,
        Body::Request(Request::Plain),
    ))
}

/// Reads a batch: pool software asks its daemon on starting whether it takes blocks, without one.
pub(super) fn batch<'a>(batch: Value<'a>) -> Option<Message<'a>> {
    let asks = |method: &str| {
        batch.items().take(MAX_BATCH).any(|call| {
            let nothing = call.get("params").is_none_or(|p| p.is_null() || p.item(0).is_none());
            nothing && call.get("method").is_some_and(|m| m.is_str(method))
        })
    };
    let name = "a pool's first calls (getmininginfo, submitblock)";
    let body = Body::Request(Request::Plain);
    let message = Message::decisive(Dialect::Getblocktemplate, &Line::default(), name, Role::Miner, body);
    (asks("getmininginfo") && asks("submitblock")).then_some(message)
}

/// A whole block is 80 bytes and more.
fn is_block(line: &Line<'_>) -> bool {
    line.param(0).and_then(Value::plain).is_some_and(|b| b.len() >= 160 && is_hex(b))
}

/// Reads a JSON body with a result: a template of Bitcoin's or of Monero's.
pub(super) fn reply<'a>(line: &Line<'a>, result: Value<'a>) -> Option<Message<'a>> {
    let bitcoin = hex(result.get("previousblockhash"), 64)
        && hex(result.get("bits"), 8)
        && (result.get("coinbasevalue").is_some() || result.get("coinbasetxn").is_some());
    let monero = result.get("blocktemplate_blob").is_some() && result.get("blockhashing_blob").is_some();
    let (id, strength) = match (bitcoin, monero) {
        (true, _) => (text(result.get("previousblockhash")), Strength::Strong),
        (_, true) => (text(result.get("prev_hash")), Strength::Unique),
        _ => return None,
    };
    let id = id.or(Some(Cow::Borrowed("")));
    let body = Body::Job(Job { id, hashes: None, algorithm: None });
    let message =
        Message::decisive(Dialect::Getblocktemplate, line, "the reply to getblocktemplate", Role::Pool, body);
    Some(Message { strength, ..message })
}

/// Reads the beginning of a long template of Bitcoin's, cut among its transactions.
pub(super) fn cut_reply<'a>(body: &'a [u8]) -> Option<Message<'a>> {
    let at = memchr::memmem::find(body.get(..128).unwrap_or(body), b"\"result\"")?;
    let result = body.get(at..)?.get(b"\"result\"".len()..)?.trim_ascii_start().strip_prefix(b":")?;
    let member = |name: &str| Members::open(result).find(|(key, _)| key.is_str(name)).map(|(_, value)| value);
    let previous = member("previousblockhash");
    // A block that is there has a hash.
    let long = member("hash").is_none()
        && memchr::memmem::find(result, b"\"transactions\"").is_some()
        && hex(previous, 64);
    let body = Body::Job(Job { id: text(previous), ..Job::default() });
    let name = "the reply to getblocktemplate";
    let message = Message::decisive(Dialect::Getblocktemplate, &Line::default(), name, Role::Pool, body);
    long.then_some(Message { strength: Strength::Strong, ..message })
}
