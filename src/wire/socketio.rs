//! Packets of Engine.IO (protocols 3 and 4) and, inside its messages, of Socket.IO (4 and 5), as they come in text
//! messages of a WebSocket. Not the frames of long polling, no binary parts, no state.
//!
//! ```text
//! 0{"sid":…}  1  2  3  2probe  3probe  5  6     open, close, ping, pong, probes, upgrade, noop
//! 4 TYPE [PARTS "-"] [NAMESPACE ","] [ACK] [JSON]    e.g. 42["name",…]  42/ns,7["name"]  451-["name",…]
//! ```
//!
//! Standard: the documents `engine.io-protocol` and `socket.io-protocol` of their authors. Other software sends short
//! text that begins with digits, so a packet is one to its last byte or none.

use super::json::Value;

/// A packet of Socket.IO inside a message of Engine.IO.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// An event: its arguments as a JSON array, name first. Binary arguments are placeholders; they come later.
    Event {
        /// The acknowledgement that is asked for.
        ack: Option<u64>,
        /// The array.
        array: Value<'a>,
    },
    /// Anything else of the two protocols: handshakes, pings, acknowledgements.
    Other,
}

/// Longest namespace; they are paths such as `/admin`.
const MAX_NAMESPACE: usize = 256;

/// Most binary parts that an event may announce.
const MAX_PARTS: u64 = 999;

/// Whether a text begins as a packet does: a look at its first bytes, for whoever asks before a message is whole.
pub fn looks_like(text: &[u8]) -> bool {
    match text {
        [b'0', b'{', ..] | [b'1' | b'5' | b'6'] => true,
        [b'2' | b'3', rest @ ..] => rest.is_empty() || rest == b"probe",
        [b'4', b'0' | b'1' | b'4'] => true,
        [b'4', b'0' | b'4', b'{', ..] | [b'4', b'4', b'"', ..] => true,
        [b'4', b'0'..=b'6', b'/', ..] => true,
        [b'4', b'2', next, ..] => *next == b'[' || next.is_ascii_digit(),
        [b'4', b'3' | b'5' | b'6', next, ..] => next.is_ascii_digit(),
        _ => false,
    }
}

/// Reads one text message; `None` where it is neither protocol's.
pub fn read(text: &[u8]) -> Option<Packet<'_>> {
    if !looks_like(text) {
        return None;
    }
    match text.split_first()? {
        (b'0', json) => whole(json)?.get("sid")?.plain().map(|_| Packet::Other),
        (b'4', packet) => socket(packet),
        // The rest have no content; looking at them was enough.
        _ => Some(Packet::Other),
    }
}

/// A packet of Socket.IO.
fn socket(packet: &[u8]) -> Option<Packet<'_>> {
    let (&kind, rest) = packet.split_first()?;
    let rest = if matches!(kind, b'5' | b'6') { parts(rest)? } else { rest };
    let rest = namespace(rest)?;
    match kind {
        b'0' | b'1' if rest.is_empty() => Some(Packet::Other),
        b'0' => whole(rest).filter(|v| v.is_object()).map(|_| Packet::Other),
        b'4' if rest.is_empty() => Some(Packet::Other),
        b'4' => whole(rest).filter(|v| v.is_object() || v.str().is_some()).map(|_| Packet::Other),
        b'2' | b'5' => {
            let (ack, rest) = number(rest);
            let array = whole(rest).filter(|v| v.is_array())?;
            array.item(0)?.str().filter(|name| !name.is_empty())?;
            Some(Packet::Event { ack, array })
        }
        b'3' | b'6' => {
            let (ack, rest) = number(rest);
            (ack.is_some() && whole(rest)?.is_array()).then_some(Packet::Other)
        }
        _ => None,
    }
}

/// What follows the number of binary parts.
fn parts(text: &[u8]) -> Option<&[u8]> {
    let (count, rest) = number(text);
    count.filter(|n| (1..=MAX_PARTS).contains(n))?;
    rest.strip_prefix(b"-")
}

/// What follows the namespace, where there is one. A packet without content may leave its comma out.
fn namespace(text: &[u8]) -> Option<&[u8]> {
    if text.first() != Some(&b'/') {
        return Some(text);
    }
    let head = text.get(..MAX_NAMESPACE.min(text.len()))?;
    let (name, rest) = match memchr::memchr(b',', head) {
        Some(end) => (text.get(..end)?, text.get(end.saturating_add(1)..)?),
        None if head.len() == text.len() => (text, &[][..]),
        None => return None,
    };
    name.iter()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'[' | b']' | b'{' | b'}'))
        .then_some(rest)
}

/// A number, written as its sender does, without superfluous zeros; and what follows.
fn number(text: &[u8]) -> (Option<u64>, &[u8]) {
    let end = text.iter().take(20).take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(end).unwrap_or((&[], text));
    let plain = digits.len() == 1 || digits.first().is_some_and(|d| *d != b'0');
    match std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).filter(|_| plain) {
        Some(number) => (Some(number), rest),
        None => (None, text),
    }
}

/// The one JSON value that the text is, to its last byte.
fn whole(text: &[u8]) -> Option<Value<'_>> {
    matches!(text.first()?, b'[' | b'{' | b'"').then_some(())?;
    Value::first(text).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

#[cfg(test)]
mod tests;
