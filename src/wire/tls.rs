//! TLS handshakes as far as they are in the clear: who is asked for, by what name, and which certificate answers. One
//! segment is looked at without state ([`glance`]); a direction in order goes through a [`Framer`]. Nothing is decrypted,
//! no signature is checked, and the hello of SSL 2.0 is not read.
//!
//! RFC 8446 (TLS 1.3), RFC 5246 (1.2), RFC 6066 section 3 (server name), RFC 7301 (ALPN), draft-ietf-tls-esni (ECH).
//!
//! ```text
//! record     22 | version(2) 03 00..04 | length(2) <= 16384 | a piece of the handshake's messages
//! message    type | length(3) | body         1 client hello, 2 server hello, 11 certificate
//! ```

use crate::bytes::Reader;

mod certificate;
mod der;
mod framer;
mod hello;
mod ja4;

pub use certificate::Certificate;
pub use framer::{Framer, Handshake};
pub use hello::{ClientHello, ServerHello};
pub use ja4::{Carrier, Ja4};

/// The content type of handshake messages.
const HANDSHAKE: u8 = 22;
/// The type of a client's first message.
const CLIENT_HELLO: u8 = 1;
/// The type of a server's first message.
const SERVER_HELLO: u8 = 2;
/// Bytes of a message's type and length.
const MESSAGE_HEAD: usize = 4;
/// Bytes of a record in the clear (RFC 8446, 5.1).
const MAX_RECORD: usize = 1 << 14;
/// The shortest hellos: version, random, empty session, one suite, one compression method each.
const MIN_CLIENT: usize = 41;
const MIN_SERVER: usize = 38;
/// No hello is longer: its lists could add up to twice that, but no software sends it.
const MAX_HELLO: usize = 0xffff;

/// What one look at one segment shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glance<'a> {
    /// No client's first segment.
    Not,
    /// The beginning of a hello that goes on in later segments: what could be read of it so far.
    Part {
        /// The hello, cut.
        hello: ClientHello<'a>,
    },
    /// A hello over several records, which only a [`Framer`] puts together.
    Split,
    /// A whole hello.
    Whole(ClientHello<'a>),
}

/// Whether a segment begins a client's handshake; also where its bytes (three at least) are too few to decide.
pub fn looks_like_client(payload: &[u8]) -> bool {
    begins(payload, CLIENT_HELLO, MIN_CLIENT)
}

/// Whether a segment holds no more than one or two bytes of a handshake's record, as where a middlebox or a program
/// against filters cuts it there.
pub const fn is_torn(payload: &[u8]) -> bool {
    matches!(payload, [HANDSHAKE] | [HANDSHAKE, 3])
}

/// Whether a segment begins a server's handshake; also where its bytes (three at least) are too few to decide.
pub fn looks_like_server(payload: &[u8]) -> bool {
    begins(payload, SERVER_HELLO, MIN_SERVER)
}

/// Reads a client's first segment as it stands.
pub fn glance(payload: &[u8]) -> Glance<'_> {
    if !looks_like_client(payload) {
        return Glance::Not;
    }
    let mut r = Reader::new(payload);
    let (_, record) = (r.take(3), r.u16().map_or(MAX_RECORD, usize::from));
    let (rest, whole) = (r.rest(), r.take(record));
    let here = whole.unwrap_or(rest);
    let mut message = Reader::new(here);
    let length = match message.u32().map(|head| (head & 0x00ff_ffff) as usize) {
        Some(length) => length,
        // The message's own head is torn by the record's end, or by the segment's.
        None if here.len() == record => return Glance::Split,
        None => return Glance::Part { hello: ClientHello::default() },
    };
    if length.saturating_add(MESSAGE_HEAD) > record {
        return Glance::Split;
    }
    let read = match message.take(length) {
        Some(body) => ClientHello::read(body).map(Glance::Whole),
        None => ClientHello::read_cut(message.rest()).map(|(hello, _)| Glance::Part { hello }),
    };
    read.unwrap_or(Glance::Not)
}

fn begins(payload: &[u8], kind: u8, shortest: usize) -> bool {
    let mut r = Reader::new(payload);
    if r.u8() != Some(HANDSHAKE) || r.u8() != Some(3) || r.u8().is_none_or(|minor| minor > 4) {
        return false;
    }
    let Some(record) = r.u16().map(usize::from) else { return true };
    if !(1..=MAX_RECORD).contains(&record) || r.u8().is_some_and(|found| found != kind) {
        return false;
    }
    // In a shorter record the message's head goes on in the next one.
    if record < MESSAGE_HEAD {
        return true;
    }
    let Some([high, low @ ..]) = r.array::<3>() else { return true };
    let length = usize::from(u16::from_be_bytes(low));
    high == 0 && length >= shortest && (record == MESSAGE_HEAD || r.u8().is_none_or(|major| major == 3))
}

/// A value that only keeps servers tolerant of the unknown (RFC 8701).
const fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// The next vector behind a length of one byte.
fn vector8<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut ahead = *r;
    let bytes = ahead.u8().and_then(|length| ahead.take(length.into()))?;
    *r = ahead;
    Some(bytes)
}

/// The next vector behind a length of two bytes.
fn vector16<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let mut ahead = *r;
    let bytes = ahead.u16().and_then(|length| ahead.take(length.into()))?;
    *r = ahead;
    Some(bytes)
}

#[cfg(test)]
mod tests;
