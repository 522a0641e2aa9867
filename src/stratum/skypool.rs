//! Skypool's web miner for Nimiq: Socket.IO events of one letter, whose arguments have members of one letter. Nimiq's own
//! pools are another file.
//!
//! Letters are nothing to go by: only an address, a block's header or a hash makes one of these Nimiq's. A share is sent
//! twice, to the letter the same, and is never answered.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Login, Message, Role, Share, Strength, hex, nimiq, text, word};
use crate::wire::json::Value;

/// Digits of a block's header of 146 bytes.
const HEADER_DIGITS: usize = 292;

/// Reads a Socket.IO event: its name and the array of name and arguments.
pub(super) fn event<'a>(name: &str, array: Value<'a>) -> Option<Message<'a>> {
    let (what, role, strength, body) = match name {
        "r" => ("register", Role::Miner, Strength::Unique, Body::Authorize(register(array.item(1)?)?)),
        "j" => ("job", Role::Pool, Strength::Strong, Body::Job(job(array.item(1)?)?)),
        "s" => {
            let (strength, share) = share(array.item(1)?)?;
            ("share", Role::Miner, strength, Body::Submit(share))
        }
        _ => {
            let (what, role) = small(name, array)?;
            (what, role, Strength::Context, Body::Other)
        }
    };
    let message = Message::decisive(Dialect::Skypool, &Line::default(), what, role, body);
    // What says nothing alone does not name the dialect either.
    Some(Message { strength, decisive: strength > Strength::Context, ..message })
}

/// `{a: address, n: name, v: version, p: platform, w: nonces a pull, c: nonces a push}`.
fn register<'a>(said: Value<'a>) -> Option<Login<'a>> {
    let user = text(said.get("a")).filter(|a| nimiq::is_address(a))?;
    ["v", "w", "c"].iter().any(|m| word(said.get(m)).is_some()).then_some(())?;
    let algorithm = Some(Cow::Borrowed(nimiq::ALGORITHM));
    Some(Login { user, worker: word(said.get("n")), algorithm, ..Login::default() })
}

/// `{a: header, b: compact target, c: time, d: first nonce}`, all but the header to base 36. Shares name the time.
fn job<'a>(work: Value<'a>) -> Option<Job<'a>> {
    hex(work.get("a"), HEADER_DIGITS).then_some(())?;
    let target = base36(work.get("b"))?;
    let time = base36(work.get("c"))?;
    base36(work.get("d"))?;
    let hashes = u64::from_str_radix(target, 36).ok().and_then(nimiq::hashes);
    Some(Job { id: Some(Cow::Borrowed(time)), hashes, algorithm: Some(Cow::Borrowed(nimiq::ALGORITHM)) })
}

/// `{a: time, b: nonce, c: hash}`. The hash is an array of 32 bytes, at times hexadecimal; anything else is no evidence.
fn share<'a>(found: Value<'a>) -> Option<(Strength, Share<'a>)> {
    let job = Some(Cow::Borrowed(base36(found.get("a"))?));
    let nonce = found.get("b")?;
    (nonce.u64().is_some() || base36(Some(nonce)).is_some()).then_some(())?;
    let hash = found.get("c")?;
    let strength = match hash.is_array() {
        true if is_hash(hash) && hash.items().take(2).all(|v| v.u64() == Some(0)) => Strength::Strong,
        false if hex(Some(hash), 64) && text(Some(hash)).is_some_and(|h| h.starts_with("0000")) => {
            Strength::Strong
        }
        false if text(Some(hash)).is_some() => Strength::Context,
        // Twice 256 tries in a row and more went into a share; a game's state has any hash.
        true if is_hash(hash) => Strength::Context,
        _ => return None,
    };
    Some((strength, Share { job, algorithm: Some(Cow::Borrowed(nimiq::ALGORITHM)), ..Share::default() }))
}

/// 32 numbers, each a byte.
fn is_hash(array: Value<'_>) -> bool {
    let items = || array.items().take(33);
    items().count() == 32 && items().all(|v| v.u64().is_some_and(|n| n <= 255))
}

/// Events that mean something only after a registration: its answer, a pull and its answer, work done whole and in part.
fn small(name: &str, array: Value<'_>) -> Option<(&'static str, Role)> {
    let said = array.item(1);
    let alone = said.is_none() && array.items().take(2).count() == 1;
    match name {
        "a" if base36(said?.get("a")).is_some() && base36(said?.get("b")).is_some() => {
            Some(("work", Role::Pool))
        }
        "b" if matches!(said?.plain()?, "a" | "b" | "c" | "d") => Some(("registered", Role::Pool)),
        "p" if alone => Some(("pull", Role::Miner)),
        "t" if base36(said).is_some() || said?.u64().is_some() => Some(("push", Role::Miner)),
        "u" if alone => Some(("push", Role::Miner)),
        _ => None,
    }
}

/// The text of a number to base 36, no longer than 64 bits need.
fn base36(value: Option<Value<'_>>) -> Option<&str> {
    value?.plain().filter(|t| (1..=13).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_alphanumeric()))
}
