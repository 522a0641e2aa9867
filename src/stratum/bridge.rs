//! Bridges: relays that carry a pool's lines inside a WebSocket, each wrapped into an object. A wrapper names the pool
//! and the wallet; which dialect is spoken, the lines in it say, and their own dialects read them.
//!
//! ```text
//! > {"type":"connect","pool":"stratum+tcp://host:port","wallet","password"}
//! < {"type":"pool","data":"<a line>"}
//! > {"type":"share","data":{…}}                     < {"type":"share_result","accepted":true}
//! > {"id","method":"proxy.connect","params":["host",port]}, then plain lines
//! ```

use std::borrow::Cow;

use super::{Body, Dialect, Line, Login, Message, PoolName, Role, Strength, Verdict, text};

/// Reads an object without a method.
pub(super) fn read<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    match line.get("type")?.plain()? {
        "connect" => connect(line),
        "share_result" => {
            let verdict = if line.get("accepted")?.bool()? { Verdict::Accepted } else { Verdict::Rejected };
            Some(message(line, "share_result", Role::Pool, Strength::Context, Body::Answer(verdict)))
        }
        _ => None,
    }
}

/// Reads a line with a method: the miner asks its relay for a pool. Other proxies may take the same verb, so it is
/// worth nothing until a line follows that mines.
pub(super) fn request<'a>(line: &Line<'a>, method: &str) -> Option<Message<'a>> {
    (method == "proxy.connect").then_some(())?;
    let port = Some(u16::try_from(line.param(1)?.u64()?).ok()?);
    let pool = PoolName::parse(text(line.param(0))?, port)?;
    Some(message(line, "proxy.connect", Role::Miner, Strength::Context, Body::Pool(pool)))
}

/// What a wrapper holds: one line, as a string or as the object itself. Nothing that does not begin as a line does.
pub(super) fn inner<'a>(line: &Line<'a>) -> Option<Cow<'a, [u8]>> {
    (line.more && line.method.is_none() && !line.has_result).then_some(())?;
    let kind = line.get("type")?.plain()?;
    matches!(kind, "pool" | "share").then_some(())?;
    let data = line.get("data")?;
    let bytes = match data.is_object() {
        // A dashboard may show what a pool says; a bridge passes it on as it came.
        true if kind == "pool" => return None,
        true => Cow::Borrowed(data.text()),
        false => match data.str()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
    };
    // People share anything; a miner shares shares.
    let fits = || kind == "pool" || Line::read(&bytes).method.is_none_or(|m| m.ends_with("submit"));
    (bytes.starts_with(b"{") && fits()).then_some(bytes)
}

/// A pool with stratum's scheme and a wallet are a miner's; without the scheme something else may be pooled.
fn connect<'a>(line: &Line<'a>) -> Option<Message<'a>> {
    let named = text(line.get("pool"))?;
    let user = text(line.get("wallet"))?;
    let strength = if named.starts_with("stratum") && named.contains("://") {
        Strength::Unique
    } else {
        Strength::Context
    };
    let pool = PoolName::parse(named, None).filter(|p| p.port.is_some())?;
    let body = Body::Authorize(Login { user, pool: Some(pool), ..Login::default() });
    Some(message(line, "connect", Role::Miner, strength, body))
}

/// A message of a bridge, which never tells the dialect.
const fn message<'a>(
    line: &Line<'a>,
    name: &'static str,
    role: Role,
    strength: Strength,
    body: Body<'a>,
) -> Message<'a> {
    Message {
        dialect: Dialect::Bitcoin,
        decisive: false,
        role: Some(role),
        strength,
        name,
        id: line.id,
        body,
    }
}
