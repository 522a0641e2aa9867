//! zk.work's pool for Aleo: `id u8 | data`, numbers least significant byte first. Only the login, with its readable
//! address, proves anything; the rest counts in a session that it began. Framing is [`crate::wire::prefixed`]'s.
//!
//! A job's target is not read: it was an upper bound once and a number of proofs later, and no message says which.

use std::borrow::Cow;

use super::{Body, Dialect, Job, Line, Login, Message, Role, Share, Strength};
use crate::bytes::Reader;
use crate::wire::prefixed::form;

/// Reads one message, without its length.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let (id, data) = bytes.split_first()?;
    let (name, role, body) = match id {
        0x80 => ("connect", Role::Miner, login(bytes)?),
        0x81 => ("submit", Role::Miner, share(data)?),
        0x82 if data.is_empty() => ("disconnect", Role::Miner, Body::Other),
        0x83 => ("ping", Role::Miner, Body::Other),
        0x00 if data.first().is_some_and(|ok| *ok <= 1) => ("ack", Role::Pool, Body::Other),
        0x01 => ("notify", Role::Pool, job(data)?),
        0x02 if data.is_empty() => ("shutdown", Role::Pool, Body::Other),
        0x03 => ("pong", Role::Pool, Body::Other),
        _ => return None,
    };
    let strength = if *id == 0x80 { Strength::Unique } else { Strength::Context };
    let message = Message::decisive(Dialect::Aleo, &Line::default(), name, role, body);
    Some(Message { strength, ..message })
}

/// type, kind of address, version of the program, name, address.
fn login(bytes: &[u8]) -> Option<Body<'_>> {
    let (name, address) = form::login(bytes)?;
    let mut r = Reader::new(bytes.get(3..)?);
    let [major, minor, patch] = r.array::<3>()?;
    Some(Body::Authorize(Login {
        user: Cow::Borrowed(address),
        worker: Some(Cow::Borrowed(name)).filter(|n| !n.is_empty()),
        agent: Some(Cow::Owned(format!("zk.work {major}.{minor}.{patch}"))),
        ..Login::default()
    }))
}

/// worker u32, job u64, solution.
fn share(data: &[u8]) -> Option<Body<'_>> {
    let mut r = Reader::new(data);
    r.take(4)?;
    let job = Some(number(&mut r)?);
    (!r.rest().is_empty()).then_some(Body::Submit(Share { job, ..Share::default() }))
}

/// job u64, target u64, epoch.
fn job(data: &[u8]) -> Option<Body<'_>> {
    let mut r = Reader::new(data);
    let id = Some(number(&mut r)?);
    r.take(8)?;
    (!r.rest().is_empty()).then_some(Body::Job(Job { id, ..Job::default() }))
}

fn number(r: &mut Reader<'_>) -> Option<Cow<'static, str>> {
    r.array().map(|bytes| Cow::Owned(u64::from_le_bytes(bytes).to_string()))
}
