//! Judges a segment alone, before any state: is it worth following its flow? Nothing is kept.

use crate::screen;
use crate::stratum::{self, Body, Line, Read, Strength};
use crate::wire::json::{Found, Scan};
use crate::wire::{line, websocket};

/// Whether a segment, beginning with a message, holds a mining message, or ends in one that could become one. A segment
/// with anything else between the messages opens nothing: that is a document, not a conversation.
pub(super) fn opens(payload: &[u8]) -> bool {
    let mut rest = payload;
    let mut found = false;
    loop {
        rest = line::skip_blank(rest);
        match rest.first() {
            None => return found,
            Some(0x7f) => {
                let Some((message, after)) = line::first_agent(rest) else { return found };
                found |= stratum::read_agent(message).is_some_and(|m| m.strength > Strength::Context);
                rest = after;
            }
            Some(b'{') => match Scan::default().feed(rest) {
                Found::End(end) => {
                    let (object, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    found |= is_sign(object);
                    rest = after;
                }
                Found::Inside => return found || stratum::may_become(rest),
                Found::Broken(_) => return false,
            },
            Some(_) => return false,
        }
    }
}

/// Whether an HTTP head could open a WebSocket or be a mining call's.
pub(super) fn head_opens(payload: &[u8]) -> bool {
    screen::asks_for_websocket(payload) || screen::asks_for_work(payload) || screen::is_cut_request(payload)
}

/// Whether a segment of WebSocket frames, found in mid-stream, begins with a mining message.
pub(super) fn frame_opens(payload: &[u8]) -> bool {
    let mut buffer = [0; 4096];
    websocket::first_text(payload, &mut buffer).is_some_and(|text| line::starts_object(text) && opens(text))
}

/// A mining message, or a login that a job or a share may still confirm.
fn is_sign(object: &[u8]) -> bool {
    match stratum::read(&Line::read(object)) {
        Read::Message(m) => m.strength > Strength::Context || matches!(m.body, Body::Authorize(_)),
        Read::Reply(_) | Read::Nothing => false,
    }
}
