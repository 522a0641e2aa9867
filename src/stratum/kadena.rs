//! Kadena: a miner's calls to a Chainweb node over HTTP, told by the path alone. Whoever asks for work says in the body
//! who is to be paid; work and solutions are bytes that no rule of ours needs. Its pools speak Stratum V1 and are
//! [`super::bitcoin`]'s.
//!
//! ```text
//! GET  /chainweb/<version>/<network>/mining/work?chain=n    with {account, predicate, public-keys}
//! POST /chainweb/<version>/<network>/mining/solved
//! GET  /chainweb/<version>/<network>/mining/updates
//! ```

use super::{Body, Dialect, Line, Login, Message, Request, Role, Share, Strength, text};
use crate::wire::http;

/// Reads the head of a request.
pub(super) fn request_head<'a>(head: &http::Request<'a>) -> Option<Message<'a>> {
    let (name, body) = match (head.method, call(head.target)?) {
        ("GET", "work") => ("mining/work", Body::Request(Request::Plain)),
        ("POST", "solved") => ("mining/solved", Body::Submit(Share::default())),
        ("GET", "updates") => ("mining/updates", Body::Subscribe { agent: None, pool: None }),
        _ => return None,
    };
    Some(Message::decisive(Dialect::Kadena, &Line::default(), name, Role::Miner, body))
}

/// Reads the body that asks for work: the miner's account. Wallets write accounts and keys so too, so it is worth
/// something only behind its head.
pub(super) fn body<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let keyed = line.get("public-keys")?.is_array() && line.get("predicate")?.plain().is_some();
    let user = text(line.get("account")).filter(|_| keyed)?;
    let body = Body::Authorize(Login { user, ..Login::default() });
    let message = Message::decisive(Dialect::Kadena, line, "the miner's account", Role::Miner, body);
    Some(Message { strength: Strength::Context, decisive: false, ..message })
}

/// The last segment of a path of exactly six. The node's other calls, of wallets and explorers, have other paths.
fn call(target: &str) -> Option<&str> {
    let mut segments = target.split('?').next()?.split('/');
    (segments.next()?.is_empty() && segments.next()? == "chainweb").then_some(())?;
    let (version, network) = (segments.next()?, segments.next()?);
    let versioned = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let mining = segments.next()? == "mining";
    (versioned && !network.is_empty() && network.bytes().all(named) && mining).then_some(())?;
    let call = segments.next()?;
    segments.next().is_none().then_some(call)
}
