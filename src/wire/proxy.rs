//! The PROXY protocol, versions 1 and 2 (HAProxy, proxy-protocol.txt): what a balancer puts before the first byte of a
//! client's stream, so that the server learns who speaks. Type-length-values of version 2 are stepped over.
//!
//! ```text
//! 1  PROXY TCP4 source destination source-port destination-port CR LF      (107 bytes at most)
//! 2  0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a | 2c | ft | length(2) | addresses and values
//!    c: 0 LOCAL, 1 PROXY    f: 1 IPv4, 2 IPv6, 3 UNIX    t: 1 stream, 2 datagram
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::bytes::{Malformed, Reader};

/// Bytes of a line of version 1, with its end.
pub const MAX_LINE: usize = 107;
/// Bytes that may follow the fixed part of version 2; the format allows 65535, balancers send some dozens.
pub const MAX_REST: usize = 4096;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
const LINE: &[u8] = b"PROXY ";

/// Who speaks to whom, as the balancer saw it. Both are `None` for what is no TCP over IP: a health check, UNIX sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The client.
    pub source: Option<SocketAddr>,
    /// What it connected to.
    pub destination: Option<SocketAddr>,
}

impl Header {
    const fn between(source: SocketAddr, destination: SocketAddr) -> Self {
        Self { source: Some(source), destination: Some(destination) }
    }
}

/// Whether a payload begins with a header, or with all of it that is here.
pub fn looks_like(payload: &[u8]) -> bool {
    payload.starts_with(LINE) || payload.starts_with(&SIGNATURE)
}

/// Reads a header at the start of a stream: itself and the bytes it took; `None` where more bytes are needed.
pub fn read(bytes: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    if bytes.starts_with(LINE) {
        return line(bytes);
    }
    if bytes.starts_with(&SIGNATURE) {
        return binary(bytes);
    }
    if LINE.starts_with(bytes) || SIGNATURE.starts_with(bytes) {
        Ok(None)
    } else {
        Err(Malformed("signature"))
    }
}

fn line(bytes: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    let near = bytes.get(..bytes.len().min(MAX_LINE)).unwrap_or_default();
    let Some(end) = memchr::memchr(b'\n', near) else {
        return if near.len() < MAX_LINE { Ok(None) } else { Err(Malformed("line length")) };
    };
    let text = near.get(LINE.len()..end).and_then(|text| str::from_utf8(text).ok());
    let text = text.and_then(|text| text.strip_suffix('\r')).ok_or(Malformed("line end"))?;
    let consumed = end.saturating_add(1);
    // What follows UNKNOWN on the line must be ignored.
    if text == "UNKNOWN" || text.starts_with("UNKNOWN ") {
        return Ok(Some((Header::default(), consumed)));
    }
    let mut words = text.split(' ');
    let family = match words.next() {
        Some("TCP4") => Family::V4,
        Some("TCP6") => Family::V6,
        _ => return Err(Malformed("protocol")),
    };
    let source = family.address(words.next()).ok_or(Malformed("source address"))?;
    let destination = family.address(words.next()).ok_or(Malformed("destination address"))?;
    let source_port = port(words.next()).ok_or(Malformed("source port"))?;
    let destination_port = port(words.next()).ok_or(Malformed("destination port"))?;
    if words.next().is_some() {
        return Err(Malformed("line end"));
    }
    let (source, destination) = ((source, source_port).into(), (destination, destination_port).into());
    Ok(Some((Header::between(source, destination), consumed)))
}

#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn address(self, word: Option<&str>) -> Option<IpAddr> {
        match self {
            Self::V4 => word?.parse::<Ipv4Addr>().ok().map(IpAddr::from),
            Self::V6 => word?.parse::<Ipv6Addr>().ok().map(IpAddr::from),
        }
    }
}

/// A decimal port; `parse` alone would take a sign.
fn port(word: Option<&str>) -> Option<u16> {
    let word = word?;
    if word.bytes().all(|b| b.is_ascii_digit()) { word.parse().ok() } else { None }
}

fn binary(bytes: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    let mut r = Reader::new(bytes);
    let Some(_) = r.take(SIGNATURE.len()) else { return Ok(None) };
    let Some(command) = r.u8() else { return Ok(None) };
    if !matches!(command, 0x20 | 0x21) {
        return Err(Malformed("version and command"));
    }
    let Some(family) = r.u8() else { return Ok(None) };
    if family >> 4 > 3 || family & 15 > 2 {
        return Err(Malformed("family"));
    }
    let Some(length) = r.u16().map(usize::from) else { return Ok(None) };
    let needed = match (command, family) {
        (0x21, 0x11) => 12,
        (0x21, 0x21) => 36,
        _ => 0,
    };
    if length < needed || length > MAX_REST {
        return Err(Malformed("length"));
    }
    let Some(body) = r.take(length) else { return Ok(None) };
    let header = match needed {
        12 => addresses::<4>(body),
        36 => addresses::<16>(body),
        _ => Some(Header::default()),
    };
    let consumed = bytes.len().saturating_sub(r.rest().len());
    Ok(Some((header.ok_or(Malformed("length"))?, consumed)))
}

/// Both addresses, then both ports.
fn addresses<const N: usize>(body: &[u8]) -> Option<Header>
where
    IpAddr: From<[u8; N]>,
{
    let mut r = Reader::new(body);
    let (source, destination) = (IpAddr::from(r.array::<N>()?), IpAddr::from(r.array::<N>()?));
    let (source_port, destination_port) = (r.u16()?, r.u16()?);
    Some(Header::between((source, source_port).into(), (destination, destination_port).into()))
}

#[cfg(test)]
mod tests;
