//! Nimiq's pools, from before its proof of stake: JSON with `message`, one a WebSocket message. The pool says who is
//! paid at its own address (`settings`), so only `register` names the payee. Skypool's is another file.
//!
//! `message` is everybody's word; names and forms of the values must fit together. Shares are never acknowledged: only
//! an error answers.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::{Body, Dialect, Job, Line, Login, Message, Role, Share, Strength, Verdict, text, word};
use crate::wire::json::Value;

/// The algorithm, of Skypool too.
pub(super) const ALGORITHM: &str = "argon2d";

/// Hashes a share of difficulty 1 is expected to cost: its target is 2^240.
const HASHES_PER_DIFFICULTY: f64 = 65_536.0;

/// Base64 digits of a hash of 32 bytes.
const HASH_DIGITS: usize = 44;

/// Base64 digits of a block without its body: a header of 146 bytes, and hashes of earlier blocks.
const BLOCK_DIGITS: RangeInclusive<usize> = 196..=16_384;

/// The same of the block that a new one follows, which may have its body.
const HEAD_DIGITS: RangeInclusive<usize> = 196..=262_144;

/// Base64 digits of the proof that asks for a payout: a key, a path and a signature.
const PROOF_DIGITS: RangeInclusive<usize> = 128..=4096;

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let kind = line.get("message")?.plain()?;
    let (name, role, strength, body) = match kind {
        "balance" if is_balance(line) => ("balance", Role::Pool, Strength::Context, Body::Other),
        "error" => ("error", Role::Pool, Strength::Context, error(line)?),
        "new-block" => ("new-block", Role::Pool, Strength::Unique, Body::Job(job(line)?)),
        "payout" if base64(line.get("proof"), PROOF_DIGITS) => {
            ("payout", Role::Miner, Strength::Context, Body::Other)
        }
        "register" => ("register", Role::Miner, Strength::Unique, Body::Authorize(register(line)?)),
        "registered" if line.object()?.members().count() == 1 => {
            ("registered", Role::Pool, Strength::Context, Body::Other)
        }
        "settings" => ("settings", Role::Pool, Strength::Unique, settings(line)?),
        "share" if is_share(line) => {
            let algorithm = Some(Cow::Borrowed(ALGORITHM));
            ("share", Role::Miner, Strength::Strong, Body::Submit(Share { algorithm, ..Share::default() }))
        }
        _ => return None,
    };
    let message = Message::decisive(Dialect::Nimiq, line, name, role, body);
    // What says nothing alone does not name the dialect either.
    Some(Message { strength, decisive: strength > Strength::Context, id: None, ..message })
}

/// Whether a text is an address: `NQ`, two check digits and 32 of Nimiq's base 32, in groups of four or without spaces.
pub(super) fn is_address(address: &str) -> bool {
    if address.len() > 64 {
        return false;
    }
    let mut count = 0usize;
    let fits = address.bytes().filter(|b| *b != b' ').all(|b| {
        let b = b.to_ascii_uppercase();
        let fits = match count {
            0 => b == b'N',
            1 => b == b'Q',
            2 | 3 => b.is_ascii_digit(),
            _ => b.is_ascii_alphanumeric() && !matches!(b, b'I' | b'O' | b'W' | b'Z'),
        };
        count = count.saturating_add(1);
        fits
    });
    fits && count == 36
}

/// 2^256 / target of a compact target: a byte that counts the target's bytes, and its first three. `None` for a zero
/// target, and one of more than 32 bytes.
pub(super) fn hashes(compact: u64) -> Option<f64> {
    let size = i32::try_from(compact >> 24).ok().filter(|s| (1..=32).contains(s))?;
    let first = i32::try_from(compact & 0x00ff_ffff).ok()?;
    let hashes = 2f64.powi(256 - 8 * (size - 3)) / f64::from(first);
    (hashes.is_finite() && hashes >= 1.0).then_some(hashes)
}

/// `{mode, address, deviceId, startDifficulty, minerVersion, userAgent or deviceData, genesisHash}`.
fn register<'a>(line: &Line<'a>) -> Option<Login<'a>> {
    let user = text(line.get("address")).filter(|a| is_address(a))?;
    let worker = Some(word(line.get("deviceId"))?);
    let mode = line.get("mode").and_then(Value::plain);
    let known =
        mode.is_some_and(|m| matches!(m, "dumb" | "nano" | "smart")) || is_hash(line.get("genesisHash"));
    let agent = text(line.get("minerVersion"));
    let algorithm = Some(Cow::Borrowed(ALGORITHM));
    known.then_some(Login { user, worker, agent, algorithm, ..Login::default() })
}

/// `{address, extraData, target, targetCompact, nonce}`; the address is the pool's.
fn settings<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    line.get("address")?.plain().filter(|a| is_address(a))?;
    base64(line.get("extraData"), 4..=4096).then_some(())?;
    let hashes = hashes(line.get("targetCompact")?.u64()?)?;
    let algorithm = Some(Cow::Borrowed(ALGORITHM));
    Some(Body::Difficulty { difficulty: hashes / HASHES_PER_DIFFICULTY, hashes: Some(hashes), algorithm })
}

/// `{bodyHash, accountsHash, previousBlock}`, to nano miners; smart ones make their own blocks.
fn job<'a>(line: &Line<'a>) -> Option<Job<'a>> {
    let whole = is_hash(line.get("bodyHash"))
        && is_hash(line.get("accountsHash"))
        && base64(line.get("previousBlock"), HEAD_DIGITS);
    let id = text(line.get("bodyHash"));
    whole.then_some(Job { id, hashes: None, algorithm: Some(Cow::Borrowed(ALGORITHM)) })
}

/// `{block}` of a nano miner, `{blockHeader, minerAddrProof, extraDataProof, block?}` of a smart one.
fn is_share(line: &Line<'_>) -> bool {
    match line.get("blockHeader") {
        Some(header) => {
            let proof = |name| base64(line.get(name), 4..=4096);
            base64(Some(header), BLOCK_DIGITS) && proof("minerAddrProof") && proof("extraDataProof")
        }
        None => base64(line.get("block"), BLOCK_DIGITS),
    }
}

/// `{reason}`. Only some are about a share; the rest refuse the miner itself.
fn error<'a>(line: &Line<'a>) -> Option<Body<'a>> {
    let reason = text(line.get("reason"))?;
    let share = reason.starts_with("invalid") || reason.starts_with("too old");
    Some(if share { Body::Answer(Verdict::Rejected) } else { Body::Other })
}

/// `{balance, confirmedBalance, payoutRequestActive}`.
fn is_balance(line: &Line<'_>) -> bool {
    let number = |name| line.get(name).and_then(Value::number).is_some();
    number("balance")
        && number("confirmedBalance")
        && line.get("payoutRequestActive").and_then(Value::bool).is_some()
}

fn is_hash(value: Option<Value<'_>>) -> bool {
    base64(value, HASH_DIGITS..=HASH_DIGITS)
}

/// Whether a value is base64 of that many digits, padding included.
fn base64(value: Option<Value<'_>>, digits: RangeInclusive<usize>) -> bool {
    let Some(text) = value.and_then(Value::plain).filter(|t| digits.contains(&t.len())) else { return false };
    let bare = text.trim_end_matches('=');
    let padded = text.len() % 4 == 0 && text.len().saturating_sub(bare.len()) <= 2;
    padded && bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}
