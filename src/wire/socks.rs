//! SOCKS5 (RFC 1928), its user name and password (RFC 1929), SOCKS4 and 4a: what a client asks a proxy to connect to,
//! and where the tunnelled stream begins. It keeps no credentials, and knows neither BIND, UDP nor GSSAPI.
//!
//! ```text
//! 5 client  05 n methods(n) | 01 ulen user plen password | 05 01 00 type address port
//!   server  05 method       | 01 status                  | 05 reply 00 type address port
//! 4 client  04 01 port(2) address(4) user 00 [ name 00, where the address is 0.0.0.x ]
//!   server  00 5a..5d port(2) address(4)
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bytes::{Malformed, Reader};

/// More than all stages of a handshake together.
const MAX_HELD: usize = 2048;
/// Longest user or name of SOCKS4, which gives no length.
const MAX_TEXT: usize = 255;

const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;

/// What is read: the value and the bytes it took; `None` where more bytes are needed.
pub type Found<T> = Result<Option<(T, usize)>, Malformed>;

/// What a client asks to be connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The host.
    pub host: Host,
    /// The TCP port, never 0.
    pub port: u16,
}

/// A host, as the client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name of printable ASCII, at most 255 bytes.
    Name(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The proxy's last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What follows is the tunnelled stream.
    Granted,
    /// No tunnel, with the proxy's code.
    Refused(u8),
}

/// Where a direction stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// The handshake ended.
    Done {
        /// Its result.
        result: T,
        /// Bytes of this piece that belong to the handshake; the tunnelled stream begins behind them.
        consumed: usize,
    },
    /// The handshake is not over.
    NeedMore,
    /// This is no SOCKS, or none with a tunnel in it.
    Never(Malformed),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The first byte tells the version.
    #[default]
    Start,
    /// SOCKS5, methods agreed or offered; whether a password may come first.
    Methods(bool),
    /// SOCKS5, past authentication.
    Ready,
    /// Over, one way or the other.
    Ended,
}

/// The client's direction of a handshake, from its first byte.
#[derive(Debug, Default)]
pub struct Client {
    held: Vec<u8>,
    stage: Stage,
}

/// The proxy's direction of a handshake, from its first byte.
#[derive(Debug, Default)]
pub struct Server {
    held: Vec<u8>,
    stage: Stage,
}

/// One stage done: the next one, or the result.
enum Next<T> {
    Result(T),
    Stage(Stage),
}

/// Whether a payload begins with a client's first message: the methods it offers, behind which a client that does not
/// wait for the answer has its request; or a request of SOCKS4, with which the segment ends.
pub fn looks_like(payload: &[u8]) -> bool {
    match payload {
        [5, count @ 1..=8, rest @ ..] => {
            let Some((methods, rest)) = rest.split_at_checked(usize::from(*count)) else { return false };
            methods.iter().all(|m| matches!(m, 0..=9 | 0x80..=0xfe))
                && matches!(rest, [] | [5, 1, 0, 1 | 3 | 4, ..])
        }
        [4, 1, ..] => matches!(request4(payload), Ok(Some((_, consumed))) if consumed == payload.len()),
        _ => false,
    }
}

impl Client {
    /// Bytes held.
    pub const fn buffered(&self) -> usize {
        self.held.capacity()
    }

    /// Whether the handshake is SOCKS4's, by its first byte: one that came, or that of the next piece.
    pub fn speaks_four(&self, piece: &[u8]) -> bool {
        self.stage == Stage::Start && self.held.first().or_else(|| piece.first()) == Some(&4)
    }

    /// Takes the next piece.
    pub fn feed(&mut self, piece: &[u8]) -> Progress<Destination> {
        advance(&mut self.held, &mut self.stage, piece, |stage, bytes| match (stage, bytes.first()) {
            (Stage::Ended, _) => Err(Malformed("handshake")),
            (_, None) => Ok(None),
            (Stage::Start, Some(4)) => Ok(request4(bytes)?.map(|(d, n)| (Next::Result(d), n))),
            (Stage::Start, Some(_)) => {
                let password = |methods: &[u8]| methods.contains(&PASSWORD);
                Ok(greeting(bytes)?.map(|(m, n)| (Next::Stage(Stage::Methods(password(m))), n)))
            }
            (Stage::Methods(true), Some(1)) => {
                Ok(password(bytes)?.map(|((), n)| (Next::Stage(Stage::Ready), n)))
            }
            (Stage::Methods(_) | Stage::Ready, Some(_)) => {
                Ok(request(bytes)?.map(|(d, n)| (Next::Result(d), n)))
            }
        })
    }
}

impl Server {
    /// Bytes held.
    pub const fn buffered(&self) -> usize {
        self.held.capacity()
    }

    /// Takes the next piece.
    pub fn feed(&mut self, piece: &[u8]) -> Progress<Reply> {
        advance(&mut self.held, &mut self.stage, piece, |stage, bytes| match (stage, bytes.first()) {
            (Stage::Ended, _) => Err(Malformed("handshake")),
            (_, None) => Ok(None),
            (Stage::Start, Some(0)) => Ok(reply4(bytes)?.map(|(r, n)| (Next::Result(r), n))),
            (Stage::Start, Some(_)) => match method(bytes)? {
                None => Ok(None),
                Some((NO_AUTHENTICATION, n)) => Ok(Some((Next::Stage(Stage::Ready), n))),
                Some((PASSWORD, n)) => Ok(Some((Next::Stage(Stage::Methods(true)), n))),
                Some((NONE_ACCEPTABLE, n)) => Ok(Some((Next::Result(Reply::Refused(NONE_ACCEPTABLE)), n))),
                Some(_) => Err(Malformed("method")),
            },
            (Stage::Methods(_), Some(_)) => Ok(password_status(bytes)?.map(|(reply, n)| match reply {
                Reply::Granted => (Next::Stage(Stage::Ready), n),
                Reply::Refused(_) => (Next::Result(reply), n),
            })),
            (Stage::Ready, Some(_)) => Ok(reply(bytes)?.map(|(r, n)| (Next::Result(r), n))),
        })
    }
}

/// Runs stages over what is held and the piece, until one needs more. Each stage takes at least a byte.
fn advance<T>(
    held: &mut Vec<u8>,
    stage: &mut Stage,
    piece: &[u8],
    read: impl Fn(Stage, &[u8]) -> Found<Next<T>>,
) -> Progress<T> {
    let before = held.len();
    let room = MAX_HELD.saturating_sub(before).min(piece.len());
    held.extend_from_slice(piece.get(..room).unwrap_or_default());
    let mut at = 0usize;
    let end = loop {
        match read(*stage, held.get(at..).unwrap_or_default()) {
            Ok(None) if room < piece.len() => break Progress::Never(Malformed("handshake length")),
            Ok(None) => break Progress::NeedMore,
            Ok(Some((Next::Result(result), n))) => {
                break Progress::Done { result, consumed: at.saturating_add(n).saturating_sub(before) };
            }
            Ok(Some((Next::Stage(next), n))) => {
                *stage = next;
                at = at.saturating_add(n);
            }
            Err(why) => break Progress::Never(why),
        }
    };
    if matches!(end, Progress::NeedMore) {
        // A password goes as soon as it was stepped over.
        *held = held.get(at..).unwrap_or_default().to_vec();
    } else {
        *held = Vec::new();
        *stage = Stage::Ended;
    }
    end
}

/// SOCKS5 client: the methods offered.
pub fn greeting(bytes: &[u8]) -> Found<&[u8]> {
    let mut r = Reader::new(bytes);
    expect(&mut r, 5, "version")?;
    let Some(count) = r.u8() else { return Ok(None) };
    if count == 0 {
        return Err(Malformed("number of methods"));
    }
    let Some(methods) = r.take(usize::from(count)) else { return Ok(None) };
    if methods.contains(&NONE_ACCEPTABLE) {
        return Err(Malformed("method"));
    }
    Ok(Some((methods, consumed(bytes, r))))
}

/// SOCKS5 proxy: the method chosen; `ff` is none.
pub fn method(bytes: &[u8]) -> Found<u8> {
    let mut r = Reader::new(bytes);
    expect(&mut r, 5, "version")?;
    Ok(r.u8().map(|method| (method, consumed(bytes, r))))
}

/// SOCKS5 client: user name and password, stepped over by their lengths.
pub fn password(bytes: &[u8]) -> Found<()> {
    let mut r = Reader::new(bytes);
    expect(&mut r, 1, "authentication version")?;
    for _ in 0..2 {
        // RFC 1929 has lengths from 1; clients do send empty passwords.
        let Some(length) = r.u8() else { return Ok(None) };
        let Some(_) = r.take(usize::from(length)) else { return Ok(None) };
    }
    Ok(Some(((), consumed(bytes, r))))
}

/// SOCKS5 proxy: its answer to user name and password.
pub fn password_status(bytes: &[u8]) -> Found<Reply> {
    let mut r = Reader::new(bytes);
    expect(&mut r, 1, "authentication version")?;
    Ok(r.u8().map(|code| (verdict(code, 0), consumed(bytes, r))))
}

/// SOCKS5 client: the request to connect.
pub fn request(bytes: &[u8]) -> Found<Destination> {
    let mut r = Reader::new(bytes);
    expect(&mut r, 5, "version")?;
    expect(&mut r, 1, "command")?;
    expect(&mut r, 0, "reserved")?;
    let Some(host) = address(&mut r)? else { return Ok(None) };
    let Some(port) = r.u16() else { return Ok(None) };
    Ok(Some((destination(host, port)?, consumed(bytes, r))))
}

/// SOCKS5 proxy: the reply. The address in it is the proxy's own and is stepped over.
pub fn reply(bytes: &[u8]) -> Found<Reply> {
    let mut r = Reader::new(bytes);
    expect(&mut r, 5, "version")?;
    let Some(code) = r.u8() else { return Ok(None) };
    if code > 8 {
        return Err(Malformed("reply"));
    }
    expect(&mut r, 0, "reserved")?;
    let Some(kind) = r.u8() else { return Ok(None) };
    let length = match kind {
        1 => 4,
        // Here an empty name is an answer: there is nothing to bind to.
        3 => match r.u8() {
            Some(length) => usize::from(length),
            None => return Ok(None),
        },
        4 => 16,
        _ => return Err(Malformed("address type")),
    };
    Ok(r.take(length.saturating_add(2)).map(|_| (verdict(code, 0), consumed(bytes, r))))
}

/// SOCKS4 or 4a client: the request to connect.
pub fn request4(bytes: &[u8]) -> Found<Destination> {
    let mut r = Reader::new(bytes);
    expect(&mut r, 4, "version")?;
    expect(&mut r, 1, "command")?;
    let (Some(port), Some(address)) = (r.u16(), r.array::<4>()) else { return Ok(None) };
    let Some(_) = text(&mut r, "user")? else { return Ok(None) };
    let host = match address {
        [0, 0, 0, last] if last > 0 => match text(&mut r, "host name")? {
            Some(found) => Host::Name(name(found)?),
            None => return Ok(None),
        },
        _ => Host::Address(Ipv4Addr::from(address).into()),
    };
    Ok(Some((destination(host, port)?, consumed(bytes, r))))
}

/// SOCKS4 proxy: the reply.
pub fn reply4(bytes: &[u8]) -> Found<Reply> {
    let mut r = Reader::new(bytes);
    expect(&mut r, 0, "version")?;
    let Some(code) = r.u8() else { return Ok(None) };
    if !matches!(code, 0x5a..=0x5d) {
        return Err(Malformed("reply"));
    }
    Ok(r.take(6).map(|_| (verdict(code, 0x5a), consumed(bytes, r))))
}

/// Type and address of SOCKS5.
fn address(r: &mut Reader<'_>) -> Result<Option<Host>, Malformed> {
    match r.u8() {
        None => Ok(None),
        Some(1) => Ok(r.array::<4>().map(|a| Host::Address(Ipv4Addr::from(a).into()))),
        Some(3) => match r.u8() {
            None => Ok(None),
            Some(length) => r.take(usize::from(length)).map(|found| name(found).map(Host::Name)).transpose(),
        },
        Some(4) => Ok(r.array::<16>().map(|a| Host::Address(Ipv6Addr::from(a).into()))),
        Some(_) => Err(Malformed("address type")),
    }
}

fn destination(host: Host, port: u16) -> Result<Destination, Malformed> {
    if port == 0 { Err(Malformed("port")) } else { Ok(Destination { host, port }) }
}

fn name(bytes: &[u8]) -> Result<String, Malformed> {
    match str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic()) => Ok(text.to_owned()),
        _ => Err(Malformed("host name")),
    }
}

/// Text up to a NUL, which is stepped over.
fn text<'a>(r: &mut Reader<'a>, field: &'static str) -> Result<Option<&'a [u8]>, Malformed> {
    let rest = r.rest();
    let near = rest.get(..rest.len().min(MAX_TEXT + 1)).unwrap_or_default();
    match memchr::memchr(0, near) {
        Some(at) => {
            let text = r.take(at);
            r.u8();
            Ok(text)
        }
        None if near.len() > MAX_TEXT => Err(Malformed(field)),
        None => Ok(None),
    }
}

/// A byte that must be this, if it is there; where it is not, nothing behind it is there either.
fn expect(r: &mut Reader<'_>, byte: u8, field: &'static str) -> Result<(), Malformed> {
    if r.u8().is_some_and(|b| b != byte) { Err(Malformed(field)) } else { Ok(()) }
}

const fn verdict(code: u8, granted: u8) -> Reply {
    if code == granted { Reply::Granted } else { Reply::Refused(code) }
}

const fn consumed(bytes: &[u8], r: Reader<'_>) -> usize {
    bytes.len().saturating_sub(r.rest().len())
}

#[cfg(test)]
mod tests;
