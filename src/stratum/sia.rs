//! Siacoin: a miner's two calls to the daemon over HTTP. The daemon answers nobody without its agent's name, and the
//! path without it is anybody's page. Its pools speak Stratum V1 and are [`super::bitcoin`]'s.
//!
//! ```text
//! GET  /miner/header    answered with 112 bytes: target (32), header (80)
//! POST /miner/header    with the solved header
//! ```

use super::{Body, Dialect, Line, Message, Request, Role, Share, Strength};
use crate::wire::http;

/// What the daemon asks for in `User-Agent`; libraries put their own name before it.
const AGENT: &str = "Sia-Agent";

/// Reads the head of a request. Asking for a header is strong, since a script that watches a daemon may; bringing one is
/// mining.
pub(super) fn request_head<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    (head.target.split('?').next()? == "/miner/header").then_some(())?;
    head.headers.value("user-agent")?.contains(AGENT).then_some(())?;
    let (name, strength, body) = match head.method {
        "GET" => ("GET /miner/header", Strength::Strong, Body::Request(Request::Plain)),
        "POST" => ("POST /miner/header", Strength::Unique, Body::Submit(Share::default())),
        _ => return None,
    };
    let message = Message::decisive(Dialect::Sia, &Line::default(), name, Role::Miner, body);
    Some(Message { strength, ..message })
}
