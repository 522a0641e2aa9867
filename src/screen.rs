//! The stateless look at a payload that ends most traffic. It sees one segment, as if picked up mid-stream, and says
//! whether that segment could begin a mining message. It allocates nothing and remembers next to nothing: two small
//! fixed tables, one of followed flows, one of directions that speak HTTP.
//!
//! Its bias: it never says no to a segment that begins a message, and it is wrong often enough about text that the
//! parser behind it has the last word.

use crate::packet::{Packet, Time};
use crate::wire::{coin, line, prefixed, proxy, socks, websocket, words};

/// What a payload could be the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A BTCAgent message.
    Agent,
    /// The opening message of a coin's network: no mining, and counted apart.
    Coin(coin::Network),
    /// A WebSocket frame, and others that fill the segment.
    Frame,
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
        4 | 5 if socks::looks_like(payload) => return Some(Hint::Socks),
        // Heads begin with a capital; so do few other payloads.
        b'C' | b'D' | b'G' | b'H' | b'O' | b'P' if is_http(payload) => return Some(Hint::Http),
        b'0'..=b'9' | b'A'..=b'F' | b'J' | b'a'..=b'f' if words::looks_like(payload) => return Some(Hint::Words),
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

/// Whether an HTTP head could be a mining call's: one with its path, with its headers, or with a JSON body that, as far
/// as it is here, names such a call or has a member of its answer.
pub fn asks_for_work(payload: &[u8]) -> bool {
    const CALLS: [&[u8]; 7] = [
        b"getwork", b"block_template", b"blocktemplate", b"eth_getWork", b"eth_submit", b"merge_mining_", b"submit",
    ];
    const FIRST: [&[u8]; 5] = [b"\"error\"", b"\"id\"", b"\"jsonrpc\"", b"\"result\"", b"\"worker_id\""];
    const ANSWERS: [&[u8]; 4] =
        [b"\"blocktemplate_blob\"", b"\"midstate\"", b"\"previousblockhash\"", b"\"worker_id\""];
    if has_mining_path(payload) {
        return true;
    }
    let end = memchr::memmem::find(payload, b"\r\n\r\n");
    let (head, body) = payload.split_at_checked(end.unwrap_or(payload.len())).unwrap_or((payload, &[]));
    if has_mining_header(head.get(..2048).unwrap_or(head)) {
        return true;
    }
    let text = body.trim_ascii_start();
    let names = |words: &[&[u8]]| {
        matches!(text, [b'{' | b'[', ..]) && words.iter().any(|word| memchr::memmem::find(text, word).is_some())
    };
    if payload.starts_with(b"HTTP/") {
        let first = text.strip_prefix(b"{").unwrap_or_default().trim_ascii_start();
        return FIRST.iter().any(|member| first.starts_with(member)) && names(&ANSWERS);
    }
    // A JSON body that comes apart from its head is waited for, if it is as small as a call.
    payload.starts_with(b"POST ") && (names(&CALLS) || text.is_empty() && end.is_some() && is_small_json(head))
}

/// Whether a request's path is one that a miner's interface or a node has for mining. Others use the same words; the
/// reader looks for what must come with them. One byte refuses nearly every request.
fn has_mining_path(payload: &[u8]) -> bool {
    let Some((b"GET /" | b"POST " | b"PUT /", rest)) = payload.split_at_checked(5) else { return false };
    let path = rest.strip_prefix(b"/").unwrap_or(rest);
    let is = |word: &[u8]| path.strip_prefix(word).is_some_and(|rest| matches!(rest.first(), Some(b' ' | b'?')));
    match path.first() {
        Some(b'1') => is(b"1/summary"),
        Some(b'2') => is(b"2/summary"),
        // A node's other calls are a wallet's.
        Some(b'c') => {
            let near = path.get(..96).unwrap_or(path);
            path.starts_with(b"chainweb/") && memchr::memmem::find(near, b"/mining/").is_some()
        }
        Some(b'f') => is(b"farmer"),
        Some(b'g') => path.starts_with(b"getwork/x"),
        Some(b'm') => is(b"miner/header"),
        Some(b'p') => is(b"partial") || is(b"pool_info"),
        _ => false,
    }
}

/// Whether a head has a header that only miners and their servers send. Their software writes them so; a name in small
/// letters comes from libraries that no miner uses.
fn has_mining_header(head: &[u8]) -> bool {
    const NAMES: [&[u8]; 6] =
        [b"Hash-Difficulty:", b"Long-Polling:", b"Mining-", b"Reject-Reason:", b"Roll-N", b"Stratum:"];
    memchr::memmem::find_iter(head, b"\nX-").any(|at| {
        let name = head.get(at.saturating_add(3)..).unwrap_or_default();
        NAMES.iter().any(|n| name.starts_with(n))
    })
}

/// Whether a head announces JSON of fewer than 1000 bytes, or brings a user for whom a node would answer.
fn is_small_json(head: &[u8]) -> bool {
    let value = |name: &[u8]| {
        let at = memchr::memmem::find(head, name)?;
        head.get(at.saturating_add(name.len())..)
    };
    let length = value(b"ength: ").map_or(0, |v| v.iter().take_while(|b| b.is_ascii_digit()).count());
    let json = || value(b"ype: ").is_some_and(|v| v.starts_with(b"application/json"));
    (1..=3).contains(&length) && (json() || value(b"uthorization: Basic ").is_some())
}

/// Whether a request's head goes on in the next segment, where it may ask for either.
pub fn is_cut_request(payload: &[u8]) -> bool {
    (payload.starts_with(b"GET ") || payload.starts_with(b"POST "))
        && memchr::memmem::find(payload, b"\r\n\r\n").is_none()
}

/// Whether an HTTP head asks for a WebSocket or agrees to one (RFC 6455 §4: a GET, and status 101).
pub fn asks_for_websocket(head: &[u8]) -> bool {
    if !head.starts_with(b"GET ") && head.get(8..12) != Some(b" 101") {
        return false;
    }
    memchr::memmem::find_iter(head, b"grade: ").any(|at| {
        let value = head.get(at.saturating_add(7)..).unwrap_or_default();
        value.get(..9).is_some_and(|v| v.eq_ignore_ascii_case(b"websocket"))
    })
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

fn is_http(payload: &[u8]) -> bool {
    const HEADS: [&[u8]; 9] = [
        b"CONNECT ",
        b"DELETE /",
        b"GET ",
        b"HEAD /",
        b"HTTP/1.",
        b"OPTIONS ",
        b"PATCH /",
        b"POST ",
        b"PUT /",
    ];
    HEADS.iter().any(|head| payload.starts_with(head))
}

/// A small number of a flow, the same for both directions: cheap, and no more than a first sieve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(u64);

impl Tag {
    /// The tag of a packet's flow.
    #[inline]
    pub fn of(packet: &Packet<'_>) -> Self {
        let fold = |addr| match addr {
            std::net::IpAddr::V4(a) => u64::from(u32::from(a)),
            std::net::IpAddr::V6(a) => {
                let bits = u128::from(a);
                (bits as u64) ^ ((bits >> 64) as u64).rotate_left(17)
            }
        };
        let end =
            |addr, port: u16| (fold(addr) ^ (u64::from(port) << 40)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Addition makes both directions one; multiplication before it keeps swapped pairs apart.
        Self(end(packet.src.addr, packet.src.port).wrapping_add(end(packet.dst.addr, packet.dst.port)))
    }

    /// A number that names the flow in events: 63 bits, the same in each replay, other for another worker or for a
    /// later flow between the same ends.
    pub const fn flow_id(self, began: Time, worker: u8) -> u64 {
        let mixed = (self.0 ^ began.0.rotate_left(32) ^ worker as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed ^ (mixed >> 32)) >> 1
    }

    #[inline]
    const fn bucket(self) -> usize {
        (self.0 >> 48) as usize
    }
}

/// How many followed flows have each tag: 128 KiB that answer "surely not followed" for nearly every packet.
#[derive(Debug)]
pub struct Followed(Box<[u16]>);

impl Default for Followed {
    fn default() -> Self {
        Self(vec![0; 1 << 16].into_boxed_slice())
    }
}

impl Followed {
    /// Whether a flow with this tag may be followed.
    #[inline]
    pub fn maybe(&self, tag: Tag) -> bool {
        self.0.get(tag.bucket()).is_some_and(|n| *n > 0)
    }

    /// Counts one more. A full bucket stays "maybe" for good.
    pub fn add(&mut self, tag: Tag) {
        if let Some(n) = self.0.get_mut(tag.bucket()) {
            *n = n.saturating_add(1);
        }
    }

    /// Counts one less.
    pub fn remove(&mut self, tag: Tag) {
        if let Some(n) = self.0.get_mut(tag.bucket()).filter(|n| **n < u16::MAX) {
            *n = n.saturating_sub(1);
        }
    }
}

/// Directions of flows lately seen to begin an HTTP message: their bodies may quote anything. A newer one in the same
/// place displaces an older, so it is a memory of fixed size (128 KiB) that forgets, never one that errs for long.
#[derive(Debug)]
pub struct HttpSpeakers(Box<[u32]>);

impl Default for HttpSpeakers {
    fn default() -> Self {
        Self(vec![0; 1 << 15].into_boxed_slice())
    }
}

impl HttpSpeakers {
    /// Remembers that this direction speaks HTTP. A proxy's agreement to a tunnel does not count: what follows is no
    /// HTTP body.
    pub fn note(&mut self, tag: Tag, to_low: bool, payload: &[u8]) {
        let line = payload.get(..64).unwrap_or(payload);
        if line.starts_with(b"CONNECT ") || memchr::memmem::find(line, b"stablished").is_some() {
            return;
        }
        let (slot, mark) = Self::place(tag, to_low);
        if let Some(place) = self.0.get_mut(slot) {
            *place = mark;
        }
    }

    /// Forgets it: the ports are used by another connection now.
    pub fn forget(&mut self, tag: Tag) {
        for to_low in [false, true] {
            let (slot, mark) = Self::place(tag, to_low);
            if let Some(place) = self.0.get_mut(slot).filter(|m| **m == mark) {
                *place = 0;
            }
        }
    }

    /// Whether this direction was seen to speak HTTP.
    #[inline]
    pub fn knows(&self, tag: Tag, to_low: bool) -> bool {
        let (slot, mark) = Self::place(tag, to_low);
        self.0.get(slot) == Some(&mark)
    }

    #[inline]
    const fn place(tag: Tag, to_low: bool) -> (usize, u32) {
        let mixed = (tag.0 ^ to_low as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        ((mixed >> 49) as usize, (mixed as u32) | 1)
    }
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
                b"\xf9\xbe\xb4\xd9", b"\xe3\xe1\xf3\xe8", b"\xfa\xbf\xb5\xda", b"\x0a\x03\xcf\x40",
                b"\x0b\x11\x09\x07", b"\x1c\x16\x3f\x28", b"\xbf\x0c\x6b\xbd", b"\xc0\xc0\xc0\xc0",
                b"\xfb\xc0\xb6\xdb", b"\x52\x41\x56\x4e", b"\x24\xe9\x27\x64",
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

    #[test]
    fn heads_that_ask() {
        let ask = b"GET /proxy HTTP/1.1\r\nUpgrade: WebSocket\r\n\r\n";
        assert!(asks_for_websocket(ask) && !asks_for_work(ask));
        assert!(asks_for_websocket(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"));
        assert!(!asks_for_websocket(b"GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n"));
        assert!(!asks_for_websocket(b"HTTP/1.1 200 OK\r\n\r\nUpgrade: websocket"));
        assert!(asks_for_work(b"POST / HTTP/1.1\r\nX-Mining-Extensions: midstate\r\n\r\n"));
        assert!(asks_for_work(b"HTTP/1.1 200 OK\r\nX-Roll-NTime: Y\r\n\r\n{}"));
        assert!(asks_for_work(b"POST / HTTP/1.1\r\n\r\n{\"method\": \"getblocktemplate\"}"));
        let apart = b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n";
        assert!(asks_for_work(apart));
        assert!(!asks_for_work(b"POST / HTTP/1.1\r\nContent-Type: text/html\r\nContent-Length: 45\r\n\r\n"));
        assert!(!asks_for_work(b"POST / HTTP/1.1\r\n\r\n<p>getwork</p>"));
        assert!(!asks_for_work(b"HTTP/1.1 200 OK\r\nX-Powered-By: x\r\n\r\ngetwork"));
    }

    #[test]
    fn paths_that_ask() {
        let asks = |line: &str| asks_for_work(format!("{line} HTTP/1.1\r\nHost: node.example\r\n\r\n").as_bytes());
        for line in [
            "GET /1/summary",
            "GET /2/summary",
            "GET /chainweb/0.0/mainnet01/mining/work?chain=4",
            "GET /farmer?launcher_id=0x00",
            "GET /getwork/xel:abc/rig",
            "GET /miner/header",
            "GET /pool_info",
            "POST /chainweb/0.0/mainnet01/mining/solved",
            "POST /miner/header",
            "POST /partial",
            "PUT /farmer",
        ] {
            assert!(asks(line), "{line}");
        }
        for line in [
            "GET /",
            "GET /3/summary",
            "GET /chainweb/0.0/mainnet01/cut",
            "GET /farmers",
            "GET /getwork/report.pdf",
            "GET /miner/headers",
            "GET /pages?to=/pool_info",
            "GET /pool_info.html",
            "HEAD /pool_info",
            "POST /partials",
        ] {
            assert!(!asks(line), "{line}");
        }
        assert!(!asks_for_work(b"GET /") && !asks_for_work(b"GET /pool_info") && !asks_for_work(b""));
    }

    #[test]
    fn followed_counts_exactly() {
        let (mut f, tag) = (Followed::default(), Tag(7 << 48));
        assert!(!f.maybe(tag));
        f.add(tag);
        f.add(tag);
        f.remove(tag);
        assert!(f.maybe(tag));
        f.remove(tag);
        assert!(!f.maybe(tag));
        f.remove(tag);
        assert!(!f.maybe(tag));
    }

    #[test]
    fn http_is_remembered_by_direction_and_tunnels_are_not() {
        let (mut h, tag) = (HttpSpeakers::default(), Tag(99));
        h.note(tag, true, b"HTTP/1.1 200 OK\r\n");
        assert!(h.knows(tag, true) && !h.knows(tag, false));
        h.forget(tag);
        assert!(!h.knows(tag, true));
        h.note(tag, false, b"CONNECT pool.example:3333 HTTP/1.1\r\n");
        h.note(tag, true, b"HTTP/1.1 200 Connection established\r\n\r\n");
        assert!(!h.knows(tag, false) && !h.knows(tag, true));
    }
}
