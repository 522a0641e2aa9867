//! BTCAgent: one connection for a whole farm. Text stratum first, then binary messages between the lines:
//! `7f | command u8 | length u16 LE (whole message) | body`.

use std::borrow::Cow;

use super::{Body, Dialect, Login, Message, Role, Share, Strength};
use crate::bytes::Reader;

/// Reads one message, its length already checked.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let mut r = Reader::new(bytes);
    r.u8()?;
    let command = r.u8()?;
    let stated = usize::from(r.u16_le()?);
    let body = r.rest();
    if stated != bytes.len() {
        return None;
    }
    let (role, name, strength, body) = match command {
        0x01 => (Role::Miner, "register_worker", Strength::Unique, register(body)?),
        // job u8, session u16, extranonce2 u32, nonce u32, then time and version bits
        0x02 | 0x03 | 0x12 | 0x13 => {
            let more = match command {
                0x02 => 0,
                0x13 => 8,
                _ => 4,
            };
            (body.len() == 11 + more).then_some(())?;
            let submit = Body::Submit(Share { ..Share::default() });
            (Role::Miner, "submit_share", Strength::Strong, submit)
        }
        0x04 if body.len() == 2 => (Role::Miner, "unregister_worker", Strength::Strong, Body::Other),
        0x05 => (Role::Pool, "set_difficulty", Strength::Strong, difficulty(body)?),
        0x10 if body.len() == 6 => (Role::Pool, "submit_response", Strength::Context, Body::Other),
        _ => return None,
    };
    Some(Message {
        dialect: Dialect::Bitcoin,
        decisive: true,
        role: Some(role),
        strength,
        name,
        id: None,
        body,
    })
}

/// session u16, agent NUL, worker NUL: readable, or it is something else.
fn register(body: &[u8]) -> Option<Body<'_>> {
    let mut strings = body.get(2..)?.strip_suffix(b"\0")?.splitn(2, |b| *b == 0);
    let mut string = || {
        let text = std::str::from_utf8(strings.next()?).ok()?;
        text.bytes().all(|b| b.is_ascii_graphic() || b == b' ').then_some(text)
    };
    let (agent, worker) = (string()?, string()?);
    (!worker.is_empty()).then_some(Body::Authorize(Login {
        user: Cow::Borrowed(worker),
        agent: Some(Cow::Borrowed(agent)),
        ..Login::default()
    }))
}

/// log2(difficulty) u8, count u16, then that many sessions u16.
fn difficulty(body: &[u8]) -> Option<Body<'static>> {
    let mut r = Reader::new(body);
    let (log2, count) = (r.u8()?, r.u16_le()?);
    (log2 < 64 && r.rest().len() == usize::from(count) * 2).then_some(Body::Difficulty {
        difficulty: 2f64.powi(i32::from(log2)),
        hashes: None,
        algorithm: None,
    })
}
