//! Block templates over HTTP: Bitcoin's BIP 22, Monero's daemon, and merge mining. A wallet or an explorer never asks for
//! one; who does mines alone, runs a pool, or develops one, so that a template call of Bitcoin's is strong and no more.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Message, Request, Role, Strength, hex, is_hex, text, Share, Login};
use crate::wire::json::Value;

/// Reads a JSON body with a method.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    let (name, strength, body) = match method {
        "getblocktemplate" | "get_block_template" => template(line)?,
        "submitblock" | "submit_block" if is_block(line) => {
            let body = Body::Submit(Share { ..Share::default() });
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
