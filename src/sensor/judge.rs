//! Judges a segment alone, before any state: is it worth following its flow? Nothing is kept.

use super::names;
use crate::rules::RuleSet;
use crate::screen::{self, Hint};
use crate::stratum::{self, Body, Line, Message, Read, Strength};
use crate::wire::json::{Found, Scan};
use crate::wire::{line, proxy, socketio, tls, websocket, words};

/// What a payload could be the beginning of: what the screen sees, or a text that rule files describe.
#[inline]
pub(super) fn look(payload: &[u8], rules: &RuleSet) -> Option<Hint> {
    match screen::look(payload) {
        None | Some(Hint::Text) if rules.own().may_begin_text(payload) => Some(Hint::Words),
        hint => hint,
    }
}

/// Whether a segment is worth following its flow, by what the screen took it for.
pub(super) fn opens(hint: Hint, payload: &[u8], rules: &RuleSet) -> bool {
    match hint {
        Hint::Agent | Hint::Object | Hint::ObjectAfter(_) => lines_open(payload, rules),
        Hint::Frame => frame_opens(payload, rules),
        Hint::Hello => hello_opens(payload, rules),
        Hint::Http => head_opens(payload, rules),
        Hint::Proxy => proxied_opens(payload, rules),
        // The screen has seen the whole form of these.
        Hint::Dns | Hint::Prefixed(_) | Hint::Socks => true,
        // For what it is worth, the client's greeting counts.
        Hint::Coin(_) | Hint::Expected | Hint::ServerHello | Hint::Text => false,
        Hint::Words => words_open(payload, rules),
    }
}

/// Reads a line: what rule files describe comes after the dialects, and before replies that mean nothing alone.
pub(super) fn read<'a>(line: &Line<'a>, rules: &RuleSet) -> Read<'a> {
    match stratum::read(line) {
        Read::Message(message) => Read::Message(message),
        other => rules.own().object(line).map_or(other, Read::Message),
    }
}

/// Whether a segment, beginning with a message, holds a mining message, or ends in one that could become one. A segment
/// with anything else between the messages opens nothing: that is a document, not a conversation.
fn lines_open(payload: &[u8], rules: &RuleSet) -> bool {
    let mut rest = payload;
    let mut found = false;
    loop {
        rest = line::skip_blank(rest);
        match rest.first() {
            None => return found,
            Some(0x7f) => {
                let Some((message, after)) = line::first_agent(rest) else { return found };
                found |= stratum::read_agent(message).is_some_and(|m| is_sign(&m));
                rest = after;
            }
            Some(b'{') => match Scan::default().feed(rest) {
                Found::End(end) => {
                    let (object, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
                    found |= is_line_sign(object, rules);
                    rest = after;
                }
                Found::Inside => {
                    return found || stratum::may_become(rest) || rules.own().may_become(rest);
                }
                Found::Broken(_) => return false,
            },
            Some(_) => return false,
        }
    }
}

/// Whether an HTTP head could open a WebSocket or a tunnel, or be a mining call's.
fn head_opens(payload: &[u8], rules: &RuleSet) -> bool {
    payload.starts_with(b"CONNECT ")
        || screen::asks_for_websocket(payload)
        || screen::asks_for_work(payload)
        || screen::is_cut_request(payload)
        || rules.own().may_be_head(payload)
        || !payload.starts_with(b"HTTP/") && names::is_listed(payload, rules)
}

/// Whether a greeting names a listed host, or none, or not yet. The rest of the handshake says more then.
fn hello_opens(payload: &[u8], rules: &RuleSet) -> bool {
    let hello = match tls::glance(payload) {
        tls::Glance::Whole(hello) | tls::Glance::Part { hello } => hello,
        tls::Glance::Split => return true,
        tls::Glance::Not => return tls::is_torn(payload),
    };
    hello.server_name().is_none_or(|name| rules.host(name).is_some())
}

/// Whether a segment of WebSocket frames, found in mid-stream, begins with a mining message.
fn frame_opens(payload: &[u8], rules: &RuleSet) -> bool {
    let mut buffer = [0; 4096];
    let Some(text) = websocket::first_text(payload, &mut buffer) else { return false };
    if line::starts_object(text) {
        return lines_open(text, rules);
    }
    match socketio::read(text) {
        Some(socketio::Packet::Event { array, .. }) => {
            stratum::read_event(array).is_some_and(|m| is_sign(&m))
        }
        Some(socketio::Packet::Other) => false,
        None => words_open(text, rules) || is_cut_work(text),
    }
}

/// Whether a text is the beginning of cpu-web-miner's job, which is longer than a segment where a block has many
/// transactions.
fn is_cut_work(text: &[u8]) -> bool {
    let near = text.get(..256).unwrap_or(text);
    let has = |word: &[u8]| memchr::memmem::find(near, word).is_some();
    socketio::looks_like(text) && has(b"[\"work\",{") && has(b"\"prevhash\":\"")
}

/// Whether a line of plain text is a mining message.
fn words_open(payload: &[u8], rules: &RuleSet) -> bool {
    let line = payload.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii_end();
    let message = str::from_utf8(line).ok().and_then(stratum::read_text);
    let message = message.filter(|m| words::is_lone(payload) || !matches!(m.body, Body::Job(_)));
    message.or_else(|| rules.own().text(payload)).is_some_and(|m| is_sign(&m))
}

/// Whether what stands behind a balancer's header opens a flow; alone, it is waited for.
fn proxied_opens(payload: &[u8], rules: &RuleSet) -> bool {
    match proxy::read(payload) {
        Ok(None) => true,
        Ok(Some((_, consumed))) => {
            let inner = payload.get(consumed..).unwrap_or_default();
            let hint = look(inner, rules).filter(|h| !matches!(h, Hint::Proxy | Hint::Text));
            inner.is_empty() || hint.is_some_and(|h| opens(h, inner, rules))
        }
        Err(_) => false,
    }
}

fn is_line_sign(object: &[u8], rules: &RuleSet) -> bool {
    let line = Line::read(object);
    if let Some(inner) = stratum::unwrap(&line) {
        return inner
            .split(|b| *b == b'\n')
            .any(|line| matches!(read(&Line::read(line), rules), Read::Message(m) if is_sign(&m)));
    }
    matches!(read(&line, rules), Read::Message(m) if is_sign(&m))
}

/// A mining message, or a login that a job or a share may still confirm.
const fn is_sign(message: &Message<'_>) -> bool {
    !matches!(message.strength, Strength::Context) || matches!(message.body, Body::Authorize(_))
}
