//! The stateless look at a payload that ends most traffic. It sees one segment, as if picked up mid-stream, and says
//! whether that segment could begin a mining message. It allocates nothing and remembers next to nothing: two small
//! fixed tables, one of followed flows, one of directions that speak HTTP.
//!
//! Its bias: it never says no to a segment that begins a message, and it is wrong often enough about text that the
//! parser behind it has the last word.

mod heads;
mod memory;

pub use heads::{asks_for_websocket, asks_for_work, is_cut_request};
pub use memory::{Followed, HttpSpeakers, Tag, Told};

use crate::wire::{coin, line, prefixed, proxy, socks, tls, websocket, words};

/// What a payload could be the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A BTCAgent message.
    Agent,
    /// The opening message of a coin's network: no mining, and counted apart.
    Coin(coin::Network),
    /// A message to or from a name server; only the port tells.
    Dns,
    /// Nothing yet: the connection is followed for what is known of its server.
    Expected,
    /// A WebSocket frame, and others that fill the segment.
    Frame,
    /// A client's greeting over TLS.
    Hello,
    /// An HTTP/1 request or response head.
    Http,
    /// A JSON object at the first byte, but for white space.
    Object,
    /// A line's end, then whole lines of which the last begins an object; those start at this offset.
    ObjectAfter(usize),
    /// A binary message behind its length.
    Prefixed(prefixed::Order),
    /// A balancer's header before the stream.
    Proxy,
    /// A server's greeting over TLS.
    ServerHello,
    /// A client's first message to a SOCKS proxy.
    Socks,
    /// Text that begins nothing; it may go on with something that was reordered.
    Text,
    /// A line of plain text, as some dialects write.
    Words,
}

/// Looks at one payload.
#[inline]
pub fn look(payload: &[u8]) -> Option<Hint> {
    match payload.first()? {
        b'{' => return Some(Hint::Object),
        0x16 if tls::looks_like_client(payload) || tls::is_torn(payload) => return Some(Hint::Hello),
        0x16 if tls::looks_like_server(payload) => return Some(Hint::ServerHello),
        4 | 5 if socks::looks_like(payload) => return Some(Hint::Socks),
        // Heads begin with a capital; so do few other payloads.
        b'C' | b'D' | b'G' | b'H' | b'O' | b'P' if heads::is_http(payload) => return Some(Hint::Http),
        b'0'..=b'9' | b'A'..=b'F' | b'J' | b'a'..=b'f' if words::looks_like(payload) => {
            return Some(Hint::Words);
        }
        b'P' | b'\r' if proxy::looks_like(payload) => return Some(Hint::Proxy),
        0x7f => return line::first_agent(payload).map(|_| Hint::Agent),
        0x81 | 0x82 | 0xc1 | 0xc2 => return websocket::looks_like_frame(payload).map(|_| Hint::Frame),
        b'\t' | b'\n' | b'\r' | b' ' if line::starts_object(payload.get(..16).unwrap_or(payload)) => {
            return Some(Hint::Object);
        }
        0x01 | 0x0a | 0x0b | 0x1c | 0x24 | 0x52 | 0xbf | 0xc0 | 0xe3 | 0xf9..=0xfb => {
            if let Some(network) = coin::opening(payload) {
                return Some(Hint::Coin(network));
            }
        }
        _ => {}
    }
    if !is_text(payload) {
        return match payload {
            // Lengths in four bytes, of messages that fit a segment or not many.
            [_, _, 0, 0, ..] | [0, ..] => prefixed::looks_like(payload).map(Hint::Prefixed),
            _ => None,
        };
    }
    Some(object_after(payload).map_or(Hint::Text, Hint::ObjectAfter))
}

/// Whether the first 32 bytes hold no control bytes but white space: so does nearly no compressed or encrypted byte
/// string of that length.
#[inline]
fn is_text(payload: &[u8]) -> bool {
    let head = payload.get(..32).unwrap_or(payload);
    // One pass without branches, so that the compiler can use vector registers.
    !head.iter().fold(false, |bad, &b| bad | (b < 0x20 && b != b'\t' && b != b'\n' && b != b'\r'))
}

/// Offset of the line after the first line feed, where that feed ends an object and the last whole line is one.
#[inline]
fn object_after(payload: &[u8]) -> Option<usize> {
    let body = payload.strip_suffix(b"\n")?;
    let last = memchr::memrchr(b'\n', body)?;
    line::starts_object(body.get(last..)?).then_some(())?;
    let first = memchr::memchr(b'\n', body)?;
    let before = body.get(..first)?.trim_ascii_end();
    before.ends_with(b"}").then_some(first.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_and_goes_on() {
        assert_eq!(look(b"{\"id\":1}"), Some(Hint::Object));
        assert_eq!(look(b"\r\n {\"id\":1}"), Some(Hint::Object));
        assert_eq!(look(b"GET / HTTP/1.1\r\n"), Some(Hint::Http));
        assert_eq!(look(b"HTTP/1.1 200 OK\r\n"), Some(Hint::Http));
        assert_eq!(look(b"od\":\"mining.submit\"}\n"), Some(Hint::Text));
        assert_eq!(look(b"true]}\n{\"id\":2}\n"), Some(Hint::ObjectAfter(7)));
        assert_eq!(look(b"PROXY TCP4 198.51.100.23 192.0.2.1 5 6\r\n{\"id\":2}\n"), Some(Hint::Proxy));
        assert_eq!(look(b"\r\n\r\n\0\r\nQUIT\n\x21\x11"), Some(Hint::Proxy));
        assert_eq!(look(b"\x05\x01\x00"), Some(Hint::Socks));
        assert_eq!(look(b"\x05\x03\x00\x01"), None);
        assert_eq!(look(b"JOB,alice,LOW,None"), Some(Hint::Words));
        assert_eq!(look(b"\x7f\x02\x0f\x00\x07\x03\x00\x44\x33\x22\x11\x05\x00\x00\x00"), Some(Hint::Agent));
        assert_eq!(look(b"\x7fELF\x02\x01\x01"), None);
        assert_eq!(look(b""), None);
        assert_eq!(look(b"\x17\x03\x03\x00\x20abc"), None);
        assert_eq!(look(b"text </pre>\n{\"id\":2}\n"), Some(Hint::Text));
    }

    #[test]
    fn coin_networks_get_through_by_their_first_bytes() {
        for first in coin::FIRST_BYTES {
            let magics: [&[u8]; 12] = [
                b"\xf9\xbe\xb4\xd9",
                b"\xe3\xe1\xf3\xe8",
                b"\xfa\xbf\xb5\xda",
                b"\x0a\x03\xcf\x40",
                b"\x0b\x11\x09\x07",
                b"\x1c\x16\x3f\x28",
                b"\xbf\x0c\x6b\xbd",
                b"\xc0\xc0\xc0\xc0",
                b"\xfb\xc0\xb6\xdb",
                b"\x52\x41\x56\x4e",
                b"\x24\xe9\x27\x64",
                b"\x01\x21\x01\x01\x01\x01\x01\x01",
            ];
            let magic = magics.iter().find(|m| m[0] == first).unwrap();
            let mut hello = [*magic, b"version\0\0\0\0\0\x66\0\0\0\x39\x9e\xca\xb1"].concat();
            if first == 1 {
                let levin = b"\xe2\0\0\0\0\0\0\0\x01\xe9\x03\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0";
                hello = [*magic, levin.as_slice()].concat();
            }
            assert!(matches!(look(&hello), Some(Hint::Coin(_))), "{first:x}");
        }
    }
}
